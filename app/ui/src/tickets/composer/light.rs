//! What somebody does with the form before it works: texts and files are taken in, all else is done again once it does.

use super::Begun;
use crate::tickets::{uploads::files_of, work::Work};
use leptos::prelude::*;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{ClipboardEvent, DragEvent, Element, Event, HtmlTextAreaElement, KeyboardEvent};

/// What is listened to.
const HEARD: [&str; 10] =
    ["pointerover", "focusin", "input", "mousedown", "click", "change", "keydown", "dragover", "drop", "paste"];

/// The listener at a form that the server has rendered. Listens until it is dropped.
pub struct Light {
    form: Element,
    kept: Rc<RefCell<Vec<Event>>>,
    hear: Closure<dyn FnMut(Event)>,
}

impl Light {
    pub fn new(form: &Element, begun: Begun, work: Work) -> Self {
        let area =
            form.query_selector("textarea").ok().flatten().and_then(|a| a.dyn_into::<HtmlTextAreaElement>().ok());
        // What was typed before there was anything to listen.
        if let Some(text) = area.as_ref().map(HtmlTextAreaElement::value)
            && begun.draft_of(begun.writing).text.with_untracked(|t| *t != text)
        {
            begun.typed(begun.writing, text);
        }
        if form.contains(document().active_element().as_deref()) {
            work.ask();
        }
        let kept = Rc::new(RefCell::new(Vec::new()));
        let hear = Closure::<dyn FnMut(Event)>::new({
            let kept = kept.clone();
            move |event: Event| {
                work.ask();
                if hear(&event, begun) {
                    event.prevent_default();
                    event.stop_propagation();
                    kept.borrow_mut().push(event);
                }
            }
        });
        for name in HEARD {
            // With a function of our own it cannot fail.
            let _ = form.add_event_listener_with_callback_and_bool(name, hear.as_ref().unchecked_ref(), true);
        }
        Self { form: form.clone(), kept, hear }
    }

    /// The form works now: what was kept happens again.
    pub fn hand_over(self) {
        let kept = self.kept.take();
        drop(self);
        for event in kept {
            if let Some(target) = event.target()
                && let Some(again) = again(&event)
            {
                let _ = target.dispatch_event(&again);
            }
        }
    }
}

impl Drop for Light {
    fn drop(&mut self) {
        for name in HEARD {
            let hear = self.hear.as_ref().unchecked_ref();
            let _ = self.form.remove_event_listener_with_callback_and_bool(name, hear, true);
        }
    }
}

/// Takes in what an event brings. Returns whether the event itself has to be kept.
fn hear(event: &Event, begun: Begun) -> bool {
    let target = event.target();
    let element = target.as_ref().and_then(|t| t.dyn_ref::<Element>());
    match event.type_().as_str() {
        "input" => {
            if let Some(area) = target.as_ref().and_then(|t| t.dyn_ref::<HtmlTextAreaElement>()) {
                begun.typed(begun.writing, area.value());
            }
        }
        // As the form itself does.
        "mousedown" if element.is_some_and(|e| e.closest(".composer__mode").ok().flatten().is_some()) => {
            event.prevent_default();
        }
        "click" => return element.is_some_and(|e| e.closest("button").ok().flatten().is_some()),
        // Files that were chosen.
        "change" => return element.is_some_and(|e| e.matches("input").unwrap_or_default()),
        "keydown" => {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return false };
            let command = key.ctrl_key() || key.meta_key();
            return command && matches!(key.key().to_ascii_lowercase().as_str(), "enter" | "b" | "i");
        }
        // Or the browser would show the file in place of the page.
        "dragover" => event.prevent_default(),
        "drop" => {
            event.prevent_default();
            let files = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer).and_then(|d| d.files());
            begun.add_files(files_of(files));
        }
        "paste" => {
            let files = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data);
            let files = files_of(files.and_then(|d| d.files()));
            if !files.is_empty() {
                event.prevent_default();
                begun.add_files(files);
            }
        }
        _ => {}
    }
    false
}

/// Lets the form have what was dropped elsewhere on the ticket. At the form alone: whoever has passed it on is not asked
/// again.
pub fn pass_on(event: &DragEvent) {
    let form = document().query_selector(".composer").ok().flatten();
    let init = js_sys::Object::new();
    let files = event.data_transfer().map(JsValue::from).unwrap_or_default();
    // With an object of our own it cannot fail.
    let _ = js_sys::Reflect::set(&init, &JsValue::from_str("dataTransfer"), &files);
    let _ = js_sys::Reflect::set(&init, &JsValue::from_str("cancelable"), &JsValue::TRUE);
    if let (Some(form), Some(drop)) = (form, made_as(event, &init)) {
        let _ = form.dispatch_event(&drop);
    }
}

/// An event like this one: the fields of an event are just what its constructor takes.
fn again(event: &Event) -> Option<Event> {
    made_as(event, event)
}

/// An event of the same kind, with the fields of `init`.
fn made_as(event: &Event, init: &JsValue) -> Option<Event> {
    let constructor = js_sys::Reflect::get(event, &JsValue::from_str("constructor")).ok()?;
    let constructor: &js_sys::Function = constructor.dyn_ref()?;
    let arguments = js_sys::Array::of2(&JsValue::from_str(&event.type_()), init);
    js_sys::Reflect::construct(constructor, &arguments).ok()?.dyn_into().ok()
}
