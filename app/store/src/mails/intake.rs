//! Taking a mail in: once, whole, into the ticket it belongs to.

use super::{
    again::{release, settle_copy, stays},
    digest,
    prepare::{Prepared, prepare},
    put, raw_path,
};
use crate::{
    Desk, OrOurs, Tx, events, people,
    tickets::{
        create, hold,
        message::{self, As, Kind, Said},
    },
};
use bytes::Bytes;
use domain::{
    Actor, EventId, MailId, Principal, Result, TicketId, Time, UserId,
    event::Happening,
    mail::{IncomingMail, Outcome},
    people::Person,
    policy::{self, Action},
    text,
    ticket::{NewTicket, Source},
};

/// Where a mail comes from, and so what of it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From an archive that an admin brings in: its dates count, and mails of staff are their answers.
    Archive,
    /// From outside, now. Anybody can write staff's address into `From`, so such a mail becomes an internal note.
    Mailbox,
}

impl Origin {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Mailbox => "mailbox",
        }
    }

    pub(super) fn from_word(word: &str) -> Self {
        if word == "archive" { Self::Archive } else { Self::Mailbox }
    }
}

/// A mail in quarantine that somebody wants to be tried again.
#[derive(Clone, Copy)]
pub(super) struct Again<'a> {
    pub id: MailId,
    pub by: &'a Actor,
}

/// Mails before this are misdated: 1 January 1990.
const EARLIEST: Time = Time(631_152_000_000);

/// In whose name the things happen that no person does.
fn docket() -> Actor {
    Actor::system("E-mail")
}

/// Takes a mail in: it answers in the ticket it belongs to by its headers, or opens one. The same mail a second time
/// changes nothing. A mail without a usable or with a blocked sender is kept in quarantine.
///
/// Errors: `Unavailable`; then nothing was changed, and it can be tried again.
#[crate::compiled_here]
pub async fn take_in(desk: &Desk, mail: IncomingMail, raw: Bytes, origin: Origin) -> Result<Outcome> {
    take(desk, mail, raw, origin, None).await
}

/// The same, also for a mail that is in quarantine already.
pub(super) async fn take(
    desk: &Desk,
    mail: IncomingMail,
    raw: Bytes,
    origin: Origin,
    again: Option<Again<'_>>,
) -> Result<Outcome> {
    let digest = digest(&raw);
    if again.is_none()
        && let Some(known) = known(desk, &digest).await?
    {
        return Ok(Outcome::Twice(known));
    }
    let aside = async |reason: &str| match again {
        Some(again) => stays(desk, again.id, Some(&mail), reason).await,
        None => quarantine(desk, raw.clone(), &digest, Some(&mail), reason, origin).await,
    };
    let Some(address) = mail.from_address.clone().filter(|a| text::is_email(a)) else {
        return aside("It has no sender that could be answered.").await;
    };
    if is_blocked(desk, &address).await? {
        return aside("Its sender is blocked.").await;
    }
    let path = raw_path(&digest);
    let headers = IncomingMail { text: String::new(), html: None, files: Vec::new(), ..mail.clone() };
    let prepared = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || prepare(mail, &path))
            .await
            .map_err(|cause| crate::error::internal(&cause))?
    };
    let size = raw.len() as i64;
    // The bytes first: a row must never point to nothing. Their names follow from the mail, so that a second try after a
    // crash writes the same files again.
    put(desk, &path, raw).await?;
    for file in &prepared.files {
        put(desk, &file.path, file.content.clone()).await?;
    }
    let mut tx = desk.begin().await?;
    let taken_at = tx.at();
    if origin == Origin::Archive {
        tx.now = headers.date.filter(|date| (EARLIEST..=tx.now).contains(date)).unwrap_or(tx.now);
    }
    let before =
        before(&mut tx, &digest, headers.message_id.as_deref(), &prepared.content_digest, again.is_some()).await?;
    if let Some(before) = before {
        if let Some(again) = again {
            settle_copy(tx, again, headers.message_id.as_deref(), &prepared.content_digest).await?;
        }
        return Ok(Outcome::Twice(before));
    }
    let thread = thread(&mut tx, &headers.references).await?;
    if let Some(ticket) = thread {
        // Before anything is written: see `hold`.
        hold(&mut tx, &docket(), ticket, Action::Reply).await?;
    }
    let (sender, _) = people::find_or_create(&mut tx, &text::tidy_line(&headers.from_name), &address).await?;
    let sender = people::principal(&mut tx.conn, sender).await?;
    let (ticket, event) = match thread {
        Some(ticket) => (ticket, answer(&mut tx, ticket, &sender, &prepared, origin).await?),
        None => open(&mut tx, &sender, &prepared).await?,
    };
    attach(&mut tx, ticket, event, sender.id, &prepared).await?;
    let row = Row {
        digest: &digest,
        path: &path,
        size,
        message_id: headers.message_id.as_deref(),
        content_digest: &prepared.content_digest,
        address: &address,
        subject: &prepared.subject,
        ticket,
        event,
    };
    match again {
        None => insert(&mut tx, &row, origin, taken_at).await?,
        // Somebody else was quicker. What this one has done is taken back with its transaction.
        Some(again) if !release(&mut tx, &row, again).await? => return Ok(Outcome::Twice(again.id)),
        Some(_) => {}
    }
    if let Some(id) = &headers.message_id {
        sqlx::query!(
            "insert into mail_threads (message_id, ticket_id) values ($1, $2) on conflict (message_id) do nothing",
            id,
            ticket.0,
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    }
    tx.commit().await?;
    Ok(if thread.is_some() { Outcome::Reply(ticket) } else { Outcome::Ticket(ticket) })
}

