//! The page for people, made of the OpenAPI document: plain HTML and the site's own style sheet, no script.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Html;
use leptos::prelude::*;
use serde_json::Value;

use super::ApiState;

/// What the page says, rendered once.
pub struct Page {
    body: String,
}

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

impl Page {
    /// Renders the calls of a document.
    pub fn new(document: &Value) -> Self {
        let calls: Vec<(&str, &str, &Value)> = document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(path, item)| {
                METHODS.iter().filter_map(|method| Some((path.as_str(), *method, item.get(method)?)))
            })
            .collect();
        let links: Vec<_> = calls
            .iter()
            .map(|(path, method, _)| {
                view! {
                    <a href=format!("#{}", anchor(method, path))>
                        <span class="method" data-method=(*method).to_owned()>{method.to_uppercase()}</span>
                        <span>{(*path).to_owned()}</span>
                    </a>
                }
            })
            .collect();
        let sections: Vec<_> = calls.iter().map(|(path, method, call)| section(document, path, method, call)).collect();
        let introduction = markdown(&document["info"]["description"]);
        let body = view! {
            <div class="docs">
                <header class="docs__head">
                    <h1>"Docket API"</h1>
                </header>
                <nav class="docs__nav" aria-label="Calls">{links}</nav>
                <main class="docs__main" id="main">
                    <div class="prose" inner_html=introduction></div>
                    <p>
                        "For programs: "
                        <a class="link" href=format!("{}/openapi.json", super::PREFIX)>"openapi.json"</a>
                    </p>
                    {sections}
                </main>
            </div>
        };
        Self { body: body.to_html() }
    }
}

fn anchor(method: &str, path: &str) -> String {
    format!("{method}{}", path.replace(['{', '}'], "").replace('/', "-"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn markdown(value: &Value) -> String {
    store::render::markdown(value.as_str().unwrap_or_default())
}

/// What a `$ref` stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|to| to.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(value),
        None => value,
    }
}

/// The example of a body: its own, or its schema's.
fn example(document: &Value, content: &Value) -> Option<String> {
    let (_, media) = content.as_object()?.iter().next()?;
    let found = media.get("example").or_else(|| resolved(document, &media["schema"]).get("example"))?;
    serde_json::to_string_pretty(found).ok()
}

fn code(label: String, call: &str, example: Option<String>) -> Option<impl IntoView> {
    example.map(|example| {
        // Parts of a page that can be jumped to have names of their own.
        let name = format!("{label}, {call}");
        view! {
            <p>{label}</p>
            <pre class="code" tabindex="0" role="region" aria-label=name>{example}</pre>
        }
    })
}

fn section(document: &Value, path: &str, method: &str, call: &Value) -> AnyView {
    let rows: Vec<_> = call["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|p| view! { <tr><th scope="row">{text(&p["name"])}</th><td>{text(&p["in"])}</td><td>{text(&p["description"])}</td></tr> })
        .collect();
    let parameters = (!rows.is_empty()).then(|| {
        view! {
            <div class="table-wrap">
                <table class="table">
                    <thead><tr><th scope="col">"Parameter"</th><th scope="col">"In"</th><th scope="col">"What it is"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    });
    let name = format!("{} {path}", method.to_uppercase());
    let body = code("Body".to_owned(), &name, example(document, &call["requestBody"]["content"]));
    let responses = call["responses"].as_object();
    let good = responses
        .into_iter()
        .flatten()
        .find(|(status, _)| status.starts_with('2'))
        .and_then(|(status, r)| code(format!("Answer {status}"), &name, example(document, &r["content"])));
    let answers: Vec<_> = responses
        .into_iter()
        .flatten()
        .map(|(status, r)| view! { <tr><th scope="row">{status.clone()}</th><td>{text(&r["description"])}</td></tr> })
        .collect();
    view! {
        <section class="endpoint" id=anchor(method, path)>
            <h2 class="endpoint__path">
                <span class="method" data-method=method.to_owned()>{method.to_uppercase()}</span>
                {format!("{}{path}", super::PREFIX)}
            </h2>
            <p><strong>{text(&call["summary"])}</strong></p>
            <div class="prose" inner_html=markdown(&call["description"])></div>
            {parameters}
            {body}
            {good}
            <div class="table-wrap">
                <table class="table">
                    <thead><tr><th scope="col">"Answer"</th><th scope="col">"When"</th></tr></thead>
                    <tbody>{answers}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// The page, in the reader's theme.
pub async fn docs(State(state): State<ApiState>, headers: HeaderMap) -> ([(HeaderName, HeaderValue); 1], Html<String>) {
    let theme = ui::theme_cookie(&headers).map(|t| format!(" data-theme=\"{t}\"")).unwrap_or_default();
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"{theme}><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>API · Docket</title>\
         <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\"><link rel=\"stylesheet\" href=\"{}\">\
         </head><body>{}</body></html>",
        state.app.style(),
        state.document.page.body,
    );
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page))
}
