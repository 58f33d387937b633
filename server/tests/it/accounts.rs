//! Accounts: the first superadmin, registering, signing in, limits on guessing, devices.

use crate::support::{PASSWORD, Refused as _, World, browser::Browser, id_of, person, session_of};
use axum::body::Body;
use domain::{Actor, Code, Role, account::Registration};
use http::{Request, StatusCode, header};
use store::accounts;

fn registration(email: &str) -> Registration {
    Registration { name: "Jana Novak".into(), email: email.into(), password: PASSWORD.into() }
}

fn from(address: &str) -> Actor {
    Actor::visitor(Some(address.into()))
}

async fn sign_in(world: &World, at: &str, email: &str, password: &str) -> domain::Result<String> {
    accounts::sign_in(&world.desk, &from(at), email, password.into(), "").await.map(|(_, proved)| session_of(proved))
}

#[tokio::test]
async fn a_desk_is_set_up_once_also_by_two_at_once() {
    let world = World::new().await;
    // Customers may be there before anybody on staff is.
    world.customer().await;
    let visitor = from("192.0.2.7");
    let (one, two) = tokio::join!(
        accounts::set_up(&world.desk, &visitor, registration("one@acme.example")),
        accounts::set_up(&world.desk, &visitor, registration("two@acme.example")),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap().role, Role::Superadmin);
    lost.refused(Code::Forbidden);
    accounts::set_up(&world.desk, &visitor, registration("three@acme.example")).await.refused(Code::Forbidden);
    assert_eq!(world.count("select count(*) from users where role <> 'customer'").await, 1);
    let form = [("name", "Eve"), ("email", "eve@acme.example"), ("password", PASSWORD)];
    let late = Browser::of_visitor(&world).post("/set-up", &form).await;
    assert_eq!((late.status, late.headers[header::LOCATION].to_str().unwrap()), (StatusCode::FOUND, "/sign-in"));
    assert_eq!(world.count("select count(*) from users where email = 'eve@acme.example'").await, 0);
}

