//! Whose ticket it is, and where it comes from.

use super::Row;
use crate::erased::{Rows, Sometimes, dynamic, effect, memo};
use crate::{
    customers::rpc as customers,
    icons::Ico,
    me,
    shared::{Avatar, Markup, When, state_icon, state_word},
    tickets::{rpc, state::TicketState},
};
use domain::{
    CompanyId,
    customer::{Beside, Fact},
    policy::Action,
    ticket::{Filter, Ticket},
    workflow::Category,
};
use leptos::{prelude::*, task::spawn_local};

#[component]
pub fn Customer(state: TicketState) -> impl IntoView {
    let requester = memo(move || state.ticket.with(|t| t.requester.clone()));
    let recent = RwSignal::new(None::<Vec<Ticket>>);
    let known = RwSignal::new(None::<Beside>);
    let looks_up = me::may(Action::SeePeople);
    // Not part of the page as it arrives: nobody waits for it.
    effect(move || {
        let id = requester.get().id;
        spawn_local(async move {
            let filter = Filter { requester: Some(id), limit: Some(20), ..Filter::default() };
            let mut found = rpc::list(filter).await.map(|page| page.rows).unwrap_or_default();
            found.retain(|t| t.id != state.id);
            // What somebody still has to do something about comes first.
            let active =
                |t: &Ticket| state.workflow.with_value(|w| w.status(t.status).is_some_and(|s| s.category.is_active()));
            found.sort_by_key(|t| !active(t));
            found.truncate(5);
            recent.try_set(Some(found));
        });
        // Somebody of staff is no customer: of them nothing more is known.
        if looks_up {
            spawn_local(async move { _ = known.try_set(customers::customer_beside(id).await.ok().flatten()) });
        }
    });
    let mini = move |ticket: Ticket| {
        let status = state.workflow.with_value(|w| w.status(ticket.status).cloned());
        let category = status.as_ref().map_or(Category::Open, |s| s.category);
        view! {
            <a class="mini-ticket" href=format!("/tickets/{}", ticket.id) data-status=state_word(category)>
                <Ico icon=state_icon(category) />
                <span class="sr-only">{status.map(|s| s.name)}</span>
                <span>{format!("#{}", ticket.id)}</span>
                <span>{ticket.subject}</span>
            </a>
        }
    };
    view! {
        <section class="props__section" aria-labelledby="props-customer">
            <div class="props__head">
                <h2 class="props__title" id="props-customer">
                    "Customer"
                </h2>
            </div>
            {dynamic(move || {
                let person = requester.get();
                let company = state.ticket.with(|t| t.company.clone());
                let email = state.email.get_value();
                view! {
                    <div class="customer">
                        <Avatar name=person.name.clone() size="lg" picture=person.picture_path() />
                        <a
                            class="customer__name"
                            href=if looks_up {
                                format!("/customers/{}", person.id)
                            } else {
                                format!("/tickets?status=all&requester={}", person.id)
                            }
                        >
                            {person.name}
                        </a>
                        <span class="customer__meta">
                            <a href=format!("mailto:{email}")>{breakable(&email)}</a>
                        </span>
                        {company
                            .map(|c| {
                                let name = if looks_up {
                                    view! { <a href=format!("/companies/{}", c.id)>{c.name}</a> }.into_any()
                                } else {
                                    c.name.into_any()
                                };
                                let id = c.id;
                                view! { <span class="customer__meta">{dynamic(move || logo(known, id))} {name} {dynamic(move || tier(known))}</span> }
                            })}
                    </div>
                }
            })} {dynamic(move || known.get().map(beyond))}
            {dynamic(move || match recent.get() {
                None => view! { <i class="skeleton" data-w="80%"></i> }.into_any(),
                Some(tickets) if tickets.is_empty() => {
                    view! { <p class="faint small">"No other tickets"</p> }.into_any()
                }
                Some(tickets) => tickets.into_iter().map(mini).map(IntoAny::into_any).rows().into_any(),
            })}
        </section>
    }
    .into_any()
}

/// That of the customer's company, beside its name.
fn logo(known: RwSignal<Option<Beside>>, of: CompanyId) -> Option<AnyView> {
    crate::customers::pieces::logo(of, known.with(|known| known.as_ref().and_then(|customer| customer.logo)))
}

/// What the customer's company has bought.
fn tier(known: RwSignal<Option<Beside>>) -> AnyView {
    let tier = known.with(|c| c.as_ref().map(|c| c.tier.clone())).filter(|tier| !tier.is_empty());
    tier.map(|tier| view! { " " <span class="badge">{tier}</span> }).into_any()
}

/// What is known of a customer beyond the ticket at hand.
fn beyond(customer: Beside) -> AnyView {
    let begun = Markup::new("<div>");
    let begun = match customer.blocked {
        true => begun.raw("<p class=\"text-red small\">Blocked</p>"),
        false => begun,
    };
    let row = |rows: Markup, fact: &Fact| {
        let row =
            rows.raw("<div class=\"props__row\"><dt>").text(&fact.name).raw("</dt><dd><span class=\"props__text\">");
        let row = match fact.to.is_empty() {
            true => row.text(&fact.text),
            // What somebody has typed leads out of the desk: the page it leads to learns nothing of this one.
            false => row
                .raw("<a target=\"_blank\" rel=\"noopener noreferrer\" href=\"")
                .text(&fact.to)
                .raw("\">")
                .text(&fact.text)
                .raw("</a>"),
        };
        row.raw("</span></dd></div>")
    };
    let all = match customer.facts.is_empty() {
        true => begun,
        false => customer.facts.iter().fold(begun.raw("<dl class=\"props__list\">"), row).raw("</dl>"),
    };
    let all = match customer.notes.is_empty() {
        true => all,
        false => all.raw("<p class=\"customer__notes small\">").text(&customer.notes).raw("</p>"),
    };
    all.raw("</div>").element().into_any()
}

/// An address that breaks before its host, where it has to.
fn breakable(email: &str) -> impl IntoView + use<> {
    let (name, host) = email.rsplit_once('@').unwrap_or((email, ""));
    let host = (!host.is_empty()).shown(|| view! { <wbr /> {format!("@{host}")} });
    view! { {name.to_owned()} {host} }
}

#[component]
pub fn About(state: TicketState) -> impl IntoView {
    let (created, source) = state.ticket.with_untracked(|t| (t.created_at, t.source));
    view! {
        <section class="props__section">
            <dl class="props__list">
                <Row name="Opened">
                    <span class="props__text">
                        <When at=created />
                    </span>
                </Row>
                <Row name="Came in">
                    <span class="props__text">{source.name()}</span>
                </Row>
                <Row name="Priority">
                    <span class="props__text">{dynamic(move || state.ticket.with(|t| t.priority.name()))}</span>
                </Row>
                <Row name="Changed">
                    <span class="props__text">
                        {dynamic(move || {
                            let at = state.ticket.with(|t| t.updated_at);
                            view! { <When at /> }
                        })}
                    </span>
                </Row>
            </dl>
            <a class="link small" href=format!("/tickets/{}/history", state.id)>
                "History"
            </a>
        </section>
    }
    .into_any()
}
