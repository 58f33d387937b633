//! Calls the API as a program would, without a socket.

use crate::support::{PASSWORD, World, person};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use domain::Actor;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use server::app::{self, AppState};
use server::live::Live;
use server::site::Site;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;

/// The application of a world.
pub struct Api {
    router: Router,
    _stop: DropGuard,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The JSON of an answer that has this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        if status >= 400 {
            assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(self.json()["status"], status);
        }
        assert_eq!(self.headers["x-content-type-options"], "nosniff");
        assert_eq!(self.headers["cache-control"], "no-store");
        self.json()
    }

    /// The fields that a refused input is wrong in.
    #[track_caller]
    pub fn wrong(&self) -> Vec<String> {
        let body = self.expect(422);
        body["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
    }
}

impl Api {
    pub fn new(world: &World) -> Self {
        Self::with(world, &[])
    }

    /// With these arguments on the command line.
    pub fn with(world: &World, arguments: &[&str]) -> Self {
        let arguments = [&["docket"], arguments].concat();
        let config = server::config::from_arguments(&arguments).unwrap().config;
        let stop = CancellationToken::new();
        let live = Live::start(world.desk.clone(), stop.clone());
        let router = app::router(AppState::new(config, Site::default(), world.desk.clone(), live));
        Self { router, _stop: stop.drop_guard() }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(request("GET", token, path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.post_raw(token, path, "application/json", body.to_string()).await
    }

    pub async fn post_raw(&self, token: &str, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let request = request("POST", token, path).header(header::CONTENT_TYPE, kind);
        self.send(request.body(body.into()).unwrap()).await
    }

    /// With a key, under which it is done once.
    pub async fn post_once(&self, token: &str, path: &str, body: &Value, key: &str) -> Answer {
        let request = request("POST", token, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.header("idempotency-key", key).body(body.to_string().into()).unwrap()).await
    }

    /// Any call. `body`: its media type and itself.
    pub async fn call(&self, method: &str, token: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let mut request = request(method, token, path);
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        self.send(request.body(body.map_or_else(Body::empty, |(_, body)| Body::from(body))).unwrap()).await
    }

    pub async fn delete(&self, token: &str, path: &str) -> Answer {
        self.send(request("DELETE", token, path).body(Body::empty()).unwrap()).await
    }

    /// Logs a person in.
    pub async fn token(&self, actor: &Actor) -> String {
        let input = json!({ "email": person(actor).email, "password": PASSWORD });
        self.post("", "/auth/login", &input).await.expect(200)["token"].as_str().unwrap().to_owned()
    }
}

fn request(method: &str, token: &str, path: &str) -> http::request::Builder {
    let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
    if token.is_empty() { request } else { request.header(header::AUTHORIZATION, format!("Bearer {token}")) }
}