/// A mail that has become a message, as it is noted.
pub(super) struct Row<'a> {
    digest: &'a [u8],
    path: &'a str,
    size: i64,
    pub message_id: Option<&'a str>,
    pub content_digest: &'a [u8],
    pub address: &'a str,
    pub subject: &'a str,
    pub ticket: TicketId,
    pub event: EventId,
}

async fn insert(tx: &mut Tx, row: &Row<'_>, origin: Origin, taken_at: time::OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "insert into mails (digest, raw_key, size, message_id, content_digest, from_address, subject, ticket_id, event_id,
                            origin, taken_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        row.digest,
        row.path,
        row.size,
        row.message_id,
        row.content_digest,
        row.address,
        row.subject,
        row.ticket.0,
        row.event.0,
        origin.word(),
        taken_at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// Keeps something that could not be read as a mail, with the reason, for admins to see.
#[crate::compiled_here]
pub async fn refuse(desk: &Desk, raw: Bytes, reason: &str, origin: Origin) -> Result<Outcome> {
    let digest = digest(&raw);
    if let Some(known) = known(desk, &digest).await? {
        return Ok(Outcome::Twice(known));
    }
    quarantine(desk, raw, &digest, None, reason, origin).await
}

async fn quarantine(
    desk: &Desk,
    raw: Bytes,
    digest: &[u8],
    mail: Option<&IncomingMail>,
    reason: &str,
    origin: Origin,
) -> Result<Outcome> {
    let path = raw_path(digest);
    let size = raw.len() as i64;
    put(desk, &path, raw).await?;
    let mut tx = desk.begin().await?;
    let at = tx.at();
    let inserted = sqlx::query!(
        "insert into mails (digest, raw_key, size, message_id, from_address, subject, problem, origin, taken_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (digest) do nothing",
        digest,
        path,
        size,
        mail.and_then(|m| m.message_id.as_deref()),
        mail.and_then(|m| m.from_address.as_deref()),
        text::excerpt(mail.map_or("", |m| &m.subject), domain::ticket::SUBJECT_MAX),
        reason,
        origin.word(),
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if inserted.rows_affected() == 0 {
        let known = known(desk, digest).await?;
        return known.map(Outcome::Twice).ok_or_else(|| crate::error::internal(&"a mail is known and not there"));
    }
    events::append(&mut tx, &docket(), None, &Happening::MailQuarantined { reason: reason.to_owned() }).await?;
    tx.commit().await?;
    Ok(Outcome::Quarantined(reason.to_owned()))
}

/// The mail of these bytes, if it was taken in before.
async fn known(desk: &Desk, digest: &[u8]) -> Result<Option<MailId>> {
    let id = sqlx::query_scalar!("select id from mails where digest = $1", digest)
        .fetch_optional(desk.pool())
        .await
        .ours()?;
    Ok(id.map(MailId))
}

/// The mail that was taken in last. What is taken in after has higher ids.
#[crate::compiled_here]
pub async fn newest(desk: &Desk) -> Result<MailId> {
    sqlx::query_scalar!(r#"select coalesce(max(id), 0) as "id!" from mails"#)
        .fetch_one(desk.pool())
        .await
        .ours()
        .map(MailId)
}

async fn is_blocked(desk: &Desk, address: &str) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from user_emails e join users u on u.id = e.user_id
               where e.address = lower($1) and u.blocked_at is not null) as "blocked!""#,
        address,
    )
    .fetch_one(desk.pool())
    .await
    .ours()
}

