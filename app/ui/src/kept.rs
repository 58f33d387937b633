//! What is typed and not sent yet: the tab keeps it over other pages, over a reload and over signing in again.

use crate::json;
use domain::UserId;
use leptos::prelude::window;
use serde::{Serialize, de::DeserializeOwned};
use web_sys::Storage;

/// The place of one form's content. In the browser only.
pub struct Shelf {
    storage: Storage,
    key: String,
}

impl Shelf {
    /// Apart for each person, as somebody else may sign in here next. None for visitors, and where the browser keeps nothing.
    pub fn of(person: Option<UserId>, form: &str) -> Option<Self> {
        let storage = window().session_storage().ok().flatten()?;
        Some(Self { storage, key: format!("docket-{form}-{}", person?) })
    }

    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        json::read(&self.text()?).ok()
    }

    pub fn keep<T: Serialize>(&self, filled: &T) {
        if let Ok(text) = serde_json::to_string(filled) {
            self.keep_text(&text);
        }
    }

    /// What stands there as text.
    pub fn text(&self) -> Option<String> {
        self.storage.get_item(&self.key).ok().flatten()
    }

    pub fn keep_text(&self, text: &str) {
        // A tab whose storage is full keeps what it had.
        let _ = self.storage.set_item(&self.key, text);
    }

    pub fn forget(&self) {
        let _ = self.storage.remove_item(&self.key);
    }
}
