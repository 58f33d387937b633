//! Where staff write: a reply or a note, with files, kept as a draft, held back once when somebody else was faster.

mod begun;
mod foot;
mod hold;
mod late;
#[cfg(not(feature = "ssr"))]
mod light;

pub use self::{begun::Begun, late::ComposerPlace};

use self::{foot::Foot, hold::Hold};
use super::{
    drafts::{DraftText, Saved},
    editor::{Editor, Files, Preview},
    rpc,
    state::{Pending, TicketState},
};
use crate::erased::{Sometimes, dynamic, effect, handler, reactive};
use crate::{
    attempt::Attempt,
    icons::{Ico, Icon},
    keys::{Command, on_command},
    shared::escaped,
};
use domain::{
    Code, StatusId,
    ticket::{NewMessage, Writing},
};
use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

/// Files that are dropped anywhere on a ticket are meant for its composer. The browser would show them in place of the page.
pub fn dropped_on_ticket(event: &ev::DragEvent) {
    let target = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    if target.is_some_and(|t| t.closest(".composer").ok().flatten().is_some()) {
        return;
    }
    event.prevent_default();
    #[cfg(not(feature = "ssr"))]
    light::pass_on(event);
}

/// Everything the parts of the composer share. Cheap to copy.
#[derive(Clone, Copy)]
struct Desk {
    state: TicketState,
    begun: Begun,
    mode: RwSignal<Writing>,
    editor: Editor,
    /// The status that goes with a message which was held back, while it is held back.
    held: RwSignal<Option<Option<StatusId>>>,
    /// The reply and the note that were sent last.
    reply: Attempt<NewMessage>,
    note: Attempt<NewMessage>,
    sending: RwSignal<u32>,
    /// Whether the reply that is being written is signed.
    sign: RwSignal<bool>,
}

impl Desk {
    fn draft(self) -> DraftText {
        self.draft_of(self.mode.get_untracked())
    }

    fn draft_of(self, writing: Writing) -> DraftText {
        self.begun.draft_of(writing)
    }

    fn attempt_of(self, writing: Writing) -> Attempt<NewMessage> {
        if writing == Writing::Note { self.note } else { self.reply }
    }

    fn is_note(self) -> bool {
        self.mode.get() == Writing::Note
    }

    /// Whether there is a signature that what is written could have.
    fn can_sign(self) -> bool {
        !self.is_note() && self.begun.signature.with_value(|html| !html.is_empty())
    }

    fn text(self) -> String {
        self.draft_of(self.mode.get()).text.get()
    }

    /// Switches to replies or notes and puts the cursor there.
    fn write(self, writing: Writing) {
        self.mode.set(writing);
        self.focus();
    }

    /// Puts the cursor into the field.
    fn focus(self) {
        self.editor.focus();
    }

    /// Sends what is written. `all_the_same`: also when somebody else has written meanwhile.
    fn send(self, status: Option<StatusId>, all_the_same: bool) {
        let draft = self.draft();
        let writing = self.mode.get_untracked();
        if let Some(why) = self.editor.uploads.in_the_way() {
            self.state.toaster.say(why, None);
            return;
        }
        let attachments = self.editor.uploads.done();
        if draft.text.with_untracked(|t| t.trim().is_empty()) && attachments.is_empty() {
            self.focus();
            return;
        }
        if all_the_same {
            self.state.seen.set(self.state.conversation.newest.get_untracked());
        }
        self.held.set(None);
        self.editor.preview.set(None);
        let body = draft.take();
        let sign = untrack(|| self.can_sign() && self.sign.get());
        self.sign.set(true);
        let files = self.editor.uploads.take();
        let key = self.state.pending.with_untracked(|p| p.last().map_or(1, |p| p.key + 1));
        self.state.pending.update(|p| p.push(Pending { key, writing, body: body.clone() }));
        self.state.conversation.to_end();
        let message = NewMessage { writing, body: body.clone(), attachments, seen: None, status, key: None, sign };
        let attempt = self.attempt_of(writing);
        let key_of_it = Some(attempt.key(&message));
        let message = NewMessage { seen: self.state.seen.get_untracked(), key: key_of_it, ..message };
        self.sending.update(|n| *n += 1);
        let state = self.state;
        spawn_local(async move {
            let result = rpc::write(state.id, message).await;
            if state.pending.try_get_untracked().is_none() {
                // Another ticket is open by now: the tab keeps the text until it is written.
                match result {
                    Ok(_) => draft.sent(&body),
                    Err(error) => state.toaster.fail(&error.0),
                }
                return;
            }
            self.sending.update(|n| *n -= 1);
            match result {
                Ok((ticket, entry)) => {
                    attempt.forget();
                    state.take(ticket);
                    if !state.has(entry) {
                        state.conversation.catch_up().await;
                    }
                    state.settled(key, Some(entry));
                    draft.sent(&body);
                }
                Err(error) => {
                    state.settled(key, None);
                    draft.give_back(body);
                    self.editor.uploads.give_back(files);
                    self.mode.set(writing);
                    self.sign.set(sign || writing == Writing::Note);
                    if error.0.code == Code::Conflict {
                        state.conversation.catch_up().await;
                        self.held.set(Some(status));
                    } else {
                        state.toaster.fail(&error.0);
                    }
                }
            }
        });
    }
}

