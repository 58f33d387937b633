//! Mails that could not become messages. Nothing is lost: each can be read as it came, tried again, or put aside. And those
//! of Docket's own that could not be sent.

use super::{
    frame::{SettingsPage, loading},
    rpc,
    unsent::{DONE, UnsentMails},
};
use crate::erased::{Rows, Sometimes, memo};
use crate::fetched::resource;
use crate::{
    flash::{Done, flash},
    icons::{Ico, Icon},
    me,
    shared::{Column, EmptyState, Question, When, awaited, row_button, table, unread},
};
use domain::{
    MailId,
    mail::{Quarantined, Tried},
    page::Page,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use std::time::Duration;
use wasm_bindgen::JsCast;

/// `/settings/mails`. `tried`: the mails that were just tried again. `discarded`: how many were just put aside.
#[component]
pub fn QuarantinePage() -> impl IntoView {
    let query = use_query_map();
    let after = memo(move || query.with(|query| query.get("after")));
    let tried = memo(move || {
        let ids = query.with(|query| query.get("tried")).unwrap_or_default();
        ids.split(',').filter_map(|id| id.parse().ok()).collect::<Vec<MailId>>()
    });
    let discarded = memo(move || query.with(|query| query.get("discarded")?.parse::<u32>().ok()));
    let mails = resource(move || after.get(), rpc::unreadable_mails);
    let unsent = resource(|| (), |()| rpc::unsent_mails());
    let outcomes = resource(
        move || tried.get(),
        |ids| async move { if ids.is_empty() { Ok(Vec::new()) } else { rpc::tried_mails(ids).await } },
    );
    view! {
        <SettingsPage
            title="Mails"
            lead="Mails that came in and could not become messages, and mails of Docket's own that could not be sent, each with the reason."
        >
            <Done words=DONE />
            {awaited(
                loading,
                move || async move {
                    match (mails.await, outcomes.await, unsent.await) {
                        (Ok(page), Ok(tried), Ok(unsent)) => {
                            let waiting = tried.iter().filter(|t| t.waiting).count();
                            let waiting = waiting.max(page.rows.iter().filter(|m| m.waiting).count());
                            let look = move || {
                                mails.refetch();
                                outcomes.refetch();
                            };
                            view! {
                                <OnTheirWay count=waiting look=Callback::new(move |()| look()) />
                                <Outcomes tried=tried discarded=discarded.get_untracked() />
                                <UnsentMails list=unsent />
                                <h2>"Unreadable mails"</h2>
                                <Mails page=page after=after.get_untracked() />
                            }
                                .into_any()
                        }
                        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                            unread(error, move || {
                                mails.refetch();
                                outcomes.refetch();
                                unsent.refetch();
                            })
                        }
                    }
                },
            )}
        </SettingsPage>
    }
    .into_any()
}

/// How a mail is called.
fn name(subject: &str) -> String {
    if subject.is_empty() { "(no subject)".to_owned() } else { subject.to_owned() }
}

/// “1 mail”, “3 mails”.
fn mails(count: usize) -> String {
    if count == 1 { "1 mail".to_owned() } else { format!("{count} mails") }
}

/// How long the page waits before it looks again what has become of mails on their way.
const LOOK: Duration = Duration::from_secs(2);

/// How many mails are being tried again behind the page, which looks again by itself until there are none.
#[component]
fn OnTheirWay(count: usize, look: Callback<()>) -> impl IntoView {
    let address = use_location();
    let here = move || {
        format!(
            "{}{}",
            address.pathname.get_untracked(),
            address.search.with_untracked(|search| {
                if search.is_empty() || search.starts_with('?') { search.clone() } else { format!("?{search}") }
            })
        )
    };
    Effect::new(move |_| {
        if count > 0
            && let Ok(timer) = set_timeout_with_handle(move || look.run(()), LOOK)
        {
            on_cleanup(move || timer.clear());
        }
    });
    (count > 0)
        .then(|| {
            let verb = if count == 1 { "is" } else { "are" };
            view! {
                <div class="notice" role="status">
                    <Ico icon=Icon::Clock />
                    <p>
                        {format!("{} {verb} on the way: tried again, one after the other. ", mails(count))}
                        <a class="link" href=here() rel="external">"Look again"</a>
                    </p>
                </div>
            }
        })
        .into_any()
}

/// What the last button has come to.
#[component]
fn Outcomes(tried: Vec<Tried>, discarded: Option<u32>) -> impl IntoView {
    let through = tried.into_iter().filter(|t| !t.waiting);
    let (taken, left): (Vec<Tried>, Vec<Tried>) = through.partition(|t| t.ticket.is_some());
    let taken = (!taken.is_empty()).then(|| {
        let lines = taken.into_iter().filter_map(|t| t.ticket.map(|ticket| (name(&t.subject), ticket)));
        view! {
            <div class="notice" data-kind="ok" role="status">
                <Ico icon=Icon::Check />
                {lines
                    .map(|(subject, ticket)| {
                        view! {
                            <p>
                                {format!("“{subject}” has become a message of ")}
                                <a class="link" href=format!("/tickets/{ticket}")>{format!("ticket #{ticket}")}</a> "."
                            </p>
                        }
                    })
                    .rows()}
            </div>
        }
    });
    let left = (!left.is_empty()).shown(|| {
        view! {
            <div class="notice" data-kind="warning" role="status">
                <Ico icon=Icon::Alert />
                {left
                    .into_iter()
                    .map(|t| {
                        let reason = t.reason.unwrap_or_default();
                        let line = format!("“{}” still cannot become a message. {reason}", name(&t.subject));
                        view! { <p>{line}</p> }
                    })
                    .rows()}
            </div>
        }
    });
    let discarded = discarded.map(|count| {
        view! {
            <p class="notice" data-kind="ok" role="status">
                <Ico icon=Icon::Check />
                {format!("{} discarded.", mails(count as usize))}
            </p>
        }
    });
    view! {
        {taken}
        {left}
        {discarded}
    }
    .into_any()
}

