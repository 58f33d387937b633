//! Whether staff must have a second factor.

use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Error, Result,
    event::Happening,
    policy::{self, Action},
    second_factor::{GRACE_DAYS_MAX, Required, Requirement},
};
use sqlx::PgPool;

pub(super) async fn load(pool: &PgPool) -> Result<Option<Requirement>> {
    let row =
        sqlx::query!("select since, grace_days from second_factor_requirement").fetch_optional(pool).await.ours()?;
    Ok(row.map(|r| Requirement { since: r.since.into(), grace_days: r.grace_days }))
}

/// What holds now, and how many on staff have a second factor.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor) -> Result<Required> {
    policy::demand(actor, Action::RequireSecondFactor, None)?;
    let mut conn = desk.read().await?;
    let row = sqlx::query!(
        r#"select count(*) as "staff!", count(*) filter (where second_factor) as "have!"
           from users where role <> 'customer' and blocked_at is null"#
    )
    .fetch_one(&mut *conn)
    .await
    .ours()?;
    conn.done();
    Ok(Required { now: desk.catalog().second_factor, have: row.have, staff: row.staff })
}

/// Says whether staff must have a second factor, and after how many days those who have none get no further; `None`: they
/// need none. Days that begin anew count from now. Errors: a field error for `grace_days`.
#[crate::compiled_here]
pub async fn set(tx: &mut Tx, actor: &Actor, grace_days: Option<i32>) -> Result<()> {
    policy::demand(actor, Action::RequireSecondFactor, None)?;
    let Some(grace_days) = grace_days else {
        let gone = sqlx::query!("delete from second_factor_requirement").execute(&mut *tx.conn).await.ours()?;
        if gone.rows_affected() > 0 {
            tx.catalog_changed = true;
            events::append(tx, actor, None, &Happening::SecondFactorRequired { on: false, grace_days: 0 }).await?;
        }
        return Ok(());
    };
    if !(0..=GRACE_DAYS_MAX).contains(&grace_days) {
        return Err(Error::field("grace_days", format!("Use a number from 0 to {GRACE_DAYS_MAX}.")));
    }
    let now = tx.at();
    let changed = sqlx::query!(
        "insert into second_factor_requirement as r (since, grace_days) values ($1, $2)
         on conflict (one) do update set since = $1, grace_days = $2 where r.grace_days <> $2",
        now,
        grace_days,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if changed.rows_affected() > 0 {
        tx.catalog_changed = true;
        events::append(tx, actor, None, &Happening::SecondFactorRequired { on: true, grace_days }).await?;
    }
    Ok(())
}
