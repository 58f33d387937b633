//! Who follows what on this node, and handing the news to them.
//!
//! What keeps order and completeness: the follower of the events first says up to where it is about to pass on
//! ([`Hub::begin`]) and learns what is followed, then loads, then delivers. Whoever follows a topic in between is told
//! the later position, so that its own catching up covers the batch, and gets only what comes after it
//! ([`Subscription::from`]). So nothing falls between catching up and live, and nothing comes twice.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::extract::ws::Utf8Bytes;
use domain::event::Position;
use domain::live::{Counts, ToBrowser, Topic};
use domain::policy::{self, Action, TicketFacts};
use domain::ticket::Ticket;
use domain::{Actor, TicketId, UserId};
use store::counts::Waiting;
use store::live::Holder;
use tokio::sync::{mpsc, watch};

use super::outlet::{Close, Outgoing, Outlet, SocketId};

/// The topics that one socket may follow at once. A page needs two or three.
pub const TOPICS_MAX: usize = 50;

/// The sockets of one node.
#[derive(Debug)]
pub struct Hub {
    state: Mutex<State>,
    /// How many sockets are open.
    open: watch::Sender<usize>,
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    last_id: SocketId,
    /// Up to here the events have been, or are just being, passed on.
    position: Position,
    /// Staff who have read less than this have to read again.
    reset_staff: Position,
    sockets: HashMap<SocketId, Arc<Outlet>>,
    tickets: HashMap<TicketId, HashMap<SocketId, Subscription>>,
    lists: HashMap<SocketId, Subscription>,
    /// Who is told the numbers of the rail, and what they were told last.
    counted: HashMap<SocketId, (Arc<Outlet>, Option<Counts>)>,
    /// What those were told from last; `None` while nothing is known.
    waiting: Option<Waiting>,
    /// The database cannot be reached.
    away: bool,
}

#[derive(Debug)]
struct Subscription {
    outlet: Arc<Outlet>,
    /// Everything up to here reaches the socket in another way.
    from: Position,
    /// What was last said of who is looking, as a hash; 0 for nobody.
    presence: u64,
}

/// A ticket that has changed, written down once for each audience.
#[derive(Debug)]
pub struct Changed<'a> {
    ticket: &'a Ticket,
    position: Position,
    staff: OnceCell<Utf8Bytes>,
    customers: OnceCell<Utf8Bytes>,
}

impl<'a> Changed<'a> {
    pub fn new(ticket: &'a Ticket, position: Position) -> Self {
        Self { ticket, position, staff: OnceCell::new(), customers: OnceCell::new() }
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// The message for this actor; `None` if the ticket is not theirs to see.
    pub fn for_actor(&self, actor: &Actor) -> Option<Utf8Bytes> {
        let facts = Some(self.ticket.facts());
        let position = self.position;
        if policy::may(actor, Action::SeeInternal, facts) {
            let staff = || text(&ToBrowser::Ticket { ticket: self.ticket.clone(), position });
            return Some(self.staff.get_or_init(staff).clone());
        }
        policy::may(actor, Action::SeeTicket, facts).then(|| {
            let reduced = || {
                let ticket = store::tickets::view::for_customers(self.ticket.clone());
                text(&ToBrowser::Ticket { ticket, position })
            };
            self.customers.get_or_init(reduced).clone()
        })
    }
}

/// A message as the text that travels.
pub fn text(message: &ToBrowser) -> Utf8Bytes {
    serde_json::to_string(message).map(Utf8Bytes::from).unwrap_or_else(|error| {
        // Nothing in these types can fail to be written; if one ever does, an empty frame is passed over by browsers.
        tracing::error!(%error, "a live message could not be written down");
        Utf8Bytes::default()
    })
}

fn database(away: bool) -> Outgoing {
    Outgoing { topic: None, position: None, text: text(&ToBrowser::Database { away }) }
}

impl Default for Hub {
    fn default() -> Self {
        Self { state: Mutex::default(), open: watch::Sender::new(0), closed: AtomicBool::new(false) }
    }
}

impl Hub {
    /// A panic elsewhere must not end live updates for everybody: the maps are whole between any two statements.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a socket in.
    pub fn open(&self, actor: Actor, holder: Holder) -> (Arc<Outlet>, mpsc::Receiver<Outgoing>) {
        let mut state = self.state();
        state.last_id += 1;
        let (outlet, queue) = Outlet::new(state.last_id, actor, holder);
        let outlet = Arc::new(outlet);
        state.sockets.insert(outlet.id, outlet.clone());
        self.open.send_replace(state.sockets.len());
        if state.away {
            outlet.send(database(true));
        }
        drop(state);
        if self.closed.load(Ordering::SeqCst) {
            outlet.close(Close::Restart);
        }
        (outlet, queue)
    }

