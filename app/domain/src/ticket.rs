//! Tickets: what they are, what can be asked of a list of them, and the rules for making one.

use crate::{
    AttachmentId, CompanyId, EventId, Result, StatusId, TagId, TeamId, TicketId, Time, UserId,
    company::CompanyName,
    error::Problems,
    people::Person,
    priority::{Level, Priority},
    text,
};
use serde::{Deserialize, Serialize};

pub const SUBJECT_MAX: usize = 250;
/// The longest message, in bytes. Longer texts belong in a file.
pub const BODY_MAX: usize = 200_000;
pub const TAGS_MAX: usize = 20;
/// The longest key that something is sent under, in bytes.
pub const KEY_MAX: usize = 200;

/// How a ticket came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Web,
    Email,
    Api,
    Chat,
    Phone,
    Social,
}

impl Source {
    pub const ALL: [Source; 6] = [Source::Web, Source::Email, Source::Api, Source::Chat, Source::Phone, Source::Social];

    pub fn word(self) -> &'static str {
        match self {
            Source::Web => "web",
            Source::Email => "email",
            Source::Api => "api",
            Source::Chat => "chat",
            Source::Phone => "phone",
            Source::Social => "social",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    pub fn name(self) -> &'static str {
        match self {
            Source::Web => "on the web",
            Source::Email => "by e-mail",
            Source::Api => "by the API",
            Source::Chat => "by chat",
            Source::Phone => "by phone",
            Source::Social => "by a social channel",
        }
    }
}

/// A ticket as lists, cards and live updates carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    pub subject: String,
    pub status: StatusId,
    pub urgency: Level,
    pub importance: Level,
    pub priority: Priority,
    pub source: Source,
    pub requester: Person,
    pub company: Option<CompanyName>,
    pub assignee: Option<Person>,
    /// The team that takes care of it. Its name is in the catalog.
    pub team: Option<TeamId>,
    pub tags: Vec<TagId>,
    pub created_at: Time,
    /// When anything last happened on it.
    pub updated_at: Time,
    /// When anything last happened that its customer may know of. They get it as [`Self::updated_at`] too.
    pub public_at: Time,
    /// The beginning of the last public message.
    pub excerpt: String,
    /// Whether the customer wrote last: somebody owes an answer.
    pub customer_last: bool,
    /// Its place in its column of the board (see [`crate::rank`]).
    pub rank: String,
    /// Counts up with every change: of two copies, the higher is the newer.
    pub version: i64,
}

impl Ticket {
    pub fn facts(&self) -> crate::policy::TicketFacts {
        crate::policy::TicketFacts {
            requester: self.requester.id,
            company: self.company.as_ref().map(|c| c.id),
            assignee: self.assignee.as_ref().map(|a| a.id),
            team: self.team,
        }
    }
}

/// What a new ticket begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// The requester's own words, also where staff took them down.
    #[default]
    FromCustomer,
    /// A message of ours to the requester. Staff only.
    ToCustomer,
    /// A note that only staff see. Staff only.
    Note,
}

impl Opening {
    pub const ALL: [Opening; 3] = [Opening::FromCustomer, Opening::ToCustomer, Opening::Note];
}

/// What an agent or a customer asks for when opening a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTicket {
    pub subject: String,
    #[serde(default)]
    pub opening: Opening,
    /// Markdown.
    pub body: String,
    /// On whose behalf; `None`: one's own.
    pub requester: Option<Requester>,
    pub urgency: Level,
    pub importance: Level,
    pub tags: Vec<String>,
    pub source: Source,
    /// Files uploaded before by the same person.
    pub attachments: Vec<AttachmentId>,
    pub assignee: Option<UserId>,
    pub team: Option<TeamId>,
    /// Whoever gets no answer sends it again under the same key, and there is one ticket all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Default for NewTicket {
    fn default() -> Self {
        Self {
            subject: String::new(),
            opening: Opening::FromCustomer,
            body: String::new(),
            requester: None,
            urgency: Level::Medium,
            importance: Level::Medium,
            tags: Vec::new(),
            source: Source::Web,
            attachments: Vec::new(),
            assignee: None,
            team: None,
            key: None,
        }
    }
}

