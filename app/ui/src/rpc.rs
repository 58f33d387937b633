//! How the browser calls the server: one error type, one way from a request to an operation.
//!
//! A server function is a thin shell: it takes the actor of its request, calls one operation of `store` and hands on what
//! comes back. It has no rules of its own.

use domain::{Code, Error};
use serde::{Deserialize, Serialize};
use server_fn::{codec::JsonEncoding, error::FromServerFnError, error::ServerFnErrorErr};

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
    type Encoder = JsonEncoding;

    /// What went wrong on the way: nothing of it is shown but whether the server could be reached.
    fn from_server_fn_error(cause: ServerFnErrorErr) -> Self {
        let (code, message) = match cause {
            ServerFnErrorErr::Request(_) => {
                (Code::Unavailable, "The server cannot be reached. What you typed is still here; please try again.")
            }
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                (Code::Invalid, "The server did not understand this. Please reload the page and try again.")
            }
            _ => (Code::Internal, "The server gave an answer that this page does not understand. Please reload it."),
        };
        Self(Error::new(code, message))
    }
}

/// What every server function returns.
pub type Rpc<T> = Result<T, RpcError>;

#[cfg(feature = "ssr")]
pub use server::*;

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
    }

    /// The desk, which the router provides for pages and server functions alike.
    pub fn desk() -> Desk {
        expect_context()
    }

    /// Who makes this request; a visitor where nothing is known.
    pub fn signed() -> Signed {
        use_context::<axum::http::request::Parts>()
            .and_then(|parts| parts.extensions.get::<Signed>().cloned())
            .unwrap_or_else(|| Signed { actor: Actor::visitor(None), session: None })
    }

    /// Runs an operation for this request and gives a failure its HTTP status.
    pub async fn call<T, F>(operation: impl FnOnce(Desk, Actor) -> F) -> Rpc<T>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let result = operation(desk(), signed().actor).await;
        result.map_err(|error| {
            if let (Some(response), Ok(status)) =
                (use_context::<ResponseOptions>(), axum::http::StatusCode::from_u16(error.code.status()))
            {
                response.set_status(status);
            }
            RpcError(error)
        })
    }
}
