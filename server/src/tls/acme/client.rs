//! How an authority is asked: by our own requests, whose answers have a size and a time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use domain::Time;
use domain::certificate::NOT_BEFORE_MOST;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use serde::Deserialize;
use store::Desk;

use crate::outgoing::{Internet, Outgoing, Reach, is_public};

/// The longest answer, in bytes: a chain of certificates has some thousands.
const ANSWER_MAX: usize = 256 * 1024;

/// The network as an authority is asked in it. Whoever sets the server up names its directory, which may be anywhere. That names
/// other addresses: those of a directory out in the internet have to be there, too, so that no authority sends us around in the
/// network that we stand in.
pub(super) struct Around<R = Internet> {
    network: R,
    /// The host of the directory.
    host: String,
}

impl Around {
    pub(super) fn of(host: &str) -> Self {
        Self { network: Internet, host: host.to_owned() }
    }
}

#[async_trait::async_trait]
impl<R: Reach> Reach for Around<R> {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = self.network.resolve(host, port).await?;
        if host.eq_ignore_ascii_case(&self.host) || found.iter().all(|to| is_public(to.ip())) {
            return Ok(found);
        }
        let own = match self.host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => self.network.resolve(&self.host, port).await?,
        };
        match own.iter().any(|to| is_public(to.ip())) {
            true => Err(io::Error::other(format!("{host} is inside of a network, and {} is not", self.host))),
            false => Ok(found),
        }
    }

    fn allows(&self, _: SocketAddr) -> bool {
        true
    }
}

/// What a refusal says that the library does not pass on.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub status: StatusCode,
    /// When to come back.
    pub not_before: Option<Time>,
    /// Where somebody has to go to do something.
    pub instance: Option<String>,
}

/// The refusal that came last, until something else came.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Option<Said>>>);

impl Heard {
    pub(super) fn last(&self) -> Option<Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, said: Option<Said>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = said;
    }
}

pub(super) struct Client {
    pub desk: Desk,
    pub outgoing: Outgoing,
    pub heard: Heard,
    /// The host of the directory.
    pub host: String,
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let (desk, outgoing, heard) = (self.desk.clone(), self.outgoing.clone(), self.heard.clone());
        let fits = fits(request.uri(), &self.host);
        Box::pin(async move {
            heard.note(None);
            fits?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_or_else(|never| match never {}, |body| body.to_bytes().to_vec());
            let answer = outgoing.send(Request::from_parts(parts, body), ANSWER_MAX).await;
            let (mut parts, content) = answer.map_err(|refused| Error::Other(Box::new(refused)))?.into_parts();
            let not_before = bounded(&mut parts.headers, desk.now());
            if parts.status.is_client_error() || parts.status.is_server_error() {
                heard.note(Some(Said { status: parts.status, not_before, instance: instance(&content) }));
            }
            Ok(BytesResponse::from(Response::from_parts(parts, Full::new(content))))
        })
    }
}

/// The directory names the other addresses, which are not always those of its own host.
fn fits(address: &http::Uri, directory: &str) -> Result<(), Error> {
    if address.scheme_str() != Some("https") {
        return Err(Error::Str("an address that begins with https://"));
    }
    let host = address.host().unwrap_or_default();
    let number = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    match number && !host.trim_matches(['[', ']']).eq_ignore_ascii_case(directory) {
        true => Err(Error::Str("an address with the name of a host")),
        false => Ok(()),
    }
}

/// When to come back, by `Retry-After`. The library reckons with what stands there: what is absurd is taken out, as it would
/// end the process.
fn bounded(headers: &mut HeaderMap, now: Time) -> Option<Time> {
    let said = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().to_owned();
    let wait = match said.parse::<u64>() {
        Ok(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000),
        Err(_) if !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit()) => i64::MAX,
        Err(_) => {
            let at = httpdate::parse_http_date(&said).ok()?.duration_since(UNIX_EPOCH).ok()?;
            i64::try_from(at.as_millis()).unwrap_or(i64::MAX).saturating_sub(now.0)
        }
    };
    let wait = wait.clamp(0, NOT_BEFORE_MOST);
    headers.insert(header::RETRY_AFTER, HeaderValue::from((wait + 999) / 1_000));
    Some(now.plus_millis(wait))
}

