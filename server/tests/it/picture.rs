//! The picture that somebody has of themselves: taken, shown to whom it is for, and gone.

use crate::support::{
    Refused as _, World,
    browser::{Browser, Page},
    id_of,
};
use axum::body::Body;
use domain::{Actor, Code, UserId, picture, timeline::Part};
use http::{Request, StatusCode, header};
use store::{
    Tx, accounts, customers,
    tickets::{list, view},
};

/// A PNG with words that are no picture.
pub fn png(side: u32) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], kind, data, &[0; 4]].concat()
    };
    let side = side.to_be_bytes();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[&side[..], &side, &[8, 2, 0, 0, 0]].concat()),
        chunk(b"tEXt", b"Place\0secret"),
        chunk(b"IDAT", b"dots"),
        chunk(b"IEND", b""),
    ]
    .concat()
}

async fn number(world: &World, of: &Actor) -> Option<i64> {
    let sql = sqlx::query_scalar("select avatar from users where id = $1").bind(id_of(of).0);
    sql.fetch_one(world.desk.pool()).await.unwrap()
}

async fn with_picture(world: &World, of: &Actor) -> i64 {
    accounts::picture::set(&world.desk, of, png(64)).await.unwrap();
    number(world, of).await.unwrap()
}

async fn sent(browser: &Browser, field: &str, file: &str, content: &[u8]) -> Page {
    sent_to(browser, "/me", field, file, content).await
}

pub async fn sent_to(browser: &Browser, page: &str, field: &str, file: &str, content: &[u8]) -> Page {
    let head = format!("--x\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{file}\"\r\n\r\n");
    let body = [head.as_bytes(), content, b"\r\n--x--\r\n"].concat();
    let request = Request::post(page)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header("sec-fetch-site", "same-origin");
    browser.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_picture_is_taken_shown_and_removed() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    world.reply(&agent, ticket, "Hello").await;
    let browser = Browser::of(&world, &agent).await;
    let page = sent(&browser, "picture", "me.png", &png(64)).await;
    assert_eq!(
        (page.status, &page.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/me?picture".parse().unwrap())
    );
    let first = number(&world, &agent).await.unwrap();
    let path = picture::path(id_of(&agent), first);
    let shown = browser.get(&path).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.text.contains("dots") && !shown.text.contains("secret"), "{}", shown.text);
    let header = |name: header::HeaderName| shown.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header(header::CONTENT_TYPE), "image/png");
    assert_eq!(header(header::CACHE_CONTROL), "private, max-age=31536000, immutable");
    assert_eq!(header(header::CONTENT_SECURITY_POLICY), "sandbox; default-src 'none'");
    assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    // Where their name stands: in the frame, on what they have written, for staff and for the customer.
    let customer = Browser::of(&world, &jana).await;
    for (browser, page) in [
        (&browser, "/me".to_owned()),
        (&browser, format!("/tickets/{ticket}")),
        (&customer, format!("/portal/tickets/{ticket}")),
    ] {
        let text = browser.get(&page).await.text;
        assert!(text.contains(&format!("src=\"{path}\"")), "{page}: {text}");
    }
    assert_eq!(customer.get(&path).await.status, StatusCode::OK);
    // Another one has another address, and the file before goes.
    assert_eq!(sent(&browser, "picture", "me.png", &png(65)).await.status, StatusCode::SEE_OTHER);
    let second = number(&world, &agent).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
    world.mails().await;
    let left = |number| format!("avatars/{}/{number}", id_of(&agent));
    let files = world.desk.files();
    use object_store::ObjectStoreExt as _;
    assert!(files.head(&left(first).into()).await.is_err() && files.head(&left(second).into()).await.is_ok());
    let page = sent(&browser, "remove", "", b"yes").await;
    assert_eq!(page.headers[header::LOCATION], "/me?picture-removed");
    world.mails().await;
    assert!(files.head(&left(second).into()).await.is_err());
    assert!(!browser.get("/me").await.text.contains("/files/avatar/"));
    assert_eq!(world.count("select count(*) from events where kind = 'account.profile_changed'").await, 3);
}

