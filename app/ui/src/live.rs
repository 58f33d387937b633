//! The browser's one websocket: topics are followed and left as pages come and go; after a gap it asks for what it missed.

use domain::{
    TicketId,
    event::Position,
    live::{ToBrowser, ToServer, Topic},
};
use leptos::prelude::*;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};
use wasm_bindgen::{JsCast, closure::Closure};

/// How the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not opened yet, or open.
    Good,
    /// Lost; tried again with growing pauses.
    Lost,
    /// Open, but the server cannot reach its database: nothing can be read or written.
    Away,
    /// The session has ended: somebody has to sign in again.
    SignedOut,
}

type Listener = Rc<dyn Fn(&ToBrowser)>;
type Waiter = Rc<dyn Fn()>;

struct Followed {
    /// Everything up to here has been seen.
    since: Position,
    listeners: Vec<(u32, Listener)>,
}

#[derive(Default)]
struct Inner {
    socket: Option<web_sys::WebSocket>,
    open: bool,
    topics: BTreeMap<Topic, Followed>,
    /// What is done once the server can be asked again.
    waiting: Vec<(u32, Waiter)>,
    next_listener: u32,
    failures: u32,
    /// Whether the server could not be reached since the socket was open last.
    lost: bool,
    retry_planned: bool,
    /// The page that is shown.
    page: Option<Live>,
}

thread_local! {
    /// A browser tab has one thread and one socket. On the server nothing ever comes here: it must not, as what is not
    /// `Send` cannot wait there for its page to be dropped by another thread.
    static INNER: Rc<RefCell<Inner>> = Rc::default();
}

/// The handle that pages use. Cheap to copy; does nothing on the server.
#[derive(Clone, Copy)]
pub struct Live {
    connection: RwSignal<Connection>,
    /// What to say when somebody else is signed in in this browser by now.
    somebody_else: RwSignal<Option<String>>,
}

/// The code with which the server closes the socket of a session that has ended.
const SESSION_ENDED: u16 = 4401;
/// The code with which it closes the socket of a page that was made for somebody else than who is signed in.
const SOMEBODY_ELSE: u16 = 4409;

/// Makes [`live`] work below.
pub fn provide() {
    provide_context(Live { connection: RwSignal::new(Connection::Good), somebody_else: RwSignal::new(None) });
}

/// The page's connection.
pub fn live() -> Live {
    expect_context()
}

/// The server has refused something, as this page is of somebody else. In the browser.
#[cfg(not(feature = "ssr"))]
pub fn page_is_of_somebody_else(words: &str) {
    if let Some(live) = INNER.with(|inner| inner.borrow().page) {
        live.of_somebody_else(words.to_owned());
    }
}

impl Live {
    pub fn connection(self) -> Signal<Connection> {
        self.connection.into()
    }

    /// What to say when somebody else is signed in in this browser by now.
    pub fn somebody_else(self) -> Signal<Option<String>> {
        self.somebody_else.into()
    }

    /// This is the page that is shown. In an effect.
    pub fn is_page(self) {
        self.with(|inner| inner.page = Some(self));
    }

    /// Somebody else is signed in: says so.
    pub fn of_somebody_else(self, words: String) {
        self.somebody_else.try_set(Some(words));
    }

    /// The person of this page is signed in after all.
    pub fn of_this_person(self) {
        self.somebody_else.try_set(None);
        self.retry();
    }

    /// Calls `on` for everything that happens on a topic after `since`, until the calling component goes away.
    /// Call it in an effect or an event handler: it runs in the browser only.
    pub fn follow(self, topic: Topic, since: Position, on: impl Fn(&ToBrowser) + 'static) {
        let id = self.with(|inner| {
            inner.next_listener += 1;
            let id = inner.next_listener;
            let followed = inner.topics.entry(topic).or_insert(Followed { since, listeners: Vec::new() });
            followed.since = followed.since.min(since);
            followed.listeners.push((id, Rc::new(on)));
            id
        });
        on_cleanup(move || {
            let gone = self.with(|inner| {
                let Some(followed) = inner.topics.get_mut(&topic) else { return false };
                followed.listeners.retain(|(l, _)| *l != id);
                let gone = followed.listeners.is_empty();
                if gone {
                    inner.topics.remove(&topic);
                }
                gone
            });
            if gone {
                self.send(&ToServer::Leave { topic });
            }
        });
        if self.with(|inner| inner.open) {
            self.send(&ToServer::Follow { topic, since });
        } else {
            self.connect();
        }
    }

    /// Calls `on` whenever the server can be asked again after it could not, until the calling component goes away. Call it
    /// in an effect, after something could not be fetched.
    pub fn when_back(self, on: impl Fn() + 'static) {
        let on: Waiter = Rc::new(on);
        let (id, idle) = self.with(|inner| {
            inner.next_listener += 1;
            inner.waiting.push((inner.next_listener, on.clone()));
            (inner.next_listener, inner.socket.is_none() && !inner.retry_planned)
        });
        // A socket may seem open for long after the network has gone.
        let online = window_event_listener(leptos::ev::online, move |_| on());
        on_cleanup(move || {
            online.remove();
            self.with(|inner| inner.waiting.retain(|(waiter, _)| *waiter != id));
        });
        // A page that follows nothing has no socket that could tell.
        if idle {
            self.connect();
        }
    }

    fn back(self) {
        let waiting: Vec<Waiter> = self.with(|inner| inner.waiting.iter().map(|(_, on)| on.clone()).collect());
        for on in waiting {
            on();
        }
    }

