//! People and groups that a provider announces, as its SCIM client sends them.

mod groups;
mod patches;
mod protocol;
mod scene;
mod teams;

use crate::support::{Refused as _, browser::Browser, id_of, person};
use domain::{
    Code, Role, UserId,
    outside::{Audience, Kind, ProviderInput},
};
use http::{Method, StatusCode, header};
use scene::{Scene, active, patch, whom};
use serde_json::{Value, json};
use store::{access::users, customers::block, outside::providers, scim::token};

#[tokio::test]
async fn a_company_announces_its_people() {
    let scene = Scene::company().await;
    let answer = scene.post("/Users", &whom("jana@acme.example")).await;
    let location = answer.headers[header::LOCATION].to_str().unwrap().to_owned();
    let jana = answer.is(201);
    let id = jana["id"].as_str().unwrap();
    assert!(location.ends_with(&format!("/scim/v2/Users/{id}")), "{location}");
    assert_eq!(jana["meta"]["location"], location);
    // As it was said. The name here is made of it.
    assert_eq!(
        (&jana["displayName"], &jana["name"]),
        (&Value::Null, &json!({ "givenName": "Jana", "familyName": "Weiß" }))
    );
    assert_eq!(scene.one::<String>("select name from users where id = $1", id).await, "Jana Weiß");
    assert_eq!(jana["emails"], json!([{ "value": "jana@acme.example", "type": "work", "primary": true }]));
    assert_eq!((jana["active"].as_bool(), jana["userName"].as_str()), (Some(true), Some("jana@acme.example")));
    let (role, company): (String, Option<i64>) = sqlx::query_as("select role, company_id from users where id = $1")
        .bind(id.parse::<i64>().unwrap())
        .fetch_one(scene.world.desk.pool())
        .await
        .unwrap();
    assert_eq!((role.as_str(), company), ("customer", Some(scene.acme.0)));
    assert_eq!(scene.get(&format!("/Users/{id}")).await.is(200), jana);
    for filter in [
        "userName eq \"JANA@acme.example\"",
        "externalId eq \"there-jana@acme.example\"",
        "emails[type eq \"work\"].value eq \"jana@ACME.example\"",
        "emails.value eq \"jana@acme.example\" and active eq true",
        &format!("id eq \"{id}\""),
    ] {
        assert_eq!(scene.found(filter).await, [id], "{filter}");
    }
    for filter in
        ["userName eq \"jana\"", "externalId eq \"THERE-jana@acme.example\"", "id eq \"x\"", "active eq false"]
    {
        assert!(scene.found(filter).await.is_empty(), "{filter}");
    }
    // Twice is once.
    scene.post("/Users", &whom("Jana@Acme.example")).await.refused(409, Some("uniqueness"));
    // Whole, in the place of what was said before. What is left out is gone, but not the account.
    let other = json!({ "userName": "jana@acme.example", "displayName": "Jana W.", "externalId": "7" });
    let jana = scene.send(Method::PUT, &format!("/Users/{id}"), &other).await.is(200);
    assert_eq!((jana["displayName"].as_str(), jana["externalId"].as_str()), (Some("Jana W."), Some("7")));
    assert_eq!((&jana["name"]["givenName"], jana["active"].as_bool()), (&Value::Null, Some(true)));
    // By another address, which the company answers for, and which nobody has.
    let tom = scene.announce("tom@acme.example").await;
    let to = |address: &str| json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": address }]);
    let path = format!("/Users/{id}");
    scene.patch(&path, to("tom@acme.example")).await.refused(409, Some("uniqueness"));
    scene.patch(&path, to("jana@other.example")).await.refused(400, Some("invalidValue"));
    let jana = scene.patch(&path, to("jana.weiss@acme.example")).await.is(200);
    assert_eq!(jana["emails"][0]["value"], "jana.weiss@acme.example");
    assert_eq!(jana["userName"], "jana@acme.example");
    scene
        .patch(&path, json!([{ "op": "replace", "value": { "userName": "TOM@acme.example" } }]))
        .await
        .refused(409, Some("uniqueness"));
    assert_ne!(tom, id);
    let kinds: Vec<_> = scene.log().await.into_iter().filter(|(by, _)| by == "Acme ID").map(|(_, kind)| kind).collect();
    assert_eq!(
        kinds,
        ["account.made_outside", "account.changed_outside", "account.made_outside", "account.changed_outside"]
    );
}

