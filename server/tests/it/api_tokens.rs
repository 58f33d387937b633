//! Tokens that people make for their programs: shown once, limited, ended, and never more than their owner.

use crate::support::{PASSWORD, Refused as _, World, browser::Browser, id_of, person};
use axum::body::Body;
use domain::{
    Actor, Code, Role,
    api_token::{NewApiToken, Scope, TOKENS_MAX},
};
use http::{Request, StatusCode, header};
use store::accounts::{self, api_tokens};

fn token(scope: Scope) -> NewApiToken {
    NewApiToken { name: "Nightly report".into(), scope: scope.word().into(), days: 30 }
}

async fn made(world: &World, who: &Actor, scope: Scope) -> String {
    api_tokens::create(&world.desk, who, None, &token(scope), PASSWORD.into()).await.unwrap()
}

/// A call of the API with this token.
async fn call(browser: &Browser, method: &str, path: &str, token: &str, body: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    let page = browser.send(request.body(Body::from(body.to_owned())).unwrap()).await;
    (page.status, page.text)
}

const NEW: &str = r#"{ "subject": "Printer", "body": "It is offline." }"#;

#[tokio::test]
async fn a_token_may_what_was_chosen_for_it() {
    let world = World::new().await;
    let customer = world.customer().await;
    let browser = Browser::of_visitor(&world);
    let [read, write] = [made(&world, &customer, Scope::Read).await, made(&world, &customer, Scope::Write).await];
    for (token, status) in [(&read, StatusCode::FORBIDDEN), (&write, StatusCode::CREATED)] {
        let (found, text) = call(&browser, "GET", "/auth/me", token, "").await;
        assert_eq!(found, StatusCode::OK, "{text}");
        assert!(text.contains(&person(&customer).email), "{text}");
        let (found, text) = call(&browser, "POST", "/ticket", token, NEW).await;
        assert_eq!(found, status, "{text}");
    }
    // The numbers of the desk are for staff, and for a token of theirs that includes them.
    let agent = world.agent().await;
    for (token, status) in [
        (made(&world, &customer, Scope::Admin).await, StatusCode::FORBIDDEN),
        (made(&world, &agent, Scope::Read).await, StatusCode::OK),
    ] {
        assert_eq!(call(&browser, "GET", "/stats", &token, "").await.0, status);
    }
}

