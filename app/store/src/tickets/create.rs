//! Opening a ticket.

use super::{
    attachments,
    message::{self, Kind},
    once, row, watch,
};
use crate::{
    OrOurs, Tx,
    events::{self, By},
    people, settings,
};
use domain::{
    Actor, Code, Error, EventId, Principal, Result, TeamId, TicketId, UserId,
    access::TeamName,
    event::Happening,
    policy::{self, Action},
    rank,
    ticket::{NewTicket, Opening, Requester, Ticket},
    workflow::Category,
};

/// Opens a ticket with its first message and its files, for oneself or, by staff, on behalf of a customer. All of it or
/// nothing. Under a key that the actor has sent it with before, no second one is opened: what is returned is the first.
///
/// Errors: `Invalid` with what is wrong in which field, also for files that are not there to be taken; `Forbidden` when a
/// customer names somebody else, or asks for what is for staff.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, input: NewTicket) -> Result<Ticket> {
    let input = input.check()?;
    policy::demand(actor, Action::CreateTicket, None)?;
    // Files by how many they are: a form sends them anew.
    let files = input.attachments.len();
    let asked = (files, NewTicket { key: None, attachments: Vec::new(), ..input.clone() });
    if let Some(done) = once::begin(tx, actor, input.key.as_deref(), &asked).await? {
        let ticket = row::load(&mut tx.conn, done.ticket).await?;
        policy::demand(actor, Action::SeeTicket, Some(ticket.facts()))?;
        return Ok(super::for_actor(actor, ticket));
    }
    let requester = requester(tx, actor, input.requester.as_ref()).await?;
    let written = crate::render::written(&input.body);
    let kind = kind(actor, &requester, input.opening)?;
    let who = match kind {
        Kind::Customer => message::As::person(actor, &requester),
        Kind::Reply | Kind::Note => message::As::actor(actor),
    };
    let said = message::Said::written(kind, input.source, &input.body, &written);
    let (ticket, event) = open(tx, actor, &requester, &input, &who, &said).await?;
    attachments::claim(tx, actor, ticket, event, &input.attachments).await?;
    once::end(tx, actor, input.key.as_deref(), &once::Done { ticket, entry: event }).await?;
    Ok(super::for_actor(actor, row::load(&mut tx.conn, ticket).await?))
}

/// On which side the first message stands.
fn kind(actor: &Actor, requester: &Principal, opening: Opening) -> Result<Kind> {
    if opening == Opening::FromCustomer {
        return Ok(Kind::Customer);
    }
    policy::demand(actor, Action::CreateFor, None)?;
    Ok(match opening {
        Opening::Note => Kind::Note,
        // Whoever asks for something themselves writes as its customer, here as later.
        _ if actor.user_id() == Some(requester.id) => Kind::Customer,
        _ => Kind::Reply,
    })
}

async fn requester(tx: &mut Tx, actor: &Actor, wanted: Option<&Requester>) -> Result<Principal> {
    match wanted {
        None => actor.signed_in().cloned(),
        Some(Requester::Known(id)) if actor.user_id() == Some(*id) => actor.signed_in().cloned(),
        Some(wanted) => {
            policy::demand(actor, Action::CreateFor, None)?;
            let id = match wanted {
                Requester::Known(id) => *id,
                Requester::Address { name, email } => match people::principal_at(&mut tx.conn, email).await? {
                    Some(known) => return Ok(known),
                    None => people::find_or_create(tx, name, email).await?.0,
                },
            };
            people::principal(&mut tx.conn, id).await.map_err(|error| match error.code {
                Code::NotFound => Error::field("requester", "There is no such customer, or they are blocked."),
                _ => error,
            })
        }
    }
}

