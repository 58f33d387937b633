use super::{bring_into_view, focus_soon, opener::Opening};
use crate::erased::{Rows, Sometimes, dynamic, effect, handler, memo, reactive};
use crate::icons::{Ico, Icon};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// One line of a [`Picker`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is handed back.
    pub key: String,
    pub label: String,
    pub chosen: bool,
    /// Whether an avatar of the label stands before it.
    pub person: bool,
    /// Where their picture is.
    pub picture: Option<String>,
}

/// A list that is narrowed by typing, while it is open.
#[component]
pub fn Picker(
    opening: Opening,
    /// What is chosen, for screen readers.
    #[prop(into)]
    label: String,
    #[prop(into)] choices: Signal<Vec<Choice>>,
    on_pick: Callback<String>,
    /// Whether a word that is not in the list can be chosen too.
    #[prop(optional)]
    free: bool,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let typed = RwSignal::new(String::new());
    let first =
        move || choices.with_untracked(|all| all.iter().position(|c| c.chosen).filter(|_| !free).unwrap_or_default());
    let place = RwSignal::new(first());
    let entered = StoredValue::new(false);
    let list_id = format!("picker-{}", label.to_lowercase().replace(' ', "-"));
    let shown = memo(move || {
        let words = typed.with(|t| t.trim().to_lowercase());
        let mut found: Vec<Choice> = choices
            .with(|all| all.iter().filter(|c| c.label.to_lowercase().contains(&words)).take(60).cloned().collect());
        if free && !words.is_empty() && found.iter().all(|c| c.label.to_lowercase() != words) {
            found.push(Choice {
                key: words.clone(),
                label: format!("New: {words}"),
                chosen: false,
                person: false,
                picture: None,
            });
        }
        found
    });
    effect(move || focus_soon(move || field.try_get_untracked().flatten()?.dyn_into().ok()));
    let pick = move |key: String| {
        opening.close(true);
        on_pick.run(key);
    };
    // Choices that had to be fetched: whoever has pressed Enter before they came is not asked to do it again.
    Effect::new(move |had_any: Option<bool>| {
        let any = choices.with(|all| !all.is_empty());
        if any && had_any == Some(false) {
            if typed.with_untracked(String::is_empty) {
                place.set(first());
            }
            if entered.try_update_value(std::mem::take) == Some(true)
                && let Some(choice) = shown.with_untracked(|s| s.get(place.get_untracked()).cloned())
            {
                pick(choice.key);
            }
        }
        any
    });
    let item_id = {
        let list_id = list_id.clone();
        move |n: usize| format!("{list_id}-{n}")
    };
    let show_place = {
        let item_id = item_id.clone();
        move || {
            if let Some(item) = document().get_element_by_id(&item_id(place.get_untracked())) {
                bring_into_view(&item);
            }
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        let count = shown.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => place.update(|p| *p = (*p + 1) % count),
            "ArrowUp" => place.update(|p| *p = (*p + count - 1) % count),
            "Enter" => match shown.with_untracked(|s| s.get(place.get_untracked()).cloned()) {
                Some(choice) => pick(choice.key),
                None => entered.set_value(choices.with_untracked(Vec::is_empty)),
            },
            // They put it away.
            "Escape" | "Tab" => return,
            _ => return event.stop_propagation(),
        }
        event.prevent_default();
        event.stop_propagation();
        show_place();
    };
    let (list_name, field_name) = (label.clone(), format!("{label}: type to narrow"));
    let list_id = StoredValue::new(list_id);
    let item_id = StoredValue::new(item_id);
    view! {
        <div class="menu picker">
            <div class="menu__search">
                <input
                    class="input input--sm"
                    node_ref=field
                    type="text"
                    role="combobox"
                    autocomplete="off"
                    aria-expanded="true"
                    aria-autocomplete="list"
                    aria-controls=list_id.get_value()
                    aria-label=field_name
                    aria-activedescendant=reactive(move || item_id.with_value(|id| id(place.get())))
                    prop:value=reactive(move || typed.get())
                    on:input=handler(move |event: ev::Event| {
                        typed.set(event_target_value(&event));
                        place.set(0);
                    })
                    on:keydown=handler(keys)
                />
            </div>
            <div class="picker__list" role="listbox" id=list_id.get_value() aria-label=list_name>
                {dynamic(move || {
                    shown
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(n, choice)| {
                            let key = choice.key.clone();
                            view! {
                                <div
                                    class="menu__item"
                                    class:is-active=reactive(move || place.get() == n)
                                    role="option"
                                    id=item_id.with_value(|id| id(n))
                                    aria-selected=choice.chosen.to_string()
                                    on:click=handler(move |_| pick(key.clone()))
                                >
                                    {choice
                                        .person
                                        .shown(|| {
                                            view! { <super::Avatar name=choice.label.clone() size="xs" picture=choice.picture.clone() /> }
                                        })}
                                    <span>{choice.label}</span>
                                    {choice.chosen.shown(|| view! { <Ico icon=Icon::Check /> })}
                                </div>
                            }
                        })
                        .map(IntoAny::into_any).rows()
                })}
            </div>
            {dynamic(move || {
                shown
                    .with(Vec::is_empty)
                    .then(|| {
                        let loading = !free && choices.with(Vec::is_empty);
                        let words = if loading { "Loading…" } else { "Nothing found" };
                        view! { <p class="menu__title">{words}</p> }
                    })
            })}
        </div>
    }
    .into_any()
}
