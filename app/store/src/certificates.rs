//! Certificates for HTTPS from an authority (ACME): what all servers on a database share of them. One server at a time asks the
//! authority, any may answer its challenges, and all use what it gives.

use crate::{Desk, OrOurs, Tx, events, seal::Place};
use domain::{
    Actor, Result, Time,
    certificate::{Fault, Https, Source, Standing, pause, renewal},
    event::Happening,
    policy::{self, Action},
};
use time::OffsetDateTime;

/// Which certificate is meant: of which authority, for which name.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    Ok(Https { source, standing })
}

/// How a certificate stands. `None`: no server has begun with it.
#[crate::compiled_here]
pub async fn standing(desk: &Desk, wanted: &Wanted) -> Result<Option<Standing>> {
    let row = sqlx::query!(
        "select valid_from, valid_until, next_at, failures, failure, failed_at
         from acme_certificates where directory = $1 and name = $2",
        wanted.directory,
        wanted.name,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    Ok(row.map(|r| Standing {
        valid: r.valid_from.zip(r.valid_until).map(|(from, until)| (from.into(), until.into())),
        next_at: r.next_at.into(),
        failures: r.failures,
        failure: r.failure.zip(r.failed_at.map(Time::from)),
    }))
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

/// Has the authority asked now, where the last try has failed or, with `anew`, in any case.
#[crate::compiled_here]
pub async fn hurry(desk: &Desk, wanted: &Wanted, anew: bool) -> Result<()> {
    sqlx::query!(
        "update acme_certificates set next_at = $3
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
    let failures = sqlx::query_scalar!(
        "select failures from acme_certificates where directory = $1 and name = $2 and next_at <= $3",
        wanted.directory,
        wanted.name,
        now,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    Ok(failures.map(|failures| Turn { _tx: tx, failures }))
}

/// As whom this authority knows us under this address, with the key to prove it.
///
/// Errors: `Internal` when it cannot be opened; the log says why.
#[crate::compiled_here]
pub async fn account(desk: &Desk, directory: &str, contact: &str) -> Result<Option<Vec<u8>>> {
    let row = sqlx::query!(
        "select id, credentials_sealed from acme_accounts where directory = $1 and contact = $2",
        directory,
        contact,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    row.map(|r| desk.sealer().open(&account_place(r.id), &r.credentials_sealed)).transpose()
}

/// Keeps it, in the place of an earlier one.
#[crate::compiled_here]
pub async fn keep_account(desk: &Desk, directory: &str, contact: &str, credentials: &[u8]) -> Result<()> {
    let mut tx = desk.begin().await?;
    let at = tx.at();
    let id = sqlx::query_scalar!(r#"select nextval(pg_get_serial_sequence('acme_accounts', 'id')) as "id!""#)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
    let sealed = desk.sealer().seal(&account_place(id), credentials)?;
    sqlx::query!(
        "insert into acme_accounts (id, directory, contact, credentials_sealed, made_at) values ($1, $2, $3, $4, $5)
         on conflict (directory, contact) do update
             set id = excluded.id, credentials_sealed = excluded.credentials_sealed, made_at = excluded.made_at",
        id,
        directory,
        contact,
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
             failures = 0, failure = null, failed_at = null
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

/// Notes that there is no new certificate, and why. Returns when the next try is.
#[crate::compiled_here]
pub async fn failed(desk: &Desk, turn: &Turn, wanted: &Wanted, why: &str, fault: Fault) -> Result<Time> {
    let mut tx = desk.begin().await?;
    let at = tx.at();
    let failures = turn.failures.saturating_add(1);
    let next_at = tx.now.plus_millis(pause(failures, fault));
    sqlx::query!(
        "update acme_certificates set failures = $3, failure = $4, failed_at = $5, next_at = $6
         where directory = $1 and name = $2",
        wanted.directory,
        wanted.name,
        failures,
        why,
        at,
        OffsetDateTime::from(next_at),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let what = Happening::CertificateFailed { name: wanted.name.clone(), why: why.to_owned() };
    events::append(&mut tx, &Actor::system("Docket"), None, &what).await?;
    tx.commit().await?;
    Ok(next_at)
}
