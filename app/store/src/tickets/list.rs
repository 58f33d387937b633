//! The list of tickets: filters, orders, keyset pages.

use super::row::{self, COLUMNS, JOINS};
use crate::{Desk, OrOurs};
use domain::{
    Actor, Error, Result, Time,
    board::BoardFilter,
    page::{self, Page},
    policy::{self, Action},
    ticket::{Filter, Sort, Ticket},
};
use sqlx::{Postgres, QueryBuilder};

/// A page of the tickets that this actor may see and the filter lets through.
///
/// Each state's index is read in order and the results are merged, and so are the ways by which a customer sees tickets: the
/// cost does not grow with the tickets of others, or in other states.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor, filter: &Filter) -> Result<Page<Ticket>> {
    actor.signed_in()?;
    if actor.is_staff() {
        policy::demand(actor, Action::SeeQueues, None)?;
    }
    let limit = page::size(filter.limit);
    // One more than is shown tells whether there are more. In the text, not as a parameter: the plan depends on it.
    let fetched = limit + 1;
    let after = filter.after.as_deref().map(|text| Key::parse(text, filter.sort)).transpose()?;
    // Each once, or its tickets would come twice; and only those there are.
    let catalog = desk.catalog();
    let any = filter.statuses.is_empty();
    let asked = catalog.workflow.statuses.iter().filter(|s| any || filter.statuses.contains(&s.id));
    let statuses: Vec<i64> = asked.map(|s| s.id.0).collect();
    // Some orders have an index over all states: by age, and within what one person or company has.
    let narrow = filter.assignee.is_some() || filter.company.is_some() || filter.requester.is_some();
    let ways = row::ways(actor);
    let part = row::is_part(actor);
    let merged = part || !any || !(narrow || matches!(filter.sort, Sort::Created | Sort::Oldest));
    // What somebody or their team has is found first, and then sorted, where no index has it in order.
    let fenced = part && filter.sort != Sort::Updated;
    let order = order(filter, actor);
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(row::POSITION).push(" from (select t.* from (");
    for (n, way) in ways.iter().enumerate() {
        let merged = merged && way.is_wide();
        query.push(if n == 0 { "(" } else { " union all (" });
        match merged {
            true => {
                query.push("select t.* from unnest(").push_bind(&statuses).push("::bigint[]) s(id), lateral (");
                query.push(if fenced { row::FENCED } else { "select t.* from tickets t where t.status_id = s.id" });
            }
            _ if any => {
                query.push("select t.* from tickets t where true");
            }
            // One customer's tickets are few in any state.
            _ => {
                query.push("select t.* from tickets t where t.status_id = any(").push_bind(&statuses).push(")");
            }
        }
        way.push(&mut query);
        conditions(&mut query, actor, filter, after.as_ref());
        query.push(if fenced { row::FENCE_END } else { "" });
        query.push(format_args!(" order by {order} limit {fetched}"));
        if merged {
            query.push(format_args!(") t order by {order} limit {fetched}"));
        }
        query.push(")");
    }
    query.push(format_args!(") t order by {order} limit {fetched}) t "));
    query.push(JOINS).push(row::OR_NONE).push(format_args!(" order by {order}"));
    let mut conn = desk.read().await?;
    let rows = query.build().fetch_all(&mut *conn).await.ours()?;
    conn.done();
    let (mut tickets, position) = row::with_position(&rows)?;
    let more = tickets.len() > limit as usize;
    tickets.truncate(limit as usize);
    if !actor.is_staff() {
        tickets = tickets.into_iter().map(super::view::for_customers).collect();
    }
    let next = tickets.last().filter(|_| more).map(|t| Key::of(t, filter).text(filter.sort));
    Ok(Page { rows: tickets, next, position: Some(position) })
}

