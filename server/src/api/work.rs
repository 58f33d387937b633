//! Work on tickets, by staff: priority, assignee, state, answers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::policy::{self, Action};
use domain::ticket::{Change, Swap};
use domain::workflow::Category;
use domain::{Actor, Code, Error, TicketId, UserId};
use serde::{Deserialize, Deserializer};
use store::Desk;
use store::tickets::{change, demand};
use utoipa::ToSchema;

use super::input::{Body, Caller, Id, Key, MaybeBody, Refusal, authority_first};
use super::openapi::{AboutTicket, ForCallers, WithBody};
use super::tickets::{Once, Replied, Reply, answer};
use super::wire::{Level, Ticket};

/// The pair that the priority follows from. What is not given stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "urgency": "critical", "importance": "high" }))]
pub struct SetPriority {
    urgency: Option<Level>,
    importance: Option<Level>,
}

/// Whom to give the ticket to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "assignee": 4 }))]
pub struct Assign {
    /// The id of a person on staff; `null` for nobody. It must be given.
    #[serde(deserialize_with = "given")]
    #[schema(required)]
    assignee: Option<i64>,
}

/// Whom to give the ticket to; the caller, if nobody is named.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "assignee": 4 }))]
pub struct AssignAdmin {
    assignee: Option<i64>,
}

/// A value that may be `null` but not missing.
fn given<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(input)
}

/// [`changed`], told apart from what is wrong with the input.
async fn work<T>(
    desk: &Desk,
    actor: &Actor,
    id: i64,
    input: Result<T, Refusal>,
    change: impl FnOnce(T) -> Result<Change, Error>,
) -> Result<Json<Ticket>, Refusal> {
    let done = async { changed(desk, actor, id, change(input?)?).await };
    authority_first(done.await, async || demand(desk, actor, TicketId(id), Action::WorkTicket).await).await
}

async fn changed(desk: &Desk, actor: &Actor, id: i64, input: Change) -> Result<Json<Ticket>, Refusal> {
    let mut tx = desk.begin().await?;
    let ticket = change::change(&mut tx, actor, TicketId(id), input).await?;
    tx.commit().await?;
    Ok(Json(Ticket::new(&desk.catalog(), ticket, actor.is_staff())))
}

/// Set urgency and importance
///
/// The four-step `priority` follows from the pair, by the desk's table.
#[utoipa::path(post, path = "/ticket/{id}/priority", tag = "Staff", security(("bearer" = [])),
    request_body = SetPriority, params(("id" = i64, Path, description = "The ticket's number", example = 1042)),
    responses((status = 200, description = "The ticket", body = Ticket), WithBody, ForCallers, AboutTicket)
)]
pub async fn priority(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    Id(id): Id,
    input: Result<Body<SetPriority>, Refusal>,
) -> Result<Json<Ticket>, Refusal> {
    work(&desk, &actor, id, input, |Body(input)| {
        if input.urgency.is_none() && input.importance.is_none() {
            return Err(Error::field("urgency", "Give urgency, importance or both."));
        }
        let to = |level: Level| Swap::to(level.into());
        Ok(Change { urgency: input.urgency.map(to), importance: input.importance.map(to), ..Change::default() })
    })
    .await
}

/// Answer a customer, or note something
///
/// The same as `POST /ticket/{id}/reply`, for staff alone.
#[utoipa::path(post, path = "/ticket/{id}/admin/reply", tag = "Staff", security(("bearer" = [])),
    request_body = Reply, params(("id" = i64, Path, description = "The ticket's number", example = 1042), Once),
    responses(
        (status = 201, description = "It is on the ticket", body = Replied),
        (status = 409, description = "Somebody else has written since `seen`; nothing was sent",
         body = crate::problem::Details, content_type = "application/problem+json"),
        WithBody, ForCallers, AboutTicket
    )
)]
pub async fn admin_reply(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    Id(id): Id,
    key: Result<Key, Refusal>,
    input: Result<Body<Reply>, Refusal>,
) -> Result<(StatusCode, Json<Replied>), Refusal> {
    policy::demand(&actor, Action::SeeQueues, None)?;
    Ok((StatusCode::CREATED, Json(answer(&desk, &actor, TicketId(id), key, input).await?)))
}

/// Give a ticket to somebody, or to nobody
#[utoipa::path(post, path = "/admin/ticket/{id}/assign", tag = "Staff", security(("bearer" = [])),
    request_body = Assign, params(("id" = i64, Path, description = "The ticket's number", example = 1042)),
    responses((status = 200, description = "The ticket", body = Ticket), WithBody, ForCallers, AboutTicket)
)]
pub async fn assign(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    Id(id): Id,
    input: Result<Body<Assign>, Refusal>,
) -> Result<Json<Ticket>, Refusal> {
    work(&desk, &actor, id, input, |Body(input)| {
        let assignee = Some(Swap::to(input.assignee.map(UserId)));
        Ok(Change { assignee, ..Change::default() })
    })
    .await
}

/// Take a ticket, or hand it over
///
/// Without a body the caller takes it.
#[utoipa::path(post, path = "/admin/ticket/{id}/assign-admin", tag = "Staff", security(("bearer" = [])),
    request_body(content = Option<AssignAdmin>, description = "May be left out"),
    params(("id" = i64, Path, description = "The ticket's number", example = 1042)),
    responses((status = 200, description = "The ticket", body = Ticket), WithBody, ForCallers, AboutTicket)
)]
pub async fn assign_admin(
    State(desk): State<Desk>,
    Caller(actor): Caller,
    Id(id): Id,
    input: Result<MaybeBody<AssignAdmin>, Refusal>,
) -> Result<Json<Ticket>, Refusal> {
    work(&desk, &actor, id, input, |MaybeBody(input)| {
        let assignee = Some(Swap::to(input.assignee.map(UserId).or(actor.user_id())));
        Ok(Change { assignee, ..Change::default() })
    })
    .await
}

/// Close a ticket
///
/// Sets the workflow's closed state, if the ticket may go there from where it is.
#[utoipa::path(post, path = "/admin/ticket/{id}/close", tag = "Staff", security(("bearer" = [])),
    params(("id" = i64, Path, description = "The ticket's number", example = 1042)),
    responses(
        (status = 200, description = "The ticket", body = Ticket),
        (status = 422, description = "It cannot be closed from the state it is in", body = crate::problem::Details,
         content_type = "application/problem+json"),
        ForCallers, AboutTicket
    )
)]
pub async fn close(State(desk): State<Desk>, Caller(actor): Caller, Id(id): Id) -> Result<Json<Ticket>, Refusal> {
    let closed = desk.catalog().workflow.first_of(Category::Closed).map(|s| s.id);
    let closed = closed.ok_or_else(|| Error::new(Code::Invalid, "This desk has no closed state."))?;
    changed(&desk, &actor, id, Change { status: Some(Swap::to(closed)), ..Change::default() }).await
}
