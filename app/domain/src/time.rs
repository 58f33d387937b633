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

    /// The same moment so many months earlier, in UTC; the last day of the month where it has no such day.
    pub fn months_earlier(self, months: i32) -> Self {
        let (year, month, day, ..) = self.civil();
        let count = year * 12 + i64::from(month) - 1 - i64::from(months);
        let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
        let day = i64::from(day).min(days_in(year, month));
        Self(days_since_1970(year, month, day) * 86_400_000 + self.0.rem_euclid(86_400_000))
    }

    /// RFC 3339 in UTC, to the second: `2026-11-21T08:12:00Z`.
    pub fn rfc3339(self) -> String {
        let (y, mo, d, h, mi, s) = self.civil();
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
    }
}

/// How many days a month has. `month`: 1–12.
pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// By a calendar whose year begins in March, so that the leap day is its last.
pub(crate) fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 1 - 719_468
}

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
    fn months_go_back_by_the_calendar() {
        let at = |text: &str| {
            let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().expect("a number");
            Time(days_since_1970(number(0..4), number(5..7), number(8..10)) * 86_400_000 + 30_123_456)
        };
        for (from, months, to) in [
            ("2026-11-22", 1, "2026-10-22"),
            ("2026-03-31", 1, "2026-02-28"),
            ("2024-03-31", 1, "2024-02-29"),
            ("2026-01-15", 1, "2025-12-15"),
            ("2026-01-31", 2, "2025-11-30"),
            ("2024-02-29", 12, "2023-02-28"),
            ("2026-11-22", 120, "2016-11-22"),
            ("1970-01-31", 11, "1969-02-28"),
        ] {
            assert_eq!(at(from).months_earlier(months), at(to), "{from} − {months}");
            assert_eq!(at(to).rfc3339().get(..10), Some(to));
        }
    }
}
