//! A new ticket, for oneself or for a customer.

mod draft;
mod requester;
mod side;

use self::{requester::RequesterField, side::Side};
use super::{
    editor::{Editor, Files, Preview, Tools},
    rpc,
};
use crate::erased::{Rows, dynamic, effect, handler, reactive};
use crate::{
    attempt::Attempt,
    icons::{Ico, Icon},
    me,
    shared::{ErrorNotice, Title, Toaster, settled, toaster},
    type_ahead::{self, Awaited},
};
use domain::{
    Code, Error, UserId, attachment,
    people::{Contact, Person},
    priority::Level,
    ticket::{NewTicket, Opening, Requester, Source},
};
use leptos::{ev, html, prelude::*, tachys::reactive_graph::SharedReactiveFunction, task::spawn_local};
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;

/// Everything that is filled in. Cheap to copy.
#[derive(Clone, Copy)]
struct Form {
    opening: RwSignal<Opening>,
    /// Who was chosen.
    known: RwSignal<Option<Contact>>,
    /// What was typed in place of choosing somebody: an address, and a name to it.
    email: RwSignal<String>,
    name: RwSignal<String>,
    subject: RwSignal<String>,
    body: RwSignal<String>,
    urgency: RwSignal<Level>,
    importance: RwSignal<Level>,
    source: RwSignal<Source>,
    assignee: RwSignal<Option<Person>>,
    tags: RwSignal<Vec<String>>,
    editor: Editor,
    failed: RwSignal<Option<Error>>,
    busy: RwSignal<bool>,
    /// Until then, what is typed would be lost.
    ready: RwSignal<bool>,
    /// The ticket is there: nothing is kept any more.
    sent: StoredValue<bool>,
    attempt: Attempt<NewTicket>,
    toaster: Toaster,
    /// Who fills it in.
    person: Option<UserId>,
}

impl Form {
    fn new() -> Self {
        let body = RwSignal::new(String::new());
        let empty = NewTicket::default();
        Self {
            opening: RwSignal::new(empty.opening),
            known: RwSignal::new(None),
            email: RwSignal::new(String::new()),
            name: RwSignal::new(String::new()),
            subject: RwSignal::new(String::new()),
            body,
            urgency: RwSignal::new(empty.urgency),
            importance: RwSignal::new(empty.importance),
            source: RwSignal::new(Source::Phone),
            assignee: RwSignal::new(None),
            tags: RwSignal::new(Vec::new()),
            editor: Editor::new(None, Callback::new(move |text| body.set(text))),
            failed: RwSignal::new(None),
            busy: RwSignal::new(false),
            ready: RwSignal::new(false),
            sent: StoredValue::new(false),
            attempt: Attempt::new(),
            toaster: toaster(),
            person: me::me().map(|me| me.id),
        }
    }

    /// What is asked for, as it stands.
    fn ticket(self) -> NewTicket {
        let address = self.email.get_untracked();
        let requester = match self.known.get_untracked() {
            Some(contact) => Some(Requester::Known(contact.id)),
            // Left empty, it is one's own.
            None if address.trim().is_empty() => None,
            None => Some(Requester::Address { name: self.name.get_untracked(), email: address }),
        };
        NewTicket {
            subject: self.subject.get_untracked(),
            opening: self.opening.get_untracked(),
            body: self.body.get_untracked(),
            requester,
            urgency: self.urgency.get_untracked(),
            importance: self.importance.get_untracked(),
            tags: self.tags.get_untracked(),
            source: self.source.get_untracked(),
            attachments: self.editor.uploads.done(),
            team: None,
            assignee: self.assignee.get_untracked().map(|person| person.id),
            key: None,
        }
    }

