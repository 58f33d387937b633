//! A ticket's timeline on the wire.

use domain::event::{Happening, Was};
use domain::timeline;
use serde::Serialize;
use store::settings::Catalog;
use utoipa::ToSchema;

use super::wire::{Attachment, Level, Person, Source, status};

/// One entry of a timeline: a message, or something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 90210, "at": "2026-11-21T08:14:30Z", "by": { "id": 4, "name": "Maria Lopez", "staff": true },
    "kind": "message.reply",
    "message": { "html": "<p>Please restart it.</p>", "quoted_html": null, "channel": "web", "attachments": [] }
}))]
pub struct Entry {
    /// Grows along the timeline; `before` and `after` take it.
    pub id: i64,
    #[schema(format = DateTime)]
    pub at: String,
    pub by: Author,
    #[serde(flatten)]
    pub what: What,
}

/// Who an entry is by.
#[derive(Debug, Serialize, ToSchema)]
pub struct Author {
    /// Missing where it was nobody with an account: Docket itself, or a rule.
    pub id: Option<i64>,
    pub name: String,
    pub staff: bool,
}

/// A message as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// Sanitised HTML.
    pub html: String,
    /// Quoted history and signature of a mail, folded away. Sanitised too.
    pub quoted_html: Option<String>,
    pub channel: Source,
    pub attachments: Vec<Attachment>,
}

/// What an entry is about, told by its `kind`. New kinds may be added at any time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind")]
pub enum What {
    /// The ticket was opened.
    #[serde(rename = "ticket.created")]
    Created { source: Source },
    /// The customer wrote.
    #[serde(rename = "message.customer")]
    CustomerMessage { message: Option<Message> },
    /// Staff answered the customer.
    #[serde(rename = "message.reply")]
    Reply { message: Option<Message> },
    /// An internal note. Only staff see it.
    #[serde(rename = "message.note")]
    Note { message: Option<Message> },
    /// The state changed, by key.
    #[serde(rename = "ticket.status")]
    Status { from: String, to: String },
    /// The ticket was given to somebody, or to nobody.
    #[serde(rename = "ticket.assignee")]
    Assignee { from: Option<Person>, to: Option<Person> },
    #[serde(rename = "ticket.urgency")]
    Urgency { from: Level, to: Level },
    #[serde(rename = "ticket.importance")]
    Importance { from: Level, to: Level },
    #[serde(rename = "ticket.subject")]
    Subject { from: String, to: String },
    #[serde(rename = "ticket.tags")]
    Tags { added: Vec<String>, removed: Vec<String> },
    /// Somebody started or stopped watching.
    #[serde(rename = "ticket.watch")]
    Watch { who: Person, on: bool },
    /// Somebody joined the conversation by mail.
    #[serde(rename = "ticket.joined")]
    Joined { who: Person, email: String },
    /// A file was deleted.
    #[serde(rename = "attachment.deleted")]
    AttachmentDeleted { name: String, size: i64 },
    /// Its requester has said how it was solved. Only staff see it.
    #[serde(rename = "ticket.rated")]
    Rated {
        /// From 1 to 5.
        score: i16,
        /// What they had said before, where they have changed it.
        was: Option<i16>,
        comment: String,
    },
    /// What the ticket said is not kept any longer: it was erased.
    #[serde(rename = "ticket.emptied")]
    Emptied,
    /// Something that this version of the API has no words for.
    #[serde(rename = "other")]
    Other,
}

impl Entry {
    pub fn new(catalog: &Catalog, entry: timeline::Entry) -> Self {
        let message = entry.message.map(|m| Message {
            html: m.html,
            quoted_html: m.quoted_html,
            channel: m.channel.into(),
            attachments: m.attachments.into_iter().map(Into::into).collect(),
        });
        let key = |id| status(&catalog.workflow, id, true).0;
        let what = match entry.what {
            Happening::Created { source } => What::Created { source: source.into() },
            Happening::CustomerMessage => What::CustomerMessage { message },
            Happening::Reply => What::Reply { message },
            Happening::Note => What::Note { message },
            Happening::Status(Was { from, to }) => What::Status { from: key(from), to: key(to) },
            Happening::Assignee(Was { from, to }) => {
                What::Assignee { from: from.map(Into::into), to: to.map(Into::into) }
            }
            Happening::Urgency(Was { from, to }) => What::Urgency { from: from.into(), to: to.into() },
            Happening::Importance(Was { from, to }) => What::Importance { from: from.into(), to: to.into() },
            Happening::Subject(Was { from, to }) => What::Subject { from, to },
            Happening::Tags { added, removed } => What::Tags { added, removed },
            Happening::Watch { who, on } => What::Watch { who: who.into(), on },
            Happening::Joined { who, email } => What::Joined { who: who.into(), email },
            Happening::AttachmentDeleted { name, size, .. } => What::AttachmentDeleted { name, size },
            Happening::Rated { score, was, comment, .. } => What::Rated { score, was, comment },
            Happening::Emptied => What::Emptied,
            _ => What::Other,
        };
        let by = Author { id: entry.by.person.map(|p| p.id.0), name: entry.by.name, staff: entry.by.staff };
        Self { id: entry.id.0, at: entry.at.rfc3339(), by, what }
    }
}
