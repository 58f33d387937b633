//! An authority on loopback that says what it is told to: for what a real one says once in a blue moon. It gives real
//! certificates, believes that every name is ours, and looks at no signature. Pebble does.

use super::pebble::Ports;
use ::server::tls::{self, Certificates, Limits, TlsListener};
use axum::{
    Router,
    body::Body,
    extract::{Path as InPath, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, head, post},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SignatureAlgorithm,
};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::net::TcpListener;
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer as _};

/// What is said in place of what is right.
#[derive(Clone, Debug)]
pub struct Instead {
    pub status: u16,
    /// For `Retry-After`.
    pub retry_after: Option<&'static str>,
    pub body: String,
}

impl Instead {
    /// A refusal of this kind, with these words.
    pub fn problem(status: u16, kind: &str, detail: &str) -> Self {
        let body = json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail }).to_string();
        Self { status, retry_after: None, body }
    }

    pub fn with_retry_after(self, retry_after: &'static str) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }
}

impl From<Instead> for Response {
    fn from(instead: Instead) -> Self {
        let mut response = Response::new(Body::from(instead.body));
        *response.status_mut() = StatusCode::from_u16(instead.status).unwrap();
        response.headers_mut().insert("replay-nonce", HeaderValue::from_static("bm9uY2U"));
        if let Some(after) = instead.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(after));
        }
        response
    }
}

/// What it does, and what it has been asked.
#[derive(Default)]
pub struct Behaviour {
    /// In place of its directory, and of what comes of an order.
    pub directory: Option<Instead>,
    pub order: Option<Instead>,
    /// Merged into its directory; `null` takes something away.
    pub addresses: Value,
    /// When it would have certificates renewed, if it says such things.
    pub window: Option<(String, String)>,
    /// What it was asked for, in order: `order`, `renewal`.
    pub asked: Vec<&'static str>,
    /// Which certificate each order was to take the place of.
    pub replaced: Vec<Option<String>>,
    /// What it was asked to certify last, and what came of it.
    name: String,
    chain: String,
}

#[derive(Clone)]
pub struct Authority {
    base: String,
    issuer: Arc<(CertificateParams, KeyPair)>,
    state: Arc<Mutex<Behaviour>>,
}

/// What somebody wants to be certified.
struct Wanted(Vec<u8>);

impl PublicKeyData for Wanted {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl Authority {
    /// Where [`Ports::directory`] says, with what `own_authority` has written into this folder.
    pub async fn start(ports: Ports, folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "An authority that is told what to say");
        let base = ports.directory().trim_end_matches("/dir").to_owned();
        let port = base.rsplit(':').next().unwrap().parse::<u16>().unwrap();
        let authority = Self { base, issuer: Arc::new((params, KeyPair::generate().unwrap())), state: Arc::default() };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let own = Certificates::load(&folder.join("certificate.pem"), &folder.join("key.pem")).unwrap();
        let acceptor = tls::acceptor(Arc::new(own)).unwrap();
        let router = Router::new()
            .route("/dir", get(directory))
            .route("/nonce", head(async || nonced(StatusCode::OK, json!({}), None)))
            .route("/account", post(account))
            .route("/order", post(order))
            .route("/order/1", post(valid))
            .route("/authorization", post(authorization))
            .route("/finalize", post(finalize))
            .route("/certificate", post(certificate))
            .route("/renewal/{id}", get(renewal))
            .with_state(authority.clone());
        tokio::spawn(
            axum::serve(TlsListener::new(listener, acceptor, Limits::default()).unwrap(), router).into_future(),
        );
        authority
    }

    pub fn now(&self) -> MutexGuard<'_, Behaviour> {
        self.state.lock().unwrap()
    }

    /// How often it was asked for this.
    pub fn count(&self, what: &str) -> usize {
        self.now().asked.iter().filter(|asked| **asked == what).count()
    }

    fn ordered(&self, status: &str) -> Value {
        let base = &self.base;
        let mut order = json!({
            "status": status, "authorizations": [format!("{base}/authorization")], "finalize": format!("{base}/finalize"),
        });
        if let Some(Some(replaces)) = self.now().replaced.last() {
            order["replaces"] = json!(replaces);
        }
        if status == "valid" {
            order["certificate"] = json!(format!("{base}/certificate"));
        }
        order
    }
}

