//! The page for signing in: buttons below the form, and the page that asks for an address.

use super::rpc;
use crate::erased::Rows;
use crate::fetched::resource;
use crate::{
    accounts::Card,
    app::go_to,
    flash::flash,
    me,
    shared::{Field, awaited},
};
use domain::attachment::url_name;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// Buttons for the ways in beside address and password. Nothing where there are none.
#[component]
pub fn OtherWays(next: String) -> impl IntoView {
    let ways = resource(|| (), |()| rpc::other_ways_in());
    awaited(
        || (),
        move || {
            let next = next.clone();
            async move {
                // Without them there is still the form.
                let ways = ways.await.unwrap_or_default();
                if ways.buttons.is_empty() && !ways.by_address {
                    return ().into_any();
                }
                let query = if next.is_empty() { String::new() } else { format!("?next={}", url_name(&next)) };
                let company = ways.by_address.then(|| {
                    let href = format!("/sign-in/company{query}");
                    view! {
                        <a class="button button--block" href=href rel="external">
                            "Sign in with your company"
                        </a>
                    }
                });
                let buttons = ways.buttons.into_iter().map(|button| {
                    let href = format!("/sign-in/with/{}{query}", button.id);
                    view! {
                        <a class="button button--block" href=href rel="external">
                            {format!("Continue with {}", button.name)}
                        </a>
                    }
                });
                view! { <div class="stack stack--tight">{buttons.rows()} {company}</div> }.into_any()
            }
        },
    )
}

/// `/sign-in/company`.
#[component]
pub fn CompanySignInPage() -> impl IntoView {
    if me::me().is_some() {
        return go_to("/");
    }
    let flash = flash();
    let next = use_query_map().with_untracked(|q| q.get("next")).unwrap_or_else(|| flash.value("next"));
    view! {
        <Card
            title="Sign in with your company"
            lead="By your address we know where to send you. There, you sign in as you always do."
            flash=flash.clone()
            asks_for_password=false
        >
            <form method="post" action="/sign-in/company" class="stack">
                <input type="hidden" name="next" value=next />
                <Field
                    flash
                    name="email"
                    label="E-mail address at your company"
                    kind="email"
                    autocomplete="username"
                    required=true
                    maxlength=254
                    autofocus=true
                />
                <button class="button button--primary button--block" type="submit">
                    "Go on"
                </button>
            </form>
            <p class="auth__foot">
                <a class="link" href="/sign-in" rel="external">
                    "Sign in with a password"
                </a>
            </p>
        </Card>
    }
    .into_any()
}
