//! How the browser calls the server: one error type, one way from a request to an operation.
//!
//! A server function is a thin shell: it takes the actor of its request, calls one operation of `store` and hands on what
//! comes back. It has no rules of its own.

use crate::json;
use bytes::Bytes;
use domain::{Code, Error};
use http::Method;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use server_fn::{
    ContentType, Decodes, Encodes, Format, FormatType, Protocol,
    client::Client,
    error::{FromServerFnError, IntoAppError as _, ServerFnErrorErr},
    request::{ClientReq as _, Req as _},
    response::{ClientRes as _, TryRes as _},
    server::Server,
};
use std::pin::Pin;

/// JSON in the body, both ways.
///
/// The library has one, made for any way of writing anything: most of what asks and answers would be compiled once for each
/// server function, and what is read would be read as bytes, while everything else in the browser reads text.
#[derive(Debug)]
pub struct Json;

impl<Input, Output, C, S> Protocol<Input, Output, C, S, RpcError> for Json
where
    Input: Serialize + DeserializeOwned + Send,
    Output: Serialize + DeserializeOwned + Send,
    C: Client<RpcError>,
    S: Server<RpcError>,
{
    const METHOD: Method = Method::POST;

    async fn run_server<F, Answer>(request: S::Request, function: F) -> Result<S::Response, RpcError>
    where
        F: Fn(Input) -> Answer + Send,
        Answer: Future<Output = Result<Output, RpcError>> + Send,
    {
        let body = request.try_into_bytes().await?;
        let answer = function(JsonText::decode(body).map_err(unreadable)?).await?;
        S::Response::try_from_bytes(JsonText::CONTENT_TYPE, JsonText::encode(&answer).map_err(unwritable)?)
    }

    async fn run_client(path: &str, input: Input) -> Result<Output, RpcError> {
        let body = JsonText::encode(&input).map_err(unwritable)?;
        json::read(&ask::<C>(path, body).await?).map_err(unreadable)
    }
}

/// Sends a request, and waits for the text of its answer.
fn ask<C: Client<RpcError>>(path: &str, body: Bytes) -> Pin<Box<dyn Future<Output = Rpc<String>> + Send>> {
    let request =
        C::Request::try_new_req_bytes(path, JsonText::CONTENT_TYPE, JsonText::CONTENT_TYPE, body, Method::POST);
    Box::pin(async move {
        let response = C::send(request?).await?;
        match response.status() {
            400.. => Err(RpcError::de(response.try_into_bytes().await?)),
            _ => response.try_into_string().await,
        }
    })
}

fn unreadable(error: json::Unreadable) -> RpcError {
    ServerFnErrorErr::Deserialization(error.to_string()).into_app_error()
}

fn unwritable(error: serde_json::Error) -> RpcError {
    ServerFnErrorErr::Serialization(error.to_string()).into_app_error()
}

/// How it is written and read.
#[derive(Debug)]
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = json::Unreadable;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        // What is no text is not JSON either, so the reader finds the fault.
        json::read(&String::from_utf8_lossy(&bytes))
    }
}

/// [`domain::Error`] as server functions carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RpcError(pub Error);

impl std::fmt::Display for RpcError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl From<Error> for RpcError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl FromServerFnError for RpcError {
    type Encoder = JsonText;

    /// What went wrong on the way: nothing of it is shown but whether the server could be reached.
    fn from_server_fn_error(cause: ServerFnErrorErr) -> Self {
        let (code, message) = match cause {
            // On the server, what cannot be read is what it was sent; in the browser, what came back.
            #[cfg(feature = "ssr")]
            ServerFnErrorErr::Deserialization(_) => {
                (Code::Invalid, "The server did not understand this. Please reload the page and try again.")
            }
            ServerFnErrorErr::Request(_) => {
                (Code::Unavailable, "The server cannot be reached. Please try again in a moment.")
            }
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                (Code::Invalid, "The server did not understand this. Please reload the page and try again.")
            }
            _ => (Code::Internal, "The server gave an answer that this page does not understand. Please reload it."),
        };
        let error = Error::new(code, message);
        #[cfg(feature = "ssr")]
        set_status(&error);
        Self(error)
    }

    /// What the server has refused. That this page is of somebody else concerns all of it.
    fn de(data: Bytes) -> Self {
        let error: Self = JsonText::decode(data)
            .unwrap_or_else(|_| ServerFnErrorErr::Deserialization(String::new()).into_app_error());
        #[cfg(not(feature = "ssr"))]
        if error.0.code == Code::SomebodyElse {
            crate::live::page_is_of_somebody_else(&error.0.message);
        }
        error
    }
}

/// What every server function returns.
pub type Rpc<T> = Result<T, RpcError>;

#[cfg(feature = "ssr")]
use server::set_status;
#[cfg(feature = "ssr")]
pub use server::{Signed, call, desk, signed};

#[cfg(feature = "ssr")]
mod server {
    use super::{Error, Rpc, RpcError};
    use domain::{Actor, SessionId};
    use leptos::prelude::{expect_context, use_context};
    use leptos_axum::ResponseOptions;
    use store::Desk;

    /// Who makes a request. The router puts it into the request's extensions.
    #[derive(Clone, Debug)]
    pub struct Signed {
        pub actor: Actor,
        /// The session of the cookie, for the list of devices.
        pub session: Option<SessionId>,
        /// Whether the cookie is of a session that has ended.
        pub ended: bool,
        /// The cookie of somebody who has proved the first factor of signing in, and not the second. Good for nothing else.
        pub second: Option<String>,
        /// The cookie by which a browser is known that was asked for a passkey, and has still to answer. Opens nothing.
        pub asked: Option<String>,
    }

    /// The desk, which the router provides for pages and server functions alike.
    pub fn desk() -> Desk {
        expect_context()
    }

    /// Who makes this request; a visitor where nothing is known.
    pub fn signed() -> Signed {
        use_context::<http::request::Parts>()
            .and_then(|parts| parts.extensions.get::<Signed>().cloned())
            .unwrap_or_else(|| Signed {
                actor: Actor::visitor(None),
                session: None,
                ended: false,
                second: None,
                asked: None,
            })
    }

    /// Runs an operation for this request and gives a failure its HTTP status.
    pub async fn call<T, F>(operation: impl FnOnce(Desk, Actor) -> F) -> Rpc<T>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let result = operation(desk(), signed().actor).await;
        result.map_err(|error| {
            set_status(&error);
            RpcError(error)
        })
    }

    /// Gives the answer to this request the HTTP status of a failure.
    pub(super) fn set_status(error: &Error) {
        if let (Some(response), Ok(status)) =
            (use_context::<ResponseOptions>(), http::StatusCode::from_u16(error.code.status()))
        {
            response.set_status(status);
        }
    }
}
