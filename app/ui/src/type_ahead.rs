//! Keys that are pressed while the page they are meant for is still on its way.
//!
//! Whoever opens a ticket and goes on typing means that ticket. Until it is there, keys are kept; they must reach neither
//! the page that is about to leave nor nobody.

use crate::shared::settled;
use domain::TicketId;
use leptos::{prelude::*, task::spawn_local};
use std::{cell::RefCell, collections::VecDeque};
use wasm_bindgen::JsCast;
use web_sys::{
    Element, HtmlDocument, HtmlElement, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, KeyboardEventInit,
};

/// The most keys that are kept; who types more than this has lost sight of the page.
const MOST: usize = 500;

/// What keys are meant for. Whatever else arrives meanwhile leaves them alone: the page that is about to leave may still get a
/// part of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    Ticket(TicketId),
    NewTicket,
    Search,
    Palette,
    /// The composer of the ticket that is open. The server sends it with the page, and waits for nothing.
    #[cfg_attr(feature = "ssr", expect(dead_code, reason = "constructed by browsers only"))]
    Composer,
    /// One of the lists of its properties.
    List,
}

impl Awaited {
    /// What is written on at an address. Nothing is typed ahead for pages that are only read.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/new" => Some(Self::NewTicket),
            "/search" => Some(Self::Search),
            _ => path.strip_prefix("/tickets/")?.parse().ok().map(|id| Self::Ticket(TicketId(id))),
        }
    }
}

/// What happens to keys.
enum Keys {
    /// They go where the focus is.
    Free,
    /// Something is waited for: they are kept.
    Kept(Awaited, VecDeque<String>),
    /// It is there, and these are pressed again. Those that come meanwhile are behind them.
    Pressed(VecDeque<String>),
}

thread_local! {
    /// Used by browsers only.
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys::Free) };
}

/// Something has been asked for that will call [`arrived`]: keys are kept from here on.
pub fn wait(awaited: Awaited) {
    KEYS.with_borrow_mut(|keys| {
        *keys = match std::mem::replace(keys, Keys::Free) {
            Keys::Free => Keys::Kept(awaited, VecDeque::new()),
            Keys::Kept(_, list) | Keys::Pressed(list) => Keys::Kept(awaited, list),
        };
    });
}

/// Somebody has turned to something else: what was kept is dropped.
pub fn forget() {
    KEYS.set(Keys::Free);
}

/// This will not come: what was kept for it is dropped.
pub fn give_up(awaited: Awaited) {
    KEYS.with_borrow_mut(|keys| {
        if matches!(keys, Keys::Kept(kept, _) if *kept == awaited) {
            *keys = Keys::Free;
        }
    });
}

/// Keeps a key while something is waited for, or others are to come before it. Returns whether it did.
pub fn keep(event: &KeyboardEvent) -> bool {
    // Those that are pressed again.
    if !event.is_trusted() {
        return false;
    }
    let key = event.key();
    KEYS.with_borrow_mut(|keys| {
        let (Keys::Kept(_, list) | Keys::Pressed(list)) = keys else { return false };
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

/// It is there: the keys kept for it are pressed again, one after the other, each where the focus is by then.
pub fn arrived(awaited: Awaited) {
    let starts = KEYS.with_borrow_mut(|keys| match std::mem::replace(keys, Keys::Free) {
        Keys::Kept(kept, list) if kept == awaited => {
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
