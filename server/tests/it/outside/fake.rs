//! A provider of OpenID Connect on loopback, which lies when it is told to.

use crate::support::World;
use axum::{
    Json, Router,
    body::Body,
    extract::{Form, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};
use store::{Clock as _, ManualClock};
use tokio::net::TcpListener;

pub const CLIENT: &str = "docket";
pub const SECRET: &str = "a secret: with/special+signs";

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    Right,
    /// Not at all, and saying so.
    None,
    /// With the public key as if it were a shared secret.
    PublicKeyAsSecret,
    /// With a key of its own under the name of the provider's.
    ForeignKey,
    /// With a key that the provider does not show.
    UnknownKey,
    /// Something was changed afterwards.
    Tampered,
    /// With an extension that must be understood.
    Critical,
}

/// An answer to a code.
pub type Instead = fn() -> Response;

/// What it does and says.
pub struct Behaviour {
    pub signing: Signing,
    /// In place of what is right, or beside it. `null` takes a claim away.
    pub claims: Value,
    /// The same for what it says of itself.
    pub metadata: Value,
    pub userinfo: Value,
    /// In place of the answer to a code.
    pub instead: Option<Instead>,
    key: Key,
    /// How often its keys were asked for.
    pub keys_read: usize,
    codes: HashMap<String, (String, String)>,
}

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let bytes = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes.as_ref(), &random).unwrap();
        Self { id: id.into(), pair }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]),
        })
    }
}

/// The provider.
#[derive(Clone)]
pub struct Fake {
    pub issuer: String,
    clock: Arc<ManualClock>,
    state: Arc<Mutex<Behaviour>>,
}

fn merge(into: &mut Value, over: &Value) {
    let (Value::Object(into), Value::Object(over)) = (into, over) else { return };
    for (name, value) in over {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}

impl Fake {
    pub async fn start(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let state = Behaviour {
            signing: Signing::Right,
            claims: json!({}),
            metadata: json!({}),
            userinfo: json!({}),
            instead: None,
            key: Key::new("first"),
            keys_read: 0,
            codes: HashMap::new(),
        };
        let fake = Self { issuer, clock: world.clock.clone(), state: Arc::new(Mutex::new(state)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(userinfo))
            .route(
                "/huge",
                get(async || {
                    Body::from_stream(futures::stream::repeat_with(|| {
                        Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b' '; 4096]))
                    }))
                }),
            )
            .route("/never", get(async || std::future::pending::<()>().await))
            .with_state(fake.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        fake
    }

    pub fn now(&self) -> MutexGuard<'_, Behaviour> {
        self.state.lock().unwrap()
    }

    /// What it says of somebody from here on.
    pub fn says(&self, claims: Value) {
        self.now().claims = claims;
    }

    /// Signs with another key from here on, and shows only that.
    pub fn rotate(&self, id: &str) {
        self.now().key = Key::new(id);
    }

    /// What somebody who has been sent here with this address comes back with: the code and the state.
    pub fn lets_in(&self, address: &str) -> (String, String) {
        let url = url::Url::parse(address).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT);
        assert_eq!(query["code_challenge_method"], "S256");
        assert!(query["scope"].split(' ').any(|scope| scope == "openid"));
        let mut state = self.now();
        let code = format!("code {}", state.codes.len());
        state.codes.insert(code.clone(), (query["nonce"].clone(), query["code_challenge"].clone()));
        (code, query["state"].clone())
    }

    fn id_token(&self, nonce: &str) -> String {
        let state = self.now();
        let seconds = self.clock.now().0 / 1_000;
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": "1234", "nonce": nonce,
            "iat": seconds, "exp": seconds + 300,
            "email": "jana@acme.example", "email_verified": true, "name": "Jana Weiß",
        });
        merge(&mut claims, &state.claims);
        let own = Key::new("first");
        let (alg, kid) = match state.signing {
            Signing::None => ("none", None),
            Signing::PublicKeyAsSecret => ("HS256", Some(state.key.id.clone())),
            Signing::UnknownKey => ("ES256", Some("unknown".to_owned())),
            _ => ("ES256", Some(state.key.id.clone())),
        };
        let mut header = json!({ "alg": alg, "typ": "JWT" });
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        if state.signing == Signing::Critical {
            header["crit"] = json!(["b64"]);
        }
        let part = |value: &Value| B64.encode(serde_json::to_vec(value).unwrap());
        let message = format!("{}.{}", part(&header), part(&claims));
        let sign = |key: &Key| key.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec();
        let signature = match state.signing {
            Signing::None => Vec::new(),
            Signing::PublicKeyAsSecret => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, state.key.pair.public_key().as_ref());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Signing::ForeignKey => sign(&own),
            _ => sign(&state.key),
        };
        let message = match state.signing {
            Signing::Tampered => {
                claims["sub"] = "5678".into();
                format!("{}.{}", part(&header), part(&claims))
            }
            _ => message,
        };
        format!("{message}.{}", B64.encode(signature))
    }
}

async fn metadata(State(fake): State<Fake>) -> Json<Value> {
    let at = &fake.issuer;
    let mut said = json!({
        "issuer": at,
        "authorization_endpoint": format!("{at}/ask?already=there"),
        "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/keys"),
    });
    merge(&mut said, &fake.now().metadata);
    Json(said)
}

async fn keys(State(fake): State<Fake>) -> Json<Value> {
    let mut state = fake.now();
    state.keys_read += 1;
    // Also one of a kind that nobody knows.
    Json(json!({ "keys": [{ "kty": "quantum", "kid": 7 }, state.key.public()] }))
}

async fn token(State(fake): State<Fake>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    if let Some(instead) = fake.now().instead {
        return instead();
    }
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET))));
    let known = headers.get(header::AUTHORIZATION).is_some_and(|h| h.to_str().unwrap() == basic)
        || (form.get("client_id").map(String::as_str), form.get("client_secret").map(String::as_str))
            == (Some(CLIENT), Some(SECRET));
    if !known {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    let found = fake.now().codes.remove(&form["code"]);
    let challenge = B64.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    let Some((nonce, _)) = found.filter(|(_, wanted)| *wanted == challenge) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let id_token = fake.id_token(&nonce);
    Json(json!({ "access_token": "access", "token_type": "Bearer", "id_token": id_token })).into_response()
}

async fn userinfo(State(fake): State<Fake>, headers: HeaderMap) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|h| h != "Bearer access") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(fake.now().userinfo.clone()).into_response()
}
