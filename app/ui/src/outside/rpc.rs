//! Server functions for signing in from outside.

use super::Addresses;
#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::{
    ProviderId,
    outside::{Connections, Provider, WaysIn},
};
use leptos::prelude::*;

/// The ways in beside address and password.
#[server(endpoint = "outside/ways_in", protocol = Json, client = crate::whose::Caller)]
pub async fn other_ways_in() -> Rpc<WaysIn> {
    call(|desk, _| async move { store::outside::providers::ways_in(&desk).await }).await
}

/// One's own connected accounts, and those that one could connect.
#[server(endpoint = "outside/connections", protocol = Json, client = crate::whose::Caller)]
pub async fn own_connections() -> Rpc<Connections> {
    call(|desk, actor| async move { store::outside::identities::own(&desk, &actor).await }).await
}

/// All providers.
#[server(endpoint = "outside/providers", protocol = Json, client = crate::whose::Caller)]
pub async fn all_providers() -> Rpc<Vec<Provider>> {
    call(|desk, actor| async move { store::outside::providers::list(&desk, &actor).await }).await
}

/// A provider, if it is one already, and what has to be entered there.
#[server(endpoint = "outside/provider", protocol = Json, client = crate::whose::Caller)]
pub async fn one_provider(id: Option<ProviderId>) -> Rpc<(Option<Provider>, Addresses)> {
    let addresses = use_context::<Addresses>().unwrap_or_default();
    call(|desk, actor| async move {
        let provider = match id {
            Some(id) => Some(store::outside::providers::get(&desk, &actor, id).await?),
            None => {
                domain::policy::demand(&actor, domain::policy::Action::ManageProviders, None)?;
                None
            }
        };
        Ok((provider, addresses))
    })
    .await
}
