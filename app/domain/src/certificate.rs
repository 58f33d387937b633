//! How people reach the server by HTTPS, and how the certificate for it stands.

use crate::{Code, Error, Result, Time, text::duration};
use serde::{Deserialize, Serialize};

/// Where the certificate comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// There is none: people come without encryption.
    #[default]
    Nothing,
    /// It is that of a proxy in front.
    Proxy,
    /// From files.
    Files,
    /// From an authority (ACME), for this name.
    Authority { directory: String, name: String },
}

/// What there is of an authority, and what has become of the last tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// From when until when the certificate in use is valid; `None`: there is none yet.
    pub valid: Option<(Time, Time)>,
    /// When the authority is asked next: to renew, or to try again.
    pub next_at: Time,
    /// How often in a row it has failed.
    pub failures: i32,
    /// What was wrong the last time, and when.
    pub failure: Option<(String, Time)>,
    /// Before which the authority does not want to be asked again.
    pub not_before: Option<Time>,
    /// When somebody last had it tried at once.
    pub asked_at: Option<Time>,
    /// Whether the authority itself has suggested when to renew.
    pub suggested: bool,
}

impl Standing {
    /// Whether a server asks the authority now, or is about to.
    pub fn is_under_way(&self, now: Time) -> bool {
        self.next_at <= now
    }

    /// Until when the authority does not want to be asked, if that is to come.
    pub fn held_until(&self, now: Time) -> Option<Time> {
        self.not_before.filter(|until| *until > now)
    }

    /// Whether the authority may be asked at once in place of when it is time. Errors: `Impossible` where nothing has failed;
    /// `Busy` while it is being asked; `TooMany` before the authority wants to be asked, and within a minute of the last try.
    pub fn may_hurry(&self, now: Time) -> Result<()> {
        if self.is_under_way(now) {
            return Err(Error::new(
                Code::Busy,
                "A server is asking the authority right now. Please wait for what comes of it.",
            ));
        }
        let Some((_, failed_at)) = &self.failure else {
            return Err(Error::new(Code::Impossible, "Nothing has failed: the certificate is renewed by itself."));
        };
        if let Some(until) = self.held_until(now) {
            let wait = seconds(now, until);
            let words = format!("The authority does not want to be asked again yet. Please wait {}.", duration(wait));
            return Err(Error { retry_after: Some(wait), ..Error::new(Code::TooMany, words) });
        }
        let last = self.asked_at.map_or(*failed_at, |asked| asked.max(*failed_at));
        match last.plus_millis(MINUTE) {
            soon if soon > now => Err(Error::too_many(seconds(now, soon))),
            _ => Ok(()),
        }
    }
}

/// How many seconds there are to a moment to come.
fn seconds(now: Time, until: Time) -> u32 {
    let wait = until.0.saturating_sub(now.0).clamp(1_000, i64::from(u32::MAX));
    u32::try_from((wait + 999) / 1_000).unwrap_or(u32::MAX)
}

/// What superadmins are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Https {
    pub source: Source,
    /// Of an authority's certificate, once a server has begun with it.
    pub standing: Option<Standing>,
    /// Whether a server asks the authority now.
    pub under_way: bool,
    /// Until when it does not want to be asked.
    pub held_until: Option<Time>,
    /// Whether the certificate in use is valid no more.
    pub expired: bool,
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// The longest pause between two tries.
const PAUSE_MOST: i64 = 6 * HOUR;
/// The same while the authority cannot even be reached: then it counts nothing against us.
const PAUSE_UNREACHABLE: i64 = 16 * MINUTE;

/// The longest that an authority can have us wait.
pub const NOT_BEFORE_MOST: i64 = 31 * 24 * HOUR;
/// How often it is asked when it would have a certificate renewed: not more and not less often, whatever it says itself, and when
/// it does not answer (RFC 9773, section 4.3).
const LOOK_LEAST: i64 = HOUR;
const LOOK_MOST: i64 = 24 * HOUR;
pub const LOOK_AGAIN: i64 = 6 * HOUR;

