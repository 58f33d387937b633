//! One connection to the server, kept open, as a browser keeps it.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT_ENCODING, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is sent.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub path: String,
    /// The body and its kind.
    pub body: Option<(&'static str, Bytes)>,
}

impl Call {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None }
    }

    /// A call of a server function.
    pub fn json(path: &str, body: &serde_json::Value) -> Self {
        let body = ("application/json", Bytes::from(body.to_string()));
        Self { method: Method::POST, path: path.to_owned(), body: Some(body) }
    }

    pub fn form(path: &str, body: String) -> Self {
        let body = ("application/x-www-form-urlencoded", Bytes::from(body));
        Self { method: Method::POST, path: path.to_owned(), body: Some(body) }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// As it came: compressed, if so.
    pub body: Bytes,
    /// The cookie it sets, as it is to be sent back.
    pub cookie: Option<String>,
}

/// A connection.
pub struct Connection {
    address: String,
    cookie: String,
    sender: SendRequest<Full<Bytes>>,
    encodings: &'static str,
}

impl Connection {
    /// Opens one for somebody with this cookie.
    pub async fn open(address: &str, cookie: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            address: address.to_owned(),
            cookie: cookie.to_owned(),
            sender,
            encodings: "gzip, deflate, br, zstd",
        })
    }

    /// The same, but answers come as they are.
    pub fn uncompressed(mut self) -> Self {
        self.encodings = "identity";
        self
    }

    /// Sends a request and waits for the whole answer.
    pub async fn send(&mut self, call: &Call) -> anyhow::Result<Answer> {
        let mut request = Request::builder()
            .method(&call.method)
            .uri(&call.path)
            .header(HOST, &self.address)
            .header(ACCEPT_ENCODING, self.encodings)
            .header("sec-fetch-site", "same-origin");
        if !self.cookie.is_empty() {
            request = request.header(COOKIE, &self.cookie);
        }
        let body = match &call.body {
            Some((kind, body)) => {
                request = request.header(CONTENT_TYPE, *kind);
                body.clone()
            }
            None => Bytes::new(),
        };
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status();
        let cookie = response
            .headers()
            .get(SET_COOKIE)
            .and_then(|value| value.to_str().ok()?.split(';').next().map(str::to_owned));
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body, cookie })
    }

    /// The same, for answers that must be good.
    pub async fn good(&mut self, call: &Call) -> anyhow::Result<Answer> {
        let answer = self.send(call).await?;
        ensure!(
            answer.status.is_success(),
            "{} {}: {}: {}",
            call.method,
            call.path,
            answer.status,
            String::from_utf8_lossy(&answer.body).chars().take(500).collect::<String>()
        );
        Ok(answer)
    }

    /// The JSON that a good answer carries. On a connection that is [`uncompressed`](Self::uncompressed).
    pub async fn json(&mut self, call: &Call) -> anyhow::Result<serde_json::Value> {
        let answer = self.good(call).await?;
        serde_json::from_slice(&answer.body).with_context(|| format!("{} does not answer with JSON", call.path))
    }
}
