//! Who looks at which ticket, and who is typing.
//!
//! Every node keeps a [`book`] of what happens on its own sockets, tells the others of each change by a [`call`], and of
//! everything every 20 seconds. Every four it says that it lives: one that dies without a word vanishes from the books of
//! the others with all of its people. Nothing of this is in a table: it is worth nothing a minute later.

mod book;
mod call;
#[cfg(test)]
mod tests;
mod view;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ticket::Writing;
use domain::{Principal, TicketId, UserId};
use store::live::Channel;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::Live;
use book::Book;
use call::{Call, written};
use view::view;

/// How often a node says that it lives.
const BEAT: Duration = Duration::from_secs(4);
/// How often a node tells the others everything it knows, for what they may have missed.
const ALL: Duration = Duration::from_secs(20);
/// Changes are gathered for so long before they are told: opening a page leaves one ticket and enters another.
const GATHER: Duration = Duration::from_millis(30);
/// How often it is looked whether somebody has stopped typing.
const TICK: Duration = Duration::from_secs(1);

/// The presence of one node.
#[derive(Debug)]
pub struct Presence {
    book: Mutex<Book>,
    changed: Notify,
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
    let [mut beat, mut all, mut tick] = [BEAT, ALL, TICK].map(|every| {
        let mut timer = interval(every);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        timer
    });
    loop {
        tokio::select! {
            () = live.stop().cancelled() => break,
            () = live.presence().changed.notified() => sleep(GATHER).await,
            _ = tick.tick() => {}
            _ = beat.tick() => live.presence().book().beat = true,
            _ = all.tick() => live.presence().book().tell_all = true,
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
    // What is lost here is said again when everything is.
    if let Err(error) = store::live::call(live.desk(), Channel::Presence, &calls).await {
        tracing::warn!(%error, "other nodes could not be told who is here");
    }
}
