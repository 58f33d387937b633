//! Signing in with an account that somebody has elsewhere: there and back. Only redirects and plain forms, so it needs no
//! JavaScript.

mod directory;
mod oidc;
pub mod saml;
pub mod token;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::handler::Handler as _;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::outside::{Kind, Usable, Vouched};
use domain::{Actor, Code, Error, IdentityId, ProviderId, UserId};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use store::accounts::sign_in::{How, after_proof};
use store::outside::{identities, providers, sign_in, visits};
use ui::flash::Flash;

use crate::app::AppState;
use crate::forms::{Fields, agent, go_on, local, page_of, private_cookie, refuse};
use crate::identify::{Who, cookie as cookie_value};
pub use directory::{Directories, authorities};
pub use oidc::{Answer, Partners};

/// The largest form, in bytes.
const BODY_MAX: usize = 16 * 1024;
/// The cookie that says which browser somebody was sent from.
const COOKIE: &str = "docket_outside";
/// Where people come back to.
const BACK: &str = "/sign-in/back";
/// Where providers of SAML have people send their answers.
const ANSWERS: &str = "/sign-in/saml";
/// The largest form with an answer, in bytes: what a form makes three bytes of is rare in it.
const ANSWER_FORM_MAX: usize = 2 * saml::ANSWER_MAX;

/// The ways there and back.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/sign-in/with/{id}", get(depart))
        .route(BACK, get(arrive).post(answered.layer(DefaultBodyLimit::max(ANSWER_FORM_MAX))))
        .route("/sign-in/company", post(company))
        .route("/me/connected", post(connected))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// What other sites may send people to with a form, and what their servers read. Nobody is known here by a cookie.
pub fn for_other_sites() -> Router<AppState> {
    Router::new()
        .route(ANSWERS, get(async || Redirect::to("/sign-in")).post(bring))
        .route("/sign-in/saml/{id}", get(metadata))
        .layer(DefaultBodyLimit::max(ANSWER_FORM_MAX))
}

/// The addresses that have a page for when something is wrong, but are answered here.
pub fn own_answers() -> Vec<String> {
    vec![BACK.to_owned(), "/sign-in/with/{id}".to_owned()]
}

/// The address that providers send people back to, as it has to be entered there.
pub fn back_address(state: &AppState) -> String {
    format!("{}{BACK}", state.config.public_url())
}

/// The address that providers of SAML have answers sent to, as it has to be entered there.
pub fn answer_address(state: &AppState) -> String {
    format!("{}{ANSWERS}", state.config.public_url())
}

/// What a provider of SAML knows us as: the address of what we say of ourselves.
pub fn entity(state: &AppState, provider: ProviderId) -> String {
    format!("{}/{provider}", answer_address(state))
}

fn cookie(state: &AppState, browser: &str) -> HeaderValue {
    private_cookie(state, COOKIE, Some((browser, visits::LASTS_MS / 1_000)))
}

/// How somebody is sent.
struct Departure {
    address: String,
    cookie: HeaderValue,
}

/// Notes that somebody is sent to a provider, and says where.
async fn send(
    state: &AppState,
    headers: &HeaderMap,
    provider: &Usable,
    user: Option<UserId>,
    next: &str,
    email: Option<&str>,
) -> Result<Departure, Error> {
    if !provider.kind.redirects() {
        return Err(Error::not_found("way in"));
    }
    let mut tx = state.desk.begin().await?;
    let sent = visits::begin(&mut tx, provider.id, user, next, cookie_value(&state.config, headers, COOKIE)).await?;
    tx.commit_quietly().await?;
    let now = state.desk.now();
    let address = match provider.kind {
        Kind::Saml => {
            let (entity, here) = (entity(state, provider.id), answer_address(state));
            saml::departure(&provider.saml.sign_on, &sent, &entity, &here, now)
        }
        _ => state.partners.departure(provider, &sent, &back_address(state), email, now).await,
    };
    let address = address.map_err(|failed| out_of_order(provider, &failed))?;
    Ok(Departure { address: address.into(), cookie: cookie(state, &sent.browser) })
}

