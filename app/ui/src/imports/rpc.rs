//! Server functions for imports. What is done is sent as plain forms.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::{
    ImportId,
    import::{Import, ImportView},
};
use leptos::prelude::*;

/// The last imports.
#[server(endpoint = "imports/list", protocol = Json, client = crate::whose::Caller)]
pub async fn list_imports() -> Rpc<Vec<Import>> {
    call(|desk, actor| async move { store::imports::list(&desk, &actor).await }).await
}

/// What the page of an import shows.
#[server(endpoint = "imports/view", protocol = Json, client = crate::whose::Caller)]
pub async fn view_import(id: ImportId) -> Rpc<ImportView> {
    call(|desk, actor| async move { store::imports::view(&desk, &actor, id).await }).await
}
