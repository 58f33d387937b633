//! How a provider of OpenID Connect is asked: where its endpoints are, its keys, a code for a token, who somebody is.
//!
//! Facebook is one, too: it answers a code with an ID token where `openid` is asked for. It only does not name the endpoint
//! that gives it, and it does not say that an address was checked.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::outside::{Kind, Usable, Vouched};
use domain::{ProviderId, Time};
use http::{Request, Response, header};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::outside::visits::Sent;
use url::Url;

use super::directory::place;
use super::token::{self, Expected, Key, Wrong};
use crate::outgoing::{Internet, Outgoing, Reach, Refused, is_public};

/// The largest answer that is read, in bytes.
const ANSWER_MAX: usize = 512 * 1024;
/// How long a provider may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long its endpoints and keys are believed, in milliseconds: an hour.
const KNOWN_MS: i64 = 3_600_000;
/// A key that is not known has all keys read again, but no more often than this, in milliseconds: whoever makes keys up
/// cannot have us ask for them all the time.
const KEYS_AGAIN_MS: i64 = 30_000;
/// Of providers beyond this number, some are asked anew.
const KNOWN_MOST: usize = 200;
const FACEBOOK_TOKENS: &str = "https://graph.facebook.com/v23.0/oauth/access_token";

/// The network as providers may be asked in it.
struct Network {
    private: bool,
}

#[async_trait::async_trait]
impl Reach for Network {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Internet.resolve(host, port).await
    }

    fn allows(&self, to: SocketAddr) -> bool {
        self.private || is_public(to.ip())
    }
}

/// How providers are asked, with so much time for each request.
pub(super) fn network(private: bool, patience: Duration) -> Outgoing {
    Outgoing::with(Network { private }, patience)
}

/// What is known of providers, each as it was set up when it was asked.
type Memory = HashMap<(ProviderId, i64), Arc<Known>>;

/// Who vouches for people, and what is known of them. Cheap to copy.
#[derive(Clone)]
pub struct Partners {
    outgoing: Outgoing,
    private: bool,
    known: Arc<Mutex<Memory>>,
}

impl fmt::Debug for Partners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partners").field("private", &self.private).finish_non_exhaustive()
    }
}

/// What a provider says of itself (OpenID Connect Discovery, 3).
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: Option<String>,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// A provider's endpoints and keys.
struct Known {
    metadata: Metadata,
    keys: Vec<Key>,
    at: Time,
}

/// What a provider answers a code with.
#[derive(Debug, Deserialize)]
struct Tokens {
    access_token: Option<String>,
    id_token: Option<String>,
}

/// What is sent when somebody comes back.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub code: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a str,
    /// Where they came back to.
    pub here: &'a str,
}

/// Why a provider could not vouch, in words that follow its name.
pub type Failed = String;

impl Partners {
    /// `private`: they may be in private networks, and be asked without encryption.
    pub fn new(private: bool) -> Self {
        Self { outgoing: network(private, PATIENCE), private, known: Arc::default() }
    }

    /// The same over other requests, for tests.
    #[must_use]
    pub fn over(self, outgoing: Outgoing) -> Self {
        Self { outgoing, ..self }
    }

    /// Whether they may be in private networks.
    pub fn private(&self) -> bool {
        self.private
    }

