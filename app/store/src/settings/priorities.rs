//! The table that gives each pair of urgency and importance its priority.
//!
//! Tickets carry the priority that follows from their pair, because lists sort by it. When the table changes, a job goes
//! through all tickets, a few thousand in a transaction: however many there are, nobody waits for it, neither the admin nor
//! those who write on a ticket meanwhile, nor the readers of the events behind a long transaction. What the change does to
//! each ticket is no event of its own, as a change of the table can touch every ticket there is: the end of the job is one
//! event, upon which staff's open pages read again.

use crate::{
    Desk, OrOurs, Tx, events,
    jobs::{self, Work},
};
use domain::{
    Actor, Code, Error, Result,
    event::Happening,
    policy::{self, Action},
    priority::{Level, Priority, PriorityTable},
};
use sqlx::PgExecutor;

/// How many tickets one transaction looks at.
const BATCH: i64 = 2_000;
/// A second look comes this much later, in milliseconds: at the tickets that were being written by the old table while the
/// first one passed them, on this node or on one that had not heard of the change yet.
const AGAIN_MS: i64 = 60_000;

/// Which priority each pair gets.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor) -> Result<PriorityTable> {
    policy::demand(actor, Action::Administer, None)?;
    Ok(desk.catalog().priorities.clone())
}

/// Changes the whole table from what somebody was shown to what they want. Tickets from now on go by it; those that are
/// there follow soon.
///
/// Errors: `Conflict` when it is not what they were shown any more; nothing is changed then.
#[crate::compiled_here]
pub async fn set(tx: &mut Tx, actor: &Actor, was: &PriorityTable, wanted: &PriorityTable) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    // One after the other: two admins who save at once must not mix their tables.
    sqlx::query("lock table priority_table in share row exclusive mode").execute(&mut *tx.conn).await.ours()?;
    let now = load(&mut *tx.conn).await?;
    if now != *was {
        return Err(Error::new(
            Code::Conflict,
            "Somebody else has changed the table meanwhile. It is shown below as it is now; please make your change again.",
        ));
    }
    if now == *wanted {
        return Ok(());
    }
    let (urgencies, importances, priorities) = columns(wanted);
    sqlx::query!(
        "insert into priority_table (urgency, importance, priority)
         select * from unnest($1::smallint[], $2::smallint[], $3::smallint[])
         on conflict (urgency, importance) do update set priority = excluded.priority",
        &urgencies,
        &importances,
        &priorities,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    tx.catalog_changed = true;
    events::append(tx, actor, None, &Happening::PriorityTable).await?;
    // Not one at most: a job that is under way may have passed tickets that this change is about.
    let at = tx.now;
    jobs::enqueue(tx, &Work::ApplyPriorities { again: false }, at, 5, None).await
}

/// Gives every ticket the priority that the table says. Can be broken off and done again.
#[crate::compiled_here]
pub async fn apply(desk: &Desk, again: bool) -> Result<()> {
    let last = sqlx::query_scalar!(r#"select coalesce(max(id), 0) as "id!" from tickets"#)
        .fetch_one(desk.pool())
        .await
        .ours()?;
    let (mut done, mut tickets) = (0, 0);
    while done < last {
        let mut tx = desk.begin().await?;
        // As it is now: when it has changed once more, the rest goes by that already, and another job comes for the others.
        let (urgencies, importances, priorities) = columns(&load(&mut *tx.conn).await?);
        tickets += sqlx::query!(
            "update tickets t set priority = p.priority, version = version + 1
             from unnest($3::smallint[], $4::smallint[], $5::smallint[]) p(urgency, importance, priority)
             where t.id > $1 and t.id <= $2
                 and t.urgency = p.urgency and t.importance = p.importance and t.priority <> p.priority",
            done,
            done + BATCH,
            &urgencies,
            &importances,
            &priorities,
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?
        .rows_affected();
        tx.commit_quietly().await?;
        done += BATCH;
    }
    let mut tx = desk.begin().await?;
    // The first look says so always: it may be the second try of one that was broken off after its last ticket.
    if tickets > 0 || !again {
        events::append(&mut tx, &Actor::system("Docket"), None, &Happening::PrioritiesApplied).await?;
    }
    if !again {
        let later = tx.now.plus_millis(AGAIN_MS);
        jobs::enqueue(&mut tx, &Work::ApplyPriorities { again: true }, later, 5, None).await?;
    }
    tx.commit().await
}

/// The table's pairs, each with its priority.
fn columns(table: &PriorityTable) -> (Vec<i16>, Vec<i16>, Vec<i16>) {
    let pairs = || Level::ALL.into_iter().flat_map(|urgency| Level::ALL.map(|importance| (urgency, importance)));
    (
        pairs().map(|(urgency, _)| urgency.number()).collect(),
        pairs().map(|(_, importance)| importance.number()).collect(),
        pairs().map(|(urgency, importance)| table.of(urgency, importance).number()).collect(),
    )
}

pub(super) async fn load(conn: impl PgExecutor<'_>) -> Result<PriorityTable> {
    let mut priorities = PriorityTable::default();
    for r in sqlx::query!("select urgency, importance, priority from priority_table").fetch_all(conn).await.ours()? {
        if let (Some(u), Some(i), Some(p)) =
            (Level::from_number(r.urgency), Level::from_number(r.importance), Priority::from_number(r.priority))
        {
            priorities.set(u, i, p);
        }
    }
    Ok(priorities)
}
