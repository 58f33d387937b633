//! Customers of whom nothing has been heard for long are erased, as staff would do it.

use super::{docket, load};
use crate::{Desk, OrOurs, customers::erase};
use domain::{Code, Result, StatusId, Time, UserId};
use sqlx::PgConnection;

/// How many people are looked at in one statement.
const BATCH: i64 = 500;
/// How many of them are erased before it is noted how far it has come: each takes a transaction of its own.
const ERASED: usize = 100;
/// How many are looked at to say how many would go.
const LOOKED_AT: i64 = 10_000;

/// The next people after a number, and whether each has become too old: a customer who came, wrote, signed in and used a token
/// before that moment and not since, none of whose tickets is waiting for anybody or was touched since, and whom no provider
/// announces.
///
/// People are taken by their numbers, and each is asked about on their own, so that a statement is as long whoever they are. Where
/// few people have written much, PostgreSQL would rather go through all events for each who has written nothing: it may not, and
/// nothing is sorted or limited here that would have it go through another index.
async fn look(
    conn: &mut PgConnection,
    after: i64,
    limit: i64,
    before: Time,
    active: &[StatusId],
) -> Result<Vec<(i64, bool)>> {
    sqlx::query("set local enable_seqscan = off").execute(&mut *conn).await.ours()?;
    let active: Vec<i64> = active.iter().map(|s| s.0).collect();
    let rows = sqlx::query!(
        r#"select u.id,
               case when u.role <> 'customer' or u.merged_into is not null or u.erased_at is not null or u.created_at >= $3
                   then false
               when (select max(public_at) from tickets where requester_id = u.id) >= $3 then false
               when (select max(last_used_at) from sessions where user_id = u.id) >= $3 then false
               when (select max(last_used_at) from api_tokens where user_id = u.id) >= $3 then false
               when (select count(*) from scim_people where user_id = u.id) > 0 then false
               when (select max(at) from events where actor_id = u.id) >= $3 then false
               else (select count(*) from tickets where requester_id = u.id and (updated_at >= $3 or status_id = any($4))) = 0
               end as "old!"
           from (select id, role, merged_into, erased_at, created_at from users where id > $1 order by id limit $2) u
           order by u.id"#,
        after,
        limit,
        time::OffsetDateTime::from(before),
        &active,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    sqlx::query("set local enable_seqscan = on").execute(conn).await.ours()?;
    Ok(rows.into_iter().map(|r| (r.id, r.old)).collect())
}

/// How many are too old, and of how many, where not all were looked at.
pub(super) async fn count(conn: &mut PgConnection, before: Time, active: &[StatusId]) -> Result<(i64, Option<i64>)> {
    let rows = look(conn, 0, LOOKED_AT, before, active).await?;
    let old = rows.iter().filter(|(_, old)| *old).count() as i64;
    Ok((old, (rows.len() as i64 == LOOKED_AT).then_some(LOOKED_AT)))
}

/// Looks at the next ones and erases who is too old. `false`: that was the last of them, and it begins anew the next time.
pub(super) async fn step(desk: &Desk) -> Result<bool> {
    let mut tx = desk.begin().await?;
    let reached = sqlx::query_scalar!("select reached from retention").fetch_optional(&mut *tx.conn).await.ours()?;
    let periods = load(&mut *tx.conn).await?;
    let (Some(reached), Some(months)) = (reached, periods.customers) else { return Ok(false) };
    let before = tx.now.months_earlier(months);
    let rows = look(&mut tx.conn, reached, BATCH, before, &desk.catalog().active()).await?;
    tx.commit_quietly().await?;
    let old: Vec<i64> = rows.iter().filter(|(_, old)| *old).map(|(id, _)| *id).take(ERASED).collect();
    for id in &old {
        erase(desk, UserId(*id), before, periods.messages).await?;
    }
    let reached = if old.len() == ERASED { old.last().copied() } else { rows.last().map(|(id, _)| *id) };
    let mut tx = desk.begin().await?;
    sqlx::query!("update retention set reached = $1", reached.unwrap_or(0)).execute(&mut *tx.conn).await.ours()?;
    tx.commit_quietly().await?;
    Ok(reached.is_some())
}

/// Erases somebody, unless they have come back meanwhile.
async fn erase(desk: &Desk, id: UserId, before: Time, messages: bool) -> Result<()> {
    let mut tx = desk.begin().await?;
    let (active, by) = (desk.catalog().active(), docket());
    let done = erase::erase_if(&mut tx, &by, id, messages, async |tx, _| {
        let now = look(&mut tx.conn, id.0 - 1, 1, before, &active).await?;
        Ok(now == [(id.0, true)])
    });
    match done.await {
        Ok(None) => return Ok(()),
        Ok(Some(_)) => {}
        // Somebody else was quicker, or is about to change them: the next time, then.
        Err(error) if matches!(error.code, Code::NotFound | Code::Busy) => return Ok(()),
        Err(error) => return Err(error),
    }
    sqlx::query!("update retention set customers_done = customers_done + 1").execute(&mut *tx.conn).await.ours()?;
    tx.commit().await
}
