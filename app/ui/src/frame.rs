//! The frame around every staff page: rail, bottom bar, palette, keys, toasts, connection banner.

use crate::erased::{Sometimes, dynamic, effect, handler};
use crate::{
    icons::{Ico, Icon},
    keys::{Dialogs, provide_keys},
    live::{Connection, live},
    me,
    shared::{Avatar, Toasts, close_like_menu, provide_toasts},
};
use domain::{
    event::Position,
    live::{Counts, ToBrowser, Topic},
    people::Person,
};
use leptos::{ev, html, prelude::*};
use leptos_router::{components::Outlet, hooks::use_location};

/// Everything staff see is inside this. Visitors are sent to sign in, customers to the portal.
#[component]
pub fn StaffFrame() -> impl IntoView {
    around(|| view! { <Outlet /> }.into_any())
}

/// For an address at which there is nothing.
#[component]
pub fn StaffNotFound() -> impl IntoView {
    around(|| crate::app::not_found("/tickets", "Go to the inbox"))
}

fn around(page: fn() -> AnyView) -> AnyView {
    let Some(person) = me::me() else {
        return crate::app::go_to(&crate::app::sign_in_from_here());
    };
    if !person.role.is_staff() {
        return crate::app::go_to("/portal");
    }
    provide_toasts();
    crate::live::provide();
    provide_keys();
    tick();
    view! {
        <SkipLink />
        <div class="frame">
            <ConnectionBanner />
            <Rail me=person.as_person() />
            <main class="frame__main" id="main" tabindex="-1">
                {page()}
            </main>
            <BottomBar me=person.as_person() />
        </div>
        <Dialogs />
        <Toasts />
    }
    .into_any()
}

/// The first stop of Tab: past the navigation. Not for the router, which would change the address and leave the focus.
#[component]
pub fn SkipLink() -> impl IntoView {
    view! {
        <a class="skip-link" href="#main" rel="external">
            "Skip to content"
        </a>
    }
    .into_any()
}

