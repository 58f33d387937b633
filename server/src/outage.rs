//! The answer when nobody is asked who makes a request: because the database is away, or because it came from another site.
//!
//! The application cannot render then: it would take everybody for a visitor and send them to signing in.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Response};
use domain::{Code, Error};
use leptos::prelude::*;
use rand::distr::SampleString as _;

use crate::app::AppState;
use crate::problem::Problem;

/// Seconds after which another try makes sense, when the error does not say.
const RETRY_AFTER: u32 = 5;

/// The error in the form that the sender reads: a page for people, our own errors for server functions, else a problem.
pub fn answer(state: &AppState, method: &Method, headers: &HeaderMap, uri: &Uri, mut error: Error) -> Response {
    if error.code != Code::Forbidden {
        error.retry_after.get_or_insert(RETRY_AFTER);
    }
    let retry_after = error.retry_after.map(HeaderValue::from);
    let mut response = if uri.path().starts_with("/rpc/") {
        (status(&error), axum::Json(error)).into_response()
    } else if accepts_html(headers) {
        let nonce = rand::distr::Alphanumeric.sample_string(&mut rand::rng(), 22);
        let policy = format!(
            "default-src 'self'; script-src 'nonce-{nonce}'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'"
        );
        let policy = [(header::CONTENT_SECURITY_POLICY, policy)];
        // What was sent by a form is not asked for again by itself, and who has asked too often only once it helps.
        let again = (method == Method::GET).then_some(match error.code {
            Code::TooMany => Again::After(error.retry_after.unwrap_or(RETRY_AFTER)),
            _ => Again::Look { nonce },
        });
        let theme = ui::me::theme_cookie(headers);
        (status(&error), policy, Html(page(state.style(), theme, uri, &error, again))).into_response()
    } else {
        Problem(error).into_response()
    };
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether a person waits for this answer to show it as a page.
pub fn wants_page(method: &Method, headers: &HeaderMap, uri: &Uri) -> bool {
    method == Method::GET && !uri.path().starts_with("/rpc/") && accepts_html(headers)
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accepts| accepts.contains("text/html"))
}

fn status(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Opens the page as soon as it can be had: looks every few seconds, and leaves it to the link where it cannot.
const AGAIN: &str = "const later=()=>setTimeout(look,3000),open=()=>location.replace(document.querySelector('main a').href),\
    look=()=>fetch(location.href,{method:'HEAD',cache:'no-store'}).then(r=>r.status===503?later():open(),later);later()";

/// How a page opens by itself in the end.
enum Again {
    /// As soon as it can be had, by a script with this nonce.
    Look { nonce: String },
    /// After so many seconds.
    After(u32),
}

/// A page that needs nothing but the style sheet.
fn page(style: &str, theme: Option<String>, uri: &Uri, error: &Error, by_itself: Option<Again>) -> String {
    let (nonce, after) = match &by_itself {
        Some(Again::Look { nonce }) => (Some(nonce.clone()), None),
        Some(Again::After(seconds)) => (None, Some(*seconds)),
        None => (None, None),
    };
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
                // As one text: what parts texts would stand in the title.
                <title inner_html=format!("{title} · Docket")></title>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=style.to_owned() />
                {after.map(|seconds| view! { <meta http-equiv="refresh" content=seconds.to_string() /> })}
                {nonce.is_some().then(|| view! { <noscript inner_html="<meta http-equiv=refresh content=10>"></noscript> })}
            </head>
            <body>
                <main class="error-page" id="main">
                    <p class="error-page__code">{error.code.status()}</p>
                    <h1 class="error-page__title">{title}</h1>
                    <p>{error.message.clone()}</p>
                    {by_itself.is_some().then(|| view! { <p>"This page opens by itself as soon as it can."</p> })}
                    <div class="actions">
                        <a class="button button--primary" href=again>
                            "Try again"
                        </a>
                    </div>
                </main>
                {nonce.map(|nonce| view! { <script nonce=nonce inner_html=AGAIN></script> })}
            </body>
        </html>
    }
    .to_html()
}
