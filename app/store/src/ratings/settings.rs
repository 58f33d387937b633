//! Who is asked how their tickets were solved, and when.

use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Result,
    event::{Happening, Was},
    policy::{self, Action},
    rating::Settings,
};
use sqlx::PgExecutor;

pub(super) async fn load(conn: impl PgExecutor<'_>) -> Result<Settings> {
    let row = sqlx::query!("select portal, mail, delay_hours from satisfaction").fetch_optional(conn).await.ours()?;
    Ok(row.map_or_else(Settings::default, |r| Settings { portal: r.portal, mail: r.mail, delay_hours: r.delay_hours }))
}

/// The settings in force.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor) -> Result<Settings> {
    policy::demand(actor, Action::Administer, None)?;
    let mut conn = desk.read().await?;
    let settings = load(&mut *conn).await?;
    conn.done();
    Ok(settings)
}

/// Changes them. Mails that wait already go out at their time, or not at all once there are to be none. Errors: a field error for
/// `delay_hours`.
#[crate::compiled_here]
pub async fn set(tx: &mut Tx, actor: &Actor, wanted: &Settings) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    wanted.check()?;
    sqlx::query("insert into satisfaction default values on conflict do nothing")
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query("select from satisfaction for update").execute(&mut *tx.conn).await.ours()?;
    let from = load(&mut *tx.conn).await?;
    if from == *wanted {
        return Ok(());
    }
    sqlx::query!(
        "update satisfaction set portal = $1, mail = $2, delay_hours = $3",
        wanted.portal,
        wanted.mail,
        wanted.delay_hours,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, None, &Happening::SatisfactionSet(Was { from, to: *wanted })).await?;
    Ok(())
}