/// The form. What has been done before it came is done by it now.
#[component]
pub fn Composer(begun: Begun) -> impl IntoView {
    let state = begun.state;
    let mode = RwSignal::new(begun.writing);
    let typed = Callback::new(move |text| begun.draft_of(mode.get_untracked()).typed(text));
    let editor = Editor::new(Some(state.id), typed);
    editor.uploads.restore(begun.unsent.get_value());
    let (held, sending) = (RwSignal::new(None), RwSignal::new(0));
    let sign = RwSignal::new(true);
    let desk = Desk { state, begun, mode, editor, held, reply: Attempt::new(), note: Attempt::new(), sending, sign };
    let ready = RwSignal::new(false);
    effect(move || {
        ready.set(true);
        if let Some(writing) = begun.take_wanted() {
            desk.write(writing);
        }
        editor.uploads.add(begun.take_files());
    });
    on_command(move |command| match command {
        Command::Reply => desk.write(Writing::Reply),
        Command::Note => desk.write(Writing::Note),
        _ => {}
    });
    let leaving = window_event_listener(ev::beforeunload, move |event| {
        // Those that have arrived are kept with the draft.
        let files = untrack(|| desk.editor.uploads.busy()) || desk.editor.uploads.any_failed();
        if files || desk.sending.get_untracked() > 0 {
            event.prevent_default();
        }
    });
    on_cleanup(move || leaving.remove());
    let over = RwSignal::new(false);
    let dropped = move |event: ev::DragEvent| {
        over.set(false);
        desk.editor.dropped(&event);
    };
    let pasted = move |event: ev::ClipboardEvent| desk.editor.pasted(&event);
    let is_open = move || (!desk.text().is_empty() || !desk.editor.uploads.list.with(Vec::is_empty)).then_some("");
    view! {
        <form
            class="composer"
            class:is-over=over
            data-mode=reactive(move || if desk.is_note() { "note" } else { "reply" })
            data-open=reactive(is_open)
            aria-label="Write on this ticket"
            on:submit=handler(move |event: ev::SubmitEvent| {
                event.prevent_default();
                desk.send(None, false);
            })
            on:input=handler(move |_: ev::Event| desk.attempt_of(mode.get_untracked()).forget())
            on:dragover=handler(move |event: ev::DragEvent| {
                event.prevent_default();
                over.set(true);
            })
            on:dragleave=handler(move |_| over.set(false))
            on:drop=handler(dropped)
            on:paste=handler(pasted)
        >
            <button
                class="composer__mode"
                type="button"
                aria-label="Write an internal note"
                // With the focus the form opens, and the button would go away under the finger.
                on:mousedown=handler(|event: ev::MouseEvent| event.prevent_default())
                on:click=handler(move |_| desk.write(Writing::Note))
            >
                <Ico icon=Icon::Lock />
            </button>
            <Tabs desk />
            <Hold desk />
            <Field desk />
            <Signature desk />
            <Files editor=desk.editor />
            <Foot desk ready />
        </form>
    }
    .into_any()
}