/// Moves relative times on, every 20 seconds.
pub fn tick() {
    let (now, taken_over) = (me::now(), me::taken_over());
    effect(move || {
        if !taken_over.get() {
            return;
        }
        now.set(browser_now());
        let timer = set_interval_with_handle(move || now.set(browser_now()), std::time::Duration::from_secs(20));
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
}

/// The browser's clock. Only in effects and handlers: a view must not depend on it.
pub fn browser_now() -> domain::Time {
    domain::Time(js_sys::Date::now() as i64)
}

/// Says so when the page gets no news, and what to do.
#[component]
pub fn ConnectionBanner() -> impl IntoView {
    let live = live();
    let connection = live.connection();
    let somebody_else = live.somebody_else();
    crate::whose::keep_watch();
    // Whoever comes back may have signed in elsewhere.
    effect(move || {
        if connection.get() == Connection::SignedOut || somebody_else.with(Option::is_some) {
            let back = window_event_listener(ev::focus, move |_| live.retry());
            on_cleanup(move || back.remove());
        }
    });
    dynamic(move || match connection.get() {
        _ if somebody_else.with(Option::is_some) => view! {
            <div class="banner" data-kind="offline" role="alert">
                <Ico icon=Icon::Alert />
                <span>
                    {somebody_else.get()} " Sign in as yourself in another tab to go on here. "
                </span>
                <button
                    class="button button--sm"
                    type="button"
                    on:click=handler(move |_| drop(window().location().reload()))
                >
                    "Reload"
                </button>
            </div>
        }
        .into_any(),
        Connection::Good => ().into_any(),
        Connection::Lost => view! {
            <div class="banner" data-kind="offline" role="status">
                <Ico icon=Icon::Offline />
                "Connection lost. What you write is kept; what you missed will be caught up. "
                <button class="button button--sm" type="button" on:click=handler(move |_| live.retry())>
                    "Try now"
                </button>
            </div>
        }
        .into_any(),
        Connection::Away => view! {
            <div class="banner" data-kind="offline" role="status">
                <Ico icon=Icon::Offline />
                "Docket cannot reach its database right now. What you write is kept; it goes on by itself."
            </div>
        }
        .into_any(),
        Connection::SignedOut => view! {
            <div class="banner" data-kind="offline" role="status">
                <Ico icon=Icon::Alert />
                "You are signed out on this device. Sign in again in a new tab; what you have written here stays. "
                <a class="button button--sm" href="/sign-in" rel="external" target="_blank">
                    "Sign in"
                </a>
            </div>
        }
        .into_any(),
    })
}

#[component]
fn Rail(me: Person) -> impl IntoView {
    let counts = RwSignal::new(None::<Counts>);
    effect(move || {
        live().follow(Topic::Counts, Position::default(), move |message| {
            if let ToBrowser::Counts(fresh) = message {
                counts.set(Some(*fresh));
            }
        });
    });
    let number = move |pick: fn(&Counts) -> i64| {
        move || counts.with(|c| c.as_ref().map(|c| view! { <span class="count">{pick(c)}</span> }))
    };
    let location = use_location();
    let current = move |href: &'static str| {
        move || {
            let path = location.pathname.get();
            let query = location.search.get();
            let here = match href.split_once('?') {
                Some((p, q)) => path == p && query == q,
                None if href == "/tickets" => path.starts_with("/tickets") && !query.contains("assignee="),
                None => path.starts_with(href),
            };
            here.then_some("page")
        }
    };
    let menu = NodeRef::<html::Details>::new();
    close_like_menu(menu);
    view! {
        <nav class="rail" aria-label="Main">
            <a class="rail__brand" href="/tickets">
                <span class="rail__logo">"D"</span>
                <span>"Docket"</span>
            </a>
            <button
                class="rail__search"
                type="button"
                aria-keyshortcuts="Control+K"
                on:click=handler(move |_| crate::keys::open_palette())
            >
                <Ico icon=Icon::Search />
                <span>"Search or run…"</span>
                <kbd>"Ctrl K"</kbd>
            </button>
            <div class="rail__scroll">
                <a class="rail__item" href="/tickets" aria-current=current("/tickets")>
                    <Ico icon=Icon::Inbox />
                    <span>"Inbox"</span>
                    {number(|c| c.active)}
                </a>
                <a class="rail__item" href="/tickets?assignee=me" aria-current=current("/tickets?assignee=me")>
                    <Ico icon=Icon::User />
                    <span>"Assigned to me"</span>
                    {number(|c| c.mine)}
                </a>
                <a class="rail__item" href="/tickets?assignee=none" aria-current=current("/tickets?assignee=none")>
                    <Ico icon=Icon::Unassigned />
                    <span>"Unassigned"</span>
                    {number(|c| c.unassigned)}
                </a>
                <a class="rail__item" href="/board" aria-current=current("/board")>
                    <Ico icon=Icon::Board />
                    <span>"Board"</span>
                </a>
                <a class="rail__item" href="/search" aria-current=current("/search")>
                    <Ico icon=Icon::Search />
                    <span>"Search"</span>
                </a>
                <a class="rail__item" href="/customers" aria-current=current("/customers")>
                    <Ico icon=Icon::Users />
                    <span>"Customers"</span>
                </a>
                <a class="rail__item" href="/companies" aria-current=current("/companies")>
                    <Ico icon=Icon::Building />
                    <span>"Companies"</span>
                </a>
                {crate::settings::may_any(&me::start())
                    .shown(|| {
                        view! {
                            <a class="rail__item" href="/settings" aria-current=current("/settings")>
                                <Ico icon=Icon::Settings />
                                <span>"Settings"</span>
                            </a>
                        }
                    })}
            </div>
            <div class="rail__me">
                <details class="menu-anchor" node_ref=menu>
                    <summary class="rail__item">
                        <Avatar name=me.name.clone() picture=me.picture_path() />
                        <span>{me.name}</span>
                    </summary>
                    <div class="menu menu--up">
                        <a class="menu__item" href="/me">
                            <Ico icon=Icon::User />
                            <span>"Profile and devices"</span>
                        </a>
                        <button class="menu__item" type="button" on:click=handler(move |_| crate::keys::open_shortcuts())>
                            <Ico icon=Icon::Help />
                            <span>"Keyboard"</span>
                            <kbd>"?"</kbd>
                        </button>
                        <hr class="menu__line" />
                        <form method="post" action="/sign-out">
                            <button class="menu__item" type="submit">
                                <Ico icon=Icon::LogOut />
                                <span>"Sign out"</span>
                            </button>
                        </form>
                    </div>
                </details>
            </div>
        </nav>
    }
    .into_any()
}

#[component]
fn BottomBar(me: Person) -> impl IntoView {
    let location = use_location();
    let current = move |href: &'static str| move || location.pathname.get().starts_with(href).then_some("page");
    view! {
        <nav class="bottom-bar" aria-label="Main, phone">
            <a class="bottom-bar__item" href="/tickets" aria-current=current("/tickets")>
                <Ico icon=Icon::Inbox />
                <span>"Inbox"</span>
            </a>
            <a class="bottom-bar__item" href="/board" aria-current=current("/board")>
                <Ico icon=Icon::Board />
                <span>"Board"</span>
            </a>
            <a class="bottom-bar__item" href="/new" aria-current=current("/new")>
                <Ico icon=Icon::CirclePlus />
                <span>"New"</span>
            </a>
            <a class="bottom-bar__item" href="/search" aria-current=current("/search")>
                <Ico icon=Icon::Search />
                <span>"Search"</span>
            </a>
            <a class="bottom-bar__item" href="/me" aria-current=current("/me")>
                <Avatar picture=me.picture_path() name=me.name />
                <span>"Me"</span>
            </a>
        </nav>
    }
    .into_any()
}
