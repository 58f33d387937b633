//! An individual becomes a company's user, and back.

use super::{hold, view};
use crate::{
    OrOurs, Tx, companies, events,
    outside::ways::{self, Whom},
    tickets::moving,
};
use domain::{
    Actor, Code, CompanyId, Error, Result, UserId,
    company::CompanyName,
    customer::{COUNTED, Conversion, MOVED_MAX},
    event::Happening,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// What a change of a customer's company would bring to light.
#[crate::compiled_here]
pub async fn preview(conn: &mut PgConnection, actor: &Actor, id: UserId, to: Option<CompanyId>) -> Result<Conversion> {
    policy::demand(actor, Action::EditPeople, None)?;
    let customer = view::load(conn, id).await?;
    let from = customer.company.as_ref().map(|c| c.id.0);
    let tickets = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select 1 from tickets where requester_id = $1 and company_id is not distinct from $2
           limit $3) n"#,
        customer.id.0,
        from,
        COUNTED,
    )
    .fetch_one(&mut *conn)
    .await
    .ours()?;
    let ids: Vec<i64> = from.into_iter().chain(to.map(|c| c.0)).collect();
    let found =
        sqlx::query!("select id, name, sees_all from companies where id = any($1) and merged_into is null", &ids)
            .fetch_all(&mut *conn)
            .await
            .ours()?;
    let to_row = to.and_then(|to| found.iter().find(|c| c.id == to.0));
    if to.is_some() && to_row.is_none() {
        return Err(Error::field("company", "There is no such company."));
    }
    Ok(Conversion {
        to: to_row.map(|c| CompanyName { id: CompanyId(c.id), name: c.name.clone() }),
        from_sees_all: found.iter().any(|c| Some(c.id) == from && c.sees_all),
        to_sees_all: to_row.is_some_and(|c| c.sees_all),
        tickets,
        customer,
    })
}

/// Gives a customer another company, or none. `tickets`: those that belong to the company they leave, or to none, go along;
/// else they stay where they are, still theirs to see. `from`: the company as the person saw it.
///
/// Errors: `Conflict` when the customer has another company by now, or too many tickets to go along at once.
#[crate::compiled_here]
pub async fn convert(
    tx: &mut Tx,
    actor: &Actor,
    id: UserId,
    from: Option<CompanyId>,
    to: Option<CompanyId>,
    tickets: bool,
) -> Result<()> {
    policy::demand(actor, Action::EditPeople, None)?;
    let bound = ways::before(tx, Whom::People(&[id])).await?;
    // Locked before the customer is: see `moving::take_turns`.
    let mut moved = Vec::new();
    if tickets {
        moved = sqlx::query_scalar!(
            "select id from tickets where requester_id = $1 and company_id is not distinct from $2 order by id limit $3",
            id.0,
            from.map(|c| c.0),
            MOVED_MAX + 1,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
        if moved.len() as i64 > MOVED_MAX {
            return Err(Error::new(
                Code::Conflict,
                "This customer has too many tickets to hand over at once. Change the company without them.",
            ));
        }
        moving::take_turns(tx, &moved).await?;
    }
    let before = hold(tx, id).await?;
    if before.company != from.map(|c| c.0) {
        return Err(Error::new(
            Code::Conflict,
            "Somebody else has changed this customer's company in the meantime. It was left as it is now.",
        ));
    }
    if from == to {
        return Ok(());
    }
    let name = async |tx: &mut Tx, id: Option<CompanyId>| match id {
        Some(id) => companies::named(tx, id).await.map(Some),
        None => Ok(None),
    };
    let to = name(tx, to).await?;
    let from = name(tx, from).await?;
    sqlx::query!(
        "update users set company_id = $2, version = version + 1 where id = $1",
        id.0,
        to.as_ref().map(|c| c.id.0)
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let tickets = moving::give_to_company(tx, actor, &moved, to.as_ref()).await?;
    events::append(tx, actor, None, &Happening::CompanyOf { user: id, from, to, tickets }).await?;
    ways::settle(tx, actor, bound).await
}
