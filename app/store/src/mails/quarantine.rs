//! Looking at mails as they came in: those in quarantine, and the raw bytes of each.

use crate::{Desk, OrOurs, events};
use bytes::Bytes;
use domain::{
    Actor, CompanyId, Error, MailId, Result, TeamId, TicketId, UserId,
    event::Happening,
    mail::{Quarantined, Raw},
    page::{self, Page},
    policy::{self, Action, TicketFacts},
};
use futures::stream::BoxStream;
use object_store::{ObjectStoreExt, path::Path};

/// Mails that could not become messages, newest first. `after`: the `next` of the page before.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor, after: Option<&str>, size: Option<u32>) -> Result<Page<Quarantined>> {
    policy::demand(actor, Action::Administer, None)?;
    let size = page::size(size) as usize;
    let before = match after {
        Some(cursor) => cursor.parse().map_err(|_| Error::field("after", "There is no such page."))?,
        None => i64::MAX,
    };
    let mut rows: Vec<Quarantined> = sqlx::query!(
        r#"select id, from_address, subject, message_id, size, problem as "problem!", taken_at,
               exists (select 1 from jobs j where j.kind = 'try_mail' and j.failed_at is null
                       and (j.data->>'mail')::bigint = mails.id) as "waiting!"
           from mails
           where problem is not null and discarded_at is null and id < $1 order by id desc limit $2"#,
        before,
        size as i64 + 1,
    )
    .fetch_all(desk.pool())
    .await
    .ours()?
    .into_iter()
    .map(|r| Quarantined {
        id: MailId(r.id),
        from_address: r.from_address,
        subject: r.subject,
        message_id: r.message_id,
        size: r.size,
        reason: r.problem,
        at: r.taken_at.into(),
        waiting: r.waiting,
    })
    .collect();
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { rows, next, position: None })
}

/// A raw mail for reading: its size in bytes and its content. For staff who may see its message; for admins also where it
/// is in quarantine. Others are told that it is not there. That it was fetched is noted before anything is given away.
#[crate::compiled_here]
pub async fn raw(
    desk: &Desk,
    actor: &Actor,
    which: Raw,
) -> Result<(i64, BoxStream<'static, object_store::Result<Bytes>>)> {
    let (id, event) = match which {
        Raw::Mail(id) => (Some(id.0), None),
        Raw::Message(event) => (None, Some(event.0)),
    };
    let found = sqlx::query!(
        r#"select m.id, m.ticket_id, m.raw_key, m.size, t.requester_id as "requester_id?", t.company_id as "company_id?",
                  t.assignee_id as "assignee_id?", t.team_id as "team_id?"
           from mails m left join tickets t on t.id = m.ticket_id where m.id = $1 or m.event_id = $2"#,
        id,
        event,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("mail"))?;
    let facts = found.requester_id.map(|r| TicketFacts {
        requester: UserId(r),
        company: found.company_id.map(CompanyId),
        assignee: found.assignee_id.map(UserId),
        team: found.team_id.map(TeamId),
    });
    let allowed = match facts {
        Some(_) => policy::may(actor, Action::SeeInternal, facts),
        None => policy::may(actor, Action::Administer, None),
    };
    if !allowed {
        return Err(Error::not_found("mail"));
    }
    let bytes = desk.files().get(&Path::from(found.raw_key.as_str())).await.ours()?.into_stream();
    let fetched = Happening::MailFetched {
        mail: MailId(found.id),
        ticket: found.ticket_id.map(TicketId),
        customer: facts.map(|facts| facts.requester),
    };
    let mut tx = desk.begin().await?;
    events::append(&mut tx, actor, None, &fetched).await?;
    tx.commit().await?;
    Ok((found.size, bytes))
}
