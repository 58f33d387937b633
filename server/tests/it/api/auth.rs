//! Registering, logging in, tokens.

use super::client::Api;
use crate::support::{World, id_of, person};
use domain::{Actor, security_log::LogFilter};
use serde_json::json;
use store::{access::log, accounts};

#[tokio::test]
async fn a_customer_registers_and_is_known() {
    let world = World::new().await;
    let api = Api::new(&world);
    let input = json!({ "name": "Jana Novak", "email": "jana@acme.example", "password": "correct horse battery" });
    let made = api.post("", "/auth/register", &input).await.expect(202);
    assert_eq!((&made["status"], &made["email"]), (&json!("confirmation_sent"), &input["email"]));
    // Not before the address is confirmed; a wrong password is not told from one of nobody.
    let login = json!({ "email": "jana@acme.example", "password": "correct horse battery" });
    let waits = api.post("", "/auth/login", &login).await;
    assert!(waits.expect(403)["detail"].as_str().unwrap().contains("confirm"), "{waits:?}");
    let wrong = json!({ "email": "jana@acme.example", "password": "another horse" });
    api.post("", "/auth/login", &wrong).await.expect(401);
    let token = world.mails().await[0].token("/confirm/");
    accounts::confirm(&world.desk, &Actor::visitor(None), &token, "correct horse battery".into()).await.unwrap();
    let made = api.post("", "/auth/login", &login).await.expect(200);
    let me = api.get(made["token"].as_str().unwrap(), "/auth/me").await.expect(200);
    assert_eq!((&me["email"], &me["role"]), (&input["email"], &json!("customer")));
    // A known address gets the same answer.
    api.post("", "/auth/register", &input).await.expect(202);
    let empty = json!({ "name": "", "email": "x", "password": "short" });
    assert_eq!(api.post("", "/auth/register", &empty).await.wrong(), ["name", "email", "password"]);
}

/// By the operation of the page: once, and only with the key that the server was started with.
#[tokio::test]
async fn a_program_makes_the_first_superadmin() {
    const KEY: &str = "hidden-hidden-hidden";
    const PATH: &str = "/auth/admin/register";
    let world = World::new().await;
    let api = Api::with(&world, &["--setup-key", KEY]);
    let input = |email: &str| json!({ "name": "Jana Novak", "email": email, "password": "correct horse battery" });
    let with_key = |email: &str, key: &str| {
        let mut input = input(email);
        input["setup_key"] = json!(key);
        input
    };
    assert_eq!(api.post("", PATH, &input("jana@acme.example")).await.wrong(), ["setup_key"]);
    for wrong in ["", "x", &KEY[1..]] {
        let refused = api.post("", PATH, &with_key("jana@acme.example", wrong)).await;
        assert_eq!(refused.wrong(), ["setup_key"]);
        assert!(!String::from_utf8_lossy(&refused.body).contains(KEY));
    }
    let mut empty = with_key("x", KEY);
    (empty["name"], empty["password"]) = (json!(""), json!("short"));
    assert_eq!(api.post("", PATH, &empty).await.wrong(), ["name", "email", "password"]);
    assert_eq!(world.count("select count(*) from users").await, 0);
    // Two at once: one of them.
    let (one, two) = (with_key("one@acme.example", KEY), with_key("two@acme.example", KEY));
    let (one, two) = tokio::join!(api.post("", PATH, &one), api.post("", PATH, &two));
    let (won, lost) = if one.status == 201 { (one, two) } else { (two, one) };
    let made = won.expect(201);
    assert_eq!(made["role"], json!("superadmin"));
    lost.expect(403);
    assert_eq!(world.count("select count(*) from users where role = 'superadmin'").await, 1);
    // Afterwards it opens nothing, and does not say whether somebody knows the key.
    for key in [KEY, "x"] {
        api.post("", PATH, &with_key("eve@acme.example", key)).await.expect(403);
    }
    let login = json!({ "email": made["email"], "password": "correct horse battery" });
    let token = api.post("", "/auth/login", &login).await.expect(200);
    api.get(token["token"].as_str().unwrap(), "/admin/tickets").await.expect(200);
    let said = "select count(*) from events where kind = 'account.registered' and data->>'role' = 'superadmin'";
    assert_eq!(world.count(said).await, 1);
}

