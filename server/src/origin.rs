//! Whose pages a request comes from. What changes something, and a socket, is for our own pages only: cookies come along with
//! what any other site sends.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::{Code, Error};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::app::AppState;
use crate::config::Config;
use crate::outage;

/// Changes come from our own pages only: by `Sec-Fetch-Site`, or by `Origin` where a browser lacks it. That is compared with
/// `Host`, which a proxy may not pass on, and with the address that people reach us under.
pub fn same(config: &Config) -> CsrfLayer {
    let trusted = config.public_origin().map(|origin| CsrfLayer::new().add_trusted_origin(origin));
    match trusted {
        Some(Ok(layer)) => layer,
        Some(Err(error)) => {
            tracing::warn!(%error, "--public-url (DOCKET_PUBLIC_URL) is no origin of a browser: only the Host is compared");
            CsrfLayer::new()
        }
        None => CsrfLayer::new(),
    }
}

/// Stands around [`same`]: refuses what that does not see, and everything with words. Mostly it is no attack, but a server that
/// was not told its own address.
pub async fn refused_with_words(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (method, headers, uri) = (request.method().clone(), request.headers().clone(), request.uri().clone());
    // A browser that sends `Sec-Fetch-Site` has compared the schemes itself.
    let told = headers.get("sec-fetch-site").is_some_and(|site| !site.is_empty());
    if told || encrypted_as_we_are(&state.config, &headers) {
        let response = next.run(request).await;
        if response.extensions().get::<ProtectionError>().is_none() {
            return response;
        }
    }
    let named = |name| headers.get(name).map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()));
    let (origin, host) = (named(header::ORIGIN), named(header::HOST));
    let public = state.config.public_origin();
    tracing::info!(?origin, ?host, ?public, path = uri.path(), "a change was refused, as it came from another address");
    let said = "This came from another address than the one that this desk knows as its own, so nothing was done. Open the page \
                again and send it from there. If that does not help, whoever runs this desk has to set its address (--public-url).";
    outage::answer(&state, &method, &headers, &uri, Error::new(Code::Forbidden, said))
}

/// Whether a socket is opened by a page of ours. Programs, which name no origin, have no cookies of others either.
pub fn may_open_socket(config: &Config, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let same_host = origin.split_once("://").is_some_and(|(_, rest)| Some(rest) == host);
    same_host && encrypted_as_we_are(config, headers) || config.public_origin().as_deref() == Some(origin)
}

/// Where people come by HTTPS, a page that came without may have been written by anybody on its way, whatever host it names.
fn encrypted_as_we_are(config: &Config, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).filter(|origin| !origin.is_empty());
    !config.is_secure() || origin.is_none_or(|origin| origin.as_bytes().starts_with(b"https://"))
}
