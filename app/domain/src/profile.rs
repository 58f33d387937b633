//! What people set about themselves.

use crate::{Result, account::NAME_MAX, error::Problems, fields::Own, language::Language, second_factor::Beside, text};
use serde::{Deserialize, Serialize};

/// In characters.
pub const SIGNATURE_MAX: usize = 2_000;
/// The longest name of a time zone, in characters.
pub const ZONE_MAX: usize = 64;

/// Time zones that are offered at once; any other of the IANA's names may be typed.
pub const ZONES: [&str; 24] = [
    "UTC",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "America/Chicago",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Dubai",
    "Asia/Jakarta",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Paris",
    "Europe/Prague",
    "Europe/Warsaw",
    "Pacific/Auckland",
];

/// A person's profile, as they see it themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: String,
    /// Empty: as the browser says.
    pub time_zone: String,
    pub language: Language,
    pub signature: String,
    /// Where a mail waits that makes it the new address, if one does.
    pub new_email: Option<String>,
    /// What opens the account beside the password.
    pub beside: Beside,
    /// Of a customer: what the desk has noted of them that is meant for them.
    #[serde(default)]
    pub fields: Own,
}

/// A changed profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewProfile {
    pub name: String,
    pub time_zone: String,
    /// As BCP 47 calls it; empty for the one that pages have of themselves.
    pub language: String,
    pub signature: String,
}

impl NewProfile {
    /// The same tidied, or everything that is wrong with it. Whether there is such a zone, only the database knows.
    pub fn check(self) -> Result<Self> {
        let name = text::tidy_line(&self.name);
        let time_zone = text::tidy_line(&self.time_zone);
        let signature = text::tidy(&self.signature);
        let mut problems = Problems::default();
        problems.unless(!name.is_empty(), "name", "Please tell us your name.");
        problems.unless(name.chars().count() <= NAME_MAX, "name", "Use at most 100 characters.");
        problems.unless(is_zone(&time_zone), "time_zone", NO_ZONE);
        let known = self.language.is_empty() || Language::from_tag(&self.language).is_some();
        problems.unless(known, "language", "Choose one of these languages.");
        let fits = signature.chars().count() <= SIGNATURE_MAX;
        problems.unless(fits, "signature", "Use at most 2,000 characters.");
        problems.check()?;
        Ok(Self { name, time_zone, language: self.language, signature })
    }
}

/// What is said of a zone that is none.
pub const NO_ZONE: &str = "There is no such time zone. Use a name like Europe/Berlin, or leave it empty.";

/// Whether this may be the name of a zone, or none. PostgreSQL takes rules of one's own for names, too.
pub fn is_zone(name: &str) -> bool {
    let area = name.split('/').next().unwrap_or_default();
    name.is_empty()
        || name == "UTC"
        || (name.contains('/')
            && name.len() <= ZONE_MAX
            && area.chars().all(|c| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_checked() {
        let good = NewProfile {
            name: " Mia  Berger ".into(),
            time_zone: "America/Argentina/Buenos_Aires".into(),
            language: "en-US".into(),
            signature: "Mia\r\nSupport".into(),
        };
        let checked = good.clone().check().unwrap();
        assert_eq!((checked.name.as_str(), checked.signature.as_str()), ("Mia Berger", "Mia\nSupport"));
        for zone in ["", "UTC", "Etc/GMT+5"].into_iter().chain(ZONES) {
            assert!(NewProfile { time_zone: zone.into(), ..good.clone() }.check().is_ok(), "{zone}");
        }
        for zone in ["Berlin", "CET-1CEST", "<x>/y", "Europe/Berlin'; --", "A1/B"] {
            let error = NewProfile { time_zone: zone.into(), ..good.clone() }.check().unwrap_err();
            assert!(error.of_field("time_zone").is_some(), "{zone}");
        }
        let error = NewProfile { language: "xx".into(), ..good }.check().unwrap_err();
        assert!(error.of_field("language").is_some(), "{error:?}");
        let all = NewProfile { signature: "x".repeat(2_001), ..NewProfile::default() };
        let error = all.check().unwrap_err();
        assert!(["name", "signature"].iter().all(|f| error.of_field(f).is_some()), "{error:?}");
    }
}
