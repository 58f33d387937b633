use crate::erased::reactive;
use leptos::prelude::*;

/// The HTML that stands in a text area for this text.
pub fn escaped(text: &str) -> String {
    // A line break right after the tag is dropped by HTML; one more keeps the text's own. In the browser the text is set
    // without the tag, and nothing is dropped.
    let mut html = String::from(if cfg!(feature = "ssr") { "\n" } else { "" });
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            _ => html.push(c),
        }
    }
    html
}

/// A text area with a text in it.
///
/// Leptos does not escape text children of `<textarea>` when it renders on the server, so a text with `</textarea>` in it
/// would become markup. Here the text is escaped first and set as HTML, in both halves.
#[component]
pub fn TextArea(
    #[prop(into)] text: String,
    #[prop(into)] name: String,
    #[prop(into)] id: String,
    #[prop(into, default = "textarea".into())] class: String,
    #[prop(default = 6)] rows: u32,
    #[prop(into, optional)] placeholder: String,
    #[prop(into, optional)] described_by: Signal<Option<String>>,
    #[prop(into, optional)] invalid: Signal<bool>,
    #[prop(optional)] required: bool,
    #[prop(optional)] node: NodeRef<leptos::html::Textarea>,
) -> impl IntoView {
    let html = escaped(&text);
    view! {
        <textarea
            node_ref=node
            class=class
            id=id
            name=name
            rows=rows
            placeholder=placeholder
            required=required
            aria-invalid=reactive(move || invalid.get().then_some("true"))
            aria-describedby=reactive(move || described_by.get())
            inner_html=html
        ></textarea>
    }
}
