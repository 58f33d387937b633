//! Keys that are pressed while the page they are meant for is still on its way.
//!
//! Whoever opens a ticket and goes on typing means that ticket. Until it is there, keys are kept; they must reach neither
//! the page that is about to leave nor nobody.

use crate::shared::settled;
use leptos::{prelude::*, task::spawn_local};
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDocument, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, KeyboardEventInit};

/// The most keys that are kept; who types more than this has lost sight of the page.
const MOST: usize = 500;

thread_local! {
    /// The keys kept, while a page is waited for. Used by browsers only.
    static KEPT: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// A page has been asked for that will call [`arrived`]: keys are kept from here on.
pub fn wait() {
    KEPT.with(|kept| {
        kept.borrow_mut().get_or_insert_default();
    });
}

/// The page will not come, or somebody has turned to something else: what was kept is dropped.
pub fn forget() {
    KEPT.take();
}

/// Keeps a key while a page is waited for. Returns whether it did.
pub fn keep(event: &KeyboardEvent) -> bool {
    let key = event.key();
    KEPT.with(|kept| {
        let mut kept = kept.borrow_mut();
        let Some(keys) = kept.as_mut() else { return false };
        if key == "Escape" || keys.len() >= MOST {
            *kept = None;
            return true;
        }
        let counts = key.chars().count() == 1 || matches!(key.as_str(), "Enter" | "Backspace");
        if counts {
            keys.push(key);
        }
        counts
    })
}

/// The page is there: the keys are pressed again, one after the other, each where the focus is by then.
pub fn arrived() {
    let Some(keys) = KEPT.take().filter(|keys| !keys.is_empty()) else { return };
    spawn_local(async move {
        for key in keys {
            settled().await;
            press(&key);
        }
    });
}

/// Does what the browser does upon a key: asks the page first, then changes the field that has the focus.
fn press(key: &str) {
    let Some(target) = document().active_element() else { return };
    let init = KeyboardEventInit::new();
    init.set_key(key);
    init.set_bubbles(true);
    init.set_cancelable(true);
    let Ok(event) = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init) else { return };
    if target.dispatch_event(&event).unwrap_or_default() && is_field(&target) {
        edit(&target, key);
    }
}

fn is_field(element: &Element) -> bool {
    element.is_instance_of::<HtmlTextAreaElement>() || element.is_instance_of::<HtmlInputElement>()
}

fn edit(field: &Element, key: &str) {
    let Ok(document) = document().dyn_into::<HtmlDocument>() else { return };
    let done = match key {
        "Backspace" => document.exec_command("delete"),
        "Enter" => match field.dyn_ref::<HtmlInputElement>() {
            Some(input) => input.form().map_or(Ok(false), |form| form.request_submit().map(|()| true)),
            None => document.exec_command_with_show_ui_and_value("insertText", false, "\n"),
        },
        text => document.exec_command_with_show_ui_and_value("insertText", false, text),
    };
    if let Err(error) = done {
        leptos::logging::debug_warn!("a key could not be pressed again: {error:?}");
    }
}
