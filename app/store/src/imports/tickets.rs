//! Lines of tickets, many at once. What is there already stays as it is: tickets of other systems only ever come in.
//!
//! They are history: everything that is written of them has the times of then, and stands in the name of the system that
//! they come from but for what their customers have written.

use super::{
    lines::{Batch, Outcome},
    people::{self, Requester},
    read::Line,
};
use crate::{
    OrOurs, Tx,
    bulk::{self, insert, reserve},
    render, settings,
    tickets::message::EXCERPT,
};
use domain::{
    Actor, Result, TicketId,
    event::{Happening, Was},
    import::tickets::{OldTicket, read},
    policy::{self, Action},
    rank, text,
    workflow::Category,
};
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;

/// Takes these lines in. Says what has become of each.
pub(super) async fn take(batch: &Batch<'_>, tx: &mut Tx, actor: &Actor, lines: &[Line]) -> Result<Vec<Outcome>> {
    policy::demand(actor, Action::CreateFor, None)?;
    let catalog = tx.desk().catalog();
    let source = &batch.reading.source;
    let read = lines.iter().map(|line| read(|field| batch.value(line, field), source, &catalog.workflow, tx.now));
    let read: Vec<_> = read.collect();
    let mut there = known(tx, source, read.iter().flatten()).await?;
    // What is to be made, with its place among the lines.
    let mut new: Vec<(usize, OldTicket)> = Vec::new();
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(lines.len());
    for (place, line) in read.into_iter().enumerate() {
        outcomes.push(match line {
            Err(reason) => Outcome::Refused(reason),
            Ok(line) if !there.insert(line.number.clone()) => Outcome::changed(Vec::new()),
            Ok(line) => {
                new.push((place, line));
                Outcome::made()
            }
        });
    }
    let wanted: Vec<_> = new.iter().map(|(_, line)| (line.email.clone(), line.name.clone())).collect();
    let people = people::of_addresses(tx, actor, &wanted).await?;
    let mut whose = Vec::with_capacity(new.len());
    new.retain(|(place, line)| match people.get(&line.email.to_lowercase()) {
        Some(Ok(person)) => {
            whose.push(person);
            true
        }
        Some(Err(reason)) => {
            outcomes[*place] = Outcome::Refused(reason.clone());
            false
        }
        None => false,
    });
    let staff = staff(tx, &new).await?;
    for (place, line) in new.iter().filter(|(_, line)| !line.assignee.is_empty()) {
        if !staff.contains_key(&line.assignee) {
            outcomes[*place] = Outcome::Unassigned(line.assignee.clone());
        }
    }
    write(tx, source, &new, &whose, &staff).await?;
    Ok(outcomes)
}

/// Which of these numbers are there already. Until the end of the transaction nobody else brings in tickets of this system.
async fn known(tx: &mut Tx, source: &str, lines: impl Iterator<Item = &OldTicket>) -> Result<HashSet<String>> {
    let source = source.to_lowercase();
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('tickets of ' || $1, 0))")
        .bind(&source)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let numbers: Vec<String> = lines.map(|line| line.number.clone()).collect();
    let found = sqlx::query_scalar!(
        "select number from outside_tickets where source = $1 and number = any($2)",
        source,
        &numbers,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    Ok(found.into_iter().collect())
}

/// Who on staff has these addresses or, where only one has it, these names.
async fn staff(tx: &mut Tx, lines: &[(usize, OldTicket)]) -> Result<HashMap<String, i64>> {
    let wanted: HashSet<&String> = lines.iter().map(|(_, line)| &line.assignee).filter(|who| !who.is_empty()).collect();
    let wanted: Vec<String> = wanted.into_iter().cloned().collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select w.who as "who!", min(u.id) as "id!" from unnest($1::text[]) as w (who)
           join users u on u.role <> 'customer' and u.blocked_at is null
               and (lower(u.name) = w.who or exists (select from user_emails e where e.user_id = u.id and e.address = w.who))
           group by w.who having count(*) = 1"#,
        &wanted,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    Ok(rows.into_iter().map(|r| (r.who, r.id)).collect())
}

