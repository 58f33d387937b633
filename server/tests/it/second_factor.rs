//! The second step of signing in.

use crate::support::{PASSWORD, Refused as _, World, app::App, browser::Browser, id_of, person, session_of};
use domain::{Actor, Code, Error, letter::Purpose, second_factor::Removal};
use http::{StatusCode, header};
use store::{
    access::users,
    accounts::{
        self, Proved,
        second_factor::{own, step},
    },
    customers::block,
    settings::second_factor,
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
    assert_eq!((get(here).await.on, get(here).await.has_password), (false, true));
    own::begin(&world.desk, &agent, here, "not this one".into()).await.wrong("password");
    own::confirm(&world.desk, &agent, here, "123456").await.refused(Code::Over);
    own::begin(&world.desk, &agent, here, PASSWORD.into()).await.unwrap();
    // Another device does not see the secret, and cannot go on with it.
    assert_eq!(get(elsewhere).await.begun, None);
    let app = App::with(&get(here).await.begun.unwrap().secret);
    own::confirm(&world.desk, &agent, elsewhere, &app.code(&world, 0)).await.refused(Code::Over);
    for wrong in ["", "12345", "abcdef", &app.code(&world, 5)] {
        own::confirm(&world.desk, &agent, here, wrong).await.wrong("code");
    }
    // Nothing is asked for before it is confirmed.
    session_of(accounts::sign_in(&world.desk, &visitor(), &person(&agent).email, PASSWORD.into(), "").await.unwrap().1);
    let codes = own::confirm(&world.desk, &agent, here, &app.code(&world, 0)).await.unwrap();
    assert_eq!((codes.len(), codes[0].len()), (10, 19), "{codes:?}");
    let now = get(here).await;
    assert_eq!((now.on, now.begun, now.recovery_codes), (true, None, 10));
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
    own::confirm(&world.desk, &agent, session, &app.code(&world, 0)).await.refused(Code::Over);
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
    step::asked(&world.desk, &visitor(), &token, None).await.refused(Code::SignedOut);
    second_step(&world, &token, &app.code(&world, 0)).await.refused(Code::SignedOut);
    world.advance_seconds(1);
    store::sweep::sweep(&world.desk).await.unwrap();
    assert_eq!(world.count("select count(*) from sign_ins_begun").await, 0);
    // Nor for somebody who is blocked, or has another password by now.
    let token = first_step(&world, &agent).await;
    sqlx::query("update users set token_epoch = token_epoch + 1").execute(world.desk.pool()).await.unwrap();
    second_step(&world, &token, &app.code(&world, 0)).await.refused(Code::SignedOut);
    let token = first_step(&world, &agent).await;
    assert!(step::asked(&world.desk, &visitor(), &token, None).await.unwrap().app);
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
    own::new_codes(&world.desk, &plain, session, PASSWORD.into()).await.refused(Code::Impossible);
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
    off(PASSWORD, &codes[0]).await.refused(Code::Impossible);
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

/// What the page of somebody's session answers.
async fn status(browser: &Browser, path: &str) -> (StatusCode, String) {
    let page = browser.get(path).await;
    let to = page.headers.get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
    (page.status, to.unwrap_or_default())
}

async fn require(world: &World, admin: &Actor, days: Option<i32>) {
    world.run(async |tx| second_factor::set(tx, admin, days).await).await.unwrap();
}

#[tokio::test]
async fn staff_who_must_have_it_get_nothing_else_until_then() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let (staff, customer) = (Browser::of(&world, &agent).await, Browser::of(&world, &jana).await);
    world.run(async |tx| second_factor::set(tx, &agent, Some(0)).await).await.refused(Code::Forbidden);
    for wrong in [-1, 91] {
        world.run(async |tx| second_factor::set(tx, &admin, Some(wrong)).await).await.wrong("grace_days");
    }
    let (_, epoch) = accounts::sign_in_for_token(&world.desk, &visitor(), &person(&agent).email, PASSWORD.into(), None)
        .await
        .unwrap();
    let by_token = async || accounts::find_by_token(&world.desk, id_of(&agent), epoch).await;
    let holder = [store::live::Holder { user: id_of(&agent), session: None }];
    let sockets = async || store::live::still_here(&world.desk, &holder).await.unwrap().len();
    require(&world, &admin, Some(1)).await;
    // For a day they are reminded, and go on.
    assert_eq!(status(&staff, "/tickets").await.0, StatusCode::OK);
    let form = [("email", person(&agent).email.as_str()), ("password", PASSWORD), ("next", "/board")];
    let page = Browser::of_visitor(&world).post("/sign-in", &form).await;
    assert_eq!(page.headers[header::LOCATION], "/two-step?next=%2Fboard");
    assert!(staff.get("/two-step?next=%2Fboard").await.text.contains("2026-11-22"));
    assert!(by_token().await.unwrap().is_some());
    assert_eq!(sockets().await, 1);
    world.advance_seconds(86_400);
    for path in ["/tickets", "/me", "/portal", "/settings", "/board", "/nothing"] {
        assert_eq!(status(&staff, path).await, (StatusCode::SEE_OTHER, "/two-step".into()), "{path}");
    }
    assert_eq!(staff.call("/rpc/accounts/profile", "{}").await.status, StatusCode::FORBIDDEN);
    assert_eq!(staff.post("/me", &[("form", "profile")]).await.headers[header::LOCATION], "/two-step");
    assert_eq!(by_token().await.unwrap_err().code, Code::Forbidden);
    assert_eq!(sockets().await, 0);
    assert_eq!(status(&customer, "/portal").await.0, StatusCode::OK);
    // There they set it up, in the session that they have.
    let page = staff.get("/two-step").await;
    assert!(page.status == StatusCode::OK && page.text.contains("Set it up, and you can go on"), "{}", page.text);
    assert_eq!(staff.call("/rpc/accounts/second_factor", "{}").await.status, StatusCode::OK);
    let page = staff.post("/two-step", &[("do", "begin"), ("begin_password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let page = staff.get("/two-step").await.text;
    let secret = page.split("qr__key\">").nth(1).unwrap().split('<').next().unwrap();
    let code = App::with(secret).code(&world, 0);
    let page = staff.post("/two-step", &[("do", "confirm"), ("code", &code)]).await;
    assert!(page.status == StatusCode::OK && page.text.contains("Your recovery codes"), "{}", page.text);
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(status(&staff, "/tickets").await.0, StatusCode::OK);
    assert!(by_token().await.unwrap().is_some());
    assert_eq!(sockets().await, 1);
    // Who comes later may wait as long; without the requirement nobody need anything.
    let late = world.agent().await;
    let late = Browser::of_visitor(&world).signed_in(&late).await;
    assert_eq!(status(&late, "/tickets").await.0, StatusCode::OK);
    world.advance_seconds(86_400);
    assert_eq!(status(&late, "/tickets").await.1, "/two-step");
    require(&world, &admin, None).await;
    assert_eq!(status(&late, "/tickets").await.0, StatusCode::OK);
    assert_eq!(world.count("select count(*) from events where kind = 'settings.second_factor'").await, 2);
}

#[tokio::test]
async fn who_has_lost_it_is_helped_by_who_may() {
    let world = World::new().await;
    let (admin, boss, agent) = (world.superadmin().await, world.superadmin().await, world.agent().await);
    let managing =
        domain::access::Permissions::of_role(domain::Role::Agent).with(domain::access::Permission::ManageStaff);
    let helper = world.custom(managing).await;
    world.app(&agent).await;
    world.app(&boss).await;
    let token = first_step(&world, &agent).await;
    world.mails().await;
    let remove = async |actor: &Actor, who: &Actor, reason: &str| {
        let removal = Removal { name: person(who).name.clone(), reason: reason.into() };
        world.run(async |tx| users::remove_second_factor(tx, actor, id_of(who), &removal).await).await
    };
    remove(&agent, &boss, "Lost").await.refused(Code::Forbidden);
    remove(&helper, &boss, "Lost").await.refused(Code::Forbidden);
    remove(&boss, &boss, "Lost").await.refused(Code::Impossible);
    remove(&admin, &helper, "Lost").await.refused(Code::Impossible);
    remove(&helper, &agent, " ").await.wrong("reason");
    remove(&helper, &agent, &"x".repeat(301)).await.wrong("reason");
    let misread = Removal { name: person(&boss).name.clone(), reason: "Lost".into() };
    world.run(async |tx| users::remove_second_factor(tx, &helper, id_of(&agent), &misread).await).await.wrong("name");
    remove(&helper, &agent, "Lost the phone, called back").await.unwrap();
    assert_eq!(
        world.count("select count(*) from sessions s join users u on u.id = s.user_id where u.role = 'agent'").await,
        0
    );
    step::asked(&world.desk, &visitor(), &token, None).await.refused(Code::SignedOut);
    let mails = world.mails().await;
    assert!(mails.iter().any(|mail| mail.subject.contains("was removed")), "{mails:?}");
    session_of(accounts::sign_in(&world.desk, &visitor(), &person(&agent).email, PASSWORD.into(), "").await.unwrap().1);
    let log = store::access::log::list(&world.desk, &admin, &Default::default()).await.unwrap();
    let said = format!("Removed the second factor of {}: Lost the phone, called back", person(&agent).name);
    assert!(log.rows.iter().any(|line| line.what == said), "{:?}", log.rows);
    // A customer is helped by who looks after customers.
    let jana = world.customer().await;
    world.app(&jana).await;
    let help = async |who: &Actor, name: &str, reason: &str| {
        let removal = Removal { name: name.into(), reason: reason.into() };
        world.run(async |tx| block::remove_second_factor(tx, &agent, id_of(who), &removal).await).await
    };
    let name = person(&jana).name.clone();
    help(&jana, &name, "").await.wrong("reason");
    help(&jana, "Somebody", "Called back").await.wrong("name");
    help(&jana, &name, "Called back").await.unwrap();
    help(&jana, &name, "Called back").await.refused(Code::Impossible);
    help(&boss, &person(&boss).name, "Called back").await.refused(Code::NotFound);
    world.app(&jana).await;
    let browser = Browser::of(&world, &world.agent().await).await;
    let page = format!("/customers/{}", id_of(&jana));
    assert!(browser.get(&page).await.text.contains("With a password and a second step"));
    assert!(browser.get(&format!("{page}/second-factor")).await.text.contains("Name of the customer"));
    let form = format!("{page}/second-factor");
    let refused = browser.post(&form, &[("reason", "Called back"), ("name", "x")]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text.contains("This is not their name."));
    assert!(refused.text.contains("Called back"), "what was typed is kept");
    let done = browser.post(&form, &[("reason", "Called back"), ("name", &name)]).await;
    assert_eq!(done.headers[header::LOCATION], format!("{page}?done=second-factor"));
    let log = store::access::log::list(&world.desk, &admin, &Default::default()).await.unwrap();
    assert!(log.rows.iter().any(|line| line.what.contains("Called back")), "{:?}", log.rows);
    assert_eq!(world.count("select count(*) from totp").await, 1, "only the other superadmin's");
}

#[tokio::test]
async fn a_token_of_the_api_takes_both_steps() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (app, codes) = world.app(&agent).await;
    let email = &person(&agent).email;
    let token = async |password: &str, code: Option<&str>| {
        accounts::sign_in_for_token(&world.desk, &visitor(), email, password.into(), code).await.map(drop)
    };
    token(PASSWORD, None).await.refused(Code::SecondFactor);
    // Who does not know the password learns nothing of the second factor.
    token("wrong", None).await.refused(Code::Invalid);
    token("wrong", Some(&app.code(&world, 0))).await.refused(Code::Invalid);
    token(PASSWORD, Some("000000")).await.wrong("code");
    token(PASSWORD, Some(&app.code(&world, 0))).await.unwrap();
    token(PASSWORD, Some(&app.code(&world, 0))).await.wrong("code");
    token(PASSWORD, Some(&codes[0])).await.unwrap();
}
