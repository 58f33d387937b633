//! What was filled in outlives a reload, and a look at another page: this tab keeps it until the ticket is opened.

use super::Form;
use crate::erased::{Sometimes, dynamic, effect, handler, memo};
use crate::{kept::Shelf, shared::focus_soon};
use domain::{
    UserId,
    attachment::Attachment,
    people::{Contact, Person},
    ticket::{NewTicket, Source},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;

/// Everything that was filled in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Without whom and what stands below in full.
    ticket: NewTicket,
    known: Option<Contact>,
    email: String,
    name: String,
    assignee: Option<Person>,
    files: Vec<Attachment>,
}

impl Kept {
    fn empty() -> Self {
        Self {
            ticket: NewTicket { source: Source::Phone, ..NewTicket::default() },
            known: None,
            email: String::new(),
            name: String::new(),
            assignee: None,
            files: Vec::new(),
        }
    }

    /// What stands in the form. Tracks.
    fn of(form: Form) -> Self {
        Self {
            ticket: NewTicket {
                subject: form.subject.get(),
                opening: form.opening.get(),
                body: form.body.get(),
                urgency: form.urgency.get(),
                importance: form.importance.get(),
                tags: form.tags.get(),
                source: form.source.get(),
                ..NewTicket::default()
            },
            known: form.known.get(),
            email: form.email.get(),
            name: form.name.get(),
            assignee: form.assignee.get(),
            files: form.editor.uploads.files(),
        }
    }

    fn fill(self, form: Form) {
        form.subject.set(self.ticket.subject);
        form.opening.set(self.ticket.opening);
        form.body.set(self.ticket.body);
        form.urgency.set(self.ticket.urgency);
        form.importance.set(self.ticket.importance);
        form.tags.set(self.ticket.tags);
        form.source.set(self.ticket.source);
        form.known.set(self.known);
        form.email.set(self.email);
        form.name.set(self.name);
        form.assignee.set(self.assignee);
        form.editor.uploads.restore(self.files);
    }
}

/// Where the tab keeps it.
fn place(person: Option<UserId>) -> Option<Shelf> {
    Shelf::of(person, "new-ticket")
}

/// Brings back what was filled in before, and keeps it from now on.
pub fn keep(form: Form) {
    let restored = StoredValue::new(false);
    effect(move || {
        let Some(shelf) = place(form.person) else { return };
        if !restored.get_value() {
            restored.set_value(true);
            if let Some(kept) = shelf.read::<Kept>() {
                untrack(|| kept.fill(form));
            }
        }
        let kept = Kept::of(form);
        if kept == Kept::empty() || form.sent.get_value() {
            shelf.forget();
        } else {
            shelf.keep(&kept);
        }
    });
}

/// The ticket is open: nothing is left to be kept.
pub fn forget(person: Option<UserId>) {
    if let Some(shelf) = place(person) {
        shelf.forget();
    }
}

/// A button that empties the form, with a way back.
pub fn start_over(form: Form) -> AnyView {
    let anything = memo(move || Kept::of(form) != Kept::empty());
    // Not the button's own: that goes away with what it empties.
    let before = StoredValue::new(Kept::empty());
    let back = Callback::new(move |()| {
        if let Some(before) = before.try_get_value() {
            before.fill(form);
        }
    });
    let clear = move |_| {
        before.set_value(untrack(|| Kept::of(form)));
        form.failed.set(None);
        form.editor.preview.set(None);
        untrack(|| Kept::empty().fill(form));
        form.toaster.say("The form is empty again.", Some(back));
        focus_soon(|| document().get_element_by_id("requester")?.dyn_into().ok());
    };
    dynamic(move || {
        anything.get().shown(|| {
            view! {
                <button class="button button--ghost" type="button" on:click=handler(clear)>
                    "Start over"
                </button>
            }
        })
    })
}
