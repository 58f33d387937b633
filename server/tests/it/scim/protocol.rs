//! The form of calls and answers: what is said of it, pages, attributes, broken bodies, too many calls.

use super::{Scene, whom};
use crate::support::browser::Browser;
use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

#[tokio::test]
async fn it_says_what_it_can_do() {
    let scene = Scene::company().await;
    let config = scene.get("/ServiceProviderConfig").await;
    assert_eq!(config.headers[header::CONTENT_TYPE], "application/scim+json");
    assert_eq!(config.headers[header::CACHE_CONTROL], "no-store");
    let config = config.is(200);
    for (what, supported) in [("patch", true), ("filter", true), ("bulk", false), ("etag", false), ("sort", false)] {
        assert_eq!(config[what]["supported"], supported, "{what}");
    }
    assert_eq!(config["filter"]["maxResults"], 200);
    let types = scene.get("/ResourceTypes").await.is(200);
    assert_eq!(types["totalResults"], 2);
    for kind in types["Resources"].as_array().unwrap() {
        let name = kind["id"].as_str().unwrap();
        assert_eq!(&scene.get(&format!("/ResourceTypes/{name}")).await.is(200), kind);
        let schema = kind["schema"].as_str().unwrap();
        let schema = scene.get(&format!("/Schemas/{schema}")).await.is(200);
        assert_eq!(schema["name"], name);
        // What is described is what is sent.
        assert!(schema["attributes"].as_array().unwrap().iter().all(|one| one["uniqueness"].is_string()));
    }
    assert_eq!(scene.get("/Schemas").await.is(200)["totalResults"], 2);
    let jana = scene.announce("jana@acme.example").await;
    let jana = scene.get(&format!("/Users/{jana}")).await.is(200);
    let schemas = scene.get("/Schemas").await.is(200);
    let described: Vec<&str> = schemas["Resources"][0]["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    for name in jana.as_object().unwrap().keys().filter(|name| !["schemas", "id", "meta"].contains(&name.as_str())) {
        assert!(described.contains(&name.as_str()), "{name}");
    }
    for path in ["/ResourceTypes/Robot", "/Schemas/x", "/Robots", "/Users/x", "/Users/1/2", "/Groups/-1", ""] {
        scene.get(path).await.refused(404, None);
    }
    for path in ["/Me", "/Bulk", "/.search"] {
        scene.get(path).await.refused(501, None);
    }
    scene.send(Method::PUT, "/Users", &json!({})).await.refused(405, None);
}

