//! The way a mail takes from here.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{self, extension::ClientId};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use tokio_rustls::rustls::pki_types::CertificateDer;
use url::{Host, Url};

use crate::config::Config;
use crate::{private, tls};

/// Whether the connection is encrypted after a greeting: it must be, if the server can, or not.
const TLS: [&str; 3] = ["required", "opportunistic", "none"];

/// How long an SMTP server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where mails go.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// To an SMTP server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// Into a folder, a file each, for nobody to be sent to.
    Folder(PathBuf),
}

/// Answers of a server to who it asks to prove themselves (RFC 4954, section 6): our settings are wrong, not the mail, and
/// somebody can mend them.
const UNPROVED: [u16; 4] = [530, 534, 535, 538];

/// Why a mail was not taken, for administrators.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// By the SMTP server, this time.
    #[error("the mail server did not take it: {0}")]
    Smtp(String),
    /// By the SMTP server, which will say the same again (RFC 5321, section 4.2.1: 5yz).
    #[error("the mail server refused it for good: {0}")]
    Refused(String),
    /// By the folder.
    #[error("it could not be written: {0}")]
    Folder(#[from] std::io::Error),
}

impl Delivery {
    /// As the settings say.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn of_settings(config: &Config) -> anyhow::Result<Self> {
        if let Some(url) = &config.smtp_url {
            let vouching = config.smtp_ca.as_deref().map(|file| tls::authorities(file, "--smtp-ca (DOCKET_SMTP_CA)"));
            let vouching = vouching.transpose()?;
            return smtp_server(url, &vouching.unwrap_or_default()).map(Self::Smtp);
        }
        let folder = config.mail_folder.clone().unwrap_or_else(|| config.data.join("mails"));
        private::make(&folder, private::CLOSED)
            .with_context(|| format!("cannot make the folder for mails {}", folder.display()))?;
        Ok(Self::Folder(folder))
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Delivery::Smtp(_) => None,
            Delivery::Folder(folder) => Some(folder),
        }
    }

    pub(super) async fn deliver(&self, message: &Message) -> Result<(), Undelivered> {
        match self {
            Delivery::Smtp(server) => {
                server.send_raw(message.envelope(), &message.formatted()).await.map_err(|error| undelivered(&error))?;
            }
            Delivery::Folder(folder) => {
                let (folder, bytes) = (folder.clone(), message.formatted());
                let written = tokio::task::spawn_blocking(move || write(&folder, &bytes)).await;
                let file = written.map_err(std::io::Error::other)??;
                tracing::info!("a mail was written to {}: no SMTP server is set", file.display());
            }
        }
        Ok(())
    }
}

fn undelivered(error: &smtp::Error) -> Undelivered {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    let proves = error.status().is_some_and(|code| UNPROVED.contains(&u16::from(code)));
    if error.is_permanent() && !proves { Undelivered::Refused(words) } else { Undelivered::Smtp(words) }
}

/// Writes a mail under a name of its own; names sort by time. It is there whole or not at all.
fn write(folder: &Path, bytes: &[u8]) -> std::io::Result<PathBuf> {
    private::make(folder, private::CLOSED)?;
    let at = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    let name = format!("{at:020}-{:08x}.eml", rand::random::<u32>());
    let unfinished = folder.join(format!(".{name}"));
    std::fs::File::create_new(&unfinished)?.write_all(bytes)?;
    let file = folder.join(name);
    std::fs::rename(&unfinished, &file)?;
    Ok(file)
}

