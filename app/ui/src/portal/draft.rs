//! What is written in a form of the portal is kept by the tab until it is sent. See [`crate::kept`].

use crate::erased::effect;
use crate::{kept::Shelf, me, tickets::uploads::Uploads};
use domain::{TicketId, UserId, attachment::Attachment};
use leptos::{html, prelude::*};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

/// Which form it is.
#[derive(Clone, Copy)]
pub(super) enum Written {
    Ticket,
    Answer(TicketId),
}

impl Written {
    /// The ticket that its files will go to, when that is there.
    pub fn ticket(self) -> Option<TicketId> {
        match self {
            Self::Ticket => None,
            Self::Answer(id) => Some(id),
        }
    }

    fn place(self) -> String {
        match self {
            Self::Ticket => "portal-ticket".to_owned(),
            Self::Answer(id) => format!("portal-answer-{id}"),
        }
    }

    /// Its fields, and what stands in them before anything is written.
    fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Ticket => &[("subject", ""), ("body", ""), ("urgency", "medium")],
            Self::Answer(_) => &[("body", "")],
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    texts: Vec<String>,
    files: Vec<Attachment>,
}

/// Keeps one form. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    written: Written,
    form: NodeRef<html::Form>,
    uploads: Uploads,
    person: Option<UserId>,
}

impl Draft {
    /// Brings back what was written before, and keeps it from now on. In a component; the form tells of what is typed.
    pub fn new(written: Written, form: NodeRef<html::Form>, uploads: Uploads) -> Self {
        let this = Self { written, form, uploads, person: me::me().map(|me| me.id) };
        let taken_over = me::taken_over();
        let restored = StoredValue::new(false);
        effect(move || {
            if !taken_over.get() || form.get().is_none() {
                return;
            }
            if !restored.get_value() {
                restored.set_value(true);
                untrack(|| this.restore());
            }
            // Follows the files.
            this.save(uploads.files());
        });
        this
    }

    /// Something was typed.
    pub fn typed(self) {
        self.save(untrack(|| self.uploads.files()));
    }

    /// It is sent.
    pub fn forget(self) {
        if let Some(shelf) = self.shelf() {
            shelf.forget();
        }
    }

    fn shelf(self) -> Option<Shelf> {
        Shelf::of(self.person, &self.written.place())
    }

    fn fields(self) -> Vec<HtmlInputElement> {
        let Some(form) = self.form.get_untracked() else { return Vec::new() };
        let find = |(name, _): &(&str, _)| form.query_selector(&format!("[name={name}]")).ok().flatten();
        // Each of them has a value, whatever it is.
        self.written.fields().iter().filter_map(find).map(|field| field.unchecked_into()).collect()
    }

    fn is_empty(self, texts: &[String]) -> bool {
        texts.iter().zip(self.written.fields()).all(|(text, (_, empty))| text == empty)
    }

    fn texts(self) -> Vec<String> {
        self.fields().iter().map(HtmlInputElement::value).collect()
    }

    fn restore(self) {
        // What the server has sent back, or the browser has brought back, is as new.
        if !self.is_empty(&self.texts()) || !self.uploads.list.with_untracked(Vec::is_empty) {
            return;
        }
        let Some(kept) = self.shelf().and_then(|shelf| shelf.read::<Kept>()) else { return };
        for (field, text) in self.fields().iter().zip(&kept.texts) {
            field.set_value(text);
        }
        self.uploads.restore(kept.files);
    }

    fn save(self, files: Vec<Attachment>) {
        let Some(shelf) = self.shelf() else { return };
        let texts = self.texts();
        if files.is_empty() && self.is_empty(&texts) {
            shelf.forget();
        } else {
            shelf.keep(&Kept { texts, files });
        }
    }
}
