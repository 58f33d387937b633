//! Blocking a sender.

use super::hold;
use crate::{
    OrOurs, Tx,
    accounts::{second_factor, session},
    events,
};
use domain::{
    Actor, Code, Error, Result, UserId,
    event::Happening,
    policy::{self, Action},
    second_factor::Removal,
};

/// Blocks a customer, or lets them in again. A blocked one is signed out everywhere at once and cannot sign in; mails from
/// any of their addresses go to the quarantine, where they can be seen. Doing it twice changes nothing.
#[crate::compiled_here]
pub async fn block(tx: &mut Tx, actor: &Actor, id: UserId, on: bool) -> Result<()> {
    policy::demand(actor, Action::EditPeople, None)?;
    let before = hold(tx, id).await?;
    if before.blocked == on {
        return Ok(());
    }
    put(tx, actor, id, on).await
}

/// Blocks a customer, or lets them in again, whoever asked for it.
pub(crate) async fn put(tx: &mut Tx, actor: &Actor, id: UserId, on: bool) -> Result<()> {
    let at = on.then(|| tx.at());
    sqlx::query!("update users set blocked_at = $2, version = version + 1 where id = $1", id.0, at)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    if on {
        end_sessions(tx, id).await?;
    }
    let what = match on {
        true => Happening::CustomerBlocked { customer: id },
        false => Happening::CustomerUnblocked { customer: id },
    };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}

/// Takes a customer's second factor away, who has lost it. They are signed out everywhere, and told by mail. Errors: field
/// errors for `name` and `reason`; `Impossible` where there is none.
#[crate::compiled_here]
pub async fn remove_second_factor(tx: &mut Tx, actor: &Actor, id: UserId, removal: &Removal) -> Result<()> {
    policy::demand(actor, Action::EditPeople, None)?;
    let reason = removal.check(&hold(tx, id).await?.name)?;
    if !second_factor::remove_all(tx, id).await? {
        return Err(Error::new(Code::Impossible, "This person has no second factor."));
    }
    events::append(tx, actor, None, &Happening::CustomerSecondFactorRemoved { customer: id, reason }).await?;
    Ok(())
}

/// Signs somebody out everywhere, and ends their tokens of the API. Their open sockets are closed by the event that says why.
pub(super) async fn end_sessions(tx: &mut Tx, id: UserId) -> Result<()> {
    sqlx::query!("delete from sessions where user_id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
    crate::accounts::api_tokens::end_all(tx, id).await?;
    session::end_tokens(tx, id).await
}
