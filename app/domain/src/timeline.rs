//! The timeline: what a conversation looks like, entry by entry.

use crate::{
    EventId, Time,
    attachment::Attachment,
    event::{Happening, Position},
    people::Person,
    ticket::Ticket,
    workflow::Workflow,
};
use serde::{Deserialize, Serialize};

/// One entry: a message, or something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: EventId,
    pub at: Time,
    /// Who did it; the name alone where it was Docket itself.
    pub by: Author,
    pub what: Happening,
    pub message: Option<Message>,
}

/// Who an entry is by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    pub person: Option<Person>,
    /// The person's name, or `Docket`, or the name of a rule.
    pub name: String,
    pub staff: bool,
}

/// What was written. `html` has been sanitised on the server and is all that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub html: String,
    /// Quoted history and signature, folded away. Sanitised too.
    pub quoted_html: Option<String>,
    pub channel: crate::ticket::Source,
    pub attachments: Vec<Attachment>,
    /// Whether `html` came as a mail's own HTML, to be shown in a sandbox, or was made by Docket from text or Markdown.
    pub foreign_html: bool,
}

/// How many entries one page of a timeline has.
pub const PAGE: i64 = 30;

/// Which part of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The newest entries.
    Latest,
    Before(EventId),
    After(EventId),
    /// Around one entry, for a link to it.
    Around(EventId),
}

/// Entries in chronological order, and whether there are more on either side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    pub entries: Vec<Entry>,
    pub more_before: bool,
    pub more_after: bool,
}

/// One line of a ticket's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    pub id: EventId,
    pub at: Time,
    pub by: Author,
    /// The network address it was done from, where it came over the network.
    pub address: Option<String>,
    pub what: Happening,
}

/// How many lines one page of a history has.
pub const HISTORY_PAGE: i64 = 100;

/// Who did what to a ticket, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    pub ticket: Ticket,
    pub lines: Vec<HistoryLine>,
    /// Whether there are older ones.
    pub more: bool,
    pub workflow: Workflow,
}

/// All that a ticket's page shows at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketView {
    pub ticket: Ticket,
    pub requester_email: String,
    pub slice: Slice,
    /// Names of the tags on it.
    pub tags: Vec<crate::tag::Tag>,
    pub watching: bool,
    /// This person's unsent texts.
    pub drafts: Vec<Draft>,
    /// The files that this person, of staff, has uploaded for them.
    pub unsent: Vec<Attachment>,
    /// What stands below the replies of this person, of staff, as HTML; empty where they have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// Live updates start from here.
    pub position: Position,
    pub workflow: Workflow,
}

/// An unsent text, kept on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub writing: crate::ticket::Writing,
    pub body: String,
}
