//! The list of customers: by name, page by page, or those that begin with what was typed.

use crate::{OrOurs, people::words_beginning_with};
use domain::{
    Actor, CompanyId, Error, Result, UserId, channel,
    company::CompanyName,
    customer::{COUNTED, CustomerFilter, CustomerRow, Shown},
    page::Page,
    policy::{self, Action},
    search::DEEPEST,
    text,
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow};

/// How many customers a page has.
const SIZE: usize = 50;

/// Who is listed at all.
const LISTED: &str = "u.role = 'customer' and u.merged_into is null and u.erased_at is null";

/// A page of customers by name. With a text, those that are found, up to [`DEEPEST`] of them: `next` says how many have been
/// shown.
///
/// What is found costs the same however many customers there are: each way to find them reads a piece of one index, a small
/// one for the first page.
#[crate::compiled_here]
pub async fn list(conn: &mut PgConnection, actor: &Actor, filter: &CustomerFilter) -> Result<Page<CustomerRow>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let text = text::tidy_line(&filter.text).to_lowercase();
    if text.len() > text::EMAIL_MAX {
        return Ok(Page::default());
    }
    let mut query = QueryBuilder::<Postgres>::new("");
    let mut from = 0;
    if text.is_empty() {
        query.push("with found as (select u.id from users u where ").push(LISTED);
        narrow(&mut query, filter);
        if let Some(after) = filter.after.as_deref() {
            let (id, name) = place(after)?;
            query.push(" and (lower(u.name), u.id) > (").push_bind(name).push(", ").push_bind(id).push(")");
        }
        query.push(format_args!(" order by lower(u.name), u.id limit {})", SIZE + 1));
    } else {
        from = shown_before(filter.after.as_deref(), SIZE)?;
        searched(&mut query, "users", from, SIZE, |query, limit| found(query, filter, &text, limit));
    }
    query.push(format_args!(
        " select u.id, u.name, u.email, u.blocked_at is not null, c.id, c.name, lower(u.name),
              (select count(*) from (select 1 from tickets t where t.requester_id = u.id limit {COUNTED}) n), u.avatar
          from found join users u on u.id = found.id left join companies c on c.id = u.company_id
          order by lower(u.name), u.id limit {} offset {}",
        SIZE + 1,
        from.saturating_sub(SIZE)
    ));
    let rows = query.build().fetch_all(conn).await.ours()?;
    let more = rows.len() > SIZE;
    let next = match rows.get(SIZE - 1).filter(|_| more) {
        Some(_) if !text.is_empty() => Some((from + SIZE).to_string()),
        Some(row) => Some(format!("{}.{}", row.try_get::<i64, _>(0).ours()?, row.try_get::<String, _>(6).ours()?)),
        None => None,
    };
    let rows = rows.iter().take(SIZE).map(from_row).collect::<Result<_>>()?;
    Ok(Page { rows, next, position: None })
}

