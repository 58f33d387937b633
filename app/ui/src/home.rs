//! The start page.

use leptos::prelude::*;
use leptos_meta::Title;

/// The page at `/`.
#[component]
pub fn HomePage() -> impl IntoView {
    view! {
        <Title text="Support" />
        <main>
            <h1>"Docket"</h1>
            <p>"How can we help?"</p>
        </main>
    }
    .into_any()
}
