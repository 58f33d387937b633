//! Groups, and the roles that they give.

use super::{Scene, active, patch};
use domain::outside::{Audience, ProviderInput};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::outside::providers;

fn member(op: &str, id: &str) -> Value {
    json!([{ "op": op, "path": "members", "value": [{ "value": id }] }])
}

#[tokio::test]
async fn groups_of_staff_give_and_take_roles_at_once() {
    let scene = Scene::staff().await;
    let mia = scene.announce("mia@desk.example").await;
    let path = format!("/Users/{mia}");
    // Without a role nobody comes in, but the provider's wish is kept.
    assert_eq!(scene.get(&path).await.is(200)["active"], true);
    assert!(scene.blocked(&mia).await);
    let make = async |name: &str| {
        let made = scene.post("/Groups", &json!({ "displayName": name, "externalId": format!("there-{name}") })).await;
        format!("/Groups/{}", made.is(201)["id"].as_str().unwrap())
    };
    let (support, leads, cooks) = (make("support").await, make("leads").await, make("cooks").await);
    scene.patch(&cooks, member("add", &mia)).await.is(204);
    assert!(scene.blocked(&mia).await, "a group that gives nothing");
    scene.patch(&support, member("add", &mia)).await.is(204);
    assert_eq!((scene.role(&mia).await.as_str(), scene.blocked(&mia).await), ("agent", false));
    // The first rule that fits.
    scene.patch(&leads, member("Add", &mia)).await.is(204);
    assert_eq!(scene.role(&mia).await, "manager");
    let names: Vec<Value> =
        scene.get(&path).await.is(200)["groups"].as_array().unwrap().iter().map(|g| g["display"].clone()).collect();
    assert_eq!(names, ["cooks", "leads", "support"]);
    scene.patch(&leads, json!([{ "op": "Remove", "path": format!("members[value eq \"{mia}\"]") }])).await.is(204);
    assert_eq!((scene.role(&mia).await.as_str(), scene.blocked(&mia).await), ("agent", false));
    // By another name the group gives another role; its number stands in a rule, too.
    scene.patch(&leads, json!([{ "op": "replace", "value": { "displayName": "former leads" } }])).await.is(204);
    scene.patch(&support, json!([{ "op": "replace", "path": "displayName", "value": "leads" }])).await.is(204);
    assert_eq!(scene.role(&mia).await, "manager");
    // The rules are others: at once.
    let before = providers::get(&scene.world.desk, &scene.admin, scene.provider).await.unwrap();
    let input = |roles: &str| ProviderInput {
        name: "Acme ID".into(),
        audience: Audience::Staff,
        domains: "desk.example".into(),
        issuer: "https://id.acme.example".into(),
        client_id: "docket".into(),
        role_claim: "groups".into(),
        roles: roles.into(),
        ..ProviderInput::default()
    };
    let change = async |version: i64, roles: &str| {
        let input = input(roles);
        scene.world.run(async |tx| providers::change(tx, &scene.admin, scene.provider, version, input).await).await
    };
    change(before.version, "there-support = Agent").await.unwrap();
    assert_eq!(scene.role(&mia).await, "agent");
    change(before.version + 1, "leads = Manager").await.unwrap();
    assert_eq!(scene.role(&mia).await, "manager");
    // Whom the provider does not want stays out whatever the groups are; whoever it wants needs one.
    scene.patch(&path, active(false)).await.is(200);
    scene.send(Method::PUT, &support, &json!({ "displayName": "leads", "members": [] })).await.is(200);
    scene.send(Method::PUT, &support, &json!({ "displayName": "leads", "members": [{ "value": mia }] })).await.is(200);
    assert!(scene.blocked(&mia).await);
    scene.patch(&path, active(true)).await.is(200);
    assert!(!scene.blocked(&mia).await);
    // Without the last group that gives something they are out.
    assert_eq!(scene.delete(&support).await.status, StatusCode::NO_CONTENT);
    assert!(scene.blocked(&mia).await);
    scene.get(&support).await.refused(404, None);
    let kinds: Vec<_> = scene.log().await.into_iter().filter(|(by, _)| by == "Acme ID").map(|(_, kind)| kind).collect();
    for kind in
        ["access.role_given", "access.blocked", "access.unblocked", "access.group_saved", "access.group_deleted"]
    {
        assert!(kinds.iter().any(|k| k == kind), "{kind}: {kinds:?}");
    }
}

#[tokio::test]
async fn whoever_people_have_blocked_gets_no_role_back_by_a_group() {
    let scene = Scene::staff().await;
    let mia = scene.announce("mia@desk.example").await;
    let made = scene.post("/Groups", &json!({ "displayName": "support", "members": [{ "value": mia }] })).await.is(201);
    let group = format!("/Groups/{}", made["id"].as_str().unwrap());
    assert!(!scene.blocked(&mia).await);
    scene.world.advance_seconds(60);
    let id = mia.parse::<i64>().unwrap().into();
    scene.world.run(async |tx| store::access::users::set_blocked(tx, &scene.admin, id, true).await).await.unwrap();
    for op in ["remove", "add"] {
        scene.patch(&group, member(op, &mia)).await.is(204);
        assert!(scene.blocked(&mia).await, "{op}");
    }
    assert_eq!(scene.patch(&format!("/Users/{mia}"), active(true)).await.is(200)["active"], false);
}

