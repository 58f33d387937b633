//! HTTPS without a proxy in front, by certificate files or by an authority (ACME): TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2.

pub mod acme;
mod certificates;
mod listener;
mod redirect;

pub use certificates::{Certificates, authorities, watch};
pub use listener::{Limits, TlsListener, is_two, named};
pub use redirect::{Leading, redirect};

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{Acceptor as Hello, ResolvesServerCert};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use acme::{Challenges, Keeper};

/// Encrypts the connections that come in.
#[derive(Debug, Clone)]
pub struct Acceptor {
    config: Arc<ServerConfig>,
    challenges: Option<Arc<Challenges>>,
}

/// What takes connections in with these certificates, also those that are loaded later.
///
/// # Errors
/// When the library has none of the protocol's versions, which it always has.
pub fn acceptor(certificates: Arc<Certificates>) -> anyhow::Result<Acceptor> {
    Ok(Acceptor { config: config(certificates)?, challenges: None })
}

/// What takes connections in with the certificate of an authority, once there is one, and answers that authority.
///
/// # Errors
/// Like [`acceptor`].
pub fn acceptor_of(keeper: Arc<Keeper>) -> anyhow::Result<Acceptor> {
    let challenges = Some(keeper.challenges.clone());
    Ok(Acceptor { config: config(keeper)?, challenges })
}

/// The SIGHUPs from here on, which end the process no more. `None`: they cannot be noticed, as the log says.
fn hangups() -> Option<Signal> {
    signal(SignalKind::hangup()).inspect_err(|error| tracing::warn!(%error, "SIGHUP cannot be noticed")).ok()
}

fn config(certificates: Arc<dyn ResolvesServerCert>) -> anyhow::Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl Acceptor {
    /// Shakes hands. `None`: it was an authority, which has seen what it wanted to see. Whoever calls this bounds how long it takes.
    async fn accept(&self, socket: TcpStream) -> io::Result<Option<TlsStream<TcpStream>>> {
        let Some(challenges) = &self.challenges else {
            return TlsAcceptor::from(self.config.clone()).accept(socket).await.map(Some);
        };
        let begun = LazyConfigAcceptor::new(Hello::default(), socket).await?;
        if challenges.concern(&begun.client_hello())
            && let Some(config) = challenges.handshake().await
        {
            // Nothing is said on it: the certificate was the answer.
            begun.into_stream(config).await?;
            return Ok(None);
        }
        begun.into_stream(self.config.clone()).await.map(Some)
    }
}
