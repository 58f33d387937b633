//! Who gets which account by a directory, and which password is tried where.

use super::{Scene, WRONG, browser, of_staff, said, signed_in};
use crate::support::{PASSWORD, id_of, person, slapd::password_of};
use domain::{
    Actor,
    access::NewTeam,
    outside::{Directory, ProviderInput},
};
use http::{StatusCode, header};
use store::{
    access::teams,
    accounts::{self, sign_in::How},
    outside::{identities, providers},
};

#[tokio::test]
async fn staff_get_the_role_that_their_groups_give() {
    let scene = Scene::with(of_staff).await;
    let mia = scene.slapd.person("mia", "mia@acme.example").await;
    let refused = async |words| scene.refused("mia@acme.example", &password_of("mia"), 403, words).await;
    refused("nothing that gives you a role").await;
    let support = scene.slapd.group("support", &[&mia]).await;
    assert!(signed_in(&scene.come("mia", "mia@acme.example").await));
    assert_eq!(scene.role("mia@acme.example").await, "agent");
    // The rules are looked at in their order.
    let leads = scene.slapd.group("leads", &[&mia]).await;
    assert!(signed_in(&scene.come("mia", "mia@acme.example").await));
    assert_eq!(scene.role("mia@acme.example").await, "manager");
    assert!(scene.kinds().await.contains(&"access.role_given".to_owned()));
    scene.slapd.delete(&leads).await;
    assert!(signed_in(&scene.come("mia", "mia@acme.example").await));
    assert_eq!(scene.role("mia@acme.example").await, "agent");
    // In no group any more: not let in, and signed out where they still are.
    assert!(scene.world.count("select count(*) from sessions").await > 0);
    scene.slapd.delete(&support).await;
    let page = scene.come("mia", "mia@acme.example").await;
    assert!(page.status == StatusCode::FORBIDDEN && page.text.contains("nothing that gives you a role"));
    assert_eq!(scene.world.count("select count(*) from sessions").await, 0);
    assert_eq!(scene.kinds().await.last().unwrap(), "account.outside_refused");
    // The same by a search for groups.
    scene
        .change(|input| {
            let directory = Directory {
                group_filter: "(&(objectClass=groupOfNames)(member={dn}))".into(),
                group_base: "ou=groups,dc=acme,dc=example".into(),
                ..input.directory.clone()
            };
            ProviderInput { role_claim: String::new(), directory, ..of_staff(input) }
        })
        .await;
    refused("nothing that gives you a role").await;
    scene.slapd.group("leads", &[&mia]).await;
    assert!(signed_in(&scene.come("mia", "mia@acme.example").await));
    assert_eq!(scene.role("mia@acme.example").await, "manager");
}

/// The same rule as for groups that are announced: see `scim::teams`.
#[tokio::test]
async fn staff_get_the_teams_that_their_groups_give() {
    let scene = Scene::with(of_staff).await;
    let input = NewTeam { name: "Printers".into(), ..NewTeam::default() };
    let team = scene.world.run(async |tx| teams::create(tx, &scene.admin, input).await).await.unwrap();
    scene
        .change(|input| ProviderInput {
            teams: "CN=Printers, OU=Groups,DC=acme,DC=example = printers".into(),
            ..of_staff(input)
        })
        .await;
    let members = async || teams::get(&scene.world.desk, &scene.admin, team).await.unwrap().members.len();
    let mia = scene.slapd.person("mia", "mia@acme.example").await;
    scene.slapd.group("support", &[&mia]).await;
    let printers = scene.slapd.group("printers", &[&mia]).await;
    assert!(signed_in(&scene.come("mia", "mia@acme.example").await));
    assert_eq!(members().await, 1);
    scene.slapd.delete(&printers).await;
    assert!(signed_in(&scene.come("mia", "mia@acme.example").await));
    assert_eq!(members().await, 0);
}

#[tokio::test]
async fn nobody_comes_by_the_directory_of_others() {
    let scene = Scene::new().await;
    // It knows people with addresses elsewhere, and is not asked about them.
    scene.slapd.person("eve", "eve@other.example").await;
    scene.refused("eve@other.example", &password_of("eve"), 422, WRONG).await;
    assert_eq!(scene.world.count("select count(*) from users where role = 'customer'").await, 0);
    // Found by what was typed, but with another address there: that is what counts.
    scene
        .change(|input| {
            let directory = Directory { filter: "(uid={user})".into(), ..input.directory };
            ProviderInput { directory, ..input }
        })
        .await;
    scene.refused("eve@acme.example", &password_of("eve"), 403, "vouches for other addresses").await;
    // Somebody of another company with an address in the domain has a password here, and goes on with it.
    let other = scene.world.company("Other", false).await;
    let tom = scene.world.company_user(other).await;
    sqlx::query(
        "insert into user_emails (address, user_id, email) values ('tom@acme.example', $1, 'tom@acme.example')",
    )
    .bind(id_of(&tom).0)
    .execute(scene.world.desk.pool())
    .await
    .unwrap();
    scene.slapd.person("tom", "tom@acme.example").await;
    scene.refused("tom@acme.example", &password_of("tom"), 422, WRONG).await;
    assert!(signed_in(&scene.sign_in("tom@acme.example", PASSWORD).await));
    // Accounts are made where that was set up only.
    scene.change(|input| ProviderInput { creates: false, ..input }).await;
    scene.slapd.person("new", "new@acme.example").await;
    scene.refused("new@acme.example", &password_of("new"), 403, "There is no account with the address").await;
    // Switched off, nobody is asked.
    scene.change(|input| ProviderInput { enabled: false, ..input }).await;
    scene.refused("new@acme.example", &password_of("new"), 422, WRONG).await;
}