fn nonced(status: StatusCode, body: Value, location: Option<String>) -> Response {
    let mut headers =
        HeaderMap::from_iter([(HeaderName::from_static("replay-nonce"), HeaderValue::from_static("bm9uY2U"))]);
    if let Some(location) = location {
        headers.insert(header::LOCATION, location.parse().unwrap());
    }
    (status, headers, body.to_string()).into_response()
}

/// What is in a signed request.
fn payload(body: &str) -> Value {
    let signed: Value = serde_json::from_str(body).unwrap();
    serde_json::from_slice(&B64.decode(signed["payload"].as_str().unwrap()).unwrap()).unwrap()
}

async fn directory(State(it): State<Authority>) -> Response {
    if let Some(instead) = it.now().directory.clone() {
        return instead.into();
    }
    let base = &it.base;
    let mut said = json!({
        "newNonce": format!("{base}/nonce"), "newAccount": format!("{base}/account"),
        "newOrder": format!("{base}/order"), "meta": {},
    });
    if it.now().window.is_some() {
        said["renewalInfo"] = json!(format!("{base}/renewal"));
    }
    if let Value::Object(others) = it.now().addresses.clone() {
        said.as_object_mut().unwrap().extend(others);
    }
    nonced(StatusCode::OK, said, None)
}

async fn account(State(it): State<Authority>) -> Response {
    nonced(StatusCode::CREATED, json!({ "status": "valid" }), Some(format!("{}/account/1", it.base)))
}

async fn order(State(it): State<Authority>, body: String) -> Response {
    let order = payload(&body);
    let replaces = order["replaces"].as_str().map(str::to_owned);
    it.now().name = order["identifiers"][0]["value"].as_str().unwrap().to_owned();
    it.now().asked.push("order");
    it.now().replaced.push(replaces);
    if let Some(instead) = it.now().order.clone() {
        return instead.into();
    }
    nonced(StatusCode::CREATED, it.ordered("ready"), Some(format!("{}/order/1", it.base)))
}

/// It has looked before.
async fn authorization(State(it): State<Authority>) -> Response {
    let name = json!({ "type": "dns", "value": it.now().name });
    nonced(StatusCode::OK, json!({ "status": "valid", "identifier": name, "challenges": [] }), None)
}

async fn valid(State(it): State<Authority>) -> Response {
    nonced(StatusCode::OK, it.ordered("valid"), None)
}

async fn finalize(State(it): State<Authority>, body: String) -> Response {
    let request = B64.decode(payload(&body)["csr"].as_str().unwrap()).unwrap();
    let (_, request) = X509CertificationRequest::from_der(&request).unwrap();
    let key = &request.certification_request_info.subject_pki.subject_public_key;
    let mut params = CertificateParams::new([it.now().name.clone()]).unwrap();
    let now = time::OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - time::Duration::days(1), now + time::Duration::days(89));
    params.use_authority_key_identifier_extension = true;
    let (authority, its_key) = &*it.issuer;
    let issuer = Issuer::from_params(authority, its_key);
    let certificate = params.signed_by(&Wanted(key.data.to_vec()), &issuer).unwrap();
    it.now().chain = format!("{}{}", certificate.pem(), authority.self_signed(its_key).unwrap().pem());
    nonced(StatusCode::OK, it.ordered("valid"), None)
}

async fn certificate(State(it): State<Authority>) -> Response {
    it.now().chain.clone().into_response()
}

async fn renewal(State(it): State<Authority>, InPath(id): InPath<String>) -> Response {
    assert_eq!(id.split('.').count(), 2, "{id}");
    it.now().asked.push("renewal");
    let Some((start, end)) = it.now().window.clone() else { return StatusCode::NOT_FOUND.into_response() };
    let said = json!({ "suggestedWindow": { "start": start, "end": end } }).to_string();
    ([(header::RETRY_AFTER, "21600")], said).into_response()
}
