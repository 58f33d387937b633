//! What the ticket is given beside its words: who has it, how much it matters, how it came in, tags.

use super::Form;
use crate::erased::{Rows, Sometimes, dynamic, handler, reactive};
use crate::{
    icons::{Ico, Icon},
    me,
    shared::{Choice, Opener, Opening, Picker, hand_on},
    tickets::staff::StaffPicker,
};
use domain::{priority::Level, ticket::Source};
use leptos::{ev, prelude::*};

#[component]
pub fn Side(form: Form) -> impl IntoView {
    view! {
        <div class="new-ticket__side">
            {assignee(form)}
            {select(
                "urgency",
                "Urgency",
                Level::ALL.iter().rev().map(|l| (l.word(), l.name())).collect(),
                move || form.urgency.get().word(),
                move |word| {
                    if let Some(level) = Level::from_word(&word) {
                        form.urgency.set(level);
                    }
                },
            )}
            {select(
                "importance",
                "Importance",
                Level::ALL.iter().rev().map(|l| (l.word(), l.name())).collect(),
                move || form.importance.get().word(),
                move |word| {
                    if let Some(level) = Level::from_word(&word) {
                        form.importance.set(level);
                    }
                },
            )}
            {select(
                "source",
                "Came in",
                [Source::Phone, Source::Email, Source::Chat, Source::Web, Source::Social].map(|s| (s.word(), s.name())).into(),
                move || form.source.get().word(),
                move |word| {
                    if let Some(source) = Source::from_word(&word) {
                        form.source.set(source);
                    }
                },
            )}
            {tags(form)}
        </div>
    }
    .into_any()
}

/// A field with a few words to choose from.
fn select(
    id: &'static str,
    label: &'static str,
    choices: Vec<(&'static str, &'static str)>,
    chosen: impl Fn() -> &'static str + Copy + Send + 'static,
    choose: impl Fn(String) + 'static,
) -> AnyView {
    let first = untrack(chosen);
    view! {
        <div class="field">
            <label class="field__label" for=id>
                {label}
            </label>
            <select
                class="select"
                id=id
                prop:value=reactive(chosen)
                on:change=handler(move |event: ev::Event| choose(event_target_value(&event)))
            >
                {choices
                    .into_iter()
                    .map(|(word, name)| {
                        view! {
                            <option value=word selected=first.eq(word)>
                                {name}
                            </option>
                        }
                            .into_any()
                    })
                    .rows()}
            </select>
        </div>
    }
    .into_any()
}

fn assignee(form: Form) -> AnyView {
    let me = me::me().map(|me| me.as_person());
    let mine = me.as_ref().map(|m| m.id);
    let me = StoredValue::new(me);
    let set = move |to| {
        form.assignee.set(to);
        form.changed("assignee");
    };
    view! {
        <div class="field" role="group" aria-label="Assignee">
            <div class="new-ticket__label">
                <span class="field__label" aria-hidden="true">
                    "Assignee"
                </span>
                {dynamic(move || {
                    (form.assignee.get().map(|p| p.id) != mine)
                        .shown(|| {
                            view! {
                                <button
                                    class="button button--sm button--ghost"
                                    type="button"
                                    on:click=handler(move |event: ev::MouseEvent| {
                                        hand_on(&event, ".field", ".menu-anchor > button");
                                        set(me.get_value());
                                    })
                                >
                                    "Take it"
                                </button>
                            }
                        })
                })}
            </div>
            <StaffPicker
                class="select"
                current=Signal::derive(move || form.assignee.get())
                on_pick=Callback::new(set)
            />
            {form.problem("assignee")}
        </div>
    }
    .into_any()
}

fn tags(form: Form) -> AnyView {
    let opening = Opening::new(RwSignal::new(false));
    let known = StoredValue::new(me::start().tags);
    let toggle = move |name: String| {
        form.changed("tags");
        form.tags.update(|tags| match tags.iter().position(|t| *t == name) {
            Some(n) => drop(tags.remove(n)),
            None => tags.push(name),
        });
    };
    let choices = Signal::derive(move || {
        let on = form.tags.get();
        let mut all = known.with_value(|all| all.iter().map(|t| t.name.clone()).collect::<Vec<_>>());
        all.extend(on.iter().filter(|t| known.with_value(|all| all.iter().all(|k| k.name != **t))).cloned());
        all.sort();
        all.into_iter()
            .map(|name| Choice {
                key: name.clone(),
                chosen: on.contains(&name),
                label: name,
                person: false,
                picture: None,
            })
            .collect::<Vec<_>>()
    });
    let shown = move |name: String| {
        let colour = known.with_value(|all| all.iter().find(|t| t.name == name).map_or(0, |t| t.colour));
        let remove = format!("Remove tag {name}");
        view! {
            <li class="tag" data-colour=colour.to_string()>
                {name.clone()}
                <button
                    type="button"
                    aria-label=remove
                    on:click=handler(move |event: ev::MouseEvent| {
                        hand_on(&event, ".field", ".menu-anchor > button");
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
        <div class="field" role="group" aria-label="Tags">
            <span class="field__label" aria-hidden="true">
                "Tags"
            </span>
            {dynamic(move || {
                let tags = form.tags.get();
                (!tags.is_empty())
                    .shown(|| view! { <ul class="tags">{tags.into_iter().map(shown).rows()}</ul> })
            })}
            <Opener
                opening
                class="button button--sm"
                popup="listbox"
                label=Some("Add a tag".to_owned())
                empty=Signal::derive(|| true)
                button=ViewFn::from(|| {
                    view! {
                        <Ico icon=Icon::Plus />
                        <span>"Tag"</span>
                    }
                })
                list=ViewFn::from(move || {
                    view! { <Picker opening label="Add a tag" choices on_pick=Callback::new(toggle) free=true /> }
                })
            />
            {form.problem("tags")}
        </div>
    }
    .into_any()
}
