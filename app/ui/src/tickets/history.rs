//! The history of a ticket: every change with who, from what, to what, when and from which address.

use super::rpc;
use crate::erased::{Sometimes, memo};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    rpc::Rpc,
    shared::{Column, ErrorNotice, Markup, Title, awaited, table_of},
};
use domain::{
    Error, EventId, TicketId, Time,
    event::{Happening, Was},
    text,
    timeline::{History, HistoryLine},
    workflow::Workflow,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// `/tickets/N/history`, beside the list. `?before=` an entry for older lines.
#[component]
pub fn HistoryPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let id = memo(move || params.with(|p| p.get("id").and_then(|n| n.parse().ok())).map(TicketId));
    let before = memo(move || query.with(|q| q.get("before").and_then(|n| n.parse().ok())).map(EventId));
    let found = resource(
        move || (id.get(), before.get()),
        |(id, before)| async move {
            match id {
                Some(id) => rpc::read_history(id, before).await,
                None => Err(Error::not_found("ticket").into()),
            }
        },
    );
    view! {
        <section class="ticket ticket--wide" aria-labelledby="history-title">
            {awaited(
                || {
                    view! {
                        <div class="ticket__loading" role="status" aria-label="Loading the history">
                            <i class="skeleton" data-w="40%"></i>
                            <i class="skeleton skeleton--block" data-tall="320"></i>
                        </div>
                    }
                },
                move || async move {
                    let history: Rpc<History> = found.await;
                    match history {
                        Ok(history) => {
                            view! { <Lines history older=before.get_untracked().is_some() /> }.into_any()
                        }
                        Err(error) => {
                            view! {
                                <Title text="History" />
                                <h1 class="sr-only" id="history-title">
                                    "History"
                                </h1>
                                <ErrorNotice error=error.0 retry=Callback::new(move |()| found.refetch()) />
                            }
                                .into_any()
                        }
                    }
                },
            )}
        </section>
    }
    .into_any()
}

#[component]
fn Lines(history: History, older: bool) -> impl IntoView {
    let id = history.ticket.id;
    let last = history.lines.last().map(|line| line.id).filter(|_| history.more);
    let rows = history
        .lines
        .iter()
        .fold(Markup::new("<tbody>"), |rows, line| rows.with(row(id, line, &history.workflow)))
        .raw("</tbody>");
    view! {
        <Title text=format!("History of #{id}") />
        <header class="ticket__head">
            <a class="button button--ghost button--icon bar__back" href=format!("/tickets/{id}") aria-label="Back to the ticket">
                <Ico icon=Icon::ChevronLeft />
            </a>
            <h1 class="ticket__title" id="history-title">
                {format!("History of #{id}")}
            </h1>
            <div class="ticket__meta">
                <a href=format!("/tickets/{id}")>{history.ticket.subject}</a>
            </div>
        </header>
        <div class="history" tabindex="0" role="region" aria-label="Changes, newest first">
            {table_of(
                "Changes, newest first",
                &["When", "Who", "What", "From", "To", "Address"].map(Column::Text),
                rows,
            )}
            <nav class="actions" aria-label="Pages of the history">
                {older
                    .shown(|| {
                        view! {
                            <a class="button" href=format!("/tickets/{id}/history")>
                                "Newest"
                            </a>
                        }
                    })}
                {last
                    .map(|last| {
                        view! {
                            <a class="button" href=format!("/tickets/{id}/history?before={last}")>
                                "Older"
                            </a>
                        }
                    })}
            </nav>
        </div>
    }
    .into_any()
}

fn row(ticket: TicketId, line: &HistoryLine, workflow: &Workflow) -> Markup {
    let change = Change::of(&line.what, workflow);
    let what = Markup::new("</td><td data-label=\"What\">");
    let what = if line.what.is_message() {
        what.raw("<a class=\"link\" href=\"/tickets/")
            .number(ticket.0)
            .raw("?entry=")
            .number(line.id.0)
            .raw("\">")
            .text(change.what)
            .raw("</a>")
    } else {
        what.text(change.what)
    };
    Markup::new("<tr><td data-label=\"When\">")
        .with(moment(line.at))
        .raw("</td><td data-label=\"Who\">")
        .text(&line.by.name)
        .with(what)
        .raw("</td><td data-label=\"From\">")
        .text(change.from)
        .raw("</td><td data-label=\"To\">")
        .text(change.to)
        .raw("</td><td data-label=\"Address\">")
        .text(line.address.as_deref().unwrap_or("–"))
        .raw("</td></tr>")
}

