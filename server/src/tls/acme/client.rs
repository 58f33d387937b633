//! How an authority is asked: by our own requests, whose answers have a size and a time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use crate::outgoing::{Internet, Outgoing, Reach};

/// The longest answer, in bytes: a chain of certificates has some thousands.
const ANSWER_MAX: usize = 256 * 1024;

/// The whole network: whoever sets the server up names the authority, which may be one of their own.
pub(super) struct Anywhere;

#[async_trait::async_trait]
impl Reach for Anywhere {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Internet.resolve(host, port).await
    }

    fn allows(&self, _: SocketAddr) -> bool {
        true
    }
}

pub(super) struct Client(pub Outgoing);

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let outgoing = self.0.clone();
        Box::pin(async move {
            // The directory names the other addresses, which are not always those of its own host.
            if request.uri().scheme_str() != Some("https") {
                return Err(Error::Str("an address that begins with https://"));
            }
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_or_else(|never| match never {}, |body| body.to_bytes().to_vec());
            let answer = outgoing.send(Request::from_parts(parts, body), ANSWER_MAX).await;
            let (parts, content) = answer.map_err(|refused| Error::Other(Box::new(refused)))?.into_parts();
            Ok(BytesResponse::from(Response::from_parts(parts, Full::new(content))))
        })
    }
}
