//! Signing in with an account elsewhere: against a provider that does it right, and one that lies.

mod announced;
mod bound;
mod fake;
mod only;
mod owners;
mod saml;
mod saml_settings;
mod turns;

use crate::support::{Refused as _, World, browser::Browser, browser::Page};
use axum::{body::Body, response::IntoResponse as _};
use domain::{
    Actor, Code, ProviderId,
    outside::{Kind, ProviderInput},
};
use fake::{CLIENT, Fake, Instead, SECRET, Signing};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use server::{
    outgoing::{Outgoing, Reach},
    outside::Partners,
};
use std::{io, net::SocketAddr, time::Duration};
use store::outside::{providers, visits};

/// A desk with a provider, and the browser of somebody who is not signed in.
struct Scene {
    world: World,
    admin: Actor,
    fake: Fake,
    browser: Browser,
    provider: ProviderId,
}

fn input(fake: &Fake) -> ProviderInput {
    ProviderInput {
        name: "Outside".into(),
        issuer: fake.issuer.clone(),
        client_id: CLIENT.into(),
        secret: SECRET.into(),
        creates: true,
        enabled: true,
        ..ProviderInput::default()
    }
}

/// A desk with a company and its domain, and who sets things up there.
async fn with_acme(domain: &str) -> (World, Actor) {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let company = world.company("Acme", false).await;
    world.domain(company, domain).await;
    (world, admin)
}

impl Scene {
    async fn new() -> Self {
        Self::with(|input| input).await
    }

    async fn with(set: impl FnOnce(ProviderInput) -> ProviderInput) -> Self {
        let (world, admin) = with_acme("acme.example").await;
        let fake = Fake::start(&world).await;
        let input = set(input(&fake));
        let provider = world.run(async |tx| providers::create(tx, &admin, Kind::Oidc, input).await).await.unwrap();
        let browser = Browser::set(&world, &["--outside-private-addresses", "true"]);
        Self { world, admin, fake, browser, provider }
    }

    async fn change(&self, set: impl FnOnce(ProviderInput) -> ProviderInput) {
        let version = providers::get(&self.world.desk, &self.admin, self.provider).await.unwrap().version;
        let input = set(input(&self.fake));
        self.world
            .run(async |tx| providers::change(tx, &self.admin, self.provider, version, input).await)
            .await
            .unwrap();
    }

    /// Goes to the provider. Where that is, and the cookie.
    async fn depart(&self, next: &str) -> (String, String) {
        let page = self.browser.get(&format!("/sign-in/with/{}?next={next}", self.provider)).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        (page.headers[header::LOCATION].to_str().unwrap().to_owned(), cookie)
    }

    async fn arrive(&self, code: &str, state: &str, cookie: &str) -> Page {
        self.arrive_with(&[("code", code), ("state", state)], cookie).await
    }

    async fn arrive_with(&self, pairs: &[(&str, &str)], cookie: &str) -> Page {
        arrive(&self.browser, pairs, cookie).await
    }

    /// There and back.
    async fn sign_in(&self) -> Page {
        let (address, cookie) = self.depart("/portal").await;
        let (code, state) = self.fake.lets_in(&address);
        self.arrive(&code, &state, &cookie).await
    }

    /// There and back, in vain: the words that are said.
    async fn refused(&self, words: &str) {
        let before = self.world.count("select count(*) from sessions").await;
        let page = self.sign_in().await;
        assert!(page.status.is_client_error(), "{words}: {} {}", page.status, page.text);
        assert!(page.text.contains(words), "“{words}” is not in: {}", said(&page.text));
        assert_eq!(self.world.count("select count(*) from sessions").await, before, "{words}");
    }

    async fn kinds(&self) -> Vec<String> {
        sqlx::query_scalar("select kind from events order by id").fetch_all(self.world.desk.pool()).await.unwrap()
    }
}

