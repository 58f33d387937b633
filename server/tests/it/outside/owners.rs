//! Who gets which account.

use super::{Scene, arrive, input, said, signed_in};
use crate::{
    account_mail, invitations,
    support::{PASSWORD, Refused as _, browser::Browser, id_of, person},
};
use domain::{
    Actor, Code, CompanyId, Role, UserId,
    access::NewTeam,
    outside::{Audience, ProviderInput},
};
use http::{StatusCode, header};
use serde_json::{Value, json};
use store::{
    access::teams,
    accounts, companies, customers,
    outside::{identities, providers},
};

#[tokio::test]
async fn an_account_is_given_to_its_owner_only() {
    let scene = Scene::new().await;
    let (jana, agent) = (scene.world.customer().await, scene.world.agent().await);
    // Staff never by their address alone.
    scene.fake.says(json!({ "email": person(&agent).email }));
    scene.refused("account of staff").await;
    // A customer with a password whose address is not proved there.
    let unproved = json!({ "email": person(&jana).email.to_uppercase(), "email_verified": false });
    scene.fake.says(unproved.clone());
    scene.refused("does not say that it has checked").await;
    assert_eq!(scene.world.count("select count(*) from identities").await, 0);
    // Proved, it is the same person.
    scene.fake.says(json!({ "email": person(&jana).email.to_uppercase() }));
    assert!(signed_in(&scene.sign_in().await));
    let whose: i64 =
        sqlx::query_scalar("select user_id from identities").fetch_one(scene.world.desk.pool()).await.unwrap();
    assert_eq!(whose, id_of(&jana).0);
    // Without making accounts, strangers stay out.
    scene.change(|input| ProviderInput { creates: false, ..input }).await;
    scene.fake.says(json!({ "sub": "stranger", "email": "stranger@mail.example" }));
    scene.refused("There is no account with the address").await;
    // Whom a provider named is not kept: nobody could have it forgotten.
    assert_eq!(scene.world.count("select count(*) from events where data::text like '%stranger%'").await, 0);
}

