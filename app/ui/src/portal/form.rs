//! What the forms of the portal have in common: files, what is kept of them, and how they are sent.

use super::{
    draft::{Draft, Written},
    files::{Attached, Send as SendButton},
};
use crate::erased::handler;
use crate::flash::{Flash, KEY, PERSON};
use crate::me;
use leptos::{ev, html, prelude::*};
use web_sys::HtmlFormElement;

/// One form, while a script sends it. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Sending {
    pub files: Attached,
    pub draft: Draft,
    /// From when it is sent until there is an answer.
    pub busy: RwSignal<bool>,
    form: NodeRef<html::Form>,
    send: Callback<(Sending, HtmlFormElement)>,
}

impl Sending {
    /// In a component. `send` is called when the form and its files are ready to go; it is busy then.
    pub fn new(written: Written, flash: &Flash, send: impl Fn(Self, HtmlFormElement) + Send + Sync + 'static) -> Self {
        let form = NodeRef::new();
        // The files tell when they are there, and the form holds them: each needs the other.
        let whole = StoredValue::new(None::<Self>);
        let there = Callback::new(move |()| {
            if let Some(whole) = whole.get_value() {
                whole.send();
            }
        });
        let files = Attached::new(written.ticket(), flash, there);
        let this = Self {
            files,
            draft: Draft::new(written, form, files.uploads),
            busy: RwSignal::new(false),
            form,
            send: Callback::new(move |(this, form)| send(this, form)),
        };
        whole.set_value(Some(this));
        this
    }

    fn send(self) {
        let Some(form) = self.form.get_untracked() else { return };
        if !self.busy.get_untracked() && self.files.ready() {
            self.busy.set(true);
            self.send.run((self, form));
        }
    }

    /// There is an answer, and so nothing to keep where it is a good one. Whether the form is still there.
    pub fn answered(self, is_good: bool) -> bool {
        if is_good {
            self.draft.forget();
        }
        !self.busy.is_disposed()
    }
}

/// The form around its fields. Without a script it is sent as it is, to the address of its page.
#[component]
pub(super) fn PortalForm(
    sending: Sending,
    class: &'static str,
    action: String,
    /// What it was rendered with.
    flash: Flash,
    /// Called when something is typed or chosen.
    changed: Callback<()>,
    children: Children,
) -> impl IntoView {
    let Sending { files, draft, busy, form, .. } = sending;
    view! {
        <form
            class=class
            method="post"
            action=action
            enctype="multipart/form-data"
            node_ref=form
            on:submit=handler(move |event: ev::SubmitEvent| {
                event.prevent_default();
                sending.send();
            })
            on:input=handler(move |_: ev::Event| {
                changed.run(());
                draft.typed();
            })
            on:dragover=handler(move |event: ev::DragEvent| event.prevent_default())
            on:drop=handler(move |event: ev::DragEvent| files.dropped(&event))
            on:paste=handler(move |event: ev::ClipboardEvent| files.pasted(&event))
        >
            {hidden(&flash)}
            {children()}
            <SendButton attached=files busy />
        </form>
    }
    .into_any()
}

/// The hidden fields: the key under which a plain form is done once, however often it is sent, and for whom the page was
/// made. A script sends both by itself.
fn hidden(flash: &Flash) -> AnyView {
    let person = me::me().map(|me| me.id.0);
    // Browsers fill in again what stood in a form: that would be the key of before.
    view! {
        <input type="hidden" name=KEY value=flash.value(KEY) autocomplete="off" />
        <input type="hidden" name=PERSON value=person autocomplete="off" />
    }
    .into_any()
}
