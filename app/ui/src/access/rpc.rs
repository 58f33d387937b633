//! Server functions for users, roles, teams and the security log.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
use domain::{
    RoleId, TeamId, UserId,
    access::{CustomRole, Roles, StaffRow, Team},
    account::Device,
    page::Page,
    people::Person,
    security_log::{LogFilter, LogLine},
};
use leptos::prelude::*;

/// A page of the people on staff. `role` is a role's word or number; `blocked` is `yes` or `no`.
#[server(endpoint = "access/users", protocol = Json, client = crate::whose::Caller)]
pub async fn find_users(q: String, role: String, blocked: String, after: Option<String>) -> Rpc<Page<StaffRow>> {
    let blocked = match blocked.as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let role = domain::access::RoleChoice::from_word(&role);
    call(|desk, actor| async move {
        let filter = store::access::users::Filter { text: q, role, blocked, after, limit: None };
        store::access::users::list(&desk, &actor, &filter).await
    })
    .await
}

/// Somebody on staff, where they are signed in, and what they could be.
#[server(endpoint = "access/user", protocol = Json, client = crate::whose::Caller)]
pub async fn one_user(id: UserId) -> Rpc<(StaffRow, Vec<Device>, Roles)> {
    call(|desk, actor| async move {
        let (row, devices) = store::access::users::get(&desk, &actor, id).await?;
        Ok((row, devices, store::access::roles::list(&desk, &actor).await?))
    })
    .await
}

/// All roles.
#[server(endpoint = "access/roles", protocol = Json, client = crate::whose::Caller)]
pub async fn all_roles() -> Rpc<Roles> {
    call(|desk, actor| async move { store::access::roles::list(&desk, &actor).await }).await
}

/// A custom role and who has it.
#[server(endpoint = "access/role", protocol = Json, client = crate::whose::Caller)]
pub async fn one_role(id: RoleId) -> Rpc<(CustomRole, Vec<Person>)> {
    call(|desk, actor| async move { store::access::roles::get(&desk, &actor, id).await }).await
}

/// All teams with their people.
#[server(endpoint = "access/teams", protocol = Json, client = crate::whose::Caller)]
pub async fn all_teams() -> Rpc<Vec<Team>> {
    call(|desk, actor| async move { store::access::teams::list(&desk, &actor).await }).await
}

/// A team, if it is one already, and everybody who could be in it.
#[server(endpoint = "access/team", protocol = Json, client = crate::whose::Caller)]
pub async fn one_team(id: Option<TeamId>) -> Rpc<(Option<Team>, Vec<Person>)> {
    call(|desk, actor| async move {
        let team = match id {
            Some(id) => Some(store::access::teams::get(&desk, &actor, id).await?),
            None => {
                domain::policy::demand(&actor, domain::policy::Action::ManageTeams, None)?;
                None
            }
        };
        Ok((team, store::people::staff(&mut *desk.read().await?, &actor).await?))
    })
    .await
}

/// A page of the security log.
#[server(endpoint = "access/log", protocol = Json, client = crate::whose::Caller)]
pub async fn read_log(filter: LogFilter) -> Rpc<Page<LogLine>> {
    call(|desk, actor| async move { store::access::log::list(&desk, &actor, &filter).await }).await
}

/// One's own sign-ins.
#[server(endpoint = "access/sign_ins", protocol = Json, client = crate::whose::Caller)]
pub async fn sign_ins() -> Rpc<Vec<LogLine>> {
    call(|desk, actor| async move { store::access::log::own(&desk, &actor).await }).await
}
