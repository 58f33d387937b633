//! The tokens of providers. Of each only the hash is stored.

use crate::{
    Desk, OrOurs, Tx, access, events,
    tokens::{self, hash},
};
use domain::{
    Actor, Code, CompanyId, Error, ProviderId, Result,
    event::Happening,
    outside::Audience,
    policy::{self, Action},
    scim::{Announcer, PREFIX},
};

/// “Last used” is written at most this often, in milliseconds.
const TOUCH_MS: i64 = 60_000;

/// Makes a provider's token, in the place of one that it may have. Returns it, this once.
///
/// Errors: `Impossible` for a provider of whoever comes: it has no people of its own.
#[crate::compiled_here]
pub async fn make(tx: &mut Tx, actor: &Actor, id: ProviderId) -> Result<String> {
    policy::demand(actor, Action::ManageProviders, None)?;
    access::take_turn(tx).await?;
    let found = sqlx::query!("select name, audience from providers where id = $1 for update", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("way in"))?;
    if Audience::from_word(&found.audience).unwrap_or_default() == Audience::Everybody {
        return Err(Error::new(Code::Impossible, "Only the provider of a company or of staff has people to announce."));
    }
    let token = tokens::named(PREFIX);
    let at = tx.at();
    sqlx::query!(
        "update providers set scim_hash = $2, scim_ending = $3, scim_made_at = $4, scim_used_at = null, scim_address = null
         where id = $1",
        id.0,
        hash(&token),
        tokens::ending(&token),
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, None, &Happening::ProviderTokenMade { name: found.name }).await?;
    Ok(token)
}

/// Ends a provider's token.
///
/// Errors: `NotFound` where there is none.
#[crate::compiled_here]
pub async fn revoke(tx: &mut Tx, actor: &Actor, id: ProviderId) -> Result<()> {
    policy::demand(actor, Action::ManageProviders, None)?;
    let name =
        sqlx::query_scalar!("select name from providers where id = $1 and scim_hash is not null for update", id.0)
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?
            .ok_or_else(|| Error::not_found("token"))?;
    end(tx, actor, id, &name).await
}

/// Ends a provider's token, if it has one.
pub(crate) async fn end(tx: &mut Tx, actor: &Actor, id: ProviderId, name: &str) -> Result<()> {
    let ended = sqlx::query!(
        "update providers set scim_hash = null, scim_ending = null, scim_made_at = null, scim_used_at = null,
             scim_address = null
         where id = $1 and scim_hash is not null",
        id.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if ended.rows_affected() > 0 {
        events::append(tx, actor, None, &Happening::ProviderTokenRevoked { name: name.to_owned() }).await?;
    }
    Ok(())
}

/// Whose token this is; `None` when it is not known. `address` is where it is used from.
#[crate::compiled_here]
pub async fn find(desk: &Desk, token: &str, address: Option<&str>) -> Result<Option<Announcer>> {
    if !tokens::can_be(token, PREFIX) {
        return Ok(None);
    }
    let mut conn = desk.read().await?;
    let row = sqlx::query!(
        "select id, name, audience, company_id, scim_used_at from providers
         where scim_hash = $1 and audience <> 'everybody'",
        hash(token),
    )
    .fetch_optional(&mut *conn)
    .await
    .ours()?;
    conn.done();
    let Some(row) = row else { return Ok(None) };
    let now = desk.now();
    if tokens::was_long_ago(row.scim_used_at, now, TOUCH_MS) {
        sqlx::query!(
            "update providers set scim_used_at = $2, scim_address = $3 where id = $1",
            row.id,
            time::OffsetDateTime::from(now),
            address,
        )
        .execute(desk.pool())
        .await
        .ours()?;
    }
    Ok(Some(Announcer {
        id: ProviderId(row.id),
        name: row.name,
        audience: Audience::from_word(&row.audience).unwrap_or_default(),
        company: row.company_id.map(CompanyId),
    }))
}

/// Makes sure that the token by which a change is asked for is still good, until the end of the transaction: it may have been
/// revoked, or be for others now, since it was looked at. Changes of rights wait until then.
pub(super) async fn demand_good(tx: &mut Tx, announcer: &Announcer) -> Result<()> {
    access::take_turn(tx).await?;
    let same = sqlx::query_scalar!(
        r#"select exists (select 1 from providers where id = $1 and scim_hash is not null and audience = $2
               and company_id is not distinct from $3) as "same!""#,
        announcer.id.0,
        announcer.audience.word(),
        announcer.company.map(|c| c.0),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if same { Ok(()) } else { Err(Error::signed_out()) }
}
