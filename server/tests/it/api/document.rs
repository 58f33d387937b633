//! The OpenAPI document and its page.

use super::client::Api;
use crate::support::World;
use serde_json::json;

#[tokio::test]
async fn every_call_is_described() {
    let world = World::new().await;
    let api = Api::new(&world);
    let document = api.get("", "/openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.values().map(|p| p.as_object().unwrap().len()).sum::<usize>(), 20);
    for (path, call) in paths.iter().flat_map(|(p, c)| c.as_object().unwrap().values().map(move |c| (p, c))) {
        assert!(call["summary"].is_string(), "{path}");
        for status in ["429", "500", "503"] {
            assert!(call["responses"][status].is_object(), "{path} {status}");
        }
    }
    for path in ["/ticket", "/ticket/{id}/reply", "/ticket/{id}/admin/reply"] {
        let parameters = paths[path]["post"]["parameters"].as_array().unwrap();
        let key = parameters.iter().find(|p| p["name"] == "Idempotency-Key").unwrap();
        assert_eq!((&key["in"], &key["required"]), (&json!("header"), &json!(false)), "{path}");
    }
    let page = api.get("", "/docs").await;
    page.expect(200);
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("<th scope=\"row\">Idempotency-Key"), "{page}");
    assert!(page.contains("/api/v1/ticket/{id}/reply") && !page.contains("<script"), "{page}");
}