    fn remembered(&self) -> MutexGuard<'_, Memory> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An address that a provider may have. Secrets go there, so it is encrypted, but in networks of one's own.
    fn address(&self, text: &str) -> Result<Url, Failed> {
        let url = Url::parse(text).map_err(|_| format!("names an address that is none: {}", shown(text)))?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if self.private => Ok(url),
            _ => Err(format!("names an address that is not encrypted: {}", shown(text))),
        }
    }

    /// Whether a provider would be asked at this address at all, as it was typed: what only this program knows.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn would_ask(&self, typed: &str) -> Result<(), &'static str> {
        let place = match typed.starts_with("ldap") {
            true => place(typed),
            false => {
                Url::parse(typed).ok().and_then(|url| Some((url.host()?.to_owned(), url.port_or_known_default()?)))
            }
        };
        let Some((host, port)) = place else { return Err("There is no such address: look at the host and the port.") };
        if typed.starts_with("http://") && !self.private {
            return Err(
                "Without encryption everybody on the way could read secrets. Use https://. A provider without it has to be \
                        in your own network, and Docket started with --outside-private-addresses true.",
            );
        }
        if !self.outgoing.may_ask(&host, port) {
            return Err(
                "This address is not in the internet, so it would not be asked. For one in your own network, start Docket \
                        with --outside-private-addresses true.",
            );
        }
        Ok(())
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<bytes::Bytes>, Failed> {
        let address = request.uri().clone();
        self.outgoing.send(request, ANSWER_MAX).await.map_err(|refused| {
            let host = address.host().unwrap_or_default();
            match refused {
                Refused::Address => format!(
                    "has an address that is not in the internet, or none at all: {}. For providers in your own network, \
                     start Docket with --outside-private-addresses true",
                    shown(host)
                ),
                other => format!("cannot be asked at {}: {other}", shown(host)),
            }
        })
    }

    async fn get(&self, url: &Url, bearer: Option<&str>) -> Result<bytes::Bytes, Failed> {
        let mut request = Request::get(url.as_str()).header(header::ACCEPT, "application/json");
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request =
            request.body(Vec::new()).map_err(|_| format!("names an address that is none: {}", shown(url.as_str())))?;
        let response = self.send(request).await?;
        if response.status() != http::StatusCode::OK {
            return Err(format!("answered {} at {}", response.status(), shown(url.as_str())));
        }
        Ok(response.into_body())
    }

    /// Reads what a provider says of itself, and its keys.
    async fn discover(&self, provider: &Usable, now: Time) -> Result<Known, Failed> {
        let issuer = &provider.issuer;
        let at = self.address(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
        let answer = self.get(&at, None).await?;
        let mut metadata: Metadata = serde_json::from_slice(&answer)
            .map_err(|_| format!("does not say at {} what OpenID Connect asks for", shown(at.as_str())))?;
        if metadata.issuer != *issuer {
            return Err(format!(
                "calls itself {}, and not {issuer}: write its address exactly so",
                shown(&metadata.issuer)
            ));
        }
        if provider.kind == Kind::Facebook && metadata.token_endpoint.is_none() {
            metadata.token_endpoint = Some(FACEBOOK_TOKENS.to_owned());
        }
        for endpoint in [&metadata.authorization_endpoint, &metadata.jwks_uri]
            .into_iter()
            .chain(&metadata.token_endpoint)
            .chain(&metadata.userinfo_endpoint)
        {
            self.address(endpoint)?;
        }
        if metadata.token_endpoint.is_none() {
            return Err("does not say where codes become tokens".to_owned());
        }
        method(&metadata)?;
        let keys = self.keys(&metadata).await?;
        Ok(Known { metadata, keys, at: now })
    }

    async fn keys(&self, metadata: &Metadata) -> Result<Vec<Key>, Failed> {
        let answer = self.get(&self.address(&metadata.jwks_uri)?, None).await?;
        token::keys(&answer)
            .filter(|keys| !keys.is_empty())
            .ok_or_else(|| format!("shows no keys at {}", shown(&metadata.jwks_uri)))
    }

    /// What is known of a provider, read again when that is old. `stale`: what was known at this time does not do.
    async fn known(&self, provider: &Usable, now: Time, stale: Option<Time>) -> Result<Arc<Known>, Failed> {
        let key = (provider.id, provider.version);
        let before = self.remembered().get(&key).cloned();
        if let Some(known) = before
            .filter(|known| (0..KNOWN_MS).contains(&(now.0 - known.at.0)) && stale.is_none_or(|stale| known.at > stale))
        {
            return Ok(known);
        }
        let known = Arc::new(self.discover(provider, now).await?);
        let mut all = self.remembered();
        all.retain(|(id, _), _| *id != provider.id);
        if all.len() >= KNOWN_MOST {
            all.clear();
        }
        all.insert(key, known.clone());
        Ok(known)
    }

    /// Where somebody is sent, to come back to `here`.
    ///
    /// # Errors
    /// What is wrong with the provider.
    pub async fn departure(
        &self,
        provider: &Usable,
        sent: &Sent,
        here: &str,
        email: Option<&str>,
        now: Time,
    ) -> Result<Url, Failed> {
        let known = self.known(provider, now, None).await?;
        let mut url = self.address(&known.metadata.authorization_endpoint)?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(sent.verifier.as_bytes()));
        let scope =
            if provider.kind == Kind::Facebook { "openid email public_profile" } else { "openid email profile" };
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", here)
            .append_pair("scope", scope)
            .append_pair("state", &sent.state)
            .append_pair("nonce", &sent.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(email) = email {
            url.query_pairs_mut().append_pair("login_hint", email);
        }
        Ok(url)
    }

    /// Whether an answer says that it is of this provider, where it has to (RFC 9207).
    ///
    /// # Errors
    /// When it is of another one, or does not say.
    pub async fn is_of(&self, provider: &Usable, issuer: Option<&str>, now: Time) -> Result<(), Failed> {
        match issuer {
            Some(issuer) if issuer == provider.issuer => Ok(()),
            Some(_) => Err("has answered in the name of another".to_owned()),
            None if self.known(provider, now, None).await?.metadata.authorization_response_iss_parameter_supported => {
                Err("did not say that the answer is its own".to_owned())
            }
            None => Ok(()),
        }
    }

    /// Gives a code to the provider, and believes what it says of somebody if all is right.
    ///
    /// # Errors
    /// Why it is not believed.
    pub async fn vouch(&self, provider: &Usable, answer: &Answer<'_>, now: Time) -> Result<Vouched, Failed> {
        let known = self.known(provider, now, None).await?;
        let tokens = self.exchange(provider, &known.metadata, answer).await?;
        let Some(id_token) = tokens.id_token else { return Err("did not say who you are".to_owned()) };
        let expected = Expected {
            issuer: &provider.issuer,
            client: &provider.client_id,
            nonce: answer.nonce,
            access_token: tokens.access_token.as_deref(),
            now,
        };
        let claims = match token::verify(&id_token, &known.keys, &expected) {
            // It may have new keys since.
            Err(Wrong::Key) if now.0 - known.at.0 >= KEYS_AGAIN_MS => {
                let known = self.known(provider, now, Some(known.at)).await?;
                token::verify(&id_token, &known.keys, &expected)
            }
            verified => verified,
        };
        let claims = claims.map_err(|wrong| format!("is not believed: {wrong}"))?;
        let claims = self.completed(provider, &known.metadata, claims, tokens.access_token.as_deref()).await;
        Ok(said(&claims, &provider.role_claim))
    }

    async fn exchange(&self, provider: &Usable, metadata: &Metadata, answer: &Answer<'_>) -> Result<Tokens, Failed> {
        let request = self.ask_for_tokens(provider, metadata, answer)?;
        let response = self.send(request).await?;
        if response.status() != http::StatusCode::OK {
            let said: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            let word = said.get("error").and_then(Value::as_str).unwrap_or("nothing more");
            return Err(format!("refused the code with {}: {}", response.status(), shown(word)));
        }
        serde_json::from_slice(response.body()).map_err(|_| "gave an answer that is not understood".to_owned())
    }

    fn ask_for_tokens(
        &self,
        provider: &Usable,
        metadata: &Metadata,
        answer: &Answer<'_>,
    ) -> Result<Request<Vec<u8>>, Failed> {
        let address = self.address(metadata.token_endpoint.as_deref().unwrap_or_default())?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", answer.code)
            .append_pair("redirect_uri", answer.here)
            .append_pair("code_verifier", answer.verifier);
        let mut request = Request::post(address.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        match method(metadata)? {
            Method::Basic => {
                let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(&provider.client_id), encoded(&provider.secret));
                request = request.header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(pair)));
            }
            Method::Form => {
                form.append_pair("client_id", &provider.client_id).append_pair("client_secret", &provider.secret);
            }
        }
        request.body(form.finish().into_bytes()).map_err(|_| "has an address that is none".to_owned())
    }

    /// What a token says, and beside it what the provider says when it is asked with it: some keep tokens small.
    async fn completed(&self, provider: &Usable, metadata: &Metadata, claims: Value, access: Option<&str>) -> Value {
        let complete = claims.get("email").is_some()
            && (provider.role_claim.is_empty() || of(&claims, &provider.role_claim).is_some());
        let (Some(endpoint), Some(access), false) = (&metadata.userinfo_endpoint, access, complete) else {
            return claims;
        };
        let Ok(address) = self.address(endpoint) else { return claims };
        let more = match self.get(&address, Some(access)).await {
            Ok(answer) => serde_json::from_slice::<Value>(&answer).unwrap_or_default(),
            Err(error) => {
                tracing::warn!(provider = provider.name, error, "what a provider says of somebody could not be read");
                return claims;
            }
        };
        let (Value::Object(mut all), Value::Object(more)) = (claims.clone(), more) else { return claims };
        // Else it speaks of somebody else (OpenID Connect Core, 5.3.2).
        if more.get("sub") != all.get("sub") {
            return claims;
        }
        for (name, value) in more {
            all.entry(name).or_insert(value);
        }
        Value::Object(all)
    }

    /// Looks whether a provider can be asked. What is good and what is not, in sentences.
    pub async fn attempt(&self, provider: &Usable, now: Time) -> domain::outside::Trial {
        let mut trial = domain::outside::Trial::default();
        match self.discover(provider, now).await {
            Err(failed) => trial.bad.push(format!("{} {failed}.", provider.name)),
            Ok(Known { metadata, keys, .. }) => {
                trial.good.push(format!("{} answers, and calls itself {}.", provider.name, metadata.issuer));
                trial.good.push(format!("It shows {} to check its signatures with.", counted(keys.len())));
                trial.good.push(format!("People are sent to {}.", metadata.authorization_endpoint));
                self.remembered().retain(|(id, _), _| *id != provider.id);
            }
        }
        trial
    }
}

