//! The portal's plain forms, which carry files: a new ticket, an answer. They work without JavaScript.
//!
//! Each is sent to the address of its page, so that a page that is shown again is the page of its address.

use axum::Router;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use domain::error::Problems;
use domain::priority::Level;
use domain::ticket::{BODY_MAX, NewMessage, NewTicket, Writing};
use domain::{Actor, AttachmentId, Code, Error, FieldError, TicketId, attachment, text};
use store::Desk;
use store::tickets::{attachments, create, message};
use ui::flash::{Flash, KEY, PERSON};

use crate::app::AppState;
use crate::forms::refuse;
use crate::identify::Who;
use crate::limits::Kind;

/// What a form may weigh beside its files, in bytes: the text, doubled by its encoding at the worst, and the borders.
const BESIDE_FILES: usize = 1024 * 1024;
/// The longest text of a field that is kept, in bytes. Far above the operation's own limit, so that it is the one who says
/// what is wrong and the person finds all of their text again, to be shortened.
const FIELD_MAX: usize = 4 * BODY_MAX;

/// The forms, with room for as many files as a message may carry.
pub fn router(max_file_mb: u32) -> Router<AppState> {
    let files = (max_file_mb as usize * 1024 * 1024).saturating_mul(attachment::PER_MESSAGE);
    Router::new()
        .route("/portal/new", post(open))
        .route("/portal/tickets/{id}", post(answer))
        .layer(DefaultBodyLimit::max(files.saturating_add(BESIDE_FILES)))
}

/// A form as it came: its texts, the files that were taken, and why others were not.
#[derive(Default)]
struct Filled {
    values: Vec<(String, String)>,
    files: Vec<AttachmentId>,
    refused: Vec<Error>,
}

impl Filled {
    fn value(&self, name: &str) -> String {
        self.values.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
    }

    /// The key that its page was rendered with.
    fn key(&self) -> Option<String> {
        Some(self.value(KEY)).filter(|key| !key.is_empty())
    }

    /// The files that were not taken, as the error of their field. Its code is that of the first.
    fn check_files(&self) -> Result<(), Error> {
        let Some(first) = self.refused.first() else { return Ok(()) };
        let mut problems = Problems::default();
        let all: Vec<&str> = self.refused.iter().map(|e| e.message.as_str()).collect();
        problems.add("attachments", all.join(" "));
        let mut error = problems.into_error();
        error.code = first.code;
        error.retry_after = first.retry_after;
        Err(error)
    }
}

/// Reads a form. Files go to the file store as they come; nothing is held in memory whole.
async fn read(desk: &Desk, actor: &Actor, ticket: Option<TicketId>, request: Request) -> (Filled, Result<(), Error>) {
    let mut filled = Filled::default();
    let done = read_into(&mut filled, desk, actor, ticket, request).await;
    (filled, done)
}

async fn read_into(
    filled: &mut Filled,
    desk: &Desk,
    actor: &Actor,
    ticket: Option<TicketId>,
    request: Request,
) -> Result<(), Error> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
    let mut chosen = 0;
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "attachments" {
            if filled.values.len() < 10 {
                let value = text_of(field).await?;
                filled.values.push((name, value));
            }
            continue;
        }
        // A file field in which nothing was chosen arrives as a file without a name.
        let file = field.file_name().unwrap_or_default().to_owned();
        if file.is_empty() {
            continue;
        }
        chosen += 1;
        if chosen > attachment::PER_MESSAGE {
            if chosen == attachment::PER_MESSAGE + 1 {
                filled.refused.push(Error::new(Code::Invalid, "Use at most 20 files in one message."));
            }
            continue;
        }
        match attachments::upload(desk, actor, ticket, &file, None, Box::pin(field)).await {
            Ok(taken) => filled.files.push(taken.id),
            Err(error) => filled.refused.push(error),
        }
    }
    Ok(())
}

/// A field's text. Of one so long that the operation will refuse it whatever it says, only the beginning.
pub(crate) async fn text_of(mut field: Field<'_>) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let mut cut = false;
    while let Some(part) = field.chunk().await.map_err(broken)? {
        let room = FIELD_MAX - bytes.len();
        cut |= part.len() > room;
        bytes.extend_from_slice(&part[..part.len().min(room)]);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // Cut in the middle of a character.
        Err(error) if cut && error.utf8_error().error_len().is_none() => {
            let whole = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(whole);
            String::from_utf8(bytes).map_err(|_| unreadable())
        }
        Err(_) => Err(unreadable()),
    }
}

fn unreadable() -> Error {
    Error::new(Code::Invalid, "The form could not be read. Please fill it in again.")
}

fn broken(cause: MultipartError) -> Error {
    if cause.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Error::new(Code::TooLarge, "These files are too large together. Please send them in several messages.")
    } else {
        Error::new(Code::Invalid, "The form did not arrive whole. Please send it again.")
    }
}