    /// Opens the ticket and goes there; what is wrong is shown beside its field.
    fn send(self, open: impl Fn(&str) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        if let Some(why) = self.editor.uploads.in_the_way() {
            self.toaster.say(why, None);
            return;
        }
        self.busy.set(true);
        self.failed.set(None);
        let ticket = self.ticket();
        let key = Some(self.attempt.key(&ticket));
        let ticket = NewTicket { key, ..ticket };
        spawn_local(async move {
            let result = rpc::create(ticket).await;
            if self.busy.try_get_untracked().is_none() {
                // Another page is open by now: what was typed is kept for when somebody comes back.
                match result {
                    Ok(made) => {
                        draft::forget(self.person);
                        self.toaster.say(format!("Ticket #{} is open.", made.id), None);
                    }
                    Err(error) => self.toaster.fail(&error.0),
                }
                return;
            }
            self.busy.set(false);
            match result {
                Ok(made) => {
                    self.sent.set_value(true);
                    draft::forget(self.person);
                    open(&format!("/tickets/{}", made.id));
                }
                Err(error) => {
                    self.editor.preview.set(None);
                    self.failed.set(Some(error.0));
                    settled().await;
                    if let Ok(Some(field)) = document().query_selector(".new-ticket [aria-invalid=true]")
                        && let Ok(field) = field.dyn_into::<web_sys::HtmlElement>()
                    {
                        let _ = field.focus();
                    }
                }
            }
        });
    }

    /// What is wrong with a field is no longer said once it has been changed.
    fn changed(self, field: &str) {
        if self.failed.with_untracked(|e| e.as_ref().is_some_and(|e| e.of_field(field).is_some())) {
            self.failed.update(|failed| {
                if let Some(error) = failed {
                    error.fields.retain(|wrong| wrong.field != field);
                    if error.fields.is_empty() && error.code == Code::Invalid {
                        *failed = None;
                    }
                }
            });
        }
    }

    fn invalid(self, field: &'static str) -> SharedReactiveFunction<Option<&'static str>> {
        reactive(move || self.is_wrong(field).then_some("true"))
    }

    fn is_wrong(self, field: &str) -> bool {
        self.failed.with(|e| e.as_ref().is_some_and(|e| e.of_field(field).is_some()))
    }

    /// The id of what says what is wrong with a field.
    fn described(self, field: &'static str) -> SharedReactiveFunction<Option<String>> {
        reactive(move || self.is_wrong(field).then(|| format!("{field}-error")))
    }

    /// What is wrong with a field, for below it.
    fn problem(self, field: &'static str) -> AnyView {
        dynamic(move || {
            self.failed.with(|e| e.as_ref().and_then(|e| e.of_field(field)).map(str::to_owned)).map(|problem| {
                view! {
                    <p class="field__error" id=format!("{field}-error") role="alert">
                        <Ico icon=Icon::Alert />
                        {problem}
                    </p>
                }
            })
        })
    }
}

/// `/new`, for staff.
#[component]
pub fn NewTicketPage() -> impl IntoView {
    let form = Form::new();
    let first = NodeRef::<html::Input>::new();
    draft::keep(form);
    effect(move || form.ready.set(true));
    effect(move || {
        let Some(first) = first.get() else { return };
        // Not away from a field that somebody has chosen meanwhile.
        if document().active_element().is_none_or(|e| e.closest("form").ok().flatten().is_none()) {
            let _ = first.focus();
        }
        type_ahead::arrived(Awaited::NewTicket);
    });
    let leaving = window_event_listener(ev::beforeunload, move |event| {
        if form.busy.get_untracked() || untrack(|| form.editor.uploads.busy()) {
            event.prevent_default();
        }
    });
    on_cleanup(move || leaving.remove());
    let navigate = use_navigate();
    let send = Callback::new(move |()| {
        let navigate = navigate.clone();
        form.send(move |address| navigate(address, Default::default()));
    });
    let over = RwSignal::new(false);
    view! {
        <Title text="New ticket" />
        <div class="page new-ticket">
            <form
                class="page__body"
                on:submit=handler(move |event: ev::SubmitEvent| {
                    event.prevent_default();
                    send.run(());
                })
                on:keydown=handler(move |event: ev::KeyboardEvent| {
                    if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                        event.prevent_default();
                        send.run(());
                    }
                })
                on:dragover=handler(move |event: ev::DragEvent| {
                    event.prevent_default();
                    over.set(true);
                })
                on:dragleave=handler(move |_| over.set(false))
                on:drop=handler(move |event: ev::DragEvent| {
                    over.set(false);
                    form.editor.dropped(&event);
                    form.changed("attachments");
                })
                on:paste=handler(move |event: ev::ClipboardEvent| form.editor.pasted(&event))
            >
                <header class="page__head">
                    <h1 class="page__title">"New ticket"</h1>
                    {openings(form)}
                </header>
                <div class="new-ticket__main">
                    <RequesterField form first />
                    <div class="field">
                        <label class="field__label" for="subject">
                            "Subject"
                        </label>
                        <input
                            class="input"
                            id="subject"
                            autocomplete="off"
                            readonly=reactive(move || !form.ready.get())
                            prop:value=reactive(move || form.subject.get())
                            on:input=handler(move |event: ev::Event| {
                                form.subject.set(event_target_value(&event));
                                form.changed("subject");
                            })
                            aria-invalid=form.invalid("subject")
                            aria-describedby=form.described("subject")
                        />
                        {form.problem("subject")}
                    </div>
                    {message(form, over)}
                </div>
                <Side form />
                <footer class="new-ticket__foot">
                    {dynamic(move || {
                        form.failed.get().filter(|e| e.fields.is_empty()).map(|error| view! { <ErrorNotice error=error /> })
                    })}
                    <div class="actions">
                        <button
                            class="button button--primary"
                            type="submit"
                            aria-keyshortcuts="Control+Enter"
                            aria-busy=reactive(move || form.busy.get().to_string())
                        >
                            "Open ticket"
                            <kbd>"Ctrl ↵"</kbd>
                        </button>
                        {draft::start_over(form)}
                    </div>
                </footer>
            </form>
        </div>
    }
    .into_any()
}

