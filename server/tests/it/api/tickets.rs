//! Tickets: own and foreign, right and wrong.

use super::client::Api;
use crate::{ratings::set, support::World};
use serde_json::json;

#[tokio::test]
async fn a_ticket_from_both_sides() {
    let world = World::new().await;
    let api = Api::new(&world);
    let (agent, customer) = (world.agent().await, world.customer().await);
    let (staff, jana) = (api.token(&agent).await, api.token(&customer).await);
    let made = api.post(&jana, "/ticket", &json!({ "subject": "Printer", "body": "Offline", "urgency": "high" })).await;
    let ticket = made.expect(201);
    assert_eq!(made.headers["location"], format!("/api/v1/ticket/{}", ticket["id"]).as_str());
    assert_eq!(
        (&ticket["source"], &ticket["urgency"], &ticket["status_name"]),
        (&json!("api"), &json!("high"), &json!("Received"))
    );
    let path = format!("/ticket/{}", ticket["id"]);
    let note = json!({ "body": "Secret", "internal": true });
    api.post(&staff, &format!("{path}/reply"), &note).await.expect(201);
    let answer = json!({ "body": "Restart it", "status": "waiting_for_customer" });
    api.post(&staff, &format!("{path}/admin/reply"), &answer).await.expect(201);
    let seen = api.get(&jana, &path).await;
    assert!(!String::from_utf8_lossy(&seen.body).contains("Secret"));
    assert_eq!(seen.expect(200)["status"], "waiting_for_customer");
    let kinds = |body: serde_json::Value| {
        body["entries"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = kinds(api.get(&staff, &path).await.expect(200));
    assert_eq!(all, ["ticket.created", "message.customer", "message.note", "message.reply", "ticket.status"]);
    let more = json!({ "ticket_id": ticket["id"], "body": "It works" });
    assert_eq!(api.post(&jana, "/ticket", &more).await.expect(200)["status"], "open");
    api.post(&jana, &format!("{path}/reply"), &note).await.expect(403);
    api.post(&jana, &format!("/admin{path}/close"), &json!(null)).await.expect(403);
    api.post(&staff, &format!("/admin{path}/assign-admin"), &json!({})).await.expect(200);
    assert_eq!(api.get(&staff, "/admin/tickets/assigned").await.expect(200)["tickets"][0]["id"], ticket["id"]);
    let pair = json!({ "urgency": "critical", "importance": "critical" });
    assert_eq!(api.post(&staff, &format!("{path}/priority"), &pair).await.expect(200)["priority"], "urgent");
    assert_eq!(api.post(&staff, &format!("/admin{path}/close"), &json!(null)).await.expect(200)["status"], "closed");
}

#[tokio::test]
async fn what_is_foreign_is_not_there() {
    let world = World::new().await;
    let api = Api::new(&world);
    let ticket = world.ticket(&world.customer().await).await;
    let other = api.token(&world.customer().await).await;
    let path = format!("/ticket/{}", ticket.id);
    api.get(&other, &path).await.expect(404);
    api.get(&other, &format!("{path}/attachments")).await.expect(404);
    api.post(&other, &format!("{path}/reply"), &json!({ "body": "x" })).await.expect(404);
    api.get(&other, "/ticket/nine").await.expect(404);
    api.get(&other, "/nothing").await.expect(404);
    api.delete(&other, &path).await.expect(405);
    api.get(&other, "/admin/tickets").await.expect(403);
    api.get(&other, "/stats").await.expect(403);
    assert_eq!(api.get(&other, "/customer/tickets").await.expect(200)["tickets"], json!([]));
}

#[tokio::test]
async fn its_requester_rates_a_ticket() {
    let world = World::new().await;
    let api = Api::new(&world);
    let (agent, jana) = (world.agent().await, world.customer().await);
    let token = api.token(&jana).await;
    let id = world.ticket(&jana).await.id;
    let path = format!("/ticket/{id}/rate");
    api.post(&token, &path, &json!({ "score": 5 })).await.expect(409);
    set(&world, &agent, id, "resolved").await;
    assert_eq!(api.post(&token, &path, &json!({ "score": 6 })).await.wrong(), ["score"]);
    let long = json!({ "score": 5, "comment": "x".repeat(2_001) });
    assert_eq!(api.post(&token, &path, &long).await.wrong(), ["comment"]);
    api.post(&token, &path, &json!({ "score": 2 })).await.expect(200);
    let said = api.post(&token, &path, &json!({ "score": 5, "comment": " It works. " })).await.expect(200);
    assert_eq!((&said["score"], &said["comment"]), (&json!(5), &json!("It works.")));
    let seen = api.get(&api.token(&agent).await, &format!("/ticket/{id}")).await.expect(200);
    assert_eq!(seen["rating"], said, "what was said last");
}

#[tokio::test]
async fn wrong_input_names_its_field() {
    let world = World::new().await;
    let api = Api::new(&world);
    let token = api.token(&world.agent().await).await;
    for (body, field) in [
        (json!({ "subject": 5 }), "subject"),
        (json!({ "subject": "a", "body": "b", "urgency": "very" }), "urgency"),
        (json!({ "subject": "a", "body": "b", "colour": 1 }), "colour"),
        (json!({ "subject": "a", "body": "b", "requester": {} }), "requester"),
        (json!({ "subject": "", "body": "b" }), "subject"),
    ] {
        assert_eq!(api.post(&token, "/ticket", &body).await.wrong(), [field], "{body}");
    }
    api.post_raw(&token, "/ticket", "application/json", "{").await.expect(400);
    api.post_raw(&token, "/ticket", "text/plain", "{}").await.expect(415);
    api.post_raw(&token, "/ticket", "application/json", " ".repeat(3_000_000)).await.expect(413);
    assert_eq!(api.get(&token, "/admin/tickets?status=x").await.wrong(), ["status"]);
    assert_eq!(api.get(&token, "/admin/tickets?limit=0").await.wrong(), ["limit"]);
    assert_eq!(api.get(&token, "/admin/tickets?after=x").await.wrong(), ["after"]);
}

#[tokio::test]
async fn lists_go_page_by_page() {
    let world = World::new().await;
    let api = Api::new(&world);
    let customer = world.customer().await;
    for _ in 0..3 {
        world.ticket(&customer).await;
    }
    let token = api.token(&customer).await;
    let first = api.get(&token, "/customer/tickets?limit=2").await;
    assert!(first.headers["link"].to_str().unwrap().starts_with("</api/v1/customer/tickets?limit=2&after="));
    let next = first.expect(200)["next"].as_str().unwrap().to_owned();
    let second = api.get(&token, &format!("/customer/tickets?limit=2&after={next}")).await.expect(200);
    assert_eq!((second["tickets"].as_array().unwrap().len(), &second["next"]), (1, &json!(null)));
}

/// No answer came, so it is sent again with the same key: the answer is that of the first time, and it is done once.
#[tokio::test]
async fn a_key_makes_sending_again_safe() {
    let world = World::new().await;
    let api = Api::new(&world);
    let customer = world.customer().await;
    let ticket = world.ticket(&customer).await.id;
    let jana = api.token(&customer).await;
    let (agent, other) = (api.token(&world.agent().await).await, api.token(&world.customer().await).await);
    let opening = json!({ "subject": "Printer", "body": "Offline" });
    let more = json!({ "ticket_id": ticket.0, "body": "It blinks." });
    let reply = format!("/ticket/{ticket}/reply");
    let admin = format!("/ticket/{ticket}/admin/reply");
    let note = json!({ "body": "Known.", "internal": true });
    let (hello, answer) = (json!({ "body": "Hello?" }), json!({ "body": "Restart it." }));
    let cases = [
        (&jana, "/ticket", &opening, 201, "id"),
        (&agent, "/ticket", &opening, 201, "id"),
        (&jana, "/ticket", &more, 200, "version"),
        (&jana, &reply, &hello, 201, "message_id"),
        (&agent, &reply, &note, 201, "message_id"),
        (&agent, &admin, &answer, 201, "message_id"),
    ];
    for (n, (token, path, input, status, id)) in cases.into_iter().enumerate() {
        let key = format!("key-{n}");
        let counts = async || {
            (world.count("select count(*) from tickets").await, world.count("select count(*) from messages").await)
        };
        let before = counts().await;
        let (one, two) = tokio::join!(api.post_once(token, path, input, &key), api.post_once(token, path, input, &key));
        let three = api.post_once(token, path, input, &key).await;
        let first = one.expect(status)[id].clone();
        assert!(first.is_i64(), "{path}: {first}");
        assert_eq!((&two.expect(status)[id], &three.expect(status)[id]), (&first, &first), "{path}");
        let new_tickets = i64::from(id == "id");
        assert_eq!(counts().await, (before.0 + new_tickets, before.1 + 1), "{path} {input}");
        // Another thing under the same key is refused, and does nothing.
        let mut changed = input.clone();
        changed["body"] = json!("Something else");
        let problem = api.post_once(token, path, &changed, &key).await.expect(422);
        assert!(problem["detail"].as_str().unwrap().contains("same key"), "{problem}");
        assert_eq!(counts().await, (before.0 + new_tickets, before.1 + 1), "{path}");
    }
    // What is foreign stays so, and authority comes before what is wrong with the key.
    for key in ["one", "two words", ""] {
        api.post_once(&other, &reply, &json!({ "body": "x" }), key).await.expect(404);
        api.post_once("", "/ticket", &opening, key).await.expect(401);
        api.post_once(&jana, &admin, &json!({ "body": "x" }), key).await.expect(403);
    }
    let long = "x".repeat(201);
    for key in ["", "two words", long.as_str()] {
        for (path, input) in [("/ticket", &opening), (&reply, &note)] {
            api.post_once(&agent, path, input, key).await.expect(400);
        }
    }
}