#[tokio::test]
async fn who_leaves_is_out_at_once_and_the_account_stays() {
    let scene = Scene::company().await;
    let id = scene.announce("jana@acme.example").await;
    let user = UserId(id.parse().unwrap());
    let pool = scene.world.desk.pool();
    // Signed in in a browser, and by a program.
    let password: String = sqlx::query_scalar("select password_hash from users where id = $1")
        .bind(id_of(&scene.admin).0)
        .fetch_one(pool)
        .await
        .unwrap();
    sqlx::query("update users set password_hash = $2 where id = $1")
        .bind(user.0)
        .bind(password)
        .execute(pool)
        .await
        .unwrap();
    let jana = scene.world.actor(user).await;
    let browser = Browser::of(&scene.world, &jana).await;
    assert_eq!(browser.get("/portal").await.status, StatusCode::OK);
    sqlx::query(
        "insert into api_tokens (user_id, name, scope, token_hash, ending, created_at, expires_at)
         values ($1, 'Report', 'read', 'x', 'abcd', now(), now() + interval '1 day')",
    )
    .bind(user.0)
    .execute(pool)
    .await
    .unwrap();
    let path = format!("/Users/{id}");
    let gone = scene.patch(&path, active(false)).await.is(200);
    assert_eq!((gone["active"].as_bool(), scene.blocked(&id).await), (Some(false), true));
    assert_eq!(scene.world.count("select count(*) from sessions").await, 0);
    assert_eq!(scene.world.count("select count(*) from api_tokens").await, 0);
    assert_eq!(browser.get("/portal").await.status, StatusCode::FOUND);
    assert_eq!(scene.found("active eq false").await, [id.as_str()]);
    // Twice changes nothing, and back again.
    scene.patch(&path, active(false)).await.is(200);
    assert_eq!(scene.patch(&path, active(true)).await.is(200)["active"], true);
    assert!(!scene.blocked(&id).await);
    // Whom people here have blocked stays blocked, whatever the provider says, and says so.
    scene.world.advance_seconds(60);
    scene.world.run(async |tx| block::block(tx, &scene.admin, user, true).await).await.unwrap();
    for on in [true, false, true] {
        assert_eq!(scene.patch(&path, active(on)).await.is(200)["active"], false, "{on}");
        assert!(scene.blocked(&id).await);
    }
    scene.world.run(async |tx| block::block(tx, &scene.admin, user, false).await).await.unwrap();
    assert_eq!(scene.get(&path).await.is(200)["active"], true);
    // Whom people here let in although they are not wanted there is out again when the provider says so again.
    scene.patch(&path, active(false)).await.is(200);
    scene.world.run(async |tx| block::block(tx, &scene.admin, user, false).await).await.unwrap();
    assert_eq!(scene.patch(&path, active(false)).await.is(200)["active"], false);
    assert!(scene.blocked(&id).await);
    scene.patch(&path, active(true)).await.is(200);
    // Deleted, they are not there any more, but their account is.
    assert_eq!(scene.delete(&path).await.status, StatusCode::NO_CONTENT);
    scene.get(&path).await.refused(404, None);
    scene.delete(&path).await.refused(404, None);
    scene.patch(&path, active(true)).await.refused(404, None);
    assert!(scene.found("userName eq \"jana@acme.example\"").await.is_empty());
    assert!(scene.blocked(&id).await);
    // Announced again, they have it again.
    assert_eq!(scene.announce("jana@acme.example").await, id);
    assert!(!scene.blocked(&id).await);
    let blocks =
        scene.log().await.into_iter().filter(|(by, kind)| by == "Acme ID" && kind == "account.blocked").count();
    assert_eq!(blocks, 4);
}

