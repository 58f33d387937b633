//! What other sites send: whoever is signed in sends their cookie along, and nothing is done.

use crate::support::{PASSWORD, World, browser::Browser, person};
use axum::body::Body;
use http::{Request, StatusCode, header};
use tokio::net::TcpListener;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, client::IntoClientRequest as _},
};

#[tokio::test]
async fn other_sites_cannot_send_our_forms() {
    let world = World::new().await;
    let agent = world.agent().await;
    let staff = Browser::of(&world, &agent).await;
    for path in [
        "/sign-in",
        "/sign-up",
        "/set-up",
        "/sign-out",
        "/me",
        "/me/theme",
        "/portal/new",
        "/rpc/tickets/create",
        "/forgot",
        "/confirm",
        "/confirm/x",
        "/reset/x",
        "/invitation/x",
        "/new-address/x",
        "/settings/invitations",
    ] {
        for (name, value) in
            [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
        {
            let request = Request::post(path)
                .header(header::HOST, "docket.example")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(name, value);
            let page = staff.send(request.body(Body::from("revoke=others")).unwrap()).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {value}");
        }
    }
    assert_eq!(world.count("select count(*) from sessions").await, 1);
}

/// Not every proxy passes `Host` on, and not every browser sends `Sec-Fetch-Site`.
#[tokio::test]
async fn our_public_address_is_ours_behind_any_proxy() {
    let world = World::new().await;
    let agent = world.agent().await;
    let behind = Browser::set(&world, &["--public-url", "https://Sup.example:443/"]);
    let form = format!("email={}&password={PASSWORD}", person(&agent).email);
    for (origin, expected) in [
        ("https://sup.example", StatusCode::SEE_OTHER),
        ("http://sup.example", StatusCode::FORBIDDEN),
        ("https://sup.example.evil.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        for host in ["10.0.0.7:3000", "sup.example"] {
            let request = Request::post("/sign-in")
                .header(header::HOST, host)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::ORIGIN, origin);
            let page = behind.send(request.body(Body::from(form.clone())).unwrap()).await;
            assert_eq!(page.status, expected, "{host} {origin}");
        }
    }
}

/// Browsers let any site open a socket to ours, and send the cookie along.
#[tokio::test]
async fn sockets_are_opened_by_our_own_pages() {
    let world = World::new().await;
    let agent = world.agent().await;
    for (arguments, host, cases) in [
        // Nothing was set: whatever people type is our address.
        (
            &[][..],
            "10.0.0.7:3000",
            &[
                (None, true),
                (Some("http://10.0.0.7:3000"), true),
                (Some("https://10.0.0.7:3000"), true),
                (Some("http://10.0.0.7"), false),
                (Some("http://evil.example"), false),
                (Some("null"), false),
                (Some(""), false),
            ][..],
        ),
        (
            &["--public-url", "https://sup.example"],
            "sup.example",
            &[
                (Some("https://sup.example"), true),
                (Some("http://sup.example"), false),
                (Some("ws://sup.example"), false),
                (Some("https://sup.example.evil.example"), false),
            ],
        ),
        (
            &["--public-url", "https://sup.example"],
            "10.0.0.7:3000",
            &[(Some("https://sup.example"), true), (Some("http://sup.example"), false)],
        ),
        (&["--public-url", "http://sup.example"], "sup.example", &[(Some("http://sup.example"), true)]),
    ] {
        let browser = Browser::set(&world, arguments).signed_in(&agent).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, browser.router.clone()).into_future());
        for (origin, opened) in cases {
            let mut request = format!("ws://{address}/live").into_client_request().unwrap();
            let headers = request.headers_mut();
            headers.insert(header::HOST, host.parse().unwrap());
            headers.insert(header::COOKIE, browser.cookie.as_deref().unwrap().parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            let status = match connect_async(request).await {
                Ok((_, response)) => response.status(),
                Err(Error::Http(response)) => response.status(),
                Err(error) => panic!("{error}"),
            };
            let expected = if *opened { StatusCode::SWITCHING_PROTOCOLS } else { StatusCode::FORBIDDEN };
            assert_eq!(status, expected, "{arguments:?} {host} {origin:?}");
        }
    }
}

/// Whoever serves Docket under an address that it was not told sees why nobody gets in.
#[tokio::test]
async fn what_comes_from_another_address_is_refused_with_words() {
    let world = World::new().await;
    let browser = Browser::of_visitor(&world);
    let send = async |path: &str, accept: &str| {
        let request = Request::post(path)
            .header(header::HOST, "docket.example")
            .header(header::ORIGIN, "https://help.acme.example")
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let page = browser.send(request.body(Body::from("email=a&password=b")).unwrap()).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {accept}");
        assert!(page.text.contains("--public-url"), "{path} {accept}: {}", page.text);
        assert!(!page.headers.contains_key(header::RETRY_AFTER), "{path}: another try changes nothing");
        page
    };
    let page = send("/sign-in", "text/html").await;
    assert!(page.text.contains("<title>Not allowed · Docket</title>"), "{}", page.text);
    assert!(page.text.contains("<h1") && page.text.contains("href=\"/sign-in\""), "{}", page.text);
    assert!(page.headers.contains_key(header::CONTENT_SECURITY_POLICY));
    let said = send("/rpc/tickets/create", "application/json").await;
    assert_eq!(said.headers[header::CONTENT_TYPE], "application/json");
    let said = send("/files", "*/*").await;
    assert_eq!(said.headers[header::CONTENT_TYPE], "application/problem+json");
}
