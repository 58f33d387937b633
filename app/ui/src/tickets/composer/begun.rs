//! What is written, whether the form that it is sent with has come or not.

use crate::erased::effect;
use crate::tickets::{drafts::DraftText, state::TicketState};
use domain::{attachment::Attachment, ticket::Writing, timeline::Draft};
use leptos::{ev, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;

/// While somebody types, the others are told so at most this often, in milliseconds.
const TYPING_EVERY: f64 = 3_000.0;

/// The texts, and what has been asked for before there was a form to do it. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Begun {
    pub state: TicketState,
    /// What the page opens with.
    pub writing: Writing,
    reply: DraftText,
    note: DraftText,
    /// Files that were uploaded before.
    pub unsent: StoredValue<Vec<Attachment>>,
    /// What stands below replies, as HTML.
    pub signature: StoredValue<String>,
    /// When the others were told that somebody types.
    told: StoredValue<f64>,
    /// What a key has asked for.
    wanted: StoredValue<Option<Writing>>,
    /// Files that were dropped or pasted. Browsers only.
    files: StoredValue<Option<SendWrapper<Vec<web_sys::File>>>>,
}

impl Begun {
    /// With what was written before. In a component: what is unsaved when it goes away is saved then.
    pub fn new(state: TicketState, drafts: &[Draft], unsent: Vec<Attachment>, signature: String) -> Self {
        let reply = DraftText::new(state.id, Writing::Reply, drafts);
        let note = DraftText::new(state.id, Writing::Note, drafts);
        let only_note = note.text.with_untracked(|t| !t.is_empty()) && reply.text.with_untracked(String::is_empty);
        let leaving = window_event_listener(ev::beforeunload, move |event| {
            if reply.is_unsaved() || note.is_unsaved() {
                event.prevent_default();
            }
        });
        on_cleanup(move || leaving.remove());
        let writing = if only_note { Writing::Note } else { Writing::Reply };
        effect(move || {
            let shown = if only_note { note } else { reply };
            let other = if only_note { reply } else { note };
            other.bring_back();
            // The field may be the server's still, which nothing tells what is in it.
            if shown.bring_back()
                && let Some(area) = document().query_selector(".composer textarea").ok().flatten()
                && let Ok(area) = area.dyn_into::<web_sys::HtmlTextAreaElement>()
            {
                area.set_value(&shown.text.get_untracked());
            }
        });
        Self {
            state,
            writing,
            reply,
            note,
            unsent: StoredValue::new(unsent),
            signature: StoredValue::new(signature),
            told: StoredValue::new(0.0),
            wanted: StoredValue::new(None),
            files: StoredValue::new(None),
        }
    }

    pub fn draft_of(self, writing: Writing) -> DraftText {
        if writing == Writing::Note { self.note } else { self.reply }
    }

    /// Somebody has typed: this is the whole text now.
    pub fn typed(self, writing: Writing, text: String) {
        let draft = self.draft_of(writing);
        if draft.text.with_untracked(String::is_empty) {
            // Whoever begins to write has read what is there.
            self.state.seen.set(self.state.conversation.newest.get_untracked());
        }
        draft.typed(text);
        let now = js_sys::Date::now();
        if writing == Writing::Reply && now - self.told.get_value() > TYPING_EVERY {
            self.told.set_value(now);
            self.state.live.typing(self.state.id);
        }
    }

    /// A key asks to write a reply or a note.
    pub fn want(self, writing: Writing) {
        self.wanted.set_value(Some(writing));
    }

    /// What a key has asked for last.
    pub fn take_wanted(self) -> Option<Writing> {
        self.wanted.try_update_value(Option::take).flatten()
    }

    /// Files to send with the message.
    pub fn add_files(self, files: Vec<web_sys::File>) {
        self.files.update_value(|all| all.get_or_insert_with(|| SendWrapper::new(Vec::new())).extend(files));
    }

    /// The files that there were for the form.
    pub fn take_files(self) -> Vec<web_sys::File> {
        self.files.try_update_value(Option::take).flatten().map(SendWrapper::take).unwrap_or_default()
    }
}
