//! All that a customer has written, whichever ticket it is on.

use crate::{
    OrOurs,
    customers::done::{self, SIZE},
    tickets::{message::EXCERPT, row},
};
use domain::{
    Actor, EventId, Result, TicketId, UserId,
    customer::Written,
    page::Page,
    policy::{self, Action},
    text,
    ticket::Source,
};
use sqlx::{PgConnection, Row as _, postgres::PgRow};

/// How many are looked at for who does not see all tickets: nobody reads ten thousand of a customer's messages to find that none is
/// on a ticket of theirs.
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
    let after = done::place(after)?;
    let reach = (!actor.principal().is_none_or(policy::sees_all)).then_some(LOOKED_AT);
    let looked_at = reach.unwrap_or(SIZE + 1);
    let mut query = done::query(id);
    query.push(
        ", looked as (select e.id, e.at, e.ticket_id from people p, lateral ( \
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
    done::page(&rows, reach, from_row, |written| written.entry)
}

/// `None`: the row stands for itself only, because nothing is shown.
fn from_row(row: &PgRow) -> sqlx::Result<Option<Written>> {
    let Some(entry) = row.try_get::<Option<i64>, _>(3)? else { return Ok(None) };
    Ok(Some(Written {
        entry: EventId(entry),
        at: row.try_get::<time::OffsetDateTime, _>(4)?.into(),
        ticket: TicketId(row.try_get(5)?),
        subject: row.try_get(6)?,
        channel: Source::from_word(row.try_get(7)?).unwrap_or(Source::Web),
        excerpt: text::excerpt(row.try_get(8)?, 2 * EXCERPT),
        files: row.try_get(9)?,
    }))
}
