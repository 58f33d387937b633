//! What live updates read and say: the events as signals, calls between nodes, and whether open sockets may stay.
//!
//! A signal is an event without its data. Whoever follows the events to pass them on needs no more, and a kind that only
//! a newer release knows cannot stop it.

use crate::{Desk, OrOurs, accounts::session::IDLE_MS, people::Rights};
use domain::{CompanyId, Principal, Result, Role, SessionId, TicketId, Time, UserId, event::Position};
use sqlx::{
    PgConnection,
    postgres::{PgListener, PgPoolOptions},
};
use std::time::Duration;

/// That something happened, where and how openly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    pub position: Position,
    pub ticket: Option<TicketId>,
    /// Whether it is an entry of the timeline at all.
    pub shown: bool,
    /// Whether customers may learn of it.
    pub public: bool,
    pub kind: String,
    pub actor: Option<UserId>,
    /// When it happened, which may be long before it was told.
    pub at: Time,
}

/// The next signals in order.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub signals: Vec<Signal>,
    /// More can be read right now.
    pub more: bool,
    /// Something has been committed that waits for an older transaction to end: reading again soon makes sense, and
    /// nothing will call when it can be read.
    pub pending: bool,
}

struct Row {
    id: i64,
    transaction: i64,
    ticket_id: Option<i64>,
    audience: i16,
    kind: String,
    actor_id: Option<i64>,
    at: time::OffsetDateTime,
}

impl From<Row> for Signal {
    fn from(r: Row) -> Self {
        Self {
            position: Position { transaction: r.transaction, id: r.id },
            ticket: r.ticket_id.map(TicketId),
            shown: r.audience > 0,
            public: r.audience >= 2,
            kind: r.kind,
            actor: r.actor_id.map(UserId),
            at: r.at.into(),
        }
    }
}

/// The signals after a position, at most `limit`.
///
/// What may be read and what has to wait comes out of one snapshot. Two statements could miss that a transaction ended
/// between them, and the reader would go to sleep over something that it could read.
#[crate::compiled_here]
pub async fn next(conn: &mut PgConnection, since: Position, limit: i64) -> Result<Batch> {
    let rows = sqlx::query!(
        r#"select e.id, e.xid::text::bigint as "transaction!", e.ticket_id, e.audience, e.kind, e.actor_id,
                  e.at, (e.xid < pg_snapshot_xmin(pg_current_snapshot())) as "readable!"
           from events e where (e.xid, e.id) > ($1::text::xid8, $2) order by e.xid, e.id limit $3"#,
        since.transaction.to_string(),
        since.id,
        limit,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    let full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
    let pending = rows.last().is_some_and(|r| !r.readable);
    let signals = rows
        .into_iter()
        .take_while(|r| r.readable)
        .map(|r| {
            Row {
                id: r.id,
                transaction: r.transaction,
                ticket_id: r.ticket_id,
                audience: r.audience,
                kind: r.kind,
                actor_id: r.actor_id,
                at: r.at,
            }
            .into()
        })
        .collect();
    Ok(Batch { signals, more: full && !pending, pending })
}

/// The signals of one ticket after one position and up to another, at most `limit`. For catching up on what is readable.
#[crate::compiled_here]
pub async fn of_ticket(
    conn: &mut PgConnection,
    ticket: TicketId,
    since: Position,
    until: Position,
    limit: i64,
) -> Result<Vec<Signal>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select e.id, e.xid::text::bigint as "transaction!", e.ticket_id, e.audience, e.kind, e.actor_id, e.at
           from events e
           where e.ticket_id = $6 and (e.xid, e.id) > ($1::text::xid8, $2) and (e.xid, e.id) <= ($3::text::xid8, $4)
           order by e.xid, e.id limit $5"#,
        since.transaction.to_string(),
        since.id,
        until.transaction.to_string(),
        until.id,
        limit,
        ticket.0,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(rows.into_iter().map(Signal::from).collect())
}

/// The same for all tickets.
#[crate::compiled_here]
pub async fn of_tickets(conn: &mut PgConnection, since: Position, until: Position, limit: i64) -> Result<Vec<Signal>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select e.id, e.xid::text::bigint as "transaction!", e.ticket_id, e.audience, e.kind, e.actor_id, e.at
           from events e
           where (e.xid, e.id) > ($1::text::xid8, $2) and (e.xid, e.id) <= ($3::text::xid8, $4)
               and e.ticket_id is not null
           order by e.xid, e.id limit $5"#,
        since.transaction.to_string(),
        since.id,
        until.transaction.to_string(),
        until.id,
        limit,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(rows.into_iter().map(Signal::from).collect())
}

/// The last time after which all of staff had to read their pages again, because something on any ticket may have changed
/// without an event of its own.
#[crate::compiled_here]
pub async fn last_reset(conn: &mut PgConnection) -> Result<Position> {
    let row = sqlx::query!(
        r#"select xid::text::bigint as "transaction!", id from events
           where kind = 'settings.priorities_applied' order by xid desc, id desc limit 1"#
    )
    .fetch_optional(conn)
    .await
    .ours()?;
    Ok(row.map_or_else(Position::default, |r| Position { transaction: r.transaction, id: r.id }))
}

