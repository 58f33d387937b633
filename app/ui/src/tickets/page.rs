//! A ticket: conversation, composer, properties.

use crate::icons::Icon;
use crate::shared::EmptyState;
use leptos::prelude::*;

/// Beside the list while no ticket is open.
#[component]
pub fn NoTicket() -> impl IntoView {
    view! {
        <section class="ticket ticket--empty">
            <EmptyState icon=Icon::Inbox title="No ticket is open" text="Choose one from the list, or press J and Enter." />
        </section>
    }
}

#[component]
pub fn TicketPage() -> impl IntoView {
    view! { <section class="ticket"></section> }
}
