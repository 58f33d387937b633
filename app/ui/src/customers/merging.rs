//! What merging two customers and merging two companies have in common: finding the other one, and saying yes.

use super::pieces::PeoplePage;
use crate::erased::Rows;
use crate::{
    icons::{Ico, Icon},
    shared::EmptyState,
};
use leptos::prelude::*;

/// One that may be the other one, or one of the two.
pub struct Side {
    pub id: i64,
    pub name: String,
    /// What tells it from others of the same name.
    pub hint: String,
}

/// The words of a page that looks for the other one.
pub struct Words {
    pub lead: &'static str,
    pub label: &'static str,
    pub placeholder: &'static str,
    pub nothing: &'static str,
    pub icon: Icon,
}

/// Looks for the other one by what was typed. `page` is the address of the one that is there already; `hits` are none before
/// anything was typed.
#[component]
pub fn ChooseOther(page: String, name: String, words: Words, typed: String, hits: Option<Vec<Side>>) -> impl IntoView {
    let action = format!("{page}/merge");
    let choice = {
        let action = action.clone();
        move |hit: Side| {
            view! {
                <div class="box__row">
                    <div>
                        {hit.name.clone()} <p class="field__hint">{hit.hint.clone()}</p>
                    </div>
                    <a
                        class="button button--sm"
                        href=format!("{action}?with={}", hit.id)
                        aria-label=format!("Choose {}, {}", hit.name, hit.hint)
                    >
                        "Choose"
                    </a>
                </div>
            }
            .into_any()
        }
    };
    let found = hits.map(|hits| match hits.is_empty() {
        true => view! { <EmptyState icon=words.icon title=words.nothing /> }.into_any(),
        false => view! { <div class="box">{hits.into_iter().map(choice).rows()}</div> }.into_any(),
    });
    view! {
        <PeoplePage title=format!("Merge {name} with…") up=(name.clone(), page) narrow=true lead=words.lead>
            <form class="query" role="search" action=action>
                <Ico icon=Icon::Search />
                <div class="query__field">
                    <input
                        class="query__input"
                        type="search"
                        name="q"
                        aria-label=words.label
                        placeholder=words.placeholder
                        value=typed
                    />
                </div>
                <button class="button button--sm" type="submit">
                    "Find"
                </button>
            </form>
            {found}
        </PeoplePage>
    }
    .into_any()
}

/// Says what merging does, and asks. `list` is where entries of this kind are (`/customers`).
#[component]
pub fn ConfirmMerge(list: &'static str, kept: Side, gone: Side, said: Vec<String>) -> impl IntoView {
    let page = format!("{list}/{}", kept.id);
    let other = format!("{list}/{}/merge?with={}", gone.id, kept.id);
    let up = (kept.name.clone(), page.clone());
    let with = gone.id.to_string();
    let side = |title: &'static str, side: Side| {
        view! {
            <div class="box__row">
                <div>
                    <span class="faint">{title}</span>
                    <p>{side.name}</p>
                    <p class="field__hint">{side.hint}</p>
                </div>
            </div>
        }
        .into_any()
    };
    let sides = view! { {side("This one is kept", kept)} {side("This one goes", gone)} }.into_any();
    view! {
        <PeoplePage title="Merge these two?" up narrow=true>
            <form method="post" action=format!("{page}/merge") class="stack">
                <input type="hidden" name="with" value=with />
                <div class="box">{sides}</div>
                <ul class="notice notice--list" data-kind="warning">
                    {said.into_iter().map(|line| view! { <li>{line}</li> }).rows()}
                </ul>
                <div class="actions">
                    <button class="button button--danger" type="submit">
                        "Merge"
                    </button>
                    <a class="button" href=other>
                        "Keep the other one"
                    </a>
                    <a class="button" href=page.clone()>
                        "Cancel"
                    </a>
                </div>
            </form>
        </PeoplePage>
    }
    .into_any()
}
