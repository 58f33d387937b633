//! What an authority says that refuses, is overloaded, lies or is none.

use super::{GIVEN, Place, plainly};
use crate::support::{
    Refused as _,
    authority::{Authority, Instead},
};
use domain::{Code, Role, certificate::Standing};
use nix::sys::signal::Signal;
use serde_json::json;
use store::certificates;

const FAILED: &str = "no certificate for help.docket.example";

/// How it stands after the first try, and what the log has said of it.
async fn tried(place: &Place) -> (Standing, String) {
    place.sql("delete from acme_certificates").await;
    let mut running = place.serve_there(&[]).await;
    running.until(FAILED).await;
    let said = running.stop().await;
    let admin = place.world.person(Role::Superadmin, None).await;
    (place.standing(&admin).await, said)
}

#[tokio::test]
async fn it_is_not_asked_again_before_it_wants_to_be() {
    let place = Place::new().await;
    let authority = Authority::start(place.ports, place.folder.path()).await;
    let limited = || Instead::problem(429, "rateLimited", "Too many certificates already issued");
    authority.now().order = Some(limited().with_retry_after("7200"));
    let redirect = format!("--http-redirect=127.0.0.1:{}", place.ports.http);
    let mut running = place.serve_there(&[&redirect]).await;
    running.until("which is when the authority wants to be asked").await;
    let admin = place.world.person(Role::Superadmin, None).await;
    let standing = place.standing(&admin).await;
    let (why, at) = standing.failure.clone().unwrap();
    assert!(why.contains("It has had too many requests for this name or from here."), "{why}");
    assert!(why.contains("It says: Too many certificates already issued (rateLimited)"), "{why}");
    let wait = standing.next_at.0 - at.0;
    assert!((7_190_000..=7_200_000).contains(&wait) && standing.not_before == Some(standing.next_at), "{standing:?}");
    // Neither by a signal nor by a button, and not by a restart.
    running.signal(Signal::SIGHUP);
    running.until("looking at the certificate (SIGHUP)").await;
    let wanted = place.wanted();
    place.world.run(async |tx| certificates::try_now(tx, &admin, &wanted).await).await.refused(Code::TooMany);
    // Nobody is told anything at the address that challenges are answered at while none is open, or of another.
    certificates::challenge(&place.world.desk, &wanted.name, "token", "token.thumb").await.unwrap();
    for (path, status) in
        [("token", 200), ("other", 404), ("", 404), ("token/", 404), ("..%2ftoken", 404), ("%00", 404)]
    {
        let said = plainly(place.ports.http, &format!("/.well-known/acme-challenge/{path}")).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {said}");
    }
    let said = running.stop().await;
    let mut running = place.serve_there(&[]).await;
    assert!(running.said.contains("which is when the authority wants to be asked"), "{}", running.said);
    assert_eq!((authority.count("order"), said.matches("asking localhost").count()), (1, 1));
    // When the time has come, it is.
    authority.now().order = None;
    place.sql("update acme_certificates set next_at = now(), not_before = now()").await;
    running.signal(Signal::SIGHUP);
    running.until(GIVEN).await;
    let standing = place.standing(&admin).await;
    assert_eq!((standing.not_before, standing.failures), (None, 0));
}

#[tokio::test]
async fn what_it_says_is_bounded_and_put_into_words() {
    const DAY: i64 = 86_400_000;
    let place = Place::new().await;
    let authority = Authority::start(place.ports, place.folder.path()).await;
    let overloaded = Instead { status: 503, retry_after: Some("300"), body: "<h1>Busy</h1>".into() };
    let agree = json!({
        "type": "urn:ietf:params:acme:error:userActionRequired", "detail": "Terms have changed",
        "instance": "https://ca.example/terms",
    });
    let agree = Instead { status: 403, retry_after: None, body: agree.to_string() };
    let told =
        "too many certificates (5) already issued, retry after 2999-01-01 00:00:00 UTC: see https://ca.example/limits";
    let limited = |detail: &str| Instead::problem(429, "rateLimited", detail);
    for (order, words, wait) in [
        // The largest number there is, which the library would end the process with.
        (limited("No").with_retry_after("18446744073709551615"), "(rateLimited)", 31 * DAY),
        (limited("No").with_retry_after("Fri, 31 Dec 9999 23:59:59 GMT"), "(rateLimited)", 31 * DAY),
        (limited(told), "retry after 2999-01-01", 31 * DAY),
        (limited("No"), "(rateLimited)", 3_600_000),
        (overloaded.clone(), "has trouble of its own (503 Service Unavailable)", 300_000),
        (Instead { status: 429, ..overloaded }, "has had too many requests from here (429", 300_000),
        (agree, "See https://ca.example/terms. It says: Terms have changed (userActionRequired)", 60_000),
        (Instead::problem(403, "unauthorized", &"x\u{0}\n ".repeat(20_000)), "It says: x x x", 60_000),
        (Instead::problem(500, "serverInternal", "Oops"), "It has trouble of its own. It says: Oops", 60_000),
        (Instead { status: 403, retry_after: None, body: "x".repeat(300_000) }, "the answer is too large", 60_000),
        (Instead { status: 201, retry_after: None, body: "[".repeat(200_000) }, "Is --acme-directory right?", 60_000),
    ] {
        authority.now().order = Some(order);
        let (standing, said) = tried(&place).await;
        let (why, at) = standing.failure.clone().unwrap();
        assert!(why.contains(words) && said.contains(words), "{words}: {why}");
        assert!(why.chars().count() <= 600 && !why.contains(char::is_control), "{why}");
        let waits = standing.next_at.0 - at.0;
        assert!((wait - 10_000..=wait).contains(&waits), "{words}: {waits}");
        assert!(!said.contains("panicked"), "{said}");
    }
    authority.now().order = None;
    for (addresses, words) in [
        (json!({ "newOrder": "http://localhost/order" }), "an address that begins with https://"),
        (json!({ "newOrder": "https://127.0.0.2/order" }), "an address with the name of a host"),
        (json!({ "newNonce": "https://169.254.169.254/" }), "an address with the name of a host"),
        (json!({ "newAccount": 7 }), "Is --acme-directory right?"),
    ] {
        authority.now().addresses = addresses;
        let (standing, _) = tried(&place).await;
        let (why, _) = standing.failure.unwrap();
        assert!(why.contains(words), "{words}: {why}");
    }
    authority.now().directory = Some(Instead { status: 200, retry_after: None, body: " ".repeat(300_000) });
    let (standing, _) = tried(&place).await;
    assert!(standing.failure.unwrap().0.contains("the answer is too large"));
}
