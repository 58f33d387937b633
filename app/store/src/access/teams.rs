//! Teams: who works together, and on which tickets.

use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Code, Error, Result, TeamId, UserId,
    access::{NewTeam, Team},
    event::Happening,
    people::Person,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// More make no sense: each stands in menus.
const MOST: i64 = 200;

/// All teams with their people.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Vec<Team>> {
    policy::demand(actor, Action::ManageTeams, None)?;
    load(&mut *desk.read().await?, None).await
}

/// One team with its people.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor, id: TeamId) -> Result<Team> {
    policy::demand(actor, Action::ManageTeams, None)?;
    let found = load(&mut *desk.read().await?, Some(id)).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found("team"))
}

async fn load(conn: &mut PgConnection, id: Option<TeamId>) -> Result<Vec<Team>> {
    let rows = sqlx::query!(
        r#"select t.id, t.name, t.description, u.id as "user?", u.name as "user_name?"
           from teams t left join team_members m on m.team_id = t.id left join users u on u.id = m.user_id
           where $1::bigint is null or t.id = $1 order by lower(t.name), t.id, u.name, u.id"#,
        id.map(|id| id.0),
    )
    .fetch_all(conn)
    .await
    .ours()?;
    let mut teams: Vec<Team> = Vec::new();
    for r in rows {
        if teams.last().is_none_or(|t| t.id.0 != r.id) {
            teams.push(Team { id: TeamId(r.id), name: r.name, description: r.description, members: Vec::new() });
        }
        if let (Some(team), Some(id), Some(name)) = (teams.last_mut(), r.user, r.user_name) {
            team.members.push(Person { id: UserId(id), name, picture: None });
        }
    }
    Ok(teams)
}

/// Makes a team.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, input: NewTeam) -> Result<TeamId> {
    policy::demand(actor, Action::ManageTeams, None)?;
    let input = input.check()?;
    super::take_turn(tx).await?;
    let there =
        sqlx::query_scalar!(r#"select count(*) as "count!" from teams"#).fetch_one(&mut *tx.conn).await.ours()?;
    if there >= MOST {
        return Err(Error::field("name", "There are 200 teams already. Delete one that nobody needs."));
    }
    let id = sqlx::query_scalar!(
        "insert into teams (name, description) values ($1, $2) returning id",
        input.name,
        input.description,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let id = TeamId(id);
    tx.catalog_changed = true;
    events::append(tx, actor, None, &Happening::TeamSaved { name: input.name.clone(), was: None }).await?;
    set_members(tx, actor, id, &input.name, &input.members).await?;
    Ok(id)
}

/// Changes a team. Who comes or goes sees their tickets accordingly, at once.
#[crate::compiled_here]
pub async fn change(tx: &mut Tx, actor: &Actor, id: TeamId, input: NewTeam) -> Result<()> {
    policy::demand(actor, Action::ManageTeams, None)?;
    let input = input.check()?;
    super::take_turn(tx).await?;
    let before = sqlx::query!("select name, description from teams where id = $1 for update", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("team"))?;
    if (&before.name, &before.description) != (&input.name, &input.description) {
        sqlx::query!("update teams set name = $2, description = $3 where id = $1", id.0, input.name, input.description)
            .execute(&mut *tx.conn)
            .await
            .ours()?;
        tx.catalog_changed = true;
        let was = (before.name != input.name).then_some(before.name);
        events::append(tx, actor, None, &Happening::TeamSaved { name: input.name.clone(), was }).await?;
    }
    set_members(tx, actor, id, &input.name, &input.members).await
}

/// Makes these the team's people.
async fn set_members(tx: &mut Tx, actor: &Actor, id: TeamId, name: &str, members: &[UserId]) -> Result<()> {
    let wanted: Vec<i64> = members.iter().map(|m| m.0).collect();
    let removed = sqlx::query!(
        "with gone as (delete from team_members where team_id = $1 and not user_id = any($2) returning user_id)
         select u.id, u.name from gone join users u on u.id = gone.user_id order by u.name, u.id",
        id.0,
        &wanted,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let added = sqlx::query!(
        "with come as (
             insert into team_members (team_id, user_id)
             select $1, id from users where id = any($2) and role <> 'customer' on conflict do nothing returning user_id)
         select u.id, u.name from come join users u on u.id = come.user_id order by u.name, u.id",
        id.0,
        &wanted,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let there = sqlx::query_scalar!(r#"select count(*) as "count!" from team_members where team_id = $1"#, id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if there != wanted.len() as i64 {
        return Err(Error::field("members", "One of them is not on staff any more. Please choose again."));
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let added = added.into_iter().map(|r| Person { id: UserId(r.id), name: r.name, picture: None }).collect();
    let removed = removed.into_iter().map(|r| Person { id: UserId(r.id), name: r.name, picture: None }).collect();
    events::append(tx, actor, None, &Happening::TeamMembers { team: name.to_owned(), added, removed }).await?;
    Ok(())
}

/// Deletes a team that has no tickets.
///
/// Errors: `InUse` while it has some.
#[crate::compiled_here]
pub async fn delete(tx: &mut Tx, actor: &Actor, id: TeamId) -> Result<()> {
    policy::demand(actor, Action::ManageTeams, None)?;
    super::take_turn(tx).await?;
    // Whoever gives it a ticket right now waits for the row, and then finds it gone.
    let name = sqlx::query_scalar!("select name from teams where id = $1 for update", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("team"))?;
    let used = sqlx::query_scalar!(r#"select exists (select 1 from tickets where team_id = $1) as "used!""#, id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if used {
        return Err(Error::new(Code::InUse, "This team still has tickets. Give them to another team first."));
    }
    sqlx::query!("delete from teams where id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
    tx.catalog_changed = true;
    events::append(tx, actor, None, &Happening::TeamDeleted { name }).await?;
    Ok(())
}
