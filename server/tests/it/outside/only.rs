//! Only this way in: whoever a provider binds comes in by it and by nothing else.

use super::{Scene, said, signed_in};
use crate::support::{PASSWORD, Refused as _, browser::Browser, id_of, node::Node, person, session_of};
use axum::body::Body;
use domain::{
    Actor, Code, Role,
    access::RoleChoice,
    account::Registration,
    api_token::{NewApiToken, Scope},
    outside::{Audience, Kind, ProviderInput, Vouched, only::named},
};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use store::{
    accounts::{self, api_tokens, invitations, reset, sign_in::How, sign_in::after_proof},
    outside::{identities, providers, sign_in},
};

const WRONG: &str = "The e-mail address or the password is not right.";
const TOLD: &str = "People at people.example sign in here with Outside only";
const BOUND: &str = "You sign in here with Outside only";

pub(super) fn of_company(input: ProviderInput) -> ProviderInput {
    ProviderInput { audience: Audience::Company, company: "Acme".into(), ..input }
}

pub(super) fn of_staff(input: ProviderInput) -> ProviderInput {
    ProviderInput {
        audience: Audience::Staff,
        domains: "people.example".into(),
        role_claim: "groups".into(),
        roles: "support = Agent".into(),
        ..input
    }
}

pub(super) fn only(input: ProviderInput) -> ProviderInput {
    ProviderInput { only: true, ..input }
}

pub(super) fn visitor() -> Actor {
    Actor::visitor(Some("192.0.2.1".into()))
}

impl Scene {
    /// A desk with a provider of Acme, whose people have their addresses where everybody has theirs here.
    async fn acme() -> Self {
        let scene = Self::with(of_company).await;
        scene
            .do_sql("insert into company_domains (domain, company_id) select 'people.example', id from companies")
            .await;
        scene
    }

    pub(super) async fn do_sql(&self, sql: &'static str) {
        sqlx::query(sql).execute(self.world.desk.pool()).await.unwrap();
    }

    async fn user_of_acme(&self) -> Actor {
        let acme: i64 = sqlx::query_scalar("select id from companies where name = 'Acme'")
            .fetch_one(self.world.desk.pool())
            .await
            .unwrap();
        self.world.company_user(acme.into()).await
    }

    pub(super) async fn connect(&self, who: &Actor, subject: &str) {
        sqlx::query("insert into identities (provider_id, subject, user_id, linked_at) values ($1, $2, $3, now())")
            .bind(self.provider.0)
            .bind(subject)
            .bind(id_of(who).0)
            .execute(self.world.desk.pool())
            .await
            .unwrap();
    }

    pub(super) async fn log_in(&self, email: &str, password: &str) -> (StatusCode, Value) {
        let input = json!({ "email": email, "password": password }).to_string();
        let request = Request::post("/api/v1/auth/login").header(header::CONTENT_TYPE, "application/json");
        let page = self.browser.send(request.body(Body::from(input)).unwrap()).await;
        (page.status, serde_json::from_str(&page.text).unwrap())
    }

    /// Signs in by the form: the status, whether it has led in, and what was said.
    async fn type_in(&self, email: &str, password: &str) -> (u16, String) {
        let page =
            self.browser.post("/sign-in", &[("email", email), ("password", password), ("next", "/portal")]).await;
        match signed_in(&page) {
            true => (page.status.as_u16(), "in".into()),
            false => (page.status.as_u16(), said(&page.text)),
        }
    }

    /// The same in vain, with the way in that is offered.
    async fn refused_password(&self, email: &str, password: &str, words: &str) {
        let (status, said) = self.type_in(email, password).await;
        assert!(status == 403 && said.contains(words), "{email}: {status} {said}");
        let button = format!("href=\"/sign-in/with/{}?next=", self.provider);
        assert!(said.contains(&button) && said.contains("Continue with Outside"), "{email}: {said}");
    }
}

pub(super) async fn call(browser: &Browser, token: &str) -> StatusCode {
    let request = Request::get("/api/v1/auth/me").header(header::AUTHORIZATION, format!("Bearer {token}"));
    browser.send(request.body(Body::empty()).unwrap()).await.status
}