/// Why there is no new certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The authority could not be asked.
    Unreachable,
    /// It has refused, or could not reach us.
    Refused,
    /// It has had too many requests of us.
    TooMany,
}

/// How long to wait after so many failures in a row, in milliseconds: a minute, and each time four times as long. Let's Encrypt
/// takes five failures an hour for a name; these are four.
pub fn pause(failures: i32, fault: Fault) -> i64 {
    let grown = MINUTE << (2 * (failures - 1).clamp(0, 6));
    match fault {
        Fault::Unreachable => grown.min(PAUSE_UNREACHABLE),
        Fault::Refused => grown.min(PAUSE_MOST),
        Fault::TooMany => grown.clamp(HOUR, PAUSE_MOST),
    }
}

/// When the next try is after so many failures in a row: when the pause is over, and not before the authority wants it.
pub fn next_try(now: Time, failures: i32, fault: Fault, not_before: Option<Time>) -> Time {
    // Who says when to come back needs no guess of ours.
    let fault = if fault == Fault::TooMany && not_before.is_some() { Fault::Refused } else { fault };
    let told = not_before.map(|until| until.min(now.plus_millis(NOT_BEFORE_MOST)));
    now.plus_millis(pause(failures, fault)).max(told.unwrap_or(now))
}

/// When a certificate is renewed by what the authority suggests (RFC 9773): somewhere in its window, the same for the same
/// certificate, and with a tenth of its life to spare in any case. `None`: it is no window. `share`: how far into it, of 65,536.
pub fn suggested(window: (Time, Time), valid: (Time, Time), share: u16) -> Option<Time> {
    let length = window.1.0.checked_sub(window.0.0).filter(|length| *length > 0)?;
    let chosen = i128::from(window.0.0) + i128::from(length) * i128::from(share) / 65_536;
    let latest = valid.1.plus_millis(-(valid.1.0.saturating_sub(valid.0.0) / 10));
    Some(Time(i64::try_from(chosen).ok()?).min(latest))
}

/// When it is asked for its suggestion again, as it wants that in so many milliseconds.
pub fn look_again(now: Time, wanted: i64) -> Time {
    now.plus_millis(wanted.clamp(LOOK_LEAST, LOOK_MOST))
}

