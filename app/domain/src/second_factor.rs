//! The second step of signing in: what it is proved with, and who must have one.

use crate::{Result, Time, error::Problems, text};
use serde::{Deserialize, Serialize};

/// Digits of a code that an app makes.
pub const CODE_DIGITS: usize = 6;
/// How many recovery codes there are at a time.
pub const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code without its dashes: 80 bits.
pub const RECOVERY_LENGTH: usize = 16;

/// What somebody has typed where a code is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Of an app.
    Code(u32),
    /// In capital letters, without dashes.
    Recovery(String),
}

impl Typed {
    /// Reads a code however it is grouped. `None` for what is neither.
    pub fn read(text: &str) -> Option<Self> {
        // Nobody types so much, and nothing of it is looked at.
        if text.len() > 100 {
            return None;
        }
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if plain.len() == CODE_DIGITS && plain.bytes().all(|b| b.is_ascii_digit()) {
            return plain.parse().ok().map(Typed::Code);
        }
        let plain = plain.to_ascii_uppercase();
        let is_code = plain.len() == RECOVERY_LENGTH && plain.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'));
        is_code.then_some(Typed::Recovery(plain))
    }
}

/// A recovery code as people read it: in groups of four.
pub fn grouped(code: &str) -> String {
    code.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

/// What opens somebody's account beside the password: it stays when the password is another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The names of their passkeys, the oldest first.
    pub passkeys: Vec<String>,
    pub app: bool,
    pub recovery_codes: i64,
    /// How many tokens of the API of theirs are good.
    #[serde(default)]
    pub api_tokens: i64,
}

impl Beside {
    /// Whether there is anything of two-step sign-in.
    pub fn has_second_factor(&self) -> bool {
        !self.passkeys.is_empty() || self.app || self.recovery_codes > 0
    }

    /// A line for each of them.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.passkeys.iter().map(|name| format!("The passkey “{name}”")).collect();
        if self.app {
            lines.push("The app that makes codes".to_owned());
        }
        match self.recovery_codes {
            0 => {}
            1 => lines.push("1 recovery code".to_owned()),
            n => lines.push(format!("{n} recovery codes")),
        }
        match self.api_tokens {
            0 => {}
            1 => lines.push("1 API token".to_owned()),
            n => lines.push(format!("{n} API tokens")),
        }
        lines
    }
}

/// A QR code: a square of modules, dark ones as the path of an SVG whose unit is a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrCode {
    /// The side, quiet zone included.
    pub size: u32,
    pub path: String,
}

/// An app that is being set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The secret for typing, in groups.
    pub secret: String,
    /// For the app on the device that shows the page.
    pub address: String,
    pub qr: QrCode,
}

/// The longest that staff may be given, in days.
pub const GRACE_DAYS_MAX: i32 = 90;

/// Staff must have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    pub since: Time,
    /// So long they may wait from then on, or from when their account was made, if that is later.
    pub grace_days: i32,
}

impl Requirement {
    /// From when on somebody gets no further without it whose account was made then.
    pub fn due(&self, joined: Time) -> Time {
        Time(self.since.0.max(joined.0)).plus_millis(i64::from(self.grace_days) * 86_400_000)
    }
}

/// What holds for staff, and how many of them have a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Required {
    pub now: Option<Requirement>,
    pub have: i64,
    pub staff: i64,
}

/// The longest reason for taking somebody's second factor away, in characters.
pub const REASON_MAX: usize = 300;

/// Somebody's second factor is to be taken away, who has lost it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Their name, typed once more: a wrong click opens nobody's account.
    pub name: String,
    /// Why, and how it is known that it is them who ask.
    pub reason: String,
}

impl Removal {
    /// The reason, tidied. `name`: theirs. Errors: field errors for `name` and `reason`.
    pub fn check(&self, name: &str) -> Result<String> {
        let reason = text::tidy_line(&self.reason);
        let mut problems = Problems::default();
        if reason.is_empty() || reason.chars().count() > REASON_MAX {
            problems.add("reason", "Say in a few words why, and how you know that it is them who ask.");
        }
        if text::tidy_line(&self.name) != name {
            problems.add("name", "This is not their name.");
        }
        problems.check()?;
        Ok(reason)
    }
}

/// What one has for the second step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Whether signing in has a second step, be it by an app or by a passkey.
    pub on: bool,
    /// Since when there is an app.
    pub app_since: Option<Time>,
    /// One that is being set up here.
    pub begun: Option<Begun>,
    /// Recovery codes that are left.
    pub recovery_codes: i64,
    /// Without a password, having signed in just now stands for it.
    pub has_password: bool,
    /// Where one must have a second factor, and has none: from when on.
    pub due: Option<Time>,
}

/// What the second step can be proved with, for its page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub app: bool,
    /// One that can be used at the address of the page.
    pub passkey: bool,
    pub recovery: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_a_password_has_a_line_each() {
        assert!(Beside::default().lines().is_empty());
        let all =
            Beside { passkeys: vec!["Laptop".into(), "Phone".into()], app: true, recovery_codes: 9, api_tokens: 2 };
        let lines = [
            "The passkey “Laptop”",
            "The passkey “Phone”",
            "The app that makes codes",
            "9 recovery codes",
            "2 API tokens",
        ];
        assert_eq!(all.lines(), lines);
        assert!(all.has_second_factor());
        let token = Beside { api_tokens: 1, ..Beside::default() };
        assert_eq!(token.lines(), ["1 API token"]);
        assert!(!token.has_second_factor());
        assert_eq!(Beside { recovery_codes: 1, ..Beside::default() }.lines(), ["1 recovery code"]);
    }

    #[test]
    fn who_comes_later_may_wait_as_long() {
        let day = 86_400_000;
        let required = Requirement { since: Time(10 * day), grace_days: 7 };
        assert_eq!(required.due(Time(2 * day)), Time(17 * day));
        assert_eq!(required.due(Time(12 * day)), Time(19 * day));
    }

    #[test]
    fn codes_are_read_however_they_are_grouped() {
        for (text, expected) in [
            ("012345", Some(Typed::Code(12_345))),
            (" 012 345\n", Some(Typed::Code(12_345))),
            ("abcd-efgh-2345-6777", Some(Typed::Recovery("ABCDEFGH23456777".into()))),
            ("ABCD EFGH 2345 6777", Some(Typed::Recovery("ABCDEFGH23456777".into()))),
            ("", None),
            ("12345", None),
            ("1234567", None),
            ("+12345", None),
            ("١٢٣٤٥٦", None),
            ("ABCD-EFGH-2345-6771", None),
            ("ABCD-EFGH-2345-677ß", None),
        ] {
            assert_eq!(Typed::read(text), expected, "{text:?}");
        }
        assert_eq!(Typed::read(&"1 ".repeat(1_000)), None);
        assert_eq!(grouped("ABCDEFGH23456777"), "ABCD-EFGH-2345-6777");
    }
}
