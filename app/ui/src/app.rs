//! The application inside `<body>`: the router and every page behind it.

use crate::erased::effect;
use crate::{lazy, me, shared::Title};
use leptos::{html, prelude::*};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    hooks::use_location,
    path,
};

/// Pages are rendered with [`SsrMode::Async`], so that a page arrives whole: it can be read, and its forms be sent,
/// before any script runs.
#[component]
pub fn App() -> impl IntoView {
    #[cfg(feature = "ssr")]
    leptos_meta::provide_meta_context();
    me::provide();
    view! {
        <Router>
            <Routes fallback=|| ()>
                <Route path=path!("/") view=Home ssr=SsrMode::Async />
                <Route path=path!("/sign-in") view=lazy::SIGN_IN ssr=SsrMode::Async />
                <Route path=path!("/sign-in/second") view=lazy::SECOND_STEP ssr=SsrMode::Async />
                <Route path=path!("/sign-in/passkey") view=lazy::SIGN_IN ssr=SsrMode::Async />
                <Route path=path!("/two-step") view=lazy::TWO_STEP ssr=SsrMode::Async />
                // What is wrong with a way from outside is said where it ended.
                <Route path=path!("/sign-in/back") view=lazy::SIGN_IN ssr=SsrMode::Async />
                <Route path=path!("/sign-in/with/:id") view=lazy::SIGN_IN ssr=SsrMode::Async />
                <Route path=path!("/sign-in/company") view=lazy::COMPANY_SIGN_IN ssr=SsrMode::Async />
                <Route path=path!("/api-tokens") view=lazy::API_TOKENS ssr=SsrMode::Async />
                <Route path=path!("/sign-up") view=lazy::SIGN_UP ssr=SsrMode::Async />
                <Route path=path!("/set-up") view=lazy::SET_UP ssr=SsrMode::Async />
                <Route path=path!("/forgot") view=lazy::FORGOT ssr=SsrMode::Async />
                <Route path=path!("/confirm") view=lazy::CONFIRM_AGAIN ssr=SsrMode::Async />
                <Route path=path!("/confirm/:token") view=lazy::CONFIRM ssr=SsrMode::Async />
                <Route path=path!("/reset/:token") view=lazy::RESET ssr=SsrMode::Async />
                <Route path=path!("/new-address/:token") view=lazy::NEW_ADDRESS ssr=SsrMode::Async />
                <Route path=path!("/invitation/:token") view=lazy::INVITATION ssr=SsrMode::Async />
                <Route path=path!("/rate/:token") view=lazy::RATE ssr=SsrMode::Async />
                <ParentRoute path=path!("/portal") view=lazy::PORTAL ssr=SsrMode::Async>
                    <Route path=path!("") view=lazy::PORTAL_HOME ssr=SsrMode::Async />
                    <Route path=path!("new") view=lazy::PORTAL_NEW ssr=SsrMode::Async />
                    <Route path=path!("me") view=lazy::PORTAL_ME ssr=SsrMode::Async />
                    <Route path=path!("tickets/:id") view=lazy::PORTAL_TICKET ssr=SsrMode::Async />
                    // Where a rating is sent to: a page that is shown again is the page of its address.
                    <Route path=path!("tickets/:id/rating") view=lazy::PORTAL_TICKET ssr=SsrMode::Async />
                </ParentRoute>
                <ParentRoute path=path!("") view=lazy::STAFF ssr=SsrMode::Async>
                    <ParentRoute path=path!("tickets") view=lazy::INBOX ssr=SsrMode::Async>
                        <Route path=path!("") view=lazy::NO_TICKET ssr=SsrMode::Async />
                        <Route path=path!(":id") view=lazy::TICKET ssr=SsrMode::Async />
                        <Route path=path!(":id/history") view=lazy::HISTORY ssr=SsrMode::Async />
                    </ParentRoute>
                    <Route path=path!("new") view=lazy::NEW_TICKET ssr=SsrMode::Async />
                    <Route path=path!("board") view=lazy::BOARD ssr=SsrMode::Async />
                    <Route path=path!("search") view=lazy::SEARCH ssr=SsrMode::Async />
                    <Route path=path!("me") view=lazy::ME ssr=SsrMode::Async />
                    <Route path=path!("customers") view=lazy::CUSTOMERS ssr=SsrMode::Async />
                    <Route path=path!("customers/new") view=lazy::NEW_CUSTOMER ssr=SsrMode::Async />
                    <Route path=path!("customers/import") view=lazy::IMPORTS ssr=SsrMode::Async />
                    <Route path=path!("customers/import/:id") view=lazy::IMPORT ssr=SsrMode::Async />
                    <Route path=path!("customers/:id") view=lazy::CUSTOMER ssr=SsrMode::Async />
                    <Route path=path!("customers/:id/edit") view=lazy::EDIT_CUSTOMER ssr=SsrMode::Async />
                    <Route path=path!("customers/:id/company") view=lazy::CONVERT ssr=SsrMode::Async />
                    <Route path=path!("customers/:id/merge") view=lazy::MERGE_CUSTOMERS ssr=SsrMode::Async />
                    <Route path=path!("customers/:id/erase") view=lazy::ERASE_CUSTOMER ssr=SsrMode::Async />
                    <Route path=path!("customers/:id/second-factor") view=lazy::SECOND_FACTOR_OF_CUSTOMER ssr=SsrMode::Async />
                    <Route path=path!("companies") view=lazy::COMPANIES ssr=SsrMode::Async />
                    <Route path=path!("companies/new") view=lazy::NEW_COMPANY ssr=SsrMode::Async />
                    <Route path=path!("companies/:id") view=lazy::COMPANY ssr=SsrMode::Async />
                    <Route path=path!("companies/:id/edit") view=lazy::EDIT_COMPANY ssr=SsrMode::Async />
                    <Route path=path!("companies/:id/people") view=lazy::OUTSIDE ssr=SsrMode::Async />
                    <Route path=path!("companies/:id/merge") view=lazy::MERGE_COMPANIES ssr=SsrMode::Async />
                    <ParentRoute path=path!("settings") view=lazy::SETTINGS ssr=SsrMode::Async>
                        <Route path=path!("") view=lazy::SETTINGS_START ssr=SsrMode::Async />
                        <Route path=path!("priority") view=lazy::PRIORITY_SETTINGS ssr=SsrMode::Async />
                        <Route path=path!("board") view=lazy::BOARD_SETTINGS ssr=SsrMode::Async />
                        <Route path=path!("two-step") view=lazy::SECOND_FACTOR_SETTINGS ssr=SsrMode::Async />
                        <Route path=path!("retention") view=lazy::RETENTION_SETTINGS ssr=SsrMode::Async />
                        <Route path=path!("satisfaction") view=lazy::SATISFACTION_SETTINGS ssr=SsrMode::Async />
                        <Route path=path!("https") view=lazy::HTTPS_SETTINGS ssr=SsrMode::Async />
                        <Route path=path!("fields") view=lazy::FIELDS ssr=SsrMode::Async />
                        <Route path=path!("fields/:id") view=lazy::FIELD ssr=SsrMode::Async />
                        <Route path=path!("mails") view=lazy::QUARANTINE ssr=SsrMode::Async />
                        <Route path=path!("users") view=lazy::USERS ssr=SsrMode::Async />
                        <Route path=path!("users/:id") view=lazy::USER ssr=SsrMode::Async />
                        <Route path=path!("roles") view=lazy::ROLES ssr=SsrMode::Async />
                        <Route path=path!("roles/:id") view=lazy::ROLE ssr=SsrMode::Async />
                        <Route path=path!("teams") view=lazy::TEAMS ssr=SsrMode::Async />
                        <Route path=path!("teams/:id") view=lazy::TEAM ssr=SsrMode::Async />
                        <Route path=path!("sign-in") view=lazy::PROVIDERS ssr=SsrMode::Async />
                        <Route path=path!("sign-in/:id") view=lazy::PROVIDER ssr=SsrMode::Async />
                        <Route path=path!("log") view=lazy::SECURITY_LOG ssr=SsrMode::Async />
                        <Route path=path!("invitations") view=lazy::INVITATIONS ssr=SsrMode::Async />
                    </ParentRoute>
                </ParentRoute>
                // Not the fallback: that is there without its data and parts.
                <Route path=path!("/*any") view=lazy::NOWHERE ssr=SsrMode::Async />
            </Routes>
        </Router>
        <TakenOver />
    }
}

