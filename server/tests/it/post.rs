//! The way of mails: servers that refuse them now or for good, encryption, and whose certificates are believed.

use crate::account_mail::{mail, visitor};
use crate::support::{
    Refused as _, World,
    browser::Browser,
    mailbox::{Authority, Mailbox, Security},
    person,
};
use domain::Code;
use http::StatusCode;
use server::post::{Delivery, Message, Post, sender, smtp_address};
use store::{
    Tx,
    accounts::{self, reset, unsent},
    jobs,
};

#[tokio::test]
async fn a_mail_that_is_not_taken_is_tried_again_and_its_error_kept() {
    let world = World::new().await;
    let customer = world.customer().await;
    world.mailbox.refuse(true);
    reset::ask(&world.desk, &visitor(), &person(&customer).email).await.unwrap();
    assert!(world.mails().await.is_empty());
    let error: String = sqlx::query_scalar("select last_error from jobs where kind = 'letter'")
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
    assert!(error.contains("the mailbox is busy"), "{error}");
    world.mailbox.refuse(false);
    assert!(world.mails().await.is_empty(), "not before the pause is over");
    world.advance_seconds(10);
    let sent = mail(&world).await;
    assert_eq!(sent.to, person(&customer).email);
    // For good, it is a dead letter. A link that has run out meanwhile is not sent any more, and no failure.
    world.mailbox.refuse(true);
    let mut tx = world.desk.begin().await.unwrap();
    let locked = accounts::Letter::Locked { email: person(&customer).email.clone(), from: None };
    let now = tx.now;
    jobs::enqueue(&mut tx, &jobs::Work::Letter { letter: locked }, now, 0, None).await.unwrap();
    tx.commit().await.unwrap();
    reset::ask(&world.desk, &visitor(), &person(&customer).email).await.unwrap();
    for _ in 0..12 {
        assert!(world.mails().await.is_empty());
        world.advance_seconds(6 * 3_600);
    }
    assert_eq!(world.count("select count(*) from jobs where kind = 'letter' and failed_at is not null").await, 1);
    assert_eq!(world.count("select count(*) from jobs where kind = 'letter' and failed_at is null").await, 0);
}

#[tokio::test]
async fn no_password_goes_to_a_server_without_encryption() {
    let world = World::new().await;
    let message = hello();
    let url = world.mailbox.url("me:hidden@", "?tls=required");
    let post = Post::new(Delivery::Smtp(smtp_address(&url).unwrap()), sender(None, "").unwrap(), "");
    let refused = post.send(&message).await.unwrap_err();
    assert!(!refused.message.contains("hidden"), "{refused:?}");
    assert!(!world.mailbox.said().iter().any(|line| line.starts_with("AUTH")), "{:?}", world.mailbox.said());
    let url = world.mailbox.url("me:hidden@", "?tls=none");
    let post = Post::new(Delivery::Smtp(smtp_address(&url).unwrap()), sender(None, "").unwrap(), "");
    post.send(&message).await.unwrap();
    assert!(world.mailbox.said().iter().any(|line| line.starts_with("AUTH PLAIN")));
    assert!(world.mailbox.take()[0].text.contains("\n.\nstill here"));
}

