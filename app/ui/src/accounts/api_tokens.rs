//! One's own tokens of the API. A page of its own, for staff and for customers.

use super::{card::Card, rpc};
use crate::erased::{Rows, Sometimes};
use crate::fetched::resource;
use crate::{
    app::{go_to, sign_in_from_here},
    flash::{Done, Flash, flash},
    icons::{Ico, Icon},
    me,
    shared::{ErrorNotice, Field, Secret, When, awaited, field_error, options},
};
use domain::api_token::{ApiToken, DAYS, Scope};
use leptos::prelude::*;

/// What the form that was sent last has come to.
const DONE: &[(&str, &str)] = &[("revoked", "The token is revoked: it is good no more.")];

/// `/api-tokens`.
#[component]
pub fn ApiTokensPage() -> impl IntoView {
    if me::me().is_none() {
        return go_to(&sign_in_from_here());
    }
    let flash = flash();
    let token = flash.value("token");
    if !token.is_empty() {
        return view! { <Made token /> }.into_any();
    }
    let tokens = resource(|| (), |()| rpc::api_tokens());
    awaited(
        || (),
        move || {
            let flash = flash.clone();
            async move {
                match tokens.await {
                    Ok(tokens) => view! { <Manage tokens flash /> }.into_any(),
                    Err(error) => view! {
                        <main class="auth" id="main">
                            <ErrorNotice error=error.0 retry=Callback::new(move |()| tokens.refetch()) />
                        </main>
                    }
                    .into_any(),
                }
            }
        },
    )
}

#[component]
fn Manage(tokens: Vec<ApiToken>, flash: Flash) -> impl IntoView {
    let back = if me::start().is_staff() { "/me" } else { "/portal/me" };
    let mut general = flash.clone();
    general.error.take_if(|error| !error.fields.is_empty());
    view! {
        <Card
            title="API tokens"
            lead="For programs that act as you. Each can be revoked by itself, and ends on its day."
            flash=general
            asks_for_password=false
        >
            <Done words=DONE />
            {(!tokens.is_empty())
                .shown(|| {
                    view! { <div class="box">{tokens.into_iter().map(|token| view! { <Row token /> }).rows()}</div> }
                })}
            <Make flash />
            <p class="auth__foot">
                <a class="link" href="/api/v1/docs" rel="external">
                    "How programs use them"
                </a>
            </p>
            <p class="auth__foot">
                <a class="link" href=back rel="external">
                    "Back to your profile"
                </a>
            </p>
        </Card>
    }
    .into_any()
}

#[component]
fn Row(token: ApiToken) -> impl IntoView {
    let ApiToken { id, name, scope, ending, expires_at, last_used_at, last_address, ended, .. } = token;
    let label = format!("Revoke {name}");
    view! {
        <div class="box__row">
            <div>
                <strong class="strong">{name}</strong>
                " "
                <span class="badge" data-kind=if ended { "red" } else { "neutral" }>
                    {if ended { "Ended" } else { scope.name() }}
                </span>
                <p class="field__hint">
                    <span class="mono">{format!("dkt_…{ending}")}</span>
                    {if ended { ", ended " } else { ", good until " }}
                    <time datetime=expires_at.rfc3339()>{me::readable(expires_at)}</time>
                </p>
                <p class="field__hint">
                    {match last_used_at {
                        Some(at) => {
                            let from = last_address.map(|address| format!(" from {address}")).unwrap_or_default();
                            view! {
                                "Last used "
                                <When at=at in_words=true />
                                {from}
                            }
                                .into_any()
                        }
                        None => "Never used".into_any(),
                    }}
                </p>
            </div>
            <form method="post" action="/api-tokens">
                <input type="hidden" name="revoke" value=id.0.to_string() />
                <button class="button button--sm" type="submit" aria-label=label>
                    {if ended { "Remove" } else { "Revoke" }}
                </button>
            </form>
        </div>
    }
    .into_any()
}

#[component]
fn Make(flash: Flash) -> impl IntoView {
    let (scope, days) = (flash.value("scope"), flash.value("days"));
    let scope = Scope::from_word(&scope).unwrap_or(Scope::Read);
    let days = if days.is_empty() { "90".to_owned() } else { days };
    let in_words = |n: i64| if n == 365 { "a year".to_owned() } else { format!("{n} days") };
    view! {
        <form method="post" action="/api-tokens" class="stack">
            <h2 class="section__title">"Make a token"</h2>
            <Field
                flash=flash.clone()
                name="name"
                label="Name"
                hint="After the program that uses it, for example."
                required=true
                maxlength=60
            />
            <fieldset class="stack stack--tight">
                <legend class="field__label">"It may"</legend>
                {Scope::ALL
                    .map(|one| {
                        let chosen = one == scope;
                        view! {
                            <label class="check">
                                <input type="radio" name="scope" value=one.word() checked=chosen />
                                <span>
                                    {one.name()} <span class="field__hint">{format!(" {}", one.help())}</span>
                                </span>
                            </label>
                        }
                    })
                    .rows()}
                {field_error("scope", flash.problem("scope"))}
            </fieldset>
            <div class="field">
                <label class="field__label" for="days">
                    "Good for"
                </label>
                <select class="select" id="days" name="days">
                    {options(DAYS.map(|n| (n.to_string(), in_words(n))), &days)}
                </select>
                {field_error("days", flash.problem("days"))}
            </div>
            <Field
                flash=flash.clone()
                name="password"
                label="Your password"
                kind="password"
                autocomplete="current-password"
            />
            <button class="button button--primary button--block" type="submit">
                "Make the token"
            </button>
        </form>
    }
    .into_any()
}

/// A token, this once.
#[component]
fn Made(token: String) -> impl IntoView {
    view! {
        <Card
            title="Your new token"
            lead="Give it to the program. It is sent with each call, as a header: Authorization: Bearer …"
            flash=Flash::default()
        >
            <p class="notice" data-kind="warning">
                <Ico icon=Icon::Warning />
                "It is shown only now. Whoever has it can act as you, within what it may."
            </p>
            <Secret text=token />
            <a class="button button--primary button--block" href="/api-tokens" rel="external">
                "I have kept it"
            </a>
        </Card>
    }
    .into_any()
}
