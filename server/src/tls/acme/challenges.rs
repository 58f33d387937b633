//! What an authority is answered that looks whether the name is ours. It may come to any server: the answer is in the database.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use sha2::{Digest as _, Sha256};
use store::{Desk, certificates};
use tokio::sync::Semaphore;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::ClientHello;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::PROTOCOL;

/// Below which path an authority looks for its answer (RFC 8555, section 8.3, HTTP-01).
pub const PATH: &str = "/.well-known/acme-challenge/";

/// Anybody can come like an authority. So many are looked up at once, and others wait no longer than this.
const AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest token. Those in use have 43 characters.
const TOKEN_MAX: usize = 256;

/// Answers for one name.
#[derive(Debug)]
pub struct Challenges {
    desk: Desk,
    name: String,
    turns: Semaphore,
}

/// Whether a token is written as one is (RFC 8555, section 8.1: base64url).
pub(super) fn is_token(text: &str) -> bool {
    (1..=TOKEN_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl Challenges {
    /// From what is in this database.
    pub fn new(desk: Desk, name: &str) -> Self {
        Self { desk, name: name.to_owned(), turns: Semaphore::new(AT_ONCE) }
    }

    /// Whether somebody comes as an authority does that looks for this name, and for nothing else.
    pub(crate) fn concern(&self, hello: &ClientHello<'_>) -> bool {
        let ours = hello.server_name().is_some_and(|name| name.eq_ignore_ascii_case(&self.name));
        ours && hello.alpn().is_some_and(|mut offered| offered.next() == Some(PROTOCOL) && offered.next().is_none())
    }

    /// With what such a handshake is answered. `None`: nobody has asked an authority for anything.
    pub(crate) async fn handshake(&self) -> Option<Arc<ServerConfig>> {
        let looked = self.look(certificates::answer_for(&self.desk, &self.name)).await?;
        proof(&self.name, &looked)
            .inspect_err(|error| tracing::error!("a challenge cannot be answered: {error:#}"))
            .ok()
    }

    /// What is at an address below [`PATH`].
    pub(crate) async fn page(&self, token: &str) -> Response {
        let answer = match is_token(token) {
            true => self.look(certificates::answer_to(&self.desk, token)).await,
            false => None,
        };
        match answer {
            Some(answer) => ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    async fn look(&self, looking: impl Future<Output = domain::Result<Option<String>>>) -> Option<String> {
        let looked = tokio::time::timeout(PATIENCE, async {
            let _turn = self.turns.acquire().await.ok()?;
            looking.await.inspect_err(|error| tracing::warn!(%error, "a challenge cannot be looked up")).ok()?
        });
        looked.await.ok()?
    }
}

/// A certificate that proves nothing but that the answer is known, under a key that nobody keeps.
fn proof(name: &str, answer: &str) -> anyhow::Result<Arc<ServerConfig>> {
    let digest = Sha256::digest(answer.as_bytes());
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(&digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let provider = ring::default_provider();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    // Not checked against each other: what makes it an answer is an extension that nobody else has to know.
    let key = provider.key_provider.load_private_key(key)?;
    let certified = CertifiedKey::new(vec![certificate.der().clone()], key);
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_a_token_is_looked_up() {
        for good in ["a", "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", "-_", &"x".repeat(TOKEN_MAX)] {
            assert!(is_token(good), "{good}");
        }
        for bad in ["", "a b", "a/b", "../x", "a.b", "ä", "a\0", "%41", &"x".repeat(TOKEN_MAX + 1)] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
