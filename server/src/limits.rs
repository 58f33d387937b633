//! How much one caller may ask of this node: a net under everything that costs, so wide that people never touch it.
//!
//! It is kept in this process, in a table of fixed size without a lock. With several nodes each counts for itself: this protects
//! a node. What must hold for all nodes together (guessing passwords, mails that others are sent) is counted in the database.
//!
//! Each count is a “generic cell rate algorithm”: one number, the moment at which the caller would have used up nothing again.
//! A caller may be ahead of the clock by as much as its burst.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use domain::actor::Who;
use domain::{Actor, Error, ProviderId, Time, UserId};

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    Person(UserId),
    /// A network address; of IPv6 the part that one customer of a network has (/64).
    Network(IpAddr),
    /// A provider that announces people.
    Provider(ProviderId),
    /// Requests whose address is not known.
    Somebody,
}

impl Caller {
    /// Whoever is signed in, the provider that announces people, else the address.
    pub fn of(actor: &Actor) -> Self {
        match &actor.who {
            Who::User(person) => Self::Person(person.id),
            Who::Provider(provider) => Self::Provider(provider.id),
            Who::Visitor | Who::System(_) => Self::network(actor.address.as_deref()),
        }
    }

    /// The caller behind an address, when nobody is signed in.
    pub fn network(address: Option<&str>) -> Self {
        address.and_then(|a| a.parse().ok()).map_or(Self::Somebody, |address| Self::Network(network(address)))
    }
}

/// What one customer of a network has, so that nobody counts as many: of IPv6 the first 64 bits.
pub fn network(address: IpAddr) -> IpAddr {
    // Where IPv4 comes in by a socket of IPv6, its addresses are written as such.
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

/// What is asked for. Each kind is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A page, a form, a server function, a file: all that is nothing else.
    Page,
    /// Searches, which look at more than one index.
    Search,
    /// A file that is sent.
    Upload,
    /// A ticket or a message of a customer: staff and reactors have work with it.
    Writing,
    /// Files that are made of much: imports, exports, a person's data, the log.
    Bulk,
    /// A websocket that is opened.
    Socket,
    /// What has others asked on somebody's behalf: a picture that is fetched, a provider of accounts.
    Remote,
    /// A question that an authenticator is asked: a row until it is answered, or too old.
    Question,
    /// Somebody or a group that a provider announces. It does so with hundreds at once, the first time with all.
    Announcement,
}

impl Kind {
    /// What a request asks for. Whatever a new address is for, it is a page until it is named here.
    pub fn of(method: &Method, path: &str) -> Self {
        let post = method == Method::POST;
        let mut parts = path.split('/').skip(1);
        match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
            ("search", _) | ("rpc", "people") => Self::Search,
            ("rpc", "tickets" | "portal") => match parts.next().unwrap_or_default() {
                "search" => Self::Search,
                "create" | "write" => Self::Writing,
                _ => Self::Page,
            },
            ("rpc", "accounts") if path.ends_with("/passkey_door") => Self::Question,
            ("live", _) => Self::Socket,
            // Whoever comes back from a provider has the provider asked.
            ("files", "remote") | ("sign-in", "with" | "back") => Self::Remote,
            ("files", _) | ("me", "picture") if post => Self::Upload,
            ("companies", _) if post && path.ends_with("/logo") => Self::Upload,
            ("customers", "import") if post => Self::Bulk,
            ("customers", _) if path.ends_with("/export") || path.ends_with("/refused.csv") => Self::Bulk,
            ("settings", "log.csv") => Self::Bulk,
            _ => Self::Page,
        }
    }

    /// Which part of a minute's pages may be asked for at once, and by how much more slowly than those it fills up again.
    fn share(self) -> (u32, u32) {
        match self {
            Self::Page | Self::Announcement => (1, 1),
            Self::Remote => (4, 4),
            Self::Search | Self::Upload | Self::Socket | Self::Question => (8, 8),
            Self::Writing => (40, 120),
            Self::Bulk => (60, 120),
        }
    }
}

/// How many counts there are: half a megabyte.
const SLOTS: usize = 1 << 16;
/// How many of them a caller may have, of which it takes one.
const WAYS: usize = 4;
/// The part of a slot that says when; the rest says whose it is.
const WHEN: u64 = (1 << 40) - 1;
/// How many websockets one person may have open on a node.
const SOCKETS: u32 = 200;

/// How many websockets each person has open.
type Sockets = Mutex<HashMap<UserId, u32>>;

/// The counts of one node.
#[derive(Debug)]
pub struct Limits {
    per_minute: u32,
    /// Unknown to callers, so that nobody can choose whose count theirs pushes out.
    hasher: RandomState,
    slots: Box<[AtomicU64]>,
    /// Milliseconds of the clock at which slots begin to count.
    born: Time,
    sockets: Arc<Sockets>,
}

