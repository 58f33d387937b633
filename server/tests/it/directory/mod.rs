//! Signing in with the password of a directory: a real one, and some that lie.

mod liars;
mod only;
mod owners;
mod settings;

use crate::support::{
    Setup, World,
    browser::{Browser, Page},
    slapd::{READER, Slapd, password_of},
};
use axum::body::Body;
use domain::{
    Actor, ProviderId,
    outside::{Audience, Directory, Kind, ProviderInput},
};
use http::{Request, StatusCode, header};
use server::outside::Directories;
use std::sync::Arc;
use store::{
    Options,
    outside::{directories::Answer, providers},
};

/// A desk with a company, whose people are in a directory, and the browser of somebody who is not signed in.
struct Scene {
    world: World,
    admin: Actor,
    slapd: Slapd,
    provider: ProviderId,
    browser: Browser,
}

/// A directory of the company Acme.
fn input(address: String) -> ProviderInput {
    ProviderInput {
        name: "Acme".into(),
        audience: Audience::Company,
        company: "Acme".into(),
        issuer: address,
        client_id: READER.0.into(),
        secret: READER.1.into(),
        creates: true,
        directory: Directory {
            base: "dc=acme,dc=example".into(),
            filter: "(mail={login})".into(),
            name_attribute: "cn".into(),
            email_attribute: "mail".into(),
            subject_attribute: "entryUUID".into(),
            ..Directory::default()
        },
        enabled: true,
        ..ProviderInput::default()
    }
}

/// The same for staff, with roles by groups.
fn of_staff(input: ProviderInput) -> ProviderInput {
    ProviderInput {
        audience: Audience::Staff,
        company: String::new(),
        domains: "acme.example".into(),
        role_claim: "memberOf".into(),
        roles: "cn=leads,ou=groups,dc=acme,dc=example = Manager\nCN=Support, OU=Groups,DC=acme,DC=example = Agent"
            .into(),
        ..input
    }
}

/// A desk that asks directories like this, with a company that has a domain.
async fn world(directories: Directories) -> (World, Actor) {
    let options = Options { directories: Arc::new(directories), ..Options::default() };
    let world = World::with(Setup { options, ..Setup::default() }).await;
    let admin = world.superadmin().await;
    let company = world.company("Acme", false).await;
    world.domain(company, "acme.example").await;
    (world, admin)
}

fn browser(world: &World) -> Browser {
    Browser::set(world, &["--outside-private-addresses", "true"])
}

impl Scene {
    async fn new() -> Self {
        Self::with(|input| input).await
    }

    async fn with(set: impl FnOnce(ProviderInput) -> ProviderInput) -> Self {
        let slapd = Slapd::start().await;
        let (world, admin) = world(Directories::new(true)).await;
        let input = set(input(slapd.plain()));
        let provider = world.run(async |tx| providers::create(tx, &admin, Kind::Ldap, input).await).await.unwrap();
        let browser = browser(&world);
        Self { world, admin, slapd, provider, browser }
    }

    async fn change(&self, set: impl FnOnce(ProviderInput) -> ProviderInput) {
        let version = providers::get(&self.world.desk, &self.admin, self.provider).await.unwrap().version;
        let input = set(input(self.slapd.plain()));
        let run = self.world.run(async |tx| providers::change(tx, &self.admin, self.provider, version, input).await);
        run.await.unwrap();
    }

    async fn sign_in(&self, email: &str, password: &str) -> Page {
        let fields = [("email", email), ("password", password), ("next", "/portal/new")];
        self.browser.post("/sign-in", &fields).await
    }

    /// Signs in with the right password of the directory.
    async fn come(&self, uid: &str, email: &str) -> Page {
        self.sign_in(email, &password_of(uid)).await
    }

    /// Signs in in vain: the words that are said, and the status.
    async fn refused(&self, email: &str, password: &str, status: u16, words: &str) {
        let before = self.world.count("select count(*) from sessions").await;
        let page = self.sign_in(email, password).await;
        assert_eq!(page.status.as_u16(), status, "{email}: {}", said(&page.text));
        assert!(page.text.contains(words), "“{words}” is not in: {}", said(&page.text));
        assert_eq!(self.world.count("select count(*) from sessions").await, before, "{email}");
    }

    async fn kinds(&self) -> Vec<String> {
        sqlx::query_scalar("select kind from events order by id").fetch_all(self.world.desk.pool()).await.unwrap()
    }

    /// What the directory says, asked past the desk.
    async fn ask(&self, login: &str, password: &str) -> Answer {
        let usable = providers::in_use(&self.world.desk, self.provider).await.unwrap();
        self.world.desk.options().directories.ask(&usable, login, password).await
    }

    async fn role(&self, email: &str) -> String {
        let role = sqlx::query_scalar("select role from users where email = $1").bind(email);
        role.fetch_one(self.world.desk.pool()).await.unwrap()
    }
}

/// What a page says in its notice.
fn said(page: &str) -> String {
    page.find("role=\"alert\"").map_or(page, |at| &page[at..]).chars().take(800).collect()
}

fn signed_in(page: &Page) -> bool {
    page.headers.get_all(header::SET_COOKIE).iter().any(|c| c.to_str().unwrap().starts_with("docket_session="))
}

const WRONG: &str = "The e-mail address or the password is not right.";

