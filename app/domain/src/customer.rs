//! Customers as staff see and change them.

use crate::{
    CompanyId, EventId, Result, TicketId, Time, UserId,
    account::NAME_MAX,
    channel::Identity,
    company::CompanyName,
    error::{Error, Problems},
    fields::Typed,
    rating::Average,
    text,
    ticket::Source,
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// How many addresses beside the first one somebody may have.
pub const EMAILS_MAX: usize = 20;
pub const PHONES_MAX: usize = 10;
/// The longest phone number, in characters. With an extension and a word, not only E.164's 15 digits.
pub const PHONE_MAX: usize = 40;
/// The longest notes, in characters.
pub const NOTES_MAX: usize = 10_000;
/// Counts of tickets in lists end here: nobody needs to know whether it is 100 or 10,000.
pub const COUNTED: i64 = 100;

/// Which customers a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    #[default]
    All,
    Blocked,
}

/// What a list of customers is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerFilter {
    /// The beginning of a word of the name, or of an address. Empty: all, page by page.
    pub text: String,
    pub shown: Shown,
    /// Only people of this company.
    pub company: Option<CompanyId>,
    /// Where the page before ended. Not with a text: of what is found only the beginning is shown.
    pub after: Option<String>,
}

/// A customer as a line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub company: Option<CompanyName>,
    /// How many tickets they have opened, up to [`COUNTED`].
    pub tickets: i64,
    pub blocked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<i64>,
}

/// A customer with all that staff know of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Another one than was asked for when two were merged.
    pub id: UserId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<i64>,
    /// The address that they are written to.
    pub email: String,
    /// Their other addresses.
    pub emails: Vec<String>,
    pub phones: Vec<String>,
    pub company: Option<CompanyName>,
    /// Their company's.
    pub tier: String,
    /// Their company's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<i64>,
    pub notes: String,
    pub blocked_at: Option<Time>,
    /// Nothing is known of them any more.
    pub erased: bool,
    /// Whether they have a password to sign in with.
    pub has_login: bool,
    /// Whether signing in takes a second step.
    pub second_factor: bool,
    /// How many tickets they have opened, up to [`COUNTED`].
    pub tickets: i64,
    /// What they have said of those that were solved.
    pub rating: Average,
    pub created_at: Time,
    /// When they last did anything here.
    pub seen_at: Option<Time>,
    /// Handed back with a change: a stale one is refused.
    pub version: i64,
}

/// The same with what stands on their own page alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub customer: Customer,
    /// Who they are on channels other than mail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Identity>,
}

/// What stands of a customer beside their tickets: as much as work on a ticket takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    pub blocked: bool,
    /// Their company's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<i64>,
    /// Their company's.
    pub tier: String,
    /// Their telephones, then what is in custom fields, theirs and their company's.
    pub facts: Vec<Fact>,
    /// How the notes begin.
    pub notes: String,
}

/// A line of what is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub name: String,
    pub text: String,
    /// The address that it leads to; none if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
}

/// Something that a customer has written, as a line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The entry of its ticket that it is.
    pub entry: EventId,
    pub ticket: TicketId,
    pub subject: String,
    pub at: Time,
    pub channel: Source,
    /// How it begins. Empty: it is nothing but files, or was erased.
    pub excerpt: String,
    /// How many files came with it and are there still.
    pub files: i64,
}

/// A number of tickets as it is counted for lists.
pub fn counted(tickets: i64) -> String {
    if tickets >= COUNTED { format!("{}+", COUNTED - 1) } else { tickets.to_string() }
}

/// “1 ticket”, “12 tickets”: a number with what is counted, at most as [`counted`] tells it.
pub fn counted_as(count: i64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", counted(count)) }
}

/// A customer as staff type them. Lists are one to a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerInput {
    pub name: String,
    pub email: String,
    pub emails: String,
    pub phones: String,
    pub channels: String,
    pub notes: String,
    /// Of custom fields, those that were asked.
    #[serde(default)]
    pub fields: Typed,
}

/// The same, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerFields {
    pub name: String,
    pub email: String,
    pub emails: Vec<String>,
    pub phones: Vec<String>,
    pub channels: Vec<Identity>,
    pub notes: String,
}

impl CustomerInput {
    /// Tidied, or everything that is wrong with it.
    pub fn check(&self) -> Result<CustomerFields> {
        let mut problems = Problems::default();
        let fields = CustomerFields {
            name: text::tidy_line(&self.name),
            email: text::tidy_line(&self.email),
            emails: lines(&self.emails),
            phones: lines(&self.phones),
            channels: Identity::read_all(&self.channels, &mut problems),
            notes: text::tidy(&self.notes),
        };
        let CustomerFields { name, email, emails, phones, notes, .. } = &fields;
        problems.unless(!name.is_empty(), "name", "Say what this customer is called.");
        problems.unless(name.chars().count() <= NAME_MAX, "name", "Use at most 100 characters.");
        problems.unless(text::is_email(email), "email", "This is not a complete e-mail address.");
        if let Some(bad) = emails.iter().find(|e| !text::is_email(e)) {
            problems.add("emails", format!("“{}” is not a complete e-mail address.", text::excerpt(bad, 60)));
        }
        problems.unless(emails.len() <= EMAILS_MAX, "emails", "Use at most 20 further addresses.");
        if let Some(bad) = phones.iter().find(|p| !is_phone(p)) {
            problems.add("phones", format!("“{}” is not a phone number.", text::excerpt(bad, 60)));
        }
        problems.unless(phones.len() <= PHONES_MAX, "phones", "Use at most 10 phone numbers.");
        problems.unless(notes.chars().count() <= NOTES_MAX, "notes", "Use at most 10,000 characters.");
        problems.check()?;
        let first = fields.email.to_lowercase();
        let emails = fields.emails.iter().filter(|e| e.to_lowercase() != first).cloned().collect();
        Ok(CustomerFields { emails, ..fields })
    }
}

