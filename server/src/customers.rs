//! The forms of customers and companies: sent to the addresses of their pages.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use domain::company::CompanyInput;
use domain::customer::{CustomerInput, Erasure};
use domain::errand::Outcome;
use domain::fields::Typed;
use domain::{CompanyId, Error, ExportId, UserId};
use store::{companies, customers};

use crate::app::AppState;
use crate::forms::picture::{self, Sent};
use crate::forms::{Fields, answer};
use crate::identify::Who;
use crate::problem::Problem;
use crate::settings::removal;

/// The largest form, in bytes: notes, custom fields, and the numbers of a hundred people.
const BODY_MAX: usize = 512 * 1024;

/// What the pages of customers and companies send.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/customers/new", post(new_customer))
        .route("/customers/{id}/edit", post(edit_customer))
        .route("/customers/{id}/block", post(block))
        .route("/customers/{id}/second-factor", post(second_factor))
        .route("/customers/{id}/company", post(convert))
        .route("/customers/{id}/merge", post(merge_customers))
        .route("/customers/{id}/export", post(export))
        .route("/customers/{id}/erase", post(erase))
        .route("/customers/exports/{id}", get(exported))
        .route("/companies/new", post(new_company))
        .route("/companies/{id}/edit", post(edit_company))
        .route("/companies/{id}/logo", post(logo))
        .route("/companies/{id}/people", post(bring_in))
        .route("/companies/{id}/merge", post(merge_companies))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// Reads a form, keeps what was typed, and does what it says.
macro_rules! form {
    ($name:ident($id:ident: $Id:ident), $page:expr, |$state:ident, $actor:ident, $fields:ident| $body:expr) => {
        async fn $name(
            State($state): State<AppState>,
            Path(id): Path<String>,
            headers: HeaderMap,
            who: Who,
            request: Request,
        ) -> Response {
            // What is not a number is nobody's, like a number that nobody has.
            let $id = $Id(id.parse().unwrap_or(0));
            let page = format!($page, $id);
            let mut typed = Vec::new();
            let done = async {
                let $fields = Fields::read(request).await?;
                typed.clone_from(&$fields.0);
                let $actor = &who.0.actor;
                $body.await
            };
            let done = done.await;
            answer($state.clone(), &headers, who, &page, typed, done).await
        }
    };
}

fn customer_input(fields: &Fields) -> CustomerInput {
    let value = |name: &str| fields.value(name).unwrap_or_default().to_owned();
    CustomerInput {
        name: value("name"),
        email: value("email"),
        emails: value("emails"),
        phones: value("phones"),
        channels: value("channels"),
        notes: value("notes"),
        fields: typed(fields),
    }
}

fn company_input(fields: &Fields) -> CompanyInput {
    let value = |name: &str| fields.value(name).unwrap_or_default().to_owned();
    CompanyInput {
        name: value("name"),
        tier: value("tier"),
        domains: value("domains"),
        notes: value("notes"),
        sees_all: fields.value("sees_all").is_some(),
        accent: value("accent"),
        fields: typed(fields),
    }
}

/// What was typed into custom fields.
fn typed(fields: &Fields) -> Typed {
    Typed::of_form(fields.0.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

async fn new_customer(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let company = fields.value("company").unwrap_or_default();
        let mut tx = state.desk.begin().await?;
        let id = customers::edit::create(&mut tx, &who.0.actor, &customer_input(&fields), company).await?;
        tx.commit().await?;
        Ok(format!("/customers/{id}?done=made"))
    };
    let done = done.await;
    answer(state, &headers, who, "/customers/new", typed, done).await
}

async fn new_company(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let mut tx = state.desk.begin().await?;
        let id = companies::edit::create(&mut tx, &who.0.actor, &company_input(&fields)).await?;
        tx.commit().await?;
        Ok(format!("/companies/{id}?done=made"))
    };
    let done = done.await;
    answer(state, &headers, who, "/companies/new", typed, done).await
}

form!(edit_customer(id: UserId), "/customers/{}/edit", |state, actor, fields| async {
    let version = fields.number("version")?;
    let mut tx = state.desk.begin().await?;
    customers::edit::change(&mut tx, actor, id, version, &customer_input(&fields)).await?;
    tx.commit().await?;
    Ok(format!("/customers/{id}?done=saved"))
});

form!(block(id: UserId), "/customers/{}", |state, actor, fields| async {
    let on = fields.value("on") == Some("yes");
    if on && fields.value("sure").is_none() {
        // The page asks once more.
        return Ok(format!("/customers/{id}?ask=block"));
    }
    let mut tx = state.desk.begin().await?;
    customers::block::block(&mut tx, actor, id, on).await?;
    tx.commit().await?;
    Ok(format!("/customers/{id}?done={}", if on { "blocked" } else { "unblocked" }))
});