#[tokio::test]
async fn a_user_of_a_company_comes_by_its_directory() {
    let scene = Scene::new().await;
    let dn = scene.slapd.person("jana", "jana@acme.example").await;
    let page = scene.come("jana", "Jana@ACME.example").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", said(&page.text));
    assert_eq!(page.headers[header::LOCATION], "/portal/new");
    assert!(signed_in(&page));
    let count = |sql| scene.world.count(sql);
    assert_eq!(
        count("select count(*) from users u join companies c on c.id = u.company_id
               where u.email = 'jana@acme.example' and u.role = 'customer' and u.password_hash is null and c.name = 'Acme'")
            .await,
        1
    );
    assert_eq!(count("select count(*) from identities where length(subject) = 36 and made").await, 1);
    assert_eq!(
        scene.kinds().await,
        ["settings.provider_saved", "account.made_outside", "account.vouched", "account.signed_in"]
    );
    // The second time it is the same person, also by another address there.
    scene.slapd.set(&dn, "mail", &["jana.weiss@acme.example"]).await;
    assert!(signed_in(&scene.come("jana", "jana.weiss@acme.example").await));
    assert_eq!(count("select count(*) from users where role = 'customer'").await, 1);
    // Programs sign in with the same password.
    let log_in = async |password: &str| {
        let input = serde_json::json!({ "email": "jana.weiss@acme.example", "password": password }).to_string();
        let request = Request::post("/api/v1/auth/login").header(header::CONTENT_TYPE, "application/json");
        scene.browser.send(request.body(Body::from(input)).unwrap()).await
    };
    let page = log_in(&password_of("jana")).await;
    assert!(page.status == StatusCode::OK && page.text.contains("jana@acme.example"), "{}", page.text);
    assert_eq!(log_in("another").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_wrong_password_is_told_in_the_same_words_as_ever() {
    let scene = Scene::new().await;
    let dn = scene.slapd.person("jana", "jana@acme.example").await;
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    scene.refused("jana@acme.example", "another", 422, WRONG).await;
    // Many directories let in whoever has no password, as nobody.
    scene.refused("jana@acme.example", "", 422, WRONG).await;
    scene.refused("nobody@acme.example", "another", 422, WRONG).await;
    assert_eq!(scene.world.count("select count(*) from events where kind = 'account.sign_in_failed'").await, 3);
    // Locked there: it is not told from a wrong password.
    scene.slapd.set(&dn, "pwdAccountLockedTime", &["000001010000Z"]).await;
    scene.refused("jana@acme.example", &password_of("jana"), 422, WRONG).await;
    scene.slapd.set(&dn, "pwdAccountLockedTime", &[]).await;
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    scene.slapd.delete(&dn).await;
    scene.refused("jana@acme.example", &password_of("jana"), 422, WRONG).await;
    // Blocked here, the right password there does not help.
    let tom = scene.slapd.person("tom", "tom@acme.example").await;
    assert!(signed_in(&scene.come("tom", "tom@acme.example").await));
    sqlx::query("update users set blocked_at = now() where email = 'tom@acme.example'")
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    scene.refused("tom@acme.example", &password_of("tom"), 403, "blocked").await;
    // Somebody else has got the address there: not the account.
    sqlx::query("update users set blocked_at = null").execute(scene.world.desk.pool()).await.unwrap();
    scene.slapd.set(&tom, "mail", &["tom.old@acme.example"]).await;
    scene.slapd.person("other", "tom@acme.example").await;
    scene.refused("tom@acme.example", &password_of("other"), 403, "knows somebody else").await;
}

#[tokio::test]
async fn what_is_typed_finds_one_entry_or_none() {
    let scene = Scene::new().await;
    scene.slapd.person("jana", "jana@acme.example").await;
    let password = password_of("jana");
    assert!(matches!(scene.ask("jana@acme.example", &password).await, Answer::Vouched(_)));
    for login in ["*", "*)(uid=*", "jana*", "*@acme.example", "jana@acme.example)(uid=*", "\\2a", "a\0", ""] {
        assert_eq!(scene.ask(login, &password).await, Answer::Wrong, "{login}");
    }
    scene
        .change(|input| {
            let directory = Directory { filter: "(|(uid={user})(mail={login}))".into(), ..input.directory };
            ProviderInput { directory, ..input }
        })
        .await;
    assert!(matches!(scene.ask("jana@elsewhere.example", &password).await, Answer::Vouched(_)));
    assert_eq!(scene.ask("*)(objectClass=*@acme.example", &password).await, Answer::Wrong);
    assert_eq!(scene.ask("jana", "").await, Answer::Wrong);
    // Two entries fit: nobody is let in, not even with the password of one of them.
    scene.slapd.person("double", "jana@acme.example").await;
    assert_eq!(scene.ask("jana@acme.example", &password).await, Answer::Wrong);
    scene.refused("jana@acme.example", &password, 422, WRONG).await;
}

#[tokio::test]
async fn guesses_are_counted_and_the_right_password_has_to_wait_too() {
    let scene = Scene::new().await;
    scene.slapd.person("jana", "jana@acme.example").await;
    for _ in 0..6 {
        scene.refused("jana@acme.example", "another", 422, WRONG).await;
    }
    let page = scene.come("jana", "jana@acme.example").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "{}", said(&page.text));
    scene.world.advance_seconds(2);
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
    // And the count is set back: five more are free.
    for _ in 0..5 {
        scene.refused("jana@acme.example", "another", 422, WRONG).await;
    }
    assert!(signed_in(&scene.come("jana", "jana@acme.example").await));
}
