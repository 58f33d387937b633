//! The router: what answers at which address.
//!
//! Other interfaces (REST, websocket, plain forms) are merged into [`router`] as routers of their own.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::response::Response;
use axum::routing::get;
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use tower_http::trace::TraceLayer;
use ui::Assets;

use crate::config::Config;
use crate::site::Site;

/// What every request can reach.
#[derive(Debug, Clone, FromRef)]
pub struct AppState {
    /// The settings of this process.
    pub config: Arc<Config>,
    /// The files that browsers load.
    pub site: Arc<Site>,
    assets: Assets,
    leptos: LeptosOptions,
}

impl AppState {
    /// Brings the parts together.
    pub fn new(config: Config, site: Site) -> Self {
        Self {
            config: Arc::new(config),
            assets: site.assets(),
            site: Arc::new(site),
            leptos: LeptosOptions::builder().output_name("docket").build(),
        }
    }

    /// What pages and server functions find as context while they run.
    fn provide(&self) {
        provide_context(Arc::clone(&self.config));
    }
}

/// The whole application, without the socket it listens on.
pub fn router(state: AppState) -> Router {
    let context = {
        let state = state.clone();
        move || state.provide()
    };
    let shell = {
        let assets = state.assets.clone();
        move || ui::shell(&assets)
    };
    let router = Router::new()
        .leptos_routes_with_context(&state, generate_route_list(ui::App), context, shell)
        .fallback(file_or_not_found);
    let router = if state.assets.reload { router.merge(reload()) } else { router };
    router.layer(TraceLayer::new_for_http()).with_state(state)
}

/// Files of the site, and the page that says that there is nothing.
async fn file_or_not_found(State(state): State<AppState>, request: Request) -> Response {
    if let Some(response) = state.site.respond(request.method(), request.uri(), request.headers()) {
        return response;
    }
    let shell = {
        let assets = state.assets.clone();
        move || ui::shell(&assets)
    };
    leptos_axum::render_app_async_with_context(move || state.provide(), shell)(request).await
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
