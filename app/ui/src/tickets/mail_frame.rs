//! A mail's own HTML, in a frame of its own: its styles cannot leak out, ours cannot change it, and nothing in it runs.

use crate::erased::{effect, reactive};
use crate::icons::{Ico, Icon};
use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};

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
    #[prop(into)] title: String,
    /// Called once when the mail turns out to be so tall that it should be folded.
    #[prop(optional)]
    on_tall: Option<Callback<()>>,
) -> impl IntoView {
    let frame = NodeRef::<html::Iframe>::new();
    let height = RwSignal::new(None::<i32>);
    let hidden_images = html.contains("data-remote-src=");
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
    let document = format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><link rel=\"stylesheet\" href=\"/mail.css\">\
         <base target=\"_blank\"></head><body>{html}</body></html>"
    );
    view! {
        {hidden_images
            .then(|| {
                view! {
                    <p class="message__blocked">
                        <Ico icon=Icon::EyeOff />
                        "Images from elsewhere are off: they would tell the sender that this was read."
                    </p>
                }
            })}
        <iframe
            class="message__html"
            node_ref=frame
            title=title
            sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
            srcdoc=document
            style:height=reactive(move || height.get().map(|h| format!("{h}px")))
        ></iframe>
    }
    .into_any()
}
