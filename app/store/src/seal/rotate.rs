//! Sealing again with the current key what was sealed with earlier ones, so that those can be forgotten.

use super::{Column, Place, beginning, open, seal};
use crate::{Desk, OrOurs, events};
use domain::{Actor, Result, event::Happening};
use sqlx::{AssertSqlSafe, Row as _};

/// How many values are sealed again in one transaction.
const BATCH: i64 = 200;

/// What came of sealing again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many values have the current key now that had another one.
    pub done: i64,
    /// What could not be opened, each in a sentence for the operator. It is left as it was.
    pub broken: Vec<String>,
}

/// How many values were sealed with another key than the current one.
///
/// # Errors
/// When the database cannot be read.
#[crate::compiled_here]
pub async fn left(desk: &Desk, columns: &[Column]) -> Result<i64> {
    let begins = beginning(desk.fresh_keys().current());
    let mut left = 0;
    for Column { table, column, .. } in columns {
        let sql = format!(
            "select count(*) from {table} where {column} is not null and substr({column}, 1, octet_length($1)) <> $1"
        );
        left += sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(&begins).fetch_one(desk.pool()).await.ours()?;
    }
    Ok(left)
}

/// Seals every value of these columns again that was not sealed with the current key. Can be stopped at any time, and run
/// again: each value is sealed in the one way or the other. `each` hears how many more are done.
///
/// # Errors
/// When the database cannot be read or written. What was sealed again until then stays so.
pub async fn reseal(desk: &Desk, columns: &[Column], mut each: impl FnMut(i64)) -> Result<Resealed> {
    let ring = desk.fresh_keys();
    let begins = beginning(ring.current());
    let mut all = Resealed::default();
    for Column { table, id, column } in columns {
        let find = format!(
            "select {id}, {column} from {table}
             where {id} > $2 and {column} is not null and substr({column}, 1, octet_length($1)) <> $1
             order by {id} limit {BATCH} for no key update"
        );
        let write = format!(
            "update {table} as t set {column} = n.value from unnest($1::bigint[], $2::bytea[]) as n (number, value)
             where t.{id} = n.number"
        );
        let mut after = i64::MIN;
        loop {
            let mut tx = desk.begin().await?;
            let rows = sqlx::query(AssertSqlSafe(find.as_str()))
                .bind(&begins)
                .bind(after)
                .fetch_all(&mut *tx.conn)
                .await
                .ours()?;
            let (mut numbers, mut values) = (Vec::new(), Vec::<Vec<u8>>::new());
            for row in &rows {
                let (number, sealed): (i64, Vec<u8>) = (row.try_get(0).ours()?, row.try_get(1).ours()?);
                after = number;
                let place = Place { table, row: number, column };
                match open(&ring, &place, &sealed) {
                    Ok(plain) => {
                        values.push(seal(&ring, &place, &plain).map_err(|cause| crate::error::internal(&cause))?);
                        numbers.push(number);
                    }
                    Err(broken) => all.broken.push(broken.said_of(&place)),
                }
            }
            sqlx::query(AssertSqlSafe(write.as_str()))
                .bind(&numbers)
                .bind(&values)
                .execute(&mut *tx.conn)
                .await
                .ours()?;
            tx.commit_quietly().await?;
            all.done += numbers.len() as i64;
            each(numbers.len() as i64);
            if (rows.len() as i64) < BATCH {
                break;
            }
        }
    }
    if all.done > 0 {
        said(desk, &Happening::SecretsResealed { values: all.done }).await?;
    }
    Ok(all)
}

/// Notes in the security log that the secret key is another one.
///
/// # Errors
/// When the database cannot be written.
#[crate::compiled_here]
pub async fn changed(desk: &Desk) -> Result<()> {
    said(desk, &Happening::SecretKeyChanged).await
}

/// Notes in the security log that earlier keys are believed no more.
///
/// # Errors
/// When the database cannot be written.
#[crate::compiled_here]
pub async fn forgotten(desk: &Desk) -> Result<()> {
    said(desk, &Happening::SecretKeysForgotten).await
}

async fn said(desk: &Desk, what: &Happening) -> Result<()> {
    let mut tx = desk.begin().await?;
    events::append(&mut tx, &Actor::system("Console"), None, what).await?;
    tx.commit().await
}
