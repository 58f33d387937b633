//! The board's page.

use leptos::prelude::*;

#[component]
pub fn BoardPage() -> impl IntoView {
    view! { <div class="board"></div> }
}
