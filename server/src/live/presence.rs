//! Who looks at which ticket, and who is typing.
//!
//! Every node keeps a book of what happens on its own sockets, tells the others of each change, and of everything every
//! 20 seconds. A node that dies without a word vanishes from the books of the others after 50. Nothing of this is in a
//! table: it is worth nothing a minute later.

use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::live::{LOOKING_MAX, Looking, TYPING_MS, ToBrowser};
use domain::ticket::Writing;
use domain::{Actor, Principal, TicketId, UserId};
use serde::{Deserialize, Serialize};
use store::live::{CALL_MAX, Channel};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::Live;

/// How often a node tells the others everything it knows.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Without a heartbeat, what a node has told is forgotten after this.
const EXPIRY: Duration = Duration::from_secs(50);
/// Changes are gathered for so long before they are told: opening a page leaves one ticket and enters another.
const GATHER: Duration = Duration::from_millis(30);
/// How often it is looked whether somebody has stopped typing.
const TICK: Duration = Duration::from_secs(1);
const TYPING: Duration = Duration::from_millis(TYPING_MS.unsigned_abs());

/// The presence of one node.
#[derive(Debug)]
pub struct Presence {
    book: Mutex<Book>,
    changed: Notify,
}

/// What one node tells the others.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Call {
    node: u64,
    /// The node is new: the others tell it what they know.
    #[serde(default)]
    hello: bool,
    /// The node stops: all of its people are gone.
    #[serde(default)]
    bye: bool,
    #[serde(default)]
    seats: Vec<Told>,
}

/// One person at one ticket, as told to other nodes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Told {
    ticket: TicketId,
    user: UserId,
    name: String,
    staff: bool,
    here: bool,
    typing: Option<Writing>,
}

#[derive(Debug)]
struct Book {
    node: u64,
    rooms: HashMap<TicketId, HashMap<Place, Seat>>,
    /// Tickets whose people have changed since they were last shown.
    changed: HashSet<TicketId>,
    /// What the other nodes have not been told yet.
    to_tell: Vec<Told>,
    tell_all: bool,
    /// Whether this node has to greet, and whether one that greeted waits for an answer.
    hello: bool,
    answer: bool,
}

/// A person on a node.
type Place = (u64, UserId);

#[derive(Debug)]
struct Seat {
    name: String,
    staff: bool,
    /// On this node: how many tabs show the ticket.
    tabs: u32,
    /// On other nodes: when it is forgotten unless it is told again.
    until: Option<Instant>,
    typing: Option<(Writing, Instant)>,
}

impl Presence {
    pub fn new(node: u64) -> Self {
        Self { book: Mutex::new(Book::new(node)), changed: Notify::new() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, change: impl FnOnce(&mut Book)) {
        change(&mut self.book());
        self.changed.notify_one();
    }

    /// Somebody opened a ticket, in one more tab.
    pub fn join(&self, ticket: TicketId, person: &Principal) {
        self.with(|book| book.join(ticket, person));
    }

    /// Somebody closed one of these tabs.
    pub fn leave(&self, ticket: TicketId, user: UserId) {
        self.with(|book| book.leave(ticket, user));
    }

    /// Somebody is writing. Nothing happens if they do not look at the ticket.
    pub fn typing(&self, ticket: TicketId, user: UserId, what: Writing) {
        let now = Instant::now();
        self.with(|book| book.typing(ticket, user, what, now));
    }

    /// Somebody has written: they are not typing any more.
    pub fn wrote(&self, ticket: TicketId, user: UserId) {
        if self.book().wrote(ticket, user) {
            self.changed.notify_one();
        }
    }

    /// What another node says. Returns whether it was another one.
    pub fn heard(&self, payload: &str, now: Instant) -> bool {
        let Ok(call) = serde_json::from_str::<Call>(payload) else {
            tracing::debug!("a call about presence was not understood; another release?");
            return false;
        };
        let mut book = self.book();
        if call.node == book.node {
            return false;
        }
        book.heard(call, now);
        drop(book);
        self.changed.notify_one();
        true
    }

    /// Makes this node known to the others.
    pub fn greet(&self) {
        self.with(|book| {
            book.hello = true;
            book.tell_all = true;
        });
    }
}

/// Shows changes to those who look, and tells them to the other nodes, until this one stops.
pub async fn run(live: Live) {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = live.stop().cancelled() => break,
            () = live.presence().changed.notified() => sleep(GATHER).await,
            _ = tick.tick() => {}
            _ = heartbeat.tick() => live.presence().book().tell_all = true,
        }
        let (changed, calls) = live.presence().book().take(Instant::now(), live.has_peers());
        for ticket in changed {
            let book = live.presence().book();
            let room = book.room(ticket);
            live.hub().presence(ticket, |actor| view(ticket, &room, actor));
        }
        tell(&live, calls).await;
    }
    let bye = Call { node: live.node(), bye: true, ..Call::default() };
    tell(&live, written(&bye).into_iter().collect()).await;
}

