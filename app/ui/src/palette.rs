//! The palette: go anywhere, find a ticket, act on the one that is open, by typing. Fetched when it is first asked for.

mod find;

use self::find::{Fit, fit};
use crate::dialogs::follow_dialog;
use crate::erased::{Rows, dynamic, effect, handler, memo, reactive};
use crate::{
    icons::{Ico, Icon},
    keys::{Command, Here, Keys, go, places},
    shared::settled,
    type_ahead::{self, Awaited},
};
use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

/// What an entry does.
#[derive(Clone, PartialEq)]
enum Run {
    Go(String),
    /// Something with the ticket that is open.
    Do(Command),
    Sheet,
}

/// A line of the palette.
#[derive(Clone, PartialEq)]
struct Entry {
    title: String,
    /// What it is about, where that is a ticket.
    about: Option<String>,
    run: Run,
    icon: Icon,
    keys: Vec<String>,
}

/// What can be done with a ticket: name, other words for it, command, icon, key.
const ACTIONS: &[(&str, &str, Command, Icon, &str)] = &[
    ("Assign to me", "take", Command::Take, Icon::User, ""),
    ("Assign…", "assignee hand over", Command::Assign, Icon::Users, "a"),
    ("Status…", "state", Command::Status, Icon::Unassigned, "s"),
    ("Resolve", "done", Command::Resolve, Icon::Check, "e"),
    ("Urgency…", "priority", Command::Urgency, Icon::Flag, "u"),
    ("Importance…", "priority", Command::Importance, Icon::Flag, "i"),
    ("Add a tag…", "label", Command::Tag, Icon::Tag, "#"),
    ("Reply", "answer write", Command::Reply, Icon::Reply, "r"),
    ("Internal note", "write", Command::Note, Icon::Lock, "n"),
    ("Watch", "follow", Command::Watch, Icon::Eye, ""),
    ("Stop watching", "unwatch unfollow", Command::Watch, Icon::EyeOff, ""),
    ("Copy link", "address", Command::CopyLink, Icon::Link, ""),
];

/// What can be done with the ticket as it stands. Tracks.
fn actions(here: Here) -> impl Iterator<Item = (&'static str, Entry)> {
    let (mine, watching) = (here.mine.get(), here.watching.get());
    let makes_sense = move |name: &str, command: Command| match command {
        Command::Take => !mine,
        Command::Watch => watching == (name != "Watch"),
        _ => true,
    };
    ACTIONS.iter().filter(move |(name, _, command, ..)| makes_sense(name, *command)).map(
        move |(name, also, command, icon, key)| {
            let keys = Some(key.to_uppercase()).filter(|key| !key.is_empty()).into_iter().collect();
            let about = Some(format!("#{}", here.id));
            (*also, Entry { title: (*name).into(), about, run: Run::Do(*command), icon: *icon, keys })
        },
    )
}

/// What fits the words, best first. Tracks.
fn entries(typed: &str, here: Option<Here>) -> Vec<Entry> {
    let typed = typed.trim();
    let plain = |title: String, run: Run, icon: Icon| Entry { title, about: None, run, icon, keys: Vec::new() };
    let number = typed.trim_start_matches('#').parse::<i64>().ok();
    let mut found: Vec<Entry> = number
        .map(|n| plain(format!("Open ticket #{n}"), Run::Go(format!("/tickets/{n}")), Icon::Hash))
        .into_iter()
        .collect();
    let there = places().map(|(key, to, name, icon)| {
        let keys = vec!["G".to_owned(), key.to_uppercase()];
        let also = if *to == "/me" { "theme dark light signout logout password devices" } else { "" };
        (also, Entry { keys, ..plain((*name).into(), Run::Go((*to).into()), *icon) })
    });
    let sheet = ("help", plain("Keyboard shortcuts".into(), Run::Sheet, Icon::Help));
    let mut fitting: Vec<(Fit, Entry)> = here
        .into_iter()
        .flat_map(actions)
        .chain(there)
        .chain([sheet])
        .filter_map(|(also, entry)| Some((fit(typed, &entry.title, also)?, entry)))
        .collect();
    fitting.sort_by_key(|(fit, _)| *fit);
    // What only remotely fits comes after the search, which always does.
    let remote = fitting.iter().position(|(fit, _)| *fit == Fit::Remote).unwrap_or(fitting.len());
    let far = fitting.split_off(remote);
    found.extend(fitting.into_iter().map(|(_, entry)| entry));
    if !typed.is_empty() {
        for (what, path, icon) in [("tickets", "/search", Icon::Search), ("customers", "/customers", Icon::Users)] {
            let to = format!("{path}?q={}", domain::attachment::url_name(typed));
            found.push(plain(format!("Search {what} for “{typed}”"), Run::Go(to), icon));
        }
    }
    found.extend(far.into_iter().map(|(_, entry)| entry));
    found
}

