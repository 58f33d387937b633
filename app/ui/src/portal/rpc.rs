//! Server functions for the portal. They read as the customer whom everybody is here: staff, too, find what they have asked
//! for themselves and nothing internal about it.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::{
    TicketId,
    page::Page,
    search::Found,
    ticket::{Filter, Ticket},
    timeline::{Part, Slice, TicketView},
};
use leptos::prelude::*;

/// A page of my tickets.
#[server(endpoint = "portal/list", protocol = Json, client = crate::whose::Caller)]
pub async fn list(filter: Filter) -> Rpc<Page<Ticket>> {
    call(|desk, actor| async move { store::tickets::list::list(&desk, &actor.as_customer(), &filter).await }).await
}

#[server(endpoint = "portal/search", protocol = Json, client = crate::whose::Caller)]
pub async fn search(words: String, #[server(default)] from: u16) -> Rpc<Found> {
    call(|desk, actor| async move {
        store::tickets::search::search(&desk, &actor.as_customer(), &words, from.into()).await
    })
    .await
}

/// All that a ticket's page shows at first.
#[server(endpoint = "portal/view", protocol = Json, client = crate::whose::Caller)]
pub async fn view(id: TicketId, part: Part) -> Rpc<TicketView> {
    call(|desk, actor| async move { store::tickets::view::view(&desk, &actor.as_customer(), id, part).await }).await
}

/// More of a timeline.
#[server(endpoint = "portal/timeline", protocol = Json, client = crate::whose::Caller)]
pub async fn timeline(id: TicketId, part: Part) -> Rpc<Slice> {
    call(|desk, actor| async move {
        store::tickets::timeline::read(&mut *desk.read().await?, &actor.as_customer(), id, part).await
    })
    .await
}
