//! Work that can fail or wait. A job is enqueued in the transaction of what needs it, so that it exists if and only if
//! the change does.

use crate::{Desk, OrOurs, Tx, accounts::Letter};
use domain::{ErrandId, ExportId, FieldId, ImportId, MailId, Result, Time, UserId, fields::Subject};
use serde::{Deserialize, Serialize};

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum Work {
    /// Remove a file's bytes after its row was marked deleted.
    DeleteFile { key: String },
    /// Clear away ended sessions, old failed tries and uploads that were never sent. Plans itself again.
    Sweep,
    /// Give all tickets the priorities of a changed table. `again`: those that were being written meanwhile.
    ApplyPriorities { again: bool },
    /// Erase what is not kept any longer.
    Retain,
    /// Try a mail of the quarantine again, as this person has asked for.
    TryMail { mail: MailId, by: UserId },
    /// Go on with what is done to very many tickets. `again`: it is over, but for those that were being opened meanwhile.
    Errand { errand: ErrandId, again: bool },
    /// Send somebody a mail about their account.
    Letter { letter: Letter },
    /// Go on with a file of customers or companies.
    Import { import: ImportId },
    /// Clear away what was filled into a field that was deleted.
    ClearField { field: FieldId, of: Subject },
    /// Gather all that is known of a person into a file.
    Export { export: ExportId },
}

/// A job as a worker takes it.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: i64,
    pub work: Work,
    pub attempts: i32,
    pub max_attempts: i32,
}

/// How long after a worker was last heard of another one takes its job over, in milliseconds.
const TAKEN_MS: i64 = 60_000;
/// How long one is set aside that only a newer release knows, in milliseconds.
const ASIDE_MS: i64 = 5 * 60_000;

/// Enqueues work. With a `dedupe` key at most one such job waits: a second one is not enqueued.
#[crate::compiled_here]
pub async fn enqueue(tx: &mut Tx, work: &Work, run_at: Time, priority: i16, dedupe: Option<&str>) -> Result<()> {
    let mut parts = serde_json::to_value(work).ours()?;
    let kind = parts["kind"].as_str().unwrap_or_default().to_owned();
    let data = parts["data"].take();
    let at = tx.at();
    sqlx::query!(
        "insert into jobs (kind, data, priority, run_at, dedupe_key, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (dedupe_key) where dedupe_key is not null and failed_at is null do nothing",
        kind,
        data,
        priority,
        time::OffsetDateTime::from(run_at),
        dedupe,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    tx.enqueued |= run_at <= tx.now;
    Ok(())
}

/// Takes the next job that is due, for a while: see [`still_at`]. Another worker's jobs are passed over, not waited for.
///
/// From then on it no longer waits, so the same work may be enqueued again: what changes while it is done is not missed.
#[crate::compiled_here]
pub async fn take(tx: &mut Tx) -> Result<Option<Job>> {
    let now = tx.at();
    let until = time::OffsetDateTime::from(tx.now.plus_millis(TAKEN_MS));
    let row = sqlx::query!(
        "update jobs set taken_until = $2, attempts = attempts + 1, dedupe_key = null
         where id = (
             select id from jobs
             where failed_at is null and run_at <= $1 and (taken_until is null or taken_until < $1)
             order by priority desc, run_at, id limit 1 for update skip locked)
         returning id, kind, data, attempts, max_attempts",
        now,
        until,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let Some(row) = row else { return Ok(None) };
    let work = serde_json::from_value(serde_json::json!({ "kind": row.kind, "data": row.data })).ours();
    match work {
        Ok(work) => Ok(Some(Job { id: row.id, work, attempts: row.attempts, max_attempts: row.max_attempts })),
        Err(error) => {
            // A newer release enqueued it: set it aside for that one instead of failing it.
            let later = time::OffsetDateTime::from(tx.now.plus_millis(ASIDE_MS));
            sqlx::query!(
                "update jobs set taken_until = null, attempts = attempts - 1, run_at = $2, last_error = $3 where id = $1",
                row.id,
                later,
                error.message,
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
            Ok(None)
        }
    }
}

/// Says that a worker is still at its job. Whoever is not heard of for a minute has died, and another one takes the job over.
#[crate::compiled_here]
pub async fn still_at(desk: &Desk, job: &Job) -> Result<()> {
    sqlx::query!(
        "update jobs set taken_until = $3 where id = $1 and attempts = $2 and taken_until is not null",
        job.id,
        job.attempts,
        time::OffsetDateTime::from(desk.now().plus_millis(TAKEN_MS)),
    )
    .execute(desk.pool())
    .await
    .ours()?;
    Ok(())
}

/// It is done. A worker that was too slow, whose job another one has taken since, no longer decides over it.
#[crate::compiled_here]
pub async fn finish(tx: &mut Tx, job: &Job) -> Result<()> {
    sqlx::query!("delete from jobs where id = $1 and attempts = $2", job.id, job.attempts)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// It failed: try again after a pause that grows from 10 seconds to 6 hours, or give it up to the dead letters.
#[crate::compiled_here]
pub async fn fail(tx: &mut Tx, job: &Job, cause: &str) -> Result<()> {
    let pause = (10_000_i64 << (job.attempts - 1).clamp(0, 12)).min(6 * 3_600_000);
    let next = time::OffsetDateTime::from(tx.now.plus_millis(pause));
    let failed = (job.attempts >= job.max_attempts).then(|| tx.at());
    put_back(tx, job, cause, next, failed).await
}

/// It failed, and would fail again: a dead letter at once.
#[crate::compiled_here]
pub async fn give_up(tx: &mut Tx, job: &Job, cause: &str) -> Result<()> {
    let now = tx.at();
    put_back(tx, job, cause, now, Some(now)).await
}

async fn put_back(
    tx: &mut Tx,
    job: &Job,
    cause: &str,
    next: time::OffsetDateTime,
    failed: Option<time::OffsetDateTime>,
) -> Result<()> {
    sqlx::query!(
        "update jobs set taken_until = null, last_error = $2, run_at = $3, failed_at = $4
         where id = $1 and attempts = $5",
        job.id,
        cause,
        next,
        failed,
        job.attempts,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}
