//! Requests to addresses that strangers have chosen, as in their mails.
//!
//! Such an address may lead into the network that Docket stands in, to services that trust everybody there. So names are
//! resolved here, each address is checked, and exactly the checked address is connected to: a second look at the name
//! could give another. Every redirect goes through the same. Nothing tells about Docket or its people: no cookies, no
//! referrer, no proxy of the environment.

mod guard;
#[cfg(test)]
mod tests;

use axum::body::{Body, Bytes};
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{
    ClientConfig, Error as TlsError, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use url::{Host, Position, Url};

pub use guard::is_public;

/// How often a request is sent on to another address.
const REDIRECTS_MAX: usize = 3;
/// How many requests run at once. Each holds at most one answer in memory.
const AT_ONCE: usize = 8;
/// How long a request may take with all that belongs to it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one address of a host may take to let us in, before the next is tried.
const CONNECT: Duration = Duration::from_secs(3);

/// Why nothing was got.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Not `http` or `https`, not an address, or none that may be asked.
    #[error("this address may not be asked")]
    Address,
    /// The host is not known, does not let us in or does not speak HTTP.
    #[error("the host cannot be reached: {0}")]
    Unreachable(String),
    /// Anything but 200.
    #[error("the host answered {0}")]
    Status(StatusCode),
    /// It is sent on and on.
    #[error("too many redirects")]
    Redirects,
    /// More bytes than asked for.
    #[error("the answer is too large")]
    TooLarge,
    /// It took too long, waiting for its turn included.
    #[error("it took too long")]
    Slow,
}

/// The network as requests may use it. There is one for use, [`Internet`]; tests have networks of their own.
#[async_trait::async_trait]
pub trait Reach: Send + Sync {
    /// The addresses of a host by its name.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
    /// Whether this address may be connected to.
    fn allows(&self, to: SocketAddr) -> bool;
}

/// Web servers with public addresses, at the ports of the web.
#[derive(Debug, Clone, Copy)]
pub struct Internet;

#[async_trait::async_trait]
impl Reach for Internet {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }

    fn allows(&self, to: SocketAddr) -> bool {
        matches!(to.port(), 80 | 443) && is_public(to.ip())
    }
}

/// Sends requests out, a bounded number at once.
#[derive(Clone)]
pub struct Outgoing {
    reach: Arc<dyn Reach>,
    turns: Arc<Semaphore>,
    patience: Duration,
    /// Whom it believes, where those that browsers trust are not all.
    tls: Option<Arc<ClientConfig>>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Default for Outgoing {
    fn default() -> Self {
        Self::with(Internet, PATIENCE)
    }
}

/// What a host says.
enum Answer {
    Content(Bytes),
    /// To be asked for there.
    Elsewhere(String),
}

impl Outgoing {
    /// Over this network, with so much time for each request.
    pub fn with(reach: impl Reach + 'static, patience: Duration) -> Self {
        Self { reach: Arc::new(reach), turns: Arc::new(Semaphore::new(AT_ONCE)), patience, tls: None }
    }

    /// The same, which believes these authorities too.
    ///
    /// # Errors
    /// When one of them is no certificate.
    pub fn trusting(self, authorities: Vec<CertificateDer<'static>>) -> Result<Self, TlsError> {
        Ok(Self { tls: Some(believing(authorities)?), ..self })
    }

    /// Gets what is at an address, at most so many bytes. `accept` says which media types are wanted.
    ///
    /// # Errors
    /// See [`Refused`]. None of them is Docket's fault.
    pub async fn get(&self, address: &str, accept: &'static str, most: usize) -> Result<Bytes, Refused> {
        timeout(self.patience, async {
            let _turn = self.turns.acquire().await.map_err(|_| Refused::Slow)?;
            let mut url = Url::parse(address).map_err(|_| Refused::Address)?;
            for _ in 0..=REDIRECTS_MAX {
                match self.ask(&url, accept, most).await? {
                    Answer::Content(content) => return Ok(content),
                    Answer::Elsewhere(to) => url = url.join(&to).map_err(|_| Refused::Address)?,
                }
            }
            Err(Refused::Redirects)
        })
        .await
        .unwrap_or(Err(Refused::Slow))
    }

    /// Sends a request to an address and reads the answer, whatever its status, at most so many bytes. Redirects are not
    /// followed: what is sent is meant for this host.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn send(&self, request: Request<Vec<u8>>, most: usize) -> Result<Response<Bytes>, Refused> {
        timeout(self.patience, async {
            let _turn = self.turns.acquire().await.map_err(|_| Refused::Slow)?;
            let url = Url::parse(&request.uri().to_string()).map_err(|_| Refused::Address)?;
            let (parts, body) = request.into_parts();
            let mut running = JoinSet::new();
            let response = self.exchange(&url, parts.method, parts.headers, body.into(), &mut running).await?;
            let (parts, body) = response.into_parts();
            let content = read(Response::from_parts(parts.clone(), body), most).await?;
            Ok(Response::from_parts(parts, content))
        })
        .await
        .unwrap_or(Err(Refused::Slow))
    }

