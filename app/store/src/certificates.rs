//! Certificates for HTTPS from an authority (ACME): what all servers on a database share of them. One server at a time asks the
//! authority, any may answer its challenges, and all use what it gives.

use crate::{Desk, OrOurs, Tx, events, seal::Place};
use domain::{
    Actor, Error, Result, Time,
    certificate::{Fault, Https, LOOK_AGAIN, Source, Standing, next_try, renewal},
    event::Happening,
    policy::{self, Action},
};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Which certificate is meant: of which authority, for which name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The address of the authority's directory.
    pub directory: String,
    pub name: String,
}

/// A certificate with those that vouch for it, in PEM, and its key.
#[derive(Clone)]
pub struct Kept {
    pub chain: String,
    pub key: Vec<u8>,
}

/// Without the key.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("chain", &self.chain).finish_non_exhaustive()
    }
}

/// How long what a challenge is answered with is kept, in milliseconds, when nobody took it away: its server has died.
const CHALLENGE_MS: i64 = 24 * 3_600_000;

fn key_place(row: i64) -> Place {
    Place { table: "acme_certificates", row, column: "key_sealed" }
}

fn account_place(row: i64) -> Place {
    Place { table: "acme_accounts", row, column: "credentials_sealed" }
}

/// Where the certificate of this server comes from, as its settings say, and how it stands: for superadmins.
#[crate::compiled_here]
pub async fn https(desk: &Desk, actor: &Actor, source: Source) -> Result<Https> {
    policy::demand(actor, Action::Administer, None)?;
    let standing = match &source {
        Source::Authority { directory, name } => {
            standing(desk, &Wanted { directory: directory.clone(), name: name.clone() }).await?
        }
        _ => None,
    };
    let now = desk.now();
    let under_way = standing.as_ref().is_some_and(|standing| standing.is_under_way(now));
    let held_until = standing.as_ref().and_then(|standing| standing.held_until(now));
    let expired = standing.as_ref().and_then(|standing| standing.valid).is_some_and(|(_, until)| until <= now);
    Ok(Https { source, standing, under_way, held_until, expired })
}

/// How a certificate stands. `None`: no server has begun with it.
#[crate::compiled_here]
pub async fn standing(desk: &Desk, wanted: &Wanted) -> Result<Option<Standing>> {
    let mut conn = desk.pool().acquire().await.ours()?;
    standing_of(&mut conn, wanted, false).await
}

/// The same; with `held`, nobody else changes it until the transaction is over.
async fn standing_of(conn: &mut PgConnection, wanted: &Wanted, held: bool) -> Result<Option<Standing>> {
    if held {
        sqlx::query!(
            "select from acme_certificates where directory = $1 and name = $2 for update",
            wanted.directory,
            wanted.name,
        )
        .fetch_optional(&mut *conn)
        .await
        .ours()?;
    }
    let row = sqlx::query!(
        "select valid_from, valid_until, next_at, failures, failure, failed_at, not_before, asked_at, suggested
         from acme_certificates where directory = $1 and name = $2",
        wanted.directory,
        wanted.name,
    )
    .fetch_optional(conn)
    .await
    .ours()?;
    Ok(row.map(|r| Standing {
        valid: r.valid_from.zip(r.valid_until).map(|(from, until)| (from.into(), until.into())),
        next_at: r.next_at.into(),
        failures: r.failures,
        failure: r.failure.zip(r.failed_at.map(Time::from)),
        not_before: r.not_before.map(Time::from),
        asked_at: r.asked_at.map(Time::from),
        suggested: r.suggested,
    }))
}

/// Has the authority asked at once, by whichever server is free, where the last try has failed.
///
/// Errors: `NotFound` when no server has begun with this certificate; those of [`Standing::may_hurry`].
#[crate::compiled_here]
pub async fn try_now(tx: &mut Tx, actor: &Actor, wanted: &Wanted) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    let standing = standing_of(&mut tx.conn, wanted, true).await?;
    standing.ok_or_else(|| Error::not_found("certificate"))?.may_hurry(tx.now)?;
    let now = tx.at();
    sqlx::query!(
        "update acme_certificates set next_at = $3, asked_at = $3 where directory = $1 and name = $2",
        wanted.directory,
        wanted.name,
        now,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, None, &Happening::CertificateAsked { name: wanted.name.clone() }).await?;
    Ok(())
}

/// Says that this certificate is wanted: at once, where there is none yet.
#[crate::compiled_here]
pub async fn want(desk: &Desk, wanted: &Wanted) -> Result<()> {
    sqlx::query!(
        "insert into acme_certificates (directory, name, next_at) values ($1, $2, $3)
         on conflict (directory, name) do nothing",
        wanted.directory,
        wanted.name,
        OffsetDateTime::from(desk.now()),
    )
    .execute(desk.pool())
    .await
    .ours()?;
    Ok(())
}