/// The start page: everybody is sent to where they work.
#[component]
fn Home() -> impl IntoView {
    let start = me::start();
    go_to(if start.is_staff() {
        "/tickets"
    } else if start.me.is_some() {
        "/portal"
    } else {
        "/sign-in"
    })
}

/// Sends whoever opens this page to another address.
pub fn go_to(address: &str) -> AnyView {
    // Not `leptos_axum::redirect`: it tells only those who accept HTML, and everybody else that here is a page.
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(to)) =
        (use_context::<leptos_axum::ResponseOptions>(), http::HeaderValue::from_str(address))
    {
        response.set_status(http::StatusCode::FOUND);
        response.insert_header(http::header::LOCATION, to);
    }
    let address = address.to_owned();
    effect(move || {
        let _ = window().location().set_href(&address);
    });
    ().into_any()
}

/// Where to sign in, and to be led back here. In a component.
pub fn sign_in_from_here() -> String {
    let location = use_location();
    let (path, search) = (location.pathname.get_untracked(), location.search.get_untracked());
    let here = if search.is_empty() { path } else { format!("{path}?{search}") };
    format!("/sign-in?next={}", domain::attachment::url_name(&here))
}

/// The end of the page: when the browser comes to it, all parts before it have been loaded and taken over.
///
/// Effects of a part that came early run while others are still on their way, so what changes how things look waits for
/// this. Sets `data-hydrated` on `<html>`, too. Browser tests wait for it: before, a click could fall on an element that
/// nothing listens to yet.
#[component]
fn TakenOver() -> impl IntoView {
    let end = NodeRef::<html::Span>::new();
    let taken_over = me::taken_over();
    effect(move || {
        if end.get().is_none() {
            return;
        }
        taken_over.set(true);
        crate::shared::set_clocks();
        if let Some(root) = document().document_element() {
            // Setting an attribute with a valid constant name cannot fail.
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
    view! { <span hidden node_ref=end></span> }
}

/// What the page for an address at which there is nothing says, and a way on.
pub fn not_found(home: &'static str, name: &'static str) -> AnyView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="Page not found" />
        <div class="error-page">
            <p class="error-page__code">"404"</p>
            <h1 class="error-page__title">"This page is not here"</h1>
            <p>"The address may have a typing error, or what was here is gone."</p>
            <div class="actions">
                <a class="button button--primary" href=home>
                    {name}
                </a>
            </div>
        </div>
    }
    .into_any()
}
