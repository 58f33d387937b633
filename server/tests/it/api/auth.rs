//! Registering, logging in, tokens.

use super::client::Api;
use crate::support::{World, person};
use domain::Actor;
use serde_json::json;
use store::accounts;

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
