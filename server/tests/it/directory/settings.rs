//! The page where a directory is set up.

use super::{browser, input, of_staff, said, world};
use crate::support::{
    World,
    browser::{Browser, Page},
    slapd::{READER, Slapd},
};
use domain::{Actor, outside::ProviderInput};
use http::{StatusCode, header};
use server::outside::Directories;

/// What the form sends.
fn fields(input: &ProviderInput) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("name", input.name.clone()),
        ("audience", input.audience.word().to_owned()),
        ("company", input.company.clone()),
        ("domains", input.domains.clone()),
        ("issuer", input.issuer.clone()),
        ("client_id", input.client_id.clone()),
        ("secret", input.secret.clone()),
        ("role_claim", input.role_claim.clone()),
        ("roles", input.roles.clone()),
        ("base", input.directory.base.clone()),
        ("filter", input.directory.filter.clone()),
        ("name_attribute", input.directory.name_attribute.clone()),
        ("email_attribute", input.directory.email_attribute.clone()),
        ("subject_attribute", input.directory.subject_attribute.clone()),
        ("ca", input.directory.ca.clone()),
        ("do", "save".to_owned()),
    ];
    for (name, on) in [("start_tls", input.directory.start_tls), ("creates", input.creates), ("enabled", input.enabled)]
    {
        fields.extend(on.then(|| (name, "yes".to_owned())));
    }
    fields
}

