use crate::{
    accounts::Devices,
    app::{go_to, sign_in_from_here},
    frame::{ConnectionBanner, SkipLink},
    me,
    shared::{Avatar, Toasts, close_like_menu, provide_toasts},
};
use leptos::{html, prelude::*};
use leptos_router::{components::Outlet, hooks::use_location};

/// The frame around every portal page. Visitors are sent to sign in.
#[component]
pub fn PortalFrame() -> impl IntoView {
    around(|| view! { <Outlet /> }.into_any())
}

/// For an address at which there is nothing.
#[component]
pub fn PortalNotFound() -> impl IntoView {
    around(|| crate::app::not_found("/portal", "My tickets"))
}

fn around(page: fn() -> AnyView) -> AnyView {
    let location = use_location();
    let Some(person) = me::me() else {
        return go_to(&sign_in_from_here());
    };
    let brand = person.brand.clone();
    let logo = person.company.zip(brand.as_ref().and_then(|brand| brand.logo));
    let logo = match logo {
        Some((company, logo)) => {
            let name = brand.map(|brand| brand.company);
            view! { <img class="logo" alt=name src=domain::picture::logo_path(company, logo) /> }.into_any()
        }
        None => view! { <span class="portal__logo">"D"</span> }.into_any(),
    };
    provide_toasts();
    crate::live::provide();
    crate::frame::tick();
    let current = move |href: &'static str| move || (location.pathname.get() == href).then_some("page");
    let menu = NodeRef::<html::Details>::new();
    close_like_menu(menu);
    view! {
        <SkipLink />
        <div class="portal">
            <ConnectionBanner />
            <header class="portal__head">
                <div class="portal__width">
                    <a class="portal__brand" href="/portal">
                        {logo}
                        <span>"Help"</span>
                    </a>
                    <nav class="portal__nav" aria-label="Main">
                        <a href="/portal" aria-current=current("/portal")>
                            "My tickets"
                        </a>
                        <details class="menu-anchor" node_ref=menu>
                            <summary aria-label="Account">
                                <Avatar name=person.name.clone() picture=person.as_person().picture_path() />
                            </summary>
                            <div class="menu menu--end">
                                <p class="menu__title">{person.name}</p>
                                <a class="menu__item" href="/portal/me">
                                    <span>"Profile and devices"</span>
                                </a>
                                <form method="post" action="/sign-out">
                                    <button class="menu__item" type="submit">
                                        <span>"Sign out"</span>
                                    </button>
                                </form>
                            </div>
                        </details>
                    </nav>
                </div>
            </header>
            <main class="portal__main" id="main" tabindex="-1">
                {page()}
            </main>
        </div>
        <Toasts />
    }
    .into_any()
}

/// `/portal/me`.
#[component]
pub fn PortalMe() -> impl IntoView {
    view! {
        <div class="portal__width portal__width--read stack">
            <Devices />
        </div>
    }
    .into_any()
}
