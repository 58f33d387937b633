//! A ticket as it comes out of the database: the one list of its columns.

use super::Held;
use crate::OrOurs;
use domain::{
    Actor, CompanyId, Error, EventId, Result, StatusId, TagId, TeamId, TicketId, UserId,
    actor::Who,
    board::BoardFilter,
    company::CompanyName,
    event::Position,
    people::Person,
    policy,
    priority::{Level, Priority},
    ticket::{Source, Ticket, Whose},
};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};

/// Columns of a ticket `t` with the names it needs; read by [`from_row`] in this order.
pub(crate) const COLUMNS: &str = "t.id, t.subject, t.status_id, t.urgency, t.importance, t.priority, t.source, \
     t.requester_id, r.name, t.company_id, c.name, t.assignee_id, a.name, t.tag_ids, t.created_at, t.updated_at, \
     t.excerpt, t.customer_last, t.rank, t.version, t.public_at, t.team_id, r.avatar, a.avatar";

/// Where the names come from.
pub(crate) const JOINS: &str = "join users r on r.id = t.requester_id left join companies c on c.id = t.company_id \
     left join users a on a.id = t.assignee_id";

/// How many columns [`COLUMNS`] has: further ones of a query start here.
pub(crate) const WIDTH: usize = 24;

/// A further column: what the statement saw. Whatever commits beyond this position comes over the socket.
pub(super) const POSITION: &str = ", pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

/// After [`JOINS`]: the position also comes where there is no ticket, in a row of nothing else.
pub(super) const OR_NONE: &str = " right join (values (true)) one on true";

/// Rows of [`COLUMNS`] and [`POSITION`], read by a statement with [`OR_NONE`].
pub(super) fn with_position(rows: &[PgRow]) -> Result<(Vec<Ticket>, Position)> {
    let first = rows.first().ok_or_else(|| Error::not_found("position"))?;
    let position = Position { transaction: first.try_get(WIDTH).ours()?, id: 0 };
    let none = first.try_get::<Option<i64>, _>(0).ours()?.is_none();
    let tickets = if none { Vec::new() } else { rows.iter().map(from_row).collect::<Result<_>>()? };
    Ok((tickets, position))
}

pub(crate) fn from_row(row: &PgRow) -> Result<Ticket> {
    (|| {
        let level = |n: usize| Ok::<_, sqlx::Error>(Level::from_number(row.try_get(n)?).unwrap_or(Level::Medium));
        let person = |id: usize, name: usize, picture: usize| {
            let id: Option<i64> = row.try_get(id)?;
            let name: Option<String> = row.try_get(name)?;
            let picture = row.try_get(picture)?;
            Ok::<_, sqlx::Error>(id.zip(name).map(|(id, name)| Person { id: UserId(id), name, picture }))
        };
        let company: Option<i64> = row.try_get(9)?;
        let company_name: Option<String> = row.try_get(10)?;
        let source: &str = row.try_get(6)?;
        Ok::<_, sqlx::Error>(Ticket {
            id: TicketId(row.try_get(0)?),
            subject: row.try_get(1)?,
            status: StatusId(row.try_get(2)?),
            urgency: level(3)?,
            importance: level(4)?,
            priority: Priority::from_number(row.try_get(5)?).unwrap_or(Priority::Medium),
            source: Source::from_word(source).unwrap_or(Source::Web),
            requester: Person { id: UserId(row.try_get(7)?), name: row.try_get(8)?, picture: row.try_get(22)? },
            company: company.zip(company_name).map(|(id, name)| CompanyName { id: CompanyId(id), name }),
            assignee: person(11, 12, 23)?,
            tags: row.try_get::<Vec<i64>, _>(13)?.into_iter().map(TagId).collect(),
            created_at: row.try_get::<time::OffsetDateTime, _>(14)?.into(),
            updated_at: row.try_get::<time::OffsetDateTime, _>(15)?.into(),
            excerpt: row.try_get(16)?,
            customer_last: row.try_get(17)?,
            rank: row.try_get(18)?,
            version: row.try_get(19)?,
            public_at: row.try_get::<time::OffsetDateTime, _>(20)?.into(),
            team: row.try_get::<Option<i64>, _>(21)?.map(TeamId),
        })
    })()
    .ours()
}

/// One ticket, for a change: its row stays locked until the end of the transaction.
pub(super) async fn held(conn: &mut PgConnection, id: TicketId) -> Result<Option<Held>> {
    let sql =
        format!("select {COLUMNS}, t.last_message_id from tickets t {JOINS} where t.id = $1 for no key update of t");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).fetch_optional(conn).await.ours()?;
    row.map(|row| {
        Ok(Held { ticket: from_row(&row)?, last_message: row.try_get::<Option<i64>, _>(WIDTH).ours()?.map(EventId) })
    })
    .transpose()
}

/// One ticket as it is in this transaction.
pub(crate) async fn load(conn: &mut PgConnection, id: TicketId) -> Result<Ticket> {
    let sql = format!("select {COLUMNS} from tickets t {JOINS} where t.id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).fetch_optional(conn).await.ours()?;
    from_row(&row.ok_or_else(|| Error::not_found("ticket"))?)
}

/// These tickets as they are now, for live updates. Whoever sends them on asks the policy first.
#[crate::compiled_here]
pub async fn load_many(conn: &mut PgConnection, ids: &[i64]) -> Result<Vec<Ticket>> {
    let sql = format!("select {COLUMNS} from tickets t {JOINS} where t.id = any($1)");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ids).fetch_all(conn).await.ours()?;
    rows.iter().map(from_row).collect()
}

