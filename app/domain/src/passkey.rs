//! Passkeys (WebAuthn): keys on people's devices that are a second step of signing in, and a way in without a password.

use crate::{PasskeyId, Result, Time, error::Error, text};
use serde::{Deserialize, Serialize};

/// How many somebody may have at a time.
pub const PASSKEYS_MAX: i64 = 20;
/// The longest name, in characters.
pub const NAME_MAX: usize = 60;
/// The longest answer of an authenticator, in bytes: those of today take one or two thousand.
pub const ANSWER_MAX: usize = 32 * 1024;

/// One of one's own passkeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: String,
    pub added_at: Time,
    pub last_used_at: Option<Time>,
    /// Its owner's other devices have it, too.
    pub synced: bool,
    /// The host that it was made for, where that is another than the one of this page: here it cannot be used.
    pub elsewhere: Option<String>,
}

/// What an authenticator is to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Goes back beside the answer.
    pub token: String,
    /// JSON for the browser (WebAuthn, 5.1.8 and 5.1.9), in a member `publicKey`.
    pub options: String,
}

/// One's own passkeys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkeys {
    pub all: Vec<Passkey>,
    /// Why none can be made or used at this address.
    pub nowhere: Option<Nowhere>,
}

/// What an authenticator says, as the page hands it on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// That of the question.
    pub token: String,
    /// JSON, as the browser writes it.
    pub credential: String,
}

/// Why there are no passkeys at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nowhere {
    /// Browsers have passkeys where nobody can listen (W3C Secure Contexts).
    Insecure,
    /// Passkeys belong to a name.
    Number,
    /// It cannot be read.
    Unknown,
}

impl Nowhere {
    /// What is said of it, and what helps.
    pub fn words(self) -> &'static str {
        match self {
            Nowhere::Insecure => {
                "Passkeys need HTTPS, and this server is reached without it. Whoever runs it can turn HTTPS on."
            }
            Nowhere::Number => {
                "Passkeys need a name in the address, and this one is a number. Open Docket by its name; on the machine that \
                 it runs on, that is localhost."
            }
            Nowhere::Unknown => "Passkeys cannot be used here: your browser did not say at which address this page is.",
        }
    }
}

impl From<Nowhere> for Error {
    fn from(nowhere: Nowhere) -> Self {
        Error::new(crate::Code::Impossible, nowhere.words())
    }
}

/// Where passkeys are made and used: what browsers bind them to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As browsers write it: `https://support.example.com`.
    pub origin: String,
    /// The name in it (the “relying party id”).
    pub host: String,
}

impl Place {
    /// The place of an origin like `https://host:port`.
    pub fn of(origin: &str) -> std::result::Result<Self, Nowhere> {
        let origin = origin.trim_end_matches('/').to_ascii_lowercase();
        let (scheme, authority) = origin.split_once("://").ok_or(Nowhere::Unknown)?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let is_port = |port: &str| port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit());
        if host.starts_with('[') {
            return Err(Nowhere::Number);
        }
        let is_name = host.len() <= 253
            && host.split('.').all(|part| {
                !part.is_empty()
                    && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
            });
        if !is_name || !port.is_none_or(is_port) || !matches!(scheme, "http" | "https") {
            return Err(Nowhere::Unknown);
        }
        // No name ends with a number (WHATWG URL, “ends in a number”).
        if host.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) {
            return Err(Nowhere::Number);
        }
        let is_own_machine = host == "localhost" || host.ends_with(".localhost");
        if scheme == "http" && !is_own_machine {
            return Err(Nowhere::Insecure);
        }
        Ok(Self { host: host.to_owned(), origin })
    }
}

/// The name of a passkey, tidied. Errors: a field error for `name`.
pub fn checked_name(name: &str) -> Result<String> {
    let name = text::tidy_line(name);
    match name.chars().count() {
        0 => Err(Error::field("name", "Give it a name by which you know the device, such as “Laptop”.")),
        1..=NAME_MAX => Ok(name),
        _ => Err(Error::field("name", "At most 60 characters.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_a_name_that_is_reached_safely() {
        for (origin, host) in [
            ("https://support.example.com", Ok("support.example.com")),
            ("https://Support.Example.com/", Ok("support.example.com")),
            ("https://support.example.com:8443", Ok("support.example.com")),
            ("https://xn--mnchen-3ya.example", Ok("xn--mnchen-3ya.example")),
            ("http://localhost:3000", Ok("localhost")),
            ("http://docket.localhost", Ok("docket.localhost")),
            ("http://support.example.com", Err(Nowhere::Insecure)),
            ("http://localhost.example.com", Err(Nowhere::Insecure)),
            ("https://127.0.0.1:3000", Err(Nowhere::Number)),
            ("http://127.0.0.1:3000", Err(Nowhere::Number)),
            ("https://[::1]:3000", Err(Nowhere::Number)),
            ("https://[::1]", Err(Nowhere::Number)),
            ("https://", Err(Nowhere::Unknown)),
            ("https://a..b", Err(Nowhere::Unknown)),
            ("https://a@b.example", Err(Nowhere::Unknown)),
            ("https://b.example/path", Err(Nowhere::Unknown)),
            ("https://b.example:port", Err(Nowhere::Unknown)),
            ("https://b.example:+1", Err(Nowhere::Unknown)),
            ("ftp://b.example", Err(Nowhere::Unknown)),
            ("b.example", Err(Nowhere::Unknown)),
        ] {
            assert_eq!(Place::of(origin).map(|place| place.host), host.map(str::to_owned), "{origin}");
        }
        let place = Place::of("https://Help.example:8443").unwrap();
        assert_eq!(place.origin, "https://help.example:8443");
    }

    #[test]
    fn names_are_tidied() {
        assert_eq!(checked_name("  My \n laptop "), Ok("My laptop".to_owned()));
        assert!(checked_name(&"x".repeat(NAME_MAX)).is_ok());
        for wrong in ["", " ", &"x".repeat(NAME_MAX + 1)] {
            assert!(checked_name(wrong).unwrap_err().of_field("name").is_some());
        }
    }
}
