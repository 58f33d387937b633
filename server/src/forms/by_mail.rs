//! What accounts do by mail: asking for a link, and what the pages that links lead to send.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use domain::letter::Purpose;
use domain::{Actor, Error, text};
use serde::Deserialize;
use store::accounts;
use store::accounts::sign_in::{How, after_proof};
use ui::flash::Flash;

use super::{agent, go_on, read, refuse, remember};
use crate::app::AppState;
use crate::identify::Who;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/forgot", post(forgot))
        .route("/confirm", post(confirm_again))
        .route("/confirm/{token}", post(confirm))
        .route("/reset/{token}", post(reset))
        .route("/invitation/{token}", post(accept))
        .route("/new-address/{token}", post(new_address))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    email: String,
    name: String,
    password: String,
}

impl Fields {
    fn flash(self, error: Error) -> Flash {
        Flash { values: vec![("email".to_owned(), self.email), ("name".to_owned(), self.name)], error: Some(error) }
    }
}

/// The page again, which says that a mail was sent to this address.
pub(super) async fn sent(state: AppState, headers: &HeaderMap, who: Who, page: &str, email: &str) -> Response {
    let values = vec![("sent".to_owned(), text::tidy_line(email))];
    refuse(state, headers, who, page, Flash { values, error: None }).await
}

async fn forgot(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    ask(state, headers, who, request, "/forgot").await
}

async fn confirm_again(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    ask(state, headers, who, request, "/confirm").await
}

/// Asks for a mail, for a new password or of a registration.
async fn ask(state: AppState, headers: HeaderMap, who: Who, request: Request, page: &str) -> Response {
    let mut fields = Fields::default();
    let asked = async {
        fields = read(request).await?;
        match page {
            "/forgot" => accounts::reset::ask(&state.desk, &who.0.actor, &fields.email).await,
            _ => accounts::register::send_again(&state.desk, &who.0.actor, &fields.email).await,
        }
    };
    match asked.await {
        Ok(()) => sent(state, &headers, who, page, &fields.email).await,
        Err(error) => refuse(state, &headers, who, page, fields.flash(error)).await,
    }
}

/// Makes the account of a registration, and signs it in.
async fn confirm(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let actor = Actor::visitor(who.0.actor.address.clone());
    let opened = async {
        let fields: Fields = read(request).await?;
        let person = accounts::confirm(&state.desk, &actor, &token, fields.password).await?;
        let proved = after_proof(&state.desk, &actor, &person, agent(&headers), How::Mail).await?;
        Ok::<_, Error>((person, proved))
    };
    match opened.await {
        Ok((person, proved)) => go_on(&state, &headers, &person, &proved, "/").await,
        Err(error) => again(state, &headers, who, Purpose::Register, &token, Fields::default().flash(error)).await,
    }
}

/// Sets the password of who opened the link, who then signs in with it.
async fn reset(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let set = async {
        let fields: Fields = read(request).await?;
        accounts::reset::set(&state.desk, &who.0.actor, &token, fields.password).await
    };
    match set.await {
        Ok((person, beside)) => {
            let mut values: Vec<_> = beside.lines().into_iter().map(|line| ("beside".to_owned(), line)).collect();
            let mut response = match values.is_empty() {
                true => Redirect::to("/sign-in?changed").into_response(),
                // Shown to who has just read the mail, and at no address of its own.
                false => {
                    values.extend((beside.api_tokens > 0).then(|| ("tokens".to_owned(), String::from("1"))));
                    let flash = Flash { values, error: None };
                    again(state.clone(), &headers, who, Purpose::Reset, &token, flash).await
                }
            };
            // Somebody may be guessing at the account at this moment, which must not keep them out.
            remember(&state, &headers, &person, &mut response);
            response
        }
        Err(error) => again(state, &headers, who, Purpose::Reset, &token, Fields::default().flash(error)).await,
    }
}

/// Makes staff of who opened the link, and signs them in.
async fn accept(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let actor = Actor::visitor(who.0.actor.address.clone());
    let mut fields = Fields::default();
    let opened = async {
        fields = read(request).await?;
        let (name, password) = (fields.name.clone(), std::mem::take(&mut fields.password));
        let person = accounts::invitations::accept(&state.desk, &actor, &token, name, password).await?;
        let proved = after_proof(&state.desk, &actor, &person, agent(&headers), How::Mail).await?;
        Ok::<_, Error>((person, proved))
    };
    match opened.await {
        Ok((person, proved)) => go_on(&state, &headers, &person, &proved, "/").await,
        Err(error) => again(state, &headers, who, Purpose::Invitation, &token, fields.flash(error)).await,
    }
}

/// Makes the address that the link was sent to that of the account.
async fn new_address(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    who: Who,
) -> Response {
    match accounts::own::confirm_address(&state.desk, &who.0.actor, &token).await {
        Ok(owner) if who.0.actor.user_id() == Some(owner) => {
            Redirect::to(if who.0.actor.is_staff() { "/me?saved" } else { "/portal/me?saved" }).into_response()
        }
        // Nobody is signed in here, or somebody else, whose profile says nothing of it.
        Ok(_) => {
            let flash = Flash { values: vec![("done".to_owned(), String::from("1"))], error: None };
            again(state, &headers, who, Purpose::NewAddress, &token, flash).await
        }
        Err(error) => again(state, &headers, who, Purpose::NewAddress, &token, Fields::default().flash(error)).await,
    }
}

/// The page of a link again.
async fn again(
    state: AppState,
    headers: &HeaderMap,
    who: Who,
    purpose: Purpose,
    token: &str,
    flash: Flash,
) -> Response {
    // What is no link is shown as one: its page says so.
    let whole = token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let page = format!("{}/{}", purpose.page(), if whole { token } else { "-" });
    refuse(state, headers, who, &page, flash).await
}
