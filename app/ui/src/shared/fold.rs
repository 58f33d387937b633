use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, Node};

/// Makes a `<details>` close as menus do: by Escape, by a choice, by going elsewhere. Without a script it opens and closes
/// by its summary alone.
pub fn close_like_menu(details: NodeRef<html::Details>) {
    let open = move || details.get_untracked().filter(|d| d.open());
    let is_inside = |details: &Node, target: Option<EventTarget>| {
        details.contains(target.and_then(|t| t.dyn_into::<Node>().ok()).as_ref())
    };
    let elsewhere = move |target: Option<EventTarget>| {
        if let Some(details) = open()
            && !is_inside(&details, target)
        {
            details.set_open(false);
        }
    };
    let handles = [
        window_event_listener(ev::pointerdown, move |event| elsewhere(event.target())),
        window_event_listener(ev::focusin, move |event| elsewhere(event.target())),
        window_event_listener(ev::keydown, move |event| {
            if event.key() == "Escape"
                && let Some(details) = open()
                && is_inside(&details, event.target())
            {
                details.set_open(false);
                let summary = details.query_selector("summary").ok().flatten();
                if let Some(summary) = summary.and_then(|s| s.dyn_into::<web_sys::HtmlElement>().ok()) {
                    let _ = summary.focus();
                }
            }
        }),
        window_event_listener(ev::click, move |event| {
            let item = event.target().and_then(|t| t.dyn_into::<Element>().ok());
            if let Some(details) = open()
                && is_inside(&details, event.target())
                && item.is_some_and(|item| item.closest("a, button").ok().flatten().is_some())
            {
                details.set_open(false);
            }
        }),
    ];
    on_cleanup(move || handles.into_iter().for_each(|handle| handle.remove()));
}
