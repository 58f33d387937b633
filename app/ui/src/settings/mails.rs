//! Mails that could not become messages. Nothing is lost: each can be read as it came.

use super::{
    frame::{SettingsPage, loading},
    rpc,
};
use crate::{
    icons::Icon,
    shared::{EmptyState, ErrorNotice, When, awaited},
};
use domain::{mail::Quarantined, page::Page};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// `/settings/mails`.
#[component]
pub fn QuarantinePage() -> impl IntoView {
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after")));
    let mails = Resource::new_blocking(move || after.get(), rpc::unreadable_mails);
    view! {
        <SettingsPage
            title="Unreadable mails"
            lead="Mails that came in and could not become messages, with the reason. They are kept as they came."
        >
            {awaited(
                loading,
                move || async move {
                    match mails.await {
                        Ok(page) if page.rows.is_empty() => {
                            view! {
                                <EmptyState
                                    icon=Icon::Mail
                                    title="No unreadable mails"
                                    text="Every mail that came in has become a message."
                                />
                            }
                                .into_any()
                        }
                        Ok(page) => view! { <Mails page=page /> }.into_any(),
                        Err(error) => {
                            view! {
                                <ErrorNotice error=error.0 retry=Callback::new(move |()| mails.refetch()) />
                            }
                                .into_any()
                        }
                    }
                },
            )}
        </SettingsPage>
    }
    .into_any()
}

#[component]
fn Mails(page: Page<Quarantined>) -> impl IntoView {
    view! {
        <div class="table-wrap">
            <table class="table table--stack">
                <caption class="sr-only">"Unreadable mails, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Subject"</th>
                        <th scope="col">"From"</th>
                        <th scope="col">"Why"</th>
                        <th scope="col" class="fit">
                            "Taken in"
                        </th>
                        <th scope="col" class="fit">
                            "As it came"
                        </th>
                    </tr>
                </thead>
                <tbody>{page.rows.into_iter().map(|mail| view! { <Row mail=mail /> }).collect_view()}</tbody>
            </table>
        </div>
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

#[component]
fn Row(mail: Quarantined) -> impl IntoView {
    let subject = if mail.subject.is_empty() { "(no subject)".to_owned() } else { mail.subject };
    let label = format!("Download “{subject}” as it came");
    view! {
        <tr>
            <td>{subject}</td>
            <td data-label="From">{mail.from_address.unwrap_or_else(|| "unknown".into())}</td>
            <td data-label="Why">{mail.reason}</td>
            <td class="fit" data-label="Taken in">
                <When at=mail.at />
            </td>
            <td class="fit" data-label="As it came">
                <a
                    class="button button--sm"
                    href=format!("/settings/mails/{}/raw", mail.id)
                    download=""
                    rel="external"
                    aria-label=label
                >
                    {domain::text::bytes(mail.size)}
                </a>
            </td>
        </tr>
    }
    .into_any()
}
