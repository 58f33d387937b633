//! The portal: customers' side. Everything here works without JavaScript.

use leptos::prelude::*;
use leptos_router::components::Outlet;

/// The frame around every portal page.
#[component]
pub fn PortalFrame() -> impl IntoView {
    view! { <Outlet /> }
}

/// My tickets.
#[component]
pub fn PortalHome() -> impl IntoView {
    view! { <main id="main"></main> }
}

#[component]
pub fn PortalNew() -> impl IntoView {
    view! { <main id="main"></main> }
}

#[component]
pub fn PortalTicket() -> impl IntoView {
    view! { <main id="main"></main> }
}