#[tokio::test]
async fn a_password_opens_nothing_and_tells_nothing() {
    let scene = Scene::acme().await;
    let (jana, boss) = (scene.user_of_acme().await, &scene.admin);
    let other = scene.world.company("Other", false).await;
    let stranger = scene.world.company_user(other).await;
    let email = |who: &Actor| person(who).email.clone();
    // Signed in from before, on a device, by a program with the password, and by one with a token of its own.
    let before = Browser::of(&scene.world, &jana).await;
    assert_eq!(before.get("/portal").await.status, StatusCode::OK);
    let (_, login) = scene.log_in(&email(&jana), PASSWORD).await;
    let login = login["token"].as_str().unwrap().to_owned();
    let token = NewApiToken { name: "Report".into(), scope: Scope::Read.word().into(), days: 30 };
    let token = api_tokens::create(&scene.world.desk, &jana, None, &token, PASSWORD.into()).await.unwrap();
    let theirs = Browser::of(&scene.world, &stranger).await;
    scene.change(|input| only(of_company(input))).await;
    assert!(before.get("/portal").await.status.is_redirection(), "signed out");
    assert_eq!(theirs.get("/portal").await.status, StatusCode::OK, "somebody else's people are not");
    assert_eq!(call(&scene.browser, &login).await, StatusCode::UNAUTHORIZED);
    assert_eq!(call(&scene.browser, &token).await, StatusCode::OK);
    let ended: Value = sqlx::query_scalar("select data from events where kind = 'access.only_way'")
        .fetch_one(scene.world.desk.pool())
        .await
        .unwrap();
    assert_eq!(ended, json!({ "provider": "Outside", "people": 1, "sessions": 1, "user": id_of(&jana).0 }));
    // The same for who is there and who is not, whether the password is right or not, and for whoever may everything.
    for (who, password) in [
        (email(&jana), PASSWORD),
        (email(&jana), "another"),
        ("nobody@people.example".into(), "another"),
        (email(&stranger), "another"),
        (email(boss), "another"),
    ] {
        scene.refused_password(&who, password, TOLD).await;
    }
    for who in [boss, &stranger] {
        assert_eq!(scene.type_in(&email(who), PASSWORD).await.1, "in");
    }
    let (status, problem) = scene.log_in(&email(&jana), PASSWORD).await;
    assert_eq!(
        (status, problem["errors"][0]["message"].as_str()),
        (StatusCode::FORBIDDEN, Some("Outside")),
        "{problem}"
    );
    assert!(problem["detail"].as_str().unwrap().contains(TOLD), "{problem}");
    assert_eq!(scene.log_in(&email(boss), PASSWORD).await.0, StatusCode::OK);
    // Tries are counted in the same way, so that waiting tells nothing either.
    scene.world.advance_seconds(7_200);
    let mut waits = Vec::new();
    for (who, password) in [
        (email(&jana), PASSWORD),
        (email(&jana).to_uppercase(), "another"),
        ("nobody@people.example".into(), "another"),
    ] {
        let mut statuses = Vec::new();
        for _ in 0..7 {
            statuses.push(scene.type_in(&who, password).await.0);
        }
        waits.push(statuses);
        scene.world.advance_seconds(7_200);
    }
    assert!(waits.iter().all(|statuses| *statuses == waits[0]) && waits[0].contains(&429), "{waits:?}");
    // By the provider they come, and stay connected.
    scene.fake.says(json!({ "sub": "jana", "email": email(&jana) }));
    assert!(signed_in(&scene.sign_in().await));
    let own = identities::own(&scene.world.desk, &jana).await.unwrap();
    let id = own.connected[0].id;
    scene.world.run(async |tx| identities::disconnect(tx, &jana, id).await).await.refused(Code::Impossible);
    // Switched off, or no longer the only way, all is as it was.
    for set in [|input| ProviderInput { enabled: false, ..only(of_company(input)) }, of_company] {
        scene.change(set).await;
        assert_eq!(scene.type_in(&email(&jana), PASSWORD).await.1, "in");
        scene.refused_plainly("nobody@people.example").await;
        scene.change(|input| only(of_company(input))).await;
        scene.refused_password(&email(&jana), PASSWORD, TOLD).await;
    }
}

impl Scene {
    async fn refused_plainly(&self, email: &str) {
        let (status, said) = self.type_in(email, "another").await;
        assert!(status == 422 && said.contains(WRONG), "{status} {said}");
    }
}

