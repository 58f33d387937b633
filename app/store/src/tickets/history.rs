//! Who changed what on a ticket, from what, to what, when, from which address.

use crate::{Desk, OrOurs, events};
use domain::{
    Actor, EventId, Result, TicketId, UserId,
    people::Person,
    policy::{self, Action},
    timeline::{Author, HISTORY_PAGE, History, HistoryLine},
};

/// A page of a ticket's history, newest first: what came before an entry, or the latest.
///
/// # Errors
/// `NotFound` for a ticket that is not this actor's to see; `Forbidden` for customers.
#[crate::compiled_here]
pub async fn history(desk: &Desk, actor: &Actor, id: TicketId, before: Option<EventId>) -> Result<History> {
    policy::demand_somebody(actor)?;
    let mut conn = desk.read().await?;
    let ticket = super::row::load(&mut conn, id).await?;
    policy::demand(actor, Action::SeeTicket, Some(ticket.facts()))?;
    policy::demand(actor, Action::SeeInternal, Some(ticket.facts()))?;
    let rows = sqlx::query!(
        "select id, at, actor_id, actor_name, actor_staff, address, kind, data from events
         where ticket_id = $1 and audience > 0 and id < $2 order by id desc limit $3",
        id.0,
        before.map_or(i64::MAX, |e| e.0),
        HISTORY_PAGE + 1,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let more = rows.len() as i64 > HISTORY_PAGE;
    let lines = rows
        .into_iter()
        .take(HISTORY_PAGE as usize)
        .map(|row| {
            Ok(HistoryLine {
                id: EventId(row.id),
                at: row.at.into(),
                by: Author {
                    person: row.actor_id.map(|id| Person {
                        id: UserId(id),
                        name: row.actor_name.clone(),
                        picture: None,
                    }),
                    name: row.actor_name,
                    staff: row.actor_staff,
                },
                address: row.address,
                what: events::join(row.kind, row.data)?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(History { ticket, lines, more, workflow: desk.catalog().workflow.clone() })
}
