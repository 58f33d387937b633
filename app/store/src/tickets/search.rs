//! Full-text search over subjects and messages, within what the searcher may see.

use super::row::{self, COLUMNS, JOINS};
use crate::{Desk, OrOurs};
use domain::{
    Actor, Error, EventId, Result, policy,
    search::{DEEPEST, Found, Hit, SHOWN, START, STOP, TEXT_MAX, pieces},
    text,
};
use sqlx::{Postgres, QueryBuilder, Row};

/// How many matching messages are looked at: a word that is in every message must not cost more than one that is rare.
const LOOKED_AT: i64 = 600;

/// Tickets in whose subject or messages the words are. Quotes, `or` and `-` work as in a web search. A number alone, with
/// or without `#`, finds the ticket of that number first, and then those that had it in the system that they come from.
///
/// `from`: how many better ones have been shown, in whole pages. Each page ranks what is looked at anew, so none costs more
/// than the first, however deep and however large the tables are.
///
/// Customers' searches never touch internal notes.
#[crate::compiled_here]
pub async fn search(desk: &Desk, actor: &Actor, words: &str, from: usize) -> Result<Found> {
    actor.signed_in()?;
    let words = text::tidy_line(words);
    if words.chars().count() > TEXT_MAX {
        return Err(Error::field("q", "Use at most 200 characters to search for."));
    }
    if from >= DEEPEST {
        return Err(Error::field("from", "A search shows the best 300 tickets. Add a word to narrow it down."));
    }
    if words.is_empty() {
        return Ok(Found::default());
    }
    // Whoever sees every ticket needs no look at the tickets.
    let all = actor.principal().is_none_or(policy::sees_all);
    let number = words.strip_prefix('#').unwrap_or(&words).parse::<u32>().ok();
    let mut query = QueryBuilder::<Postgres>::new("with q as (select q from websearch_to_tsquery('english', ");
    // What has no word to look up (`-printer` alone, `the`) is in nearly every message: finding them would be reading them all.
    query.push_bind(words.clone()).push(") q where querytree(q) not in ('', 'T')), hits as (");
    query.push("(select m.ticket_id, m.event_id, ts_rank(m.search, q.q)::float8 as rank from q, messages m ");
    if !all {
        query.push("join tickets t on t.id = m.ticket_id ");
    }
    query.push("where m.search @@ q.q");
    if !actor.is_staff() {
        query.push(" and m.kind <> 'note'");
    }
    if !all {
        row::visible(&mut query, actor);
    }
    query.push(format_args!(" limit {LOOKED_AT}"));
    query.push(") union all (select s.ticket_id, null, 0.2 + ts_rank(s.search, q.q) from q, ticket_subjects s ");
    if !all {
        query.push("join tickets t on t.id = s.ticket_id ");
    }
    query.push("where s.search @@ q.q");
    if !all {
        row::visible(&mut query, actor);
    }
    query.push(format_args!(" limit {LOOKED_AT})"));
    if let Some(number) = number {
        query.push(" union all (select t.id, null, 100 from tickets t where t.id = ").push_bind(i64::from(number));
        row::visible(&mut query, actor);
        query.push(")");
    }
    // Those that were called like that where they come from.
    let outside = words.strip_prefix('#').unwrap_or(&words);
    query.push(" union all (select t.id, null, 99 from outside_tickets o join tickets t on t.id = o.ticket_id where o.number = ");
    query.push_bind(outside.to_owned());
    row::visible(&mut query, actor);
    query.push(" limit 10)");
    query.push("), best as (select ticket_id, max(rank) + 0.1 * ln(count(*)) as rank, ");
    query.push("(array_agg(event_id order by rank desc) filter (where event_id is not null))[1] as event_id ");
    query.push(format_args!("from hits group by ticket_id order by 2 desc, 1 desc limit {}", SHOWN + 1));
    if from >= SHOWN {
        query.push(format_args!(" offset {}", from / SHOWN * SHOWN));
    }
    query.push(") ");
    let marks = format!("'StartSel={START}, StopSel={STOP}, MaxWords=28, MinWords=12, MaxFragments=1'");
    let whole = format!("'StartSel={START}, StopSel={STOP}, HighlightAll=true'");
    query.push(format_args!(
        "select {COLUMNS}, \
         case when s.search @@ q.q then ts_headline('english', t.subject, q.q, {whole}) else t.subject end, \
         ts_headline('english', left(m.body, 4000), q.q, {marks}), m.event_id \
         from best b cross join q join tickets t on t.id = b.ticket_id {JOINS} \
         join ticket_subjects s on s.ticket_id = t.id \
         left join messages m on m.event_id = coalesce(b.event_id, t.last_message_id) and "
    ));
    // Where only the subject fits, the last message stands below it: for customers that must not be a note.
    query.push(if actor.is_staff() { "true" } else { "m.kind <> 'note'" });
    query.push(" order by b.rank desc, t.id desc");
    let mut conn = desk.read().await?;
    let rows = query.build().fetch_all(&mut *conn).await.ours()?;
    conn.done();
    let more = rows.len() > SHOWN;
    let hits = rows
        .iter()
        .take(SHOWN)
        .map(|r| {
            let ticket = row::from_row(r)?;
            let subject: String = r.try_get(row::WIDTH).ours()?;
            let snippet: Option<String> = r.try_get(row::WIDTH + 1).ours()?;
            let entry: Option<i64> = r.try_get(row::WIDTH + 2).ours()?;
            Ok(Hit {
                ticket: if actor.is_staff() { ticket } else { super::view::for_customers(ticket) },
                subject: pieces(&subject),
                snippet: pieces(&text::tidy_snippet(&snippet.unwrap_or_default())),
                entry: entry.map(EventId),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Found { hits, more })
}
