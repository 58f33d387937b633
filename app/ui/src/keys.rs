//! Keys for everything an agent does in a day: single letters, `g` and a letter to go, the palette, the sheet.

use crate::icons::{Ico, Icon};
use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_navigate;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsCast;

/// What a key means. Pages listen to those that concern them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Next,
    Previous,
    Open,
    Reply,
    Note,
    Assign,
    Status,
    Urgency,
    Importance,
    Tag,
    Resolve,
}

/// Key, command, what the sheet says.
const KEYS: &[(&str, Command, &str)] = &[
    ("j", Command::Next, "Next ticket"),
    ("k", Command::Previous, "Previous ticket"),
    ("Enter", Command::Open, "Open ticket"),
    ("r", Command::Reply, "Reply"),
    ("n", Command::Note, "Internal note"),
    ("a", Command::Assign, "Assign"),
    ("s", Command::Status, "Status"),
    ("u", Command::Urgency, "Urgency"),
    ("i", Command::Importance, "Importance"),
    ("#", Command::Tag, "Tags"),
    ("e", Command::Resolve, "Resolve"),
];

/// `g` and then one of these.
const PLACES: &[(&str, &str, &str, Icon)] = &[
    ("i", "/tickets", "Inbox", Icon::Inbox),
    ("m", "/tickets?assignee=me", "Assigned to me", Icon::User),
    ("u", "/tickets?assignee=none", "Unassigned", Icon::Unassigned),
    ("b", "/board", "Board", Icon::Board),
    ("n", "/new", "New ticket", Icon::CirclePlus),
    ("s", "/search", "Search", Icon::Search),
    ("p", "/me", "Devices and theme", Icon::User),
    ("t", "/settings/priority", "Settings", Icon::Settings),
];

#[derive(Clone, Copy)]
struct Keys {
    /// The last command and a number, so that the same one twice is seen twice.
    pressed: RwSignal<Option<(Command, u32)>>,
    palette: RwSignal<bool>,
    sheet: RwSignal<bool>,
}

/// Listens to the keyboard, below the frame.
pub fn provide_keys() {
    let keys = Keys { pressed: RwSignal::new(None), palette: RwSignal::new(false), sheet: RwSignal::new(false) };
    provide_context(keys);
    let navigate = use_navigate();
    let going = Rc::new(Cell::new(false));
    Effect::new(move || {
        let navigate = navigate.clone();
        let going = going.clone();
        let handle = window_event_listener(ev::keydown, move |event| {
            let key = event.key();
            if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
                event.prevent_default();
                keys.palette.set(true);
                return;
            }
            if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() || is_typing(&event)
            {
                return;
            }
            if going.replace(false) {
                if let Some((_, to, ..)) = PLACES.iter().find(|(k, ..)| *k == key) {
                    event.prevent_default();
                    navigate(to, Default::default());
                }
                return;
            }
            match key.as_str() {
                "g" => going.set(true),
                "/" => {
                    event.prevent_default();
                    navigate("/search", Default::default());
                }
                "?" => keys.sheet.set(true),
                _ => {
                    // Enter on a link or button is that element's own.
                    if key == "Enter" && is_on_control(&event) {
                        return;
                    }
                    if let Some((_, command, _)) = KEYS.iter().find(|(k, ..)| *k == key) {
                        let n = keys.pressed.with_untracked(|p| p.map_or(0, |(_, n)| n.wrapping_add(1)));
                        // A letter must not end up in the field that it focuses.
                        event.prevent_default();
                        keys.pressed.set(Some((*command, n)));
                    }
                }
            }
        });
        on_cleanup(move || handle.remove());
    });
}

fn element(event: &ev::KeyboardEvent) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

fn is_typing(event: &ev::KeyboardEvent) -> bool {
    element(event).is_some_and(|e| {
        e.closest("input, textarea, select, [contenteditable=true], [role=menu], dialog").ok().flatten().is_some()
    })
}

fn is_on_control(event: &ev::KeyboardEvent) -> bool {
    element(event).is_some_and(|e| e.closest("a, button, summary").ok().flatten().is_some())
}

/// Calls `on` for each command from the keyboard, until the component goes away.
pub fn on_command(on: impl Fn(Command) + 'static) {
    let Keys { pressed, .. } = expect_context();
    Effect::new(move |before: Option<Option<(Command, u32)>>| {
        let now = pressed.get();
        if let (Some(before), Some((command, _))) = (before, now)
            && before != now
        {
            untrack(|| on(command));
        }
        now
    });
}

pub fn open_palette() {
    expect_context::<Keys>().palette.set(true);
}

pub fn open_shortcuts() {
    expect_context::<Keys>().sheet.set(true);
}

