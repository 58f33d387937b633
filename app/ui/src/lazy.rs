//! Pages that a browser loads when it first comes to them.
//!
//! The module that every visitor loads holds the small pages (signing in, the customer's list of tickets) and what all
//! pages share. What only staff need, and what weighs much, is split off into a few parts; what two parts share becomes a
//! part of its own. A page names its parts in its head, so they are fetched side by side, not one after the other.
//!
//! Few and large, because they are compressed apart: a part for each kind of visitor made every page a quarter heavier.

use crate::{
    accounts::MePage,
    board::page::BoardPage,
    dialogs::{Palette, Shortcuts},
    frame::StaffFrame,
    portal::{PortalNew, PortalTicket},
    settings::{BoardSettings, PrioritySettings, QuarantinePage, SettingsFrame, SettingsStart},
    shared::focus_page,
    tickets::{history::HistoryPage, inbox::Inbox, new::NewTicketPage, page::TicketPage, search::SearchPage},
};
use leptos::{lazy, prelude::*};
use leptos_router::LazyRoute;

/// A part with its pages: for each the name of its route.
macro_rules! part {
    ($(#[$doc:meta])* $part:ident, $preload:ident: $($route:ident = $page:ident),+ $(,)?) => {
        $(#[$doc])*
        mod $part {
            use super::*;
            use leptos_router::LazyRoute;

            #[allow(clippy::enum_variant_names, reason = "each is named like its route")]
            enum Page {
                $($route,)+
            }

            #[lazy]
            fn $part(page: Page) -> AnyView {
                focus_page();
                match page {
                    $(Page::$route => view! { <$page /> }.into_any(),)+
                }
            }

            $(
                /// Loads its part, and shows the page of this name.
                #[derive(Debug)]
                pub struct $route;

                impl LazyRoute for $route {
                    fn data() -> Self {
                        Self
                    }

                    async fn view(_page: Self) -> AnyView {
                        $part(Page::$route).await
                    }

                    async fn preload() {
                        #[cfg(target_arch = "wasm32")]
                        $preload().await;
                    }
                }
            )+
        }
        pub use $part::{$($route),+};
    };
}

part! {
    /// Where agents start.
    staff, __preload_staff: StaffRoute = StaffFrame, InboxRoute = Inbox
}
part! {
    /// Writing on tickets, and opening them.
    ticket, __preload_ticket: TicketRoute = TicketPage, NewTicketRoute = NewTicketPage
}
part! {
    board, __preload_board: BoardRoute = BoardPage
}
part! {
    /// What is opened now and then.
    more, __preload_more:
    SearchRoute = SearchPage,
    MeRoute = MePage,
    HistoryRoute = HistoryPage,
    PaletteRoute = Palette,
    ShortcutsRoute = Shortcuts,
}
part! {
    settings, __preload_settings:
    SettingsRoute = SettingsFrame,
    SettingsStartRoute = SettingsStart,
    PrioritySettingsRoute = PrioritySettings,
    BoardSettingsRoute = BoardSettings,
    QuarantineRoute = QuarantinePage,
}
part! {
    /// What customers do beside looking through their tickets.
    portal, __preload_portal: PortalNewRoute = PortalNew, PortalTicketRoute = PortalTicket
}

/// The palette.
pub async fn palette() -> AnyView {
    PaletteRoute::view(PaletteRoute::data()).await
}

/// The sheet that lists all keys.
pub async fn shortcuts() -> AnyView {
    ShortcutsRoute::view(ShortcutsRoute::data()).await
}

/// The parts that the page at this address needs: the document names them, so that they come with the first module.
#[cfg(feature = "ssr")]
pub fn parts_of(path: &str) -> &'static [&'static str] {
    let mut steps = path.trim_matches('/').split('/');
    match (steps.next(), steps.next()) {
        (Some("tickets"), None) => &["staff"],
        (Some("tickets"), Some(_)) if steps.next() == Some("history") => &["staff", "more"],
        (Some("tickets"), Some(_)) | (Some("new"), _) => &["staff", "ticket"],
        (Some("board"), _) => &["staff", "board"],
        (Some("search" | "me"), _) => &["staff", "more"],
        (Some("settings"), _) => &["staff", "settings"],
        (Some("portal"), Some("new" | "tickets")) => &["portal"],
        _ => &[],
    }
}
