//! Files: taken in as a stream, sent as a stream, never as something that could run in our origin.

use std::ops::Range;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use domain::attachment::{Attachment, Preview, url_name};
use domain::picture::Kind;
use domain::{AttachmentId, CompanyId, Error, TicketId, UserId};
use serde::Deserialize;
use store::accounts::picture;
use store::tickets::attachments::{self, Which};

use crate::app::AppState;
use crate::identify::Who;
use crate::problem::Problem;

/// The routes. Who calls them is identified by the layers around.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/files", post(upload))
        .route("/files/{key}", axum::routing::delete(delete))
        .route("/files/{key}/{name}", get(download))
        .route("/files/avatar/{of}/{number}", get(avatar))
        .route("/files/logo/{of}/{number}", get(logo))
}

/// The picture of somebody. Under its number it never changes, and who may see the person hardly does.
async fn avatar(
    State(state): State<AppState>,
    Who(signed): Who,
    Path((of, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let missing = || Error::not_found("picture");
    let of: UserId = of.parse().map_err(|_| missing())?;
    let number: i64 = number.parse().map_err(|_| missing())?;
    Ok(shown(picture::open(&state.desk, &signed.actor, of, number).await?))
}

/// The logo of a company.
async fn logo(
    State(state): State<AppState>,
    Who(signed): Who,
    Path((of, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let missing = || Error::not_found("picture");
    let of: CompanyId = of.parse().map_err(|_| missing())?;
    let number: i64 = number.parse().map_err(|_| missing())?;
    Ok(shown(store::companies::logo::open(&state.desk, &signed.actor, of, number).await?))
}

/// A picture that was taken, as a file that browsers keep.
fn shown((kind, bytes): (Kind, Bytes)) -> Response {
    let mut response = Body::from(bytes).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, kind.content_type()),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[derive(Debug, Deserialize)]
struct Uploaded {
    /// Where the file will go, when that is known.
    ticket: Option<i64>,
    name: String,
}

/// Takes in the body as a file. The answer is the [`Attachment`], to be named by the message that carries it.
///
/// The operation itself bounds the size while it reads, so nothing is held in memory.
async fn upload(
    State(state): State<AppState>,
    Who(signed): Who,
    Query(asked): Query<Uploaded>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Attachment>), Problem> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let content = body.into_data_stream();
    let ticket = asked.ticket.map(TicketId);
    let file = attachments::upload(&state.desk, &signed.actor, ticket, &asked.name, declared, content).await?;
    Ok((StatusCode::CREATED, Json(file)))
}

/// Takes a file off, by its number.
async fn delete(
    State(state): State<AppState>,
    Who(signed): Who,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: AttachmentId = id.parse().map_err(|_| Error::not_found("file"))?;
    let mut tx = state.desk.begin().await?;
    attachments::delete(&mut tx, &signed.actor, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct Shown {
    /// Given: to be looked at in the page, where its kind allows that.
    inline: Option<String>,
}

/// Sends a file, or the part of it that is asked for: players jump about in sounds and videos.
async fn download(
    State(state): State<AppState>,
    Who(signed): Who,
    Path((key, _name)): Path<(String, String)>,
    Query(shown): Query<Shown>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = attachments::find(&state.desk, &signed.actor, Which::Key(&key)).await?;
    let file = &found.attachment;
    let size = u64::try_from(file.size).unwrap_or_default();
    let part = match headers.get(header::RANGE).and_then(|v| v.to_str().ok()).map(|asked| range(asked, size)) {
        None | Some(Asked::All) => None,
        Some(Asked::Part(part)) => Some(part),
        Some(Asked::Beyond) => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, range).into_response());
        }
    };
    // Reading no bytes at all is not a part that a store can be asked for.
    let bytes = found.read(&state.desk, part.clone()).await?;
    let mut response = Body::from_stream(bytes).into_response();
    describe(response.headers_mut(), file, shown.inline.is_some());
    let length = part.as_ref().map_or(size, |part| part.end - part.start);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(part) = part {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        if let Ok(range) = HeaderValue::from_str(&range) {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
    }
    Ok(response)
}

/// What a browser is told of a file, so that it is shown or saved and nothing else.
pub(crate) fn describe(headers: &mut HeaderMap, file: &Attachment, inline: bool) {
    let kind = file.preview();
    let content_type = match kind {
        Preview::Text => "text/plain; charset=utf-8",
        Preview::None => "application/octet-stream",
        Preview::Image | Preview::Pdf | Preview::Audio | Preview::Video => &file.content_type,
    };
    let shown = inline && kind != Preview::None;
    let disposition = if shown { "inline" } else { "attachment" };
    // RFC 6266: the plain name for old clients, in ASCII; the real one beside it.
    let plain: String = file.name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '_' }).collect();
    let plain = plain.replace(['"', '\\', ';'], "_");
    let disposition = format!("{disposition}; filename=\"{plain}\"; filename*=UTF-8''{}", url_name(&file.name));
    // The browsers' own readers of PDF and text do not work in a sandbox; the type is certain, and nothing may be loaded.
    let policy = if matches!(kind, Preview::Pdf | Preview::Text) {
        "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    } else {
        "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    };
    let fixed: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, &disposition),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::ACCEPT_RANGES, "bytes"),
        // The bytes under a key never change, but who may see them does.
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    All,
    Part(Range<u64>),
    Beyond,
}

