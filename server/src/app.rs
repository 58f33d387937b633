//! The router: what answers at which address.
//!
//! Other interfaces (REST, websocket, plain forms) are merged into [`router`] as routers of their own.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::{FromRef, Query, Request, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use domain::{Error, UserId};
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::{AxumRouteListing, LeptosRoutes as _, generate_route_list_with_exclusions_and_ssg_and_context};
use serde::Deserialize;
use store::Desk;
use tower_http::trace::TraceLayer;
use ui::Assets;
use ui::rpc::Signed;

use crate::answer::Turn;
use crate::config::Config;
use crate::customers;
use crate::files;
use crate::forms;
use crate::identify::{Who, identify};
use crate::imports;
use crate::limits::Limits;
use crate::live::{self, Live};
use crate::origin;
use crate::outage;
use crate::outgoing::Outgoing;
use crate::outside::{self, Partners};
use crate::pack::pack;
use crate::passkeys;
use crate::portal;
use crate::problem::{Details, Problem};
use crate::ratings;
use crate::remote_images;
use crate::scim;
use crate::settings;
use crate::site::Site;
use crate::together::{self, together};

/// What every request can reach.
#[derive(Debug, Clone, FromRef)]
pub struct AppState {
    /// The settings of this process.
    pub config: Arc<Config>,
    /// The files that browsers load.
    pub site: Arc<Site>,
    /// What everything is done with.
    pub desk: Desk,
    /// What open tabs are told.
    pub live: Live,
    /// How much each caller may ask for.
    pub limits: Arc<Limits>,
    /// Requests to addresses that others have chosen.
    pub outgoing: Outgoing,
    /// Who vouches for people, and how they are asked.
    pub partners: Partners,
    assets: Arc<Assets>,
    leptos: LeptosOptions,
    /// What pages of accounts know of this server.
    pub accounts: Arc<ui::accounts::Site>,
}

impl AppState {
    /// Brings the parts together.
    pub fn new(config: Config, site: Site, desk: Desk, live: Live) -> Self {
        let config = Arc::new(config);
        let accounts = Arc::new(passkeys::site(config.clone()));
        Self {
            partners: Partners::new(config.outside_private_addresses),
            limits: Arc::new(Limits::new(config.rate_limit, desk.now())),
            config,
            assets: Arc::new(site.assets()),
            site: Arc::new(site),
            desk,
            live,
            outgoing: Outgoing::default(),
            leptos: LeptosOptions::builder().output_name("docket").build(),
            accounts,
        }
    }

    /// What pages and server functions find as context while they run.
    pub fn provide(&self) {
        provide_context(self.desk.clone());
        provide_context(self.accounts.clone());
        let (back, scim, saml) = (outside::back_address(self), scim::base_address(self), outside::answer_address(self));
        provide_context(self.config.certificate_source());
        provide_context(ui::outside::Addresses { back, scim, saml });
        provide_context(ui::accounts::MailsGo { nowhere: self.config.smtp_url.is_none() });
    }

    /// The address of the site's style sheet.
    pub fn style(&self) -> &str {
        &self.assets.style
    }

    /// The document around a page.
    pub fn shell(&self) -> impl leptos::IntoView + use<> {
        ui::shell(&self.assets)
    }
}

/// The pages of the application. Listed once in a process, and so before any page is made: while Leptos lists them, no
/// page anywhere in the process loads its data, and would wait for them for ever.
static ROUTES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();

/// The whole application, without the socket it listens on.
pub fn router(state: AppState) -> Router {
    together::install();
    let (shell, context, listing) = (state.clone(), state.clone(), state.clone());
    let routes = ROUTES.get_or_init(|| {
        // Listing the routes runs the application once, so it needs what a request would give it.
        generate_route_list_with_exclusions_and_ssg_and_context(ui::App, Some(outside::own_answers()), move || {
            listing.provide()
        })
        .0
    });
    let pages = Router::new()
        .leptos_routes_with_context(&state, routes.clone(), move || context.provide(), move || shell.shell())
        .merge(forms::router())
        .merge(outside::router())
        .merge(portal::router(state.config.max_upload_mb))
        .merge(ratings::router())
        .merge(files::router())
        .merge(remote_images::router())
        .merge(settings::router())
        .merge(customers::router())
        .merge(imports::router())
        .route("/live", get(live_updates))
        .route("/rpc/{*function}", post(server_function))
        .fallback(page_not_found)
        .method_not_allowed_fallback(no_such_method)
        .layer(axum::middleware::from_fn_with_state(state.clone(), problems_as_pages))
        .layer(axum::middleware::from_fn_with_state(state.clone(), identify))
        .layer(origin::same(&state.config))
        .layer(axum::middleware::from_fn_with_state(state.clone(), origin::refused_with_words));
    let router = Router::new()
        .merge(crate::api::router(state.clone()))
        .merge(scim::router(state.clone()))
        .merge(outside::for_other_sites())
        .fallback_service(pages.with_state(state.clone()))
        .layer(axum::middleware::from_fn(pack))
        .layer(axum::middleware::from_fn(together))
        .layer(axum::middleware::from_fn_with_state(state.clone(), files_first));
    let router = if state.assets.reload { router.merge(reload()) } else { router };
    let hsts = (state.config.hsts && state.config.is_secure()).then_some(HSTS);
    let guarded = move |request: Request, next: Next| guarded(hsts.clone(), request, next);
    router.layer(axum::middleware::from_fn(guarded)).layer(TraceLayer::new_for_http()).with_state(state)
}

