use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use crate::home::HomePage;

/// The application inside `<body>`: the router and every page behind it.
///
/// Pages are rendered with [`SsrMode::Async`], so that a page arrives whole: it can be read, and its forms be sent,
/// before any script runs.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    mark_hydrated();

    view! {
        <Title formatter=|title: String| {
            if title.is_empty() { "Docket".to_owned() } else { format!("{title} · Docket") }
        } />
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

/// Sets `data-hydrated` on `<html>` once the page has been taken over.
///
/// Browser tests wait for it: before, a click could fall on an element that nothing listens to yet.
fn mark_hydrated() {
    Effect::new(|| {
        if let Some(root) = document().document_element() {
            // Setting an attribute with a valid constant name cannot fail.
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
}

#[component]
fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(axum::http::StatusCode::NOT_FOUND);
    }

    view! {
        <Title text="Page not found" />
        <main>
            <h1>"Page not found"</h1>
            <p>
                "There is nothing at this address. " <a href="/">"Go to the start page"</a>
            </p>
        </main>
    }
}