async fn tell(live: &Live, calls: Vec<String>) {
    if calls.is_empty() {
        return;
    }
    // What is lost here is said again with the next heartbeat.
    if let Err(error) = store::live::call(live.desk(), Channel::Presence, &calls).await {
        tracing::warn!(%error, "other nodes could not be told who is here");
    }
}

fn written(call: &Call) -> Option<String> {
    serde_json::to_string(call).inspect_err(|error| tracing::error!(%error, "a call could not be written down")).ok()
}

/// What this actor is told of the people at a ticket. Staff see everybody but themselves; customers only learn which
/// staff are writing to them, never who looks or writes a note.
fn view(ticket: TicketId, room: &[(Looking, bool)], actor: &Actor) -> (u64, ToBrowser) {
    let me = actor.user_id();
    let others = room.iter().filter(|(p, _)| Some(p.id) != me);
    let mut people: Vec<Looking> = if actor.is_staff() {
        others.map(|(p, _)| p.clone()).collect()
    } else {
        others.filter(|(p, replying)| p.staff && *replying).map(|(p, _)| p.clone()).collect()
    };
    if people.len() > LOOKING_MAX {
        people.sort_by_key(|p| !p.typing);
        people.truncate(LOOKING_MAX);
    }
    people.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let hash = if people.is_empty() {
        0
    } else {
        let mut hasher = DefaultHasher::new();
        for p in &people {
            (p.id, &p.name, p.typing).hash(&mut hasher);
        }
        hasher.finish().max(1)
    };
    (hash, ToBrowser::Presence { ticket, people })
}

impl Book {
    fn new(node: u64) -> Self {
        Self {
            node,
            rooms: HashMap::new(),
            changed: HashSet::new(),
            to_tell: Vec::new(),
            tell_all: false,
            hello: false,
            answer: false,
        }
    }

    fn join(&mut self, ticket: TicketId, person: &Principal) {
        let place = (self.node, person.id);
        let seat = self.rooms.entry(ticket).or_default().entry(place).or_insert_with(|| Seat {
            name: person.name.clone(),
            staff: person.role.is_staff(),
            tabs: 0,
            until: None,
            typing: None,
        });
        seat.tabs += 1;
        if seat.tabs == 1 {
            let told = told(ticket, person.id, seat, true);
            self.to_tell.push(told);
        }
        // Also for a second tab: it has not been shown anything yet.
        self.changed.insert(ticket);
    }

    fn leave(&mut self, ticket: TicketId, user: UserId) {
        let Some(room) = self.rooms.get_mut(&ticket) else { return };
        let Entry::Occupied(mut seat) = room.entry((self.node, user)) else { return };
        seat.get_mut().tabs -= 1;
        if seat.get().tabs == 0 {
            let seat = seat.remove();
            self.to_tell.push(told(ticket, user, &seat, false));
            self.changed.insert(ticket);
            if room.is_empty() {
                self.rooms.remove(&ticket);
            }
        }
    }

    fn typing(&mut self, ticket: TicketId, user: UserId, what: Writing, now: Instant) {
        let Some(seat) = self.rooms.get_mut(&ticket).and_then(|r| r.get_mut(&(self.node, user))) else { return };
        if seat.typing.is_none_or(|(was, _)| was != what) {
            self.changed.insert(ticket);
        }
        seat.typing = Some((what, now + TYPING));
        let told = told(ticket, user, seat, true);
        self.to_tell.push(told);
    }

    fn wrote(&mut self, ticket: TicketId, user: UserId) -> bool {
        let Some(room) = self.rooms.get_mut(&ticket) else { return false };
        let mut stopped = false;
        for ((_, _), seat) in room.iter_mut().filter(|((_, id), _)| *id == user) {
            stopped |= seat.typing.take().is_some();
        }
        if stopped {
            self.changed.insert(ticket);
        }
        stopped
    }

    fn heard(&mut self, call: Call, now: Instant) {
        if call.hello {
            self.tell_all = true;
            self.answer = true;
        }
        if call.bye {
            let node = call.node;
            self.retain(|place, _| place.0 != node);
        }
        for told in call.seats {
            let place = (call.node, told.user);
            if told.here {
                let room = self.rooms.entry(told.ticket).or_default();
                let typing = told.typing.map(|what| (what, now + TYPING));
                let seat = Seat { name: told.name, staff: told.staff, tabs: 0, until: Some(now + EXPIRY), typing };
                let before = room.insert(place, seat);
                let was_typing = before.as_ref().and_then(|s| s.typing).map(|(what, _)| what);
                if before.is_none() || was_typing != told.typing {
                    self.changed.insert(told.ticket);
                }
            } else if let Some(room) = self.rooms.get_mut(&told.ticket) {
                if room.remove(&place).is_some() {
                    self.changed.insert(told.ticket);
                }
                if room.is_empty() {
                    self.rooms.remove(&told.ticket);
                }
            }
        }
    }

