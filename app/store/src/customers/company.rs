//! An individual becomes a company's user, and back.

use super::{alone, forget::Place, hold, view};
use crate::{
    OrOurs, Tx, companies,
    errands::{self, Task},
    events,
    outside::ways::{self, Whom},
    tickets::moving,
};
use domain::{
    Actor, Code, CompanyId, Error, Result, UserId,
    company::CompanyName,
    customer::{Conversion, MOVED_MAX},
    errand::{Kind, Outcome},
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
        MOVED_MAX + 1,
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

/// The tickets of these people that go along with them: those that belong to the company they leave, or to none.
pub(crate) struct Along {
    /// Held by this transaction until its end. None when there are too many for that.
    held: Vec<i64>,
}

impl Along {
    /// Takes hold of them, before anything else is locked: see [`moving::take_turns`].
    pub(crate) async fn hold(tx: &mut Tx, people: &[UserId], from: Option<CompanyId>) -> Result<Self> {
        let mut held = of_company(tx, people, from).await?;
        if held.len() as i64 > MOVED_MAX {
            held.clear();
        }
        moving::take_turns(tx, &held).await?;
        Ok(Self { held })
    }
}

/// The tickets that these people have asked for and that belong to this company, in the order of their numbers, at most one more
/// than go at once.
async fn of_company(tx: &mut Tx, people: &[UserId], company: Option<CompanyId>) -> Result<Vec<i64>> {
    let people: Vec<i64> = people.iter().map(|id| id.0).collect();
    // Found before they are put in order: else the index of numbers is read past the tickets of everybody else.
    sqlx::query_scalar!(
        "select t.id from (select id from tickets where requester_id = any($1) and company_id is not distinct from $2 offset 0) t
         order by t.id limit $3",
        &people,
        company.map(|c| c.0),
        MOVED_MAX + 1,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()
}

/// Gives a customer another company, or none. `tickets`: those that belong to the company they leave, or to none, go along;
/// else they stay where they are, still theirs to see. `from`: the company as the person saw it.
///
/// Where there are more than [`MOVED_MAX`] tickets, these follow batch by batch: until then each is seen by those who saw it
/// before.
///
/// Errors: `Conflict` when the customer has another company by now; `Busy` while tickets of theirs are still on their way.
#[crate::compiled_here]
pub async fn convert(
    tx: &mut Tx,
    actor: &Actor,
    id: UserId,
    from: Option<CompanyId>,
    to: Option<CompanyId>,
    tickets: bool,
) -> Result<Outcome> {
    policy::demand(actor, Action::EditPeople, None)?;
    let bound = ways::before(tx, Whom::People(&[id])).await?;
    let along = match tickets {
        true => Some(Along::hold(tx, &[id], from).await?),
        false => None,
    };
    let outcome = change(tx, actor, id, (from, to), along.as_ref()).await?;
    ways::settle(tx, actor, bound).await?;
    Ok(outcome)
}

/// [`convert`], once the tickets are held, with those of others maybe. Who is bound to which way in, is settled by the caller.
pub(crate) async fn change(
    tx: &mut Tx,
    actor: &Actor,
    id: UserId,
    (from, to): (Option<CompanyId>, Option<CompanyId>),
    along: Option<&Along>,
) -> Result<Outcome> {
    policy::demand(actor, Action::EditPeople, None)?;
    // Neither is merged into another one meanwhile. Before the customer, as merging does it, too.
    let ids: Vec<i64> = from.into_iter().chain(to).map(|c| c.0).collect();
    let companies = sqlx::query!(
        r#"select id, name, merged_into is not null as "merged!" from companies where id = any($1) order by id for key share"#,
        &ids,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    if along.is_some() {
        // Nobody opens a ticket for them until this is over: which ones go along stays as it is found.
        alone(tx, &[id.0]).await?;
    }
    let before = hold(tx, id).await?;
    if before.company != from.map(|c| c.0) {
        return Err(Error::new(
            Code::Conflict,
            "Somebody else has changed this customer's company in the meantime. It was left as it is now.",
        ));
    }
    if from == to {
        return Ok(Outcome::Done);
    }
    let named = |wanted: Option<CompanyId>| {
        let found = companies.iter().find(|c| Some(CompanyId(c.id)) == wanted);
        found.map(|c| (CompanyName { id: CompanyId(c.id), name: c.name.clone() }, c.merged))
    };
    let from = named(from).map(|(from, _)| from);
    let to = match (to, named(to)) {
        (None, _) => None,
        (Some(_), Some((to, false))) => Some(to),
        (Some(_), _) => return Err(Error::not_found("company")),
    };
    sqlx::query!(
        "update users set company_id = $2, version = version + 1 where id = $1",
        id.0,
        to.as_ref().map(|c| c.id.0)
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let (outcome, tickets) = match along {
        Some(along) => give(tx, actor, id, (from.as_ref(), to.as_ref()), along).await?,
        None => (Outcome::Done, 0),
    };
    events::append(tx, actor, None, &Happening::CompanyOf { user: id, from, to, tickets }).await?;
    Ok(outcome)
}

/// Has the tickets go along. How many these are.
async fn give(
    tx: &mut Tx,
    actor: &Actor,
    id: UserId,
    (from, to): (Option<&CompanyName>, Option<&CompanyName>),
    along: &Along,
) -> Result<(Outcome, i64)> {
    let from = from.map(|c| c.id);
    let ids: Vec<i64> = from.into_iter().map(|c| c.0).collect();
    errands::demand_none(tx, &[id.0], &ids, Some(Kind::Convert)).await?;
    let found = of_company(tx, &[id], from).await?;
    if found.iter().all(|ticket| along.held.binary_search(ticket).is_ok()) {
        return Ok((Outcome::Done, moving::give_to_company(tx, actor, &found, to).await?));
    }
    let all = sqlx::query!(
        r#"select count(*) as "count!", max(id) as last from tickets
           where requester_id = $1 and company_id is not distinct from $2"#,
        id.0,
        from.map(|c| c.0),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let task = Task::Convert { user: id, from, to: to.map(|c| c.id), last: all.last.unwrap_or_default() };
    errands::begin(tx, actor, task, all.count).await?;
    Ok((Outcome::UnderWay, all.count))
}

/// Has the next tickets of somebody go along to the company that they have come to, the newest first. `last`: up to which
/// number. Returns how many it were; `None`: all are there.
pub(crate) async fn follow(
    tx: &mut Tx,
    actor: &Actor,
    id: UserId,
    (from, to): (Option<CompanyId>, Option<CompanyId>),
    last: i64,
    limit: i64,
) -> Result<Option<(Place, usize)>> {
    let batch = sqlx::query_scalar!(
        "select id from tickets where requester_id = $1 and company_id is not distinct from $2 and id <= $3
         order by id desc limit $4",
        id.0,
        from.map(|c| c.0),
        last,
        limit,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let Some(first) = batch.last() else { return Ok(None) };
    let reached = first - 1;
    moving::take_turns(tx, &batch).await?;
    let to = match to {
        Some(to) => Some(companies::named(tx, to).await?),
        None => None,
    };
    moving::give_to_company(tx, actor, &batch, to.as_ref()).await?;
    Ok(Some((Place { part: 0, reached }, batch.len())))
}
