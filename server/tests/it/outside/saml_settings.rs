//! The page where a provider of SAML 2.0 is set up, and what is kept of it.

use super::with_acme;
use crate::support::{
    PASSWORD, Refused as _, World,
    browser::{Browser, Page},
    id_of, person,
};
use domain::{
    Actor, Code, ProviderId,
    access::Permissions,
    outside::{Audience, Kind, ProviderInput, Saml, saml::METADATA_MAX},
};
use http::{StatusCode, header};
use store::outside::providers;

/// The same that the demo shows: of nobody.
const CERTIFICATE: &str = include_str!("../../../src/demo/saml.pem");
const NEW: &str = "/settings/sign-in/new-saml";

/// What a provider says about itself.
fn metadata(entity: &str) -> String {
    let lines: String = CERTIFICATE.lines().filter(|line| !line.starts_with("-----")).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:X509Data><ds:X509Certificate>{lines}</ds:X509Certificate></ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        Location="https://id.acme.example/saml/redirect"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>"#
    )
}

fn input() -> ProviderInput {
    ProviderInput {
        name: "Acme ID".into(),
        audience: Audience::Company,
        company: "Acme".into(),
        issuer: "https://id.acme.example/saml".into(),
        saml: Saml {
            sign_on: "https://id.acme.example/saml/sign-on?idp=acme".into(),
            certificates: CERTIFICATE.into(),
            ..Saml::default()
        },
        creates: true,
        enabled: true,
        ..ProviderInput::default()
    }
}

/// What the form sends.
fn fields(input: &ProviderInput) -> Vec<(&'static str, String)> {
    let saml = &input.saml;
    let mut fields = [
        ("name", &input.name),
        ("company", &input.company),
        ("domains", &input.domains),
        ("metadata", &String::new()),
        ("issuer", &input.issuer),
        ("sign_on", &saml.sign_on),
        ("certificates", &saml.certificates),
        ("subject_attribute", &saml.subject_attribute),
        ("email_attribute", &saml.email_attribute),
        ("name_attribute", &saml.name_attribute),
        ("role_claim", &input.role_claim),
        ("roles", &input.roles),
    ]
    .map(|(name, value)| (name, value.clone()))
    .to_vec();
    fields.push(("audience", input.audience.word().to_owned()));
    fields.push(("do", "save".to_owned()));
    let switches = [("creates", input.creates), ("only", input.only), ("enabled", input.enabled)];
    fields.extend(switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| (name, "yes".to_owned())));
    fields
}

/// The same, with metadata in the fields.
fn fields_by(metadata: &str, input: &ProviderInput) -> Vec<(&'static str, String)> {
    let mut fields = fields(input);
    fields.iter_mut().filter(|(name, _)| *name == "metadata").for_each(|(_, value)| *value = metadata.to_owned());
    fields
}

async fn send(browser: &Browser, page: &str, fields: &[(&'static str, String)]) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(page, &fields).await
}

/// What is said beside a field.
fn beside<'a>(page: &'a Page, field: &str) -> &'a str {
    let error = page.text.split(&format!("id=\"{field}-error\"")).nth(1);
    error.and_then(|rest| rest.split("</p>").next()).unwrap_or_default()
}

/// Where everybody has their addresses here.
const PEOPLE: &str = "people.example";

async fn create(world: &World, admin: &Actor, input: ProviderInput) -> ProviderId {
    world.run(async |tx| providers::create(tx, admin, Kind::Saml, input).await).await.unwrap()
}

async fn change(world: &World, admin: &Actor, id: ProviderId, input: ProviderInput) {
    let version = providers::get(&world.desk, admin, id).await.unwrap().version;
    world.run(async |tx| providers::change(tx, admin, id, version, input).await).await.unwrap();
}

/// Which fields the last change has named.
async fn named(world: &World) -> String {
    let sql = "select data->>'fields' from events where kind = 'settings.provider_saved' order by id desc limit 1";
    sqlx::query_scalar(sql).fetch_one(world.desk.pool()).await.unwrap()
}

