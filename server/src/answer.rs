//! Connections, from their first byte to their last. Who does not come to the point is let go: a connection costs whoever opens
//! it next to nothing, and the server memory and one of its file descriptors.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tower_http::timeout::TimeoutBody;

/// How long somebody may keep a connection waiting.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, its first byte included.
    pub head: Duration,
    /// For each next part of the body of a request. How long all of them may be is said by who reads them.
    pub part: Duration,
    /// For the answer to a ping or a good-bye, which programs give and not people (HTTP/2).
    pub word: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        // Longer than the minute for which proxies keep a connection to use it again: they should be the ones to close it.
        Self { head: Duration::from_secs(75), part: Duration::from_secs(60), word: Duration::from_secs(20) }
    }
}

/// Answers requests until the server stops, and those that have begun by then.
///
/// `two` says whether a connection has agreed on HTTP/2. Nothing is guessed from its first bytes: those would be waited for.
pub async fn answer<L>(
    mut listener: L,
    router: Router,
    patience: Patience,
    two: impl Fn(&L::Io) -> bool,
    stop: CancellationToken,
) where
    L: Listener<Addr = SocketAddr>,
{
    let mut one = http1::Builder::new();
    one.timer(TokioTimer::new()).header_read_timeout(patience.head);
    let mut second = http2::Builder::new(TokioExecutor::new());
    // Pings find out who has gone away without a word, also in the middle of an answer.
    second.timer(TokioTimer::new()).keep_alive_interval(patience.head).keep_alive_timeout(patience.word);
    // Sockets come by HTTP/1.1: a browser that is told of the other way (RFC 8441) takes no other, and it is not answered here.
    let open = TaskTracker::new();
    loop {
        let (io, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (router, stop) = (router.clone(), stop.clone());
        if two(&io) {
            let turns = watch::Sender::new(0);
            let idle = Idle { turns: Some(turns.subscribe()), patience };
            let service = tower::service_fn(move |mut request: Request<Incoming>| {
                let turn = Turn::take(&turns);
                request.extensions_mut().insert(ConnectInfo(peer));
                request.extensions_mut().insert(turn.clone());
                let answer = router.clone().oneshot(request.map(|body| in_time(body, patience.part)));
                async move { answer.await.map(|response| response.map(|body| Body::new(Counted { body, _turn: turn }))) }
            });
            let connection = second.serve_connection(TokioIo::new(io), TowerToHyperService::new(service));
            open.spawn(end(connection, |it| it.graceful_shutdown(), idle, stop, peer));
        } else {
            let service = router.map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                request.map(|body| in_time(body, patience.part))
            });
            // Here the library itself waits no longer for a head.
            let idle = Idle { turns: None, patience };
            let connection = one.serve_connection(TokioIo::new(io), TowerToHyperService::new(service)).with_upgrades();
            open.spawn(end(connection, |it| it.graceful_shutdown(), idle, stop, peer));
        }
    }
    drop(listener);
    open.close();
    open.wait().await;
}

/// A body that breaks off when nothing more of it comes: otherwise a few bytes would hold a connection for as long as anybody likes.
fn in_time(body: Incoming, part: Duration) -> Body {
    Body::new(TimeoutBody::new(part, body))
}

/// Sees a connection to its end. When the server stops, or nobody has asked for anything for as long as a head may take, that is
/// the end of the requests that have begun.
async fn end<C>(connection: C, wind_up: fn(Pin<&mut C>), mut idle: Idle, stop: CancellationToken, peer: SocketAddr)
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = pin!(connection);
    let head = idle.patience.head;
    let mut ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
        () = idle.for_as_long_as(head) => None,
    };
    if ended.is_none() {
        wind_up(connection.as_mut());
        let word = idle.patience.word;
        ended = tokio::select! {
            ended = connection => Some(ended),
            // Who does not say good-bye is not waited for.
            () = idle.for_as_long_as(word) => None,
        };
    }
    match ended {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(%error, %peer, "a connection has ended"),
        None => tracing::debug!(%peer, "a connection was cut off: nothing came"),
    }
}

/// Whether something is asked on a connection of HTTP/2. Its library waits for ever: for the first bytes, for the rest of a head,
/// and between two requests as long as pings are answered.
struct Idle {
    /// How many requests are being answered.
    turns: Option<watch::Receiver<usize>>,
    patience: Patience,
}

impl Idle {
    /// Waits until nothing was asked for this long. Where the library takes care of it: for ever.
    async fn for_as_long_as(&mut self, span: Duration) {
        let Some(turns) = &mut self.turns else { return std::future::pending().await };
        while turns.wait_for(|begun| *begun == 0).await.is_ok() {
            if timeout(span, turns.changed()).await.is_err() {
                return;
            }
        }
        std::future::pending().await
    }
}

/// A request that has begun, until its answer is out. What outlives the answer, like a websocket, holds it longer.
#[derive(Debug, Clone)]
pub struct Turn(#[expect(dead_code, reason = "it is there to be dropped")] Arc<Taken>);

#[derive(Debug)]
struct Taken(watch::Sender<usize>);

impl Turn {
    fn take(turns: &watch::Sender<usize>) -> Self {
        turns.send_modify(|begun| *begun += 1);
        Self(Arc::new(Taken(turns.clone())))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.send_modify(|begun| *begun -= 1);
    }
}

/// The body of an answer, whose request has its turn until then.
struct Counted {
    body: Body,
    _turn: Turn,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
