//! Time zones: what a clock on somebody's wall shows. Where a zone's clocks are set is worked out by the database, once for each
//! zone; here it is only looked up, by both halves alike.

use crate::{Time, language::Language};
use serde::{Deserialize, Serialize};

/// How far back and ahead of now a page knows when clocks are set, in milliseconds: some six years and some two.
const BEFORE_MS: i64 = 6 * 366 * 86_400_000;
const AFTER_MS: i64 = 2 * 366 * 86_400_000;

/// A time zone, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// As the IANA calls it.
    pub name: String,
    /// From which minute since 1970 on clocks are how many minutes ahead of UTC, the earliest first. Before the first one they
    /// are as it says.
    pub shifts: Vec<(i64, i32)>,
}

impl Zone {
    /// From pairs of numbers as the database keeps them.
    pub fn from_pairs(name: String, pairs: &[i64]) -> Self {
        let shift = |pair: &[i64]| Some((*pair.first()?, i32::try_from(*pair.get(1)?).ok()?));
        Self { name, shifts: pairs.chunks_exact(2).filter_map(shift).collect() }
    }

    /// The same with what a page needs that is made now: a few numbers.
    #[must_use]
    pub fn around(mut self, now: Time) -> Self {
        let minute = |millis: i64| now.plus_millis(millis).0.div_euclid(60_000);
        let (from, until) = (minute(-BEFORE_MS), minute(AFTER_MS));
        self.shifts.retain(|(at, _)| *at < until);
        let first = self.shifts.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        self.shifts.drain(..first);
        self
    }

    /// How many minutes clocks are ahead of UTC at a moment.
    pub fn ahead(&self, at: Time) -> i32 {
        let minute = at.0.div_euclid(60_000);
        let after = self.shifts.partition_point(|(from, _)| *from <= minute);
        self.shifts.get(after.saturating_sub(1)).map_or(0, |(_, ahead)| *ahead)
    }

    /// A moment moved so that its [`Time::civil`] parts are what a clock there shows.
    pub fn wall(&self, at: Time) -> Time {
        at.plus_millis(i64::from(self.ahead(at)) * 60_000)
    }

    /// `21 Nov 2026, 09:12 UTC+1`.
    pub fn readable(&self, at: Time, language: Language) -> String {
        let utc = language.readable(self.wall(at));
        let ahead = self.ahead(at);
        let (sign, minutes) = (if ahead < 0 { '−' } else { '+' }, ahead.unsigned_abs());
        match (minutes / 60, minutes % 60) {
            (0, 0) => utc,
            (hours, 0) => format!("{utc}{sign}{hours}"),
            (hours, rest) => format!("{utc}{sign}{hours}:{rest:02}"),
        }
    }

    /// RFC 3339 with the zone's distance from UTC: `2026-11-21T09:12:00+01:00`.
    pub fn rfc3339(&self, at: Time) -> String {
        let ahead = self.ahead(at);
        let wall = self.wall(at).rfc3339();
        let (sign, minutes) = (if ahead < 0 { '-' } else { '+' }, ahead.unsigned_abs());
        format!("{}{sign}{:02}:{:02}", wall.trim_end_matches('Z'), minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60;

    /// Berlin, from the autumn of 2025 to that of 2026.
    fn berlin() -> Zone {
        let at = |day: i64| day * 24 * HOUR + HOUR;
        Zone::from_pairs("Europe/Berlin".into(), &[0, 60, at(20_387), 60, at(20_541), 120, at(20_751), 60])
    }

    #[test]
    fn clocks_are_set_to_the_minute() {
        let zone = berlin();
        for (millis, shown) in [
            (1_795_248_720_000, "21 Nov 2026, 09:12 UTC+1"),
            (1_774_745_999_000, "29 Mar 2026, 01:59 UTC+1"),
            (1_774_746_000_000, "29 Mar 2026, 03:00 UTC+2"),
            (1_792_889_999_000, "25 Oct 2026, 02:59 UTC+2"),
            (1_792_890_000_000, "25 Oct 2026, 02:00 UTC+1"),
            (0, "1 Jan 1970, 01:00 UTC+1"),
        ] {
            assert_eq!(zone.readable(Time(millis), Language::British), shown);
        }
        assert_eq!(zone.rfc3339(Time(1_795_248_720_000)), "2026-11-21T09:12:00+01:00");
    }

    #[test]
    fn distances_are_written_as_people_do() {
        for (ahead, shown, stamp) in [
            (0, "08:12 UTC", "T08:12:00+00:00"),
            (330, "13:42 UTC+5:30", "T13:42:00+05:30"),
            (-210, "04:42 UTC−3:30", "T04:42:00-03:30"),
            (840, "22:12 UTC+14", "T22:12:00+14:00"),
        ] {
            let zone = Zone { name: "A/B".into(), shifts: vec![(0, ahead)] };
            let at = Time(1_795_248_720_000);
            let readable = zone.readable(at, Language::British);
            assert!(readable.ends_with(shown), "{readable}");
            assert!(zone.rfc3339(at).ends_with(stamp), "{}", zone.rfc3339(at));
        }
        let unknown = Zone { name: "A/B".into(), shifts: Vec::new() };
        assert_eq!(unknown.ahead(Time(5)), 0);
        assert_eq!(Zone::from_pairs("A/B".into(), &[1, 2, 3]).shifts, [(1, 2)]);
    }

    #[test]
    fn a_page_gets_the_years_around_it() {
        let half_year = 183 * 24 * HOUR;
        let shifts = (0..100).map(|n| (n * half_year, if n % 2 == 0 { 60 } else { 120 })).collect();
        let whole = Zone { name: "A/B".into(), shifts };
        let now = Time(60 * half_year * 60_000 + 5);
        let part = whole.clone().around(now);
        assert!((16..=19).contains(&part.shifts.len()), "{}", part.shifts.len());
        for months in -70..24_i64 {
            let at = now.plus_millis(months * 30 * 86_400_000);
            assert_eq!(part.ahead(at), whole.ahead(at), "{months}");
        }
    }
}
