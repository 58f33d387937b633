//! The security log: the events that are on no ticket, for whoever may read them, and one's own sign-ins for everybody.

mod words;

use self::words::{Names, words};
use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Error, EventId, Result, Time, UserId,
    event::Happening,
    page::{self, Page},
    policy::{self, Action},
    security_log::{Group, LogFilter, LogLine, VIEWS, cell, day},
    text,
};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};

/// The most lines that one export holds.
pub const EXPORT_MAX: i64 = 100_000;
/// How many are read at once for an export.
const BATCH: i64 = 2_000;

/// A place in the log: the moment and the number of the last line of a page.
type Key = (i64, i64);

/// What a filter comes to.
struct Wanted {
    /// Somebody's number, and the address that failed sign-ins named.
    person: Option<(i64, String)>,
    kinds: Option<Vec<String>>,
    from: Option<Time>,
    until: Option<Time>,
}

async fn wanted(conn: &mut PgConnection, filter: &LogFilter) -> Result<Wanted> {
    let person = text::tidy_line(&filter.person);
    let person = match person.parse::<i64>() {
        _ if person.is_empty() => None,
        _ if person.len() > text::EMAIL_MAX => return Err(Error::field("person", "This is no e-mail address.")),
        Ok(id) => {
            let email = sqlx::query_scalar!("select email from users where id = $1", id)
                .fetch_optional(&mut *conn)
                .await
                .ours()?;
            Some((id, email.unwrap_or_default()))
        }
        Err(_) => {
            let id = sqlx::query_scalar!("select id from users where lower(email) = lower($1)", person)
                .fetch_optional(&mut *conn)
                .await
                .ours()?;
            // Also of addresses that no account has: somebody may have tried them.
            Some((id.unwrap_or(0), person))
        }
    };
    let kinds = match filter.group {
        None => None,
        Some(group) => Some(kinds(conn).await?.into_iter().filter(|kind| Group::of(kind) == group).collect()),
    };
    let (from, until) = (day("from", &filter.from)?, day("until", &filter.until)?);
    Ok(Wanted { person, kinds, from: from.map(|(start, _)| start), until: until.map(|(_, end)| end) })
}

/// The kinds that there are in the log, found by leaping through the index from one to the next.
async fn kinds(conn: &mut PgConnection) -> Result<Vec<String>> {
    let kinds = sqlx::query_scalar!(
        r#"with recursive k as (
               (select kind from events where ticket_id is null order by kind limit 1)
               union all
               select (select e.kind from events e where e.ticket_id is null and e.kind > k.kind order by e.kind limit 1)
               from k where k.kind is not null
           )
           select kind as "kind!" from k where kind is not null"#
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(kinds)
}

/// A page of the log, newest first. At most three statements.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor, filter: &LogFilter) -> Result<Page<LogLine>> {
    policy::demand(actor, Action::SeeSecurityLog, None)?;
    let size = page::size(filter.limit);
    let after = filter.after.as_deref().map(key).transpose()?;
    let mut conn = desk.read().await?;
    let wanted = wanted(&mut conn, filter).await?;
    let mut rows = lines(&mut conn, &wanted, after, i64::from(size) + 1).await?;
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    let next = rows.last().filter(|_| more).map(|last| format!("{}.{}", last.at.0, last.id));
    Ok(Page { rows, next, position: None })
}

/// One's own sign-ins, and those that were refused under one's address: at most 20, newest first.
#[crate::compiled_here]
pub async fn own(desk: &Desk, actor: &Actor) -> Result<Vec<LogLine>> {
    let person = actor.signed_in()?;
    let kinds = ["account.signed_in", "account.sign_in_failed", "account.vouched"].map(str::to_owned).to_vec();
    let person = Some((person.id.0, person.email.clone()));
    let wanted = Wanted { person, kinds: Some(kinds), from: None, until: None };
    lines(&mut *desk.read().await?, &wanted, None, 20).await
}

fn key(text: &str) -> Result<Key> {
    let parts = text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    // No later than the year 9999: nothing beyond is a moment to the database.
    parts
        .filter(|(at, _): &Key| (0..=253_402_300_799_999).contains(at))
        .ok_or_else(|| Error::field("after", "There is no such page."))
}

/// The number of the account that something was done to, as text; the expression of an index.
const WHOM: &str = "coalesce(e.data->'who'->>'id', e.data->>'customer', e.data->>'user')";

/// The number of one of two accounts that were merged; companies stand there with their names.
fn merged(which: &str) -> String {
    format!("case when jsonb_typeof(e.data->'{which}') = 'number' then (e.data->>'{which}')::bigint end")
}