/// For whom a ticket is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requester {
    Known(UserId),
    /// Found by the address, or made a customer.
    Address {
        name: String,
        email: String,
    },
}

impl NewTicket {
    /// The same with its texts tidied, or everything that is wrong with it.
    pub fn check(mut self) -> Result<Self> {
        self.subject = text::tidy_line(&self.subject);
        self.body = text::tidy(&self.body);
        let mut problems = Problems::default();
        check_subject(&self.subject, &mut problems);
        check_body(&self.body, !self.attachments.is_empty(), &mut problems);
        check_attachments(&self.attachments, &mut problems);
        check_key(self.key.as_deref(), &mut problems);
        if let Some(Requester::Address { name, email }) = &mut self.requester {
            *name = text::tidy_line(name);
            *email = text::tidy_line(email);
            problems.unless(text::is_email(email), "requester", "This is not a complete e-mail address.");
            problems.unless(
                name.chars().count() <= crate::account::NAME_MAX,
                "requester",
                "Use at most 100 characters for the name.",
            );
        }
        self.tags = check_tags(&self.tags, &mut problems);
        problems.check()?;
        Ok(self)
    }
}

pub fn check_subject(subject: &str, problems: &mut Problems) {
    problems.unless(!subject.is_empty(), "subject", "Please say in a few words what it is about.");
    problems.unless(
        subject.chars().count() <= SUBJECT_MAX,
        "subject",
        "Use at most 250 characters; the details go below.",
    );
}

pub fn check_body(body: &str, has_files: bool, problems: &mut Problems) {
    problems.unless(!body.is_empty() || has_files, "body", "Please write a message.");
    problems.unless(body.len() <= BODY_MAX, "body", "This is too long for a message. Please attach it as a file.");
}

pub fn check_attachments(attachments: &[AttachmentId], problems: &mut Problems) {
    problems.unless(
        attachments.len() <= crate::attachment::PER_MESSAGE,
        "attachments",
        "Use at most 20 files in one message.",
    );
}

pub fn check_key(key: Option<&str>, problems: &mut Problems) {
    let good = |key: &str| (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    problems.unless(key.is_none_or(good), "key", "Use 1 to 200 letters, digits and signs for a key.");
}

/// The tags' names tidied and each once.
pub fn check_tags(tags: &[String], problems: &mut Problems) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for tag in tags.iter().filter(|t| !t.trim().is_empty()) {
        match crate::tag::clean_name(tag) {
            Some(name) if !names.contains(&name) => names.push(name),
            Some(_) => {}
            None => problems.add("tags", "Use at most 40 characters for a tag."),
        }
    }
    problems.unless(names.len() <= TAGS_MAX, "tags", "Use at most 20 tags.");
    names
}

/// What kind of message somebody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writing {
    /// The customer sees it.
    Reply,
    /// Only staff see it.
    Note,
}

/// A message to add to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    pub writing: Writing,
    /// Markdown.
    pub body: String,
    pub attachments: Vec<AttachmentId>,
    /// The newest message the writer had seen. A reply against a conversation that has moved on is held back once.
    pub seen: Option<EventId>,
    /// The status to set with it.
    pub status: Option<StatusId>,
    /// Whoever gets no answer sends it again under the same key, and it is there once all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the signature of who writes stands below it. For replies by staff; of anything else it says nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sign: bool,
}

impl NewMessage {
    pub fn check(mut self) -> Result<Self> {
        self.body = text::tidy(&self.body);
        let mut problems = Problems::default();
        check_body(&self.body, !self.attachments.is_empty(), &mut problems);
        check_attachments(&self.attachments, &mut problems);
        check_key(self.key.as_deref(), &mut problems);
        problems.check()?;
        Ok(self)
    }
}

/// A change of a ticket's properties: only what is `Some` changes. Each carries what the person saw before, so that a
/// stale screen does not overwrite what a colleague has just done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub status: Option<Swap<StatusId>>,
    pub assignee: Option<Swap<Option<UserId>>>,
    pub team: Option<Swap<Option<TeamId>>>,
    pub urgency: Option<Swap<Level>>,
    pub importance: Option<Swap<Level>>,
    pub subject: Option<Swap<String>>,
    /// All the tags, by name. What was seen and what is wanted say which are added and which are taken off; tags that a
    /// colleague has put on or taken off in the meantime are left as they are.
    pub tags: Option<Swap<Vec<String>>>,
}