/// Adds what this actor may see to the conditions on a ticket `t`. The same rule as `policy::may(…, SeeTicket, …)`, as SQL;
/// a test holds the two together.
pub(crate) fn visible(query: &mut QueryBuilder<Postgres>, actor: &Actor) {
    match &actor.who {
        Who::System(_) => {}
        Who::Visitor | Who::Provider(_) => {
            query.push(" and false");
        }
        Who::User(person) if policy::sees_all(person) => {}
        Who::User(person) if person.role.is_staff() => {
            query.push(" and (t.assignee_id = ").push_bind(person.id.0);
            query
                .push(" or t.team_id = any(")
                .push_bind(person.teams.iter().map(|team| team.0).collect::<Vec<_>>())
                .push("))");
        }
        Who::User(person) => {
            query.push(" and (t.requester_id = ").push_bind(person.id.0);
            if let Some(also) = person.also {
                query.push(" or t.requester_id = ").push_bind(also.0);
            }
            if let Some(company) = person.company.filter(|_| person.sees_company) {
                query.push(" or t.company_id = ").push_bind(company.0);
            }
            query.push(")");
        }
    }
}

/// The same as conditions that each are served in order by one index, and never let the same ticket through twice: what
/// is seen by an `or` of two columns has to be read whole before it can be sorted.
pub(super) fn ways(actor: &Actor) -> Vec<Way> {
    match &actor.who {
        Who::System(_) => vec![Way::All],
        Who::Visitor | Who::Provider(_) => Vec::new(),
        Who::User(person) if policy::sees_all(person) => vec![Way::All],
        Who::User(person) if person.role.is_staff() => {
            let teams = person.teams.iter().map(|team| Way::Team(*team, person.id));
            std::iter::once(Way::Assigned(person.id)).chain(teams).collect()
        }
        Who::User(person) => {
            let own = std::iter::once(person.id).chain(person.also);
            match person.company.filter(|_| person.sees_company) {
                Some(company) => {
                    let own = own.map(|id| Way::OwnOutside(id, company));
                    std::iter::once(Way::Company(company)).chain(own).collect()
                }
                None => own.map(Way::Own).collect(),
            }
        }
    }
}

/// Whether somebody on staff sees only a part of the tickets.
pub(super) fn is_part(actor: &Actor) -> bool {
    actor.principal().is_some_and(|person| person.role.is_staff() && !policy::sees_all(person))
}

/// A part of a statement that finds all tickets of a state `s` that the conditions behind it let through, before they are put
/// in order. Without it, an index that has the order is read past the tickets of everybody else.
pub(super) const FENCED: &str = "select t.* from (select t.* from tickets t where t.status_id = s.id";
/// Behind the conditions.
pub(super) const FENCE_END: &str = " offset 0) t";

/// See [`ways`].
pub(super) enum Way {
    All,
    /// What somebody has to do.
    Assigned(UserId),
    /// What a team takes care of and this person has not to do.
    Team(TeamId, UserId),
    Own(UserId),
    Company(CompanyId),
    /// Their own that do not belong to this company.
    OwnOutside(UserId, CompanyId),
}

impl Way {
    /// Whether there can be so many that each state's index is read in its order, and the results merged.
    pub fn is_wide(&self) -> bool {
        matches!(self, Way::All | Way::Assigned(_) | Way::Team(..))
    }

    pub fn push(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Way::All => {}
            Way::Assigned(user) => {
                query.push(" and t.assignee_id = ").push_bind(user.0);
            }
            Way::Team(team, user) => {
                query.push(" and t.team_id = ").push_bind(team.0);
                query.push(" and t.assignee_id is distinct from ").push_bind(user.0);
            }
            Way::Own(user) => {
                query.push(" and t.requester_id = ").push_bind(user.0);
            }
            Way::Company(company) => {
                query.push(" and t.company_id = ").push_bind(company.0);
            }
            Way::OwnOutside(user, company) => {
                query.push(" and t.requester_id = ").push_bind(user.0);
                query.push(" and t.company_id is distinct from ").push_bind(company.0);
            }
        }
    }
}

/// Adds what a board or a list was narrowed down to, to the conditions on a ticket `t`.
pub(super) fn chosen(query: &mut QueryBuilder<Postgres>, filter: &BoardFilter) {
    match filter.assignee {
        Some(Whose::Nobody) => {
            query.push(" and t.assignee_id is null");
        }
        Some(Whose::Of(user)) => {
            query.push(" and t.assignee_id = ").push_bind(user.0);
        }
        None => {}
    }
    if let Some(team) = filter.team {
        query.push(" and t.team_id = ").push_bind(team.0);
    }
    if let Some(company) = filter.company {
        query.push(" and t.company_id = ").push_bind(company.0);
    }
    if let Some(level) = filter.urgency {
        query.push(" and t.urgency = ").push_bind(level.number());
    }
    if let Some(level) = filter.importance {
        query.push(" and t.importance = ").push_bind(level.number());
    }
    if let Some(tag) = filter.tag {
        query.push(" and t.tag_ids @> array[").push_bind(tag.0).push("]");
    }
}