fn hello() -> Message {
    Message {
        id: "<1@acme.example>".into(),
        from: "a@acme.example".parse().unwrap(),
        to: "jana@acme.example".parse().unwrap(),
        subject: "Hello".into(),
        text: "Hello\n.\nstill here".into(),
        html: "<p>Hello</p>".into(),
        at: domain::Time(0),
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_not_tried_again() {
    let world = World::new().await;
    let (admin, customer) = (world.superadmin().await, world.customer().await);
    let email = person(&customer).email.clone();
    world.mailbox.refuse_with(550);
    reset::ask(&world.desk, &visitor(), &email).await.unwrap();
    assert!(world.mails().await.is_empty());
    let tries = || world.mailbox.said().iter().filter(|line| line.starts_with("RCPT")).count();
    assert_eq!(tries(), 1);
    let listed = unsent::list(&world.desk, &admin).await.unwrap();
    assert_eq!((listed.len(), listed[0].to.as_str(), listed[0].name()), (1, email.as_str(), "Choosing a new password"));
    assert!(listed[0].given_up && listed[0].next_at.is_none() && listed[0].attempts == 1, "{listed:?}");
    assert!(listed[0].reason.contains("for good") && listed[0].reason.contains("no such mailbox"), "{listed:?}");
    for _ in 0..20 {
        world.advance_seconds(180);
        assert!(world.mails().await.is_empty());
    }
    assert_eq!(tries(), 1, "it was told once");
    // Who may not see settings learns nothing of it.
    for actor in [world.manager().await, world.agent().await, world.customer().await] {
        unsent::list(&world.desk, &actor).await.refused(Code::Forbidden);
    }
    // An admin may think otherwise, in time: the link of a mail that comes too late is not sent.
    reset::ask(&world.desk, &visitor(), &email).await.unwrap();
    assert!(world.mails().await.is_empty());
    let id = unsent::list(&world.desk, &admin).await.unwrap()[0].id;
    world.mailbox.refuse(false);
    let again = async |id| world.run(async |tx: &mut Tx| unsent::send_again(tx, &admin, id).await).await;
    again(id).await.unwrap();
    assert_eq!(mail(&world).await.to, email);
    again(id).await.refused(Code::NotFound);
    let old = unsent::list(&world.desk, &admin).await.unwrap();
    assert_eq!(old.len(), 1);
    world.run(async |tx: &mut Tx| unsent::discard(tx, &admin, old[0].id).await).await.unwrap();
    assert!(unsent::list(&world.desk, &admin).await.unwrap().is_empty());
    assert_eq!(world.count("select count(*) from events where kind like 'mail.unsent%'").await, 2);
}

/// A wrong password of ours is no fault of the mail: it goes out once somebody has mended that.
#[tokio::test]
async fn a_mail_waits_for_the_right_password_of_the_server() {
    let world = World::new().await;
    let (admin, customer) = (world.superadmin().await, world.customer().await);
    world.mailbox.know_nobody(true);
    let url = world.mailbox.url("me:hidden@", "");
    let post = Post::new(Delivery::Smtp(smtp_address(&url).unwrap()), sender(None, "").unwrap(), "https://x.example");
    reset::ask(&world.desk, &visitor(), &person(&customer).email).await.unwrap();
    while server::work::jobs::one(&world.desk, &post).await.unwrap() {}
    let listed = unsent::list(&world.desk, &admin).await.unwrap();
    assert!(!listed[0].given_up && listed[0].next_at.is_some(), "{listed:?}");
    assert!(listed[0].reason.contains("535") && !listed[0].reason.contains("hidden"), "{listed:?}");
    world.mailbox.know_nobody(false);
    world.advance_seconds(10);
    while server::work::jobs::one(&world.desk, &post).await.unwrap() {}
    assert_eq!(world.mailbox.take().len(), 1);
    assert!(unsent::list(&world.desk, &admin).await.unwrap().is_empty());
}

#[tokio::test]
async fn pauses_grow() {
    let world = World::new().await;
    let customer = world.customer().await;
    world.mailbox.refuse(true);
    reset::ask(&world.desk, &visitor(), &person(&customer).email).await.unwrap();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        world.mails().await;
        let pause = world
            .count(
                "select extract(epoch from run_at - timestamptz '1970-01-01')::bigint from jobs where kind = 'letter'",
            )
            .await;
        pauses.push(pause - world.now().0 / 1_000);
        world.advance_seconds(pauses[pauses.len() - 1]);
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160]);
}

