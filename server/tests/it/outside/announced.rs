//! Who was announced before they come.

use super::{Scene, said, signed_in};
use domain::{
    Actor,
    outside::{Audience, ProviderInput},
    scim::{Announcer, GroupChange, MemberChange, PersonInput},
};
use http::header;
use serde_json::json;
use store::scim::{groups, people, token};

/// The provider as its token lets it act.
pub(super) async fn announcer(scene: &Scene) -> Actor {
    let token = scene.world.run(async |tx| token::make(tx, &scene.admin, scene.provider).await).await.unwrap();
    let found: Announcer = token::find(&scene.world.desk, &token, None).await.unwrap().unwrap();
    Actor::provider(found, None)
}

pub(super) fn whom(address: &str, number: &str) -> PersonInput {
    PersonInput { user_name: address.into(), external_id: Some(number.into()), ..PersonInput::default() }
}

#[tokio::test]
async fn users_of_a_company_get_the_account_that_was_announced() {
    let scene = Scene::with(|input| ProviderInput {
        audience: Audience::Company,
        company: "acme".into(),
        creates: false,
        ..input
    })
    .await;
    let provider = announcer(&scene).await;
    let announce = async |address: &str, number: &str| {
        scene.world.run(async |tx| people::create(tx, &provider, whom(address, number)).await).await.unwrap().id
    };
    // By what the provider calls them, whatever their address is there by now.
    let jana = announce("jana@acme.example", "number-of-jana").await;
    scene.fake.says(json!({ "sub": "number-of-jana", "email": "married@elsewhere.example" }));
    assert!(signed_in(&scene.sign_in().await));
    // By the address that it vouches for.
    let tom = announce("tom@acme.example", "number-elsewhere").await;
    scene.fake.says(json!({ "sub": "tom", "email": "TOM@acme.example", "email_verified": false }));
    scene.refused("was not checked").await;
    scene.fake.says(json!({ "sub": "tom", "email": "TOM@acme.example", "email_verified": null }));
    assert!(signed_in(&scene.sign_in().await));
    let whose: Vec<(i64, String)> = sqlx::query_as("select user_id, subject from identities order by id")
        .fetch_all(scene.world.desk.pool())
        .await
        .unwrap();
    assert_eq!(whose, [(jana.0, "number-of-jana".to_owned()), (tom.0, "tom".to_owned())]);
    // Nobody who is not wanted there.
    scene
        .world
        .run(async |tx| {
            people::change(tx, &provider, tom, |said| Ok::<_, domain::Error>(PersonInput { active: false, ..said }))
                .await
        })
        .await
        .unwrap();
    scene.refused("blocked").await;
    assert_eq!(scene.world.count("select count(*) from sessions where user_id <> 0").await, 1);
    scene.world.run(async |tx| people::delete(tx, &provider, tom).await).await.unwrap();
    assert_eq!(scene.world.count("select count(*) from identities").await, 1);
    scene.refused("blocked").await;
}

#[tokio::test]
async fn staff_come_with_the_role_of_the_groups_that_were_announced() {
    let scene = Scene::with(|input| ProviderInput {
        audience: Audience::Staff,
        domains: "desk.example".into(),
        role_claim: "groups".into(),
        roles: "leads = Manager\nsupport = Agent".into(),
        ..input
    })
    .await;
    let provider = announcer(&scene).await;
    let mia =
        scene.world.run(async |tx| people::create(tx, &provider, whom("mia@desk.example", "7")).await).await.unwrap();
    scene.fake.says(json!({ "sub": "mia", "email": "mia@desk.example", "groups": ["leads"] }));
    scene.refused("has no role yet").await;
    let members = vec![MemberChange::Add(vec![mia.id])];
    let group = GroupChange { name: Some("support".into()), members, ..GroupChange::default() };
    scene.world.run(async |tx| groups::create(tx, &provider, group).await).await.unwrap();
    for n in 0..2 {
        // What the token says of groups is older than what was announced.
        let page = scene.sign_in().await;
        assert!(signed_in(&page), "{n}: {}", said(&page.text));
        assert!(page.headers.get(header::LOCATION).is_some());
        let role: String = sqlx::query_scalar("select role from users where email = 'mia@desk.example'")
            .fetch_one(scene.world.desk.pool())
            .await
            .unwrap();
        assert_eq!(role, "agent");
    }
    let kinds = scene.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "account.made_outside").count(), 1, "{kinds:?}");
}
