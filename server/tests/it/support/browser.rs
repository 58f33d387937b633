//! Pages as a browser gets them, through the router.

use super::{PASSWORD, World, person};
use axum::{Router, body::Body};
use domain::Actor;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use server::{
    app::{self, AppState},
    live::Live,
    outgoing::Outgoing,
    site::Site,
};
use std::sync::Arc;
use store::Desk;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;

/// The application of a world, and somebody's cookie.
#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub cookie: Option<String>,
    _stop: Arc<DropGuard>,
}

/// A page, read whole.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Browser {
    /// Of somebody who is not signed in.
    pub fn of_visitor(world: &World) -> Self {
        Self::on(&world.desk)
    }

    /// Of somebody who is not signed in, on another node's desk.
    pub fn on(desk: &Desk) -> Self {
        Self::with(desk, Outgoing::default())
    }

    /// Of somebody who is not signed in, on a server that sends its requests out like this.
    pub fn with(desk: &Desk, outgoing: Outgoing) -> Self {
        Self::started(desk, outgoing, &[])
    }

    /// Of somebody who is not signed in, on a server that was started with these arguments.
    pub fn set(world: &World, arguments: &[&str]) -> Self {
        Self::started(&world.desk, Outgoing::default(), arguments)
    }

    fn started(desk: &Desk, outgoing: Outgoing, arguments: &[&str]) -> Self {
        let config = server::config::from_arguments(&[&["docket"], arguments].concat()).unwrap().config;
        let stop = CancellationToken::new();
        let live = Live::start(desk.clone(), stop.clone());
        let mut state = AppState::new(config, Site::default(), desk.clone(), live);
        state.outgoing = outgoing;
        let router = app::router(state);
        Self { router, cookie: None, _stop: Arc::new(stop.drop_guard()) }
    }

    /// Signs in by the form.
    pub async fn of(world: &World, who: &Actor) -> Self {
        Self::of_visitor(world).signed_in(who).await
    }

    /// Signs in by the form.
    pub async fn signed_in(mut self, who: &Actor) -> Self {
        let page = self.post("/sign-in", &[("email", &person(who).email), ("password", PASSWORD)]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
        self.cookie = cookie.split(';').next().map(str::to_owned);
        self
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form of our own page.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(form)).unwrap()).await
    }

    /// Calls a server function of our own page.
    pub async fn call(&self, path: &str, input: impl Into<Body>) -> Page {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(input.into()).unwrap()).await
    }

    pub async fn send(&self, mut request: Request<Body>) -> Page {
        if let Some(cookie) = &self.cookie {
            // Beside those that the request brings along.
            let more = request.headers().get(header::COOKIE).map(|more| format!("; {}", more.to_str().unwrap()));
            let all = format!("{cookie}{}", more.unwrap_or_default());
            request.headers_mut().insert(header::COOKIE, all.parse().unwrap());
        }
        // Pages are redirected for those who read HTML only.
        request.headers_mut().entry(header::ACCEPT).or_insert(http::HeaderValue::from_static("text/html,*/*;q=0.8"));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Page { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&body).into_owned() }
    }
}
