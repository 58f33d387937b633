//! A database that goes away and comes back: everybody is told, nothing is lost, and nobody has to do anything.

use crate::support::{
    PASSWORD, World,
    browser::Browser,
    node::{Node, settled, soon},
    person,
    program::docket,
    proxy::{AtCommit, Proxy},
    text,
};
use axum::body::Body;
use domain::{
    Actor, Code, TicketId,
    live::{ToBrowser, Topic},
    ticket::{NewMessage, Writing},
};
use http::{Request, StatusCode, header};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::Client;
use serde_json::json;
use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Stdio, time::Duration};
use store::{Desk, counts::Counts, tickets::message};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// How long a request waits for a connection here: an outage is over as soon as the test has seen its answers.
const IMPATIENT: Duration = Duration::from_millis(300);

async fn note(desk: &Desk, actor: &Actor, ticket: TicketId, body: &str) {
    let mut tx = desk.begin().await.unwrap();
    message::write(&mut tx, actor, ticket, text(Writing::Note, body)).await.unwrap();
    tx.commit().await.unwrap();
}

fn says(body: &str) -> impl FnMut(&ToBrowser) -> bool {
    let html = format!("<p>{body}</p>");
    move |m| matches!(m, ToBrowser::Entry { entry, .. } if entry.message.as_ref().is_some_and(|m| m.html.trim() == html))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_calls_say_so_and_work_again_by_themselves() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let proxy = Proxy::before(&world.database_url()).await;
    let node = Node::start_on(&world, &proxy.url(), IMPATIENT).await;
    let staff = Browser::on(&node.desk).signed_in(&agent).await;
    let customer = Browser::on(&node.desk).signed_in(&jana).await;
    let visitor = Browser::on(&node.desk);
    let path = format!("/tickets/{ticket}");
    assert_eq!(staff.get(&path).await.status, StatusCode::OK);

    proxy.cut();
    for (browser, path) in [
        (&staff, path.as_str()),
        (&staff, "/tickets"),
        (&customer, "/portal"),
        (&customer, "/portal/new?a=b"),
        (&visitor, "/sign-in"),
        (&visitor, "/sign-in?next=%2Ftickets"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(page.headers.contains_key(header::RETRY_AFTER), "{path}");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        assert!(page.text.contains("cannot reach its database") && page.text.contains("Try again"), "{}", page.text);
        assert!(page.text.contains(&format!("href=\"{path}\"")), "{}", page.text);
        assert!(page.text.contains("opens by itself") && !page.text.contains("<form"), "{}", page.text);
        // Its script may run, and no other.
        let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        let nonce = policy.split("script-src 'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        assert!(page.text.contains(&format!("<script nonce=\"{nonce}\">")), "{}", page.text);
    }
    // A form that was sent is not sent again by itself.
    let page = staff.post("/settings/board", &[]).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text.contains("Try again") && !page.text.contains("<script"), "{}", page.text);
    // Programs get a problem, server functions an error that they can show.
    for (kind, path) in [("*/*", "/files/key/a.txt"), ("application/json", "/tickets")] {
        let request = Request::get(path).header(header::ACCEPT, kind).body(Body::empty()).unwrap();
        let answer = staff.send(request).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
    let request = Request::post("/rpc/tickets/view")
        .header(header::CONTENT_TYPE, "application/json")
        .header("sec-fetch-site", "same-origin");
    let answer = staff.send(request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let error: domain::Error = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(error.code, Code::Unavailable);
    let request = Request::get("/api/v1/stats").body(Body::empty()).unwrap();
    assert_eq!(visitor.send(request).await.status, StatusCode::UNAUTHORIZED);
    let login = Request::post("/api/v1/auth/login").header(header::CONTENT_TYPE, "application/json");
    let answer = visitor.send(login.body(Body::from(r#"{"email":"a@b.example","password":"x"}"#)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    // A form without a session keeps what was typed.
    let page = visitor.post("/sign-in", &[("email", "typed@acme.example"), ("password", "x")]).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text.contains("typed@acme.example"), "{}", page.text);
    assert_eq!(world.count("select count(*) from tickets").await, 1);

    proxy.mend();
    // Connections from before are found out one by one; whoever meets one tries again.
    soon("pages work again", async { while staff.get(&path).await.status != StatusCode::OK {} }).await;
    soon("all of them", async { while customer.get("/portal").await.status != StatusCode::OK {} }).await;
    let sign_in = async { while !visitor.get("/sign-in").await.text.contains("<form") {} };
    soon("visitors can sign in", sign_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_tabs_and_reactors_catch_up() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let proxy = Proxy::before(&world.database_url()).await;
    let node = Node::start_on(&world, &proxy.url(), IMPATIENT).await;
    let workers = node.work();
    settled(&world.desk).await;
    let start = store::events::position_now(&mut world.desk.read().await.unwrap()).await.unwrap();
    let topic = Topic::Ticket(ticket);
    let mut tab = node.tab(&agent).await;
    tab.follow(topic, start).await;
    note(&world.desk, &agent, ticket, "before").await;
    tab.until(says("before")).await;

    proxy.cut();
    // Another node still reaches the database; this one's tabs must not miss what it does.
    note(&world.desk, &agent, ticket, "meanwhile").await;
    let second = world.ticket(&jana).await.id;
    // Nothing is asked of this tab, and it is told all the same.
    tab.until(|m| *m == ToBrowser::Database { away: true }).await;
    proxy.mend();
    let got = tab.until(says("meanwhile")).await;
    assert_eq!(got.iter().filter(|m| matches!(m, ToBrowser::Entry { .. })).count(), 1, "once: {got:?}");
    let back = |m: &ToBrowser| *m == ToBrowser::Database { away: false };
    if !got.iter().any(back) {
        tab.until(back).await;
    }
    note(&world.desk, &agent, ticket, "after").await;
    tab.until(says("after")).await;
    // The numbers follow too, led by this node alone.
    let active = world.desk.catalog().active();
    soon("the counts go on", async {
        while Counts::load(&mut world.desk.read().await.unwrap()).await.unwrap().count(&active, None) != 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_ne!(second, ticket);
    node.stop.cancel();
    soon("the workers end", workers.finished()).await;
}

/// A commit whose answer is lost may have been done or not, and nobody claims to know.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_saved_when_the_connection_broke_is_not_known() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let proxy = Proxy::before(&world.database_url()).await;
    let node = Node::start_on(&world, &proxy.url(), IMPATIENT).await;
    let written = "select count(*) from messages";
    for (then, more) in [(AtCommit::BreakAfter, 1), (AtCommit::BreakBefore, 0)] {
        let before = world.count(written).await;
        let mut tx = node.desk.begin().await.unwrap();
        let input = NewMessage { key: Some(format!("{then:?}")), ..text(Writing::Note, "Look at the cable.") };
        message::write(&mut tx, &agent, ticket, input.clone()).await.unwrap();
        proxy.at_commit(then);
        let error = tx.commit().await.unwrap_err();
        proxy.at_commit(AtCommit::Pass);
        assert_eq!(error.code, Code::Unconfirmed, "{then:?}: {error:?}");
        assert!(error.message.contains("not known whether") && !error.message.contains("Nothing was changed"));
        assert_eq!(world.count(written).await, before + more, "{then:?}");
        // Sent again under its key, it is there once either way.
        let mut tx = world.desk.begin().await.unwrap();
        message::write(&mut tx, &agent, ticket, input).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.count(written).await, before + 1, "{then:?}");
    }
    // By now the desk works again.
    note(&node.desk, &agent, ticket, "All is well.").await;
}

/// The files of a message that may have been saved are perhaps on it: nobody takes them away.
#[tokio::test(flavor = "multi_thread")]
async fn files_of_what_was_perhaps_saved_stay() {
    let world = World::new().await;
    let jana = world.customer().await;
    let ticket = world.ticket(&jana).await.id;
    let proxy = Proxy::before(&world.database_url()).await;
    let node = Node::start_on(&world, &proxy.url(), IMPATIENT).await;
    let browser = Browser::on(&node.desk).signed_in(&jana).await;
    let login = json!({ "email": person(&jana).email, "password": PASSWORD });
    let login: serde_json::Value =
        serde_json::from_str(&browser.call("/api/v1/auth/login", login.to_string()).await.text).unwrap();
    let token = format!("Bearer {}", login["token"].as_str().unwrap());
    for (path, field) in [
        (format!("/portal/tickets/{ticket}"), "attachments"),
        (format!("/api/v1/ticket/{ticket}/attachments"), "files"),
    ] {
        let form = format!(
            "--B\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.txt\"\r\n\r\nall is well\r\n--B--\r\n"
        );
        let request = Request::post(&path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=B")
            .header(header::AUTHORIZATION, &token)
            .header("sec-fetch-site", "same-origin");
        proxy.at_commit(AtCommit::BreakAfter);
        let answer = browser.send(request.body(Body::from(form)).unwrap()).await;
        proxy.at_commit(AtCommit::Pass);
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT, "{path}: {}", answer.text);
    }
    let kept = "select count(*) from attachments where event_id is not null and deleted_at is null";
    assert_eq!(world.count(kept).await, 2);
}

/// The number of the private PostgreSQL of a data folder.
fn postmaster(data: &Path) -> Pid {
    let file = std::fs::read_to_string(data.join("postgres/pgdata/postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().trim().parse().unwrap())
}

/// The private PostgreSQL is the server's own to look after: killed, it is started again, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_database_that_dies_is_started_again() {
    let data = tempfile::tempdir().unwrap();
    // PostgreSQL runs as another user where the tests run as root, and has to get in.
    std::fs::set_permissions(data.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut server = docket(data.path(), &["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let mut line_with = async |part: &str| loop {
        let line = soon(part, log.next_line()).await.unwrap().expect("it is still there");
        if line.contains(part) {
            return line;
        }
    };
    let started = line_with("Docket is at ").await;
    let address = started.split("Docket is at ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let client = Client::new();
    let post = async |path: &str, body: serde_json::Value| {
        client.post(format!("{address}/api/v1{path}")).json(&body).send().await.unwrap()
    };
    let (email, password) = ("jana@acme.example", "correct horse battery");
    let registration = json!({ "name": "Jana", "email": email, "password": password });
    assert_eq!(post("/auth/register", registration).await.status(), StatusCode::ACCEPTED);
    let page = async || client.get(format!("{address}/set-up")).send().await.unwrap().status();
    assert_eq!(page().await, StatusCode::OK);
    let killed = postmaster(data.path());
    kill(killed, Signal::SIGKILL).unwrap();
    line_with("was started again").await;
    assert_ne!(postmaster(data.path()), killed);
    soon("pages work again", async { while page().await != StatusCode::OK {} }).await;
    // The registration of before is there, whose address is not confirmed, and new ones can be made.
    let login = post("/auth/login", json!({ "email": email, "password": password })).await;
    assert_eq!(login.status(), StatusCode::FORBIDDEN);
    let registration = json!({ "name": "Petr", "email": "petr@acme.example", "password": password });
    assert_eq!(post("/auth/register", registration).await.status(), StatusCode::ACCEPTED);
    // It is stopped with the server as ever.
    let restarted = postmaster(data.path());
    kill(Pid::from_raw(server.id().unwrap().try_into().unwrap()), Signal::SIGTERM).unwrap();
    line_with("stopped").await;
    assert!(soon("it ends", server.wait()).await.unwrap().success());
    assert_eq!(kill(restarted, None), Err(nix::errno::Errno::ESRCH));
}
