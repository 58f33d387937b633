//! People and groups that a provider announces (SCIM 2.0, RFC 7643 and 7644), before anybody has signed in.

use crate::{
    CompanyId, GroupId, ProviderId, Result, Time, UserId, account,
    error::Problems,
    outside::{Audience, SUBJECT_MAX},
    text,
};
use serde::{Deserialize, Serialize};

/// How its tokens begin, so that they are known when they turn up where they should not.
pub const PREFIX: &str = "dkp_";
/// The most people or groups of one answer.
pub const PAGE_MAX: i64 = 200;
/// As many, when nobody says.
pub const PAGE: i64 = 100;
/// The most groups of a provider.
pub const GROUPS_MAX: i64 = 1_000;
/// The most people of a group.
pub const MEMBERS_MAX: usize = 10_000;
/// The longest name of a group, in characters.
pub const GROUP_NAME_MAX: usize = 255;
/// The longest number that a provider may give to a group or to somebody, in bytes.
pub const EXTERNAL_MAX: usize = SUBJECT_MAX;
/// What somebody types at their provider to sign in, in characters.
pub const USER_NAME_MAX: usize = 255;

/// A provider that announces people, as its token has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcer {
    pub id: ProviderId,
    pub name: String,
    pub audience: Audience,
    pub company: Option<CompanyId>,
}

/// What is known of a provider's token. The token itself is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its last characters.
    pub ending: String,
    pub made_at: Time,
    pub used_at: Option<Time>,
    /// Where it was used from last.
    pub address: Option<String>,
}

/// The parts of a name, as a provider says them. Each may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Names {
    pub display: Option<String>,
    pub formatted: Option<String>,
    pub given: Option<String>,
    pub family: Option<String>,
}

impl Names {
    /// The name in one: as it is displayed, or written, or put together. Nothing when nothing was said.
    pub fn whole(&self) -> Option<String> {
        let parts =
            || [&self.given, &self.family].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
        let whole = self.display.clone().or_else(|| self.formatted.clone()).unwrap_or_else(parts);
        Some(text::tidy_line(&whole)).filter(|name| !name.is_empty())
    }
}

/// What a provider says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonInput {
    /// What they type there to sign in; often their address.
    pub user_name: String,
    /// What the provider calls them, for ever.
    pub external_id: Option<String>,
    pub names: Names,
    /// Their address, where it is another than the user name.
    pub email: Option<String>,
    pub active: bool,
}

impl Default for PersonInput {
    fn default() -> Self {
        Self { user_name: String::new(), external_id: None, names: Names::default(), email: None, active: true }
    }
}

impl PersonInput {
    /// The address: the one that is said, or the user name where it is one.
    pub fn address(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.user_name)
    }

    /// Tidied, or everything that is wrong with it.
    pub fn check(self) -> Result<Self> {
        let line = |text: &str| text::tidy_line(text);
        let some = |text: Option<String>| text.map(|text| line(&text)).filter(|text| !text.is_empty());
        let input = Self {
            user_name: line(&self.user_name),
            external_id: self.external_id.filter(|id| !id.is_empty()),
            names: Names {
                display: some(self.names.display),
                formatted: some(self.names.formatted),
                given: some(self.names.given),
                family: some(self.names.family),
            },
            email: some(self.email),
            active: self.active,
        };
        let mut problems = Problems::default();
        problems.unless(!input.user_name.is_empty(), "userName", "Everybody needs a userName.");
        problems.unless(input.user_name.chars().count() <= USER_NAME_MAX, "userName", "This is too long.");
        let external = input.external_id.as_deref().unwrap_or_default();
        problems.unless(
            external.len() <= EXTERNAL_MAX && !external.contains(char::is_control),
            "externalId",
            "This is too long, or has signs in it that cannot be seen.",
        );
        let Names { display, formatted, given, family } = &input.names;
        for (field, name) in [
            ("displayName", display),
            ("name.formatted", formatted),
            ("name.givenName", given),
            ("name.familyName", family),
        ] {
            let fits = name.as_ref().is_none_or(|name| name.chars().count() <= account::NAME_MAX);
            problems.unless(fits, field, "Use at most 100 characters.");
        }
        let whole = input.names.whole().unwrap_or_default();
        problems.unless(whole.chars().count() <= account::NAME_MAX, "name", "Use at most 100 characters.");
        let field = if input.email.is_some() { "emails" } else { "userName" };
        problems.unless(
            text::is_email(input.address()),
            field,
            "An e-mail address is needed, in emails or as the userName.",
        );
        problems.check()?;
        Ok(input)
    }
}

/// Somebody as a provider sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    pub id: UserId,
    /// Whether the provider has ever said who they are; else they have connected themselves, or are known by their address.
    pub described: bool,
    pub user_name: String,
    pub external_id: Option<String>,
    /// The name as it stands here.
    pub name: String,
    pub names: Names,
    pub email: String,
    /// Whether they may come in, as far as the provider has a say in it: who waits for a group to give them a role is active,
    /// who was blocked here is not.
    pub active: bool,
    /// Whether the provider wants them to come in.
    pub wanted: bool,
    pub groups: Vec<(GroupId, String)>,
    pub created_at: Time,
    pub changed_at: Time,
}

impl Announced {
    /// What was said of them, for a change of a part of it.
    pub fn said(&self) -> PersonInput {
        PersonInput {
            user_name: self.user_name.clone(),
            external_id: self.external_id.clone(),
            names: self.names.clone(),
            // Where it is the user name, it goes along when that becomes another.
            email: Some(self.email.clone()).filter(|email| !email.eq_ignore_ascii_case(&self.user_name)),
            active: self.wanted,
        }
    }
}

