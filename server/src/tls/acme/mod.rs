//! A certificate that the server gets from an authority by itself (ACME, RFC 8555), and renews.
//!
//! [`Keeper`] has the authority asked when it is time, one server of a database at a time; [`Challenges`] answers when it comes to
//! look whether the name is ours, to whichever server. What all of them share is in `store::certificates`.

mod challenges;
mod client;
mod keeper;
mod order;
mod words;

pub use challenges::{Challenges, PATH};
pub use keeper::Keeper;

use std::time::Duration;

use store::certificates::{Account, Wanted};
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
    /// The account there that ours is bound to, where it wants one.
    pub bound: Option<Bound>,
    /// Whether it can also come to the address without encryption (HTTP-01).
    pub plain_too: bool,
    /// How it is asked.
    pub outgoing: Outgoing,
}

/// An account that somebody has with the authority already (RFC 8555, section 7.3.4).
#[derive(Clone)]
pub struct Bound {
    id: String,
    key: Vec<u8>,
}

/// Without the key.
impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("id", &self.id).finish_non_exhaustive()
    }
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
        let around = client::Around::of(&host(&wanted.directory));
        let outgoing = Outgoing::with(around, PATIENCE).trusting(vouching)?;
        let bound = config.external_account()?.map(|(id, key)| Bound { id, key });
        Ok(Some(Self { wanted, contact, bound, plain_too: config.http_redirect.is_some(), outgoing }))
    }

    /// As whom it knows us.
    fn account(&self) -> Account {
        let key_id = self.bound.as_ref().map(|bound| bound.id.clone()).unwrap_or_default();
        Account { directory: self.wanted.directory.clone(), contact: self.contact.clone(), key_id }
    }

    /// The authority as people are told of it.
    fn authority(&self) -> String {
        self.host()
    }

    fn host(&self) -> String {
        host(&self.wanted.directory)
    }
}

/// The host of a directory, without the brackets around a number.
fn host(directory: &str) -> String {
    let url = directory.parse::<url::Url>().ok();
    url.and_then(|url| Some(url.host_str()?.trim_matches(['[', ']']).to_owned())).unwrap_or_default()
}