/// The provider's fault, or that of whoever set it up: they find the reason in the log.
fn out_of_order(provider: &Usable, failed: &str) -> Error {
    tracing::warn!(provider = provider.name, "a provider of sign-ins {failed}");
    Error::new(
        Code::Unavailable,
        format!(
            "Signing in by {} does not work at the moment. Please try again, or sign in another way.",
            provider.name
        ),
    )
}

/// Where somebody wants to go afterwards, and who they say they are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wish {
    next: Option<String>,
    email: Option<String>,
}

/// The page for signing in once more, with what is wrong. It is made for the address that the browser is at: there, its script
/// takes it over.
async fn back_at_the_door(state: AppState, headers: &HeaderMap, who: Who, uri: &Uri, error: Error) -> Response {
    let page = uri.path_and_query().map_or("/sign-in", |path| path.as_str());
    refuse(state, headers, who, page, Flash { values: Vec::new(), error: Some(error) }).await
}

async fn depart(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    uri: Uri,
    who: Who,
) -> Response {
    let sent = async {
        let provider = providers::in_use(&state.desk, ProviderId(id.parse().unwrap_or_default())).await?;
        send(&state, &headers, &provider, None, local(wish.next.as_deref()), wish.email.as_deref()).await
    };
    match sent.await {
        Ok(Departure { address, cookie }) => {
            ([(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, no_store())], Redirect::to(&address))
                .into_response()
        }
        Err(error) => back_at_the_door(state, &headers, who, &uri, error).await,
    }
}

fn no_store() -> HeaderValue {
    HeaderValue::from_static("no-store")
}

/// Sends whoever has sent a form on to another server. Not by a redirect: our pages forbid their forms to lead anywhere else,
/// and browsers ask that of redirects, too.
fn leave(Departure { address, cookie }: Departure) -> Response {
    let address = address.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"><title>One moment</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={address}\"></head>\
         <body><p><a href=\"{address}\">Go on</a></p></body></html>"
    );
    let policy =
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    (
        [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, no_store()), (header::CONTENT_SECURITY_POLICY, policy)],
        Html(page),
    )
        .into_response()
}

/// Who has typed an address is sent to whoever vouches for its domain.
async fn company(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let mut values = Vec::new();
    let sent = async {
        let fields = Fields::read(request).await?;
        let email = domain::text::tidy_line(fields.value("email").unwrap_or_default());
        let next = local(fields.value("next")).to_owned();
        values = vec![("email".to_owned(), email.clone()), ("next".to_owned(), next.clone())];
        if !domain::text::is_email(&email) {
            return Err(Error::field("email", "This is not a complete e-mail address."));
        }
        let none = || {
            Error::field(
                "email",
                "No company's sign-in is known for this address. Sign in with your password, or ask your company.",
            )
        };
        let (id, kind) = providers::of_address(&state.desk, &email).await?.ok_or_else(none)?;
        if !kind.redirects() {
            return Err(Error::field(
                "email",
                "Sign in with this address and the password that you have at your company.",
            ));
        }
        let provider = providers::in_use(&state.desk, id).await?;
        send(&state, &headers, &provider, None, &next, Some(&email)).await
    };
    match sent.await {
        Ok(departure) => leave(departure),
        Err(error) => refuse(state, &headers, who, "/sign-in/company", Flash { values, error: Some(error) }).await,
    }
}

/// What a provider sends along in the address when somebody comes back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Arrival {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// What came along.
enum Along {
    Address(Arrival),
    /// The answer of a provider of SAML.
    Form(String),
}

async fn arrive(
    State(state): State<AppState>,
    Query(arrival): Query<Arrival>,
    headers: HeaderMap,
    uri: Uri,
    who: Who,
) -> Response {
    let key = arrival.state.clone().unwrap_or_default();
    come_back(state, headers, uri, who, &key, Along::Address(arrival)).await
}

