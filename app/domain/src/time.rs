//! Moments, as milliseconds since 1970-01-01 UTC. Zones exist only at the edges (browser, reports).

use serde::{Deserialize, Serialize};

/// A moment in UTC, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// This moment moved by `millis` (negative: earlier).
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Year, month (1–12), day, hour, minute, second in UTC.
    ///
    /// The calendar arithmetic is Howard Hinnant's `civil_from_days`, which needs no tables and so costs the browser nothing.
    pub fn civil(self) -> (i64, u8, u8, u8, u8, u8) {
        let seconds = self.0.div_euclid(1000);
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400);
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        (year, month as u8, day as u8, (of_day / 3_600) as u8, (of_day % 3_600 / 60) as u8, (of_day % 60) as u8)
    }

    /// RFC 3339 in UTC, to the second: `2026-11-21T08:12:00Z`.
    pub fn rfc3339(self) -> String {
        let (y, mo, d, h, mi, s) = self.civil();
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
    }

    /// What a page shows before the browser knows its zone: `21 Nov 2026, 08:12 UTC`.
    pub fn readable(self) -> String {
        let (y, mo, d, h, mi, _) = self.civil();
        format!("{d} {} {y}, {h:02}:{mi:02} UTC", MONTHS[usize::from(mo) - 1])
    }

    /// The day alone, in UTC: `21 Nov 2026`.
    pub fn day(self) -> String {
        let (y, mo, d, ..) = self.civil();
        format!("{d} {} {y}", MONTHS[usize::from(mo) - 1])
    }

    /// How long before `now` this was, in the few characters a list has room for: `now`, `2 m`, `3 h`, `5 d`, `3 Nov`.
    pub fn ago(self, now: Time) -> String {
        let minutes = (now.0 - self.0).max(0) / 60_000;
        match minutes {
            0 => "now".into(),
            1..60 => format!("{minutes} m"),
            60..1_440 => format!("{} h", minutes / 60),
            1_440..10_080 => format!("{} d", minutes / 1_440),
            _ => {
                let (y, mo, d, ..) = self.civil();
                let month = MONTHS[usize::from(mo) - 1];
                if y == now.civil().0 { format!("{d} {month}") } else { format!("{month} {y}") }
            }
        }
    }

    /// The same as a part of a sentence: `just now`, `2 minutes ago`, `on 3 Nov`, `in Oct 2025`.
    pub fn ago_in_words(self, now: Time) -> String {
        let minutes = (now.0 - self.0).max(0) / 60_000;
        let counted = |n: i64, unit: &str| format!("{n} {unit}{} ago", if n == 1 { "" } else { "s" });
        match minutes {
            0 => "just now".into(),
            1..60 => counted(minutes, "minute"),
            60..1_440 => counted(minutes / 60, "hour"),
            1_440..10_080 => counted(minutes / 1_440, "day"),
            _ if self.civil().0 == now.civil().0 => format!("on {}", self.ago(now)),
            _ => format!("in {}", self.ago(now)),
        }
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(feature = "server")]
impl From<time::OffsetDateTime> for Time {
    fn from(at: time::OffsetDateTime) -> Self {
        Self((at.unix_timestamp_nanos() / 1_000_000) as i64)
    }
}

#[cfg(feature = "server")]
impl From<Time> for time::OffsetDateTime {
    /// Moments outside the years −9999…9999 become 1970: nothing in Docket makes them.
    fn from(at: Time) -> Self {
        time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000_000)
            .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (-1_000, "1969-12-31T23:59:59Z"),
            (1_795_248_720_123, "2026-11-21T08:12:00Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Time(millis).rfc3339(), text);
        }
    }

    #[test]
    fn short_ages() {
        let now = Time(1_795_248_720_000);
        for (millis, text, words) in [
            (0, "now", "just now"),
            (-5_000, "now", "just now"),
            (59_999, "now", "just now"),
            (60_000, "1 m", "1 minute ago"),
            (3_599_000, "59 m", "59 minutes ago"),
            (3_600_000, "1 h", "1 hour ago"),
            (86_400_000, "1 d", "1 day ago"),
            (3 * 86_400_000, "3 d", "3 days ago"),
            (20 * 86_400_000, "1 Nov", "on 1 Nov"),
            (400 * 86_400_000, "Oct 2025", "in Oct 2025"),
        ] {
            let at = now.plus_millis(-millis);
            assert_eq!((at.ago(now).as_str(), at.ago_in_words(now).as_str()), (text, words));
        }
    }
}
