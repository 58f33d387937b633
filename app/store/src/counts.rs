//! Numbers of tickets by state and assignee, kept by a reactor, so that no screen has to count.

use crate::{OrOurs, Tx, events};
use domain::{
    Actor, Principal, Result, StatusId, TeamId, UserId,
    event::{Happening, Position},
    live, policy,
};
use sqlx::PgConnection;
use std::collections::HashMap;

/// The name of the reactor's cursor.
pub const REACTOR: &str = "counts";

/// The kinds of events that move a number.
const MOVERS: [&str; 4] = ["ticket.created", "ticket.status", "ticket.assignee", "ticket.team"];

/// Whether an event of this kind moves a number, once the reactor has come to it.
pub fn moves(kind: &str) -> bool {
    MOVERS.contains(&kind)
}

/// Takes one batch of events into the counts. Returns how many were read; 0 means that there is nothing to do, or that
/// another node is doing it.
#[crate::compiled_here]
pub async fn react(tx: &mut Tx, batch: i64) -> Result<usize> {
    if !events::lead(tx, REACTOR).await? {
        return Ok(0);
    }
    let since = events::cursor(tx, REACTOR).await?;
    let events = tx.events_after(since, batch).await?;
    let Some(last) = events.last() else { return Ok(0) };
    let mut tickets: Vec<i64> = events
        .iter()
        .filter(|e| {
            use Happening::{Assignee, Created, Status, Team};
            matches!(e.what, Created { .. } | Status(_) | Assignee(_) | Team(_))
        })
        .filter_map(|e| e.ticket.map(|t| t.0))
        .collect();
    tickets.sort_unstable();
    tickets.dedup();
    if !tickets.is_empty() {
        recount(tx, &tickets).await?;
    }
    events::advance(tx, REACTOR, last.position).await?;
    Ok(events.len())
}

/// Moves each of these tickets from where it was last counted to where it is now.
async fn recount(tx: &mut Tx, tickets: &[i64]) -> Result<()> {
    sqlx::query!(
        "with now_at as (
             select id, status_id, coalesce(assignee_id, 0) as assignee_id, coalesce(team_id, 0) as team_id
             from tickets where id = any($1)
         ), was_at as (
             select s.ticket_id, s.status_id, s.assignee_id, s.team_id from ticket_counts_seen s where s.ticket_id = any($1)
         ), noted as (
             insert into ticket_counts_seen (ticket_id, status_id, assignee_id, team_id)
             select id, status_id, assignee_id, team_id from now_at
             on conflict (ticket_id) do update set
                 status_id = excluded.status_id, assignee_id = excluded.assignee_id, team_id = excluded.team_id
         ), changes as (
             select status_id, assignee_id, team_id, sum(n) as n
             from (select status_id, assignee_id, team_id, 1 as n from now_at
                   union all select status_id, assignee_id, team_id, -1 from was_at) c
             group by 1, 2, 3 having sum(n) <> 0
         )
         insert into ticket_counts as c (status_id, assignee_id, team_id, tickets)
         select status_id, assignee_id, team_id, n from changes order by 1, 2, 3
         on conflict (status_id, assignee_id, team_id) do update set tickets = c.tickets + excluded.tickets",
        tickets,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// Counts everything afresh: after tickets were put into the table in bulk, past the events.
#[crate::compiled_here]
pub async fn rebuild(tx: &mut Tx) -> Result<()> {
    // From before the counting: events that come while it goes on are read again, which changes nothing.
    let now = events::position_now(&mut tx.conn).await?;
    for sql in [
        "lock table ticket_counts, ticket_counts_seen in share row exclusive mode",
        "truncate ticket_counts, ticket_counts_seen",
        "insert into ticket_counts_seen select id, status_id, coalesce(assignee_id, 0), coalesce(team_id, 0) from tickets",
        "insert into ticket_counts select status_id, assignee_id, team_id, count(*) from ticket_counts_seen group by 1, 2, 3",
    ] {
        sqlx::query(sql).execute(&mut *tx.conn).await.ours()?;
    }
    events::advance(tx, REACTOR, now).await
}

/// How many tickets there are, by state and assignee.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    by: HashMap<(i64, i64), i64>,
}

