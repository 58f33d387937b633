//! The title of a page.

use leptos::{prelude::*, text_prop::TextProp};

/// Names the page in the head of the document. Renders nothing.
///
/// In browsers this goes without `leptos_meta`, which keeps the titles of pages that are gone when one page takes the place
/// of another of its kind, and later asks them for their text.
#[component]
pub fn Title(#[prop(into)] text: TextProp) -> impl IntoView {
    #[cfg(feature = "ssr")]
    drop(leptos_meta::Title(leptos_meta::TitleProps { formatter: Some(written.into()), text: Some(text) }));
    #[cfg(not(feature = "ssr"))]
    crate::erased::effect(move || document().set_title(&whole(text.get().into_owned())));
}

/// As it stands in the document: `leptos_meta` writes it there as it is, also one that ends the element and goes on.
#[cfg(feature = "ssr")]
fn written(title: String) -> String {
    whole(title).replace('&', "&amp;").replace('<', "&lt;")
}

fn whole(title: String) -> String {
    if title.is_empty() { "Docket".to_owned() } else { format!("{title} · Docket") }
}
