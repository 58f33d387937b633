//! One browser tab: a websocket with JSON text frames of [`domain::live`], served by one task.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use domain::event::Position;
use domain::live::{ToBrowser, ToServer, Topic};
use domain::ticket::Writing;
use domain::{Actor, SessionId, TicketId, UserId};
use futures::SinkExt as _;
use rand::Rng as _;
use store::live::Holder;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::Live;
use super::follow::{Answer, follow};
use super::hub::{TOPICS_MAX, text};
use super::outlet::{Close, Outgoing, Outlet};

/// The longest message from a browser, in bytes. They send ids and positions.
const INPUT_MAX: usize = 16 * 1024;
/// Of ten thousand sockets nearly all are silent, so what each of them holds while it waits is kept small.
const READ_BUFFER: usize = 2 * 1024;
/// What is gathered before it goes out, in bytes.
const WRITE_BUFFER: usize = 8 * 1024;
/// How often a browser is asked whether it is there.
const PING: Duration = Duration::from_secs(25);
/// Without a sign of life for so long, it is not.
const DEAD: Duration = Duration::from_secs(60);
/// How long a write may take before the browser counts as gone.
const WRITE: Duration = Duration::from_secs(20);
/// How long the closing handshake may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// How many messages a browser may send at once, and how many more every second.
const BURST: f64 = 60.0;
const PER_SECOND: f64 = 10.0;

/// Answers `GET /live`: turns the request into a socket of this actor. The route has looked at its origin.
///
/// A visitor gets a socket that is closed at once with [`SIGNED_OUT`](super::outlet::SIGNED_OUT): a browser cannot read the status of a refusal.
/// So does a page that was made for another person than this actor, with [`SOMEBODY_ELSE`](super::outlet::SOMEBODY_ELSE).
/// `held` is let go when the socket has ended.
pub fn handle(
    ws: WebSocketUpgrade,
    live: Live,
    actor: Actor,
    session: Option<SessionId>,
    page: Option<UserId>,
    held: impl Send + 'static,
) -> Response {
    ws.read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(INPUT_MAX)
        .max_frame_size(INPUT_MAX)
        .on_upgrade(move |ws| async move {
            match actor.user_id() {
                Some(user) if page.is_some_and(|page| page != user) => goodbye(ws, Close::SomebodyElse).await,
                Some(user) => serve(ws, live, actor, Holder { user, session }).await,
                None => goodbye(ws, Close::SignedOut).await,
            }
            drop(held);
        })
}

async fn serve(ws: WebSocket, live: Live, actor: Actor, holder: Holder) {
    let (outlet, queue) = live.hub().open(actor, holder);
    let mut socket =
        Socket { ws, live, outlet, following: HashMap::new(), trying: None, budget: BURST, budget_at: Instant::now() };
    let why = socket.run(queue).await;
    tracing::debug!(socket = socket.outlet.id, ?why, "a socket ends");
    let topics: Vec<Topic> = socket.following.keys().copied().chain(socket.trying).collect();
    for topic in topics {
        socket.leave(topic);
    }
    goodbye(socket.ws, why).await;
    socket.live.hub().remove(&socket.outlet);
}

async fn goodbye(mut ws: WebSocket, why: Close) {
    let Some((code, reason)) = why.frame() else { return };
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    let said = async {
        if ws.send(frame).await.is_ok() {
            // The browser answers; closing before would lose what is still on its way.
            while let Some(Ok(_)) = ws.recv().await {}
        }
    };
    // A browser that does not answer has gone: nothing to be done about it.
    let _ = timeout(GOODBYE, said).await;
}

struct Socket {
    ws: WebSocket,
    live: Live,
    outlet: Arc<Outlet>,
    /// Each topic with the position up to which everything has been sent.
    following: HashMap<Topic, Position>,
    /// What is just being caught up on: followed in the hub already.
    trying: Option<Topic>,
    /// How many messages it may still send, and when that was true.
    budget: f64,
    budget_at: Instant,
}

