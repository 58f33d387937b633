//! The logo of a company. Its number stands in `companies.logo`, its bytes with the other files, like pictures of people.

use super::hold;
use crate::{
    Desk, OrOurs, Tx,
    accounts::picture::{self, Of},
    events,
};
use bytes::Bytes;
use domain::{
    Actor, CompanyId, Error, Result,
    event::Happening,
    picture::Kind,
    policy::{self, Action},
};

/// Takes a logo in place of the one before. Errors: those of [`domain::picture::read`]; `NotFound`; `Unavailable` when the disk
/// is full.
#[crate::compiled_here]
pub async fn set(desk: &Desk, actor: &Actor, id: CompanyId, bytes: Vec<u8>) -> Result<()> {
    policy::demand(actor, Action::EditPeople, None)?;
    picture::keep(desk, Of::Company(id), bytes, async |tx, number| replace(tx, actor, id, Some(number)).await).await
}

/// Takes the logo away.
#[crate::compiled_here]
pub async fn remove(tx: &mut Tx, actor: &Actor, id: CompanyId) -> Result<()> {
    policy::demand(actor, Action::EditPeople, None)?;
    replace(tx, actor, id, None).await
}

async fn replace(tx: &mut Tx, actor: &Actor, id: CompanyId, number: Option<i64>) -> Result<()> {
    let before = hold(tx, id).await?;
    if before.logo == number {
        return Ok(());
    }
    sqlx::query!("update companies set logo = $2, version = version + 1 where id = $1", id.0, number)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    picture::discard(tx, Of::Company(id), before.logo).await?;
    let what = Happening::CompanyChanged { company: before.named(), fields: vec!["logo".to_owned()] };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}

/// The bytes of a company's logo. To whoever may not see it, and under any number but its own, it is not there.
#[crate::compiled_here]
pub async fn open(desk: &Desk, actor: &Actor, of: CompanyId, number: i64) -> Result<(Kind, Bytes)> {
    policy::demand_somebody(actor)?;
    let missing = || Error::not_found("picture");
    if !policy::may_see_logo(actor, of) {
        return Err(missing());
    }
    sqlx::query_scalar!("select id from companies where id = $1 and logo = $2", of.0, number)
        .fetch_optional(desk.pool())
        .await
        .ours()?
        .ok_or_else(missing)?;
    picture::fetch(desk, Of::Company(of), number).await
}