#[tokio::test]
async fn others_are_not_there() {
    let scene = Scene::company().await;
    let other = scene.world.company("Other", false).await;
    let strangers = [
        scene.world.company_user(other).await,
        scene.world.customer().await,
        scene.world.agent().await,
        scene.world.manager().await,
        scene.admin.clone(),
        // Of the company, but with a private address that it does not answer for.
        scene.world.company_user(scene.acme).await,
    ];
    for stranger in &strangers {
        let path = format!("/Users/{}", id_of(stranger));
        let not_there = scene.get("/Users/999999").await.refused(404, None);
        assert_eq!(scene.get(&path).await.refused(404, None), not_there);
        scene.patch(&path, active(false)).await.refused(404, None);
        scene.send(Method::PUT, &path, &whom("eve@acme.example")).await.refused(404, None);
        scene.delete(&path).await.refused(404, None);
        assert!(scene.found(&format!("id eq \"{}\"", id_of(stranger))).await.is_empty());
        assert!(scene.found(&format!("userName eq \"{}\"", person(stranger).email)).await.is_empty());
        let group = json!({ "displayName": "All", "members": [{ "value": id_of(stranger).to_string() }] });
        scene.post("/Groups", &group).await.refused(400, Some("invalidValue"));
        // Their addresses are in another domain.
        scene.post("/Users", &whom(&person(stranger).email)).await.refused(400, Some("invalidValue"));
    }
    // Nor does it get their accounts where it does answer for their domain.
    scene.world.domain(scene.acme, "people.example").await;
    for stranger in [&strangers[0], &strangers[2], &strangers[4]] {
        scene.post("/Users", &whom(&person(stranger).email)).await.refused(409, Some("uniqueness"));
    }
    assert_eq!(scene.world.count("select count(*) from users where blocked_at is not null").await, 0);
    assert_eq!(scene.world.count("select count(*) from scim_people").await, 0);
    // Users of the company in its domains are its own now, and who belongs to no company yet can become that.
    assert_eq!(scene.found("active eq true").await, [id_of(&strangers[5]).to_string()]);
    assert_eq!(scene.announce(&person(&strangers[1]).email).await, id_of(&strangers[1]).to_string());
    assert_eq!(scene.world.actor(id_of(&strangers[1])).await.principal().unwrap().company, Some(scene.acme));
    // Moved to another company by people here, they are gone for it, and who comes in their place is somebody else.
    sqlx::query("update users set company_id = $2, email = 'elsewhere@other.example' where id = $1")
        .bind(id_of(&strangers[1]).0)
        .bind(other.0)
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    scene.get(&format!("/Users/{}", id_of(&strangers[1]))).await.refused(404, None);
    assert_ne!(scene.announce(&person(&strangers[1]).email).await, id_of(&strangers[1]).to_string());
}

