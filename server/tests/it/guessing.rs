//! Guessing at passwords, ten thousand times: against one account, from one address and from as many; and against ten thousand
//! accounts. None gets through, the owner gets in, and the work is bounded.

use crate::support::{
    PASSWORD, Setup, World,
    browser::{Browser, Page},
    person,
};
use axum::body::Body;
use http::{Request, StatusCode, header};
use serde_json::json;
use store::Options;

/// How often somebody guesses.
const TRIES: u32 = 10_000;

/// A try to sign in.
struct Try<'a> {
    from: &'a str,
    email: &'a str,
    password: &'a str,
    cookie: &'a str,
}

/// A guess from this address.
fn guess<'a>(from: &'a str, email: &'a str) -> Try<'a> {
    Try { from, email, password: "not this one", cookie: "" }
}

/// The owner, who knows the password.
fn owner<'a>(from: &'a str, email: &'a str) -> Try<'a> {
    Try { password: PASSWORD, ..guess(from, email) }
}

/// A server behind a proxy that says where requests come from.
fn server(world: &World) -> Browser {
    Browser::set(world, &["--trust-proxy", "true"])
}

async fn by_form(server: &Browser, it: Try<'_>) -> Page {
    let fields = [("email", it.email), ("password", it.password)];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-for", it.from)
        .header(header::COOKIE, it.cookie);
    server.send(request.body(Body::from(form)).unwrap()).await
}

async fn by_rest(server: &Browser, it: Try<'_>) -> Page {
    let input = json!({ "email": it.email, "password": it.password }).to_string();
    let request = Request::post("/api/v1/auth/login")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-forwarded-for", it.from);
    server.send(request.body(Body::from(input)).unwrap()).await
}

/// The wait that an answer asks for, in seconds.
fn wait(page: &Page) -> i64 {
    page.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap()
}

/// What became of guesses.
#[derive(Debug, Default)]
struct Outcome {
    /// The password was looked at, and was wrong.
    wrong: u64,
    /// It was not looked at: somebody has to wait.
    later: u64,
    /// The longest wait that was asked for, whenever there was a longer one.
    waits: Vec<i64>,
}

impl Outcome {
    fn note(&mut self, page: &Page) {
        match page.status {
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNAUTHORIZED => self.wrong += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                self.later += 1;
                if self.waits.last().is_none_or(|longest| *longest < wait(page)) {
                    self.waits.push(wait(page));
                }
            }
            other => panic!("{other}: {}", page.text),
        }
        assert!(!page.headers.contains_key(header::SET_COOKIE) && !page.text.contains("\"token\""));
    }
}

/// The cookie by which a browser is known from now on.
fn device(page: &Page) -> String {
    let mut cookies = page.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap());
    let cookie = cookies.rfind(|c| c.starts_with("docket_device=")).expect("a cookie of the device");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn ten_thousand_from_one_address_against_one_account() {
    let world = World::new().await;
    let email = person(&world.agent().await).email.clone();
    let server = server(&world);
    let before = world.desk.passwords_worked_on();
    let mut outcome = Outcome::default();
    // A try every second, for almost three hours, without ever giving up; every twentieth one by the form.
    for n in 0..TRIES {
        let page = match n % 20 {
            0 => by_form(&server, guess("192.0.2.9", &email)).await,
            _ => by_rest(&server, guess("192.0.2.9", &email)).await,
        };
        outcome.note(&page);
        world.advance_seconds(1);
    }
    assert_eq!(outcome.wrong + outcome.later, u64::from(TRIES));
    // Five are free, then each wait is twice the one before, up to a quarter of an hour.
    assert!((10..=30).contains(&outcome.wrong), "{outcome:?}");
    assert_eq!(outcome.waits, [1, 3, 7, 15, 31, 63, 127, 255, 511, 899], "{outcome:?}");
    assert_eq!(world.desk.passwords_worked_on() - before, outcome.wrong, "nothing else was worked on");
    // The owner is told, once; and gets in from elsewhere, as if nothing were.
    let mails = world.mails().await;
    assert_eq!(mails.iter().map(|m| m.to.as_str()).collect::<Vec<_>>(), [&email]);
    assert_eq!(by_form(&server, owner("192.0.2.10", &email)).await.status, StatusCode::SEE_OTHER);
    by_rest(&server, owner("192.0.2.11", &email)).await.text.find("\"token\"").unwrap();
}

