//! What is sent again, because its answer was lost on the way, is done once.

use crate::{OrOurs, Tx};
use domain::{Actor, Code, Error, EventId, Result, TicketId};
use rand::distr::{Alphanumeric, SampleString as _};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A key that nobody has used, for a form of a page. Nothing is secret about it: the server looks among one's own.
pub fn fresh_key() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 22)
}

/// What came of something the first time.
pub(super) struct Done {
    pub ticket: TicketId,
    pub entry: EventId,
}

/// Takes note of what somebody asks for under a key of theirs; says what came of it if they have asked before. Who asks
/// while the first is still being done waits for it here.
///
/// Errors: `Invalid` when they have asked for something else under this key.
pub(super) async fn begin(
    tx: &mut Tx,
    actor: &Actor,
    key: Option<&str>,
    asked: &impl Serialize,
) -> Result<Option<Done>> {
    let (Some(key), Some(person)) = (key, actor.user_id()) else { return Ok(None) };
    let asked = Sha256::digest(serde_json::to_vec(asked).ours()?).to_vec();
    let at = tx.at();
    let noted = sqlx::query!(
        "insert into attempts (user_id, key, asked, created_at) values ($1, $2, $3, $4) on conflict do nothing",
        person.0,
        key,
        asked,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if noted.rows_affected() == 1 {
        return Ok(None);
    }
    let before =
        sqlx::query!("select asked, ticket_id, event_id from attempts where user_id = $1 and key = $2", person.0, key)
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?;
    match before {
        Some(before) if before.asked != asked => Err(Error::new(
            Code::Invalid,
            "Something else was sent before under the same key, and it has arrived. Nothing was sent now.",
        )),
        Some(before) => match (before.ticket_id, before.event_id) {
            (Some(ticket), Some(event)) => Ok(Some(Done { ticket: TicketId(ticket), entry: EventId(event) })),
            _ => Err(crate::error::internal(&"an attempt was committed without what came of it")),
        },
        // Forgotten in this very moment, a day after the first time.
        None => Err(Error::unavailable()),
    }
}

/// Writes down what came of it, in the same transaction.
pub(super) async fn end(tx: &mut Tx, actor: &Actor, key: Option<&str>, done: &Done) -> Result<()> {
    let (Some(key), Some(person)) = (key, actor.user_id()) else { return Ok(()) };
    sqlx::query!(
        "update attempts set ticket_id = $3, event_id = $4 where user_id = $1 and key = $2",
        person.0,
        key,
        done.ticket.0,
        done.entry.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}
