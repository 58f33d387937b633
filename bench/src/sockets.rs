//! Many open tabs: what they cost, and how soon each of those that follow a ticket knows of a reply.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use domain::TicketId;
use domain::event::Position;
use domain::live::{ToBrowser, ToServer, Topic};
use domain::ticket::{Filter, NewMessage, Writing};
use domain::timeline::Part;
use futures::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::desk::Server;
use crate::http::{Call, Connection};
use crate::machine::Memory;
use crate::rows::{People, WATCHED};

/// What was found out with open tabs.
#[derive(Debug, Clone, Serialize)]
pub struct Live {
    pub sockets: usize,
    pub watchers: usize,
    pub replies: usize,
    /// From the moment a reply is sent to the moment the last tab has it, in milliseconds: writing it included.
    pub after_sending: Spread,
    /// From the answer to the reply, which follows its commit, to the last tab; at least 0.
    pub after_answer: Spread,
    pub memory: Memory,
}

/// The middle and the worst.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    pub p50_ms: f64,
    pub max_ms: f64,
}

impl Spread {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
        Self { p50_ms: ms(times.get(times.len() / 2)), max_ms: ms(times.last()) }
    }
}

/// How many replies are timed.
const REPLIES: usize = 20;
/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens `count` sockets, `watchers` of which follow one ticket and the others the list, and replies on the ticket.
pub async fn run(server: &Server, people: &People, count: usize, watchers: usize) -> anyhow::Result<Live> {
    let mut connection = Connection::open(&server.address, &people.staff[0]).await?.uncompressed();
    let view = Call::json("/rpc/tickets/view", &json!({ "id": TicketId(WATCHED), "part": Part::Latest }));
    let of_ticket = connection.json(&view).await?;
    let list = Call::json("/rpc/tickets/list", &json!({ "filter": Filter { limit: Some(1), ..Filter::default() } }));
    let of_list = connection.json(&list).await?;
    let of_ticket: Position = serde_json::from_value(of_ticket["position"].clone()).context("no position")?;
    let of_list: Position = serde_json::from_value(of_list["position"].clone()).context("no position")?;

    let (told, mut arrivals) = mpsc::unbounded_channel();
    let mut tabs = Vec::new();
    for n in 0..count {
        let (topic, since) = match n < watchers {
            true => (Topic::Ticket(TicketId(WATCHED)), of_ticket),
            false => (Topic::Tickets, of_list),
        };
        let cookie = &people.staff[n % people.staff.len()];
        let socket = open(&server.address, cookie, topic, since).await.with_context(|| format!("socket {n}"))?;
        tabs.push(tokio::spawn(listen(socket, told.clone())));
    }
    drop(told);
    // Everybody has been told by now who else looks.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let memory = server.usage().memory();

    let (mut after_sending, mut after_answer) = (Vec::new(), Vec::new());
    for n in 0..REPLIES {
        let message = NewMessage {
            writing: Writing::Reply,
            body: format!("Is it better now? ({n})"),
            attachments: Vec::new(),
            seen: None,
            status: None,
            key: None,
            sign: false,
        };
        let write = Call::json("/rpc/tickets/write", &json!({ "id": TicketId(WATCHED), "message": message }));
        let sent = Instant::now();
        connection.good(&write).await?;
        let answered = Instant::now();
        let mut last = answered;
        for _ in 0..watchers {
            let at = timeout(PATIENCE, arrivals.recv()).await.context("a reply did not reach every tab")?;
            last = last.max(at.context("the sockets were closed")?);
        }
        after_sending.push(last - sent);
        after_answer.push(last - answered);
    }
    for tab in tabs {
        tab.abort();
    }
    Ok(Live {
        sockets: count,
        watchers,
        replies: REPLIES,
        after_sending: Spread::of(after_sending),
        after_answer: Spread::of(after_answer),
        memory,
    })
}

/// Opens a socket that follows a topic.
async fn open(address: &str, cookie: &str, topic: Topic, since: Position) -> anyhow::Result<Socket> {
    let mut request = format!("ws://{address}/live").into_client_request()?;
    request.headers_mut().insert("cookie", HeaderValue::from_str(cookie)?);
    let (mut socket, _) = connect_async(request).await?;
    let follow = serde_json::to_string(&ToServer::Follow { topic, since })?;
    socket.send(Message::text(follow)).await?;
    loop {
        match timeout(PATIENCE, socket.next()).await?.context("the socket was closed")?? {
            Message::Text(text) => match serde_json::from_str(&text)? {
                ToBrowser::Following { .. } => return Ok(socket),
                ToBrowser::Refused { .. } => bail!("the topic was refused"),
                _ => {}
            },
            Message::Close(frame) => bail!("the socket was closed: {frame:?}"),
            _ => {}
        }
    }
}

/// Tells when a new entry of a ticket arrives.
async fn listen(mut socket: Socket, told: mpsc::UnboundedSender<Instant>) {
    while let Some(Ok(message)) = socket.next().await {
        let at = Instant::now();
        if let Message::Text(text) = message
            && text.starts_with(r#"{"entry""#)
            && told.send(at).is_err()
        {
            return;
        }
    }
}