#[tokio::test]
async fn a_token_is_shown_once_and_good_for_its_provider() {
    let scene = Scene::company().await;
    let jana = scene.announce("jana@acme.example").await;
    let path = format!("/Users/{jana}");
    for wrong in [None, Some(""), Some("dkp_"), Some("x"), Some("dkp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] {
        for path in [path.as_str(), "/Users", "/ServiceProviderConfig", "/nothing"] {
            let answer = scene.send_as(wrong, Method::GET, path, None).await;
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer realm=\"scim\"");
            answer.refused(401, None);
        }
    }
    // Neither a cookie nor a token of the API is one.
    let admin = Browser::of(&scene.world, &scene.admin).await;
    assert_eq!(admin.get(&format!("/scim/v2{path}")).await.status, StatusCode::UNAUTHORIZED);
    // One of another company sees nobody of this one.
    let other = scene.world.company("Other", false).await;
    scene.world.domain(other, "other.example").await;
    let input = ProviderInput {
        name: "Other ID".into(),
        audience: Audience::Company,
        company: "Other".into(),
        issuer: "https://id.other.example".into(),
        client_id: "docket".into(),
        secret: "secret".into(),
        ..ProviderInput::default()
    };
    let run = async |id| scene.world.run(async |tx| token::make(tx, &scene.admin, id).await).await;
    let provider =
        scene.world.run(async |tx| providers::create(tx, &scene.admin, Kind::Oidc, input).await).await.unwrap();
    let foreign = run(provider).await.unwrap();
    for method in [Method::GET, Method::DELETE] {
        scene.send_as(Some(&foreign), method, &path, None).await.refused(404, None);
    }
    let list = scene.send_as(Some(&foreign), Method::GET, "/Users", None).await.is(200);
    assert_eq!((list["totalResults"].as_i64(), &list["Resources"]), (Some(0), &json!([])));
    scene
        .send_as(Some(&foreign), Method::POST, "/Users", Some(&whom("jana@acme.example")))
        .await
        .refused(400, Some("invalidValue"));
    // Replaced, the one before is good no more.
    let next = run(scene.provider).await.unwrap();
    scene.get(&path).await.refused(401, None);
    scene.send_as(Some(&next), Method::GET, &path, None).await.is(200);
    let known = providers::get(&scene.world.desk, &scene.admin, scene.provider).await.unwrap();
    let kept = known.token.clone().unwrap();
    assert!(next.ends_with(&kept.ending) && kept.used_at == Some(scene.world.now()));
    // Given to another company's provider by mistake, it would open all of theirs: so it ends.
    scene.world.company("Third", false).await;
    sqlx::query("insert into company_domains (domain, company_id) select 'third.example', id from companies where name = 'Third'")
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    let input = ProviderInput {
        name: "Acme ID".into(),
        audience: Audience::Company,
        company: "Third".into(),
        issuer: "https://id.acme.example".into(),
        client_id: "docket".into(),
        ..ProviderInput::default()
    };
    scene
        .world
        .run(async |tx| providers::change(tx, &scene.admin, scene.provider, known.version, input).await)
        .await
        .unwrap();
    scene.send_as(Some(&next), Method::GET, "/Users", None).await.refused(401, None);
    // Revoked.
    scene.world.run(async |tx| token::revoke(tx, &scene.admin, provider).await).await.unwrap();
    scene.world.run(async |tx| token::revoke(tx, &scene.admin, provider).await).await.refused(Code::NotFound);
    scene.send_as(Some(&foreign), Method::GET, "/Users", None).await.refused(401, None);
    let kinds: Vec<_> = scene.log().await.into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "settings.provider_token_made").count(), 3);
    assert_eq!(kinds.iter().filter(|kind| *kind == "settings.provider_token_revoked").count(), 2);
}