/// Answers a form: sends the browser on, or shows the page again with everything that was typed.
async fn respond(
    state: AppState,
    headers: HeaderMap,
    who: Who,
    page: String,
    mut filled: Filled,
    outcome: Result<String, Error>,
) -> Response {
    let mut error = match outcome {
        Ok(location) => return unkept(Redirect::to(&location).into_response()),
        Err(error) => error,
    };
    // The key stands for something else that has arrived: with a new one, this can be sent, too.
    if error.code == Code::Invalid && error.fields.is_empty() {
        filled.values.retain(|(name, _)| name != KEY);
    }
    // Sent again, it is this person's.
    filled.values.retain(|(name, _)| name != PERSON);
    let had_files = !filled.files.is_empty() || !filled.refused.is_empty();
    // Files of a refused message belong to nothing; the person is told to choose them again. Where nobody knows whether the
    // message was saved, they may be on it.
    for file in filled.files.iter().filter(|_| error.code != Code::Unconfirmed) {
        if let Err(cause) = forget(&state.desk, &who.0.actor, *file).await {
            tracing::warn!(%cause, "the file of a refused form could not be removed");
        }
    }
    if had_files {
        let again = "Please choose your files again: browsers do not keep them.";
        match error.fields.iter_mut().find(|f| f.field == "attachments") {
            Some(field) => field.message = format!("{} {again}", field.message),
            None => error.fields.push(FieldError { field: "attachments".to_owned(), message: again.to_owned() }),
        }
    }
    refuse(state, &headers, who, &page, Flash { values: filled.values, error: Some(error) }).await
}

async fn forget(desk: &Desk, actor: &Actor, file: AttachmentId) -> Result<(), Error> {
    let mut tx = desk.begin().await?;
    attachments::delete(&mut tx, actor, file).await?;
    tx.commit().await
}

fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether the page of a form was made for whoever sends it, by what it says in [`PERSON`]. One that does not say so is taken.
pub(crate) fn check_person(page: Option<&str>, actor: &Actor) -> Result<(), Error> {
    match (page.and_then(|id| id.parse::<i64>().ok()), actor.principal()) {
        (Some(page), Some(person)) if page != person.id.0 => Err(Error::somebody_else(&person.name)),
        _ => Ok(()),
    }
}

/// What a visitor is answered, before anything of the form is read.
pub(crate) fn signed_out(page: &str) -> Response {
    unkept(Redirect::to(&format!("/sign-in?unsent=1&next={}", attachment::url_name(page))).into_response())
}

async fn open(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let page = "/portal/new".to_owned();
    let actor = who.0.actor.clone();
    if actor.principal().is_none() {
        return signed_out(&page);
    }
    let (filled, read) = read(&state.desk, &actor, None, request).await;
    let made = async {
        read?;
        check_person(Some(&filled.value(PERSON)), &actor)?;
        state.limits.admit(Kind::Writing, &actor.as_customer(), state.desk.now())?;
        let ticket = NewTicket {
            subject: filled.value("subject"),
            body: filled.value("body"),
            urgency: Level::from_word(&filled.value("urgency")).unwrap_or(Level::Medium),
            attachments: filled.files.clone(),
            key: filled.key(),
            ..NewTicket::default()
        };
        // What is wrong with the texts and with the files is said at once.
        let texts = ticket.clone().check().map(drop);
        together(texts, filled.check_files())?;
        let mut tx = state.desk.begin().await?;
        let ticket = create::create(&mut tx, &actor, ticket).await?;
        tx.commit().await?;
        Ok(format!("/portal/tickets/{}", ticket.id))
    };
    let outcome = made.await;
    respond(state, headers, who, page, filled, outcome).await
}

async fn answer(
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
    let (filled, read) = read(&state.desk, &actor, Some(id), request).await;
    let written = async {
        read?;
        check_person(Some(&filled.value(PERSON)), &actor)?;
        state.limits.admit(Kind::Writing, &actor.as_customer(), state.desk.now())?;
        let message = NewMessage {
            writing: Writing::Reply,
            body: filled.value("body"),
            attachments: filled.files.clone(),
            seen: None,
            status: None,
            key: filled.key(),
            sign: false,
        };
        // A foreign ticket is not there, whatever else is wrong.
        if let Some(error) = filled.refused.iter().find(|e| e.code == Code::NotFound) {
            return Err(error.clone());
        }
        let texts = if text::tidy(&message.body).is_empty() && !filled.refused.is_empty() {
            Ok(())
        } else {
            message.clone().check().map(drop)
        };
        together(texts, filled.check_files())?;
        let mut tx = state.desk.begin().await?;
        let (_, entry) = message::write(&mut tx, &actor, id, message).await?;
        tx.commit().await?;
        Ok(format!("/portal/tickets/{id}#e{entry}"))
    };
    let outcome = written.await;
    respond(state, headers, who, page, filled, outcome).await
}

/// Both errors as one, with the code of the first.
fn together(first: Result<(), Error>, second: Result<(), Error>) -> Result<(), Error> {
    match (first, second) {
        (Err(mut first), Err(second)) => {
            first.fields.extend(second.fields);
            Err(first)
        }
        (first, second) => first.and(second),
    }
}
