//! A mail's own HTML, in a frame of its own: its styles cannot leak out, ours cannot change it, and nothing in it runs.

use crate::erased::{Sometimes, dynamic, effect, handler, reactive};
use crate::icons::{Ico, Icon};
use domain::{EventId, remote_images, styles};
use leptos::{html, prelude::*};
use std::borrow::Cow;
use wasm_bindgen::{JsCast, closure::Closure};

/// The part of a page's address that names a message whose remote pictures are to be seen.
pub const PICTURES: &str = "images";

/// A mail that is taller is folded, in CSS pixels.
const TALL: i32 = 560;

/// Shows HTML that the server has sanitised.
///
/// The sandbox allows no script, no form and no navigation of the page. It does allow the frame our origin: without a
/// script in it, nothing can make use of that, and only so can the page measure how tall the mail is and the mail show
/// the pictures it brought along, which need the session's cookie.
#[component]
pub fn MailFrame(
    html: String,
    /// The message it is of.
    event: EventId,
    /// How many remote pictures of the message come before those in `html`.
    #[prop(default = 0)]
    first: usize,
    /// Whether the reader wants to see the message's remote pictures.
    pictures: RwSignal<bool>,
    #[prop(into)] title: String,
    /// Called once when the mail turns out to be so tall that it should be folded.
    #[prop(optional)]
    on_tall: Option<Callback<()>>,
) -> impl IntoView {
    let frame = NodeRef::<html::Iframe>::new();
    let height = RwSignal::new(None::<i32>);
    let elsewhere = remote_images::count(&html);
    let told = StoredValue::new(false);
    let measure = move || {
        let Some(frame) = frame.try_get_untracked().flatten() else { return };
        let Some(body) = frame.content_document().and_then(|d| d.body()) else { return };
        // The body's own height: that of the document is never less than the frame's.
        let tall = body.scroll_height().max(body.offset_height());
        if tall == 0 {
            return;
        }
        if tall > TALL
            && !told.get_value()
            && let Some(on_tall) = on_tall
        {
            told.set_value(true);
            on_tall.run(());
        }
        // Room for a scroll bar below, where a mail is wider than the frame.
        let wide = frame
            .content_document()
            .and_then(|d| d.document_element())
            .is_some_and(|root| root.scroll_width() > root.client_width());
        let _ = height.try_set(Some(tall + if wide { 18 } else { 2 }));
    };
    effect(move || {
        let Some(element) = frame.get() else { return };
        // It may have been loaded before the page was taken over.
        measure();
        let loaded = Closure::<dyn FnMut()>::new(measure);
        let _ = element.add_event_listener_with_callback("load", loaded.as_ref().unchecked_ref());
        let loaded = StoredValue::new_local(loaded);
        let resized = window_event_listener(leptos::ev::resize, move |_| measure());
        on_cleanup(move || {
            let _ = element.remove_event_listener_with_callback(
                "load",
                loaded.with_value(|l| l.as_ref().unchecked_ref::<js_sys::Function>().clone()).as_ref(),
            );
            resized.remove();
        });
    });
    let nonce = nonce();
    let document = move || {
        let html =
            if pictures.get() { remote_images::shown(&html, event, first).into() } else { Cow::Borrowed(&*html) };
        let (html, styles) = styles::apart(&html);
        format!(
            "<!doctype html><html><head><meta charset=\"utf-8\"><link rel=\"stylesheet\" href=\"/mail.css\">\
             <style nonce=\"{nonce}\">{styles}</style><base target=\"_blank\"></head><body>{html}</body></html>"
        )
    };
    view! {
        {(elsewhere > 0).shown(|| view! { <Elsewhere count=elsewhere event pictures /> })}
        // A frame that is given another document would make a step in the browser's history: there is a new one for it.
        {dynamic(move || {
            view! {
                <iframe
                    class="message__html"
                    node_ref=frame
                    title=title.clone()
                    sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
                    srcdoc=document()
                    style:height=reactive(move || height.get().map(|h| format!("{h}px")))
                ></iframe>
            }
        })}
    }
    .into_any()
}

/// What the page's styles are known by (`shell::restrict`): the frame's document is held to the same policy.
#[cfg(feature = "ssr")]
fn nonce() -> String {
    use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default()
}

/// The page's scripts have it. Browsers hide it from the document, but not from scripts.
#[cfg(not(feature = "ssr"))]
fn nonce() -> String {
    let script = document().query_selector("script[nonce]").ok().flatten();
    let nonce = script.and_then(|script| js_sys::Reflect::get(&script, &"nonce".into()).ok());
    nonce.and_then(|nonce| nonce.as_string()).unwrap_or_default()
}

/// Says that remote pictures are not shown, and offers to show them. Without a script it asks for the page again.
#[component]
fn Elsewhere(count: usize, event: EventId, pictures: RwSignal<bool>) -> impl IntoView {
    let (what, are) = if count == 1 { ("1 image", "is") } else { ("images", "are") };
    let what = if count == 1 { what.to_owned() } else { format!("{count} {what}") };
    view! {
        <form
            class="message__blocked"
            action=format!("#e{event}")
            on:submit=handler(move |asked: leptos::ev::SubmitEvent| {
                asked.prevent_default();
                pictures.update(|shown| *shown = !*shown);
            })
        >
            {dynamic(move || view! { <Ico icon=if pictures.get() { Icon::Eye } else { Icon::EyeOff } /> })}
            <span title="Showing them can tell the sender that this was read.">
                {format!("{what} from elsewhere {are} ")}
                {dynamic(move || if pictures.get() { "shown." } else { "not shown." })}
            </span>
            <input type="hidden" name=PICTURES value=event.0 disabled=reactive(move || pictures.get()) />
            <button class="button button--sm" type="submit">
                {dynamic(move || if pictures.get() { "Hide images" } else { "Show images" })}
            </button>
        </form>
    }
    .into_any()
}
