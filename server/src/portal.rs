//! The portal's plain forms, which carry files: a new ticket, an answer. They work without JavaScript.

use axum::Router;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use domain::priority::Level;
use domain::ticket::{NewMessage, NewTicket, Source, Writing};
use domain::{AttachmentId, Code, Error, TicketId};
use ui::flash::Flash;

use crate::app::AppState;
use crate::forms::refuse;
use crate::identify::Who;

/// What a form may hold beside its files, in bytes: the longest message, encoded, and some small fields.
const TEXT_MAX: usize = 1024 * 1024;

/// The forms, with room for as many files as a message may carry.
pub fn router(max_file_mb: u32) -> Router<AppState> {
    let files = (max_file_mb as usize * 1024 * 1024).saturating_mul(domain::attachment::PER_MESSAGE);
    Router::new()
        .route("/portal/new", post(create))
        .route("/portal/tickets/{id}/reply", post(reply))
        .layer(DefaultBodyLimit::max(files.saturating_add(TEXT_MAX)))
}

/// A form with files, read: the files are stored already, waiting for their message.
#[derive(Default)]
struct Filled {
    values: Vec<(String, String)>,
    files: Vec<AttachmentId>,
    refused: Option<Error>,
}

impl Filled {
    fn value(&self, name: &str) -> String {
        self.values.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
    }

    /// What the page is shown again with. A browser cannot be given files back.
    fn flash(self, mut error: Error) -> Flash {
        if !self.files.is_empty() && error.of_field("attachments").is_none() {
            error.fields.push(domain::FieldError {
                field: "attachments".into(),
                message: "Please choose your files again: browsers do not keep them.".into(),
            });
        }
        Flash { values: self.values, error: Some(error) }
    }
}

/// Reads the fields, and takes the files in one by one as they arrive.
async fn read(
    state: &AppState,
    who: &Who,
    ticket: Option<TicketId>,
    form: Result<Multipart, MultipartRejection>,
) -> Filled {
    let mut filled = Filled::default();
    let broken = |_| Error::new(Code::Invalid, "The form did not arrive whole. Please send it again.");
    let mut form = match form {
        Ok(form) => form,
        Err(_) => {
            filled.refused = Some(Error::new(Code::Invalid, "The form could not be read. Please fill it in again."));
            return filled;
        }
    };
    loop {
        let field = match form.next_field().await.map_err(broken) {
            Ok(Some(field)) => field,
            Ok(None) => return filled,
            Err(error) => {
                filled.refused = Some(error);
                return filled;
            }
        };
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            None => match field.text().await.map_err(broken) {
                Ok(text) if filled.values.len() < 20 => filled.values.push((name, text)),
                Ok(_) => {}
                Err(error) => filled.refused = Some(error),
            },
            // A file field in which nothing was chosen.
            Some(file) if file.is_empty() => {}
            Some(file) => {
                let taken =
                    store::tickets::attachments::upload(&state.desk, &who.0.actor, ticket, &file, None, field).await;
                match taken {
                    Ok(attachment) => filled.files.push(attachment.id),
                    Err(mut error) => {
                        error
                            .fields
                            .push(domain::FieldError { field: "attachments".into(), message: error.message.clone() });
                        filled.refused = Some(error);
                    }
                }
            }
        }
    }
}

async fn create(
    State(state): State<AppState>,
    headers: HeaderMap,
    who: Who,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let filled = read(&state, &who, None, form).await;
    let made = async {
        if let Some(error) = &filled.refused {
            return Err(error.clone());
        }
        let input = NewTicket {
            subject: filled.value("subject"),
            body: filled.value("body"),
            urgency: Level::from_word(&filled.value("urgency")).unwrap_or(Level::Medium),
            source: Source::Web,
            attachments: filled.files.clone(),
            ..NewTicket::default()
        };
        let mut tx = state.desk.begin().await?;
        let ticket = store::tickets::create::create(&mut tx, &who.0.actor, input).await?;
        tx.commit().await?;
        Ok(ticket)
    };
    match made.await {
        Ok(ticket) => Redirect::to(&format!("/portal/tickets/{}", ticket.id)).into_response(),
        Err(error) => refuse(state, &headers, who, "/portal/new", filled.flash(error)).await,
    }
}

async fn reply(
    State(state): State<AppState>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    who: Who,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let ticket = TicketId(id);
    let filled = read(&state, &who, Some(ticket), form).await;
    let written = async {
        if let Some(error) = &filled.refused {
            return Err(error.clone());
        }
        let input = NewMessage {
            writing: Writing::Reply,
            body: filled.value("body"),
            attachments: filled.files.clone(),
            seen: None,
            status: None,
        };
        let mut tx = state.desk.begin().await?;
        let (_, entry) = store::tickets::message::write(&mut tx, &who.0.actor, ticket, input).await?;
        tx.commit().await?;
        Ok(entry)
    };
    let page = format!("/portal/tickets/{ticket}");
    match written.await {
        Ok(entry) => Redirect::to(&format!("{page}#e{entry}")).into_response(),
        Err(error) => refuse(state, &headers, who, &page, filled.flash(error)).await,
    }
}
