//! Time zones as PostgreSQL knows them. When clocks are set in a zone is worked out once, when somebody chooses it, and again
//! from time to time: governments change their minds.

use crate::{OrOurs, Tx};
use domain::{Error, Result, profile::NO_ZONE};
use sqlx::PgConnection;

/// Whether the database knows a zone of this name.
pub(crate) async fn is_known(conn: &mut PgConnection, name: &str) -> Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from pg_timezone_names where name = $1) as "known!""#, name)
        .fetch_one(conn)
        .await
        .ours()
}

/// Has a zone ready for whoever chooses it. Errors: a field error for `time_zone` when there is none of this name.
pub(crate) async fn learn(tx: &mut Tx, name: &str) -> Result<()> {
    let there = sqlx::query_scalar!(r#"select exists (select from zones where name = $1) as "there!""#, name)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if there {
        return Ok(());
    }
    if !is_known(&mut tx.conn, name).await? {
        return Err(Error::field("time_zone", NO_ZONE));
    }
    sqlx::query!("insert into zones (name, shifts) values ($1, zone_shifts($1)) on conflict (name) do nothing", name)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Works out again when clocks are set in the zones that somebody has chosen, by what the database knows by now.
pub(crate) async fn refresh(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        "update zones z set shifts = s.shifts
         from (select name, zone_shifts(name) as shifts from zones where name in (select name from pg_timezone_names)) s
         where s.name = z.name and s.shifts is distinct from z.shifts"
    )
    .execute(conn)
    .await
    .ours()?;
    Ok(())
}

/// The names that there are, for who looks for theirs.
#[crate::compiled_here]
pub async fn names(conn: &mut PgConnection) -> Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select name as "name!" from pg_timezone_names
           where name ~ '^(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/' or name = 'UTC'
           order by name"#
    )
    .fetch_all(conn)
    .await
    .ours()
}
