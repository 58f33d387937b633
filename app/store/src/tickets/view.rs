//! All that a ticket's page shows at first, in as few statements as can be.

use super::{draft, row, timeline};
use crate::{Desk, OrOurs, render};
use domain::{
    Actor, Error, Result, TicketId,
    event::Position,
    policy::{self, Action},
    timeline::{Part, TicketView},
};
use sqlx::Row;

/// A ticket with a part of its timeline. Two statements: the ticket with this person's drafts and their files, the
/// timeline with its files.
///
/// Errors: `NotFound` for a ticket that is not there, and for one that is not this actor's to see.
#[crate::compiled_here]
pub async fn view(desk: &Desk, actor: &Actor, id: TicketId, part: Part) -> Result<TicketView> {
    policy::demand_somebody(actor)?;
    let mut conn = desk.read().await?;
    // The position is of this first statement's snapshot: whatever the later ones see beyond it comes over the socket
    // once more, which does no harm; nothing can fall in between.
    let sql = format!(
        "select {}, r.email, pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
             exists (select 1 from ticket_watchers w where w.ticket_id = t.id and w.user_id = $2), {}, {},
             (select u.signature from users u where u.id = $2 and u.signature <> '')
         from tickets t {} where t.id = $1",
        row::COLUMNS,
        draft::COLUMN,
        draft::FILES,
        row::JOINS
    );
    let found = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id.0)
        .bind(actor.user_id().map(|u| u.0))
        .fetch_optional(&mut *conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("ticket"))?;
    let ticket = row::from_row(&found)?;
    policy::demand(actor, Action::SeeTicket, Some(ticket.facts()))?;
    let internal = policy::may(actor, Action::SeeInternal, Some(ticket.facts()));
    let slice = timeline::slice(&mut conn, id, timeline::audience(actor, ticket.facts()), part).await?;
    conn.done();
    let drafts = draft::from_json(found.try_get(row::WIDTH + 3).ours()?)?;
    // In the portal the tab keeps them.
    let unsent = match internal {
        true => draft::files_from_json(found.try_get(row::WIDTH + 4).ours()?)?,
        false => Vec::new(),
    };
    // Shown to who answers; what is sent is read again then.
    let signature: Option<String> = found.try_get(row::WIDTH + 5).ours()?;
    let signature = signature.filter(|_| internal && actor.user_id() != Some(ticket.requester.id));
    let catalog = desk.catalog();
    let tags = if internal { catalog.tags_of(&ticket.tags) } else { Vec::new() };
    let requester_email: String = found.try_get(row::WIDTH).ours()?;
    Ok(TicketView {
        requester_email,
        slice,
        tags,
        watching: found.try_get(row::WIDTH + 2).ours()?,
        drafts,
        unsent,
        signature: signature.map(|text| render::markdown(&text)).unwrap_or_default(),
        position: Position { transaction: found.try_get(row::WIDTH + 1).ours()?, id: 0 },
        workflow: if internal { catalog.workflow.clone() } else { catalog.workflow.for_customers() },
        ticket: if internal { ticket } else { for_customers(ticket) },
    })
}

/// A ticket without what only staff may know.
pub fn for_customers(mut ticket: domain::ticket::Ticket) -> domain::ticket::Ticket {
    ticket.tags.clear();
    ticket.rank.clear();
    // Neither the time nor the count of changes tells that somebody wrote a note.
    ticket.updated_at = ticket.public_at;
    ticket.version = ticket.public_at.0;
    ticket.assignee = None;
    ticket.team = None;
    ticket
}
