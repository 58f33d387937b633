//! Signing in, registering, the first run, one's own devices. Plain forms, which work without JavaScript.

use leptos::prelude::*;

#[component]
pub fn SignInPage() -> impl IntoView {
    view! { <main id="main"></main> }
}

#[component]
pub fn SignUpPage() -> impl IntoView {
    view! { <main id="main"></main> }
}

#[component]
pub fn SetUpPage() -> impl IntoView {
    view! { <main id="main"></main> }
}

#[component]
pub fn MePage() -> impl IntoView {
    view! { <div class="page"></div> }
}
