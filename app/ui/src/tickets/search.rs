//! Search over subjects and messages.

use leptos::prelude::*;

#[component]
pub fn SearchPage() -> impl IntoView {
    view! { <div class="page"></div> }
}
