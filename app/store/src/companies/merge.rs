//! Two companies that are the same.

use super::{hold, view};
use crate::{
    OrOurs, Tx,
    accounts::picture::{self, Of},
    errands::{self, Task},
    events,
    fields::values,
    outside::ways::{self, Whom},
    tickets::moving,
};
use domain::{
    Actor, CompanyId, Error, Result,
    company::{CompanyMerge, CompanyName},
    customer::{COUNTED, NOTES_MAX},
    event::Happening,
    policy::{self, Action},
};
use sqlx::{PgConnection, types::Json};

/// What would become of two companies, of which `gone` becomes `kept`.
#[crate::compiled_here]
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

/// Makes `gone` and `kept` one: people, domains and notes become `kept`'s, whose name, tier and rules stay. Custom fields that are empty are filled with the other's. `gone` leads there
/// from then on. The tickets follow batch by batch, as there may be very many.
///
/// Errors: `NotFound` when either is no company (any more), `Busy` while tickets of either are on their way.
#[crate::compiled_here]
pub async fn merge(tx: &mut Tx, actor: &Actor, kept: CompanyId, gone: CompanyId) -> Result<()> {
    policy::demand(actor, Action::MergePeople, None)?;
    check(kept, gone)?;
    let bound = ways::before(tx, Whom::Companies(&[kept, gone])).await?;
    // Nobody joins either meanwhile. In one order everywhere.
    sqlx::query!("select id from companies where id = any($1) order by id for update", &[kept.0, gone.0])
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    let (new, old) = (hold(tx, kept).await?, hold(tx, gone).await?);
    errands::demand_none(tx, &[], &[kept.0, gone.0], None).await?;
    people(tx, gone, kept).await?;
    sqlx::query!("update company_domains set company_id = $1 where company_id = $2", kept.0, gone.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let notes = [new.notes.as_str(), old.notes.as_str()].into_iter().filter(|n| !n.is_empty()).collect::<Vec<_>>();
    let notes: String = notes.join("\n\n").chars().take(NOTES_MAX).collect();
    let filling = values::merged(tx, &new.fields, old.fields.clone()).await?;
    sqlx::query!(
        "update companies set notes = $2, fields = $3, version = version + 1 where id = $1",
        kept.0,
        notes,
        Json(&filling.values) as _,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!(
        "update companies set merged_into = $2, logo = null, fields = '{}', version = version + 1 where id = $1 or merged_into = $1",
        gone.0,
        kept.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    picture::discard(tx, Of::Company(gone), old.logo).await?;
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
    let tickets = sqlx::query_scalar!(r#"select count(*) as "count!" from tickets where company_id = $1"#, gone.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    errands::begin(tx, actor, Task::MergeCompanies { kept, gone }, tickets).await?;
    let what = Happening::CompaniesMerged { gone: old.named(), kept: new.named() };
    events::append(tx, actor, None, &what).await?;
    values::say_of_company(tx, actor, new.named(), filling.changes).await?;
    ways::settle(tx, actor, bound).await
}

async fn people(tx: &mut Tx, from: CompanyId, to: CompanyId) -> Result<()> {
    sqlx::query!("update users set company_id = $2, version = version + 1 where company_id = $1", from.0, to.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Brings the next tickets of a company that was merged to the other one. Returns how many it were; `None`: all are there.
pub(crate) async fn follow(
    tx: &mut Tx,
    actor: &Actor,
    kept: CompanyId,
    gone: CompanyId,
    limit: i64,
) -> Result<Option<usize>> {
    // It may have been merged once more since, when this looks again later.
    let r = sqlx::query!(
        "select id, name from companies c where c.id = coalesce((select merged_into from companies where id = $1), $1)",
        kept.0
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let to = CompanyName { id: CompanyId(r.id), name: r.name };
    let batch = sqlx::query_scalar!("select id from tickets where company_id = $1 order by id limit $2", gone.0, limit)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    if batch.is_empty() {
        let bound = ways::before(tx, Whom::Companies(&[to.id, gone])).await?;
        people(tx, gone, to.id).await?;
        ways::settle(tx, actor, bound).await?;
        return Ok(None);
    }
    moving::take_turns(tx, &batch).await?;
    moving::give_to_company(tx, actor, &batch, Some(&to)).await?;
    Ok(Some(batch.len()))
}
