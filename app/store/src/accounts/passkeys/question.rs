//! What authenticators were asked and have still to answer: once, within five minutes, in the same browser. Rows, because any
//! node may get the answer.

use crate::{
    Desk, OrOurs, Tx,
    tokens::{LONGEST, fresh, hash},
};
use domain::{Code, Error, Result, UserId, passkey::Place};
use serde_json::Value;

/// How long an answer may take, in milliseconds: 5 minutes.
pub const LASTS_MS: i64 = 5 * 60_000;

/// What an answer is for. One for the one thing is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Add,
    Second,
    Door,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Purpose::Add => "add",
            Purpose::Second => "second",
            Purpose::Door => "door",
        }
    }
}

/// What was asked, taken out.
#[derive(Debug)]
pub(super) struct Asked {
    pub user: Option<UserId>,
    /// How the passkey is to be called that is being added.
    pub name: String,
    pub place: Place,
    pub state: Value,
}

/// Notes a question. `browser`: what only the browser has that is asked. Returns what goes back beside the answer.
pub(super) async fn put(tx: &mut Tx, purpose: Purpose, browser: &str, asked: &Asked) -> Result<String> {
    let token = fresh();
    sqlx::query!(
        "insert into passkey_questions (token_hash, browser_hash, purpose, user_id, name, origin, state, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        hash(&token),
        hash(browser),
        purpose.word(),
        asked.user.map(|user| user.0),
        (purpose == Purpose::Add).then_some(asked.name.as_str()),
        asked.place.origin,
        asked.state,
        time::OffsetDateTime::from(tx.now.plus_millis(LASTS_MS)),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(token)
}

/// How many questions wait at the door; counted up to `most`.
pub(super) async fn open(tx: &mut Tx, most: i64) -> Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select from passkey_questions where purpose = 'door' limit $1) q"#,
        most,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()
}

/// Takes a question out, whatever comes of its answer. Errors: `Over` for one that was answered, is too old, was asked
/// somewhere else or for something else.
pub(super) async fn take(desk: &Desk, purpose: Purpose, browser: &str, token: &str) -> Result<Asked> {
    let over = || {
        Error::new(
            Code::Over,
            "This took longer than five minutes, was answered already, or was begun in another browser. Please try again.",
        )
    };
    if browser.is_empty() || token.is_empty() || browser.len() > LONGEST || token.len() > LONGEST {
        return Err(over());
    }
    let now = desk.now();
    // Another browser does not use it up: whoever has only seen it cannot spoil it.
    let row = sqlx::query!(
        r#"delete from passkey_questions where token_hash = $1 and browser_hash = $2 and purpose = $3
           returning user_id, name, origin, state, expires_at > $4 as "good!""#,
        hash(token),
        hash(browser),
        purpose.word(),
        time::OffsetDateTime::from(now),
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?
    .filter(|row| row.good)
    .ok_or_else(over)?;
    Ok(Asked {
        user: row.user_id.map(UserId),
        name: row.name.unwrap_or_default(),
        place: Place::of(&row.origin).map_err(Error::from)?,
        state: row.state,
    })
}