/// What is asked of people. All of it must be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonClause {
    /// Without regard to capital letters.
    UserName(String),
    ExternalId(String),
    /// Without regard to capital letters.
    Email(String),
    Id(String),
    Active(bool),
}

/// A group as a provider sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub external_id: Option<String>,
    /// Their ids, and what they are called. Empty where they were not asked for.
    pub members: Vec<(UserId, String)>,
    pub created_at: Time,
    pub changed_at: Time,
}

/// What is asked of groups. All of it must be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupClause {
    /// Without regard to capital letters.
    Name(String),
    ExternalId(String),
    Id(String),
    Member(String),
}

/// What changes about who is in a group, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    Add(Vec<UserId>),
    Remove(Vec<UserId>),
    /// These and nobody else.
    Replace(Vec<UserId>),
}

/// What changes about a group. What is not said stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    pub name: Option<String>,
    pub external_id: Option<Option<String>>,
    pub members: Vec<MemberChange>,
}

impl GroupChange {
    /// Tidied, or everything that is wrong with it.
    pub fn check(self) -> Result<Self> {
        let change = Self {
            name: self.name.map(|name| text::tidy_line(&name)),
            external_id: self.external_id.map(|id| id.filter(|id| !id.is_empty())),
            members: self.members,
        };
        let mut problems = Problems::default();
        if let Some(name) = &change.name {
            problems.unless(!name.is_empty(), "displayName", "Every group needs a displayName.");
            problems.unless(name.chars().count() <= GROUP_NAME_MAX, "displayName", "This is too long.");
        }
        let external = change.external_id.iter().flatten().next().map(String::as_str).unwrap_or_default();
        problems.unless(
            external.len() <= EXTERNAL_MAX && !external.contains(char::is_control),
            "externalId",
            "This is too long, or has signs in it that cannot be seen.",
        );
        let most = change.members.iter().map(|change| match change {
            MemberChange::Add(ids) | MemberChange::Remove(ids) | MemberChange::Replace(ids) => ids.len(),
        });
        problems.unless(most.sum::<usize>() <= MEMBERS_MAX, "members", "A group has at most 10,000 members.");
        problems.check()?;
        Ok(change)
    }
}

/// A page of a list that is counted (RFC 7644, 3.4.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many are left out.
    pub skip: i64,
    pub count: i64,
}

impl Window {
    /// From `startIndex`, which begins with 1, and `count`. What is less than it can be is as little as it can be.
    pub fn new(start: Option<i64>, count: Option<i64>) -> Self {
        // No list is so long, and no number overflows on the way.
        let start = start.unwrap_or(1).clamp(1, 1_000_000_000);
        Self { skip: start - 1, count: count.unwrap_or(PAGE).clamp(0, PAGE_MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jana() -> PersonInput {
        PersonInput { user_name: " jana@acme.example ".into(), ..PersonInput::default() }
    }

    #[test]
    fn a_name_is_what_is_displayed_or_what_it_is_made_of() {
        let names = |display: &str, formatted: &str, given: &str, family: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Names { display: some(display), formatted: some(formatted), given: some(given), family: some(family) }
                .whole()
        };
        assert_eq!(names("Jana W.", "Dr. Jana Weiß", "Jana", "Weiß").as_deref(), Some("Jana W."));
        assert_eq!(names("", "Dr. Jana Weiß", "Jana", "Weiß").as_deref(), Some("Dr. Jana Weiß"));
        assert_eq!(names("", "", "Jana", "Weiß").as_deref(), Some("Jana Weiß"));
        assert_eq!(names("", "", "", "Weiß").as_deref(), Some("Weiß"));
        assert_eq!(names("", "", "", ""), None);
    }

    #[test]
    fn what_is_wrong_with_somebody_is_said_beside_its_field() {
        let good = jana().check().expect("good");
        assert_eq!((good.user_name.as_str(), good.address()), ("jana@acme.example", "jana@acme.example"));
        let other = PersonInput { user_name: "jana".into(), email: Some("jana@acme.example".into()), ..jana() };
        assert_eq!(other.check().expect("good").address(), "jana@acme.example");
        for (input, field) in [
            (PersonInput { user_name: " ".into(), email: Some("a@acme.example".into()), ..jana() }, "userName"),
            (PersonInput { user_name: "jana".into(), ..jana() }, "userName"),
            (PersonInput { email: Some("jana".into()), ..jana() }, "emails"),
            (PersonInput { external_id: Some("x".repeat(256)), ..jana() }, "externalId"),
            (PersonInput { external_id: Some("a\nb".into()), ..jana() }, "externalId"),
            (
                PersonInput { names: Names { given: Some("x".repeat(101)), ..Names::default() }, ..jana() },
                "name.givenName",
            ),
        ] {
            let error = input.check().expect_err(field);
            assert!(error.of_field(field).is_some(), "{field}: {error:?}");
        }
    }

    #[test]
    fn windows_are_bounded() {
        for (start, count, skip, taken) in [
            (None, None, 0, PAGE),
            (Some(1), Some(10), 0, 10),
            (Some(0), Some(-1), 0, 0),
            (Some(-7), Some(100_000), 0, PAGE_MAX),
            (Some(201), Some(0), 200, 0),
            (Some(i64::MAX), Some(i64::MIN), 999_999_999, 0),
        ] {
            assert_eq!(Window::new(start, count), Window { skip, count: taken }, "{start:?} {count:?}");
        }
    }
}
