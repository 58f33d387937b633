//! The forms of imports: a file that is uploaded, what is in it, and what is to be done; and the lines that were refused.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use domain::import::{COLUMNS_MAX, Encoding, FILE_MAX, Field, Kind, Reading, Separator};
use domain::{Code, Error, ImportId};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use store::imports;

use crate::app::AppState;
use crate::forms::{Fields, answer, unreadable};
use crate::identify::Who;
use crate::problem::Problem;

/// The largest form beside the file, in bytes.
const FORM_MAX: usize = 64 * 1024;

/// What the pages of imports send and link to.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/customers/import", post(upload).layer(DefaultBodyLimit::max(FILE_MAX + FORM_MAX)))
        .route("/customers/import/{id}", post(act).layer(DefaultBodyLimit::max(FORM_MAX)))
        .route("/customers/import/{id}/refused.csv", get(refused))
}

/// Takes a file in. Who may not is told so before their file is read.
async fn upload(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let mut kind = None;
    let done = async {
        imports::demand(&who.0.actor)?;
        let (desk, actor) = (state.desk.clone(), who.0.actor.clone());
        let id = take(request, &mut kind, |kind, name, mut content| {
            async move { imports::create(&desk, &actor, kind, &name, &mut content).await }.boxed()
        })
        .await?;
        Ok(format!("/customers/import/{id}"))
    };
    let done = done.await;
    let typed = kind.map(|kind| ("kind".to_owned(), kind.word().to_owned())).into_iter().collect();
    answer(state, &headers, who, "/customers/import", typed, done).await
}

/// Hands the file of a form on while it comes, with its name. What is in it is said before it, and noted for whoever asks again.
pub(crate) async fn take<T>(
    request: Request,
    kind: &mut Option<Kind>,
    into: impl for<'a> FnOnce(Kind, String, BoxStream<'a, Result<Bytes, Error>>) -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Error> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        match field.name().unwrap_or_default() {
            "kind" => *kind = Some(Kind::from_word(&field.text().await.map_err(broken)?).ok_or_else(unreadable)?),
            "file" => {
                let kind = kind.ok_or_else(unreadable)?;
                let name = field.file_name().unwrap_or_default().to_owned();
                let first = field.chunk().await.map_err(broken)?;
                if name.is_empty() && first.is_none() {
                    break;
                }
                let content = stream::iter(first.map(Ok)).chain(field.map_err(broken));
                return into(kind, name, content.boxed()).await;
            }
            _ => {}
        }
    }
    Err(Error::field("file", "Choose a file."))
}

fn broken(cause: axum::extract::multipart::MultipartError) -> Error {
    if cause.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let mut error = Error::field("file", "This file is larger than 50 MB.");
        error.code = Code::TooLarge;
        return error;
    }
    Error::new(Code::Invalid, "The form did not arrive whole. Please send it again.")
}

/// Does what a button says.
async fn act(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let id = ImportId(id.parse().unwrap_or(0));
    let page = format!("/customers/import/{id}");
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let actor = &who.0.actor;
        let mut tx = state.desk.begin().await?;
        match fields.value("do") {
            Some("stop") => imports::stop(&mut tx, actor, id).await?,
            Some("run") => imports::begin(&mut tx, actor, id, false).await?,
            Some(what @ ("try" | "look")) => {
                imports::set_reading(&mut tx, actor, id, &reading(&fields)?).await?;
                if what == "try" {
                    // What was said stays said, also where it is not enough to go on.
                    tx.commit_quietly().await?;
                    tx = state.desk.begin().await?;
                    imports::begin(&mut tx, actor, id, true).await?;
                }
            }
            _ => return Err(unreadable()),
        }
        tx.commit().await?;
        Ok(page.clone())
    };
    let done = done.await;
    answer(state, &headers, who, &page, typed, done).await
}

fn reading(fields: &Fields) -> Result<Reading, Error> {
    let width = usize::try_from(fields.number("width")?).map_err(|_| unreadable())?.min(COLUMNS_MAX);
    let column = |n: usize| fields.value(&format!("column-{n}")).and_then(Field::from_word);
    Ok(Reading {
        encoding: fields.value("encoding").and_then(Encoding::from_word).ok_or_else(unreadable)?,
        separator: fields.value("separator").and_then(Separator::from_word).ok_or_else(unreadable)?,
        header: fields.value("header").is_some(),
        columns: (0..width).map(column).collect(),
        source: fields.value("source").unwrap_or_default().to_owned(),
    })
}

async fn refused(State(state): State<AppState>, Path(id): Path<String>, Who(signed): Who) -> Result<Response, Problem> {
    let id = ImportId(id.parse().map_err(|_| Error::not_found("import"))?);
    let file = imports::refused_file(&state.desk, &signed.actor, id).await?;
    let mut response = Body::from_stream(file).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"refused.csv\""),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
