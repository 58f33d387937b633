//! Changes of people in the shapes in which providers really send them.

use super::{Scene, whom};
use serde_json::{Value, json};

/// What is sent, and what is so afterwards, of the attributes that are named.
fn table() -> Vec<(&'static str, Value, Value)> {
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    vec![
        // Entra ID.
        (
            "Entra disables by a text",
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
            json!({ "active": false }),
        ),
        (
            "Entra lets in by a text",
            json!([{ "op": "Replace", "path": "active", "value": "True" }]),
            json!({ "active": true }),
        ),
        (
            "Entra changes several by their paths",
            json!([
                { "op": "Replace", "path": "displayName", "value": "Jana Schwarz" },
                { "op": "Replace", "path": "name.givenName", "value": "Jana" },
                { "op": "Replace", "path": "name.familyName", "value": "Schwarz" },
                { "op": "Add", "path": "title", "value": "Lead" },
                { "op": "Add", "path": format!("{enterprise}:department"), "value": "Printing" },
                { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+49 30 1234" },
                { "op": "Add", "path": "addresses[type eq \"work\"].streetAddress", "value": "Main street" },
                { "op": "Add", "path": format!("{enterprise}:manager"), "value": "26118915" },
            ]),
            json!({ "displayName": "Jana Schwarz", "name.familyName": "Schwarz", "active": true }),
        ),
        (
            "Entra changes the address",
            json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "jana.schwarz@acme.example" }]),
            json!({ "emails": "jana.schwarz@acme.example", "userName": "jana@acme.example" }),
        ),
        (
            "Entra sends flat names without a path",
            json!([{ "op": "Add", "value": {
                "displayName": "Jana S.",
                "name.givenName": "Jana",
                "emails[type eq \"work\"].value": "jana.s@acme.example",
                "active": "True",
            } }]),
            json!({ "displayName": "Jana S.", "name.givenName": "Jana", "emails": "jana.s@acme.example" }),
        ),
        (
            "Entra gives another number",
            json!([{ "op": "Add", "path": "externalId", "value": "jana.s" }]),
            json!({ "externalId": "jana.s" }),
        ),
        // Okta.
        ("Okta disables", json!([{ "op": "replace", "value": { "active": false } }]), json!({ "active": false })),
        ("Okta lets in", json!([{ "op": "replace", "value": { "active": true } }]), json!({ "active": true })),
        (
            "Okta changes a name",
            json!([{ "op": "replace", "value": { "name": { "familyName": "Weiß" }, "displayName": null } }]),
            json!({ "displayName": null, "name.givenName": "Jana", "name.familyName": "Weiß" }),
        ),
        (
            "Okta sends a password along",
            json!([{ "op": "replace", "value": { "password": "secret", "active": true } }]),
            json!({ "active": true }),
        ),
        // By the standard.
        (
            "the address goes along with the name to sign in",
            json!([
                { "op": "replace", "path": "emails", "value": [
                    { "value": "home@mail.example", "type": "home" },
                    { "value": "jana@acme.example", "type": "work", "primary": true },
                ] },
            ]),
            json!({ "emails": "jana@acme.example" }),
        ),
        (
            "another name to sign in",
            json!([{ "op": "replace", "path": "userName", "value": "jana.weiss@acme.example" }]),
            json!({ "emails": "jana.weiss@acme.example", "userName": "jana.weiss@acme.example" }),
        ),
        (
            "one more address is none that is kept",
            json!([{ "op": "add", "path": "emails", "value": [{ "value": "j@mail.example", "type": "home" }] }]),
            json!({ "emails": "jana.weiss@acme.example" }),
        ),
        (
            "an address of another kind is not kept",
            json!([{ "op": "add", "path": "emails[type eq \"home\"].value", "value": "j@mail.example" }]),
            json!({ "emails": "jana.weiss@acme.example" }),
        ),
        (
            "the number is removed",
            json!([{ "op": "remove", "path": "externalId" }]),
            json!({ "externalId": null, "active": true }),
        ),
        (
            "names with their schema, in whatever case",
            json!([{ "op": "REPLACE", "path": "urn:ietf:params:scim:schemas:core:2.0:User:DISPLAYNAME", "value": "J" }]),
            json!({ "displayName": "J" }),
        ),
        (
            "the parts of a name are removed",
            json!([{ "op": "remove", "path": "displayName" }, { "op": "remove", "path": "name" }]),
            json!({ "displayName": null, "name": null }),
        ),
        (
            "whatever nobody knows is nobody's without a path",
            json!([{ "op": "replace", "value": { "shoeSize": 43, "x[": 1, "schemas": ["a"], "meta": {}, "id": "1" } }]),
            json!({ "displayName": null, "externalId": null, "active": true }),
        ),
    ]
}

