//! The pages and forms that passkeys go through.

use super::*;

/// What stands in the page between two pieces of text, as it was before it became markup.
fn between(page: &str, before: &str, after: &str) -> String {
    let part = page.split(before).nth(1).unwrap_or_else(|| panic!("{before} in {page}"));
    part.split(after).next().unwrap().replace("&quot;", "\"").replace("&amp;", "&")
}

#[tokio::test]
async fn the_pages_lead_through_it() {
    let world = World::new().await;
    // An empty desk leads to setting it up.
    world.agent().await;
    let jana = world.customer().await;
    let set = ["--public-url", ORIGIN];
    let mut browser = Browser::set(&world, &set).signed_in(&jana).await;
    let page = browser.get("/two-step").await.text;
    assert!(page.contains("Add a passkey") && page.contains("None yet"), "{page}");
    let form = [("do", "passkey"), ("passkey_name", "My laptop"), ("passkey_password", "wrong")];
    let page = browser.post("/two-step", &form).await;
    assert!(
        page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("not your password"),
        "{}",
        page.text
    );
    assert!(page.text.contains("My laptop"), "what was typed is kept");
    let form = [("do", "passkey"), ("passkey_name", "My laptop"), ("passkey_password", PASSWORD)];
    let page = browser.post("/two-step", &form).await;
    assert_eq!((page.status, &page.headers[header::CACHE_CONTROL]), (StatusCode::OK, &"no-store".parse().unwrap()));
    // The page carries what the browser is asked, for its script.
    let values = between(&page.text, r#"[\"question\",\""#, r#"]],"#);
    let (token, options) = values.split_once(r#"\"],[\"options\",\""#).unwrap();
    let question = Question {
        token: token.to_owned(),
        options: options.trim_end_matches(r#"\""#).replace(r#"\\\""#, "\"").replace(r#"\\u"#, "\\u"),
    };
    let mut device = Device::new();
    let answer = device.make(&question);
    let form = [("do", "passkey-made"), ("question", &*answer.token), ("credential", &*answer.credential)];
    let page = browser.post("/two-step", &form).await;
    assert!(page.status == StatusCode::OK && page.text.contains("Your recovery codes"), "{}", page.text);
    let page = browser.get("/two-step").await.text;
    assert!(page.contains("My laptop") && page.contains("never used"), "{page}");
    let id = all(&world, &jana).await[0].id;
    let page = browser.get(&format!("/two-step?passkey={id}")).await.text;
    assert!(page.contains("Remove the passkey") && page.contains("asks for your password alone"), "{page}");
    let (id, page) = (id.to_string(), "/two-step");
    let renamed = browser.post(page, &[("do", "passkey-rename"), ("renamed", &id), ("new_name", "")]).await;
    assert!(renamed.text.contains("Give it a name"), "{}", renamed.text);
    let renamed = browser.post(page, &[("do", "passkey-rename"), ("renamed", &id), ("new_name", "Phone")]).await;
    assert_eq!(renamed.headers[header::LOCATION], "/two-step?passkey-renamed");

    // At the door.
    let mut visitor = Browser::set(&world, &set);
    assert!(visitor.get("/sign-in").await.text.contains("Sign in with a passkey"));
    let asked = visitor.call("/rpc/accounts/passkey_door", r#"{"offered":true}"#).await;
    let cookie = asked.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-docket_passkey=") && cookie.contains("HttpOnly"), "{cookie}");
    let question: Question = serde_json::from_str(&asked.text).unwrap();
    let answer = device.answer(&question);
    let form = [("question", &*answer.token), ("credential", &*answer.credential), ("next", "/portal/new")];
    let page = visitor.post("/sign-in/passkey", &form).await;
    assert!(page.status == StatusCode::CONFLICT && page.text.contains("begun in another browser"), "{}", page.text);
    assert!(page.text.contains("/portal/new") && page.text.contains("Sign in with a passkey"));
    // With the zone that the page has read from the browser.
    visitor.cookie = cookie.split(';').next().map(|cookie| format!("{cookie}; docket_zone=Europe/Berlin"));
    let page = visitor.post("/sign-in/passkey", &form).await;
    assert_eq!(world.count("select count(*) from users where time_zone = 'Europe/Berlin'").await, 1);
    assert_eq!((page.status, page.headers[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, "/portal/new"));
    let cookies = page.headers.get_all(header::SET_COOKIE);
    assert!(cookies.iter().any(|cookie| cookie.to_str().unwrap().starts_with("__Host-docket_passkey=;")));

    // Beside the password.
    let form = [("email", person(&jana).email.as_str()), ("password", PASSWORD), ("next", "/portal/new")];
    let page = visitor.post("/sign-in", &form).await;
    visitor.cookie = page.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().map(str::to_owned);
    let page = visitor.get("/sign-in/second").await.text;
    assert!(page.contains("Use a passkey") && page.contains("Recovery code"), "{page}");
    let asked = visitor.call("/rpc/accounts/passkey_second", "{}").await;
    let answer = device.answer(&serde_json::from_str(&asked.text).unwrap());
    let form = [("question", &*answer.token), ("credential", "{}"), ("next", "/portal/new")];
    let page = visitor.post("/sign-in/second", &form).await;
    assert!(
        page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("could not be read"),
        "{}",
        page.text
    );
    let form = [("question", &*answer.token), ("credential", &*answer.credential), ("next", "/portal/new")];
    let page = visitor.post("/sign-in/second", &form).await;
    assert_eq!((page.status, page.headers[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, "/portal/new"));

    let gone = browser.post("/two-step", &[("do", "passkey-remove"), ("passkey", &id), ("gone_password", "x")]).await;
    assert!(gone.text.contains("not your password") && gone.text.contains("Remove the passkey"), "{}", gone.text);
    let form = [("do", "passkey-remove"), ("passkey", id.as_str()), ("gone_password", PASSWORD)];
    let gone = browser.post("/two-step", &form).await;
    assert_eq!(gone.headers[header::LOCATION], "/two-step?passkey-removed");
    browser.cookie = None;
    assert!(browser.get("/two-step").await.status.is_redirection());
}

#[tokio::test]
async fn where_there_are_no_passkeys_the_page_says_why() {
    let world = World::new().await;
    let agent = world.agent().await;
    for (address, words) in [("http://help.acme.example", "need HTTPS"), ("https://192.0.2.1", "this one is a number")]
    {
        let browser = Browser::set(&world, &["--public-url", address]);
        assert!(!browser.get("/sign-in").await.text.contains("Sign in with a passkey"), "{address}");
        let asked = browser.call("/rpc/accounts/passkey_door", r#"{"offered":true}"#).await;
        assert!(asked.status == StatusCode::CONFLICT && asked.text.contains(words), "{}", asked.text);
        let page = browser.signed_in(&agent).await.get("/two-step").await.text;
        assert!(page.contains(words) && page.contains("Set up an app"), "{page}");
    }
    // Without a set address, it is the one that the request names.
    let browser = Browser::of(&world, &agent).await;
    for (host, there) in [("localhost:3000", true), ("127.0.0.1:3000", false), ("help.acme.example", false)] {
        let request =
            http::Request::get("/two-step").header(header::HOST, host).body(axum::body::Body::empty()).unwrap();
        let page = browser.send(request).await.text;
        assert_eq!(page.contains("By which you know the device"), there, "{host}");
    }
}

#[tokio::test]
async fn a_new_password_says_what_stays_as_it_was() {
    let world = World::new().await;
    world.agent().await;
    let jana = world.customer().await;
    let email = person(&jana).email.clone();
    let browser = Browser::of(&world, &jana).await;
    let session = world.session(&jana).await;
    world.app(&jana).await;
    add(&world, &jana, session, &mut Device::new()).await;
    let still = |text: &str| {
        ["The passkey “Laptop”", "The app that makes codes", "10 recovery codes"].iter().all(|line| text.contains(line))
    };
    // On one's own page: once it is changed, and not before.
    assert!(!browser.get("/portal/me").await.text.contains("as good as before"));
    let form = [("form", "password"), ("current_password", PASSWORD), ("new_password", "a third horse battery")];
    let changed = browser.post("/portal/me", &form).await;
    assert_eq!(changed.headers[header::LOCATION], "/portal/me?password");
    let page = browser.get("/portal/me?password").await.text;
    assert!(page.contains("as good as before") && still(&page), "{page}");

    // By mail: the page says it to who has read the mail, and so does the next mail.
    let visitor = Browser::of_visitor(&world);
    accounts::reset::ask(&world.desk, &Actor::visitor(None), &email).await.unwrap();
    let link = format!("/reset/{}", world.mails().await.pop().unwrap().token("/reset/"));
    let page = visitor.post(&link, &[("password", "another horse battery")]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Your new password is set") && still(&page.text), "{}", page.text);
    assert!(page.text.contains("href=\"/two-step\""), "{}", page.text);
    let mail = world.mails().await.pop().unwrap();
    assert!(mail.subject == "Your password was changed" && still(&mail.text), "{mail:?}");
    assert!(mail.text.contains("/two-step"), "{mail:?}");
    // The link is used up, and says nothing of it to whoever finds it.
    let page = visitor.get(&link).await;
    assert!(page.text.contains("This link does not work") && !page.text.contains("Laptop"), "{}", page.text);

    // Who has nothing else is told of nothing else.
    let tom = world.customer().await;
    accounts::reset::ask(&world.desk, &Actor::visitor(None), &person(&tom).email).await.unwrap();
    let link = format!("/reset/{}", world.mails().await.pop().unwrap().token("/reset/"));
    let page = visitor.post(&link, &[("password", "another horse battery")]).await;
    assert_eq!(page.headers[header::LOCATION], "/sign-in?changed");
    let mail = world.mails().await.pop().unwrap();
    assert!(!mail.text.contains("as good as before"), "{mail:?}");
}