#[tokio::test]
async fn the_page_of_mails_lists_what_could_not_be_sent() {
    let world = World::new().await;
    let (admin, agent, customer) = (world.superadmin().await, world.agent().await, world.customer().await);
    world.mailbox.refuse_with(550);
    for _ in 0..2 {
        reset::ask(&world.desk, &visitor(), &person(&customer).email).await.unwrap();
    }
    world.mails().await;
    let browser = Browser::of(&world, &admin).await;
    let page = browser.get("/settings/mails").await.text;
    for part in ["Mails that could not be sent", "no such mailbox", &person(&customer).email, "Given up"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let ids: Vec<String> =
        unsent::list(&world.desk, &admin).await.unwrap().iter().map(|mail| mail.id.to_string()).collect();
    let other = Browser::of(&world, &agent).await;
    assert_eq!(other.post("/settings/mails", &[("send", &ids[0])]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.post("/settings/mails", &[("give-up", &ids[0])]).await.status, StatusCode::FORBIDDEN);
    for wrong in ["x", "-1", "99999999999999999999"] {
        let status = browser.post("/settings/mails", &[("send", wrong)]).await.status;
        assert!(status.is_client_error(), "{wrong}: {status}");
    }
    let page = browser.post("/settings/mails", &[("give-up", &ids[0])]).await;
    assert_eq!(page.headers[http::header::LOCATION], "/settings/mails?given-up");
    world.mailbox.refuse(false);
    browser.post("/settings/mails", &[("send", &ids[1])]).await;
    assert_eq!(world.mails().await.len(), 1);
    let page = browser.get("/settings/mails?sent-again").await.text;
    assert!(!page.contains("Mails that could not be sent") && page.contains("tried again now"), "{page}");
}

/// Against servers that encrypt from the first byte, and after a greeting: whose word is taken for who they are.
#[tokio::test]
async fn a_server_must_be_who_it_says() {
    let (known, unknown) = (Authority::new(), Authority::new());
    for (security, scheme, after) in [(Security::Implicit, "smtps", ""), (Security::Offered, "smtp", "?tls=required")] {
        // Right name, right authority.
        let server = Mailbox::encrypted(security, &known, "localhost").await;
        server.post_to_localhost(scheme, after, &[known.certificate()]).send(&hello()).await.unwrap();
        assert_eq!(server.take().len(), 1, "{security:?}");
        assert!(server.said().iter().any(|line| line.starts_with("AUTH PLAIN")), "{:?}", server.said());
        // Somebody else vouches for it, or nobody whom we know.
        for believed in [vec![unknown.certificate()], vec![]] {
            let server = Mailbox::encrypted(security, &known, "localhost").await;
            let refused = server.post_to_localhost(scheme, after, &believed).send(&hello()).await.unwrap_err();
            assert_eq!(refused.code, Code::Unavailable, "{refused:?}");
            assert!(refused.message.to_lowercase().contains("certificate"), "{refused:?}");
            assert!(!server.said().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
        }
        // The right authority vouches for somebody else.
        let server = Mailbox::encrypted(security, &known, "mail.acme.example").await;
        let post = server.post_to_localhost(scheme, after, &[known.certificate()]);
        let refused = post.send(&hello()).await.unwrap_err();
        assert!(refused.message.to_lowercase().contains("certificate"), "{refused:?}");
        assert!(!server.said().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn who_strips_encryption_gets_nothing() {
    let known = Authority::new();
    let server = Mailbox::encrypted(Security::Stripped, &known, "localhost").await;
    let post = server.post_to_localhost("smtp", "?tls=required", &[known.certificate()]);
    let refused = post.send(&hello()).await.unwrap_err();
    assert!(!refused.message.contains("hidden"), "{refused:?}");
    assert!(server.take().is_empty());
    let said = server.said();
    assert!(!said.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")), "{said:?}");
}

/// By the setting, as somebody would use it.
#[tokio::test]
async fn an_authority_is_named_by_its_file() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let server = Mailbox::encrypted(Security::Implicit, &known, "localhost").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    let url = format!("--smtp-url=smtps://localhost:{}", server.port());
    let named = format!("--smtp-ca={}", file.display());
    let start = || server::config::from_arguments(&["docket", &url, &named]).unwrap().config;
    assert!(Delivery::of_settings(&start()).is_err(), "there is no such file");
    // Any of several in the file.
    std::fs::write(&file, format!("{}{}", unknown.pem(), known.pem())).unwrap();
    let post = Post::new(Delivery::of_settings(&start()).unwrap(), sender(None, "").unwrap(), "");
    post.send(&hello()).await.unwrap();
    assert_eq!(server.take().len(), 1);
}