fn part<'a>(person: &'a Value, name: &str) -> &'a Value {
    match name {
        "emails" => &person["emails"][0]["value"],
        _ => name.split('.').fold(person, |value, name| &value[name]),
    }
}

#[tokio::test]
async fn what_providers_send_is_understood() {
    let scene = Scene::company().await;
    let id = scene.announce("jana@acme.example").await;
    let path = format!("/Users/{id}");
    for (name, operations, expected) in table() {
        let person = scene.patch(&path, operations).await.is(200);
        for (attribute, value) in expected.as_object().unwrap() {
            assert_eq!(part(&person, attribute), value, "{name}: {attribute}");
        }
        assert_eq!(scene.get(&path).await.is(200), person, "{name}");
        assert_eq!(scene.blocked(&id).await, person["active"] == false, "{name}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let scene = Scene::company().await;
    let id = scene.announce("jana@acme.example").await;
    let path = format!("/Users/{id}");
    let before = scene.get(&path).await.is(200);
    for (operations, kind) in [
        (json!([]), "invalidSyntax"),
        (json!({}), "invalidSyntax"),
        (json!([5]), "invalidSyntax"),
        (json!([{ "op": "move", "path": "active" }]), "invalidSyntax"),
        (json!([{ "path": "active", "value": false }]), "invalidSyntax"),
        (json!([{ "op": "replace", "path": "active", "value": "perhaps" }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "active", "value": 0 }]), "invalidValue"),
        (json!([{ "op": "remove", "path": "active" }]), "mutability"),
        (json!([{ "op": "remove", "path": "userName" }]), "mutability"),
        (json!([{ "op": "replace", "path": "userName", "value": "" }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "userName", "value": "no address" }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "userName", "value": ["a"] }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "emails", "value": 5 }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "emails", "value": [["a@acme.example"]] }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "name", "value": "Jana" }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "displayName", "value": "x".repeat(101) }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "externalId", "value": "x".repeat(256) }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "shoeSize", "value": 43 }]), "invalidPath"),
        (json!([{ "op": "replace", "path": "emails[", "value": "x" }]), "invalidPath"),
        (json!([{ "op": "replace", "path": 5, "value": "x" }]), "invalidPath"),
        (json!([{ "op": "replace", "path": "id", "value": "1" }]), "mutability"),
        (json!([{ "op": "replace", "path": "groups", "value": [] }]), "mutability"),
        (json!([{ "op": "remove" }]), "noTarget"),
        (json!([{ "op": "replace", "value": "x" }]), "invalidValue"),
        // All of it or nothing.
        (
            json!([{ "op": "replace", "path": "active", "value": false }, { "op": "replace", "path": "id", "value": "1" }]),
            "mutability",
        ),
    ] {
        scene.patch(&path, operations.clone()).await.refused(400, Some(kind));
        assert_eq!(scene.get(&path).await.is(200), before, "{operations}");
    }
    let many: Vec<Value> = vec![json!({ "op": "replace", "path": "active", "value": true }); 1_001];
    scene.patch(&path, many.into()).await.refused(413, None);
    for (body, kind) in [
        (json!({}), "invalidValue"),
        (json!({ "userName": "jana" }), "invalidValue"),
        (json!({ "userName": 5 }), "invalidValue"),
        (json!({ "userName": "eve@evil.example" }), "invalidValue"),
        (json!({ "userName": "eve@acme.example", "emails": [{ "value": "eve@evil.example" }] }), "invalidValue"),
        (json!({ "userName": "eve@acme.example", "active": "maybe" }), "invalidValue"),
    ] {
        scene.post("/Users", &body).await.refused(400, Some(kind));
    }
    // A number that somebody has.
    let mut other = whom("tom@acme.example");
    other["externalId"] = "there-jana@acme.example".into();
    scene.post("/Users", &other).await.refused(409, Some("uniqueness"));
    assert_eq!(scene.world.count("select count(*) from users where role = 'customer'").await, 1);
}