/// A new value and the one it was chosen over; `None` does not care what was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap<T> {
    pub from: Option<T>,
    pub to: T,
}

impl<T> Swap<T> {
    pub fn to(to: T) -> Self {
        Self { from: None, to }
    }

    pub fn from_to(from: T, to: T) -> Self {
        Self { from: Some(from), to }
    }
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Last changed first.
    #[default]
    Updated,
    /// Newest first.
    Created,
    /// Oldest first.
    Oldest,
    /// Highest priority first, then last changed.
    Priority,
}

impl Sort {
    pub const ALL: [Sort; 4] = [Sort::Updated, Sort::Created, Sort::Oldest, Sort::Priority];

    pub fn word(self) -> &'static str {
        match self {
            Sort::Updated => "updated",
            Sort::Created => "created",
            Sort::Oldest => "oldest",
            Sort::Priority => "priority",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    pub fn name(self) -> &'static str {
        match self {
            Sort::Updated => "Last changed",
            Sort::Created => "Newest",
            Sort::Oldest => "Oldest",
            Sort::Priority => "Priority",
        }
    }
}

/// Whose tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    Nobody,
    Of(UserId),
}

/// Which tickets a list shows. Empty vectors and `None` do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Only these states. With none given: all.
    pub statuses: Vec<StatusId>,
    pub assignee: Option<Whose>,
    pub team: Option<TeamId>,
    pub requester: Option<UserId>,
    pub urgency: Option<Level>,
    pub importance: Option<Level>,
    pub priority: Option<Priority>,
    pub company: Option<CompanyId>,
    pub tag: Option<TagId>,
    pub sort: Sort,
    /// Where the page before ended.
    pub after: Option<String>,
    pub limit: Option<u32>,
}

impl Filter {
    /// Whether tickets are put in order by when anything last happened that their customer knows of: those of one customer.
    pub fn by_public(&self) -> bool {
        self.requester.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_ticket_is_told_everything_at_once() {
        let bad = NewTicket {
            subject: " \n".into(),
            requester: Some(Requester::Address { name: "x".into(), email: "nope".into() }),
            tags: vec!["t".repeat(41)],
            ..NewTicket::default()
        };
        let error = bad.check().expect_err("wrong in four places");
        for field in ["subject", "body", "requester", "tags"] {
            assert!(error.of_field(field).is_some(), "{field}");
        }
    }

    #[test]
    fn texts_are_tidied() {
        let ticket = NewTicket {
            subject: "  Printer \n offline ".into(),
            body: "a\r\nb".into(),
            tags: vec!["VIP".into(), "vip ".into(), "".into()],
            ..NewTicket::default()
        };
        let ticket = ticket.check().expect("right");
        assert_eq!((ticket.subject.as_str(), ticket.body.as_str()), ("Printer offline", "a\nb"));
        assert_eq!(ticket.tags, ["vip"]);
    }

    #[test]
    fn a_key_is_short_and_plain() {
        for (key, good) in [
            (None, true),
            (Some("8e03978e-40d5-43e8-bc93-6894a57f9324".to_owned()), true),
            (Some("x".repeat(KEY_MAX)), true),
            (Some("x".repeat(KEY_MAX + 1)), false),
            (Some(String::new()), false),
            (Some("two words".into()), false),
            (Some("é".into()), false),
            (Some("\0".into()), false),
        ] {
            let ticket = NewTicket { subject: "a".into(), body: "b".into(), key: key.clone(), ..NewTicket::default() };
            assert_eq!(ticket.check().is_ok(), good, "{key:?}");
        }
    }

    #[test]
    fn a_file_alone_is_a_message() {
        let message = |body: &str, files| NewMessage {
            writing: Writing::Reply,
            body: body.into(),
            attachments: files,
            seen: None,
            status: None,
            key: None,
            sign: false,
        };
        assert!(message("", vec![]).check().is_err());
        assert!(message("", vec![AttachmentId(1)]).check().is_ok());
        assert!(message(&"x".repeat(BODY_MAX + 1), vec![]).check().is_err());
    }
}
