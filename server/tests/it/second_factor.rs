//! The second step of signing in.

use crate::support::{PASSWORD, Refused as _, World, app::App, browser::Browser, id_of, person, session_of};
use domain::{Actor, Code, Error, letter::Purpose};
use http::{StatusCode, header};
use store::accounts::{
    self, Proved,
    second_factor::{own, step},
};

fn visitor() -> Actor {
    Actor::visitor(Some("192.0.2.7".into()))
}

/// The cookie of who has shown their password.
async fn first_step(world: &World, who: &Actor) -> String {
    let (_, proved) =
        accounts::sign_in(&world.desk, &visitor(), &person(who).email, PASSWORD.into(), "").await.unwrap();
    match proved {
        Proved::SecondFactor(token) => token,
        Proved::Opened(_) => panic!("no second factor is asked for"),
    }
}

async fn second_step(world: &World, token: &str, code: &str) -> domain::Result<String> {
    step::prove(&world.desk, &visitor(), token, code, "").await.map(|(_, session)| session)
}

#[tokio::test]
async fn an_app_is_set_up_by_a_code_of_it() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (here, elsewhere) = (Some(world.session(&agent).await), Some(world.session(&agent).await));
    let get = async |session| own::get(&world.desk, &agent, session, "Docket").await.unwrap();
    assert_eq!((get(here).await.is_on(), get(here).await.has_password), (false, true));
    own::begin(&world.desk, &agent, here, "not this one".into()).await.wrong("password");
    own::confirm(&world.desk, &agent, here, "123456").await.refused(Code::Conflict);
    own::begin(&world.desk, &agent, here, PASSWORD.into()).await.unwrap();
    // Another device does not see the secret, and cannot go on with it.
    assert_eq!(get(elsewhere).await.begun, None);
    let app = App::with(&get(here).await.begun.unwrap().secret);
    own::confirm(&world.desk, &agent, elsewhere, &app.code(&world, 0)).await.refused(Code::Conflict);
    for wrong in ["", "12345", "abcdef", &app.code(&world, 5)] {
        own::confirm(&world.desk, &agent, here, wrong).await.wrong("code");
    }
    // Nothing is asked for before it is confirmed.
    session_of(accounts::sign_in(&world.desk, &visitor(), &person(&agent).email, PASSWORD.into(), "").await.unwrap().1);
    let codes = own::confirm(&world.desk, &agent, here, &app.code(&world, 0)).await.unwrap();
    assert_eq!((codes.len(), codes[0].len()), (10, 19), "{codes:?}");
    let now = get(here).await;
    assert_eq!((now.is_on(), now.begun, now.recovery_codes), (true, None, 10));
    first_step(&world, &agent).await;
    // Nothing that opens anything can be read from the database.
    let sealed: Vec<u8> =
        sqlx::query_scalar("select secret_sealed from totp").fetch_one(world.desk.pool()).await.unwrap();
    assert!(!sealed.windows(app.secret().len()).any(|bytes| bytes == app.secret()));
    let mails = world.mails().await;
    assert!(mails.iter().any(|mail| mail.subject.contains("Two-step sign-in")), "{mails:?}");
}

#[tokio::test]
async fn what_was_begun_is_forgotten() {
    let world = World::new().await;
    let agent = world.agent().await;
    let session = Some(world.session(&agent).await);
    own::begin(&world.desk, &agent, session, PASSWORD.into()).await.unwrap();
    let app = App::with(&own::get(&world.desk, &agent, session, "").await.unwrap().begun.unwrap().secret);
    world.advance_seconds(15 * 60);
    assert_eq!(own::get(&world.desk, &agent, session, "").await.unwrap().begun, None);
    own::confirm(&world.desk, &agent, session, &app.code(&world, 0)).await.refused(Code::Conflict);
    own::begin(&world.desk, &agent, session, PASSWORD.into()).await.unwrap();
    world.run(async |tx| own::cancel(tx, &agent).await).await.unwrap();
    assert_eq!(world.count("select count(*) from totp").await, 0);
    own::begin(&world.desk, &agent, session, PASSWORD.into()).await.unwrap();
    world.advance_seconds(3_601);
    store::sweep::sweep(&world.desk).await.unwrap();
    assert_eq!(world.count("select count(*) from totp").await, 0);
}

