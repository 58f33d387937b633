//! The palette and the sheet of keys: fetched when they are first asked for.

use crate::erased::{dynamic, effect, handler, memo, reactive};
use crate::{
    icons::{Ico, Icon},
    keys::{KEYS, Keys, go, places},
    type_ahead::{self, Awaited},
};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// Shows a dialog while the signal is true, and tells the signal when it was closed.
fn follow_dialog(dialog: NodeRef<html::Dialog>, open: RwSignal<bool>) {
    effect(move || {
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
    let keys: Keys = expect_context();
    let Keys { palette: open, sheet, .. } = keys;
    let dialog = NodeRef::<html::Dialog>::new();
    follow_dialog(dialog, open);
    effect(move || {
        if dialog.get().is_some_and(|dialog| dialog.open()) {
            type_ahead::arrived(Awaited::Palette);
        }
    });
    let text = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    // What can be run: title, where it goes, icon, its keys.
    let entries = memo(move || {
        let typed = text.get();
        let words = typed.trim().to_lowercase();
        let mut found: Vec<(String, String, Icon, String)> = Vec::new();
        if let Ok(number) = words.trim_start_matches('#').parse::<i64>() {
            found.push((format!("Open ticket #{number}"), format!("/tickets/{number}"), Icon::Hash, String::new()));
        }
        for (key, to, name, icon) in places() {
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
    let go = go();
    let run = Callback::new(move |n: usize| {
        let Some((_, to, ..)) = entries.get_untracked().get(n).cloned() else { return };
        open.set(false);
        if to == "?" { sheet.set(true) } else { go(&to) }
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
                    on:keydown=handler(keys)
                />
            </div>
            <div class="palette__list" role="listbox" id="palette-list" aria-label="Commands">
                {dynamic(move || {
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
                                    aria-selected=reactive(move || (chosen.get() == n).to_string())
                                    on:click=handler(move |_| run.run(n))
                                    on:pointermove=handler(move |_| chosen.set(n))
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
                })}
            </div>
        </dialog>
    }
    .into_any()
}

/// Keys on a card of the board.
const BOARD: &[(&[&str], &str)] = &[
    (&["←", "↑", "↓", "→"], "From card to card"),
    (&["Home", "End"], "First and last of a column"),
    (&["Space"], "Lift a card, drop it"),
    (&["←", "↑", "↓", "→"], "Move the lifted card"),
    (&["Esc"], "Put it back"),
];

/// The sheet that lists all keys.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let keys: Keys = expect_context();
    let Keys { sheet: open, .. } = keys;
    let dialog = NodeRef::<html::Dialog>::new();
    follow_dialog(dialog, open);
    view! {
            <dialog
                class="dialog dialog--wide"
                aria-labelledby="shortcuts-title"
                node_ref=dialog
                on:close=handler(move |_| open.set(false))
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
                                                        <kbd>{shown(key)}</kbd>
                                                    </dd>
                                                </div>
                                            }
                                        })
                                        .collect_view()}
                                </dl>
                            </section>
                            <section>
                                <h3>"Board"</h3>
                                <dl>
                                    {BOARD
                                        .iter()
                                        .map(|(keys, what)| {
                                            view! {
                                                <div>
                                                    <dt>{*what}</dt>
                                                    <dd>
                                                        {keys
                                                            .iter()
                                                            .map(|key| {
                                                                view! {
                                                                    <kbd>{*key}</kbd>
                                                                    " "
                                                                }
                                                            })
                                                            .collect_view()}
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
                                    {places()
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

/// A key as it is printed on keyboards.
fn shown(key: &str) -> String {
    if key.len() == 1 { key.to_uppercase() } else { key.to_owned() }
}
