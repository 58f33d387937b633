//! A text being written, kept on the server shortly after each pause.

use super::rpc;
use crate::erased::effect;
use domain::{TicketId, ticket::Writing, timeline::Draft};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use std::time::Duration;

/// How long the pause is after which a text is saved.
const PAUSE: Duration = Duration::from_millis(800);
/// How long until saving is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// How far a text has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// Nothing was written.
    Nothing,
    /// Something is not on the server yet.
    Not,
    /// It is on the server.
    Yes,
    /// It could not be saved; it is tried again.
    Failed,
}

/// One text: a reply or a note. Cheap to copy.
#[derive(Clone, Copy)]
pub struct DraftText {
    ticket: TicketId,
    writing: Writing,
    pub text: RwSignal<String>,
    pub saved: RwSignal<Saved>,
    /// What there was at first.
    rendered: StoredValue<String>,
    /// What the server has.
    kept: StoredValue<String>,
    timer: StoredValue<Option<TimeoutHandle>>,
    busy: StoredValue<bool>,
}

impl DraftText {
    /// With what was written before. In a component: what is unsaved when it goes away is saved then.
    pub fn new(ticket: TicketId, writing: Writing, drafts: &[Draft]) -> Self {
        let text = drafts.iter().find(|d| d.writing == writing).map(|d| d.body.clone()).unwrap_or_default();
        let saved = if text.is_empty() { Saved::Nothing } else { Saved::Yes };
        let this = Self {
            ticket,
            writing,
            saved: RwSignal::new(saved),
            rendered: StoredValue::new(text.clone()),
            kept: StoredValue::new(text.clone()),
            text: RwSignal::new(text),
            timer: StoredValue::new(None),
            busy: StoredValue::new(false),
        };
        // In an effect, as it is the browser's: on the server a page may be dropped where its values cannot be reached.
        effect(move || {
            on_cleanup(move || {
                let unsaved = this.try_unsaved();
                if let Some(Some(timer)) = this.timer.try_get_value() {
                    timer.clear();
                }
                if let Some(body) = unsaved {
                    spawn_local(async move {
                        let _ = rpc::save_draft(ticket, Draft { writing, body }).await;
                    });
                }
            });
        });
        this
    }

    fn try_unsaved(self) -> Option<String> {
        let text = self.text.try_get_untracked()?;
        (self.kept.try_with_value(|kept| *kept != text)?).then_some(text)
    }

    /// Whether leaving now would lose something.
    pub fn is_unsaved(self) -> bool {
        self.try_unsaved().is_some()
    }

    /// The text has been changed by typing.
    pub fn typed(self, text: String) {
        self.text.set(text);
        self.saved.set(Saved::Not);
        self.later(PAUSE);
    }

    fn later(self, pause: Duration) {
        if let Some(Some(timer)) = self.timer.try_get_value() {
            timer.clear();
        }
        if let Ok(timer) = set_timeout_with_handle(move || self.save(), pause) {
            self.timer.set_value(Some(timer));
        }
    }

    fn save(self) {
        // One at a time, or an older text could arrive last.
        if self.busy.try_get_value() != Some(false) {
            return;
        }
        let Some(body) = self.try_unsaved() else {
            self.settle();
            return;
        };
        self.busy.set_value(true);
        spawn_local(async move {
            let draft = Draft { writing: self.writing, body: body.clone() };
            let result = rpc::save_draft(self.ticket, draft).await;
            if self.busy.try_get_value().is_none() {
                return;
            }
            self.busy.set_value(false);
            match result {
                Ok(()) => {
                    self.kept.set_value(body);
                    if self.is_unsaved() { self.later(PAUSE) } else { self.settle() }
                }
                Err(_) => {
                    self.saved.set(Saved::Failed);
                    self.later(RETRY);
                }
            }
        });
    }

    /// Lets the text be what the server has rendered, while `run` takes that over.
    pub fn as_rendered<T>(self, run: impl FnOnce() -> T) -> T {
        let (text, saved) = (self.text.get_untracked(), self.saved.get_untracked());
        let rendered = self.rendered.get_value();
        self.saved.set(if rendered.is_empty() { Saved::Nothing } else { Saved::Yes });
        self.text.set(rendered);
        let result = run();
        self.text.set(text);
        self.saved.set(saved);
        result
    }

    fn settle(self) {
        if let Some(empty) = self.text.try_with_untracked(String::is_empty) {
            self.saved.set(if empty { Saved::Nothing } else { Saved::Yes });
        }
    }

    /// Takes the text out to send it. The server's copy stays until the message is written.
    pub fn take(self) -> String {
        if let Some(Some(timer)) = self.timer.try_get_value() {
            timer.clear();
        }
        let text = self.text.get_untracked();
        self.text.set(String::new());
        self.saved.set(Saved::Nothing);
        text
    }

    /// The message was written, and the server has forgotten the draft.
    pub fn sent(self) {
        if self.text.try_get_untracked().is_none() {
            return;
        }
        self.kept.set_value(String::new());
        // Something else may have been begun meanwhile.
        if self.is_unsaved() {
            self.saved.set(Saved::Not);
            self.later(PAUSE);
        } else {
            self.settle();
        }
    }

    /// The message was refused: its text comes back, before what has been begun meanwhile.
    pub fn give_back(self, text: String) {
        let Some(begun) = self.text.try_get_untracked() else { return };
        let text = if begun.is_empty() { text } else { format!("{text}\n\n{begun}") };
        self.typed(text);
    }
}
