//! A new ticket, for oneself or for a customer.

use leptos::prelude::*;

#[component]
pub fn NewTicketPage() -> impl IntoView {
    view! { <div class="page"></div> }
}