/// Makes sure that this mail is taken in by nobody else at the same time, and was not before: neither these very bytes
/// nor a copy that came another way. Locks come before the first write of the transaction: see `hold`.
/// `again`: these bytes are known, as they are in quarantine; only a copy counts. Returns the mail that was there before.
async fn before(
    tx: &mut Tx,
    digest: &[u8],
    message_id: Option<&str>,
    content_digest: &[u8],
    again: bool,
) -> Result<Option<MailId>> {
    // One lock for all copies of a mail: they have the Message-ID in common, or else nothing but their bytes.
    let name = message_id.map_or_else(|| super::hex(digest), str::to_owned);
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('mail:' || $1, 2))")
        .bind(name)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let known = sqlx::query_scalar!(
        "select id from mails where (digest = $1 and not $4)
             or (message_id = $2 and content_digest = $3 and problem is null) order by id limit 1",
        digest,
        message_id,
        content_digest,
        again,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    Ok(known.map(MailId))
}

/// The ticket that the newest known of these mails is on.
async fn thread(tx: &mut Tx, references: &[String]) -> Result<Option<TicketId>> {
    if references.is_empty() {
        return Ok(None);
    }
    let found = sqlx::query_scalar!(
        "select t.ticket_id from unnest($1::text[]) with ordinality as r (id, place)
         join mail_threads t on t.message_id = r.id order by r.place limit 1",
        references,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    Ok(found.map(TicketId))
}

/// A new ticket of this sender.
async fn open(tx: &mut Tx, sender: &Principal, mail: &Prepared) -> Result<(TicketId, EventId)> {
    let by = Actor::user(sender.clone(), None);
    let input = NewTicket { subject: mail.subject.clone(), source: Source::Email, ..NewTicket::default() };
    create::open(tx, &by, sender, &input, &As::actor(&by), &said(Kind::Customer, mail)).await
}

/// A message on the ticket that the mail answers in.
///
/// Who knows a Message-ID of the thread has had a mail of it, so the mail belongs here whoever sends it; but a sender who
/// is neither the customer nor staff nor has written here before is announced to staff, and gains nothing by it: whose
/// ticket it is and who may read it stays as it was.
async fn answer(tx: &mut Tx, id: TicketId, sender: &Principal, mail: &Prepared, origin: Origin) -> Result<EventId> {
    let ticket = crate::tickets::row::load(&mut tx.conn, id).await?;
    let by = Actor::user(sender.clone(), None);
    let own = ticket.requester.id == sender.id;
    let kind = match (sender.role.is_staff() && !own, origin) {
        (true, Origin::Archive) => Kind::Reply,
        (true, Origin::Mailbox) => Kind::Note,
        (false, _) => Kind::Customer,
    };
    if kind == Kind::Customer
        && !policy::may(&by, Action::Reply, Some(ticket.facts()))
        && !has_written(tx, id, sender.id).await?
    {
        let who = Person { id: sender.id, name: sender.name.clone(), picture: None };
        events::append(tx, &docket(), Some(id), &Happening::Joined { who, email: sender.email.clone() }).await?;
    }
    let event = message::add(tx, As::actor(&by), id, &said(kind, mail)).await?;
    message::after_message(tx, &by, &ticket, kind, None).await?;
    Ok(event)
}

async fn has_written(tx: &mut Tx, ticket: TicketId, person: UserId) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from events where ticket_id = $1 and actor_id = $2 and audience > 0
               and kind in ('message.customer', 'message.reply', 'message.note')) as "written!""#,
        ticket.0,
        person.0,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()
}

fn said(kind: Kind, mail: &Prepared) -> Said<'_> {
    Said {
        kind,
        channel: Source::Email,
        body: &mail.body,
        own: &mail.body,
        markdown: None,
        html: &mail.html,
        quoted_html: mail.quoted_html.as_deref(),
        foreign_html: mail.foreign_html,
    }
}

/// The rows of the mail's files.
async fn attach(tx: &mut Tx, ticket: TicketId, event: EventId, sender: UserId, mail: &Prepared) -> Result<()> {
    if mail.files.is_empty() {
        return Ok(());
    }
    let at = tx.at();
    let column = |of: fn(&super::prepare::File) -> String| mail.files.iter().map(of).collect::<Vec<_>>();
    sqlx::query!(
        "insert into attachments (key, path, ticket_id, event_id, uploader_id, name, content_type, size, inline, created_at)
         select f.key, f.path, $6, $7, $8, f.name, f.content_type, f.size, f.inline, $9
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $10::boolean[])
             as f (key, path, name, content_type, size, inline)",
        &column(|f| f.key.clone()),
        &column(|f| f.path.clone()),
        &column(|f| f.name.clone()),
        &column(|f| f.content_type.to_owned()),
        &mail.files.iter().map(|f| f.content.len() as i64).collect::<Vec<_>>(),
        ticket.0,
        event.0,
        sender.0,
        at,
        &mail.files.iter().map(|f| f.inline).collect::<Vec<_>>(),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}