#[component]
fn Mails(page: Page<Quarantined>, after: Option<String>) -> impl IntoView {
    let flash = flash();
    let asked: Vec<String> = flash.values.iter().filter(|(n, _)| n == "discard").map(|(_, id)| id.clone()).collect();
    if !asked.is_empty() {
        let of_one = page.rows.iter().find(|m| asked.len() == 1 && m.id.to_string() == asked[0]);
        let what = of_one.map_or_else(|| mails(asked.len()), |m| format!("“{}”", name(&m.subject)));
        return discard_question(asked, &what, after);
    }
    if page.rows.is_empty() {
        return view! {
            <EmptyState
                icon=Icon::Mail
                title="No unreadable mails"
                text="Every mail that came in has become a message."
            />
        }
        .into_any();
    }
    let marked: Vec<String> = flash.values.into_iter().filter(|(n, _)| n == "mail").map(|(_, id)| id).collect();
    let rows = page.rows.into_iter().map(|mail| {
        let on = marked.contains(&mail.id.to_string());
        view! { <Row mail=mail marked=on /> }
    });
    view! {
        <form method="post" action="/settings/mails" class="stack">
            {after.map(|after| view! { <input type="hidden" name="after" value=after /> })}
            <div class="actions">
                <MarkAll />
                <button class="button" type="submit" name="retry" value="marked">
                    "Try marked again"
                </button>
                <button class="button" type="submit" name="discard" value="marked">
                    "Discard marked"
                </button>
            </div>
            {table(
                "Unreadable mails, newest first",
                &[Column::Text("Mail"), Column::Text("Why"), Column::Doings],
                rows,
            )}
        </form>
        {page
            .next
            .map(|next| {
                view! {
                    <div class="actions">
                        <a class="button" href=format!("/settings/mails?after={next}")>
                            "Older mails"
                        </a>
                    </div>
                }
            })}
    }
    .into_any()
}

/// Marks every mail of the page, or none. Only there where it works.
#[component]
fn MarkAll() -> impl IntoView {
    let taken_over = me::taken_over();
    let mark = move |event| {
        let on = event_target_checked(&event);
        let Ok(boxes) = document().query_selector_all("input[name=mail]") else { return };
        for n in 0..boxes.length() {
            if let Some(one) = boxes.item(n).and_then(|node| node.dyn_into::<web_sys::HtmlInputElement>().ok()) {
                one.set_checked(on);
            }
        }
    };
    move || {
        taken_over.get().shown(|| {
            view! {
                <label class="check">
                    <input type="checkbox" autocomplete="off" on:change=mark />
                    <span>"All on this page"</span>
                </label>
            }
        })
    }
}

/// Asked once before mails are discarded.
fn discard_question(ids: Vec<String>, what: &str, after: Option<String>) -> AnyView {
    let back = after.as_ref().map_or_else(|| "/settings/mails".to_owned(), |a| format!("/settings/mails?after={a}"));
    let after = after.into_iter().map(|after| ("after", after));
    Question {
        action: "/settings/mails".to_owned(),
        title: format!("Discard {what}?"),
        text: "Discarded mails leave this list for good. They are kept as they came, and are not taken in again.",
        fields: after.chain(ids.into_iter().map(|id| ("mail", id))).collect(),
        yes: ("discard", "marked", "Discard"),
        no: (back, "Keep"),
    }
    .ask()
}

#[component]
fn Row(mail: Quarantined, marked: bool) -> impl IntoView {
    let subject = name(&mail.subject);
    let label = |what: &str| format!("{what} “{subject}”");
    let sender = mail.from_address;
    // Where nothing else tells it from others: what its sender's server called it, and its number here.
    let known = (mail.subject.is_empty() || sender.is_none()).then(|| match mail.message_id {
        Some(id) => format!("Message-ID {id}, "),
        None => format!("mail number {}, ", mail.id),
    });
    let sender = sender.unwrap_or_else(|| "unknown sender".into());
    let from = format!("{sender}, {}{}", known.unwrap_or_default(), domain::text::bytes(mail.size));
    view! {
        <tr>
            <td>
                <label class="check">
                    <input
                        type="checkbox"
                        name="mail"
                        value=mail.id.to_string()
                        checked=marked
                        autocomplete="off"
                        aria-label=label("Mark")
                    />
                    <span>
                        {subject.clone()} " " <span class="field__hint">{from} ", " <When at=mail.at /></span>
                    </span>
                </label>
            </td>
            <td data-label="Why">{mail.reason}</td>
            <td class="fit">
                <div class="actions">
                    {if mail.waiting {
                        view! { <span class="field__hint">"On its way"</span> }.into_any()
                    } else {
                        row_button("retry", mail.id.0, "Try again", label("Try again:"))
                    }}
                    {row_button("discard", mail.id.0, "Discard", label("Discard"))}
                    <a
                        class="button button--sm"
                        href=format!("/settings/mails/{}/raw", mail.id)
                        download=""
                        rel="external"
                        aria-label=format!("{} as it came", label("Download"))
                    >
                        "Download"
                    </a>
                </div>
            </td>
        </tr>
    }
    .into_any()
}