/// Another site has somebody bring an answer. The cookie that says which browser it is stays behind with a form of another
/// site, so our own page sends it once more. Nothing else is done here: it is no proof of anything that somebody comes.
async fn bring(request: Request) -> Response {
    const SUBMIT: &str = "document.forms[0].submit()";
    let fields = Fields::read(request).await.unwrap_or(Fields(Vec::new()));
    // What is neither is nothing that we asked for, and would have to be made harmless.
    let value = |name| {
        let value = fields.value(name).unwrap_or_default();
        let good = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "+/=-_".contains(c);
        if value.chars().all(good) { value } else { "" }
    };
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"><title>One moment</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head><body><form method=\"post\" action=\"{BACK}\">\
         <input type=\"hidden\" name=\"{ANSWER}\" value=\"{}\"><input type=\"hidden\" name=\"{RELAYED}\" value=\"{}\">\
         <button>Go on</button></form><script>{SUBMIT}</script></body></html>",
        value(ANSWER),
        value(RELAYED),
    );
    let hash = BASE64_STANDARD.encode(Sha256::digest(SUBMIT));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    ([(header::CACHE_CONTROL, "no-store".to_owned()), (header::CONTENT_SECURITY_POLICY, policy)], Html(page))
        .into_response()
}

/// The names of the fields of such a form.
const ANSWER: &str = "SAMLResponse";
const RELAYED: &str = "RelayState";

async fn answered(State(state): State<AppState>, headers: HeaderMap, uri: Uri, who: Who, request: Request) -> Response {
    match Fields::read(request).await {
        Ok(fields) => {
            let value = |name| fields.value(name).unwrap_or_default();
            let along = Along::Form(value(ANSWER).to_owned());
            come_back(state, headers, uri, who, value(RELAYED), along).await
        }
        Err(error) => back_at_the_door(state, &headers, who, &uri, error).await,
    }
}

