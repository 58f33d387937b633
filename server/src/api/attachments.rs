//! Files on tickets.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::policy::{self, Action};
use domain::ticket::{NewMessage, Writing};
use domain::{Actor, AttachmentId, Code, Error, TicketId, attachment};
use serde::{Deserialize, Serialize};
use store::Desk;
use store::tickets::attachments::{self, Which};
use store::tickets::demand;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiState;
use super::input::{Caller, Id, Query, Refusal, authority_first};
use super::openapi::{AboutTicket, ForCallers, WithBody};
use super::tickets::write;
use super::wire::Attachment;
use crate::problem::Problem;

/// Files to upload, as `multipart/form-data`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read as a stream")]
pub struct Upload {
    /// Up to 20 files.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1, max_items = 20)]
    files: Vec<u8>,
}

/// What to do with the files.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sending {
    /// Whether they are put on the ticket at once, as a message of their own (`true`, if not given), or wait for a
    /// message that names them in `attachments`.
    send: Option<bool>,
    /// Whether the message is a note that only staff see.
    internal: Option<bool>,
}

/// Files.
#[derive(Debug, Serialize, ToSchema)]
pub struct Files {
    pub attachments: Vec<Attachment>,
    /// The timeline's new entry, if the files were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 90211)]
    pub message_id: Option<i64>,
}

/// Uploads have a limit of their own: each file is bounded while it comes in, and their number too.
pub fn calls() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(upload)).routes(routes!(upload_unsent)).layer(DefaultBodyLimit::disable())
}

/// Put files on a ticket
///
/// Takes several files at once: all of them, or none. What they are is judged by their content. They go onto the ticket
/// as a message of their own, or wait for one (`send=false`).
#[utoipa::path(post, path = "/ticket/{id}/attachments", tag = "Files", security(("bearer" = [])),
    request_body(content = Upload, content_type = "multipart/form-data"),
    params(("id" = i64, Path, description = "The ticket's number", example = 1042), Sending),
    responses((status = 201, description = "They are stored", body = Files), WithBody, ForCallers, AboutTicket)
)]
pub async fn upload(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    Id(id): Id,
    sending: Result<Query<Sending>, Refusal>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<Files>), Refusal> {
    let id = TicketId(id);
    let done = async {
        let Query(sending) = sending?;
        store(&desk, &actor, Some(id), form, async |files| {
            if !sending.send.unwrap_or(true) {
                return Ok(None);
            }
            let input = NewMessage {
                writing: if sending.internal.unwrap_or(false) { Writing::Note } else { Writing::Reply },
                body: String::new(),
                attachments: files,
                seen: None,
                status: None,
                key: None,
                sign: false,
            };
            Ok(Some(write(&desk, &actor, id, input).await?.message_id))
        })
        .await
    };
    authority_first(done.await, async || demand(&desk, &actor, id, Action::AddFile).await).await
}

/// Upload files for a new ticket
///
/// Takes several files at once: all of them, or none. What they are is judged by their content. Name them in
/// `attachments` when you open the ticket, within a day: until then only you see them, and later they are gone.
#[utoipa::path(post, path = "/attachments", tag = "Files", security(("bearer" = [])),
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = 201, description = "They are stored, and wait for a ticket", body = Files), WithBody, ForCallers)
)]
pub async fn upload_unsent(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<Files>), Refusal> {
    let done = store(&desk, &actor, None, form, async |_| Ok(None)).await;
    authority_first(done, async || policy::demand(&actor, Action::CreateTicket, None)).await
}

