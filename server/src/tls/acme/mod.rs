//! A certificate that the server gets from an authority by itself (ACME, RFC 8555), and renews.
//!
//! [`Keeper`] has the authority asked when it is time, one server of a database at a time; [`Challenges`] answers when it comes to
//! look whether the name is ours, to whichever server. What all of them share is in `store::certificates`.

mod challenges;
mod client;
mod keeper;
mod order;

pub use challenges::{Challenges, PATH};
pub use keeper::Keeper;

use std::time::Duration;

use store::certificates::Wanted;
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::config::Config;
use crate::outgoing::Outgoing;

/// The protocol by which authorities look whether a name is ours (RFC 8737, TLS-ALPN-01).
pub const PROTOCOL: &[u8] = b"acme-tls/1";

/// How long an authority may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which authority is asked for what, in whose name.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Of which authority, for which name.
    pub wanted: Wanted,
    /// Whom it may write to.
    pub contact: String,
    /// Whether it can also come to the address without encryption (HTTP-01).
    pub plain_too: bool,
    /// How it is asked.
    pub outgoing: Outgoing,
}

impl Settings {
    /// As the settings say. `None`: no authority is to be asked.
    ///
    /// # Errors
    /// Plain sentences about the file of the authority that vouches for it.
    pub fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let (Some(contact), Some(wanted)) = (config.acme.clone(), config.certificate_wanted()) else { return Ok(None) };
        let vouching = config.acme_ca.as_deref().map(|file| super::authorities(file, "--acme-ca (DOCKET_ACME_CA)"));
        let vouching: Vec<CertificateDer<'static>> = vouching.transpose()?.unwrap_or_default();
        let outgoing = Outgoing::with(client::Anywhere, PATIENCE).trusting(vouching)?;
        Ok(Some(Self { wanted, contact, plain_too: config.http_redirect.is_some(), outgoing }))
    }

    /// The authority as people are told of it.
    fn authority(&self) -> String {
        authority(&self.wanted.directory)
    }
}

/// The host of a directory.
fn authority(directory: &str) -> String {
    directory.parse::<url::Url>().ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
