//! Tickets that get another requester or company, many at once, because their people do.

use crate::{OrOurs, Tx, events};
use domain::{
    Actor, CompanyId, Result, TicketId, UserId,
    company::CompanyName,
    event::{Happening, Was},
    people::Person,
};

/// Waits until nobody else writes on any of these tickets, and keeps others waiting until the end of the transaction.
///
/// Before this transaction has written or locked anything, for the same reason as in [`super::hold`]. In the order of their
/// numbers, so that two who move the same tickets never wait for each other.
pub(crate) async fn take_turns(tx: &mut Tx, tickets: &[i64]) -> Result<()> {
    let mut tickets = tickets.to_vec();
    tickets.sort_unstable();
    sqlx::query("select pg_advisory_xact_lock(hashint8extended(t.id, 1)) from unnest($1::bigint[]) as t (id)")
        .bind(tickets)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// The tickets that somebody has opened, at most `limit`, in the order of their numbers.
pub(crate) async fn of_requester(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<i64>> {
    // Found before they are put in order, or all tickets there are could be gone through.
    sqlx::query_scalar!(
        r#"select id as "id!" from (select id from tickets where requester_id = $1 offset 0) t order by id limit $2"#,
        user.0,
        limit,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()
}

/// Gives these tickets of one requester to another one. When they were changed last stays: nobody has worked on them.
pub(crate) async fn give_to(tx: &mut Tx, actor: &Actor, tickets: &[i64], from: &Person, to: &Person) -> Result<()> {
    let moved = sqlx::query_scalar!(
        "update tickets set requester_id = $2, version = version + 1 where id = any($1) and requester_id = $3 returning id",
        tickets,
        to.id.0,
        from.id.0,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let what = Happening::Requester(Was { from: from.clone(), to: to.clone() });
    let events: Vec<_> = moved.into_iter().map(|id| (Some(TicketId(id)), what.clone())).collect();
    events::append_many(tx, actor, &events).await
}

/// Gives these tickets to a company, or to none. Returns how many were another's before.
pub(crate) async fn give_to_company(
    tx: &mut Tx,
    actor: &Actor,
    tickets: &[i64],
    to: Option<&CompanyName>,
) -> Result<i64> {
    let moved = sqlx::query!(
        r#"with before as (
               select t.id, t.company_id, c.name from tickets t left join companies c on c.id = t.company_id
               where t.id = any($1) and t.company_id is distinct from $2
           )
           update tickets t set company_id = $2, version = version + 1 from before b where t.id = b.id
           returning t.id, b.company_id as "company_id?", b.name as "name?""#,
        tickets,
        to.map(|c| c.id.0),
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let events: Vec<_> = moved
        .into_iter()
        .map(|r| {
            let from = r.company_id.zip(r.name).map(|(id, name)| CompanyName { id: CompanyId(id), name });
            (Some(TicketId(r.id)), Happening::Company(Was { from, to: to.cloned() }))
        })
        .collect();
    events::append_many(tx, actor, &events).await?;
    Ok(events.len() as i64)
}
