//! The second step of signing in. Who has proved the first factor has a random cookie, of which only the hash is stored, for
//! some minutes: no session, and good for nothing but this.

use super::{refused, take, take_turn, used};
use crate::{
    Desk, OrOurs, Tx,
    accounts::throttle,
    events, people,
    tokens::{LONGEST, fresh, hash},
};
use domain::{Actor, Code, Error, Principal, Result, UserId, event::Happening, passkey::Place, second_factor::Asked};

/// How long the second step may take, in milliseconds: 5 minutes.
pub const LIFETIME_MS: i64 = 5 * 60_000;

/// For whoever comes too late, or not from the first step.
fn over() -> Error {
    Error::new(Code::SignedOut, "This took too long. Please sign in again, from the beginning.")
}

/// Notes that somebody has proved the first factor. Returns the cookie's value.
pub(in crate::accounts) async fn begin(tx: &mut Tx, user: UserId) -> Result<String> {
    let token = fresh();
    sqlx::query!(
        "insert into sign_ins_begun (token_hash, user_id, token_epoch, expires_at)
         select $2, id, token_epoch, $3 from users where id = $1",
        user.0,
        hash(&token),
        time::OffsetDateTime::from(tx.now.plus_millis(LIFETIME_MS)),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(token)
}

/// Who has proved the first factor with this cookie, as long as they may go on.
pub(in crate::accounts) async fn find(tx: &mut Tx, token: &str) -> Result<UserId> {
    if token.is_empty() || token.len() > LONGEST {
        return Err(over());
    }
    let now = tx.at();
    let found = sqlx::query_scalar!(
        "select u.id from sign_ins_begun b join users u on u.id = b.user_id
         where b.token_hash = $1 and b.expires_at > $2 and u.blocked_at is null and u.token_epoch = b.token_epoch
             and u.second_factor",
        hash(token),
        now,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    found.map(UserId).ok_or_else(over)
}

/// What the page of the second step asks for, at this place if passkeys can be there. Errors: `SignedOut` when it is not the
/// turn of whoever asks.
#[crate::compiled_here]
pub async fn asked(desk: &Desk, _actor: &Actor, token: &str, place: Option<&Place>) -> Result<Asked> {
    let mut tx = desk.begin().await?;
    let user = find(&mut tx, token).await?;
    let row = sqlx::query!(
        r#"select exists (select from totp where user_id = $1 and confirmed_at is not null) as "app!",
                  exists (select from passkeys where user_id = $1 and host = $2) as "passkey!",
                  exists (select from recovery_codes where user_id = $1) as "recovery!""#,
        user.0,
        place.map(|place| place.host.as_str()),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    Ok(Asked { app: row.app, passkey: row.passkey, recovery: row.recovery })
}

/// Proves the second factor by a code, and opens the session. Returns the person and the session cookie's value.
///
/// Errors: `SignedOut` when it took too long; a field error for `code`; `TooMany` while the account or the address has to
/// wait.
#[crate::compiled_here]
pub async fn prove(desk: &Desk, actor: &Actor, token: &str, code: &str, agent: &str) -> Result<(Principal, String)> {
    let mut tx = desk.begin().await?;
    let user = find(&mut tx, token).await?;
    let person = people::principal(&mut tx.conn, user).await?;
    let keys = throttle::keys_of(desk, actor, &person.email, Some(person.id))?;
    let by = Actor::user(person.clone(), actor.address.clone());
    take_turn(&mut tx, user, &keys).await?;
    let Some(proof) = take(desk, &mut tx, user, code).await? else {
        return Err(refused(tx, &by, &person, &keys).await?);
    };
    used(&mut tx, &by, proof).await?;
    end(tx, actor, person, token, &keys, agent).await
}

/// Opens the session of who has proved both factors. Takes the transaction to its end.
pub(in crate::accounts) async fn end(
    mut tx: Tx,
    actor: &Actor,
    person: Principal,
    token: &str,
    keys: &[throttle::Key],
    agent: &str,
) -> Result<(Principal, String)> {
    throttle::succeeded(&mut tx, keys).await?;
    // Of two at once, one gets through.
    let ended = sqlx::query!("delete from sign_ins_begun where token_hash = $1", hash(token))
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    if ended.rows_affected() == 0 {
        return Err(over());
    }
    let session = crate::accounts::session::open(&mut tx, person.id, actor.address.as_deref(), agent).await?;
    let by = Actor::user(person.clone(), actor.address.clone());
    events::append(&mut tx, &by, None, &Happening::SignedIn).await?;
    tx.commit().await?;
    Ok((person, session))
}

/// Asks for the second factor of somebody who has just shown their password, where they have one. Without a session, for
/// whom a token is made.
///
/// Errors: `SecondFactor` where a code is needed and there is none; a field error for `code`; `TooMany`.
pub(in crate::accounts) async fn demand(
    desk: &Desk,
    tx: Tx,
    actor: &Actor,
    person: &Principal,
    code: Option<&str>,
) -> Result<Tx> {
    let mut tx = tx;
    let keys = throttle::keys_of(desk, actor, &person.email, Some(person.id))?;
    take_turn(&mut tx, person.id, &keys).await?;
    let has_one = sqlx::query_scalar!("select second_factor from users where id = $1", person.id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if !has_one {
        return Ok(tx);
    }
    let Some(code) = code else {
        return Err(Error::new(
            Code::SecondFactor,
            "This account has two-step sign-in: send the code of its app, or a recovery code, as “code”, too. A passkey is none \
             for programs: make an API token on your profile.",
        ));
    };
    let by = Actor::user(person.clone(), actor.address.clone());
    match take(desk, &mut tx, person.id, code).await? {
        Some(proof) => {
            used(&mut tx, &by, proof).await?;
            throttle::succeeded(&mut tx, &keys).await?;
            Ok(tx)
        }
        None => Err(refused(tx, &by, person, &keys).await?),
    }
}
