//! Who has been sent to a provider, and is awaited back: once, within ten minutes, in the same browser.

use crate::{
    Desk, OrOurs, Tx,
    tokens::{LONGEST, fresh, hash, kept_or_fresh},
};
use domain::{Code, Error, ProviderId, Result, UserId};

/// How long somebody may be there, in milliseconds: ten minutes.
pub const LASTS_MS: i64 = 10 * 60_000;
/// How long a place to go to afterwards may be, in bytes.
const NEXT_MAX: usize = 2_000;

/// Somebody who is about to be sent.
#[derive(Debug)]
pub struct Sent {
    /// Comes back in the address.
    pub state: String,
    /// Comes back in a cookie.
    pub browser: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Goes to the provider once they are back; its hash goes along with them.
    pub verifier: String,
}

/// Somebody who is back.
#[derive(Debug)]
pub struct Back {
    pub provider: ProviderId,
    /// Who wants to connect their account; nobody when somebody signs in.
    pub user: Option<UserId>,
    pub nonce: String,
    pub verifier: String,
    pub next: String,
}

/// Notes that somebody is sent. `browser`: the value of the cookie that this browser has from before, so that two pages of it
/// can be on their way.
#[crate::compiled_here]
pub async fn begin(
    tx: &mut Tx,
    provider: ProviderId,
    user: Option<UserId>,
    next: &str,
    browser: Option<String>,
) -> Result<Sent> {
    let browser = kept_or_fresh(browser);
    let sent = Sent { state: fresh(), browser, nonce: fresh(), verifier: fresh() };
    let next = if next.len() <= NEXT_MAX { next } else { "/" };
    sqlx::query!(
        "insert into outside_visits (state_hash, browser_hash, provider_id, user_id, nonce, verifier, next, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        hash(&sent.state),
        hash(&sent.browser),
        provider.0,
        user.map(|u| u.0),
        sent.nonce,
        sent.verifier,
        next,
        time::OffsetDateTime::from(tx.now.plus_millis(LASTS_MS)),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(sent)
}

/// Whom the state of an address stands for. It does so once, whatever comes of it, and in the browser that was sent only.
///
/// Errors: `NotFound` in words for all else.
#[crate::compiled_here]
pub async fn back(desk: &Desk, state: &str, browser: &str) -> Result<Back> {
    let lost = || {
        Error::new(
            Code::NotFound,
            "This way in is not good any more: it was used already, took longer than ten minutes, or began in another \
             browser. Please begin anew.",
        )
    };
    if state.len() > LONGEST || browser.len() > LONGEST {
        return Err(lost());
    }
    // Another browser does not use it up: whoever has only seen the address cannot spoil it.
    let now = desk.now();
    let row = sqlx::query!(
        "delete from outside_visits where state_hash = $1 and browser_hash = $2
         returning provider_id, user_id, nonce, verifier, next, expires_at > $3 as \"good!\"",
        hash(state),
        hash(browser),
        time::OffsetDateTime::from(now),
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?
    .filter(|r| r.good)
    .ok_or_else(lost)?;
    Ok(Back {
        provider: ProviderId(row.provider_id),
        user: row.user_id.map(UserId),
        nonce: row.nonce,
        verifier: row.verifier,
        next: row.next,
    })
}
