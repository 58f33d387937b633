//! The forms with which requesters say how their tickets were solved: in the portal, and without signing in by the link of a mail.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use domain::letter::Purpose;
use domain::rating::NewRating;
use domain::{Actor, Error, TicketId};
use store::ratings::{self, by_mail};
use ui::flash::{Flash, PERSON};

use crate::app::AppState;
use crate::forms::{Fields, refuse};
use crate::identify::Who;
use crate::limits::Kind;
use crate::portal::{check_person, signed_out};

/// The largest form, in bytes: a comment of four bytes a character, trebled by its encoding, and the rest.
const BODY_MAX: usize = 32 * 1024;

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/portal/tickets/{id}/rating", post(in_portal))
        .route("/rate/{token}", post(with_link))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// What was chosen and written.
fn rating(fields: &Fields) -> NewRating {
    NewRating {
        score: fields.value("score").and_then(|score| score.parse().ok()).unwrap_or_default(),
        comment: fields.value("comment").unwrap_or_default().to_owned(),
    }
}

/// What is shown again when it was refused.
fn flash(typed: &Fields, error: Error) -> Flash {
    let kept = typed.0.iter().filter(|(name, _)| name == "score" || name == "comment");
    Flash { values: kept.cloned().collect(), error: Some(error) }
}

async fn in_portal(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    // What is not a number is no ticket, like a number that nobody has.
    let id = TicketId(id.parse().unwrap_or(0));
    let page = format!("/portal/tickets/{id}");
    let actor = who.0.actor.clone();
    if actor.principal().is_none() {
        return signed_out(&page);
    }
    let mut typed = Fields(Vec::new());
    let done = async {
        typed = Fields::read(request).await?;
        check_person(typed.value(PERSON), &actor)?;
        state.limits.admit(Kind::Writing, &actor, state.desk.now())?;
        let mut tx = state.desk.begin().await?;
        ratings::rate(&mut tx, &actor, id, rating(&typed)).await?;
        tx.commit().await
    };
    match done.await {
        Ok(()) => Redirect::to(&format!("{page}?rated#rating")).into_response(),
        Err(error) => refuse(state, &headers, who, &page, flash(&typed, error)).await,
    }
}

async fn with_link(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    // Whoever is signed in here, the link is its requester's.
    let actor = Actor::visitor(who.0.actor.address.clone());
    let mut typed = Fields(Vec::new());
    // What is no link is shown as one: its page says so.
    let whole = token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let page = format!("{}/{}", Purpose::Rating.page(), if whole { token.as_str() } else { "-" });
    let done = async {
        typed = Fields::read(request).await?;
        state.limits.admit(Kind::Writing, &actor, state.desk.now())?;
        let mut tx = state.desk.begin().await?;
        by_mail::rate(&mut tx, &actor, &token, rating(&typed)).await?;
        tx.commit().await
    };
    match done.await {
        Ok(()) => Redirect::to(&format!("{page}?sent")).into_response(),
        Err(error) => refuse(state, &headers, who, &page, flash(&typed, error)).await,
    }
}
