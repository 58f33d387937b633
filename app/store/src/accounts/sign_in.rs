//! Signing in with address and password.

use super::{password, session, throttle};
use crate::{Desk, OrOurs, events, people};
use domain::{Actor, Code, Error, Principal, Result, UserId, event::Happening};

/// Checks a password and opens a session.
///
/// Returns the person and the cookie's value. Errors: `Invalid` with the same words whether the address or the password
/// is wrong; `TooMany` while the account or the address has to wait.
pub async fn sign_in(
    desk: &Desk,
    actor: &Actor,
    email: &str,
    password: String,
    agent: &str,
) -> Result<(Principal, String)> {
    let principal = check_password(desk, actor, email, password).await?;
    let token = open_session(desk, actor, &principal, agent).await?;
    Ok((principal, token))
}

/// Opens a session for somebody who has just proved who they are.
pub async fn open_session(desk: &Desk, actor: &Actor, person: &Principal, agent: &str) -> Result<String> {
    let mut tx = desk.begin().await?;
    let token = session::open(&mut tx, person.id, actor.address.as_deref(), agent).await?;
    let by = Actor::user(person.clone(), actor.address.clone());
    events::append(&mut tx, &by, None, &Happening::SignedIn).await?;
    tx.commit().await?;
    Ok(token)
}

/// Checks a password for a token instead of a session: the caller hands the token out. Errors like [`sign_in`].
pub async fn sign_in_for_token(desk: &Desk, actor: &Actor, email: &str, password: String) -> Result<Principal> {
    let principal = check_password(desk, actor, email, password).await?;
    let mut tx = desk.begin().await?;
    let by = Actor::user(principal.clone(), actor.address.clone());
    events::append(&mut tx, &by, None, &Happening::SignedIn).await?;
    tx.commit().await?;
    Ok(principal)
}

/// Who this is, if the password is right; counts the failure if it is not.
pub async fn check_password(desk: &Desk, actor: &Actor, email: &str, password: String) -> Result<Principal> {
    let email = domain::text::tidy_line(email);
    let wrong = || Error::new(Code::Invalid, "The e-mail address or the password is not right.");
    if email.len() > domain::text::EMAIL_MAX || password.len() > 4 * domain::account::PASSWORD_MAX {
        return Err(wrong());
    }
    let keys = throttle::keys(&email, actor.address.as_deref());
    let found = {
        let mut tx = desk.begin().await?;
        throttle::check(&mut tx, &keys).await?;
        sqlx::query!(
            "select u.id, u.password_hash, u.blocked_at from user_emails e join users u on u.id = e.user_id
             where e.address = lower($1)",
            email,
        )
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
    };
    let hash = found.as_ref().and_then(|u| u.password_hash.clone());
    let right = password::verify(desk, password, hash).await?;
    let mut tx = desk.begin().await?;
    throttle::check_again(&mut tx, &keys).await?;
    match found {
        Some(user) if right && user.blocked_at.is_none() => {
            throttle::succeeded(&mut tx, &keys).await?;
            let principal = people::principal(&mut tx.conn, UserId(user.id)).await?;
            tx.commit().await?;
            Ok(principal)
        }
        _ => {
            throttle::failed(&mut tx, &keys).await?;
            events::append(&mut tx, actor, None, &Happening::SignInFailed { email }).await?;
            tx.commit().await?;
            Err(wrong())
        }
    }
}
