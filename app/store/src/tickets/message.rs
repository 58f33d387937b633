//! Writing on a ticket.

use super::{attachments, board, change, hold, once, row};
use crate::{
    OrOurs, Tx,
    events::{self, By},
    render::{self, Written},
};
use domain::{
    Actor, Code, Error, EventId, Principal, Result, TicketId,
    event::Happening,
    policy::{self, Action},
    text,
    ticket::{NewMessage, Source, Ticket, Writing},
};

/// How much of a message a list shows, in characters.
pub(crate) const EXCERPT: usize = 140;

/// Who may see a message, and on which side it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Customer,
    Reply,
    Note,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Customer => "customer",
            Kind::Reply => "reply",
            Kind::Note => "note",
        }
    }

    pub(super) fn happening(self) -> Happening {
        match self {
            Kind::Customer => Happening::CustomerMessage,
            Kind::Reply => Happening::Reply,
            Kind::Note => Happening::Note,
        }
    }
}

/// What was said, as it is stored.
pub(crate) struct Said<'a> {
    pub kind: Kind,
    pub channel: Source,
    /// As plain text, for search.
    pub body: &'a str,
    /// As plain text without what is quoted, for the excerpt.
    pub own: &'a str,
    /// As it was typed, where that is Markdown.
    pub markdown: Option<&'a str>,
    /// Sanitised.
    pub html: &'a str,
    pub quoted_html: Option<&'a str>,
    pub foreign_html: bool,
}

impl<'a> Said<'a> {
    /// What was written in Markdown.
    pub fn written(kind: Kind, channel: Source, typed: &'a str, written: &'a Written) -> Self {
        Self {
            kind,
            channel,
            body: &written.text,
            own: &written.own,
            markdown: (typed != written.text).then_some(typed),
            html: &written.html,
            quoted_html: None,
            foreign_html: false,
        }
    }

    /// What lists show of it. A note must not show through in what customers see of the list.
    pub(super) fn excerpt(&self) -> Option<String> {
        (self.kind != Kind::Note).then(|| text::excerpt(self.own, EXCERPT))
    }
}

/// In whose name a message stands.
pub(crate) struct As<'a> {
    pub(super) by: By<'a>,
    pub(super) address: Option<&'a str>,
}

impl<'a> As<'a> {
    /// The actor's own.
    pub fn actor(actor: &'a Actor) -> Self {
        Self { by: By::actor(actor), address: actor.address.as_deref() }
    }

    /// A person's, entered by the actor: the address is kept only where it is the person's own.
    pub fn person(actor: &'a Actor, person: &'a Principal) -> Self {
        Self {
            by: By { id: Some(person.id.0), name: &person.name, staff: person.role.is_staff() },
            address: actor.address.as_deref().filter(|_| actor.user_id() == Some(person.id)),
        }
    }
}

/// Writes a message with its event, and what the ticket's row says of it. One statement: every message passes here.
pub(crate) async fn add(tx: &mut Tx, who: As<'_>, ticket: TicketId, said: &Said<'_>) -> Result<EventId> {
    let happening = said.kind.happening();
    let (kind, data) = events::split(&happening)?;
    let at = tx.at();
    let event = sqlx::query_scalar!(
        r#"with e as (
             insert into events (at, actor_id, actor_name, actor_staff, address, ticket_id, audience, kind, data)
             values ($2, $12, $13, $14, $15, $1, $16, $17, $18) returning id
         ), m as (
             insert into messages (event_id, ticket_id, kind, channel, body, html, quoted_html, foreign_html,
                 markdown)
             select id, $1, $5, $6, $7, $8, $9, $10, $11 from e
         )
         update tickets set last_message_id = e.id, updated_at = greatest(updated_at, $2), version = version + 1,
             public_at = case when $3::text is null then public_at else greatest(public_at, $2) end,
             emptied_at = null, excerpt = coalesce($3, excerpt), customer_last = case when $3::text is null then customer_last else $4 end
         from e where tickets.id = $1 returning e.id as "id!""#,
        ticket.0,
        at,
        said.excerpt(),
        said.kind == Kind::Customer,
        said.kind.word(),
        said.channel.word(),
        said.body,
        said.html,
        said.quoted_html,
        said.foreign_html,
        said.markdown,
        who.by.id,
        who.by.name,
        who.by.staff,
        who.address,
        happening.audience().number(),
        kind,
        data,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    Ok(EventId(event))
}

/// Adds a reply or a note, with its files, and the status that goes with it.
///
/// A reply by staff against a conversation that has moved on since `seen` is held back with `Conflict`; sending it again
/// with the newest message as `seen` sends it all the same. A customer's reply reopens the ticket. Under a key that the
/// actor has sent it with before, it is not written again: what is returned is the entry of then.
#[crate::compiled_here]
pub async fn write(tx: &mut Tx, actor: &Actor, id: TicketId, input: NewMessage) -> Result<(Ticket, EventId)> {
    write_by(tx, actor, id, input, Source::Web).await
}

