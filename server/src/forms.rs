//! Plain forms, sent by the browser as they are: they work without JavaScript.
//!
//! A form posts to the address of its page. When the operation refuses, the page is rendered again with what was typed
//! and what is wrong ([`Flash`]); when it succeeds, the browser is sent on.

mod api_tokens;
mod by_mail;
mod own;
mod passkeys;
pub(crate) mod picture;
mod second_factor;

pub(crate) use own::page_of;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use domain::account::Registration;
use domain::{Actor, Code, Error, Principal};
use leptos::prelude::provide_context;
use serde::Deserialize;
use store::accounts::sign_in::{How, Proved, after_proof};
use ui::flash::Flash;

use crate::app::AppState;
use crate::config::Config;
use crate::identify::{self, COOKIE, DEVICE, Who, cookie_prefix, token};
use crate::outage;

/// The largest body of a form without files, in bytes.
const BODY_MAX: usize = 64 * 1024;

/// Everything that plain forms are sent to, but the portal's, which carry files.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/set-up", post(set_up))
        .route("/sign-in", post(sign_in))
        .route("/sign-up", post(sign_up))
        .route("/sign-out", post(sign_out))
        .merge(api_tokens::router())
        .merge(by_mail::router())
        .merge(own::router())
        .merge(passkeys::router())
        .merge(second_factor::router())
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// Renders the page of `path` again, with what was typed and why it was refused.
pub async fn refuse(state: AppState, headers: &HeaderMap, who: Who, path: &str, flash: Flash) -> Response {
    let error = flash.error.clone();
    let mut request = Request::new(axum::body::Body::empty());
    *request.headers_mut() = headers.clone();
    request.headers_mut().remove(header::CONTENT_LENGTH);
    request.headers_mut().remove(header::CONTENT_TYPE);
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(who.0);
    let (context, shell) = (state.clone(), state);
    let render = leptos_axum::render_app_async_with_context(
        move || {
            context.provide();
            provide_context(flash.clone());
        },
        move || shell.shell(),
    );
    let mut response = render(request).await.into_response();
    // The page may have sent them elsewhere, as a visitor to signing in; that stands.
    if let Some(error) = error.filter(|_| !response.status().is_redirection()) {
        *response.status_mut() = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        if let Some(seconds) = error.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends the browser on, or shows the page again with what was typed and what is wrong.
pub async fn answer(
    state: AppState,
    headers: &HeaderMap,
    who: Who,
    page: &str,
    typed: Vec<(String, String)>,
    done: Result<String, Error>,
) -> Response {
    match done {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(error) => refuse(state, headers, who, page, Flash { values: typed, error: Some(error) }).await,
    }
}

/// What is shown again of what was typed: nothing, if it was typed for something that is another one by now. That is shown as
/// it is.
pub fn still_of_use<T>(typed: Vec<(String, String)>, done: &Result<T, Error>) -> Vec<(String, String)> {
    if done.as_ref().is_err_and(|error| error.code == Code::Conflict) { Vec::new() } else { typed }
}

/// The cookie of a session, or the one that ends it.
fn cookie(state: &AppState, value: Option<&str>) -> HeaderValue {
    private_cookie(state, COOKIE, value.map(|token| (token, 2_592_000)))
}

/// A cookie that scripts do not see, with its value for so many seconds, or the one that ends it.
pub(crate) fn private_cookie(state: &AppState, name: &str, value: Option<(&str, i64)>) -> HeaderValue {
    cookie_of(&state.config, name, value)
}

/// The same, where only the settings are at hand.
pub(crate) fn cookie_of(config: &Config, name: &str, value: Option<(&str, i64)>) -> HeaderValue {
    let prefix = cookie_prefix(config);
    let secure = if config.is_secure() { "; Secure" } else { "" };
    let (value, seconds) = value.unwrap_or(("", 0));
    let text = format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    // A token is base64, so this is always a valid header.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Sends the browser on: signed in, or to the second step.
pub(crate) async fn go_on(
    state: &AppState,
    headers: &HeaderMap,
    person: &Principal,
    proved: &Proved,
    next: &str,
) -> Response {
    match proved {
        Proved::Opened(token) => welcome(state, headers, person, token, next).await,
        Proved::SecondFactor(token) => second_factor::ask(state, token, next),
    }
}

/// Sends the browser on, signed in, and in the theme that this person has chosen.
async fn welcome(state: &AppState, headers: &HeaderMap, person: &Principal, token: &str, next: &str) -> Response {
    let known = store::accounts::own::welcome(&state.desk, person).await.unwrap_or_else(|error| {
        // They are signed in all the same.
        tracing::warn!(%error, "the theme of somebody who signs in could not be read");
        Default::default()
    });
    let mut response = match known.second_factor_due {
        Some(_) => Redirect::to(&second_factor::set_up(next)),
        None => Redirect::to(next),
    }
    .into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(state, Some(token)));
    if let Some(theme) = known.theme {
        response.headers_mut().append(header::SET_COOKIE, theme_cookie(Some(&theme)));
    }
    adopt_zone(state, headers, person).await;
    remember(state, headers, person, &mut response);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Takes the zone that the page for signing in has read from the browser, if this person has none yet.
async fn adopt_zone(state: &AppState, headers: &HeaderMap, person: &Principal) {
    let Some(zone) = identify::plain_cookie(headers, "docket_zone") else { return };
    let done = async {
        let mut tx = state.desk.begin().await?;
        store::accounts::own::adopt_zone(&mut tx, &Actor::user(person.clone(), None), &zone).await?;
        tx.commit().await
    };
    // They are signed in all the same.
    if let Err(error) = done.await {
        tracing::warn!(%error, "the time zone of somebody who signs in could not be noted");
    }
}

/// Has the browser known from now on as one on which this person has proved who they are.
fn remember(state: &AppState, headers: &HeaderMap, person: &Principal, response: &mut Response) {
    let shown = identify::cookie(&state.config, headers, DEVICE);
    match store::accounts::device::remember(&state.desk, shown.as_deref(), person.id) {
        Ok(Some(tokens)) => {
            // For half a year.
            let cookie = private_cookie(state, DEVICE, Some((&tokens, 15_552_000)));
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(None) => {}
        // They are signed in all the same.
        Err(error) => tracing::warn!(%error, "a browser could not be made known"),
    }
}

/// A place on this server to go on to; anything else becomes the start page.
///
/// Browsers take `//host` and `/\host` for other servers.
pub(crate) fn local(next: Option<&str>) -> &str {
    match next {
        Some(next) if next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']) => {
            next
        }
        _ => "/",
    }
}

pub(crate) fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("")
}

/// A form's fields; a broken body is an error like any other.
async fn read<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Error> {
    Form::<T>::from_request(request, &()).await.map(|Form(form)| form).map_err(|rejection| {
        // Too long a body breaks off inside the reader of the form, which says so only behind its own rejection.
        match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Error::new(Code::TooLarge, "This is more than the form can take. Please shorten it.")
            }
            _ => Error::new(Code::Invalid, "The form could not be read. Please fill it in again."),
        }
    })
}