/// The column that says when a ticket last changed, for this actor. In the list of one customer it is what they know of, for
/// staff, too: that has an index, and one more would be written anew with every reply.
fn changed_at(filter: &Filter, actor: &Actor) -> &'static str {
    if actor.is_staff() && !filter.by_public() { "t.updated_at" } else { "t.public_at" }
}

fn order(filter: &Filter, actor: &Actor) -> String {
    let changed_at = changed_at(filter, actor);
    match filter.sort {
        Sort::Updated => format!("{changed_at} desc, t.id desc"),
        Sort::Created => "t.created_at desc, t.id desc".into(),
        Sort::Oldest => "t.created_at, t.id".into(),
        Sort::Priority => format!("t.priority desc, {changed_at} desc, t.id desc"),
    }
}

fn conditions(query: &mut QueryBuilder<Postgres>, actor: &Actor, filter: &Filter, after: Option<&Key>) {
    let shared = BoardFilter {
        assignee: filter.assignee,
        team: filter.team,
        company: filter.company,
        urgency: filter.urgency,
        importance: filter.importance,
        tag: filter.tag,
    };
    row::chosen(query, &shared);
    if let Some(requester) = filter.requester {
        query.push(" and t.requester_id = ").push_bind(requester.0);
    }
    if let Some(priority) = filter.priority {
        query.push(" and t.priority = ").push_bind(priority.number());
    }
    let Some(key) = after else { return };
    let (column, side) = match filter.sort {
        Sort::Updated => (format!("({}, t.id)", changed_at(filter, actor)), "<"),
        Sort::Created => ("(t.created_at, t.id)".into(), "<"),
        Sort::Oldest => ("(t.created_at, t.id)".into(), ">"),
        Sort::Priority => (format!("(t.priority, {}, t.id)", changed_at(filter, actor)), "<"),
    };
    query.push(format_args!(" and {column} {side} ("));
    if filter.sort == Sort::Priority {
        query.push_bind(key.priority).push(", ");
    }
    query.push_bind(time::OffsetDateTime::from(key.at)).push(", ").push_bind(key.id).push(")");
}

/// The end of the year 9999, in milliseconds since 1970.
const LATEST_MS: i64 = 253_402_300_799_999;

/// What a list is cut by: the sort values of the last row of the page before.
struct Key {
    priority: i16,
    at: Time,
    id: i64,
}

impl Key {
    fn of(ticket: &Ticket, filter: &Filter) -> Self {
        let at = match filter.sort {
            Sort::Updated | Sort::Priority if filter.by_public() => ticket.public_at,
            Sort::Updated | Sort::Priority => ticket.updated_at,
            Sort::Created | Sort::Oldest => ticket.created_at,
        };
        Self { priority: ticket.priority.number(), at, id: ticket.id.0 }
    }

    /// As the opaque text that a page hands out. It names the order: in another one it is no place in the list.
    fn text(&self, sort: Sort) -> String {
        format!("{}.{}.{}.{}", sort.word(), self.priority, self.at.0, self.id)
    }

    fn parse(text: &str, sort: Sort) -> Result<Self> {
        let wrong = || Error::field("after", "This place in the list does not exist. Please start from its beginning.");
        let mut parts = text.splitn(4, '.');
        let order = parts.next().and_then(Sort::from_word).ok_or_else(wrong)?;
        let mut part = || parts.next().and_then(|p| p.parse::<i64>().ok()).ok_or_else(wrong);
        let (priority, at, id) = (part()?, part()?, part()?);
        // Only moments that a ticket can have: the database refuses to compare with those outside of its calendar.
        if !(0..=LATEST_MS).contains(&at) {
            return Err(wrong());
        }
        if order != sort {
            let message = format!(
                "This place is in the list sorted by “{}”. Please keep that order, or start from the beginning.",
                order.word()
            );
            return Err(Error::field("after", message));
        }
        Ok(Self { priority: i16::try_from(priority).map_err(|_| wrong())?, at: Time(at), id })
    }
}
