//! The OpenAPI document and its page.

use super::client::Api;
use crate::support::World;
use serde_json::{Value, json};

#[tokio::test]
async fn every_call_is_described() {
    let world = World::new().await;
    let api = Api::new(&world);
    let document = api.get("", "/openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.values().map(|p| p.as_object().unwrap().len()).sum::<usize>(), 22);
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

/// What a schema describes, by an example, with all that it leaves to choose.
fn example(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return example(document, document.pointer(&name[1..]).unwrap());
    }
    // What may be `null` too.
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().map(|choice| example(document, choice)).find(|it| !it.is_null()).unwrap_or_default();
    }
    let Some(fields) = schema["properties"].as_object() else { return schema["example"].clone() };
    let mut object = schema["example"].clone();
    for (name, field) in fields {
        let value = example(document, field);
        if value.is_object() {
            object[name] = value;
        }
    }
    object
}

/// The same without one of its objects, which became an array of its values; each in turn, with its place.
fn arrays(value: &Value) -> Vec<(String, Value)> {
    let Some(fields) = value.as_object() else { return Vec::new() };
    let mut all = vec![("#".to_owned(), fields.values().cloned().collect())];
    for (name, field) in fields {
        for (place, array) in arrays(field) {
            let mut whole = value.clone();
            whole[name] = array;
            all.push((place.replacen('#', &format!("#/{name}"), 1), whole));
        }
    }
    all
}

/// Serde would take an array for the fields of a struct.
#[tokio::test]
async fn an_object_is_no_array() {
    let world = World::new().await;
    let api = Api::new(&world);
    let jana = world.customer().await;
    let (staff, requester) = (api.token(&world.superadmin().await).await, api.token(&jana).await);
    let ticket = world.ticket(&jana).await.id;
    let document = api.get("", "/openapi.json").await.expect(200);
    let mut tried = Vec::new();
    for (path, call) in document["paths"].as_object().unwrap() {
        let schema = &call["post"]["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            continue;
        }
        let token = if path.ends_with("/rate") { &requester } else { &staff };
        for (place, body) in arrays(&example(&document, schema)) {
            let path = path.replace("{id}", &ticket.to_string());
            let problem = api.post(token, &path, &body).await.expect(422);
            assert_eq!(problem["errors"][0]["pointer"], place.as_str(), "{path} {body}: {problem}");
            tried.push(format!("{path} {place}"));
        }
    }
    for expected in ["/auth/login #", "/ticket #", "/ticket #/requester"] {
        assert!(tried.iter().any(|it| it == expected), "{tried:?}");
    }
}

/// The document says that the body of this call may be left out, and may be `null`: so it is.
#[tokio::test]
async fn a_body_that_may_be_null_may_be_null() {
    let world = World::new().await;
    let api = Api::new(&world);
    let agent = world.agent().await;
    let token = api.token(&agent).await;
    let document = api.get("", "/openapi.json").await.expect(200);
    let body = &document["paths"]["/admin/ticket/{id}/assign-admin"]["post"]["requestBody"];
    assert_ne!(body["required"], true, "{body}");
    assert!(body["content"]["application/json"]["schema"].to_string().contains("\"null\""), "{body}");
    let path = format!("/admin/ticket/{}/assign-admin", world.ticket(&world.customer().await).await.id);
    for given in [Value::Null, json!({}), json!({ "assignee": null })] {
        let ticket = api.post(&token, &path, &given).await.expect(200);
        assert_eq!(ticket["assignee"]["id"], crate::support::id_of(&agent).0, "{given}");
    }
}
