//! A new ticket, for oneself or for a customer.

use super::rpc;
use crate::erased::{dynamic, effect, handler, reactive};
use crate::{
    icons::{Ico, Icon},
    shared::ErrorNotice,
};
use domain::{
    Error,
    people::Contact,
    priority::Level,
    ticket::{NewTicket, Requester, Source},
};
use leptos::{ev, html, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_navigate;

/// `/new`, for staff.
#[component]
pub fn NewTicketPage() -> impl IntoView {
    let email = RwSignal::new(String::new());
    let name = RwSignal::new(String::new());
    let subject = RwSignal::new(String::new());
    let body = RwSignal::new(String::new());
    let tags = RwSignal::new(String::new());
    let urgency = RwSignal::new(Level::Medium);
    let importance = RwSignal::new(Level::Medium);
    let source = RwSignal::new(Source::Phone);
    let found = RwSignal::new(Vec::<Contact>::new());
    let failed = RwSignal::new(None::<Error>);
    let busy = RwSignal::new(false);
    let first = NodeRef::<html::Input>::new();
    effect(move || {
        let Some(first) = first.get() else { return };
        // Not away from a field that somebody has chosen meanwhile.
        if document().active_element().is_none_or(|e| e.closest("form").ok().flatten().is_none()) {
            let _ = first.focus();
        }
        crate::type_ahead::arrived();
    });
    // Typing looks customers up; a known address brings its name along.
    effect(move || {
        let text = email.get();
        if text.chars().count() < 2 {
            return;
        }
        leptos::task::spawn_local(async move {
            if let Ok(contacts) = rpc::find_customers(text.clone()).await
                && email.get_untracked() == text
            {
                if let Some(known) = contacts.iter().find(|c| c.email.eq_ignore_ascii_case(&text)) {
                    name.set(known.name.clone());
                }
                found.set(contacts);
            }
        });
    });
    let navigate = use_navigate();
    let send = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failed.set(None);
        let address = email.get_untracked();
        let ticket = NewTicket {
            subject: subject.get_untracked(),
            body: body.get_untracked(),
            // Left empty, it is one's own.
            requester: (!address.trim().is_empty())
                .then(|| Requester::Address { name: name.get_untracked(), email: address }),
            urgency: urgency.get_untracked(),
            importance: importance.get_untracked(),
            tags: tags.get_untracked().split(',').map(str::to_owned).collect(),
            source: source.get_untracked(),
            ..NewTicket::default()
        };
        let navigate = navigate.clone();
        leptos::task::spawn_local(async move {
            match rpc::create(ticket).await {
                Ok(made) => navigate(&format!("/tickets/{}", made.id), Default::default()),
                Err(error) => failed.set(Some(error.0)),
            }
            busy.set(false);
        });
    };
    let problem = move |field: &'static str| {
        move || {
            failed.with(|e| e.as_ref().and_then(|e| e.of_field(field)).map(str::to_owned)).map(|problem| {
                view! {
                    <p class="field__error" id=format!("{field}-error") role="alert">
                        <Ico icon=Icon::Alert />
                        {problem}
                    </p>
                }
            })
        }
    };
    let invalid = move |field: &'static str| {
        move || failed.with(|e| e.as_ref().is_some_and(|e| e.of_field(field).is_some())).then_some("true")
    };
    let level = move |id: &'static str, label: &'static str, chosen: RwSignal<Level>| {
        view! {
            <div class="field">
                <label class="field__label" for=id>
                    {label}
                </label>
                <select
                    class="select"
                    id=id
                    on:change=handler(move |event: ev::Event| {
                        if let Some(level) = Level::from_word(&event_target_value(&event)) {
                            chosen.set(level);
                        }
                    })
                >
                    {Level::ALL
                        .map(|l| {
                            view! {
                                <option value=l.word() selected=Level::Medium.eq(&l)>
                                    {l.name()}
                                </option>
                            }
                        })
                        .map(IntoAny::into_any).collect_view()}
                </select>
            </div>
        }
    };
    let text_input = move |id: &'static str, label: &'static str, value: RwSignal<String>, hint: &'static str| {
        view! {
            <div class="field">
                <label class="field__label" for=id>
                    {label}
                </label>
                <input
                    class="input"
                    id=id
                    prop:value=reactive(move || value.get())
                    on:input=handler(move |event: ev::Event| value.set(event_target_value(&event)))
                    aria-invalid=invalid(id)
                />
                {problem(id)}
                {(!hint.is_empty()).then(|| view! { <p class="field__hint">{hint}</p> })}
            </div>
        }
    };
    view! {
        <Title text="New ticket" />
        <div class="page page--narrow">
            <div class="page__body">
                <header class="page__head">
                    <h1 class="page__title">"New ticket"</h1>
                </header>
                {dynamic(move || {
                    failed.get().filter(|e| e.fields.is_empty()).map(|error| view! { <ErrorNotice error=error /> })
                })}
                <form class="stack" on:submit=handler(send)>
                    <div class="field-grid">
                        <div class="field">
                            <label class="field__label" for="requester">
                                "Customer's e-mail address"
                            </label>
                            <input
                                class="input"
                                id="requester"
                                node_ref=first
                                type="text"
                                inputmode="email"
                                list="customers"
                                autocomplete="off"
                                prop:value=reactive(move || email.get())
                                on:input=handler(move |event: ev::Event| email.set(event_target_value(&event)))
                                aria-invalid=invalid("requester")
                            />
                            <datalist id="customers">
                                <For each=move || found.get() key=|c| c.id let:contact>
                                    <option value=contact.email>{contact.name}</option>
                                </For>
                            </datalist>
                            {problem("requester")}
                            <p class="field__hint">"A new address makes a new customer. Empty: the ticket is your own."</p>
                        </div>
                        {text_input("name", "Customer's name", name, "")}
                    </div>
                    {text_input("subject", "Subject", subject, "")}
                    <div class="field">
                        <label class="field__label" for="body">
                            "Message"
                        </label>
                        <textarea
                            class="textarea"
                            id="body"
                            rows="8"
                            prop:value=reactive(move || body.get())
                            on:input=handler(move |event: ev::Event| body.set(event_target_value(&event)))
                            aria-invalid=invalid("body")
                        ></textarea>
                        {problem("body")}
                    </div>
                    <div class="field-grid">
                        {level("urgency", "Urgency", urgency)} {level("importance", "Importance", importance)}
                        <div class="field">
                            <label class="field__label" for="source">
                                "Came in"
                            </label>
                            <select
                                class="select"
                                id="source"
                                on:change=handler(move |event: ev::Event| {
                                    if let Some(chosen) = Source::from_word(&event_target_value(&event)) {
                                        source.set(chosen);
                                    }
                                })
                            >
                                {[Source::Phone, Source::Web, Source::Email, Source::Chat]
                                    .map(|s| view! { <option value=s.word()>{s.name()}</option> })
                                    .map(IntoAny::into_any).collect_view()}
                            </select>
                        </div>
                    </div>
                    {text_input("tags", "Tags", tags, "Separated by commas.")}
                    <div class="actions">
                        <button
                            class="button button--primary"
                            type="submit"
                            aria-busy=reactive(move || busy.get().to_string())
                        >
                            "Open ticket"
                        </button>
                    </div>
                </form>
            </div>
        </div>
    }
    .into_any()
}