#[component]
fn Tabs(desk: Desk) -> impl IntoView {
    let info = move || {
        let draft = desk.draft_of(desk.mode.get());
        let saved = match draft.saved.get() {
            Saved::Nothing => "",
            Saved::Not => " · saving draft…",
            Saved::Yes => " · draft saved",
            Saved::Failed => " · draft not saved yet, trying again",
        };
        let to = if desk.is_note() {
            "Only staff see it".to_owned()
        } else {
            format!("To {}", desk.state.ticket.with(|t| t.requester.name.clone()))
        };
        format!("{to}{saved}")
    };
    let tab = move |writing: Writing, icon: Icon, name: &'static str, key: &'static str| {
        view! {
            <button
                class="composer__tab"
                type="button"
                role="tab"
                aria-selected=reactive(move || (desk.mode.get() == writing).to_string())
                aria-keyshortcuts=key
                on:click=handler(move |_| desk.write(writing))
            >
                <Ico icon />
                {name}
            </button>
        }
    };
    view! {
        <div class="composer__head">
            <div class="composer__tabs" role="tablist" aria-label="What to write">
                {tab(Writing::Reply, Icon::Reply, "Reply", "R")}
                {tab(Writing::Note, Icon::Lock, "Note", "N")}
            </div>
            <span class="composer__info">{dynamic(info)}</span>
        </div>
    }
    .into_any()
}

#[component]
fn Field(desk: Desk) -> impl IntoView {
    let typed = move |event: ev::Event| {
        desk.begun.typed(desk.mode.get_untracked(), event_target_value(&event));
    };
    // Not as a property of the view: setting that would take the cursor away from who is typing while the form comes.
    effect(move || {
        let text = desk.text();
        if let Some(area) = desk.editor.area.get()
            && area.value() != text
        {
            area.set_value(&text);
        }
    });
    let keys = move |event: ev::KeyboardEvent| {
        if desk.editor.keys(&event) {
            return;
        }
        match event.key().as_str() {
            "Enter" if event.ctrl_key() || event.meta_key() => {
                event.prevent_default();
                desk.send(None, false);
            }
            "Escape" => {
                if let Some(conversation) = desk.state.conversation.scroller.get_untracked() {
                    let _ = conversation.focus();
                }
            }
            _ => {}
        }
    };
    let name = move || {
        if desk.is_note() {
            "Internal note".to_owned()
        } else {
            format!("Reply to {}", desk.state.ticket.with(|t| t.requester.name.clone()))
        }
    };
    let hint = move || if desk.is_note() { "Write a note for colleagues…" } else { "Write a reply…" };
    let rendered = escaped(&desk.draft().text.get_untracked());
    view! {
        <textarea
            class="composer__text"
            node_ref=desk.editor.area
            aria-label=reactive(name)
            placeholder=reactive(hint)
            rows=reactive(move || desk.text().lines().count().clamp(3, 14))
            hidden=reactive(move || desk.editor.preview.with(Option::is_some))
            autocomplete="off"
            inner_html=rendered
            on:input=handler(typed)
            on:keydown=handler(keys)
        ></textarea>
        <Preview editor=desk.editor />
    }
    .into_any()
}

/// What will stand below the reply, and leaving it out of this one.
#[component]
fn Signature(desk: Desk) -> impl IntoView {
    dynamic(move || {
        desk.can_sign().shown(|| {
            view! {
                <div class="composer__sign">
                    <div
                        class="prose"
                        role="region"
                        aria-label="Signature"
                        hidden=reactive(move || !desk.sign.get())
                        inner_html=desk.begun.signature.get_value()
                    ></div>
                    <button
                        class="button button--ghost button--sm"
                        type="button"
                        on:mousedown=handler(|event: ev::MouseEvent| event.prevent_default())
                        on:click=handler(move |_| desk.sign.update(|sign| *sign = !*sign))
                    >
                        {dynamic(move || if desk.sign.get() { "Leave out signature" } else { "Add signature" })}
                    </button>
                </div>
            }
        })
    })
}
