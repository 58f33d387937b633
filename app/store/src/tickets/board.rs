//! The board: its columns, and moving a card.

use super::{
    change, hold,
    row::{self, COLUMNS, JOINS},
};
use crate::{Desk, OrOurs, Tx, counts::Counts, events};
use domain::{
    Actor, Code, Error, Result, StatusId, TicketId, Time,
    board::{Board, BoardFilter, COLUMN_MAX, Column, LaneChange, Lanes, Move, Moved},
    event::{Happening, Was},
    policy::{self, Action},
    rank,
    ticket::{Swap, Ticket},
    workflow::{Category, Status},
};
use sqlx::{Postgres, QueryBuilder};

/// So long a change of status can be taken back into a column that is full, in milliseconds: longer than “Undo” is offered.
const BACK_MS: i64 = 60_000;

/// The board's first [`COLUMN_MAX`] cards of each column, in their order. One statement, and one for the counts of a whole
/// board.
#[crate::compiled_here]
pub async fn board(desk: &Desk, actor: &Actor, filter: &BoardFilter) -> Result<Board> {
    read(desk, actor, filter, COLUMN_MAX).await
}

/// What [`Board::beginning`] leaves of the board. Where no lane and no filter is between, no more than that is read.
#[crate::compiled_here]
pub async fn beginning(desk: &Desk, actor: &Actor, filter: &BoardFilter, lanes: Lanes, rows: usize) -> Result<Board> {
    // A column's number comes from the counts then, and its first cards are the first of its only lane.
    let most = i64::try_from(rows).unwrap_or(COLUMN_MAX).min(COLUMN_MAX);
    let few = lanes == Lanes::None && is_whole(actor, filter);
    let board = read(desk, actor, filter, if few { most } else { COLUMN_MAX }).await?;
    Ok(board.beginning(lanes, rows))
}

/// Whether these are all tickets of each column: those that are counted. For whoever sees only a part of them, the counts are
/// none.
fn is_whole(actor: &Actor, filter: &BoardFilter) -> bool {
    *filter == BoardFilter::default() && actor.principal().is_none_or(policy::sees_all)
}

async fn read(desk: &Desk, actor: &Actor, filter: &BoardFilter, most: i64) -> Result<Board> {
    policy::demand(actor, Action::SeeQueues, None)?;
    let catalog = desk.catalog();
    let shown: Vec<StatusId> =
        catalog.workflow.statuses.iter().filter(|s| s.category != Category::Closed).map(|s| s.id).collect();
    let ids: Vec<i64> = shown.iter().map(|s| s.0).collect();
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(row::POSITION).push(" from (select t.* from unnest(");
    query.push_bind(ids).push("::bigint[]) s(id), lateral (");
    // Who does not see all has several ways to see a ticket: each has its index, an `or` of them has none.
    let (ways, part) = (row::ways(actor), row::is_part(actor));
    if part {
        query.push("select t.* from (");
    }
    for (n, way) in ways.iter().enumerate() {
        query.push(if n == 0 { "(" } else { " union all (" });
        query.push(if part { row::FENCED } else { "select t.* from tickets t where t.status_id = s.id" });
        way.push(&mut query);
        row::chosen(&mut query, filter);
        query.push(if part { row::FENCE_END } else { "" });
        query.push(format_args!(" order by t.rank, t.id limit {})", most + 1));
    }
    if part {
        query.push(format_args!(") t order by t.rank, t.id limit {}", most + 1));
    }
    query.push(") t) t ").push(JOINS).push(row::OR_NONE);
    query.push(" order by t.status_id, t.rank, t.id");
    let mut conn = desk.read().await?;
    let rows = query.build().fetch_all(&mut *conn).await.ours()?;
    let (tickets, position) = row::with_position(&rows)?;
    let mut columns: Vec<Column> =
        shown.iter().map(|status| Column { status: *status, count: 0, cards: Vec::new() }).collect();
    for ticket in tickets {
        if let Some(column) = columns.iter_mut().find(|c| c.status == ticket.status) {
            column.cards.push(ticket.into());
        }
    }
    let counts = if is_whole(actor, filter) { Some(Counts::load(&mut conn).await?) } else { None };
    conn.done();
    let mut is_beginning = false;
    for column in &mut columns {
        let over = column.cards.len() as i64 > most;
        column.cards.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        let seen = column.cards.len() as i64;
        // The counts follow by a moment: what is seen is the truth unless there is more than is shown.
        column.count = match &counts {
            Some(counts) if over => counts.count(&[column.status], None).max(seen + 1),
            _ => seen + i64::from(over),
        };
        is_beginning |= over && seen < COLUMN_MAX;
    }
    Ok(Board { workflow: catalog.workflow.clone(), columns, tags: catalog.tags.clone(), position, is_beginning })
}

