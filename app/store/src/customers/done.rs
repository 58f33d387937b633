//! Pages of what a customer has done, the newest first: what they have written, how they have rated. Whoever was merged into them is
//! they.

use crate::OrOurs;
use domain::{Error, EventId, Result, UserId, page::Page};
use sqlx::{Postgres, QueryBuilder, Row as _, postgres::PgRow};

/// How many rows a page has.
pub(crate) const SIZE: usize = 20;

/// The beginning of a statement that reads a page: `who` is the customer, `people` are all that they are.
pub(crate) fn query(id: UserId) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "with who as (select coalesce(merged_into, id) as id from users where role = 'customer' and id = ",
    );
    query.push_bind(id.0);
    query.push(
        "), people as (select id from who union all select u.id from who join users u on u.merged_into = who.id)",
    );
    query
}

/// Where the page before has ended. Errors: a field error for `after`.
pub(crate) fn place(after: Option<&str>) -> Result<Option<i64>> {
    after
        .map(|after| {
            after.parse().map_err(|_| {
                Error::field("after", "This place in the list does not exist. Please start from its beginning.")
            })
        })
        .transpose()
}

/// The page that these rows are, one more than it shows if there are more. The first three columns of each say whether there is such
/// a customer, how many were looked at and the last of those; `row` reads the others, and nothing of a row that stands for those three
/// only. `reach`: how many are looked at where not all can be seen. A page can be short for it, and goes on all the same.
///
/// Errors: `NotFound` for who is no customer.
pub(crate) fn page<T>(
    rows: &[PgRow],
    reach: Option<usize>,
    row: impl Fn(&PgRow) -> sqlx::Result<Option<T>>,
    entry: impl Fn(&T) -> EventId,
) -> Result<Page<T>> {
    let first =
        rows.first().filter(|row| row.try_get(0).unwrap_or(false)).ok_or_else(|| Error::not_found("customer"))?;
    let (looked, last): (i64, Option<i64>) = (first.try_get(1).ours()?, first.try_get(2).ours()?);
    let mut shown: Vec<T> = rows.iter().filter_map(|one| row(one).transpose()).collect::<sqlx::Result<_>>().ours()?;
    let more = shown.len() > SIZE;
    shown.truncate(SIZE);
    let next = match shown.last() {
        Some(last) if more => Some(entry(last).0),
        _ if reach.is_some_and(|reach| looked == reach as i64) => last,
        _ => None,
    };
    Ok(Page { rows: shown, next: next.map(|id| id.to_string()), position: None })
}
