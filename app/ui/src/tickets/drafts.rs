//! A text being written, kept on the server shortly after each pause, and by the tab until it is there.

use super::rpc;
use crate::erased::effect;
use crate::{kept::Shelf, me};
use domain::{TicketId, UserId, ticket::Writing, timeline::Draft};
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
    person: Option<UserId>,
    pub text: RwSignal<String>,
    pub saved: RwSignal<Saved>,
    /// What there was at first.
    rendered: StoredValue<String>,
    /// What the server has.
    kept: StoredValue<String>,
    timer: StoredValue<Option<TimeoutHandle>>,
    busy: StoredValue<bool>,
    /// What has been taken out to be sent, and has no answer yet.
    sending: StoredValue<Vec<String>>,
    /// What the tab had kept when the page came.
    shelved: StoredValue<Option<Shelved>>,
}

impl DraftText {
    /// With what was written before. In a component: what is unsaved when it goes away is saved then.
    pub fn new(ticket: TicketId, writing: Writing, drafts: &[Draft]) -> Self {
        let text = drafts.iter().find(|d| d.writing == writing).map(|d| d.body.clone()).unwrap_or_default();
        let saved = if text.is_empty() { Saved::Nothing } else { Saved::Yes };
        let this = Self {
            ticket,
            writing,
            person: me::me().map(|me| me.id),
            saved: RwSignal::new(saved),
            rendered: StoredValue::new(text.clone()),
            kept: StoredValue::new(text.clone()),
            text: RwSignal::new(text),
            timer: StoredValue::new(None),
            busy: StoredValue::new(false),
            sending: StoredValue::new(Vec::new()),
            shelved: StoredValue::new(None),
        };
        #[cfg(not(feature = "ssr"))]
        this.shelved.set_value(this.shelf().and_then(|shelf| Shelved::read(&shelf.text()?)));
        // In an effect, as it is the browser's: on the server a page may be dropped where its values cannot be reached.
        effect(move || {
            on_cleanup(move || {
                // What is being sent is on the server as a draft, or kept by the tab, until it is written.
                let unsaved = this.try_unsaved().filter(|_| this.sending.try_with_value(Vec::is_empty) == Some(true));
                if let Some(Some(timer)) = this.timer.try_get_value() {
                    timer.clear();
                }
                if let Some(body) = unsaved {
                    spawn_local(async move {
                        let saved = rpc::save_draft(ticket, Draft { writing, body: body.clone() }).await;
                        let shelf = this.shelf().filter(|_| saved.is_ok());
                        // Unless more has been written since, where it is open again.
                        let is_this = |shelf: &Shelf| {
                            shelf.text().and_then(|text| Shelved::read(&text)).is_some_and(|kept| kept.text == body)
                        };
                        if let Some(shelf) = shelf.filter(is_this) {
                            shelf.forget();
                        }
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
        self.shelve();
        self.later(PAUSE);
    }

    /// Where the tab keeps what the server has not got.
    fn shelf(self) -> Option<Shelf> {
        Shelf::of(
            self.person,
            &format!("{}-{}", if self.writing == Writing::Note { "note" } else { "reply" }, self.ticket),
        )
    }

    /// Has the tab keep what the server has not got, and nothing else.
    fn shelve(self) {
        let Some(shelf) = self.shelf() else { return };
        let base = self.kept.get_value();
        let sending = self.sending.with_value(|all| all.join("\n\n"));
        if !sending.is_empty() {
            let newer = self.text.get_untracked();
            return shelf.keep_text(&Shelved { sent: true, base, text: sending, newer }.written());
        }
        match self.try_unsaved() {
            Some(text) => shelf.keep_text(&Shelved { base, text, ..Shelved::default() }.written()),
            None => shelf.forget(),
        }
    }

    /// Brings back what the tab has kept and the server never got. Whether there was something.
    pub fn bring_back(self) -> bool {
        let Some(shelved) = self.shelved.try_update_value(Option::take).flatten() else { return false };
        let now = self.text.get_untracked();
        let whole = shelved.with(&self.rendered.get_value(), &now);
        if whole == now {
            self.shelve();
            return false;
        }
        self.typed(whole);
        true
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
        // One at a time, or an older text could arrive last. What is typed while a message is being sent waits for its answer: the
        // server's draft goes with the message, or is that message's again.
        if self.busy.try_get_value() != Some(false) || self.sending.try_with_value(Vec::is_empty) != Some(true) {
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
                    self.shelve();
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
        self.sending.update_value(|all| all.push(text.clone()));
        self.shelve();
        text
    }

    /// The message was written, and the server has forgotten the draft.
    pub fn sent(self, message: &str) {
        if self.text.try_get_untracked().is_none() {
            // Another ticket is open by now. What was typed after the message stays.
            if let Some(shelf) = self.shelf() {
                let kept = shelf.text().and_then(|text| Shelved::read(&text)).filter(|kept| !kept.newer.is_empty());
                match kept {
                    Some(kept) => shelf.keep_text(&Shelved { text: kept.newer, ..Shelved::default() }.written()),
                    None => shelf.forget(),
                }
            }
            return;
        }
        self.kept.set_value(String::new());
        self.answered(message);
        self.shelve();
        // Something else may have been begun meanwhile.
        if self.is_unsaved() {
            self.saved.set(Saved::Not);
            self.later(PAUSE);
        } else {
            self.settle();
        }
    }

    /// There is an answer for this message.
    fn answered(self, message: &str) {
        self.sending.update_value(|all| {
            if let Some(n) = all.iter().position(|text| text == message) {
                all.remove(n);
            }
        });
    }

    /// The message was refused: its text comes back, before what has been begun meanwhile.
    pub fn give_back(self, text: String) {
        let Some(begun) = self.text.try_get_untracked() else { return };
        self.answered(&text);
        let text = if begun.is_empty() { text } else { format!("{text}\n\n{begun}") };
        self.typed(text);
    }
}

/// What the tab keeps of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shelved {
    /// Whether it was being sent.
    sent: bool,
    /// What the server had as its draft then.
    base: String,
    text: String,
    /// What was typed while it was being sent.
    newer: String,
}

impl Shelved {
    fn written(&self) -> String {
        let Self { sent, base, text, newer } = self;
        format!("{}{},{}:{base}{newer}{text}", if *sent { "s" } else { "" }, base.len(), newer.len())
    }

    fn read(written: &str) -> Option<Self> {
        let (head, rest) = written.split_once(':')?;
        let (base, newer) = head.trim_start_matches('s').split_once(',')?;
        let (base, rest) = rest.split_at_checked(base.parse().ok()?)?;
        let (newer, text) = rest.split_at_checked(newer.parse().ok()?)?;
        Some(Self { sent: head.starts_with('s'), base: base.into(), text: text.into(), newer: newer.into() })
    }

    /// The text that nothing is lost with. `rendered`: the draft that the server has by now; `now`: with what has been typed
    /// since the page came.
    fn with(&self, rendered: &str, now: &str) -> String {
        let whole = self.without_newer(rendered, now);
        match (whole.as_str(), self.newer.as_str()) {
            (_, "") => whole,
            ("", newer) => newer.to_owned(),
            (before, newer) => format!("{before}\n\n{newer}"),
        }
    }

    fn without_newer(&self, rendered: &str, now: &str) -> String {
        let Self { sent, base, text, .. } = self;
        // With the message that is written its draft goes.
        let written = *sent && rendered.is_empty() && !base.is_empty();
        if written || text == rendered {
            return now.to_owned();
        }
        if let Some(since) = now.strip_prefix(rendered)
            && (base == rendered || text.starts_with(rendered))
            && (since.is_empty() || !rendered.is_empty())
        {
            return format!("{text}{since}");
        }
        format!("{text}\n\n{now}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tab_keeps_is_read_again() {
        for sent in [false, true] {
            for (base, text) in [("", ""), ("", "s1:x"), ("Grüß\n", "Grüß\nGott"), ("5:", "")] {
                for newer in ["", "And", "1,2:ü"] {
                    let kept = Shelved { sent, base: base.into(), text: text.into(), newer: newer.into() };
                    assert_eq!(Shelved::read(&kept.written()), Some(kept));
                }
            }
        }
        for broken in ["", "x", "9:abc", "1:ü", "-1:x", "9,0:abc", "1,0:ü", "0,1:ü", "-1,0:x", "1,9:abc"] {
            assert_eq!(Shelved::read(broken), None, "{broken}");
        }
    }

    #[test]
    fn nothing_that_was_typed_is_lost() {
        for (sent, base, text, rendered, now, whole) in [
            // The server never got it.
            (false, "", "Hello", "", "", "Hello"),
            (false, "Hel", "Hello", "Hel", "Hel", "Hello"),
            (false, "Hello", "", "Hello", "Hello", ""),
            (false, "Hello", "Bye", "Hello", "Hello", "Bye"),
            // It did, but its answer was lost, or a part of it.
            (false, "", "Hello", "Hello", "Hello", "Hello"),
            (false, "", "Hello", "Hel", "Hel", "Hello"),
            // More has been typed while the page came.
            (false, "Hel", "Hello", "Hel", "Hel you", "Hello you"),
            (false, "", "Hello", "Hello", "Hello you", "Hello you"),
            (false, "", "Hello", "", "You", "Hello\n\nYou"),
            // Written on elsewhere since.
            (false, "Hello", "Hello you", "Other", "Other", "Hello you\n\nOther"),
            // Sent: it was written, or it was not.
            (true, "Hel", "Hello", "", "", ""),
            (true, "Hel", "Hello", "Hel", "Hel", "Hello"),
            (true, "", "Hello", "", "", "Hello"),
        ] {
            let kept = Shelved { sent, base: base.into(), text: text.into(), newer: String::new() };
            assert_eq!(kept.with(rendered, now), whole, "{kept:?} with {rendered:?} and {now:?}");
            if sent {
                let kept = Shelved { newer: "Newer".into(), ..kept };
                let both = if whole.is_empty() { "Newer".to_owned() } else { format!("{whole}\n\nNewer") };
                assert_eq!(kept.with(rendered, now), both, "{kept:?} with {rendered:?} and {now:?}");
            }
        }
    }
}
