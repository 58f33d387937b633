//! Files on tickets: taken in as a stream, judged by their content, served to whoever may see their message.

use super::row;
use crate::{
    Desk, OrOurs, Tx, events,
    jobs::{self, Work},
    upload::{self, Upload},
};
use bytes::Bytes;
use domain::{
    Actor, AttachmentId, Code, Error, EventId, Result, TicketId, UserId,
    attachment::{self, Attachment},
    error::Problems,
    event::Happening,
    policy::{self, Action},
    text,
};
use futures::{Stream, StreamExt};
use object_store::{GetOptions, GetRange, ObjectStore, path::Path};
use rand::{Rng, distr::Alphanumeric};

/// As many bytes are looked at before anything is stored.
const SNIFF: usize = 8 * 1024;

/// A file that this actor may read.
pub struct Found {
    pub attachment: Attachment,
    path: Path,
}

impl Found {
    /// Its bytes, or a part of them.
    #[crate::compiled_here]
    pub async fn read(
        &self,
        desk: &Desk,
        part: Option<std::ops::Range<u64>>,
    ) -> Result<futures::stream::BoxStream<'static, object_store::Result<Bytes>>> {
        let options = GetOptions { range: part.map(GetRange::Bounded), ..GetOptions::default() };
        Ok(desk.files().get_opts(&self.path, options).await.ours()?.into_stream())
    }
}

/// A file that is there to be read: what it is, and its bytes.
pub struct Opened {
    pub attachment: Attachment,
    pub bytes: futures::stream::BoxStream<'static, object_store::Result<Bytes>>,
}

/// Takes in a file that a later message will carry.
///
/// `ticket` is where it will go, when that is known. Errors: `Unsupported` (kind), `TooLarge`, `NotFound` (ticket); then
/// nothing has been stored. `Unavailable` when the disk is full.
pub async fn upload<S, E>(
    desk: &Desk,
    actor: &Actor,
    ticket: Option<TicketId>,
    name: &str,
    declared_size: Option<u64>,
    mut content: S,
) -> Result<Attachment>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let person = actor.signed_in()?.id;
    match ticket {
        Some(id) => {
            let found = row::load(&mut *desk.read().await?, id).await?;
            policy::demand(actor, Action::AddFile, Some(found.facts()))?;
        }
        None => policy::demand(actor, Action::CreateTicket, None)?,
    }
    let unsent = sqlx::query_scalar!(
        r#"select count(*) as "count!" from attachments
           where uploader_id = $1 and event_id is null and deleted_at is null"#,
        person.0,
    )
    .fetch_one(desk.pool())
    .await
    .ours()?;
    if unsent >= attachment::UNSENT_MAX {
        return Err(Error::new(
            Code::TooMany,
            "You have uploaded many files without sending them. Please send or remove some of them first.",
        ));
    }
    let max = desk.options().max_file_bytes;
    let name = attachment::clean_name(name);
    if declared_size.is_some_and(|size| i64::try_from(size).map_or(true, |size| size > max)) {
        return Err(too_large(&name, max));
    }
    let mut head: Vec<Bytes> = Vec::new();
    let mut size = 0_usize;
    let mut ended = false;
    while size < SNIFF && !ended {
        match content.next().await {
            Some(part) => {
                let part = part.map_err(broken_off)?;
                size += part.len();
                head.push(part);
            }
            None => ended = true,
        }
    }
    let first = head.concat();
    let content_type = judge(&name, &first)?;
    let text_only = content_type.starts_with("text/");
    let key: String = rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect();
    let path = match ticket {
        Some(id) => format!("tickets/{id}/{key}"),
        None => format!("new/{key}"),
    };
    let mut upload = Upload::begin(desk, &path).await?;
    let outcome = async {
        upload.push(&first).await?;
        let mut total = first.len() as i64;
        while total <= max
            && !ended
            && let Some(part) = content.next().await
        {
            let part = part.map_err(broken_off)?;
            if text_only && !is_text(&part) {
                return Err(Error::new(Code::Unsupported, format!("“{name}” was not taken: it is not a text.")));
            }
            total += part.len() as i64;
            upload.push(&part).await?;
        }
        if total > max { Err(too_large(&name, max)) } else { Ok(()) }
    };
    let outcome = outcome.await;
    let ((), total) = upload.finish(outcome).await?;
    let id = insert(desk, person, ticket, &key, &path, &name, content_type, total).await;
    if id.is_err() {
        upload::remove(desk, &path).await;
    }
    let id = id?;
    Ok(Attachment { id, key, name, content_type: content_type.into(), size: total, deleted_by: None })
}