#[tokio::test]
async fn staff_with_a_password_keep_it_until_they_connect_their_account() {
    let scene = Scene::with(of_staff).await;
    let agent = scene.world.agent().await;
    let email = format!("agent{}@acme.example", id_of(&agent).0);
    sqlx::query("update users set email = $2 where id = $1")
        .bind(id_of(&agent).0)
        .bind(&email)
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    let agent = scene.world.actor(id_of(&agent)).await;
    scene.slapd.person("mia", &email).await;
    scene.refused(&email, &password_of("mia"), 422, WRONG).await;
    // On their own page, with the password of the directory. Wrong ones count.
    let mut own = browser(&scene.world);
    let page = own.post("/sign-in", &[("email", &email), ("password", PASSWORD)]).await;
    own.cookie = page.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().map(str::to_owned);
    let page = own.get("/me").await;
    assert!(page.text.contains("Your password at Acme"), "{}", page.text);
    let number = scene.provider.to_string();
    let connect = async |password: &str| {
        let page = own.post("/me/connected", &[("connect", &number), ("password", password)]).await;
        page.headers[header::LOCATION].to_str().unwrap().to_owned()
    };
    assert_eq!(connect("").await, "/me?wrong#connected");
    for _ in 0..5 {
        assert_eq!(connect(PASSWORD).await, "/me?wrong#connected");
    }
    assert_eq!(connect(&password_of("mia")).await, "/me?wait#connected");
    scene.world.advance_seconds(2);
    assert_eq!(connect(&password_of("mia")).await, "/me?connected");
    // From now on that password is the one, and its role is what people have given.
    assert!(signed_in(&scene.come("mia", &email).await));
    assert_eq!(scene.role(&email).await, "agent");
    scene.refused(&email, PASSWORD, 422, WRONG).await;
    // A customer is not offered the directory of staff, and not let near it.
    let customer = scene.world.customer().await;
    assert!(identities::own(&scene.world.desk, &customer).await.unwrap().more.is_empty());
    let tried =
        identities::connect_directory(&scene.world.desk, &customer, None, scene.provider, &password_of("mia")).await;
    assert_eq!(tried.unwrap_err().code, domain::Code::NotFound);
    // Another password is not to be had here.
    let change = accounts::own::change_password(&scene.world.desk, &agent, None, PASSWORD.into(), "x".repeat(20)).await;
    assert!(change.is_err());
}

#[tokio::test]
async fn a_superadmin_gets_in_without_a_directory() {
    let mut scene = Scene::with(of_staff).await;
    sqlx::query("update users set email = 'ada@acme.example' where role = 'superadmin'")
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    let ada = scene.world.actor(id_of(&scene.admin)).await;
    scene.slapd.person("ada", "ada@acme.example").await;
    identities::connect_directory(&scene.world.desk, &ada, None, scene.provider, &password_of("ada")).await.unwrap();
    scene.slapd.kill();
    assert!(signed_in(&scene.sign_in(&person(&ada).email, PASSWORD).await));
    // Everybody else is told that it is not their fault, and no guess is counted.
    for _ in 0..10 {
        scene.refused("mia@acme.example", "any", 503, "does not answer at the moment").await;
    }
    assert_eq!(scene.world.count("select count(*) from sign_in_throttle where key like 'account:mia%'").await, 0);
}

