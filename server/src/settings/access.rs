//! The forms of users, roles and teams, and the security log as a file.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use domain::access::{NewRole, NewTeam, Permissions, RoleChoice};
use domain::second_factor::Removal;
use domain::security_log::{Group, LogFilter};
use domain::{Actor, Error, RoleId, SessionId, TeamId, UserId};
use serde::Deserialize;
use store::Tx;
use store::access::{log, roles, teams, users};
use ui::flash::Flash;

use super::saved;
use crate::app::AppState;
use crate::forms::{Fields, answer, refuse, still_of_use, unreadable};
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
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        let actor = &who.0.actor;
        let mut tx = state.desk.begin().await?;
        match fields.value("do").unwrap_or_default() {
            "role" => {
                let word = fields.value("role").unwrap_or_default();
                typed = vec![("role".to_owned(), word.to_owned())];
                let role = RoleChoice::from_word(word).ok_or_else(unreadable)?;
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
            "second-factor" => {
                let removal = removal(&fields);
                typed = vec![("reason".to_owned(), removal.reason.clone()), ("name".to_owned(), removal.name.clone())];
                users::remove_second_factor(&mut tx, actor, id, &removal).await?;
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
    let done = done.await;
    if ask {
        // The page asks once more.
        let flash = Flash { values: vec![("ask".to_owned(), "block".to_owned())], error: None };
        return refuse(state, &headers, who, &page, flash).await;
    }
    saved(state, &headers, who, &page, typed, done).await
}

/// Why somebody's second factor is to be taken away, and their name once more.
pub(crate) fn removal(fields: &Fields) -> Removal {
    let value = |name: &str| fields.value(name).unwrap_or_default().to_owned();
    Removal { name: value("name"), reason: value("reason") }
}

/// Makes, changes or deletes a role.
pub async fn role(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    entry(state, "/settings/roles", &id, &headers, who, request).await
}

/// Makes, changes or deletes a team.
pub async fn team(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    entry(state, "/settings/teams", &id, &headers, who, request).await
}

/// The form of one entry of a list, or of a new one.
async fn entry(
    state: AppState,
    list: &'static str,
    id: &str,
    headers: &HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let asked = (id != "new").then(|| number(id));
    let page = asked.map_or_else(|| format!("{list}/new"), |id| format!("{list}/{id}"));
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed.clone_from(&fields.0);
        let mut tx = state.desk.begin().await?;
        let made = match list {
            "/settings/roles" => save_role(&mut tx, &who.0.actor, asked, &fields).await?,
            _ => save_team(&mut tx, &who.0.actor, asked, &fields).await?,
        };
        tx.commit().await?;
        Ok(made.map_or_else(|| format!("{list}?saved"), |id| format!("{list}/{id}?saved")))
    };
    let done = done.await;
    let typed = still_of_use(typed, &done);
    answer(state, headers, who, &page, typed, done).await
}

/// Does what the form of a role asks for. The number of what there is then, if anything.
async fn save_role(tx: &mut Tx, actor: &Actor, id: Option<i64>, fields: &Fields) -> Result<Option<i64>, Error> {
    if let Some(id) = id.filter(|_| fields.value("delete").is_some()) {
        roles::delete(tx, actor, RoleId(id)).await?;
        return Ok(None);
    }
    let input = NewRole {
        name: fields.value("name").ok_or_else(unreadable)?.to_owned(),
        description: fields.value("description").unwrap_or_default().to_owned(),
        permissions: Permissions::from_words(fields.values("may")),
    };
    let Some(id) = id else { return Ok(Some(roles::create(tx, actor, input).await?.0)) };
    let was = Permissions::from_words(fields.value("was").unwrap_or_default().split(','));
    roles::change(tx, actor, RoleId(id), was, input).await?;
    Ok(Some(id))
}

/// [`save_role`], of a team.
async fn save_team(tx: &mut Tx, actor: &Actor, id: Option<i64>, fields: &Fields) -> Result<Option<i64>, Error> {
    if let Some(id) = id.filter(|_| fields.value("delete").is_some()) {
        teams::delete(tx, actor, TeamId(id)).await?;
        return Ok(None);
    }
    let input = NewTeam {
        name: fields.value("name").ok_or_else(unreadable)?.to_owned(),
        description: fields.value("description").unwrap_or_default().to_owned(),
        members: numbers(fields, "member").into_iter().map(UserId).collect(),
    };
    let Some(id) = id else { return Ok(Some(teams::create(tx, actor, input).await?.0)) };
    teams::change(tx, actor, TeamId(id), input).await?;
    Ok(Some(id))
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