/// Whoever begins with the text: their name, a word of it, an address of theirs, or its domain where that is what it looks like,
/// or what they are called on a channel.
fn found(query: &mut QueryBuilder<Postgres>, filter: &CustomerFilter, text: &str, limit: usize) {
    // Nothing goes on with the last of all characters. No index answers `like` in a plan that is made before the pattern is
    // known; ranges are answered.
    let last = format!("{text}{}", char::MAX);
    query.push("(select u.id from users u where ").push(LISTED);
    narrow(query, filter);
    query
        .push(" and lower(u.name) ~>=~ ")
        .push_bind(text.to_owned())
        .push(" and lower(u.name) ~<~ ")
        .push_bind(last.clone());
    query.push(format_args!(" order by lower(u.name) using ~<~ limit {limit}) union (select u.id from user_emails e "));
    query.push("join users u on u.id = e.user_id where ").push(LISTED);
    narrow(query, filter);
    query.push(" and e.address >= ").push_bind(text.to_owned()).push(" and e.address < ").push_bind(last);
    query.push(format_args!(" order by e.address limit {limit}) union (select u.id from users u where "));
    query.push(LISTED);
    narrow(query, filter);
    query.push(" and array_to_tsvector(array_remove(string_to_array(lower(u.name), ' '), '')) @@ ");
    query.push_bind(words_beginning_with(text)).push("::tsquery and ' ' || lower(u.name) like ");
    query.push_bind(format!("% {}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
    let domain = text.strip_prefix('@').or_else(|| Some(text).filter(|text| text.contains('.') && !text.contains('@')));
    if let Some(domain) = domain.filter(|domain| !domain.is_empty()) {
        query.push(format_args!(
            " limit {limit}) union (select u.id from user_emails e join users u on u.id = e.user_id where "
        ));
        query.push(LISTED);
        narrow(query, filter);
        query.push(" and split_part(e.address, '@', 2) >= ").push_bind(domain.to_owned());
        query.push(" and split_part(e.address, '@', 2) < ").push_bind(format!("{domain}{}", char::MAX));
    }
    for begins in channel::sought(text) {
        query.push(format_args!(
            " limit {limit}) union (select u.id from channel_identities i join users u on u.id = i.user_id where "
        ));
        query.push(LISTED);
        narrow(query, filter);
        query.push(" and lower(i.identifier) >= ").push_bind(begins.clone());
        query.push(" and lower(i.identifier) < ").push_bind(format!("{begins}{}", char::MAX));
        query.push(" order by lower(i.identifier)");
    }
    query.push(format_args!(" limit {limit}) union (select u.id from users u where "));
    query.push(LISTED);
    narrow(query, filter);
    query.push(" and u.fields <> '{}' and words_of_fields(u.fields) @@ ");
    query.push_bind(words_beginning_with(text)).push(format_args!("::tsquery limit {limit})"));
}

/// Begins a statement with `found`, what a search finds in this table, which has names. `ways` says how, with so many rows at
/// most of each way.
///
/// The first page is, by name, out of the first few of each way. Later ones are out of many, less what the first has shown.
pub(crate) fn searched(
    query: &mut QueryBuilder<Postgres>,
    table: &str,
    from: usize,
    size: usize,
    ways: impl Fn(&mut QueryBuilder<Postgres>, usize),
) {
    if from == 0 {
        query.push("with found as (");
        ways(query, size + 1);
    } else {
        query.push("with few as (");
        ways(query, size + 1);
        query.push(format_args!(
            "), first as (select n.id from few join {table} n on n.id = few.id order by lower(n.name), n.id limit {size}), \
             found as (select id from ("
        ));
        ways(query, DEEPEST + 1);
        query.push(") many where id not in (select id from first)");
    }
    query.push(")");
}

/// How many of what was found have been shown, in whole pages of this size.
pub(crate) fn shown_before(after: Option<&str>, size: usize) -> Result<usize> {
    let Some(after) = after else { return Ok(0) };
    let from = after.parse::<usize>().ok().filter(|from| *from < DEEPEST).ok_or_else(no_place)?;
    Ok(from / size * size)
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &CustomerFilter) {
    if filter.shown == Shown::Blocked {
        query.push(" and u.blocked_at is not null");
    }
    if let Some(company) = filter.company {
        query.push(" and u.company_id = ").push_bind(company.0);
    }
}

/// What a page is cut by: `17.jana weiß`.
pub(crate) fn place(after: &str) -> Result<(i64, String)> {
    let found = after.split_once('.').and_then(|(id, name)| Some((id.parse().ok()?, name.replace('\0', ""))));
    found.ok_or_else(no_place)
}

fn no_place() -> Error {
    Error::field("after", "This place in the list does not exist. Please start from its beginning.")
}

fn from_row(row: &PgRow) -> Result<CustomerRow> {
    (|| {
        let company: Option<i64> = row.try_get(4)?;
        let company_name: Option<String> = row.try_get(5)?;
        Ok::<_, sqlx::Error>(CustomerRow {
            id: UserId(row.try_get(0)?),
            name: row.try_get(1)?,
            email: row.try_get(2)?,
            blocked: row.try_get(3)?,
            picture: row.try_get(8)?,
            company: company.zip(company_name).map(|(id, name)| CompanyName { id: CompanyId(id), name }),
            tickets: row.try_get(7)?,
        })
    })()
    .ours()
}