async fn arrive(browser: &Browser, pairs: &[(&str, &str)], cookie: &str) -> Page {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    // As browsers come back from another site.
    let request = Request::get(format!("/sign-in/back?{query}"))
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate");
    browser.send(request.body(Body::empty()).unwrap()).await
}

/// What a page says in its notice.
fn said(page: &str) -> String {
    page.find("role=\"alert\"").map_or(page, |at| &page[at..]).chars().take(800).collect()
}

fn signed_in(page: &Page) -> bool {
    page.headers.get_all(header::SET_COOKIE).iter().any(|c| c.to_str().unwrap().starts_with("docket_session="))
}

#[tokio::test]
async fn the_browsers_zone_is_taken_from_who_comes_back() {
    let scene = Scene::new().await;
    let (address, cookie) = scene.depart("/portal").await;
    let (code, state) = scene.fake.lets_in(&address);
    let cookie = format!("{cookie}; docket_zone=Europe/Berlin");
    assert!(signed_in(&scene.arrive(&code, &state, &cookie).await));
    assert_eq!(scene.world.count("select count(*) from users where time_zone = 'Europe/Berlin'").await, 1);
}

#[tokio::test]
async fn a_customer_comes_by_a_provider() {
    let scene = Scene::new().await;
    let page = scene.sign_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", said(&page.text));
    assert_eq!(page.headers[header::LOCATION], "/portal");
    assert!(signed_in(&page));
    let count = |sql| scene.world.count(sql);
    assert_eq!(count("select count(*) from users where email = 'jana@acme.example' and role = 'customer' and password_hash is null").await, 1);
    assert_eq!(count("select count(*) from identities where subject = '1234' and made").await, 1);
    assert_eq!(
        scene.kinds().await,
        ["settings.provider_saved", "account.made_outside", "account.vouched", "account.signed_in"]
    );
    // The second time it is the same person, whatever their address is there by now.
    scene.fake.says(json!({ "email": "jana.weiss@elsewhere.example", "email_verified": false }));
    assert!(signed_in(&scene.sign_in().await));
    assert_eq!(count("select count(*) from users where role = 'customer'").await, 1);
    // Whoever is blocked stays out.
    sqlx::query("update users set blocked_at = now() where email = 'jana@acme.example'")
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    scene.refused("blocked").await;
    // A provider that is switched off lets nobody in, also not who was on the way.
    sqlx::query("update users set blocked_at = null").execute(scene.world.desk.pool()).await.unwrap();
    let (address, cookie) = scene.depart("/").await;
    scene.change(|input| ProviderInput { enabled: false, ..input }).await;
    let (code, state) = scene.fake.lets_in(&address);
    assert!(!signed_in(&scene.arrive(&code, &state, &cookie).await));
    let page = scene.browser.get(&format!("/sign-in/with/{}", scene.provider)).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lies_are_refused_with_words() {
    let scene = Scene::new().await;
    let seconds = scene.world.now().0 / 1_000;
    for (claims, words) in [
        (json!({ "iss": "https://accounts.google.com" }), "names another issuer"),
        (json!({ "iss": null }), "names another issuer"),
        (json!({ "aud": "somebody" }), "is for somebody else"),
        (json!({ "aud": ["docket", "somebody"] }), "handed to somebody else"),
        (json!({ "aud": ["docket"], "azp": "somebody" }), "handed to somebody else"),
        (json!({ "aud": null }), "is for somebody else"),
        (json!({ "nonce": "another" }), "not for this sign-in"),
        (json!({ "nonce": null }), "not for this sign-in"),
        (json!({ "exp": seconds - 61 }), "has run out"),
        (json!({ "exp": null }), "has run out"),
        (json!({ "exp": "9999999999" }), "has run out"),
        (json!({ "iat": seconds + 120 }), "from the future"),
        (json!({ "iat": null }), "from the future"),
        (json!({ "nbf": seconds + 120 }), "not good yet"),
        (json!({ "sub": "" }), "does not say who"),
        (json!({ "sub": null }), "does not say who"),
        (json!({ "sub": 1234 }), "does not say who"),
        (json!({ "sub": "x".repeat(256) }), "does not say who"),
        (json!({ "at_hash": "AAAA" }), "belongs to another answer"),
        (json!({ "email_verified": false }), "does not say that it has checked"),
        (json!({ "email_verified": null }), "does not say that it has checked"),
        (json!({ "email_verified": 1 }), "does not say that it has checked"),
        (json!({ "email": null }), "did not tell your e-mail address"),
        (json!({ "email": "jana" }), "did not tell your e-mail address"),
        (json!({ "email": "jana@acme.example\r\nBcc: a@b.example" }), "did not tell your e-mail address"),
    ] {
        scene.fake.says(claims.clone());
        scene.refused(words).await;
    }
    scene.fake.says(json!({}));
    for (signing, words) in [
        (Signing::None, "not signed in a way that is accepted"),
        (Signing::PublicKeyAsSecret, "not signed in a way that is accepted"),
        (Signing::ForeignKey, "signature of its token is wrong"),
        (Signing::Tampered, "signature of its token is wrong"),
        (Signing::UnknownKey, "key that it does not show"),
        (Signing::Critical, "extensions that are not understood"),
    ] {
        scene.fake.now().signing = signing;
        scene.refused(words).await;
    }
    scene.fake.now().signing = Signing::Right;
    let answers: [(Instead, &str); 5] = [
        (|| "no JSON".into_response(), "not understood"),
        (|| axum::Json(json!({ "access_token": "a" })).into_response(), "did not say who you are"),
        (|| axum::Json(json!({ "id_token": "a.b" })).into_response(), "its token is broken"),
        (|| axum::Json(json!({ "id_token": "x".repeat(600_000) })).into_response(), "too large"),
        (|| (StatusCode::FOUND, [(header::LOCATION, "/me")]).into_response(), "refused the code with 302"),
    ];
    for (instead, words) in answers {
        scene.fake.now().instead = Some(instead);
        scene.refused(words).await;
    }
    scene.fake.now().instead = None;
    // Nothing of all this has made anybody, and the log has each of them.
    assert_eq!(scene.world.count("select count(*) from users where role = 'customer'").await, 0);
    assert_eq!(scene.world.count("select count(*) from events where kind = 'account.outside_refused'").await, 36);
    assert!(signed_in(&scene.sign_in().await), "and the truth is believed");
}

#[tokio::test]
async fn a_state_is_good_once_and_in_one_browser() {
    let scene = Scene::new().await;
    let (address, cookie) = scene.depart("/portal").await;
    let (code, state) = scene.fake.lets_in(&address);
    let lost = "This way in is not good any more";
    for other in ["docket_outside=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a=b", "docket_outside="] {
        let page = scene.arrive(&code, &state, other).await;
        assert!(page.text.contains(lost) && !signed_in(&page), "{other}: {}", said(&page.text));
    }
    for wrong in ["", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let page = scene.arrive(&code, wrong, &cookie).await;
        assert!(page.text.contains(lost) && !signed_in(&page), "{wrong}");
    }
    // Somebody else's code does not go with one's own state: it belongs to another challenge.
    let (theirs, _) = scene.fake.lets_in(&scene.depart("/").await.0);
    let page = scene.arrive(&theirs, &state, &cookie).await;
    assert!(page.text.contains("invalid_grant") && !signed_in(&page), "{}", said(&page.text));
    // And now it is used up.
    let page = scene.arrive(&code, &state, &cookie).await;
    assert!(page.text.contains(lost) && !signed_in(&page));
    // It runs out.
    let (address, cookie) = scene.depart("/portal").await;
    let (code, state) = scene.fake.lets_in(&address);
    scene.world.advance_seconds(visits::LASTS_MS / 1_000 + 1);
    assert!(scene.arrive(&code, &state, &cookie).await.text.contains(lost));
    // Two pages of one browser may be on their way.
    let (one, cookie) = scene.depart("/portal").await;
    let request = Request::get(format!("/sign-in/with/{}", scene.provider)).header(header::COOKIE, &cookie);
    let page = scene.browser.send(request.body(Body::empty()).unwrap()).await;
    assert!(page.headers[header::SET_COOKIE].to_str().unwrap().starts_with(&cookie));
    let (code, state) = scene.fake.lets_in(&one);
    assert!(signed_in(&scene.arrive(&code, &state, &cookie).await));
}

#[tokio::test]
async fn what_comes_back_is_of_the_provider_that_was_asked() {
    let scene = Scene::new().await;
    for (pairs, words) in [
        (vec![("iss", "https://accounts.google.com")], "in the name of another"),
        (vec![("error", "access_denied")], "was not allowed to say who you are"),
        (vec![("error", "<script>alert(1)</script>")], "refused: &lt;script"),
        (vec![("code", "")], "without a code"),
    ] {
        let (address, cookie) = scene.depart("/").await;
        let (code, state) = scene.fake.lets_in(&address);
        let mut all = pairs.clone();
        all.push(("state", &state));
        if !pairs.iter().any(|(name, _)| *name == "code") {
            all.push(("code", &code));
        }
        let page = scene.arrive_with(&all, &cookie).await;
        assert!(page.text.contains(words) && !signed_in(&page), "{words}: {}", said(&page.text));
    }
    scene.fake.now().metadata = json!({ "authorization_response_iss_parameter_supported": true });
    scene.world.advance_seconds(3_601);
    let (address, cookie) = scene.depart("/").await;
    let (code, state) = scene.fake.lets_in(&address);
    let page = scene.arrive(&code, &state, &cookie).await;
    assert!(page.text.contains("did not say that the answer is its own"), "{}", said(&page.text));
    let (address, cookie) = scene.depart("/").await;
    let (code, state) = scene.fake.lets_in(&address);
    let issuer = scene.fake.issuer.clone();
    let page = scene.arrive_with(&[("code", &code), ("state", &state), ("iss", &issuer)], &cookie).await;
    assert!(signed_in(&page), "{}", said(&page.text));
}

#[tokio::test]
async fn nobody_is_led_to_another_site_afterwards() {
    let scene = Scene::new().await;
    for (next, to) in [
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/%5Cevil.example", "/"),
        ("/portal/new", "/portal/new"),
    ] {
        let (address, cookie) = scene.depart(next).await;
        let (code, state) = scene.fake.lets_in(&address);
        let page = scene.arrive(&code, &state, &cookie).await;
        assert_eq!(page.headers[header::LOCATION], to, "{next}");
    }
}

#[tokio::test]
async fn keys_are_read_again_when_they_were_changed_but_not_all_the_time() {
    let scene = Scene::new().await;
    assert!(signed_in(&scene.sign_in().await));
    assert!(signed_in(&scene.sign_in().await));
    assert_eq!(scene.fake.now().keys_read, 1);
    scene.fake.rotate("second");
    // Read a moment ago: whoever makes keys up would have them read all the time.
    scene.refused("key that it does not show").await;
    assert_eq!(scene.fake.now().keys_read, 1);
    scene.world.advance_seconds(30);
    assert!(signed_in(&scene.sign_in().await));
    assert_eq!(scene.fake.now().keys_read, 2);
    scene.world.advance_seconds(31);
    scene.fake.now().signing = Signing::UnknownKey;
    for _ in 0..3 {
        scene.refused("key that it does not show").await;
    }
    assert_eq!(scene.fake.now().keys_read, 3);
}

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for() {
    let scene = Scene::new().await;
    scene.fake.now().metadata = json!({ "userinfo_endpoint": format!("{}/me", scene.fake.issuer) });
    scene.fake.says(json!({ "email": null, "email_verified": null }));
    // Of somebody else.
    scene.fake.now().userinfo = json!({ "sub": "other", "email": "jana@acme.example", "email_verified": true });
    scene.refused("did not tell your e-mail address").await;
    scene.fake.now().userinfo = json!({ "sub": "1234", "email": "jana@acme.example", "email_verified": true });
    assert!(signed_in(&scene.sign_in().await));
}

#[tokio::test]
async fn a_secret_is_kept_sealed_and_stays_with_its_address() {
    let scene = Scene::new().await;
    let kept: Vec<u8> =
        sqlx::query_scalar("select secret_sealed from providers").fetch_one(scene.world.desk.pool()).await.unwrap();
    assert!(!kept.windows(8).any(|part| SECRET.as_bytes().windows(8).any(|secret| secret == part)));
    let admin = scene.browser.clone().signed_in(&scene.admin).await;
    let page = admin.get(&format!("/settings/sign-in/{}", scene.provider)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains(&scene.fake.issuer) && !page.text.contains("special+signs"));
    let change = async |set: fn(ProviderInput) -> ProviderInput| {
        let input = set(ProviderInput { secret: String::new(), ..input(&scene.fake) });
        scene.world.run(async |tx| providers::change(tx, &scene.admin, scene.provider, 1, input).await).await
    };
    change(|input| ProviderInput { issuer: "https://thief.example".into(), ..input }).await.wrong("secret");
    change(|input| input).await.unwrap();
    change(|input| input).await.refused(Code::Conflict);
    assert!(signed_in(&scene.sign_in().await), "the secret is still there");
}

/// Loopback, for a moment.
struct Loopback;

#[async_trait::async_trait]
impl Reach for Loopback {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }

    fn allows(&self, to: SocketAddr) -> bool {
        to.ip().is_loopback()
    }
}

