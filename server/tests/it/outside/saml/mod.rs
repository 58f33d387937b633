//! Signing in by a provider of SAML.

mod idp;
mod lies;

use super::{said, signed_in, with_acme};
use crate::support::{Refused as _, World, browser::Browser, browser::Page};
use axum::body::Body;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    Actor, Code, ProviderId,
    outside::{Audience, Kind, ProviderInput},
};
use flate2::read::DeflateDecoder;
use form_urlencoded::Serializer;
use http::{Request, StatusCode, header};
use idp::{Asked, ISSUER, Idp, SIGN_ON, Signed, packed};
use std::{collections::HashMap, io::Read as _};
use store::outside::{providers, visits};
use url::Url;

/// A desk with a company whose users come by SAML.
struct Scene {
    world: World,
    admin: Actor,
    idp: Idp,
    browser: Browser,
    provider: ProviderId,
}

/// Somebody who was sent.
struct Sent {
    asked: Asked,
    state: String,
    cookie: String,
}

fn input(idp: &Idp) -> ProviderInput {
    ProviderInput {
        name: "Acme".into(),
        audience: Audience::Company,
        company: "Acme".into(),
        issuer: ISSUER.into(),
        saml: idp.settings(),
        creates: true,
        enabled: true,
        ..ProviderInput::default()
    }
}

impl Scene {
    async fn new() -> Self {
        Self::with(|input| input).await
    }

    async fn with(set: impl FnOnce(ProviderInput) -> ProviderInput) -> Self {
        let (world, admin) = with_acme("acme.example").await;
        let idp = Idp::new();
        let input = set(input(&idp));
        let provider = world.run(async |tx| providers::create(tx, &admin, Kind::Saml, input).await).await.unwrap();
        let browser = Browser::set(&world, &["--public-url", "http://desk.example"]);
        Self { world, admin, idp, browser, provider }
    }

    /// Goes to the provider, with what it is asked.
    async fn depart(&self, next: &str) -> Sent {
        let page = self.browser.get(&format!("/sign-in/with/{}?next={next}", self.provider)).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let address = Url::parse(page.headers[header::LOCATION].to_str().unwrap()).unwrap();
        assert!(address.as_str().starts_with(SIGN_ON), "{address}");
        let query: HashMap<String, String> = address.query_pairs().into_owned().collect();
        let mut request = String::new();
        let bytes = BASE64_STANDARD.decode(&query["SAMLRequest"]).unwrap();
        DeflateDecoder::new(&bytes[..]).read_to_string(&mut request).unwrap();
        let between = |from: &str, to: &str| {
            let start = request.find(from).unwrap() + from.len();
            request[start..start + request[start..].find(to).unwrap()].to_owned()
        };
        assert_eq!(between(" Destination=\"", "\""), SIGN_ON);
        let asked = Asked {
            request: between(" ID=\"", "\""),
            entity: between("<saml:Issuer>", "<"),
            here: between("AssertionConsumerServiceURL=\"", "\""),
            now: self.world.now(),
        };
        Sent { asked, state: query["RelayState"].clone(), cookie }
    }

    /// Brings an answer, first to where providers send it, then as our page there sends it on.
    async fn bring(&self, answer: &str, state: &str, cookie: &str) -> Page {
        let body = Serializer::new(String::new())
            .append_pair("SAMLResponse", answer)
            .append_pair("RelayState", state)
            .finish();
        let from_there = Request::post("/sign-in/saml")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, "https://idp.acme.example")
            .header("sec-fetch-site", "cross-site");
        let page = self.browser.send(from_there.body(Body::from(body)).unwrap()).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert!(page.headers.get(header::SET_COOKIE).is_none());
        let hidden = |name: &str| {
            let from = format!("name=\"{name}\" value=\"");
            let start = page.text.find(&from).unwrap() + from.len();
            page.text[start..start + page.text[start..].find('"').unwrap()].to_owned()
        };
        assert!(page.text.contains("action=\"/sign-in/back\""));
        self.send_on(&hidden("SAMLResponse"), &hidden("RelayState"), cookie, "same-origin").await
    }

    async fn send_on(&self, answer: &str, state: &str, cookie: &str, site: &str) -> Page {
        let body = Serializer::new(String::new())
            .append_pair("SAMLResponse", answer)
            .append_pair("RelayState", state)
            .finish();
        let request = Request::post("/sign-in/back")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookie)
            .header("sec-fetch-site", site);
        self.browser.send(request.body(Body::from(body)).unwrap()).await
    }

    /// There and back.
    async fn sign_in(&self, change: impl Fn(String) -> String) -> Page {
        let sent = self.depart("/portal").await;
        let answer = self.idp.answer(&sent.asked, Signed::Assertion, change);
        self.bring(&packed(&answer), &sent.state, &sent.cookie).await
    }

    async fn refused(&self, page: Page, words: &str) {
        assert!(page.status.is_client_error(), "{words}: {} {}", page.status, page.text);
        assert!(page.text.contains(words), "“{words}” is not in: {}", said(&page.text));
        assert_eq!(self.world.count("select count(*) from sessions").await, 0, "{words}");
    }
}

