//! Files: up, listed, down, deleted; and not for others.

use super::client::Api;
use crate::support::World;

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
}
