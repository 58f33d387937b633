//! A field for one of the staff, or nobody.

use super::rpc;
use crate::erased::effect;
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{Avatar, Choice, Picker, toaster},
};
use domain::people::Person;
use leptos::{prelude::*, task::spawn_local};

/// Who has a ticket. The people are fetched when the list is first opened.
#[component]
pub fn StaffPicker(
    #[prop(default = "props__value")] class: &'static str,
    /// Set from outside to open it by a key.
    open: RwSignal<bool>,
    #[prop(into)] current: Signal<Option<Person>>,
    on_pick: Callback<Option<Person>>,
) -> impl IntoView {
    let people = RwSignal::new(Vec::<Person>::new());
    let mine = me::me().map(|m| m.id);
    let toaster = toaster();
    effect(move || {
        if open.get() && people.with_untracked(Vec::is_empty) {
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
        let nobody = Choice { key: String::new(), label: "Nobody".into(), chosen: current.is_none(), person: false };
        // Oneself comes first: taking a ticket is what happens most.
        let mut staff = people.get();
        staff.sort_by_key(|p| Some(p.id) != mine);
        staff
            .into_iter()
            .map(|p| Choice { key: p.id.to_string(), label: p.name, chosen: Some(p.id) == current, person: true })
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
    let shown = move || {
        let person = current.get();
        let name = person.as_ref().map_or("Nobody", |p| &p.name).to_owned();
        view! {
            {person.map(|p| view! { <Avatar name=p.name size="xs" /> })}
            <span>{name}</span>
            <Ico icon=Icon::ChevronDown />
        }
    };
    view! {
        <Picker
            class=class
            label="Assignee"
            open=open
            choices=choices
            on_pick=pick
            empty=Signal::derive(move || current.with(Option::is_none))
            button=ViewFn::from(shown)
        />
    }
    .into_any()
}