#[tokio::test]
async fn a_user_of_a_company_comes_by_saml() {
    let scene = Scene::new().await;
    let page = scene.sign_in(|text| text).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", said(&page.text));
    assert_eq!(page.headers[header::LOCATION], "/portal");
    assert!(signed_in(&page));
    let count = |sql| scene.world.count(sql);
    let made = "select count(*) from users u join companies c on c.id = u.company_id \
                where u.email = 'jana@acme.example' and u.name = 'Jana Weiß' and c.name = 'Acme'";
    assert_eq!(count(made).await, 1);
    assert_eq!(count("select count(*) from identities where subject = 'jana-7' and made").await, 1);
    // The second time it is the same person, whatever their address is there by now.
    assert!(signed_in(&scene.sign_in(|text| text.replace("jana@acme", "jana.weiss@acme")).await));
    assert_eq!(count("select count(*) from users where role = 'customer'").await, 1);
    let kinds: Vec<String> =
        sqlx::query_scalar("select kind from events order by id").fetch_all(scene.world.desk.pool()).await.unwrap();
    assert_eq!(kinds[..4], ["settings.provider_saved", "account.made_outside", "account.vouched", "account.signed_in"]);
}

#[tokio::test]
async fn the_metadata_says_what_the_request_says() {
    let scene = Scene::new().await;
    let sent = scene.depart("/").await;
    let path = sent.asked.entity.strip_prefix("http://desk.example").unwrap();
    let page = scene.browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains(&format!("entityID=\"{}\"", sent.asked.entity)), "{}", page.text);
    assert!(page.text.contains(&format!("Location=\"{}\"", sent.asked.here)), "{}", page.text);
    assert_eq!(scene.browser.get("/sign-in/saml/x").await.status, StatusCode::NOT_FOUND);
    assert_eq!(scene.browser.get("/sign-in/saml").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_answer_is_good_once_and_in_the_browser_that_was_sent() {
    let scene = Scene::new().await;
    let sent = scene.depart("/portal").await;
    let answer = packed(&scene.idp.answer(&sent.asked, Signed::Response, |text| text));
    let lost = "This way in is not good any more";
    // Who has only seen it: in another browser, or sent by another site past our page.
    scene.refused(scene.bring(&answer, &sent.state, "a=b").await, lost).await;
    let page = scene.send_on(&answer, &sent.state, &sent.cookie, "cross-site").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    // Nobody has asked for it.
    scene.refused(scene.bring(&answer, "", &sent.cookie).await, lost).await;
    scene.refused(scene.bring(&answer, "\"><script>alert(1)</script>", &sent.cookie).await, lost).await;
    // An answer to another request is none to this.
    let other = scene.depart("/portal").await;
    let page = scene.bring(&answer, &other.state, &other.cookie).await;
    scene.refused(page, "not for this sign-in").await;
    assert!(signed_in(&scene.bring(&answer, &sent.state, &sent.cookie).await));
    // And now it is used up.
    let page = scene.bring(&answer, &sent.state, &sent.cookie).await;
    assert!(page.text.contains(lost) && !signed_in(&page));
    // It runs out here, too.
    let sent = scene.depart("/portal").await;
    scene.world.advance_seconds(visits::LASTS_MS / 1_000 + 1);
    let asked = Asked { now: scene.world.now(), ..sent.asked };
    let answer = packed(&scene.idp.answer(&asked, Signed::Assertion, |text| text));
    assert!(scene.bring(&answer, &sent.state, &sent.cookie).await.text.contains(lost));
}

#[tokio::test]
async fn what_is_not_believed_lets_nobody_in_and_is_in_the_log() {
    let scene = Scene::new().await;
    let lies: [(&str, &str, &str); 5] = [
        ("jana@acme.example", "jana@other.example", "vouches for other addresses than those at other.example"),
        ("jana@acme.example", "jana", "did not tell your e-mail address"),
        ("/sign-in/saml/", "/sign-in/saml/9", "for somebody else"),
        (ISSUER, "https://other.example", "calls itself"),
        ("status:Success", "status:Responder", "refused: Responder"),
    ];
    for (find, put, words) in lies {
        scene.refused(scene.sign_in(|text| text.replace(find, put)).await, words).await;
    }
    let sent = scene.depart("/").await;
    let stranger = packed(&Idp::new().answer(&sent.asked, Signed::Both, |text| text));
    scene.refused(scene.bring(&stranger, &sent.state, &sent.cookie).await, "certificate that was entered").await;
    for answer in ["", "AAAA", "not base64!", &packed("<a/>"), &packed("<a")] {
        let sent = scene.depart("/").await;
        scene.refused(scene.bring(answer, &sent.state, &sent.cookie).await, "cannot be read").await;
    }
    // By the address in place of the form.
    let sent = scene.depart("/").await;
    let page = super::arrive(&scene.browser, &[("code", "c"), ("state", &sent.state)], &sent.cookie).await;
    scene.refused(page, "answers in another way").await;
    let refused = "select count(*) from events where kind = 'account.outside_refused'";
    assert_eq!(scene.world.count(refused).await, 12);
    assert_eq!(scene.world.count("select count(*) from users where role = 'customer'").await, 0);
    // What is too long is not read.
    let long = "A".repeat(2 * server::outside::saml::ANSWER_MAX);
    let body = Serializer::new(String::new()).append_pair("SAMLResponse", &long).finish();
    let request = Request::post("/sign-in/saml").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let page = scene.browser.send(request.body(Body::from(body)).unwrap()).await;
    assert!(!page.text.contains("AAAA"), "{}", page.status);
}

#[tokio::test]
async fn staff_get_the_role_that_their_groups_give() {
    let scene = Scene::with(|input| ProviderInput {
        audience: Audience::Staff,
        company: String::new(),
        domains: "acme.example".into(),
        role_claim: "Groups".into(),
        roles: "support = Agent".into(),
        ..input
    })
    .await;
    assert!(signed_in(&scene.sign_in(|text| text).await));
    let agents = "select count(*) from users where email = 'jana@acme.example' and role = 'agent'";
    assert_eq!(scene.world.count(agents).await, 1);
    // Whoever is in no such group gets nothing.
    let page = scene.sign_in(|text| text.replace("jana", "otto").replace(">support<", ">sales<")).await;
    assert!(!signed_in(&page), "{}", said(&page.text));
    assert_eq!(scene.world.count("select count(*) from users where email = 'otto@acme.example'").await, 0);
}

#[tokio::test]
async fn only_who_may_sets_one_up_and_what_cannot_work_is_not_kept() {
    let scene = Scene::new().await;
    let agent = scene.world.agent().await;
    let good = input(&scene.idp);
    let save = async |actor: &Actor, input: ProviderInput| {
        scene.world.run(async |tx| providers::create(tx, actor, Kind::Saml, input).await).await
    };
    save(&agent, good.clone()).await.refused(Code::Forbidden);
    let everybody = ProviderInput { audience: Audience::Everybody, company: String::new(), ..good.clone() };
    save(&scene.admin, everybody).await.wrong("audience");
    let mut unsigned = good;
    unsigned.saml.certificates.clear();
    save(&scene.admin, unsigned).await.wrong("certificates");
}

#[test]
fn metadata_is_read_as_providers_write_it() {
    let idp = Idp::new();
    let letters: String = idp.certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let key = |usage: &str| {
        format!(
            "<md:KeyDescriptor{usage}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{letters}\n</ds:X509Certificate>\
             </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        )
    };
    let service = |binding: &str, to: &str| {
        format!(
            "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{to}\"/>"
        )
    };
    let entity = |inside: &str| {
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
             entityID=\"urn:acme\"><md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{inside}\
             </md:IDPSSODescriptor></md:EntityDescriptor>"
        )
    };
    let services =
        [service("HTTP-POST", "https://id.example/post"), service("HTTP-Redirect", "https://id.example/a?b&amp;c")];
    let read = server::outside::saml::read_metadata;
    let whole = entity(&[key(" use=\"signing\"").as_str(), &key(" use=\"encryption\""), &services.concat()].concat());
    for text in [
        whole.clone(),
        format!("\u{feff}<?xml version=\"1.0\"?>\n{whole}"),
        format!(
            "<e:EntitiesDescriptor xmlns:e=\"urn:oasis:names:tc:SAML:2.0:metadata\">{whole}</e:EntitiesDescriptor>"
        ),
        entity(&[key("").as_str(), &services.concat()].concat()),
    ] {
        let (id, to, certificates) = read(&text).unwrap();
        assert_eq!((id.as_str(), to.as_str()), ("urn:acme", "https://id.example/a?b&c"));
        assert_eq!(certificates.trim(), idp.certificate.replace('\r', "").trim());
        server::outside::saml::check_certificates(&certificates).unwrap();
    }
    for (text, words) in [
        (String::new(), "not readable as metadata"),
        ("<!DOCTYPE a><a/>".to_owned(), "not readable as metadata"),
        ("<a/>".to_owned(), "no provider of sign-ins"),
        (whole.replace("IDPSSO", "SPSSO"), "no provider of sign-ins"),
        (whole.replace("2.0:protocol", "1.1:protocol"), "no provider of sign-ins"),
        (entity(&services.concat()), "no certificate"),
        (entity(&[key(" use=\"encryption\"").as_str(), &services.concat()].concat()), "no certificate"),
        (entity(&[key("").as_str(), &services[0]].concat()), "by a redirect"),
    ] {
        let told = read(&text).unwrap_err();
        assert!(told.contains(words), "{words}: {told}");
    }
    for (pem, words) in [
        ("", "has no certificate in it"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not readable"),
        ("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", "not readable as PEM"),
    ] {
        let told = server::outside::saml::check_certificates(pem).unwrap_err();
        assert!(told.contains(words), "{words}: {told}");
    }
}
