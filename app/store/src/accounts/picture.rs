//! Pictures that are kept: those of people, and logos of companies. The picture that somebody has of themselves has its number in
//! `users.avatar`, its bytes are with the other files.

use crate::{
    Desk, OrOurs, Tx, events,
    jobs::{self, Work},
};
use bytes::Bytes;
use domain::{
    Actor, CompanyId, Error, Result, Role, UserId,
    event::Happening,
    picture::{self, Kind},
    policy,
};
use object_store::{ObjectStoreExt, PutPayload, path::Path};

/// Numbers of pictures are below this: browsers count exactly as far.
const NUMBERS: i64 = 1 << 53;

/// Whose picture it is.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    Person(UserId),
    Company(CompanyId),
}

impl Of {
    fn key(self, number: i64) -> String {
        match self {
            Of::Person(id) => format!("avatars/{id}/{number}"),
            Of::Company(id) => format!("logos/{id}/{number}"),
        }
    }
}

/// Takes a picture of who is signed in, in place of the one before. Errors: those of [`picture::read`]; `Unavailable` when the
/// disk is full.
#[crate::compiled_here]
pub async fn set(desk: &Desk, actor: &Actor, bytes: Vec<u8>) -> Result<()> {
    let person = actor.signed_in()?.id;
    keep(desk, Of::Person(person), bytes, async |tx, number| {
        replace(tx, person, Some(number)).await?;
        events::append(tx, actor, None, &changed()).await?;
        Ok(())
    })
    .await
}

/// Takes a picture, and has its number noted. What is not noted is not kept.
pub(crate) async fn keep(
    desk: &Desk,
    of: Of,
    bytes: Vec<u8>,
    note: impl AsyncFnOnce(&mut Tx, i64) -> Result<()>,
) -> Result<()> {
    // Two megabytes are looked through in no time, but not beside other requests.
    let read = tokio::task::spawn_blocking(move || picture::read(&bytes)).await;
    let picture = read.map_err(|cause| crate::error::internal(&cause))??;
    let number = rand::random_range(1..NUMBERS);
    let path = Path::from(of.key(number));
    desk.files().put(&path, PutPayload::from(Bytes::from(picture.bytes))).await.ours()?;
    let done = async {
        let mut tx = desk.begin().await?;
        note(&mut tx, number).await?;
        tx.commit().await
    };
    let done = done.await;
    if let Err(error) = &done
        && error.code != domain::Code::Unconfirmed
        && let Err(cause) = desk.files().delete(&path).await
    {
        tracing::warn!(%cause, "the file of a picture that was not taken could not be removed");
    }
    done
}

/// Takes the picture of who is signed in away.
#[crate::compiled_here]
pub async fn remove(tx: &mut Tx, actor: &Actor) -> Result<()> {
    let person = actor.signed_in()?.id;
    if replace(tx, person, None).await? {
        events::append(tx, actor, None, &changed()).await?;
    }
    Ok(())
}

fn changed() -> Happening {
    Happening::ProfileChanged { what: vec!["avatar".to_owned()] }
}

/// Notes another picture of somebody, or none, and has the one before removed. Returns whether there was one.
pub(crate) async fn replace(tx: &mut Tx, person: UserId, number: Option<i64>) -> Result<bool> {
    let before = sqlx::query_scalar!(
        "with before as (select id, avatar from users where id = $1 for no key update)
         update users u set avatar = $2 from before b where u.id = b.id returning b.avatar",
        person.0,
        number,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    discard(tx, Of::Person(person), before).await?;
    Ok(before.is_some())
}

/// Has the file of a picture removed that nobody shows any more.
pub(crate) async fn discard(tx: &mut Tx, of: Of, number: Option<i64>) -> Result<()> {
    let Some(number) = number else { return Ok(()) };
    let now = tx.now;
    jobs::enqueue(tx, &Work::DeleteFile { key: of.key(number) }, now, -5, None).await?;
    Ok(())
}

/// The bytes of somebody's picture. To whoever may not see it, and under any number but its own, it is not there.
#[crate::compiled_here]
pub async fn open(desk: &Desk, actor: &Actor, of: UserId, number: i64) -> Result<(Kind, Bytes)> {
    policy::demand_somebody(actor)?;
    let missing = || Error::not_found("picture");
    let row = sqlx::query!("select role, company_id from users where id = $1 and avatar = $2", of.0, number)
        .fetch_optional(desk.pool())
        .await
        .ours()?
        .ok_or_else(missing)?;
    let role = Role::from_word(&row.role).unwrap_or(Role::Customer);
    if !policy::may_see_picture(actor, of, role, row.company_id.map(CompanyId)) {
        return Err(missing());
    }
    fetch(desk, Of::Person(of), number).await
}

/// The bytes of a picture, once it is known that it may be seen.
pub(crate) async fn fetch(desk: &Desk, of: Of, number: i64) -> Result<(Kind, Bytes)> {
    let missing = || Error::not_found("picture");
    let bytes = match desk.files().get(&Path::from(of.key(number))).await {
        Ok(found) => found.bytes().await.ours()?,
        // Replaced a moment ago.
        Err(object_store::Error::NotFound { .. }) => return Err(missing()),
        Err(cause) => return Err(crate::error::of_files(cause)),
    };
    Kind::of(&bytes).map(|kind| (kind, bytes)).ok_or_else(missing)
}
