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
}
