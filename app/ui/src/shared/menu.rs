use super::focus_soon;
use crate::erased::{dynamic, handler, reactive};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// A button that opens a menu. Opens by click, Enter, Space or arrow down; closes by Escape, a choice or a click
/// elsewhere; arrows, Home and End move; letters jump. Children are `.menu__item` buttons.
#[component]
pub fn Menu(
    /// Class of the button.
    #[prop(default = "props__value")]
    class: &'static str,
    /// What is chosen. Read out before what the button shows.
    #[prop(into)]
    label: String,
    #[prop(optional)] end: bool,
    #[prop(optional)] up: bool,
    /// Set from outside to open it by a key.
    #[prop(optional, into)]
    open: Option<RwSignal<bool>>,
    /// Whether what the button shows says already what is chosen.
    #[prop(optional)]
    says_it: bool,
    /// Whether something else than usual is chosen: the button stands out then.
    #[prop(optional, into)]
    chosen: Signal<bool>,
    /// What the button shows.
    button: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    let open = open.unwrap_or_else(|| RwSignal::new(false));
    let anchor = NodeRef::<html::Div>::new();
    let opener = NodeRef::<html::Button>::new();
    let items = move || -> Vec<web_sys::HtmlElement> {
        let Some(anchor) = anchor.get_untracked() else { return Vec::new() };
        let Ok(found) = anchor.query_selector_all(".menu__item:not([disabled])") else { return Vec::new() };
        (0..found.length()).filter_map(|n| found.get(n)?.dyn_into().ok()).collect()
    };
    let focus = |item: Option<&web_sys::HtmlElement>| {
        if let Some(item) = item {
            let _ = item.focus();
        }
    };
    let close = move |back: bool| {
        open.set(false);
        if back && let Some(button) = opener.get_untracked() {
            let _ = button.focus();
        }
    };
    Effect::new(move |was: Option<bool>| {
        let is = open.get();
        if is && was != Some(true) {
            focus_soon(move || {
                let all = items();
                let chosen = all.iter().find(|i| i.get_attribute("aria-checked").as_deref() == Some("true"));
                chosen.or(all.first()).cloned()
            });
        }
        is
    });
    let elsewhere = window_event_listener(ev::pointerdown, move |event| {
        if !open.get_untracked() {
            return;
        }
        let target = event.target().and_then(|t| t.dyn_into::<web_sys::Node>().ok());
        if let Some(anchor) = anchor.get_untracked()
            && !anchor.contains(target.as_ref())
        {
            open.set(false);
        }
    });
    on_cleanup(move || elsewhere.remove());
    let keys = move |event: ev::KeyboardEvent| {
        if !open.get_untracked() {
            if event.key() == "ArrowDown" {
                event.prevent_default();
                open.set(true);
            }
            return;
        }
        let all = items();
        let current = document().active_element();
        let place = all.iter().position(|i| Some(i.as_ref()) == current.as_ref());
        let count = all.len();
        match event.key().as_str() {
            "Escape" => {
                event.stop_propagation();
                close(true);
            }
            "Tab" => close(false),
            "ArrowDown" => focus(all.get(place.map_or(0, |p| (p + 1) % count.max(1)))),
            "ArrowUp" => focus(all.get(place.map_or(0, |p| (p + count.max(1) - 1) % count.max(1)))),
            "Home" => focus(all.first()),
            "End" => focus(all.last()),
            key if key.chars().count() == 1 && key != " " && !event.ctrl_key() && !event.meta_key() => {
                let letter = key.to_lowercase();
                let from = place.map_or(0, |p| p + 1);
                let starts = |i: &&web_sys::HtmlElement| {
                    i.text_content().unwrap_or_default().trim().to_lowercase().starts_with(&letter)
                };
                focus(all.iter().skip(from).find(starts).or_else(|| all.iter().find(starts)));
            }
            _ => return,
        }
        event.stop_propagation();
        if event.key() != "Tab" {
            event.prevent_default();
        }
    };
    let menu_class = match (end, up) {
        (true, true) => "menu menu--end menu--up",
        (true, false) => "menu menu--end",
        (false, true) => "menu menu--up",
        (false, false) => "menu",
    };
    // Part of the text, not in its place: the value is to be heard too.
    let name = (!says_it).then(|| view! { <span class="sr-only">{format!("{label}: ")}</span> });
    view! {
        <div class="menu-anchor" node_ref=anchor on:keydown=handler(keys)>
            <button
                class=class
                class:is-active=chosen
                type="button"
                node_ref=opener
                aria-haspopup="menu"
                aria-expanded=reactive(move || open.get().to_string())
                on:click=handler(move |_| open.update(|o| *o = !*o))
            >
                {name}
                {dynamic(move || button.run())}
            </button>
            {dynamic(move || {
                open.get()
                    .then(|| {
                        view! {
                            <div
                                class=menu_class
                                role="menu"
                                aria-label=label.clone()
                                on:click=handler(move |_| close(true))
                            >
                                {children()}
                            </div>
                        }
                    })
            })}
        </div>
    }
    .into_any()
}
