//! Server functions for custom fields. What is changed is sent as plain forms.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::fields::{Definition, Filled, Subject};
use leptos::prelude::*;

/// All fields, retired ones included.
#[server(endpoint = "fields/all", protocol = Json, client = crate::whose::Caller)]
pub async fn all_fields() -> Rpc<Vec<Definition>> {
    call(|desk, actor| async move { store::fields::define::list(&desk, &actor).await }).await
}

/// What the form of a new customer or company asks for.
#[server(endpoint = "fields/blank", protocol = Json, client = crate::whose::Caller)]
pub async fn blank_fields(of: Subject) -> Rpc<Vec<Filled>> {
    call(|desk, actor| async move { store::fields::blank(&desk, &actor, of).await }).await
}
