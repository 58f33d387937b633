//! The way to a directory: the connection, its encryption, and a guard that looks at what comes back before anything else
//! reads it.

use std::io;
use std::sync::Arc;

use domain::outside::{Usable, directory::is_encrypted};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::{Host, Url};

use super::Failed;
use crate::outgoing::{Outgoing, Refused, is_public};

/// The longest message that is read, in bytes: somebody in very many groups.
const MESSAGE_MAX: usize = 256 * 1024;
/// The most that is read in one conversation, in bytes.
const ALL_MAX: usize = 1024 * 1024;
/// How deep messages are nested: those of LDAP are six deep.
const DEPTH_MAX: u32 = 16;
/// The ports of LDAP, plain and encrypted.
const PORT: u16 = 389;
const TLS_PORT: u16 = 636;
/// The most authorities that somebody may enter for one directory.
const AUTHORITIES_MAX: usize = 20;

/// “Encrypt from here on” (RFC 4511, 4.14.1): an extended request with the number 1.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What connects us with a directory.
pub(super) struct Connected {
    pub stream: Box<dyn Stream>,
    /// Whether nobody on the way can read along.
    pub encrypted: bool,
}

/// The host and port of a directory.
pub(in crate::outside) fn place(address: &str) -> Option<(Host, u16)> {
    let url = Url::parse(address).ok()?;
    // Only for schemes of the web the parser reads all the ways to write an IPv4 address; here it has to be asked to.
    let host = Host::parse(url.host_str()?).ok()?;
    let port = url.port().unwrap_or(if is_encrypted(address) { TLS_PORT } else { PORT });
    (port != 0).then_some((host, port))
}

/// The authorities in a text of PEM.
///
/// # Errors
/// What is wrong with it, in words that follow “This”.
pub fn authorities(pem: &str) -> Result<RootCertStore, &'static str> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| "is not readable as PEM")?;
        roots.add(certificate).map_err(|_| "has a certificate in it that is not readable")?;
    }
    match roots.len() {
        0 => Err("has no certificate in it"),
        1..=AUTHORITIES_MAX => Ok(roots),
        _ => Err("has more than 20 certificates in it: enter only who signs this directory's"),
    }
}

/// Whom a directory's certificate may be from: those that were entered for it and nobody else, or those that browsers trust.
fn trust(pem: &str) -> Result<Arc<ClientConfig>, Failed> {
    let roots = match pem {
        "" => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        pem => authorities(pem).map_err(|wrong| format!("has a list of authorities that {wrong}"))?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot be asked: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Connects to a directory. Without encryption only within one's own network, where that was allowed.
pub(super) async fn connect(outgoing: &Outgoing, private: bool, directory: &Usable) -> Result<Connected, Failed> {
    let from_the_start = is_encrypted(&directory.issuer);
    let encrypted = from_the_start || directory.directory.start_tls;
    let (host, port) = place(&directory.issuer).ok_or("has an address that is none")?;
    if !encrypted && !private {
        return Err(PLAIN.to_owned());
    }
    let mut stream = outgoing.dial(&host, port).await.map_err(|refused| match refused {
        Refused::Address => {
            "has an address that is not in the internet. For directories in your own network, start Docket \
                             with --outside-private-addresses true"
                .to_owned()
        }
        other => format!("cannot be asked at {host}: {other}"),
    })?;
    if !encrypted {
        let there = stream.peer_addr().map_err(|error| format!("cannot be asked at {host}: {error}"))?;
        if is_public(there.ip()) {
            return Err(PLAIN.to_owned());
        }
        return Ok(Connected { stream: Box::new(stream), encrypted });
    }
    let config = trust(&directory.directory.ca)?;
    if !from_the_start {
        start_tls(&mut stream).await?;
    }
    let name = match &host {
        Host::Domain(name) => {
            ServerName::try_from(name.clone()).map_err(|_| "has an address that is none".to_owned())?
        }
        Host::Ipv4(ip) => ServerName::from(std::net::IpAddr::V4(*ip)),
        Host::Ipv6(ip) => ServerName::from(std::net::IpAddr::V6(*ip)),
    };
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
        let hint = match error.to_string().contains("UnknownIssuer") {
            true => ". Enter the certificate of whoever signs its own, as PEM",
            false => "",
        };
        format!("cannot be talked to in private: {error}{hint}")
    })?;
    Ok(Connected { stream: Box::new(stream), encrypted })
}

const PLAIN: &str = "is asked without encryption, and everybody on the way could read passwords. Use ldaps:// or StartTLS; without \
                     either, a directory has to be in your own network, and Docket started with \
                     --outside-private-addresses true";

/// Asks for encryption. Nothing else is said before it is on, and exactly one answer is read: what a stranger has put
/// behind it ends up in the middle of the encryption, which breaks.
async fn start_tls(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Failed> {
    let broken = |error: io::Error| format!("broke off when it was asked to encrypt (StartTLS): {error}");
    stream.write_all(START_TLS).await.map_err(broken)?;
    let answer = message(stream, MESSAGE_MAX).await.map_err(broken)?.ok_or("hung up when it was asked to encrypt")?;
    match result_of_start(&answer) {
        Some(0) => Ok(()),
        Some(code) => Err(format!("does not encrypt (StartTLS): it answers {code}, so nothing was said to it")),
        None => Err("answered with something else when it was asked to encrypt (StartTLS)".to_owned()),
    }
}

/// The result in the answer to [`START_TLS`].
fn result_of_start(answer: &[u8]) -> Option<u8> {
    let (0x30, inner, []) = element(answer)? else { return None };
    let (0x02, [1], rest) = element(inner)? else { return None };
    let (0x78, response, _) = element(rest)? else { return None };
    match element(response)? {
        (0x0a, [code], _) => Some(*code),
        _ => None,
    }
}

/// The first element of some BER: its tag, what is in it, and what comes after it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0_usize, |all, byte| (all << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    // Tags of several bytes are none of LDAP's.
    let (content, rest) = rest.split_at_checked(length)?;
    (tag & 0x1f != 0x1f).then_some((tag, content, rest))
}

