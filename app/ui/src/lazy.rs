//! Pages that a browser loads when it first comes to them.
//!
//! The module that every visitor loads holds what all pages share, and no page but the start and the one that says that
//! there is none. A page names its parts in its head, so they are fetched side by side, not one after the other.
//!
//! The build makes one file of a part. What is called `staff_…` is only ever loaded within `staff`: its file leaves out what
//! is there by then.

use crate::{
    access::{LogPage, RolePage, RolesPage, TeamPage, TeamsPage, UserPage, UsersPage},
    accounts::{
        ApiTokensPage, ConfirmAgainPage, ConfirmPage, ForgotPage, InvitationPage, MePage, NewAddressPage, ResetPage,
        SecondStepPage, SetUpPage, SignInPage, SignUpPage, TwoStepPage,
    },
    app::not_found,
    board::page::BoardPage,
    companies::{CompaniesPage, CompanyPage, EditCompanyPage, MergeCompaniesPage, NewCompanyPage, OutsidePage},
    customers::{
        ConvertPage, CustomerPage, CustomersPage, EditCustomerPage, EraseCustomerPage, MergeCustomersPage,
        NewCustomerPage, SecondFactorOfCustomerPage,
    },
    dialogs::Shortcuts,
    fields::{FieldPage, FieldsPage},
    frame::{StaffFrame, StaffNotFound},
    imports::{ImportPage, ImportsPage},
    me,
    outside::{CompanySignInPage, ProviderPage, ProvidersPage},
    palette::Palette,
    portal::{PortalFrame, PortalHome, PortalMe, PortalNew, PortalNotFound, PortalTicket},
    ratings::RatePage,
    settings::{
        BoardSettings, HttpsSettings, InvitationsPage, PrioritySettings, QuarantinePage, RetentionSettings,
        SatisfactionSettings, SecondFactorSettings, SettingsFrame, SettingsStart,
    },
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
use leptos_router::{ChooseView, hooks::use_location};
use std::pin::Pin;

/// A page of a part, as the router asks for it. All are of one type: whatever the router does with a page, it would compile
/// once for each otherwise.
#[derive(Clone, Copy, Debug)]
pub struct LazyPage {
    view: fn() -> Later<AnyView>,
    preload: fn() -> Later<()>,
}

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl ChooseView for LazyPage {
    async fn choose(self) -> AnyView {
        (self.view)().await
    }

    async fn preload(&self) {
        (self.preload)().await;
    }
}

/// A part with its pages.
macro_rules! part {
    ($(#[$doc:meta])* $part:ident, $preload:ident: $($route:ident = $page:ident),+ $(,)?) => {
        $(#[$doc])*
        mod $part {
            use super::*;

            #[allow(clippy::enum_variant_names, reason = "each is named like its component")]
            enum Page {
                $($page,)+
            }

            #[lazy]
            fn $part(page: Page) -> AnyView {
                focus_page();
                match page {
                    $(Page::$page => view! { <$page /> }.into_any(),)+
                }
            }

            fn load() -> Later<()> {
                Box::pin(async {
                    #[cfg(target_arch = "wasm32")]
                    $preload().await;
                })
            }

            $(
                /// Loads its part, and shows the page of this name.
                pub const $route: LazyPage = LazyPage { view: || Box::pin($part(Page::$page)), preload: load };
            )+
        }
        pub use $part::{$($route),+};
    };
}

part! {
    /// Where agents start.
    staff, __preload_staff: STAFF = StaffFrame, NOT_FOUND = StaffNotFound, INBOX = Inbox, NO_TICKET = NoTicket
}
part! {
    staff_ticket, __preload_staff_ticket: TICKET = TicketPage
}
part! {
    staff_new, __preload_staff_new: NEW_TICKET = NewTicketPage
}
part! {
    staff_board, __preload_staff_board: BOARD = BoardPage
}
part! {
    /// What is opened now and then.
    staff_more, __preload_staff_more:
    SEARCH = SearchPage,
    ME = MePage,
    HISTORY = HistoryPage,
    PALETTE = Palette,
    SHORTCUTS = Shortcuts,
}
part! {
    /// Customers and companies.
    staff_people, __preload_staff_people:
    CUSTOMERS = CustomersPage,
    NEW_CUSTOMER = NewCustomerPage,
    CUSTOMER = CustomerPage,
    EDIT_CUSTOMER = EditCustomerPage,
    CONVERT = ConvertPage,
    MERGE_CUSTOMERS = MergeCustomersPage,
    ERASE_CUSTOMER = EraseCustomerPage,
    SECOND_FACTOR_OF_CUSTOMER = SecondFactorOfCustomerPage,
    IMPORTS = ImportsPage,
    IMPORT = ImportPage,
    COMPANIES = CompaniesPage,
    NEW_COMPANY = NewCompanyPage,
    COMPANY = CompanyPage,
    EDIT_COMPANY = EditCompanyPage,
    OUTSIDE = OutsidePage,
    MERGE_COMPANIES = MergeCompaniesPage,
}
part! {
    staff_settings, __preload_staff_settings:
    SETTINGS = SettingsFrame,
    SETTINGS_START = SettingsStart,
    PRIORITY_SETTINGS = PrioritySettings,
    BOARD_SETTINGS = BoardSettings,
    QUARANTINE = QuarantinePage,
    INVITATIONS = InvitationsPage,
    SECOND_FACTOR_SETTINGS = SecondFactorSettings,
}
part! {
    /// Who may do what. Always within `staff_settings`.
    staff_access, __preload_staff_access:
    USERS = UsersPage,
    USER = UserPage,
    ROLES = RolesPage,
    ROLE = RolePage,
    TEAMS = TeamsPage,
    TEAM = TeamPage,
    SECURITY_LOG = LogPage,
}
part! {
    /// Who vouches for people. Always within `staff_settings`.
    staff_outside, __preload_staff_outside: PROVIDERS = ProvidersPage, PROVIDER = ProviderPage
}
part! {
    /// Custom fields. Always within `staff_settings`.
    staff_fields, __preload_staff_fields: FIELDS = FieldsPage, FIELD = FieldPage
}
part! {
    /// How long what is kept. Always within `staff_settings`.
    staff_retention, __preload_staff_retention: RETENTION_SETTINGS = RetentionSettings
}
part! {
    /// What the server is reached by. Always within `staff_settings`.
    staff_https, __preload_staff_https: HTTPS_SETTINGS = HttpsSettings
}
part! {
    /// Who is asked how tickets were solved. Always within `staff_settings`.
    staff_satisfaction, __preload_staff_satisfaction: SATISFACTION_SETTINGS = SatisfactionSettings
}
part! {
    /// The link of a mail that asks how a ticket was solved.
    rate, __preload_rate: RATE = RatePage
}
part! {
    /// Where customers start.
    portal, __preload_portal: PORTAL = PortalFrame, PORTAL_NOT_FOUND = PortalNotFound, PORTAL_HOME = PortalHome
}
part! {
    /// Customers' own page.
    portal_me, __preload_portal_me: PORTAL_ME = PortalMe
}
part! {
    /// What customers do beside looking through their tickets.
    portal_ticket, __preload_portal_ticket: PORTAL_NEW = PortalNew, PORTAL_TICKET = PortalTicket
}
part! {
    /// Before anybody is signed in.
    door, __preload_door: SIGN_IN = SignInPage,
    SECOND_STEP = SecondStepPage,
    COMPANY_SIGN_IN = CompanySignInPage,
    SIGN_UP = SignUpPage,
    SET_UP = SetUpPage,
    FORGOT = ForgotPage,
    CONFIRM_AGAIN = ConfirmAgainPage,
    CONFIRM = ConfirmPage,
    RESET = ResetPage,
    INVITATION = InvitationPage,
    NEW_ADDRESS = NewAddressPage,
}

part! {
    /// One's own second step, and tokens of the API: for staff and for customers.
    two_step, __preload_two_step: TWO_STEP = TwoStepPage, API_TOKENS = ApiTokensPage
}

/// The page for an address at which there is nothing, within the frame that this person knows.
pub const NOWHERE: LazyPage = LazyPage {
    view: || match known_frame() {
        Some(page) => (page.view)(),
        None => {
            Box::pin(async { view! { <main id="main">{not_found("/", "Go to the start page")}</main> }.into_any() })
        }
    },
    preload: || match known_frame() {
        Some(page) => (page.preload)(),
        None => Box::pin(async {}),
    },
};

fn known_frame() -> Option<LazyPage> {
    let in_portal = use_location().pathname.with_untracked(|path| path.starts_with("/portal"));
    let start = me::start();
    match start.is_staff() && !in_portal {
        true => Some(NOT_FOUND),
        false => start.me.is_some().then_some(PORTAL_NOT_FOUND),
    }
}

/// What is done on a ticket. Not a page: the page of the ticket is there without it.
mod staff_ticket_work {
    use crate::tickets::{attachments::PreviewDialog, composer::Composer, work::Piece};
    use leptos::{lazy, prelude::*};
    use std::{
        pin::pin,
        sync::atomic::{AtomicBool, Ordering},
        task::{Context, Poll, Waker},
    };

    static HERE: AtomicBool = AtomicBool::new(false);

    #[lazy]
    fn staff_ticket_work(piece: Piece) -> AnyView {
        match piece {
            Piece::Composer(begun) => view! { <Composer begun /> }.into_any(),
            Piece::Preview(previewing) => view! { <PreviewDialog previewing /> }.into_any(),
            Piece::List(list, state, opening) => list.view(state, opening),
        }
    }

    /// Loads the part.
    pub async fn load_work() {
        #[cfg(target_arch = "wasm32")]
        __preload_staff_ticket_work().await;
        HERE.store(true, Ordering::Relaxed);
    }

    /// Whether the part is loaded.
    pub fn has_work() -> bool {
        HERE.load(Ordering::Relaxed)
    }

    /// Makes a piece at once, or not at all where the part is not loaded.
    pub fn work(piece: Piece) -> Option<AnyView> {
        if !has_work() {
            return None;
        }
        match pin!(staff_ticket_work(piece)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(view) => Some(view),
            Poll::Pending => None,
        }
    }
}
pub use staff_ticket_work::{has_work, load_work, work};

/// The palette.
pub async fn palette() -> AnyView {
    (PALETTE.view)().await
}

/// The sheet that lists all keys.
pub async fn shortcuts() -> AnyView {
    (SHORTCUTS.view)().await
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
        (Some("customers" | "companies"), _) => &["staff", "staff_people"],
        (Some("settings"), Some("users" | "roles" | "teams" | "log")) => &["staff", "staff_settings", "staff_access"],
        (Some("settings"), Some("sign-in")) => &["staff", "staff_settings", "staff_outside"],
        (Some("settings"), Some("fields")) => &["staff", "staff_settings", "staff_fields"],
        (Some("settings"), Some("retention")) => &["staff", "staff_settings", "staff_retention"],
        (Some("settings"), Some("satisfaction")) => &["staff", "staff_settings", "staff_satisfaction"],
        (Some("settings"), Some("https")) => &["staff", "staff_settings", "staff_https"],
        (Some("settings"), _) => &["staff", "staff_settings"],
        (Some("portal"), Some("new" | "tickets")) => &["portal", "portal_ticket"],
        (Some("portal"), Some("me")) => &["portal", "portal_me"],
        (Some("portal"), _) => &["portal"],
        (Some("sign-in" | "sign-up" | "set-up" | "forgot"), None) => &["door"],
        (Some("sign-in"), Some("second" | "passkey")) => &["door"],
        (Some("sign-in"), Some("company" | "back" | "with")) => &["door"],
        (Some("rate"), Some(_)) => &["rate"],
        (Some("two-step" | "api-tokens"), None) => &["two_step"],
        (Some("confirm" | "reset" | "invitation" | "new-address"), _) => &["door"],
        _ => &[],
    }
}
