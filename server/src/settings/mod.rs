//! The forms of the settings, and mails as they came.

mod access;
mod fields;
mod invitations;
mod mails;
mod outside;

pub(crate) use access::removal;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use domain::Error;
use domain::error::Problems;
use domain::priority::{Level, Priority, PriorityTable};
use domain::rating;
use domain::retention::Periods;
use store::settings::{self, Limit};
use ui::flash::{ASKED, Flash};

use crate::app::AppState;
use crate::forms::{Fields, answer, refuse, unreadable};
use crate::identify::Who;

/// The largest form, in bytes: the choices of a custom field.
const BODY_MAX: usize = 128 * 1024;

/// What the pages of the settings send and link to.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/settings/priority", post(priority))
        .route("/settings/board", post(board))
        .route("/settings/two-step", post(two_step))
        .route("/settings/retention", post(retention))
        .route("/settings/satisfaction", post(satisfaction))
        .route("/settings/https", post(https))
        .route("/settings/fields", post(fields::moved))
        .route("/settings/fields/{id}", post(fields::field))
        .route("/settings/mails", post(mails::mails))
        .route("/settings/users/{id}", post(access::user))
        .route("/settings/roles/{id}", post(access::role))
        .route("/settings/teams/{id}", post(access::team))
        .route("/settings/sign-in/{id}", post(outside::provider).layer(DefaultBodyLimit::max(outside::BODY_MAX)))
        .route("/settings/log.csv", get(access::export))
        .route("/settings/invitations", post(invitations::invitations))
        .route("/settings/mails/{id}/raw", get(mails::raw_mail))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// Sends the browser back to the form's page, which says that it was saved, or shows it again with what is wrong.
async fn saved(
    state: AppState,
    headers: &HeaderMap,
    who: Who,
    page: &str,
    typed: Vec<(String, String)>,
    done: Result<(), Error>,
) -> Response {
    answer(state, headers, who, page, typed, done.map(|()| format!("{page}?saved"))).await
}

async fn priority(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let done = async {
        let fields = Fields::read(request).await?;
        let (was, wanted) = tables(&fields).ok_or_else(unreadable)?;
        let mut tx = state.desk.begin().await?;
        settings::priorities::set(&mut tx, &who.0.actor, &was, &wanted).await?;
        tx.commit().await
    };
    let done = done.await;
    saved(state, &headers, who, "/settings/priority", Vec::new(), done).await
}

async fn two_step(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let days = fields.value("grace_days").unwrap_or_default().trim();
        let days = if days.is_empty() { 0 } else { days.parse().unwrap_or(-1) };
        let mut tx = state.desk.begin().await?;
        settings::second_factor::set(&mut tx, &who.0.actor, fields.value("required").map(|_| days)).await?;
        tx.commit().await
    };
    let done = done.await;
    saved(state, &headers, who, "/settings/two-step", typed, done).await
}

/// Saves how long what is kept, or asks first where more is erased by it than before.
async fn retention(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    const PAGE: &str = "/settings/retention";
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.extend(fields.0.iter().filter(|(name, _)| name != ASKED).cloned());
        let months = |name| match fields.value(name).unwrap_or_default().trim() {
            "" => None,
            text => Some(text.parse().unwrap_or(-1)),
        };
        let messages = fields.value("messages") == Some("on");
        let wanted = Periods { tickets: months("tickets"), customers: months("customers"), messages };
        let now = store::retention::get(&state.desk, &who.0.actor).await?;
        if fields.value("sure").is_none() && wanted.erases_more_than(&now) {
            let would = store::retention::preview(&state.desk, &who.0.actor, &wanted).await?;
            return Ok(Some(would.words()));
        }
        let mut tx = state.desk.begin().await?;
        store::retention::set(&mut tx, &who.0.actor, &wanted).await?;
        tx.commit().await.map(|()| None)
    };
    let done = match done.await {
        Ok(Some(would)) => {
            typed.push((ASKED.to_owned(), would));
            return refuse(state, &headers, who, PAGE, Flash { values: typed, error: None }).await;
        }
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    saved(state, &headers, who, PAGE, typed, done).await
}

/// Has the authority asked for a certificate at once.
async fn https(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    const PAGE: &str = "/settings/https";
    let done = async {
        let fields = Fields::read(request).await?;
        fields.value("try").ok_or_else(unreadable)?;
        let mut tx = state.desk.begin().await?;
        // Where no authority is asked, there is none of this name.
        let wanted = state.config.certificate_wanted().unwrap_or_default();
        store::certificates::try_now(&mut tx, &who.0.actor, &wanted).await?;
        tx.commit().await.map(|()| PAGE.to_owned())
    };
    let done = done.await;
    answer(state, &headers, who, PAGE, Vec::new(), done).await
}

/// Says who is asked how their tickets were solved.
async fn satisfaction(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let on = |name| fields.value(name) == Some("on");
        let hours = fields.value("delay_hours").unwrap_or_default().trim();
        let wanted =
            rating::Settings { portal: on("portal"), mail: on("mail"), delay_hours: hours.parse().unwrap_or(-1) };
        let mut tx = state.desk.begin().await?;
        store::ratings::settings::set(&mut tx, &who.0.actor, &wanted).await?;
        tx.commit().await
    };
    let done = done.await;
    saved(state, &headers, who, "/settings/satisfaction", typed, done).await
}

/// The table as it was shown, and as it is wanted.
fn tables(fields: &Fields) -> Option<(PriorityTable, PriorityTable)> {
    let (mut was, mut wanted) = (PriorityTable::default(), PriorityTable::default());
    let mut shown = fields.value("was")?.chars();
    for urgency in Level::ALL {
        for importance in Level::ALL {
            let number = shown.next()?.to_digit(10)?;
            was.set(urgency, importance, Priority::from_number(i16::try_from(number).ok()?)?);
            let word = fields.value(&format!("{}-{}", urgency.word(), importance.word()))?;
            wanted.set(urgency, importance, Priority::from_word(word)?);
        }
    }
    Some((was, wanted))
}

async fn board(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let mut problems = Problems::default();
        let mut limits = Vec::new();
        for status in settings::columns(&state.desk, &who.0.actor).await? {
            let field = format!("limit-{}", status.id);
            let text = fields.value(&field).unwrap_or_default().trim();
            let limit = if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
            match limit.filter(|limit| settings::is_limit(*limit)) {
                Some(limit) => {
                    let refuse = fields.value(&format!("refuse-{}", status.id)).is_some();
                    limits.push(Limit { status: status.id, limit, refuse });
                }
                None => problems.add(&field, settings::LIMIT_HELP),
            }
        }
        problems.check()?;
        let mut tx = state.desk.begin().await?;
        settings::set_wip_limits(&mut tx, &who.0.actor, &limits).await?;
        tx.commit().await
    };
    let done = done.await;
    saved(state, &headers, who, "/settings/board", typed, done).await
}
