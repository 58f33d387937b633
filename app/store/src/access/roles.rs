//! Roles: the built-in ones and those that superadmins make.

use super::take_turn;
use crate::{Desk, OrOurs, Tx, events};
use domain::{
    Actor, Code, Error, Result, Role, RoleId,
    access::{CustomRole, NewRole, Permissions, Roles},
    event::Happening,
    people::Person,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// More make no sense, and whoever chooses one sees them all.
const MOST: i64 = 200;

/// All roles of staff with how many have each, for whoever hands them out.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Roles> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let mut conn = desk.read().await?;
    let counts = sqlx::query!(
        r#"select role, count(*) as "count!" from users where role <> 'customer' and role_id is null group by role"#
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    let of = |role: Role| counts.iter().find(|c| c.role == role.word()).map_or(0, |c| c.count);
    let built_in = Role::ALL.into_iter().filter(|r| r.is_staff()).map(|role| (role, of(role))).collect();
    Ok(Roles { built_in, custom: custom(&mut conn).await? })
}

async fn custom(conn: &mut PgConnection) -> Result<Vec<CustomRole>> {
    let rows = sqlx::query!(
        r#"select r.id, r.name, r.description, r.permissions,
                  (select count(*) from users u where u.role_id = r.id) as "users!"
           from roles r order by lower(r.name), r.id limit $1"#,
        MOST,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    let role = |id, name, description, permissions: Vec<String>, users| CustomRole {
        id: RoleId(id),
        name,
        description,
        permissions: Permissions::from_words(permissions),
        users,
    };
    Ok(rows.into_iter().map(|r| role(r.id, r.name, r.description, r.permissions, r.users)).collect())
}

/// A custom role with who has it, at most 100 of them.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor, id: RoleId) -> Result<(CustomRole, Vec<Person>)> {
    policy::demand(actor, Action::ManageRoles, None)?;
    let mut conn = desk.read().await?;
    let role = custom(&mut conn).await?.into_iter().find(|r| r.id == id).ok_or_else(|| Error::not_found("role"))?;
    let people = sqlx::query!("select id, name from users where role_id = $1 order by name, id limit 100", id.0)
        .fetch_all(&mut *conn)
        .await
        .ours()?;
    Ok((role, people.into_iter().map(|p| Person { id: p.id.into(), name: p.name, picture: None }).collect()))
}

/// Makes a role.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, input: NewRole) -> Result<RoleId> {
    policy::demand(actor, Action::ManageRoles, None)?;
    let input = input.check()?;
    let words = input.permissions.words();
    take_turn(tx).await?;
    let there =
        sqlx::query_scalar!(r#"select count(*) as "count!" from roles"#).fetch_one(&mut *tx.conn).await.ours()?;
    if there >= MOST {
        return Err(Error::field("name", "There are 200 roles already. Delete one that nobody needs."));
    }
    let id = sqlx::query_scalar!(
        "insert into roles (name, description, permissions) values ($1, $2, $3) returning id",
        input.name,
        input.description,
        &words,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, None, &Happening::RoleSaved { name: input.name, added: words, removed: vec![] }).await?;
    Ok(RoleId(id))
}

/// Changes a role from the permissions that somebody was shown to what they want. Whoever has it has the new rights at once.
///
/// Errors: `Conflict` when it has other permissions by now.
#[crate::compiled_here]
pub async fn change(tx: &mut Tx, actor: &Actor, id: RoleId, was: Permissions, input: NewRole) -> Result<()> {
    policy::demand(actor, Action::ManageRoles, None)?;
    let input = input.check()?;
    take_turn(tx).await?;
    let before = sqlx::query!("select name, description, permissions from roles where id = $1 for update", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("role"))?;
    let known = Permissions::from_words(&before.permissions);
    if known != was {
        return Err(Error::new(
            Code::Conflict,
            "Somebody else has changed this role meanwhile. It is shown below as it is now; please make your change again.",
        ));
    }
    if (known, &before.name, &before.description) == (input.permissions, &input.name, &input.description) {
        return Ok(());
    }
    let words = input.permissions.words();
    sqlx::query!(
        "update roles set name = $2, description = $3, permissions = $4 where id = $1",
        id.0,
        input.name,
        input.description,
        &words,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let only_in = |one: Permissions, other: Permissions| {
        one.iter().filter(|p| !other.has(*p)).map(|p| p.word().to_owned()).collect::<Vec<_>>()
    };
    let (added, removed) = (only_in(input.permissions, known), only_in(known, input.permissions));
    events::append(tx, actor, None, &Happening::RoleSaved { name: input.name, added, removed }).await?;
    Ok(())
}

/// Deletes a role that nobody has.
///
/// Errors: `InUse` while somebody has it.
#[crate::compiled_here]
pub async fn delete(tx: &mut Tx, actor: &Actor, id: RoleId) -> Result<()> {
    policy::demand(actor, Action::ManageRoles, None)?;
    take_turn(tx).await?;
    let users = sqlx::query_scalar!(r#"select count(*) as "count!" from users where role_id = $1"#, id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if users > 0 {
        return Err(Error::new(Code::InUse, "Somebody still has this role. Give them another one first."));
    }
    let name = sqlx::query_scalar!("delete from roles where id = $1 returning name", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("role"))?;
    events::append(tx, actor, None, &Happening::RoleDeleted { name }).await?;
    Ok(())
}
