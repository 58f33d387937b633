//! Connections, from their first byte to their last. Who does not come to the point is let go: a connection costs whoever opens
//! it next to nothing, and the server memory and one of its file descriptors.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long the head of a request may take, waiting for its first byte included. Longer than the minute for which proxies
/// keep a connection to use it again: they should be the ones to close it.
pub const HEAD: Duration = Duration::from_secs(75);

/// Answers requests until the server stops, and those that have begun by then.
///
/// `two` says whether a connection has agreed on HTTP/2. Nothing is guessed from its first bytes: those would be waited for.
pub async fn answer<L>(
    mut listener: L,
    router: Router,
    head: Duration,
    two: impl Fn(&L::Io) -> bool,
    stop: CancellationToken,
) where
    L: Listener<Addr = SocketAddr>,
{
    let mut one = http1::Builder::new();
    one.timer(TokioTimer::new()).header_read_timeout(head);
    let mut second = http2::Builder::new(TokioExecutor::new());
    // Pings find out who has gone away without a word.
    second.timer(TokioTimer::new()).keep_alive_interval(head).enable_connect_protocol();
    let open = TaskTracker::new();
    loop {
        let (io, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.map(Body::new)
        });
        let service = TowerToHyperService::new(service);
        let stop = stop.clone();
        if two(&io) {
            let connection = second.serve_connection(TokioIo::new(io), service);
            open.spawn(end(connection, |it| it.graceful_shutdown(), stop, peer));
        } else {
            let connection = one.serve_connection(TokioIo::new(io), service).with_upgrades();
            open.spawn(end(connection, |it| it.graceful_shutdown(), stop, peer));
        }
    }
    drop(listener);
    open.close();
    open.wait().await;
}

/// Sees a connection to its end; when the server stops, to that of the requests that have begun.
async fn end<C>(connection: C, wind_up: fn(Pin<&mut C>), stop: CancellationToken, peer: SocketAddr)
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            wind_up(connection.as_mut());
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection has ended");
    }
}
