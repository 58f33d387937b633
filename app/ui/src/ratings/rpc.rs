//! Server functions for ratings. What is said is sent as plain forms.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::{
    TicketId, UserId,
    page::Page,
    rating::{AskedByMail, Question, Rated, Settings},
};
use leptos::prelude::*;

/// Whether I am asked how my ticket was solved, and what I have said.
#[server(endpoint = "ratings/asked", protocol = Json, client = crate::whose::Caller)]
pub async fn asked(id: TicketId) -> Rpc<Option<Question>> {
    call(|desk, actor| async move { store::ratings::asked(&desk, &actor, id).await }).await
}

/// What the link of a mail asks about.
#[server(endpoint = "ratings/by_mail", protocol = Json, client = crate::whose::Caller)]
pub async fn opened(token: String) -> Rpc<AskedByMail> {
    call(|desk, actor| async move { store::ratings::by_mail::opened(&desk, &actor, &token).await }).await
}

/// A page of the ratings of a customer.
#[server(endpoint = "ratings/of_customer", protocol = Json, client = crate::whose::Caller)]
pub async fn of_customer(id: UserId, after: Option<String>) -> Rpc<Page<Rated>> {
    call(|desk, actor| async move {
        store::ratings::of_customer(&mut *desk.read().await?, &actor, id, after.as_deref()).await
    })
    .await
}

/// Who is asked, and when.
#[server(endpoint = "settings/satisfaction", protocol = Json, client = crate::whose::Caller)]
pub async fn in_force() -> Rpc<Settings> {
    call(|desk, actor| async move { store::ratings::settings::get(&desk, &actor).await }).await
}
