//! The inbox: the list beside the ticket. On a phone one at a time.

use super::list::TicketList;
use crate::erased::{memo, reactive};
use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_location};

/// The parent of `/tickets` and `/tickets/N`.
#[component]
pub fn Inbox() -> impl IntoView {
    let location = use_location();
    let view =
        memo(move || if location.pathname.get().trim_end_matches('/') == "/tickets" { "list" } else { "ticket" });
    let props_open = RwSignal::new(false);
    provide_context(PropsOpen(props_open));
    view! {
        <div
            class="inbox"
            data-view=reactive(move || view.get())
            data-props=reactive(move || if props_open.get() { "open" } else { "" })
        >
            <TicketList />
            <Outlet />
        </div>
    }
    .into_any()
}

/// Whether the properties are shown where they are a sheet.
#[derive(Clone, Copy)]
pub struct PropsOpen(pub RwSignal<bool>);
