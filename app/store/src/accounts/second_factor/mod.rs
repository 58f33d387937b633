//! The second step of signing in: what one has for it, and proving it.

pub mod own;
mod recovery;
pub mod step;
mod totp;

use crate::{Desk, OrOurs, Tx, events, seal::Place};
use domain::{Actor, Error, Principal, Result, UserId, event::Happening, second_factor::Typed};

use super::{Letter, letters, passkeys, session, throttle};

/// With what the second step was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    App,
    /// So many recovery codes are left.
    Recovery(i64),
}

/// Where the secret of an app is sealed.
fn place(id: i64) -> Place {
    Place { table: "totp", row: id, column: "secret_sealed" }
}

/// Looks at a code that somebody has typed, and takes it: it is good once. Holds the account until the end of the
/// transaction, so that of many tries at once each is counted before the next is looked at.
///
/// Errors: a field error for `code`, which is counted and has to be committed ([`refused`]).
async fn take(desk: &Desk, tx: &mut Tx, user: UserId, typed: &str) -> Result<Option<Proof>> {
    match Typed::read(typed) {
        None => Ok(None),
        Some(Typed::Code(code)) => {
            let app = sqlx::query!(
                "select id, secret_sealed, last_step from totp where user_id = $1 and confirmed_at is not null for update",
                user.0
            )
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?;
            let Some(app) = app else { return Ok(None) };
            let secret = desk.sealer().open(&place(app.id), &app.secret_sealed)?;
            let Some(step) = totp::step_of(&secret, code, tx.now, app.last_step)? else { return Ok(None) };
            sqlx::query!("update totp set last_step = $2 where id = $1", app.id, step)
                .execute(&mut *tx.conn)
                .await
                .ours()?;
            Ok(Some(Proof::App))
        }
        Some(Typed::Recovery(code)) => {
            if !recovery::take(tx, user, &code).await? {
                return Ok(None);
            }
            Ok(Some(Proof::Recovery(recovery::left(tx, user).await?)))
        }
    }
}

/// Lets one try after the other be looked at, and says how long to wait if one has to.
pub(super) async fn take_turn(tx: &mut Tx, user: UserId, keys: &[throttle::Key]) -> Result<()> {
    sqlx::query!("select id from users where id = $1 for no key update", user.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?;
    throttle::check_again(tx, keys).await
}

/// Writes down what a proof has used up, and tells the owner where they may want to know.
async fn used(tx: &mut Tx, by: &Actor, proof: Proof) -> Result<()> {
    if let (Proof::Recovery(left), Some(user)) = (proof, by.user_id()) {
        events::append(tx, by, None, &Happening::RecoveryCodeUsed { left }).await?;
        letters::post(tx, Letter::RecoveryCodeUsed { user, left, from: by.address.clone() }).await?;
    }
    Ok(())
}

/// Counts a wrong code like a wrong password.
async fn refused(tx: Tx, by: &Actor, person: &Principal, keys: &[throttle::Key]) -> Result<Error> {
    counted(tx, by, person, keys, &Happening::SecondFactorFailed).await?;
    Ok(Error::field("code", "This code is not right, was used before, or has run out. Please take the next one."))
}

/// Counts what was not right, says in the log what it was, and gives notice of a lock. Takes the transaction to its end.
pub(super) async fn counted(
    mut tx: Tx,
    by: &Actor,
    person: &Principal,
    keys: &[throttle::Key],
    what: &Happening,
) -> Result<()> {
    if throttle::failed(&mut tx, keys).await? && throttle::notice(&mut tx, &person.email).await? {
        let email = person.email.clone();
        events::append(&mut tx, by, None, &Happening::Locked { email: email.clone() }).await?;
        letters::post(&mut tx, Letter::Locked { email, from: by.address.clone() }).await?;
    }
    events::append(&mut tx, by, None, what).await?;
    tx.commit().await
}

/// Takes all of somebody's second factor away, and signs them out everywhere; the person is told. Whether there was any.
pub(crate) async fn remove_all(tx: &mut Tx, user: UserId) -> Result<bool> {
    let had = sqlx::query_scalar!("select second_factor from users where id = $1 for no key update", user.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    forget(tx, user).await?;
    if had {
        session::end_all(tx, user, None).await?;
        letters::post(tx, Letter::SecondFactorRemoved { user }).await?;
    }
    Ok(had)
}

/// Removes all that somebody has for the second step.
pub(crate) async fn forget(tx: &mut Tx, user: UserId) -> Result<()> {
    sqlx::query!("delete from totp where user_id = $1", user.0).execute(&mut *tx.conn).await.ours()?;
    passkeys::forget(tx, user).await?;
    sqlx::query!("delete from sign_ins_begun where user_id = $1", user.0).execute(&mut *tx.conn).await.ours()?;
    Ok(())
}

/// Recovery codes for who has a second factor now and has none yet, to be shown this once.
pub(super) async fn codes_if_none(tx: &mut Tx, user: UserId) -> Result<Vec<String>> {
    match recovery::left(tx, user).await? {
        0 => recovery::renew(tx, user).await,
        _ => Ok(Vec::new()),
    }
}

/// Sets up an app with a secret that is known already, past its confirmation.
pub(crate) async fn put(tx: &mut Tx, user: UserId, secret: &[u8]) -> Result<()> {
    let id = new_id(tx).await?;
    let sealed = tx.desk().sealer().seal(&place(id), secret)?;
    let now = tx.at();
    sqlx::query!(
        "insert into totp (id, user_id, secret_sealed, begun_at, confirmed_at) overriding system value
         values ($1, $2, $3, $4, $4)",
        id,
        user.0,
        sealed,
        now,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    recovery::renew(tx, user).await.map(drop)
}

/// The number of an app to come: its secret is bound to it.
async fn new_id(tx: &mut Tx) -> Result<i64> {
    sqlx::query_scalar!(r#"select nextval(pg_get_serial_sequence('totp', 'id')) as "id!""#)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()
}
