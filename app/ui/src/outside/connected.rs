//! One's own connected accounts.

use super::rpc;
use crate::erased::{Rows, Sometimes};
use crate::fetched::resource;
use crate::{
    icons::{Ico, Icon},
    shared::{When, fetched, row_button},
};
use domain::outside::Connections;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A section of one's own page. Nothing where nothing could be connected.
#[component]
pub fn ConnectedAccounts() -> impl IntoView {
    let found = resource(|| (), |()| rpc::own_connections());
    fetched(
        || ().into_any(),
        found,
        |found| match found.connected.is_empty() && found.more.is_empty() {
            true => ().into_any(),
            false => view! { <Section found /> }.into_any(),
        },
    )
}

/// What was refused, by the word in the address.
const REFUSED: &[(&str, &str)] = &[
    ("taken", "That account is connected with somebody else's account here, or you have connected 20 already."),
    (
        "last-way",
        "This is the only way in to your account. Choose a password first: sign out, and say that you have forgotten it.",
    ),
    ("not-connected", "Nothing was connected: it could not be made sure who you are there. Please try again."),
    ("out-of-order", "Nothing was connected: the other side does not answer as it should. Please try again later."),
    ("wrong", "Nothing was connected: your address is not known there, or this is not your password there."),
    ("wait", "Nothing was connected: too many passwords were wrong. Please wait some minutes."),
    ("gone", "Nothing was changed: that is not there any more."),
];

#[component]
fn Section(found: Connections) -> impl IntoView {
    let query = use_query_map();
    let refused =
        query.with_untracked(|q| REFUSED.iter().find(|(word, _)| q.get(word).is_some()).map(|(_, said)| *said));
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
                {row_button("disconnect", account.id.0, "Disconnect", label)}
            </li>
        }
    });
    let rows: Vec<_> = rows.collect();
    let list = (!rows.is_empty()).shown(|| view! { <ul class="box">{rows}</ul> });
    let (there, directories): (Vec<_>, Vec<_>) = found.more.into_iter().partition(|button| button.kind.redirects());
    let more = there.into_iter().map(|button| {
        view! {
            <button class="button" type="submit" name="connect" value=button.id.to_string()>
                {format!("Connect {}", button.name)}
            </button>
        }
    });
    let directories = directories.into_iter().map(|directory| {
        let field = format!("directory-{}", directory.id);
        view! {
            <form method="post" action="/me/connected" class="stack">
                <input type="hidden" name="connect" value=directory.id.to_string() />
                <div class="field">
                    <label class="field__label" for=field.clone()>
                        {format!("Your password at {}", directory.name)}
                    </label>
                    <input
                        class="input"
                        id=field
                        name="password"
                        type="password"
                        autocomplete="off"
                        required=true
                        maxlength="512"
                    />
                </div>
                <div class="actions">
                    <button class="button" type="submit">
                        {format!("Connect {}", directory.name)}
                    </button>
                </div>
            </form>
        }
    });
    view! {
        <section class="section" id="connected">
            <div class="section__head">
                <h2 class="section__title">"Connected accounts"</h2>
            </div>
            <p class="muted">"Accounts elsewhere that you can sign in with here."</p>
            {refused
                .map(|said| {
                    view! {
                        <p class="notice" data-kind="error" role="alert">
                            <Ico icon=Icon::Alert />
                            {said}
                        </p>
                    }
                })}
            <form method="post" action="/me/connected" class="stack">
                {list} <div class="actions">{more.rows()}</div>
            </form>
            {directories.rows()}
        </section>
    }
    .into_any()
}
