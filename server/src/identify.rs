//! From a request to the actor behind it.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::{Actor, Error};
use ui::rpc::Signed;

use crate::app::AppState;
use crate::config::Config;
use crate::limits::Kind;
use crate::outage;
use crate::problem::Problem;

/// The name of the session's cookie, after [`cookie_prefix`].
pub const COOKIE: &str = "docket_session";

/// The name of the cookie by which a browser is known on which somebody has signed in before (`store::accounts::device`), likewise.
pub const DEVICE: &str = "docket_device";

/// The name of the cookie of somebody who has still to prove their second factor, likewise.
pub const SECOND: &str = "docket_second";

/// The name of the cookie of a browser that was asked for a passkey and has still to answer, likewise.
pub const ASKED: &str = "docket_passkey";

/// What the names of cookies begin with. Where people come by HTTPS, browsers take those from this very host over HTTPS only
/// (RFC 6265bis): neither a neighbour's host nor who listens on a network can plant a session of theirs. The names without it
/// are not looked at then.
pub fn cookie_prefix(config: &Config) -> &'static str {
    if config.is_secure() { "__Host-" } else { "" }
}

/// Finds out who makes the request, by its session cookie, and puts [`Signed`] into its extensions. One statement. Whoever
/// asks for too much is told here to wait: people are counted each for themselves, visitors by their address.
///
/// A broken or ended cookie makes a visitor, not an error: the page then asks them to sign in. What somebody signed in gets
/// is not kept, unless it says so itself: after signing out, “back” must not show it.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let address = address(request.extensions(), request.headers(), state.config.trust_proxy);
    // HTTP/2 has it in the address. Pages that are rendered again for a form know headers only.
    if !request.headers().contains_key(header::HOST)
        && let Some(host) = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    let token = token(&state.config, request.headers());
    let second = cookie(&state.config, request.headers(), SECOND);
    let asked = cookie(&state.config, request.headers(), ASKED);
    let had_session = token.is_some();
    let session = match token {
        Some(token) => match store::accounts::find(&state.desk, &token).await {
            Ok(found) => found,
            Err(error) => return outage::answer(&state, request.method(), request.headers(), request.uri(), error),
        },
        None => None,
    };
    // Asked from a page that was made for somebody else, it would be done in the wrong name.
    if let (Some(session), Some(page)) = (&session, page_of(request.headers()))
        && session.person.id.0 != page
    {
        let error = Error::somebody_else(&session.person.name);
        return match request.uri().path().starts_with("/rpc/") {
            true => (StatusCode::CONFLICT, Json(error)).into_response(),
            false => Problem(error).into_response(),
        };
    }
    if session.as_ref().is_some_and(|session| session.held) && !MAY_WHO_IS_HELD.contains(&request.uri().path()) {
        return set_up_first(&request);
    }
    // What a function answers, somebody's page has asked for just now.
    let private = session.is_some() || request.uri().path().starts_with("/rpc/");
    let visitor = session.is_none() && outage::wants_page(request.method(), request.headers(), request.uri());
    let signed = match session {
        Some(session) => Signed {
            actor: Actor::user(session.person, address),
            session: Some(session.id),
            ended: false,
            second,
            asked,
        },
        None => Signed { actor: Actor::visitor(address), session: None, ended: had_session, second, asked },
    };
    let kind = Kind::of(request.method(), request.uri().path());
    if let Err(error) = state.limits.admit(kind, &signed.actor, state.desk.now()) {
        return outage::answer(&state, request.method(), request.headers(), request.uri(), error);
    }
    request.extensions_mut().insert(signed);
    if !visitor {
        let mut response = next.run(request).await;
        if private {
            response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
        return response;
    }
    // Nobody had to be asked who a visitor is; that the database is away shows only when the page needs it.
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let response = next.run(request).await;
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        return outage::answer(&state, &Method::GET, &headers, &uri, Error::unavailable());
    }
    response
}

/// What is open to staff who must set a second factor up before anything else.
const MAY_WHO_IS_HELD: [&str; 4] = ["/two-step", "/rpc/accounts/second_factor", "/rpc/accounts/passkeys", "/sign-out"];

/// Sends them there.
fn set_up_first(request: &Request) -> Response {
    let error = || Error::new(domain::Code::Forbidden, "Staff need two-step sign-in here. Please set it up first.");
    let is_form = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
        kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("multipart/form-data")
    });
    if request.uri().path().starts_with("/rpc/") {
        (StatusCode::FORBIDDEN, Json(error())).into_response()
    } else if is_form || outage::wants_page(request.method(), request.headers(), request.uri()) {
        Redirect::to("/two-step").into_response()
    } else {
        Problem(error()).into_response()
    }
}

/// The id of the person whom the asking page was made for, where it says so.
fn page_of(headers: &HeaderMap) -> Option<i64> {
    headers.get(ui::whose::HEADER)?.to_str().ok()?.parse().ok()
}

/// The session cookie's value.
pub fn token(config: &Config, headers: &HeaderMap) -> Option<String> {
    cookie(config, headers, COOKIE)
}

/// The value of a cookie that tells nothing of who somebody is, and that any script may set.
pub fn plain_cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    named(headers, "", name)
}

/// The value of a cookie.
pub fn cookie(config: &Config, headers: &HeaderMap, name: &str) -> Option<String> {
    named(headers, cookie_prefix(config), name)
}

fn named(headers: &HeaderMap, prefix: &str, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(prefix)?.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// The client's network address: the peer's, or what a trusted proxy says of it.
pub fn address(extensions: &Extensions, headers: &HeaderMap, trust_proxy: bool) -> Option<String> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = headers
        .get("x-forwarded-for")
        .filter(|_| trust_proxy)
        .and_then(|value| value.to_str().ok())
        // The last one is what our own proxy saw; those before it are the client's claims.
        .and_then(|value| value.rsplit(',').next())
        .and_then(|value| value.trim().parse().ok());
    forwarded.or(peer).map(|ip: std::net::IpAddr| ip.to_canonical().to_string())
}

/// Who makes the request, for handlers.
pub struct Who(pub Signed);

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Signed>().cloned().map(Who).ok_or_else(|| Problem(Error::signed_out()))
    }
}