#[tokio::test]
async fn a_superadmin_makes_the_token_on_the_page() {
    let scene = Scene::company().await;
    let page = format!("/settings/sign-in/{}", scene.provider);
    let admin = Browser::of(&scene.world, &scene.admin).await;
    let shown = admin.get(&page).await.text;
    assert!(shown.contains("/scim/v2\"") && shown.contains("Replace the token"), "{shown}");
    let made = admin.post(&page, &[("do", "token")]).await;
    assert_eq!(made.status, StatusCode::OK);
    let token = made.text.split("dkp_").nth(1).unwrap()[..43].to_owned();
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    scene.send_as(Some(&format!("dkp_{token}")), Method::GET, "/Users", None).await.is(200);
    assert!(!admin.get(&page).await.text.contains(&token), "shown once");
    let manager = Browser::of(&scene.world, &scene.world.manager().await).await;
    for what in ["token", "revoke-token"] {
        assert_eq!(manager.post(&page, &[("do", what)]).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(admin.post(&page, &[("do", "revoke-token")]).await.status, StatusCode::SEE_OTHER);
    assert!(admin.get(&page).await.text.contains("Make a token"));
    scene.send_as(Some(&format!("dkp_{token}")), Method::GET, "/Users", None).await.refused(401, None);
    // Whoever comes has no provider of their own.
    let input = ProviderInput {
        name: "Everybody".into(),
        issuer: "https://id.example".into(),
        client_id: "docket".into(),
        secret: "secret".into(),
        ..ProviderInput::default()
    };
    let id = scene.world.run(async |tx| providers::create(tx, &scene.admin, Kind::Oidc, input).await).await.unwrap();
    scene.world.run(async |tx| token::make(tx, &scene.admin, id).await).await.refused(Code::Impossible);
    assert!(!admin.get(&format!("/settings/sign-in/{id}")).await.text.contains("Address for SCIM"));
}

#[tokio::test]
async fn two_at_once_make_one_person() {
    let scene = Scene::company().await;
    let (users, groups) = (whom("jana@acme.example"), json!({ "displayName": "All" }));
    for (path, body) in [("/Users", &users), ("/Groups", &groups)] {
        let (a, b, c) = tokio::join!(scene.post(path, body), scene.post(path, body), scene.post(path, body));
        let mut statuses: Vec<u16> = [a, b, c].iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409], "{path}");
    }
    assert_eq!(scene.world.count("select count(*) from users where role = 'customer'").await, 1);
}

#[tokio::test]
async fn people_of_staff_are_those_that_were_announced_or_connected() {
    let scene = Scene::staff().await;
    let (agent, other) = (scene.world.agent().await, scene.world.agent().await);
    assert_eq!(scene.get("/Users").await.is(200)["totalResults"], 0);
    // Not by their address.
    scene
        .world
        .run(async |tx| {
            sqlx::query("update providers set domains = '{desk.example,people.example}'")
                .execute(scene.world.desk.pool())
                .await
                .unwrap();
            let _ = tx;
            Ok(())
        })
        .await
        .unwrap();
    scene.post("/Users", &whom(&person(&agent).email)).await.refused(409, Some("uniqueness"));
    // Connected by themselves, they can be blocked, but groups give them nothing.
    for (actor, subject) in [(&agent, "1"), (&scene.admin, "2")] {
        sqlx::query("insert into identities (provider_id, subject, user_id, linked_at) values ($1, $2, $3, now())")
            .bind(scene.provider.0)
            .bind(subject)
            .bind(id_of(actor).0)
            .execute(scene.world.desk.pool())
            .await
            .unwrap();
    }
    let id = id_of(&agent).to_string();
    assert_eq!(scene.found("active eq true").await, [id.as_str()], "and never a superadmin");
    scene.get(&format!("/Users/{}", id_of(&other))).await.refused(404, None);
    let leads = json!({ "displayName": "leads", "members": [{ "value": id }] });
    scene.post("/Groups", &leads).await.is(201);
    assert_eq!((scene.role(&id).await.as_str(), scene.blocked(&id).await), (Role::Agent.word(), false));
    scene.patch(&format!("/Users/{id}"), active(false)).await.is(200);
    assert!(scene.blocked(&id).await);
    scene.world.advance_seconds(1);
    scene.world.run(async |tx| users::set_blocked(tx, &scene.admin, id_of(&agent), false).await).await.unwrap();
    assert!(!scene.blocked(&id).await);
    // Made a superadmin by people, they are out of its reach.
    sqlx::query("update users set role = 'superadmin' where id = $1")
        .bind(id_of(&agent).0)
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    scene.patch(&format!("/Users/{id}"), active(false)).await.refused(404, None);
    scene.delete(&format!("/Users/{id}")).await.refused(404, None);
    let groups = scene.get("/Groups").await.is(200);
    assert_eq!(groups["Resources"][0]["members"], json!([]));
}
