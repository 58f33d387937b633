//! The certificate and its key, as they are in their files, also when those change.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::Signal;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error as TlsError, InconsistentKeys};
use tokio_util::sync::CancellationToken;
use webpki::{EndEntityCert, KeyUsage};

use super::hangups;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(30);

/// A certificate with those that vouch for it, and its key.
#[derive(Debug)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    loaded: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<[Stamp; 2]>,
}

/// By what a file is known to be the same: when it was written, which one it is, how long.
type Stamp = (i64, i64, u64, u64);

impl Certificates {
    /// Loads them. An expired one is used with a warning.
    ///
    /// # Errors
    /// Plain sentences: a file that cannot be read or holds something else, a key that is not this certificate's.
    pub fn load(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        // Before reading: what changes from here on is noticed.
        let seen = [stamp(certificate)?, stamp(key)?];
        let loaded = read(certificate, key)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            loaded: RwLock::new(Arc::new(loaded)),
            seen: Mutex::new(seen),
        })
    }

    /// Loads them again if the files have changed. Tells whether they had. Connections that are open stay as they are.
    ///
    /// # Errors
    /// Like [`Certificates::load`]; then those of before stay in use. The same files are not complained about twice.
    pub fn look(&self) -> anyhow::Result<bool> {
        let now = [stamp(&self.certificate)?, stamp(&self.key)?];
        let before = std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), now);
        if before == now {
            return Ok(false);
        }
        let loaded = Arc::new(read(&self.certificate, &self.key)?);
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(true)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Loads them again whenever the files have changed, or the process gets a SIGHUP, until it stops. From the call on a SIGHUP is
/// noticed, and does not end the process.
pub fn watch(certificates: Arc<Certificates>, stop: CancellationToken) -> impl Future<Output = ()> + Send {
    let asked = hangups();
    watch_on(certificates, asked, stop)
}

async fn watch_on(certificates: Arc<Certificates>, mut asked: Option<Signal>, stop: CancellationToken) {
    let mut failing = false;
    loop {
        let asked = async {
            match &mut asked {
                Some(asked) => drop(asked.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = asked => tracing::info!("looking at the files of the certificate (SIGHUP)"),
            () = tokio::time::sleep(LOOK) => {}
        }
        let looking = certificates.clone();
        match tokio::task::spawn_blocking(move || looking.look()).await {
            Ok(Ok(changed)) => {
                if changed {
                    tracing::info!("the certificate was loaded again");
                }
                failing = false;
            }
            // Said once, not at every look: a file may be away for long.
            Ok(Err(error)) if !failing => {
                tracing::error!("the certificate of before stays in use: {error:#}");
                failing = true;
            }
            Ok(Err(_)) => {}
            Err(error) => tracing::error!(%error, "the files of the certificate could not be looked at"),
        }
    }
}

fn stamp(path: &Path) -> anyhow::Result<Stamp> {
    let found = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok((found.mtime(), found.mtime_nsec(), found.ino(), found.len()))
}

fn read(certificate: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unread(certificate, &error))?;
    let Some(first) = chain.first() else {
        anyhow::bail!(
            "{} (--tls-certificate) holds no certificate. It must be in PEM, beginning with -----BEGIN CERTIFICATE-----",
            certificate.display()
        );
    };
    if let Some(wrong) = outdated(first) {
        tracing::warn!("the certificate in {} {wrong}: browsers will refuse it", certificate.display());
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        PemError::NoItemsFound => anyhow::anyhow!(
            "{} (--tls-key) holds no key. It must be in PEM, beginning with -----BEGIN PRIVATE KEY-----, without a password",
            key.display()
        ),
        other => unread(key, &other),
    })?;
    CertifiedKey::from_der(chain, secret, &ring::default_provider()).map_err(|error| match error {
        TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => anyhow::anyhow!(
            "the key in {} is not that of the certificate in {}. The certificate of this server comes first in its file, those \
             that vouch for it after it",
            key.display(),
            certificate.display()
        ),
        other => anyhow::anyhow!(
            "the certificate in {} cannot be used with the key in {}: {other}",
            certificate.display(),
            key.display()
        ),
    })
}

/// What is wrong with a file, without what is in it.
fn unread(path: &Path, error: &PemError) -> anyhow::Error {
    match error {
        PemError::Io(error) => anyhow::anyhow!("cannot read {}: {error}", path.display()),
        _ => anyhow::anyhow!("{} is not a PEM file, or a part of it is missing", path.display()),
    }
}

/// The certificates of authorities in the file of this setting.
///
/// # Errors
/// Plain sentences: a file that cannot be read, or that holds none.
pub fn authorities(file: &Path, setting: &str) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let name = format!("the certificates of {setting}, {},", file.display());
    let pem = fs::read(file).with_context(|| format!("{name} cannot be read"))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.ok().with_context(|| format!("{name} are not written as PEM"))?;
    anyhow::ensure!(!found.is_empty(), "{name} are not there: there is no certificate in the file");
    Ok(found)
}

/// What is wrong with the time of a certificate, if something is.
fn outdated(certificate: &CertificateDer<'_>) -> Option<&'static str> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    // Nobody vouches for it here; its time is looked at before that.
    let verified =
        certificate.verify_for_usage(&[], &[], &[], UnixTime::now(), KeyUsage::server_auth(), None, None).err()?;
    match verified {
        webpki::Error::CertExpired { .. } => Some("has expired"),
        webpki::Error::CertNotValidYet { .. } => Some("is not valid yet"),
        _ => None,
    }
}
