//! Clearing up what nobody needs any more, a little at a time.

use crate::{
    Desk, OrOurs,
    accounts::session::IDLE_MS,
    errands,
    jobs::{self, Work},
    retention, zones,
};
use domain::Result;
use object_store::{ObjectStoreExt, path::Path};

/// How often, in milliseconds.
pub const EVERY_MS: i64 = 3_600_000;
/// Uploads that were never sent are kept this long, in milliseconds: a day.
const UNSENT_MS: i64 = 86_400_000;
/// Those of staff, which belong to what they have begun to write: 30 days, and as long as there is a text to them.
const DRAFTED_MS: i64 = 30 * UNSENT_MS;
/// Failed tries to sign in are forgotten after this, in milliseconds: a day.
const TRIES_MS: i64 = 86_400_000;
/// An app for codes whose setting up was never ended is forgotten after this, in milliseconds: an hour.
const BEGUN_MS: i64 = 3_600_000;
/// What was sent under a key may be sent again this long, in milliseconds: a day.
const ATTEMPTS_MS: i64 = 86_400_000;
/// Files that were brought in are kept this long, with what was refused of them, in milliseconds: 7 days.
const IMPORTS_MS: i64 = 7 * 86_400_000;
/// Tokens that have run out are shown this long, in milliseconds: 30 days.
const ENDED_MS: i64 = 30 * 86_400_000;
/// Mails that were given up are listed this long, with whom they were for, in milliseconds: 30 days.
const GIVEN_UP_MS: i64 = 30 * 86_400_000;
/// How many rows go in one transaction.
const BATCH: i64 = 500;

/// Ends sessions and links that have run out, forgets old tries to sign in and keys of what was sent, and removes uploads that were never sent.
#[crate::compiled_here]
pub async fn sweep(desk: &Desk) -> Result<()> {
    let now = desk.now();
    let before = |millis: i64| time::OffsetDateTime::from(now.plus_millis(-millis));
    sqlx::query!("delete from sessions where expires_at < $1 or last_used_at < $2", before(0), before(IDLE_MS))
        .execute(desk.pool())
        .await
        .ours()?;
    sqlx::query!("delete from sign_in_throttle where last_failure_at < $1", before(TRIES_MS))
        .execute(desk.pool())
        .await
        .ours()?;
    sqlx::query!("delete from outside_visits where expires_at < $1", before(0)).execute(desk.pool()).await.ours()?;
    sqlx::query!("delete from account_links where expires_at < $1", before(0)).execute(desk.pool()).await.ours()?;
    sqlx::query!("delete from sign_ins_begun where expires_at < $1", before(0)).execute(desk.pool()).await.ours()?;
    sqlx::query!("delete from passkey_questions where expires_at < $1", before(0)).execute(desk.pool()).await.ours()?;
    sqlx::query!("delete from totp where confirmed_at is null and begun_at < $1", before(BEGUN_MS))
        .execute(desk.pool())
        .await
        .ours()?;
    sqlx::query!("delete from api_tokens where expires_at < $1", before(ENDED_MS)).execute(desk.pool()).await.ours()?;
    sqlx::query!("delete from attempts where created_at < $1", before(ATTEMPTS_MS))
        .execute(desk.pool())
        .await
        .ours()?;
    sqlx::query!("delete from jobs where kind = 'letter' and failed_at < $1", before(GIVEN_UP_MS))
        .execute(desk.pool())
        .await
        .ours()?;
    errands::revive(desk).await?;
    retention::plan(desk).await?;
    zones::refresh(&mut *desk.pool().acquire().await.ours()?).await?;
    let mut tx = desk.begin().await?;
    let mut gone = sqlx::query_scalar!("delete from imports where created_at < $1 returning path", before(IMPORTS_MS))
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    // Of a person's data only that they were taken out is kept, in the events.
    let exports = sqlx::query_scalar!("delete from exports where expires_at < $1 returning path", before(0))
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    gone.extend(exports.into_iter().flatten());
    for key in gone {
        jobs::enqueue(&mut tx, &Work::DeleteFile { key }, now, -5, None).await?;
    }
    tx.commit_quietly().await?;
    loop {
        let mut tx = desk.begin().await?;
        let gone = sqlx::query_scalar!(
            "delete from attachments where id in (
                 select a.id from attachments a where a.event_id is null and a.created_at < $1
                     and (a.deleted_at is not null
                         or not exists (select 1 from users u where u.id = a.uploader_id and u.role <> 'customer')
                         or a.created_at < $2 and not exists (
                             select 1 from drafts d where d.user_id = a.uploader_id and d.ticket_id = a.ticket_id))
                 order by a.created_at limit $3 for update of a skip locked)
             returning path",
            before(UNSENT_MS),
            before(DRAFTED_MS),
            BATCH,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
        let count = gone.len() as i64;
        for key in gone {
            jobs::enqueue(&mut tx, &Work::DeleteFile { key }, now, -5, None).await?;
        }
        tx.commit_quietly().await?;
        if count < BATCH {
            return Ok(());
        }
    }
}

/// Removes a file's bytes. That they are gone already is as good.
#[crate::compiled_here]
pub async fn delete_file(desk: &Desk, path: &str) -> Result<()> {
    match desk.files().delete(&Path::from(path)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(cause) => Err(crate::error::of_files(cause)),
    }
}