form!(second_factor(id: UserId), "/customers/{}/second-factor", |state, actor, fields| async {
    let removal = removal(&fields);
    let mut tx = state.desk.begin().await?;
    customers::block::remove_second_factor(&mut tx, actor, id, &removal).await?;
    tx.commit().await?;
    Ok(format!("/customers/{id}?done=second-factor"))
});

form!(convert(id: UserId), "/customers/{}/company", |state, actor, fields| async {
    let company = |name: &str| match fields.value(name).unwrap_or_default() {
        "" => Ok(None),
        _ => fields.number(name).map(|id| Some(CompanyId(id))),
    };
    let (from, to) = (company("from")?, company("to")?);
    let mut tx = state.desk.begin().await?;
    customers::company::convert(&mut tx, actor, id, from, to, fields.value("tickets").is_some()).await?;
    tx.commit().await?;
    Ok(format!("/customers/{id}?done=company"))
});

form!(merge_customers(id: UserId), "/customers/{}", |state, actor, fields| async {
    // Where tickets are still on their way, the page says so.
    customers::merge::merge(&state.desk, actor, id, UserId(fields.number("with")?)).await?;
    Ok(format!("/customers/{id}?done=merged"))
});

form!(export(id: UserId), "/customers/{}", |state, actor, fields| async {
    drop(fields);
    let mut tx = state.desk.begin().await?;
    customers::export::ask(&mut tx, actor, id).await?;
    tx.commit().await?;
    Ok(format!("/customers/{id}?done=export#data"))
});

form!(erase(id: UserId), "/customers/{}/erase", |state, actor, fields| async {
    let name = fields.value("name").unwrap_or_default().to_owned();
    let how = Erasure { version: fields.number("version")?, name, messages: fields.value("messages").is_some() };
    let mut tx = state.desk.begin().await?;
    let outcome = customers::erase::erase(&mut tx, actor, id, &how).await?;
    tx.commit().await?;
    Ok(if outcome == Outcome::Done { "/customers?done=erased".to_owned() } else { format!("/customers/{id}") })
});

/// A person's data, as a file to be saved.
async fn exported(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Who(signed): Who,
) -> Result<Response, Problem> {
    let id = ExportId(id.parse().map_err(|_| Error::not_found("file"))?);
    let (size, bytes) = customers::export::fetch(&state.desk, &signed.actor, id).await?;
    let mut response = Body::from_stream(bytes).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"personal-data.zip\""),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    Ok(response)
}

form!(edit_company(id: CompanyId), "/companies/{}/edit", |state, actor, fields| async {
    let version = fields.number("version")?;
    let mut tx = state.desk.begin().await?;
    companies::edit::change(&mut tx, actor, id, version, &company_input(&fields)).await?;
    tx.commit().await?;
    Ok(format!("/companies/{id}?done=saved"))
});

/// The logo of a company stands on the page where the rest of it is edited.
async fn logo(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let id = CompanyId(id.parse().unwrap_or(0));
    let done = async {
        let actor = &who.0.actor;
        match picture::read(request).await? {
            Sent::Picture(bytes) => companies::logo::set(&state.desk, actor, id, bytes).await?,
            Sent::Remove => {
                let mut tx = state.desk.begin().await?;
                companies::logo::remove(&mut tx, actor, id).await?;
                tx.commit().await?;
            }
        }
        Ok(format!("/companies/{id}?done=saved"))
    };
    let done = done.await;
    let form = vec![("form".to_owned(), "picture".to_owned())];
    answer(state, &headers, who, &format!("/companies/{id}/edit"), form, done).await
}

form!(bring_in(id: CompanyId), "/companies/{}/people", |state, actor, fields| async {
    let people: Vec<UserId> =
        fields.0.iter().filter(|(name, _)| name == "person").filter_map(|(_, id)| id.parse().ok()).collect();
    let mut tx = state.desk.begin().await?;
    companies::domains::bring_in(&mut tx, actor, id, &people, fields.value("tickets").is_some()).await?;
    tx.commit().await?;
    Ok(format!("/companies/{id}?done=joined"))
});

form!(merge_companies(id: CompanyId), "/companies/{}", |state, actor, fields| async {
    let mut tx = state.desk.begin().await?;
    companies::merge::merge(&mut tx, actor, id, CompanyId(fields.number("with")?)).await?;
    tx.commit().await?;
    Ok(format!("/companies/{id}?done=merged"))
});
