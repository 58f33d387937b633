//! The properties of a ticket: each changes with a click or a key, at once on the screen and with a way back.

use super::{inbox::PropsOpen, rpc, staff::StaffPicker, state::TicketState};
use crate::erased::{dynamic, effect, handler, list, memo, reactive};
use crate::{
    icons::{Ico, Icon},
    keys::{Command, on_command},
    me,
    shared::{Avatar, Choice, Menu, Picker, StatusMark, When, hand_on, state_icon, state_word},
};
use domain::{
    StatusId, UserId,
    people::Person,
    priority::Level,
    tag::Tag,
    ticket::{Change, Filter, Swap, Ticket},
    workflow::Category,
};
use leptos::{ev, prelude::*, task::spawn_local};

/// Which list a key opens.
#[derive(Clone, Copy)]
struct Opened {
    status: RwSignal<bool>,
    assignee: RwSignal<bool>,
    urgency: RwSignal<bool>,
    importance: RwSignal<bool>,
    tag: RwSignal<bool>,
}

#[component]
pub fn Properties(state: TicketState) -> impl IntoView {
    let PropsOpen(props_open) = expect_context();
    let new = || RwSignal::new(false);
    let opened = Opened { status: new(), assignee: new(), urgency: new(), importance: new(), tag: new() };
    on_command(move |command| {
        let signal = match command {
            Command::Status => opened.status,
            Command::Assign => opened.assignee,
            Command::Urgency => opened.urgency,
            Command::Importance => opened.importance,
            Command::Tag => opened.tag,
            Command::Resolve => return resolve(state),
            _ => return,
        };
        // Where they are a sheet, the list would open out of sight.
        props_open.set(true);
        signal.set(true);
    });
    let keys = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            props_open.set(false);
        }
    };
    view! {
        <aside class="props" aria-label="Properties" on:keydown=handler(keys)>
            <div class="props__close">
                <span>"Properties"</span>
                <button
                    class="button button--ghost button--icon"
                    type="button"
                    aria-label="Close"
                    on:click=handler(move |_| props_open.set(false))
                >
                    <Ico icon=Icon::Close />
                </button>
            </div>
            <section class="props__section">
                <dl class="props__list">
                    <Row name="Status">
                        <StatusMenu state open=opened.status />
                    </Row>
                    <Row name="Assignee">
                        <AssigneePicker state open=opened.assignee />
                    </Row>
                    <Row name="Urgency">
                        <LevelMenu state urgency=true open=opened.urgency />
                    </Row>
                    <Row name="Importance">
                        <LevelMenu state urgency=false open=opened.importance />
                    </Row>
                    <Row name="Tags">
                        <Tags state open=opened.tag />
                    </Row>
                </dl>
            </section>
            <Customer state />
            <About state />
        </aside>
    }
    .into_any()
}

#[component]
fn Row(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="props__row">
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
}

/// Sets a status, with a way back where the workflow has one.
fn set_status(state: TicketState, to: StatusId) {
    let from = state.ticket.with_untracked(|t| t.status);
    if from == to {
        return;
    }
    let (name, back) = state.workflow.with_value(|w| (w.status(to).map(|s| s.name.clone()), w.allows(to, from)));
    let change = |from, to| Change { status: Some(Swap::from_to(from, to)), ..Change::default() };
    let said = format!("Status set to {}.", name.unwrap_or_default());
    state.change(change(from, to), move |t| t.status = to, said, back.then(|| change(to, from)));
}

fn resolve(state: TicketState) {
    let from = state.ticket.with_untracked(|t| t.status);
    let target = state.workflow.with_value(|w| w.next(from).find(|s| s.category == Category::Resolved).map(|s| s.id));
    match target {
        Some(to) => set_status(state, to),
        None => state.toaster.say("This ticket cannot be resolved from its status.", None),
    }
}

#[component]
fn StatusMenu(state: TicketState, open: RwSignal<bool>) -> impl IntoView {
    let shown = move || {
        let status = state.ticket.with(|t| t.status);
        let status = state.workflow.with_value(|w| w.status(status).cloned());
        view! {
            {status.map(|status| view! { <StatusMark status /> })}
            <Ico icon=Icon::ChevronDown />
        }
    };
    view! {
        <Menu label="Status" open=open button=ViewFn::from(shown)>
            {dynamic(move || {
                let current = state.ticket.with(|t| t.status);
                let next = state.workflow.with_value(|w| w.next(current).cloned().collect::<Vec<_>>());
                next.into_iter()
                    .map(|status| {
                        let id = status.id;
                        view! {
                            <button
                                class="menu__item"
                                type="button"
                                role="menuitem"
                                on:click=handler(move |_| set_status(state, id))
                            >
                                <span class="status" data-status=state_word(status.category)>
                                    <Ico icon=state_icon(status.category) />
                                    {status.name}
                                </span>
                                {(status.category == Category::Resolved).then(|| view! { <kbd>"E"</kbd> })}
                            </button>
                        }
                    })
                    .map(IntoAny::into_any).collect_view()
            })}
        </Menu>
    }
    .into_any()
}

