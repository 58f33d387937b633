//! How much one caller may ask for, and what is said to whom it is too much.

use crate::support::{
    World,
    browser::{Browser, Page},
    person,
};
use axum::body::Body;
use domain::Actor;
use http::{Request, StatusCode, header};
use serde_json::json;

/// So few that a test reaches it: sixty pages, seven searches, one ticket of a customer.
const FEW: &[&str] = &["--rate-limit", "60", "--trust-proxy", "true"];

async fn get(browser: &Browser, path: &str, accept: &str, from: &str) -> Page {
    let request = Request::get(path).header(header::ACCEPT, accept).header("x-forwarded-for", from);
    browser.send(request.body(Body::empty()).unwrap()).await
}

fn refused(page: &Page, seconds: &str) {
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "{}", page.text);
    assert_eq!(page.headers[header::RETRY_AFTER], seconds);
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn visitors_are_counted_by_their_address() {
    let world = World::new().await;
    world.agent().await;
    let visitor = Browser::set(&world, FEW);
    for n in 0..60 {
        // What a browser says itself is not believed, only what the proxy adds.
        let page = get(&visitor, "/sign-in", "text/html", &format!("10.0.0.{n}, 192.0.2.1")).await;
        assert_eq!(page.status, StatusCode::OK, "{n}: {}", page.text);
    }
    let page = get(&visitor, "/sign-in", "text/html", "192.0.2.1").await;
    refused(&page, "1");
    assert!(page.text.contains("Please wait 1 second") && page.text.contains("http-equiv=\"refresh\" content=\"1\""));
    assert!(page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'self'"));
    let problem = get(&visitor, "/sign-in", "application/json", "192.0.2.1").await;
    refused(&problem, "1");
    assert_eq!(problem.headers[header::CONTENT_TYPE], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&problem.text).unwrap();
    assert_eq!((&problem["code"], &problem["retry_after"]), (&json!("too_many"), &json!(1)));
    // A server function gets the error that pages show as a toast.
    let request = Request::post("/rpc/accounts/first_run").header("sec-fetch-site", "same-origin");
    let request = request.header(header::CONTENT_TYPE, "application/json").header("x-forwarded-for", "192.0.2.1");
    let called = visitor.send(request.body(Body::from("{}")).unwrap()).await;
    refused(&called, "1");
    let error: domain::Error = serde_json::from_str(&called.text).unwrap();
    assert_eq!((error.code, error.retry_after), (domain::Code::TooMany, Some(1)));
    assert_eq!(get(&visitor, "/sign-in", "text/html", "192.0.2.2").await.status, StatusCode::OK);
    world.advance_seconds(1);
    assert_eq!(get(&visitor, "/sign-in", "text/html", "192.0.2.1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn people_are_counted_each_for_themselves() {
    let world = World::new().await;
    let server = Browser::set(&world, FEW);
    let (one, other) = (world.agent().await, world.agent().await);
    let (one, other) = (server.clone().signed_in(&one).await, server.clone().signed_in(&other).await);
    for _ in 0..60 {
        assert_eq!(one.get("/settings/roles.nothing").await.status, StatusCode::NOT_FOUND);
    }
    refused(&one.get("/tickets").await, "1");
    assert_eq!(other.get("/tickets").await.status, StatusCode::OK);
    // Searches are fewer, and apart.
    for _ in 0..7 {
        assert_eq!(other.call("/rpc/tickets/search", r#"{"words":"printer"}"#).await.status, StatusCode::OK);
    }
    refused(&other.call("/rpc/tickets/search", r#"{"words":"printer"}"#).await, "8");
    refused(&other.get("/search?q=printer").await, "8");
    assert_eq!(other.get("/tickets").await.status, StatusCode::OK);
}

fn form(fields: &[(&str, &str)]) -> (String, Body) {
    let parts =
        fields.iter().map(|(n, v)| format!("--B\r\nContent-Disposition: form-data; name=\"{n}\"\r\n\r\n{v}\r\n"));
    ("multipart/form-data; boundary=B".into(), Body::from(parts.collect::<String>() + "--B--\r\n"))
}

async fn ask(browser: &Browser, subject: &str) -> Page {
    let (kind, body) = form(&[("subject", subject), ("body", "It does not print.")]);
    let request =
        Request::post("/portal/new").header(header::CONTENT_TYPE, kind).header("sec-fetch-site", "same-origin");
    browser.send(request.body(body).unwrap()).await
}

async fn by_rest(server: &Browser, who: &Actor) -> Page {
    let login = json!({ "email": person(who).email, "password": crate::support::PASSWORD }).to_string();
    let request = Request::post("/api/v1/auth/login").header(header::CONTENT_TYPE, "application/json");
    let token = server.send(request.body(Body::from(login)).unwrap()).await;
    let token: serde_json::Value = serde_json::from_str(&token.text).unwrap();
    let request = Request::post("/api/v1/ticket")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", token["token"].as_str().unwrap()));
    server.send(request.body(Body::from(r#"{"subject":"Printer","body":"It does not print."}"#)).unwrap()).await
}

#[tokio::test]
async fn a_customer_writes_so_much_and_loses_nothing() {
    let world = World::new().await;
    let server = Browser::set(&world, FEW);
    let (jana, agent) = (world.customer().await, world.agent().await);
    let portal = server.clone().signed_in(&jana).await;
    assert_eq!(ask(&portal, "First").await.status, StatusCode::SEE_OTHER);
    let again = ask(&portal, "My second printer").await;
    refused(&again, "120");
    assert!(again.text.contains("My second printer") && again.text.contains("2 minutes"), "{}", again.text);
    // The same person, whichever way they come.
    let rest = by_rest(&server, &jana).await;
    refused(&rest, "120");
    assert_eq!(rest.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(world.count("select count(*) from tickets").await, 1);
    for _ in 0..5 {
        assert_eq!(by_rest(&server, &agent).await.status, StatusCode::CREATED, "staff write for a living");
    }
    world.advance_seconds(120);
    assert_eq!(ask(&portal, "My second printer").await.status, StatusCode::SEE_OTHER);
}