#[tokio::test]
async fn trying_a_provider_says_what_is_wrong_with_it() {
    let scene = Scene::new().await;
    let usable = providers::to_try(&scene.world.desk, &scene.admin, scene.provider).await.unwrap();
    let attempt = async |metadata: Value| {
        scene.fake.now().metadata = metadata;
        Partners::new(true).attempt(&usable, scene.world.now()).await
    };
    let good = attempt(json!({})).await;
    assert!(good.bad.is_empty() && good.good.len() == 3, "{good:?}");
    for (metadata, words) in [
        (json!({ "issuer": "https://other.example" }), "calls itself https://other.example"),
        (json!({ "jwks_uri": null }), "what OpenID Connect asks for"),
        (json!({ "token_endpoint": null }), "where codes become tokens"),
        (json!({ "jwks_uri": "file:///etc/passwd" }), "not encrypted"),
        (json!({ "jwks_uri": format!("{}/none", scene.fake.issuer) }), "answered 404"),
        (json!({ "jwks_uri": format!("{}/huge", scene.fake.issuer) }), "too large"),
        (json!({ "token_endpoint_auth_methods_supported": ["private_key_jwt"] }), "takes no client secret"),
    ] {
        let bad = attempt(metadata).await.bad.join(" ");
        assert!(bad.contains(words), "{words}: {bad}");
    }
    // One that hangs is given up.
    scene.fake.now().metadata = json!({ "jwks_uri": format!("{}/never", scene.fake.issuer) });
    let hasty = Partners::new(true).over(Outgoing::with(Loopback, Duration::from_millis(300)));
    let bad = hasty.attempt(&usable, scene.world.now()).await.bad.join(" ");
    assert!(bad.contains("took too long"), "{bad}");
    // Without the setting nothing in our own network is asked.
    let bad = Partners::new(false).attempt(&usable, scene.world.now()).await.bad.join(" ");
    assert!(bad.contains("not encrypted"), "{bad}");
    for inside in
        ["https://127.0.0.1", "https://localhost", "https://10.0.0.1", "https://[::1]", "https://169.254.169.254"]
    {
        let usable = domain::outside::Usable { issuer: inside.into(), ..usable.clone() };
        let bad = Partners::new(false).attempt(&usable, scene.world.now()).await.bad.join(" ");
        assert!(bad.contains("--outside-private-addresses"), "{inside}: {bad}");
    }
}