/// Day and time, with the zone: a history is compared with those of other systems.
fn moment(at: Time) -> Markup {
    Markup::new("<time datetime=\"").text(at.rfc3339()).raw("\">").text(crate::me::readable(at)).raw("</time>")
}

/// A change in words.
#[derive(Debug, PartialEq)]
struct Change {
    what: String,
    from: String,
    to: String,
}

impl Change {
    fn of(what: &Happening, workflow: &Workflow) -> Self {
        let change = |what: &str, from: &str, to: &str| Self { what: what.into(), from: from.into(), to: to.into() };
        let status = |id| workflow.status(id).map_or("a state that is gone", |s| s.name.as_str());
        match what {
            Happening::Created { source } => change(&format!("Opened {}", source.name()), "", ""),
            Happening::CustomerMessage => change("Customer’s message", "", ""),
            Happening::Reply => change("Reply", "", ""),
            Happening::Note => change("Internal note", "", ""),
            Happening::Status(Was { from, to }) => change("Status", status(*from), status(*to)),
            Happening::Assignee(Was { from, to }) => {
                let name = |person: &Option<domain::people::Person>| {
                    person.as_ref().map_or_else(|| "Nobody".to_owned(), |p| p.name.clone())
                };
                change("Assignee", &name(from), &name(to))
            }
            Happening::Team(Was { from, to }) => {
                let name = |team: &Option<domain::access::TeamName>| {
                    team.as_ref().map_or_else(|| "None".to_owned(), |t| t.name.clone())
                };
                change("Team", &name(from), &name(to))
            }
            Happening::Urgency(Was { from, to }) => change("Urgency", from.name(), to.name()),
            Happening::Importance(Was { from, to }) => change("Importance", from.name(), to.name()),
            Happening::Subject(Was { from, to }) => change("Subject", from, to),
            Happening::Tags { added, removed } => change("Tags", &without(removed), &with(added)),
            Happening::Watch { who, on } => {
                change(if *on { "Watches from now on" } else { "Watches no more" }, "", &who.name)
            }
            Happening::Joined { who, email } => change("Brought in", "", &format!("{} ({email})", who.name)),
            Happening::Requester(Was { from, to }) => change("Customer", &from.name, &to.name),
            Happening::Company(Was { from, to }) => {
                let name = |c: &Option<domain::company::CompanyName>| {
                    c.as_ref().map_or_else(|| "None".to_owned(), |c| c.name.clone())
                };
                change("Company", &name(from), &name(to))
            }
            Happening::AttachmentDeleted { name, size, .. } => {
                change("File deleted", &format!("{name} ({})", text::bytes(*size)), "")
            }
            Happening::Rated { score, was, .. } => {
                change("Rating", &was.map(|was| was.to_string()).unwrap_or_default(), &score.to_string())
            }
            Happening::Emptied => change("Content", "", "Erased"),
            _ => change("Changed", "", ""),
        }
    }
}

fn with(tags: &[String]) -> String {
    if tags.is_empty() { String::new() } else { format!("+ {}", tags.join(", ")) }
}

fn without(tags: &[String]) -> String {
    if tags.is_empty() { String::new() } else { format!("− {}", tags.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{UserId, people::Person, priority::Level};

    #[test]
    fn changes_say_from_what_to_what() {
        let said = |what| {
            let Change { what, from, to } = Change::of(&what, &Workflow::default());
            format!("{what}: {from} → {to}")
        };
        let mia = Some(Person { id: UserId(1), name: "Mia".into(), picture: None });
        assert_eq!(said(Happening::Assignee(Was { from: None, to: mia })), "Assignee: Nobody → Mia");
        assert_eq!(said(Happening::Urgency(Was { from: Level::Low, to: Level::Critical })), "Urgency: Low → Critical");
        let tags = Happening::Tags { added: vec!["a".into(), "b".into()], removed: vec!["c".into()] };
        assert_eq!(said(tags), "Tags: − c → + a, b");
    }
}