/// Where others could come first, the first visit alone makes nobody a superadmin.
#[tokio::test]
async fn a_setup_key_keeps_strangers_from_being_first() {
    const KEY: &str = "hidden-hidden-hidden";
    let world = World::new().await;
    let browser = Browser::set(&world, &["--setup-key", KEY]);
    let page = browser.get("/set-up").await;
    assert!(page.text.contains("Setup key") && !page.text.contains(KEY), "{}", page.text);
    assert!(!Browser::of_visitor(&world).get("/set-up").await.text.contains("Setup key"));
    let form = |key| [("name", "Eve"), ("email", "eve@acme.example"), ("password", PASSWORD), ("setup_key", key)];
    let near = format!("{KEY}x");
    for wrong in ["", "x", &KEY[1..], &near] {
        let page = browser.post("/set-up", &form(wrong)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(page.text.contains("This is not the key") && page.text.contains("eve@acme.example"), "{}", page.text);
        assert!(wrong.len() < 2 || !page.text.contains(wrong), "what was typed is not said again");
    }
    assert_eq!(browser.post("/set-up", &form("")[..3]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.count("select count(*) from users").await, 0);
    assert_eq!(browser.post("/set-up", &form(KEY)).await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.count("select count(*) from users where role = 'superadmin'").await, 1);
    // It opens nothing afterwards.
    assert_eq!(browser.post("/set-up", &form(KEY)).await.status, StatusCode::FOUND);
    assert!(server::config::from_arguments(&["docket", "--setup-key", "short"]).is_err());
}

#[tokio::test]
async fn an_address_has_one_account() {
    let world = World::new().await;
    let visitor = from("192.0.2.7");
    let made = world.registered(registration("  jana@acme.example ")).await;
    assert_eq!((made.role, made.company, made.email.as_str()), (Role::Customer, None, "jana@acme.example"));
    assert_eq!(world.count("select count(*) from users where lower(email) = 'jana@acme.example'").await, 1);
    for (name, email, password, field) in [
        ("", "a@acme.example", PASSWORD, "name"),
        ("A", "a@", PASSWORD, "email"),
        ("A", "a@acme.example", "password", "password"),
        ("A", "long-enough@acme.example", "long-enough@acme.example", "password"),
    ] {
        let input = Registration { name: name.into(), email: email.into(), password: password.into() };
        accounts::register(&world.desk, &visitor, input).await.wrong(field);
    }
}

#[tokio::test]
async fn who_may_sign_in() {
    let world = World::new().await;
    let (agent, blocked) = (world.agent().await, world.agent().await);
    let session = sign_in(&world, "192.0.2.7", &person(&blocked).email, PASSWORD).await.unwrap();
    sqlx::query("update users set blocked_at = now() where id = $1")
        .bind(id_of(&blocked).0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    assert!(accounts::find(&world.desk, &session).await.unwrap().is_none(), "the open session ends with it");
    let wrong = sign_in(&world, "192.0.2.7", &person(&agent).email, "not this one").await.refused(Code::Invalid);
    for (email, password) in [
        (person(&blocked).email.as_str(), PASSWORD),
        ("nobody@acme.example", PASSWORD),
        ("", PASSWORD),
        (person(&agent).email.as_str(), ""),
    ] {
        // The same words for all, so that nobody learns which addresses are known.
        assert_eq!(sign_in(&world, "192.0.2.7", email, password).await.refused(Code::Invalid), wrong);
    }
    let upper = person(&agent).email.to_uppercase();
    sign_in(&world, "192.0.2.7", &upper, PASSWORD).await.unwrap();
}

/// Wrong tries until one is refused unseen, and for how long.
async fn wait_after(world: &World, at: &str, email: &str) -> (u32, u32) {
    for tries in 0.. {
        let error = sign_in(world, at, email, "not this one").await.unwrap_err();
        if error.code == Code::TooMany {
            return (tries, error.retry_after.unwrap());
        }
    }
    unreachable!()
}

#[tokio::test]
async fn guessing_at_an_account_takes_longer_each_time() {
    let world = World::new().await;
    let email = person(&world.agent().await).email.clone();
    assert_eq!(wait_after(&world, "192.0.2.1", &email).await, (6, 1));
    for wait in [1, 2, 4, 8, 16] {
        // The right password is not even looked at while the wait is on.
        let refused = sign_in(&world, "192.0.2.1", &email, PASSWORD).await.refused(Code::TooMany);
        assert_eq!(refused.retry_after, Some(wait));
        world.advance_seconds(wait.into());
        assert_eq!(wait_after(&world, "192.0.2.1", &email).await, (1, wait * 2));
    }
    // Never longer than a quarter of an hour, and forgotten after an hour without a try.
    world.advance_seconds(32);
    for _ in 0..6 {
        let (_, wait) = wait_after(&world, "192.0.2.1", &email).await;
        assert!(wait <= 900);
        world.advance_seconds(wait.into());
    }
    sign_in(&world, "192.0.2.1", &email, PASSWORD).await.unwrap();
    assert_eq!(wait_after(&world, "192.0.2.1", &email).await, (6, 1), "a right password starts anew");
}

#[tokio::test]
async fn guessing_from_an_address_does_not_keep_others_out() {
    let world = World::new().await;
    let agent = world.agent().await;
    let email = person(&agent).email.as_str();
    for n in 0..31 {
        sign_in(&world, "192.0.2.9", &format!("guess{n}@acme.example"), "x").await.refused(Code::Invalid);
    }
    sign_in(&world, "192.0.2.9", email, PASSWORD).await.refused(Code::TooMany);
    sign_in(&world, "192.0.2.10", email, PASSWORD).await.unwrap();
    world.advance_seconds(1);
    // A right password does not wash the address clean.
    sign_in(&world, "192.0.2.9", email, PASSWORD).await.unwrap();
    sign_in(&world, "192.0.2.9", "guess@acme.example", "x").await.refused(Code::Invalid);
    sign_in(&world, "192.0.2.9", email, PASSWORD).await.refused(Code::TooMany);
}

#[tokio::test]
async fn sessions_are_listed_revoked_and_end() {
    let world = World::new().await;
    let (agent, other) = (world.agent().await, world.agent().await);
    let email = person(&agent).email.as_str();
    let mut tokens = Vec::new();
    for n in 0..3 {
        tokens.push(sign_in(&world, &format!("192.0.2.{n}"), email, PASSWORD).await.unwrap());
        world.advance_seconds(1);
    }
    let open = async |token: &str| accounts::find(&world.desk, token).await.unwrap();
    let here = open(&tokens[0]).await.unwrap();
    let devices = async |who: &Actor| {
        accounts::devices(&mut world.desk.read().await.unwrap(), who, Some(here.id), world.now()).await.unwrap()
    };
    let listed = devices(&agent).await;
    assert_eq!(listed.iter().map(|d| d.current).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(listed[0].address.as_deref(), Some("192.0.2.2"));
    assert!(devices(&other).await.is_empty());
    let second = listed[1].id;
    world.run(async |tx| accounts::revoke(tx, &other, second).await).await.refused(Code::NotFound);
    world.run(async |tx| accounts::revoke(tx, &agent, second).await).await.unwrap();
    assert!(open(&tokens[1]).await.is_none());
    assert_eq!(world.run(async |tx| accounts::revoke_others(tx, &agent, Some(here.id)).await).await.unwrap(), 1);
    assert!(open(&tokens[2]).await.is_none() && open(&tokens[0]).await.is_some());
    // Used every six days it lives on, but not for ever; unused it ends after a week.
    for day in (6..30).step_by(6) {
        world.advance_seconds(6 * 86_400);
        assert!(open(&tokens[0]).await.is_some(), "day {day}");
    }
    world.advance_seconds(6 * 86_400);
    assert!(open(&tokens[0]).await.is_none());
    let idle = sign_in(&world, "192.0.2.1", email, PASSWORD).await.unwrap();
    world.advance_seconds(7 * 86_400);
    assert!(open(&idle).await.is_none());
}

#[tokio::test]
async fn signing_out_everywhere_ends_tokens_too() {
    let world = World::new().await;
    let (agent, admin) = (world.agent().await, world.superadmin().await);
    let (id, email) = (id_of(&agent), person(&agent).email.as_str());
    let token = async || {
        let token = accounts::sign_in_for_token(&world.desk, &from("192.0.2.1"), email, PASSWORD.into(), None).await;
        token.unwrap().1
    };
    let good = async |epoch| accounts::find_by_token(&world.desk, id, epoch).await.unwrap().is_some();
    let mut last = token().await;
    sign_in(&world, "192.0.2.1", email, PASSWORD).await.unwrap();
    assert!(good(last).await);
    for how in ["by themselves", "by an admin", "blocked"] {
        world
            .run(async |tx| match how {
                "by themselves" => accounts::revoke_others(tx, &agent, None).await.map(drop),
                "by an admin" => store::access::users::end_sessions(tx, &admin, id, None).await.map(drop),
                _ => {
                    store::access::users::set_blocked(tx, &admin, id, true).await?;
                    store::access::users::set_blocked(tx, &admin, id, false).await
                }
            })
            .await
            .unwrap();
        assert!(!good(last).await, "{how}");
        last = token().await;
        assert!(good(last).await, "{how}: the next one");
    }
    let customer = world.customer().await;
    let visitor = from("192.0.2.1");
    let theirs =
        accounts::sign_in_for_token(&world.desk, &visitor, &person(&customer).email, PASSWORD.into(), None).await;
    let theirs = theirs.unwrap().1;
    world.run(async |tx| store::customers::block::block(tx, &admin, id_of(&customer), true).await).await.unwrap();
    world.run(async |tx| store::customers::block::block(tx, &admin, id_of(&customer), false).await).await.unwrap();
    assert!(accounts::find_by_token(&world.desk, id_of(&customer), theirs).await.unwrap().is_none());
    // On one device: what was logged in for elsewhere goes on.
    let session = sign_in(&world, "192.0.2.1", email, PASSWORD).await.unwrap();
    let session = accounts::find(&world.desk, &session).await.unwrap().unwrap().id;
    world.run(async |tx| accounts::revoke(tx, &agent, session).await).await.unwrap();
    assert!(good(last).await);
    // Both are said in the log, also where there was nothing but tokens.
    let said = "select count(*) from events where kind like '%sessions%'";
    assert_eq!(world.count(said).await, 3);
}

#[tokio::test]
async fn a_broken_cookie_makes_a_visitor() {
    let world = World::new().await;
    world.agent().await;
    let visitor = Browser::of_visitor(&world);
    let long = "x".repeat(5_000);
    for cookie in ["docket_session=", "docket_session=nonsense", "docket_session; =;;", "docket_session=\u{e9}", &long]
    {
        let cookie = http::HeaderValue::from_bytes(cookie.as_bytes()).unwrap();
        let request = Request::get("/tickets").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let page = visitor.send(request).await;
        assert_eq!(page.status, StatusCode::FOUND, "{}", page.text);
        assert!(page.headers[header::LOCATION].to_str().unwrap().starts_with("/sign-in"));
    }
}

#[tokio::test]
async fn signing_in_leads_to_places_of_ours_only() {
    let world = World::new().await;
    let email = person(&world.agent().await).email.clone();
    let browser = Browser::of_visitor(&world);
    for (next, place) in [
        ("/tickets/1001?a=b", "/tickets/1001?a=b"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let page = browser.post("/sign-in", &[("email", &email), ("password", PASSWORD), ("next", next)]).await;
        assert_eq!(page.headers[header::LOCATION], place, "{next:?}");
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
}

/// Hashing is heavy: as many as there are workers at once, and the threads of requests stay free.
#[tokio::test(flavor = "current_thread")]
async fn hashing_holds_nothing_else_up() {
    let world = World::new().await;
    let hashed = std::sync::atomic::AtomicUsize::new(0);
    let hashing = futures::future::join_all((0..6).map(async |_| {
        accounts::password::hash(&world.desk, PASSWORD.into()).await.unwrap();
        hashed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }));
    // On one thread: if the work were done there, none of these would come in between.
    let meanwhile = async {
        let mut between = 0;
        while hashed.load(std::sync::atomic::Ordering::Relaxed) < 6 {
            tokio::task::yield_now().await;
            between += 1;
        }
        between
    };
    let (_, between) = tokio::join!(hashing, meanwhile);
    assert!(between > 100, "{between} turns");
}

#[tokio::test]
async fn pages_are_of_their_roles() {
    let world = World::new().await;
    let jana = Browser::of(&world, &world.customer().await).await;
    for path in ["/tickets", "/board", "/search", "/new", "/me"] {
        let page = jana.get(path).await;
        assert!(page.status.is_redirection() || page.status.is_client_error(), "{path}: {}", page.status);
    }
    for who in [world.agent().await, world.manager().await, world.superadmin().await] {
        let staff = Browser::of(&world, &who).await;
        for path in ["/tickets", "/board", "/new", "/me"] {
            assert_eq!(staff.get(path).await.status, StatusCode::OK, "{path}");
        }
    }
}

/// As if somebody had tried so often already.
async fn tried(world: &World, key: &str, times: i32) {
    sqlx::query("insert into sign_in_throttle (key, failures, last_failure_at) values ($1, $2, $3)")
        .bind(key)
        .bind(times)
        .bind(time::OffsetDateTime::from(world.now()))
        .execute(world.desk.pool())
        .await
        .unwrap();
}

async fn sign_up(world: &World, at: &str, email: &str) -> domain::Result<()> {
    accounts::register(&world.desk, &from(at), registration(email)).await
}

/// An office may sign up together, a program may not fill the desk with accounts.
#[tokio::test]
async fn signing_up_is_limited_by_address_and_account() {
    let world = World::new().await;
    tried(&world, "sign-up-address:192.0.2.1", 47).await;
    // All at once: none slips through while another is being looked at.
    let emails: Vec<String> = (0..10).map(|n| format!("person{n}@acme.example")).collect();
    let made = futures::future::join_all(emails.iter().map(|email| sign_up(&world, "192.0.2.1", email))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 4);
    let refused = made.into_iter().find_map(Result::err).unwrap();
    assert_eq!((refused.code, refused.retry_after), (Code::TooMany, Some(1)));
    assert!(refused.message.contains("Many accounts") && refused.message.contains("1 second"), "{}", refused.message);
    sign_up(&world, "192.0.2.2", "elsewhere@acme.example").await.unwrap();
    // Each one doubles the wait.
    world.advance_seconds(1);
    sign_up(&world, "192.0.2.1", "later@acme.example").await.unwrap();
    let refused = sign_up(&world, "192.0.2.1", "last@acme.example").await.refused(Code::TooMany);
    assert_eq!(refused.retry_after, Some(2));
    // The owner of an address of IPv6 has many of them.
    tried(&world, "sign-up-address:2001:db8::/64", 50).await;
    sign_up(&world, "2001:db8::1", "elsewhere@acme.example").await.unwrap();
    sign_up(&world, "2001:db8::2:1", "six@acme.example").await.refused(Code::TooMany);
    // One account from many addresses; what is wrong in the form does not count.
    tried(&world, "sign-up-account:jana@acme.example", 10).await;
    sign_up(&world, "192.0.2.3", "nonsense").await.wrong("email");
    sign_up(&world, "192.0.2.3", "Jana@acme.example").await.unwrap();
    sign_up(&world, "192.0.2.4", "jana@acme.example").await.refused(Code::TooMany);
    assert_eq!(
        world.count("select failures::bigint from sign_in_throttle where key = 'sign-up-address:192.0.2.3'").await,
        1
    );
    // An hour later all is forgotten.
    world.advance_seconds(3_601);
    for n in 0..3 {
        sign_up(&world, "192.0.2.1", &format!("next{n}@acme.example")).await.unwrap();
    }
}

/// The page and the API say how long.
#[tokio::test]
async fn who_signs_up_too_often_is_told_how_long_to_wait() {
    let world = World::new().await;
    world.agent().await;
    let visitor = Browser::of_visitor(&world);
    let form = [("name", "Jana"), ("email", "jana@acme.example"), ("password", PASSWORD)];
    tried(&world, "sign-up-account:jana@acme.example", 10).await;
    assert_eq!(visitor.post("/sign-up", &form).await.status, StatusCode::OK);
    let page = visitor.post("/sign-up", &form).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.headers[header::RETRY_AFTER], "1");
    assert!(page.text.contains("Please wait 1 second"), "{}", page.text);
    let body = serde_json::json!({ "name": "Jana", "email": "jana@acme.example", "password": PASSWORD }).to_string();
    let request = Request::post("/api/v1/auth/register").header(header::CONTENT_TYPE, "application/json");
    let problem = visitor.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(
        (problem.status, &problem.headers[header::RETRY_AFTER]),
        (StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap())
    );
}