/// Where somebody has to go, of a refusal (RFC 8555, section 7.3.3).
fn instance(content: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        instance: Option<String>,
    }
    let refusal: Refusal = serde_json::from_slice(content).ok()?;
    refusal.instance.filter(|address| address.starts_with("https://") && address.len() <= 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names;

    #[async_trait::async_trait]
    impl Reach for Names {
        async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            let found: &[&str] = match &*host.to_lowercase() {
                "ca.example" => &["93.184.215.14"],
                "other.example" => &["93.184.215.15", "2606:2800:220::15"],
                "ca.corp" => &["10.0.0.7"],
                "inside.example" => &["93.184.215.16", "10.0.0.8"],
                "metadata.example" => &["169.254.169.254"],
                _ => return Err(io::Error::other("unknown")),
            };
            Ok(found.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), port)).collect())
        }

        fn allows(&self, _: SocketAddr) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn an_authority_of_the_internet_does_not_send_us_into_our_network() {
        for (directory, host, may) in [
            ("ca.example", "ca.example", true),
            ("ca.example", "CA.example", true),
            ("ca.example", "other.example", true),
            ("ca.example", "ca.corp", false),
            ("ca.example", "inside.example", false),
            ("ca.example", "metadata.example", false),
            ("ca.corp", "ca.corp", true),
            ("ca.corp", "metadata.example", true),
            ("10.0.0.7", "ca.corp", true),
            ("93.184.215.14", "ca.corp", false),
            ("ca.example", "nowhere.example", false),
        ] {
            let around = Around { network: Names, host: directory.to_owned() };
            assert_eq!(around.resolve(host, 443).await.is_ok(), may, "{directory} → {host}");
        }
        for (directory, address, may) in [
            ("ca.example", "https://ca.example/x", true),
            ("ca.example", "http://ca.example/x", false),
            ("ca.example", "https://10.0.0.7/x", false),
            ("ca.example", "https://169.254.169.254:8443/x", false),
            ("ca.example", "https://[::1]/x", false),
            ("10.0.0.7", "https://10.0.0.7:8443/x", true),
            ("fd00::7", "https://[fd00::7]/x", true),
        ] {
            assert_eq!(fits(&address.parse().unwrap(), directory).is_ok(), may, "{directory} → {address}");
        }
    }

    #[test]
    fn when_to_come_back_is_bounded() {
        let now = Time(1_795_248_720_000);
        for (said, wait) in [
            ("0", Some(0)),
            ("90", Some(90_000)),
            (" 3600 ", Some(3_600_000)),
            ("604800", Some(604_800_000)),
            ("18446744073709551615", Some(NOT_BEFORE_MOST)),
            ("99999999999999999999999999", Some(NOT_BEFORE_MOST)),
            ("Sat, 21 Nov 2026 08:13:00 GMT", Some(60_000)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(NOT_BEFORE_MOST)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-5", None),
        ] {
            let mut headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_str(said).unwrap())]);
            let found = bounded(&mut headers, now);
            assert_eq!(found, wait.map(|wait| now.plus_millis(wait)), "{said}");
            if let Some(wait) = wait {
                assert_eq!(headers[header::RETRY_AFTER], ((wait + 999) / 1_000).to_string(), "{said}");
            }
        }
        assert_eq!(bounded(&mut HeaderMap::new(), now), None);
    }

    #[test]
    fn only_an_address_is_taken_for_one() {
        for (content, found) in [
            (r#"{"instance":"https://ca.example/agree"}"#, Some("https://ca.example/agree")),
            (r#"{"instance":"javascript:alert(1)"}"#, None),
            (r#"{"instance":7}"#, None),
            ("{}", None),
            ("<html>", None),
        ] {
            assert_eq!(instance(content.as_bytes()).as_deref(), found, "{content}");
        }
    }
}