#[component]
fn LevelMenu(state: TicketState, urgency: bool, open: RwSignal<bool>) -> impl IntoView {
    let of = move |ticket: &Ticket| if urgency { ticket.urgency } else { ticket.importance };
    let current = memo(move || state.ticket.with(of));
    let name = if urgency { "Urgency" } else { "Importance" };
    let mark = move |level: Level| {
        view! {
            <span
                class="prio"
                data-urgency=urgency.then(|| level.word())
                data-importance=(!urgency).then(|| level.word())
            ></span>
        }
    };
    let shown = move || {
        view! {
            {mark(current.get())}
            <span>{current.get().name()}</span>
            <Ico icon=Icon::ChevronDown />
        }
    };
    let set = move |to: Level| {
        let from = current.get_untracked();
        if from == to {
            return;
        }
        let change = move |from, to| {
            let swap = Some(Swap::from_to(from, to));
            if urgency {
                Change { urgency: swap, ..Change::default() }
            } else {
                Change { importance: swap, ..Change::default() }
            }
        };
        state.change(
            change(from, to),
            move |t| if urgency { t.urgency = to } else { t.importance = to },
            format!("{name} set to {}.", to.name()),
            Some(change(to, from)),
        );
    };
    view! {
        <Menu label=name open=open button=ViewFn::from(shown)>
            {Level::ALL
                .into_iter()
                .rev()
                .map(|level| {
                    view! {
                        <button
                            class="menu__item"
                            type="button"
                            role="menuitemradio"
                            aria-checked=reactive(move || (current.get() == level).to_string())
                            on:click=handler(move |_| set(level))
                        >
                            {mark(level)}
                            <span>{level.name()}</span>
                            {dynamic(move || (current.get() == level).then(|| view! { <Ico icon=Icon::Check /> }))}
                        </button>
                    }
                })
                .map(IntoAny::into_any).collect_view()}
        </Menu>
    }
    .into_any()
}

fn assign(state: TicketState, to: Option<Person>) {
    let from = state.ticket.with_untracked(|t| t.assignee.clone());
    let (from_id, to_id) = (from.as_ref().map(|p| p.id), to.as_ref().map(|p| p.id));
    if from_id == to_id {
        return;
    }
    let change = |from: Option<UserId>, to: Option<UserId>| Change {
        assignee: Some(Swap::from_to(from, to)),
        ..Change::default()
    };
    let said = match &to {
        Some(person) => format!("Assigned to {}.", person.name),
        None => "Nobody has the ticket now.".into(),
    };
    state.change(change(from_id, to_id), move |t| t.assignee = to, said, Some(change(to_id, from_id)));
}

#[component]
fn AssigneePicker(state: TicketState, open: RwSignal<bool>) -> impl IntoView {
    let me = me::me().map(|m| Person { id: m.id, name: m.name });
    let mine = me.as_ref().map(|m| m.id);
    let me = StoredValue::new(me);
    let current = memo(move || state.ticket.with(|t| t.assignee.clone()));
    view! {
        <StaffPicker open=open current=current on_pick=Callback::new(move |to| assign(state, to)) />
        {dynamic(move || {
            (current.get().map(|p| p.id) != mine)
                .then(|| {
                    view! {
                        <button
                            class="button button--sm button--ghost props__do"
                            type="button"
                            on:click=handler(move |event: ev::MouseEvent| {
                                hand_on(&event, "dd", "button");
                                assign(state, me.get_value());
                            })
                        >
                            "Take it"
                        </button>
                    }
                })
        })}
    }
    .into_any()
}