impl Counts {
    #[crate::compiled_here]
    pub async fn load(conn: &mut PgConnection) -> Result<Self> {
        let rows = sqlx::query!(
            r#"select status_id, assignee_id, sum(tickets)::bigint as "tickets!" from ticket_counts group by 1, 2"#
        )
        .fetch_all(conn)
        .await
        .ours()?;
        Ok(Self { by: rows.into_iter().map(|r| ((r.status_id, r.assignee_id), r.tickets)).collect() })
    }

    /// In these states; of one person, of nobody (`Some(None)`), or of all (`None`).
    pub fn count(&self, statuses: &[StatusId], assignee: Option<Option<UserId>>) -> i64 {
        self.by
            .iter()
            .filter(|((status, _), _)| statuses.iter().any(|s| s.0 == *status))
            .filter(|((_, who), _)| assignee.is_none_or(|a| a.map_or(0, |u| u.0) == *who))
            .map(|(_, n)| n)
            .sum()
    }
}

/// What waits now, for all of staff at once: the numbers of one person are picked from it without another statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How far the reactor has come: what happened later is not in here yet.
    pub position: Position,
    /// By assignee and team; 0 stands for none.
    by: HashMap<(i64, i64), i64>,
}

impl Waiting {
    /// Reads them, in one statement. `active`: the states that count.
    #[crate::compiled_here]
    pub async fn load(conn: &mut PgConnection, active: &[StatusId]) -> Result<Self> {
        let active: Vec<i64> = active.iter().map(|s| s.0).collect();
        let rows = sqlx::query!(
            r#"select r.xid::text::bigint as "transaction?", r.id as "id?", c.assignee_id as "assignee?",
                      c.team_id as "team?", c.tickets as "tickets?"
               from (select) one left join reactors r on r.name = $2
               left join (select assignee_id, team_id, sum(tickets)::bigint as tickets from ticket_counts
                          where status_id = any($1) group by 1, 2) c on true"#,
            &active,
            REACTOR,
        )
        .fetch_all(conn)
        .await
        .ours()?;
        let mut found = Self::default();
        for row in rows {
            if let (Some(transaction), Some(id)) = (row.transaction, row.id) {
                found.position = Position { transaction, id };
            }
            if let (Some(assignee), Some(team), Some(tickets)) = (row.assignee, row.team, row.tickets) {
                found.by.insert((assignee, team), tickets);
            }
        }
        Ok(found)
    }

    /// The numbers of one person: of what they may see.
    pub fn of(&self, actor: &Actor) -> live::Counts {
        let me = actor.user_id().map_or(-1, |user| user.0);
        let mut counts = live::Counts::default();
        for ((assignee, team), tickets) in &self.by {
            let sees = |p: &Principal| policy::sees_all(p) || *assignee == me || p.teams.contains(&TeamId(*team));
            if actor.principal().is_none_or(sees) {
                counts.active += tickets;
                counts.mine += if *assignee == me { *tickets } else { 0 };
                counts.unassigned += if *assignee == 0 { *tickets } else { 0 };
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{event::Was, ticket::Source};

    #[test]
    fn what_the_reactor_counts_is_known_by_its_word() {
        let counted = [
            Happening::Created { source: Source::Web },
            Happening::Status(Was { from: StatusId(1), to: StatusId(2) }),
            Happening::Assignee(Was { from: None, to: None }),
            Happening::Team(Was { from: None, to: None }),
        ];
        for what in counted {
            let (kind, _) = events::split(&what).expect("words");
            assert!(moves(&kind), "{kind}");
        }
        assert!(!moves("message.reply"));
    }
}
