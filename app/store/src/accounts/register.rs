//! New accounts: the first superadmin, customers who register themselves, staff made on the console.

use super::{password, throttle};
use crate::{Desk, OrOurs, Tx, events, people};
use domain::{Actor, Code, Error, Principal, Result, Role, UserId, account::Registration, event::Happening};
use sqlx::PgConnection;

/// Whether nobody on staff exists yet: then, and only then, the next visit may make the superadmin.
pub async fn is_first_run(conn: &mut PgConnection) -> Result<bool> {
    let staffed = sqlx::query_scalar!(r#"select exists (select 1 from users where role <> 'customer') as "exists!""#)
        .fetch_one(conn)
        .await
        .ours()?;
    Ok(!staffed)
}

/// Makes the first superadmin. Errors: `Forbidden` as soon as anybody on staff exists.
pub async fn set_up(desk: &Desk, actor: &Actor, input: Registration) -> Result<Principal> {
    let input = input.check()?;
    let hash = password::hash(desk, input.password.clone()).await?;
    let mut tx = desk.begin().await?;
    // Two people on the set-up page at once: the second must see that the first one was faster.
    sqlx::query!("lock table users in share row exclusive mode").execute(&mut *tx.conn).await.ours()?;
    if !is_first_run(&mut tx.conn).await? {
        return Err(Error::new(Code::Forbidden, "This desk is already set up. Please sign in."));
    }
    let principal = insert(&mut tx, &input, Role::Superadmin, Some(&hash)).await?;
    welcome(&mut tx, actor, &principal).await?;
    tx.commit().await?;
    Ok(principal)
}

/// Makes an account for staff, from the console of the machine.
pub async fn create_staff(desk: &Desk, input: Registration, role: Role) -> Result<Principal> {
    let input = input.check()?;
    let hash = password::hash(desk, input.password.clone()).await?;
    let mut tx = desk.begin().await?;
    let principal = insert(&mut tx, &input, role, Some(&hash)).await?;
    welcome(&mut tx, &Actor::system("Console"), &principal).await?;
    tx.commit().await?;
    Ok(principal)
}

/// A customer registers. An address we only knew by mail is refused like any other known one: its owner must prove
/// that it is theirs before they may read what it wrote. Errors: `TooMany` while the account or the network address has to
/// wait.
pub async fn register(desk: &Desk, actor: &Actor, input: Registration) -> Result<Principal> {
    let input = input.check()?;
    // Counted before the work of hashing, and whatever becomes of it: who asks for known addresses learns that they are known.
    let mut tx = desk.begin().await?;
    throttle::sign_up(&mut tx, &throttle::sign_up_keys(&input.email, actor.address.as_deref())).await?;
    tx.commit_quietly().await?;
    let hash = password::hash(desk, input.password.clone()).await?;
    let mut tx = desk.begin().await?;
    let principal = insert(&mut tx, &input, Role::Customer, Some(&hash)).await?;
    welcome(&mut tx, actor, &principal).await?;
    tx.commit().await?;
    Ok(principal)
}

async fn welcome(tx: &mut Tx, actor: &Actor, principal: &Principal) -> Result<()> {
    let by = Actor::user(principal.clone(), actor.address.clone());
    events::append(tx, &by, None, &Happening::Registered { email: principal.email.clone() }).await?;
    Ok(())
}

async fn insert(tx: &mut Tx, input: &Registration, role: Role, hash: Option<&str>) -> Result<Principal> {
    // Joining a company by the address's domain needs a confirmed address; until then a new customer is an individual.
    let at = tx.at();
    let id = sqlx::query_scalar!(
        "insert into users (name, email, password_hash, role, created_at) values ($1, $2, $3, $4, $5) returning id",
        input.name,
        input.email,
        hash,
        role.word(),
        at,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    people::principal(&mut tx.conn, UserId(id)).await
}
