//! How the portal looks to the users of a company: a logo, and a colour.

use crate::picture::{png, sent_to};
use crate::support::{Refused as _, World, browser::Browser, id_of};
use domain::{Actor, Code, CompanyId, company::CompanyInput, picture};
use http::{StatusCode, header};
use store::companies::{edit, logo, merge, view};

async fn number(world: &World, of: CompanyId) -> Option<i64> {
    let sql = sqlx::query_scalar("select logo from companies where id = $1").bind(of.0);
    sql.fetch_one(world.desk.pool()).await.unwrap()
}

#[tokio::test]
async fn a_company_has_its_logo_and_its_colour() {
    let world = World::new().await;
    // What somebody calls their company is no markup, neither in words nor in what a picture says.
    let acme = world.company("<b>Acme</b>\" onload=\"x", true).await;
    let (agent, jana, other) = (world.agent().await, world.company_user(acme).await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let (staff, customer) = (Browser::of(&world, &agent).await, Browser::of(&world, &jana).await);
    let plain = customer.get("/portal").await;
    assert!(!plain.text.contains("--brand:") && plain.text.contains("portal__logo"), "{}", plain.text);

    // A colour, said wrongly and rightly, on the form of the company.
    let form = format!("/companies/{acme}/edit");
    let fields = |accent, version| {
        [("name", "<b>Acme</b>\" onload=\"x"), ("accent", accent), ("sees_all", "on"), ("version", version)]
    };
    let wrong = staff.post(&form, &fields("red;}</style>", "1")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("id=\"accent-error\"") && wrong.text.contains("red;}&lt;/style&gt;"), "{}", wrong.text);
    assert_eq!(staff.post(&form, &fields("#1F6FEB", "1")).await.status, StatusCode::SEE_OTHER);
    let shown = customer.get("/portal").await;
    let policy = shown.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    let nonce = policy.split("style-src 'self' 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    let rule = format!("<style nonce=\"{nonce}\">:root{{--brand:#1f6feb}}</style>");
    assert!(shown.text.contains(&rule), "{rule}: {}", shown.text);
    assert!(!Browser::of(&world, &other).await.get("/portal").await.text.contains("--brand:"));
    assert!(!staff.get("/portal").await.text.contains("--brand:"));

    // A logo, by the form below.
    let to = format!("/companies/{acme}/logo");
    for (content, status) in
        [(&b"<svg/>"[..], StatusCode::UNSUPPORTED_MEDIA_TYPE), (b"", StatusCode::UNSUPPORTED_MEDIA_TYPE)]
    {
        let refused = sent_to(&staff, &to, "picture", "logo.png", content).await;
        assert_eq!(refused.status, status);
        assert!(
            refused.text.contains("id=\"picture-error\"") && refused.text.contains("&lt;b&gt;Acme"),
            "{}",
            refused.text
        );
        assert!(refused.text.contains("value=\"#1f6feb\""), "the rest of the form is as it was: {}", refused.text);
    }
    assert_eq!(sent_to(&staff, &to, "picture", "logo.png", &png(64)).await.status, StatusCode::SEE_OTHER);
    let first = number(&world, acme).await.unwrap();
    let path = picture::logo_path(acme, first);
    let file = customer.get(&path).await;
    assert_eq!((file.status, &file.headers[header::CONTENT_TYPE]), (StatusCode::OK, &"image/png".parse().unwrap()));
    assert_eq!(file.headers[header::CONTENT_SECURITY_POLICY], "sandbox; default-src 'none'");
    assert!(file.text.contains("dots") && !file.text.contains("secret"));
    for (browser, page) in [
        (&customer, "/portal".to_owned()),
        (&customer, format!("/portal/tickets/{ticket}")),
        (&staff, format!("/companies/{acme}")),
        (&staff, form.clone()),
    ] {
        let text = browser.get(&page).await.text;
        assert!(text.contains(&format!("src=\"{path}\"")) && !text.contains("<b>Acme"), "{page}: {text}");
    }
    assert!(customer.get("/portal").await.text.contains("alt=\"&lt;b&gt;Acme&lt;/b&gt;&quot; onload=&quot;x\""));
    // Beside the ticket it comes with what is known of its customer.
    let mut conn = world.desk.read().await.unwrap();
    let beside = store::customers::view::view(&mut conn, &agent, id_of(&jana)).await.unwrap();
    assert_eq!(beside.logo, Some(first));
    drop(conn);

    // Another one, and none; a form from before is stale.
    assert_eq!(staff.post(&form, &fields("", "2")).await.status, StatusCode::CONFLICT);
    assert_eq!(sent_to(&staff, &to, "picture", "logo.png", &png(65)).await.status, StatusCode::SEE_OTHER);
    let second = number(&world, acme).await.unwrap();
    assert_eq!(customer.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(sent_to(&staff, &to, "remove", "", b"").await.status, StatusCode::SEE_OTHER);
    assert_eq!(number(&world, acme).await, None);
    world.mails().await;
    use object_store::ObjectStoreExt as _;
    for gone in [first, second] {
        assert!(world.desk.files().head(&format!("logos/{acme}/{gone}").into()).await.is_err());
    }
    let logged = "select count(*) from events where kind = 'company.changed' and data->'fields' ? 'logo'";
    assert_eq!(world.count(logged).await, 3);
}

#[tokio::test]
async fn a_logo_is_its_companys_own() {
    let world = World::new().await;
    let (acme, beta) = (world.company("Acme", false).await, world.company("Beta", true).await);
    let agent = world.agent().await;
    let manager = world.manager().await;
    let team = world.custom(domain::access::Permissions::NONE).await;
    let (jana, stranger, alone) =
        (world.company_user(acme).await, world.company_user(beta).await, world.customer().await);
    let visitor = Actor::visitor(None);
    // Who may not edit companies changes nothing, and is told before the file is looked at.
    for (actor, code) in
        [(&jana, Code::Forbidden), (&stranger, Code::Forbidden), (&team, Code::Forbidden), (&visitor, Code::SignedOut)]
    {
        logo::set(&world.desk, actor, acme, b"<svg/>".to_vec()).await.refused(code);
        world.run(async |tx| logo::remove(tx, actor, acme).await).await.refused(code);
    }
    logo::set(&world.desk, &agent, CompanyId(99_999), png(64)).await.refused(Code::NotFound);
    logo::set(&world.desk, &agent, acme, png(64)).await.unwrap();
    let of = number(&world, acme).await.unwrap();
    for (actor, sees) in [(&agent, true), (&team, true), (&jana, true), (&stranger, false), (&alone, false)] {
        let opened = logo::open(&world.desk, actor, acme, of).await;
        assert_eq!(opened.is_ok(), sees, "{actor:?}");
        if !sees {
            opened.refused(Code::NotFound);
        }
    }
    logo::open(&world.desk, &visitor, acme, of).await.refused(Code::SignedOut);
    for (company, number) in [(acme, of + 1), (acme, -1), (beta, of), (CompanyId(0), of)] {
        logo::open(&world.desk, &agent, company, number).await.refused(Code::NotFound);
    }
    let browser = Browser::of(&world, &agent).await;
    for wrong in ["x/1", "1/x", "1/99999999999999999999", "..%2F..%2F1/1"] {
        assert_eq!(browser.get(&format!("/files/logo/{wrong}")).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    // Of two at once one is there in the end, and no file is left of the other.
    let (one, two) =
        tokio::join!(logo::set(&world.desk, &agent, acme, png(66)), logo::set(&world.desk, &manager, acme, png(67)),);
    one.unwrap();
    two.unwrap();
    world.mails().await;
    use futures::TryStreamExt as _;
    let files: Vec<_> = world.desk.files().list(Some(&format!("logos/{acme}").into())).try_collect().await.unwrap();
    assert_eq!(files.len(), 1, "{files:?}");
    // A company that goes takes its logo along; the kept one stays as it is.
    let input = CompanyInput { name: "Beta".into(), accent: "#00ff00".into(), ..CompanyInput::default() };
    world.run(async |tx| edit::change(tx, &agent, beta, 1, &input).await).await.unwrap();
    world.run(async |tx| merge::merge(tx, &manager, beta, acme).await).await.unwrap();
    world.mails().await;
    let kept = view::view(&mut world.desk.read().await.unwrap(), &agent, beta).await.unwrap();
    assert_eq!((kept.logo, kept.accent.as_str()), (None, "#00ff00"));
    assert_eq!(number(&world, acme).await, None);
    let files: Vec<_> = world.desk.files().list(Some(&"logos".into())).try_collect().await.unwrap();
    assert!(files.is_empty(), "{files:?}");
}
