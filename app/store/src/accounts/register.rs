//! New accounts: the first superadmin, customers who register themselves, staff made on the console.

use super::{Letter, letters, link, password, throttle};
use crate::{
    Desk, OrOurs, Tx,
    access::{demand_hand_out, take_turn},
    events,
    outside::ways,
    people,
};
use domain::{
    Actor, Code, Error, Principal, Result, Role, UserId,
    access::Permissions,
    account::{PASSWORD_MAX, Registration},
    event::Happening,
    letter::Purpose,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// Whether nobody on staff exists yet: then, and only then, the next visit may make the superadmin.
#[crate::compiled_here]
pub async fn is_first_run(conn: &mut PgConnection) -> Result<bool> {
    let staffed = sqlx::query_scalar!(r#"select exists (select 1 from users where role <> 'customer') as "exists!""#)
        .fetch_one(conn)
        .await
        .ours()?;
    Ok(!staffed)
}

fn is_set_up() -> Error {
    Error::new(Code::Forbidden, "This desk is already set up. Please sign in.")
}

/// Errors: `Forbidden` as soon as anybody on staff exists.
#[crate::compiled_here]
pub async fn may_set_up(desk: &Desk) -> Result<()> {
    if is_first_run(&mut *desk.read().await?).await? { Ok(()) } else { Err(is_set_up()) }
}

/// Makes the first superadmin. Errors: `Forbidden` as soon as anybody on staff exists.
#[crate::compiled_here]
pub async fn set_up(desk: &Desk, actor: &Actor, input: Registration) -> Result<Principal> {
    // Before what is wrong with the input, and before the work of hashing, which strangers could ask for for ever.
    may_set_up(desk).await?;
    let input = input.check()?;
    let hash = password::hash(desk, input.password.clone()).await?;
    let mut tx = desk.begin().await?;
    // Two people on the set-up page at once: the second must see that the first one was faster.
    sqlx::query!("lock table users in share row exclusive mode").execute(&mut *tx.conn).await.ours()?;
    if !is_first_run(&mut tx.conn).await? {
        return Err(is_set_up());
    }
    let principal = insert(&mut tx, &input, Role::Superadmin, Some(&hash)).await?;
    welcome(&mut tx, actor, &principal).await?;
    tx.commit().await?;
    Ok(principal)
}

/// Makes an account for staff, from the console of the machine.
#[crate::compiled_here]
pub async fn create_staff(desk: &Desk, input: Registration, role: Role) -> Result<Principal> {
    let input = input.check()?;
    let hash = password::hash(desk, input.password.clone()).await?;
    let mut tx = desk.begin().await?;
    let principal = insert(&mut tx, &input, role, Some(&hash)).await?;
    welcome(&mut tx, &Actor::system("Console"), &principal).await?;
    tx.commit().await?;
    Ok(principal)
}

/// Makes an account for staff with a password that whoever makes it tells its person; who is to choose their own is invited.
///
/// Errors: `Forbidden` for a role with rights that the actor has not; a field error for an address that somebody has;
/// `Forbidden` for an address whose people come in another way only.
#[crate::compiled_here]
pub async fn hire(desk: &Desk, actor: &Actor, input: Registration, role: Role) -> Result<Principal> {
    // Before what is wrong with the input, and before the work of hashing.
    policy::demand(actor, Action::ManageStaff, None)?;
    if !role.is_staff() {
        return Err(Error::field("role", "Choose what they are to be: agent, manager or superadmin."));
    }
    let input = input.check()?;
    demand_hand_out(actor, role, Permissions::of_role(role))?;
    let hash = password::hash(desk, input.password.clone()).await?;
    let mut tx = desk.begin().await?;
    take_turn(&mut tx).await?;
    ways::take_turn_of_people(&mut tx).await?;
    // Superadmins keep a password of their own, whatever lets the others in.
    if role != Role::Superadmin {
        ways::demand_own_password(&mut tx.conn, &input.email).await?;
    }
    let known = sqlx::query_scalar!(
        "select u.role from user_emails e join users u on u.id = e.user_id where e.address = lower($1)",
        input.email,
    );
    if let Some(known) = known.fetch_optional(&mut *tx.conn).await.ours()? {
        let said = match known == Role::Customer.word() {
            true => "A customer has this address. Invite them: they become staff by accepting.",
            false => "Somebody on staff has this address already.",
        };
        return Err(Error::field("email", said));
    }
    let principal = insert(&mut tx, &input, role, Some(&hash)).await?;
    events::append(&mut tx, actor, None, &Happening::StaffMade { email: principal.email.clone(), role }).await?;
    tx.commit().await?;
    Ok(principal)
}

/// A customer registers: the address gets a mail with a link that proves it. Nothing is an account until then, and nobody is
/// told here whether there is one with this address: only who reads its mails is. Errors: `TooMany` while the account or the
/// network address has to wait; `Forbidden` for an address in a domain whose people come in another way only.
#[crate::compiled_here]
pub async fn register(desk: &Desk, actor: &Actor, input: Registration) -> Result<()> {
    let input = input.check()?;
    // Counted before the work of hashing, and whatever becomes of it: who fills a stranger's mailbox has to wait.
    let mut tx = desk.begin().await?;
    if let Some(error) = ways::told(&mut tx.conn, &input.email).await? {
        return Err(error);
    }
    throttle::sign_up(&mut tx, &throttle::sign_up_keys(&input.email, actor.address.as_deref())).await?;
    tx.commit_quietly().await?;
    let hash = password::hash(desk, input.password).await?;
    let mut tx = desk.begin().await?;
    let link = link::insert(&mut tx, Purpose::Register, None, &input.email, Some((&input.name, &hash))).await?;
    events::append(&mut tx, actor, None, &Happening::RegistrationAsked { email: input.email }).await?;
    letters::post(&mut tx, Letter::Register { link }).await?;
    tx.commit().await
}

/// Sends the mail of the latest registration with this address again, if there is one. The answer does not tell.
#[crate::compiled_here]
pub async fn send_again(desk: &Desk, actor: &Actor, email: &str) -> Result<()> {
    let email = super::reset::address(email)?;
    let mut tx = desk.begin().await?;
    throttle::link(&mut tx, &throttle::link_keys(&email, actor.address.as_deref())).await?;
    events::append(&mut tx, actor, None, &Happening::RegistrationAsked { email: email.clone() }).await?;
    letters::post(&mut tx, Letter::RegisterAgain { email }).await?;
    tx.commit().await
}

/// Makes an account of a registration: who opened the link reads the address, and who knows the password is who chose it. The
/// link alone is not enough, or somebody could register a stranger's address and have them let one in. Whoever is known with
/// the address from mails keeps what they have written. Errors: `NotFound` for a link that is not good; `Forbidden` for whom a directory lets in.
#[crate::compiled_here]
pub async fn confirm(desk: &Desk, actor: &Actor, token: &str, password: String) -> Result<Principal> {
    let link = link::find(desk, Purpose::Register, token).await?;
    let keys = throttle::keys(&link.email, actor.address.as_deref());
    let mut tx = desk.begin().await?;
    throttle::check(&mut tx, &keys).await?;
    drop(tx);
    let right =
        password.len() <= 4 * PASSWORD_MAX && password::verify(desk, password, link.password_hash.clone()).await?;
    let mut tx = desk.begin().await?;
    throttle::check_again(&mut tx, &keys).await?;
    if !right {
        throttle::failed(&mut tx, &keys).await?;
        events::append(&mut tx, actor, None, &Happening::SignInFailed { email: link.email }).await?;
        tx.commit().await?;
        return Err(Error::field("password", "This is not the password that you chose when you registered."));
    }
    throttle::succeeded(&mut tx, &keys).await?;
    ways::take_turn_of_people(&mut tx).await?;
    // Of two who use links at once, also of two registrations, one gets through.
    let ended = sqlx::query_scalar!(
        "delete from account_links where purpose = 'register' and lower(email) = lower($1) returning id",
        link.email,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    if !ended.contains(&link.id) {
        return Err(link::lost());
    }
    ways::demand_own_password(&mut tx.conn, &link.email).await?;
    let known = sqlx::query!(
        r#"select u.id, u.password_hash, u.blocked_at, lower(u.email) = lower($1) as "is_first!"
           from user_emails e join users u on u.id = e.user_id where e.address = lower($1) for update of u"#,
        link.email,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let id = match known {
        Some(user) if user.blocked_at.is_some() => return Err(link::lost()),
        // Several addresses of somebody were put together by staff or by a merge, unproved. Who reads one of the others does not
        // get what was written from the first one: a new password is sent there.
        Some(user) if user.password_hash.is_some() || !user.is_first => {
            return Err(Error::new(Code::Taken, "There is an account with this address already. Please sign in."));
        }
        Some(user) => {
            let id = UserId(user.id);
            sqlx::query!(
                "update users set name = $2, password_hash = $3 where id = $1",
                id.0,
                link.name,
                link.password_hash,
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
            link::end_all(&mut tx, id).await?;
            id
        }
        None => {
            let (id, _) = people::find_or_create(&mut tx, &link.name, &link.email).await?;
            sqlx::query!("update users set password_hash = $2 where id = $1", id.0, link.password_hash)
                .execute(&mut *tx.conn)
                .await
                .ours()?;
            id
        }
    };
    let principal = people::principal(&mut tx.conn, id).await?;
    welcome(&mut tx, actor, &principal).await?;
    tx.commit().await?;
    Ok(principal)
}

async fn welcome(tx: &mut Tx, actor: &Actor, principal: &Principal) -> Result<()> {
    let by = Actor::user(principal.clone(), actor.address.clone());
    let role = Some(principal.role).filter(|role| role.is_staff());
    events::append(tx, &by, None, &Happening::Registered { email: principal.email.clone(), role }).await?;
    Ok(())
}

async fn insert(tx: &mut Tx, input: &Registration, role: Role, hash: Option<&str>) -> Result<Principal> {
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
