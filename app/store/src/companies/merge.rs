//! Two companies that are the same.

use super::{hold, view};
use crate::{
    Desk, OrOurs, Tx, events,
    jobs::{self, Work},
    tickets::moving,
};
use domain::{
    Actor, CompanyId, Error, Result,
    company::{CompanyMerge, CompanyName},
    customer::{COUNTED, NOTES_MAX},
    event::Happening,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// How many tickets go over in one transaction.
const BATCH: i64 = 500;
/// When it is looked once more for tickets that were being opened meanwhile, in milliseconds.
const AGAIN_MS: i64 = 60_000;

/// What would become of two companies, of which `gone` becomes `kept`.
pub async fn preview(conn: &mut PgConnection, actor: &Actor, kept: CompanyId, gone: CompanyId) -> Result<CompanyMerge> {
    policy::demand(actor, Action::MergePeople, None)?;
    let (kept, gone) = (view::load(conn, kept).await?, view::load(conn, gone).await?);
    check(kept.id, gone.id)?;
    let r = sqlx::query!(
        r#"select (select count(*) from (select 1 from users where company_id = $1 limit $2) n) as "people!",
                  (select count(*) from (select 1 from tickets where company_id = $1 limit $2) n) as "tickets!""#,
        gone.id.0,
        COUNTED,
    )
    .fetch_one(conn)
    .await
    .ours()?;
    Ok(CompanyMerge { kept, gone, people: r.people, tickets: r.tickets })
}

fn check(kept: CompanyId, gone: CompanyId) -> Result<()> {
    if kept == gone {
        return Err(Error::field("with", "These are one and the same already."));
    }
    Ok(())
}

/// Makes `gone` and `kept` one: people, domains and notes become `kept`'s, whose name, tier and rules stay. `gone` leads there
/// from then on. The tickets follow in the background, as there may be very many.
pub async fn merge(tx: &mut Tx, actor: &Actor, kept: CompanyId, gone: CompanyId) -> Result<()> {
    policy::demand(actor, Action::MergePeople, None)?;
    check(kept, gone)?;
    // Nobody joins either meanwhile. In one order everywhere.
    sqlx::query!("select id from companies where id = any($1) order by id for update", &[kept.0, gone.0])
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    let (new, old) = (hold(tx, kept).await?, hold(tx, gone).await?);
    people(tx, gone, kept).await?;
    sqlx::query!("update company_domains set company_id = $1 where company_id = $2", kept.0, gone.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let notes = [new.notes.as_str(), old.notes.as_str()].into_iter().filter(|n| !n.is_empty()).collect::<Vec<_>>();
    let notes: String = notes.join("\n\n").chars().take(NOTES_MAX).collect();
    sqlx::query!("update companies set notes = $2, version = version + 1 where id = $1", kept.0, notes)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query!(
        "update companies set merged_into = $2, version = version + 1 where id = $1 or merged_into = $1",
        gone.0,
        kept.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    // A company has one way in at most: that of the kept one stays.
    sqlx::query!(
        "update providers set company_id = $2 where company_id = $1
             and not exists (select 1 from providers where company_id = $2)",
        gone.0,
        kept.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let at = tx.now;
    jobs::enqueue(tx, &Work::MoveTickets { from: gone, to: kept, again: false }, at, 5, None).await?;
    let what = Happening::CompaniesMerged { gone: old.named(), kept: new.named() };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}

async fn people(tx: &mut Tx, from: CompanyId, to: CompanyId) -> Result<()> {
    sqlx::query!("update users set company_id = $2, version = version + 1 where company_id = $1", from.0, to.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Brings the tickets of a company that was merged to the other one, batch by batch. Can be broken off and done again.
/// `again`: a minute later, for what was being opened by those who had the old company in their hands.
pub async fn move_tickets(desk: &Desk, from: CompanyId, to: CompanyId, again: bool) -> Result<()> {
    let actor = Actor::system("Docket");
    // It may have been merged once more since.
    let r = sqlx::query!(
        "select id, name from companies c where c.id = coalesce((select merged_into from companies where id = $1), $1)",
        to.0
    )
    .fetch_one(desk.pool())
    .await
    .ours()?;
    let to = CompanyName { id: CompanyId(r.id), name: r.name };
    loop {
        let mut tx = desk.begin().await?;
        let batch =
            sqlx::query_scalar!("select id from tickets where company_id = $1 order by id limit $2", from.0, BATCH)
                .fetch_all(&mut *tx.conn)
                .await
                .ours()?;
        if batch.is_empty() {
            people(&mut tx, from, to.id).await?;
            if !again {
                let later = tx.now.plus_millis(AGAIN_MS);
                jobs::enqueue(&mut tx, &Work::MoveTickets { from, to: to.id, again: true }, later, 5, None).await?;
            }
            return tx.commit().await;
        }
        moving::take_turns(&mut tx, &batch).await?;
        moving::give_to_company(&mut tx, &actor, &batch, Some(&to)).await?;
        tx.commit().await?;
    }
}
