//! All that a customer has written, whichever ticket it is on.

use crate::{
    OrOurs,
    tickets::{message::EXCERPT, row},
};
use domain::{
    Actor, Error, EventId, Result, TicketId, UserId,
    customer::Written,
    page::Page,
    policy::{self, Action},
    text,
    ticket::Source,
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow};

/// How many messages a page has.
const SIZE: usize = 20;

/// How many are looked at for who does not see all tickets: nobody reads ten thousand of a customer's messages to find that none is
/// on a ticket of theirs. A page can be short for it, and goes on all the same.
const LOOKED_AT: usize = 500;

/// How much of a text is read for its beginning, in characters: white space is taken out of it.
const READ: usize = 8 * EXCERPT;

/// A page of what a customer has written on tickets that this actor may see, the newest first. Whoever was merged into them is
/// they. What staff have answered is not among it: the link of each leads to where it stands in its ticket.
///
/// One statement. It reads as many entries of an index as it shows, however many messages there are.
///
/// Errors: `NotFound` for who is no customer; a field error for a wrong `after`.
#[crate::compiled_here]
pub async fn list(conn: &mut PgConnection, actor: &Actor, id: UserId, after: Option<&str>) -> Result<Page<Written>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let after = after.map(|after| after.parse::<i64>().map_err(|_| no_place())).transpose()?;
    let all = actor.principal().is_none_or(policy::sees_all);
    let looked_at = if all { SIZE + 1 } else { LOOKED_AT };
    let mut query = QueryBuilder::<Postgres>::new(
        "with who as (select coalesce(merged_into, id) as id from users where role = 'customer' and id = ",
    );
    query.push_bind(id.0);
    query.push(
        "), people as (select id from who union all select u.id from who join users u on u.merged_into = who.id), \
         looked as (select e.id, e.at, e.ticket_id from people p, lateral ( \
             select e.id, e.at, e.ticket_id from events e where e.actor_id = p.id and e.kind = 'message.customer'",
    );
    if let Some(after) = after {
        query.push(" and (e.at, e.id) < ((select k.at from events k where k.id = ").push_bind(after);
        query.push("), ").push_bind(after).push(")");
    }
    query.push(format_args!(
        " order by e.at desc, e.id desc limit {looked_at}) e order by e.at desc, e.id desc limit {looked_at}), \
         shown as (select l.id, l.at, t.id as ticket_id, t.subject from looked l join tickets t on t.id = l.ticket_id where true"
    ));
    row::visible(&mut query, actor);
    query.push(format_args!(
        " order by l.at desc, l.id desc limit {}) \
         select exists (select from who), (select count(*) from looked), \
             (select l.id from looked l order by l.at, l.id limit 1), \
             s.id, s.at, s.ticket_id, s.subject, m.channel, left(m.body, {READ}), \
             (select count(*) from attachments a where a.event_id = s.id and not a.inline and a.deleted_at is null) \
         from shown s join messages m on m.event_id = s.id right join (values (true)) one on true \
         order by s.at desc, s.id desc",
        SIZE + 1
    ));
    let rows = query.build().fetch_all(conn).await.ours()?;
    let first =
        rows.first().filter(|row| row.try_get(0).unwrap_or(false)).ok_or_else(|| Error::not_found("customer"))?;
    let (looked, last): (i64, Option<i64>) = (first.try_get(1).ours()?, first.try_get(2).ours()?);
    let mut shown: Vec<Written> = rows.iter().filter_map(|row| from_row(row).transpose()).collect::<Result<_>>()?;
    let more = shown.len() > SIZE;
    shown.truncate(SIZE);
    let next = match shown.last() {
        Some(last) if more => Some(last.entry.0),
        _ if !all && looked == LOOKED_AT as i64 => last,
        _ => None,
    };
    Ok(Page { rows: shown, next: next.map(|id| id.to_string()), position: None })
}

fn no_place() -> Error {
    Error::field("after", "This place in the list does not exist. Please start from its beginning.")
}

/// `None`: the row stands for itself only, because nothing is shown.
fn from_row(row: &PgRow) -> Result<Option<Written>> {
    (|| {
        let Some(entry) = row.try_get::<Option<i64>, _>(3)? else { return Ok(None) };
        Ok::<_, sqlx::Error>(Some(Written {
            entry: EventId(entry),
            at: row.try_get::<time::OffsetDateTime, _>(4)?.into(),
            ticket: TicketId(row.try_get(5)?),
            subject: row.try_get(6)?,
            channel: Source::from_word(row.try_get(7)?).unwrap_or(Source::Web),
            excerpt: text::excerpt(row.try_get(8)?, 2 * EXCERPT),
            files: row.try_get(9)?,
        }))
    })()
    .ours()
}
