use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlElement, HtmlTextAreaElement};

/// Puts a text into the clipboard; whether that was possible. In an event handler: browsers let only people do it.
///
/// By the old way, as the new one is there only where the page came by HTTPS.
pub fn copy(text: &str) -> bool {
    let page = document();
    let Some(area) = page.create_element("textarea").ok().and_then(|a| a.dyn_into::<HtmlTextAreaElement>().ok()) else {
        return false;
    };
    let before = page.active_element().and_then(|e| e.dyn_into::<HtmlElement>().ok());
    area.set_value(text);
    area.set_class_name("sr-only");
    let copied = page.body().is_some_and(|body| body.append_child(&area).is_ok());
    area.select();
    let copied =
        copied && page.dyn_into::<HtmlDocument>().is_ok_and(|page| page.exec_command("copy").unwrap_or_default());
    area.remove();
    if let Some(before) = before {
        let _ = before.focus();
    }
    copied
}