/// Whose words the ticket begins with.
fn openings(form: Form) -> AnyView {
    let choice = move |opening: Opening| {
        let (icon, name) = match opening {
            Opening::FromCustomer => (Icon::User, "From the customer"),
            Opening::ToCustomer => (Icon::Reply, "To the customer"),
            Opening::Note => (Icon::Lock, "Internal note"),
        };
        view! {
            <label>
                <input
                    type="radio"
                    name="opening"
                    prop:checked=reactive(move || form.opening.get() == opening)
                    checked=opening == Opening::FromCustomer
                    on:change=handler(move |_| form.opening.set(opening))
                />
                <Ico icon />
                {name}
            </label>
        }
        .into_any()
    };
    view! {
        <div class="segmented" role="radiogroup" aria-label="The ticket begins with a message">
            {Opening::ALL.map(choice).rows()}
        </div>
    }
    .into_any()
}

/// The field for the message, with its tools and files.
fn message(form: Form, over: RwSignal<bool>) -> AnyView {
    let editor = form.editor;
    let whose = move || match form.opening.get() {
        Opening::FromCustomer => "the customer's words; it stands on their side",
        Opening::ToCustomer => "yours; the customer sees it",
        Opening::Note => "only staff see it",
    };
    view! {
        <div class="field">
            <label class="field__label" for="body">
                "Message"
                <span class="faint">" · " {dynamic(whose)}</span>
            </label>
            <div
                class="composer"
                class:is-over=over
                data-open=""
                data-mode=reactive(move || if form.opening.get() == Opening::Note { "note" } else { "reply" })
            >
                <textarea
                    class="composer__text"
                    id="body"
                    node_ref=editor.area
                    rows="8"
                    readonly=reactive(move || !form.ready.get())
                    hidden=reactive(move || editor.preview.with(Option::is_some))
                    prop:value=reactive(move || form.body.get())
                    on:input=handler(move |event: ev::Event| {
                        form.body.set(event_target_value(&event));
                        form.changed("body");
                    })
                    on:keydown=handler(move |event: ev::KeyboardEvent| {
                        editor.keys(&event);
                    })
                    aria-invalid=form.invalid("body")
                    aria-describedby=form.described("body")
                ></textarea>
                <Preview editor />
                <Files editor />
                <div class="composer__foot">
                    <Tools editor />
                </div>
            </div>
            {form.problem("body")}
            {form.problem("attachments")}
            <p class="field__hint">
                "Markdown. Files can be dropped or pasted anywhere here. " {attachment::hint(me::max_file_bytes())}
            </p>
        </div>
    }
    .into_any()
}
