//! Tokens of the API that people make for their programs. Of each only the hash is stored.

use crate::{
    Desk, OrOurs, Tx, events, people,
    tokens::{self, hash},
};
use domain::{
    Actor, ApiTokenId, Code, Error, Principal, Result, SessionId, Time, UserId,
    api_token::{ApiToken, NewApiToken, PREFIX, Scope, TOKENS_MAX},
    event::Happening,
};

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// “Last used” is written at most this often, in milliseconds.
const TOUCH_MS: i64 = 5 * 60_000;

/// One's own tokens, the newest first. Those that have run out stay for a month, so that one sees why a program stopped.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Vec<ApiToken>> {
    let person = actor.signed_in()?;
    let mut conn = desk.read().await?;
    let rows = sqlx::query!(
        "select id, name, scope, ending, created_at, expires_at, last_used_at, last_address
         from api_tokens where user_id = $1 order by id desc limit 200",
        person.id.0,
    )
    .fetch_all(&mut *conn)
    .await
    .ours()?;
    conn.done();
    let now = desk.now();
    Ok(rows
        .into_iter()
        .map(|r| ApiToken {
            id: ApiTokenId(r.id),
            name: r.name,
            scope: Scope::from_word(&r.scope).unwrap_or(Scope::Read),
            ending: r.ending,
            created_at: r.created_at.into(),
            expires_at: r.expires_at.into(),
            last_used_at: r.last_used_at.map(Into::into),
            last_address: r.last_address,
            ended: Time::from(r.expires_at) <= now,
        })
        .collect())
}

/// Makes a token for one's own programs. Returns it, this once. Errors: field errors for `name`, `scope`, `days` and `password`;
/// `TooMany`.
#[crate::compiled_here]
pub async fn create(
    desk: &Desk,
    actor: &Actor,
    session: Option<SessionId>,
    input: &NewApiToken,
    password: String,
) -> Result<String> {
    actor.signed_in()?;
    let (name, scope) = input.check()?;
    // It outlives the session: who has found an open computer must not take one along.
    let person = super::own::prove(desk, actor, session, password).await?;
    let mut tx = desk.begin().await?;
    // Two at once must not get past the limit together.
    sqlx::query!("select id from users where id = $1 for no key update", person.id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?;
    let held = sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_tokens where user_id = $1 and expires_at > $2"#,
        person.id.0,
        tx.at(),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if held >= TOKENS_MAX {
        return Err(Error::new(
            Code::TooMany,
            format!("You have {TOKENS_MAX} tokens already. Please revoke one that is not used any more."),
        ));
    }
    let (token, _) = put(&mut tx, person.id, &name, scope, input.days).await?;
    let what = Happening::ApiTokenMade { name, scope, days: input.days };
    events::append(&mut tx, actor, None, &what).await?;
    tx.commit().await?;
    Ok(token)
}

/// Makes a token that is good from now on for so many days. Returns it with its number.
pub(crate) async fn put(tx: &mut Tx, user: UserId, name: &str, scope: Scope, days: i64) -> Result<(String, i64)> {
    let token = tokens::named(PREFIX);
    let (now, ends) = (tx.at(), tx.now.plus_millis(days * DAY_MS));
    let id = sqlx::query_scalar!(
        "insert into api_tokens (user_id, name, scope, token_hash, ending, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7) returning id",
        user.0,
        name,
        scope.word(),
        hash(&token),
        tokens::ending(&token),
        now,
        time::OffsetDateTime::from(ends),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    Ok((token, id))
}

/// Ends one of one's own tokens. Errors: `NotFound`.
#[crate::compiled_here]
pub async fn revoke(tx: &mut Tx, actor: &Actor, id: ApiTokenId) -> Result<()> {
    let person = actor.signed_in()?.id;
    let name =
        sqlx::query_scalar!("delete from api_tokens where id = $1 and user_id = $2 returning name", id.0, person.0)
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?
            .ok_or_else(|| Error::not_found("token"))?;
    events::append(tx, actor, None, &Happening::ApiTokenRevoked { name }).await?;
    Ok(())
}

/// Ends all of one's own tokens. Returns how many.
#[crate::compiled_here]
pub async fn revoke_all(tx: &mut Tx, actor: &Actor) -> Result<i64> {
    let count = end_all(tx, actor.signed_in()?.id).await?;
    if count > 0 {
        events::append(tx, actor, None, &Happening::ApiTokensRevoked { count }).await?;
    }
    Ok(count)
}

/// Ends all tokens of a person. Returns how many.
pub(crate) async fn end_all(tx: &mut Tx, user: UserId) -> Result<i64> {
    let ended =
        sqlx::query!("delete from api_tokens where user_id = $1", user.0).execute(&mut *tx.conn).await.ours()?;
    Ok(i64::try_from(ended.rows_affected()).unwrap_or(i64::MAX))
}

/// Whose token this is, as it lets them act, and what it may; `None` when it is not known, has run out, or its owner is blocked.
/// What the owner may is read anew with each call. `address` is where it is used from. Errors: `Forbidden` for staff who must set
/// a second factor up first.
#[crate::compiled_here]
pub async fn find(desk: &Desk, token: &str, address: Option<&str>) -> Result<Option<(Principal, Scope)>> {
    if !tokens::can_be(token, PREFIX) {
        return Ok(None);
    }
    let now = desk.now();
    let mut conn = desk.read().await?;
    let row = sqlx::query!(
        "select id, user_id, scope, last_used_at from api_tokens where token_hash = $1 and expires_at > $2",
        hash(token),
        time::OffsetDateTime::from(now),
    )
    .fetch_optional(&mut *conn)
    .await
    .ours()?;
    let owner = match &row {
        Some(row) => people::principal_if_any(&mut conn, UserId(row.user_id)).await?,
        None => None,
    };
    conn.done();
    let Some((row, (owner, factor))) = row.zip(owner) else { return Ok(None) };
    super::sign_in::demand_second_factor(desk, &owner, &factor)?;
    if tokens::was_long_ago(row.last_used_at, now, TOUCH_MS) {
        sqlx::query!(
            "update api_tokens set last_used_at = $2, last_address = $3 where id = $1",
            row.id,
            time::OffsetDateTime::from(now),
            address,
        )
        .execute(desk.pool())
        .await
        .ours()?;
    }
    let scope = Scope::from_word(&row.scope).unwrap_or(Scope::Read);
    Ok(Some((scope.limit(owner), scope)))
}
