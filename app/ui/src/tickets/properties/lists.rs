//! What the properties are chosen from. Part of what is fetched after the page.

use super::changes::{self, Scale};
use crate::erased::{Rows, Sometimes, dynamic, handler, reactive};
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{Choice, MenuList, Opening, Picker, state_icon, state_word},
    tickets::{staff::StaffList, state::TicketState},
};
use domain::{access::TeamName, people::Person, priority::Level, workflow::Category};
use leptos::prelude::*;

/// What is chosen from.
#[derive(Clone, Copy)]
pub enum List {
    Status,
    Level(Scale),
    /// With who there is, once that has been asked for.
    Assignee(RwSignal<Vec<Person>>),
    Team,
    Tags,
}

impl List {
    /// The list that has just been opened.
    pub fn view(self, state: TicketState, opening: Opening) -> AnyView {
        match self {
            Self::Status => view! { <Statuses state opening /> }.into_any(),
            Self::Level(scale) => view! { <Levels state opening scale /> }.into_any(),
            Self::Assignee(people) => view! { <Assignees state opening people /> }.into_any(),
            Self::Team => view! { <Teams state opening /> }.into_any(),
            Self::Tags => view! { <Tags state opening /> }.into_any(),
        }
    }
}

#[component]
fn Statuses(state: TicketState, opening: Opening) -> impl IntoView {
    view! {
        <MenuList opening label="Status">
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
                                on:click=handler(move |_| changes::set_status(state, id))
                            >
                                <span class="status" data-status=state_word(status.category)>
                                    <Ico icon=state_icon(status.category) />
                                    {status.name}
                                </span>
                                {(status.category == Category::Resolved).shown(|| view! { <kbd>"E"</kbd> })}
                            </button>
                        }
                    })
                    .map(IntoAny::into_any).rows()
            })}
        </MenuList>
    }
}

#[component]
fn Levels(state: TicketState, opening: Opening, scale: Scale) -> impl IntoView {
    let current = move || state.ticket.with(|t| scale.of(t));
    view! {
        <MenuList opening label=scale.name()>
            {Level::ALL
                .into_iter()
                .rev()
                .map(|level| {
                    view! {
                        <button
                            class="menu__item"
                            type="button"
                            role="menuitemradio"
                            aria-checked=reactive(move || (current() == level).to_string())
                            on:click=handler(move |_| changes::set_level(state, scale, level))
                        >
                            {super::level_mark(scale, level)}
                            <span>{level.name()}</span>
                            {dynamic(move || (current() == level).shown(|| view! { <Ico icon=Icon::Check /> }))}
                        </button>
                    }
                })
                .map(IntoAny::into_any).rows()}
        </MenuList>
    }
}

#[component]
fn Assignees(state: TicketState, opening: Opening, people: RwSignal<Vec<Person>>) -> impl IntoView {
    let current = Signal::derive(move || state.ticket.with(|t| t.assignee.clone()));
    let pick = Callback::new(move |to| changes::assign(state, to));
    view! { <StaffList opening people current on_pick=pick /> }
}

#[component]
fn Teams(state: TicketState, opening: Opening) -> impl IntoView {
    let choices = Signal::derive(move || {
        let current = state.ticket.with(|t| t.team);
        let none = Choice {
            key: String::new(),
            label: "None".into(),
            chosen: current.is_none(),
            person: false,
            picture: None,
        };
        let choice = |t: TeamName| Choice {
            key: t.id.to_string(),
            chosen: Some(t.id) == current,
            label: t.name,
            person: false,
            picture: None,
        };
        me::start().teams.into_iter().map(choice).chain(std::iter::once(none)).collect::<Vec<_>>()
    });
    let pick = Callback::new(move |key: String| {
        changes::give_team(state, me::start().teams.into_iter().find(|t| t.id.to_string() == key));
    });
    view! { <Picker opening label="Team" choices on_pick=pick /> }
}

#[component]
fn Tags(state: TicketState, opening: Opening) -> impl IntoView {
    let choices = Signal::derive(move || {
        let on = state.tags_on();
        let mut all = state.tags.get();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.into_iter()
            .map(|t| Choice {
                key: t.name.clone(),
                chosen: on.iter().any(|o| o.id == t.id),
                label: t.name,
                person: false,
                picture: None,
            })
            .collect::<Vec<_>>()
    });
    let toggle = Callback::new(move |name| changes::toggle_tag(state, name));
    view! { <Picker opening label="Add a tag" choices on_pick=toggle free=true /> }
}