#[expect(clippy::too_many_arguments, reason = "one row, one place that calls it")]
async fn insert(
    desk: &Desk,
    person: UserId,
    ticket: Option<TicketId>,
    key: &str,
    path: &str,
    name: &str,
    content_type: &str,
    size: i64,
) -> Result<AttachmentId> {
    let id = sqlx::query_scalar!(
        "insert into attachments (key, path, ticket_id, uploader_id, name, content_type, size, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        key,
        path,
        ticket.map(|t| t.0),
        person.0,
        name,
        content_type,
        size,
        time::OffsetDateTime::from(desk.now()),
    )
    .fetch_one(desk.pool())
    .await
    .ours()?;
    Ok(AttachmentId(id))
}

/// The media type by the content and the name, or why it is refused.
fn judge(name: &str, first: &[u8]) -> Result<&'static str> {
    let sniffed = infer::get(first).map(|kind| kind.mime_type()).filter(|mime| !mime.starts_with("text/"));
    attachment::content_type(name, sniffed, is_text(first))
}

/// The media type of a file that is kept whatever it is: one that is not taken from uploads is only bytes, and is never
/// shown, only offered for download.
pub(crate) fn kind_or_bytes(name: &str, content: &[u8]) -> &'static str {
    const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
    // Pictures inside a mail often have no name, or one without an extension.
    let picture = infer::get(content).and_then(|kind| PICTURES.into_iter().find(|p| *p == kind.mime_type()));
    match (picture, judge(name, &content[..content.len().min(SNIFF)])) {
        (Some(picture), _) => picture,
        (None, Ok(kind)) if !kind.starts_with("text/") || is_text(content) => kind,
        _ => "application/octet-stream",
    }
}

/// Whether bytes read as text: nothing below the space but the usual breaks. Any encoding that keeps ASCII passes.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| !matches!(b, 0..=8 | 14..=26 | 28..=31 | 127))
}

fn too_large(name: &str, max: i64) -> Error {
    Error::new(Code::TooLarge, format!("“{name}” was not taken: it is larger than {}.", text::bytes(max)))
}

fn broken_off(cause: impl std::fmt::Display) -> Error {
    tracing::debug!(%cause, "an upload broke off");
    Error::new(Code::Invalid, "The upload broke off. Please try again.")
}

