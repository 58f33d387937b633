//! The OpenAPI document (3.1): made from the handlers, and served.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use serde_json::json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, Info, License, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder, Server,
};
use utoipa::{IntoResponses, PartialSchema as _, ToSchema as _};

use super::ApiState;
use crate::problem::{Details, MEDIA_TYPE, Wrong};

/// What stands above all calls.
const INTRODUCTION: &str = "\
Everything here follows the same rules as Docket's pages: a call does what its caller may do, no more.

**Tokens.** `POST /auth/login` gives a token for 24 hours. Send it with every further call: `Authorization: Bearer …`. \
A token of somebody who was blocked is refused at once. Cookies are not looked at.

**Errors** are `application/problem+json` (RFC 9457). `code` says for programs what it is, `detail` says it for people, \
`errors` says what is wrong with which field (`pointer`) or parameter (`parameter`). Who may not make a call is told so \
before anything that is wrong with what they sent. What is not yours to see looks as if it were not there.

**No answer?** Send a ticket or a message with a header `Idempotency-Key` of your own. When the connection breaks, or \
the answer is 503 or 504, send the same again with the same key, within a day: it is done once, and you get the answer \
that was lost.

**Lists** come in pages. `next` is where the following page starts: hand it back as `after`, or follow the header \
`Link`. What is added in the meantime never makes a page repeat or skip a row.

**Limits.** Each answer says in `RateLimit` how many calls are left and when the count starts again (in seconds); \
past them there is 429 with `Retry-After`. Each server counts for itself.

**Words and times.** Levels, states and kinds are words, ids are numbers, times are RFC 3339 in UTC. Fields that are \
not known are refused in requests; in answers there may be more of them one day.";

/// The document without its calls.
pub fn frame() -> OpenApi {
    let mut components = Components::new();
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT or dkt_…")
                .description(Some(
                    "What POST /auth/login gives (a JWT, HS256, for 24 hours), or a token made for a program under Profile, API \
                     tokens: it begins with dkt_, may what was chosen for it, and is good until its day or until it is revoked.",
                ))
                .build(),
        ),
    );
    for (name, schema) in [(Details::name(), Details::schema()), (Wrong::name(), Wrong::schema())] {
        components.schemas.insert(name.into_owned(), schema);
    }
    let mut info = Info::new("Docket API", env!("CARGO_PKG_VERSION"));
    info.description = Some(INTRODUCTION.to_owned());
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    info.license = Some(license);
    let tag = |name: &str, text: &str| TagBuilder::new().name(name).description(Some(text)).build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new(super::PREFIX)]))
        .components(Some(components))
        .tags(Some([
            tag("Accounts", "Registering, logging in, and who one is."),
            tag("Tickets", "Opening, reading and answering tickets, for customers and staff."),
            tag("Files", "Files on tickets."),
            tag("Staff", "Queues and work on tickets. Customers get 403."),
        ]))
        .build()
}

/// The document as it is served, and the page made of it.
pub struct Document {
    json: Bytes,
    pub page: super::docs::Page,
}

impl Document {
    pub fn new(document: OpenApi) -> Self {
        // A document that was made from types can be written; an empty one would show in the tests.
        let value = serde_json::to_value(&document).unwrap_or_default();
        Self { json: serde_json::to_vec(&value).unwrap_or_default().into(), page: super::docs::Page::new(&value) }
    }
}

/// The document and the page.
pub fn router() -> axum::Router<ApiState> {
    axum::Router::new()
        .route("/openapi.json", get(json))
        .route("/docs", get(super::docs::docs))
        .route("/", get(|| async { axum::response::Redirect::permanent(&format!("{}/docs", super::PREFIX)) }))
}

async fn json(State(state): State<ApiState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], state.document.json.clone())
}

/// What any call can answer.
pub struct ForAnyone;
/// What any call with a token can answer.
pub struct ForCallers;
/// What calls with a body can answer.
pub struct WithBody;
/// What calls about one ticket can answer.
pub struct AboutTicket;
/// What calls for staff can answer to customers.
pub struct ForStaff;
/// What lists can answer.
pub struct WithFilter;

