//! Customers, as staff see and change them.

pub mod beside;
pub mod block;
pub(crate) mod channels;
pub mod company;
pub(crate) mod done;
pub mod edit;
pub mod erase;
pub mod export;
pub(crate) mod forget;
pub mod list;
pub mod merge;
pub mod messages;
pub mod view;

use crate::{OrOurs, Tx};
use domain::{Error, Result, UserId, fields::Values};
use sqlx::types::Json;

/// Locks people more strongly than for other changes: nobody refers to them anew until this is done. In one order everywhere.
pub(crate) async fn alone(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    sqlx::query!("select id from users where id = any($1) order by id for update", ids)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// A customer's row, locked until the end of the transaction.
pub(crate) struct Row {
    pub name: String,
    pub email: String,
    pub phones: Vec<String>,
    pub notes: String,
    pub fields: Values,
    pub company: Option<i64>,
    pub blocked: bool,
    pub version: i64,
}

/// Takes hold of a customer for a change.
///
/// Errors: `NotFound` for somebody who is not there, of staff, merged into another one or erased.
pub(crate) async fn hold(tx: &mut Tx, id: UserId) -> Result<Row> {
    let r = sqlx::query!(
        r#"select name, email, phones, notes, fields as "fields: Json<Values>", company_id, blocked_at is not null as "blocked!", version from users
           where id = $1 and role = 'customer' and merged_into is null and erased_at is null for no key update"#,
        id.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("customer"))?;
    Ok(Row {
        name: r.name,
        email: r.email,
        phones: r.phones,
        notes: r.notes,
        fields: r.fields.0,
        company: r.company_id,
        blocked: r.blocked,
        version: r.version,
    })
}
