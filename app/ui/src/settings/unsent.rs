//! Mails of Docket's own that could not be sent: a part of the page of mails.

use crate::erased::Sometimes;
use crate::{
    icons::{Ico, Icon},
    shared::{Ahead, Column, When, row_button, table},
};
use domain::mail::Unsent;
use leptos::prelude::*;

/// What the last button has come to.
pub(super) const DONE: &[(&str, &str)] = &[
    ("sent-again", "The mail is tried again now. If it is still listed in a moment, it was refused again."),
    ("given-up", "The mail is given up. It is not sent any more."),
];

/// Nothing where there are none.
#[component]
pub fn UnsentMails(list: Vec<Unsent>) -> impl IntoView {
    let rows: Vec<_> = list.into_iter().map(|mail| view! { <Row mail /> }).collect();
    (!rows.is_empty())
        .shown(|| {
            view! {
                <h2>"Mails that could not be sent"</h2>
                <form method="post" action="/settings/mails" class="stack">
                    {table(
                        "Mails that could not be sent, those given up first",
                        &[Column::Text("Mail"), Column::Text("Why"), Column::Text("State"), Column::Doings],
                        rows,
                    )}
                </form>
            }
        })
        .into_any()
}

#[component]
fn Row(mail: Unsent) -> impl IntoView {
    let name = mail.name();
    let whom = if mail.to.is_empty() { "somebody who is not there any more".to_owned() } else { mail.to };
    let label = |what: &str| format!("{what} “{name}” to {whom}");
    let state = if mail.given_up {
        view! {
            <span class="badge" data-kind="red">
                "Given up"
            </span>
        }
        .into_any()
    } else {
        let next = mail.next_at.map(|at| view! { " " <span class="field__hint">"again " <Ahead at /></span> });
        view! {
            <span class="badge" data-kind="amber">
                {format!("Failed {} ×", mail.attempts)}
            </span>
            {next}
        }
        .into_any()
    };
    view! {
        <tr>
            <td>
                <Ico icon=Icon::Mail />
                " "
                {name}
                " "
                <span class="field__hint">"to " {whom.clone()} ", " <When at=mail.at /></span>
            </td>
            <td data-label="Why">{mail.reason}</td>
            <td data-label="State">{state}</td>
            <td class="fit">
                <div class="actions">
                    {row_button("send", mail.id, "Try now", label("Try now:"))}
                    {row_button("give-up", mail.id, "Give up", label("Give up"))}
                </div>
            </td>
        </tr>
    }
    .into_any()
}