type Responses = BTreeMap<String, RefOr<Response>>;

/// A problem as the answer to a call, with an example.
fn problem(status: StatusCode, code: &str, title: &str, description: &str, detail: &str) -> (String, RefOr<Response>) {
    let mut example = json!({
        "type": format!("urn:docket:error:{code}"), "title": title, "status": status.as_u16(), "code": code,
        "detail": detail, "instance": "/api/v1/ticket",
    });
    match status {
        StatusCode::UNPROCESSABLE_ENTITY => {
            example["errors"] = json!([{ "field": "subject", "message": "Please say in a few words what it is about.", "pointer": "#/subject" }]);
        }
        StatusCode::TOO_MANY_REQUESTS => example["retry_after"] = json!(30),
        StatusCode::INTERNAL_SERVER_ERROR => example["reference"] = json!("3f9a1c07"),
        _ => {}
    }
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name(Details::name()))).example(Some(example)).build();
    let response = ResponseBuilder::new().description(description).content(MEDIA_TYPE, content).build();
    (status.as_str().to_owned(), RefOr::T(response))
}

/// A problem that the operations know.
fn of(code: domain::Code, description: &str, detail: &str) -> (String, RefOr<Response>) {
    let status = StatusCode::from_u16(code.status()).unwrap_or_default();
    problem(status, code.word(), crate::problem::title(code), description, detail)
}

impl IntoResponses for ForAnyone {
    fn responses() -> Responses {
        use domain::Code::{Internal, TooMany, Unavailable, Unconfirmed};
        Responses::from([
            of(TooMany, "Too many calls or tries; `Retry-After` says when to come back", "Too many tries."),
            of(Internal, "A failure of the server; quote the `reference`", "Something went wrong on our side."),
            of(
                Unconfirmed,
                "The database was lost while it was being saved: look whether it was before you send it again",
                "It is not known whether it was saved.",
            ),
            of(Unavailable, "The database or the files cannot be reached; nothing was changed", "Please try again."),
        ])
    }
}

impl IntoResponses for ForCallers {
    fn responses() -> Responses {
        let mut all = ForAnyone::responses();
        all.extend([of(
            domain::Code::SignedOut,
            "There is no token, or it is not valid, or it has ended",
            "The token is not valid, or has ended. Please log in again.",
        )]);
        all
    }
}

impl IntoResponses for WithBody {
    fn responses() -> Responses {
        use domain::Code::{Invalid, TooLarge, Unsupported};
        Responses::from([
            problem(
                StatusCode::BAD_REQUEST,
                "malformed",
                "Cannot be read",
                "The body cannot be read",
                "The body is not JSON: expected value at line 1 column 1.",
            ),
            of(TooLarge, "The body is larger than 2 MB", "The body is larger than 2 MB."),
            of(Unsupported, "The body is of another kind", "The body must be JSON: Content-Type: application/json."),
            of(
                Invalid,
                "Something in the body is wrong; `errors` says what",
                "subject: Please say in a few words what it is about. Nothing was changed.",
            ),
        ])
    }
}

impl IntoResponses for AboutTicket {
    fn responses() -> Responses {
        use domain::Code::{Forbidden, NotFound};
        Responses::from([
            of(Forbidden, "The caller may see it, but not do this", "You are not allowed to do this."),
            of(
                NotFound,
                "It is not there, or not the caller's to see",
                "There is no such ticket, or it is not yours to see.",
            ),
        ])
    }
}

impl IntoResponses for ForStaff {
    fn responses() -> Responses {
        Responses::from([of(domain::Code::Forbidden, "The caller is a customer", "You are not allowed to do this.")])
    }
}

impl IntoResponses for WithFilter {
    fn responses() -> Responses {
        Responses::from([of(
            domain::Code::Invalid,
            "A parameter is wrong; `errors` says which",
            "limit: Use a number from 1 to 100. Nothing was changed.",
        )])
    }
}
