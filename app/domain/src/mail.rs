//! A mail as it was understood, whoever parsed it. Threading goes by these headers alone, never by the subject.

use crate::Time;

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