#[tokio::test]
async fn whoever_is_connected_there_is_told_only_when_the_password_was_right() {
    let scene = Scene::acme().await;
    let ben = scene.user_of_acme().await;
    scene.do_sql("update users set email = 'ben@mail.example' where role = 'customer'").await;
    scene.connect(&ben, "ben").await;
    scene.change(|input| only(of_company(input))).await;
    scene.refused_plainly("ben@mail.example").await;
    scene.refused_password("ben@mail.example", PASSWORD, BOUND).await;
    let (status, problem) = scene.log_in("ben@mail.example", PASSWORD).await;
    assert!(status == StatusCode::FORBIDDEN && problem["detail"].as_str().unwrap().contains(BOUND), "{problem}");
    assert_eq!(scene.log_in("ben@mail.example", "another").await.0, StatusCode::UNAUTHORIZED);
    let kinds = scene.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "account.way_refused").count(), 2, "{kinds:?}");
    // A new password by mail is refused where the link leads to.
    reset::ask(&scene.world.desk, &visitor(), "ben@mail.example").await.unwrap();
    let link = scene.world.mails().await.remove(0).token("/reset/");
    let page = scene.browser.post(&format!("/reset/{link}"), &[("password", "correct horse battery")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains(BOUND) && page.text.contains(&format!("/sign-in/with/{}", scene.provider)));
    // Another company's user by now: what binds the one does not bind the other.
    scene.do_sql("insert into companies (name, created_at) values ('Other', now())").await;
    scene
        .do_sql("update users set company_id = (select id from companies where name = 'Other') where role = 'customer'")
        .await;
    scene.world.advance_seconds(7_200);
    assert_eq!(scene.type_in("ben@mail.example", PASSWORD).await.1, "in");
}

#[tokio::test]
async fn there_is_no_other_way_around_it() {
    let scene = Scene::acme().await;
    let desk = &scene.world.desk;
    let (jana, boss) = (scene.user_of_acme().await, scene.admin.clone());
    scene.change(|input| only(of_company(input))).await;
    // A passkey alone, and the link of a mail. The second step of something else stays good.
    for how in [How::Password, How::Passkey, How::Mail] {
        let error = after_proof(desk, &visitor(), person(&jana), "", how).await.unwrap_err();
        assert_eq!((error.code, named(&error).map(|way| way.id)), (Code::Forbidden, Some(scene.provider)), "{how:?}");
        after_proof(desk, &visitor(), person(&boss), "", how).await.unwrap();
    }
    assert_eq!(scene.kinds().await.iter().filter(|kind| *kind == "account.way_refused").count(), 3);
    // A new password, for whoever may everything only; what is said is the same.
    for who in [&person(&jana).email, &person(&boss).email, "nobody@people.example"] {
        let error = reset::ask(desk, &visitor(), who).await.unwrap_err();
        assert!(error.message.contains(TOLD) && named(&error).is_some(), "{error:?}");
    }
    let page = scene.browser.post("/forgot", &[("email", &person(&jana).email)]).await;
    assert!(page.status == StatusCode::FORBIDDEN && page.text.contains(TOLD), "{}", said(&page.text));
    let mails = scene.world.mails().await;
    assert_eq!(mails.iter().filter(|mail| mail.text.contains("/reset/")).count(), 1, "{mails:?}");
    reset::set(desk, &visitor(), &mails[0].token("/reset/"), "correct horse battery".into()).await.unwrap();
    // One's own password, and a registration.
    let change =
        accounts::own::change_password(desk, &jana, None, PASSWORD.into(), "correct horse battery".into()).await;
    assert!(change.is_err());
    let input = |email: &str| Registration { name: "J".into(), email: email.into(), password: PASSWORD.into() };
    let error = accounts::register(desk, &visitor(), input("new@people.example")).await.unwrap_err();
    assert!(error.code == Code::Forbidden && error.message.contains(TOLD), "{error:?}");
    let fields = [("name", "J"), ("email", "new@people.example"), ("password", PASSWORD)];
    let page = scene.browser.post("/sign-up", &fields).await;
    assert!(
        page.status == StatusCode::FORBIDDEN && page.text.contains("Continue with Outside"),
        "{}",
        said(&page.text)
    );
    // Another provider, be they connected there or come for the first time.
    let google = ProviderInput { audience: Audience::Everybody, name: "Google".into(), ..super::input(&scene.fake) };
    let admin = &scene.admin;
    let google = scene.world.run(async |tx| providers::create(tx, admin, Kind::Oidc, google).await).await.unwrap();
    let google = providers::in_use(desk, google).await.unwrap();
    let accounts = scene.world.count("select count(*) from users").await;
    for email in [person(&jana).email.as_str(), "new@people.example"] {
        let who =
            Vouched { subject: email.into(), email: email.into(), email_verified: Some(true), ..Vouched::default() };
        let error = sign_in::sign_in(desk, &visitor(), &google, &who).await.unwrap_err();
        assert!(error.message.contains(BOUND), "{error:?}");
    }
    assert_eq!(scene.world.count("select count(*) from users").await, accounts);
    assert_eq!(scene.world.count("select count(*) from identities").await, 0);
    sqlx::query("insert into identities (provider_id, subject, user_id, linked_at) values ($1, 'jana', $2, now())")
        .bind(google.id.0)
        .bind(id_of(&jana).0)
        .execute(desk.pool())
        .await
        .unwrap();
    let who = Vouched { subject: "jana".into(), ..Vouched::default() };
    sign_in::sign_in(desk, &visitor(), &google, &who).await.refused(Code::Forbidden);
    // By another of their addresses they are the same person.
    sqlx::query("insert into user_emails (address, user_id, email) values ('j@mail.example', $1, 'j@mail.example')")
        .bind(id_of(&jana).0)
        .execute(desk.pool())
        .await
        .unwrap();
    scene.refused_password("j@mail.example", PASSWORD, BOUND).await;
    scene.refused_plainly("j@mail.example").await;
}

