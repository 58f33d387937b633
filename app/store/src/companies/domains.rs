//! Customers whose address is in a company's domain, but who do not belong to it: they were there before the domain was.

use crate::{
    OrOurs, Tx,
    customers::company::{self, Along},
    outside::ways::{self, Whom},
};
use domain::{
    Actor, CompanyId, Result, UserId,
    customer::CustomerRow,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// The most that are shown, and brought in, at once.
pub const AT_ONCE: i64 = 100;

/// Customers of no company with an address in one of the company's domains, by name, at most [`AT_ONCE`].
#[crate::compiled_here]
pub async fn outside(conn: &mut PgConnection, actor: &Actor, id: CompanyId) -> Result<Vec<CustomerRow>> {
    policy::demand(actor, Action::EditPeople, None)?;
    let rows = sqlx::query!(
        r#"select distinct u.id, u.name, lower(u.name) as sort, u.email, u.blocked_at is not null as "blocked!",
                  (select count(*) from (select 1 from tickets t where t.requester_id = u.id limit 100) n) as "tickets!"
           from company_domains d join user_emails e on split_part(e.address, '@', 2) = d.domain
           join users u on u.id = e.user_id
           where d.company_id = $1 and u.role = 'customer' and u.company_id is null
           order by sort, u.id limit $2"#,
        id.0,
        AT_ONCE,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(rows
        .into_iter()
        .map(|r| CustomerRow {
            id: UserId(r.id),
            name: r.name,
            email: r.email,
            company: None,
            tickets: r.tickets,
            blocked: r.blocked,
            picture: None,
        })
        .collect())
}

/// Makes these customers users of the company, one of whose domains an address of theirs is in. Those who have a company by
/// now stay there. `tickets`: what they have opened so far goes along, batch by batch where it is very much. Returns how
/// many came.
#[crate::compiled_here]
pub async fn bring_in(tx: &mut Tx, actor: &Actor, id: CompanyId, people: &[UserId], tickets: bool) -> Result<i64> {
    policy::demand(actor, Action::EditPeople, None)?;
    let wanted: Vec<i64> = people.iter().take(AT_ONCE as usize).map(|p| p.0).collect();
    let found = sqlx::query_scalar!(
        "select distinct u.id from company_domains d join user_emails e on split_part(e.address, '@', 2) = d.domain
         join users u on u.id = e.user_id
         where d.company_id = $1 and u.id = any($2) and u.role = 'customer' and u.company_id is null order by u.id",
        id.0,
        &wanted,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let found: Vec<UserId> = found.into_iter().map(UserId).collect();
    let bound = ways::before(tx, Whom::People(&found)).await?;
    let along = match tickets {
        true => Some(Along::hold(tx, &found, None).await?),
        false => None,
    };
    for user in &found {
        company::change(tx, actor, *user, (None, Some(id)), along.as_ref()).await?;
    }
    ways::settle(tx, actor, bound).await?;
    Ok(found.len() as i64)
}
