//! The sending side of one socket, as the rest of the node sees it.

use std::sync::{Mutex, PoisonError};

use axum::extract::ws::{CloseCode, Utf8Bytes, close_code};
use domain::Actor;
use domain::event::Position;
use domain::live::Topic;
use store::live::Holder;
use tokio::sync::{Notify, mpsc};

/// A socket of this node.
pub type SocketId = u64;

/// How many messages may wait for one socket. Whoever is further behind is cut off, comes back and catches up: so one
/// slow reader costs the others nothing.
pub const QUEUE: usize = 512;

/// The close code for somebody who is no longer signed in: the page asks them to sign in instead of coming back.
pub const SIGNED_OUT: CloseCode = 4401;
/// The close code for a page that was made for somebody else than who is signed in.
pub const SOMEBODY_ELSE: CloseCode = 4409;
/// “Service restart”, in IANA's registry of close codes.
pub const RESTART: CloseCode = 1012;
/// “Try again later”, in IANA's registry of close codes.
pub const AGAIN: CloseCode = 1013;

/// Why the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The server stops; another one is there, or soon.
    Restart,
    /// It does not read what it is sent.
    Slow,
    /// Nothing was heard from it for too long.
    Dead,
    /// The browser has gone, or ended it itself.
    Gone,
    /// The session has ended, or the person is blocked.
    SignedOut,
    /// The page was made for somebody else.
    SomebodyElse,
    /// The person's rights are not what they were: it comes back with the new ones.
    Changed,
    /// The database is away: come back in a moment.
    Unavailable,
    /// What came was not understood.
    Nonsense,
    /// What came was longer than anything that makes sense.
    TooLong,
    /// Too much came, or too many topics.
    TooMuch,
}

impl Close {
    /// Code (RFC 6455, section 7.4, and the registry of IANA for 1012 and 1013) and reason. `None`: nobody is there to
    /// read it.
    pub fn frame(self) -> Option<(CloseCode, &'static str)> {
        match self {
            Close::Restart => Some((RESTART, "the server restarts")),
            Close::Slow => Some((AGAIN, "too far behind")),
            Close::Dead | Close::Gone => None,
            Close::SignedOut => Some((SIGNED_OUT, "signed out")),
            Close::SomebodyElse => Some((SOMEBODY_ELSE, "somebody else is signed in")),
            Close::Changed => Some((RESTART, "your rights have changed")),
            Close::Unavailable => Some((AGAIN, "not available right now")),
            Close::Nonsense => Some((close_code::POLICY, "not understood")),
            Close::TooLong => Some((close_code::SIZE, "too long")),
            Close::TooMuch => Some((close_code::POLICY, "too many messages")),
        }
    }
}

/// A message on its way to one browser.
#[derive(Debug)]
pub struct Outgoing {
    /// What it is about; dropped where this is not followed. `None` for what everybody is told.
    pub topic: Option<Topic>,
    /// `None` for what has no place in the order of events.
    pub position: Option<Position>,
    /// Shared by all who get the same.
    pub text: Utf8Bytes,
}

/// One socket.
#[derive(Debug)]
pub struct Outlet {
    pub id: SocketId,
    pub actor: Actor,
    pub holder: Holder,
    queue: mpsc::Sender<Outgoing>,
    closing: Mutex<Option<Close>>,
    wake: Notify,
}

impl Outlet {
    pub fn new(id: SocketId, actor: Actor, holder: Holder) -> (Self, mpsc::Receiver<Outgoing>) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        (Self { id, actor, holder, queue, closing: Mutex::new(None), wake: Notify::new() }, receiver)
    }

    /// Puts a message in the queue, or gives the socket up when the queue is full.
    pub fn send(&self, message: Outgoing) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.queue.try_send(message) {
            self.close(Close::Slow);
        }
    }

    /// Asks the socket's task to end it. The first reason stays.
    pub fn close(&self, why: Close) {
        self.closing.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        self.wake.notify_one();
    }

    /// Waits until it is to be closed.
    pub async fn closing(&self) -> Close {
        loop {
            if let Some(why) = *self.closing.lock().unwrap_or_else(PoisonError::into_inner) {
                return why;
            }
            self.wake.notified().await;
        }
    }
}
