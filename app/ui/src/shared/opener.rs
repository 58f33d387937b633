use crate::erased::{dynamic, handler, reactive};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// A button and what opens beside it. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Opening {
    pub open: RwSignal<bool>,
    anchor: NodeRef<html::Div>,
    button: NodeRef<html::Button>,
}

impl Opening {
    /// In a component. `open` may be set from outside, to open it by a key.
    pub fn new(open: RwSignal<bool>) -> Self {
        Self { open, anchor: NodeRef::new(), button: NodeRef::new() }
    }

    /// Puts away what has opened. `back`: the focus goes back to the button.
    pub fn close(self, back: bool) {
        self.open.set(false);
        if back {
            self.focus();
        }
    }

    /// Focuses the button.
    pub fn focus(self) {
        if let Some(button) = self.button.get_untracked() {
            let _ = button.focus();
        }
    }

    /// What can be chosen in the menu that has opened.
    pub(super) fn items(self) -> Vec<web_sys::HtmlElement> {
        let Some(anchor) = self.anchor.try_get_untracked().flatten() else { return Vec::new() };
        let Ok(found) = anchor.query_selector_all(".menu__item:not([disabled])") else { return Vec::new() };
        (0..found.length()).filter_map(|n| found.get(n)?.dyn_into().ok()).collect()
    }
}

/// A button that opens something. By click, Enter, Space or arrow down; Escape, Tab or a click elsewhere put it away.
#[component]
pub fn Opener(
    opening: Opening,
    /// Class of the button.
    #[prop(default = "props__value")]
    class: &'static str,
    /// What it opens: "menu" or "listbox".
    popup: &'static str,
    /// What is chosen. Read out before what the button shows.
    label: Option<String>,
    /// Whether something else than usual is chosen: the button stands out then.
    #[prop(optional, into)]
    chosen: Signal<bool>,
    /// Whether nothing is chosen.
    #[prop(optional, into)]
    empty: Signal<bool>,
    /// What the button shows.
    button: ViewFn,
    /// What opens.
    list: ViewFn,
) -> impl IntoView {
    let open = opening.open;
    let elsewhere = window_event_listener(ev::pointerdown, move |event| {
        if !open.get_untracked() {
            return;
        }
        let target = event.target().and_then(|t| t.dyn_into::<web_sys::Node>().ok());
        if let Some(anchor) = opening.anchor.get_untracked()
            && !anchor.contains(target.as_ref())
        {
            open.set(false);
        }
    });
    on_cleanup(move || elsewhere.remove());
    let keys = move |event: ev::KeyboardEvent| {
        match (open.get_untracked(), event.key().as_str()) {
            (false, "ArrowDown") => {
                event.prevent_default();
                open.set(true);
                return;
            }
            (true, "Escape") => {
                event.prevent_default();
                opening.close(true);
            }
            (true, "Tab") => opening.close(false),
            _ => return,
        }
        event.stop_propagation();
    };
    // Part of the text, not in its place: the value is to be heard too.
    let name = label.map(|label| view! { <span class="sr-only">{format!("{label}: ")}</span> });
    view! {
        <div class="menu-anchor" node_ref=opening.anchor on:keydown=handler(keys)>
            <button
                class=class
                class:is-active=chosen
                type="button"
                node_ref=opening.button
                aria-haspopup=popup
                aria-expanded=reactive(move || open.get().to_string())
                data-empty=reactive(move || empty.get().then_some(""))
                on:click=handler(move |_| open.update(|o| *o = !*o))
            >
                {name}
                {dynamic(move || button.run())}
            </button>
            {dynamic(move || open.get().then(|| list.run()))}
        </div>
    }
    .into_any()
}
