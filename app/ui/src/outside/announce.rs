//! The token by which a provider announces people before they come (SCIM).

use crate::erased::Sometimes;
use crate::{
    icons::{Ico, Icon},
    shared::{ReadOnly, Secret, When},
};
use domain::{
    outside::{Audience, Provider},
    scim::{PREFIX, Token},
};
use leptos::prelude::*;

/// What has to be entered at the provider, and what is known of its token. `made`: one that was made just now, to be shown this
/// once.
#[component]
pub(super) fn Announcing(provider: Provider, page: String, address: String, made: String) -> impl IntoView {
    if provider.audience == Audience::Everybody {
        return ().into_any();
    }
    let has = provider.token.is_some();
    let gives = match provider.audience {
        Audience::Staff => "Their groups give them roles at once, by the lines above; without any they stay blocked.",
        _ => "They are users of the company, if their address is in one of its domains.",
    };
    view! {
        <section class="section stack" aria-labelledby="announcing">
            <h2 class="section__title" id="announcing">
                "Announcing people (SCIM)"
            </h2>
            <p class="muted">
                "With a token, the provider says by itself who its people are. Whoever leaves there is blocked here and signed out at once. "
                {gives}
            </p>
            <ReadOnly
                id="scim"
                label="Address for SCIM"
                value=address
                hint="Enter this address there, with the token as the secret (bearer token)."
            />
            {(!made.is_empty())
                .shown(|| {
                    view! {
                        <div class="notice" data-kind="warning" role="status">
                            <Ico icon=Icon::Warning />
                            <div class="stack stack--tight">
                                <p>"This is the token. It is shown only now: copy it to the provider."</p>
                                <Secret text=made />
                            </div>
                        </div>
                    }
                })}
            {provider.token.map(|token| view! { <Known token /> })}
            <form method="post" action=page class="actions">
                <button class="button" type="submit" name="do" value="token">
                    {if has { "Replace the token" } else { "Make a token" }}
                </button>
                {has
                    .shown(|| {
                        view! {
                            <button class="button button--danger" type="submit" name="do" value="revoke-token">
                                "Revoke the token"
                            </button>
                        }
                    })}
            </form>
        </section>
    }
    .into_any()
}

/// What is known of a token.
#[component]
fn Known(token: Token) -> impl IntoView {
    let Token { ending, made_at, used_at, address } = token;
    view! {
        <p class="field__hint">
            <span class="mono">{format!("{PREFIX}…{ending}")}</span>
            ", made "
            <When at=made_at in_words=true />
            ". "
            {match used_at {
                Some(at) => {
                    let from = address.map(|address| format!(" from {address}")).unwrap_or_default();
                    view! {
                        "Last used "
                        <When at=at in_words=true />
                        {from}
                        "."
                    }
                        .into_any()
                }
                None => "Not used yet.".into_any(),
            }}
        </p>
    }
    .into_any()
}
