//! Choosing one of the staff, or nobody.

use super::rpc;
use crate::erased::effect;
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{Avatar, Choice, Opener, Opening, Picker, toaster},
};
use domain::people::Person;
use leptos::{prelude::*, task::spawn_local};

/// A field for who has a ticket.
#[component]
pub fn StaffPicker(
    class: &'static str,
    #[prop(into)] current: Signal<Option<Person>>,
    on_pick: Callback<Option<Person>>,
) -> impl IntoView {
    let opening = Opening::new(RwSignal::new(false));
    let people = RwSignal::new(Vec::new());
    view! {
        <Opener
            opening
            class
            popup="listbox"
            label=Some("Assignee".to_owned())
            empty=Signal::derive(move || current.with(Option::is_none))
            button=ViewFn::from(move || one_of_staff(current.get()))
            list=ViewFn::from(move || view! { <StaffList opening people current on_pick /> })
        />
    }
}

/// What a field shows that is opened to choose one of the staff.
pub fn one_of_staff(person: Option<Person>) -> AnyView {
    let name = person.as_ref().map_or("Nobody", |p| &p.name).to_owned();
    view! {
        {person.map(|p| view! { <Avatar picture=p.picture_path() name=p.name size="xs" /> })}
        <span>{name}</span>
        <Ico icon=Icon::ChevronDown />
    }
    .into_any()
}

/// The list of who can have a ticket.
#[component]
pub fn StaffList(
    opening: Opening,
    /// Who there is. Fetched when the list is first opened.
    people: RwSignal<Vec<Person>>,
    #[prop(into)] current: Signal<Option<Person>>,
    on_pick: Callback<Option<Person>>,
) -> impl IntoView {
    let mine = me::me().map(|m| m.id);
    let toaster = toaster();
    effect(move || {
        if people.with_untracked(Vec::is_empty) {
            spawn_local(async move {
                match rpc::staff().await {
                    Ok(found) => drop(people.try_set(found)),
                    Err(error) => toaster.fail(&error.0),
                }
            });
        }
    });
    let choices = Signal::derive(move || {
        // Without anybody there is nothing to choose from yet.
        if people.with(Vec::is_empty) {
            return Vec::new();
        }
        let current = current.get().map(|p| p.id);
        let nobody = Choice {
            key: String::new(),
            label: "Nobody".into(),
            chosen: current.is_none(),
            person: false,
            picture: None,
        };
        // Oneself comes first: taking a ticket is what happens most.
        let mut staff = people.get();
        staff.sort_by_key(|p| Some(p.id) != mine);
        staff
            .into_iter()
            .map(|p| Choice {
                key: p.id.to_string(),
                picture: p.picture_path(),
                label: p.name,
                chosen: Some(p.id) == current,
                person: true,
            })
            .chain(std::iter::once(nobody))
            .collect::<Vec<_>>()
    });
    let pick = Callback::new(move |key: String| {
        let to = key
            .parse::<i64>()
            .ok()
            .and_then(|id| people.with_untracked(|all| all.iter().find(|p| p.id.0 == id).cloned()));
        on_pick.run(to);
    });
    view! { <Picker opening label="Assignee" choices on_pick=pick /> }
}
