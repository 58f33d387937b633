//! The sheet of keys: fetched when it is first asked for.

use crate::erased::{Rows, effect, handler};
use crate::{
    icons::{Ico, Icon},
    keys::{KEYS, Keys, places},
};
use leptos::{html, prelude::*};

/// Shows a dialog while the signal is true, and tells the signal when it was closed.
pub fn follow_dialog(dialog: NodeRef<html::Dialog>, open: RwSignal<bool>) {
    effect(move || {
        let Some(dialog) = dialog.get() else { return };
        if open.get() && !dialog.open() {
            let _ = dialog.show_modal();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
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
                    // On a phone it is longer than the window: by keyboard it is scrolled once it has the focus.
                    <div class="dialog__body" tabindex="0" role="group" aria-labelledby="shortcuts-title">
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
                                        .rows()}
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
                                                            .rows()}
                                                    </dd>
                                                </div>
                                            }
                                        })
                                        .rows()}
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
                                        .rows()}
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