#[tokio::test]
async fn signing_in_takes_both_steps() {
    let world = World::new().await;
    let (agent, other) = (world.agent().await, world.agent().await);
    let (app, _) = world.app(&agent).await;
    let (others, _) = world.app(&other).await;
    let token = first_step(&world, &agent).await;
    // It is no session.
    assert!(accounts::find(&world.desk, &token).await.unwrap().is_none());
    for wrong in ["", "12345", &app.code(&world, 3), &others.code(&world, 0)] {
        second_step(&world, &token, wrong).await.wrong("code");
    }
    second_step(&world, "", &app.code(&world, 0)).await.refused(Code::SignedOut);
    second_step(&world, "nonsense", &app.code(&world, 0)).await.refused(Code::SignedOut);
    let session = second_step(&world, &token, &app.code(&world, 0)).await.unwrap();
    assert_eq!(accounts::find(&world.desk, &session).await.unwrap().unwrap().person.id, id_of(&agent));
    // The cookie is used up, and so is the code, also one that was made before it.
    second_step(&world, &token, &app.code(&world, 1)).await.refused(Code::SignedOut);
    let again = first_step(&world, &agent).await;
    second_step(&world, &again, &app.code(&world, 0)).await.wrong("code");
    second_step(&world, &again, &app.code(&world, -1)).await.wrong("code");
    second_step(&world, &again, &app.code(&world, 1)).await.unwrap();
    let failed = "select count(*) from events where kind = 'account.second_factor_failed' and address = '192.0.2.7'";
    assert_eq!(world.count(failed).await, 6);
}

#[tokio::test]
async fn of_two_with_one_code_one_gets_in() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (app, codes) = world.app(&agent).await;
    for code in [app.code(&world, 0), codes[0].clone()] {
        let (one, two) = (first_step(&world, &agent).await, first_step(&world, &agent).await);
        let (one, two) = tokio::join!(second_step(&world, &one, &code), second_step(&world, &two, &code));
        assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    }
}

#[tokio::test]
async fn the_second_step_does_not_wait_for_ever() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (app, _) = world.app(&agent).await;
    let token = first_step(&world, &agent).await;
    world.advance_seconds(5 * 60);
    step::asked(&world.desk, &visitor(), &token).await.refused(Code::SignedOut);
    second_step(&world, &token, &app.code(&world, 0)).await.refused(Code::SignedOut);
    world.advance_seconds(1);
    store::sweep::sweep(&world.desk).await.unwrap();
    assert_eq!(world.count("select count(*) from sign_ins_begun").await, 0);
    // Nor for somebody who is blocked, or has another password by now.
    let token = first_step(&world, &agent).await;
    sqlx::query("update users set token_epoch = token_epoch + 1").execute(world.desk.pool()).await.unwrap();
    second_step(&world, &token, &app.code(&world, 0)).await.refused(Code::SignedOut);
    let token = first_step(&world, &agent).await;
    assert!(step::asked(&world.desk, &visitor(), &token).await.unwrap().app);
    world.block(&agent).await;
    second_step(&world, &token, &app.code(&world, 0)).await.refused(Code::SignedOut);
}

