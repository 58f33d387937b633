//! Invitations of staff: sent, sent again, taken back.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::access::RoleChoice;
use domain::{Error, Role, TeamId};
use store::{Desk, accounts::invitations};

use super::{Fields, unreadable};
use crate::app::AppState;
use crate::forms::answer;
use crate::identify::Who;

const PAGE: &str = "/settings/invitations";

pub(super) async fn invitations(
    State(state): State<AppState>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let mut values = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        let shown = |name: &String| matches!(name.as_str(), "email" | "role" | "team");
        values = fields.0.iter().filter(|(name, _)| shown(name)).cloned().collect();
        perform(&state.desk, &who, &fields).await
    };
    let done = done.await.map(|said| format!("{PAGE}?{said}"));
    answer(state, &headers, who, PAGE, values, done).await
}

/// Returns what the page is to say.
async fn perform(desk: &Desk, who: &Who, fields: &Fields) -> Result<&'static str, Error> {
    let actor = &who.0.actor;
    let number = |name| fields.value(name).map(|id| id.parse::<i64>().map_err(|_| unreadable())).transpose();
    let mut tx = desk.begin().await?;
    let said = if let Some(id) = number("resend")? {
        invitations::send_again(&mut tx, actor, id).await?;
        "resent"
    } else if let Some(id) = number("revoke")? {
        invitations::revoke(&mut tx, actor, id).await?;
        "revoked"
    } else {
        let role = fields.value("role").and_then(RoleChoice::from_word);
        let role = role.unwrap_or(RoleChoice::BuiltIn(Role::Customer));
        let teams = fields.0.iter().filter(|(name, _)| name == "team");
        let teams: Result<Vec<TeamId>, Error> = teams.map(|(_, id)| id.parse().map_err(|_| unreadable())).collect();
        invitations::invite(&mut tx, actor, fields.value("email").unwrap_or_default(), role, &teams?).await?;
        "invited"
    };
    tx.commit().await?;
    Ok(said)
}