/// Stores all of the files, or none, and sends them by `send`, which returns the message that carries them, if any.
async fn store(
    desk: &Desk,
    actor: &Actor,
    ticket: Option<TicketId>,
    form: Result<Multipart, MultipartRejection>,
    send: impl AsyncFnOnce(Vec<AttachmentId>) -> Result<Option<i64>, Error>,
) -> Result<(StatusCode, Json<Files>), Refusal> {
    let form = form.map_err(|_| Problem::unsupported("Send the files as multipart/form-data."))?;
    let mut stored = Vec::new();
    let done = match take(desk, actor, ticket, form, &mut stored).await {
        Ok(()) => {
            send(stored.iter().map(|file: &attachment::Attachment| file.id).collect()).await.map_err(Refusal::from)
        }
        Err(refusal) => Err(refusal),
    };
    match done {
        Ok(message_id) => {
            let attachments = stored.into_iter().map(Into::into).collect();
            Ok((StatusCode::CREATED, Json(Files { attachments, message_id })))
        }
        // They may be on the ticket by now.
        Err(refusal) if refusal.is_unconfirmed() => Err(refusal),
        Err(refusal) => {
            for file in stored {
                if let Err(error) = remove(desk, actor, file.id).await {
                    // Uploads that were never sent are cleared away later.
                    tracing::debug!(%error, "a file of a refused upload stays for now");
                }
            }
            Err(refusal)
        }
    }
}

/// Stores the files of a form.
async fn take(
    desk: &Desk,
    actor: &Actor,
    ticket: Option<TicketId>,
    mut form: Multipart,
    stored: &mut Vec<attachment::Attachment>,
) -> Result<(), Refusal> {
    let broken = || Refusal::malformed("The body is not multipart/form-data, or broke off.");
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let Some(name) = field.file_name().map(str::to_owned) else {
            return Err(Error::field("files", "Send files alone, each with a file name.").into());
        };
        if stored.len() == attachment::PER_MESSAGE {
            return Err(Error::field("files", "Use at most 20 files in one message.").into());
        }
        stored.push(attachments::upload(desk, actor, ticket, &name, None, field).await?);
    }
    if stored.is_empty() {
        return Err(Error::field("files", "There is no file in it.").into());
    }
    Ok(())
}

async fn remove(desk: &Desk, actor: &Actor, id: AttachmentId) -> Result<(), Error> {
    let mut tx = desk.begin().await?;
    attachments::delete(&mut tx, actor, id).await?;
    tx.commit().await
}

/// The files of a ticket
///
/// In the order in which they came. Of deleted ones only the trace is left.
#[utoipa::path(get, path = "/ticket/{id}/attachments", tag = "Files", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The ticket's number", example = 1042)),
    responses((status = 200, description = "The files", body = Files), ForCallers, AboutTicket)
)]
pub async fn list(State(desk): State<Desk>, Caller(actor): Caller, Id(id): Id) -> Result<Json<Files>, Refusal> {
    let found = attachments::of_ticket(&desk, &actor, TicketId(id)).await?;
    Ok(Json(Files { attachments: found.into_iter().map(Into::into).collect(), message_id: None }))
}

/// Download a file
#[utoipa::path(get, path = "/attachment/{id}", tag = "Files", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The file's id", example = 77)),
    responses(
        (status = 200, description = "Its content", content_type = "*/*", body = [u8],
         headers(("Content-Disposition" = String, description = "With the name it was uploaded under"))),
        ForCallers, AboutTicket
    )
)]
pub async fn download(State(desk): State<Desk>, Caller(actor): Caller, Id(id): Id) -> Result<Response, Refusal> {
    let opened = attachments::open(&desk, &actor, Which::Id(AttachmentId(id))).await?;
    let file = opened.attachment;
    // Always to be saved, never shown by the browser in our own origin, and if it is, then without any rights.
    let name = format!("attachment; filename*=UTF-8''{}", attachment::url_name(&file.name));
    let mut headers = HeaderMap::new();
    for (header, value) in [
        (header::CONTENT_DISPOSITION, name.as_str()),
        (header::CONTENT_TYPE, file.content_type.as_str()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    ] {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Error::new(Code::Internal, "This file has a name or a type that cannot be sent."))?;
        headers.insert(header, value);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.size));
    Ok((headers, HttpBody::from_stream(opened.bytes)).into_response())
}

/// Delete a file
///
/// The uploader may, and staff. Its name stays on the timeline as a trace.
#[utoipa::path(delete, path = "/attachment/{id}", tag = "Files", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The file's id", example = 77)),
    responses((status = 204, description = "It is gone"), ForCallers, AboutTicket)
)]
pub async fn delete(State(desk): State<Desk>, Caller(actor): Caller, Id(id): Id) -> Result<StatusCode, Refusal> {
    remove(&desk, &actor, AttachmentId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
