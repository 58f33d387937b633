//! Keys that are pressed while the page they are meant for is still on its way.
//!
//! Whoever opens a ticket and goes on typing means that ticket. Until it is there, keys are kept; they must reach neither
//! the page that is about to leave nor nobody.

use crate::shared::settled;
use leptos::{prelude::*, task::spawn_local};
use std::{cell::RefCell, collections::VecDeque};
use wasm_bindgen::JsCast;
use web_sys::{
    Element, HtmlDocument, HtmlElement, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, KeyboardEventInit,
};

/// The most keys that are kept; who types more than this has lost sight of the page.
const MOST: usize = 500;

/// What happens to keys.
enum Keys {
    /// They go where the focus is.
    Free,
    /// A page is waited for: they are kept.
    Kept(VecDeque<String>),
    /// The page is there, and these are pressed again. Those that come meanwhile are behind them.
    Pressed(VecDeque<String>),
}

thread_local! {
    /// Used by browsers only.
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys::Free) };
}

/// A page has been asked for that will call [`arrived`]: keys are kept from here on.
pub fn wait() {
    KEYS.with_borrow_mut(|keys| {
        *keys = match std::mem::replace(keys, Keys::Free) {
            Keys::Free => Keys::Kept(VecDeque::new()),
            Keys::Kept(list) | Keys::Pressed(list) => Keys::Kept(list),
        };
    });
}

/// The page will not come, or somebody has turned to something else: what was kept is dropped.
pub fn forget() {
    KEYS.set(Keys::Free);
}

/// Keeps a key while a page is waited for, or others are to come before it. Returns whether it did.
pub fn keep(event: &KeyboardEvent) -> bool {
    // Those that are pressed again.
    if !event.is_trusted() {
        return false;
    }
    let key = event.key();
    KEYS.with_borrow_mut(|keys| {
        let (Keys::Kept(list) | Keys::Pressed(list)) = keys else { return false };
        if key == "Escape" || list.len() >= MOST {
            *keys = Keys::Free;
            return true;
        }
        let counts = key.chars().count() == 1 || matches!(key.as_str(), "Enter" | "Backspace");
        if counts {
            list.push_back(key);
        }
        counts
    })
}

/// The page is there: the keys are pressed again, one after the other, each where the focus is by then.
pub fn arrived() {
    let starts = KEYS.with_borrow_mut(|keys| match std::mem::replace(keys, Keys::Free) {
        Keys::Kept(list) => {
            *keys = Keys::Pressed(list);
            true
        }
        other => {
            *keys = other;
            false
        }
    });
    if starts {
        spawn_local(async {
            settled().await;
            while let Some(key) = next() {
                press(&key);
                settled().await;
            }
        });
    }
}

/// The next key to be pressed again. None is left when all are pressed, or when one of them has asked for another page: what
/// is behind it waits for that.
fn next() -> Option<String> {
    KEYS.with_borrow_mut(|keys| {
        let Keys::Pressed(list) = keys else { return None };
        let key = list.pop_front();
        if key.is_none() {
            *keys = Keys::Free;
        }
        key
    })
}

/// Does what the browser does upon a key: asks the page first, then changes the field that has the focus, or opens the link.
fn press(key: &str) {
    let Some(target) = document().active_element() else { return };
    let init = KeyboardEventInit::new();
    init.set_key(key);
    init.set_bubbles(true);
    init.set_cancelable(true);
    let Ok(event) = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init) else { return };
    if !target.dispatch_event(&event).unwrap_or_default() {
        return;
    }
    if is_field(&target) {
        edit(&target, key);
    } else if let ("Enter", Some(control)) = (key, target.dyn_ref::<HtmlElement>())
        && control.matches("a, button, summary").unwrap_or_default()
    {
        control.click();
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
