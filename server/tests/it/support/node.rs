//! Nodes and tabs: servers of live updates on one database, and browsers that follow them.

use super::World;
use axum::{
    Router,
    extract::{Path, State, WebSocketUpgrade},
    response::Response,
    routing::get,
};
use domain::{
    Actor, SessionId, UserId,
    event::Position,
    live::{ToBrowser, ToServer, Topic},
};
use futures::{SinkExt, StreamExt};
use server::{live::Live, post::Post, work};
use sqlx::postgres::PgPoolOptions;
use std::{net::SocketAddr, time::Duration};
use store::{Desk, Options, people};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, protocol::frame::CloseFrame},
};
use tokio_util::sync::CancellationToken;

/// Longer than anything takes; a test that waits for this has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that will happen, and fails the test if it does not.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// Waits until all that was written can be read in order. Transactions of other tests on the same server hold that back.
pub async fn settled(desk: &Desk) {
    let mut conn = desk.read().await.unwrap();
    let settled = async { while store::events::are_pending(&mut conn).await.unwrap() {} };
    soon("everything can be read", settled).await;
}

/// One server of a desk: its own pool, its own caches.
pub struct Node {
    pub desk: Desk,
    pub live: Live,
    post: Post,
    pub stop: CancellationToken,
    address: SocketAddr,
}

impl Node {
    /// A node that passes on what happens, and leaves reactors and jobs alone.
    pub async fn start(world: &World) -> Self {
        Self::start_on(world, &world.database_url(), PATIENCE).await
    }

    /// The same with the database at this address, whose connections are waited for so long.
    pub async fn start_on(world: &World, url: &str, patience: Duration) -> Self {
        let pool = PgPoolOptions::new().max_connections(12).acquire_timeout(patience).connect(url).await.unwrap();
        let desk = Desk::open(pool, world.files.clone(), world.clock.clone(), Options::default()).await.unwrap();
        let stop = CancellationToken::new();
        let live = Live::start(desk.clone(), stop.clone());
        soon("the node is ready", live.position().wait_for(Option::is_some)).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/{user}/{session}", get(socket)).with_state((desk.clone(), live.clone()));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { desk, live, post: world.post.clone(), stop, address }
    }

    /// The node does its share of the work too.
    pub fn work(&self) -> work::Workers {
        work::start(self.desk.clone(), &self.post, &self.live, self.stop.clone())
    }

    /// A tab of this person; 0 as the session: they came with a token.
    pub async fn tab(&self, actor: &Actor) -> Tab {
        self.tab_of(actor.user_id().map_or(0, |u| u.0), 0).await
    }

    pub async fn tab_of(&self, user: i64, session: i64) -> Tab {
        let (ws, _) = connect_async(format!("ws://{}/{user}/{session}", self.address)).await.unwrap();
        Tab { ws }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn socket(
    State((desk, live)): State<(Desk, Live)>,
    Path((user, session)): Path<(i64, i64)>,
    ws: WebSocketUpgrade,
) -> Response {
    let actor = match user {
        0 => Actor::visitor(None),
        id => Actor::user(people::principal(&mut desk.read().await.unwrap(), UserId(id)).await.unwrap(), None),
    };
    server::live::socket::handle(ws, live, actor, (session != 0).then_some(SessionId(session)), None, ())
}

/// A browser's side of a socket.
pub struct Tab {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Tab {
    pub async fn say(&mut self, message: &ToServer) {
        self.say_text(&serde_json::to_string(message).unwrap()).await;
    }

    pub async fn say_text(&mut self, text: &str) {
        self.ws.send(Message::text(text)).await.unwrap();
    }

    /// The next message; `Err` is how the server closed. Waits once for all: the server's pings, which come again and
    /// again, do not count as something that happens.
    async fn read(&mut self) -> Result<ToBrowser, Option<CloseFrame>> {
        let message = async {
            loop {
                match self.ws.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Close(frame))) => return Err(frame),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(None),
                }
            }
        };
        soon("a message", message).await
    }

    pub async fn next(&mut self) -> ToBrowser {
        self.read().await.unwrap()
    }

    /// Everything up to the first message like this, which comes last.
    pub async fn until(&mut self, mut wanted: impl FnMut(&ToBrowser) -> bool) -> Vec<ToBrowser> {
        let mut got = Vec::new();
        let wanted = async {
            loop {
                got.push(self.next().await);
                if got.last().is_some_and(&mut wanted) {
                    return;
                }
            }
        };
        soon("the message that is waited for", wanted).await;
        got
    }

    /// Follows a topic; returns what was missed, and the position from which on it comes by itself.
    pub async fn follow(&mut self, topic: Topic, since: Position) -> (Vec<ToBrowser>, Position) {
        self.say(&ToServer::Follow { topic, since }).await;
        let mut got = self.until(|m| matches!(m, ToBrowser::Following { .. } | ToBrowser::Refused { .. })).await;
        match got.pop() {
            Some(ToBrowser::Following { position, .. }) => (got, position),
            other => panic!("not followed: {other:?}"),
        }
    }

    /// Reads until the server closes, and says with which code.
    pub async fn closed(&mut self) -> Option<u16> {
        let closed = async {
            loop {
                if let Err(frame) = self.read().await {
                    return frame.map(|f| f.code.into());
                }
            }
        };
        soon("the end", closed).await
    }

    /// Sends pings as fast as they go, until the server ends it; says with which code.
    pub async fn ping_until_closed(&mut self) -> Option<u16> {
        let (mut sink, mut stream) = (&mut self.ws).split();
        let pinging = async { while sink.send(Message::Ping("".into())).await.is_ok() {} };
        let closed = async {
            loop {
                match stream.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|f| f.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        soon("the end", async {
            tokio::pin!(closed);
            tokio::select! {
                code = &mut closed => code,
                () = pinging => closed.await,
            }
        })
        .await
    }
}