/// Each way to an entry has an index in the order of the log; what they find is merged.
async fn lines(conn: &mut PgConnection, wanted: &Wanted, after: Option<Key>, limit: i64) -> Result<Vec<LogLine>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select e.id, e.at, e.actor_id, e.actor_name, e.address, e.kind, e.data, w.name, g.name, k.name from (",
    );
    let ways: Vec<Option<u8>> = if wanted.person.is_some() { vec![Some(0), Some(1), Some(2)] } else { vec![None] };
    for (n, way) in ways.iter().enumerate() {
        query.push(if n == 0 { "(" } else { " union all (" });
        // By kind where only the kind is asked for; of one person there are few.
        let by_kind = wanted.kinds.as_ref().filter(|_| way.is_none());
        if let Some(kinds) = by_kind {
            query.push("select e.* from unnest(").push_bind(kinds.clone());
            query.push(
                "::text[]) k(kind), lateral (select e.* from events e where e.kind = k.kind and e.ticket_id is null",
            );
        } else {
            query.push("select e.* from events e where e.ticket_id is null");
        }
        if wanted.kinds.is_none() {
            query.push(" and e.kind <> all(").push_bind(VIEWS.to_vec()).push(")");
        }
        if let (Some(way), Some((id, email))) = (way, &wanted.person) {
            match way {
                0 => query.push(" and e.actor_id = ").push_bind(*id),
                1 => query
                    .push(format_args!(" and {WHOM} = "))
                    .push_bind(id.to_string())
                    .push(" and e.actor_id is distinct from ")
                    .push_bind(*id),
                _ => {
                    query.push(" and e.kind = 'account.sign_in_failed' and lower(e.data->>'email') = lower(");
                    query.push_bind(email.clone()).push(") and e.actor_id is distinct from ").push_bind(*id)
                }
            };
            if let Some(kinds) = &wanted.kinds {
                query.push(" and e.kind = any(").push_bind(kinds.clone()).push(")");
            }
        }
        if let Some(from) = wanted.from {
            query.push(" and e.at >= ").push_bind(time::OffsetDateTime::from(from));
        }
        if let Some(until) = wanted.until {
            query.push(" and e.at < ").push_bind(time::OffsetDateTime::from(until));
        }
        if let Some((at, id)) = after {
            query.push(" and (e.at, e.id) < (").push_bind(time::OffsetDateTime::from(Time(at)));
            query.push(", ").push_bind(id).push(")");
        }
        query.push(format_args!(" order by e.at desc, e.id desc limit {limit}"));
        query.push(if by_kind.is_some() { ") e)" } else { ")" });
    }
    // Looked up for the lines of one page: what is said of customers names them by their number alone.
    query.push(format_args!(
        ") e left join users w on w.id = ({WHOM})::bigint left join users g on g.id = {} left join users k on k.id = {}
         order by e.at desc, e.id desc limit {limit}",
        merged("gone"),
        merged("kept"),
    ));
    let rows = query.build().fetch_all(conn).await.ours()?;
    rows.iter().map(from_row).collect()
}

fn from_row(r: &PgRow) -> Result<LogLine> {
    (|| {
        let kind: String = r.try_get(5)?;
        let data: Option<Value> = r.try_get(6)?;
        let names = Names { whom: r.try_get(7)?, gone: r.try_get(8)?, kept: r.try_get(9)? };
        Ok::<_, sqlx::Error>(LogLine {
            id: EventId(r.try_get(0)?),
            at: r.try_get::<time::OffsetDateTime, _>(1)?.into(),
            by: r.try_get::<Option<i64>, _>(2)?.map(UserId),
            name: r.try_get(3)?,
            address: r.try_get(4)?,
            what: words(&kind, data, &names),
            kind,
        })
    })()
    .ours()
}

/// The log as a table for spreadsheets, newest first, at most [`EXPORT_MAX`] lines. That it was taken out is written into
/// the log before anything is given away.
#[crate::compiled_here]
pub async fn export(desk: &Desk, actor: &Actor, filter: &LogFilter) -> Result<String> {
    policy::demand(actor, Action::SeeSecurityLog, None)?;
    let zone = actor.principal().and_then(|person| person.zone.as_ref());
    let mut table = String::from("number,at,who,account,address,kind,what\r\n");
    let (mut after, mut count) = (None, 0);
    {
        let mut conn = desk.read().await?;
        let wanted = wanted(&mut conn, filter).await?;
        while count < EXPORT_MAX {
            let rows = lines(&mut conn, &wanted, after, BATCH.min(EXPORT_MAX - count)).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.at.0, last.id.0));
            count += rows.len() as i64;
            for line in rows {
                let by = line.by.map(|by| by.to_string()).unwrap_or_default();
                let cells = [
                    line.id.to_string(),
                    zone.map_or_else(|| line.at.rfc3339(), |zone| zone.rfc3339(line.at)),
                    line.name,
                    by,
                    line.address.unwrap_or_default(),
                    line.kind,
                    line.what,
                ];
                table.push_str(&cells.map(|text| cell(&text)).join(","));
                table.push_str("\r\n");
            }
        }
    }
    let mut tx: Tx = desk.begin().await?;
    events::append(&mut tx, actor, None, &Happening::LogExported { rows: count }).await?;
    tx.commit().await?;
    Ok(table)
}