/// [`write`], from another channel than the web.
#[crate::compiled_here]
pub async fn write_by(
    tx: &mut Tx,
    actor: &Actor,
    id: TicketId,
    input: NewMessage,
    channel: Source,
) -> Result<(Ticket, EventId)> {
    let input = input.check()?;
    let action = if input.writing == Writing::Note { Action::WriteNote } else { Action::Reply };
    let held = hold(tx, actor, id, action).await?;
    // Files by how many they are: a form sends them anew.
    let asked = (id, input.writing, &input.body, input.attachments.len(), input.status);
    if let Some(done) = once::begin(tx, actor, input.key.as_deref(), &asked).await? {
        forget_draft(tx, actor, id, input.writing).await?;
        return Ok((super::for_actor(actor, held.ticket), done.entry));
    }
    let staff = actor.is_staff();
    // Staff who opened a ticket for themselves write on it as its customer would.
    let own = actor.user_id() == Some(held.ticket.requester.id);
    let kind = match input.writing {
        Writing::Note => Kind::Note,
        Writing::Reply if staff && !own => Kind::Reply,
        Writing::Reply => Kind::Customer,
    };
    if kind == Kind::Reply && has_moved_on(tx, actor, &held, input.seen).await? {
        return Err(Error::new(
            Code::Conflict,
            "Somebody else has written in the meantime. Your text is kept: read what is new, then send it all the same or change it.",
        ));
    }
    let mut written = render::written(&input.body);
    if kind == Kind::Reply && input.sign {
        sign(tx, actor, &mut written).await?;
    }
    let event = add(tx, As::actor(actor), id, &Said::written(kind, channel, &input.body, &written)).await?;
    attachments::claim(tx, actor, id, event, &input.attachments).await?;
    after_message(tx, actor, &held.ticket, kind, input.status).await?;
    forget_draft(tx, actor, id, input.writing).await?;
    once::end(tx, actor, input.key.as_deref(), &once::Done { ticket: id, entry: event }).await?;
    Ok((super::for_actor(actor, row::load(&mut tx.conn, id).await?), event))
}

/// Puts the signature of who writes below what they have written: for whoever reads the message, not for lists and searches,
/// which would find it everywhere.
async fn sign(tx: &mut Tx, actor: &Actor, written: &mut Written) -> Result<()> {
    let Some(user) = actor.user_id() else { return Ok(()) };
    let signature = sqlx::query_scalar!("select signature from users where id = $1", user.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if !signature.trim().is_empty() {
        written.html.push_str("<div class=\"signature\">");
        written.html.push_str(&render::markdown(&signature));
        written.html.push_str("</div>");
    }
    Ok(())
}

/// What was written is a message by now.
async fn forget_draft(tx: &mut Tx, actor: &Actor, id: TicketId, writing: Writing) -> Result<()> {
    let Some(user) = actor.user_id() else { return Ok(()) };
    let writing = super::draft::word(writing);
    sqlx::query!("delete from drafts where user_id = $1 and ticket_id = $2 and writing = $3", user.0, id.0, writing)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// The status that a message brings along: the one asked for by staff, or the reopening by a customer.
pub(crate) async fn after_message(
    tx: &mut Tx,
    actor: &Actor,
    ticket: &Ticket,
    kind: Kind,
    wanted: Option<domain::StatusId>,
) -> Result<()> {
    let catalog = tx.desk().catalog();
    let target = match kind {
        Kind::Customer => catalog.workflow.after_customer_reply(ticket.status).map(|s| s.id),
        Kind::Reply | Kind::Note => match wanted {
            Some(to) => {
                // Whoever may answer may not always work on the ticket, too.
                policy::demand(actor, Action::WorkTicket, Some(ticket.facts()))?;
                let target = catalog.workflow.check(ticket.status, to)?;
                if target.id != ticket.status {
                    // Said beside the state that was chosen.
                    board::room(tx, actor, ticket, target).await.map_err(|full| match full.code {
                        Code::Impossible => Error::field("status", full.message),
                        _ => full,
                    })?;
                }
                Some(target.id)
            }
            None => None,
        },
    };
    match target {
        Some(to) if to != ticket.status => change::set_status(tx, actor, ticket, to).await,
        _ => Ok(()),
    }
}

/// Whether somebody else has written since the writer last looked.
async fn has_moved_on(tx: &mut Tx, actor: &Actor, held: &super::Held, seen: Option<EventId>) -> Result<bool> {
    let (Some(seen), Some(last)) = (seen, held.last_message) else { return Ok(false) };
    if last <= seen {
        return Ok(false);
    }
    sqlx::query_scalar!(
        r#"select exists (select 1 from events e where e.ticket_id = $1 and e.id > $2 and e.audience > 0
               and e.kind in ('message.customer', 'message.reply', 'message.note')
               and e.actor_id is distinct from $3) as "exists!""#,
        held.ticket.id.0,
        seen.0,
        actor.user_id().map(|u| u.0),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()
}
