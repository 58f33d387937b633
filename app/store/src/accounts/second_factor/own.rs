//! What people set up for their own second step.

use super::{codes_if_none, new_id, place, recovery, refused, take, take_turn, totp, used};
use crate::{
    Desk, OrOurs, Tx,
    accounts::{Letter, letters, own::prove, throttle},
    events,
    outside::ways,
};
use domain::{
    Actor, Code, Error, Principal, Result, SessionId, Time, UserId,
    event::Happening,
    second_factor::{Beside, Own, Typed},
};
use sqlx::PgConnection;

/// How long the secret of an app that is being set up is shown, in milliseconds: a quarter of an hour.
const SHOWN_MS: i64 = 15 * 60_000;

/// What one has. The secret of an app that is being set up is shown in the session in which it was begun, and nowhere else.
/// `issuer` is how the app is to name this desk.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor, session: Option<SessionId>, issuer: &str) -> Result<Own> {
    let person = actor.signed_in()?;
    let mut conn = desk.read().await?;
    let row = sqlx::query!(
        r#"select u.password_hash is not null as "has_password!", u.created_at, u.second_factor,
                  (select confirmed_at from totp where user_id = u.id and confirmed_at is not null) as app_since,
                  (select count(*) from recovery_codes where user_id = u.id) as "recovery_codes!",
                  b.id as "begun?", b.secret_sealed as "secret_sealed?"
           from users u left join totp b on b.user_id = u.id and b.confirmed_at is null and b.session_id = $2
               and b.begun_at > $3
           where u.id = $1"#,
        person.id.0,
        session.map(|s| s.0),
        time::OffsetDateTime::from(desk.now().plus_millis(-SHOWN_MS)),
    )
    .fetch_one(&mut *conn)
    .await
    .ours()?;
    let elsewhere = !ways::of(&mut conn, &person.email).await?.is_empty();
    conn.done();
    let begun = match row.begun.zip(row.secret_sealed) {
        Some((id, sealed)) => Some(totp::begun(&desk.sealer().open(&place(id), &sealed)?, issuer, &person.email)?),
        None => None,
    };
    Ok(Own {
        on: row.second_factor,
        app_since: row.app_since.map(Into::into),
        begun,
        recovery_codes: row.recovery_codes,
        has_password: row.has_password && !elsewhere,
        due: desk.catalog().second_factor_due(person, row.created_at.into()).filter(|_| !row.second_factor),
    })
}

/// What opens somebody's account beside the password.
pub(crate) async fn beside(conn: &mut PgConnection, user: UserId, now: Time) -> Result<Beside> {
    let row = sqlx::query!(
        r#"select passkeys as "passkeys!", app as "app!", recovery_codes as "recovery_codes!",
               (select count(*) from api_tokens t where t.user_id = $1 and t.expires_at > $2) as "api_tokens!"
           from ways_beside where user_id = $1"#,
        user.0,
        time::OffsetDateTime::from(now),
    )
    .fetch_one(conn)
    .await
    .ours()?;
    Ok(Beside { passkeys: row.passkeys, app: row.app, recovery_codes: row.recovery_codes, api_tokens: row.api_tokens })
}