    /// Says that this person is writing on a ticket.
    pub fn typing(self, ticket: TicketId) {
        self.send(&ToServer::Typing { ticket });
    }

    /// Tries to connect at once instead of waiting for the next try.
    pub fn retry(self) {
        self.with(|inner| inner.failures = 0);
        self.connect();
    }

    fn with<T>(self, f: impl FnOnce(&mut Inner) -> T) -> T {
        INNER.with(|inner| f(&mut inner.borrow_mut()))
    }

    fn send(self, message: &ToServer) {
        self.with(|inner| {
            if let (Some(socket), true, Ok(text)) = (&inner.socket, inner.open, serde_json::to_string(message)) {
                let _ = socket.send_with_str(&text);
            }
        });
    }

    fn connect(self) {
        if self.with(|inner| inner.socket.is_some()) {
            return;
        }
        let location = window().location();
        let (Ok(protocol), Ok(host)) = (location.protocol(), location.host()) else { return };
        let scheme = if protocol == "https:" { "wss" } else { "ws" };
        let whose = crate::whose::person().map(|id| format!("?person={id}")).unwrap_or_default();
        let address = format!("{scheme}://{host}/live{whose}");
        let Ok(socket) = web_sys::WebSocket::new(&address) else { return self.try_later() };
        let opened = Closure::<dyn FnMut()>::new(move || self.opened());
        let message = Closure::<dyn FnMut(_)>::new(move |event: web_sys::MessageEvent| {
            if let Some(message) = event.data().as_string().and_then(|t| crate::json::read(&t).ok()) {
                self.received(&message);
            }
        });
        let closed = Closure::<dyn FnMut(_)>::new(move |event: web_sys::CloseEvent| self.closed(event.code()));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        // One socket a page, replaced only when it was lost: the handlers live as long as the page.
        opened.forget();
        message.forget();
        closed.forget();
        self.with(|inner| inner.socket = Some(socket));
    }

    fn opened(self) {
        let follow: Vec<ToServer> = self.with(|inner| {
            inner.open = true;
            inner.failures = 0;
            inner.topics.iter().map(|(topic, f)| ToServer::Follow { topic: *topic, since: f.since }).collect()
        });
        for message in &follow {
            self.send(message);
        }
        self.connection.set(Connection::Good);
        self.somebody_else.set(None);
        if self.with(|inner| std::mem::take(&mut inner.lost)) {
            self.back();
        }
        if let Some(root) = document().document_element() {
            // Browser tests wait for it before they expect live updates.
            let _ = root.set_attribute("data-live", "");
        }
    }

    fn closed(self, code: u16) {
        self.with(|inner| {
            inner.socket = None;
            inner.open = false;
        });
        if let Some(root) = document().document_element() {
            let _ = root.remove_attribute("data-live");
        }
        match code {
            SESSION_ENDED => self.connection.set(Connection::SignedOut),
            SOMEBODY_ELSE => {
                let name = crate::whose::somebody_else().unwrap_or_else(|| "somebody else".to_owned());
                self.of_somebody_else(domain::Error::somebody_else(&name).message);
            }
            _ => self.try_later(),
        }
    }

    fn try_later(self) {
        let failures = self.with(|inner| {
            if std::mem::replace(&mut inner.retry_planned, true) {
                return None;
            }
            inner.failures += 1;
            inner.lost = true;
            Some(inner.failures)
        });
        let Some(failures) = failures else { return };
        // The first try comes at once and unannounced: a server that restarts is not worth a banner.
        if failures > 1 {
            self.connection.set(Connection::Lost);
        }
        let pause = (250.0 * 2_f64.powi(failures.min(6) as i32 - 1)) * (0.75 + js_sys::Math::random() / 2.0);
        set_timeout(
            move || {
                self.with(|inner| inner.retry_planned = false);
                if self.with(|inner| !inner.topics.is_empty() || !inner.waiting.is_empty()) {
                    self.connect();
                }
            },
            std::time::Duration::from_millis(pause as u64),
        );
    }

    fn received(self, message: &ToBrowser) {
        if let ToBrowser::Database { away } = message {
            self.connection.set(if *away { Connection::Away } else { Connection::Good });
            if !away {
                self.back();
            }
            return;
        }
        let listeners: Vec<Listener> = self.with(|inner| {
            let mut found = Vec::new();
            let mut hear = |topic: Topic, position: Option<Position>| {
                if let Some(followed) = inner.topics.get_mut(&topic) {
                    if let Some(position) = position {
                        followed.since = followed.since.max(position);
                    }
                    found.extend(followed.listeners.iter().map(|(_, l)| l.clone()));
                }
            };
            match message {
                ToBrowser::Entry { ticket, position, .. } => hear(Topic::Ticket(*ticket), Some(*position)),
                ToBrowser::Ticket { ticket, position } => {
                    hear(Topic::Tickets, Some(*position));
                    // A ticket's own topic moves on by its entries alone: this one may be the list's.
                    hear(Topic::Ticket(ticket.id), None);
                }
                ToBrowser::Presence { ticket, .. } => hear(Topic::Ticket(*ticket), None),
                ToBrowser::Counts(_) => hear(Topic::Counts, None),
                ToBrowser::Database { .. } => {}
                ToBrowser::Reset { topic } | ToBrowser::Refused { topic } => hear(*topic, None),
                ToBrowser::Following { topic, position } => hear(*topic, Some(*position)),
            }
            found
        });
        for listener in listeners {
            listener(message);
        }
    }
}