    /// Lets a socket go, which follows nothing any more.
    pub fn remove(&self, outlet: &Outlet) {
        let mut state = self.state();
        state.sockets.remove(&outlet.id);
        self.open.send_replace(state.sockets.len());
    }

    /// Closes all sockets, and those that come from now on.
    pub fn close_all(&self, why: Close) {
        self.closed.store(true, Ordering::SeqCst);
        for outlet in self.state().sockets.values() {
            outlet.close(why);
        }
    }

    /// How many sockets are open, to be watched.
    pub fn count(&self) -> watch::Receiver<usize> {
        self.open.subscribe()
    }

    /// Follows a topic, and says from which position on its news come by themselves. Never before `since`, which the
    /// browser may have from a node that is further than this one.
    pub fn follow(&self, outlet: &Arc<Outlet>, topic: Topic, since: Position) -> Position {
        let mut state = self.state();
        let from = state.position.max(since);
        let subscription = Subscription { outlet: outlet.clone(), from, presence: 0 };
        match topic {
            Topic::Ticket(id) => state.tickets.entry(id).or_default().insert(outlet.id, subscription),
            Topic::Tickets => state.lists.insert(outlet.id, subscription),
            // They have no place in the order of events: see `follow_counts`.
            Topic::Counts => None,
        };
        from
    }

    /// Follows the numbers of the rail. Returns them, if they are known; later ones come by themselves.
    pub fn follow_counts(&self, outlet: &Arc<Outlet>) -> Option<Counts> {
        self.state().follow_counts(outlet)
    }

    /// Whether anybody wants the numbers of the rail. If not, those that are known are forgotten: nobody keeps them right.
    pub fn wants_counts(&self) -> bool {
        let mut state = self.state();
        if state.counted.is_empty() {
            state.waiting = None;
        }
        !state.counted.is_empty()
    }

    /// Tells everybody their numbers of the rail, if they are others than before.
    pub fn counts(&self, now: Waiting) {
        let mut state = self.state();
        for (outlet, told) in state.counted.values_mut() {
            let counts = now.of(&outlet.actor);
            if told.replace(counts) != Some(counts) {
                let text = text(&ToBrowser::Counts(counts));
                outlet.send(Outgoing { topic: Some(Topic::Counts), position: None, text });
            }
        }
        state.waiting = Some(now);
    }

    /// Follows a topic no longer, if it did.
    pub fn leave(&self, outlet: &Outlet, topic: Topic) {
        self.state().leave(outlet.id, topic);
    }

    /// Where reading starts, before anybody follows anything, and what staff must have read ([`Self::reset_staff`]) from
    /// before this node was there.
    pub fn start(&self, position: Position, reset_staff: Position) {
        let mut state = self.state();
        state.position = position;
        state.reset_staff = reset_staff;
    }

    /// Everything up to `position` is about to be passed on. Returns which of these tickets somebody wants to hear of:
    /// those whose page is open, and those that only a list may show.
    pub fn begin(&self, position: Position, tickets: &HashSet<TicketId>) -> Wanted {
        let mut state = self.state();
        state.position = state.position.max(position);
        let pages: HashSet<TicketId> = tickets.iter().filter(|t| state.tickets.contains_key(t)).copied().collect();
        let all = if state.lists.is_empty() { pages.clone() } else { tickets.clone() };
        Wanted { pages, all }
    }

    /// Hands on an entry to those who have the ticket open and may read it.
    pub fn entry(&self, facts: TicketFacts, ticket: TicketId, public: bool, position: Position, text: &Utf8Bytes) {
        let action = if public { Action::SeeTicket } else { Action::SeeInternal };
        let state = self.state();
        for s in state.tickets.get(&ticket).into_iter().flat_map(HashMap::values) {
            if position > s.from && policy::may(&s.outlet.actor, action, Some(facts)) {
                s.outlet.send(Outgoing {
                    topic: Some(Topic::Ticket(ticket)),
                    position: Some(position),
                    text: text.clone(),
                });
            }
        }
    }

    /// Hands on a ticket as it is now, to its page and to the lists.
    pub fn ticket(&self, changed: &Changed<'_>) {
        let state = self.state();
        let id = changed.ticket.id;
        let pages = state.tickets.get(&id).into_iter().flat_map(HashMap::values).map(|s| (Topic::Ticket(id), s));
        let lists = state.lists.values().map(|s| (Topic::Tickets, s));
        for (topic, s) in pages.chain(lists) {
            if changed.position > s.from
                && let Some(text) = changed.for_actor(&s.outlet.actor)
            {
                s.outlet.send(Outgoing { topic: Some(topic), position: Some(changed.position), text });
            }
        }
    }