#[tokio::test]
async fn there_is_no_way_around_a_directory() {
    let scene = Scene::new().await;
    let desk = &scene.world.desk;
    let jana = scene.slapd.person("jana", "jana@acme.example").await;
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    scene.slapd.set(&jana, "pwdAccountLockedTime", &["000001010000Z"]).await;
    let visitor = Actor::visitor(Some("192.0.2.1".into()));
    // By a mail.
    accounts::reset::ask(desk, &visitor, "jana@acme.example").await.unwrap();
    let token = scene.world.mails().await.remove(0).token("/reset/");
    let error = accounts::reset::set(desk, &visitor, &token, "correct horse battery".into()).await.unwrap_err();
    assert!(error.message.contains("password that you have at your company"), "{error:?}");
    // By registering once more.
    let input = domain::account::Registration {
        name: "Jana".into(),
        email: "jana@acme.example".into(),
        password: PASSWORD.into(),
    };
    accounts::register(desk, &visitor, input).await.unwrap();
    let mails = scene.world.mails().await;
    if let Some(mail) = mails.iter().find(|mail| mail.text.contains("/confirm/")) {
        let error = accounts::confirm(desk, &visitor, &mail.token("/confirm/"), PASSWORD.into()).await.unwrap_err();
        assert!(error.message.contains("password that you have at your company"), "{error:?}");
    }
    scene.refused("jana@acme.example", PASSWORD, 422, WRONG).await;
    // With a passkey, which is good as the second step only.
    let id: i64 = sqlx::query_scalar("select user_id from identities").fetch_one(desk.pool()).await.unwrap();
    let person = scene.world.actor(id.into()).await.principal().unwrap().clone();
    for how in [How::Passkey, How::Mail] {
        let proved = accounts::sign_in::after_proof(desk, &visitor, &person, "", how).await;
        assert_eq!(proved.unwrap_err().code, domain::Code::Forbidden, "{how:?}");
    }
    // A password from before the directory was there is good no more.
    let known = scene.world.customer().await;
    sqlx::query("update users set email = 'known@acme.example' where id = $1")
        .bind(id_of(&known).0)
        .execute(desk.pool())
        .await
        .unwrap();
    scene.slapd.person("known", "known@acme.example").await;
    scene.refused("known@acme.example", PASSWORD, 422, WRONG).await;
    assert!(signed_in(&scene.come("known", "known@acme.example").await));
    let linked: i64 =
        sqlx::query_scalar("select user_id from identities where not made").fetch_one(desk.pool()).await.unwrap();
    assert_eq!(linked, id_of(&known).0);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_unless_the_directory_is_believed() {
    let scene = Scene::new().await;
    scene.slapd.person("jana", "jana@acme.example").await;
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    sqlx::query("insert into totp (user_id, secret_sealed, begun_at, confirmed_at) select id, '', now(), now() from users where email = 'jana@acme.example'")
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    let page = scene.come("jana", "jana@acme.example").await;
    assert!(
        !signed_in(&page) && page.headers[header::LOCATION].to_str().unwrap().starts_with("/sign-in/second"),
        "{}",
        said(&page.text)
    );
    // Right passwords do not set the count back then.
    assert!(scene.world.count("select count(*) from sign_in_throttle").await >= 0);
    scene.change(|input| ProviderInput { trusts_mfa: true, ..input }).await;
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    let visitor = Actor::visitor(None);
    let desk = &scene.world.desk;
    let checked = accounts::sign_in::check_password(desk, &visitor, "jana@acme.example", password_of("jana")).await;
    assert_eq!(checked.unwrap().1, How::OutsideTwice(scene.provider));
}

#[tokio::test]
async fn another_server_of_a_directory_knows_the_same_people() {
    let scene = Scene::new().await;
    scene.slapd.person("jana", "jana@acme.example").await;
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    let moved = |base: &'static str| {
        let address = scene.slapd.plain().replace("127.0.0.1", "localhost");
        scene.change(move |input| {
            let directory = Directory { base: base.into(), ..input.directory };
            ProviderInput { issuer: address, directory, ..input }
        })
    };
    moved("dc=acme,dc=example").await;
    assert_eq!(scene.world.count("select count(*) from identities").await, 1);
    // Elsewhere, and another tree: nobody there is who they were here.
    scene.change(|input| input).await;
    moved("ou=people,dc=acme,dc=example").await;
    assert_eq!(scene.world.count("select count(*) from identities").await, 0);
    // The password for looking people up does not go along to another server.
    let version = providers::get(&scene.world.desk, &scene.admin, scene.provider).await.unwrap().version;
    let input = ProviderInput { secret: String::new(), ..super::input("ldap://evil.example".into()) };
    let run = scene.world.run(async |tx| providers::change(tx, &scene.admin, scene.provider, version, input).await);
    assert!(run.await.unwrap_err().of_field("secret").is_some());
}

#[tokio::test]
async fn what_tells_people_apart_is_asked_for_anew_when_it_is_another() {
    let scene = Scene::new().await;
    scene.slapd.person("jana", "jana@acme.example").await;
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    let by = |attribute: &'static str| {
        scene.change(move |input| {
            let directory = Directory { subject_attribute: attribute.into(), ..input.directory };
            ProviderInput { directory, ..input }
        })
    };
    // The same one, written in another way.
    by("entryuuid").await;
    assert_eq!(scene.world.count("select count(*) from identities").await, 1);
    // Somebody may be called by this attribute as somebody else was by the first.
    by("uid").await;
    assert_eq!(scene.world.count("select count(*) from identities").await, 0);
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    assert_eq!(scene.world.count("select count(*) from identities where subject = 'jana'").await, 1);
}