    /// Keeps only some seats, and notes where one has gone.
    fn retain(&mut self, keep: impl Fn(&Place, &Seat) -> bool) {
        let Self { rooms, changed, .. } = self;
        rooms.retain(|ticket, room| {
            let before = room.len();
            room.retain(|place, seat| keep(place, seat));
            if room.len() != before {
                changed.insert(*ticket);
            }
            !room.is_empty()
        });
    }

    /// What is to be shown and told now; then nothing is until something changes. Alone, a node only says that it is
    /// there, for one that may listen.
    fn take(&mut self, now: Instant, peers: bool) -> (Vec<TicketId>, Vec<String>) {
        self.retain(|_, seat| seat.until.is_none_or(|until| until > now));
        for (ticket, room) in &mut self.rooms {
            for seat in room.values_mut() {
                if seat.typing.is_some_and(|(_, until)| until <= now) {
                    seat.typing = None;
                    self.changed.insert(*ticket);
                }
            }
        }
        let mut tell = std::mem::take(&mut self.to_tell);
        let all = std::mem::take(&mut self.tell_all);
        let peers = std::mem::take(&mut self.answer) || peers;
        if !peers {
            tell.clear();
        } else if all {
            // Who has left has to be told apart: the rest is in the whole.
            tell.retain(|t| !t.here);
            let here = self.rooms.iter().flat_map(|(ticket, room)| {
                room.iter()
                    .filter(|((node, _), _)| *node == self.node)
                    .map(|((_, user), s)| told(*ticket, *user, s, true))
            });
            tell.extend(here);
            tell.sort_by_key(|t| t.here);
        }
        let hello = std::mem::take(&mut self.hello);
        let calls = if all || !tell.is_empty() { calls(self.node, hello, tell) } else { Vec::new() };
        (self.changed.drain().collect(), calls)
    }

    /// The people at a ticket, each once, and whether they write something that a customer will read.
    fn room(&self, ticket: TicketId) -> Vec<(Looking, bool)> {
        let mut people: HashMap<UserId, (Looking, bool)> = HashMap::new();
        for ((_, user), seat) in self.rooms.get(&ticket).into_iter().flatten() {
            let (person, replying) = people.entry(*user).or_insert_with(|| {
                (Looking { id: *user, name: seat.name.clone(), typing: false, staff: seat.staff }, false)
            });
            person.typing |= seat.typing.is_some();
            *replying |= matches!(seat.typing, Some((Writing::Reply, _)));
        }
        people.into_values().collect()
    }
}

fn told(ticket: TicketId, user: UserId, seat: &Seat, here: bool) -> Told {
    let typing = seat.typing.map(|(what, _)| what).filter(|_| here);
    Told { ticket, user, name: seat.name.clone(), staff: seat.staff, here, typing }
}

