//! The book of one node: who is where, on this node and, as they have told, on the others.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::live::{Looking, TYPING_MS};
use domain::ticket::Writing;
use domain::{Principal, TicketId, UserId};
use tokio::time::Instant;

use super::call::{Call, Told, calls};

/// A node of which nothing was heard for so long is dead, and its people are gone. Three beats.
pub(super) const SILENT: Duration = Duration::from_secs(12);
/// What was told of a person holds for so long: the call that they have left may have been lost.
pub(super) const EXPIRY: Duration = Duration::from_secs(50);
pub(super) const TYPING: Duration = Duration::from_millis(TYPING_MS.unsigned_abs());

#[derive(Debug)]
pub(super) struct Book {
    pub node: u64,
    pub rooms: HashMap<TicketId, HashMap<Place, Seat>>,
    /// When each of the other nodes was heard of last.
    lives: HashMap<u64, Instant>,
    /// Tickets whose people have changed since they were last shown.
    changed: HashSet<TicketId>,
    /// What the other nodes have not been told yet.
    to_tell: Vec<Told>,
    pub tell_all: bool,
    /// The others are to hear that this node lives.
    pub beat: bool,
    /// Whether this node has to greet, and whether one that greeted waits for an answer.
    pub hello: bool,
    answer: bool,
}

/// A person on a node.
pub(super) type Place = (u64, UserId);

#[derive(Debug)]
pub(super) struct Seat {
    name: String,
    picture: Option<i64>,
    staff: bool,
    /// On this node: how many tabs show the ticket.
    tabs: u32,
    /// On other nodes: when it is forgotten unless it is told again.
    until: Option<Instant>,
    typing: Option<(Writing, Instant)>,
}

impl Book {
    pub fn new(node: u64) -> Self {
        Self {
            node,
            rooms: HashMap::new(),
            lives: HashMap::new(),
            changed: HashSet::new(),
            to_tell: Vec::new(),
            tell_all: false,
            beat: false,
            hello: false,
            answer: false,
        }
    }

    pub fn join(&mut self, ticket: TicketId, person: &Principal) {
        let place = (self.node, person.id);
        let seat = self.rooms.entry(ticket).or_default().entry(place).or_insert_with(|| Seat {
            name: person.name.clone(),
            picture: person.picture,
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

    pub fn leave(&mut self, ticket: TicketId, user: UserId) {
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

    pub fn typing(&mut self, ticket: TicketId, user: UserId, what: Writing, now: Instant) {
        let Some(seat) = self.rooms.get_mut(&ticket).and_then(|r| r.get_mut(&(self.node, user))) else { return };
        if seat.typing.is_none_or(|(was, _)| was != what) {
            self.changed.insert(ticket);
        }
        seat.typing = Some((what, now + TYPING));
        let told = told(ticket, user, seat, true);
        self.to_tell.push(told);
    }

    pub fn wrote(&mut self, ticket: TicketId, user: UserId) -> bool {
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

    pub fn heard(&mut self, call: Call, now: Instant) {
        if call.hello {
            self.tell_all = true;
            self.answer = true;
        }
        if call.bye {
            return self.forget(call.node);
        }
        // A node that was taken for dead, or was never heard of: its people are not all in this book. Who greets tells all.
        if self.lives.insert(call.node, now).is_none() && !call.hello {
            self.hello = true;
            self.tell_all = true;
        }
        for told in call.seats {
            let place = (call.node, told.user);
            if told.here {
                let room = self.rooms.entry(told.ticket).or_default();
                let typing = told.typing.map(|what| (what, now + TYPING));
                let until = Some(now + EXPIRY);
                let seat = Seat { name: told.name, picture: told.picture, staff: told.staff, tabs: 0, until, typing };
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

    /// A node is gone, with all of its people.
    fn forget(&mut self, node: u64) {
        self.lives.remove(&node);
        self.retain(|place, _| place.0 != node);
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
    pub fn take(&mut self, now: Instant, peers: bool) -> (Vec<TicketId>, Vec<String>) {
        let silent: Vec<u64> =
            self.lives.iter().filter(|(_, at)| **at + SILENT <= now).map(|(node, _)| *node).collect();
        for node in silent {
            self.forget(node);
        }
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
        let beat = std::mem::take(&mut self.beat);
        let calls = if all || beat || !tell.is_empty() { calls(self.node, hello, tell) } else { Vec::new() };
        (self.changed.drain().collect(), calls)
    }

    /// The people at a ticket, each once, and whether they write something that a customer will read.
    pub fn room(&self, ticket: TicketId) -> Vec<(Looking, bool)> {
        let mut people: HashMap<UserId, (Looking, bool)> = HashMap::new();
        for ((_, user), seat) in self.rooms.get(&ticket).into_iter().flatten() {
            let (person, replying) = people.entry(*user).or_insert_with(|| {
                let (name, picture) = (seat.name.clone(), seat.picture);
                (Looking { id: *user, name, picture, typing: false, staff: seat.staff }, false)
            });
            person.typing |= seat.typing.is_some();
            *replying |= matches!(seat.typing, Some((Writing::Reply, _)));
        }
        people.into_values().collect()
    }
}

fn told(ticket: TicketId, user: UserId, seat: &Seat, here: bool) -> Told {
    let typing = seat.typing.map(|(what, _)| what).filter(|_| here);
    Told { ticket, user, name: seat.name.clone(), picture: seat.picture, staff: seat.staff, here, typing }
}
