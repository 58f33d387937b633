//! Mails that could not become messages: tried again, put aside, or read as they came. And mails that could not be sent.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::mail::{Raw, TRIED_AT_ONCE, TRIED_MAX};
use domain::{Code, Error, MailId};
use store::Desk;
use store::accounts::unsent;
use ui::flash::Flash;
use ui::rpc::Signed;

use crate::app::AppState;
use crate::forms::{Fields, refuse, unreadable};
use crate::identify::Who;
use crate::problem::Problem;

const PAGE: &str = "/settings/mails";

/// What a sent form comes to.
enum Done {
    /// The page again, with what has happened in its address.
    Said(String),
    /// The page again, with a question: whether these mails shall really be discarded.
    Asked(Vec<MailId>),
}

/// Does what a button says to one mail, or to those that are marked.
pub(super) async fn mails(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let mut page = PAGE.to_owned();
    let mut marked = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        if let Some(after) = fields.value("after").and_then(|after| after.parse::<MailId>().ok()) {
            page = format!("{PAGE}?after={after}");
        }
        marked = fields.0.iter().filter(|(name, _)| name == "mail").filter_map(|(_, id)| id.parse().ok()).collect();
        perform(&state.desk, &who.0, &fields, &marked).await
    };
    match done.await {
        Ok(Done::Said(what)) => {
            let and = if page.contains('?') { '&' } else { '?' };
            Redirect::to(&format!("{page}{and}{what}")).into_response()
        }
        Ok(Done::Asked(ids)) => {
            let values = ids.iter().map(|id| ("discard".to_owned(), id.to_string())).collect();
            refuse(state, &headers, who, &page, Flash { values, error: None }).await
        }
        Err(error) => {
            let values = marked.iter().map(|id| ("mail".to_owned(), id.to_string())).collect();
            refuse(state, &headers, who, &page, Flash { values, error: Some(error) }).await
        }
    }
}

async fn perform(desk: &Desk, who: &Signed, fields: &Fields, marked: &[MailId]) -> Result<Done, Error> {
    if let Some((button, id)) = fields.0.iter().find(|(name, _)| matches!(name.as_str(), "send" | "give-up")) {
        let id = id.parse().map_err(|_| unreadable())?;
        let mut tx = desk.begin().await?;
        let said = if button == "send" {
            unsent::send_again(&mut tx, &who.actor, id).await?;
            "sent-again"
        } else {
            unsent::discard(&mut tx, &who.actor, id).await?;
            "given-up"
        };
        tx.commit().await?;
        return Ok(Done::Said(said.to_owned()));
    }
    let (button, which) =
        fields.0.iter().find(|(name, _)| matches!(name.as_str(), "retry" | "discard")).ok_or_else(unreadable)?;
    let ids = if which == "marked" { marked.to_vec() } else { vec![which.parse().map_err(|_| unreadable())?] };
    if ids.is_empty() {
        return Err(Error::new(Code::Invalid, "No mail is marked. Mark those that are meant, and try again."));
    }
    if ids.len() > TRIED_MAX {
        return Err(unreadable());
    }
    if button == "retry" {
        let tried: Vec<String> = ids.iter().map(MailId::to_string).collect();
        let tried = Done::Said(format!("tried={}", tried.join(",")));
        if ids.len() > TRIED_AT_ONCE {
            let mut tx = desk.begin().await?;
            store::mails::enqueue(&mut tx, &who.actor, &ids).await?;
            tx.commit_quietly().await?;
            return Ok(tried);
        }
        for id in &ids {
            match store::mails::try_again(desk, &who.actor, *id, crate::mail::parse).await {
                Ok(_) => {}
                // Somebody else was quicker.
                Err(error) if error.code == Code::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        return Ok(tried);
    }
    if fields.value("sure").is_none() {
        domain::policy::demand(&who.actor, domain::policy::Action::Administer, None)?;
        return Ok(Done::Asked(ids));
    }
    let mut tx = desk.begin().await?;
    let count = store::mails::discard(&mut tx, &who.actor, &ids).await?;
    tx.commit().await?;
    Ok(Done::Said(format!("discarded={count}")))
}

/// A mail as it came, as a file: never shown, since anything may be in it.
pub(super) async fn raw_mail(
    State(state): State<AppState>,
    Who(signed): Who,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: MailId = id.parse().map_err(|_| Error::not_found("mail"))?;
    let (size, bytes) = store::mails::raw(&state.desk, &signed.actor, Raw::Mail(id)).await?;
    let mut response = Body::from_stream(bytes).into_response();
    let name = format!("attachment; filename=\"mail-{id}.eml\"");
    for (header, value) in [
        (header::CONTENT_TYPE, "message/rfc822"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::CONTENT_DISPOSITION, name.as_str()),
    ] {
        // Words of our own and a number: always valid headers.
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(header, value);
        }
    }
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    Ok(response)
}