impl Limits {
    /// Each caller may ask for this many pages a minute, and for less of what costs more; 0: nothing is limited.
    pub fn new(per_minute: u32, now: Time) -> Self {
        let slots = if per_minute == 0 { 0 } else { SLOTS };
        Self {
            per_minute,
            hasher: RandomState::new(),
            slots: std::iter::repeat_with(AtomicU64::default).take(slots).collect(),
            // Clocks are set back now and then.
            born: now.plus_millis(-24 * 3_600_000),
            sockets: Arc::default(),
        }
    }

    /// Counts a request of this actor.
    ///
    /// # Errors
    /// `TooMany`, with the seconds until there is room for another one.
    pub fn admit(&self, kind: Kind, actor: &Actor, now: Time) -> Result<(), Error> {
        // Staff write for a living.
        let kind = if kind == Kind::Writing && actor.is_staff() { Kind::Page } else { kind };
        self.count(kind, Caller::of(actor), now).map_err(|seconds| {
            let mut error = Error::too_many(seconds);
            error.message = format!(
                "This is more than Docket does for one person in so short a time. Nothing was changed. Please wait {} and try again.",
                domain::text::duration(seconds)
            );
            error
        })
    }

    /// Counts one, or says after how many seconds there is room for it.
    fn count(&self, kind: Kind, caller: Caller, now: Time) -> Result<(), u32> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let (burst, slower) = kind.share();
        // In milliseconds, as all that follows.
        let each = (60_000 * u64::from(slower) / u64::from(self.per_minute)).max(1);
        let most = each * u64::from((self.per_minute / burst).max(1));
        let now = u64::try_from(now.0.saturating_sub(self.born.0)).unwrap_or(0).min(WHEN / 2);
        let hash = self.hasher.hash_one((kind, caller));
        // Never 0, so that nobody has an empty slot.
        let whose = (hash >> 40).max(1) << 40;
        let first = (hash as usize % (SLOTS / WAYS)) * WAYS;
        let ways = &self.slots[first..first + WAYS];
        loop {
            let (slot, seen) = mine(ways, whose);
            // What is further ahead than can be was counted before the clock was set back.
            let ahead = Some(seen & WHEN).filter(|&at| seen & !WHEN == whose && at <= now + most);
            let next = ahead.unwrap_or(now).max(now) + each;
            if next > now + most {
                return Err(u32::try_from((next - now - most).div_ceil(1_000)).unwrap_or(u32::MAX));
            }
            if slot.compare_exchange_weak(seen, whose | next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return Ok(());
            }
        }
    }

    /// Holds a place for a websocket of this person until what is returned is dropped.
    ///
    /// # Errors
    /// `TooMany` when they have too many open.
    pub fn socket(&self, person: Option<UserId>) -> Result<Place, Error> {
        let Some(person) = person.filter(|_| self.per_minute > 0) else { return Ok(Place(None)) };
        let mut open = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = open.entry(person).or_default();
        if *mine >= SOCKETS {
            let mut error = Error::too_many(60);
            "You have too many pages of Docket open. Please close some of them.".clone_into(&mut error.message);
            return Err(error);
        }
        *mine += 1;
        Ok(Place(Some((self.sockets.clone(), person))))
    }
}

/// The slot of a caller, and what is in it; where there is none, the one that has the least to remember is taken. To forget
/// somebody is kinder than to refuse somebody else, and memory stays bounded.
fn mine(ways: &[AtomicU64], whose: u64) -> (&AtomicU64, u64) {
    let mut least = (&ways[0], ways[0].load(Ordering::Relaxed));
    for slot in ways {
        let seen = slot.load(Ordering::Relaxed);
        if seen & !WHEN == whose {
            return (slot, seen);
        }
        if seen & WHEN < least.1 & WHEN {
            least = (slot, seen);
        }
    }
    least
}

