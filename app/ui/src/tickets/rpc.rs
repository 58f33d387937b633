//! Server functions for tickets. Each is a shell over one operation.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::{
    EventId, TicketId,
    attachment::Attachment,
    company::CompanyName,
    page::Page,
    people::{Contact, Person},
    search::Found,
    ticket::{Change, Filter, NewMessage, NewTicket, Ticket},
    timeline::{Draft, History, Part, Slice, TicketView},
};
use leptos::prelude::*;

/// A page of tickets.
#[server(endpoint = "tickets/list", protocol = Json, client = crate::whose::Caller)]
pub async fn list(filter: Filter) -> Rpc<Page<Ticket>> {
    call(|desk, actor| async move { store::tickets::list::list(&desk, &actor, &filter).await }).await
}

/// All that a ticket's page shows at first.
#[server(endpoint = "tickets/view", protocol = Json, client = crate::whose::Caller)]
pub async fn view(id: TicketId, part: Part) -> Rpc<TicketView> {
    call(|desk, actor| async move { store::tickets::view::view(&desk, &actor, id, part).await }).await
}

/// More of a timeline.
#[server(endpoint = "tickets/timeline", protocol = Json, client = crate::whose::Caller)]
pub async fn timeline(id: TicketId, part: Part) -> Rpc<Slice> {
    call(|desk, actor| async move { store::tickets::timeline::read(&mut *desk.read().await?, &actor, id, part).await })
        .await
}

/// Who did what to a ticket. Staff only.
#[server(endpoint = "tickets/history", protocol = Json, client = crate::whose::Caller)]
pub async fn read_history(id: TicketId, before: Option<EventId>) -> Rpc<History> {
    call(|desk, actor| async move { store::tickets::history::history(&desk, &actor, id, before).await }).await
}

#[server(endpoint = "tickets/create", protocol = Json, client = crate::whose::Caller)]
pub async fn create(ticket: NewTicket) -> Rpc<Ticket> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        let made = store::tickets::create::create(&mut tx, &actor, ticket).await?;
        tx.commit().await?;
        Ok(made)
    })
    .await
}

/// Adds a reply or a note. Returns the ticket as it is then, and the new entry's id.
#[server(endpoint = "tickets/write", protocol = Json, client = crate::whose::Caller)]
pub async fn write(id: TicketId, message: NewMessage) -> Rpc<(Ticket, EventId)> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        let written = store::tickets::message::write(&mut tx, &actor, id, message).await?;
        tx.commit().await?;
        Ok(written)
    })
    .await
}

#[server(endpoint = "tickets/change", protocol = Json, client = crate::whose::Caller)]
pub async fn change_ticket(id: TicketId, change: Change) -> Rpc<Ticket> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        let changed = store::tickets::change::change(&mut tx, &actor, id, change).await?;
        tx.commit().await?;
        Ok(changed)
    })
    .await
}

#[server(endpoint = "tickets/watch", protocol = Json, client = crate::whose::Caller)]
pub async fn watch(id: TicketId, on: bool) -> Rpc<()> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        store::tickets::watch::watch(&mut tx, &actor, id, on).await?;
        tx.commit().await
    })
    .await
}

#[server(endpoint = "tickets/draft", protocol = Json, client = crate::whose::Caller)]
pub async fn save_draft(id: TicketId, draft: Draft) -> Rpc<()> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        store::tickets::draft::save(&mut tx, &actor, id, draft).await?;
        tx.commit().await
    })
    .await
}

/// A text as the message made of it would look: rendered where messages are, so that both are the same.
#[server(endpoint = "tickets/preview", protocol = Json, client = crate::whose::Caller)]
pub async fn preview(body: String) -> Rpc<String> {
    call(|_, actor| async move {
        actor.signed_in()?;
        let mut problems = domain::error::Problems::default();
        domain::ticket::check_body(&body, true, &mut problems);
        problems.check()?;
        Ok(store::render::markdown(&body))
    })
    .await
}

#[server(endpoint = "tickets/attachments", protocol = Json, client = crate::whose::Caller)]
pub async fn attachments(id: TicketId) -> Rpc<Vec<Attachment>> {
    call(|desk, actor| async move { store::tickets::attachments::of_ticket(&desk, &actor, id).await }).await
}

#[server(endpoint = "tickets/search", protocol = Json, client = crate::whose::Caller)]
pub async fn search(words: String, #[server(default)] from: u16) -> Rpc<Found> {
    call(|desk, actor| async move { store::tickets::search::search(&desk, &actor, &words, from.into()).await }).await
}

/// Everybody a ticket may be assigned to.
#[server(endpoint = "people/staff", protocol = Json, client = crate::whose::Caller)]
pub async fn staff() -> Rpc<Vec<Person>> {
    call(|desk, actor| async move { store::people::staff(&mut *desk.read().await?, &actor).await }).await
}

/// Companies to filter by.
#[server(endpoint = "people/companies", protocol = Json, client = crate::whose::Caller)]
pub async fn companies() -> Rpc<Vec<CompanyName>> {
    call(|desk, actor| async move { store::people::companies(&mut *desk.read().await?, &actor).await }).await
}

/// Customers whose name or address begins with the text.
#[server(endpoint = "people/find", protocol = Json, client = crate::whose::Caller)]
pub async fn find_customers(text: String) -> Rpc<Vec<Contact>> {
    call(|desk, actor| async move { store::people::find_customers(&mut *desk.read().await?, &actor, &text).await })
        .await
}
