//! Mails in quarantine a second time: read again by the present code, or put aside.

use super::intake::{Again, Origin, Row, take};
use crate::{Desk, OrOurs, Tx, error::internal, events};
use bytes::Bytes;
use domain::{
    Actor, Error, MailId, Result, TicketId,
    event::Happening,
    mail::{IncomingMail, Outcome, TRIED_MAX, Tried},
    policy::{self, Action},
    text,
};
use object_store::{ObjectStoreExt, path::Path};

/// How a mail is read, or why it cannot be.
type Parse = fn(&[u8]) -> std::result::Result<IncomingMail, String>;

/// Takes a mail in quarantine in once more, as if it had come now; `parse` reads it, or says why it cannot. What cannot
/// become a message stays, with the reason of this time.
///
/// Errors: `NotFound` when it is not in quarantine (any more), `Unavailable`; then nothing was changed.
#[crate::compiled_here]
pub async fn try_again(desk: &Desk, actor: &Actor, id: MailId, parse: Parse) -> Result<Outcome> {
    policy::demand(actor, Action::Administer, None)?;
    let found = sqlx::query!(
        "select raw_key, origin from mails where id = $1 and problem is not null and discarded_at is null",
        id.0,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("mail"))?;
    let raw: Bytes = desk.files().get(&Path::from(found.raw_key.as_str())).await.ours()?.bytes().await.ours()?;
    let bytes = raw.clone();
    let parsed = tokio::task::spawn_blocking(move || parse(&bytes)).await.map_err(|cause| internal(&cause))?;
    match parsed {
        Ok(mail) => take(desk, mail, raw, Origin::from_word(&found.origin), Some(Again { id, by: actor })).await,
        Err(reason) => stays(desk, id, None, &reason).await,
    }
}

/// It stays in quarantine, with what is known of it now.
pub(super) async fn stays(desk: &Desk, id: MailId, mail: Option<&IncomingMail>, reason: &str) -> Result<Outcome> {
    let subject = mail.map(|m| text::excerpt(&m.subject, domain::ticket::SUBJECT_MAX));
    let changed = sqlx::query!(
        "update mails set problem = $2, from_address = coalesce($3, from_address), subject = coalesce($4, subject)
         where id = $1 and problem is not null and discarded_at is null",
        id.0,
        reason,
        mail.and_then(|m| m.from_address.as_deref()),
        subject,
    )
    .execute(desk.pool())
    .await
    .ours()?;
    if changed.rows_affected() == 0 {
        return Err(Error::not_found("mail"));
    }
    Ok(Outcome::Quarantined(reason.to_owned()))
}

/// Notes that a mail of the quarantine has become a message. `false`: it is not there any more.
pub(super) async fn release(tx: &mut Tx, row: &Row<'_>, again: Again<'_>) -> Result<bool> {
    let changed = sqlx::query!(
        "update mails set message_id = $2, content_digest = $3, from_address = $4, subject = $5, problem = null,
             ticket_id = $6, event_id = $7
         where id = $1 and problem is not null and discarded_at is null",
        again.id.0,
        row.message_id,
        row.content_digest,
        row.address,
        row.subject,
        row.ticket.0,
        row.event.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    let what = Happening::MailTriedAgain { mail: again.id, ticket: row.ticket };
    // When it was tried, whatever the date of the mail.
    tx.now = tx.desk().now();
    events::append(tx, again.by, None, &what).await?;
    Ok(true)
}

/// A copy of the mail has come another way and is on a ticket: there the one of the quarantine belongs too.
pub(super) async fn settle_copy(
    mut tx: Tx,
    again: Again<'_>,
    message_id: Option<&str>,
    content_digest: &[u8],
) -> Result<()> {
    let ticket = sqlx::query_scalar!(
        r#"update mails m set problem = null, ticket_id = c.ticket_id from mails c
           where m.id = $1 and m.problem is not null and m.discarded_at is null
               and c.message_id = $2 and c.content_digest = $3 and c.problem is null and c.ticket_id is not null
           returning c.ticket_id as "ticket_id!""#,
        again.id.0,
        message_id,
        content_digest,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    if let Some(ticket) = ticket {
        tx.now = tx.desk().now();
        let what = Happening::MailTriedAgain { mail: again.id, ticket: TicketId(ticket) };
        events::append(&mut tx, again.by, None, &what).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Puts mails of the quarantine aside: they are listed no longer, but kept as they came, and not taken in again. Returns
/// how many there were; those that are not in quarantine (any more) are passed over.
#[crate::compiled_here]
pub async fn discard(tx: &mut Tx, actor: &Actor, ids: &[MailId]) -> Result<usize> {
    policy::demand(actor, Action::Administer, None)?;
    let ids: Vec<i64> = ids.iter().take(TRIED_MAX).map(|id| id.0).collect();
    let at = tx.at();
    let mut discarded = sqlx::query_scalar!(
        "update mails set discarded_at = $2
         where id = any($1) and problem is not null and discarded_at is null returning id",
        &ids,
        at,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    discarded.sort_unstable();
    for id in &discarded {
        events::append(tx, actor, None, &Happening::MailDiscarded { mail: MailId(*id) }).await?;
    }
    Ok(discarded.len())
}

/// What became of these mails when they were tried again, newest first.
#[crate::compiled_here]
pub async fn tried(desk: &Desk, actor: &Actor, ids: &[MailId]) -> Result<Vec<Tried>> {
    policy::demand(actor, Action::Administer, None)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = ids.iter().take(TRIED_MAX).map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select id, subject, ticket_id, problem,
               exists (select 1 from jobs j where j.kind = 'try_mail' and j.failed_at is null
                       and (j.data->>'mail')::bigint = mails.id) as "waiting!"
           from mails where id = any($1) and discarded_at is null order by id desc"#,
        &ids,
    )
    .fetch_all(desk.pool())
    .await
    .ours()?;
    Ok(rows
        .into_iter()
        .map(|r| Tried {
            id: MailId(r.id),
            subject: r.subject,
            ticket: r.ticket_id.map(TicketId),
            reason: r.problem,
            waiting: r.waiting,
        })
        .collect())
}