#[tokio::test]
async fn groups_are_kept_as_they_are_sent() {
    let scene = Scene::company().await;
    let (jana, tom) = (scene.announce("jana@acme.example").await, scene.announce("tom@acme.example").await);
    let body = json!({ "displayName": " Printers ", "externalId": "g1", "members": [{ "value": jana }] });
    let group = scene.post("/Groups", &body).await.is(201);
    let id = group["id"].as_str().unwrap();
    let path = format!("/Groups/{id}");
    assert_eq!((group["displayName"].as_str(), group["externalId"].as_str()), (Some("Printers"), Some("g1")));
    assert_eq!(group["members"][0]["value"], jana);
    let members = async || -> Vec<String> {
        let group = scene.get(&path).await.is(200);
        group["members"].as_array().unwrap().iter().map(|m| m["value"].as_str().unwrap().to_owned()).collect()
    };
    for (operations, expected) in [
        (json!([{ "op": "add", "path": "members", "value": { "value": tom } }]), vec![&jana, &tom]),
        (json!([{ "op": "add", "value": { "members": [{ "value": tom }] } }]), vec![&jana, &tom]),
        // As Entra removes somebody.
        (json!([{ "op": "Remove", "path": "members", "value": [{ "value": jana }] }]), vec![&tom]),
        (json!([{ "op": "remove", "path": "members", "value": [{ "value": "999999" }] }]), vec![&tom]),
        (json!([{ "op": "replace", "path": "members", "value": [{ "value": jana }] }]), vec![&jana]),
        // As Okta does all at once.
        (
            json!([
                { "op": "remove", "path": format!("members[value eq \"{jana}\"]") },
                { "op": "add", "path": "members", "value": [{ "value": tom }, { "value": tom }] },
                { "op": "replace", "value": { "id": id, "displayName": "Printing" } },
            ]),
            vec![&tom],
        ),
        (json!([{ "op": "remove", "path": "members" }]), vec![]),
    ] {
        scene.patch(&path, operations.clone()).await.is(204);
        assert_eq!(members().await.iter().collect::<Vec<_>>(), expected, "{operations}");
    }
    for (operations, kind) in [
        (json!([{ "op": "add", "path": "members", "value": [{ "value": "999999" }] }]), "invalidValue"),
        (json!([{ "op": "add", "path": "members", "value": [{ "value": "x" }] }]), "invalidValue"),
        (json!([{ "op": "add", "path": "members", "value": [{ "display": "Jana" }] }]), "invalidValue"),
        (json!([{ "op": "add", "path": "members[type eq \"User\"]", "value": [] }]), "invalidPath"),
        (json!([{ "op": "replace", "path": "displayName", "value": " " }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "owner", "value": "x" }]), "invalidPath"),
        (json!([{ "op": "replace", "path": "id", "value": "x" }]), "mutability"),
        (json!([{ "op": "remove", "path": "displayName" }]), "mutability"),
        (json!([{ "op": "remove" }]), "noTarget"),
    ] {
        scene.patch(&path, operations).await.refused(400, Some(kind));
    }
    scene.post("/Groups", &json!({ "displayName": "PRINTING" })).await.refused(409, Some("uniqueness"));
    scene.post("/Groups", &json!({ "members": [] })).await.refused(400, Some("invalidValue"));
    scene.patch(&path, member("add", &tom)).await.is(204);
    for (filter, found) in [
        ("displayName eq \"printing\"".to_owned(), 1),
        ("externalId eq \"g1\"".to_owned(), 1),
        (format!("id eq \"{id}\" and members eq \"{tom}\""), 1),
        (format!("id eq \"{id}\" and members.value eq \"{jana}\""), 0),
        ("displayName eq \"Other\"".to_owned(), 0),
    ] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("filter", &filter).finish();
        let list = scene.get(&format!("/Groups?excludedAttributes=members&{query}")).await.is(200);
        assert_eq!(list["totalResults"], found, "{filter}");
        assert!(list["Resources"].as_array().unwrap().iter().all(|group| group.get("members").is_none()));
    }
    // Whoever names attributes is answered with them.
    let rename = patch(json!([{ "op": "replace", "path": "displayName", "value": "Prints" }]));
    let answer = scene.send(Method::PATCH, &format!("{path}?attributes=displayName"), &rename).await.is(200);
    assert_eq!((answer["displayName"].as_str(), answer.get("members")), (Some("Prints"), None));
    // Who is gone is not named.
    scene.delete(&format!("/Users/{tom}")).await.is(204);
    assert!(members().await.is_empty());
    // A provider of others sees none of them.
    let other = Scene::company().await;
    assert_eq!(other.get("/Groups").await.is(200)["totalResults"], 0);
}