/// Clients make their forms of what is described, and fill them in by it.
#[tokio::test]
async fn what_is_described_can_be_kept_to() {
    let scene = Scene::company().await;
    let described = async |schema: &str, attribute: &str| -> Value {
        let schema = scene.get(&format!("/Schemas/urn:ietf:params:scim:schemas:core:2.0:{schema}")).await.is(200);
        schema["attributes"].as_array().unwrap().iter().find(|one| one["name"] == attribute).unwrap().clone()
    };
    let part = |whole: &Value, name: &str| {
        whole["subAttributes"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    // What is a reference says to what (RFC 7643, 7); what has few values says which.
    for (schema, attribute, to, kind) in [("Group", "members", "User", "User"), ("User", "groups", "Group", "direct")] {
        let whole = described(schema, attribute).await;
        assert_eq!(part(&whole, "$ref")["referenceTypes"], json!([to]));
        assert_eq!(part(&whole, "type")["canonicalValues"], json!([kind]));
    }
    assert_eq!(part(&described("User", "emails").await, "type")["canonicalValues"], json!(["work"]));
    // What cannot be removed is said to be required, and nothing else is.
    let id = scene.announce("jana@acme.example").await;
    for (attribute, required) in [
        ("userName", true),
        ("active", true),
        ("emails", true),
        ("displayName", false),
        ("name", false),
        ("externalId", false),
    ] {
        assert_eq!(described("User", attribute).await["required"], required, "{attribute}");
        let remove = json!([{ "op": "remove", "path": attribute }]);
        let answer = scene.patch(&format!("/Users/{id}"), remove).await;
        if attribute == "emails" {
            // There is always one: the userName.
            assert_eq!(answer.is(200)["emails"][0]["value"], "jana@acme.example");
        } else if required {
            answer.refused(400, Some("mutability"));
        } else {
            assert_eq!(answer.is(200).get(attribute), None, "{attribute}");
        }
    }
    // The account keeps a name all the same.
    assert_eq!(scene.one::<String>("select name from users where id = $1", &id).await, "Jana Weiß");
}

#[tokio::test]
async fn what_is_asked_in_a_body_is_answered_like_an_address() {
    let scene = Scene::company().await;
    for n in 0..3 {
        scene.announce(&format!("person{n}@acme.example")).await;
    }
    scene.post("/Groups", &json!({ "displayName": "All" })).await.is(201);
    let search = |more: Value| {
        let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let whole = scene.post("/Users/.search", &search(json!({}))).await.is(200);
    assert_eq!(whole, scene.get("/Users").await.is(200));
    let some = json!({
        "filter": "active eq true", "startIndex": 2, "count": 1, "attributes": ["userName"], "sortBy": "userName",
    });
    assert_eq!(
        scene.post("/Users/.search", &search(some)).await.is(200),
        scene.get("/Users?filter=active%20eq%20true&startIndex=2&count=1&attributes=userName").await.is(200)
    );
    let groups = json!({ "filter": "displayName eq \"all\"", "excludedAttributes": ["members"] });
    let groups = scene.post("/Groups/.search", &search(groups)).await.is(200);
    assert_eq!((groups["totalResults"].as_i64(), groups["Resources"][0].get("members")), (Some(1), None));
    for (wrong, kind) in [
        (json!({ "filter": "userName co \"a\"" }), "invalidFilter"),
        (json!({ "filter": 5 }), "invalidFilter"),
        (json!({ "count": "x" }), "invalidValue"),
        (json!({ "attributes": "userName" }), "invalidValue"),
        (json!({ "attributes": [5] }), "invalidValue"),
    ] {
        scene.post("/Users/.search", &search(wrong)).await.refused(400, Some(kind));
    }
    scene.send_as(None, Method::POST, "/Users/.search", Some(&json!({}))).await.refused(401, None);
}

#[tokio::test]
async fn lists_are_counted_and_bounded() {
    let scene = Scene::company().await;
    for n in 0..5 {
        scene.announce(&format!("person{n}@acme.example")).await;
    }
    for (query, first, taken) in [
        ("", Some("person0@acme.example"), 5),
        ("startIndex=2&count=2", Some("person1@acme.example"), 2),
        ("startIndex=0&count=1", Some("person0@acme.example"), 1),
        ("startIndex=6", None, 0),
        ("startIndex=9223372036854775807&count=9223372036854775807", None, 0),
        ("count=0", None, 0),
        ("count=-5", None, 0),
        ("STARTINDEX=5", Some("person4@acme.example"), 1),
    ] {
        let list = scene.get(&format!("/Users?{query}")).await.is(200);
        assert_eq!((list["totalResults"].as_i64(), list["itemsPerPage"].as_i64()), (Some(5), Some(taken)), "{query}");
        assert_eq!(list["Resources"][0]["userName"].as_str(), first, "{query}");
    }
    for query in ["startIndex=x", "count=1e3"] {
        scene.get(&format!("/Users?{query}")).await.refused(400, Some("invalidValue"));
    }
    for filter in
        ["userName%20co%20%22a%22", "name.givenName%20eq%20%22Jana%22", "userName%20eq%20true", "active%20eq%20%22x%22"]
    {
        for path in ["/Users", "/Groups"] {
            scene.get(&format!("{path}?filter={filter}")).await.refused(400, Some("invalidFilter"));
        }
    }
    // Only what is asked for; id and schemas always.
    let keys = |person: &Value| person.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let list = scene.get("/Users?count=1&attributes=userName,name.givenName").await.is(200);
    assert_eq!(keys(&list["Resources"][0]), ["id", "name", "schemas", "userName"]);
    let list =
        scene.get("/Users?count=1&excludedAttributes=id,emails,groups,meta,NAME,displayName,active").await.is(200);
    assert_eq!(keys(&list["Resources"][0]), ["externalId", "id", "schemas", "userName"]);
}

#[tokio::test]
async fn broken_bodies_are_refused() {
    let scene = Scene::company().await;
    let send = async |kind: &str, body: Vec<u8>| {
        let request = Request::post("/scim/v2/Users")
            .header(header::AUTHORIZATION, format!("Bearer {}", scene.token))
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .unwrap();
        let page = scene.browser.send(request).await;
        (page.status.as_u16(), page.text)
    };
    let deep = |open: &str, close: &str, n: usize| [open.repeat(n), "1".into(), close.repeat(n)].concat().into_bytes();
    let nested = format!("{{\"x\":{}}}", String::from_utf8(deep("[", "]", 50)).unwrap());
    for (body, status) in [
        (b"".to_vec(), 400),
        (b"{".to_vec(), 400),
        (b"[]".to_vec(), 400),
        (b"\"x\"".to_vec(), 400),
        (b"{} {}".to_vec(), 400),
        (b"\xff\xfe".to_vec(), 400),
        (deep("[", "]", 100_000), 400),
        (deep("{\"x\":", "}", 100_000), 400),
        (nested.into_bytes(), 400),
        (vec![b' '; 2 * 1024 * 1024], 413),
    ] {
        let (got, text) = send("application/scim+json", body).await;
        assert_eq!(got, status, "{text}");
        assert!(text.contains("api:messages:2.0:Error"), "{text}");
    }
    let good = whom("jana@acme.example").to_string().into_bytes();
    assert_eq!(send("text/plain", good.clone()).await.0, 415);
    assert_eq!(send("application/json; charset=utf-8", good).await.0, 201);
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_to_wait() {
    let scene = Scene::company().await;
    let browser = Browser::set(&scene.world, &["--rate-limit", "10"]);
    let call = async |token: &str| {
        let request = Request::get("/scim/v2/Users").header(header::AUTHORIZATION, format!("Bearer {token}"));
        browser.send(request.body(Body::empty()).unwrap()).await
    };
    for (token, right) in [(scene.token.as_str(), StatusCode::OK), ("dkp_wrong", StatusCode::UNAUTHORIZED)] {
        for n in 0..10 {
            assert_eq!(call(token).await.status, right, "{n}");
        }
        let refused = call(token).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.headers[header::RETRY_AFTER].to_str().unwrap().parse::<u32>().unwrap() >= 1);
        assert!(refused.text.contains("\"status\":\"429\""), "{}", refused.text);
    }
    scene.world.advance_seconds(60);
    assert_eq!(call(&scene.token).await.status, StatusCode::OK);
}
