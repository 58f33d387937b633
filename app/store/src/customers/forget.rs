//! Taking somebody out of all they have taken part in: a batch of it at a time, or all of it at once.

use crate::{
    OrOurs, Tx,
    jobs::{self, Work},
    ratings,
    tickets::moving,
};
use domain::Result;

/// What is written in the place of what was erased.
pub(crate) const ERASED: &str = "Erased";

/// Who is forgotten.
pub(crate) struct Person {
    /// Their numbers, and those of who was merged into them.
    pub ids: Vec<i64>,
    /// In lower case.
    pub addresses: Vec<String>,
    /// What they wrote goes, too.
    pub messages: bool,
    /// Who comes later with one of the addresses is somebody else.
    pub until: time::OffsetDateTime,
}

/// How far it has come: which part is being done, and up to which number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub part: i16,
    pub reached: i64,
}

/// What one part has done in a batch: up to which number, and how many.
type Batch = Option<(i64, usize)>;

/// What is done by taking away what is found first has no number to go on from.
fn unless_none(count: usize) -> Batch {
    (count > 0).then_some((0, count))
}

/// How many there are of what most of the work is.
pub(super) async fn count(tx: &mut Tx, ids: &[i64]) -> Result<i64> {
    sqlx::query_scalar!(
        r#"select (select count(*) from events where actor_id = any($1))
                + (select count(*) from tickets where requester_id = any($1)) as "count!""#,
        ids,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()
}

/// Does the next batch, of at most `limit`. Returns where to go on and how many it were; `None`: all is done.
///
/// It takes the turns of the tickets before it writes: see [`moving::take_turns`].
pub(crate) async fn step(tx: &mut Tx, person: &Person, place: Place, limit: i64) -> Result<Option<(Place, usize)>> {
    let Place { mut part, mut reached } = place;
    loop {
        let batch = match part {
            0 => acts(tx, person, reached, limit).await?,
            1 => requests(tx, person, reached, limit).await?,
            2 => uploads(tx, person, limit).await?,
            3 => mails(tx, person, limit).await?,
            4 => said_of_them(tx, person, reached, limit).await?,
            5 => places(tx, person, limit).await?,
            _ => return Ok(None),
        };
        if let Some((reached, count)) = batch {
            return Ok(Some((Place { part, reached }, count)));
        }
        (part, reached) = (part + 1, 0);
    }
}

/// What they did: messages, files, mails and the events themselves.
///
/// Somebody's events have an index in the order of their numbers. By `= any` and an order that names the person PostgreSQL has to
/// take it: it could go through the events of everybody in the order of all numbers else, to their end for who did little.
async fn acts(tx: &mut Tx, person: &Person, reached: i64, limit: i64) -> Result<Batch> {
    let rows = sqlx::query!(
        r#"select e.id as "id!", e.ticket_id from unnest($1::bigint[]) p, lateral (
               select id, ticket_id from events where actor_id = any(array[p]) and id > $2
               order by actor_id desc, id limit $3) e
           order by e.id limit $3"#,
        &person.ids,
        reached,
        limit,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let Some(last) = rows.last().map(|r| r.id) else { return Ok(None) };
    let mut tickets: Vec<i64> = rows.iter().filter_map(|r| r.ticket_id).collect();
    tickets.sort_unstable();
    tickets.dedup();
    moving::take_turns(tx, &tickets).await?;
    let events: Vec<i64> = rows.iter().map(|r| r.id).collect();
    if person.messages {
        empty_messages(tx, &events).await?;
    }
    let files = sqlx::query_scalar!("select id from attachments where event_id = any($1)", &events)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    delete_files(tx, &files).await?;
    let mails = sqlx::query_scalar!("select id from mails where event_id = any($1)", &events)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    empty_mails(tx, &mails).await?;
    forget(tx, person, &events).await?;
    ratings::forget_comments(tx, &events).await?;
    touched(tx, person, &tickets).await?;
    Ok(Some((last, rows.len())))
}

/// Takes out what these messages say.
pub(crate) async fn empty_messages(tx: &mut Tx, messages: &[i64]) -> Result<()> {
    sqlx::query!(
        "update messages set body = '', html = '<p><em>' || $2 || '</em></p>', markdown = null, quoted_html = null,
             foreign_html = false
         where event_id = any($1)",
        messages,
        ERASED,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// Their tickets.
async fn requests(tx: &mut Tx, person: &Person, reached: i64, limit: i64) -> Result<Batch> {
    let tickets = sqlx::query_scalar!(
        // Found before they are put in order, or all tickets there are could be gone through.
        r#"select id as "id!" from (select id from tickets where requester_id = any($1) and id > $2 offset 0) t
           order by id limit $3"#,
        &person.ids,
        reached,
        limit,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let Some(last) = tickets.last().copied() else { return Ok(None) };
    moving::take_turns(tx, &tickets).await?;
    if person.messages {
        sqlx::query!(
            "with t as (update tickets set subject = $2, excerpt = '' where id = any($1) returning id)
             update ticket_subjects s set search = to_tsvector('english', $2) from t where s.ticket_id = t.id",
            &tickets,
            ERASED,
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    }
    touched(tx, person, &tickets).await?;
    Ok(Some((last, tickets.len())))
}

/// What else names them on these tickets, and that there is something new: open pages and lists are told by the version.
async fn touched(tx: &mut Tx, person: &Person, tickets: &[i64]) -> Result<()> {
    let named = sqlx::query_scalar!(
        "select id from events where ticket_id = any($1)
             and kind in ('ticket.requester', 'ticket.joined', 'ticket.watch') and audience > 0",
        tickets,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    forget(tx, person, &named).await?;
    sqlx::query!("update tickets set version = version + 1 where id = any($1)", tickets)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Takes them out of these events. Nothing else may change an event.
async fn forget(tx: &mut Tx, person: &Person, events: &[i64]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    sqlx::query("select events_forget($1, $2, $3)")
        .bind(&person.ids)
        .bind(&person.addresses)
        .bind(events)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Takes these files out: of whom they were and what they were called.
pub(crate) async fn delete_files(tx: &mut Tx, files: &[i64]) -> Result<()> {
    let at = tx.at();
    let paths = sqlx::query_scalar!(
        "update attachments set deleted_at = coalesce(deleted_at, $2), deleted_by = coalesce(deleted_by, $3), name = $3
         where id = any($1) returning path",
        files,
        at,
        ERASED,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    remove(tx, paths).await
}

/// Takes these mails out. That they came stays known, by a number that tells nothing: taken in again they would all come back.
pub(crate) async fn empty_mails(tx: &mut Tx, mails: &[i64]) -> Result<()> {
    let at = tx.at();
    let raw = sqlx::query_scalar!(
        "update mails set from_address = null, subject = '',
             discarded_at = case when problem is null then discarded_at else coalesce(discarded_at, $2) end
         where id = any($1) returning raw_key",
        mails,
        at,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    remove(tx, raw).await
}

/// Files that they have sent otherwise, and what was taken out of Docket for them.
async fn uploads(tx: &mut Tx, person: &Person, limit: i64) -> Result<Batch> {
    let files = sqlx::query_scalar!(
        "select id from attachments where uploader_id = any($1) and (deleted_at is null or name <> $2) limit $3",
        &person.ids,
        ERASED,
        limit,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    delete_files(tx, &files).await?;
    let exports = sqlx::query_scalar!("delete from exports where user_id = any($1) returning path", &person.ids)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    let count = files.len() + exports.len();
    remove(tx, exports.into_iter().flatten().collect()).await?;
    Ok(unless_none(count))
}

/// Mails of theirs that have become no message.
async fn mails(tx: &mut Tx, person: &Person, limit: i64) -> Result<Batch> {
    let mails = sqlx::query_scalar!(
        "select id from mails where lower(from_address) = any($1) and taken_at <= $2 limit $3",
        &person.addresses,
        person.until,
        limit,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    empty_mails(tx, &mails).await?;
    Ok(unless_none(mails.len()))
}

/// What the log says of them.
async fn said_of_them(tx: &mut Tx, person: &Person, reached: i64, limit: i64) -> Result<Batch> {
    let events = sqlx::query_scalar!(
        r#"select id as "id!" from (
               select id from events where ticket_id is null and id > $3
                   and coalesce(data->'who'->>'id', data->>'customer', data->>'user') = any($1::bigint[]::text[])
               union select id from events where ticket_id is null and id > $3 and lower(data->>'email') = any($2)
                   and kind in ('account.sign_in_failed', 'account.registered', 'account.registration_asked',
                                'account.reset_asked', 'account.locked') and at <= $4
           ) e order by id limit $5"#,
        &person.ids,
        &person.addresses,
        reached,
        person.until,
        limit,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let Some(last) = events.last().copied() else { return Ok(None) };
    forget(tx, person, &events).await?;
    Ok(Some((last, events.len())))
}

/// What they watched, and had begun to write.
async fn places(tx: &mut Tx, person: &Person, limit: i64) -> Result<Batch> {
    let watched = sqlx::query!(
        "delete from ticket_watchers where (ticket_id, user_id) in
             (select ticket_id, user_id from ticket_watchers where user_id = any($1) limit $2)",
        &person.ids,
        limit,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let begun = sqlx::query!(
        "delete from drafts where ctid = any(array(select ctid from drafts where user_id = any($1) limit $2))",
        &person.ids,
        limit,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(unless_none((watched.rows_affected() + begun.rows_affected()) as usize))
}

/// Has the bytes of files removed once this is true.
async fn remove(tx: &mut Tx, paths: Vec<String>) -> Result<()> {
    let now = tx.now;
    for key in paths {
        jobs::enqueue(tx, &Work::DeleteFile { key }, now, -5, None).await?;
    }
    Ok(())
}
