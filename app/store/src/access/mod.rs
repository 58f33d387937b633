//! Who on staff may do what: users, roles, teams. Every change is told to the open sockets at once by its event.

pub mod log;
pub mod roles;
pub mod teams;
pub mod users;

use crate::{OrOurs, Tx, people::Rights};
use domain::{
    Actor, CompanyId, Error, Principal, Result, Role, UserId,
    access::{Permissions, RoleChoice},
    people::Person,
    policy,
};
use sqlx::PgConnection;

/// Lets one change of rights happen after the other, until the end of the transaction: that there is a superadmin left, or
/// that a role has no more rights than whoever hands it out, must still be so when it is written.
pub(crate) async fn take_turn(tx: &mut Tx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('access', 0))").execute(&mut *tx.conn).await.ours()?;
    Ok(())
}

/// Somebody on staff whose rights are about to change.
struct Target {
    principal: Principal,
    blocked: bool,
}

impl Target {
    fn person(&self) -> Person {
        Person { id: self.principal.id, name: self.principal.name.clone(), picture: None }
    }
}

/// Finds somebody on staff, blocked or not, and asks whether the actor may change what they may.
///
/// Errors: `NotFound` for customers, too; `Forbidden` for whoever has rights that the actor has not.
async fn target(tx: &mut Tx, actor: &Actor, id: UserId) -> Result<Target> {
    let r = sqlx::query!(
        r#"select u.id, u.name, u.email, u.role, u.company_id, u.blocked_at, r.name as "role_name?",
                  r.permissions as "permissions?"
           from users u left join roles r on r.id = u.role_id
           where u.id = $1 and u.role <> 'customer' for no key update of u"#,
        id.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("user"))?;
    let rights = Rights { role: r.role, custom: r.role_name.zip(r.permissions), teams: None };
    let principal = rights.give(Principal {
        company: r.company_id.map(CompanyId),
        ..Principal::new(UserId(r.id), r.name, r.email, Role::Customer)
    });
    if !policy::may_hand_out(actor, principal.role, principal.permissions) {
        return Err(more_than_oneself());
    }
    Ok(Target { principal, blocked: r.blocked_at.is_some() })
}

/// Refuses to hand out rights that the actor does not have.
pub(crate) fn demand_hand_out(actor: &Actor, role: Role, permissions: Permissions) -> Result<()> {
    if policy::may_hand_out(actor, role, permissions) { Ok(()) } else { Err(more_than_oneself()) }
}

fn more_than_oneself() -> Error {
    Error::new(domain::Code::Forbidden, "This goes beyond your own rights: ask somebody who has them.")
}

/// A role as it is written for somebody: with a custom one they are an agent with other permissions.
pub(crate) struct Given {
    pub base: Role,
    pub custom: Option<i64>,
    pub name: String,
    pub permissions: Permissions,
}

/// The role that somebody has chosen for somebody. A custom one stays as it is until the end of the transaction. Errors: a
/// field error for one that is not there (any more).
pub(crate) async fn given(conn: &mut PgConnection, role: RoleChoice) -> Result<Given> {
    let id = match role {
        RoleChoice::Custom(id) => id,
        RoleChoice::BuiltIn(base) => {
            let (name, permissions) = (base.name().to_owned(), Permissions::of_role(base));
            return Ok(Given { base, custom: None, name, permissions });
        }
    };
    let found = sqlx::query!("select name, permissions from roles where id = $1 for share", id.0)
        .fetch_optional(conn)
        .await
        .ours()?
        .ok_or_else(|| Error::field("role", "There is no such role any more."))?;
    let permissions = Permissions::from_words(found.permissions);
    Ok(Given { base: Role::Agent, custom: Some(id.0), name: found.name, permissions })
}