/// The last event there is, whether it can be read in order yet or not.
#[crate::compiled_here]
pub async fn last_event(conn: &mut PgConnection) -> Result<Position> {
    let row = sqlx::query!(
        r#"select xid::text::bigint as "transaction!", id from events order by xid desc, id desc limit 1"#
    )
    .fetch_optional(conn)
    .await
    .ours()?;
    Ok(row.map_or_else(Position::default, |r| Position { transaction: r.transaction, id: r.id }))
}

/// On which channel nodes call each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// There are new events; the events themselves are read from the table.
    Events,
    /// Who looks at what: not worth a table, gone with the node that knows it.
    Presence,
}

impl Channel {
    fn name(self) -> &'static str {
        match self {
            Channel::Events => "docket_events",
            Channel::Presence => "docket_presence",
        }
    }
}

/// The longest call, in bytes. PostgreSQL takes less than 8000.
pub const CALL_MAX: usize = 7_500;

/// Calls the other nodes. Lost when nobody listens.
///
/// `NOTIFY` takes a lock of the whole cluster from before its commit until after it, so it must never be part of an
/// operation's transaction: all commits would stand in one line. Here it is a transaction of its own, which does not wait
/// for the disk either, as nobody needs the call after a crash.
#[crate::compiled_here]
pub async fn call(desk: &Desk, channel: Channel, payloads: &[String]) -> Result<()> {
    sqlx::query!(
        "select set_config('synchronous_commit', 'off', true), pg_notify($1, p) from unnest($2::text[]) p",
        channel.name(),
        payloads,
    )
    .fetch_all(desk.pool())
    .await
    .ours()?;
    Ok(())
}

/// Hears the calls of all nodes, its own included.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Listens on a connection of its own, so that it does not take one from those who work.
    #[crate::compiled_here]
    pub async fn connect(desk: &Desk) -> Result<Self> {
        let options = desk.pool().connect_options();
        let own = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy_with(options.as_ref().clone());
        let mut listener = PgListener::connect_with(&own).await.ours()?;
        listener.ignore_pool_close_event(true);
        listener.listen_all([Channel::Events.name(), Channel::Presence.name()]).await.ours()?;
        Ok(Self(listener))
    }

    /// The next call. `None`: the connection was lost and is there again, so calls may have been missed. After an error
    /// a new listener is needed.
    #[crate::compiled_here]
    pub async fn hear(&mut self) -> Result<Option<(Channel, String)>> {
        loop {
            let Some(call) = self.0.try_recv().await.ours()? else { return Ok(None) };
            for channel in [Channel::Events, Channel::Presence] {
                if call.channel() == channel.name() {
                    return Ok(Some((channel, call.payload().to_owned())));
                }
            }
        }
    }
}

/// Somebody who holds a socket open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    pub user: UserId,
    /// `None` for those who signed in with a token.
    pub session: Option<SessionId>,
}

/// Who of these is still signed in and not blocked, as the person they are now. One statement for all of them.
#[crate::compiled_here]
pub async fn still_here(desk: &Desk, holders: &[Holder]) -> Result<Vec<(Holder, Principal)>> {
    let users: Vec<i64> = holders.iter().map(|h| h.user.0).collect();
    // 0 stands for “without a session”: no session has this id.
    let sessions: Vec<i64> = holders.iter().map(|h| h.session.map_or(0, |s| s.0)).collect();
    let now = desk.now();
    let rows = sqlx::query!(
        r#"select h.session_id as "session_id!", u.id, u.name, u.email, u.role, u.company_id,
                  u.second_factor, u.created_at, coalesce(c.sees_all, false) as "sees_all!", r.name as "role_name?", r.permissions as "permissions?",
                  case when u.role_id is not null
                      then array(select m.team_id from team_members m where m.user_id = u.id) end as teams,
                  (select e.gone_user_id from errands e where e.user_id = u.id and e.ended_at is null) as also
           from unnest($1::bigint[], $2::bigint[]) h(user_id, session_id)
           join users u on u.id = h.user_id left join companies c on c.id = u.company_id
               left join roles r on r.id = u.role_id
           where u.blocked_at is null and (h.session_id = 0 or exists (
               select 1 from sessions s where s.id = h.session_id and s.user_id = u.id
                   and s.expires_at > $3 and s.last_used_at > $4))"#,
        &users,
        &sessions,
        time::OffsetDateTime::from(now),
        time::OffsetDateTime::from(now.plus_millis(-IDLE_MS)),
    )
    .fetch_all(desk.pool())
    .await
    .ours()?;
    let catalog = desk.catalog();
    Ok(rows
        .into_iter()
        .filter_map(|r| {
            let rights = Rights { role: r.role, custom: r.role_name.zip(r.permissions), teams: r.teams };
            let person = rights.give(Principal {
                company: r.company_id.map(CompanyId),
                sees_company: r.sees_all,
                also: r.also.map(UserId),
                ..Principal::new(UserId(r.id), r.name, r.email, Role::Customer)
            });
            // Who must set a second factor up first is not told anything either.
            let due = catalog.second_factor_due(&person, r.created_at.into()).filter(|_| !r.second_factor);
            let session = (r.session_id != 0).then_some(SessionId(r.session_id));
            due.is_none_or(|due| due > now).then_some((Holder { user: person.id, session }, person))
        })
        .collect())
}
