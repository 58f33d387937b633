//! Server functions for the settings.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::{
    MailId,
    certificate::Https,
    invitation::Invitation,
    mail::{Quarantined, Tried, Unsent},
    page::Page,
    priority::PriorityTable,
    retention::Periods,
    second_factor::Required,
    workflow::Status,
};
use leptos::prelude::*;

/// Which priority each pair gets.
#[server(endpoint = "settings/priorities", protocol = Json, client = crate::whose::Caller)]
pub async fn priorities() -> Rpc<PriorityTable> {
    call(|desk, actor| async move { store::settings::priorities::get(&desk, &actor).await }).await
}

/// The columns of the board with their limits.
#[server(endpoint = "settings/columns", protocol = Json, client = crate::whose::Caller)]
pub async fn columns() -> Rpc<Vec<Status>> {
    call(|desk, actor| async move { store::settings::columns(&desk, &actor).await }).await
}

/// Mails that could not become messages.
#[server(endpoint = "settings/mails", protocol = Json, client = crate::whose::Caller)]
pub async fn unreadable_mails(after: Option<String>) -> Rpc<Page<Quarantined>> {
    call(|desk, actor| async move { store::mails::list(&desk, &actor, after.as_deref(), None).await }).await
}

/// What became of mails that were tried again.
#[server(endpoint = "settings/mails_tried", protocol = Json, client = crate::whose::Caller)]
pub async fn tried_mails(ids: Vec<MailId>) -> Rpc<Vec<Tried>> {
    call(|desk, actor| async move { store::mails::tried(&desk, &actor, &ids).await }).await
}

/// Mails of Docket's own that could not be sent.
#[server(endpoint = "settings/unsent", protocol = Json, client = crate::whose::Caller)]
pub async fn unsent_mails() -> Rpc<Vec<Unsent>> {
    call(|desk, actor| async move { store::accounts::unsent::list(&desk, &actor).await }).await
}

/// Who was invited to be staff, and what has come of it.
#[server(endpoint = "settings/invitations", protocol = Json, client = crate::whose::Caller)]
pub async fn invitations() -> Rpc<Vec<Invitation>> {
    call(|desk, actor| async move { store::accounts::invitations::list(&desk, &actor).await }).await
}

/// Whether staff must have a second factor.
#[server(endpoint = "settings/second_factor", protocol = Json, client = crate::whose::Caller)]
pub async fn second_factor_required() -> Rpc<Required> {
    call(|desk, actor| async move { store::settings::second_factor::get(&desk, &actor).await }).await
}

/// Where the certificate for HTTPS comes from, and how it stands.
#[server(endpoint = "settings/https", protocol = Json, client = crate::whose::Caller)]
pub async fn https_standing() -> Rpc<Https> {
    let source = use_context::<domain::certificate::Source>().unwrap_or_default();
    call(|desk, actor| async move { store::certificates::https(&desk, &actor, source).await }).await
}

/// How long tickets and customers are kept.
#[server(endpoint = "settings/retention", protocol = Json, client = crate::whose::Caller)]
pub async fn retention() -> Rpc<Periods> {
    call(|desk, actor| async move { store::retention::get(&desk, &actor).await }).await
}
