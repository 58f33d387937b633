//! Operations on tickets.

pub mod attachments;
pub mod board;
pub mod change;
pub mod create;
pub mod draft;
pub mod history;
pub mod list;
pub mod message;
pub(crate) mod moving;
mod once;
pub mod remote_images;
pub mod row;
pub mod search;
pub mod timeline;
pub mod view;
pub mod watch;

pub use once::fresh_key;

use crate::{Desk, OrOurs, Tx};
use domain::{
    Actor, Error, Result, TicketId,
    policy::{self, Action},
    ticket::Ticket,
};

/// Whether the actor may do this to a ticket, for whoever has to know before the input is looked at.
///
/// Errors: `SignedOut`, `NotFound`, `Forbidden`.
#[crate::compiled_here]
pub async fn demand(desk: &Desk, actor: &Actor, id: TicketId, action: Action) -> Result<()> {
    policy::demand_somebody(actor)?;
    let ticket = row::load(&mut *desk.read().await?, id).await?;
    policy::demand(actor, action, Some(ticket.facts()))
}

/// A ticket that this transaction holds: nobody else changes it until the end.
pub(crate) struct Held {
    pub ticket: Ticket,
    /// The newest message on it.
    pub last_message: Option<domain::EventId>,
}

/// Takes hold of a ticket for a change, if the actor may do this to it.
///
/// The advisory lock comes first, before this transaction has written anything: it gets its transaction id only after its
/// turn has come. So the events of one ticket are in the order of their positions, which live updates rely on.
pub(crate) async fn hold(tx: &mut Tx, actor: &Actor, id: TicketId, action: Action) -> Result<Held> {
    // To a visitor, a ticket that is not there looks like any other.
    policy::demand_somebody(actor)?;
    take_turn(tx, id).await?;
    let held = row::held(&mut tx.conn, id).await?.ok_or_else(|| Error::not_found("ticket"))?;
    policy::demand(actor, action, Some(held.ticket.facts()))?;
    Ok(held)
}

/// Waits until nobody else writes on this ticket, and keeps others waiting until the end of the transaction.
async fn take_turn(tx: &mut Tx, id: TicketId) -> Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashint8extended($1, 1))")
        .bind(id.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// A ticket as this actor may know it.
fn for_actor(actor: &Actor, ticket: Ticket) -> Ticket {
    let internal = policy::may(actor, Action::SeeInternal, Some(ticket.facts()));
    if internal { ticket } else { view::for_customers(ticket) }
}