    /// Sends a request on a connection of its own, which `running` keeps.
    async fn exchange(
        &self,
        url: &Url,
        method: Method,
        headers: HeaderMap,
        body: Body,
        running: &mut JoinSet<hyper::Result<()>>,
    ) -> Result<Response<Incoming>, Refused> {
        let stream = self.connect(url).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
        running.spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(&url[Position::BeforePath..Position::AfterQuery])
            .header(header::HOST, &url[Position::BeforeHost..Position::AfterPort])
            .header(header::ACCEPT_ENCODING, "identity")
            .header(header::USER_AGENT, "Mozilla/5.0 (compatible)")
            .header(header::CONNECTION, "close")
            .body(body)
            .map_err(|_| Refused::Address)?;
        request.headers_mut().extend(headers);
        sender.send_request(request).await.map_err(unreachable)
    }

    async fn ask(&self, url: &Url, accept: &'static str, most: usize) -> Result<Answer, Refused> {
        // Ends with this function, however that ends.
        let mut running = JoinSet::new();
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
        let response = self.exchange(url, Method::GET, headers, Body::empty(), &mut running).await?;
        let status = response.status();
        if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            let to = response.headers().get(header::LOCATION).map(HeaderValue::as_bytes);
            let to = to.and_then(|to| std::str::from_utf8(to).ok()).ok_or(Refused::Status(status))?;
            return Ok(Answer::Elsewhere(to.to_owned()));
        }
        if status != StatusCode::OK {
            return Err(Refused::Status(status));
        }
        read(response, most).await.map(Answer::Content)
    }

    /// Whether this host may be asked, as far as its address tells without anybody being asked for it. A name is looked up
    /// when it is connected to.
    pub fn may_ask(&self, host: &Host, port: u16) -> bool {
        let ip = match host {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                if name != "localhost" && !name.ends_with(".localhost") {
                    return !name.is_empty() && port != 0;
                }
                Ipv4Addr::LOCALHOST.into()
            }
            Host::Ipv4(ip) => IpAddr::V4(*ip),
            Host::Ipv6(ip) => IpAddr::V6(*ip),
        };
        port != 0 && self.reach.allows(SocketAddr::new(ip, port))
    }

    /// Connects to a host, by an address of it that has been checked. For what is not asked by HTTP; whoever calls this
    /// bounds how long all of it may take.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn dial(&self, host: &Host, port: u16) -> Result<TcpStream, Refused> {
        // The parser has read all the ways to write an IPv4 address: as one number, octal, in parts.
        let found = match host {
            Host::Domain(name) => self.reach.resolve(name, port).await.map_err(unreachable)?,
            Host::Ipv4(ip) => vec![(*ip, port).into()],
            Host::Ipv6(ip) => vec![(*ip, port).into()],
        };
        // One bad address is reason enough: nobody's public host is also a private one.
        if !found.iter().all(|to| to.port() == port && self.reach.allows(*to)) {
            return Err(Refused::Address);
        }
        let mut outcome = Err(Refused::Unreachable("it has no address".to_owned()));
        for to in found {
            match timeout(CONNECT, TcpStream::connect(to)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => outcome = Err(unreachable(error)),
                Err(_) => outcome = Err(Refused::Slow),
            }
        }
        outcome
    }

    /// Connects to the host of an address.
    async fn connect(&self, url: &Url) -> Result<Box<dyn Stream>, Refused> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Refused::Address),
        };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return Err(Refused::Address) };
        let host = host.to_owned();
        let stream = self.dial(&host, port).await?;
        if !secure {
            return Ok(Box::new(stream));
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name).map_err(unreachable)?,
            Host::Ipv4(ip) => ServerName::from(IpAddr::V4(ip)),
            Host::Ipv6(ip) => ServerName::from(IpAddr::V6(ip)),
        };
        let config = match &self.tls {
            Some(config) => config,
            None => TLS.as_ref().map_err(unreachable)?,
        };
        let stream = TlsConnector::from(config.clone()).connect(name, stream).await.map_err(unreachable)?;
        Ok(Box::new(stream))
    }
}

/// Reads an answer, and no further than to the first byte too many.
async fn read(response: Response<Incoming>, most: usize) -> Result<Bytes, Refused> {
    let declared = response.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|size| size > most) {
        return Err(Refused::TooLarge);
    }
    let mut content = Vec::new();
    let mut parts = Body::new(response.into_body()).into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(unreachable)?;
        if content.len() + part.len() > most {
            return Err(Refused::TooLarge);
        }
        content.extend_from_slice(&part);
    }
    Ok(content.into())
}

fn unreachable(cause: impl fmt::Display) -> Refused {
    Refused::Unreachable(cause.to_string())
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Whom we believe to be who they are: the authorities that browsers trust.
static TLS: LazyLock<Result<Arc<ClientConfig>, TlsError>> = LazyLock::new(|| believing(vec![]));

/// Those, and these beside them.
fn believing(beside: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for authority in beside {
        roots.add(authority)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
