//! A second address, without encryption, that only sends browsers on to the encrypted one.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::acme::{self, Keeper};

/// Where it leads, and what else it answers.
#[derive(Debug)]
pub struct Leading {
    /// The address that people reach us under, if it was set; else it is the host that was asked for, with the port.
    pub public: Option<String>,
    pub port: u16,
    /// With a certificate of an authority: the authority may come here as well, and until there is one this leads nowhere.
    pub keeper: Option<Arc<Keeper>>,
}

/// Answers everything with where to find it under HTTPS.
pub fn redirect(leading: Leading) -> Router {
    let leading = Arc::new(leading);
    Router::new().fallback(move |headers: HeaderMap, request: Request| {
        let leading = leading.clone();
        async move {
            if let Some(keeper) = &leading.keeper {
                if let Some(token) = request.uri().path().strip_prefix(acme::PATH) {
                    return keeper.challenges.page(token).await;
                }
                if !keeper.is_ready() {
                    return not_yet();
                }
            }
            answer(target(leading.public.as_deref(), leading.port, &headers, &request))
        }
    })
}

/// There is no certificate yet.
fn not_yet() -> Response {
    let words = "This server still waits for its certificate. Its log says what is missing.\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")], words).into_response()
}

fn target(public: Option<&str>, port: u16, headers: &HeaderMap, request: &Request) -> Option<HeaderValue> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    // Of a request to a proxy, or of two slashes, a browser could make another host.
    let path = if path.starts_with('/') && !path.starts_with("//") { path } else { "/" };
    let to = match public {
        Some(public) => format!("{public}{path}"),
        None => {
            let asked: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
            // With a name before an @ it is no host.
            let host = Some(asked.host()).filter(|host| !host.is_empty() && !asked.as_str().contains('@'))?;
            if port == 443 { format!("https://{host}{path}") } else { format!("https://{host}:{port}{path}") }
        }
    };
    HeaderValue::from_str(&to).ok()
}

fn answer(to: Option<HeaderValue>) -> Response {
    match to {
        // The method stays: a program that sends something here finds out, instead of reading a page.
        Some(to) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, to)]).into_response(),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn it_leads_to_the_same_place_and_nowhere_else() {
        for (public, port, host, path, to) in [
            (None, 443, "help.acme.example", "/tickets/7?a=b", Some("https://help.acme.example/tickets/7?a=b")),
            (None, 8443, "help.acme.example:8080", "/", Some("https://help.acme.example:8443/")),
            (None, 8443, "[::1]:80", "/", Some("https://[::1]:8443/")),
            (Some("https://help.acme.example"), 8443, "evil.example", "/x", Some("https://help.acme.example/x")),
            (Some("https://help.acme.example"), 443, "x", "//evil.example", Some("https://help.acme.example/")),
            (None, 443, "me@evil.example", "/", None),
            (None, 443, "", "/", None),
            (None, 443, "a b", "/", None),
        ] {
            let request = Request::get(path).header(header::HOST, host).body(Body::empty()).unwrap();
            let found = target(public, port, request.headers(), &request);
            assert_eq!(found.as_ref().map(|to| to.to_str().unwrap()), to, "{host} {path}");
        }
    }
}
