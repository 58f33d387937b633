//! The second step of signing in, and what people set up for their own.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use domain::{Actor, Code, Error};
use serde::Deserialize;
use store::accounts::second_factor::{own, step};
use ui::flash::Flash;
use ui::rpc::Signed;

use super::own::renamed;
use super::{agent, local, private_cookie, read, refuse, welcome};
use crate::app::AppState;
use crate::identify::{self, DEVICE, SECOND, Who};

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

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Second {
    code: String,
    next: Option<String>,
}

/// Takes the code of the second step.
async fn second(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let device = identify::cookie(&state.config, &headers, DEVICE);
    let actor = Actor { device, ..Actor::visitor(who.0.actor.address.clone()) };
    let token = who.0.second.clone().unwrap_or_default();
    let mut next = "/".to_owned();
    let done = async {
        let form: Second = read(request).await?;
        local(form.next.as_deref()).clone_into(&mut next);
        step::prove(&state.desk, &actor, &token, &form.code, agent(&headers)).await
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

/// What the page of one's own sends. Each of its forms has fields of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    r#do: String,
    begin_password: String,
    move_password: String,
    off_password: String,
    off_code: String,
    codes_password: String,
    code: String,
}

async fn two_step(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    if who.0.actor.principal().is_none() {
        return Redirect::to("/sign-in?next=%2Ftwo-step").into_response();
    }
    let done = async { perform(&state, &who.0, read(request).await?).await };
    match done.await {
        Ok(Done::Said(said)) => Redirect::to(&format!("{PAGE}{said}")).into_response(),
        Ok(Done::Codes(codes)) => {
            // Written into this answer and nowhere else.
            let values = vec![("codes".to_owned(), codes.join(" "))];
            refuse(state, &headers, who, PAGE, Flash { values, error: None }).await
        }
        Err(error) => refuse(state, &headers, who, PAGE, Flash { values: Vec::new(), error: Some(error) }).await,
    }
}

/// What a form comes to.
enum Done {
    /// The page again, with this behind its address.
    Said(&'static str),
    /// Recovery codes, to be shown once.
    Codes(Vec<String>),
}

async fn perform(state: &AppState, who: &Signed, fields: Fields) -> Result<Done, Error> {
    let (desk, actor, session) = (&state.desk, &who.actor, who.session);
    match fields.r#do.as_str() {
        "begin" => {
            let begun = own::begin(desk, actor, session, fields.begin_password).await;
            begun.map_err(|error| renamed(error, &[("password", "begin_password")]))?;
            Ok(Done::Said(""))
        }
        "move" => {
            let begun = own::begin(desk, actor, session, fields.move_password).await;
            begun.map_err(|error| renamed(error, &[("password", "move_password")]))?;
            Ok(Done::Said(""))
        }
        "cancel" => {
            let mut tx = desk.begin().await?;
            own::cancel(&mut tx, actor).await?;
            tx.commit_quietly().await?;
            Ok(Done::Said(""))
        }
        "confirm" => {
            let codes = own::confirm(desk, actor, session, &fields.code).await?;
            Ok(if codes.is_empty() { Done::Said("?on") } else { Done::Codes(codes) })
        }
        "off" => {
            let removed = own::remove_app(desk, actor, session, fields.off_password, &fields.off_code).await;
            removed.map_err(|error| renamed(error, &[("password", "off_password"), ("code", "off_code")]))?;
            Ok(Done::Said("?app-removed"))
        }
        "codes" => {
            let codes = own::new_codes(desk, actor, session, fields.codes_password).await;
            Ok(Done::Codes(codes.map_err(|error| renamed(error, &[("password", "codes_password")]))?))
        }
        _ => Err(super::unreadable()),
    }
}
