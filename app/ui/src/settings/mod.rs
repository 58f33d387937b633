//! Settings for admins: the priority table and the limits of the board's columns.

use leptos::prelude::*;

#[component]
pub fn SettingsPage() -> impl IntoView {
    view! { <div class="page"></div> }
}