/// The fields of a form, in their order.
pub(crate) struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// Reads them all.
    pub async fn read(request: Request) -> Result<Self, Error> {
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        form.map(|Form(fields)| Self(fields)).map_err(|_| unreadable())
    }

    /// The first one of this name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// All of this name.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// A number that the page has written there itself.
    pub fn number(&self, name: &str) -> Result<i64, Error> {
        self.value(name).and_then(|value| value.parse().ok()).ok_or_else(unreadable)
    }
}

/// What nobody sends who has our page before them.
pub(crate) fn unreadable() -> Error {
    Error::new(Code::Invalid, "The form could not be read. Please reload the page and try again.")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Account {
    name: String,
    email: String,
    password: String,
    next: Option<String>,
    /// What only who started the server knows.
    setup_key: Option<String>,
}

impl Account {
    fn flash(&self, error: Error) -> Flash {
        let mut values = vec![("name".to_owned(), self.name.clone()), ("email".to_owned(), self.email.clone())];
        values.extend(self.next.iter().map(|next| ("next".to_owned(), next.clone())));
        Flash { values, error: Some(error) }
    }

    fn registration(&self) -> Registration {
        Registration { name: self.name.clone(), email: self.email.clone(), password: self.password.clone() }
    }
}

async fn sign_in(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let form: Account = match read(request).await {
        Ok(form) => form,
        Err(error) => return refuse(state, &headers, who, "/sign-in", Account::default().flash(error)).await,
    };
    let device = identify::cookie(&state.config, &headers, DEVICE);
    let actor = Actor { device, ..Actor::visitor(who.0.actor.address.clone()) };
    match store::accounts::sign_in(&state.desk, &actor, &form.email, form.password.clone(), agent(&headers)).await {
        Ok((person, proved)) => go_on(&state, &headers, &person, &proved, local(form.next.as_deref())).await,
        Err(error) => refuse(state, &headers, who, "/sign-in", form.flash(error)).await,
    }
}

/// Whether somebody may make the first superadmin. Compared by digests, whose bytes tell nothing of the key's.
pub(crate) fn demand_setup_key(config: &Config, typed: Option<&str>) -> Result<(), Error> {
    let digest = |key: &str| ring::digest::digest(&ring::digest::SHA256, key.trim().as_bytes());
    match config.setup_key.as_deref() {
        Some(wanted) if digest(wanted).as_ref() != digest(typed.unwrap_or_default()).as_ref() => {
            Err(Error::field("setup_key", "This is not the key that the server was started with."))
        }
        _ => Ok(()),
    }
}

/// Makes the first superadmin, and signs them in.
async fn set_up(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let form: Account = match read(request).await {
        Ok(form) => form,
        Err(error) => return refuse(state, &headers, who, "/set-up", Account::default().flash(error)).await,
    };
    let actor = Actor::visitor(who.0.actor.address.clone());
    if let Err(error) = demand_setup_key(&state.config, form.setup_key.as_deref()) {
        return refuse(state, &headers, who, "/set-up", form.flash(error)).await;
    }
    let opened = match store::accounts::set_up(&state.desk, &actor, form.registration()).await {
        Ok(person) => {
            let proved = after_proof(&state.desk, &actor, &person, agent(&headers), How::Password).await;
            proved.map(|proved| (person, proved))
        }
        Err(error) => Err(error),
    };
    match opened {
        Ok((person, proved)) => go_on(&state, &headers, &person, &proved, "/").await,
        Err(error) => refuse(state, &headers, who, "/set-up", form.flash(error)).await,
    }
}

/// Takes a registration. The page then says that a mail was sent.
async fn sign_up(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let form: Account = match read(request).await {
        Ok(form) => form,
        Err(error) => return refuse(state, &headers, who, "/sign-up", Account::default().flash(error)).await,
    };
    let actor = Actor::visitor(who.0.actor.address.clone());
    match store::accounts::register(&state.desk, &actor, form.registration()).await {
        Ok(()) => by_mail::sent(state, &headers, who, "/sign-up", &form.email).await,
        Err(error) => refuse(state, &headers, who, "/sign-up", form.flash(error)).await,
    }
}

async fn sign_out(State(state): State<AppState>, headers: HeaderMap, Who(signed): Who, uri: Uri) -> Response {
    if let Some(token) = token(&state.config, &headers) {
        let done = async {
            let mut tx = state.desk.begin().await?;
            store::accounts::sign_out(&mut tx, &signed.actor, &token).await?;
            tx.commit().await
        };
        // The session lives on, so the cookie stays too: whoever sees this can try again.
        if let Err(error) = done.await {
            return outage::answer(&state, &Method::POST, &headers, &uri, error);
        }
    }
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&state, None));
    response
}

/// The cookie that has this device's pages in a theme, or in that of the system.
fn theme_cookie(theme: Option<&str>) -> HeaderValue {
    HeaderValue::from_static(match theme {
        Some("light") => "docket_theme=light; Path=/; SameSite=Lax; Max-Age=31536000",
        Some("dark") => "docket_theme=dark; Path=/; SameSite=Lax; Max-Age=31536000",
        _ => "docket_theme=; Path=/; SameSite=Lax; Max-Age=0",
    })
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_local_places() {
        for (next, to) in [
            (None, "/"),
            (Some("/tickets/7?a=b"), "/tickets/7?a=b"),
            (Some("https://evil.example"), "/"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/\n/evil.example"), "/"),
            (Some(""), "/"),
        ] {
            assert_eq!(local(next), to, "{next:?}");
        }
    }
}
