//! The links of mails. Their secret is stored nowhere: it follows from the desk's secret key and what the row says.

use crate::{Desk, OrOurs, Tx, keys::Key};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    Actor, Code, Error, Result, UserId,
    letter::{Opened, Purpose},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;

type Signature = Hmac<Sha256>;

/// How many bytes of a link are the number of its row; the others sign it.
const NUMBER: usize = 8;
/// How much of the signature a link carries, in bytes: 192 bits.
const SIGNED: usize = 24;
/// The length of a nonce, in bytes.
const NONCE: usize = 16;

/// What a row of `account_links` says.
pub(super) struct Link {
    pub id: i64,
    pub user: Option<UserId>,
    pub email: String,
    pub name: String,
    pub password_hash: Option<String>,
}

/// For a row that is about to be written.
pub(super) fn nonce() -> [u8; NONCE] {
    rand::random()
}

fn signature(key: &Key, purpose: Purpose, id: i64, nonce: &[u8]) -> Result<Signature> {
    // The desk's secret has other uses, so this one has a key of its own.
    let mut mac =
        Signature::new_from_slice(&key.derive("docket mail link 1")).map_err(|cause| crate::error::internal(&cause))?;
    for part in [purpose.word().as_bytes(), b"\0", &id.to_be_bytes(), nonce] {
        mac.update(part);
    }
    Ok(mac)
}

/// The address of a link within Docket, with its secret.
pub(crate) fn path(desk: &Desk, purpose: Purpose, id: i64, nonce: &[u8]) -> Result<String> {
    let signed = signature(desk.fresh_keys().current(), purpose, id, nonce)?.finalize().into_bytes();
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend_from_slice(&signed[..SIGNED]);
    Ok(format!("{}/{}", purpose.page(), BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

/// The row that a link names, and what has to fit it. Whatever is no link names none.
pub(crate) fn parse(token: &str) -> Option<(i64, Vec<u8>)> {
    if token.len() > 100 {
        return None;
    }
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    if bytes.len() != NUMBER + SIGNED {
        return None;
    }
    let signed = bytes.split_off(NUMBER);
    Some((i64::from_be_bytes(bytes.try_into().ok()?), signed))
}

/// Whether a link was made here for this row, with the current key or one before. Takes the same time for every wrong one.
pub(crate) fn fits(desk: &Desk, purpose: Purpose, id: i64, nonce: &[u8], signed: &[u8]) -> Result<bool> {
    let mut fits = false;
    for key in desk.fresh_keys().all() {
        fits |= signature(key, purpose, id, nonce)?.verify_truncated_left(signed).is_ok();
    }
    Ok(fits)
}

/// For every link that is not good, whatever the reason.
pub(super) fn lost() -> Error {
    Error::new(
        Code::NotFound,
        "This link is not good any more: it was used, has run out, or came here without its last letters.",
    )
}

/// Writes the row of a new link. Its mail is sent by a job, which makes the link.
pub(super) async fn insert(
    tx: &mut Tx,
    purpose: Purpose,
    user: Option<UserId>,
    email: &str,
    registration: Option<(&str, &str)>,
) -> Result<i64> {
    let now = tx.at();
    let nonce = nonce();
    sqlx::query_scalar!(
        "insert into account_links (purpose, user_id, email, name, password_hash, nonce, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        purpose.word(),
        user.map(|u| u.0),
        email,
        registration.map(|(name, _)| name),
        registration.map(|(_, hash)| hash),
        &nonce[..],
        now,
        time::OffsetDateTime::from(tx.now.plus_millis(purpose.lifetime())),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()
}

/// What a link stands for, as long as it is good.
pub(super) async fn find(desk: &Desk, purpose: Purpose, token: &str) -> Result<Link> {
    let (id, signed) = parse(token).ok_or_else(lost)?;
    let row = sqlx::query!(
        r#"select l.user_id, l.email, l.name, l.password_hash, l.nonce, u.name as "user_name?"
           from account_links l left join users u on u.id = l.user_id
           where l.id = $1 and l.purpose = $2 and l.expires_at > $3 and u.blocked_at is null"#,
        id,
        purpose.word(),
        time::OffsetDateTime::from(desk.now()),
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?
    .ok_or_else(lost)?;
    if !fits(desk, purpose, id, &row.nonce, &signed)? {
        return Err(lost());
    }
    Ok(Link {
        id,
        user: row.user_id.map(UserId),
        email: row.email,
        name: row.name.or(row.user_name).unwrap_or_default(),
        password_hash: row.password_hash,
    })
}

/// Uses a link that was found: of two who do so at once, one gets through.
pub(super) async fn consume(tx: &mut Tx, link: &Link) -> Result<()> {
    let used = sqlx::query!("delete from account_links where id = $1", link.id).execute(&mut *tx.conn).await.ours()?;
    if used.rows_affected() == 0 {
        return Err(lost());
    }
    Ok(())
}

/// Ends all links of a person: what was sent to an address that is not theirs any more, or before they chose a password.
pub(crate) async fn end_all(tx: &mut Tx, user: UserId) -> Result<()> {
    sqlx::query!("delete from account_links where user_id = $1", user.0).execute(&mut *tx.conn).await.ours()?;
    Ok(())
}

/// What the page of a link shows. Whoever has the link may see it.
///
/// # Errors
/// `NotFound` for a link that is not good (any more).
#[crate::compiled_here]
pub async fn opened(desk: &Desk, _actor: &Actor, purpose: Purpose, token: &str) -> Result<Opened> {
    if purpose == Purpose::Invitation {
        return super::invitations::opened(desk, token).await;
    }
    let link = find(desk, purpose, token).await?;
    Ok(Opened { email: link.email, role: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_has_the_form_of_a_link_is_looked_up() {
        let whole = BASE64_URL_SAFE_NO_PAD.encode([&7_i64.to_be_bytes()[..], &[1; SIGNED]].concat());
        assert_eq!(parse(&whole), Some((7, vec![1; SIGNED])));
        for wrong in ["", "x", &whole[1..], &format!("{whole}A"), &whole.replace('A', "+"), &"A".repeat(5_000)] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,120}") {
            if let Some((_, signed)) = parse(&text) {
                prop_assert_eq!(signed.len(), SIGNED);
            }
        }
    }
}
