//! Files: up, listed, down, deleted; and not for others.

use super::client::Api;
use crate::support::World;
use serde_json::json;

fn form(name: &str, content: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n{content}\r\n--B--\r\n")
}

const KIND: &str = "multipart/form-data; boundary=B";

#[tokio::test]
async fn a_file_from_both_sides() {
    let world = World::new().await;
    let api = Api::new(&world);
    let customer = world.customer().await;
    let ticket = world.ticket(&customer).await;
    let (jana, other) = (api.token(&customer).await, api.token(&world.customer().await).await);
    let path = format!("/ticket/{}/attachments", ticket.id);
    let sent = api.post_raw(&jana, &path, KIND, form("log file.txt", "all is well")).await.expect(201);
    let file = format!("/attachment/{}", sent["attachments"][0]["id"]);
    let got = api.get(&jana, &file).await;
    got.expect(200);
    assert_eq!(got.body, "all is well");
    assert_eq!(got.headers["content-disposition"], "attachment; filename*=UTF-8''log%20file.txt");
    assert_eq!(got.headers["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!(api.get(&jana, &path).await.expect(200)["attachments"].as_array().unwrap().len(), 1);
    api.get(&other, &file).await.expect(404);
    api.delete(&other, &file).await.expect(404);
    api.post_raw(&other, &path, KIND, form("a.txt", "x")).await.expect(404);
    api.delete(&jana, &file).await.expect(204);
    api.get(&jana, &file).await.expect(404);
}

#[tokio::test]
async fn what_is_not_taken() {
    let world = World::new().await;
    let api = Api::new(&world);
    let customer = world.customer().await;
    let ticket = world.ticket(&customer).await;
    let token = api.token(&customer).await;
    let path = format!("/ticket/{}/attachments", ticket.id);
    api.post_raw(&token, &path, KIND, form("a.exe", "MZ")).await.expect(415);
    api.post_raw(&token, &path, KIND, "no form").await.expect(400);
    api.post_raw(&token, &path, "text/plain", "x").await.expect(415);
    let large = "x".repeat(11 * 1024 * 1024);
    api.post_raw(&token, &path, KIND, form("a.txt", &large)).await.expect(413);
    assert!(world.files.on_disk().is_empty());
    // For a new ticket the same is taken, and a form is taken whole or not at all.
    let both = form("good.txt", "all is well").replace("--B--\r\n", "") + &form("a.exe", "MZ");
    api.post_raw(&token, "/attachments", KIND, both).await.expect(415);
    api.post_raw(&token, "/attachments", KIND, form("a.txt", &large)).await.expect(413);
    api.post_raw(&token, "/attachments", KIND, "no form").await.expect(400);
    assert_eq!(api.post_raw(&token, "/attachments", KIND, "--B--\r\n").await.wrong(), ["files"]);
    api.post_raw("", "/attachments", KIND, form("a.txt", "x")).await.expect(401);
    assert_eq!(world.count("select count(*) from attachments where deleted_at is null").await, 0);
}

#[tokio::test]
async fn a_new_ticket_takes_the_files_that_its_caller_has_uploaded() {
    let world = World::new().await;
    let api = Api::new(&world);
    let (jana, other) = (api.token(&world.customer().await).await, api.token(&world.customer().await).await);
    let agent = api.token(&world.agent().await).await;
    let sent = api.post_raw(&jana, "/attachments", KIND, form("log file.txt", "all is well")).await.expect(201);
    assert!(sent.get("message_id").is_none(), "{sent}");
    let id = sent["attachments"][0]["id"].as_i64().unwrap();
    let file = format!("/attachment/{id}");
    let opening = |id: i64| json!({ "subject": "Printer", "body": "See the log.", "attachments": [id] });
    // Until it is sent it is its uploader's alone, also before staff.
    for (token, seen) in [(&jana, 200), (&other, 404), (&agent, 404)] {
        api.get(token, &file).await.expect(seen);
    }
    for token in [&other, &agent] {
        assert_eq!(api.post(token, "/ticket", &opening(id)).await.wrong(), ["attachments"]);
        api.delete(token, &file).await.expect(404);
    }
    assert_eq!(api.post(&jana, "/ticket", &opening(id + 1_000)).await.wrong(), ["attachments"]);
    assert_eq!(world.count("select count(*) from tickets").await, 0);
    let ticket = api.post(&jana, "/ticket", &opening(id)).await.expect(201)["id"].clone();
    let listed = api.get(&agent, &format!("/ticket/{ticket}/attachments")).await.expect(200);
    assert_eq!(listed["attachments"][0]["name"], "log file.txt");
    assert_eq!(api.get(&agent, &file).await.body, "all is well");
    api.get(&other, &file).await.expect(404);
    // On one ticket it is on no other.
    assert_eq!(api.post(&jana, "/ticket", &opening(id)).await.wrong(), ["attachments"]);
    // A ticket that is continued takes one, too.
    let more = api.post_raw(&jana, "/attachments", KIND, form("more.txt", "more")).await.expect(201);
    let input = json!({ "ticket_id": ticket, "body": "More.", "attachments": [more["attachments"][0]["id"]] });
    api.post(&jana, "/ticket", &input).await.expect(200);
    let listed = api.get(&agent, &format!("/ticket/{ticket}/attachments")).await.expect(200);
    assert_eq!(listed["attachments"].as_array().unwrap().len(), 2);
}