#[tokio::test]
async fn a_provider_is_set_up_by_what_it_says_about_itself() {
    let (world, admin) = with_acme(PEOPLE).await;
    let browser = Browser::of(&world, &admin).await;
    assert!(browser.get("/settings/sign-in").await.text.contains(NEW));
    let page = browser.get(NEW).await;
    assert!(page.text.contains("/sign-in/saml\"") && page.text.contains("Metadata of the provider (XML)"));
    // Nothing of what is typed instead is kept, and nothing that is not asked for.
    let mut sent = fields_by(&metadata("urn:acme:id"), &input());
    sent.extend([("client_id", "docket".to_owned()), ("secret", "not asked for".to_owned())]);
    let page = send(&browser, NEW, &sent).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let page = page.headers[header::LOCATION].to_str().unwrap().trim_end_matches("?saved").to_owned();
    let id = ProviderId(page.rsplit('/').next().unwrap().parse().unwrap());
    let kept = providers::get(&world.desk, &admin, id).await.unwrap();
    assert_eq!((kept.kind, kept.issuer.as_str()), (Kind::Saml, "urn:acme:id"));
    assert_eq!(kept.saml.sign_on, "https://id.acme.example/saml/redirect");
    assert!(kept.saml.certificates.contains("-----BEGIN CERTIFICATE-----"));
    assert!(!kept.has_secret && kept.client_id.is_empty());
    let usable = providers::in_use(&world.desk, id).await.unwrap();
    assert_eq!((usable.saml, usable.secret.as_str()), (kept.saml, ""));
    // What has to be entered there is on its page by now.
    let shown = browser.get(&page).await.text;
    assert!(shown.contains(&format!("/sign-in/saml/{id}\"")) && shown.contains("/sign-in/saml\""), "{shown}");
    assert!(shown.contains("urn:acme:id") && shown.contains("Try what is saved"));
    let tried = send(&browser, &page, &[("do", "try".into())]).await;
    assert!(tried.text.contains("role=\"status\""), "{}", tried.text);
    // Its people are led there by their address, and the page for signing in says so.
    assert_eq!(providers::of_address(&world.desk, "jana@people.example").await.unwrap(), Some((id, Kind::Saml)));
    assert!(providers::ways_in(&world.desk).await.unwrap().by_address);
    // The same form once more is a stale one as soon as somebody else has changed it.
    let mut again = fields(&input());
    again.push(("version", "1".into()));
    assert_eq!(send(&browser, &page, &again).await.status, StatusCode::SEE_OTHER);
    let stale = send(&browser, &page, &again).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text.contains("Somebody else has changed this way in"));
}

