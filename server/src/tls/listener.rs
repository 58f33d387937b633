//! Connections that have shaken hands. Who is slow about that keeps nobody else waiting.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::server::TlsStream;

use super::Acceptor;
use crate::limits::network;

/// What is allowed to those who have not shaken hands yet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may take.
    pub patience: Duration,
    /// How many may be about it at once; others wait in the system's queue.
    pub at_once: usize,
    /// How many from one address, or part of a network (see [`network`]); others are let go.
    pub of_one: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { patience: Duration::from_secs(10), at_once: 1_024, of_one: 64 }
    }
}

/// Takes connections in, and hands them on once they are encrypted.
#[derive(Debug)]
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Takes the connections of this listener in. Inside of a runtime.
    ///
    /// # Errors
    /// When the listener does not know its own address.
    pub fn new(listener: TcpListener, acceptor: Acceptor, limits: Limits) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(16);
        tokio::spawn(accept_all(listener, acceptor, limits, sender));
        Ok(Self { ready, address })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The task that takes them in ends after us only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

async fn accept_all(
    listener: TcpListener,
    acceptor: Acceptor,
    limits: Limits,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let free = Arc::new(Semaphore::new(limits.at_once));
    let counts = Arc::new(Mutex::new(HashMap::new()));
    loop {
        let Ok(permit) = free.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ready.closed() => return,
        };
        let (socket, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // As with too many open files: it passes when others are closed.
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(turn) = Turn::take(&counts, network(address.ip()), limits.of_one) else {
            tracing::debug!(%address, "too many connections from there have not shaken hands");
            continue;
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            // Small answers must not wait for the acknowledgement of earlier ones (Nagle's algorithm).
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY was refused");
            }
            let shaken = tokio::time::timeout(limits.patience, acceptor.accept(socket)).await;
            drop((turn, permit));
            match shaken {
                Ok(Ok(Some(stream))) => drop(ready.send((stream, address)).await),
                Ok(Ok(None)) => tracing::debug!(%address, "an authority has looked whether the name is ours"),
                Ok(Err(error)) => tracing::debug!(%error, %address, "no handshake"),
                Err(_) => tracing::debug!(%address, "a handshake took too long"),
            }
        });
    }
}

type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// One of the handshakes of an address, until it is dropped.
struct Turn(Counts, IpAddr);

impl Turn {
    fn take(counts: &Counts, of: IpAddr, most: usize) -> Option<Self> {
        let mut held = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(of).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(held);
        Some(Self(counts.clone(), of))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.1);
            }
        }
    }
}

/// Whether the handshake has led to HTTP/2.
pub fn is_two(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

/// Names the host that was asked for as requests on other connections do: HTTP/2 has no header `Host`.
pub async fn named(mut request: Request, next: Next) -> Response {
    let host = request.uri().authority().and_then(|it| HeaderValue::from_str(it.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
    next.run(request).await
}