/// An SMTP server by its address: `smtp://user:password@host:port?tls=required`, or `smtps://…`. Its certificate is believed
/// if one of the well-known authorities vouches for it, or one of `vouching`.
///
/// # Errors
/// A plain sentence that does not repeat the address, in which there may be a password: for what is no such address, and for
/// one by which a password would go over the network in clear.
pub fn smtp_server(
    text: &str,
    vouching: &[CertificateDer<'static>],
) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    let wrong = "--smtp-url (DOCKET_SMTP_URL) must be like smtp://user:password@mail.example.com:587?tls=required, or smtps://… \
        where encryption begins at once; signs like @ and / in the password are written as %40 and %2F";
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "smtp" | "smtps"));
    let url = url.filter(|url| url.host_str().is_some_and(|host| !host.is_empty())).context(wrong)?;
    let mut settings = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
    let tls = match (settings.next(), settings.next()) {
        (None, _) => None,
        (Some((name, value)), None) if name == "tls" && TLS.contains(&value.as_str()) => Some(value),
        _ => anyhow::bail!("{wrong}; tls is required, opportunistic or none"),
    };
    let here = match url.host() {
        // Parsed as of a scheme that it does not know, the library leaves addresses as texts.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let clear = url.scheme() == "smtp" && tls.as_deref() != Some("required");
    anyhow::ensure!(
        !clear || url.password().is_none() || here,
        "--smtp-url (DOCKET_SMTP_URL) would send the password over the network in clear. Add ?tls=required at its end"
    );
    let mut plain = url.clone();
    if tls.as_deref() == Some("none") {
        plain.set_query(None);
    }
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(plain.as_str()).ok().context(wrong)?;
    if !vouching.is_empty() {
        let mut trust = TlsParameters::builder(url.host_str().unwrap_or_default().to_owned());
        for certificate in vouching {
            let certificate = Certificate::from_der(certificate.to_vec()).context(NO_AUTHORITY)?;
            trust = trust.add_root_certificate(certificate);
        }
        let trust = trust.build().context(NO_AUTHORITY)?;
        builder = match (url.scheme(), tls.as_deref()) {
            ("smtps", _) => builder.tls(Tls::Wrapper(trust)),
            (_, Some("required")) => builder.tls(Tls::Required(trust)),
            (_, Some("opportunistic")) => builder.tls(Tls::Opportunistic(trust)),
            _ => anyhow::bail!(
                "--smtp-ca (DOCKET_SMTP_CA) is for a mail server that is spoken to with encryption: begin --smtp-url with \
                 smtps://, or add ?tls=required at its end"
            ),
        };
    }
    Ok(builder.timeout(Some(PATIENCE)).hello_name(hello()).build())
}

/// The same, believing the well-known authorities alone.
///
/// # Errors
/// Like [`smtp_server`].
pub fn smtp_address(text: &str) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    smtp_server(text, &[])
}

const NO_AUTHORITY: &str = "what is in the file of --smtp-ca (DOCKET_SMTP_CA) cannot vouch for a mail server";

/// How we call ourselves. Any literal is right where nobody has given this machine a name (RFC 5321, section 4.1.3).
fn hello() -> ClientId {
    ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_by_their_address() {
        for good in [
            "smtp://mail.acme.example",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525",
            "smtp://me:hidden@localhost:2525",
            "smtp://me:hidden@127.0.0.1:2525?tls=none",
            "smtp://me%40acme.example:hidden@mail.acme.example:587?tls=required",
            "smtps://me:hidden@mail.acme.example",
            "smtp://mail.acme.example?tls=opportunistic",
        ] {
            smtp_address(good).unwrap();
        }
        for wrong in [
            "",
            "hidden",
            "http://me:hidden@mail.acme.example",
            "smtp://",
            "smtp:hidden",
            "smtp://me:hidden@mail.acme.example",
            "smtp://me:hidden@mail.acme.example?tls=opportunistic",
            "smtp://mail.acme.example?tls=hidden",
            "smtp://mail.acme.example?hidden=yes",
            "smtp://mail.acme.example:hidden",
        ] {
            let said = smtp_address(wrong).unwrap_err().to_string();
            assert!(said.contains("--smtp-url") && !said.contains("hidden"), "{wrong}: {said}");
        }
    }

    #[test]
    fn authorities_are_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        for (content, said) in [
            (None, "cannot be read"),
            (Some("words"), "no certificate"),
            (Some("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"), "PEM"),
        ] {
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            let error = format!("{:#}", tls::authorities(&file, "--smtp-ca (DOCKET_SMTP_CA)").unwrap_err());
            assert!(error.contains(said) && error.contains("--smtp-ca"), "{error}");
        }
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n").unwrap();
        let nonsense = tls::authorities(&file, "--smtp-ca (DOCKET_SMTP_CA)").unwrap();
        let error = smtp_server("smtps://mail.acme.example", &nonsense).unwrap_err();
        assert!(error.to_string().contains("cannot vouch"), "{error}");
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(["mail.acme.example".to_owned()]).unwrap();
        std::fs::write(&file, certificate.self_signed(&key).unwrap().pem()).unwrap();
        let right = tls::authorities(&file, "--smtp-ca (DOCKET_SMTP_CA)").unwrap();
        smtp_server("smtp://mail.acme.example?tls=required", &right).unwrap();
        for clear in ["smtp://mail.acme.example", "smtp://mail.acme.example?tls=none"] {
            let error = smtp_server(clear, &right).unwrap_err();
            assert!(error.to_string().contains("--smtp-ca"), "{error}");
        }
    }
}
