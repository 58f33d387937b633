//! The properties of a ticket: each changes with a click or a key, at once on the screen and with a way back.

mod about;
mod changes;
mod lists;

pub use self::lists::List;

use self::{
    about::{About, Customer},
    changes::Scale,
};
use super::{
    inbox::PropsOpen,
    staff::one_of_staff,
    state::TicketState,
    work::{Piece, Work},
};
use crate::erased::{Sometimes, dynamic, effect, handler, list, memo};
use crate::{
    icons::{Ico, Icon},
    keys::{Command, on_command},
    me,
    shared::{Opener, Opening, StatusMark, hand_on, settled},
    type_ahead::{self, Awaited},
};
use domain::{priority::Level, tag::Tag};
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
pub fn Properties(state: TicketState, work: Work) -> impl IntoView {
    let PropsOpen(props_open) = expect_context();
    let new = || RwSignal::new(false);
    let opened = Opened { status: new(), assignee: new(), urgency: new(), importance: new(), tag: new() };
    let me = StoredValue::new(me::me().map(|me| me.as_person()));
    on_command(move |command| {
        let signal = match command {
            Command::Status => opened.status,
            Command::Assign => opened.assignee,
            Command::Urgency => opened.urgency,
            Command::Importance => opened.importance,
            Command::Tag => opened.tag,
            Command::Resolve => return changes::resolve(state),
            Command::Take => return changes::assign(state, me.get_value()),
            _ => return,
        };
        // Where they are a sheet, the list would open out of sight.
        props_open.set(true);
        signal.set(true);
    });
    // Where there are no teams, there is nothing to choose from.
    let has_teams = !me::start().teams.is_empty();
    let keys = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            props_open.set(false);
        }
    };
    view! {
        <aside
            class="props"
            aria-label="Properties"
            on:keydown=handler(keys)
            on:pointerover=handler(move |_| work.ask())
            on:focusin=handler(move |_| work.ask())
        >
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
                        <Status state work open=opened.status />
                    </Row>
                    <Row name="Assignee">
                        <Assignee state work open=opened.assignee />
                    </Row>
                    {has_teams
                        .shown(|| {
                            view! {
                                <Row name="Team">
                                    <Team state work />
                                </Row>
                            }
                        })}
                    <Row name="Urgency">
                        <LevelOf state work scale=Scale::Urgency open=opened.urgency />
                    </Row>
                    <Row name="Importance">
                        <LevelOf state work scale=Scale::Importance open=opened.importance />
                    </Row>
                    <Row name="Tags">
                        <Tags state work open=opened.tag />
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

/// What a property is, and beside it, once it is opened, what else it could be.
#[component]
fn Property(
    state: TicketState,
    work: Work,
    open: RwSignal<bool>,
    list: List,
    label: &'static str,
    #[prop(optional, into)] empty: Signal<bool>,
    /// What the button shows.
    button: ViewFn,
) -> impl IntoView {
    let opening = Opening::new(open);
    let waited = StoredValue::new(false);
    // The list may be on its way: what is typed until it has come is meant for it.
    effect(move || {
        let (open, here) = (open.get(), work.is_here());
        if open && !here {
            waited.set_value(true);
            type_ahead::wait(Awaited::List);
            work.ask();
            // From where Escape calls it off.
            opening.focus();
        } else if waited.try_update_value(std::mem::take) == Some(true) {
            if open {
                spawn_local(async {
                    settled().await;
                    type_ahead::arrived(Awaited::List);
                });
            } else {
                type_ahead::give_up(Awaited::List);
            }
        }
    });
    let popup = if matches!(list, List::Status | List::Level(_)) { "menu" } else { "listbox" };
    let list = move || work.make(Piece::List(list, state, opening));
    view! { <Opener opening popup label=Some(label.to_owned()) empty button list=ViewFn::from(list) /> }
}

#[component]
fn Status(state: TicketState, work: Work, open: RwSignal<bool>) -> impl IntoView {
    let shown = move || {
        let status = state.ticket.with(|t| t.status);
        let status = state.workflow.with_value(|w| w.status(status).cloned());
        view! {
            {status.map(|status| view! { <StatusMark status /> })}
            <Ico icon=Icon::ChevronDown />
        }
    };
    view! { <Property state work open list=List::Status label="Status" button=ViewFn::from(shown) /> }
}

fn level_mark(scale: Scale, level: Level) -> impl IntoView {
    view! {
        <span
            class="prio"
            data-urgency=(scale == Scale::Urgency).then(|| level.word())
            data-importance=(scale == Scale::Importance).then(|| level.word())
        ></span>
    }
}

#[component]
fn LevelOf(state: TicketState, work: Work, scale: Scale, open: RwSignal<bool>) -> impl IntoView {
    let current = memo(move || state.ticket.with(|t| scale.of(t)));
    let shown = move || {
        view! {
            {level_mark(scale, current.get())}
            <span>{current.get().name()}</span>
            <Ico icon=Icon::ChevronDown />
        }
    };
    view! { <Property state work open list=List::Level(scale) label=scale.name() button=ViewFn::from(shown) /> }
}

#[component]
fn Assignee(state: TicketState, work: Work, open: RwSignal<bool>) -> impl IntoView {
    let me = me::me().map(|me| me.as_person());
    let mine = me.as_ref().map(|m| m.id);
    let current = memo(move || state.ticket.with(|t| t.assignee.clone()));
    let me = StoredValue::new(me);
    view! {
        <Property
            state
            work
            open
            list=List::Assignee(RwSignal::new(Vec::new()))
            label="Assignee"
            empty=Signal::derive(move || current.get().is_none())
            button=ViewFn::from(move || one_of_staff(current.get()))
        />
        {dynamic(move || {
            (current.get().map(|p| p.id) != mine)
                .shown(|| {
                    view! {
                        <button
                            class="button button--sm button--ghost props__do"
                            type="button"
                            on:click=handler(move |event: ev::MouseEvent| {
                                hand_on(&event, "dd", "button");
                                changes::assign(state, me.get_value());
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
fn Team(state: TicketState, work: Work) -> impl IntoView {
    let current = memo(move || {
        let team = state.ticket.with(|t| t.team)?;
        let known = me::start().teams.into_iter().find(|t| t.id == team);
        // One that was made after this page was: its name comes with the next one.
        Some(known.map_or_else(|| "A new team".to_owned(), |t| t.name))
    });
    let shown = move || {
        view! {
            <span>{current.get().unwrap_or_else(|| "None".to_owned())}</span>
            <Ico icon=Icon::ChevronDown />
        }
    };
    view! {
        <Property
            state
            work
            open=RwSignal::new(false)
            list=List::Team
            label="Team"
            empty=Signal::derive(move || current.get().is_none())
            button=ViewFn::from(shown)
        />
    }
}

#[component]
fn Tags(state: TicketState, work: Work, open: RwSignal<bool>) -> impl IntoView {
    let shown = move |tag: Tag| {
        let name = tag.name.clone();
        view! {
            <li class="tag" data-colour=tag.colour.to_string()>
                {tag.name}
                <button
                    type="button"
                    aria-label=format!("Remove tag {name}")
                    on:click=handler(move |event: ev::MouseEvent| {
                        hand_on(&event, "dd", ".menu-anchor > button");
                        changes::toggle_tag(state, name.clone());
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
        <Property
            state
            work
            open
            list=List::Tags
            label="Add a tag"
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
