//! The frame around the settings: their list, and what a form has come to.

use crate::{
    app::go_to,
    flash::flash,
    icons::{Ico, Icon},
    me,
    shared::{ErrorNotice, Title},
};
use domain::{Error, policy::Action};
use leptos::prelude::*;
use leptos_router::{
    components::Outlet,
    hooks::{use_location, use_query_map},
};

/// Address, name and icon of each page, and who may open it.
const PAGES: [(&str, &str, Icon, Action); 3] = [
    ("/settings/priority", "Priority", Icon::Sliders, Action::Administer),
    ("/settings/board", "Board", Icon::Board, Action::Administer),
    ("/settings/mails", "Unreadable mails", Icon::Mail, Action::Administer),
];

/// The pages that this person may open.
fn pages(start: &me::Start) -> impl Iterator<Item = &'static (&'static str, &'static str, Icon, Action)> {
    PAGES.iter().filter(|(.., action)| start.may(*action))
}

/// Whether there is any for this person.
pub fn may_any(start: &me::Start) -> bool {
    pages(start).next().is_some()
}

/// The parent of all settings. Whoever may open none of them is told that they are not theirs.
#[component]
pub fn SettingsFrame() -> impl IntoView {
    let start = me::start();
    if !may_any(&start) {
        return view! {
            <Title text="Settings" />
            <div class="page page--narrow">
                <div class="page__body">
                    <h1 class="page__title">"Settings"</h1>
                    <ErrorNotice error=Error::forbidden() />
                </div>
            </div>
        }
        .into_any();
    }
    let location = use_location();
    let current = move |href: &'static str| move || (location.pathname.get() == href).then_some("page");
    view! {
        <div class="settings">
            <nav class="settings__nav" aria-label="Settings">
                <h2 class="rail__title">"Settings"</h2>
                {pages(&start)
                    .map(|(href, name, icon, _)| {
                        view! {
                            <a class="rail__item" href=*href aria-current=current(href)>
                                <Ico icon=*icon />
                                <span>{*name}</span>
                            </a>
                        }
                    })
                    .collect_view()}
            </nav>
            <div class="page">
                <Outlet />
            </div>
        </div>
    }
    .into_any()
}

/// `/settings`: the first of them.
#[component]
pub fn SettingsStart() -> impl IntoView {
    let start = me::start();
    let first = pages(&start).next().map_or("/tickets", |(href, ..)| href);
    go_to(first)
}

/// One page of the settings: its head, what became of its form, and what is to be set.
#[component]
pub fn SettingsPage(title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
    view! {
        <Title text=title />
        <div class="page__body">
            <header class="page__head">
                <div>
                    <h1 class="page__title">{title}</h1>
                    <p class="page__lead">{lead}</p>
                </div>
            </header>
            <Sent />
            {children()}
        </div>
    }
    .into_any()
}

/// While a page's data are fetched.
pub fn loading() -> impl IntoView {
    view! { <i class="skeleton skeleton--block" style="--tall:240px"></i> }
}

/// What became of the form that was sent last: an error, or that it was saved.
#[component]
fn Sent() -> impl IntoView {
    let error = flash().error;
    let saved = use_query_map().with_untracked(|query| query.get("saved").is_some());
    match error {
        // What is wrong with a field stands beside it.
        Some(error) => view! { <ErrorNotice error=Error { fields: Vec::new(), ..error } /> }.into_any(),
        None if saved => view! {
            <p class="notice" data-kind="ok" role="status">
                <Ico icon=Icon::Check />
                "Saved."
            </p>
        }
        .into_any(),
        None => ().into_any(),
    }
}