#[tokio::test]
async fn ten_thousand_addresses_against_one_account() {
    let world = World::new().await;
    let (agent, other) = (world.agent().await, world.agent().await);
    let email = person(&agent).email.clone();
    let server = server(&world);
    // Where they have signed in before: the owner, and somebody else.
    let known = device(&by_form(&server, owner("198.51.100.1", &email)).await);
    let foreign = device(&by_form(&server, owner("198.51.100.1", &person(&other).email)).await);
    let before = world.desk.passwords_worked_on();
    let mut outcome = Outcome::default();
    for n in 0..TRIES {
        let from = format!("10.1.{}.{}", n / 256, n % 256);
        let page = match n % 20 {
            0 => by_form(&server, guess(&from, &email)).await,
            _ => by_rest(&server, guess(&from, &email)).await,
        };
        outcome.note(&page);
        if n % 4 == 0 {
            world.advance_seconds(1);
        }
    }
    assert!((20..=40).contains(&outcome.wrong), "{outcome:?}");
    assert!(outcome.waits.len() >= 8 && *outcome.waits.last().unwrap() > 600, "{outcome:?}");
    assert_eq!(world.desk.passwords_worked_on() - before, outcome.wrong);
    assert_eq!(world.mails().await.len(), 1);
    // It is locked for whoever comes from anywhere, also with what is no device's cookie or somebody else's.
    for cookie in ["", "docket_device=x", &foreign, &format!("{foreign}x"), &foreign.replace('=', "=.")] {
        let page = by_form(&server, Try { cookie, ..owner("198.51.100.2", &email) }).await;
        assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "{cookie}");
        assert!(page.text.contains("Please wait"), "{}", page.text);
    }
    // Where the owner has signed in before they get in, from whatever address.
    let page = by_form(&server, Try { cookie: &known, ..owner("198.51.100.2", &email) }).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    // Elsewhere they choose a new password by mail, and then get in.
    store::accounts::reset::ask(&world.desk, &domain::Actor::visitor(None), &email).await.unwrap();
    let token = world.mails().await[0].token("/reset/");
    let request = Request::post(format!("/reset/{token}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    let set = server.send(request.body(Body::from("password=another+battery+staple")).unwrap()).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.text);
    for n in 0..30 {
        by_rest(&server, guess(&format!("10.2.0.{n}"), &email)).await;
    }
    let back = Try { cookie: &device(&set), password: "another battery staple", ..owner("198.51.100.3", &email) };
    assert_eq!(by_form(&server, back).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn ten_thousand_accounts_from_one_address() {
    let world = World::new().await;
    let email = person(&world.agent().await).email.clone();
    let server = server(&world);
    let before = world.desk.passwords_worked_on();
    let mut outcome = Outcome::default();
    for n in 0..TRIES {
        // Some of them are there, most are not.
        let victim = if n % 100 == 99 { email.clone() } else { format!("somebody{n}@people.example") };
        let page = match n % 20 {
            0 => by_form(&server, guess("2001:db8:1:2::1", &victim)).await,
            _ => by_rest(&server, guess(&format!("2001:db8:1:2:{n:x}::7"), &victim)).await,
        };
        outcome.note(&page);
        world.advance_seconds(1);
    }
    // An office may mistype thirty times before anybody has to wait.
    assert!((30..=60).contains(&outcome.wrong), "{outcome:?}");
    assert_eq!(outcome.waits.last(), Some(&899), "{outcome:?}");
    assert_eq!(world.desk.passwords_worked_on() - before, outcome.wrong);
    assert!(world.mails().await.is_empty(), "no account was locked");
    assert_eq!(by_form(&server, owner("2001:db8:1:3::1", &email)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_stolen_device_guesses_no_faster() {
    let world = World::new().await;
    let email = person(&world.agent().await).email.clone();
    let server = server(&world);
    let known = device(&by_form(&server, owner("192.0.2.1", &email)).await);
    let mut outcome = Outcome::default();
    for n in 0..100 {
        let from = format!("192.0.2.{n}");
        outcome.note(&by_form(&server, Try { cookie: &known, ..guess(&from, &email) }).await);
    }
    assert_eq!((outcome.wrong, outcome.later), (6, 94), "{outcome:?}");
    // It locks that device out, and nobody else.
    let page = by_form(&server, Try { cookie: &known, ..owner("192.0.2.1", &email) }).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(by_form(&server, owner("192.0.2.1", &email)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_browser_is_known_for_several_people() {
    let world = World::new().await;
    let server = server(&world);
    let mut cookie = String::new();
    let mut people = Vec::new();
    for _ in 0..6 {
        let email = person(&world.agent().await).email.clone();
        cookie = device(&by_form(&server, Try { cookie: &cookie, ..owner("192.0.2.1", &email) }).await);
        people.push(email);
    }
    assert!(cookie.len() < 200, "{cookie}");
    // The last four; those are not told anew.
    for (n, email) in people.iter().enumerate() {
        let page = by_form(&server, Try { cookie: &cookie, ..owner("192.0.2.1", email) }).await;
        let told = page.headers.get_all(header::SET_COOKIE).iter().any(|c| c.as_bytes().starts_with(b"docket_device"));
        assert_eq!((page.status, told), (StatusCode::SEE_OTHER, n < 2), "{n}");
    }
}

/// Whatever comes at once: so many are worked on, so many wait, and the others are told to come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_at_once() {
    const QUEUE: u64 = 20;
    let options = Options { hash_workers: 1, hash_queue: QUEUE as usize, ..Options::default() };
    let world = World::with(Setup { options, ..Setup::default() }).await;
    let email = person(&world.agent().await).email.clone();
    let server = server(&world);
    let before = world.desk.passwords_worked_on();
    // From addresses and against accounts that have nothing to do with each other, half of them by the form.
    let tries = (0..500).map(|n| {
        let server = server.clone();
        tokio::spawn(async move {
            let (from, email) = (format!("10.3.{}.{}", n / 256, n % 256), format!("somebody{n}@people.example"));
            match n % 2 {
                0 => by_form(&server, guess(&from, &email)).await,
                _ => by_rest(&server, guess(&from, &email)).await,
            }
        })
    });
    let (mut wrong, mut busy) = (0, 0);
    for page in futures::future::join_all(tries).await {
        let page = page.unwrap();
        match page.status {
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNAUTHORIZED => wrong += 1,
            StatusCode::SERVICE_UNAVAILABLE => {
                busy += 1;
                assert_eq!(wait(&page), 5);
                assert!(page.text.contains("Very many people are signing in"), "{}", page.text);
            }
            other => panic!("{other}: {}", page.text),
        }
    }
    assert_eq!(wrong + busy, 500);
    assert_eq!(world.desk.passwords_worked_on() - before, wrong, "who is told to come back has cost nothing");
    assert!(wrong > QUEUE && busy > 0, "{wrong} looked at, {busy} sent away");
    eprintln!("500 at once: {wrong} were looked at, {busy} told to come back");
    // None of it counts as a wrong password of whom it was not looked at, and then all is as before.
    assert_eq!(world.count("select count(*) from sign_in_throttle where key like 'account:%'").await, wrong as i64);
    assert_eq!(by_form(&server, owner("192.0.2.1", &email)).await.status, StatusCode::SEE_OTHER);
}