#[component]
fn Tags(state: TicketState, open: RwSignal<bool>) -> impl IntoView {
    let names = move || state.tags_on().into_iter().map(|t| t.name).collect::<Vec<_>>();
    let set = move |new: Vec<String>, said: String| {
        let old = untrack(names);
        let ids: Vec<_> = state
            .tags
            .with_untracked(|all| new.iter().filter_map(|n| all.iter().find(|t| t.name == *n)).map(|t| t.id).collect());
        let change = |from, to| Change { tags: Some(Swap::from_to(from, to)), ..Change::default() };
        state.change(change(old.clone(), new.clone()), move |t| t.tags = ids, said, Some(change(new, old)));
    };
    let toggle = move |name: String| {
        let mut new = untrack(names);
        if new.contains(&name) {
            new.retain(|n| *n != name);
            set(new, format!("Tag {name} removed."));
        } else {
            new.push(name.clone());
            set(new, format!("Tag {name} added."));
        }
    };
    let choices = Signal::derive(move || {
        let on = names();
        let mut all = state.tags.get();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.into_iter()
            .map(|t| Choice { key: t.name.clone(), chosen: on.contains(&t.name), label: t.name, person: false })
            .collect::<Vec<_>>()
    });
    let shown = move |tag: Tag| {
        let name = tag.name.clone();
        view! {
            <li class="tag" style=format!("--tag:var(--tag-{})", tag.colour)>
                {tag.name}
                <button
                    type="button"
                    aria-label=format!("Remove tag {name}")
                    on:click=handler(move |event: ev::MouseEvent| {
                        hand_on(&event, "dd", ".menu-anchor > button");
                        toggle(name.clone());
                    })
                >
                    <Ico icon=Icon::Close />
                </button>
            </li>
        }
        .into_any()
    };
    view! {
        <ul class="tags">
            {list(move || state.tags_on(), |tag| [tag.id.0, 0, 0], shown)}
        </ul>
        <Picker
            label="Add a tag"
            open=open
            choices=choices
            on_pick=Callback::new(toggle)
            free=true
            empty=Signal::derive(|| true)
            button=ViewFn::from(|| {
                view! {
                    <Ico icon=Icon::Plus />
                    <span>"Tag"</span>
                }
            })
        />
    }
    .into_any()
}

#[component]
fn Customer(state: TicketState) -> impl IntoView {
    let requester = memo(move || state.ticket.with(|t| t.requester.clone()));
    let recent = RwSignal::new(None::<Vec<Ticket>>);
    // Not part of the page as it arrives: nobody waits for it.
    effect(move || {
        let id = requester.get().id;
        spawn_local(async move {
            let filter = Filter { requester: Some(id), limit: Some(6), ..Filter::default() };
            let found = rpc::list(filter).await.map(|page| page.rows).unwrap_or_default();
            recent.set(Some(found.into_iter().filter(|t| t.id != state.id).take(5).collect()));
        });
    });
    let mini = move |ticket: Ticket| {
        let status = state.workflow.with_value(|w| w.status(ticket.status).cloned());
        let category = status.as_ref().map_or(Category::Open, |s| s.category);
        view! {
            <a class="mini-ticket" href=format!("/tickets/{}", ticket.id) data-status=state_word(category)>
                <Ico icon=state_icon(category) />
                <span class="sr-only">{status.map(|s| s.name)}</span>
                <span>{format!("#{}", ticket.id)}</span>
                <span>{ticket.subject}</span>
            </a>
        }
    };
    view! {
        <section class="props__section" aria-labelledby="props-customer">
            <div class="props__head">
                <h2 class="props__title" id="props-customer">
                    "Customer"
                </h2>
            </div>
            {dynamic(move || {
                let person = requester.get();
                let company = state.ticket.with(|t| t.company.clone());
                let email = state.email.get_value();
                view! {
                    <div class="customer">
                        <Avatar name=person.name.clone() size="lg" />
                        <a class="customer__name" href=format!("/tickets?status=all&requester={}", person.id)>
                            {person.name}
                        </a>
                        <span class="customer__meta">
                            <a href=format!("mailto:{email}")>{breakable(&email)}</a>
                        </span>
                        {company.map(|c| view! { <span class="customer__meta">{c.name}</span> })}
                    </div>
                }
            })}
            {dynamic(move || match recent.get() {
                None => view! { <i class="skeleton" style="--w:80%"></i> }.into_any(),
                Some(tickets) if tickets.is_empty() => {
                    view! { <p class="faint small">"No other tickets"</p> }.into_any()
                }
                Some(tickets) => tickets.into_iter().map(mini).map(IntoAny::into_any).collect_view().into_any(),
            })}
        </section>
    }
    .into_any()
}

/// An address that breaks before its host, where it has to.
fn breakable(email: &str) -> impl IntoView + use<> {
    let (name, host) = email.rsplit_once('@').unwrap_or((email, ""));
    let host = (!host.is_empty()).then(|| view! { <wbr /> {format!("@{host}")} });
    view! { {name.to_owned()} {host} }
}

#[component]
fn About(state: TicketState) -> impl IntoView {
    let (created, source) = state.ticket.with_untracked(|t| (t.created_at, t.source));
    view! {
        <section class="props__section">
            <dl class="props__list">
                <Row name="Opened">
                    <span class="props__text">
                        <When at=created />
                    </span>
                </Row>
                <Row name="Came in">
                    <span class="props__text">{source.name()}</span>
                </Row>
                <Row name="Priority">
                    <span class="props__text">{dynamic(move || state.ticket.with(|t| t.priority.name()))}</span>
                </Row>
                <Row name="Changed">
                    <span class="props__text">
                        {dynamic(move || {
                            let at = state.ticket.with(|t| t.updated_at);
                            view! { <When at /> }
                        })}
                    </span>
                </Row>
            </dl>
            <a class="link small" href=format!("/tickets/{}/history", state.id)>
                "History"
            </a>
        </section>
    }
    .into_any()
}
