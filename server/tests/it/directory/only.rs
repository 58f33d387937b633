//! A directory that is marked as the only way in.

use super::{Scene, WRONG, of_staff, said, signed_in};
use crate::support::{PASSWORD, Refused as _, browser::Browser, id_of, person, slapd::password_of};
use axum::body::Body;
use domain::{
    Actor, Code,
    account::Registration,
    outside::{Kind, ProviderInput, Vouched, only::named},
};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use store::{
    accounts::{self, reset, sign_in::How, sign_in::after_proof},
    outside::{identities, providers, sign_in},
};

const AT_THE_COMPANY: &str = "Sign in with the password that you have at your company";
const TOLD: &str = "People at acme.example sign in here with the password that they have at Acme.";
const AWAY: &str = "Your password is tried at Acme, which does not answer at the moment. Please try again in a minute.";

fn only(input: ProviderInput) -> ProviderInput {
    ProviderInput { only: true, ..input }
}

fn visitor() -> Actor {
    Actor::visitor(Some("192.0.2.1".into()))
}

impl Scene {
    /// Somebody who has a password here, too.
    async fn known(&self, who: Actor, email: &str) -> Actor {
        let set = sqlx::query("update users set email = $2 where id = $1").bind(id_of(&who).0).bind(email);
        set.execute(self.world.desk.pool()).await.unwrap();
        self.world.actor(id_of(&who)).await
    }

    async fn user_of_acme(&self, email: &str) -> Actor {
        let acme = self.world.count("select id from companies where name = 'Acme'").await;
        self.known(self.world.company_user(acme.into()).await, email).await
    }

    /// Another provider, of whoever comes.
    async fn google(&self) -> domain::ProviderId {
        let input = ProviderInput {
            name: "Google".into(),
            client_id: "docket".into(),
            secret: "secret".into(),
            creates: true,
            enabled: true,
            ..ProviderInput::default()
        };
        let admin = &self.admin;
        self.world.run(async |tx| providers::create(tx, admin, Kind::Google, input).await).await.unwrap()
    }

    async fn log_in(&self, email: &str, password: &str) -> (StatusCode, Value) {
        let input = json!({ "email": email, "password": password }).to_string();
        let request = Request::post("/api/v1/auth/login").header(header::CONTENT_TYPE, "application/json");
        let page = self.browser.send(request.body(Body::from(input)).unwrap()).await;
        (page.status, serde_json::from_str(&page.text).unwrap())
    }

    async fn comes_in(&self, uid: &str, email: &str) -> Browser {
        let page = self.come(uid, email).await;
        assert!(signed_in(&page), "{email}: {}", said(&page.text));
        let mut browser = self.browser.clone();
        browser.cookie = page.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().map(str::to_owned);
        browser
    }
}