/// Shows a dialog while the signal is true, and tells the signal when it was closed.
fn follow_dialog(dialog: NodeRef<html::Dialog>, open: RwSignal<bool>) {
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if open.get() && !dialog.open() {
            let _ = dialog.show_modal();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
}

/// The palette: go anywhere, find a ticket, by typing.
#[component]
pub fn Palette() -> impl IntoView {
    let Keys { palette: open, sheet, .. } = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    follow_dialog(dialog, open);
    let text = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    // What can be run: title, where it goes, icon, its keys.
    let entries = Memo::new(move |_| {
        let typed = text.get();
        let words = typed.trim().to_lowercase();
        let mut found: Vec<(String, String, Icon, String)> = Vec::new();
        if let Ok(number) = words.trim_start_matches('#').parse::<i64>() {
            found.push((format!("Open ticket #{number}"), format!("/tickets/{number}"), Icon::Hash, String::new()));
        }
        for (key, to, name, icon) in PLACES {
            if name.to_lowercase().contains(&words) {
                found.push(((*name).into(), (*to).into(), *icon, (*key).into()));
            }
        }
        if !words.is_empty() {
            let to = format!("/search?q={}", domain::attachment::url_name(typed.trim()));
            found.push((format!("Search tickets for “{}”", typed.trim()), to, Icon::Search, String::new()));
        }
        if "keyboard shortcuts".contains(&words) {
            found.push(("Keyboard shortcuts".into(), "?".into(), Icon::Help, String::new()));
        }
        found
    });
    let navigate = use_navigate();
    let run = Callback::new(move |n: usize| {
        let Some((_, to, ..)) = entries.get_untracked().get(n).cloned() else { return };
        open.set(false);
        if to == "?" { sheet.set(true) } else { navigate(&to, Default::default()) }
    });
    let keys = move |event: ev::KeyboardEvent| {
        let count = entries.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|c| *c = (*c + 1) % count),
            "ArrowUp" => chosen.update(|c| *c = (*c + count - 1) % count),
            "Enter" => run.run(chosen.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <dialog
            class="palette"
            aria-label="Commands"
            node_ref=dialog
            on:close=move |_| {
                open.set(false);
                text.set(String::new());
                chosen.set(0);
            }
            on:click=move |event| {
                let on_backdrop = event
                    .target()
                    .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
                    .is_some_and(|e| e.tag_name() == "DIALOG");
                if on_backdrop {
                    open.set(false);
                }
            }
        >
            <div class="palette__search">
                <Ico icon=Icon::Search />
                <input
                    class="palette__input"
                    role="combobox"
                    aria-label="Search or run"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-activedescendant=move || format!("palette-{}", chosen.get())
                    placeholder="Search or run…"
                    prop:value=move || text.get()
                    on:input=move |event| {
                        text.set(event_target_value(&event));
                        chosen.set(0);
                    }
                    on:keydown=keys
                />
            </div>
            <div class="palette__list" role="listbox" id="palette-list" aria-label="Commands">
                {move || {
                    entries
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(n, (title, _, icon, key))| {
                            view! {
                                <div
                                    class="palette__item"
                                    role="option"
                                    id=format!("palette-{n}")
                                    aria-selected=move || (chosen.get() == n).to_string()
                                    on:click=move |_| run.run(n)
                                    on:pointermove=move |_| chosen.set(n)
                                >
                                    <Ico icon=icon />
                                    <span class="truncate">{title}</span>
                                    {(!key.is_empty())
                                        .then(|| {
                                            view! {
                                                <kbd>"G"</kbd>
                                                <kbd>{key.to_uppercase()}</kbd>
                                            }
                                        })}
                                </div>
                            }
                        })
                        .collect_view()
                }}
            </div>
        </dialog>
    }
    .into_any()
}

/// The sheet that lists all keys.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let Keys { sheet: open, .. } = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    follow_dialog(dialog, open);
    view! {
        <dialog
            class="dialog dialog--wide"
            aria-labelledby="shortcuts-title"
            node_ref=dialog
            on:close=move |_| open.set(false)
        >
            <form method="dialog">
                <header class="dialog__head">
                    <h2 class="dialog__title" id="shortcuts-title">
                        "Keyboard"
                    </h2>
                    <button class="button button--ghost button--icon" aria-label="Close">
                        <Ico icon=Icon::Close />
                    </button>
                </header>
                <div class="dialog__body">
                    <div class="shortcuts">
                        <section>
                            <h3>"Tickets"</h3>
                            <dl>
                                {KEYS
                                    .iter()
                                    .map(|(key, _, what)| {
                                        view! {
                                            <div>
                                                <dt>{*what}</dt>
                                                <dd>
                                                    <kbd>{key.to_uppercase()}</kbd>
                                                </dd>
                                            </div>
                                        }
                                    })
                                    .collect_view()}
                            </dl>
                        </section>
                        <section>
                            <h3>"Go to"</h3>
                            <dl>
                                {PLACES
                                    .iter()
                                    .map(|(key, _, name, _)| {
                                        view! {
                                            <div>
                                                <dt>{*name}</dt>
                                                <dd>
                                                    <kbd>"G"</kbd>
                                                    " "
                                                    <kbd>{key.to_uppercase()}</kbd>
                                                </dd>
                                            </div>
                                        }
                                    })
                                    .collect_view()}
                                <div>
                                    <dt>"Search or run"</dt>
                                    <dd>
                                        <kbd>"Ctrl K"</kbd>
                                    </dd>
                                </div>
                                <div>
                                    <dt>"Search"</dt>
                                    <dd>
                                        <kbd>"/"</kbd>
                                    </dd>
                                </div>
                                <div>
                                    <dt>"This sheet"</dt>
                                    <dd>
                                        <kbd>"?"</kbd>
                                    </dd>
                                </div>
                            </dl>
                        </section>
                    </div>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}
