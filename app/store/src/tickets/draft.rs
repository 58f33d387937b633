//! Unsent texts, kept on the server so that they survive the tab, the device and whatever a colleague does. Files that were
//! uploaded for a ticket and not sent belong to them.

use crate::{OrOurs, Tx};
use domain::{
    Actor, Error, Result, TicketId,
    attachment::Attachment,
    policy::{self, Action},
    ticket::{BODY_MAX, Writing},
    timeline::Draft,
};

pub(super) fn word(writing: Writing) -> &'static str {
    match writing {
        Writing::Reply => "reply",
        Writing::Note => "note",
    }
}

/// Keeps a text; an empty one is forgotten.
#[crate::compiled_here]
pub async fn save(tx: &mut Tx, actor: &Actor, id: TicketId, draft: Draft) -> Result<()> {
    let person = actor.signed_in()?.id;
    let ticket = super::row::load(&mut tx.conn, id).await?;
    let action = if draft.writing == Writing::Note { Action::WriteNote } else { Action::Reply };
    policy::demand(actor, action, Some(ticket.facts()))?;
    if draft.body.len() > BODY_MAX {
        return Err(Error::field("body", "This is too long for a message. Please attach it as a file."));
    }
    let body = draft.body.replace('\0', "");
    let at = tx.at();
    if body.trim().is_empty() {
        sqlx::query!(
            "delete from drafts where user_id = $1 and ticket_id = $2 and writing = $3",
            person.0,
            id.0,
            word(draft.writing),
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    } else {
        sqlx::query!(
            "insert into drafts (user_id, ticket_id, writing, body, updated_at) values ($1, $2, $3, $4, $5)
             on conflict (user_id, ticket_id, writing) do update set body = excluded.body, updated_at = excluded.updated_at",
            person.0,
            id.0,
            word(draft.writing),
            body,
            at,
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    }
    Ok(())
}

/// The unsent texts of user `$2` on a ticket `t`, as JSON; read by [`from_json`].
pub(super) const COLUMN: &str = "(select json_agg(json_build_object('writing', d.writing, 'body', d.body))::text \
     from drafts d where d.user_id = $2 and d.ticket_id = t.id)";

pub(super) fn from_json(drafts: Option<&str>) -> Result<Vec<Draft>> {
    drafts.map_or(Ok(Vec::new()), serde_json::from_str).ours()
}

/// The files that user `$2` has uploaded for a ticket `t` and not sent, as JSON; read by [`files_from_json`].
pub(super) const FILES: &str = "(select json_agg(json_build_object('id', a.id, 'key', a.key, 'name', a.name, \
     'content_type', a.content_type, 'size', a.size, 'deleted_by', null) order by a.id)::text from attachments a \
     where a.uploader_id = $2 and a.event_id is null and a.ticket_id = t.id and a.deleted_at is null)";

pub(super) fn files_from_json(files: Option<&str>) -> Result<Vec<Attachment>> {
    files.map_or(Ok(Vec::new()), serde_json::from_str).ours()
}