/// Begins to set up an app, instead of any that was begun before. Errors: a field error for `password`; `TooMany`.
#[crate::compiled_here]
pub async fn begin(desk: &Desk, actor: &Actor, session: Option<SessionId>, password: String) -> Result<()> {
    let person = prove(desk, actor, session, password).await?;
    let mut tx = desk.begin().await?;
    let id = new_id(&mut tx).await?;
    let sealed = desk.sealer().seal(&place(id), &totp::secret())?;
    let now = tx.at();
    sqlx::query!("delete from totp where user_id = $1 and confirmed_at is null", person.id.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query!(
        "insert into totp (id, user_id, secret_sealed, session_id, begun_at) overriding system value
         values ($1, $2, $3, $4, $5)",
        id,
        person.id.0,
        sealed,
        session.map(|s| s.0),
        now,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(&mut tx, actor, None, &Happening::AppBegun).await?;
    tx.commit().await
}

/// Ends setting up an app.
#[crate::compiled_here]
pub async fn cancel(tx: &mut Tx, actor: &Actor) -> Result<()> {
    let person = actor.signed_in()?.id;
    sqlx::query!("delete from totp where user_id = $1 and confirmed_at is null", person.0)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Turns an app on that shows the right code, in the place of the one until now. Returns recovery codes where there are none
/// yet: they are shown this once.
///
/// Errors: a field error for `code`; `Over` when nothing was begun in this session, or too long ago.
#[crate::compiled_here]
pub async fn confirm(desk: &Desk, actor: &Actor, session: Option<SessionId>, code: &str) -> Result<Vec<String>> {
    let person = actor.signed_in()?;
    let mut tx = desk.begin().await?;
    sqlx::query!("select id from users where id = $1 for no key update", person.id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    let begun = sqlx::query!(
        "select id, secret_sealed from totp where user_id = $1 and confirmed_at is null and session_id = $2 and begun_at > $3",
        person.id.0,
        session.map(|s| s.0),
        time::OffsetDateTime::from(tx.now.plus_millis(-SHOWN_MS)),
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(|| Error::new(Code::Over, "This took too long. Please begin again."))?;
    let secret = desk.sealer().open(&place(begun.id), &begun.secret_sealed)?;
    // Nothing can be guessed here: the secret stands on the page.
    let wrong =
        || Error::field("code", "This code is not right. If it stays so, look whether the clock of the device is.");
    let Some(Typed::Code(typed)) = Typed::read(code) else { return Err(wrong()) };
    let step = totp::step_of(&secret, typed, tx.now, 0)?.ok_or_else(wrong)?;
    let now = tx.at();
    sqlx::query!("delete from totp where user_id = $1 and id <> $2", person.id.0, begun.id)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query!(
        "update totp set confirmed_at = $2, last_step = $3, session_id = null where id = $1",
        begun.id,
        now,
        step,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(&mut tx, actor, None, &Happening::AppAdded).await?;
    letters::post(&mut tx, Letter::SecondFactorChanged { user: person.id, on: true }).await?;
    let codes = codes_if_none(&mut tx, person.id).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Makes new recovery codes; those until now are good no more. Errors: a field error for `password`; `Impossible` where there
/// is nothing to recover.
#[crate::compiled_here]
pub async fn new_codes(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    password: String,
) -> Result<Vec<String>> {
    let person = prove(desk, actor, session, password).await?;
    let mut tx = desk.begin().await?;
    demand_one(&mut tx, &person).await?;
    let codes = recovery::renew(&mut tx, person.id).await?;
    events::append(&mut tx, actor, None, &Happening::RecoveryCodesMade).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Holds the account, which has a second factor.
async fn demand_one(tx: &mut Tx, person: &Principal) -> Result<()> {
    let on = sqlx::query_scalar!("select second_factor from users where id = $1 for no key update", person.id.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    if on { Ok(()) } else { Err(Error::new(Code::Impossible, "Two-step sign-in is off.")) }
}

/// Takes the app away. Errors: field errors for `password` and `code`; `TooMany`.
#[crate::compiled_here]
pub async fn remove_app(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    password: String,
    code: &str,
) -> Result<()> {
    let person = prove(desk, actor, session, password).await?;
    let keys = throttle::keys_of_proof(person.id);
    let mut tx = desk.begin().await?;
    take_turn(&mut tx, person.id, &keys).await?;
    demand_one(&mut tx, &person).await?;
    let Some(proof) = take(desk, &mut tx, person.id, code).await? else {
        return Err(refused(tx, actor, &person, &keys).await?);
    };
    used(&mut tx, actor, proof).await?;
    throttle::succeeded(&mut tx, &keys).await?;
    sqlx::query!("delete from totp where user_id = $1", person.id.0).execute(&mut *tx.conn).await.ours()?;
    events::append(&mut tx, actor, None, &Happening::AppRemoved).await?;
    letters::post(&mut tx, Letter::SecondFactorChanged { user: person.id, on: false }).await?;
    tx.commit().await
}
