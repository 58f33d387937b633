//! Closed tickets that nobody has touched for long: what they say goes. The ticket itself stays as a number with its dates, its
//! state and its people, because events, counts and statistics are made of it.

use super::{docket, load};
use crate::{Desk, OrOurs, Tx, customers::forget, events, ratings, tickets::moving};
use domain::{Result, TicketId, Time, event::Happening, retention::COUNTED_MAX};
use sqlx::PgConnection;

/// How many tickets go in one transaction.
const BATCH: i64 = 500;
/// And about how many messages: who follows the events waits for its end.
const MESSAGES: i64 = 2_000;

// A ticket that has been emptied says something again when it was changed since, or a message came: one from an archive is of an
// earlier time, so it takes `emptied_at` away.

/// How many are too old; one more than [`COUNTED_MAX`] for all that are more.
pub(super) async fn count(conn: &mut PgConnection, before: Time) -> Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
               select from tickets
               where closed_at is not null and (emptied_at is null or emptied_at <= updated_at) and updated_at < $1
               order by updated_at, id limit $2) t"#,
        time::OffsetDateTime::from(before),
        COUNTED_MAX + 1,
    )
    .fetch_one(conn)
    .await
    .ours()
}

/// Empties the next ones. `false`: there are none.
pub(super) async fn step(desk: &Desk) -> Result<bool> {
    let mut tx = desk.begin().await?;
    let Some(months) = load(&mut *tx.conn).await?.tickets else { return Ok(false) };
    let before = time::OffsetDateTime::from(tx.now.months_earlier(months));
    let found = sqlx::query_scalar!(
        r#"select id as "id!" from (
               select t.id, t.updated_at, sum(m.messages) over (order by t.updated_at, t.id) - m.messages as so_far
               from (select id, updated_at from tickets
                     where closed_at is not null and (emptied_at is null or emptied_at <= updated_at) and updated_at < $1
                     order by updated_at, id limit $2) t,
                   lateral (select count(*) as messages from messages where ticket_id = t.id) m
           ) t where so_far < $3"#,
        before,
        BATCH,
        MESSAGES as i32,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    if found.is_empty() {
        return Ok(false);
    }
    // Before anything is locked or written: see `moving::take_turns`.
    moving::take_turns(&mut tx, &found).await?;
    let still = sqlx::query_scalar!(
        "select id from tickets
         where id = any($1) and closed_at is not null and (emptied_at is null or emptied_at <= updated_at) and updated_at < $2
         order by id for no key update",
        &found,
        before,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    empty(&mut tx, &still).await?;
    sqlx::query!("update retention set tickets_done = tickets_done + $1", still.len() as i64)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    tx.commit().await?;
    Ok(true)
}

/// Takes out what these tickets say. When they were changed last stays: nobody has worked on them.
async fn empty(tx: &mut Tx, tickets: &[i64]) -> Result<()> {
    let at = tx.at();
    sqlx::query!(
        "with t as (
             update tickets set subject = $2, excerpt = '', emptied_at = $3, version = version + 1 where id = any($1) returning id
         )
         update ticket_subjects s set search = to_tsvector('english', $2) from t where s.ticket_id = t.id",
        tickets,
        forget::ERASED,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let messages = sqlx::query_scalar!("select event_id from messages where ticket_id = any($1)", tickets)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    forget::empty_messages(tx, &messages).await?;
    let files = sqlx::query_scalar!("select id from attachments where ticket_id = any($1)", tickets)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    forget::delete_files(tx, &files).await?;
    let mails = sqlx::query_scalar!("select id from mails where ticket_id = any($1)", tickets)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    forget::empty_mails(tx, &mails).await?;
    sqlx::query!("delete from drafts where ticket_id = any($1)", tickets).execute(&mut *tx.conn).await.ours()?;
    sqlx::query("select events_empty($1)").bind(tickets).execute(&mut *tx.conn).await.ours()?;
    let rated = sqlx::query_scalar!(
        r#"select id as "id!" from events where ticket_id = any($1) and audience > 0 and kind = 'ticket.rated'"#,
        tickets,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    ratings::forget_comments(tx, &rated).await?;
    let said: Vec<_> = tickets.iter().map(|id| (Some(TicketId(*id)), Happening::Emptied)).collect();
    events::append_many(tx, &docket(), &said).await
}