#[tokio::test]
async fn what_cannot_work_is_not_saved() {
    let (world, admin) = with_acme(PEOPLE).await;
    let browser = Browser::of(&world, &admin).await;
    type Change = fn(&mut ProviderInput);
    let cases: [(Change, &str, &str); 12] = [
        (|i| i.name.clear(), "name", "Say what stands on the button."),
        (|i| i.company = "Nobody".into(), "company", "There is no company of this name."),
        (|i| i.audience = Audience::Everybody, "audience", "A provider of SAML vouches for the users of one company"),
        (|i| i.issuer.clear(), "issuer", "Say how it names itself"),
        (|i| i.issuer = "acme id".into(), "issuer", "without spaces"),
        (|i| i.saml.sign_on = "id.acme.example".into(), "sign_on", "Use an address like"),
        (|i| i.saml.sign_on = "http://id.acme.example".into(), "sign_on", "Use https://."),
        (|i| i.saml.certificates.clear(), "certificates", "nothing that it says is believed"),
        (|i| i.saml.certificates = "MIIC".into(), "certificates", "Enter a certificate as PEM"),
        (|i| i.saml.certificates = "-----BEGIN PRIVATE KEY-----".into(), "certificates", "This is a private key."),
        (
            |i| i.saml.certificates = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".into(),
            "certificates",
            "",
        ),
        (|i| i.roles = "support = Agent".into(), "roles", "Only people on staff have roles."),
    ];
    for (set, field, words) in cases {
        let mut input = input();
        input.saml.email_attribute = "urn:oid:0.9.2342.19200300.100.1.3".into();
        set(&mut input);
        let page = send(&browser, NEW, &fields(&input)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {words}");
        let said = beside(&page, field);
        assert!(!said.is_empty() && said.contains(words), "{field}: “{words}” is not in {said:?}");
        assert!(page.text.contains("urn:oid:0.9.2342.19200300.100.1.3"), "{field}: what was typed is lost");
    }
    // What is no metadata is said beside it, and stays there.
    let page = send(&browser, NEW, &fields_by("<not-the-metadata/>", &input())).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!beside(&page, "metadata").is_empty() && page.text.contains("not-the-metadata"), "{}", page.text);
    let page = send(&browser, NEW, &fields_by(&"<".repeat(METADATA_MAX + 1), &input())).await;
    assert!(beside(&page, "metadata").contains("This is too long"));
    // What was read of it stands in the fields when something else is wrong.
    let page = send(&browser, NEW, &fields_by(&metadata("urn:acme:id"), &ProviderInput::default())).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("value=\"urn:acme:id\"") && !page.text.contains("EntityDescriptor"), "{}", page.text);
    assert!(beside(&page, "issuer").is_empty() && beside(&page, "certificates").is_empty());
    assert_eq!(world.count("select count(*) from providers").await, 0);
    // In one's own network it may do without encryption, and be where only browsers reach it.
    let mut inside = input();
    inside.saml.sign_on = "https://10.1.2.3/sign-on".into();
    inside.issuer = "https://10.1.2.3/".into();
    assert_eq!(send(&browser, NEW, &fields(&inside)).await.status, StatusCode::SEE_OTHER);
    let page =
        send(&browser, "/settings/sign-in/1", &[&fields(&inside)[..], &[("version", "1".into())]].concat()).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let open = Browser::set(&world, &["--outside-private-addresses", "true"]).signed_in(&admin).await;
    let staff = ProviderInput { audience: Audience::Staff, domains: "desk.example".into(), creates: false, ..input() };
    let mut staff = ProviderInput { name: "Staff".into(), ..staff };
    staff.saml.sign_on = "http://id.desk.example/sign-on".into();
    assert_eq!(send(&open, NEW, &fields(&staff)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nobody_else_sets_one_up() {
    let (world, admin) = with_acme(PEOPLE).await;
    let id = create(&world, &admin, input()).await;
    let acme = world.count("select id from companies").await.into();
    let others = [
        world.agent().await,
        world.manager().await,
        world.custom(Permissions::ALL).await,
        world.customer().await,
        world.company_user(acme).await,
    ];
    for who in &others {
        let browser = Browser::of(&world, who).await;
        let mut other = ProviderInput { name: "Mine".into(), issuer: "urn:mine".into(), ..input() };
        other.saml.sign_on = "https://mine.example/sign-on".into();
        for (page, more) in
            [(NEW.to_owned(), vec![]), (format!("/settings/sign-in/{id}"), vec![("version", "1".into())])]
        {
            for fields in [fields(&other), fields_by(&metadata("urn:mine"), &other)] {
                let page = send(&browser, &page, &[fields, more.clone()].concat()).await;
                assert!(!page.status.is_success(), "{}", page.status);
                assert!(!page.text.contains(&format!("\"{}\"", input().issuer)), "what is kept is shown");
            }
        }
        let made = world.run(async |tx| providers::create(tx, who, Kind::Saml, input()).await).await;
        made.refused(Code::Forbidden);
        world.run(async |tx| providers::change(tx, who, id, 1, input()).await).await.refused(Code::Forbidden);
        providers::get(&world.desk, who, id).await.refused(Code::Forbidden);
        providers::to_try(&world.desk, who, id).await.refused(Code::Forbidden);
    }
    let visitor = Browser::of_visitor(&world);
    let page = send(&visitor, NEW, &fields_by(&metadata("urn:mine"), &input())).await;
    assert_ne!(page.status, StatusCode::OK);
    assert_eq!(world.count("select count(*) from providers").await, 1);
    assert_eq!(world.count("select count(*) from events where kind = 'settings.provider_saved'").await, 1);
    assert_eq!(providers::get(&world.desk, &admin, id).await.unwrap().issuer, input().issuer);
}

#[tokio::test]
async fn changes_are_named_and_forget_whom_they_tell_apart_anew() {
    let (world, admin) = with_acme(PEOPLE).await;
    let id = create(&world, &admin, input()).await;
    let jana = world.customer().await;
    let connect = async || {
        sqlx::query("insert into identities (provider_id, subject, user_id, linked_at) values ($1, 'jana', $2, now())")
            .bind(id.0)
            .bind(id_of(&jana).0)
            .execute(world.desk.pool())
            .await
            .unwrap();
    };
    let connected = async || world.count("select count(*) from identities").await == 1;
    connect().await;
    let mut next = input();
    next.saml.certificates = format!("{CERTIFICATE}\n{CERTIFICATE}");
    change(&world, &admin, id, next.clone()).await;
    assert_eq!(named(&world).await, r#"["certificates"]"#);
    next.saml.sign_on = "https://id.acme.example/other".into();
    next.saml.name_attribute = "displayName".into();
    next.role_claim = "groups".into();
    change(&world, &admin, id, next.clone()).await;
    assert_eq!(named(&world).await, r#"["roles", "sign-on address", "attributes"]"#);
    assert!(connected().await, "another certificate is the same provider");
    // Another attribute tells people apart in its own way.
    next.saml.subject_attribute = "employeeNumber".into();
    change(&world, &admin, id, next.clone()).await;
    assert_eq!(named(&world).await, r#"["attributes"]"#);
    assert!(!connected().await);
    connect().await;
    next.issuer = "urn:acme:other".into();
    change(&world, &admin, id, next.clone()).await;
    assert_eq!(named(&world).await, r#"["address"]"#);
    assert!(!connected().await);
    // What the log says, people understand.
    let log = Browser::of(&world, &admin).await.get("/settings/log").await.text;
    assert!(log.contains("Changed the way in by Acme ID: certificates"), "{log}");
}

#[tokio::test]
async fn it_may_be_the_only_way_in() {
    let (world, admin) = with_acme(PEOPLE).await;
    let id = create(&world, &admin, input()).await;
    let acme = world.count("select id from companies").await.into();
    let jana = world.company_user(acme).await;
    let browser = Browser::of_visitor(&world);
    let email = person(&jana).email.clone();
    let type_in =
        async || browser.post("/sign-in", &[("email", &email), ("password", PASSWORD), ("next", "/portal")]).await;
    assert_eq!(type_in().await.status, StatusCode::SEE_OTHER);
    change(&world, &admin, id, ProviderInput { only: true, ..input() }).await;
    assert_eq!(
        world.count("select count(*) from sessions s join users u on u.id = s.user_id where u.role = 'customer'").await,
        0
    );
    let page = type_in().await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains(&format!("href=\"/sign-in/with/{id}?next=")), "{}", page.text);
    let everybody = ProviderInput { audience: Audience::Everybody, ..input() };
    let made = world.run(async |tx| providers::create(tx, &admin, Kind::Saml, everybody).await).await;
    made.wrong("audience");
}
