//! Mails of the quarantine that wait to be tried again by a worker: each has a job, and at most one.

use crate::{
    Desk, OrOurs, Tx,
    jobs::{self, Work},
};
use domain::{
    Actor, MailId, Result,
    mail::TRIED_MAX,
    policy::{self, Action},
};

/// Behind what somebody waits for, before what nobody does.
const PRIORITY: i16 = -5;

/// Has these mails tried again behind the page. Those that are not in quarantine (any more) or are on their way already
/// are passed over. Returns how many are new on their way.
#[crate::compiled_here]
pub async fn enqueue(tx: &mut Tx, actor: &Actor, ids: &[MailId]) -> Result<usize> {
    policy::demand(actor, Action::Administer, None)?;
    let by = actor.signed_in()?.id;
    let ids: Vec<i64> = ids.iter().take(TRIED_MAX).map(|id| id.0).collect();
    // Their rows are held: of two who ask at once, the second one sees the jobs of the first.
    let there = sqlx::query_scalar!(
        "select id from mails where id = any($1) and problem is not null and discarded_at is null order by id for update",
        &ids,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let waiting = sqlx::query_scalar!(
        r#"select (data->>'mail')::bigint as "mail!" from jobs
           where kind = 'try_mail' and failed_at is null and (data->>'mail')::bigint = any($1)"#,
        &there,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let now = tx.now;
    let mut enqueued = 0;
    for mail in there.into_iter().filter(|id| !waiting.contains(id)) {
        jobs::enqueue(tx, &Work::TryMail { mail: MailId(mail), by }, now, PRIORITY, None).await?;
        enqueued += 1;
    }
    Ok(enqueued)
}

/// How many mails are on their way.
#[crate::compiled_here]
pub async fn waiting(desk: &Desk, actor: &Actor) -> Result<u64> {
    policy::demand(actor, Action::Administer, None)?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from jobs
           where kind = 'try_mail' and failed_at is null and (data->>'mail')::bigint is not null"#
    )
    .fetch_one(desk.pool())
    .await
    .ours()?;
    Ok(count.unsigned_abs())
}
