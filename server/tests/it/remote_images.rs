//! Remote pictures of mails: fetched by the server, for readers of the mail alone.

use crate::support::{World, browser::Browser, person};
use axum::{Router, body::Body, http::HeaderMap, response::IntoResponse as _, routing::get};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use domain::{Actor, EventId, TicketId, mail::Outcome, timeline::Part};
use http::{StatusCode, header};
use server::{
    mail::parse,
    outgoing::{Outgoing, Reach},
};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use store::{
    mails::{self, Origin},
    tickets::view,
};
use tokio::net::TcpListener;

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A network where every name leads to one host on loopback, and nothing else may be asked.
struct Loopback(SocketAddr);

#[async_trait::async_trait]
impl Reach for Loopback {
    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![self.0])
    }

    fn allows(&self, to: SocketAddr) -> bool {
        to == self.0
    }
}

/// The host of a sender's pictures.
struct Sender {
    base: String,
    asked: Arc<Mutex<Vec<HeaderMap>>>,
    outgoing: Outgoing,
}

impl Sender {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
        let log = asked.clone();
        let picture = async move |headers: HeaderMap| {
            log.lock().unwrap().push(headers);
            // What its host says of it does not count.
            ([(header::CONTENT_TYPE, "text/html"), (header::SET_COOKIE, "spy=1")], BASE64_STANDARD.decode(PNG).unwrap())
        };
        let large = async || {
            let png = BASE64_STANDARD.decode(PNG).unwrap();
            Body::from([png, vec![0; 10_000_000]].concat())
        };
        let router = Router::new()
            .route("/picture.png", get(picture))
            .route("/drawing.svg", get(async || "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"))
            .route("/page", get(async || "<!doctype html><html><body>hello</body></html>"))
            .route("/large.png", get(large))
            .route(
                "/inside",
                get(async || (StatusCode::FOUND, [(header::LOCATION, "http://10.0.0.1/")]).into_response()),
            );
        tokio::spawn(axum::serve(listener, router).into_future());
        let outgoing = Outgoing::with(Loopback(address), Duration::from_secs(60));
        Self { base: format!("http://pictures.example:{}", address.port()), asked, outgoing }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// A mail with these pictures of ours.
    fn mail(&self, from: &str, id: &str, answers: &str, paths: &[&str]) -> String {
        let pictures: String = paths.iter().map(|p| format!("<p><img src=\"{}{p}\"></p>", self.base)).collect();
        format!(
            "From: {from}\r\nMessage-ID: <{id}>\r\nReferences: {answers}\r\nSubject: Pictures\r\n\
             Content-Type: text/html\r\n\r\n<p>Look <img src=\"{0}/picture.png\" width=1 height=1></p>{pictures}",
            self.base
        )
    }
}

async fn take_in(world: &World, raw: String, origin: Origin) -> TicketId {
    let parsed = parse(raw.as_bytes()).unwrap();
    match mails::take_in(&world.desk, parsed, Bytes::from(raw), origin).await.unwrap() {
        Outcome::Ticket(id) | Outcome::Reply(id) => id,
        other => panic!("no ticket: {other:?}"),
    }
}

/// The newest message of a ticket.
async fn newest(world: &World, reader: &Actor, ticket: TicketId) -> EventId {
    let entries = view::view(&world.desk, reader, ticket, Part::Latest).await.unwrap().slice.entries;
    entries.into_iter().rfind(|e| e.message.is_some()).unwrap().id
}

#[tokio::test]
async fn a_picture_is_for_whoever_may_read_its_message() {
    let (world, sender) = (World::new().await, Sender::start().await);
    let (agent, jana, other) = (world.agent().await, world.customer().await, world.customer().await);
    let raw = sender.mail(&person(&jana).email, "a@x", "", &["/picture.png"]);
    let ticket = take_in(&world, raw, Origin::Mailbox).await;
    let message = newest(&world, &agent, ticket).await;
    // Staff whom the mail system does not vouch for: kept as an internal note.
    let raw = sender.mail(&person(&agent).email, "b@x", "<a@x>", &["/picture.png"]);
    take_in(&world, raw, Origin::Mailbox).await;
    let note = newest(&world, &agent, ticket).await;
    assert_ne!(note, message);
    assert_eq!(sender.asked(), 0, "taking in a mail asked its sender");

    let visitor = Browser::with(&world.desk, sender.outgoing.clone());
    let by = async |who: &Actor| visitor.clone().signed_in(who).await;
    let (by_agent, by_jana, by_other) = (by(&agent).await, by(&jana).await, by(&other).await);
    by_agent.get(&format!("/tickets/{ticket}")).await;
    assert_eq!(sender.asked(), 0, "showing a mail asked its sender");

    let (public, internal) = (format!("/files/remote/{message}/0"), format!("/files/remote/{note}/0"));
    for (reader, path) in [(&by_agent, &public), (&by_agent, &internal), (&by_jana, &public)] {
        let page = reader.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        for (name, value) in [
            ("content-type", "image/png"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "private, max-age=86400"),
        ] {
            assert_eq!(page.headers[name], value, "{path}");
        }
        assert!(page.headers.get(header::SET_COOKIE).is_none());
    }
    assert_eq!(sender.asked(), 3);
    for headers in sender.asked.lock().unwrap().iter() {
        assert!(!["cookie", "referer", "origin", "x-forwarded-for"].iter().any(|name| headers.contains_key(*name)));
    }
    let past = format!("/files/remote/{message}/1");
    let plain = world.reply(&agent, ticket, "No pictures here.").await;
    let plain = format!("/files/remote/{plain}/0");
    for (who, reader, path) in [
        ("a stranger", &by_other, public.as_str()),
        ("a visitor", &visitor, &public),
        ("a customer, a note", &by_jana, &internal),
        ("a picture that is not there", &by_agent, &past),
        ("a message without", &by_agent, &plain),
        ("no message", &by_agent, "/files/remote/999999/0"),
        ("no number", &by_agent, "/files/remote/x/-1"),
    ] {
        let page = reader.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{who}: {}", page.text);
    }
    assert_eq!(sender.asked(), 3, "somebody who may not see it had it fetched");
}

#[tokio::test]
async fn only_pictures_are_passed_on() {
    let (world, sender) = (World::new().await, Sender::start().await);
    let agent = world.agent().await;
    let paths = ["/drawing.svg", "/page", "/large.png", "/inside", "/gone.png", "/picture.png"];
    let raw = sender.mail("jana@mail.example", "a@x", "", &paths);
    let ticket = take_in(&world, raw, Origin::Mailbox).await;
    let message = newest(&world, &agent, ticket).await;
    let browser = Browser::with(&world.desk, sender.outgoing.clone()).signed_in(&agent).await;
    for (n, path) in paths.iter().enumerate() {
        let page = browser.get(&format!("/files/remote/{message}/{n}")).await;
        if *path == "/picture.png" {
            assert_eq!(page.status, StatusCode::OK);
        } else {
            assert_eq!((page.status, page.text.as_str()), (StatusCode::BAD_GATEWAY, ""), "{path}");
            assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        }
    }
    // A server as it is in use does not ask hosts inside at all.
    let raw = sender.mail("jana@mail.example", "b@x", "", &["/picture.png"]).replace("pictures.example", "127.0.0.1");
    let message = newest(&world, &agent, take_in(&world, raw, Origin::Mailbox).await).await;
    let path = format!("/files/remote/{message}/0");
    assert_eq!(browser.get(&path).await.status, StatusCode::OK);
    assert_eq!(Browser::of(&world, &agent).await.get(&path).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(sender.asked(), 2);
}
