//! One ticket: opening it, reading it, writing on it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::policy::{self, Action};
use domain::rating::{Given, NewRating};
use domain::ticket::{NewMessage, NewTicket, Requester, Source, Writing};
use domain::timeline::Part;
use domain::{Actor, AttachmentId, Code, Error, EventId, TicketId, UserId};
use serde::{Deserialize, Serialize};
use store::Desk;
use store::ratings;
use store::tickets::{create as creating, demand, message, view};
use utoipa::{IntoParams, ToSchema};

use super::entries::Entry;
use super::input::{Body, Caller, Id, Key, Query, Refusal, authority_first, object};
use super::openapi::{AboutTicket, ForCallers, WithBody};
use super::wire::{Level, Ticket};
use crate::app::AppState;
use crate::limits::Kind;

/// A new ticket, or what to add to one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({
    "subject": "Printer on the second floor is offline", "body": "It has been **blinking** since this morning.",
    "urgency": "high", "importance": "medium"
}))]
pub struct CreateTicket {
    /// Continue this ticket instead of opening one: then only `body` and `attachments` may be given beside it.
    ticket_id: Option<i64>,
    /// At most 250 characters. Needed for a new ticket.
    subject: Option<String>,
    /// The message, in Markdown. At most 200,000 bytes.
    body: String,
    /// `medium` if not given.
    urgency: Option<Level>,
    /// `medium` if not given.
    importance: Option<Level>,
    /// At most 20, of at most 40 characters each. Only staff's are taken.
    tags: Vec<String>,
    /// Files that the same person has uploaded with `POST /attachments`, by their ids. At most 20. For a continued ticket
    /// also those of `POST /ticket/{id}/attachments?send=false`.
    attachments: Vec<i64>,
    /// On whose behalf. Only for staff; without it the ticket is the caller's own.
    #[serde(deserialize_with = "object")]
    requester: Option<NewRequester>,
    /// Whom to give it to. Only for staff.
    assignee: Option<i64>,
}

/// For whom a ticket is opened: somebody known, by `id`, or by `email`, who becomes a customer if not known yet.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "jana@acme.example", "name": "Jana Novak" }))]
pub struct NewRequester {
    id: Option<i64>,
    email: Option<String>,
    #[serde(default)]
    name: String,
}

/// A message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "body": "Please restart it.", "status": "waiting_for_customer", "seen": 90210 }))]
pub struct Reply {
    /// In Markdown. At most 200,000 bytes; may be empty when there are files.
    #[serde(default)]
    body: String,
    /// Whether it is a note that only staff see. Only for staff.
    #[serde(default)]
    internal: bool,
    /// The state to set with it, by its key. Only staff's is taken.
    #[serde(default)]
    status: Option<String>,
    /// Files that the same person has uploaded with `POST /ticket/{id}/attachments?send=false` or `POST /attachments`, by
    /// their ids. At most 20.
    #[serde(default)]
    attachments: Vec<i64>,
    /// The newest entry of the timeline you know. When somebody else has written since, a reply by staff is held back
    /// with 409. Without it, nothing is held back.
    #[serde(default)]
    seen: Option<i64>,
}

/// For sending again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header, which is read by `Key`")]
pub struct Once {
    /// A new one for whatever is to be done: 1 to 200 letters, digits and signs, such as a UUID. Sent again within a day,
    /// because no answer came, it is done once, and answered like the first time.
    #[param(rename = "Idempotency-Key", example = "8e03978e-40d5-43e8-bc93-6894a57f9324")]
    idempotency_key: Option<String>,
}

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replied {
    /// The id of the timeline's new entry.
    #[schema(example = 90211)]
    pub message_id: i64,
    pub ticket: Ticket,
}

/// Which part of a timeline. Without either: the newest 40 entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartOf {
    /// The 40 entries before the one of this id.
    #[param(example = 90210)]
    before: Option<i64>,
    /// The 40 entries after the one of this id.
    after: Option<i64>,
}