/// Puts a card somewhere else: another column, another lane, another place.
///
/// Errors: `Conflict` when it is no longer in the column it was seen in; `Impossible` when the target is full and refuses
/// more; `Invalid` when the workflow does not allow the way.
#[crate::compiled_here]
pub async fn shift(tx: &mut Tx, actor: &Actor, input: Move) -> Result<Moved> {
    let before = hold(tx, actor, input.ticket, Action::WorkTicket).await?.ticket;
    if before.status != input.from && before.status != input.status {
        return Err(Error::new(
            Code::Conflict,
            format!("#{} has been moved by somebody else in the meantime. It is shown where it is now.", before.id),
        ));
    }
    let catalog = tx.desk().catalog();
    let target = catalog.workflow.check(before.status, input.status)?;
    if before.status != input.status {
        room(tx, actor, &before, target).await?;
        change::set_status(tx, actor, &before, input.status).await?;
    }
    match &input.lane {
        Some(LaneChange::Urgency(to)) => change::pair(tx, actor, &before, Some(&Swap::to(*to)), None).await?,
        Some(LaneChange::Importance(to)) => change::pair(tx, actor, &before, None, Some(&Swap::to(*to))).await?,
        Some(LaneChange::Assignee(to)) => change::set_assignee(tx, actor, &before, *to).await?,
        None => {}
    }
    let event = place(tx, actor, &before, &input).await?;
    Ok(Moved { ticket: row::load(&mut tx.conn, input.ticket).await?, event: Some(event) })
}

/// Whether the column takes one more, if it has a limit that refuses. Two moves at once into the last place: the lock on the
/// status lets one wait and then see that it is taken. (Not `for update`: that would hold up every new ticket, too.)
///
/// Whoever takes back what they have just done themselves is let in all the same: the ticket was there a moment ago.
pub(super) async fn room(tx: &mut Tx, actor: &Actor, before: &Ticket, target: &Status) -> Result<()> {
    let Some(limit) = target.wip_limit.filter(|_| target.wip_refuse) else { return Ok(()) };
    let status = target.id;
    sqlx::query!("select id from statuses where id = $1 for no key update", status.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    let held = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select 1 from tickets where status_id = $1 limit $2) t"#,
        status.0,
        i64::from(limit),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    match target.full_with(held) {
        Some(why) if !takes_back(tx, actor, before, status).await? => Err(Error::new(Code::Impossible, why)),
        _ => Ok(()),
    }
}

/// Whether the ticket's last change of status was the actor's, a moment ago, and out of this one.
async fn takes_back(tx: &mut Tx, actor: &Actor, before: &Ticket, to: StatusId) -> Result<bool> {
    let last = sqlx::query!(
        r#"select actor_id, at, (data->>'from')::bigint as "from" from events
           where ticket_id = $1 and kind = 'ticket.status' order by id desc limit 1"#,
        before.id.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let since = tx.now.plus_millis(-BACK_MS);
    Ok(last.is_some_and(|last| {
        last.actor_id.is_some()
            && last.actor_id == actor.user_id().map(|user| user.0)
            && last.from == Some(to.0)
            && Time::from(last.at) >= since
    }))
}

/// Gives the card a rank between its new neighbours.
async fn place(tx: &mut Tx, actor: &Actor, before: &Ticket, input: &Move) -> Result<domain::EventId> {
    // Two cards dropped into one gap at once would get one rank, and nothing could ever be put between them.
    sqlx::query!("select pg_advisory_xact_lock(hashint8extended($1, 2))", input.status.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let above = rank_of(tx, input, input.above).await?;
    let below = rank_of(tx, input, input.below).await?;
    // The other neighbour is whoever stands there now: somebody may have put a card into the gap, and on a filtered board
    // the mover does not see all cards.
    let (low, high) = match (above, below) {
        (Some(low), _) => {
            let high = neighbour(tx, input, &low, true).await?;
            (Some(low), high)
        }
        (None, Some(high)) => {
            let low = neighbour(tx, input, &high, false).await?;
            (low, Some(high))
        }
        (None, None) => {
            let first = first_rank(tx, input).await?;
            (None, first)
        }
    };
    let to = rank::between(low.as_deref(), high.as_deref());
    let at = tx.at();
    sqlx::query!(
        "update tickets set rank = $2, updated_at = $3, version = version + 1 where id = $1",
        before.id.0,
        to,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, Some(before.id), &Happening::Rank(Was { from: before.rank.clone(), to })).await
}

/// Where a neighbour stands; `None` when it has left the column, or is the card itself.
async fn rank_of(tx: &mut Tx, input: &Move, ticket: Option<TicketId>) -> Result<Option<String>> {
    let Some(ticket) = ticket.filter(|t| *t != input.ticket) else { return Ok(None) };
    sqlx::query_scalar!("select rank from tickets where id = $1 and status_id = $2", ticket.0, input.status.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()
}

async fn neighbour(tx: &mut Tx, input: &Move, rank: &str, after: bool) -> Result<Option<String>> {
    let (side, order) = if after { (">", "asc") } else { ("<", "desc") };
    let sql = format!(
        "select rank from tickets where status_id = $1 and rank {side} $2 and id <> $3 order by rank {order} limit 1"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(input.status.0)
        .bind(rank)
        .bind(input.ticket.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()
}

async fn first_rank(tx: &mut Tx, input: &Move) -> Result<Option<String>> {
    sqlx::query_scalar!(
        "select rank from tickets where status_id = $1 and id <> $2 order by rank, id limit 1",
        input.status.0,
        input.ticket.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()
}
