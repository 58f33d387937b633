//! The one error type: a code, a message that is safe to show, and what is wrong with which field.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of failure it is. Each has one HTTP status and one wording for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Something in the input is wrong; `fields` says what.
    Invalid,
    /// Nobody is signed in, or the session has ended.
    SignedOut,
    /// The password was right, and a code of the second factor is needed, too.
    SecondFactor,
    /// Not there, or not for this actor: from outside the two look the same.
    NotFound,
    /// The actor may see the thing but not do this to it.
    Forbidden,
    /// It has changed since it was read: two people are at the same thing.
    Conflict,
    /// Others still need it: a role that somebody has, a team with tickets.
    InUse,
    /// A name, an address or a key that somebody has already.
    Taken,
    /// Something that was begun before has to be done first.
    Busy,
    /// It was begun too long ago, somewhere else, or is done already.
    Over,
    /// Nothing is wrong with the input, and yet it cannot be: a limit is reached, there is nothing to be taken away.
    Impossible,
    /// Asked from a page that was made for somebody else than who is signed in now.
    SomebodyElse,
    /// Too many tries; `retry_after` says when to come back.
    TooMany,
    /// A file or a body over its limit.
    TooLarge,
    /// A kind of file that is not taken.
    Unsupported,
    /// The database or the storage is away; nothing was changed.
    Unavailable,
    /// The connection to the database broke while it was being saved: nobody knows whether it was.
    Unconfirmed,
    /// Our fault. The cause is in the server's log under `reference`.
    Internal,
}

impl Code {
    /// The HTTP status that says the same.
    pub fn status(self) -> u16 {
        match self {
            Code::Invalid => 422,
            Code::SignedOut | Code::SecondFactor => 401,
            Code::NotFound => 404,
            Code::Forbidden => 403,
            Code::Conflict
            | Code::InUse
            | Code::Taken
            | Code::Busy
            | Code::Over
            | Code::Impossible
            | Code::SomebodyElse => 409,
            Code::TooMany => 429,
            Code::TooLarge => 413,
            Code::Unsupported => 415,
            Code::Unavailable => 503,
            Code::Unconfirmed => 504,
            Code::Internal => 500,
        }
    }

    /// A short title, as RFC 9457 wants it: the same for every failure of the kind.
    pub fn title(self) -> &'static str {
        match self {
            Code::Invalid => "Some of this is not right",
            Code::SignedOut => "Please sign in",
            Code::SecondFactor => "A code is needed",
            Code::NotFound => "Not found",
            Code::Forbidden => "Not allowed",
            Code::Conflict => "Changed in the meantime",
            Code::InUse => "Still in use",
            Code::Taken => "Already taken",
            Code::Busy => "Still under way",
            Code::Over => "Please begin again",
            Code::Impossible => "Not possible",
            Code::SomebodyElse => "Somebody else is signed in",
            Code::TooMany => "Too many tries",
            Code::TooLarge => "Too large",
            Code::Unsupported => "Not accepted",
            Code::Unavailable => "Not available right now",
            Code::Unconfirmed => "Perhaps saved, perhaps not",
            Code::Internal => "Something went wrong",
        }
    }

    /// The word used on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Code::Invalid => "invalid",
            Code::SignedOut => "signed_out",
            Code::SecondFactor => "second_factor_required",
            Code::NotFound => "not_found",
            Code::Forbidden => "forbidden",
            Code::Conflict => "conflict",
            Code::InUse => "in_use",
            Code::Taken => "taken",
            Code::Busy => "busy",
            Code::Over => "over",
            Code::Impossible => "impossible",
            Code::SomebodyElse => "somebody_else",
            Code::TooMany => "too_many",
            Code::TooLarge => "too_large",
            Code::Unsupported => "unsupported",
            Code::Unavailable => "unavailable",
            Code::Unconfirmed => "unconfirmed",
            Code::Internal => "internal",
        }
    }
}

/// One field of the input and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

/// What every operation fails with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    pub code: Code,
    /// A whole sentence: what happened, and what to do.
    pub message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// Seconds until another try makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// What the user can quote; the log has the cause under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The result of every operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: Vec::new(), retry_after: None, reference: None }
    }

    /// One field is wrong.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let mut problems = Problems::default();
        problems.add(field, message);
        problems.into_error()
    }

    /// Not there, or not for this actor.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}, or it is not yours to see."))
    }

    /// The database or the storage is away.
    pub fn unavailable() -> Self {
        Self::new(
            Code::Unavailable,
            "Docket cannot reach its database or its files right now. Nothing was changed; please try again in a moment.",
        )
    }

    /// The database was lost at the very end: it may have been saved or not.
    pub fn unconfirmed() -> Self {
        Self::new(
            Code::Unconfirmed,
            "The connection to the database broke while this was being saved. It is not known whether it was saved: \
             look before you do it again.",
        )
    }

    /// The page was made for another person than this one, who has signed in since.
    pub fn somebody_else(name: &str) -> Self {
        Self::new(
            Code::SomebodyElse,
            format!("You are signed in as {name} in this browser now. Nothing was sent, and nothing is lost."),
        )
    }

    pub fn forbidden() -> Self {
        Self::new(Code::Forbidden, "You are not allowed to do this.")
    }

    pub fn signed_out() -> Self {
        Self::new(Code::SignedOut, "Please sign in to go on.")
    }

    pub fn too_many(retry_after: u32) -> Self {
        let mut error = Self::new(
            Code::TooMany,
            format!("Too many tries. Please wait {} and try again.", crate::text::duration(retry_after)),
        );
        error.retry_after = Some(retry_after);
        error
    }

    /// What happened, where there is no field to be marked: what is wrong with each, or else the message.
    pub fn in_words(&self) -> String {
        match self.fields.as_slice() {
            [] => self.message.clone(),
            fields => fields.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join(" "),
        }
    }

    /// What is wrong with this field, if anything.
    pub fn of_field(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|e| e.field == field).map(|e| e.message.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Collects what is wrong with each field, so that a form is told everything at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<FieldError>);

impl Problems {
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }

    /// Notes `message` for `field` unless `good`.
    pub fn unless(&mut self, good: bool, field: &str, message: &str) {
        if !good {
            self.add(field, message);
        }
    }

    pub fn into_error(self) -> Error {
        Error {
            code: Code::Invalid,
            // True wherever it is read: not everybody who sends something has fields before them.
            message: "Nothing was changed.".into(),
            fields: self.0,
            retry_after: None,
            reference: None,
        }
    }

    /// `Ok` when nothing was noted.
    pub fn check(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs go by the status: all of these are 409, whatever stands above them for people.
    #[test]
    fn only_who_is_late_is_told_that_something_has_changed() {
        for (code, title) in [
            (Code::Conflict, "Changed in the meantime"),
            (Code::InUse, "Still in use"),
            (Code::Taken, "Already taken"),
            (Code::Busy, "Still under way"),
            (Code::Over, "Please begin again"),
            (Code::Impossible, "Not possible"),
            (Code::SomebodyElse, "Somebody else is signed in"),
        ] {
            assert_eq!((code.title(), code.status()), (title, 409));
            assert_eq!(serde_json::to_value(code).expect("a word"), code.word());
        }
    }
}