/// Whoever may invite staff may also make an account for them, with no more rights than their own.
#[tokio::test]
async fn a_superadmin_makes_accounts_for_staff() {
    const PATH: &str = "/auth/admin/register";
    let world = World::new().await;
    let api = Api::new(&world);
    let (superadmin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let token = api.token(&superadmin).await;
    let input = |email: &str, role: &str| json!({ "name": "Petr Dvorak", "email": email, "password": "correct horse battery", "role": role });
    for role in ["agent", "manager", "superadmin"] {
        let made = api.post(&token, PATH, &input(&format!("{role}@acme.example"), role)).await.expect(201);
        assert_eq!(made["role"], json!(role));
        let login = json!({ "email": made["email"], "password": "correct horse battery" });
        let theirs = api.post("", "/auth/login", &login).await.expect(200);
        api.get(theirs["token"].as_str().unwrap(), "/admin/tickets").await.expect(200);
    }
    let log = log::list(&world.desk, &superadmin, &LogFilter::default()).await.unwrap();
    let said: Vec<_> = log.rows.iter().filter(|l| l.what.starts_with("Made an account")).collect();
    assert_eq!(said.len(), 3);
    assert!(said.iter().all(|line| line.by == Some(id_of(&superadmin))), "{said:?}");

    let taken = [person(&agent).email.clone(), person(&jana).email.to_uppercase(), "agent@acme.example".into()];
    for email in taken {
        assert_eq!(api.post(&token, PATH, &input(&email, "agent")).await.wrong(), ["email"], "{email}");
    }
    for role in ["customer", "company_user", "", "root"] {
        assert_eq!(api.post(&token, PATH, &input("eve@acme.example", role)).await.wrong(), ["role"], "{role}");
    }
    let mut input = input("eve@acme.example", "agent");
    input.as_object_mut().unwrap().remove("role");
    assert_eq!(api.post(&token, PATH, &input).await.wrong(), ["role"]);
    let said = "select count(*) from users where lower(email) like 'eve@%'";
    assert_eq!(world.count(said).await, 0);
}

/// Who tries keys has to wait like everybody who calls too often.
#[tokio::test]
async fn tries_of_setup_keys_are_limited() {
    let world = World::new().await;
    let api = Api::with(&world, &["--setup-key", "hidden-hidden-hidden", "--api-rate-limit", "20"]);
    let input =
        json!({ "name": "Eve", "email": "e@acme.example", "password": "correct horse battery", "setup_key": "x" });
    // Who has no token may call less often.
    for _ in 0..2 {
        api.post("", "/auth/admin/register", &input).await.expect(422);
    }
    let refused = api.post("", "/auth/admin/register", &input).await;
    refused.expect(429);
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_token_is_needed_and_ends() {
    let world = World::new().await;
    let api = Api::new(&world);
    let agent = world.agent().await;
    let token = api.token(&agent).await;
    api.get(&token, "/auth/me").await.expect(200);
    let refused = api.get("", "/auth/me").await;
    assert_eq!(refused.expect(401)["instance"], "/api/v1/auth/me");
    assert!(refused.headers.contains_key("www-authenticate"));
    api.get("a.b.c", "/auth/me").await.expect(401);
    world.advance_seconds(24 * 3600);
    api.get(&token, "/auth/me").await.expect(401);
}

#[tokio::test]
async fn a_blocked_persons_token_is_worth_nothing() {
    let world = World::new().await;
    let api = Api::new(&world);
    let agent = world.agent().await;
    let token = api.token(&agent).await;
    sqlx::query("update users set blocked_at = now() where id = $1")
        .bind(person(&agent).id.0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    api.get(&token, "/auth/me").await.expect(401);
}

#[tokio::test]
async fn guessing_has_to_wait() {
    let world = World::new().await;
    let api = Api::new(&world);
    let email = person(&world.agent().await).email.clone();
    let wrong = json!({ "email": email, "password": "wrong and wrong" });
    for _ in 0..6 {
        api.post("", "/auth/login", &wrong).await.expect(401);
    }
    let refused = api.post("", "/auth/login", &wrong).await;
    refused.expect(429);
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn calls_are_limited() {
    let world = World::new().await;
    let api = Api::with(&world, &["--api-rate-limit", "2"]);
    let token = api.token(&world.agent().await).await;
    api.get(&token, "/auth/me").await.expect(200);
    api.get(&token, "/auth/me").await.expect(200);
    let refused = api.get(&token, "/auth/me").await;
    refused.expect(429);
    assert_eq!(refused.headers["ratelimit"], "\"api\";r=0;t=60");
}
