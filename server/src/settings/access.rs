//! The forms of users, roles and teams, and the security log as a file.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::access::{NewRole, NewTeam, Permissions, RoleChoice};
use domain::security_log::{Group, LogFilter};
use domain::{Error, RoleId, SessionId, TeamId, UserId};
use serde::Deserialize;
use store::access::{log, roles, teams, users};
use ui::flash::Flash;

use super::answer;
use crate::app::AppState;
use crate::forms::{Fields, refuse, unreadable};
use crate::identify::Who;
use crate::problem::Problem;

/// A number out of an address: one that is none is of nobody.
fn number(text: &str) -> i64 {
    text.parse().unwrap_or_default()
}

/// The numbers of a form's fields of this name.
fn numbers(fields: &Fields, name: &str) -> Vec<i64> {
    fields.values(name).map(number).collect()
}

/// What is asked of somebody on staff.
pub async fn user(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let page = format!("/settings/users/{}", number(&id));
    let id = UserId(number(&id));
    let mut ask = false;
    let done = async {
        let fields = Fields::read(request).await?;
        let actor = &who.0.actor;
        let mut tx = state.desk.begin().await?;
        match fields.value("do").unwrap_or_default() {
            "role" => {
                let role = fields.value("role").and_then(RoleChoice::from_word).ok_or_else(unreadable)?;
                users::set_role(&mut tx, actor, id, role).await?;
            }
            "teams" => {
                let teams: Vec<TeamId> = numbers(&fields, "team").into_iter().map(TeamId).collect();
                users::set_teams(&mut tx, actor, id, &teams).await?;
            }
            "sign-out" => {
                let session = fields.value("session").map(|id| SessionId(number(id)));
                users::end_sessions(&mut tx, actor, id, session).await?;
            }
            "block" if fields.value("sure").is_none() => {
                ask = true;
                return Ok(());
            }
            "block" => users::set_blocked(&mut tx, actor, id, true).await?,
            "unblock" => users::set_blocked(&mut tx, actor, id, false).await?,
            _ => return Err(unreadable()),
        }
        tx.commit().await
    };
    let done = done.await.map_err(|error| (error, Vec::new()));
    if ask {
        // The page asks once more.
        let flash = Flash { values: vec![("ask".to_owned(), "block".to_owned())], error: None };
        return refuse(state, &headers, who, &page, flash).await;
    }
    answer(state, &headers, who, &page, done).await
}

/// Makes, changes or deletes a role.
pub async fn role(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let page = if id == "new" { "/settings/roles/new".to_owned() } else { format!("/settings/roles/{}", number(&id)) };
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let actor = &who.0.actor;
        let mut tx = state.desk.begin().await?;
        let made = if fields.value("delete").is_some() {
            roles::delete(&mut tx, actor, RoleId(number(&id))).await?;
            None
        } else {
            let input = NewRole {
                name: fields.value("name").ok_or_else(unreadable)?.to_owned(),
                description: fields.value("description").unwrap_or_default().to_owned(),
                permissions: Permissions::from_words(fields.values("may")),
            };
            if id == "new" {
                Some(roles::create(&mut tx, actor, input).await?)
            } else {
                let was = Permissions::from_words(fields.value("was").unwrap_or_default().split(','));
                roles::change(&mut tx, actor, RoleId(number(&id)), was, input).await?;
                Some(RoleId(number(&id)))
            }
        };
        tx.commit().await?;
        Ok(made.map_or_else(|| "/settings/roles?saved".to_owned(), |id| format!("/settings/roles/{id}?saved")))
    };
    let done = done.await;
    go_on(state, &headers, who, &page, done, typed).await
}

/// Makes, changes or deletes a team.
pub async fn team(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let page = if id == "new" { "/settings/teams/new".to_owned() } else { format!("/settings/teams/{}", number(&id)) };
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let actor = &who.0.actor;
        let mut tx = state.desk.begin().await?;
        let made = if fields.value("delete").is_some() {
            teams::delete(&mut tx, actor, TeamId(number(&id))).await?;
            None
        } else {
            let input = NewTeam {
                name: fields.value("name").ok_or_else(unreadable)?.to_owned(),
                description: fields.value("description").unwrap_or_default().to_owned(),
                members: numbers(&fields, "member").into_iter().map(UserId).collect(),
            };
            if id == "new" {
                Some(teams::create(&mut tx, actor, input).await?)
            } else {
                teams::change(&mut tx, actor, TeamId(number(&id)), input).await?;
                Some(TeamId(number(&id)))
            }
        };
        tx.commit().await?;
        Ok(made.map_or_else(|| "/settings/teams?saved".to_owned(), |id| format!("/settings/teams/{id}?saved")))
    };
    let done = done.await;
    go_on(state, &headers, who, &page, done, typed).await
}

/// Sends the browser on, or renders the page again with what was typed. What was typed for another permission set than
/// there is now is shown as it is now.
async fn go_on(
    state: AppState,
    headers: &HeaderMap,
    who: Who,
    page: &str,
    done: Result<String, Error>,
    typed: Vec<(String, String)>,
) -> Response {
    match done {
        Ok(next) => Redirect::to(&next).into_response(),
        Err(error) => {
            let stale = error.code == domain::Code::Conflict;
            let values = if stale { Vec::new() } else { typed };
            refuse(state, headers, who, page, Flash { values, error: Some(error) }).await
        }
    }
}

/// The choice in the address of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Chosen {
    person: String,
    about: String,
    from: String,
    until: String,
}

/// The security log as CSV.
pub async fn export(State(state): State<AppState>, Who(who): Who, Query(chosen): Query<Chosen>) -> Response {
    let filter = LogFilter {
        person: chosen.person,
        group: Group::from_word(&chosen.about),
        from: chosen.from,
        until: chosen.until,
        after: None,
        limit: None,
    };
    match log::export(&state.desk, &who.actor, &filter).await {
        Ok(table) => (
            [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"security-log.csv\""),
            ],
            table,
        )
            .into_response(),
        Err(error) => Problem(error).into_response(),
    }
}
