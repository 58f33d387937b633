//! Customers' companies.

use crate::{
    CompanyId, Result, Time,
    customer::{NOTES_MAX, lines},
    error::Problems,
    fields::Typed,
    rating::Average,
    text,
};
use serde::{Deserialize, Serialize};

pub const NAME_MAX: usize = 100;
pub const TIER_MAX: usize = 40;
pub const DOMAINS_MAX: usize = 50;

/// Domains at which anybody gets an address: no company may claim all of their users.
const FOR_EVERYBODY: [&str; 22] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "icloud.com",
    "me.com",
    "aol.com",
    "gmx.de",
    "gmx.net",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "freenet.de",
    "proton.me",
    "protonmail.com",
    "mail.ru",
    "qq.com",
    "yandex.ru",
];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyName {
    pub id: CompanyId,
    pub name: String,
}

/// What a list of companies is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyFilter {
    /// The beginning of a word of the name, or of a domain. Empty: all, page by page.
    pub text: String,
    /// Where the page before ended. Not with a text.
    pub after: Option<String>,
}

/// A company as a line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyRow {
    pub id: CompanyId,
    pub name: String,
    pub tier: String,
    pub domains: Vec<String>,
    /// How many people it has, up to [`crate::customer::COUNTED`].
    pub people: i64,
    pub sees_all: bool,
}

/// A company with all that staff know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// Another one than was asked for when two were merged.
    pub id: CompanyId,
    pub name: String,
    pub tier: String,
    pub domains: Vec<String>,
    pub notes: String,
    /// Whether its users see all of its tickets.
    pub sees_all: bool,
    /// What was said of its tickets that were solved.
    pub rating: Average,
    /// The number of its logo.
    pub logo: Option<i64>,
    /// Its colour, as `#1f6feb`; empty: Docket's own.
    pub accent: String,
    pub created_at: Time,
    /// Customers of no company with an address in its domains, up to [`crate::customer::COUNTED`].
    pub outside: i64,
    /// Handed back with a change: a stale one is refused.
    pub version: i64,
}

impl Company {
    pub fn named(&self) -> CompanyName {
        CompanyName { id: self.id, name: self.name.clone() }
    }
}

/// A company as staff type it. Domains are one to a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyInput {
    pub name: String,
    pub tier: String,
    pub domains: String,
    pub notes: String,
    pub sees_all: bool,
    pub accent: String,
    /// Of custom fields, those that were asked.
    #[serde(default)]
    pub fields: Typed,
}

/// The same, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompanyFields {
    pub name: String,
    pub tier: String,
    /// In lower case.
    pub domains: Vec<String>,
    pub notes: String,
    pub sees_all: bool,
    /// In lower case, with its `#`.
    pub accent: String,
}

/// How the portal looks to the users of a company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    pub company: String,
    pub logo: Option<i64>,
    /// A colour, or nothing. Which shades of it are used is up to the style sheet, so that all of it can be read.
    pub accent: String,
}

impl Brand {
    /// That of a company, where it has one.
    pub fn of(company: Option<String>, logo: Option<i64>, accent: Option<String>) -> Option<Box<Self>> {
        let accent = accent.unwrap_or_default();
        company.filter(|_| logo.is_some() || !accent.is_empty()).map(|company| Box::new(Self { company, logo, accent }))
    }
}

/// A colour as it is kept: `#1F6feb` and `1f6feb` as `#1f6feb`. Nothing: no colour.
fn colour(text: &str) -> Option<String> {
    let text = text::tidy_line(text).to_ascii_lowercase();
    let digits = text.strip_prefix('#').unwrap_or(&text);
    match digits.len() {
        0 => Some(String::new()),
        6 if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => Some(format!("#{digits}")),
        _ => None,
    }
}

impl CompanyInput {
    /// Tidied, or everything that is wrong with it.
    pub fn check(&self) -> Result<CompanyFields> {
        let mut problems = Problems::default();
        let fields = CompanyFields {
            name: text::tidy_line(&self.name),
            tier: text::tidy_line(&self.tier),
            domains: lines(&self.domains.replace('@', " ").to_lowercase()),
            notes: text::tidy(&self.notes),
            sees_all: self.sees_all,
            accent: colour(&self.accent).unwrap_or_default(),
        };
        problems.unless(colour(&self.accent).is_some(), "accent", "Use six digits, as in #1f6feb.");
        problems.unless(!fields.name.is_empty(), "name", "Say what the company is called.");
        problems.unless(fields.name.chars().count() <= NAME_MAX, "name", "Use at most 100 characters.");
        problems.unless(fields.tier.chars().count() <= TIER_MAX, "tier", "Use at most 40 characters.");
        problems.unless(fields.notes.chars().count() <= NOTES_MAX, "notes", "Use at most 10,000 characters.");
        problems.unless(fields.domains.len() <= DOMAINS_MAX, "domains", "Use at most 50 domains.");
        if let Some(problem) = fields.domains.iter().find_map(|d| domain_problem(d)) {
            problems.add("domains", problem);
        }
        problems.check()?;
        Ok(fields)
    }
}

/// What is wrong with a domain whose users would join a company, if anything.
pub fn domain_problem(domain: &str) -> Option<String> {
    if !text::is_email(&format!("somebody@{domain}")) || !domain.contains('.') {
        return Some(format!("“{}” is not a domain, like acme.example.", text::excerpt(domain, 60)));
    }
    FOR_EVERYBODY
        .contains(&domain)
        .then(|| format!("Anybody can have an address at {domain}: they would all be taken for this company's people."))
}

/// What would become of two companies that are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyMerge {
    pub kept: Company,
    pub gone: Company,
    /// How many people would come over, up to [`crate::customer::COUNTED`].
    pub people: i64,
    /// How many tickets would, up to [`crate::customer::COUNTED`].
    pub tickets: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains() {
        for good in ["acme.example", "a.b.example", "straße.example"] {
            assert_eq!(domain_problem(good), None, "{good}");
        }
        for bad in ["", "acme", "acme..example", "a b.example", "x@acme.example", ".example", "gmail.com"] {
            assert!(domain_problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_company_is_tidied() {
        let input = CompanyInput {
            name: " Acme  Corp ".into(),
            domains: "@ACME.example\nacme.example\n".into(),
            ..CompanyInput::default()
        };
        let fields = input.check().expect("right");
        assert_eq!((fields.name.as_str(), fields.domains), ("Acme Corp", vec!["acme.example".to_owned()]));
        for (typed, kept) in [
            ("", Some("")),
            (" #1F6FEB ", Some("#1f6feb")),
            ("1f6feb", Some("#1f6feb")),
            ("#12345", None),
            ("#1f6feb;}", None),
            ("red", None),
            ("#ééé", None),
        ] {
            let fields = CompanyInput { accent: typed.into(), ..input.clone() }.check();
            assert_eq!(fields.as_ref().ok().map(|fields| fields.accent.as_str()), kept, "{typed}");
            assert!(kept.is_some() || fields.expect_err("no colour").of_field("accent").is_some(), "{typed}");
        }
        let error = CompanyInput { domains: "gmail.com".into(), ..input }.check().expect_err("for everybody");
        assert!(error.of_field("domains").is_some());
    }
}
