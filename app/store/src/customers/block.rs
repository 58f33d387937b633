//! Blocking a sender.

use super::hold;
use crate::{OrOurs, Tx, events};
use domain::{
    Actor, Result, UserId,
    event::Happening,
    policy::{self, Action},
};

/// Blocks a customer, or lets them in again. A blocked one is signed out everywhere at once and cannot sign in; mails from
/// any of their addresses go to the quarantine, where they can be seen. Doing it twice changes nothing.
pub async fn block(tx: &mut Tx, actor: &Actor, id: UserId, on: bool) -> Result<()> {
    policy::demand(actor, Action::EditPeople, None)?;
    let before = hold(tx, id).await?;
    if before.blocked == on {
        return Ok(());
    }
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

/// Signs somebody out everywhere. Their open sockets are closed by the event that says why.
pub(super) async fn end_sessions(tx: &mut Tx, id: UserId) -> Result<()> {
    sqlx::query!("delete from sessions where user_id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
    Ok(())
}
