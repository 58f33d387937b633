//! The start page.

use leptos::prelude::*;

/// The page at `/`.
#[component]
pub fn HomePage() -> impl IntoView {
    view! {
        <main>
            <h1>"Docket"</h1>
            <p>"How can we help?"</p>
        </main>
    }
    .into_any()
}
