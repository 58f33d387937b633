use crate::erased::{Sometimes, dynamic, handler};
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

/// Puts a text into the clipboard, and says so. `of`: what it is, for whoever only hears the button, where a page has several.
#[component]
pub fn CopyButton(text: String, #[prop(default = "")] of: &'static str) -> impl IntoView {
    let copied = RwSignal::new(false);
    view! {
        <button class="button" type="button" on:click=handler(move |_| copied.set(copy(&text)))>
            {dynamic(move || if copied.get() { "Copied" } else { "Copy" })}
            {(!of.is_empty()).shown(|| view! { <span class="sr-only">{format!(": {of}")}</span> })}
        </button>
    }
    .into_any()
}

/// A secret that is shown this once, to be copied.
#[component]
pub fn Secret(text: String) -> impl IntoView {
    view! {
        <p>
            <code class="mono qr__key" id="token">
                {text.clone()}
            </code>
        </p>
        <div class="actions">
            <CopyButton text />
        </div>
    }
    .into_any()
}