#[tokio::test]
async fn a_company_has_a_provider_of_its_own() {
    let scene =
        Scene::with(|input| ProviderInput { audience: Audience::Company, company: "acme".into(), ..input }).await;
    // No button for it, but a page that asks for the address.
    let page = scene.browser.get("/sign-in?next=/portal/new").await;
    assert!(page.text.contains("/sign-in/company?next=%2Fportal%2Fnew") && !page.text.contains("/sign-in/with/"));
    let page = scene.browser.post("/sign-in/company", &[("email", "somebody@other.example")]).await;
    assert!(page.text.contains("No company") && page.status.is_client_error(), "{}", page.text);
    let page = scene.browser.post("/sign-in/company", &[("email", "Jana@ACME.example"), ("next", "/portal/new")]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let address = page.text.split("url=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert!(address.starts_with(&scene.fake.issuer) && address.contains("login_hint=Jana%40ACME.example"), "{address}");
    let cookie = page.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    // It need not say that it has checked the address: the domain is its company's.
    scene.fake.says(json!({ "email_verified": null }));
    let (code, state) = scene.fake.lets_in(&address);
    let page = scene.arrive(&code, &state, &cookie).await;
    assert_eq!(page.headers.get(header::LOCATION).unwrap(), "/portal/new", "{}", said(&page.text));
    assert_eq!(
        scene
            .world
            .count("select count(*) from users u join companies c on c.id = u.company_id where c.name = 'Acme'")
            .await,
        1
    );
    // For nobody else, and not for an address that it says itself is unproved.
    scene.fake.says(json!({ "sub": "2", "email": "eve@other.example" }));
    scene.refused("vouches for other addresses").await;
    scene.fake.says(json!({ "sub": "2", "email": "eve@acme.example", "email_verified": false }));
    scene.refused("was not checked").await;
    // Nor for somebody of another company who has an address in the domain.
    let other = scene.world.company("Other", false).await;
    let tom = scene.world.company_user(other).await;
    sqlx::query(
        "insert into user_emails (address, user_id, email) values ('tom@acme.example', $1, 'tom@acme.example')",
    )
    .bind(id_of(&tom).0)
    .execute(scene.world.desk.pool())
    .await
    .unwrap();
    scene.fake.says(json!({ "sub": "3", "email": "tom@acme.example" }));
    scene.refused("belongs to another company").await;
}

/// Who has another company by now, or has come to staff, sees what the provider of the one before must not open.
#[tokio::test]
async fn a_company_opens_nothing_of_who_is_not_its_own_any_more() {
    let of_acme = |input| ProviderInput { audience: Audience::Company, company: "acme".into(), ..input };
    let scene = Scene::with(of_acme).await;
    let world = &scene.world;
    let acme = CompanyId(world.count("select id from companies where name = 'Acme'").await);
    let other = world.company("Other", false).await;
    let connected = async || world.count("select count(*) from identities").await;
    let comes = async |sub: &str| {
        scene.fake.says(json!({ "sub": sub, "email": format!("{sub}@acme.example"), "name": sub }));
        assert!(signed_in(&scene.sign_in().await), "{sub}");
        UserId(world.count("select max(user_id) from identities").await)
    };
    let moves = async |id, from, to| {
        world
            .run(async |tx| customers::company::convert(tx, &scene.admin, id, Some(from), to, false).await)
            .await
            .unwrap();
    };
    let jana = comes("jana").await;
    moves(jana, acme, Some(other)).await;
    assert_eq!(connected().await, 0);
    scene.refused("belongs to another company").await;
    let kinds = scene.kinds().await;
    assert!(kinds.contains(&"account.disconnected".to_owned()), "{kinds:?}");
    // An individual is of no company that it could be a stranger to.
    let tom = comes("tom").await;
    moves(tom, acme, None).await;
    assert!(signed_in(&scene.sign_in().await));
    assert_eq!(connected().await, 1);
    // Whoever is invited to staff.
    let zoe = comes("zoe").await;
    let invited = invitations::invite(world, &scene.admin, "zoe@acme.example", Role::Agent).await;
    invited.unwrap();
    let link = account_mail::mail(world).await.token("/invitation/");
    let visitor = Actor::visitor(None);
    let joined = accounts::invitations::accept(&world.desk, &visitor, &link, "Zoe".into(), PASSWORD.into()).await;
    assert_eq!(joined.unwrap().id, zoe);
    assert_eq!(connected().await, 1);
    scene.refused("account of staff").await;
    // Who was moved before anybody looked after that: the first attempt ends it.
    let ida = comes("ida").await;
    sqlx::query("update users set company_id = $2 where id = $1")
        .bind(ida.0)
        .bind(other.0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    scene.refused("not of the company any more").await;
    assert_eq!(connected().await, 1);
    scene.refused("belongs to another company").await;
    // The way in becomes that of another company, which is not to open what is here of the first one's people.
    comes("eva").await;
    world.domain(other, "other.example").await;
    scene.change(|input| ProviderInput { company: "Other".into(), ..of_acme(input) }).await;
    assert_eq!(world.count("select count(*) from identities where subject = 'eva'").await, 0);
    scene.refused("vouches for other addresses").await;
}

/// Companies that are merged are one, and whoever is connected stays so.
#[tokio::test]
async fn people_of_a_company_that_is_merged_stay_connected() {
    let scene =
        Scene::with(|input| ProviderInput { audience: Audience::Company, company: "acme".into(), ..input }).await;
    let world = &scene.world;
    scene.fake.says(json!({ "email": "jana@acme.example" }));
    assert!(signed_in(&scene.sign_in().await));
    let acme = CompanyId(world.count("select id from companies where name = 'Acme'").await);
    let kept = world.company("Acme International", false).await;
    world.run(async |tx| companies::merge::merge(tx, &scene.admin, kept, acme).await).await.unwrap();
    assert!(signed_in(&scene.sign_in().await));
    assert_eq!(world.count("select count(*) from identities").await, 1);
}

#[tokio::test]
async fn staff_get_the_role_that_their_groups_give() {
    let scene = Scene::with(|input| ProviderInput {
        audience: Audience::Staff,
        domains: "desk.example".into(),
        role_claim: "realm_access.roles".into(),
        roles: "leads = Manager\nsupport = agent".into(),
        ..input
    })
    .await;
    let groups = |groups: Value| json!({ "sub": "mia", "email": "mia@desk.example", "name": "Mia", "realm_access": { "roles": groups } });
    scene.fake.says(groups(json!(["cooks"])));
    scene.refused("nothing that gives you a role").await;
    scene.fake.says(groups(json!(["superadmin", "support"])));
    assert!(signed_in(&scene.sign_in().await));
    let role = || async {
        let role: String = sqlx::query_scalar("select role from users where email = 'mia@desk.example'")
            .fetch_one(scene.world.desk.pool())
            .await
            .unwrap();
        role
    };
    assert_eq!(role().await, Role::Agent.word());
    scene.fake.says(groups(json!(["support", "leads"])));
    assert!(signed_in(&scene.sign_in().await));
    assert_eq!(role().await, Role::Manager.word());
    assert!(scene.kinds().await.contains(&"access.role_given".to_owned()));
    // In none of the groups any more, they are signed out where they still are.
    scene.fake.says(groups(json!([])));
    let page = scene.sign_in().await;
    assert!(page.text.contains("nothing that gives you a role"), "{}", said(&page.text));
    assert_eq!(scene.world.count("select count(*) from sessions").await, 0);
    // Whoever people have made a superadmin stays one.
    sqlx::query("update users set role = 'superadmin' where email = 'mia@desk.example'")
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    assert!(signed_in(&scene.sign_in().await));
    assert_eq!(role().await, Role::Superadmin.word());
    // Never one that may everything.
    let version = providers::get(&scene.world.desk, &scene.admin, scene.provider).await.unwrap().version;
    let input = ProviderInput {
        audience: Audience::Staff,
        domains: "desk.example".into(),
        role_claim: "groups".into(),
        roles: "leads = Superadmin".into(),
        ..input(&scene.fake)
    };
    scene
        .world
        .run(async |tx| providers::change(tx, &scene.admin, scene.provider, version, input).await)
        .await
        .wrong("roles");
}

#[tokio::test]
async fn staff_connect_their_account_and_disconnect_it() {
    let scene = Scene::new().await;
    let agent = scene.world.agent().await;
    let mia = scene.browser.clone().signed_in(&agent).await;
    assert!(mia.get("/me").await.text.contains("Connect Outside"));
    let leave = async |browser: &Browser| {
        let page = browser.post("/me/connected", &[("connect", &scene.provider.to_string())]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let address = page.text.split("url=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        (scene.fake.lets_in(&address), cookie)
    };
    // Somebody else's browser, or one that is signed out meanwhile, connects nothing.
    let ((code, state), cookie) = leave(&mia).await;
    let page = scene.arrive(&code, &state, &cookie).await;
    assert!(page.text.contains("Nothing was connected"), "{}", said(&page.text));
    let tom = scene.browser.clone().signed_in(&scene.world.customer().await).await;
    let ((code, state), cookie) = leave(&mia).await;
    let page = arrive(&tom, &[("code", &code), ("state", &state)], &cookie).await;
    assert_eq!(page.headers.get(header::LOCATION).unwrap(), "/portal/me?not-connected#connected");
    assert!(tom.get("/portal/me?not-connected").await.text.contains("Nothing was connected"));
    let ((code, state), cookie) = leave(&mia).await;
    let page = arrive(&mia, &[("code", &code), ("state", &state)], &cookie).await;
    assert_eq!(page.headers.get(header::LOCATION).unwrap(), "/me?connected", "{}", said(&page.text));
    // From now on it is a way in, whatever the address there is.
    scene.fake.says(json!({ "email": "private@mail.example", "email_verified": false }));
    assert!(signed_in(&scene.sign_in().await));
    // Nobody else gets it.
    let ((code, state), cookie) = leave(&tom).await;
    let page = arrive(&tom, &[("code", &code), ("state", &state)], &cookie).await;
    assert_eq!(page.headers.get(header::LOCATION).unwrap(), "/portal/me?taken#connected");
    // Not the last way in.
    let own = identities::own(&scene.world.desk, &agent).await.unwrap().connected;
    let pool = scene.world.desk.pool();
    sqlx::query("update users set password_hash = null where id = $1")
        .bind(id_of(&agent).0)
        .execute(pool)
        .await
        .unwrap();
    let disconnect = async || scene.world.run(async |tx| identities::disconnect(tx, &agent, own[0].id).await).await;
    disconnect().await.refused(Code::Impossible);
    sqlx::query("update users set password_hash = 'x' where id = $1")
        .bind(id_of(&agent).0)
        .execute(pool)
        .await
        .unwrap();
    let page = mia.post("/me/connected", &[("disconnect", &own[0].id.to_string())]).await;
    assert_eq!(page.headers.get(header::LOCATION).unwrap(), "/me?disconnected");
    disconnect().await.refused(Code::NotFound);
    let kinds = scene.kinds().await;
    for kind in ["account.connected", "account.disconnected"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind}");
    }
}

/// The same rule as for groups that are announced: see `scim::teams`.
#[tokio::test]
async fn staff_get_the_teams_that_their_groups_give() {
    let scene = Scene::new().await;
    let team = async |name: &str| {
        let input = NewTeam { name: name.into(), ..NewTeam::default() };
        scene.world.run(async |tx| teams::create(tx, &scene.admin, input).await).await.unwrap()
    };
    let (printers, leads) = (team("Printers").await, team("Leads").await);
    let input = ProviderInput {
        audience: Audience::Staff,
        domains: "desk.example".into(),
        role_claim: "groups".into(),
        roles: "support = Agent".into(),
        teams: "support = Printers\nleads = Leads\nleads = Printers".into(),
        ..input(&scene.fake)
    };
    scene.world.run(async |tx| providers::change(tx, &scene.admin, scene.provider, 1, input).await).await.unwrap();
    let members = async |team| teams::get(&scene.world.desk, &scene.admin, team).await.unwrap().members.len();
    let groups =
        |groups: &[&str]| json!({ "sub": "mia", "email": "mia@desk.example", "name": "Mia", "groups": groups });
    for (told, count) in
        [(vec!["support"], (1, 0)), (vec!["support", "leads"], (1, 1)), (vec!["support", "cooks"], (1, 0))]
    {
        scene.fake.says(groups(&told));
        assert!(signed_in(&scene.sign_in().await));
        assert_eq!((members(printers).await, members(leads).await), count, "{told:?}");
    }
    // In none any more: out, and in no team.
    scene.fake.says(groups(&[]));
    assert!(scene.sign_in().await.text.contains("nothing that gives you a role"));
    assert_eq!(members(printers).await, 0);
    // Who was there before and has connected their account keeps their role, and is in the teams of their groups.
    let agent = scene.world.agent().await;
    sqlx::query("insert into identities (provider_id, subject, user_id, linked_at) values ($1, 'ben', $2, now())")
        .bind(scene.provider.0)
        .bind(id_of(&agent).0)
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    scene.fake.says(json!({ "sub": "ben", "groups": ["leads"] }));
    assert!(signed_in(&scene.sign_in().await));
    assert_eq!((members(printers).await, members(leads).await), (1, 1));
    assert!(scene.kinds().await.contains(&"access.team_members".to_owned()));
}
