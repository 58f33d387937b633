//! The answer when nobody can be asked who makes a request, because the database is away.
//!
//! The application cannot render then: it would take everybody for a visitor and send them to signing in.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Response};
use domain::Error;
use leptos::prelude::*;

use crate::app::AppState;
use crate::problem::Problem;

/// Seconds after which another try makes sense, when the error does not say.
const RETRY_AFTER: u32 = 5;

/// The error in the form that the sender reads: a page for people, our own errors for server functions, else a problem.
pub fn answer(state: &AppState, headers: &HeaderMap, uri: &Uri, mut error: Error) -> Response {
    error.retry_after.get_or_insert(RETRY_AFTER);
    let retry_after = error.retry_after.map(HeaderValue::from);
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut response = if uri.path().starts_with("/rpc/") {
        (status(&error), axum::Json(error)).into_response()
    } else if accepts.contains("text/html") {
        let policy = [
            (header::CONTENT_SECURITY_POLICY, "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        let theme = ui::me::theme_cookie(headers);
        (status(&error), policy, Html(page(state.style(), theme, uri, &error))).into_response()
    } else {
        Problem(error).into_response()
    };
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn status(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A page that needs nothing but the style sheet.
fn page(style: &str, theme: Option<String>, uri: &Uri, error: &Error) -> String {
    let again = uri.path_and_query().map_or_else(|| "/".to_owned(), |p| p.as_str().to_owned());
    // `//host` would lead away.
    let again = if again.starts_with("//") { "/".to_owned() } else { again };
    let title = error.code.title();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{title} " · Docket"</title>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=style.to_owned() />
            </head>
            <body>
                <main class="error-page" id="main">
                    <p class="error-page__code">{error.code.status()}</p>
                    <h1 class="error-page__title">{title}</h1>
                    <p>{error.message.clone()}</p>
                    <div class="actions">
                        <a class="button button--primary" href=again>
                            "Try again"
                        </a>
                    </div>
                </main>
            </body>
        </html>
    }
    .to_html()
}
