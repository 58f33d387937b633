//! The forms of one's own tokens of the API.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use domain::api_token::NewApiToken;
use domain::{ApiTokenId, Error};
use serde::Deserialize;
use store::accounts::api_tokens;
use ui::flash::Flash;
use ui::rpc::Signed;

use super::{read, refuse};
use crate::app::AppState;
use crate::identify::Who;

const PAGE: &str = "/api-tokens";

pub(super) fn router() -> Router<AppState> {
    Router::new().route(PAGE, post(tokens))
}

/// What the page sends: a token to be made, or the number of one to be revoked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    revoke: String,
    name: String,
    scope: String,
    days: String,
    password: String,
}

async fn tokens(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    if who.0.actor.principal().is_none() {
        return Redirect::to("/sign-in?next=%2Fapi-tokens").into_response();
    }
    let mut kept = Vec::new();
    let done = async {
        let fields: Fields = read(request).await?;
        for (name, value) in [("name", &fields.name), ("scope", &fields.scope), ("days", &fields.days)] {
            kept.push((name.to_owned(), value.clone()));
        }
        perform(&state, &who.0, fields).await
    };
    match done.await {
        Ok(None) => Redirect::to("/api-tokens?revoked").into_response(),
        Ok(Some(token)) => {
            // Written into this answer and nowhere else.
            let values = vec![("token".to_owned(), token)];
            refuse(state, &headers, who, PAGE, Flash { values, error: None }).await
        }
        Err(error) => refuse(state, &headers, who, PAGE, Flash { values: kept, error: Some(error) }).await,
    }
}

/// Revokes a token, or makes one and returns it.
async fn perform(state: &AppState, who: &Signed, fields: Fields) -> Result<Option<String>, Error> {
    if !fields.revoke.is_empty() {
        let id = fields.revoke.parse().map_err(|_| Error::not_found("token"))?;
        let mut tx = state.desk.begin().await?;
        api_tokens::revoke(&mut tx, &who.actor, ApiTokenId(id)).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let Fields { name, scope, days, password, .. } = fields;
    let input = NewApiToken { name, scope, days: days.parse().unwrap_or_default() };
    api_tokens::create(&state.desk, &who.actor, who.session, &input, password).await.map(Some)
}