#[tokio::test]
async fn what_a_token_may_follows_its_owner() {
    let world = World::new().await;
    let agent = world.agent().await;
    let secret = made(&world, &agent, Scope::Admin).await;
    let (owner, scope) = api_tokens::find(&world.desk, &secret, None).await.unwrap().unwrap();
    assert_eq!((&owner, scope), (person(&agent), Scope::Admin));
    let set = async |sql: &'static str| {
        sqlx::query(sql).bind(id_of(&agent).0).execute(world.desk.pool()).await.unwrap();
    };
    set("update users set role = 'customer' where id = $1").await;
    let (owner, _) = api_tokens::find(&world.desk, &secret, None).await.unwrap().unwrap();
    assert_eq!(owner.role, Role::Customer);
    set("update users set blocked_at = now() where id = $1").await;
    assert!(api_tokens::find(&world.desk, &secret, None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_token_ends_on_its_day_and_when_it_is_revoked() {
    let world = World::new().await;
    let (agent, other) = (world.agent().await, world.agent().await);
    let first = made(&world, &agent, Scope::Read).await;
    let second = made(&world, &agent, Scope::Write).await;
    let good = async |secret: &str| api_tokens::find(&world.desk, secret, Some("192.0.2.7")).await.unwrap().is_some();
    assert!(good(&first).await && good(&second).await);
    let tokens = api_tokens::list(&world.desk, &agent).await.unwrap();
    assert_eq!(tokens.iter().map(|t| t.scope).collect::<Vec<_>>(), [Scope::Write, Scope::Read]);
    assert_eq!(tokens[0].last_address.as_deref(), Some("192.0.2.7"));
    assert_eq!(tokens[0].last_used_at, Some(world.now()));
    assert!(second.ends_with(&tokens[0].ending) && !tokens[0].ended);
    // Nobody else's.
    assert!(api_tokens::list(&world.desk, &other).await.unwrap().is_empty());
    world.run(async |tx| api_tokens::revoke(tx, &other, tokens[0].id).await).await.refused(Code::NotFound);
    world.run(async |tx| api_tokens::revoke(tx, &agent, tokens[0].id).await).await.unwrap();
    assert!(good(&first).await && !good(&second).await);
    world.run(async |tx| api_tokens::revoke(tx, &agent, tokens[0].id).await).await.refused(Code::NotFound);
    world.advance_seconds(30 * 86_400 - 1);
    assert!(good(&first).await);
    world.advance_seconds(1);
    assert!(!good(&first).await);
    assert!(api_tokens::list(&world.desk, &agent).await.unwrap()[0].ended);
    world.advance_seconds(31 * 86_400);
    store::sweep::sweep(&world.desk).await.unwrap();
    assert!(api_tokens::list(&world.desk, &agent).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused() {
    let world = World::new().await;
    let agent = world.agent().await;
    let secret = made(&world, &agent, Scope::Read).await;
    let browser = Browser::of_visitor(&world);
    let hash: Vec<u8> =
        sqlx::query_scalar("select token_hash from api_tokens").fetch_one(world.desk.pool()).await.unwrap();
    let stored: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    for wrong in [
        "dkt_",
        &secret[..secret.len() - 1],
        &format!("{secret}x"),
        &secret[4..],
        &secret.to_uppercase(),
        &format!("dkt_{stored}"),
        &format!("dkt_{}", "x".repeat(5_000)),
    ] {
        let (status, text) = call(&browser, "GET", "/auth/me", wrong, "").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{wrong}: {text}");
        assert!(!text.contains(wrong) || wrong.len() < 5, "{text}");
    }
    // Neither the database nor the log has it.
    let rows: Vec<String> =
        sqlx::query_scalar("select t::text from api_tokens t union all select e::text from events e")
            .fetch_all(world.desk.pool())
            .await
            .unwrap();
    assert!(rows.iter().all(|row| !row.contains(&secret[4..40])), "{rows:?}");
    // And it opens no page: it is no cookie.
    let request = Request::get("/me").header(header::COOKIE, format!("docket_session={secret}"));
    assert_ne!(browser.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_is_made_with_the_password_and_within_limits() {
    let world = World::new().await;
    let agent = world.agent().await;
    let create = async |input: NewApiToken, password: &str| {
        api_tokens::create(&world.desk, &agent, None, &input, password.into()).await
    };
    assert_eq!(create(token(Scope::Read), "wrong password").await.unwrap_err().fields[0].field, "password");
    let nameless = NewApiToken { name: String::new(), ..token(Scope::Read) };
    assert_eq!(create(nameless, PASSWORD).await.unwrap_err().fields[0].field, "name");
    for _ in 0..TOKENS_MAX {
        create(token(Scope::Read), PASSWORD).await.unwrap();
    }
    create(token(Scope::Read), PASSWORD).await.refused(Code::TooMany);
    let one = api_tokens::list(&world.desk, &agent).await.unwrap()[0].id;
    world.run(async |tx| api_tokens::revoke(tx, &agent, one).await).await.unwrap();
    create(token(Scope::Read), PASSWORD).await.unwrap();
}

/// By the forms of the page, without JavaScript: shown once, and gone with the page.
#[tokio::test]
async fn the_page_makes_and_revokes() {
    let world = World::new().await;
    let agent = world.agent().await;
    let browser = Browser::of(&world, &agent).await;
    assert!(browser.get("/api-tokens").await.text.contains("Make a token"));
    let fields = |name, password| [("name", name), ("scope", "write"), ("days", "7"), ("password", password)];
    let refused = browser.post("/api-tokens", &fields("", "not my password")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Please name it") && !refused.text.contains("not my password"), "{}", refused.text);
    let page = browser.post("/api-tokens", &fields("Nightly <report>", PASSWORD)).await;
    let secret: String = page.text.split("dkt_").nth(1).unwrap().chars().take(43).collect();
    assert!(page.text.contains("It is shown only now"), "{}", page.text);
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(call(&browser, "GET", "/auth/me", &format!("dkt_{secret}"), "").await.0, StatusCode::OK);
    let page = browser.get("/api-tokens").await;
    assert!(!page.text.contains(&secret) && page.text.contains("Nightly &lt;report&gt;"), "{}", page.text);
    let id = api_tokens::list(&world.desk, &agent).await.unwrap()[0].id;
    let page = browser.post("/api-tokens", &[("revoke", &id.0.to_string())]).await;
    assert_eq!(
        (page.status, page.headers[header::LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/api-tokens?revoked")
    );
    assert!(api_tokens::list(&world.desk, &agent).await.unwrap().is_empty());
    let kinds: Vec<String> = sqlx::query_scalar("select kind from events where kind like '%api_token%' order by id")
        .fetch_all(world.desk.pool())
        .await
        .unwrap();
    assert_eq!(kinds, ["account.api_token_made", "account.api_token_revoked"]);
}

/// Tokens of logging in end; those of programs only if that is asked for.
#[tokio::test]
async fn signing_out_everywhere_ends_tokens() {
    let world = World::new().await;
    let agent = world.agent().await;
    let browser = Browser::of(&world, &agent).await;
    let secret = made(&world, &agent, Scope::Read).await;
    let log_in = format!(r#"{{ "email": "{}", "password": "{PASSWORD}" }}"#, person(&agent).email);
    let request = Request::post("/api/v1/auth/login").header(header::CONTENT_TYPE, "application/json");
    let page = browser.send(request.body(Body::from(log_in)).unwrap()).await;
    let token = serde_json::from_str::<serde_json::Value>(&page.text).unwrap()["token"].as_str().unwrap().to_owned();
    let works = async |token: &str| call(&browser, "GET", "/auth/me", token, "").await.0 == StatusCode::OK;
    assert!(works(&token).await && works(&secret).await);
    browser.post("/me", &[("revoke", "others")]).await;
    assert!(!works(&token).await && works(&secret).await);
    browser.post("/me", &[("revoke", "others"), ("tokens", "1")]).await;
    assert!(!works(&secret).await);
    assert!(browser.get("/me").await.text.contains("API tokens"), "this device stays signed in");
    // Who is blocked has none left when they are let in again.
    let customer = world.customer().await;
    let secret = made(&world, &customer, Scope::Read).await;
    world.run(async |tx| store::customers::block::block(tx, &agent, id_of(&customer), true).await).await.unwrap();
    world.run(async |tx| store::customers::block::block(tx, &agent, id_of(&customer), false).await).await.unwrap();
    assert!(!works(&secret).await);
}

/// A token goes on after its owner has chosen another password: so they are told that there is one, and where.
#[tokio::test]
async fn a_new_password_says_which_tokens_go_on() {
    let world = World::new().await;
    world.agent().await;
    let jana = world.customer().await;
    let secret = made(&world, &jana, Scope::Read).await;
    // Where there is nothing else, theirs is the page that is led to.
    let told = |text: &str| {
        let only = !text.contains("a page of their own") && !text.contains("help.acme.example/two-step");
        text.contains("1 API token") && text.contains("/api-tokens") && only
    };
    let browser = Browser::of(&world, &jana).await;
    let form = [("form", "password"), ("current_password", PASSWORD), ("new_password", "a third horse battery")];
    browser.post("/portal/me", &form).await;
    let page = browser.get("/portal/me?password").await.text;
    assert!(page.contains("as good as before") && told(&page), "{page}");
    assert!(told(&world.mails().await.pop().unwrap().text));

    let again = async |password: &str| {
        let visitor = Browser::of_visitor(&world);
        accounts::reset::ask(&world.desk, &Actor::visitor(None), &person(&jana).email).await.unwrap();
        let link = format!("/reset/{}", world.mails().await.pop().unwrap().token("/reset/"));
        let page = visitor.post(&link, &[("password", password)]).await.text;
        (page, world.mails().await.pop().unwrap())
    };
    let (page, mail) = again("a fourth horse battery").await;
    assert!(page.contains("Your new password is set") && told(&page), "{page}");
    assert!(mail.subject == "Your password was changed" && told(&mail.text), "{mail:?}");
    assert!(api_tokens::find(&world.desk, &secret, None).await.unwrap().is_some());
    // Beside something of two-step sign-in, whatever that is called.
    let passkey = "insert into passkeys (user_id, name, host, credential_id, credential, synced, added_at)
                   values ($1, 'My API tokens', 'localhost', 'x', '{}', false, now())";
    sqlx::query(passkey).bind(id_of(&jana).0).execute(world.desk.pool()).await.unwrap();
    let (page, mail) = again("a fifth horse battery").await;
    for text in [&page, &mail.text] {
        let all = ["“My API tokens”", "1 API token", "/two-step", "/api-tokens"];
        assert!(all.iter().all(|words| text.contains(words)), "{text}");
    }
    // Of a token that has ended there is nothing to say.
    world.advance_seconds(31 * 24 * 3600);
    let (page, mail) = again("a sixth horse battery").await;
    for text in [&page, &mail.text] {
        let said = text.contains("“My API tokens”") && text.contains("/two-step");
        assert!(said && !["1 API", "/api-tokens"].iter().any(|words| text.contains(words)), "{text}");
    }
}
