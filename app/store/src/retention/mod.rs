//! What is not kept for ever: the content of closed tickets, and customers of whom nothing has been heard.
//!
//! Each hour a job looks for what has become too old, batch by batch, and each batch is a transaction of its own that notes what
//! it has done: it can be broken off anywhere and goes on from there. Two that are at it at once find what the other one has
//! locked, and look again whether it is still too old once they have it.

mod customers;
mod tickets;

use crate::{
    Desk, OrOurs, Tx, events,
    jobs::{self, Work},
};
use domain::{
    Actor, Result,
    event::{Happening, Was},
    policy::{self, Action},
    retention::{Periods, Preview},
};
use sqlx::PgExecutor;

/// How many batches of each kind one job does before it makes room for others.
const BATCHES: usize = 40;

async fn load(conn: impl PgExecutor<'_>) -> Result<Periods> {
    let row = sqlx::query!("select tickets, customers, messages from retention").fetch_optional(conn).await.ours()?;
    Ok(row.map_or_else(Periods::default, |r| Periods {
        tickets: r.tickets,
        customers: r.customers,
        messages: r.messages,
    }))
}

/// How long what is kept.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor) -> Result<Periods> {
    policy::demand(actor, Action::SetRetention, None)?;
    let mut conn = desk.read().await?;
    let periods = load(&mut *conn).await?;
    conn.done();
    Ok(periods)
}

/// What would go by these periods now. Errors: field errors for `tickets` and `customers`.
#[crate::compiled_here]
pub async fn preview(desk: &Desk, actor: &Actor, wanted: &Periods) -> Result<Preview> {
    policy::demand(actor, Action::SetRetention, None)?;
    wanted.check()?;
    let mut preview = Preview::default();
    let mut tx = desk.begin().await?;
    if let Some(months) = wanted.tickets {
        let before = tx.now.months_earlier(months);
        preview.tickets = tickets::count(&mut tx.conn, before).await?;
    }
    if let Some(months) = wanted.customers {
        let (before, active) = (tx.now.months_earlier(months), desk.catalog().active());
        (preview.customers, preview.looked_at) = customers::count(&mut tx.conn, before, &active).await?;
    }
    tx.commit_quietly().await?;
    Ok(preview)
}

/// Says how long what is kept. What is too old goes with the next clearing up. Errors: field errors for `tickets` and
/// `customers`.
#[crate::compiled_here]
pub async fn set(tx: &mut Tx, actor: &Actor, wanted: &Periods) -> Result<()> {
    policy::demand(actor, Action::SetRetention, None)?;
    wanted.check()?;
    let wanted = Periods { messages: wanted.messages && wanted.customers.is_some(), ..*wanted };
    sqlx::query("insert into retention default values on conflict do nothing").execute(&mut *tx.conn).await.ours()?;
    sqlx::query("select from retention for update").execute(&mut *tx.conn).await.ours()?;
    let from = load(&mut *tx.conn).await?;
    if from == wanted {
        return Ok(());
    }
    sqlx::query!(
        "update retention set tickets = $1, customers = $2, messages = $3",
        wanted.tickets,
        wanted.customers,
        wanted.messages,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, None, &Happening::RetentionSet(Was { from, to: wanted })).await?;
    Ok(())
}

/// Has the job done, where there is something that is not kept for ever.
pub(crate) async fn plan(desk: &Desk) -> Result<()> {
    let mut tx = desk.begin().await?;
    if load(&mut *tx.conn).await? != Periods::default() {
        enqueue(&mut tx).await?;
    }
    tx.commit_quietly().await
}

async fn enqueue(tx: &mut Tx) -> Result<()> {
    let at = tx.now;
    jobs::enqueue(tx, &Work::Retain, at, -5, Some("retain")).await
}

/// Erases what has become too old: tickets until there are none, and as many customers as can be looked at within an hour.
#[crate::compiled_here]
pub async fn work(desk: &Desk) -> Result<()> {
    let mut more = true;
    for _ in 0..BATCHES {
        more = tickets::step(desk).await?;
        if !more {
            break;
        }
    }
    for _ in 0..BATCHES {
        if !customers::step(desk).await? {
            break;
        }
    }
    let mut tx = desk.begin().await?;
    if more {
        enqueue(&mut tx).await?;
        return tx.commit_quietly().await;
    }
    said(&mut tx).await?;
    tx.commit().await
}

/// Says in the log what was done since it was said last, if anything was.
async fn said(tx: &mut Tx) -> Result<()> {
    let done = sqlx::query!(
        "with was as (select tickets_done, customers_done from retention where tickets_done + customers_done > 0 for update)
         update retention set tickets_done = 0, customers_done = 0 from was
         returning was.tickets_done, was.customers_done",
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    if let Some(done) = done {
        let what = Happening::RetentionApplied { tickets: done.tickets_done, customers: done.customers_done };
        events::append(tx, &docket(), None, &what).await?;
    }
    Ok(())
}

/// Who does it.
fn docket() -> Actor {
    Actor::system("Docket")
}