/// In as many statements, however many there are.
async fn write(
    tx: &mut Tx,
    source: &str,
    lines: &[(usize, OldTicket)],
    whose: &[&Requester],
    staff: &HashMap<String, i64>,
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let catalog = tx.desk().catalog();
    let names: Vec<String> = lines.iter().flat_map(|(_, line)| line.tags.iter().cloned()).collect();
    let tags = settings::tags_named(tx, &names).await?;
    let first = catalog.workflow.first_of(Category::Open).map(|status| status.id);
    let ids = reserve(&mut tx.conn, "tickets", lines.len() as i64).await?;
    let mut events = reserve(&mut tx.conn, "events", 3 * lines.len() as i64).await?.into_iter();
    let mut next = || events.next().unwrap_or_default();
    let (mut batch, mut watchers) = (bulk::Batch::default(), (Vec::new(), Vec::new()));
    let mut numbers = Vec::with_capacity(lines.len());
    for (((_, line), person), id) in lines.iter().zip(whose).zip(ids) {
        let [created, moved, updated] = [line.created, line.moved, line.updated].map(OffsetDateTime::from);
        let by = text::excerpt(&format!("{source} {}", line.number), domain::account::NAME_MAX);
        let e = &mut batch.events;
        e.push(next(), created, 0, &by, true, id, &Happening::Created { source: line.source })?;
        let message = next();
        e.push(message, created, person.id, &person.name, person.staff, id, &Happening::CustomerMessage)?;
        if let Some(from) = first.filter(|from| *from != line.status) {
            e.push(next(), moved, 0, &by, true, id, &Happening::Status(Was { from, to: line.status }))?;
        }
        let m = &mut batch.messages;
        m.events.push(message);
        m.tickets.push(id);
        m.kinds.push("customer".to_owned());
        m.channels.push(line.source.word().to_owned());
        m.htmls.push(render::plain(&line.message));
        m.bodies.push(line.message.clone());
        let assignee = staff.get(&line.assignee).copied();
        if let Some(assignee) = assignee {
            watchers.0.push(id);
            watchers.1.push(assignee);
        }
        let category = catalog.workflow.status(line.status).map(|status| status.category);
        let tags: Vec<String> = line.tags.iter().filter_map(|name| tags.get(name)).map(i64::to_string).collect();
        let t = &mut batch.tickets;
        t.ids.push(id);
        t.subjects.push(line.subject.clone());
        t.statuses.push(line.status.0);
        t.urgencies.push(line.urgency.number());
        t.importances.push(line.importance.number());
        t.priorities.push(catalog.priorities.of(line.urgency, line.importance).number());
        t.sources.push(line.source.word().to_owned());
        t.requesters.push(person.id);
        t.companies.push(person.company.unwrap_or_default());
        t.assignees.push(assignee.unwrap_or_default());
        t.teams.push(0);
        t.tags.push(format!("{{{}}}", tags.join(",")));
        t.excerpts.push(text::excerpt(&line.message, EXCERPT));
        // Of what was answered elsewhere only the state tells.
        t.customer_last.push(matches!(category, Some(Category::Open | Category::InProgress)));
        t.last_messages.push(message);
        t.ranks.push(rank::entering(line.moved.0, TicketId(id)));
        t.versions.push(1);
        t.created_at.push(created);
        t.updated_at.push(updated);
        numbers.push((id, line.number.clone()));
    }
    insert(tx, &batch).await?;
    let (ids, numbers): (Vec<i64>, Vec<String>) = numbers.into_iter().unzip();
    sqlx::query!(
        "with known as (
             insert into outside_tickets (source, ticket_id, number)
             select $1, n.ticket, n.number from unnest($2::bigint[], $3::text[]) as n (ticket, number)
         )
         insert into ticket_watchers (ticket_id, user_id) select * from unnest($4::bigint[], $5::bigint[])",
        source.to_lowercase(),
        &ids,
        &numbers,
        &watchers.0,
        &watchers.1,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}
