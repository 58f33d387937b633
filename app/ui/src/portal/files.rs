//! The files of a form. Without a script they go with it; with one they are on their way as soon as they are chosen.

use crate::erased::{Sometimes, dynamic, effect, handler, reactive};
use crate::{
    flash::Flash,
    icons::{Ico, Icon},
    me,
    tickets::uploads::{NOT_EVERY_FILE, UploadList, Uploads, files_of},
};
use domain::{TicketId, attachment};
use leptos::{ev, html, prelude::*};

/// The files of one form, and whether it waits for them. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Attached {
    pub uploads: Uploads,
    /// What is wrong with them beside what is said of each.
    pub problem: RwSignal<Option<String>>,
    input: NodeRef<html::Input>,
    /// Whether the form is sent as soon as they are all there.
    waiting: RwSignal<bool>,
}

impl Attached {
    /// In a component. `send` is called for a form that has waited.
    pub fn new(ticket: Option<TicketId>, flash: &Flash, send: Callback<()>) -> Self {
        let this = Self {
            uploads: Uploads::new(ticket),
            problem: RwSignal::new(flash.problem("attachments")),
            input: NodeRef::new(),
            waiting: RwSignal::new(false),
        };
        effect(move || {
            if this.waiting.get() && !this.uploads.busy() {
                this.waiting.set(false);
                send.run(());
            }
        });
        // What was chosen before the page was taken over.
        let taken_over = me::taken_over();
        effect(move || {
            if taken_over.get() && this.input.get().is_some() {
                untrack(|| this.chosen());
            }
        });
        this
    }

    /// Whether the form can be sent as it stands. If not, it is sent once the files are there, or says what is to be done.
    pub fn ready(self) -> bool {
        if untrack(|| self.uploads.busy()) {
            self.waiting.set(true);
            return false;
        }
        if self.uploads.any_failed() {
            self.problem.set(Some(NOT_EVERY_FILE.to_owned()));
            self.focus();
            return false;
        }
        self.problem.set(None);
        true
    }

    fn focus(self) {
        if let Some(input) = self.input.get_untracked() {
            let _ = input.focus();
        }
    }

    fn chosen(self) {
        let Some(input) = self.input.get_untracked() else { return };
        self.add(files_of(input.files()));
        // Or they would go with the form once more. The same file can be chosen again.
        input.set_value("");
    }

    fn add(self, files: Vec<web_sys::File>) {
        if !files.is_empty() {
            self.problem.set(None);
            self.uploads.add(files);
        }
    }

    /// Takes dropped files: beside the field, the browser would show them in place of the page.
    pub fn dropped(self, event: &ev::DragEvent) {
        let files = files_of(event.data_transfer().and_then(|data| data.files()));
        if !files.is_empty() {
            event.prevent_default();
            self.add(files);
        }
    }

    /// Takes files out of the clipboard; text goes where it always does.
    pub fn pasted(self, event: &ev::ClipboardEvent) {
        let files = files_of(event.clipboard_data().and_then(|data| data.files()));
        if !files.is_empty() {
            event.prevent_default();
            self.add(files);
        }
    }
}

/// The field for files, with what was wrong with the last ones. It is the browser's own: it takes dropped files, too, and
/// says what was chosen, also without a script. With one, each file is shown below it with how far it has got.
#[component]
pub(super) fn FileField(attached: Attached) -> impl IntoView {
    let Attached { uploads, problem, input, .. } = attached;
    view! {
        <div class="field">
            <label class="field__label" for="attachments">
                "Add files"
            </label>
            <input
                class="file-field"
                class:is-empty=me::taken_over()
                type="file"
                id="attachments"
                name="attachments"
                multiple
                accept=attachment::ACCEPT
                node_ref=input
                aria-invalid=reactive(move || problem.with(Option::is_some).then_some("true"))
                aria-describedby=reactive(move || {
                    if problem.with(Option::is_some) { "attachments-error" } else { "attachments-hint" }
                })
                on:change=handler(move |_| attached.chosen())
            />
            <UploadList
                class="portal__files"
                uploads
                icon=|_| Icon::File
                back=Callback::new(move |()| attached.focus())
            />
            {dynamic(move || {
                problem
                    .get()
                    .map(|problem| {
                        view! {
                            <p class="field__error" id="attachments-error" role="alert">
                                <Ico icon=Icon::Alert />
                                {problem}
                            </p>
                        }
                    })
            })}
            <p class="field__hint" id="attachments-hint">
                {attachment::hint(me::max_file_bytes())}
            </p>
        </div>
    }
    .into_any()
}

/// The button that sends the form, and, while that waits for files, the way back.
#[component]
pub(super) fn Send(attached: Attached, busy: RwSignal<bool>) -> impl IntoView {
    let waiting = attached.waiting;
    view! {
        <div class="actions">
            <button
                class="button button--primary button--lg"
                type="submit"
                aria-busy=reactive(move || (busy.get() || waiting.get()).to_string())
            >
                "Send"
            </button>
            {dynamic(move || {
                waiting
                    .get()
                    .shown(|| {
                        view! {
                            <button
                                class="button button--lg"
                                type="button"
                                on:click=handler(move |_| {
                                    attached.focus();
                                    waiting.set(false);
                                })
                            >
                                "Do not send yet"
                            </button>
                        }
                    })
            })}
            <p class="portal__waiting" role="status">
                {dynamic(move || waiting.get().then_some("Your message goes out as soon as its files are there."))}
            </p>
        </div>
    }
    .into_any()
}
