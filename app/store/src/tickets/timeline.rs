//! Reading a timeline, page by page in both directions.

use crate::{OrOurs, events};
use domain::{
    Actor, EventId, Result, TicketId, UserId,
    attachment::Attachment,
    event::Audience,
    people::Person,
    policy::{self, Action},
    ticket::Source,
    timeline::{Author, Entry, Message, PAGE, Part, Slice},
};
use sqlx::{PgConnection, Row, postgres::PgRow};

/// The files of a message come as JSON in the same row: a statement of their own would cost as much as the rest.
const COLUMNS: &str = "e.id, e.at, e.actor_id, e.actor_name, e.actor_staff, e.kind, e.data, \
     m.html, m.quoted_html, m.channel, m.foreign_html, \
     case when m.event_id is not null then ( \
         select json_agg(json_build_object('id', a.id, 'key', a.key, 'name', a.name, 'content_type', a.content_type, \
                                           'size', a.size, 'deleted_by', a.deleted_by) order by a.id)::text \
         from attachments a where a.event_id = e.id and not a.inline) end, \
     case when m.event_id is not null then (select u.avatar from users u where u.id = e.actor_id) end";

/// The least audience whose entries this actor may read on a ticket they may see.
pub(crate) fn audience(actor: &Actor, facts: policy::TicketFacts) -> Audience {
    if policy::may(actor, Action::SeeInternal, Some(facts)) { Audience::Staff } else { Audience::Public }
}

/// A part of a ticket's timeline, for an actor who may see the ticket.
#[crate::compiled_here]
pub async fn read(conn: &mut PgConnection, actor: &Actor, id: TicketId, part: Part) -> Result<Slice> {
    policy::demand_somebody(actor)?;
    let ticket = super::row::load(conn, id).await?;
    policy::demand(actor, Action::SeeTicket, Some(ticket.facts()))?;
    slice(conn, id, audience(actor, ticket.facts()), part).await
}

/// The same, when the actor has been checked.
pub(super) async fn slice(conn: &mut PgConnection, id: TicketId, audience: Audience, part: Part) -> Result<Slice> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let (mut more_before, mut more_after) = (false, false);
    match part {
        Part::Latest => before = rows(conn, id, audience, "<", EventId(i64::MAX), PAGE + 1).await?,
        Part::Before(entry) => {
            before = rows(conn, id, audience, "<", entry, PAGE + 1).await?;
            more_after = true;
        }
        Part::After(entry) => {
            after = rows(conn, id, audience, ">", entry, PAGE + 1).await?;
            more_before = true;
        }
        Part::Around(entry) => {
            before = rows(conn, id, audience, "<=", entry, PAGE / 2 + 1).await?;
            after = rows(conn, id, audience, ">", entry, PAGE / 2 + 1).await?;
        }
    }
    let page = if matches!(part, Part::Around(_)) { PAGE / 2 } else { PAGE } as usize;
    if before.len() > page {
        before.truncate(page);
        more_before = true;
    }
    if after.len() > page {
        after.truncate(page);
        more_after = true;
    }
    before.reverse();
    before.append(&mut after);
    Ok(Slice { entries: before, more_before, more_after })
}

/// Entries of a ticket on one side of an entry, nearest first. The audience stands in the text, not as a parameter, so
/// that the partial index of it serves.
async fn rows(
    conn: &mut PgConnection,
    id: TicketId,
    audience: Audience,
    side: &str,
    entry: EventId,
    limit: i64,
) -> Result<Vec<Entry>> {
    let order = if side == ">" { "asc" } else { "desc" };
    let seen = if audience == Audience::Public { "e.audience = 2" } else { "e.audience > 0" };
    let sql = format!(
        "select {COLUMNS} from events e left join messages m on m.event_id = e.id
         where e.ticket_id = $1 and {seen} and e.id {side} $2 order by e.id {order} limit {limit}"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).bind(entry.0).fetch_all(conn).await.ours()?;
    rows.iter().map(from_row).collect()
}

/// These entries, whoever may read them: the caller decides by their audience. For live updates.
#[crate::compiled_here]
pub async fn entries(conn: &mut PgConnection, ids: &[i64]) -> Result<Vec<Entry>> {
    let sql = format!(
        "select {COLUMNS} from events e left join messages m on m.event_id = e.id where e.id = any($1) order by e.id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ids).fetch_all(conn).await.ours()?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &PgRow) -> Result<Entry> {
    let what = events::join(row.try_get(5).ours()?, row.try_get(6).ours()?)?;
    let files: Option<&str> = row.try_get(11).ours()?;
    let attachments: Vec<Attachment> = files.map_or(Ok(Vec::new()), serde_json::from_str).ours()?;
    (|| {
        let actor: Option<i64> = row.try_get(2)?;
        let name: String = row.try_get(3)?;
        let picture: Option<i64> = row.try_get(12)?;
        let html: Option<String> = row.try_get(7)?;
        let message = match html {
            Some(html) => Some(Message {
                html,
                quoted_html: row.try_get(8)?,
                channel: Source::from_word(row.try_get(9)?).unwrap_or(Source::Web),
                attachments,
                foreign_html: row.try_get(10)?,
            }),
            None => None,
        };
        Ok::<_, sqlx::Error>(Entry {
            id: EventId(row.try_get(0)?),
            at: row.try_get::<time::OffsetDateTime, _>(1)?.into(),
            by: Author {
                person: actor.map(|id| Person { id: UserId(id), name: name.clone(), picture }),
                name,
                staff: row.try_get(4)?,
            },
            what,
            message,
        })
    })()
    .ours()
}