#[tokio::test]
async fn guessing_codes_takes_longer_each_time() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (app, _) = world.app(&agent).await;
    let mut tries = 0;
    let wait = loop {
        // Whoever knows the password does not start anew with it.
        let email = &person(&agent).email;
        let signed_in = accounts::sign_in(&world.desk, &visitor(), email, PASSWORD.into(), "").await;
        let tried = match signed_in {
            Ok((_, Proved::SecondFactor(token))) => second_step(&world, &token, "000000").await.map(drop),
            Ok((_, Proved::Opened(_))) => panic!("no second factor is asked for"),
            Err(error) => Err(error),
        };
        match tried.unwrap_err() {
            Error { code: Code::TooMany, retry_after, .. } => break retry_after,
            _ => tries += 1,
        }
        assert!(tries < 20);
    };
    assert_eq!((tries, wait), (6, Some(1)));
    assert!(world.mails().await.iter().any(|mail| mail.subject.contains("tries to sign in")));
    // A new password by mail does not help either.
    accounts::reset::ask(&world.desk, &visitor(), &person(&agent).email).await.unwrap();
    let link = world
        .mails()
        .await
        .iter()
        .find_map(|mail| mail.text.contains("/reset/").then(|| mail.token("/reset/")))
        .unwrap();
    accounts::opened(&world.desk, &visitor(), Purpose::Reset, &link).await.unwrap();
    accounts::reset::set(&world.desk, &visitor(), &link, "another horse battery".into()).await.unwrap();
    let email = &person(&agent).email;
    let again = accounts::sign_in(&world.desk, &visitor(), email, "another horse battery".into(), "").await;
    again.refused(Code::TooMany);
    world.advance_seconds(1);
    let (_, proved) =
        accounts::sign_in(&world.desk, &visitor(), email, "another horse battery".into(), "").await.unwrap();
    let Proved::SecondFactor(token) = proved else { panic!("a reset goes round the second factor") };
    second_step(&world, &token, &app.code(&world, 0)).await.unwrap();
    assert_eq!(world.count("select count(*) from sign_in_throttle where key like 'account:%'").await, 0);
}

#[tokio::test]
async fn recovery_codes_are_good_once() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (_, codes) = world.app(&agent).await;
    world.mails().await;
    let token = first_step(&world, &agent).await;
    second_step(&world, &token, &codes[3].to_lowercase().replace('-', " ")).await.unwrap();
    let token = first_step(&world, &agent).await;
    second_step(&world, &token, &codes[3]).await.wrong("code");
    let mails = world.mails().await;
    assert!(mails.iter().any(|mail| mail.text.contains("192.0.2.7") && mail.text.contains("left: 9")), "{mails:?}");
    let session = Some(
        accounts::find(&world.desk, &second_step(&world, &token, &codes[4]).await.unwrap()).await.unwrap().unwrap().id,
    );
    own::new_codes(&world.desk, &agent, session, "wrong".into()).await.wrong("password");
    let new = own::new_codes(&world.desk, &agent, session, PASSWORD.into()).await.unwrap();
    let token = first_step(&world, &agent).await;
    second_step(&world, &token, &codes[5]).await.wrong("code");
    second_step(&world, &token, &new[0]).await.unwrap();
    // Without a second factor there is nothing to recover.
    let plain = world.agent().await;
    let session = Some(world.session(&plain).await);
    own::new_codes(&world.desk, &plain, session, PASSWORD.into()).await.refused(Code::Conflict);
}

#[tokio::test]
async fn it_is_turned_off_by_password_and_code() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (app, codes) = world.app(&agent).await;
    let off =
        async |password: &str, code: &str| own::remove_app(&world.desk, &agent, None, password.into(), code).await;
    off("wrong", &app.code(&world, 0)).await.wrong("password");
    off(PASSWORD, "000000").await.wrong("code");
    off(PASSWORD, &app.code(&world, 0)).await.unwrap();
    assert_eq!(world.count("select count(*) from recovery_codes").await, 0, "they are good for nothing any more");
    off(PASSWORD, &codes[0]).await.refused(Code::Conflict);
    session_of(accounts::sign_in(&world.desk, &visitor(), &person(&agent).email, PASSWORD.into(), "").await.unwrap().1);
}