/// A year, in seconds (RFC 6797). Hosts below ours may be other people's, so nothing is said of them.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What all answers have in common: no browser guesses what they are, and no other site learns the addresses of our pages. A
/// page of ours must, by `Origin`, which browsers leave out where nobody is told anything.
async fn guarded(hsts: Option<HeaderValue>, request: Request, next: Next) -> Response {
    // Whoever has the address of one of these pages sees what is on it.
    let secret = request.uri().path().starts_with("/rate/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if secret {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    if let Some(hsts) = hsts {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    response
}

/// Who opens a socket.
#[derive(Debug, Deserialize)]
struct Page {
    /// The person whom the page was made for.
    person: Option<i64>,
}

/// The websocket of a page. Browsers let any site open one, so its origin must be ours: the cookie comes along.
async fn live_updates(
    State(state): State<AppState>,
    headers: HeaderMap,
    Who(signed): Who,
    Query(page): Query<Page>,
    turn: Option<Extension<Turn>>,
    ws: WebSocketUpgrade,
) -> Response {
    if !origin::may_open_socket(&state.config, &headers) {
        return Problem(Error::forbidden()).into_response();
    }
    match state.limits.socket(signed.actor.user_id()) {
        Ok(place) => {
            // As long as the socket is there, so is its connection.
            let held = (place, turn);
            live::socket::handle(ws, state.live.clone(), signed.actor, signed.session, page.person.map(UserId), held)
        }
        Err(error) => Problem(error).into_response(),
    }
}

/// Runs a server function for the person who calls it.
async fn server_function(State(state): State<AppState>, request: Request) -> Response {
    leptos_axum::handle_server_fns_with_context(move || state.provide(), request).await.into_response()
}

/// Files of the site are answered before anybody asks who wants them.
async fn files_first(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state.site.respond(request.method(), request.uri(), request.headers()) {
        Some(response) => response,
        None => next.run(request).await,
    }
}

/// The page that says that there is nothing.
async fn page_not_found(State(state): State<AppState>, request: Request) -> Response {
    let shell = state.clone();
    leptos_axum::render_app_async_with_context(move || state.provide(), move || shell.shell())(request).await
}

/// An address that only takes what is sent to it. Who opens it finds nothing.
async fn no_such_method(method: Method) -> Response {
    if method == Method::GET || method == Method::HEAD {
        return Problem::not_found("page").into_response();
    }
    crate::api::no_such_method().await.into_response()
}

/// Problems are for programs: somebody who has opened the address of a file gets a page in its place.
async fn problems_as_pages(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // What a page embeds is not a page, even where it may be one.
    let opened = request.headers().get("sec-fetch-dest").is_none_or(|to| to == "document");
    if !opened || !outage::wants_page(request.method(), request.headers(), request.uri()) {
        return next.run(request).await;
    }
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let signed = request.extensions().get::<Signed>().cloned();
    let response = next.run(request).await;
    let Some(details) = response.extensions().get::<Details>() else { return response };
    match details.status {
        401 => {
            let next = uri.path_and_query().map_or("/", |path| path.as_str());
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            Redirect::to(&format!("/sign-in?{query}")).into_response()
        }
        404 => {
            let mut request = Request::new(Body::empty());
            *request.headers_mut() = headers;
            *request.uri_mut() = uri;
            if let Some(signed) = signed {
                request.extensions_mut().insert(signed);
            }
            page_not_found(State(state), request).await
        }
        _ => response,
    }
}

/// Tells pages which process serves them, so that they reload when `cargo xtask dev` has started another.
fn reload() -> Router<AppState> {
    use axum::response::sse::{Event, KeepAlive, Sse};
    use futures::{StreamExt as _, stream};

    let process = std::process::id().to_string();
    let events = move || async move {
        let first = stream::once(async move { Ok::<_, std::convert::Infallible>(Event::default().data(process)) });
        Sse::new(first.chain(stream::pending())).keep_alive(KeepAlive::default())
    };
    Router::new().route("/dev/process", get(events))
}