#[tokio::test]
async fn its_people_come_in_by_it_and_by_nothing_else() {
    let scene = Scene::new().await;
    let desk = &scene.world.desk;
    let jana = scene.user_of_acme("jana@acme.example").await;
    let email = person(&jana).email.as_str();
    scene.slapd.person("jana", email).await;
    let google = scene.google().await;
    // Not marked, it leaves other providers alone.
    after_proof(desk, &visitor(), person(&jana), "", How::Outside(google)).await.unwrap();
    scene.change(only).await;
    assert_eq!(scene.world.count("select count(*) from sessions").await, 0, "signed out");
    for how in [How::Password, How::Mail, How::Passkey, How::Outside(google), How::OutsideTwice(google)] {
        let error = after_proof(desk, &visitor(), person(&jana), "", how).await.refused(Code::Forbidden);
        assert!(error.message.contains(AT_THE_COMPANY) && named(&error).is_none(), "{how:?}: {error:?}");
    }
    let provider = providers::in_use(desk, google).await.unwrap();
    for address in [email, "new@acme.example"] {
        let who = Vouched {
            subject: address.into(),
            email: address.into(),
            email_verified: Some(true),
            ..Vouched::default()
        };
        sign_in::sign_in(desk, &visitor(), &provider, &who).await.refused(Code::Forbidden);
        let error = reset::ask(desk, &visitor(), address).await.refused(Code::Forbidden);
        assert_eq!(error.message, TOLD);
        let input = Registration { name: "J".into(), email: address.into(), password: PASSWORD.into() };
        let error = accounts::register(desk, &visitor(), input).await.refused(Code::Forbidden);
        assert_eq!(error.message, TOLD);
    }
    // The password from before is a wrong one, for it is tried there.
    scene.refused(email, PASSWORD, 422, WRONG).await;
    assert_eq!(scene.log_in(email, PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    scene.comes_in("jana", email).await;
    assert_eq!(scene.log_in(email, &password_of("jana")).await.0, StatusCode::OK);
    scene.slapd.person("new", "new@acme.example").await;
    scene.comes_in("new", "new@acme.example").await;
    let own = identities::own(desk, &jana).await.unwrap().connected.remove(0);
    let gone = scene.world.run(async |tx| identities::disconnect(tx, &jana, own.id).await).await;
    gone.refused(Code::Impossible);
}

#[tokio::test]
async fn staff_are_connected_there_the_first_time_they_come() {
    let scene = Scene::with(of_staff).await;
    let manager = scene.known(scene.world.manager().await, "mia@acme.example").await;
    let mia = scene.slapd.person("mia", "mia@acme.example").await;
    let before = scene.browser.clone().signed_in(&manager).await;
    scene.refused("mia@acme.example", &password_of("mia"), 422, WRONG).await;
    scene.change(|input| only(of_staff(input))).await;
    assert!(before.get("/tickets").await.status.is_redirection(), "signed out");
    scene.refused("mia@acme.example", PASSWORD, 422, WRONG).await;
    // No group gives them a role, and they keep the one that people have given.
    scene.comes_in("mia", "mia@acme.example").await;
    assert_eq!(scene.role("mia@acme.example").await, "manager");
    // Whoever it makes an account for gets what the groups give, as ever.
    let new = scene.slapd.person("new", "new@acme.example").await;
    scene.refused("new@acme.example", &password_of("new"), 403, "nothing that gives you a role").await;
    scene.slapd.group("support", &[&new]).await;
    scene.comes_in("new", "new@acme.example").await;
    assert_eq!(scene.role("new@acme.example").await, "agent");
    // Locked there is locked out here.
    scene.slapd.set(&mia, "pwdAccountLockedTime", &["000001010000Z"]).await;
    scene.refused("mia@acme.example", &password_of("mia"), 422, WRONG).await;
    scene.refused("mia@acme.example", PASSWORD, 422, WRONG).await;
}

/// It is away: whoever is bound is told so and nothing else, and who may everything can come in and mend it.
#[tokio::test]
async fn where_it_is_away_somebody_can_mend_it() {
    for staff in [false, true] {
        let set = |input| if staff { only(of_staff(input)) } else { only(input) };
        let mut scene = Scene::with(set).await;
        let desk = scene.world.desk.clone();
        // Whoever may everything has an address there, and an account.
        let ada = scene.known(scene.admin.clone(), "ada@acme.example").await;
        scene.slapd.person("ada", "ada@acme.example").await;
        if staff {
            let there = password_of("ada");
            identities::connect_directory(&desk, &ada, None, scene.provider, &there).await.unwrap();
        }
        let jana = match staff {
            true => scene.known(scene.world.agent().await, "jana@acme.example").await,
            false => scene.user_of_acme("jana@acme.example").await,
        };
        scene.slapd.person("jana", "jana@acme.example").await;
        let signed = scene.comes_in("jana", "jana@acme.example").await;
        scene.slapd.kill();
        for (email, password) in [
            ("jana@acme.example", password_of("jana")),
            ("jana@acme.example", PASSWORD.into()),
            ("nobody@acme.example", "any".into()),
        ] {
            scene.refused(email, &password, 503, AWAY).await;
            let (status, problem) = scene.log_in(email, &password).await;
            assert_eq!(
                (status, problem["detail"].as_str()),
                (StatusCode::SERVICE_UNAVAILABLE, Some(AWAY)),
                "{problem}"
            );
        }
        // No other way in opens meanwhile, and nobody is locked for what is not their fault.
        let error = reset::ask(&desk, &visitor(), "jana@acme.example").await.refused(Code::Forbidden);
        assert_eq!(error.message, TOLD);
        after_proof(&desk, &visitor(), person(&jana), "", How::Passkey).await.refused(Code::Forbidden);
        assert_eq!(scene.world.count("select count(*) from sign_in_throttle where key like 'account:%'").await, 0);
        assert_eq!(signed.get("/portal").await.status, StatusCode::OK, "who is in stays in");
        // The desk is not lost.
        assert!(signed_in(&scene.sign_in("ada@acme.example", PASSWORD).await));
        assert_eq!(scene.log_in("ada@acme.example", PASSWORD).await.0, StatusCode::OK);
        let page = scene.browser.clone().signed_in(&ada).await;
        let number = scene.provider;
        let page = page.get(&format!("/settings/sign-in/{number}")).await;
        assert!(page.status == StatusCode::OK && page.text.contains("Only this way in"), "{}", page.status);
        scene.change(|input| ProviderInput { enabled: false, ..set(input) }).await;
        assert!(signed_in(&scene.sign_in("jana@acme.example", PASSWORD).await));
    }
}