/// Makes the ticket's row, its first event and its first message.
pub(crate) async fn open(
    tx: &mut Tx,
    actor: &Actor,
    requester: &Principal,
    input: &NewTicket,
    who: &message::As<'_>,
    said: &message::Said<'_>,
) -> Result<(TicketId, EventId)> {
    let catalog = tx.desk().catalog();
    let status = catalog
        .workflow
        .first_of(Category::Open)
        .ok_or_else(|| crate::error::internal(&"the workflow has no open state"))?;
    if input.assignee.is_some() || input.team.is_some() {
        policy::demand(actor, Action::CreateFor, None)?;
    }
    let team = match input.team {
        Some(id) => Some(team(tx, id).await?.id),
        None => None,
    };
    // Whoever does not see all tickets would lose sight of what they have just opened.
    let blind =
        |p: &&Principal| p.role.is_staff() && !policy::sees_all(p) && !team.is_some_and(|t| p.teams.contains(&t));
    let assignee = match input.assignee.or_else(|| actor.principal().filter(blind).map(|p| p.id)) {
        Some(id) => Some(assignable(tx, id).await?),
        None => None,
    };
    let tags = settings::tag_ids(tx, if actor.is_staff() { &input.tags } else { &[] }).await?;
    let at = tx.at();
    // Its number comes first: its place on the board follows from it.
    let id = TicketId(
        sqlx::query_scalar!(r#"select nextval(pg_get_serial_sequence('tickets', 'id')) as "id!""#)
            .fetch_one(&mut *tx.conn)
            .await
            .ours()?,
    );
    let by = [&By::actor(actor), &who.by];
    let (created, said_so) = (Happening::Created { source: input.source }, said.kind.happening());
    let (created_kind, created_data) = events::split(&created)?;
    let (said_kind, said_data) = events::split(&said_so)?;
    // One statement: every index of the row is written once, and it waits once. The ticket's event comes before the message's.
    // The requester is locked as the reference locks them anyway: who is being merged into another one right now is waited for,
    // and is that one; of who changes their company with all tickets right now, it is the new one's.
    let event = sqlx::query_scalar!(
        r#"with e as (
             insert into events (at, actor_id, actor_name, actor_staff, address, ticket_id, audience, kind, data)
             select $2, n.actor, n.name, n.staff, n.address, $1, n.audience, n.kind, n.data
             from unnest($15::bigint[], $16::text[], $17::boolean[], $18::text[], $19::smallint[], $20::text[], $21::jsonb[])
                 with ordinality as n (actor, name, staff, address, audience, kind, data, place)
             order by n.place returning id
         ), m as (
             select max(id) as id from e
         ), t as (
             insert into tickets (id, subject, status_id, urgency, importance, priority, source, requester_id, company_id,
                 assignee_id, tag_ids, rank, created_at, updated_at, public_at, team_id, last_message_id, excerpt,
                 customer_last)
             overriding system value
             select $1, $3, $4, $5, $6, $7, $8, coalesce(u.merged_into, u.id),
                 case when u.merged_into is null then u.company_id else (select k.company_id from users k where k.id = u.merged_into) end,
                 $10, $11, $12, $2, $2, $2, $13, m.id, $14,
                 $22 = 'customer'
             from m, users u where u.id = $9 for key share of u
             returning id, subject
         ), s as (
             insert into ticket_subjects (ticket_id, search) select id, to_tsvector('english', subject) from t
         ), w as (
             insert into messages (event_id, ticket_id, kind, channel, body, html, quoted_html, foreign_html, markdown)
             select m.id, t.id, $22, $23, $24, $25, $26, $27, $28 from m, t
         )
         select m.id as "id!" from m, t"#,
        id.0,
        at,
        input.subject,
        status.id.0,
        input.urgency.number(),
        input.importance.number(),
        catalog.priorities.of(input.urgency, input.importance).number(),
        input.source.word(),
        requester.id.0,
        assignee.map(|a: UserId| a.0),
        &tags,
        rank::entering(tx.now.0, id),
        team.map(|t: TeamId| t.0),
        said.excerpt().unwrap_or_default(),
        &by.map(|by| by.id) as &[Option<i64>],
        &by.map(|by| by.name.to_owned()),
        &by.map(|by| by.staff),
        &[actor.address.clone(), who.address.map(str::to_owned)] as &[Option<String>],
        &[created.audience().number(), said_so.audience().number()],
        &[created_kind, said_kind],
        &[created_data, said_data] as &[Option<serde_json::Value>],
        said.kind.word(),
        said.channel.word(),
        said.body,
        said.html,
        said.quoted_html,
        said.foreign_html,
        said.markdown,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if let Some(user) = assignee {
        watch::begin(tx, id, user).await?;
    }
    Ok((id, EventId(event)))
}

/// A person a ticket may be assigned to, or the field error.
pub(super) async fn assignable(tx: &mut Tx, id: UserId) -> Result<UserId> {
    let found =
        sqlx::query_scalar!("select id from users where id = $1 and role <> 'customer' and blocked_at is null", id.0,)
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?;
    found.map(UserId).ok_or_else(|| Error::field("assignee", "This person cannot be given tickets."))
}

/// A team that a ticket may be given to, or the field error.
pub(super) async fn team(tx: &mut Tx, id: TeamId) -> Result<TeamName> {
    let found =
        sqlx::query_scalar!("select name from teams where id = $1", id.0).fetch_optional(&mut *tx.conn).await.ours()?;
    found.map(|name| TeamName { id, name }).ok_or_else(|| Error::field("team", "There is no such team."))
}