/// Ties uploaded files to the message that carries them. Only one's own, and each only once.
pub(super) async fn claim(
    tx: &mut Tx,
    actor: &Actor,
    ticket: TicketId,
    event: EventId,
    ids: &[AttachmentId],
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut wanted: Vec<i64> = ids.iter().map(|i| i.0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let claimed = sqlx::query!(
        "update attachments set ticket_id = $2, event_id = $3
         where id = any($1) and event_id is null and deleted_at is null and uploader_id = $4
             and (ticket_id is null or ticket_id = $2)",
        &wanted,
        ticket.0,
        event.0,
        actor.user_id().map(|u| u.0),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let mut problems = Problems::default();
    problems.unless(
        claimed.rows_affected() == wanted.len() as u64,
        "attachments",
        "One of the files is no longer there. Please attach it again.",
    );
    problems.check()
}

/// The files of a ticket that this actor may see, deleted ones with their trace, in the order they came.
#[crate::compiled_here]
pub async fn of_ticket(desk: &Desk, actor: &Actor, id: TicketId) -> Result<Vec<Attachment>> {
    policy::demand_somebody(actor)?;
    let mut conn = desk.read().await?;
    let ticket = row::load(&mut conn, id).await?;
    policy::demand(actor, Action::SeeTicket, Some(ticket.facts()))?;
    let internal = policy::may(actor, Action::SeeInternal, Some(ticket.facts()));
    let rows = sqlx::query!(
        "select a.id, a.key, a.name, a.content_type, a.size, a.deleted_by
         from attachments a join events e on e.id = a.event_id
         where a.ticket_id = $1 and not a.inline and (e.audience = 2 or $2) order by a.id limit 1000",
        id.0,
        internal,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    Ok(rows
        .into_iter()
        .map(|r| Attachment {
            id: AttachmentId(r.id),
            key: r.key,
            name: r.name,
            content_type: r.content_type,
            size: r.size,
            deleted_by: r.deleted_by,
        })
        .collect())
}

/// How a file is named in a request: by the random key in its address, or by its id in the API.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    Key(&'a str),
    Id(AttachmentId),
}

/// A file with all its bytes; see [`find`].
pub async fn open(desk: &Desk, actor: &Actor, which: Which<'_>) -> Result<Opened> {
    let found = find(desk, actor, which).await?;
    let bytes = found.read(desk, None).await?;
    Ok(Opened { attachment: found.attachment, bytes })
}

/// A file for reading, if this actor may see the message it is on; before it is sent, only its uploader.
pub async fn find(desk: &Desk, actor: &Actor, which: Which<'_>) -> Result<Found> {
    let (key, id) = match which {
        Which::Key(key) => (Some(key), None),
        Which::Id(id) => (None, Some(id.0)),
    };
    let found = sqlx::query!(
        r#"select a.id, a.key, a.path, a.name, a.content_type, a.size, a.uploader_id, a.deleted_at, a.event_id,
                  e.audience as "audience?", t.requester_id as "requester_id?", t.company_id as "company_id?",
                  t.assignee_id as "assignee_id?", t.team_id as "team_id?"
           from attachments a left join events e on e.id = a.event_id left join tickets t on t.id = e.ticket_id
           where a.key = $1 or a.id = $2"#,
        key,
        id,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("file"))?;
    let allowed = match (found.audience, found.requester_id) {
        (Some(audience), Some(requester)) => {
            let facts = policy::TicketFacts {
                requester: UserId(requester),
                company: found.company_id.map(domain::CompanyId),
                assignee: found.assignee_id.map(UserId),
                team: found.team_id.map(domain::TeamId),
            };
            let action = if audience == 2 { Action::SeeTicket } else { Action::SeeInternal };
            policy::may(actor, action, Some(facts))
        }
        _ => found.uploader_id.is_some() && found.uploader_id == actor.user_id().map(|u| u.0),
    };
    if !allowed {
        return Err(Error::not_found("file"));
    }
    if found.deleted_at.is_some() {
        return Err(Error::new(Code::NotFound, "This file was deleted."));
    }
    Ok(Found {
        path: Path::from(found.path.as_str()),
        attachment: Attachment {
            id: AttachmentId(found.id),
            key: found.key,
            name: found.name,
            content_type: found.content_type,
            size: found.size,
            deleted_by: None,
        },
    })
}

/// Takes a file off: its uploader may, and staff. The name stays as a trace, the bytes go.
///
/// Errors: `NotFound` when the actor may not see the message it is on; a file that was never sent is its uploader's alone.
#[crate::compiled_here]
pub async fn delete(tx: &mut Tx, actor: &Actor, id: AttachmentId) -> Result<()> {
    let person = actor.signed_in()?;
    let not_found = || Error::not_found("file");
    let on = sqlx::query_scalar!("select ticket_id from attachments where id = $1", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .ok_or_else(not_found)?;
    if let Some(ticket) = on {
        super::take_turn(tx, TicketId(ticket)).await?;
    }
    let found = sqlx::query!(
        r#"select a.path, a.name, a.size, a.uploader_id, a.deleted_at, e.ticket_id as "ticket?",
                  e.audience as "audience?", t.requester_id as "requester_id?", t.company_id as "company_id?",
                  t.assignee_id as "assignee_id?", t.team_id as "team_id?"
           from attachments a left join events e on e.id = a.event_id left join tickets t on t.id = e.ticket_id
           where a.id = $1 for no key update of a"#,
        id.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(not_found)?;
    let mine = found.uploader_id == Some(person.id.0);
    let internal = found.audience.is_some_and(|audience| audience < 2);
    match found.requester_id {
        Some(requester) => {
            let facts = policy::TicketFacts {
                requester: UserId(requester),
                company: found.company_id.map(domain::CompanyId),
                assignee: found.assignee_id.map(UserId),
                team: found.team_id.map(domain::TeamId),
            };
            let see = if internal { Action::SeeInternal } else { Action::SeeTicket };
            if !policy::may(actor, see, Some(facts)) {
                return Err(not_found());
            }
            if !(mine || policy::may(actor, Action::DeleteAnyFile, Some(facts))) {
                return Err(Error::forbidden());
            }
        }
        None if mine => {}
        None => return Err(not_found()),
    }
    if found.deleted_at.is_some() {
        return Ok(());
    }
    let at = tx.at();
    sqlx::query!("update attachments set deleted_at = $2, deleted_by = $3 where id = $1", id.0, at, person.name)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    // One that was never sent leaves no trace: nobody but its uploader knew of it.
    if let Some(ticket) = found.ticket {
        let what = Happening::AttachmentDeleted { name: found.name, size: found.size, internal };
        events::append(tx, actor, Some(TicketId(ticket)), &what).await?;
        sqlx::query!(
            "update tickets set updated_at = $2, public_at = case when $3 then public_at else $2 end, version = version + 1
             where id = $1",
            ticket,
            at,
            internal,
        )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
    }
    let now = tx.now;
    jobs::enqueue(tx, &Work::DeleteFile { key: found.path }, now, 0, None).await
}
