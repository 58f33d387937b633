//! One's own connected accounts.

use super::rpc;
use crate::json::resource;
use crate::{
    flash::flash,
    shared::{ErrorNotice, When, awaited},
};
use domain::outside::Connections;
use leptos::prelude::*;

/// A section of one's own page. Nothing where nothing could be connected.
#[component]
pub fn ConnectedAccounts() -> impl IntoView {
    let found = resource(|| (), |()| rpc::own_connections());
    awaited(
        || (),
        move || async move {
            match found.await {
                Ok(found) if found.connected.is_empty() && found.more.is_empty() => ().into_any(),
                Ok(found) => view! { <Section found /> }.into_any(),
                Err(error) => {
                    let retry = Callback::new(move |()| found.refetch());
                    view! { <ErrorNotice error=error.0 retry /> }.into_any()
                }
            }
        },
    )
}

#[component]
fn Section(found: Connections) -> impl IntoView {
    let flash = flash();
    let refused =
        flash.error.filter(|_| flash.values.iter().any(|(name, value)| name == "form" && value == "connected"));
    let rows = found.connected.into_iter().map(|account| {
        let label = format!("Disconnect {}", account.provider);
        view! {
            <li class="box__row row row--between">
                <span>
                    <b>{account.provider}</b>
                    <span class="field__hint">
                        {account.email} " connected " <When at=account.linked_at in_words=true />
                        {account.last_used_at.map(|at| view! { ", last used " <When at in_words=true /> })}
                    </span>
                </span>
                <button
                    class="button button--sm"
                    type="submit"
                    name="disconnect"
                    value=account.id.to_string()
                    aria-label=label
                >
                    "Disconnect"
                </button>
            </li>
        }
    });
    let rows: Vec<_> = rows.collect();
    let list = (!rows.is_empty()).then(|| view! { <ul class="box">{rows}</ul> });
    let more = found.more.into_iter().map(|button| {
        view! {
            <button class="button" type="submit" name="connect" value=button.id.to_string()>
                {format!("Connect {}", button.name)}
            </button>
        }
    });
    view! {
        <section class="section" id="connected">
            <div class="section__head">
                <h2 class="section__title">"Connected accounts"</h2>
            </div>
            <p class="muted">"Accounts elsewhere that you can sign in with here."</p>
            {refused.map(|error| view! { <ErrorNotice error /> })}
            <form method="post" action="/me/connected" class="stack">
                {list} <div class="actions">{more.collect_view()}</div>
            </form>
        </section>
    }
    .into_any()
}