/// When a certificate is renewed: when two thirds of its life are over.
pub fn renewal(from: Time, until: Time) -> Time {
    from.plus_millis(until.0.saturating_sub(from.0) / 3 * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_what_authorities_allow() {
        let of = |fault| (0..=9).map(|failures| pause(failures, fault) / MINUTE).collect::<Vec<_>>();
        assert_eq!(of(Fault::Unreachable), [1, 1, 4, 16, 16, 16, 16, 16, 16, 16]);
        assert_eq!(of(Fault::Refused), [1, 1, 4, 16, 64, 256, 360, 360, 360, 360]);
        assert_eq!(of(Fault::TooMany), [60, 60, 60, 60, 64, 256, 360, 360, 360, 360]);
        assert_eq!(pause(i32::MAX, Fault::Refused), PAUSE_MOST);
        let tries = (1..=5).scan(0, |at, n| {
            let this = *at;
            *at += pause(n, Fault::Refused);
            Some(this)
        });
        assert_eq!(tries.filter(|at| *at < HOUR).count(), 4);
    }

    #[test]
    fn no_try_comes_before_the_authority_wants_it() {
        let now = Time(1_000 * HOUR);
        let after = |failures, fault, wait: Option<i64>| {
            (next_try(now, failures, fault, wait.map(|wait| now.plus_millis(wait))).0 - now.0) / MINUTE
        };
        for (failures, fault, wait, minutes) in [
            (1, Fault::TooMany, None, 60),
            (1, Fault::TooMany, Some(5 * MINUTE), 5),
            (1, Fault::TooMany, Some(168 * HOUR), 168 * 60),
            (6, Fault::TooMany, Some(5 * MINUTE), 360),
            (1, Fault::TooMany, Some(-HOUR), 1),
            (1, Fault::Refused, Some(2 * HOUR), 120),
            (3, Fault::Unreachable, Some(2 * HOUR), 120),
            (3, Fault::Unreachable, Some(MINUTE), 16),
            (1, Fault::TooMany, Some(i64::MAX), 31 * 24 * 60),
        ] {
            assert_eq!(after(failures, fault, wait), minutes, "{failures} {fault:?} {wait:?}");
        }
    }

    #[test]
    fn who_may_hurry() {
        let now = Time(1_000 * HOUR);
        let at = |minutes: i64| now.plus_millis(minutes * MINUTE);
        let failed = Standing {
            valid: None,
            next_at: at(60),
            failures: 3,
            failure: Some(("It rains".into(), at(-5))),
            not_before: None,
            asked_at: None,
            suggested: false,
        };
        let of = |standing: Standing| standing.may_hurry(now).map_err(|error| (error.code, error.retry_after));
        assert_eq!(of(failed.clone()), Ok(()));
        assert_eq!(of(Standing { asked_at: Some(at(-1)), ..failed.clone() }), Ok(()));
        assert_eq!(of(Standing { not_before: Some(at(0)), ..failed.clone() }), Ok(()));
        for (standing, refused) in [
            (Standing { failures: 0, failure: None, ..failed.clone() }, (Code::Impossible, None)),
            (Standing { next_at: at(0), ..failed.clone() }, (Code::Busy, None)),
            (Standing { failures: 0, failure: None, next_at: at(-9), ..failed.clone() }, (Code::Busy, None)),
            (Standing { asked_at: Some(now.plus_millis(-59_000)), ..failed.clone() }, (Code::TooMany, Some(1))),
            (
                Standing { failure: Some(("It rains".into(), now.plus_millis(-100))), ..failed.clone() },
                (Code::TooMany, Some(60)),
            ),
            (Standing { not_before: Some(at(30)), ..failed.clone() }, (Code::TooMany, Some(1_800))),
        ] {
            assert_eq!(of(standing.clone()), Err(refused), "{standing:?}");
        }
    }

    #[test]
    fn a_suggestion_is_followed_within_reason() {
        const DAY: i64 = 86_400_000;
        let valid = (Time(0), Time(90 * DAY));
        let of = |from: i64, until: i64, share| suggested((Time(from), Time(until)), valid, share).map(|at| at.0);
        assert_eq!(of(60 * DAY, 62 * DAY, 0), Some(60 * DAY));
        assert_eq!(of(60 * DAY, 62 * DAY, 32_768), Some(61 * DAY));
        assert!((of(60 * DAY, 62 * DAY, u16::MAX).unwrap() - 62 * DAY).abs() < HOUR);
        assert_eq!(of(-2 * DAY, -DAY, 0), Some(-2 * DAY), "it is over: at once");
        assert_eq!(of(88 * DAY, 200 * DAY, 9), Some(81 * DAY), "not when it has run out");
        for (from, until) in [(5, 5), (6, 5), (i64::MIN, i64::MAX), (i64::MAX, i64::MIN)] {
            assert_eq!(of(from, until, 7), None, "{from} {until}");
        }
        let now = Time(7);
        for (wanted, hours) in [(0, 1), (-5, 1), (6 * HOUR, 6), (i64::MAX, 24)] {
            assert_eq!(look_again(now, wanted), now.plus_millis(hours * HOUR));
        }
    }

    #[test]
    fn a_third_of_the_life_is_left_for_trying() {
        const DAY: i64 = 86_400_000;
        assert_eq!(renewal(Time(0), Time(90 * DAY)), Time(60 * DAY));
        assert_eq!(renewal(Time(7), Time(7 + 6 * DAY)), Time(7 + 4 * DAY));
        assert_eq!(renewal(Time(7), Time(7)), Time(7));
        assert_eq!(renewal(Time(9), Time(0)), Time(3), "nonsense does not break it");
    }
}
