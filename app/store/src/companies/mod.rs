//! Customers' companies, as staff see and change them.

pub mod domains;
pub mod edit;
pub mod list;
pub mod logo;
pub mod merge;
pub mod view;

use crate::{OrOurs, Tx};
use domain::{CompanyId, Error, Result, company::CompanyName, fields::Values};
use sqlx::types::Json;

/// A company's row, locked until the end of the transaction.
pub(crate) struct Row {
    pub id: CompanyId,
    pub name: String,
    pub tier: String,
    pub notes: String,
    pub sees_all: bool,
    pub logo: Option<i64>,
    pub accent: String,
    pub fields: Values,
    pub version: i64,
}

impl Row {
    pub fn named(&self) -> CompanyName {
        CompanyName { id: self.id, name: self.name.clone() }
    }
}

/// Takes hold of a company for a change.
pub(crate) async fn hold(tx: &mut Tx, id: CompanyId) -> Result<Row> {
    let r = sqlx::query!(
        r#"select id, name, tier, notes, sees_all, logo, accent, fields as "fields: Json<Values>", version from companies
           where id = $1 and merged_into is null for no key update"#,
        id.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("company"))?;
    Ok(Row {
        id: CompanyId(r.id),
        name: r.name,
        tier: r.tier,
        notes: r.notes,
        sees_all: r.sees_all,
        logo: r.logo,
        accent: r.accent,
        fields: r.fields.0,
        version: r.version,
    })
}

/// A company by its number.
pub(crate) async fn named(tx: &mut Tx, id: CompanyId) -> Result<CompanyName> {
    let name = sqlx::query_scalar!("select name from companies where id = $1", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("company"))?;
    Ok(CompanyName { id, name })
}

/// A company by its name, in whatever case.
pub(crate) async fn find_named(tx: &mut Tx, name: &str) -> Result<Option<CompanyName>> {
    let found =
        sqlx::query!("select id, name from companies where lower(name) = lower($1) and merged_into is null", name)
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?;
    Ok(found.map(|r| CompanyName { id: CompanyId(r.id), name: r.name }))
}