/// The palette's dialog.
#[component]
pub fn Palette() -> impl IntoView {
    let keys: Keys = expect_context();
    let Keys { palette: open, sheet, here, .. } = keys;
    let dialog = NodeRef::<html::Dialog>::new();
    follow_dialog(dialog, open);
    effect(move || {
        if dialog.get().is_some_and(|dialog| dialog.open()) {
            type_ahead::arrived(Awaited::Palette);
        }
    });
    let text = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let found = memo(move || text.with(|text| entries(text, here.get())));
    let go = go();
    let run = Callback::new(move |n: usize| {
        let Some(entry) = found.with_untracked(|all| all.get(n).cloned()) else { return };
        open.set(false);
        match entry.run {
            Run::Sheet => sheet.set(true),
            Run::Go(to) => go(&to),
            // First the dialog closes and gives the focus back; what the command opens takes it then.
            Run::Do(command) => spawn_local(async move {
                settled().await;
                keys.press(command);
            }),
        }
    });
    let typed = move |event: ev::KeyboardEvent| {
        let count = found.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|c| *c = (*c + 1) % count),
            "ArrowUp" => chosen.update(|c| *c = (*c + count - 1) % count),
            "Enter" => run.run(chosen.get_untracked()),
            _ => return,
        }
        event.prevent_default();
        if let Ok(Some(entry)) = document().query_selector(&format!("#palette-{}", chosen.get_untracked())) {
            crate::shared::bring_into_view(&entry);
        }
    };
    view! {
        <dialog
            class="palette"
            aria-label="Commands"
            node_ref=dialog
            on:close=handler(move |_| {
                open.set(false);
                text.set(String::new());
                chosen.set(0);
            })
            on:click=handler(move |event: ev::MouseEvent| {
                let on_backdrop = event
                    .target()
                    .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
                    .is_some_and(|e| e.tag_name() == "DIALOG");
                if on_backdrop {
                    open.set(false);
                }
            })
        >
            <div class="palette__search">
                <Ico icon=Icon::Search />
                <input
                    class="palette__input"
                    role="combobox"
                    aria-label="Search or run"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-activedescendant=reactive(move || format!("palette-{}", chosen.get()))
                    placeholder="Search or run…"
                    prop:value=reactive(move || text.get())
                    on:input=handler(move |event: ev::Event| {
                        text.set(event_target_value(&event));
                        chosen.set(0);
                    })
                    on:keydown=handler(typed)
                />
            </div>
            <div class="palette__list" role="listbox" id="palette-list" aria-label="Commands">
                {dynamic(move || {
                    found
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(n, entry)| {
                            view! {
                                <div
                                    class="palette__item"
                                    role="option"
                                    id=format!("palette-{n}")
                                    aria-selected=reactive(move || (chosen.get() == n).to_string())
                                    on:click=handler(move |_| run.run(n))
                                    on:pointermove=handler(move |_| chosen.set(n))
                                >
                                    <Ico icon=entry.icon />
                                    <span class="truncate">{entry.title}</span>
                                    {entry.about.map(|about| view! { <span class="faint">{about}</span> })}
                                    {entry.keys.into_iter().map(|key| view! { <kbd>{key}</kbd> }).rows()}
                                </div>
                            }
                        })
                        .rows()
                })}
            </div>
        </dialog>
    }
    .into_any()
}