#[tokio::test]
async fn staff_are_bound_and_connected_the_first_time_they_come() {
    let scene = Scene::with(of_staff).await;
    let desk = &scene.world.desk;
    let (agent, customer) = (scene.world.agent().await, scene.world.customer().await);
    scene.fake.says(json!({ "sub": "mia", "email": person(&agent).email, "groups": ["leads"] }));
    scene.refused("account of staff").await;
    scene.change(|input| only(of_staff(input))).await;
    scene.refused_password(&person(&agent).email, PASSWORD, TOLD).await;
    assert!(signed_in(&scene.sign_in().await), "their role is a matter of people, so the groups need not give one");
    let role: String = sqlx::query_scalar("select role from users where id = $1")
        .bind(id_of(&agent).0)
        .fetch_one(desk.pool())
        .await
        .unwrap();
    assert_eq!(role, "agent");
    // Not with an address that was not checked there, and never as whoever may everything.
    let manager = scene.world.manager().await;
    scene.fake.says(json!({ "sub": "max", "email": person(&manager).email, "email_verified": false }));
    scene.refused("was not checked").await;
    scene.fake.says(json!({ "sub": "boss", "email": person(&scene.admin).email, "email_verified": true }));
    scene.refused("account of staff").await;
    assert_eq!(scene.type_in(&person(&scene.admin).email, PASSWORD).await.1, "in");
    // It does not bind customers, wherever they have their address.
    assert_eq!(scene.type_in(&person(&customer).email, PASSWORD).await.1, "in");
    // Who is invited has an account, without a password.
    let role = RoleChoice::BuiltIn(Role::Agent);
    let invited = "new@people.example";
    scene.world.run(async |tx| invitations::invite(tx, &scene.admin, invited, role, &[]).await).await.unwrap();
    let link = scene.world.mails().await.remove(0).token("/invitation/");
    let page = scene.browser.post(&format!("/invitation/{link}"), &[("name", "New"), ("password", PASSWORD)]).await;
    assert!(
        page.text.contains("Your account is ready") && page.text.contains("Continue with Outside"),
        "{}",
        page.text
    );
    assert!(page.status == StatusCode::FORBIDDEN && page.text.contains(BOUND), "{}", said(&page.text));
    let without =
        "select count(*) from users where email = 'new@people.example' and password_hash is null and role = 'agent'";
    assert_eq!(scene.world.count(without).await, 1);
    scene.fake.says(json!({ "sub": "new", "email": invited }));
    assert!(signed_in(&scene.sign_in().await));
    // Only for people whom it is said of.
    let everybody = ProviderInput { audience: Audience::Everybody, ..only(super::input(&scene.fake)) };
    let admin = &scene.admin;
    scene.world.run(async |tx| providers::create(tx, admin, Kind::Oidc, everybody).await).await.wrong("only");
}

#[tokio::test]
async fn who_signs_in_while_it_is_switched_on_is_signed_out_or_not_let_in() {
    let scene = Scene::acme().await;
    let mut people = Vec::new();
    for _ in 0..6 {
        people.push(scene.user_of_acme().await);
    }
    for round in 0..4 {
        let come = people.iter().map(|who| async {
            let _ = after_proof(&scene.world.desk, &visitor(), person(who), "", How::Password).await;
        });
        let switch = scene.change(|input| only(of_company(input)));
        tokio::join!(futures::future::join_all(come), switch);
        assert_eq!(scene.world.count("select count(*) from sessions").await, 0, "round {round}");
        scene.change(of_company).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_hear_of_it_at_once() {
    let scene = Scene::acme().await;
    let jana = scene.user_of_acme().await;
    let node = Node::start(&scene.world).await;
    let opened = after_proof(&node.desk, &visitor(), person(&jana), "", How::Password).await.unwrap();
    let session = accounts::find(&node.desk, &session_of(opened)).await.unwrap().unwrap();
    let mut tab = node.tab_of(id_of(&jana).0, session.id.0).await;
    let version = providers::get(&node.desk, &scene.admin, scene.provider).await.unwrap().version;
    let input = only(of_company(super::input(&scene.fake)));
    let mut tx = node.desk.begin().await.unwrap();
    providers::change(&mut tx, &scene.admin, scene.provider, version, input).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tab.closed().await, Some(4401));
}
