//! HTTPS by certificate files, without a proxy in front: TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2.

mod certificates;
mod listener;
mod redirect;

pub use certificates::{Certificates, watch};
pub use listener::{Limits, TlsListener, is_two, named};
pub use redirect::redirect;

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

/// What takes connections in with these certificates, also those that are loaded later.
///
/// # Errors
/// When the library has none of the protocol's versions, which it always has.
pub fn acceptor(certificates: Arc<Certificates>) -> anyhow::Result<TlsAcceptor> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