async fn send(browser: &Browser, page: &str, fields: &[(&'static str, String)]) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(page, &fields).await
}

async fn save(browser: &Browser, input: &ProviderInput) -> Page {
    send(browser, "/settings/sign-in/new-ldap", &fields(input)).await
}

async fn ready() -> (World, Actor, Browser) {
    let (world, admin) = world(Directories::new(true)).await;
    let browser = browser(&world).signed_in(&admin).await;
    (world, admin, browser)
}

#[tokio::test]
async fn a_directory_is_set_up_and_tried() {
    let (world, _, browser) = ready().await;
    let slapd = Slapd::start().await;
    let jana = slapd.person("jana", "jana@acme.example").await;
    slapd.group("support", &[&jana]).await;
    let page = browser.get("/settings/sign-in").await;
    assert!(page.text.contains("/settings/sign-in/new-ldap"), "{}", page.text);
    let page = browser.get("/settings/sign-in/new-ldap").await;
    assert!(page.text.contains("(mail={login})") && page.text.contains("entryUUID"), "{}", page.text);
    let mut secure = of_staff(input(slapd.secure()));
    secure.directory.ca = slapd.authority.clone();
    let page = save(&browser, &secure).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let page = page.headers[header::LOCATION].to_str().unwrap().trim_end_matches("?saved").to_owned();
    // Nobody sees the password again, and it is sealed.
    let shown = browser.get(&page).await.text;
    assert!(!shown.contains(READER.1) && shown.contains("BEGIN CERTIFICATE") && shown.contains("Address to try"));
    assert_eq!(
        world.count("select count(*) from providers where secret_sealed::text like '%looks people up%'").await,
        0
    );
    let attempt = async |login: &str| {
        let tried = send(&browser, &page, &[("do", "try".into()), ("login", login.into())]).await;
        tried.text.replace("&amp;", "&").replace("<!>", "")
    };
    let tried = attempt("").await;
    for words in
        ["Acme answers, and is talked to in private (TLS).", "People are looked up as cn=docket", "It can be searched."]
    {
        assert!(tried.contains(words), "“{words}” is not in {}", said(&tried));
    }
    let tried = attempt("jana@acme.example").await;
    for words in
        [&*jana, "The address is jana@acme.example.", "The groups are: cn=support,ou=groups,dc=acme,dc=example."]
    {
        assert!(tried.contains(words), "“{words}” is not in {tried}");
    }
    assert!(attempt("eve@acme.example").await.contains("Nobody is found by eve@acme.example."));
    slapd.person("double", "jana@acme.example").await;
    assert!(attempt("jana@acme.example").await.contains("Several entries fit"));
    // What is wrong there is said, too.
    for (change, words) in [
        (
            Box::new(|i: &mut ProviderInput| i.secret = "wrong".into()) as Box<dyn Fn(&mut ProviderInput)>,
            "does not accept the name and password",
        ),
        (Box::new(|i| i.directory.base = "dc=elsewhere".into()), "has no entry “dc=elsewhere”"),
        (Box::new(|i| i.directory.filter = "(&(mail={login})(!))".into()), "a filter is not right"),
        (Box::new(|i| i.directory.subject_attribute = "description".into()), "does not say the description"),
        (Box::new(|i| i.directory.ca.clear()), "UnknownIssuer"),
    ] {
        let mut input = secure.clone();
        change(&mut input);
        let mut fields = fields(&input);
        let version: i64 =
            sqlx::query_scalar("select version from providers").fetch_one(world.desk.pool()).await.unwrap();
        fields.push(("version", version.to_string()));
        let saved = send(&browser, &page, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{words}: {}", said(&saved.text));
        let tried = attempt("double@acme.example").await + &attempt("jana@acme.example").await;
        let tried = if words.contains("does not say") {
            slapd.set(&jana, "mail", &["jana.weiss@acme.example"]).await;
            attempt("jana.weiss@acme.example").await
        } else {
            tried
        };
        assert!(tried.contains(words), "“{words}” is not in {tried}");
    }
}

#[tokio::test]
async fn what_cannot_work_is_not_saved() {
    let (world, admin, browser) = ready().await;
    for (change, words) in [
        (
            Box::new(|i: &mut ProviderInput| {
                i.directory.ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".into()
            }) as Box<dyn Fn(&mut ProviderInput)>,
            "has a certificate in it that is not readable",
        ),
        (Box::new(|i| i.directory.ca = "-----BEGIN PRIVATE KEY-----".into()), "This is a private key."),
        (Box::new(|i| i.secret.clear()), "Enter the password that goes with"),
        (Box::new(|i| i.directory.filter = "(mail=*)".into()), "Use a filter like (mail={login})"),
        (Box::new(|i| i.issuer = "https://ldap.acme.example".into()), "Use an address like ldaps://"),
        (Box::new(|i| i.audience = domain::outside::Audience::Everybody), "A directory belongs to a company"),
    ] {
        let mut input = input("ldaps://ldap.acme.example".into());
        change(&mut input);
        let page = save(&browser, &input).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
        assert!(page.text.contains(words), "“{words}” is not in {}", page.text);
        assert!(page.text.contains("dc=acme,dc=example"), "what was typed is lost");
    }
    // What would never be asked is said beside the field, and so is what is no address.
    let closed = Browser::of(&world, &admin).await;
    for (kind, address, words) in [
        ("oidc", "http://id.acme.example", "Use https://."),
        ("oidc", "http://127.0.0.1:8080", "Use https://."),
        ("oidc", "https://127.0.0.1", "This address is not in the internet"),
        ("oidc", "https://0x7f.1/realms/a", "This address is not in the internet"),
        ("oidc", "https://[::1]", "This address is not in the internet"),
        ("oidc", "https://10.1.2.3", "This address is not in the internet"),
        ("oidc", "https://169.254.169.254", "This address is not in the internet"),
        ("oidc", "https://id.localhost.:8443", "This address is not in the internet"),
        ("oidc", "https://:443", "There is no such address"),
        ("oidc", "https://id.acme.example:99999", "There is no such address"),
        ("oidc", "id.acme.example", "Use an address like https://id.acme.example."),
        ("ldap", "ldaps://127.1", "This address is not in the internet"),
        ("ldap", "ldaps://localhost", "This address is not in the internet"),
        ("ldap", "ldaps://ldap.acme.example:0", "There is no such address"),
    ] {
        let input = ProviderInput { client_id: "docket".into(), ..input(address.into()) };
        let page = send(&closed, &format!("/settings/sign-in/new-{kind}"), &fields(&input)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        let said = page.text.split("id=\"issuer-error\"").nth(1).and_then(|rest| rest.split("</p>").next());
        assert!(said.is_some_and(|said| said.contains(words)), "{address}: {said:?}");
        assert!(page.text.contains(&format!("value=\"{address}\"")), "{address}: what was typed is lost");
    }
    // Without encryption: only where whoever starts the program has allowed it.
    let page = save(&closed, &input("ldap://ldap.acme.example".into())).await;
    assert!(page.text.contains("everybody on the way could read passwords"), "{}", said(&page.text));
    assert_eq!(world.count("select count(*) from providers").await, 0);
    assert_eq!(save(&browser, &input("ldap://ldap.acme.example".into())).await.status, StatusCode::SEE_OTHER);
    // Nobody else sets one up.
    let manager = world.manager().await;
    let page = save(&browser_of(&world, &manager).await, &input("ldaps://other.example".into())).await;
    assert!(page.status.is_client_error());
    assert_eq!(world.count("select count(*) from providers").await, 1);
}

async fn browser_of(world: &World, who: &Actor) -> Browser {
    browser(world).signed_in(who).await
}