    /// Tells whoever follows these tickets, or the lists, to read their page again.
    pub fn reset(&self, tickets: &HashSet<TicketId>) {
        let state = self.state();
        for id in tickets {
            let topic = Topic::Ticket(*id);
            let message = text(&ToBrowser::Reset { topic });
            for s in state.tickets.get(id).into_iter().flat_map(HashMap::values) {
                s.outlet.send(Outgoing { topic: Some(topic), position: None, text: message.clone() });
            }
        }
        if !tickets.is_empty() {
            let topic = Topic::Tickets;
            let message = text(&ToBrowser::Reset { topic });
            for s in state.lists.values() {
                s.outlet.send(Outgoing { topic: Some(topic), position: None, text: message.clone() });
            }
        }
    }

    /// Something that staff see on any ticket has changed for many of them at once: tells all of staff to read their pages
    /// again. Who has read less than this before following is told then ([`Self::must_read_again`]).
    pub fn reset_staff(&self, position: Position) {
        let mut state = self.state();
        state.reset_staff = state.reset_staff.max(position);
        let pages = state.tickets.iter().flat_map(|(id, all)| all.values().map(|s| (Topic::Ticket(*id), s)));
        let lists = state.lists.values().map(|s| (Topic::Tickets, s));
        for (topic, s) in pages.chain(lists) {
            if position > s.from && s.outlet.actor.is_staff() {
                let text = text(&ToBrowser::Reset { topic });
                s.outlet.send(Outgoing { topic: Some(topic), position: Some(position), text });
            }
        }
    }

    /// Whether what this actor has read up to `since` is no longer right.
    pub fn must_read_again(&self, actor: &Actor, since: Position) -> bool {
        actor.is_staff() && since < self.state().reset_staff
    }

    /// Tells those who have a ticket open who is looking, each by what `view` says for them: a hash of it (0: nobody)
    /// and the message. Who has been told the same before is not told again.
    pub fn presence(&self, ticket: TicketId, view: impl Fn(&Actor) -> (u64, ToBrowser)) {
        let mut state = self.state();
        let topic = Topic::Ticket(ticket);
        for s in state.tickets.get_mut(&ticket).into_iter().flat_map(HashMap::values_mut) {
            let (hash, message) = view(&s.outlet.actor);
            if hash != s.presence {
                s.presence = hash;
                s.outlet.send(Outgoing { topic: Some(topic), position: None, text: text(&message) });
            }
        }
    }

    /// Tells everybody when the database goes away, and when it is back.
    pub fn database(&self, away: bool) {
        let mut state = self.state();
        if std::mem::replace(&mut state.away, away) != away {
            for outlet in state.sockets.values() {
                outlet.send(database(away));
            }
        }
    }

    /// The sockets of these people, or of everybody.
    pub fn sockets(&self, of: Option<&HashSet<UserId>>) -> Vec<Arc<Outlet>> {
        let state = self.state();
        let wanted = |o: &&Arc<Outlet>| of.is_none_or(|users| users.contains(&o.holder.user));
        state.sockets.values().filter(wanted).cloned().collect()
    }

    /// Whether nobody is there to be told anything.
    pub fn is_empty(&self) -> bool {
        self.state().sockets.is_empty()
    }
}

/// Which changed tickets have to be loaded.
#[derive(Debug)]
pub struct Wanted {
    /// Somebody has their page open: their entries are needed too.
    pub pages: HashSet<TicketId>,
    pub all: HashSet<TicketId>,
}

impl State {
    fn leave(&mut self, socket: SocketId, topic: Topic) {
        match topic {
            Topic::Ticket(id) => {
                if let Some(followers) = self.tickets.get_mut(&id) {
                    followers.remove(&socket);
                    if followers.is_empty() {
                        self.tickets.remove(&id);
                    }
                }
            }
            Topic::Tickets => {
                self.lists.remove(&socket);
            }
            Topic::Counts => {
                self.counted.remove(&socket);
            }
        }
    }

    fn follow_counts(&mut self, outlet: &Arc<Outlet>) -> Option<Counts> {
        let counts = self.waiting.as_ref().map(|waiting| waiting.of(&outlet.actor));
        self.counted.insert(outlet.id, (outlet.clone(), counts));
        counts
    }
}
