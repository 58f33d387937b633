//! The second step of signing in, and what people set up for their own.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use domain::passkey::{Nowhere, Place, Question};
use domain::{Actor, Code, Error, PasskeyId};
use store::accounts::passkeys::{self, second};
use store::accounts::second_factor::{own, step};
use ui::flash::Flash;
use ui::rpc::Signed;

use super::own::renamed;
use super::passkeys::answer_of;
use super::{Fields, agent, local, private_cookie, refuse, welcome};
use crate::app::AppState;
use crate::identify::{self, DEVICE, SECOND, Who};
use crate::passkeys::place;

/// The page of the second step of signing in.
const SECOND_PAGE: &str = "/sign-in/second";
/// The page of one's own second step.
const PAGE: &str = "/two-step";

pub(super) fn router() -> Router<AppState> {
    Router::new().route(SECOND_PAGE, post(second)).route(PAGE, post(two_step))
}

/// The page of the second step, which leads on from there.
fn page(next: &str) -> String {
    leading_on(SECOND_PAGE, next)
}

/// The page of one's own second step, for who must set it up by some time, which leads on from there.
pub(super) fn set_up(next: &str) -> String {
    leading_on(PAGE, next)
}

fn leading_on(page: &str, next: &str) -> String {
    match next {
        "/" => page.to_owned(),
        next => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("{page}?{query}")
        }
    }
}

/// Sends the browser to the second step, with the cookie that is good for it.
pub(super) fn ask(state: &AppState, token: &str, next: &str) -> Response {
    let mut response = Redirect::to(&page(next)).into_response();
    let cookie = private_cookie(state, SECOND, Some((token, step::LIFETIME_MS / 1_000)));
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Takes the code of the second step, or the answer of an authenticator.
async fn second(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let device = identify::cookie(&state.config, &headers, DEVICE);
    let actor = Actor { device, ..Actor::visitor(who.0.actor.address.clone()) };
    let token = who.0.second.clone().unwrap_or_default();
    let mut next = "/".to_owned();
    let done = async {
        let fields = Fields::read(request).await?;
        local(fields.value("next")).clone_into(&mut next);
        match fields.value("credential") {
            Some(_) => second::prove(&state.desk, &actor, &token, &answer_of(&fields), agent(&headers)).await,
            None => {
                let code = fields.value("code").unwrap_or_default();
                step::prove(&state.desk, &actor, &token, code, agent(&headers)).await
            }
        }
    };
    match done.await {
        Ok((person, session)) => {
            let mut response = welcome(&state, &headers, &person, &session, &next).await;
            response.headers_mut().append(header::SET_COOKIE, private_cookie(&state, SECOND, None));
            response
        }
        Err(error) if error.code == Code::SignedOut => Redirect::to("/sign-in?late").into_response(),
        Err(error) => {
            // Not in the address: that is another one in the browser, which would make another page of it.
            let values = if next == "/" { Vec::new() } else { vec![("next".to_owned(), next)] };
            refuse(state, &headers, who, SECOND_PAGE, Flash { values, error: Some(error) }).await
        }
    }
}

async fn two_step(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    if who.0.actor.principal().is_none() {
        return Redirect::to("/sign-in?next=%2Ftwo-step").into_response();
    }
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), fields.value(name)?.to_owned()))).collect();
        let place = place(&state, &headers);
        perform(&state, &who.0, place, &fields).await
    };
    let done = done.await;
    let flash = match done {
        Ok(Done::Said(said)) => return Redirect::to(&format!("{PAGE}{said}")).into_response(),
        // Written into this answer and nowhere else.
        Ok(Done::Codes(codes)) => Flash { values: vec![("codes".to_owned(), codes.join(" "))], error: None },
        Ok(Done::Ask(question)) => {
            typed.push(("question".to_owned(), question.token));
            typed.push(("options".to_owned(), question.options));
            Flash { values: typed, error: None }
        }
        Err(error) => Flash { values: typed, error: Some(error) },
    };
    refuse(state, &headers, who, PAGE, flash).await
}

/// What is kept of a form that is refused. Each form has fields of its own.
const KEPT: [&str; 4] = ["passkey", "passkey_name", "renamed", "new_name"];

/// What a form comes to.
enum Done {
    /// The page again, with this behind its address.
    Said(&'static str),
    /// Recovery codes, to be shown once.
    Codes(Vec<String>),
    /// The browser is to ask an authenticator.
    Ask(Question),
}

async fn perform(
    state: &AppState,
    who: &Signed,
    place: Result<Place, Nowhere>,
    fields: &Fields,
) -> Result<Done, Error> {
    let (desk, actor, session) = (&state.desk, &who.actor, who.session);
    let value = |name: &str| fields.value(name).unwrap_or_default();
    let password = |name: &'static str| value(name).to_owned();
    let called = |names: &'static [(&'static str, &'static str)]| move |error| renamed(error, names);
    match value("do") {
        "begin" => {
            let begun = own::begin(desk, actor, session, password("begin_password")).await;
            begun.map_err(called(&[("password", "begin_password")]))?;
            Ok(Done::Said(""))
        }
        "move" => {
            let begun = own::begin(desk, actor, session, password("move_password")).await;
            begun.map_err(called(&[("password", "move_password")]))?;
            Ok(Done::Said(""))
        }
        "cancel" => {
            let mut tx = desk.begin().await?;
            own::cancel(&mut tx, actor).await?;
            tx.commit_quietly().await?;
            Ok(Done::Said(""))
        }
        "confirm" => {
            let codes = own::confirm(desk, actor, session, value("code")).await?;
            Ok(if codes.is_empty() { Done::Said("?on") } else { Done::Codes(codes) })
        }
        "off" => {
            let removed = own::remove_app(desk, actor, session, password("off_password"), value("off_code")).await;
            removed.map_err(called(&[("password", "off_password"), ("code", "off_code")]))?;
            Ok(Done::Said("?app-removed"))
        }
        "codes" => {
            let codes = own::new_codes(desk, actor, session, password("codes_password")).await;
            Ok(Done::Codes(codes.map_err(called(&[("password", "codes_password")]))?))
        }
        "passkey" => {
            let (name, password) = (value("passkey_name"), password("passkey_password"));
            let question = passkeys::own::begin(desk, actor, session, place, name, password).await;
            question.map(Done::Ask).map_err(called(&[("name", "passkey_name"), ("password", "passkey_password")]))
        }
        "passkey-made" => {
            let codes = passkeys::own::finish(desk, actor, session, &answer_of(fields)).await?;
            Ok(if codes.is_empty() { Done::Said("?passkey-added") } else { Done::Codes(codes) })
        }
        "passkey-rename" => {
            let mut tx = desk.begin().await?;
            let id = PasskeyId(fields.number("renamed")?);
            let done = passkeys::own::rename(&mut tx, actor, id, value("new_name")).await;
            done.map_err(called(&[("name", "new_name")]))?;
            tx.commit().await?;
            Ok(Done::Said("?passkey-renamed"))
        }
        "passkey-remove" => {
            let id = PasskeyId(fields.number("passkey")?);
            let removed = passkeys::own::remove(desk, actor, session, id, password("gone_password")).await;
            removed.map_err(called(&[("password", "gone_password")]))?;
            Ok(Done::Said("?passkey-removed"))
        }
        _ => Err(super::unreadable()),
    }
}
