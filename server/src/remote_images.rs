//! Pictures that mails point to, fetched for the reader once they ask for them: the sender learns nothing of the reader,
//! and the page needs nobody's origin but ours.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use domain::{Error, EventId};
use store::tickets::remote_images;

use crate::app::AppState;
use crate::identify::Who;
use crate::problem::Problem;

/// Larger pictures are not shown, in bytes.
const PICTURE_MAX: usize = 10_000_000;
/// What browsers draw and do nothing else with. SVG is a document that can hold anything.
const KINDS: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
const ACCEPT: &str = "image/avif,image/webp,image/png,image/jpeg,image/gif";

/// The route. It names a picture of a message that is stored here: nobody can have anything else fetched.
pub fn router() -> Router<AppState> {
    Router::new().route("/files/remote/{event}/{n}", get(picture))
}

/// Sends the n-th remote picture of a message. One that cannot be got is an error without a text: there is nobody to
/// read it, the browser shows what the picture was to be instead.
async fn picture(
    State(state): State<AppState>,
    Who(signed): Who,
    Path((event, n)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let not_found = || Error::not_found("picture");
    let event: EventId = event.parse().map_err(|_| not_found())?;
    let n: usize = n.parse().map_err(|_| not_found())?;
    let source = remote_images::source(&state.desk, &signed.actor, event, n).await?;
    let content = match state.outgoing.get(&source, ACCEPT, PICTURE_MAX).await {
        Ok(content) => content,
        Err(cause) => {
            tracing::debug!(%cause, %event, n, "a remote picture is not shown");
            return Ok(missing());
        }
    };
    Ok(kind(&content).map_or_else(missing, |kind| shown(kind, content)))
}

/// The kind by the content: what its host calls it does not count.
fn kind(content: &[u8]) -> Option<&'static str> {
    infer::get(content).and_then(|found| KINDS.into_iter().find(|kind| *kind == found.mime_type()))
}

fn shown(kind: &'static str, content: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // Not fetched again each time a message is looked at: that, too, would tell the sender something.
        (header::CACHE_CONTROL, "private, max-age=86400"),
    ];
    (headers, content).into_response()
}

fn missing() -> Response {
    (StatusCode::BAD_GATEWAY, [(header::CACHE_CONTROL, "no-store")]).into_response()
}
