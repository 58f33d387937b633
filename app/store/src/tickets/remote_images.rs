//! Remote pictures of mails: where they are, for whoever may read the mail.

use crate::{Desk, OrOurs};
use domain::{
    Actor, CompanyId, Error, EventId, Result, TeamId, UserId,
    policy::{self, Action},
    remote_images,
};

/// The sender's address of the n-th remote picture of a message, counted from 0.
///
/// Errors: `NotFound` when there is none, and when the actor may not read the message.
#[crate::compiled_here]
pub async fn source(desk: &Desk, actor: &Actor, event: EventId, n: usize) -> Result<String> {
    let not_found = || Error::not_found("picture");
    let found = sqlx::query!(
        "select m.html, m.quoted_html, e.audience, t.requester_id, t.company_id, t.assignee_id, t.team_id
         from messages m join events e on e.id = m.event_id join tickets t on t.id = m.ticket_id
         where m.event_id = $1 and m.foreign_html",
        event.0,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?
    .ok_or_else(not_found)?;
    let facts = policy::TicketFacts {
        requester: UserId(found.requester_id),
        company: found.company_id.map(CompanyId),
        assignee: found.assignee_id.map(UserId),
        team: found.team_id.map(TeamId),
    };
    let action = if found.audience == 2 { Action::SeeTicket } else { Action::SeeInternal };
    if !policy::may(actor, action, Some(facts)) {
        return Err(not_found());
    }
    let quoted = found.quoted_html.unwrap_or_default();
    let source = remote_images::sources(&found.html).chain(remote_images::sources(&quoted)).nth(n);
    source.map(Into::into).ok_or_else(not_found)
}
