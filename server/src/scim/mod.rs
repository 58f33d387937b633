//! SCIM 2.0 (RFC 7643 and 7644), under `/scim/v2`: providers announce who their people are, and who is not any more. Thin shells
//! over the operations of `store::scim`, like REST.
//!
//! Who calls is known by a bearer token alone ([`admit`]): cookies mean nothing here. Of the standard there is what providers use.
//! What is not there is said in `ServiceProviderConfig`: bulk requests, sorting, versions of resources (`If-Match`).

mod path;
pub(crate) mod read;
mod refusal;
mod wire;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use domain::scim::{PersonInput, Window};
use domain::{Actor, GroupId, UserId};
use serde_json::Value;
use store::Desk;
use store::scim::{groups, people, token};

use crate::app::AppState;
use crate::identify::address;
use crate::limits::Kind;
use refusal::Refusal;
use wire::Wanted;

/// Where the calls are.
pub const PREFIX: &str = "/scim/v2";

/// The largest body, in bytes: a group with all of its members.
const BODY_MAX: usize = 1024 * 1024;
const MEDIA_TYPE: &str = "application/scim+json";

/// The address that has to be entered at a provider.
pub fn base_address(state: &AppState) -> String {
    format!("{}{PREFIX}", state.config.public_url())
}

/// All calls.
pub fn router(state: AppState) -> Router<AppState> {
    let unsupported = any(|| async {
        Refusal::new(StatusCode::NOT_IMPLEMENTED, None, "This part of the standard is not supported.").into_response()
    });
    let routes = Router::new()
        .route("/ServiceProviderConfig", get(configuration))
        .route("/ResourceTypes", get(resource_types))
        .route("/ResourceTypes/{name}", get(resource_type))
        .route("/Schemas", get(schemas))
        .route("/Schemas/{id}", get(schema))
        .route("/Users", get(list_people).post(create_person))
        .route("/Users/{id}", get(read_person).put(replace_person).patch(change_person).delete(delete_person))
        .route("/Groups", get(list_groups).post(create_group))
        .route("/Groups/{id}", get(read_group).put(replace_group).patch(change_group).delete(delete_group))
        .route("/Users/.search", post(search_people))
        .route("/Groups/.search", post(search_groups))
        .route("/Me", unsupported.clone())
        .route("/Bulk", unsupported.clone())
        // Of all kinds of resources at once.
        .route("/.search", unsupported)
        .fallback(|| async { nothing_here().into_response() })
        .method_not_allowed_fallback(|| async {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, None, "There is no such call with this method.")
                .into_response()
        })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(state.clone(), admit))
        .with_state(state);
    Router::new().nest(PREFIX, routes)
}

fn nothing_here() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, None, "There is nothing here.")
}

/// An answer, which nobody keeps.
fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Finds out which provider calls, and whether it may once more. Without a right token nothing is told, not even what there is;
/// whoever tries tokens is counted by their address.
async fn admit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let address = address(request.extensions(), request.headers(), state.config.trust_proxy);
    let found = match bearer(request.headers()) {
        Some(token) => token::find(&state.desk, token, address.as_deref()).await,
        None => Ok(None),
    };
    let actor = match found {
        Ok(Some(announcer)) => Actor::provider(announcer, address),
        Ok(None) => Actor::visitor(address),
        Err(error) => return Refusal::from(error).into_response(),
    };
    if let Err(error) = state.limits.admit(Kind::Announcement, &actor, state.desk.now()) {
        return Refusal::from(error).into_response();
    }
    if let Err(error) = domain::policy::demand_announcer(&actor) {
        let mut refusal = Refusal::from(error);
        "The token is missing, or not good any more. A superadmin of the desk can make another."
            .clone_into(&mut refusal.detail);
        return refusal.into_response();
    }
    request.extensions_mut().insert(actor);
    next.run(request).await
}

/// The provider that calls, and how it wants to be answered.
struct Call {
    actor: Actor,
    desk: Desk,
    base: String,
    wanted: Wanted,
    filter: Option<String>,
    window: Window,
}

