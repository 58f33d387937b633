//! Values that nobody guesses, by which a browser or a program is known again. Of each only the hash is stored.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Time;
use sha2::{Digest, Sha256};

/// None is longer, in bytes.
pub(crate) const LONGEST: usize = 100;
/// The length of one of [`fresh`].
const FRESH: usize = 43;

/// A new one: 256 bits.
pub(crate) fn fresh() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// The one that a browser has from before, or a new one.
pub(crate) fn kept_or_fresh(shown: Option<String>) -> String {
    shown.filter(|value| value.len() == FRESH).unwrap_or_else(fresh)
}

/// What is stored of one.
pub(crate) fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// A new one for a program, by whose beginning people and scanners know what it is.
pub(crate) fn named(prefix: &str) -> String {
    format!("{prefix}{}", fresh())
}

/// By what people tell those apart that they have made.
pub(crate) fn ending(token: &str) -> &str {
    &token[token.len() - 4..]
}

/// Whether this can be one of [`named`].
pub(crate) fn can_be(token: &str, prefix: &str) -> bool {
    token.len() <= LONGEST && token.starts_with(prefix)
}

/// Whether “last used” is to be written again. At most so often, in milliseconds: a call must not cost a write.
pub(crate) fn was_long_ago(last: Option<time::OffsetDateTime>, now: Time, every_ms: i64) -> bool {
    last.is_none_or(|last| now.0 - Time::from(last).0 > every_ms)
}
