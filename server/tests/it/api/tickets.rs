//! Tickets: own and foreign, right and wrong.

use super::client::Api;
use crate::support::World;
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
