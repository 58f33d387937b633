//! In which language pages speak to somebody, and how days and times are written in it.

use crate::Time;
use serde::{Deserialize, Serialize};

/// A language as it is written in a country.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en-GB")]
    British,
    #[serde(rename = "en-US")]
    American,
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Language {
    pub const ALL: [Language; 2] = [Language::British, Language::American];

    /// As BCP 47 calls it.
    pub fn tag(self) -> &'static str {
        match self {
            Language::British => "en-GB",
            Language::American => "en-US",
        }
    }

    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// In itself, so that whoever reads it finds it.
    pub fn name(self) -> &'static str {
        match self {
            Language::British => "English (United Kingdom)",
            Language::American => "English (United States)",
        }
    }

    /// The day in UTC: `21 Nov 2026`, `Nov 21, 2026`.
    pub fn day(self, at: Time) -> String {
        format!("{}{} {}", self.day_of_year(at), if self == Language::American { "," } else { "" }, at.civil().0)
    }

    /// The same without its year: `21 Nov`, `Nov 21`.
    fn day_of_year(self, at: Time) -> String {
        let (_, month, day, ..) = at.civil();
        let month = MONTHS[usize::from(month) - 1];
        match self {
            Language::British => format!("{day} {month}"),
            Language::American => format!("{month} {day}"),
        }
    }

    /// What a clock shows in UTC: `08:12`, `8:12 AM`.
    pub fn clock(self, at: Time) -> String {
        let (_, _, _, hour, minute, _) = at.civil();
        match self {
            Language::British => format!("{hour:02}:{minute:02}"),
            Language::American => {
                let half = if hour < 12 { "AM" } else { "PM" };
                // A line must not break before it.
                format!("{}:{minute:02}\u{a0}{half}", (hour + 11) % 12 + 1)
            }
        }
    }

    /// Day and time: `21 Nov 2026, 08:12 UTC`.
    pub fn readable(self, at: Time) -> String {
        format!("{}, {} UTC", self.day(at), self.clock(at))
    }

    /// How long before `now` this was, in the few characters a list has room for: `now`, `2 m`, `3 h`, `5 d`, `3 Nov`,
    /// `Oct 2025`.
    pub fn ago(self, at: Time, now: Time) -> String {
        let minutes = (now.0 - at.0).max(0) / 60_000;
        match minutes {
            0 => "now".into(),
            1..60 => format!("{minutes} m"),
            60..1_440 => format!("{} h", minutes / 60),
            1_440..10_080 => format!("{} d", minutes / 1_440),
            _ => {
                let (year, month, ..) = at.civil();
                if year == now.civil().0 {
                    self.day_of_year(at)
                } else {
                    format!("{} {year}", MONTHS[usize::from(month) - 1])
                }
            }
        }
    }

    /// The same as a part of a sentence: `just now`, `2 minutes ago`, `on 3 Nov`, `in Oct 2025`.
    pub fn ago_in_words(self, at: Time, now: Time) -> String {
        match Span::of(now.0 - at.0) {
            Span::Moment => "just now".into(),
            Span::Counted(span) => format!("{span} ago"),
            Span::Long if at.civil().0 == now.civil().0 => format!("on {}", self.ago(at, now)),
            Span::Long => format!("in {}", self.ago(at, now)),
        }
    }

    /// How long after `now` this will be, as a part of a sentence: `now`, `in 2 minutes`, `in 3 hours`, `in 5 days`,
    /// `on 3 Dec 2026`.
    pub fn ahead_in_words(self, at: Time, now: Time) -> String {
        match Span::of(at.0 - now.0) {
            Span::Moment => "now".into(),
            Span::Counted(span) => format!("in {span}"),
            Span::Long => format!("on {}", self.day(at)),
        }
    }
}

/// How long something is away from now, as people say it.
enum Span {
    /// Less than a minute.
    Moment,
    /// `2 minutes`, `3 hours`, `5 days`.
    Counted(String),
    /// A week or more: days are named then.
    Long,
}

impl Span {
    fn of(millis: i64) -> Self {
        let minutes = millis.max(0) / 60_000;
        let (n, unit) = match minutes {
            0 => return Self::Moment,
            1..60 => (minutes, "minute"),
            60..1_440 => (minutes / 60, "hour"),
            1_440..10_080 => (minutes / 1_440, "day"),
            _ => return Self::Long,
        };
        Self::Counted(format!("{n} {unit}{}", if n == 1 { "" } else { "s" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ages() {
        let now = Time(1_795_248_720_000);
        for (millis, british, american, words) in [
            (0, "now", "now", "just now"),
            (-5_000, "now", "now", "just now"),
            (59_999, "now", "now", "just now"),
            (60_000, "1 m", "1 m", "1 minute ago"),
            (3_599_000, "59 m", "59 m", "59 minutes ago"),
            (3_600_000, "1 h", "1 h", "1 hour ago"),
            (86_400_000, "1 d", "1 d", "1 day ago"),
            (3 * 86_400_000, "3 d", "3 d", "3 days ago"),
            (20 * 86_400_000, "1 Nov", "Nov 1", "on 1 Nov"),
            (400 * 86_400_000, "Oct 2025", "Oct 2025", "in Oct 2025"),
        ] {
            let at = now.plus_millis(-millis);
            assert_eq!(Language::British.ago(at, now), british);
            assert_eq!(Language::American.ago(at, now), american);
            assert_eq!(Language::British.ago_in_words(at, now), words);
        }
    }

    #[test]
    fn what_is_to_come() {
        let now = Time(1_795_248_720_000);
        for (millis, words) in [
            (-60_000, "now"),
            (59_999, "now"),
            (60_000, "in 1 minute"),
            (7_200_000, "in 2 hours"),
            (6 * 86_400_000, "in 6 days"),
            (7 * 86_400_000, "on 28 Nov 2026"),
        ] {
            assert_eq!(Language::British.ahead_in_words(now.plus_millis(millis), now), words);
        }
    }

    #[test]
    fn days_and_clocks() {
        let midnight = 1_795_219_200_000;
        for (minutes, british, american) in [
            (0, "21 Nov 2026, 00:00 UTC", "Nov 21, 2026, 12:00\u{a0}AM UTC"),
            (61, "21 Nov 2026, 01:01 UTC", "Nov 21, 2026, 1:01\u{a0}AM UTC"),
            (720, "21 Nov 2026, 12:00 UTC", "Nov 21, 2026, 12:00\u{a0}PM UTC"),
            (1_439, "21 Nov 2026, 23:59 UTC", "Nov 21, 2026, 11:59\u{a0}PM UTC"),
        ] {
            let at = Time(midnight + minutes * 60_000);
            assert_eq!(Language::British.readable(at), british);
            assert_eq!(Language::American.readable(at), american);
        }
    }

    #[test]
    fn each_is_found_by_its_tag() {
        for language in Language::ALL {
            assert_eq!(Language::from_tag(language.tag()), Some(language));
            assert_eq!(serde_json::to_value(language).ok(), Some(language.tag().into()));
        }
        assert_eq!(Language::from_tag("en"), None);
    }
}
