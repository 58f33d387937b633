//! Browsers on which somebody has signed in before, so that those who guess at the account from elsewhere do not keep them out.
//!
//! A browser is given a token for each of its people, in a cookie that outlives the session. It lets nobody in; tries that come
//! with it are counted apart ([`super::throttle`]). Nothing is stored: a token is a random number and, signed with the desk's
//! key, whose it is. Whoever steals one may guess as often as the owner may mistype.

use crate::{
    Desk,
    keys::{Key, Ring},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Result, UserId};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The length of the random number, in bytes.
const NONCE: usize = 9;
/// How much of the signature a token carries, in bytes.
const SIGNED: usize = 18;
/// What a token looks like, in characters.
const TOKEN: usize = (NONCE + SIGNED) / 3 * 4;
/// How many people a browser is kept in mind for.
const PEOPLE: usize = 4;
/// What stands between tokens.
const BORDER: char = '.';

fn signature(key: &Key, person: UserId, nonce: &[u8]) -> Result<Hmac<Sha256>> {
    // The desk's secret has other uses, so this one has a key of its own.
    let key = key.derive("docket known device 1");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|cause| crate::error::internal(&cause))?;
    mac.update(&person.0.to_be_bytes());
    mac.update(nonce);
    Ok(mac)
}

/// The tokens in what a browser shows. It may show anything.
fn tokens(shown: &str) -> impl Iterator<Item = &str> {
    shown.split(BORDER).filter(|token| token.len() == TOKEN).take(PEOPLE)
}

/// The name of this browser in the counts, if this person has signed in on it: signed with one of these keys.
///
/// # Errors
/// None of anybody's making.
pub fn known(keys: &Ring, shown: &str, person: UserId) -> Result<Option<String>> {
    for token in tokens(shown) {
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(token) else { continue };
        let (nonce, signed) = bytes.split_at(NONCE);
        for key in keys.all() {
            if signature(key, person, nonce)?.verify_truncated_left(signed).is_ok() {
                return Ok(Some(BASE64_URL_SAFE_NO_PAD.encode(nonce)));
            }
        }
    }
    Ok(None)
}

/// What a browser shows from now on, on which this person has just proved who they are. `shown`: what it has shown until now.
/// Nothing when it shows enough already.
///
/// # Errors
/// None of anybody's making.
pub fn remember(desk: &Desk, shown: Option<&str>, person: UserId) -> Result<Option<String>> {
    let shown = shown.unwrap_or_default();
    if known(&desk.keys(), shown, person)?.is_some() {
        return Ok(None);
    }
    let nonce: [u8; NONCE] = rand::random();
    let signed = signature(desk.fresh_keys().current(), person, &nonce)?.finalize().into_bytes();
    let fresh = BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &signed[..SIGNED]].concat());
    let all: Vec<&str> = std::iter::once(fresh.as_str()).chain(tokens(shown).take(PEOPLE - 1)).collect();
    Ok(Some(all.join(&BORDER.to_string())))
}