impl FromRequestParts<AppState> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let actor = parts.extensions.get::<Actor>().cloned();
        let actor = actor.ok_or_else(domain::Error::signed_out)?;
        let query: Vec<(String, String)> = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let value =
            |name: &str| query.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let number = |name: &str| match value(name).map(|text| text.trim().parse::<i64>()) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(Refusal::of_value(&format!("{name} must be a whole number."))),
        };
        Ok(Self {
            actor,
            desk: state.desk.clone(),
            base: base_address(state),
            wanted: Wanted::new(value("attributes"), value("excludedAttributes")),
            filter: value("filter").filter(|text| !text.trim().is_empty()).map(str::to_owned),
            window: Window::new(number("startIndex")?, number("count")?),
        })
    }
}

/// A body: JSON, by whichever name.
struct Body(Value);

impl FromRequest<AppState> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Refusal> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or(MEDIA_TYPE);
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if ![MEDIA_TYPE, "application/json"].contains(&kind.as_str()) {
            let said = "The body must be application/scim+json.";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, None, said));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, None, "The body is larger than 1 MB.")
            }
            _ => Refusal::of_syntax("The body broke off."),
        })?;
        read::body(&bytes).map(Self)
    }
}

/// The number in an address. What is none is not there.
fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::new(StatusCode::NOT_FOUND, None, "There is nobody and nothing with this id."))
}

async fn configuration(call: Call) -> Response {
    let help = call.base.trim_end_matches(PREFIX).to_owned() + "/settings/sign-in";
    answer(StatusCode::OK, &wire::configuration(&call.base, &help))
}

fn all_of(resources: Vec<Value>) -> Response {
    answer(StatusCode::OK, &wire::list(resources.len() as i64, 0, resources))
}

fn one_of(resources: Vec<Value>, id: &str) -> Response {
    let found = resources.into_iter().find(|one| one["id"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(id)));
    found.map_or_else(|| nothing_here().into_response(), |one| answer(StatusCode::OK, &one))
}

async fn resource_types(call: Call) -> Response {
    all_of(wire::resource_types(&call.base))
}

async fn resource_type(call: Call, Path(name): Path<String>) -> Response {
    one_of(wire::resource_types(&call.base), &name)
}

async fn schemas(call: Call) -> Response {
    all_of(wire::schemas(&call.base))
}

async fn schema(call: Call, Path(id): Path<String>) -> Response {
    one_of(wire::schemas(&call.base), &id)
}

/// A question that is asked in a body instead of an address (RFC 7644, 3.4.3), as the address would ask it.
fn asked(call: Call, body: &Value) -> Result<Call, Refusal> {
    let read::Search { only, without, filter, start, count } = read::search(body)?;
    Ok(Call {
        wanted: Wanted::new(only.as_deref(), without.as_deref()),
        filter: filter.filter(|text| !text.trim().is_empty()),
        window: Window::new(start, count),
        ..call
    })
}

async fn search_people(call: Call, Body(body): Body) -> Result<Response, Refusal> {
    list_people(asked(call, &body)?).await
}

async fn search_groups(call: Call, Body(body): Body) -> Result<Response, Refusal> {
    list_groups(asked(call, &body)?).await
}

async fn list_people(call: Call) -> Result<Response, Refusal> {
    let clauses = call.filter.as_deref().map(read::people_filter).transpose()?.unwrap_or_default();
    let (all, found) = people::list(&call.desk, &call.actor, &clauses, call.window).await?;
    let found = found.iter().map(|person| wire::person(person, &call.base, &call.wanted)).collect();
    Ok(answer(StatusCode::OK, &wire::list(all, call.window.skip, found)))
}

async fn read_person(call: Call, Path(id): Path<String>) -> Result<Response, Refusal> {
    let person = people::get(&call.desk, &call.actor, UserId(number(&id)?)).await?;
    Ok(answer(StatusCode::OK, &wire::person(&person, &call.base, &call.wanted)))
}