#[tokio::test]
async fn moving_to_another_app_keeps_the_old_one_until_then() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (old, codes) = world.app(&agent).await;
    let token = first_step(&world, &agent).await;
    let session = second_step(&world, &token, &old.code(&world, 0)).await.unwrap();
    let session = Some(accounts::find(&world.desk, &session).await.unwrap().unwrap().id);
    own::begin(&world.desk, &agent, session, PASSWORD.into()).await.unwrap();
    let new = App::with(&own::get(&world.desk, &agent, session, "").await.unwrap().begun.unwrap().secret);
    let token = first_step(&world, &agent).await;
    second_step(&world, &token, &new.code(&world, 0)).await.wrong("code");
    second_step(&world, &token, &old.code(&world, 1)).await.unwrap();
    assert!(own::confirm(&world.desk, &agent, session, &new.code(&world, 0)).await.unwrap().is_empty());
    world.advance_seconds(60);
    let token = first_step(&world, &agent).await;
    second_step(&world, &token, &old.code(&world, 0)).await.wrong("code");
    second_step(&world, &token, &new.code(&world, 0)).await.unwrap();
    let token = first_step(&world, &agent).await;
    second_step(&world, &token, &codes[0]).await.unwrap();
}

#[tokio::test]
async fn who_has_no_password_must_have_signed_in_just_now() {
    let world = World::new().await;
    let agent = world.agent().await;
    let session = Some(world.session(&agent).await);
    sqlx::query("update users set password_hash = null").execute(world.desk.pool()).await.unwrap();
    world.advance_seconds(14 * 60);
    own::begin(&world.desk, &agent, None, String::new()).await.wrong("password");
    own::begin(&world.desk, &agent, session, String::new()).await.unwrap();
    world.advance_seconds(61);
    own::begin(&world.desk, &agent, session, String::new()).await.wrong("password");
    // Nor by somebody else's session.
    let other = Some(world.session(&world.customer().await).await);
    own::begin(&world.desk, &agent, other, String::new()).await.wrong("password");
}

#[tokio::test]
async fn the_forms_lead_through_both_steps() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (app, _) = world.app(&agent).await;
    let mut browser = Browser::of_visitor(&world);
    let form = [("email", person(&agent).email.as_str()), ("password", PASSWORD), ("next", "/board?a=b")];
    let page = browser.post("/sign-in", &form).await;
    assert_eq!(page.headers[header::LOCATION], "/sign-in/second?next=%2Fboard%3Fa%3Db");
    let cookie = page.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=300"),
        "{cookie}"
    );
    browser.cookie = cookie.split(';').next().map(str::to_owned);
    // Nothing else is open to it.
    for path in ["/tickets", "/two-step", "/me", "/portal"] {
        assert!(browser.get(path).await.status.is_redirection(), "{path}");
    }
    assert_eq!(browser.call("/rpc/accounts/profile", "{}").await.status, StatusCode::UNAUTHORIZED);
    let page = browser.get("/sign-in/second?next=%2Fboard%3Fa%3Db").await;
    assert!(page.status == StatusCode::OK && page.text.contains("one-time-code"), "{}", page.text);
    let page = browser.post("/sign-in/second", &[("code", "000000"), ("next", "/board?a=b")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("This code is not right"));
    assert!(page.text.contains("/board?a=b"), "where they wanted to go is kept");
    let code = app.code(&world, 0);
    let page = browser.post("/sign-in/second", &[("code", &code), ("next", "//evil.example")]).await;
    assert_eq!((page.status, page.headers[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, "/"));
    let cookies: Vec<_> = page.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|c| c.starts_with("docket_second=;")), "{cookies:?}");
    // Without the cookie one begins again.
    let page = Browser::of_visitor(&world).get("/sign-in/second").await;
    assert_eq!(page.headers[header::LOCATION], "/sign-in?late");
    let page = Browser::of_visitor(&world).post("/sign-in/second", &[("code", "000000")]).await;
    assert_eq!(page.headers[header::LOCATION], "/sign-in?late");
    assert!(Browser::of_visitor(&world).get("/two-step").await.status.is_redirection());
}
