//! Limits on guessing and on signing up: failed tries to sign in, and all tries to sign up, per account and per network
//! address, in the database, so that they hold with any number of nodes. Delays grow; a right password after them works.
//!
//! Whoever guesses at an account must not keep its owner out. One who guesses from one place locks the account for that place
//! only; many places together lock it for all, but not for browsers on which the owner has signed in before
//! ([`super::device`]), nor for one on which they have just chosen a new password by mail: those are counted apart.

use crate::{Desk, OrOurs, Tx};
use domain::{Actor, Error, Result, UserId};
use std::net::{IpAddr, Ipv6Addr};

/// Failures that are free, for people who mistype: of one account from one network address, or on one browser that is known.
const FREE_HERE: i32 = 5;
/// Of one account from all addresses together. Beyond it and the longest wait there are four an hour.
const FREE_PER_ACCOUNT: i32 = 20;
/// Many people may share an address (an office, a mobile network).
const FREE_PER_ADDRESS: i32 = 30;
/// Accounts that may be asked for from one address within an hour, before the next one has to wait: enough for an office that
/// signs up together. Past the longest wait it is four an hour.
const SIGN_UPS_PER_ADDRESS: i32 = 50;
/// How often one account may be asked for: it is there after the first time.
const SIGN_UPS_PER_ACCOUNT: i32 = 10;
/// Mails with a link that may be asked for from one address within an hour, before the next one has to wait.
const LINKS_PER_ADDRESS: i32 = 20;
/// How many one account may be sent. Somebody else may ask for them: it is their mailbox that fills.
const LINKS_PER_ACCOUNT: i32 = 4;
/// Notice that an account is locked is given once in this time, in milliseconds: a day.
const NOTICE_MS: i64 = 86_400_000;
/// The longest wait, in seconds.
const LONGEST: i64 = 15 * 60;
/// Failures older than this are forgotten, in milliseconds.
const MEMORY_MS: i64 = 60 * 60_000;

/// One thing that is counted.
pub(crate) struct Key {
    key: String,
    free: i32,
    /// Whether it is about one account alone: its owner is told when it is locked, and it is forgotten once they are in.
    of_account: bool,
}

impl Key {
    fn new(key: String, free: i32, of_account: bool) -> Self {
        Self { key, free, of_account }
    }
}

/// What a try to sign in counts against.
pub(super) fn keys(email: &str, address: Option<&str>) -> Vec<Key> {
    let mut keys = both("", email, FREE_PER_ACCOUNT, address, FREE_PER_ADDRESS);
    if let Some(address) = address {
        keys.push(Key::new(format!("here:{} {}", network(address), email.to_lowercase()), FREE_HERE, true));
    } else {
        keys[0].free = FREE_HERE;
    }
    keys
}

/// What a try counts against where it may come from a browser that is known to be this person's: then against that browser
/// alone, whatever others do. Errors: none of a browser's making.
pub(super) fn keys_of(desk: &Desk, actor: &Actor, email: &str, person: Option<UserId>) -> Result<Vec<Key>> {
    let shown = actor.device.as_deref().zip(person);
    let known = shown.map(|(shown, person)| super::device::known(&desk.keys(), shown, person)).transpose()?.flatten();
    Ok(match known {
        Some(device) => vec![Key::new(format!("device:{device}"), FREE_HERE, true)],
        None => keys(email, actor.address.as_deref()),
    })
}

/// What signing in by a passkey alone counts against. Apart from passwords: whoever guesses at those keeps nobody from their
/// passkey. Where it is nobody's, only the address counts.
pub(super) fn passkey_keys(email: Option<&str>, address: Option<&str>) -> Vec<Key> {
    let keys = both("passkey-", email.unwrap_or_default(), FREE_PER_ACCOUNT, address, FREE_PER_ADDRESS);
    keys.into_iter().filter(|key| email.is_some() || !key.of_account).collect()
}

/// What somebody who is signed in is counted against when they are asked for their password again: nobody else gets there.
pub(crate) fn keys_of_proof(person: UserId) -> Vec<Key> {
    vec![Key::new(format!("proof:{person}"), FREE_HERE, true)]
}

/// What a try to sign up counts against.
pub(super) fn sign_up_keys(email: &str, address: Option<&str>) -> Vec<Key> {
    both("sign-up-", email, SIGN_UPS_PER_ACCOUNT, address, SIGN_UPS_PER_ADDRESS)
}

/// What asking for a mail with a link counts against.
pub(super) fn link_keys(email: &str, address: Option<&str>) -> Vec<Key> {
    both("link-", email, LINKS_PER_ACCOUNT, address, LINKS_PER_ADDRESS)
}

/// In the order of names, in which they are locked.
fn both(what: &str, email: &str, per_account: i32, address: Option<&str>, per_address: i32) -> Vec<Key> {
    let mut keys = vec![Key::new(format!("{what}account:{}", email.to_lowercase()), per_account, true)];
    keys.extend(address.map(|a| Key::new(format!("{what}address:{}", network(a)), per_address, false)));
    keys
}

/// The part of an address that is one customer's of a network: the whole of IPv4, the first half of IPv6, as its owner has
/// 2^64 addresses to come from.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        _ => address.to_owned(),
    }
}

