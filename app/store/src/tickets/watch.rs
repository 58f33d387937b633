//! Watching a ticket: being told of what happens on it.

use super::hold;
use crate::{OrOurs, Tx, events};
use domain::{Actor, Result, TicketId, UserId, event::Happening, people::Person, policy::Action};

/// Starts or stops watching. Doing it twice changes nothing.
#[crate::compiled_here]
pub async fn watch(tx: &mut Tx, actor: &Actor, id: TicketId, on: bool) -> Result<()> {
    hold(tx, actor, id, Action::Watch).await?;
    let person = actor.signed_in()?;
    let changed = if on {
        sqlx::query!(
            "insert into ticket_watchers (ticket_id, user_id) values ($1, $2) on conflict do nothing",
            id.0,
            person.id.0,
        )
        .execute(&mut *tx.conn)
        .await
    } else {
        sqlx::query!("delete from ticket_watchers where ticket_id = $1 and user_id = $2", id.0, person.id.0)
            .execute(&mut *tx.conn)
            .await
    };
    if changed.ours()?.rows_affected() > 0 {
        let who = Person { id: person.id, name: person.name.clone(), picture: None };
        events::append(tx, actor, Some(id), &Happening::Watch { who, on }).await?;
    }
    Ok(())
}

/// Lets a person watch who has just been given the ticket. That they got it is on the timeline already.
pub(super) async fn begin(tx: &mut Tx, id: TicketId, user: UserId) -> Result<()> {
    sqlx::query!(
        "insert into ticket_watchers (ticket_id, user_id) values ($1, $2) on conflict do nothing",
        id.0,
        user.0
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}