impl Socket {
    async fn run(&mut self, mut queue: mpsc::Receiver<Outgoing>) -> Close {
        let outlet = self.outlet.clone();
        let mut heard = Instant::now();
        // After a restart all come back at once; they need not be pinged all at once for ever.
        let mut ping = heard + PING.mul_f64(rand::rng().random_range(0.5..1.0));
        loop {
            let done = tokio::select! {
                biased;
                why = outlet.closing() => Err(why),
                Some(message) = queue.recv() => self.send(message, &mut queue).await,
                message = self.ws.recv() => {
                    heard = Instant::now();
                    match message {
                        // In a box: what is rarely needed must not make every waiting socket larger.
                        Some(Ok(Message::Text(text))) => tokio::select! {
                            done = Box::pin(self.take(&text)) => done,
                            why = outlet.closing() => Err(why),
                        },
                        Some(Ok(Message::Binary(_))) => Err(Close::Nonsense),
                        // Each is read, and a ping is answered: they cost what a message does.
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                            if self.may_go_on(heard) { Ok(()) } else { Err(Close::TooMuch) }
                        }
                        Some(Ok(Message::Close(_))) | None => Err(Close::Gone),
                        Some(Err(error)) => Err(broken(&error)),
                    }
                }
                () = sleep_until(ping.min(heard + DEAD)) => {
                    ping = Instant::now() + PING;
                    if heard.elapsed() >= DEAD { Err(Close::Dead) } else { self.write(Message::Ping("".into())).await }
                }
            };
            if let Err(why) = done {
                return why;
            }
        }
    }

    /// Sends this message and what else waits, in one go.
    async fn send(&mut self, first: Outgoing, queue: &mut mpsc::Receiver<Outgoing>) -> Result<(), Close> {
        let outlet = self.outlet.clone();
        let all = async {
            let mut next = Some(first);
            while let Some(message) = next {
                if self.is_wanted(&message) {
                    self.ws.feed(Message::Text(message.text)).await.map_err(|_| Close::Gone)?;
                }
                next = queue.try_recv().ok();
            }
            self.ws.flush().await.map_err(|_| Close::Gone)
        };
        // A reader so slow that its queue runs over while this waits is given up now, not when the write fails.
        tokio::select! {
            done = timeout(WRITE, all) => done.unwrap_or(Err(Close::Slow)),
            why = outlet.closing() => Err(why),
        }
    }

    /// Whether the topic is still followed, and the message not one that catching up has brought already.
    fn is_wanted(&self, message: &Outgoing) -> bool {
        let Some(topic) = message.topic else { return true };
        let Some(from) = self.following.get(&topic) else { return false };
        message.position.is_none_or(|position| position > *from)
    }

    async fn write(&mut self, message: Message) -> Result<(), Close> {
        match timeout(WRITE, self.ws.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Close::Gone),
            Err(_) => Err(Close::Slow),
        }
    }

    async fn say(&mut self, message: &ToBrowser) -> Result<(), Close> {
        self.write(Message::Text(text(message))).await
    }

    /// Does what the browser asks for.
    async fn take(&mut self, message: &str) -> Result<(), Close> {
        if !self.may_go_on(Instant::now()) {
            return Err(Close::TooMuch);
        }
        match serde_json::from_str(message).map_err(|_| Close::Nonsense)? {
            ToServer::Follow { topic, since } => {
                // A browser may say anything; transactions have no negative numbers.
                let since = Position { transaction: since.transaction.max(0), id: since.id.max(0) };
                self.follow(topic, since).await
            }
            ToServer::Leave { topic } => {
                self.leave(topic);
                Ok(())
            }
            ToServer::Typing { ticket } => {
                self.typing(ticket, Writing::Reply);
                Ok(())
            }
            ToServer::TypingNote { ticket } => {
                self.typing(ticket, Writing::Note);
                Ok(())
            }
        }
    }

    /// A budget that fills up again by and by.
    fn may_go_on(&mut self, now: Instant) -> bool {
        let gained = now.saturating_duration_since(self.budget_at).as_secs_f64() * PER_SECOND;
        self.budget = (self.budget + gained).min(BURST) - 1.0;
        self.budget_at = now;
        self.budget >= 0.0
    }

    async fn follow(&mut self, topic: Topic, since: Position) -> Result<(), Close> {
        if self.following.len() >= TOPICS_MAX && !self.following.contains_key(&topic) {
            return Err(Close::TooMuch);
        }
        self.trying = Some(topic);
        let answer = follow(&self.live, &self.outlet, topic, since).await;
        match answer {
            Ok(Answer::Refused) => {
                self.trying = None;
                self.leave(topic);
                self.say(&ToBrowser::Refused { topic }).await
            }
            Ok(Answer::Followed { from, missed }) => {
                self.trying = None;
                let new = self.following.insert(topic, from).is_none();
                let following = text(&ToBrowser::Following { topic, position: from });
                let all = async {
                    for text in missed.into_iter().chain([following]) {
                        self.ws.feed(Message::Text(text)).await.map_err(|_| Close::Gone)?;
                    }
                    self.ws.flush().await.map_err(|_| Close::Gone)
                };
                if let (Topic::Ticket(id), Some(person), true) = (topic, self.outlet.actor.principal(), new) {
                    self.live.presence().join(id, person);
                }
                timeout(WRITE, all).await.unwrap_or(Err(Close::Slow))
            }
            Err(error) => {
                tracing::debug!(%error, "a topic could not be followed");
                Err(Close::Unavailable)
            }
        }
    }

    fn leave(&mut self, topic: Topic) {
        self.live.hub().leave(&self.outlet, topic);
        if self.following.remove(&topic).is_some()
            && let (Topic::Ticket(id), Some(user)) = (topic, self.outlet.actor.user_id())
        {
            self.live.presence().leave(id, user);
        }
    }

    fn typing(&mut self, ticket: TicketId, what: Writing) {
        if let (true, Some(user)) = (self.following.contains_key(&Topic::Ticket(ticket)), self.outlet.actor.user_id()) {
            self.live.presence().typing(ticket, user, what);
        }
    }
}

/// What a failure to read says about the browser. Axum hands the library's error on as text only.
fn broken(error: &axum::Error) -> Close {
    if error.to_string().contains("too long") { Close::TooLong } else { Close::Gone }
}
