//! What authenticators say, as pages hand it on: signing in with a passkey.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::post;
use domain::Actor;
use domain::passkey::Answer;
use store::accounts::passkeys::door;
use ui::flash::Flash;

use super::{Fields, agent, go_on, local, private_cookie, refuse};
use crate::app::AppState;
use crate::identify::{ASKED, Who};

/// The page is that for signing in, at the address that the browser is at: there, its script takes it over.
const PAGE: &str = "/sign-in/passkey";

pub(super) fn router() -> Router<AppState> {
    Router::new().route(PAGE, post(sign_in))
}

/// The answer in a form.
pub(super) fn answer_of(fields: &Fields) -> Answer {
    let value = |name: &str| fields.value(name).unwrap_or_default().to_owned();
    Answer { token: value("question"), credential: value("credential") }
}

async fn sign_in(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let actor = Actor::visitor(who.0.actor.address.clone());
    let browser = who.0.asked.clone().unwrap_or_default();
    let mut next = "/".to_owned();
    let done = async {
        let fields = Fields::read(request).await?;
        local(fields.value("next")).clone_into(&mut next);
        door::prove(&state.desk, &actor, &browser, &answer_of(&fields), agent(&headers)).await
    };
    match done.await {
        Ok((person, proved)) => {
            let mut response = go_on(&state, &headers, &person, &proved, &next).await;
            response.headers_mut().append(header::SET_COOKIE, private_cookie(&state, ASKED, None));
            response
        }
        Err(error) => {
            let values = if next == "/" { Vec::new() } else { vec![("next".to_owned(), next)] };
            refuse(state, &headers, who, PAGE, Flash { values, error: Some(error) }).await
        }
    }
}