/// An answer about something that was just made.
fn made(body: &Value, location: &str) -> Response {
    let mut response = answer(StatusCode::CREATED, body);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

async fn create_person(call: Call, Body(body): Body) -> Result<Response, Refusal> {
    let input = read::person(&body, PersonInput::default())?;
    let mut tx = call.desk.begin().await?;
    let person = people::create(&mut tx, &call.actor, input).await?;
    tx.commit().await?;
    let location = format!("{}/Users/{}", call.base, person.id);
    Ok(made(&wire::person(&person, &call.base, &call.wanted), &location))
}

async fn replace_person(call: Call, Path(id): Path<String>, Body(body): Body) -> Result<Response, Refusal> {
    // Who may come in is never a matter of what somebody forgot to say.
    let whole = |said: PersonInput| {
        let blank = PersonInput { active: said.active, ..PersonInput::default() };
        read::person(&body, blank)
    };
    edit_person(&call, &id, whole).await
}

async fn change_person(call: Call, Path(id): Path<String>, Body(body): Body) -> Result<Response, Refusal> {
    let operations = read::operations(&body)?;
    edit_person(&call, &id, |said| read::changed(said, &operations)).await
}

async fn edit_person(
    call: &Call,
    id: &str,
    edit: impl FnOnce(PersonInput) -> Result<PersonInput, Refusal>,
) -> Result<Response, Refusal> {
    let id = UserId(number(id)?);
    let mut tx = call.desk.begin().await?;
    let person = people::change(&mut tx, &call.actor, id, edit).await?;
    tx.commit().await?;
    Ok(answer(StatusCode::OK, &wire::person(&person, &call.base, &call.wanted)))
}

async fn delete_person(call: Call, Path(id): Path<String>) -> Result<Response, Refusal> {
    let mut tx = call.desk.begin().await?;
    people::delete(&mut tx, &call.actor, UserId(number(&id)?)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn list_groups(call: Call) -> Result<Response, Refusal> {
    let clauses = call.filter.as_deref().map(read::group_filter).transpose()?.unwrap_or_default();
    let members = call.wanted.has("members");
    let (all, found) = groups::list(&call.desk, &call.actor, &clauses, call.window, members).await?;
    let found = found.iter().map(|group| wire::group(group, &call.base, &call.wanted)).collect();
    Ok(answer(StatusCode::OK, &wire::list(all, call.window.skip, found)))
}

async fn read_group(call: Call, Path(id): Path<String>) -> Result<Response, Refusal> {
    shown_group(&call, GroupId(number(&id)?)).await
}

async fn shown_group(call: &Call, id: GroupId) -> Result<Response, Refusal> {
    let group = groups::get(&call.desk, &call.actor, id, call.wanted.has("members")).await?;
    Ok(answer(StatusCode::OK, &wire::group(&group, &call.base, &call.wanted)))
}

async fn create_group(call: Call, Body(body): Body) -> Result<Response, Refusal> {
    let change = read::group(&body)?;
    let mut tx = call.desk.begin().await?;
    let id = groups::create(&mut tx, &call.actor, change).await?;
    tx.commit().await?;
    let group = groups::get(&call.desk, &call.actor, id, call.wanted.has("members")).await?;
    Ok(made(&wire::group(&group, &call.base, &call.wanted), &format!("{}/Groups/{id}", call.base)))
}

async fn replace_group(call: Call, Path(id): Path<String>, Body(body): Body) -> Result<Response, Refusal> {
    let id = GroupId(number(&id)?);
    let mut tx = call.desk.begin().await?;
    groups::change(&mut tx, &call.actor, id, || read::group(&body)).await?;
    tx.commit().await?;
    shown_group(&call, id).await
}

/// Without the group in the answer: that may be long, and whoever has asked knows it. Who names attributes wants to see them
/// (RFC 7644, 3.5.2).
async fn change_group(call: Call, Path(id): Path<String>, Body(body): Body) -> Result<Response, Refusal> {
    let id = GroupId(number(&id)?);
    let mut tx = call.desk.begin().await?;
    groups::change(&mut tx, &call.actor, id, || {
        let operations = read::operations(&body)?;
        read::group_change(&operations)
    })
    .await?;
    tx.commit().await?;
    match call.wanted.is_said() {
        true => shown_group(&call, id).await,
        false => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

async fn delete_group(call: Call, Path(id): Path<String>) -> Result<Response, Refusal> {
    let mut tx = call.desk.begin().await?;
    groups::delete(&mut tx, &call.actor, GroupId(number(&id)?)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
