//! Choosing a new password by mail. Also how people whom we only know by mail get in for the first time.

use super::{Letter, letters, link, password, second_factor, session, throttle};
use crate::{Desk, OrOurs, Tx, events, outside::ways, people};
use domain::{
    Actor, Error, Principal, Result, SessionId, UserId, account::password_problem, event::Happening, letter::Purpose,
    second_factor::Beside, text,
};

/// What was typed as an address, tidied.
pub(super) fn address(typed: &str) -> Result<String> {
    let email = text::tidy_line(typed);
    if text::is_email(&email) {
        Ok(email)
    } else {
        Err(Error::field("email", "This is not a complete e-mail address."))
    }
}

/// Sends a link to choose a new password, if there is an account with this address. The answer does not tell, nor does the
/// time: that is looked up when the mail is made. Errors: `TooMany` while the account or the network address has to wait;
/// `Forbidden` for an address in a domain whose people come in another way only.
#[crate::compiled_here]
pub async fn ask(desk: &Desk, actor: &Actor, email: &str) -> Result<()> {
    let email = address(email)?;
    let mut tx = desk.begin().await?;
    throttle::link(&mut tx, &throttle::link_keys(&email, actor.address.as_deref())).await?;
    events::append(&mut tx, actor, None, &Happening::ResetAsked { email: email.clone() }).await?;
    // Whoever may everything keeps their password, so the mail is on its way for all, and says so to who reads it.
    let told = ways::told(&mut tx.conn, &email).await?;
    letters::post(&mut tx, Letter::ResetAsked { email }).await?;
    tx.commit().await?;
    told.map_or(Ok(()), Err)
}

/// Sets the password of who opened the link, once. They are signed out everywhere, and may try to sign in again at once; a second
/// factor is asked for then. Returns who it is, with what opens the account beside the password, which stays.
/// Errors: `NotFound` for a link that is not good; `Forbidden` for whom a directory lets in.
#[crate::compiled_here]
pub async fn set(desk: &Desk, actor: &Actor, token: &str, password: String) -> Result<(Principal, Beside)> {
    let link = link::find(desk, Purpose::Reset, token).await?;
    let user = link.user.ok_or_else(link::lost)?;
    if let Some(problem) = password_problem(&password, &link.email) {
        return Err(Error::field("password", problem));
    }
    let hash = password::hash(desk, password).await?;
    let mut tx = desk.begin().await?;
    link::consume(&mut tx, &link).await?;
    let person = people::principal(&mut tx.conn, user).await.map_err(|_| link::lost())?;
    ways::demand_own_password(&mut tx.conn, &person.email).await?;
    let by = Actor::user(person.clone(), actor.address.clone());
    replace(&mut tx, &by, user, &hash, None, true).await?;
    let beside = second_factor::own::beside(&mut tx.conn, user, tx.now).await?;
    // With a second factor, the tries at its codes stay counted.
    if !beside.has_second_factor() {
        throttle::succeeded(&mut tx, &throttle::keys(&person.email, actor.address.as_deref())).await?;
    }
    tx.commit().await?;
    Ok((person, beside))
}

/// Puts another password in the place of a person's. All sessions but this one end, all tokens of logging in to the API and all
/// links that were sent; the person is told by mail.
pub(super) async fn replace(
    tx: &mut Tx,
    by: &Actor,
    user: UserId,
    hash: &str,
    keep: Option<SessionId>,
    by_mail: bool,
) -> Result<()> {
    sqlx::query!("update users set password_hash = $2, token_epoch = token_epoch + 1 where id = $1", user.0, hash,)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    link::end_all(tx, user).await?;
    events::append(tx, by, None, &Happening::PasswordChanged { by_mail }).await?;
    let count = session::end_all(tx, user, keep).await?;
    if count > 0 {
        events::append(tx, by, None, &Happening::SessionsRevoked { count }).await?;
    }
    letters::post(tx, Letter::PasswordChanged { user }).await
}