/// The place of one websocket.
#[derive(Debug)]
pub struct Place(Option<(Arc<Sockets>, UserId)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((open, person)) = &self.0 else { return };
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = open.get_mut(person) {
            *mine -= 1;
            if *mine == 0 {
                open.remove(person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Caller = Caller::Person(UserId(1));
    const NOW: Time = Time(1_795_248_720_000);

    fn at(millis: i64) -> Time {
        NOW.plus_millis(millis)
    }

    #[test]
    fn a_burst_and_then_as_many_as_time_gives_back() {
        let limits = Limits::new(1_200, NOW);
        for n in 0..1_200 {
            assert_eq!(limits.count(Kind::Page, ME, NOW), Ok(()), "{n}");
        }
        assert_eq!(limits.count(Kind::Page, ME, NOW), Err(1));
        assert_eq!(limits.count(Kind::Page, ME, at(49)), Err(1));
        assert_eq!(limits.count(Kind::Page, ME, at(50)), Ok(()));
        assert_eq!(limits.count(Kind::Page, ME, at(50)), Err(1));
        assert!(
            (0..1_200).all(|_| limits.count(Kind::Page, ME, at(60_050)).is_ok()),
            "all of it is back after a minute"
        );
        assert_eq!(limits.count(Kind::Page, Caller::Person(UserId(2)), NOW), Ok(()), "others have their own");
        assert_eq!(limits.count(Kind::Search, ME, NOW), Ok(()), "kinds are apart");
    }

    #[test]
    fn what_costs_more_comes_back_more_slowly() {
        let limits = Limits::new(1_200, NOW);
        let taken = (0..).take_while(|_| limits.count(Kind::Writing, ME, NOW).is_ok()).count();
        assert_eq!((taken, limits.count(Kind::Writing, ME, NOW)), (30, Err(6)));
        assert_eq!(limits.count(Kind::Writing, ME, at(6_000)), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let limits = Limits::new(60, NOW);
        while limits.count(Kind::Page, ME, at(3_600_000)).is_ok() {}
        assert_eq!(limits.count(Kind::Page, ME, NOW), Ok(()));
        assert_eq!(limits.count(Kind::Page, ME, at(-48 * 3_600_000)), Ok(()), "also before it began");
    }

    #[test]
    fn nothing_is_counted_where_nothing_is_limited() {
        let limits = Limits::new(0, NOW);
        assert!(limits.slots.is_empty() && (0..100_000).all(|_| limits.count(Kind::Bulk, ME, NOW).is_ok()));
        assert!(
            (0..1_000).map(|_| limits.socket(Some(UserId(1)))).all(|place| place.is_ok_and(|place| place.0.is_none()))
        );
    }

    #[test]
    fn many_callers_push_each_other_out_and_nobody_is_refused_for_them() {
        let limits = Limits::new(60, NOW);
        let refused =
            (0..200_000).filter(|n| limits.count(Kind::Page, Caller::Person(UserId(*n)), NOW).is_err()).count();
        assert_eq!((refused, limits.slots.len()), (0, SLOTS));
    }

    #[test]
    fn at_once_no_more_are_let_in_than_one_after_the_other() {
        let limits = Limits::new(1_200, NOW);
        let taken: usize = std::thread::scope(|scope| {
            let count = || (0..1_000).filter(|_| limits.count(Kind::Page, ME, NOW).is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 1_200);
    }

    #[test]
    fn sockets_have_places() {
        let limits = Limits::new(1_200, NOW);
        let mut open: Vec<Place> = (0..SOCKETS).map(|_| limits.socket(Some(UserId(1))).unwrap()).collect();
        assert!(limits.socket(Some(UserId(1))).is_err() && limits.socket(Some(UserId(2))).is_ok());
        open.pop();
        assert!(limits.socket(Some(UserId(1))).is_ok());
        drop(open);
        assert!(limits.sockets.lock().unwrap().is_empty(), "nobody is kept in mind who has gone");
    }

    #[test]
    fn whoever_has_many_addresses_is_one() {
        let here = Caller::network(Some("2001:db8:1:2:3::4"));
        assert_eq!(here, Caller::network(Some("2001:db8:1:2::9")));
        assert_ne!(here, Caller::network(Some("2001:db8:1:3::9")));
        assert_eq!(Caller::network(Some("::ffff:192.0.2.1")), Caller::network(Some("192.0.2.1")));
        assert_ne!(Caller::network(Some("::ffff:192.0.2.1")), Caller::network(Some("::ffff:192.0.2.2")));
        assert_eq!(Caller::network(None), Caller::Somebody);
    }

    #[test]
    fn what_costs_is_known_by_its_address() {
        for (method, path, kind) in [
            (Method::GET, "/", Kind::Page),
            (Method::GET, "/tickets/7", Kind::Page),
            (Method::POST, "/rpc/tickets/list", Kind::Page),
            (Method::POST, "/rpc/tickets/search", Kind::Search),
            (Method::POST, "/rpc/portal/search", Kind::Search),
            (Method::POST, "/rpc/people/find", Kind::Search),
            (Method::GET, "/search", Kind::Search),
            (Method::POST, "/rpc/tickets/create", Kind::Writing),
            (Method::POST, "/rpc/tickets/write", Kind::Writing),
            (Method::POST, "/files", Kind::Upload),
            (Method::GET, "/files/abc/a.txt", Kind::Page),
            (Method::GET, "/files/remote/5/1", Kind::Remote),
            (Method::POST, "/rpc/accounts/passkey_door", Kind::Question),
            (Method::POST, "/rpc/accounts/passkeys", Kind::Page),
            (Method::GET, "/live", Kind::Socket),
            (Method::POST, "/customers/import", Kind::Bulk),
            (Method::GET, "/customers/import", Kind::Page),
            (Method::POST, "/customers/7/export", Kind::Bulk),
            (Method::GET, "/settings/log.csv", Kind::Bulk),
        ] {
            assert_eq!(Kind::of(&method, path), kind, "{method} {path}");
        }
    }
}