/// Reads a `Range` header (RFC 9110, section 14.2). Several ranges, other units and nonsense are answered with the whole.
pub(crate) fn range(header: &str, size: u64) -> Asked {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|r| r.split_once('-')) else { return Asked::All };
    let (first, last) = (first.trim(), last.trim());
    let bounds = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Asked::All,
    };
    if bounds.is_empty() { Asked::Beyond } else { Asked::Part(bounds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, expected) in [
            ("bytes=0-9", Asked::Part(0..10)),
            ("bytes=90-", Asked::Part(90..100)),
            ("bytes=90-500", Asked::Part(90..100)),
            ("bytes=-5", Asked::Part(95..100)),
            ("bytes=-500", Asked::Part(0..100)),
            ("bytes=100-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=9-2", Asked::All),
            ("bytes=0-1,5-6", Asked::All),
            ("lines=0-1", Asked::All),
            ("bytes=x-y", Asked::All),
        ] {
            assert_eq!(range(header, 100), expected, "{header}");
        }
        assert_eq!(range("bytes=0-", 0), Asked::Beyond);
    }

    fn described(content_type: &str, name: &str, inline: bool) -> (String, String) {
        let file = Attachment {
            id: AttachmentId(1),
            key: "k".into(),
            name: name.into(),
            content_type: content_type.into(),
            size: 1,
            deleted_by: None,
        };
        let mut headers = HeaderMap::new();
        describe(&mut headers, &file, inline);
        let text = |name: HeaderName| headers[name].to_str().unwrap().to_owned();
        assert!(text(header::CONTENT_SECURITY_POLICY).contains("default-src 'none'"));
        (text(header::CONTENT_TYPE), text(header::CONTENT_DISPOSITION))
    }

    #[test]
    fn nothing_is_served_as_a_page() {
        assert_eq!(
            described("text/html", "a.html", true),
            ("application/octet-stream".into(), "attachment; filename=\"a.html\"; filename*=UTF-8''a.html".into())
        );
        assert_eq!(described("text/csv", "a.csv", true).0, "text/plain; charset=utf-8");
        assert_eq!(
            described("image/png", "Überblick \"1\".png", true),
            (
                "image/png".into(),
                "inline; filename=\"_berblick _1_.png\"; filename*=UTF-8''%C3%9Cberblick%20%221%22.png".into()
            )
        );
    }
}
