//! Rules for accounts: names, addresses, passwords.

use crate::{Result, SessionId, Time, error::Problems, text};
use serde::{Deserialize, Serialize};

pub const NAME_MAX: usize = 100;
/// NIST SP 800-63B: at least 8; the upper bound only limits the work of hashing.
pub const PASSWORD_MIN: usize = 8;
pub const PASSWORD_MAX: usize = 256;

/// Passwords that appear at the top of every published list, and are at least [`PASSWORD_MIN`] long.
const COMMON: &str = include_str!("common_passwords.txt");

/// What is wrong with a password, if anything.
pub fn password_problem(password: &str, email: &str) -> Option<&'static str> {
    let length = password.chars().count();
    if length < PASSWORD_MIN {
        return Some("Use at least 8 characters.");
    }
    if length > PASSWORD_MAX {
        return Some("Use at most 256 characters.");
    }
    let lower = password.to_lowercase();
    if COMMON.lines().any(|c| c == lower) {
        return Some("This is one of the most common passwords. Please choose another.");
    }
    let same = lower.chars().all(|c| lower.starts_with(c));
    if same || lower == email.to_lowercase() {
        return Some("This is too easy to guess. Please choose another.");
    }
    None
}

/// A new account as somebody asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub name: String,
    pub email: String,
    pub password: String,
}

impl Registration {
    /// The same with name and address tidied, or everything that is wrong with it.
    pub fn check(self) -> Result<Self> {
        let name = text::tidy_line(&self.name);
        let email = text::tidy_line(&self.email);
        let mut problems = person_problems(&name, &email);
        if let Some(problem) = password_problem(&self.password, &email) {
            problems.add("password", problem);
        }
        problems.check()?;
        Ok(Self { name, email, password: self.password })
    }

    /// What is wrong with name and address alone, for whoever asks for the password only later.
    pub fn check_person(&self) -> Result<()> {
        person_problems(&text::tidy_line(&self.name), &text::tidy_line(&self.email)).check()
    }
}

/// What is wrong with a tidied name and address.
fn person_problems(name: &str, email: &str) -> Problems {
    let mut problems = Problems::default();
    problems.unless(!name.is_empty(), "name", "Please tell us your name.");
    problems.unless(name.chars().count() <= NAME_MAX, "name", "Use at most 100 characters.");
    problems.unless(text::is_email(email), "email", "This is not a complete e-mail address.");
    problems
}

/// A device on which somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub id: SessionId,
    pub address: Option<String>,
    /// What the browser calls itself.
    pub agent: String,
    pub created_at: Time,
    pub last_used_at: Time,
    /// The one this question came from.
    pub current: bool,
}

/// A browser's name out of its `User-Agent`, good enough to recognise one's own device.
pub fn device_name(agent: &str) -> String {
    let find = |names: &[(&'static str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = find(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(b), Some(s)) => format!("{b} on {s}"),
        (Some(one), None) | (None, Some(one)) => one.into(),
        (None, None) => "Unknown device".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords() {
        for bad in ["", "short", "password", "Password1", "12345678", "aaaaaaaaaa", "a@x.example"] {
            assert!(password_problem(bad, "a@x.example").is_some(), "{bad}");
        }
        assert!(password_problem(&"x1".repeat(200), "").is_some());
        for good in ["correct horse battery", "pässwörter sind lang", "8chars!x"] {
            assert_eq!(password_problem(good, "a@x.example"), None, "{good}");
        }
    }

    #[test]
    fn every_problem_at_once() {
        let error = Registration::default().check().expect_err("all empty");
        assert!(["name", "email", "password"].iter().all(|f| error.of_field(f).is_some()));
    }

    #[test]
    fn devices() {
        assert_eq!(
            device_name("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"),
            "Chrome on Linux"
        );
        assert_eq!(
            device_name("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"),
            "Safari on iPhone"
        );
        assert_eq!(device_name(""), "Unknown device");
    }
}
