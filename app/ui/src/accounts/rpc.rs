//! Server functions for accounts.

use crate::rpc::{Json, Rpc};
#[cfg(feature = "ssr")]
use crate::rpc::{call, signed};
use domain::{
    account::Device,
    api_token::ApiToken,
    letter::{Opened, Purpose},
    passkey::{Passkeys, Question},
    profile::Profile,
    second_factor::{Asked, Own},
};
use leptos::prelude::*;

/// Whether nobody on staff exists yet.
#[server(endpoint = "accounts/first_run", protocol = Json, client = crate::whose::Caller)]
pub async fn first_run() -> Rpc<bool> {
    call(|desk, _| async move { store::accounts::is_first_run(&mut *desk.read().await?).await }).await
}

/// The devices on which this person is signed in.
#[server(endpoint = "accounts/devices", protocol = Json, client = crate::whose::Caller)]
pub async fn devices() -> Rpc<Vec<Device>> {
    let session = signed().session;
    call(|desk, actor| async move {
        store::accounts::devices(&mut *desk.read().await?, &actor, session, desk.now()).await
    })
    .await
}

/// What the link of a mail stands for.
#[server(endpoint = "accounts/link", protocol = Json, client = crate::whose::Caller)]
pub async fn opened_link(purpose: Purpose, token: String) -> Rpc<Opened> {
    call(|desk, actor| async move { store::accounts::opened(&desk, &actor, purpose, &token).await }).await
}

/// One's own profile.
#[server(endpoint = "accounts/profile", protocol = Json, client = crate::whose::Caller)]
pub async fn own_profile() -> Rpc<Profile> {
    call(|desk, actor| async move { store::accounts::own::profile(&desk, &actor).await }).await
}

/// What the second step of signing in asks for.
#[server(endpoint = "accounts/second_step", protocol = Json, client = crate::whose::Caller)]
pub async fn second_step() -> Rpc<Asked> {
    let token = signed().second.unwrap_or_default();
    let place = super::site::place().ok();
    call(|desk, actor| async move {
        store::accounts::second_factor::step::asked(&desk, &actor, &token, place.as_ref()).await
    })
    .await
}

/// Asks for a passkey as the second step of signing in.
#[server(endpoint = "accounts/passkey_second", protocol = Json, client = crate::whose::Caller)]
pub async fn passkey_second() -> Rpc<Question> {
    let token = signed().second.unwrap_or_default();
    let place = super::site::place();
    call(|desk, actor| async move { store::accounts::passkeys::second::ask(&desk, &actor, &token, place).await }).await
}

/// Asks for a passkey that signs in alone. `offered`: the page offers it before anybody has asked.
#[server(endpoint = "accounts/passkey_door", protocol = Json, client = crate::whose::Caller)]
pub async fn passkey_door(offered: bool) -> Rpc<Question> {
    let (place, browser) = (super::site::place(), signed().asked);
    call(|desk, actor| async move {
        let (question, browser) = store::accounts::passkeys::door::ask(&desk, &actor, place, browser, offered).await?;
        super::site::remember(&browser);
        Ok(question)
    })
    .await
}

/// One's own passkeys.
#[server(endpoint = "accounts/passkeys", protocol = Json, client = crate::whose::Caller)]
pub async fn own_passkeys() -> Rpc<Passkeys> {
    let place = super::site::place();
    call(|desk, actor| async move { store::accounts::passkeys::own::list(&desk, &actor, place).await }).await
}

/// What one has for the second step.
#[server(endpoint = "accounts/second_factor", protocol = Json, client = crate::whose::Caller)]
pub async fn second_factor() -> Rpc<Own> {
    let session = signed().session;
    let issuer = super::site::issuer();
    call(|desk, actor| async move { store::accounts::second_factor::own::get(&desk, &actor, session, &issuer).await })
        .await
}

/// One's own tokens of the API.
#[server(endpoint = "accounts/api_tokens", protocol = Json, client = crate::whose::Caller)]
pub async fn api_tokens() -> Rpc<Vec<ApiToken>> {
    call(|desk, actor| async move { store::accounts::api_tokens::list(&desk, &actor).await }).await
}

/// The names of all time zones.
#[server(endpoint = "accounts/zones", protocol = Json, client = crate::whose::Caller)]
pub async fn zones() -> Rpc<Vec<String>> {
    call(|desk, actor| async move {
        actor.signed_in()?;
        store::zones::names(&mut *desk.read().await?).await
    })
    .await
}
