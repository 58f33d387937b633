//! The forms of one's own picture and of logos: they carry a file.

use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use domain::picture::BYTES_MAX;
use domain::{Code, Error};
use store::accounts::picture;

use super::{answer, page_of};
use crate::app::AppState;
use crate::identify::Who;

/// The longest form with a picture, in bytes: the file, and what is around it.
const LONGEST: usize = BYTES_MAX + 16 * 1024;

/// Whether it is this form. The others of the page carry no files.
pub(super) fn is_sent(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// Takes the form of somebody who is signed in.
pub(super) async fn take(state: AppState, headers: HeaderMap, who: Who, request: Request) -> Response {
    let page = page_of(&who.0.actor);
    let done = async {
        let sent = read(request).await?;
        let actor = &who.0.actor;
        match sent {
            Sent::Picture(bytes) => picture::set(&state.desk, actor, bytes).await.map(|()| "picture"),
            Sent::Remove => {
                let mut tx = state.desk.begin().await?;
                picture::remove(&mut tx, actor).await?;
                tx.commit().await.map(|()| "picture-removed")
            }
        }
    };
    let done = done.await.map(|said| format!("{page}?{said}"));
    let typed = vec![("form".to_owned(), "picture".to_owned())];
    answer(state, &headers, who, page, typed, done).await
}

/// What such a form asks for.
pub(crate) enum Sent {
    Picture(Vec<u8>),
    Remove,
}

/// Reads such a form.
pub(crate) async fn read(mut request: Request) -> Result<Sent, Error> {
    DefaultBodyLimit::max(LONGEST).apply(&mut request);
    let broken = || Error::new(Code::Invalid, "The form did not arrive whole. Please send it again.");
    let too_large = || Error { code: Code::TooLarge, ..Error::field("picture", "Use a picture of at most 2 MB.") };
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let mut sent = None;
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let name = part.name().unwrap_or_default().to_owned();
        // A file field in which nothing was chosen arrives as a file without a name.
        let chosen = part.file_name().is_some_and(|file| !file.is_empty());
        match name.as_str() {
            "remove" => sent = Some(Sent::Remove),
            "picture" if chosen && sent.is_none() => {
                let bytes = part.bytes().await.map_err(|cause| match cause.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => too_large(),
                    _ => broken(),
                })?;
                sent = Some(Sent::Picture(bytes.to_vec()));
            }
            _ => {}
        }
    }
    sent.ok_or_else(|| Error::field("picture", "Choose a picture first."))
}
