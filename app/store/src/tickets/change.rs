//! Changing a ticket's properties.

use super::{board, create, hold, row, watch};
use crate::{OrOurs, Tx, events, ratings::by_mail, settings};
use domain::{
    Actor, Code, Error, Result, StatusId, TeamId, TicketId, UserId,
    error::Problems,
    event::{Happening, Was},
    people::Person,
    policy::Action,
    priority::Level,
    rank, text,
    ticket::{self, Change, Swap, Ticket},
};

/// Changes what is given, and writes an event for each thing that really changed.
///
/// Errors: `Conflict` when a value is no longer the one the person saw; `Invalid` for a status that cannot follow, a wrong
/// assignee, subject or tag. Then nothing at all is changed.
#[crate::compiled_here]
pub async fn change(tx: &mut Tx, actor: &Actor, id: TicketId, input: Change) -> Result<Ticket> {
    let before = hold(tx, actor, id, Action::WorkTicket).await?.ticket;
    if let Some(swap) = &input.subject {
        subject(tx, actor, &before, swap).await?;
    }
    if let Some(swap) = &input.status {
        expect(swap, &before.status, "status")?;
        let workflow = &tx.desk().catalog().workflow;
        let target = workflow.check(before.status, swap.to)?;
        if before.status != swap.to {
            board::room(tx, actor, &before, target).await?;
        }
        set_status(tx, actor, &before, swap.to).await?;
    }
    if let Some(swap) = &input.assignee {
        expect(swap, &before.assignee.as_ref().map(|a| a.id), "assignee")?;
        set_assignee(tx, actor, &before, swap.to).await?;
    }
    if let Some(swap) = &input.team {
        expect(swap, &before.team, "team")?;
        set_team(tx, actor, &before, swap.to).await?;
    }
    if input.urgency.is_some() || input.importance.is_some() {
        pair(tx, actor, &before, input.urgency.as_ref(), input.importance.as_ref()).await?;
    }
    if let Some(swap) = &input.tags {
        tags(tx, actor, &before, swap).await?;
    }
    row::load(&mut tx.conn, id).await
}

/// A stale screen must not overwrite what a colleague has just done.
fn expect<T: PartialEq>(swap: &Swap<T>, current: &T, what: &str) -> Result<()> {
    match &swap.from {
        Some(from) if from != current && swap.to != *current => Err(Error::new(
            Code::Conflict,
            format!("Somebody else has changed the {what} in the meantime. It was left as it is now."),
        )),
        _ => Ok(()),
    }
}

async fn subject(tx: &mut Tx, actor: &Actor, before: &Ticket, swap: &Swap<String>) -> Result<()> {
    expect(swap, &before.subject, "subject")?;
    let subject = text::tidy_line(&swap.to);
    let mut problems = Problems::default();
    ticket::check_subject(&subject, &mut problems);
    problems.check()?;
    if subject == before.subject {
        return Ok(());
    }
    let at = tx.at();
    sqlx::query!(
        "with t as (
             update tickets set subject = $2, updated_at = $3, version = version + 1 where id = $1 returning id, subject
         )
         update ticket_subjects s set search = to_tsvector('english', t.subject) from t where s.ticket_id = t.id",
        before.id.0,
        subject,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let what = Happening::Subject(Was { from: before.subject.clone(), to: subject });
    events::append(tx, actor, Some(before.id), &what).await?;
    Ok(())
}

/// Sets a status that the caller has checked against the workflow. The ticket enters its new column at the top.
pub(crate) async fn set_status(tx: &mut Tx, actor: &Actor, before: &Ticket, to: StatusId) -> Result<()> {
    if before.status == to {
        return Ok(());
    }
    let at = tx.at();
    sqlx::query!(
        "update tickets set status_id = $2, rank = $3, updated_at = greatest(updated_at, $4),
             public_at = greatest(public_at, $4), version = version + 1 where id = $1",
        before.id.0,
        to.0,
        rank::entering(tx.now.0, before.id),
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, Some(before.id), &Happening::Status(Was { from: before.status, to })).await?;
    let catalog = tx.desk().catalog();
    let is_active = |id| catalog.workflow.status(id).is_none_or(|status| status.category.is_active());
    if is_active(before.status) && !is_active(to) {
        by_mail::plan(tx, before.id).await?;
    }
    Ok(())
}

