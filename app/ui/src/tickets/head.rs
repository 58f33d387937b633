//! The head of a ticket: its subject, where it comes from, who else is looking.

use super::{entry::source_icon, inbox::PropsOpen, state::TicketState};
use crate::erased::{Rows, dynamic, effect, handler, reactive};
use crate::{
    icons::{Ico, Icon},
    shared::{Avatar, PriorityMark, StatusMark, When},
};
use domain::{
    live::Looking,
    ticket::{Change, Swap},
};
use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_location;

#[component]
pub fn Head(state: TicketState) -> impl IntoView {
    let PropsOpen(props_open) = expect_context();
    let location = use_location();
    let back = move || {
        let search = location.search.get();
        if search.is_empty() || search.starts_with("entry=") {
            "/tickets".to_owned()
        } else {
            format!("/tickets?{search}")
        }
    };
    let (id, created, source) = state.ticket.with_untracked(|t| (t.id, t.created_at, t.source));
    let requester = move || state.ticket.with(|t| t.requester.clone());
    let company = move || state.ticket.with(|t| t.company.clone());
    view! {
        <header class="ticket__head">
            <a class="button button--ghost button--icon bar__back" href=reactive(back) aria-label="Back to the list">
                <Ico icon=Icon::ChevronLeft />
            </a>
            <Subject state />
            <div class="ticket__tools">
                <Presence state />
                <button
                    class="button button--ghost button--icon"
                    type="button"
                    aria-label="Watch"
                    aria-pressed=reactive(move || state.watching.get().to_string())
                    data-tip=reactive(move || if state.watching.get() { "Stop watching" } else { "Watch" })
                    on:click=handler(move |_| state.watch(!state.watching.get_untracked()))
                >
                    {dynamic(move || {
                        let icon = if state.watching.get() { Icon::Eye } else { Icon::EyeOff };
                        view! { <Ico icon /> }
                    })}
                </button>
                <button
                    class="button button--ghost button--icon props-toggle"
                    type="button"
                    aria-label="Properties"
                    aria-expanded=reactive(move || props_open.get().to_string())
                    on:click=handler(move |_| props_open.update(|o| *o = !*o))
                >
                    <Ico icon=Icon::Panel />
                </button>
            </div>
            <div class="ticket__meta">
                <span>{format!("#{id}")}</span>
                {dynamic(move || {
                    let requester = requester();
                    view! { <a href=format!("/tickets?status=all&requester={}", requester.id)>{requester.name}</a> }
                })}
                {dynamic(move || {
                    company()
                        .map(|company| {
                            view! { <a href=format!("/tickets?status=all&company={}", company.id)>{company.name}</a> }
                        })
                })}
                <span>
                    <Ico icon=source_icon(source) />
                    {source.name()}
                    ", "
                    <When at=created />
                </span>
            </div>
            <div class="ticket__chips chips">
                {dynamic(move || {
                    let ticket = state.ticket.get();
                    let status = state.workflow.with_value(|w| w.status(ticket.status).cloned());
                    let chip = move |inner: AnyView| {
                        view! {
                            <button class="chip" type="button" on:click=handler(move |_| props_open.set(true))>
                                {inner}
                            </button>
                        }
                    };
                    view! {
                        {status.map(|status| chip(view! { <StatusMark status /> }.into_any()))}
                        {chip(
                            view! {
                                <PriorityMark urgency=ticket.urgency importance=ticket.importance />
                                {ticket.priority.name()}
                            }
                                .into_any(),
                        )}
                        {chip(
                            match ticket.assignee {
                                Some(person) => {
                                    view! {
                                        <Avatar name=person.name.clone() size="xs" picture=person.picture_path() />
                                        {person.name}
                                    }
                                        .into_any()
                                }
                                None => view! { "Nobody" }.into_any(),
                            },
                        )}
                    }
                })}
            </div>
        </header>
    }
    .into_any()
}

/// The subject, which turns into a field when it is clicked.
#[component]
fn Subject(state: TicketState) -> impl IntoView {
    let editing = RwSignal::new(false);
    let field = NodeRef::<html::Input>::new();
    let opener = NodeRef::<html::Button>::new();
    let close = move || {
        editing.set(false);
        request_animation_frame(move || {
            if let Some(opener) = opener.get_untracked() {
                let _ = opener.focus();
            }
        });
    };
    let save = move || {
        if !editing.get_untracked() {
            return;
        }
        let Some(field) = field.get_untracked() else { return };
        let new = domain::text::tidy_line(&field.value());
        let old = state.ticket.with_untracked(|t| t.subject.clone());
        close();
        if new.is_empty() || new == old {
            return;
        }
        let swap = |from: &str, to: &str| Change {
            subject: Some(Swap::from_to(from.to_owned(), to.to_owned())),
            ..Change::default()
        };
        let shown = new.clone();
        state.change(
            swap(&old, &new),
            move |t| t.subject = shown,
            "The subject was changed.".into(),
            Some(swap(&new, &old)),
        );
    };
    effect(move || {
        if editing.get()
            && let Some(field) = field.get()
        {
            let _ = field.focus();
            field.select();
        }
    });
    let keys = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" => {
            event.prevent_default();
            save();
        }
        "Escape" => {
            event.stop_propagation();
            close();
        }
        _ => {}
    };
    view! {
        <h1 class="ticket__title" id="ticket-title">
            {dynamic(move || {
                if editing.get() {
                    view! {
                        <input
                            class="input ticket__subject-field"
                            node_ref=field
                            aria-label="Subject"
                            maxlength=domain::ticket::SUBJECT_MAX
                            prop:value=state.ticket.with_untracked(|t| t.subject.clone())
                            on:keydown=handler(keys)
                            on:blur=handler(move |_| save())
                        />
                    }
                        .into_any()
                } else {
                    view! {
                        <span>{dynamic(move || state.ticket.with(|t| t.subject.clone()))}</span>
                        <button
                            class="ticket__edit button button--ghost button--icon"
                            type="button"
                            node_ref=opener
                            aria-label="Change the subject"
                            on:click=handler(move |_| editing.set(true))
                        >
                            <Ico icon=Icon::Pencil />
                        </button>
                    }
                        .into_any()
                }
            })}
        </h1>
    }
    .into_any()
}

#[component]
fn Presence(state: TicketState) -> impl IntoView {
    let words = |people: &[Looking]| match people {
        [one] => format!("{} is looking", first_name(&one.name)),
        [one, other] => format!("{} and {} are looking", first_name(&one.name), first_name(&other.name)),
        many => format!("{} people are looking", many.len()),
    };
    dynamic(move || {
        let people = state.looking.get();
        (!people.is_empty()).then(|| {
            let said = words(&people);
            view! {
                <span class="ticket__presence" role="status">
                    <span class="avatars">
                        {people
                            .into_iter()
                            .take(4)
                            .map(|person| {
                                let picture = person.picture.map(|n| domain::picture::path(person.id, n));
                                view! { <Avatar name=person.name picture /> }
                            })
                            .map(IntoAny::into_any).rows()}
                    </span>
                    <span>{said}</span>
                </span>
            }
        })
    })
}

/// How colleagues call each other.
pub fn first_name(name: &str) -> String {
    name.split_whitespace().next().unwrap_or(name).to_owned()
}