/// What is entered at a provider of SAML.
async fn metadata(State(state): State<AppState>, Path(id): Path<String>) -> Response {
    match id.parse() {
        Ok(id) => {
            let xml = saml::metadata(&entity(&state, ProviderId(id)), &answer_address(&state));
            ([(header::CONTENT_TYPE, "application/samlmetadata+xml")], xml).into_response()
        }
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Lets in whoever is back. `key`: what says that they were sent.
async fn come_back(state: AppState, headers: HeaderMap, uri: Uri, who: Who, key: &str, along: Along) -> Response {
    let visitor = Actor::visitor(who.0.actor.address.clone());
    let browser = cookie_value(&state.config, &headers, COOKIE).unwrap_or_default();
    let back = visits::back(&state.desk, key, &browser).await;
    let back = match back {
        Ok(back) => back,
        Err(error) => return back_at_the_door(state, &headers, who, &uri, error).await,
    };
    let vouched = async {
        let provider = providers::in_use(&state.desk, back.provider).await?;
        let vouched = match (provider.kind, &along) {
            (Kind::Saml, Along::Form(answer)) => {
                let expected = saml::Expected {
                    request: &saml::number(&back.nonce),
                    entity: &entity(&state, provider.id),
                    here: &answer_address(&state),
                    now: state.desk.now(),
                };
                saml::vouch(&provider, answer, &expected)
            }
            (Kind::Saml, Along::Address(_)) | (_, Along::Form(_)) => {
                Err("answers in another way than it was asked".to_owned())
            }
            (_, Along::Address(arrival)) => vouch(&state, &provider, arrival, &back).await,
        };
        match vouched {
            Ok(vouched) => Ok((provider, vouched)),
            Err(failed) => {
                let why = format!("{} {failed}.", provider.name);
                sign_in::refused(&state.desk, &visitor, &provider, &why).await?;
                Err(Error::new(Code::Forbidden, format!("You were not signed in: {why}")))
            }
        }
    };
    let (provider, vouched) = match vouched.await {
        Ok(both) => both,
        Err(error) if back.user.is_some() => return on_own_page(state, &headers, who, &uri, error).await,
        Err(error) => return back_at_the_door(state, &headers, who, &uri, error).await,
    };
    if let Some(user) = back.user {
        return match connect(&state, &who, user, &provider, &vouched).await {
            Ok(()) => Redirect::to(&format!("{}?connected", page_of(&who.0.actor))).into_response(),
            Err(error) => on_own_page(state, &headers, who, &uri, error).await,
        };
    }
    let opened = async {
        let proved = sign_in::sign_in(&state.desk, &visitor, &provider, &vouched).await?;
        let how = if proved.second_factor { How::OutsideTwice } else { How::Outside };
        let how = how(provider.id);
        let opened = after_proof(&state.desk, &visitor, &proved.person, agent(&headers), how).await?;
        Ok::<_, Error>((proved.person, opened))
    };
    match opened.await {
        Ok((person, opened)) => go_on(&state, &headers, &person, &opened, local(Some(&back.next))).await,
        Err(error) => back_at_the_door(state, &headers, who, &uri, error).await,
    }
}

/// Who has come back, if the provider is believed. Else why not.
async fn vouch(state: &AppState, provider: &Usable, arrival: &Arrival, back: &visits::Back) -> Result<Vouched, String> {
    let now = state.desk.now();
    if let Some(error) = &arrival.error {
        return Err(match error.as_str() {
            "access_denied" => "was not allowed to say who you are".to_owned(),
            other => format!("refused: {}", domain::text::excerpt(other, 100)),
        });
    }
    state.partners.is_of(provider, arrival.iss.as_deref(), now).await?;
    let code = arrival.code.as_deref().filter(|code| !code.is_empty()).ok_or("sent you back without a code")?;
    let here = back_address(state);
    let answer = Answer { code, nonce: &back.nonce, verifier: &back.verifier, here: &here };
    state.partners.vouch(provider, &answer, now).await
}

/// One's own page, which says what is wrong by a word in its address. Whoever is not signed in any more is asked to.
async fn on_own_page(state: AppState, headers: &HeaderMap, who: Who, uri: &Uri, error: Error) -> Response {
    if who.0.actor.principal().is_none() {
        return back_at_the_door(state, headers, who, uri, error).await;
    }
    let word = match (error.code, uri.path()) {
        (Code::Taken | Code::Impossible, BACK) => "taken",
        (Code::Impossible, _) => "last-way",
        (Code::Forbidden, _) => "not-connected",
        (Code::Unavailable, _) => "out-of-order",
        (Code::Invalid, _) if error.of_field("password").is_some() => "wrong",
        (Code::TooMany, _) => "wait",
        _ => "gone",
    };
    Redirect::to(&format!("{}?{word}#connected", page_of(&who.0.actor))).into_response()
}

/// Connects the account of whoever was sent, if they are still the one who is signed in.
async fn connect(state: &AppState, who: &Who, user: UserId, provider: &Usable, vouched: &Vouched) -> Result<(), Error> {
    let actor = &who.0.actor;
    if actor.user_id() != Some(user) {
        return Err(Error::new(
            Code::Forbidden,
            "Somebody else is signed in by now, or nobody. Nothing was connected: please begin anew on your profile page.",
        ));
    }
    let mut tx = state.desk.begin().await?;
    identities::connect(&mut tx, actor, who.0.session, provider, vouched).await?;
    tx.commit().await
}

/// What a button of the connected accounts has come to.
enum Done {
    Sent(Departure),
    Connected,
    Disconnected,
}

/// Connects an account, or takes a connection away. Only our own page can send this: who could have somebody come back from
/// a provider with a stranger's account would have a way into theirs.
async fn connected(
    State(state): State<AppState>,
    headers: HeaderMap,
    uri: Uri,
    who: Who,
    request: Request,
) -> Response {
    let page = page_of(&who.0.actor);
    let Some(user) = who.0.actor.user_id() else {
        return Redirect::to(&format!("/sign-in?next={page}")).into_response();
    };
    let actor = &who.0.actor;
    let done = async {
        let fields = Fields::read(request).await?;
        if let Ok(id) = fields.number("disconnect") {
            let mut tx = state.desk.begin().await?;
            identities::disconnect(&mut tx, actor, IdentityId(id)).await?;
            tx.commit().await?;
            return Ok(Done::Disconnected);
        }
        let id = ProviderId(fields.number("connect")?);
        if let Some(password) = fields.value("password") {
            identities::connect_directory(&state.desk, actor, who.0.session, id, password).await?;
            return Ok(Done::Connected);
        }
        let provider = providers::in_use(&state.desk, id).await?;
        identities::may_connect(actor, &provider).await?;
        let email = actor.principal().map(|person| person.email.as_str());
        send(&state, &headers, &provider, Some(user), page, email).await.map(Done::Sent)
    };
    match done.await {
        Ok(Done::Sent(departure)) => leave(departure),
        Ok(Done::Connected) => Redirect::to(&format!("{page}?connected")).into_response(),
        Ok(Done::Disconnected) => Redirect::to(&format!("{page}?disconnected")).into_response(),
        Err(error) => on_own_page(state, &headers, who, &uri, error).await,
    }
}