/// The certificate there is, unless it is the one with this chain, which the caller has already.
///
/// Errors: `Internal` when its key cannot be opened; the log says why.
#[crate::compiled_here]
pub async fn kept(desk: &Desk, wanted: &Wanted, known: Option<&str>) -> Result<Option<Kept>> {
    let row = sqlx::query!(
        r#"select id, chain as "chain!", key_sealed as "key_sealed!" from acme_certificates
           where directory = $1 and name = $2 and chain is not null and chain is distinct from $3"#,
        wanted.directory,
        wanted.name,
        known,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    let open = |id, sealed: &[u8]| desk.sealer().open(&key_place(id), sealed);
    row.map(|r| Ok(Kept { key: open(r.id, &r.key_sealed)?, chain: r.chain })).transpose()
}

/// Has the authority asked now, where the last try has failed or, with `anew`, in any case; but not before it wants to be.
#[crate::compiled_here]
pub async fn hurry(desk: &Desk, wanted: &Wanted, anew: bool) -> Result<()> {
    sqlx::query!(
        "update acme_certificates set next_at = greatest($3, not_before)
         where directory = $1 and name = $2 and (failures > 0 or $4) and next_at > $3",
        wanted.directory,
        wanted.name,
        OffsetDateTime::from(desk.now()),
        anew,
    )
    .execute(desk.pool())
    .await
    .ours()?;
    Ok(())
}

/// The turn to ask the authority: no other server has it meanwhile. It ends with this value or with its server, whichever is first.
#[must_use]
pub struct Turn {
    /// Only its lock is needed. It writes nothing, and so holds no events back.
    _tx: Tx,
    /// How often in a row it has failed until now.
    pub failures: i32,
    /// The certificate that it is to take the place of, where the authority has said when: it knows that one.
    pub replaces: Option<String>,
}

/// Takes the turn, if the authority is to be asked by now and no other server is at it.
#[crate::compiled_here]
pub async fn take_turn(desk: &Desk, wanted: &Wanted) -> Result<Option<Turn>> {
    let mut tx = desk.begin().await?;
    let now = tx.at();
    let free = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtextextended('certificate:' || $1 || ' ' || $2, 0)) as "free!""#,
        wanted.directory,
        wanted.name,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if !free {
        return Ok(None);
    }
    // Read with the turn taken: who had it before may just have got what is wanted.
    let due = sqlx::query!(
        "select failures, case when suggested then chain end as replaces
         from acme_certificates where directory = $1 and name = $2 and next_at <= $3",
        wanted.directory,
        wanted.name,
        now,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    Ok(due.map(|due| Turn { _tx: tx, failures: due.failures, replaces: due.replaces }))
}

/// As whom an authority knows us.
#[derive(Clone, Debug)]
pub struct Account {
    /// The address of its directory.
    pub directory: String,
    /// Whom it may write to.
    pub contact: String,
    /// The number of the account there that ours is bound to; empty: of none.
    pub key_id: String,
}

/// What proves that we are this account.
///
/// Errors: `Internal` when it cannot be opened; the log says why.
#[crate::compiled_here]
pub async fn account(desk: &Desk, account: &Account) -> Result<Option<Vec<u8>>> {
    let row = sqlx::query!(
        "select id, credentials_sealed from acme_accounts where directory = $1 and contact = $2 and key_id = $3",
        account.directory,
        account.contact,
        account.key_id,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    row.map(|r| desk.sealer().open(&account_place(r.id), &r.credentials_sealed)).transpose()
}

/// Keeps it, in the place of an earlier one.
#[crate::compiled_here]
pub async fn keep_account(desk: &Desk, account: &Account, credentials: &[u8]) -> Result<()> {
    let mut tx = desk.begin().await?;
    let at = tx.at();
    let id = sqlx::query_scalar!(r#"select nextval(pg_get_serial_sequence('acme_accounts', 'id')) as "id!""#)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    let sealed = desk.sealer().seal(&account_place(id), credentials)?;
    sqlx::query!(
        "insert into acme_accounts (id, directory, contact, key_id, credentials_sealed, made_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (directory, contact, key_id) do update
             set id = excluded.id, credentials_sealed = excluded.credentials_sealed, made_at = excluded.made_at",
        id,
        account.directory,
        account.contact,
        account.key_id,
        sealed,
        at,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    tx.commit_quietly().await
}

/// Says how a challenge is answered, by whichever server the authority comes to.
#[crate::compiled_here]
pub async fn challenge(desk: &Desk, name: &str, token: &str, answer: &str) -> Result<()> {
    let now = desk.now();
    sqlx::query!(
        "with old as (delete from acme_challenges where made_at < $5)
         insert into acme_challenges (token, name, answer, made_at) values ($1, $2, $3, $4)
         on conflict (token) do update set name = excluded.name, answer = excluded.answer, made_at = excluded.made_at",
        token,
        name,
        answer,
        OffsetDateTime::from(now),
        OffsetDateTime::from(now.plus_millis(-CHALLENGE_MS)),
    )
    .execute(desk.pool())
    .await
    .ours()?;
    Ok(())
}

/// The challenges of a name are over.
#[crate::compiled_here]
pub async fn forget_challenges(desk: &Desk, name: &str) -> Result<()> {
    sqlx::query!("delete from acme_challenges where name = $1", name).execute(desk.pool()).await.ours()?;
    Ok(())
}

/// What the challenge with this token is answered with (HTTP-01).
#[crate::compiled_here]
pub async fn answer_to(desk: &Desk, token: &str) -> Result<Option<String>> {
    sqlx::query_scalar!("select answer from acme_challenges where token = $1", token)
        .fetch_optional(desk.pool())
        .await
        .ours()
}

/// What the latest challenge of this name is answered with (TLS-ALPN-01).
#[crate::compiled_here]
pub async fn answer_for(desk: &Desk, name: &str) -> Result<Option<String>> {
    sqlx::query_scalar!("select answer from acme_challenges where name = $1 order by made_at desc, token limit 1", name)
        .fetch_optional(desk.pool())
        .await
        .ours()
}

/// Keeps what the authority has given. All servers learn of it by the event. Returns when it is renewed.
#[crate::compiled_here]
pub async fn obtained(desk: &Desk, _turn: &Turn, wanted: &Wanted, kept: &Kept, valid: (Time, Time)) -> Result<Time> {
    let mut tx = desk.begin().await?;
    let id = sqlx::query_scalar!(
        "select id from acme_certificates where directory = $1 and name = $2 for update",
        wanted.directory,
        wanted.name,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let next_at = renewal(valid.0, valid.1);
    sqlx::query!(
        "update acme_certificates
         set chain = $2, key_sealed = $3, valid_from = $4, valid_until = $5, next_at = $6,
             failures = 0, failure = null, failed_at = null, not_before = null, suggested = false, look_at = null
         where id = $1",
        id,
        kept.chain,
        desk.sealer().seal(&key_place(id), &kept.key)?,
        OffsetDateTime::from(valid.0),
        OffsetDateTime::from(valid.1),
        OffsetDateTime::from(next_at),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    // Of names and authorities of before: nobody can use those any more.
    let now = tx.at();
    sqlx::query!("delete from acme_certificates where id <> $1 and valid_until < $2", id, now)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    let what = Happening::CertificateObtained { name: wanted.name.clone(), until: valid.1 };
    events::append(&mut tx, &Actor::system("Docket"), None, &what).await?;
    tx.commit().await?;
    Ok(next_at)
}

/// Notes that there is no new certificate, and why; `not_before`: when the authority wants to be asked again. Returns when the next
/// try is.
#[crate::compiled_here]
pub async fn failed(
    desk: &Desk,
    turn: &Turn,
    wanted: &Wanted,
    why: &str,
    fault: Fault,
    not_before: Option<Time>,
) -> Result<Time> {
    let mut tx = desk.begin().await?;
    let at = tx.at();
    let failures = turn.failures.saturating_add(1);
    let next_at = next_try(tx.now, failures, fault, not_before);
    sqlx::query!(
        "update acme_certificates set failures = $3, failure = $4, failed_at = $5, next_at = $6, not_before = $7
         where directory = $1 and name = $2",
        wanted.directory,
        wanted.name,
        failures,
        why,
        at,
        OffsetDateTime::from(next_at),
        not_before.map(|until| OffsetDateTime::from(until.min(next_at))),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let what = Happening::CertificateFailed { name: wanted.name.clone(), why: why.to_owned() };
    events::append(&mut tx, &Actor::system("Docket"), None, &what).await?;
    tx.commit().await?;
    Ok(next_at)
}

/// The certificate of which the authority is to be asked when it would have it renewed, if that is due, and from when until when
/// it is valid. Another server that asks this gets nothing until it is due again.
#[crate::compiled_here]
pub async fn to_look_at(desk: &Desk, wanted: &Wanted) -> Result<Option<(String, (Time, Time))>> {
    let now = desk.now();
    let row = sqlx::query!(
        r#"update acme_certificates set look_at = $4
           where directory = $1 and name = $2 and chain is not null and failures = 0 and next_at > $3
             and (look_at is null or look_at <= $3)
           returning chain as "chain!", valid_from as "valid_from!", valid_until as "valid_until!""#,
        wanted.directory,
        wanted.name,
        OffsetDateTime::from(now),
        OffsetDateTime::from(now.plus_millis(LOOK_AGAIN)),
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    Ok(row.map(|r| (r.chain, (r.valid_from.into(), r.valid_until.into()))))
}

/// Notes when the authority would have this certificate renewed, and when it is asked for that again.
#[crate::compiled_here]
pub async fn suggested(desk: &Desk, wanted: &Wanted, chain: &str, next_at: Time, look_at: Time) -> Result<()> {
    sqlx::query!(
        "update acme_certificates set next_at = $4, look_at = $5, suggested = true
         where directory = $1 and name = $2 and chain = $3 and failures = 0",
        wanted.directory,
        wanted.name,
        chain,
        OffsetDateTime::from(next_at),
        OffsetDateTime::from(look_at),
    )
    .execute(desk.pool())
    .await
    .ours()?;
    Ok(())
}
