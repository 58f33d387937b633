//! Pages that a browser loads when it first comes to them.
//!
//! The module that every visitor loads holds what all pages share, and no page but the start and the one that says that
//! there is none. A page names its parts in its head, so they are fetched side by side, not one after the other.
//!
//! The build makes one file of a part. What is called `staff_…` is only ever loaded within `staff`: its file leaves out what
//! is there by then.

use crate::{
    accounts::{MePage, SetUpPage, SignInPage, SignUpPage},
    board::page::BoardPage,
    dialogs::{Palette, Shortcuts},
    frame::StaffFrame,
    portal::{PortalFrame, PortalHome, PortalMe, PortalNew, PortalTicket},
    settings::{BoardSettings, PrioritySettings, QuarantinePage, SettingsFrame, SettingsStart},
    shared::focus_page,
    tickets::{
        history::HistoryPage,
        inbox::Inbox,
        new::NewTicketPage,
        page::{NoTicket, TicketPage},
        search::SearchPage,
    },
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
    staff, __preload_staff: StaffRoute = StaffFrame, InboxRoute = Inbox, NoTicketRoute = NoTicket
}
part! {
    staff_ticket, __preload_staff_ticket: TicketRoute = TicketPage
}
part! {
    staff_new, __preload_staff_new: NewTicketRoute = NewTicketPage
}
part! {
    staff_board, __preload_staff_board: BoardRoute = BoardPage
}
part! {
    /// What is opened now and then.
    staff_more, __preload_staff_more:
    SearchRoute = SearchPage,
    MeRoute = MePage,
    HistoryRoute = HistoryPage,
    PaletteRoute = Palette,
    ShortcutsRoute = Shortcuts,
}
part! {
    staff_settings, __preload_staff_settings:
    SettingsRoute = SettingsFrame,
    SettingsStartRoute = SettingsStart,
    PrioritySettingsRoute = PrioritySettings,
    BoardSettingsRoute = BoardSettings,
    QuarantineRoute = QuarantinePage,
}
part! {
    /// Where customers start.
    portal, __preload_portal: PortalRoute = PortalFrame, PortalHomeRoute = PortalHome, PortalMeRoute = PortalMe
}
part! {
    /// What customers do beside looking through their tickets.
    portal_ticket, __preload_portal_ticket: PortalNewRoute = PortalNew, PortalTicketRoute = PortalTicket
}
part! {
    /// Before anybody is signed in.
    door, __preload_door: SignInRoute = SignInPage, SignUpRoute = SignUpPage, SetUpRoute = SetUpPage
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
        (Some("tickets"), Some(_)) if steps.next() == Some("history") => &["staff", "staff_more"],
        (Some("tickets"), Some(_)) => &["staff", "staff_ticket"],
        (Some("new"), _) => &["staff", "staff_new"],
        (Some("board"), _) => &["staff", "staff_board"],
        (Some("search" | "me"), _) => &["staff", "staff_more"],
        (Some("settings"), _) => &["staff", "staff_settings"],
        (Some("portal"), Some("new" | "tickets")) => &["portal", "portal_ticket"],
        (Some("portal"), _) => &["portal"],
        (Some("sign-in" | "sign-up" | "set-up"), None) => &["door"],
        _ => &[],
    }
}