fn counted(keys: usize) -> String {
    if keys == 1 { "one key".to_owned() } else { format!("{keys} keys") }
}

/// What others have written, short enough to be shown.
fn shown(text: &str) -> String {
    domain::text::excerpt(text, 120)
}

/// How we prove who we are.
enum Method {
    Basic,
    Form,
}

fn method(metadata: &Metadata) -> Result<Method, Failed> {
    let Some(known) = &metadata.token_endpoint_auth_methods_supported else { return Ok(Method::Basic) };
    let has = |name: &str| known.iter().any(|method| method == name);
    match (has("client_secret_basic"), has("client_secret_post")) {
        (true, _) => Ok(Method::Basic),
        (false, true) => Ok(Method::Form),
        (false, false) => {
            Err("takes no client secret, neither as client_secret_basic nor as client_secret_post".to_owned())
        }
    }
}

/// A claim by its name, or by the names on the way to it: `realm_access.roles`.
fn of<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| name.split('.').try_fold(claims, |value, step| value.get(step)))
}

/// What claims come to.
fn said(claims: &Value, role_claim: &str) -> Vouched {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let words = |value: Option<&Value>| match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let name = match (text("name"), format!("{} {}", text("given_name"), text("family_name"))) {
        (name, parts) if name.trim().is_empty() => parts,
        (name, _) => name,
    };
    Vouched {
        subject: text("sub"),
        name: domain::text::tidy_line(&name),
        email: domain::text::tidy_line(&text("email")),
        email_verified: match claims.get("email_verified") {
            Some(Value::Bool(is)) => Some(*is),
            // As Amazon and some others write it.
            Some(Value::String(word)) => Some(word == "true"),
            _ => None,
        },
        groups: if role_claim.is_empty() { Vec::new() } else { words(of(claims, role_claim)) },
        mfa: words(claims.get("amr")).iter().any(|method| method == "mfa"),
    }
}