/// Splits what there is to tell into calls that PostgreSQL carries.
fn calls(node: u64, hello: bool, told: Vec<Told>) -> Vec<String> {
    // What surrounds the list, and what is kept free.
    const AROUND: usize = 200;
    let mut calls = Vec::new();
    let mut call = Call { node, hello, ..Call::default() };
    let mut size = AROUND;
    for one in told {
        // A name may grow sixfold when it is written as JSON.
        let length = 120 + one.name.len() * 6;
        if size + length > CALL_MAX {
            calls.extend(written(&call));
            call = Call { node, ..Call::default() };
            size = AROUND;
        }
        size += length;
        call.seats.push(one);
    }
    calls.extend(written(&call));
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Role;

    const T: TicketId = TicketId(7);

    fn person(id: i64, name: &str, role: Role) -> Principal {
        let email = format!("{id}@desk.example");
        Principal { id: UserId(id), name: name.into(), email, role, company: None, sees_company: false }
    }

    fn names(book: &Book, actor: &Principal) -> Vec<(String, bool)> {
        let (_, message) = view(T, &book.room(T), &Actor::user(actor.clone(), None));
        let ToBrowser::Presence { people, .. } = message else { panic!("not presence") };
        people.into_iter().map(|p| (p.name, p.typing)).collect()
    }

    fn seen(name: &str, typing: bool) -> (String, bool) {
        (name.into(), typing)
    }

    #[test]
    fn tabs_count_once_and_nobody_sees_themselves() {
        let (ann, bob) = (person(1, "Ann", Role::Agent), person(2, "Bob", Role::Agent));
        let mut book = Book::new(1);
        book.join(T, &ann);
        book.join(T, &ann);
        book.join(T, &bob);
        assert_eq!(names(&book, &bob), [seen("Ann", false)]);
        assert_eq!(names(&book, &ann), [seen("Bob", false)]);
        book.leave(T, ann.id);
        assert_eq!(names(&book, &bob), [seen("Ann", false)]);
        book.leave(T, ann.id);
        book.leave(T, ann.id);
        assert!(names(&book, &bob).is_empty());
        book.leave(T, bob.id);
        assert!(book.rooms.is_empty());
    }

    #[test]
    fn customers_learn_only_of_replies_being_written() {
        let (ann, carl) = (person(1, "Ann", Role::Agent), person(3, "Carl", Role::Customer));
        let now = Instant::now();
        let mut book = Book::new(1);
        book.join(T, &ann);
        book.join(T, &carl);
        assert_eq!(names(&book, &ann), [seen("Carl", false)]);
        assert!(names(&book, &carl).is_empty());
        book.typing(T, ann.id, Writing::Note, now);
        assert!(names(&book, &carl).is_empty());
        book.typing(T, ann.id, Writing::Reply, now);
        assert_eq!(names(&book, &carl), [seen("Ann", true)]);
        assert!(book.wrote(T, ann.id));
        assert!(names(&book, &carl).is_empty());
        book.typing(T, carl.id, Writing::Reply, now);
        assert_eq!(names(&book, &ann), [seen("Carl", true)]);
    }

    #[test]
    fn typing_ends_by_itself() {
        let (ann, bob) = (person(1, "Ann", Role::Agent), person(2, "Bob", Role::Agent));
        let now = Instant::now();
        let mut book = Book::new(1);
        book.join(T, &ann);
        book.join(T, &bob);
        book.typing(T, ann.id, Writing::Reply, now);
        assert_eq!(book.take(now, true).0, [T]);
        assert_eq!(names(&book, &bob), [seen("Ann", true)]);
        // Again in time: nothing new to show.
        book.typing(T, ann.id, Writing::Reply, now + TYPING / 2);
        assert!(book.take(now + TYPING, true).0.is_empty());
        assert_eq!(book.take(now + TYPING * 2, true).0, [T]);
        assert_eq!(names(&book, &bob), [seen("Ann", false)]);
    }

    /// Brings what one book tells to another.
    fn carry(from: &mut Book, to: &mut Book, now: Instant) {
        for call in from.take(now, true).1 {
            assert!(call.len() <= CALL_MAX, "{}", call.len());
            to.heard(serde_json::from_str(&call).expect("a call"), now);
        }
    }

    #[test]
    fn nodes_tell_each_other_and_the_dead_vanish() {
        let (ann, bob) = (person(1, "Ann", Role::Agent), person(2, "Bob", Role::Agent));
        let now = Instant::now();
        let (mut one, mut two) = (Book::new(1), Book::new(2));
        one.join(T, &ann);
        two.join(T, &bob);
        carry(&mut one, &mut two, now);
        assert_eq!(names(&two, &bob), [seen("Ann", false)]);
        one.typing(T, ann.id, Writing::Reply, now);
        carry(&mut one, &mut two, now);
        assert_eq!(names(&two, &bob), [seen("Ann", true)]);
        // A heartbeat keeps her; without one she is gone.
        one.tell_all = true;
        carry(&mut one, &mut two, now + HEARTBEAT);
        two.take(now + EXPIRY, true);
        assert_eq!(names(&two, &bob), [seen("Ann", false)]);
        two.take(now + HEARTBEAT + EXPIRY, true);
        assert!(names(&two, &bob).is_empty());
        // A goodbye works at once.
        one.tell_all = true;
        carry(&mut one, &mut two, now);
        assert_eq!(names(&two, &bob).len(), 1);
        two.heard(Call { node: 1, bye: true, ..Call::default() }, now);
        assert!(names(&two, &bob).is_empty());
    }

    #[test]
    fn a_full_house_fits_into_calls() {
        let now = Instant::now();
        let (mut one, mut two) = (Book::new(u64::MAX), Book::new(2));
        for id in 0..500 {
            one.join(T, &person(id, &"\u{1}ü".repeat(50), Role::Agent));
        }
        one.tell_all = true;
        carry(&mut one, &mut two, now);
        assert_eq!(two.room(T).len(), 500);
        assert_eq!(names(&two, &person(999, "Zoe", Role::Agent)).len(), LOOKING_MAX);
    }
}
