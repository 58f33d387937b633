//! Sending the same again when no answer came, so that it is done once.

use leptos::prelude::*;

/// What was sent last, as long as it is not known to have arrived, and under which key. Cheap to copy.
pub struct Attempt<T: Send + Sync + 'static>(StoredValue<Option<(T, String)>>);

impl<T: Send + Sync + 'static> Clone for Attempt<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Attempt<T> {}

impl<T: Clone + PartialEq + Send + Sync + 'static> Attempt<T> {
    pub fn new() -> Self {
        Self(StoredValue::new(None))
    }

    /// The key to send this under: the one of before where it is the same again. In the browser only.
    pub fn key(self, what: &T) -> String {
        let before = self.0.try_get_value().flatten();
        if let Some((_, key)) = before.filter(|(sent, _)| sent == what) {
            return key;
        }
        let key = fresh_key();
        self.0.try_set_value(Some((what.clone(), key.clone())));
        key
    }

    /// It has arrived, or is not meant any more: the same words would be new ones.
    pub fn forget(self) {
        self.0.try_set_value(None);
    }
}

/// A key that this person has never used. In the browser only.
pub fn fresh_key() -> String {
    // Twice 52 bits. Nothing is secret about it: the server looks among one's own.
    let part = || (js_sys::Math::random() * 2_f64.powi(52)) as u64;
    format!("{:013x}{:013x}", part(), part())
}