/// A ticket with a part of its timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketWithTimeline {
    #[serde(flatten)]
    pub ticket: Ticket,
    /// The requester's address.
    #[schema(example = "jana@acme.example")]
    pub requester_email: String,
    /// Whether the caller is told of what happens on it.
    pub watching: bool,
    /// In the order in which it happened.
    pub entries: Vec<Entry>,
    /// Whether there are entries before these. Ask for them with `before` and the first one's id.
    pub more_before: bool,
    /// Whether there are entries after these. Ask for them with `after` and the last one's id.
    pub more_after: bool,
    /// What its requester has said last of how it was solved. Only they and staff see it.
    pub rating: Option<Rating>,
}

/// How a ticket was solved, as its requester says.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rating {
    /// From 1, very bad, to 5, very good.
    #[schema(minimum = 1, maximum = 5, example = 4)]
    pub score: i16,
    pub comment: String,
    #[schema(format = DateTime)]
    pub at: String,
}

/// What a requester says of how their ticket was solved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "score": 5, "comment": "Quick and friendly." }))]
pub struct Rate {
    /// From 1, very bad, to 5, very good.
    #[schema(minimum = 1, maximum = 5)]
    score: i16,
    /// At most 2,000 characters.
    #[serde(default)]
    comment: String,
}

impl Rating {
    fn new(given: Given) -> Self {
        Self { score: given.score, comment: given.comment, at: given.at.rfc3339() }
    }
}

impl CreateTicket {
    /// The input of the operation that opens a ticket.
    fn opening(self) -> Result<NewTicket, Error> {
        let requester = match self.requester {
            None => None,
            Some(NewRequester { id: Some(id), email: None, .. }) => Some(Requester::Known(UserId(id))),
            Some(NewRequester { id: None, email: Some(email), name }) => Some(Requester::Address { name, email }),
            Some(_) => return Err(Error::field("requester", "Give either an id or an e-mail address.")),
        };
        Ok(NewTicket {
            subject: self.subject.unwrap_or_default(),
            body: self.body,
            requester,
            urgency: self.urgency.unwrap_or(Level::Medium).into(),
            importance: self.importance.unwrap_or(Level::Medium).into(),
            tags: self.tags,
            source: Source::Api,
            attachments: files(self.attachments),
            assignee: self.assignee.map(UserId),
            ..NewTicket::default()
        })
    }

    /// The input of the operation that adds a message.
    fn continuing(self) -> Result<NewMessage, Error> {
        let mut problems = domain::error::Problems::default();
        for (field, given) in [
            ("subject", self.subject.is_some()),
            ("urgency", self.urgency.is_some()),
            ("importance", self.importance.is_some()),
            ("tags", !self.tags.is_empty()),
            ("requester", self.requester.is_some()),
            ("assignee", self.assignee.is_some()),
        ] {
            problems.unless(!given, field, "This cannot be given when a ticket is continued.");
        }
        problems.check()?;
        Ok(NewMessage {
            writing: Writing::Reply,
            body: self.body,
            attachments: files(self.attachments),
            seen: None,
            status: None,
            key: None,
            sign: false,
        })
    }
}

impl Reply {
    /// The input of the operation.
    pub fn into_message(self, desk: &Desk) -> Result<NewMessage, Error> {
        let status = match self.status {
            Some(key) => Some(status_of(desk, &key)?),
            None => None,
        };
        Ok(NewMessage {
            writing: if self.internal { Writing::Note } else { Writing::Reply },
            body: self.body,
            attachments: files(self.attachments),
            seen: self.seen.map(EventId),
            status,
            key: None,
            sign: false,
        })
    }
}

/// The state of this key.
pub fn status_of(desk: &Desk, key: &str) -> Result<domain::StatusId, Error> {
    let catalog = desk.catalog();
    let found = catalog.workflow.by_key(key).map(|s| s.id);
    found.ok_or_else(|| {
        let keys: Vec<_> = catalog.workflow.statuses.iter().map(|s| s.key.as_str()).collect();
        Error::field("status", format!("There is no such state. There are: {}.", keys.join(", ")))
    })
}

fn files(ids: Vec<i64>) -> Vec<AttachmentId> {
    ids.into_iter().map(AttachmentId).collect()
}