#[tokio::test]
async fn a_picture_is_for_whom_its_person_is_for() {
    let world = World::new().await;
    let (open, closed) = (world.company("Open", true).await, world.company("Closed", false).await);
    let (agent, team) = (world.agent().await, world.custom(domain::access::Permissions::NONE).await);
    let (jana, alone) = (world.company_user(open).await, world.customer().await);
    let of = with_picture(&world, &jana).await;
    let (colleague, hers) = (world.company_user(open).await, id_of(&jana));
    let elsewhere = world.company_user(closed).await;
    for (actor, sees) in
        [(&agent, true), (&team, true), (&jana, true), (&colleague, true), (&elsewhere, false), (&alone, false)]
    {
        let opened = accounts::picture::open(&world.desk, actor, hers, of).await;
        assert_eq!(opened.is_ok(), sees, "{actor:?}");
        if let Err(error) = opened {
            assert_eq!(error.code, Code::NotFound);
        }
    }
    let visitor = Actor::visitor(None);
    accounts::picture::open(&world.desk, &visitor, hers, of).await.refused(Code::SignedOut);
    // Each number counts.
    for wrong in [of + 1, of - 1, 0, -1] {
        accounts::picture::open(&world.desk, &agent, hers, wrong).await.refused(Code::NotFound);
    }
    accounts::picture::open(&world.desk, &agent, UserId(0), of).await.refused(Code::NotFound);
    let browser = Browser::of(&world, &agent).await;
    for wrong in ["x/1", "1/x", "1/99999999999999999999", "..%2F..%2F1/1", "1/-0"] {
        let status = browser.get(&format!("/files/avatar/{wrong}")).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND, "{wrong}");
    }
    // Erased, they have no face.
    let admin = world.superadmin().await;
    let how = world.erasure(hers, false).await;
    world.run(async |tx: &mut Tx| customers::erase::erase(tx, &admin, hers, &how).await).await.unwrap();
    accounts::picture::open(&world.desk, &agent, hers, of).await.refused(Code::NotFound);
    world.mails().await;
    use object_store::ObjectStoreExt as _;
    assert!(world.desk.files().head(&format!("avatars/{hers}/{of}").into()).await.is_err());
}

#[tokio::test]
async fn what_is_no_picture_is_refused_on_the_page() {
    let world = World::new().await;
    let agent = world.agent().await;
    let browser = Browser::of(&world, &agent).await;
    let huge = [png(64), vec![0; picture::BYTES_MAX]].concat();
    let too_long = vec![b'x'; picture::BYTES_MAX + 64 * 1024];
    for (content, said) in [
        (&b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"[..], "no picture of a kind"),
        (b"<html><script>alert(1)</script>", "no picture of a kind"),
        (&png(5_000), "4,096 pixels"),
        (&png(64)[..40], "damaged"),
        (&huge, "at most 2 MB"),
        (&too_long, "at most 2 MB"),
    ] {
        let page = sent(&browser, "picture", "me.png", content).await;
        assert!(page.status.is_client_error(), "{said}: {}", page.status);
        assert!(page.text.contains(said) && page.text.contains("Save picture"), "{said}: {}", page.text);
    }
    let page = sent(&browser, "picture", "", b"").await;
    assert!(page.text.contains("Choose a picture first"), "{}", page.text);
    let page = browser.post("/me", &[("picture", "x")]).await;
    assert!(page.status.is_client_error());
    assert_eq!(number(&world, &agent).await, None);
    assert_eq!(world.count("select count(*) from events where kind = 'account.profile_changed'").await, 0);
    let stranger = Browser::of_visitor(&world);
    assert_eq!(
        sent(&stranger, "picture", "me.png", &png(64)).await.headers[header::LOCATION],
        "/sign-in?next=/portal/me"
    );
}

/// It comes with what is read anyway, and nothing of it goes into what has happened.
#[tokio::test]
async fn a_picture_travels_with_the_name() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let (face, hers) = (with_picture(&world, &agent).await, with_picture(&world, &jana).await);
    let ticket = world.ticket(&jana).await.id;
    let agent = world.actor(id_of(&agent)).await;
    let assigned =
        domain::ticket::Change { assignee: Some(domain::ticket::Swap::to(Some(id_of(&agent)))), ..Default::default() };
    world.run(async |tx: &mut Tx| store::tickets::change::change(tx, &agent, ticket, assigned).await).await.unwrap();
    world.reply(&agent, ticket, "Hello").await;
    let seen = view::view(&world.desk, &agent, ticket, Part::Latest).await.unwrap();
    assert_eq!(seen.ticket.requester.picture, Some(hers));
    assert_eq!(seen.ticket.assignee.and_then(|person| person.picture), Some(face));
    let by: Vec<_> = seen.slice.entries.iter().filter(|e| e.message.is_some()).map(|e| e.by.person.clone()).collect();
    assert_eq!(by.iter().map(|p| p.as_ref().unwrap().picture).collect::<Vec<_>>(), [Some(hers), Some(face)]);
    let listed = list::list(&world.desk, &agent, &domain::ticket::Filter::default()).await.unwrap();
    assert_eq!(listed.rows[0].requester.picture, Some(hers));
    assert_eq!(world.count("select count(*) from events where data::text like '%picture%'").await, 0);
}
