//! Putting many rows in at once: demo and benchmark data, and tickets from files.
//!
//! Past the operations and their checks, so it is for data that Docket itself has made. Events get the positions of now;
//! the numbers that reactors keep are made afresh at the end.

use crate::{
    Desk, OrOurs, Tx,
    accounts::{api_tokens, second_factor},
};
use domain::{
    Actor, Error, Result, Role, Time, UserId, actor::Who, api_token::NewApiToken, event::Happening, invitation::State,
    letter::Purpose,
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Companies with one domain each.
#[derive(Clone, Debug, Default)]
pub struct Companies {
    pub names: Vec<String>,
    pub domains: Vec<String>,
    pub sees_all: Vec<bool>,
}

/// People. `company` 0: none.
#[derive(Clone, Debug, Default)]
pub struct People {
    pub names: Vec<String>,
    pub emails: Vec<String>,
    pub roles: Vec<String>,
    pub companies: Vec<i64>,
    /// The same for all: hashing hundreds of passwords takes minutes.
    pub password_hash: Option<String>,
    pub created_at: Vec<OffsetDateTime>,
}

/// An invitation as it stands, by the first superadmin; one that was accepted, by who has the address. No mail is sent.
#[crate::compiled_here]
pub async fn invitation(
    tx: &mut Tx,
    actor: &Actor,
    email: &str,
    role: Role,
    sent_at: Time,
    state: State,
) -> Result<()> {
    only_system(actor)?;
    let sent = OffsetDateTime::from(sent_at);
    sqlx::query!(
        "insert into invitations (email, role, invited_by, nonce, created_at, sent_at, expires_at, accepted_at, accepted_by, revoked_at)
         select $1, $2, u.id, $3, $4::timestamptz, $4::timestamptz, $5,
                case when $6::bool then $4::timestamptz end, (select id from users where $6::bool and lower(email) = lower($1)), case when $7::bool then $4::timestamptz end
         from users u where u.role = 'superadmin' order by u.id limit 1",
        email,
        role.word(),
        &rand::random::<[u8; 16]>()[..],
        sent,
        OffsetDateTime::from(sent_at.plus_millis(Purpose::Invitation.lifetime())),
        state == State::Accepted,
        state == State::Revoked,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// An app for codes that somebody has set up, with this secret, and recovery codes that nobody knows.
#[crate::compiled_here]
pub async fn app(tx: &mut Tx, actor: &Actor, user: UserId, secret: &[u8]) -> Result<()> {
    only_system(actor)?;
    second_factor::put(tx, user, secret).await
}

/// A token of the API that somebody has made at the transaction's moment, and that nobody knows. `used`: when and from which
/// address it was the last time.
#[crate::compiled_here]
pub async fn api_token(
    tx: &mut Tx,
    actor: &Actor,
    user: UserId,
    input: &NewApiToken,
    used: Option<(Time, &str)>,
) -> Result<()> {
    only_system(actor)?;
    let (name, scope) = input.check()?;
    let (_, id) = api_tokens::put(tx, user, &name, scope, input.days).await?;
    let (at, address) = used.map(|(at, address)| (OffsetDateTime::from(at), address)).unzip();
    sqlx::query!("update api_tokens set last_used_at = $2, last_address = $3 where id = $1", id, at, address)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Tickets by column, as they are in the end. `company`, `assignee` 0: none.
#[derive(Clone, Debug, Default)]
pub struct Tickets {
    pub ids: Vec<i64>,
    pub subjects: Vec<String>,
    pub statuses: Vec<i64>,
    pub urgencies: Vec<i16>,
    pub importances: Vec<i16>,
    pub priorities: Vec<i16>,
    pub sources: Vec<String>,
    pub requesters: Vec<i64>,
    pub companies: Vec<i64>,
    pub assignees: Vec<i64>,
    /// 0, or nothing at all: none.
    pub teams: Vec<i64>,
    /// As `{1,2}`: arrays of arrays must have equal lengths in PostgreSQL.
    pub tags: Vec<String>,
    pub excerpts: Vec<String>,
    pub customer_last: Vec<bool>,
    pub last_messages: Vec<i64>,
    pub ranks: Vec<String>,
    pub versions: Vec<i64>,
    pub created_at: Vec<OffsetDateTime>,
    pub updated_at: Vec<OffsetDateTime>,
}

/// Events by column. `actor` 0: Docket itself.
#[derive(Clone, Debug, Default)]
pub struct Events {
    pub ids: Vec<i64>,
    pub at: Vec<OffsetDateTime>,
    pub actors: Vec<i64>,
    pub names: Vec<String>,
    pub staff: Vec<bool>,
    pub tickets: Vec<i64>,
    pub audiences: Vec<i16>,
    pub kinds: Vec<String>,
    pub data: Vec<Option<serde_json::Value>>,
}

impl Events {
    /// Adds one event.
    #[expect(clippy::too_many_arguments, reason = "one row of a table, column by column")]
    pub fn push(
        &mut self,
        id: i64,
        at: OffsetDateTime,
        actor: i64,
        name: &str,
        staff: bool,
        ticket: i64,
        what: &Happening,
    ) -> Result<()> {
        let (kind, data) = crate::events::split(what)?;
        self.ids.push(id);
        self.at.push(at);
        self.actors.push(actor);
        self.names.push(name.into());
        self.staff.push(staff);
        self.tickets.push(ticket);
        self.audiences.push(what.audience().number());
        self.kinds.push(kind);
        self.data.push(data);
        Ok(())
    }
}

/// Messages by column; the ids are those of their events.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    pub events: Vec<i64>,
    pub tickets: Vec<i64>,
    pub kinds: Vec<String>,
    pub channels: Vec<String>,
    pub bodies: Vec<String>,
    pub htmls: Vec<String>,
    /// Where any message has them: history and signature, and whether the HTML is that of a mail.
    pub quoted: Vec<Option<String>>,
    pub foreign: Vec<bool>,
}

/// One batch of tickets with what happened on them.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub tickets: Tickets,
    pub events: Events,
    pub messages: Messages,
}

/// Reserves `n` ids of a table's identity column.
pub(crate) async fn reserve(conn: &mut PgConnection, table: &'static str, n: i64) -> Result<Vec<i64>> {
    sqlx::query_scalar("select nextval(pg_get_serial_sequence($1, 'id')) from generate_series(1, $2)")
        .bind(table)
        .bind(n)
        .fetch_all(conn)
        .await
        .ours()
}

/// Ids for a batch: of `tickets` tickets and `events` events.
#[crate::compiled_here]
pub async fn reserve_ids(desk: &Desk, tickets: usize, events: usize) -> Result<(Vec<i64>, Vec<i64>)> {
    let mut conn = desk.read().await?;
    let tickets = reserve(&mut conn, "tickets", tickets as i64).await?;
    let events = reserve(&mut conn, "events", events as i64).await?;
    Ok((tickets, events))
}

fn only_system(actor: &Actor) -> Result<()> {
    match actor.who {
        Who::System(_) => Ok(()),
        Who::User(_) | Who::Visitor | Who::Provider(_) => Err(Error::forbidden()),
    }
}

/// Refuses to mix made-up data with somebody's own.
#[crate::compiled_here]
pub async fn demand_empty(desk: &Desk) -> Result<()> {
    let used = sqlx::query_scalar!(r#"select exists (select 1 from tickets) as "used!""#)
        .fetch_one(desk.pool())
        .await
        .ours()?;
    if used {
        return Err(Error::new(
            domain::Code::Impossible,
            "This database already has tickets. Demo data only goes into an empty one: choose another --data folder or --database-url.",
        ));
    }
    Ok(())
}

/// Makes tags of these names; returns their ids in the same order.
#[crate::compiled_here]
pub async fn tags(tx: &mut Tx, actor: &Actor, names: &[String]) -> Result<Vec<i64>> {
    only_system(actor)?;
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        ids.extend(crate::settings::tag_ids(tx, std::slice::from_ref(name)).await?);
    }
    Ok(ids)
}

/// Inserts companies; returns their ids in the same order.
#[crate::compiled_here]
pub async fn companies(tx: &mut Tx, actor: &Actor, rows: &Companies) -> Result<Vec<i64>> {
    only_system(actor)?;
    let ids = reserve(&mut tx.conn, "companies", rows.names.len() as i64).await?;
    sqlx::query!(
        "insert into companies (id, name, sees_all) overriding system value select * from unnest($1::bigint[], $2::text[], $3::bool[])",
        &ids,
        &rows.names,
        &rows.sees_all,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!(
        "insert into company_domains (domain, company_id) select * from unnest($1::text[], $2::bigint[])",
        &rows.domains,
        &ids,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(ids)
}

/// Inserts people; returns their ids in the same order.
#[crate::compiled_here]
pub async fn people(tx: &mut Tx, actor: &Actor, rows: &People) -> Result<Vec<i64>> {
    only_system(actor)?;
    let ids = reserve(&mut tx.conn, "users", rows.names.len() as i64).await?;
    sqlx::query!(
        "insert into users (id, name, email, role, company_id, password_hash, created_at) overriding system value
         select id, name, email, role, nullif(company, 0), $6, at
         from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $7::timestamptz[])
             as r (id, name, email, role, company, at)",
        &ids,
        &rows.names,
        &rows.emails,
        &rows.roles,
        &rows.companies,
        rows.password_hash.as_deref(),
        &rows.created_at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(ids)
}

/// What is known of people and companies beyond their names, by column.
#[derive(Clone, Debug, Default)]
pub struct Details {
    pub people: Vec<i64>,
    pub phones: Vec<String>,
    pub notes: Vec<String>,
    pub blocked: Vec<bool>,
    /// What is in their custom fields.
    pub fields: Vec<serde_json::Value>,
    /// Who is who on channels other than mail.
    pub channels: Vec<(i64, domain::channel::Identity)>,
    pub companies: Vec<i64>,
    pub tiers: Vec<String>,
    pub company_fields: Vec<serde_json::Value>,
}

/// Adds what is known of people and companies.
#[crate::compiled_here]
pub async fn details(tx: &mut Tx, actor: &Actor, rows: &Details) -> Result<()> {
    only_system(actor)?;
    let at = tx.at();
    sqlx::query!(
        "update users u set phones = array_remove(array[r.phone], ''), notes = r.notes,
             blocked_at = case when r.blocked then $5::timestamptz end, fields = r.fields
         from unnest($1::bigint[], $2::text[], $3::text[], $4::bool[], $6::jsonb[]) as r (id, phone, notes, blocked, fields)
         where u.id = r.id",
        &rows.people,
        &rows.phones,
        &rows.notes,
        &rows.blocked,
        at,
        &rows.fields,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!(
        "update companies c set tier = r.tier, fields = r.fields
         from unnest($1::bigint[], $2::text[], $3::jsonb[]) as r (id, tier, fields) where c.id = r.id",
        &rows.companies,
        &rows.tiers,
        &rows.company_fields,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let channels: Vec<_> = rows.channels.iter().map(|(id, one)| (*id, one)).collect();
    crate::customers::channels::add(tx, &channels).await
}

/// Inserts one batch of tickets with their events and messages.
#[crate::compiled_here]
pub async fn tickets(tx: &mut Tx, actor: &Actor, batch: &Batch) -> Result<()> {
    only_system(actor)?;
    insert(tx, batch).await
}

pub(crate) async fn insert(tx: &mut Tx, batch: &Batch) -> Result<()> {
    let t = &batch.tickets;
    sqlx::query!(
        "with t as (
             insert into tickets (id, subject, status_id, urgency, importance, priority, source, requester_id, company_id,
                 assignee_id, tag_ids, excerpt, customer_last, last_message_id, rank, version, created_at, updated_at,
                 public_at, team_id)
             overriding system value
             select id, subject, status, urgency, importance, priority, source, requester, nullif(company, 0),
                 nullif(assignee, 0), tags::bigint[], excerpt, customer_last, last_message, rank, version, created_at,
                 updated_at, updated_at, nullif(team, 0)
             from unnest($1::bigint[], $2::text[], $3::bigint[], $4::smallint[], $5::smallint[], $6::smallint[], $7::text[],
                         $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bool[], $14::bigint[],
                         $15::text[], $16::bigint[], $17::timestamptz[], $18::timestamptz[], $19::bigint[])
                 as r (id, subject, status, urgency, importance, priority, source, requester, company, assignee, tags,
                       excerpt, customer_last, last_message, rank, version, created_at, updated_at, team)
             returning id, subject
         )
         insert into ticket_subjects (ticket_id, search) select id, to_tsvector('english', subject) from t",
        &t.ids,
        &t.subjects,
        &t.statuses,
        &t.urgencies,
        &t.importances,
        &t.priorities,
        &t.sources,
        &t.requesters,
        &t.companies,
        &t.assignees,
        &t.tags,
        &t.excerpts,
        &t.customer_last,
        &t.last_messages,
        &t.ranks,
        &t.versions,
        &t.created_at,
        &t.updated_at,
        &t.teams,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let e = &batch.events;
    sqlx::query!(
        "insert into events (id, at, actor_id, actor_name, actor_staff, ticket_id, audience, kind, data) overriding system value
         select id, at, nullif(actor, 0), name, staff, ticket, audience, kind, data
         from unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::text[], $5::bool[], $6::bigint[], $7::smallint[],
                     $8::text[], $9::jsonb[]) as r (id, at, actor, name, staff, ticket, audience, kind, data)",
        &e.ids,
        &e.at,
        &e.actors,
        &e.names,
        &e.staff,
        &e.tickets,
        &e.audiences,
        &e.kinds,
        &e.data as &[Option<serde_json::Value>],
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let m = &batch.messages;
    sqlx::query!(
        "insert into messages (event_id, ticket_id, kind, channel, body, html, quoted_html, foreign_html)
         select event, ticket, kind, channel, body, html, quoted, coalesce(is_foreign, false)
         from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bool[])
             as r (event, ticket, kind, channel, body, html, quoted, is_foreign)",
        &m.events,
        &m.tickets,
        &m.kinds,
        &m.channels,
        &m.bodies,
        &m.htmls,
        &m.quoted as &[Option<String>],
        &m.foreign,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    // What was said of how they were solved.
    sqlx::query(
        "with r as (
             insert into ratings (ticket_id, solution, user_id, score, event_id)
             select t.id, t.solution, e.actor_id, (e.data->>'score')::smallint, e.id
             from events e join tickets t on t.id = e.ticket_id
             where e.id = any($1) and e.kind = 'ticket.rated' and t.solution > 0 returning ticket_id, score
         )
         update tickets set rating = r.score from r where tickets.id = r.ticket_id",
    )
    .bind(&batch.events.ids)
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// What has to follow bulk rows: the numbers that reactors keep, and the planner's statistics.
#[crate::compiled_here]
pub async fn finish(desk: &Desk, actor: &Actor) -> Result<()> {
    only_system(actor)?;
    let mut tx = desk.begin().await?;
    crate::counts::rebuild(&mut tx).await?;
    tx.commit().await?;
    // GIN indexes first collect new entries in a list that every search reads; vacuum sorts them in. On a connection of
    // its own, as it may take longer than a statement is allowed to.
    let mut conn = desk.pool().acquire().await.ours()?;
    sqlx::query("set statement_timeout = 0").execute(&mut *conn).await.ours()?;
    for table in ["tickets", "events", "messages", "users", "ticket_counts"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("vacuum (analyze) {table}"))).execute(&mut *conn).await.ours()?;
    }
    conn.close().await.ours()?;
    desk.refresh_catalog().await
}

/// The role's word, for [`People::roles`].
pub fn role(role: Role) -> String {
    role.word().into()
}
