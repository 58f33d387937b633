//! The list of companies: by name, page by page, or those that begin with what was typed.

use crate::{
    OrOurs,
    customers::list::{place, searched, shown_before},
    people::words_beginning_with,
};
use domain::{
    Actor, CompanyId, Result,
    company::{CompanyFilter, CompanyName, CompanyRow},
    customer::COUNTED,
    page::Page,
    policy::{self, Action},
    text,
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow};

/// How many companies a page has.
const SIZE: usize = 50;

/// A page of companies by name. With a text, those that are found, like customers are.
#[crate::compiled_here]
pub async fn list(conn: &mut PgConnection, actor: &Actor, filter: &CompanyFilter) -> Result<Page<CompanyRow>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let text = text::tidy_line(&filter.text).to_lowercase();
    if text.len() > text::EMAIL_MAX {
        return Ok(Page::default());
    }
    let limit = SIZE + 1;
    let mut query = QueryBuilder::<Postgres>::new("");
    let mut from = 0;
    if text.is_empty() {
        query.push("with found as (select c.id from companies c where c.merged_into is null");
        if let Some(after) = filter.after.as_deref() {
            let (id, name) = place(after)?;
            // The names of those that are not merged are unique, so the number breaks no tie; it only ends the row.
            query.push(" and lower(c.name) >= ").push_bind(name.clone());
            query.push(" and (lower(c.name), c.id) > (").push_bind(name).push(", ").push_bind(id).push(")");
        }
        query.push(format_args!(" order by lower(c.name), c.id limit {limit})"));
    } else {
        from = shown_before(filter.after.as_deref(), SIZE)?;
        searched(&mut query, "companies", from, SIZE, |query, limit| found(query, &text, limit));
    }
    query.push(format_args!(
        " select c.id, c.name, c.tier, c.sees_all, lower(c.name),
               array(select d.domain from company_domains d where d.company_id = c.id order by d.domain limit 5),
               (select count(*) from (select 1 from users u where u.company_id = c.id limit {COUNTED}) n)
           from found join companies c on c.id = found.id order by lower(c.name), c.id limit {limit} offset {}",
        from.saturating_sub(SIZE)
    ));
    let rows = query.build().fetch_all(conn).await.ours()?;
    let more = rows.len() > SIZE;
    let next = match rows.get(SIZE - 1).filter(|_| more) {
        Some(_) if !text.is_empty() => Some((from + SIZE).to_string()),
        Some(row) => Some(format!("{}.{}", row.try_get::<i64, _>(0).ours()?, row.try_get::<String, _>(4).ours()?)),
        None => None,
    };
    let rows = rows.iter().take(SIZE).map(from_row).collect::<Result<_>>()?;
    Ok(Page { rows, next, position: None })
}

/// Those that begin with the text: their name, a word of it, one of their domains.
fn found(query: &mut QueryBuilder<Postgres>, text: &str, limit: usize) {
    let last = format!("{text}{}", char::MAX);
    query.push("(select c.id from companies c where c.merged_into is null and lower(c.name) ~>=~ ");
    query.push_bind(text.to_owned()).push(" and lower(c.name) ~<~ ").push_bind(last.clone());
    query.push(format_args!(" order by lower(c.name) using ~<~ limit {limit}) union "));
    query.push("(select d.company_id from company_domains d where d.domain >= ").push_bind(text.to_owned());
    query.push(" and d.domain < ").push_bind(last);
    query.push(format_args!(" order by d.domain limit {limit}) union "));
    query.push("(select c.id from companies c where c.merged_into is null and ");
    query.push("array_to_tsvector(array_remove(string_to_array(lower(c.name), ' '), '')) @@ ");
    query.push_bind(words_beginning_with(text)).push("::tsquery and ' ' || lower(c.name) like ");
    query.push_bind(format!("% {}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
    query.push(format_args!(" limit {limit}) union (select c.id from companies c where c.merged_into is null"));
    query.push(" and c.fields <> '{}' and words_of_fields(c.fields) @@ ");
    query.push_bind(words_beginning_with(text)).push(format_args!("::tsquery limit {limit})"));
}

fn from_row(row: &PgRow) -> Result<CompanyRow> {
    (|| {
        Ok::<_, sqlx::Error>(CompanyRow {
            id: CompanyId(row.try_get(0)?),
            name: row.try_get(1)?,
            tier: row.try_get(2)?,
            sees_all: row.try_get(3)?,
            domains: row.try_get(5)?,
            people: row.try_get(6)?,
        })
    })()
    .ours()
}

/// The company of this name, in whatever case, for a field in which names are typed.
#[crate::compiled_here]
pub async fn by_name(conn: &mut PgConnection, actor: &Actor, name: &str) -> Result<Option<CompanyName>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let found = sqlx::query!(
        "select id, name from companies where lower(name) = lower($1) and merged_into is null",
        text::tidy_line(name)
    )
    .fetch_optional(conn)
    .await
    .ours()?;
    Ok(found.map(|r| CompanyName { id: CompanyId(r.id), name: r.name }))
}
