//! A mail as it was understood, whoever parsed it. Threading goes by these headers alone, never by the subject.

use crate::{EventId, MailId, TicketId, Time};
use serde::{Deserialize, Serialize};

/// Everything of an incoming mail that Docket works with. The raw mail is kept beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncomingMail {
    /// `Message-ID` without its angle brackets; `None` when the mail has none.
    pub message_id: Option<String>,
    /// `In-Reply-To` and `References`, newest first, without angle brackets, each once.
    pub references: Vec<String>,
    pub from_name: String,
    /// Lower case. `None` when no usable sender could be found.
    pub from_address: Option<String>,
    pub subject: String,
    /// The `Date` header, where it can be read.
    pub date: Option<Time>,
    /// The plain text: the mail's own, or made from its HTML.
    pub text: String,
    /// The mail's own HTML, not yet sanitised.
    pub html: Option<String>,
    pub files: Vec<MailFile>,
}

/// A file in a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailFile {
    pub name: String,
    /// As the mail declares it; not to be trusted.
    pub content_type: String,
    /// Without its angle brackets; how the HTML points to an inline image (`cid:`).
    pub content_id: Option<String>,
    pub content: Vec<u8>,
}

/// What became of a mail that was handed in. In each case it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It opened this ticket.
    Ticket(TicketId),
    /// It was added to this ticket.
    Reply(TicketId),
    /// It is this mail, which was taken in before; nothing was changed.
    Twice(MailId),
    /// It could not become a message, for this reason; admins see it.
    Quarantined(String),
}

/// A mail that could not become a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    pub id: MailId,
    pub from_address: Option<String>,
    pub subject: String,
    /// `Message-ID`, where it has one that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Of the raw mail, in bytes.
    pub size: i64,
    /// Why, in words for people.
    pub reason: String,
    pub at: Time,
    /// It is being tried again.
    pub waiting: bool,
}

/// What became of a mail in quarantine that was tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    pub id: MailId,
    pub subject: String,
    /// Where it is now; `None`: still in quarantine.
    pub ticket: Option<TicketId>,
    /// Why it is still there, in words for people.
    pub reason: Option<String>,
    /// It is still on its way.
    pub waiting: bool,
}

/// A mail of Docket's own that could not be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    pub id: i64,
    /// What kind of mail, as the job names it; [`Unsent::name`] for people.
    pub letter: String,
    /// Empty: whom it was for is not there any more.
    pub to: String,
    /// What the mail server said the last time.
    pub reason: String,
    pub attempts: i32,
    /// When it was to be sent.
    pub at: Time,
    /// It is not tried again by itself.
    pub given_up: bool,
    /// When it is, else.
    pub next_at: Option<Time>,
}

impl Unsent {
    /// What is in it, as people read it.
    pub fn name(&self) -> &'static str {
        match self.letter.as_str() {
            "register" | "register_again" => "Confirmation of an address",
            "reset_asked" | "reset" => "Choosing a new password",
            "invitation" => "Invitation",
            "new_address" => "Confirmation of a new address",
            "address_changed" => "Notice of a changed address",
            "password_changed" => "Notice of a changed password",
            "locked" => "Notice of wrong passwords",
            "rating_asked" => "Question for a rating",
            "second_factor_changed" | "second_factor_removed" | "recovery_code_used" => "Notice of two-step sign-in",
            _ => "Mail",
        }
    }
}

/// The most mails of the quarantine that are worked on at once.
pub const TRIED_MAX: usize = 100;

/// Somebody waits for the page while so many are tried again; more are tried behind it.
pub const TRIED_AT_ONCE: usize = 3;

/// How a raw mail is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    Mail(MailId),
    /// The one that this message came with.
    Message(EventId),
}
