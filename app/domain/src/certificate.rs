//! How people reach the server by HTTPS, and how the certificate for it stands.

use crate::Time;
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
}

/// What superadmins are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Https {
    pub source: Source,
    /// Of an authority's certificate, once a server has begun with it.
    pub standing: Option<Standing>,
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// The longest pause between two tries.
const PAUSE_MOST: i64 = 6 * HOUR;
/// The same while the authority cannot even be reached: then it counts nothing against us.
const PAUSE_UNREACHABLE: i64 = 16 * MINUTE;

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
    fn a_third_of_the_life_is_left_for_trying() {
        const DAY: i64 = 86_400_000;
        assert_eq!(renewal(Time(0), Time(90 * DAY)), Time(60 * DAY));
        assert_eq!(renewal(Time(7), Time(7 + 6 * DAY)), Time(7 + 4 * DAY));
        assert_eq!(renewal(Time(7), Time(7)), Time(7));
        assert_eq!(renewal(Time(9), Time(0)), Time(3), "nonsense does not break it");
    }
}