/// Whether this can be a phone number: at least three digits, and else what people write between and behind them.
pub fn is_phone(text: &str) -> bool {
    text.chars().count() <= PHONE_MAX
        && text.chars().filter(char::is_ascii_digit).count() >= 3
        && text.chars().all(|c| c.is_alphanumeric() || " +-/().,#*;:".contains(c))
}

/// The lines of a text area, tidied; empty ones and repetitions, also in other cases, are left out.
pub fn lines(typed: &str) -> Vec<String> {
    let mut known = HashSet::new();
    let tidied = typed.lines().map(text::tidy_line).filter(|line| !line.is_empty());
    tidied.filter(|line| known.insert(line.to_lowercase())).collect()
}

/// What a change of a customer's company would bring to light, before it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    pub customer: Customer,
    /// The company they would belong to; `None`: none.
    pub to: Option<CompanyName>,
    /// Whether users of the one they leave, and of the one they come to, see all of its tickets.
    pub from_sees_all: bool,
    pub to_sees_all: bool,
    /// How many of their tickets belong to the company they leave, or to none, up to one more than [`MOVED_MAX`]: those that
    /// could go along.
    pub tickets: i64,
}

/// The most tickets that change hands at once: each is locked until all have. More follow batch by batch.
pub const MOVED_MAX: i64 = 2_000;

/// What would become of two customers that are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerMerge {
    pub kept: Customer,
    pub gone: Customer,
    /// Whether the one that goes has identities on channels.
    #[serde(default)]
    pub channels: bool,
    /// How many tickets would change hands, up to one more than [`MOVED_MAX`].
    pub tickets: i64,
}

/// A person's data as they were taken out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    pub id: crate::ExportId,
    pub created_at: Time,
    /// Who asked for it.
    pub by: String,
    /// In bytes; `None`: not made yet.
    pub size: Option<i64>,
    pub expires_at: Option<Time>,
}

/// How a person is to be forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Of the customer as whoever decides it saw them.
    pub version: i64,
    /// The person's name, typed once more: this cannot be undone.
    pub name: String,
    /// What they wrote goes, too.
    pub messages: bool,
}

/// The error that a stale form gets.
pub fn changed_meanwhile(what: &str) -> Error {
    Error::new(
        crate::Code::Conflict,
        format!(
            "Somebody else has changed this {what} in the meantime. Nothing was saved. What you typed is kept below: save it \
             again to put it over theirs, or open the page anew to see what is there."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let input = CustomerInput {
            name: " \u{200b} ".into(),
            email: "jana@".into(),
            emails: "a@b.example\nnothing".into(),
            phones: "+49 30 1234\nno number".into(),
            channels: "X: @jana\n@jana".into(),
            notes: "x".repeat(NOTES_MAX + 1),
            ..CustomerInput::default()
        };
        let error = input.check().expect_err("all wrong");
        for field in ["name", "email", "emails", "phones", "channels", "notes"] {
            assert!(error.of_field(field).is_some(), "{field}: {error:?}");
        }
    }

    #[test]
    fn lists_are_lines() {
        let input = CustomerInput {
            name: " Jana  Weiß ".into(),
            email: "jana@acme.example".into(),
            emails: "Jana@Acme.example\r\n\r\n j@home.example \nJ@HOME.example".into(),
            phones: "+49 30 1234-0 ext. 7\n\n(030) 99/12".into(),
            notes: " a\r\nb ".into(),
            ..CustomerInput::default()
        };
        let fields = input.check().expect("right");
        assert_eq!(fields.name, "Jana Weiß");
        assert_eq!(fields.emails, ["j@home.example"], "neither the first one again nor one twice");
        assert_eq!(fields.phones, ["+49 30 1234-0 ext. 7", "(030) 99/12"]);
        assert_eq!(fields.notes, "a\nb");
    }

    #[test]
    fn phones() {
        for good in ["112", "+49 (0)30 123-45", "0800 REVERSE 99 1", "1-800-555-0100;12"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["", "12", "call me", "=1+2+3+cmd|' /C calc'!A0", &"1".repeat(41)] {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn many_tickets_are_not_counted() {
        assert_eq!(counted(0), "0");
        assert_eq!(counted(99), "99");
        assert_eq!(counted(100), "99+");
    }
}