/// Whether some BER is whole and not nested too deep: what reads it later calls itself for each level.
fn is_sound(mut bytes: &[u8], depth: u32) -> bool {
    while !bytes.is_empty() {
        let Some((tag, content, rest)) = element(bytes) else { return false };
        if tag & 0x20 != 0 && (depth == 0 || !is_sound(content, depth - 1)) {
            return false;
        }
        bytes = rest;
    }
    true
}

fn unsound(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Reads one message of at most so many bytes, and not a byte more. Nothing at the end.
async fn message(stream: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; 2];
    if stream.read(&mut bytes[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut bytes[1..]).await?;
    let length = match bytes[1] {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let mut length = vec![0; usize::from(long & 0x7f)];
            stream.read_exact(&mut length).await?;
            bytes.extend_from_slice(&length);
            length.iter().fold(0, |all, byte| (all << 8) | usize::from(*byte))
        }
        _ => return Err(unsound("it does not speak LDAP")),
    };
    if bytes[0] != 0x30 {
        return Err(unsound("it does not speak LDAP"));
    }
    if length > most {
        return Err(unsound("its answer is too large"));
    }
    let head = bytes.len();
    bytes.resize(head + length, 0);
    stream.read_exact(&mut bytes[head..]).await?;
    if is_sound(&bytes, DEPTH_MAX) { Ok(Some(bytes)) } else { Err(unsound("it does not speak LDAP")) }
}

/// Carries messages between a directory and what speaks LDAP here, as long as they are sound and not too many.
///
/// Ends only when they are not: with the reason. A directory that hangs up is seen by who speaks with it.
pub(super) async fn guard(directory: Box<dyn Stream>, here: UnixStream) -> Failed {
    let (mut from, mut to) = tokio::io::split(directory);
    let (mut read, mut write) = here.into_split();
    let there = async {
        if let Err(error) = tokio::io::copy(&mut read, &mut to).await {
            return format!("hung up: {error}");
        }
        std::future::pending().await
    };
    let back = async {
        let mut left = ALL_MAX;
        loop {
            match message(&mut from, left.min(MESSAGE_MAX)).await {
                Ok(Some(bytes)) => {
                    left = left.saturating_sub(bytes.len());
                    if write.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return format!("is not listened to: {error}");
                }
                Ok(None) | Err(_) => break,
            }
        }
        drop(write);
        std::future::pending().await
    };
    tokio::select! {
        failed = there => failed,
        failed = back => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_answer_to_start_tls() {
        for (answer, code) in [
            (&b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"[..], Some(0)),
            // As Active Directory writes lengths.
            (b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00", Some(0)),
            (b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00", Some(52)),
            // To another request; of another kind; not whole; with more behind it.
            (b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00", None),
            (b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", None),
            (b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04", None),
            (b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x00", None),
            (b"", None),
        ] {
            assert_eq!(result_of_start(answer), code, "{answer:x?}");
        }
    }

    #[test]
    fn where_a_directory_is() {
        for (address, host, port) in [
            ("ldaps://ldap.acme.example", "ldap.acme.example", 636),
            ("ldap://ldap.acme.example", "ldap.acme.example", 389),
            ("ldaps://ldap.acme.example:443", "ldap.acme.example", 443),
            ("ldap://[::1]:3890", "[::1]", 3890),
            // An address is one however it is written.
            ("ldap://0x7f.1", "127.0.0.1", 389),
            ("ldap://2130706433", "127.0.0.1", 389),
        ] {
            let (found, at) = place(address).unwrap();
            assert_eq!((found.to_string().as_str(), at), (host, port), "{address}");
        }
        assert!(matches!(place("ldap://127.1"), Some((Host::Ipv4(_), _))));
        for none in ["ldap://", "ldap://:389", "ldap://host:0", "ldap://host:99999", ""] {
            assert!(place(none).is_none(), "{none}");
        }
    }

    #[tokio::test]
    async fn what_is_read_is_bounded() {
        let read = async |bytes: &[u8], most| message(&mut &bytes[..], most).await;
        assert_eq!(read(b"\x30\x03\x02\x01\x01more", 3).await.unwrap().unwrap(), b"\x30\x03\x02\x01\x01");
        assert!(read(b"", 9).await.unwrap().is_none());
        let words = |done: io::Result<Option<Vec<u8>>>| done.unwrap_err().to_string();
        assert!(words(read(b"\x30\x03\x02\x01\x01", 2).await).contains("too large"));
        assert!(words(read(b"\x30\x84\xff\xff\xff\xff", MESSAGE_MAX).await).contains("too large"));
        for none in [
            &b"\x30\x80"[..],
            b"\x30\x85\0\0\0\0\0",
            b"HTTP/1.1 400 Bad Request",
            b"\x30\x02\x02\x01",
            b"\x30\x02\x3f\x00",
        ] {
            assert!(words(read(none, 99).await).contains("does not speak LDAP"), "{none:x?}");
        }
        let mut deep = Vec::new();
        for _ in 0..2_000 {
            let length = u32::try_from(deep.len()).unwrap().to_be_bytes();
            deep = [&[0x30, 0x84][..], &length, &deep].concat();
        }
        assert!(words(read(&deep, MESSAGE_MAX).await).contains("does not speak LDAP"));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            is_sound(&bytes, DEPTH_MAX);
            result_of_start(&bytes);
        }
    }
}
