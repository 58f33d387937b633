//! The secret keys of a desk: the one in use, and those before it that are still believed.
//!
//! Whatever is made (tokens, links, sealed values) is made with the current key. What comes back is tried with all of them,
//! so a key can be changed while servers run and people hold what the old one made.

use domain::Time;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// One secret key, of 32 bytes. It is never used itself: each purpose has a key that follows from it ([`Key::derive`]).
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key that follows from a text, as settings have it.
    pub fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The key for one purpose. Nobody who has it can find the secret key, or that of another purpose.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        Sha256::new().chain_update(label).chain_update(b"\0").chain_update(self.0).finalize().into()
    }
}

/// Without a single byte of it: settings are printed when something is wrong with them.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The keys of a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The current one first.
    keys: Vec<Key>,
}

impl Ring {
    /// A ring of the key in use and those before it. Who stands among these twice counts once.
    pub fn new(current: Key, previous: impl IntoIterator<Item = Key>) -> Self {
        let mut keys = vec![current];
        for key in previous {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Self { keys }
    }

    /// The key that is used for whatever is made from now on.
    pub fn current(&self) -> &Key {
        &self.keys[0]
    }

    /// All keys that are believed, the current one first.
    pub fn all(&self) -> &[Key] {
        &self.keys
    }
}

/// Where keys come from that may change while the process runs.
pub trait Source: fmt::Debug + Send + Sync {
    /// The keys as they are now, if they have changed since this was last asked. Cheap: it is asked before anything is
    /// sealed, when something does not fit, and every [`GOOD_FOR`].
    ///
    /// # Errors
    /// What is in the way, for the log. The keys of before stay in use.
    fn changed(&self) -> Result<Option<Ring>, String>;
}

/// For how long the keys are taken as they were last read, in milliseconds: one that was forgotten is believed no longer than that.
const GOOD_FOR: i64 = 2_000;

/// The keys of a running desk, shared by all that use them.
#[derive(Debug)]
pub struct Keychain {
    /// As last read.
    ring: RwLock<Arc<Ring>>,
    /// When [`Keychain::believed`] last looked for others.
    looked: AtomicI64,
    source: Option<Arc<dyn Source>>,
}

impl Keychain {
    /// Begins with these.
    pub fn new(keys: &Keys) -> Self {
        Self { ring: RwLock::new(Arc::new(keys.ring.clone())), looked: AtomicI64::new(0), source: keys.source.clone() }
    }

    /// The keys whose signatures are good: as last read, a moment ago at the most. What does not fit is tried once more with
    /// [`Keychain::fresh`].
    pub fn believed(&self, now: Time) -> Arc<Ring> {
        let looked = self.looked.load(Ordering::Relaxed);
        // Also where the clock was set back.
        if self.source.is_none() || (looked..looked + GOOD_FOR).contains(&now.0) {
            return self.known();
        }
        self.looked.store(now.0, Ordering::Relaxed);
        self.fresh()
    }

    /// The keys as last read: to open what was sealed earlier. What does not fit is tried once more with [`Keychain::fresh`].
    pub fn known(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys as they are now: to make something. Keys in the data folder are changed there by `docket rotate-key` while
    /// servers run.
    pub fn fresh(&self) -> Arc<Ring> {
        match self.source.as_deref().map_or(Ok(None), Source::changed) {
            Ok(None) => self.known(),
            Ok(Some(fresh)) => {
                tracing::info!(believed = fresh.all().len(), "the secret keys have changed");
                let fresh = Arc::new(fresh);
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
                fresh
            }
            Err(cause) => {
                tracing::error!(%cause, "the secret keys cannot be read; those of before stay in use");
                self.known()
            }
        }
    }
}

/// The keys of a desk, and where to look for newer ones.
#[derive(Clone, Debug)]
pub struct Keys {
    pub ring: Ring,
    /// `None` for keys that stay what they are as long as the process runs.
    pub source: Option<Arc<dyn Source>>,
}

impl Keys {
    /// A single key that stays.
    pub fn only(key: Key) -> Self {
        Self { ring: Ring::new(key, []), source: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_has_each_key_once_and_the_current_one_first() {
        let [a, b, c] = [1, 2, 3].map(|byte| Key::new([byte; 32]));
        let ring = Ring::new(b.clone(), [a.clone(), b.clone(), c.clone(), a.clone()]);
        assert_eq!(ring.current(), &b);
        assert_eq!(ring.all(), [b, a, c]);
    }

    #[test]
    fn no_key_is_printed() {
        assert_eq!(format!("{:?}", Key::new([7; 32])), "Key(…)");
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let key = Key::of_text("0123456789-0123456789-0123456789");
        assert_ne!(key.derive("one"), key.derive("two"));
        assert_ne!(key.derive("one"), Key::of_text("other").derive("one"));
    }
}