/// Writes a message and says what became of it.
pub async fn write(desk: &Desk, actor: &Actor, id: TicketId, input: NewMessage) -> Result<Replied, Error> {
    let mut tx = desk.begin().await?;
    let written = message::write_by(&mut tx, actor, id, input, Source::Api).await;
    let (ticket, event) = written.map_err(|mut error| {
        if error.code == Code::Conflict {
            error.message =
                "Somebody else has written on the ticket after the entry given as seen. Nothing was sent: read \
                             what is new, and send it with the newest entry as seen."
                    .to_owned();
        }
        error
    })?;
    tx.commit().await?;
    Ok(Replied { message_id: event.0, ticket: Ticket::new(&desk.catalog(), ticket, actor.is_staff()) })
}

/// Writes what was sent on a ticket, told apart from what is wrong with it.
pub async fn answer(
    desk: &Desk,
    actor: &Actor,
    id: TicketId,
    key: Result<Key, Refusal>,
    input: Result<Body<Reply>, Refusal>,
) -> Result<Replied, Refusal> {
    let note = input.as_ref().is_ok_and(|Body(reply)| reply.internal);
    let action = if note { Action::WriteNote } else { Action::Reply };
    let done = async {
        let Key(key) = key?;
        Ok(write(desk, actor, id, NewMessage { key, ..input?.0.into_message(desk)? }).await?)
    };
    authority_first(done.await, async || demand(desk, actor, id, action).await).await
}

/// Open a ticket, or continue one
///
/// Opens a ticket with its first message: one's own, or, by staff, a customer's. With `ticket_id` it adds a message to
/// that ticket instead, which opens it again if it was answered or closed. Files come first, with `POST /attachments`.
#[utoipa::path(post, path = "/ticket", tag = "Tickets", security(("bearer" = [])), request_body = CreateTicket,
    params(Once),
    responses(
        (status = 201, description = "The new ticket", body = Ticket,
         headers(("Location" = String, description = "Where the ticket can be read"))),
        (status = 200, description = "The continued ticket", body = Ticket),
        WithBody, ForCallers, AboutTicket
    )
)]
pub async fn create(
    State(desk): State<Desk>,
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: Result<Key, Refusal>,
    input: Result<Body<CreateTicket>, Refusal>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Ticket>), Refusal> {
    app.limits.admit(Kind::Writing, &actor, desk.now())?;
    // What only staff may give, and about which ticket it is: both come before what is wrong with the rest.
    let (continued, for_others) = input.as_ref().map_or((None, false), |Body(input)| {
        let own = input.requester.as_ref().is_none_or(|r| r.email.is_none() && r.id == actor.user_id().map(|id| id.0));
        (input.ticket_id.map(TicketId), !own || input.assignee.is_some())
    });
    let done = async { open(&desk, &actor, key?, input?.0).await };
    authority_first(done.await, async || match continued {
        Some(id) => demand(&desk, &actor, id, Action::Reply).await,
        None if for_others => policy::demand(&actor, Action::CreateFor, None),
        None => policy::demand(&actor, Action::CreateTicket, None),
    })
    .await
}

async fn open(
    desk: &Desk,
    actor: &Actor,
    Key(key): Key,
    input: CreateTicket,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Ticket>), Refusal> {
    let (status, ticket) = match input.ticket_id {
        Some(id) => {
            let input = NewMessage { key, ..input.continuing()? };
            (StatusCode::OK, write(desk, actor, TicketId(id), input).await?.ticket)
        }
        None => {
            let mut tx = desk.begin().await?;
            let ticket = creating::create(&mut tx, actor, NewTicket { key, ..input.opening()? }).await?;
            tx.commit().await?;
            (StatusCode::CREATED, Ticket::new(&desk.catalog(), ticket, actor.is_staff()))
        }
    };
    let location = format!("{}/ticket/{}", super::PREFIX, ticket.id);
    Ok((status, [(header::LOCATION, location)], Json(ticket)))
}