/// The error that says how long to wait, if a wait is on.
pub(crate) async fn check(tx: &mut Tx, keys: &[Key]) -> Result<()> {
    let names: Vec<String> = keys.iter().map(|k| k.key.clone()).collect();
    let now = tx.at();
    let until = sqlx::query_scalar!(
        "select max(blocked_until) from sign_in_throttle where key = any($1) and blocked_until > $2",
        &names,
        now,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    match until {
        Some(until) => {
            // Rounded up: who comes back when told must not be early.
            let seconds = ((until - now).whole_milliseconds() + 999) / 1_000;
            Err(Error::too_many(u32::try_from(seconds).unwrap_or(u32::MAX)))
        }
        None => Ok(()),
    }
}

/// [`check`] again, once the password has been looked at, and keeping others out until the end of the transaction. Of many
/// tries at once, all of which were let in before the first one had failed, only as many count as may: the others learn
/// nothing, not even whether they were right.
pub(crate) async fn check_again(tx: &mut Tx, keys: &[Key]) -> Result<()> {
    let names: Vec<String> = keys.iter().map(|k| k.key.clone()).collect();
    // In one order everywhere, so that no two wait for each other.
    sqlx::query!("select key from sign_in_throttle where key = any($1) order by key for update", &names)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    check(tx, keys).await
}

/// Counts a try to sign up, or says how long to wait. Many at once are counted one after the other.
pub(super) async fn sign_up(tx: &mut Tx, keys: &[Key]) -> Result<()> {
    check_again(tx, keys).await.map_err(|mut error| {
        if let Some(seconds) = error.retry_after {
            error.message = format!(
                "Many accounts were made from here lately. Please wait {} and try again.",
                domain::text::duration(seconds)
            );
        }
        error
    })?;
    failed(tx, keys).await.map(drop)
}

/// Counts that a mail with a link is asked for, or says how long to wait.
pub(super) async fn link(tx: &mut Tx, keys: &[Key]) -> Result<()> {
    check_again(tx, keys).await.map_err(|mut error| {
        if let Some(seconds) = error.retry_after {
            error.message = format!(
                "Several mails were asked for already. Please look for them, also among the unwanted ones, or wait {} and try \
                 again.",
                domain::text::duration(seconds)
            );
        }
        error
    })?;
    failed(tx, keys).await.map(drop)
}

/// Counts a failure. From the first one past the free ones on, each doubles the wait: 1, 2, 4 … seconds. Whether the account
/// is locked from this one on, at least for this place.
pub(crate) async fn failed(tx: &mut Tx, keys: &[Key]) -> Result<bool> {
    let mut locked = false;
    let now = tx.at();
    let forget = time::OffsetDateTime::from(tx.now.plus_millis(-MEMORY_MS));
    for Key { key, free, of_account } in keys {
        let failures = sqlx::query_scalar!(
            "insert into sign_in_throttle as t (key, failures, last_failure_at) values ($1, 1, $2)
             on conflict (key) do update set
                 failures = case when t.last_failure_at < $3 then 1 else t.failures + 1 end,
                 last_failure_at = $2
             returning failures",
            key,
            now,
            forget,
        )
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?;
        let beyond = failures - free;
        locked |= *of_account && beyond == 1;
        if beyond > 0 {
            let wait = (1_i64 << (beyond - 1).min(20)).min(LONGEST);
            let until = time::OffsetDateTime::from(tx.now.plus_millis(wait * 1_000));
            sqlx::query!("update sign_in_throttle set blocked_until = $2 where key = $1", key, until)
                .execute(&mut *tx.conn)
                .await
                .ours()?;
        }
    }
    Ok(locked)
}

/// Whether notice of a lock is to be given to the owner of this address: not again within a day.
pub(super) async fn notice(tx: &mut Tx, email: &str) -> Result<bool> {
    let now = tx.at();
    let noted = sqlx::query!(
        "insert into sign_in_throttle as t (key, failures, last_failure_at) values ($1, 1, $2)
         on conflict (key) do update set last_failure_at = $2 where t.last_failure_at <= $3",
        format!("notice:{}", email.to_lowercase()),
        now,
        time::OffsetDateTime::from(tx.now.plus_millis(-NOTICE_MS)),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(noted.rows_affected() > 0)
}

/// Forgets the account's failures after a right password; the address's stay, or one good account would reset the count
/// for guessing at others.
pub(crate) async fn succeeded(tx: &mut Tx, keys: &[Key]) -> Result<()> {
    let names: Vec<String> = keys.iter().filter(|k| k.of_account).map(|k| k.key.clone()).collect();
    sqlx::query!("delete from sign_in_throttle where key = any($1)", &names).execute(&mut *tx.conn).await.ours()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_of_many_addresses_is_one() {
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ] {
            assert_eq!(keys("Jana@acme.example", Some(address))[1].key, format!("address:{counted}"));
            assert_eq!(sign_up_keys("", Some(address))[1].key, format!("sign-up-address:{counted}"));
        }
        let names: Vec<String> = keys("Jana@acme.example", Some("192.0.2.7")).into_iter().map(|k| k.key).collect();
        assert!(names.is_sorted(), "they are locked in this order: {names:?}");
        assert_eq!(keys("Jana@acme.example", None)[0].key, "account:jana@acme.example");
    }
}
