//! The security log: who signed in, who changed what about whom, and from where.

use crate::{EventId, Result, Time, UserId, error::Error, time};
use serde::{Deserialize, Serialize};

/// What entries are about, as they can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    SignIns,
    Refused,
    Accounts,
    Rights,
    Settings,
    People,
    /// What was only read. There is so much of it that it is shown to whoever asks for it alone.
    Views,
}

/// The kinds of events of [`Group::Views`].
pub const VIEWS: [&str; 1] = ["customer.seen"];

impl Group {
    pub const ALL: [Group; 7] =
        [Group::SignIns, Group::Refused, Group::Accounts, Group::Rights, Group::Settings, Group::People, Group::Views];

    /// As addresses write it.
    pub fn word(self) -> &'static str {
        match self {
            Group::SignIns => "sign-ins",
            Group::Refused => "refused",
            Group::Accounts => "accounts",
            Group::Rights => "rights",
            Group::Settings => "settings",
            Group::People => "people",
            Group::Views => "views",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|g| g.word() == word)
    }

    pub fn name(self) -> &'static str {
        match self {
            Group::SignIns => "Signing in and out",
            Group::Refused => "Refused sign-ins",
            Group::Accounts => "Accounts",
            Group::Rights => "Rights, blocks and invitations",
            Group::Settings => "Settings",
            Group::People => "Customers, exports and erasures",
            Group::Views => "Views of customers",
        }
    }

    /// What a kind of event belongs to. Kinds that a newer release knows go by their first word.
    pub fn of(kind: &str) -> Self {
        match kind {
            "account.signed_in" | "account.signed_out" | "account.vouched" => Group::SignIns,
            "account.sign_in_failed"
            | "account.second_factor_failed"
            | "account.passkey_refused"
            | "account.way_refused"
            | "account.locked"
            | "account.outside_refused" => Group::Refused,
            "account.blocked" | "account.unblocked" | "account.second_factor_taken" => Group::Rights,
            "account.merged"
            | "account.erased"
            | "account.company"
            | "account.company_view"
            | "account.companies_merged"
            | "mail.fetched" => Group::People,
            _ if VIEWS.contains(&kind) => Group::Views,
            _ => match kind.split_once('.').map_or(kind, |(first, _)| first) {
                "account" => Group::Accounts,
                "access" | "staff" => Group::Rights,
                "customer" | "company" | "import" => Group::People,
                _ => Group::Settings,
            },
        }
    }
}

/// Which entries are asked for. `None` and an empty text do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFilter {
    /// Who did it, or to whom it was done: an e-mail address, or the number of an account.
    pub person: String,
    /// `None`: all but [`Group::Views`].
    pub group: Option<Group>,
    /// From the beginning of this day on, `YYYY-MM-DD`, in UTC.
    pub from: String,
    /// Until the end of this day.
    pub until: String,
    /// The `next` of the page before.
    pub after: Option<String>,
    pub limit: Option<u32>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub id: EventId,
    pub at: Time,
    /// `None`: Docket itself, or somebody who was not signed in; the name says which.
    pub by: Option<UserId>,
    pub name: String,
    pub address: Option<String>,
    /// What kind of event, for programs.
    pub kind: String,
    /// What happened, as people read it.
    pub what: String,
}

/// The beginning of a day, and of the one after it. `field` is where it was typed.
pub fn day(field: &str, text: &str) -> Result<Option<(Time, Time)>> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Error::field(field, "Write a day like 2026-11-21.");
    let mut parts = text.split('-').map(|part| part.parse::<i64>());
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    if !(1970..=9998).contains(&year) || !(1..=12).contains(&month) || !(1..=time::days_in(year, month)).contains(&day)
    {
        return Err(wrong());
    }
    let start = Time(time::days_since_1970(year, month, day) * 86_400_000);
    Ok(Some((start, start.plus_millis(86_400_000))))
}

/// A cell of a table that spreadsheets open. What they would take for a formula begins with an apostrophe (OWASP, CSV
/// injection).
pub fn cell(text: &str) -> String {
    let guarded =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', '\n', '\r', ';']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_and_end() {
        for (text, start) in [
            ("1970-01-01", 0),
            ("2026-11-21", 1_795_219_200_000),
            ("2024-02-29", 1_709_164_800_000),
            ("2000-03-01", 951_868_800_000),
        ] {
            let (from, until) = day("from", text).expect("a day").expect("given");
            assert_eq!((from, until), (Time(start), Time(start + 86_400_000)), "{text}");
            assert_eq!(from.rfc3339().get(..10), Some(text));
        }
        assert_eq!(day("from", ""), Ok(None));
        for wrong in ["2026-02-29", "2026-13-01", "2026-1", "1900-01-01", "x", "2026-00-10", "2026-04-31", "1-1-1-1"] {
            assert!(day("until", wrong).expect_err("wrong").of_field("until").is_some(), "{wrong}");
        }
    }

    #[test]
    fn cells_are_no_formulas() {
        for (text, expected) in [
            ("Mia", "Mia"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("+49 30", "'+49 30"),
            ("\tx", "'\tx"),
            ("a, b", "\"a, b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=cmd|'x',y", "\"'=cmd|'x',y\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn kinds_have_their_group() {
        for (kind, group) in [
            ("account.signed_in", Group::SignIns),
            ("account.sign_in_failed", Group::Refused),
            ("account.way_refused", Group::Refused),
            ("account.password_changed", Group::Accounts),
            ("access.only_way", Group::Rights),
            ("access.role_given", Group::Rights),
            ("staff.invited", Group::Rights),
            ("account.blocked", Group::Rights),
            ("customer.exported", Group::People),
            ("customer.seen", Group::Views),
            ("account.erased", Group::People),
            ("settings.wip_limit", Group::Settings),
            ("mail.discarded", Group::Settings),
            ("mail.fetched", Group::People),
            ("import.refused_fetched", Group::People),
        ] {
            assert_eq!(Group::of(kind), group, "{kind}");
        }
    }
}