/// Read a ticket
///
/// The ticket with the newest part of its timeline, or another part of it. Customers do not see internal entries.
#[utoipa::path(get, path = "/ticket/{id}", tag = "Tickets", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The ticket's number", example = 1042), PartOf),
    responses(
        (status = 200, description = "The ticket", body = TicketWithTimeline),
        (status = 422, description = "A parameter is wrong; `errors` says which", body = crate::problem::Details,
         content_type = "application/problem+json"),
        ForCallers, AboutTicket
    )
)]
pub async fn read(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    Id(id): Id,
    part: Result<Query<PartOf>, Refusal>,
) -> Result<Json<TicketWithTimeline>, Refusal> {
    let id = TicketId(id);
    let done = async {
        let Query(part) = part?;
        let part = match (part.before, part.after) {
            (None, None) => Part::Latest,
            (Some(entry), None) => Part::Before(EventId(entry)),
            (None, Some(entry)) => Part::After(EventId(entry)),
            (Some(_), Some(_)) => return Err(Error::field("after", "Give either before or after.").into()),
        };
        Ok(view::view(&desk, &actor, id, part).await?)
    };
    let view = authority_first(done.await, async || demand(&desk, &actor, id, Action::SeeTicket).await).await?;
    let given = ratings::of_ticket(&desk, &actor, id).await?;
    let catalog = desk.catalog();
    Ok(Json(TicketWithTimeline {
        rating: given.map(Rating::new),
        ticket: Ticket::new(&catalog, view.ticket, actor.is_staff()),
        requester_email: view.requester_email,
        watching: view.watching,
        entries: view.slice.entries.into_iter().map(|entry| Entry::new(&catalog, entry)).collect(),
        more_before: view.slice.more_before,
        more_after: view.slice.more_after,
    }))
}

/// Write on a ticket
///
/// Adds a reply, or an internal note. A customer's reply opens the ticket again.
#[utoipa::path(post, path = "/ticket/{id}/reply", tag = "Tickets", security(("bearer" = [])), request_body = Reply,
    params(("id" = i64, Path, description = "The ticket's number", example = 1042), Once),
    responses(
        (status = 201, description = "It is on the ticket", body = Replied),
        (status = 409, description = "Somebody else has written since `seen`; nothing was sent",
         body = crate::problem::Details, content_type = "application/problem+json"),
        WithBody, ForCallers, AboutTicket
    )
)]
pub async fn reply(
    State(desk): State<Desk>,
    State(app): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id,
    key: Result<Key, Refusal>,
    input: Result<Body<Reply>, Refusal>,
) -> Result<(StatusCode, Json<Replied>), Refusal> {
    app.limits.admit(Kind::Writing, &actor, desk.now())?;
    Ok((StatusCode::CREATED, Json(answer(&desk, &actor, TicketId(id), key, input).await?)))
}

/// Rate how a ticket was solved
///
/// Only its requester can, for 30 days after it was solved. Sent again, it takes the place of what was said before.
#[utoipa::path(post, path = "/ticket/{id}/rate", tag = "Tickets", security(("bearer" = [])), request_body = Rate,
    params(("id" = i64, Path, description = "The ticket's number", example = 1042)),
    responses(
        (status = 200, description = "What stands on the ticket now", body = Rating),
        (status = 409, description = "The ticket is not solved, or was too long ago, or the desk asks for no ratings",
         body = crate::problem::Details, content_type = "application/problem+json"),
        WithBody, ForCallers, AboutTicket
    )
)]
pub async fn rate(
    State(desk): State<Desk>,
    State(app): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id,
    input: Result<Body<Rate>, Refusal>,
) -> Result<Json<Rating>, Refusal> {
    app.limits.admit(Kind::Writing, &actor, desk.now())?;
    let id = TicketId(id);
    let done = async {
        let Body(Rate { score, comment }) = input?;
        let mut tx = desk.begin().await?;
        ratings::rate(&mut tx, &actor, id, NewRating { score, comment }).await?;
        tx.commit().await?;
        Ok(())
    };
    authority_first(done.await, async || demand(&desk, &actor, id, Action::Rate).await).await?;
    let given = ratings::of_ticket(&desk, &actor, id).await?.ok_or_else(|| Error::not_found("rating"))?;
    Ok(Json(Rating::new(given)))
}