/// Gives the ticket to somebody, or to nobody. Who gets it watches it from then on.
pub(super) async fn set_assignee(tx: &mut Tx, actor: &Actor, before: &Ticket, to: Option<UserId>) -> Result<()> {
    if before.assignee.as_ref().map(|a| a.id) == to {
        return Ok(());
    }
    let to = match to {
        Some(id) => {
            let id = create::assignable(tx, id).await?;
            watch::begin(tx, before.id, id).await?;
            let name = sqlx::query_scalar!("select name from users where id = $1", id.0)
                .fetch_one(&mut *tx.conn)
                .await
                .ours()?;
            Some(Person { id, name, picture: None })
        }
        None => None,
    };
    let at = tx.at();
    sqlx::query!(
        "update tickets set assignee_id = $2, updated_at = $3, version = version + 1 where id = $1",
        before.id.0,
        to.as_ref().map(|p| p.id.0),
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    // What has happened tells who it was, not how they looked.
    let from = before.assignee.clone().map(|person| Person { picture: None, ..person });
    let what = Happening::Assignee(Was { from, to });
    events::append(tx, actor, Some(before.id), &what).await?;
    Ok(())
}

/// Gives the ticket to a team, or to none. Whoever has it keeps it.
async fn set_team(tx: &mut Tx, actor: &Actor, before: &Ticket, to: Option<TeamId>) -> Result<()> {
    if before.team == to {
        return Ok(());
    }
    let to = match to {
        Some(id) => Some(create::team(tx, id).await?),
        None => None,
    };
    let from = match before.team {
        Some(id) => Some(create::team(tx, id).await?),
        None => None,
    };
    let at = tx.at();
    sqlx::query!(
        "update tickets set team_id = $2, updated_at = $3, version = version + 1 where id = $1",
        before.id.0,
        to.as_ref().map(|t| t.id.0),
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, Some(before.id), &Happening::Team(Was { from, to })).await?;
    Ok(())
}

/// Sets urgency, importance or both, and the priority that follows from the pair.
pub(super) async fn pair(
    tx: &mut Tx,
    actor: &Actor,
    before: &Ticket,
    urgency: Option<&Swap<Level>>,
    importance: Option<&Swap<Level>>,
) -> Result<()> {
    if let Some(swap) = urgency {
        expect(swap, &before.urgency, "urgency")?;
    }
    if let Some(swap) = importance {
        expect(swap, &before.importance, "importance")?;
    }
    let new_urgency = urgency.map_or(before.urgency, |s| s.to);
    let new_importance = importance.map_or(before.importance, |s| s.to);
    if (new_urgency, new_importance) == (before.urgency, before.importance) {
        return Ok(());
    }
    let priority = tx.desk().catalog().priorities.of(new_urgency, new_importance);
    let at = tx.at();
    sqlx::query!(
        "update tickets set urgency = $2, importance = $3, priority = $4, updated_at = $5, version = version + 1 where id = $1",
        before.id.0,
        new_urgency.number(),
        new_importance.number(),
        priority.number(),
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let mut happened = Vec::with_capacity(3);
    if new_urgency != before.urgency {
        happened.push(Happening::Urgency(Was { from: before.urgency, to: new_urgency }));
    }
    if new_importance != before.importance {
        happened.push(Happening::Importance(Was { from: before.importance, to: new_importance }));
    }
    if priority != before.priority {
        happened.push(Happening::Priority(Was { from: before.priority, to: priority }));
    }
    for what in &happened {
        events::append(tx, actor, Some(before.id), what).await?;
    }
    Ok(())
}

/// Tags never conflict: what somebody else has put on or taken off in the meantime is left as it is.
async fn tags(tx: &mut Tx, actor: &Actor, before: &Ticket, swap: &Swap<Vec<String>>) -> Result<()> {
    let mut problems = Problems::default();
    let wanted = ticket::check_tags(&swap.to, &mut problems);
    problems.check()?;
    let old: Vec<String> = tx.desk().catalog().tags_of(&before.tags).into_iter().map(|t| t.name).collect();
    let names = match &swap.from {
        None => wanted,
        Some(seen) => {
            let seen = ticket::check_tags(seen, &mut Problems::default());
            let kept = old.iter().filter(|n| wanted.contains(n) || !seen.contains(n));
            let new = wanted.iter().filter(|n| !seen.contains(n) && !old.contains(n));
            let names: Vec<String> = kept.chain(new).cloned().collect();
            // Each of two colleagues may have stayed within the limit alone.
            let mut problems = Problems::default();
            ticket::check_tags(&names, &mut problems);
            problems.check()?;
            names
        }
    };
    let added: Vec<String> = names.iter().filter(|n| !old.contains(n)).cloned().collect();
    let removed: Vec<String> = old.into_iter().filter(|n| !names.contains(n)).collect();
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let ids = settings::tag_ids(tx, &names).await?;
    let at = tx.at();
    sqlx::query!(
        "update tickets set tag_ids = $2, updated_at = $3, version = version + 1 where id = $1",
        before.id.0,
        &ids,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, Some(before.id), &Happening::Tags { added, removed }).await?;
    Ok(())
}
