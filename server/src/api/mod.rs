//! The REST interface, under `/api/v1`: thin shells over the operations of `store`.
//!
//! A call becomes an actor (by its bearer token, [`token`]) and a typed input ([`input`]); one operation does it; what
//! comes back is put into the API's own words ([`wire`]), which change more slowly than the types inside. Cookies mean
//! nothing here, so another site cannot make a browser act for its user. The OpenAPI document is made from the same
//! handlers ([`openapi`]), the page for people from the document ([`docs`]).
//!
//! Other origins' scripts may not read answers: no CORS headers are sent.

#![allow(unused_qualifications, reason = "in what utoipa's macros expand to")]

pub mod attachments;
pub mod auth;
pub mod docs;
pub mod entries;
mod hs256;
pub mod input;
pub mod limit;
pub mod lists;
pub mod openapi;
pub mod stats;
pub mod tickets;
pub mod token;
pub mod wire;
pub mod work;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use domain::api_token::{PREFIX as PROGRAM, Scope};
use domain::{Error, Principal, UserId};
use store::Desk;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use crate::identify::address;
use crate::limits::Caller;
use crate::problem::{Details, Problem, Wrong};
use limit::Limiter;
use token::{DeskTokens, Holder};

/// Where the calls are.
pub const PREFIX: &str = "/api/v1";

/// The largest body that is not a file, in bytes: the longest message with every character escaped, and some more.
const BODY_MAX: usize = 2 * 1024 * 1024;

/// What the calls can reach.
#[derive(Clone, FromRef)]
pub struct ApiState {
    pub app: AppState,
    desk: Desk,
    tokens: Arc<DeskTokens>,
    limiter: Arc<Limiter>,
    document: Arc<openapi::Document>,
}

/// Whom the token of a request names, and the address it came from. [`admit`] puts it there.
#[derive(Debug, Clone)]
struct Admitted {
    /// `None` without a token.
    person: Option<Proof>,
    address: Option<String>,
}

/// What a token has told of who calls.
#[derive(Debug, Clone)]
enum Proof {
    /// Of logging in. Who that is now is looked up by the calls that ask.
    LogIn(Holder),
    /// Made for a program: its owner, as it lets them act.
    Program(Box<Principal>, Scope),
}

impl Proof {
    fn person(&self) -> UserId {
        match self {
            Self::LogIn(holder) => holder.person,
            Self::Program(owner, _) => owner.id,
        }
    }
}

/// Whom a token names. `SignedOut` for whatever is wrong with it.
async fn prove(state: &ApiState, token: &str, address: Option<&str>) -> Result<Proof, Error> {
    if !token.starts_with(PROGRAM) {
        return state.tokens.check(token).map(Proof::LogIn);
    }
    match store::accounts::api_tokens::find(&state.desk, token, address).await? {
        Some((owner, scope)) => Ok(Proof::Program(Box::new(owner), scope)),
        None => Err(Error::new(
            domain::Code::SignedOut,
            "The token is not valid, or has ended. Its owner can make another.",
        )),
    }
}

/// All calls with their descriptions.
fn calls() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(auth::register))
        .routes(routes!(auth::register_admin))
        .routes(routes!(auth::login))
        .routes(routes!(auth::me))
        .routes(routes!(tickets::create))
        .routes(routes!(tickets::read))
        .routes(routes!(tickets::reply))
        .routes(routes!(tickets::rate))
        .routes(routes!(lists::customer))
        .routes(routes!(lists::admin))
        .routes(routes!(lists::assigned))
        .routes(routes!(work::priority))
        .routes(routes!(work::admin_reply))
        .routes(routes!(work::assign))
        .routes(routes!(work::assign_admin))
        .routes(routes!(work::close))
        .merge(attachments::calls())
        .routes(routes!(attachments::list))
        .routes(routes!(attachments::download, attachments::delete))
        .routes(routes!(stats::stats))
}

/// The REST interface and its documentation.
pub fn router(app: AppState) -> Router<AppState> {
    let (routes, document) = calls().split_for_parts();
    let state = ApiState {
        desk: app.desk.clone(),
        tokens: Arc::new(DeskTokens::new(app.desk.clone())),
        limiter: Arc::new(Limiter::new(app.config.api_rate_limit)),
        document: Arc::new(openapi::Document::new(document)),
        app,
    };
    let routes = routes
        .merge(openapi::router())
        .fallback(no_such_call)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(state.clone(), admit))
        .layer(axum::middleware::from_fn(finish))
        .with_state(state);
    let elsewhere = any(no_such_call).layer(axum::middleware::from_fn(finish));
    Router::new().nest(PREFIX, routes).route("/api", elsewhere.clone()).route("/api/{*rest}", elsewhere)
}

/// Finds out whom the token names, and whether they may call once more. What they may do is decided later, from the
/// database; a wrong token is refused even where none is needed.
async fn admit(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let address = address(request.extensions(), request.headers(), state.app.config.trust_proxy);
    let now = state.desk.now();
    let person = match bearer(request.headers()) {
        Some(token) => match prove(&state, token, address.as_deref()).await {
            Ok(person) => Some(person),
            Err(error) => return Problem(error).into_response(),
        },
        None => None,
    };
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let only_reads = matches!(&person, Some(Proof::Program(_, scope)) if !scope.may_change());
    let caller = person.as_ref().map_or_else(|| Caller::network(address.as_deref()), |it| Caller::Person(it.person()));
    let allowance = state.limiter.count(caller, now);
    let mut response = match allowance {
        Some(allowance) if !allowance.allowed => Problem(Error::too_many(allowance.retry_after())).into_response(),
        _ if only_reads && !reads => {
            let said = "This token may only read. Its owner can make one that may write, under Profile, API tokens.";
            Problem(Error::new(domain::Code::Forbidden, said)).into_response()
        }
        _ => {
            request.extensions_mut().insert(Admitted { person, address });
            next.run(request).await
        }
    };
    if let Some(allowance) = allowance {
        allowance.write(response.headers_mut());
    }
    response
}

/// The token of `Authorization: Bearer …` (RFC 6750, section 2.1). Another scheme is no token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// What all answers of the API have in common: nobody keeps them, and a problem names its request.
async fn finish(request: Request, next: Next) -> Response {
    let path = request
        .extensions()
        .get::<axum::extract::OriginalUri>()
        .map_or_else(|| request.uri().path().to_owned(), |original| original.path().to_owned());
    // What has no body was wrong in its parameters.
    let has_body = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    let mut response = next.run(request).await;
    if let Some(mut details) = response.extensions_mut().remove::<Details>() {
        details.instance = Some(path);
        details.errors.iter_mut().for_each(if has_body { Wrong::in_body } else { Wrong::in_parameter });
        let headers = std::mem::take(response.headers_mut());
        response = details.into_response();
        for (name, value) in headers {
            if let Some(name) = name.filter(|name| name != header::CONTENT_LENGTH) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    let unauthorized = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    if unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"docket\""));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response
}

async fn no_such_call() -> Problem {
    Problem(Error::new(domain::Code::NotFound, "There is no such call. All calls are listed at /api/v1/docs."))
}

/// A call that is there, but not with this method.
pub(crate) async fn no_such_method() -> Details {
    Details::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "Method not allowed",
        "There is no such call with this method. The header Allow says which methods there are.",
    )
}
