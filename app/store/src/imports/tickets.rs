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
    render::{self, MailHtml},
    settings,
    tickets::message::EXCERPT,
};
use domain::{
    Actor, Result, TicketId,
    event::{Happening, Was},
    import::{
        Field, TAGS_MADE,
        html::is_html,
        tickets::{OldTicket, read},
    },
    policy::{self, Action},
    rank, text,
    workflow::Category,
};
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;

/// Takes these lines in. Says what has become of each.
/// And which tags were made.
pub(super) async fn take(
    batch: &Batch<'_>,
    tx: &mut Tx,
    actor: &Actor,
    lines: &[Line],
) -> Result<(Vec<Outcome>, Vec<String>)> {
    policy::demand(actor, Action::CreateFor, None)?;
    let catalog = tx.desk().catalog();
    let source = &batch.reading.source;
    let mut htmls = htmls(lines.iter().map(|line| batch.value(line, Field::Message)).collect()).await?;
    let read = lines.iter().zip(&htmls).map(|(line, html)| {
        let value = |field| match html {
            Some(html) if field == Field::Message => html.words.clone(),
            _ => batch.value(line, field),
        };
        read(value, source, &catalog.workflow, tx.now)
    });
    let read: Vec<_> = read.collect();
    let mut there = known(tx, source, read.iter().flatten()).await?;
    if let Some(carried) = &batch.trial {
        there.extend(carried.numbers_among(read.iter().flatten().map(|line| &line.number)));
    }
    // What is to be made, with its place among the lines.
    let mut new: Vec<(usize, OldTicket)> = Vec::new();
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(lines.len());
    for (place, line) in read.into_iter().enumerate() {
        outcomes.push(match line {
            Err(reason) => Outcome::Refused(reason),
            Ok(line) if !there.insert(line.number.clone()) => Outcome::changed(Vec::new()),
            Ok(line) => {
                new.push((place, line));
                Outcome::Ticket { unassigned: None, tags_left: false }
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
    let made = bound_tags(batch, tx, &mut new, &mut outcomes).await?;
    for (place, line) in &new {
        if let Outcome::Ticket { unassigned, .. } = &mut outcomes[*place] {
            *unassigned = Some(&line.assignee).filter(|who| !who.is_empty() && !staff.contains_key(*who)).cloned();
        }
    }
    let htmls: Vec<_> = new.iter().map(|(place, _)| htmls[*place].take()).collect();
    write(tx, source, &new, htmls, &whose, &staff).await?;
    Ok((outcomes, made))
}

/// A message that came as HTML.
struct Html {
    words: String,
    shown: MailHtml,
}

/// Those of these messages that are HTML, made safe as mails are. Cleaning takes its time, so it is done beside.
async fn htmls(messages: Vec<String>) -> Result<Vec<Option<Html>>> {
    let each = |message: String| {
        if !is_html(&message) {
            return None;
        }
        let shown = render::mail_html(&message, &|_| None)?;
        Some(Html { words: render::mail_text(&message), shown })
    };
    tokio::task::spawn_blocking(move || messages.into_iter().map(each).collect())
        .await
        .map_err(|cause| crate::error::internal(&cause))
}

/// Leaves out the tags that are new when this file has made as many as it may: everybody chooses from the list of all tags, and a
/// column of something else would fill it. Returns those that it makes.
async fn bound_tags(
    batch: &Batch<'_>,
    tx: &mut Tx,
    lines: &mut [(usize, OldTicket)],
    outcomes: &mut [Outcome],
) -> Result<Vec<String>> {
    let catalog = tx.desk().catalog();
    let mut known: HashSet<String> = catalog.tags.iter().map(|tag| tag.name.clone()).collect();
    let asked: Vec<String> =
        lines.iter().flat_map(|(_, line)| &line.tags).filter(|name| !known.contains(*name)).cloned().collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    // Another node may have made them, or the lines before.
    let there = sqlx::query_scalar!("select name from tags where name = any($1)", &asked)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    known.extend(there);
    let carried = batch.trial.as_ref().map(|carried| &carried.tags);
    let before = carried.map_or(batch.tags_before, HashSet::len);
    let free = TAGS_MADE.saturating_sub(before.saturating_add(batch.tags.len()));
    let mut made = Vec::new();
    for (place, line) in lines {
        let all = line.tags.len();
        line.tags.retain(|name| {
            if known.contains(name) || carried.is_some_and(|tags| tags.contains(name)) {
                return true;
            }
            let room = made.len() < free;
            if room {
                known.insert(name.clone());
                made.push(name.clone());
            }
            room
        });
        if let Outcome::Ticket { tags_left, .. } = &mut outcomes[*place] {
            *tags_left = line.tags.len() < all;
        }
    }
    Ok(made)
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
    htmls: Vec<Option<Html>>,
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
    for ((((_, line), html), person), id) in lines.iter().zip(htmls).zip(whose).zip(ids) {
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
        m.foreign.push(html.is_some());
        let (html, quoted) = match html {
            Some(html) => (html.shown.visible, html.shown.quoted),
            None => (render::plain(&line.message), None),
        };
        m.htmls.push(html);
        m.quoted.push(quoted);
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
