//! How many calls one caller may make: a net below the operations' own limits.
//!
//! It is kept in this process and in bounded memory. With several nodes each counts for itself, so it protects a node
//! and is not a quota; what must hold for all nodes together (guessing passwords) is counted in the database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::Time;

use crate::limits::Caller;

/// Calls are counted by the minute, in milliseconds.
const WINDOW_MS: i64 = 60_000;

/// How many callers are remembered at once; some megabytes.
const CALLERS: usize = 20_000;

/// Without a token there is little to do but to log in: this part of the limit is left.
const ANONYMOUS: u32 = 10;

/// `draft-ietf-httpapi-ratelimit-headers-09`.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What a caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Calls a minute.
    limit: u32,
    left: u32,
    /// Seconds until the count starts again.
    resets_in: u32,
    pub allowed: bool,
}

impl Allowance {
    /// Seconds until another try makes sense.
    pub fn retry_after(&self) -> u32 {
        self.resets_in
    }

    /// Says so in the answer.
    pub fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            (RATE_LIMIT, format!("\"api\";r={};t={}", self.left, self.resets_in)),
            (POLICY, format!("\"api\";q={};w={}", self.limit, WINDOW_MS / 1_000)),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// Counts calls.
#[derive(Debug)]
pub struct Limiter {
    per_minute: u32,
    callers: Mutex<HashMap<Caller, Window>>,
}

#[derive(Debug)]
struct Window {
    began: Time,
    calls: u32,
}

impl Limiter {
    /// Each person may make this many calls a minute; 0 does not count at all.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, callers: Mutex::default() }
    }

    /// Counts a call. `None` when calls are not counted.
    pub fn count(&self, caller: Caller, now: Time) -> Option<Allowance> {
        if self.per_minute == 0 {
            return None;
        }
        let limit = match caller {
            Caller::Person(_) => self.per_minute,
            _ => self.per_minute.div_ceil(ANONYMOUS),
        };
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= CALLERS && !callers.contains_key(&caller) {
            callers.retain(|_, window| now.0 - window.began.0 < WINDOW_MS);
            // All of them within a minute: forgetting is kinder than refusing, and memory stays bounded.
            if callers.len() >= CALLERS {
                callers.clear();
            }
        }
        let window = callers.entry(caller).or_insert(Window { began: now, calls: 0 });
        if !(0..WINDOW_MS).contains(&(now.0 - window.began.0)) {
            *window = Window { began: now, calls: 0 };
        }
        let allowed = window.calls < limit;
        window.calls += u32::from(allowed);
        let rest = window.began.0 + WINDOW_MS - now.0;
        Some(Allowance {
            limit,
            left: limit - window.calls,
            resets_in: u32::try_from((rest + 999) / 1_000).unwrap_or(1).max(1),
            allowed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::UserId;

    const ME: Caller = Caller::Person(UserId(1));

    #[test]
    fn calls_are_counted_by_caller_and_minute() {
        let limiter = Limiter::new(2);
        let count = |caller, at| limiter.count(caller, Time(at)).unwrap();
        assert_eq!(count(ME, 0), Allowance { limit: 2, left: 1, resets_in: 60, allowed: true });
        assert!(count(ME, 30_000).allowed);
        assert_eq!(count(ME, 59_001), Allowance { limit: 2, left: 0, resets_in: 1, allowed: false });
        assert!(count(Caller::Person(UserId(2)), 59_001).allowed);
        assert!(count(ME, 60_000).allowed);
        assert!(count(ME, 10_000).allowed, "a clock that was set back does not lock out");
        assert_eq!(Limiter::new(0).count(ME, Time(0)), None);
    }

    #[test]
    fn without_a_token_there_are_fewer() {
        let limiter = Limiter::new(10);
        let here = Caller::network(Some("2001:db8:1:2:3::4"));
        assert!(limiter.count(here, Time(0)).unwrap().allowed);
        assert!(!limiter.count(here, Time(0)).unwrap().allowed);
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::new(10);
        for n in 0..30_000 {
            limiter.count(Caller::Person(UserId(n)), Time(0));
        }
        assert!(limiter.callers.lock().unwrap().len() <= CALLERS);
    }

    #[test]
    fn answers_say_what_is_left() {
        let mut headers = HeaderMap::new();
        Limiter::new(5).count(ME, Time(0)).unwrap().write(&mut headers);
        assert_eq!(headers["ratelimit"], "\"api\";r=4;t=60");
        assert_eq!(headers["ratelimit-policy"], "\"api\";q=5;w=60");
    }
}
