//! The spine: writing events in an operation's transaction, and reading them in order.

use crate::{OrOurs, Tx, error::internal};
use domain::{
    Actor, EventId, Result, TicketId,
    actor::Who,
    event::{Event, Happening, Position},
};
use serde_json::Value;
use sqlx::{PgConnection, Row, postgres::PgRow};

/// Who the timeline says did it: id, name, whether they are staff.
pub(crate) struct By<'a> {
    pub id: Option<i64>,
    pub name: &'a str,
    pub staff: bool,
}

impl<'a> By<'a> {
    pub fn actor(actor: &'a Actor) -> Self {
        match &actor.who {
            Who::User(p) => By { id: Some(p.id.0), name: &p.name, staff: p.role.is_staff() },
            Who::System(name) => By { id: None, name, staff: true },
            Who::Provider(provider) => By { id: None, name: &provider.name, staff: true },
            Who::Visitor => By { id: None, name: "Visitor", staff: false },
        }
    }
}

/// Writes an event of this actor.
#[crate::compiled_here]
pub async fn append(tx: &mut Tx, actor: &Actor, ticket: Option<TicketId>, what: &Happening) -> Result<EventId> {
    let by = By::actor(actor);
    let (kind, data) = split(what)?;
    let at = tx.at();
    let id = sqlx::query_scalar!(
        "insert into events (at, actor_id, actor_name, actor_staff, address, ticket_id, audience, kind, data)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         returning id",
        at,
        by.id,
        by.name,
        by.staff,
        actor.address.as_deref(),
        ticket.map(|t| t.0),
        what.audience().number(),
        kind,
        data,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    Ok(EventId(id))
}

/// Writes events of this actor, in their order, each on its ticket or on none. All of them are for the same audience.
pub(crate) async fn append_many(
    tx: &mut Tx,
    actor: &Actor,
    happenings: &[(Option<TicketId>, Happening)],
) -> Result<()> {
    let Some((_, first)) = happenings.first() else { return Ok(()) };
    let by = By::actor(actor);
    let at = tx.at();
    let tickets: Vec<Option<i64>> = happenings.iter().map(|(ticket, _)| ticket.map(|t| t.0)).collect();
    let said = happenings.iter().map(|(_, what)| split(what)).collect::<Result<Vec<_>>>()?;
    let (kinds, data): (Vec<_>, Vec<_>) = said.into_iter().unzip();
    sqlx::query!(
        "insert into events (at, actor_id, actor_name, actor_staff, address, ticket_id, audience, kind, data)
         select $1, $2, $3, $4, $5, e.ticket, $6, e.kind, e.data
         from unnest($7::bigint[], $8::text[], $9::jsonb[]) with ordinality as e (ticket, kind, data, place)
         order by e.place",
        at,
        by.id,
        by.name,
        by.staff,
        actor.address.as_deref(),
        first.audience().number(),
        &tickets as &[Option<i64>],
        &kinds,
        &data as &[Option<Value>],
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// A happening as its two columns.
pub(crate) fn split(what: &Happening) -> Result<(String, Option<Value>)> {
    match serde_json::to_value(what).ours()? {
        Value::String(kind) => Ok((kind, None)),
        Value::Object(parts) if parts.len() == 1 => parts
            .into_iter()
            .next()
            .map(|(kind, data)| (kind, Some(data)))
            .ok_or_else(|| internal(&"an event is empty")),
        _ => Err(internal(&"an event is neither a word nor a word with data")),
    }
}

/// A happening from its two columns.
pub(crate) fn join(kind: String, data: Option<Value>) -> Result<Happening> {
    serde_json::from_value(whole(kind, data)).ours()
}

/// The two columns of a happening as the one value that it is stored as.
pub(crate) fn whole(kind: String, data: Option<Value>) -> Value {
    match data {
        Some(data) => Value::Object([(kind, data)].into_iter().collect()),
        None => Value::String(kind),
    }
}

/// The columns of [`from_row`], of `events e`.
const COLUMNS: &str = "e.id, e.xid::text::bigint, e.ticket_id, e.kind, e.data, e.depth";

fn from_row(row: &PgRow) -> Result<Event> {
    let id: i64 = row.try_get(0).ours()?;
    Ok(Event {
        id: EventId(id),
        position: Position { transaction: row.try_get(1).ours()?, id },
        ticket: row.try_get::<Option<i64>, _>(2).ours()?.map(TicketId),
        what: join(row.try_get(3).ours()?, row.try_get(4).ours()?)?,
        depth: row.try_get(5).ours()?,
    })
}

/// The events after a position, in order, at most `limit`; only those that no running transaction can come before.
#[crate::compiled_here]
pub async fn after(conn: &mut PgConnection, since: Position, limit: i64) -> Result<Vec<Event>> {
    let sql = format!(
        "select {COLUMNS} from events e
         where (e.xid, e.id) > ($1::text::xid8, $2) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
         order by e.xid, e.id limit $3"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(since.transaction.to_string())
        .bind(since.id)
        .bind(limit)
        .fetch_all(conn)
        .await
        .ours()?
        .iter()
        .map(from_row)
        .collect()
}

/// The events of one ticket after a position, in order, at most `limit`.
#[crate::compiled_here]
pub async fn of_ticket_after(
    conn: &mut PgConnection,
    ticket: TicketId,
    since: Position,
    limit: i64,
) -> Result<Vec<Event>> {
    let sql = format!(
        "select {COLUMNS} from events e
         where e.ticket_id = $4 and (e.xid, e.id) > ($1::text::xid8, $2) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
         order by e.xid, e.id limit $3"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(since.transaction.to_string())
        .bind(since.id)
        .bind(limit)
        .bind(ticket.0)
        .fetch_all(conn)
        .await
        .ours()?
        .iter()
        .map(from_row)
        .collect()
}

/// Where reading starts for somebody who wants only what comes from now on: everything readable by now is before it, and
/// everything that commits later is after it.
#[crate::compiled_here]
pub async fn position_now(conn: &mut PgConnection) -> Result<Position> {
    let transaction: i64 = sqlx::query_scalar("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        .fetch_one(conn)
        .await
        .ours()?;
    Ok(Position { transaction, id: 0 })
}

/// Whether events wait behind a running transaction: then reading again soon makes sense.
#[crate::compiled_here]
pub async fn are_pending(conn: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar("select exists (select 1 from events where xid >= pg_snapshot_xmin(pg_current_snapshot()))")
        .fetch_one(conn)
        .await
        .ours()
}

/// How far a reactor has read; a new one starts at the beginning.
#[crate::compiled_here]
pub async fn cursor(tx: &mut Tx, reactor: &str) -> Result<Position> {
    let row: Option<(i64, i64)> = sqlx::query_as("select xid::text::bigint, id from reactors where name = $1")
        .bind(reactor)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?;
    Ok(row.map_or_else(Position::default, |(transaction, id)| Position { transaction, id }))
}

/// Takes a reactor's lock for this transaction: only one node runs it at a time. `false`: another one is at it.
#[crate::compiled_here]
pub async fn lead(tx: &mut Tx, reactor: &str) -> Result<bool> {
    sqlx::query_scalar("select pg_try_advisory_xact_lock(hashtextextended('reactor:' || $1, 0))")
        .bind(reactor)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()
}

/// Moves a reactor's cursor, in the transaction that holds what the reactor did.
#[crate::compiled_here]
pub async fn advance(tx: &mut Tx, reactor: &str, to: Position) -> Result<()> {
    sqlx::query(
        "insert into reactors (name, xid, id) values ($1, $2::text::xid8, $3)
         on conflict (name) do update set xid = excluded.xid, id = excluded.id, updated_at = now()",
    )
    .bind(reactor)
    .bind(to.transaction.to_string())
    .bind(to.id)
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

impl Tx {
    /// The events after a position, read in this transaction.
    #[crate::compiled_here]
    pub async fn events_after(&mut self, since: Position, limit: i64) -> Result<Vec<Event>> {
        after(&mut self.conn, since, limit).await
    }
}
