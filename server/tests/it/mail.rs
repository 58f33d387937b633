//! Mails becoming tickets and conversations.

use crate::support::{Refused as _, World};
use bytes::Bytes;
use domain::{
    Actor, Code, EventId, MailId, TicketId, UserId,
    event::Happening,
    mail::{Outcome, Raw},
    timeline::{Entry, Part},
};
use futures::TryStreamExt as _;
use server::mail::{import::import, parse};
use std::path::{Path, PathBuf};
use store::{
    mails::{self, Origin},
    tickets::{attachments, view},
};
use tokio_util::sync::CancellationToken;

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A plain mail.
fn mail(from: &str, id: &str, references: &str, body: &str) -> String {
    let references = if references.is_empty() { String::new() } else { format!("References: {references}\r\n") };
    format!(
        "From: {from}\r\nMessage-ID: <{id}>\r\n{references}Subject: The printer\r\nDate: Mon, 3 Mar 2025 10:12:00 +0000\r\n\r\n{body}\r\n"
    )
}

async fn hand_in(world: &World, raw: &str, origin: Origin) -> Outcome {
    let parsed = parse(raw.as_bytes()).unwrap();
    mails::take_in(&world.desk, parsed, Bytes::from(raw.to_owned()), origin).await.unwrap()
}

async fn archive(world: &World, raw: &str) -> Outcome {
    hand_in(world, raw, Origin::Archive).await
}

fn ticket(outcome: &Outcome) -> TicketId {
    match outcome {
        Outcome::Ticket(id) | Outcome::Reply(id) => *id,
        other => panic!("no ticket: {other:?}"),
    }
}

async fn entries(world: &World, actor: &Actor, id: TicketId) -> Vec<Entry> {
    view::view(&world.desk, actor, id, Part::Latest).await.unwrap().slice.entries
}

async fn address(actor: &Actor) -> String {
    actor.principal().unwrap().email.clone()
}

async fn actor_of(world: &World, email: &str) -> Actor {
    let id: i64 = sqlx::query_scalar("select id from users where email = $1")
        .bind(email)
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
    world.actor(UserId(id)).await
}

#[tokio::test]
async fn a_mail_opens_a_ticket_and_its_answer_finds_it() {
    let world = World::new().await;
    let agent = world.agent().await;
    let first =
        archive(&world, &mail("Ada <ada@acme.example>", "a@x", "", "It does not print.\r\n\r\n-- \r\nAda")).await;
    assert!(matches!(first, Outcome::Ticket(_)));
    let id = ticket(&first);
    let view = view::view(&world.desk, &agent, id, Part::Latest).await.unwrap();
    assert_eq!((view.ticket.subject.as_str(), view.ticket.requester.name.as_str()), ("The printer", "Ada"));
    assert_eq!(view.requester_email, "ada@acme.example");
    assert_eq!(view.ticket.created_at.rfc3339(), "2025-03-03T10:12:00Z");
    let message = view.slice.entries.iter().find_map(|e| e.message.clone()).unwrap();
    assert_eq!(message.html, "<p>It does not print.</p>");
    assert!(message.quoted_html.unwrap().contains("Ada"));

    // Found by any mail of the thread, whatever the subject; the same subject alone finds nothing.
    let answer =
        mail("ada@acme.example", "b@x", "<unknown@x> <a@x>", "It prints again.").replace("The printer", "Other");
    assert_eq!(archive(&world, &answer).await, Outcome::Reply(id));
    let chained = mail("ada@acme.example", "c@x", "<b@x>", "Or not.");
    assert_eq!(archive(&world, &chained).await, Outcome::Reply(id));
    let alone = archive(&world, &mail("ada@acme.example", "d@x", "", "Re: #1001")).await;
    assert!(matches!(alone, Outcome::Ticket(other) if other != id));
}

#[tokio::test]
async fn a_mail_is_taken_in_once() {
    let world = World::new().await;
    let raw = mail("ada@acme.example", "a@x", "", "Hello");
    let id = ticket(&archive(&world, &raw).await);
    assert!(matches!(archive(&world, &raw).await, Outcome::Twice(_)));
    // A copy that came another way has other headers.
    assert!(matches!(archive(&world, &format!("Received: by other\r\n{raw}")).await, Outcome::Twice(_)));
    // Another mail of a sender that gives all of them one Message-ID is another mail.
    let other = archive(&world, &raw.replace("Hello", "Something else")).await;
    assert!(matches!(other, Outcome::Ticket(other) if other != id), "{other:?}");
    // Eight at the same moment.
    let raw = mail("bob@acme.example", "z@x", "", "At once");
    let all = futures::future::join_all((0..8).map(|_| archive(&world, &raw))).await;
    assert_eq!(all.iter().filter(|o| matches!(o, Outcome::Ticket(_))).count(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|o| matches!(o, Outcome::Twice(_))).count(), 7, "{all:?}");
}

#[tokio::test]
async fn a_stranger_joins_and_takes_nothing_over() {
    let world = World::new().await;
    let agent = world.agent().await;
    let id = ticket(&archive(&world, &mail("ada@acme.example", "a@x", "", "Hello")).await);
    let raw = mail("Eve <eve@other.example>", "b@x", "<a@x>", "Me too");
    assert_eq!(archive(&world, &raw).await, Outcome::Reply(id));
    archive(&world, &mail("eve@other.example", "c@x", "<a@x>", "And again")).await;
    let seen = entries(&world, &agent, id).await;
    let joined =
        seen.iter().filter(|e| matches!(&e.what, Happening::Joined { email, .. } if email == "eve@other.example"));
    assert_eq!(joined.count(), 1, "announced once");
    let by: Vec<&str> = seen.iter().filter(|e| e.message.is_some()).map(|e| e.by.name.as_str()).collect();
    assert_eq!(by, ["ada", "Eve", "Eve"]);
    let view = view::view(&world.desk, &agent, id, Part::Latest).await.unwrap();
    assert_eq!(view.requester_email, "ada@acme.example");
    let eve = actor_of(&world, "eve@other.example").await;
    view::view(&world.desk, &eve, id, Part::Latest).await.refused(Code::NotFound);
    // The customer does not see who joined, only what was written.
    let ada = actor_of(&world, "ada@acme.example").await;
    assert!(entries(&world, &ada, id).await.iter().all(|e| !matches!(e.what, Happening::Joined { .. })));
}

#[tokio::test]
async fn staff_answer_by_mail_only_where_they_are_believed() {
    let world = World::new().await;
    let agent = world.agent().await;
    let id = ticket(&archive(&world, &mail("ada@acme.example", "a@x", "", "Hello")).await);
    let from = address(&agent).await;
    archive(&world, &mail(&from, "b@x", "<a@x>", "An old answer")).await;
    hand_in(&world, &mail(&from, "c@x", "<a@x>", "Pay here, please"), Origin::Mailbox).await;
    let kinds: Vec<Happening> =
        entries(&world, &agent, id).await.into_iter().filter(|e| e.message.is_some()).map(|e| e.what).collect();
    assert_eq!(kinds, [Happening::CustomerMessage, Happening::Reply, Happening::Note]);
}

#[tokio::test]
async fn files_and_pictures_come_along() {
    let world = World::new().await;
    let agent = world.agent().await;
    let raw = format!(
        "From: ada@acme.example\r\nMessage-ID: <a@x>\r\nSubject: Pictures\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
         --m\r\nContent-Type: text/html\r\n\r\n<p onclick=x>Look <img src=\"cid:p@x\"><img src=\"https://t.example/x.png\"></p><script>x</script>\r\n\
         --m\r\nContent-Type: image/png\r\nContent-ID: <p@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n{PNG}\r\n\
         --m\r\nContent-Type: application/x-msdownload; name=setup.exe\r\n\r\nMZ\r\n--m--\r\n"
    );
    let id = ticket(&archive(&world, &raw).await);
    let message = entries(&world, &agent, id).await.into_iter().find_map(|e| e.message).unwrap();
    assert!(message.foreign_html);
    assert!(message.html.contains("src=\"/files/") && message.html.contains("Remote image hidden"), "{}", message.html);
    assert!(!message.html.contains("script") && !message.html.contains("onclick"));
    // The picture is shown in the text; the program is kept, but only as bytes.
    let shown: Vec<_> = message.attachments.iter().map(|a| (a.name.as_str(), a.content_type.as_str())).collect();
    assert_eq!(shown, [("setup.exe", "application/octet-stream")]);
    let key = message.html.split("/files/").nth(1).unwrap().split('/').next().unwrap();
    let opened = attachments::open(&world.desk, &agent, attachments::Which::Key(key)).await.unwrap();
    let bytes: Vec<Bytes> = opened.bytes.try_collect().await.unwrap();
    assert!(bytes.concat().starts_with(b"\x89PNG"));
    assert_eq!(opened.attachment.content_type, "image/png");
}

#[tokio::test]
async fn what_was_passed_on_stays_in_sight() {
    let world = World::new().await;
    let agent = world.agent().await;
    let body =
        "FYI\r\n\r\n---------- Forwarded message ---------\r\nFrom: Bob\r\nSubject: It\r\n\r\nThe quokka is loose.";
    let id = ticket(&archive(&world, &mail("ada@acme.example", "a@x", "", body)).await);
    let message = entries(&world, &agent, id).await.into_iter().find_map(|e| e.message).unwrap();
    assert!(message.html.contains("quokka") && message.quoted_html.is_none());
}

#[tokio::test]
async fn quarantine_is_for_admins() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let nobody = "Subject: Nobody\r\nTo: help@desk.example\r\n\r\nHello";
    assert!(matches!(archive(&world, nobody).await, Outcome::Quarantined(_)));
    assert!(matches!(archive(&world, nobody).await, Outcome::Twice(_)));
    archive(&world, &mail("eve@other.example", "a@x", "", "Hello")).await;
    sqlx::query("update users set blocked_at = now() where email = 'eve@other.example'")
        .execute(world.desk.pool())
        .await
        .unwrap();
    assert!(matches!(
        archive(&world, &mail("eve@other.example", "b@x", "<a@x>", "Again")).await,
        Outcome::Quarantined(_)
    ));
    mails::refuse(&world.desk, Bytes::from_static(b"\0\xff"), "It is not a mail.", Origin::Archive).await.unwrap();

    let first = mails::list(&world.desk, &admin, None, Some(2)).await.unwrap();
    assert_eq!(
        first.rows.iter().map(|r| r.reason.as_str()).collect::<Vec<_>>(),
        ["It is not a mail.", "Its sender is blocked."]
    );
    let rest = mails::list(&world.desk, &admin, first.next.as_deref(), Some(2)).await.unwrap();
    assert_eq!((rest.rows.len(), rest.next), (1, None));
    mails::list(&world.desk, &agent, None, None).await.refused(Code::Forbidden);
    let kept = Raw::Mail(rest.rows[0].id);
    let (size, bytes) = mails::raw(&world.desk, &admin, kept).await.unwrap();
    let bytes: Vec<Bytes> = bytes.try_collect().await.unwrap();
    assert_eq!((size as usize, bytes.concat()), (nobody.len(), nobody.as_bytes().to_vec()));
    assert_eq!(mails::raw(&world.desk, &agent, kept).await.err().unwrap().code, Code::NotFound);
}

/// The only mail in quarantine.
async fn in_quarantine(world: &World, admin: &Actor) -> MailId {
    let page = mails::list(&world.desk, admin, None, None).await.unwrap();
    assert_eq!(page.rows.len(), 1, "{page:?}");
    page.rows[0].id
}

async fn block(world: &World, email: &str, blocked: bool) {
    sqlx::query("update users set blocked_at = case when $2 then now() end where email = $1")
        .bind(email)
        .bind(blocked)
        .execute(world.desk.pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_mail_in_quarantine_is_tried_again() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let (people, company) = (world.customer().await, world.company("Acme", true).await);
    let first = ticket(&archive(&world, &mail("eve@other.example", "a@x", "", "Hello")).await);
    block(&world, "eve@other.example", true).await;
    let answer = mail("eve@other.example", "b@x", "<a@x>", "Again, with a picture");
    assert!(matches!(archive(&world, &answer).await, Outcome::Quarantined(_)));
    let id = in_quarantine(&world, &admin).await;
    for actor in [world.manager().await, world.agent().await, people, world.company_user(company).await] {
        mails::try_again(&world.desk, &actor, id, parse).await.refused(Code::Forbidden);
        mails::tried(&world.desk, &actor, &[id]).await.refused(Code::Forbidden);
    }
    mails::try_again(&world.desk, &Actor::visitor(None), id, parse).await.refused(Code::SignedOut);
    mails::try_again(&world.desk, &admin, MailId(i64::MAX), parse).await.refused(Code::NotFound);

    // Nothing has changed: it stays, with the reason of this time, and can still be read.
    let again = mails::try_again(&world.desk, &admin, id, parse).await.unwrap();
    assert_eq!(again, Outcome::Quarantined("Its sender is blocked.".into()));
    let worse = mails::try_again(&world.desk, &admin, id, |_| Err("It is Greek.".into())).await.unwrap();
    assert_eq!(worse, Outcome::Quarantined("It is Greek.".into()));
    let tried = mails::tried(&world.desk, &admin, &[id]).await.unwrap();
    assert_eq!((tried[0].ticket, tried[0].reason.as_deref()), (None, Some("It is Greek.")));
    assert_eq!(world.count("select count(*) from events where kind = 'mail.tried_again'").await, 0);

    block(&world, "eve@other.example", false).await;
    assert_eq!(mails::try_again(&world.desk, &admin, id, parse).await.unwrap(), Outcome::Reply(first));
    assert!(mails::list(&world.desk, &admin, None, None).await.unwrap().rows.is_empty());
    let tried = mails::tried(&world.desk, &admin, &[id]).await.unwrap();
    assert_eq!((tried[0].ticket, &tried[0].reason, tried[0].subject.as_str()), (Some(first), &None, "The printer"));
    let entries = entries(&world, &admin, first).await;
    let message = entries.iter().find(|e| e.message.as_ref().is_some_and(|m| m.html.contains("Again"))).unwrap();
    assert_eq!(message.at.rfc3339(), "2025-03-03T10:12:00Z", "an archive's dates count, then as now");
    let (_, bytes) = mails::raw(&world.desk, &world.agent().await, Raw::Message(message.id)).await.unwrap();
    assert_eq!(bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat(), answer.as_bytes());
    let by: (i64, i64) = sqlx::query_as(
        "select actor_id, (data->>'ticket')::bigint from events where kind = 'mail.tried_again' and at > '2026-01-01'",
    )
    .fetch_one(world.desk.pool())
    .await
    .unwrap();
    assert_eq!(by, (admin.user_id().unwrap().0, first.0));
    // Once.
    mails::try_again(&world.desk, &admin, id, parse).await.refused(Code::NotFound);
    assert!(matches!(archive(&world, &answer).await, Outcome::Twice(_)));
    assert_eq!(world.count("select count(*) from messages").await, 2);
}

#[tokio::test]
async fn two_who_try_a_mail_again_make_one_message() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let known = ticket(&archive(&world, &mail("eve@other.example", "a@x", "", "Hello")).await);
    block(&world, "eve@other.example", true).await;
    // Without an id of its own: nothing but its bytes tells that it is the same.
    let nameless = mail("eve@other.example", "b@x", "<a@x>", "Again").replace("Message-ID: <b@x>\r\n", "");
    archive(&world, &nameless).await;
    block(&world, "eve@other.example", false).await;
    let id = in_quarantine(&world, &admin).await;
    let try_it = || mails::try_again(&world.desk, &admin, id, parse);
    let (one, two) = tokio::join!(try_it(), try_it());
    let made = [one, two].iter().filter(|o| matches!(o, Ok(Outcome::Reply(id)) if *id == known)).count();
    assert_eq!(made, 1);
    assert_eq!(world.count("select count(*) from messages").await, 2);

    // A copy has come another way: there the one of the quarantine belongs.
    block(&world, "eve@other.example", true).await;
    let plain = mail("eve@other.example", "c@x", "<a@x>", "Once more");
    archive(&world, &plain).await;
    block(&world, "eve@other.example", false).await;
    let copy = format!("Received: by relay\r\n{plain}");
    assert_eq!(archive(&world, &copy).await, Outcome::Reply(known));
    let id = in_quarantine(&world, &admin).await;
    assert!(matches!(mails::try_again(&world.desk, &admin, id, parse).await.unwrap(), Outcome::Twice(_)));
    assert_eq!(mails::tried(&world.desk, &admin, &[id]).await.unwrap()[0].ticket, Some(known));
    assert_eq!(world.count("select count(*) from messages").await, 3);
}

#[tokio::test]
async fn a_mail_from_outside_is_not_believed_more_the_second_time() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let known = ticket(&archive(&world, &mail("eve@other.example", "a@x", "", "Hello")).await);
    let staff = address(&agent).await;
    block(&world, &staff, true).await;
    hand_in(&world, &mail(&staff, "b@x", "<a@x>", "As if from staff"), Origin::Mailbox).await;
    block(&world, &staff, false).await;
    let id = in_quarantine(&world, &admin).await;
    assert_eq!(mails::try_again(&world.desk, &admin, id, parse).await.unwrap(), Outcome::Reply(known));
    assert_eq!(world.count("select count(*) from messages where kind = 'note'").await, 1);
    assert_eq!(world.count("select count(*) from messages where kind = 'reply'").await, 0);
}

#[tokio::test]
async fn discarded_mails_leave_the_list_and_are_not_taken_in_again() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let nobody = |n: u8| format!("Subject: Nobody {n}\r\nTo: help@desk.example\r\n\r\nHello");
    for n in 0..3 {
        archive(&world, &nobody(n)).await;
    }
    let rows = mails::list(&world.desk, &admin, None, None).await.unwrap().rows;
    let ids: Vec<MailId> = rows.iter().map(|r| r.id).collect();
    for actor in [world.manager().await, agent.clone(), world.customer().await] {
        world.run(async |tx| mails::discard(tx, &actor, &ids).await).await.refused(Code::Forbidden);
    }
    let taken = ticket(&archive(&world, &mail("ada@acme.example", "a@x", "", "Hello")).await);
    let all: Vec<MailId> = ids[..2].iter().copied().chain([MailId(4), MailId(999)]).collect();
    assert_eq!(world.run(async |tx| mails::discard(tx, &admin, &all).await).await.unwrap(), 2, "only those that wait");
    let left = mails::list(&world.desk, &admin, None, None).await.unwrap().rows;
    assert_eq!(left.iter().map(|r| r.id).collect::<Vec<_>>(), [ids[2]]);
    let logged = "select count(*) from events where kind = 'mail.discarded' and actor_id is not null";
    assert_eq!(world.count(logged).await, 2);
    assert_eq!(world.run(async |tx| mails::discard(tx, &admin, &all).await).await.unwrap(), 0);
    assert_eq!(world.count(logged).await, 2, "once");
    // It is known for ever, kept as it came, and cannot be tried again.
    assert!(matches!(archive(&world, &nobody(2)).await, Outcome::Twice(_)));
    mails::try_again(&world.desk, &admin, ids[0], parse).await.refused(Code::NotFound);
    let (_, bytes) = mails::raw(&world.desk, &admin, Raw::Mail(ids[0])).await.unwrap();
    assert_eq!(bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat(), nobody(2).as_bytes());
    assert!(view::view(&world.desk, &agent, taken, Part::Latest).await.is_ok());
}

#[tokio::test]
async fn the_raw_mail_of_a_message_is_for_staff() {
    let world = World::new().await;
    let agent = world.agent().await;
    let raw = mail("ada@acme.example", "a@x", "", "Hello");
    let id = ticket(&archive(&world, &raw).await);
    let message = entries(&world, &agent, id).await.into_iter().find(|e| e.message.is_some()).unwrap().id;
    let (_, bytes) = mails::raw(&world.desk, &agent, Raw::Message(message)).await.unwrap();
    assert_eq!(bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat(), raw.as_bytes());
    let ada = actor_of(&world, "ada@acme.example").await;
    assert!(mails::raw(&world.desk, &ada, Raw::Message(message)).await.is_err());
    assert!(mails::raw(&world.desk, &agent, Raw::Message(EventId(i64::MAX))).await.is_err());
}

/// A folder with these files.
fn folder(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

#[tokio::test]
async fn folders_of_every_kind() {
    let world = World::new().await;
    let dated = |raw: String, day: u8| raw.replace("3 Mar", &format!("{day} Mar"));
    let mbox = format!(
        "From a Mon Mar  3 10:12:00 2025\n{}\nFrom b Mon Mar  3 10:12:00 2025\n{}",
        dated(mail("ada@acme.example", "m2@x", "<m1@x>", ">From here on"), 6),
        dated(mail("ada@acme.example", "m1@x", "", "One"), 5),
    );
    let files = [
        // The answer lies before what it answers to; the dates put them in order.
        ("a-answer.eml", dated(mail("ada@acme.example", "b@x", "<a@x>", "Two"), 4)),
        ("sub/b-first.eml", mail("ada@acme.example", "a@x", "", "One")),
        ("maildir/cur/1.host:2,S", mail("bob@acme.example", "c@x", "", "Three")),
        ("maildir/new/2.host", mail("bob@acme.example", "d@x", "<c@x>", "Four")),
        ("old.mbox", mbox),
        ("broken.eml", "nothing of a mail".to_owned()),
        ("README", "No mail.".to_owned()),
    ];
    let folder = folder(&files);
    let go = CancellationToken::new();
    let report = import(&world.desk, folder.path(), &go).await.unwrap();
    assert_eq!((report.mails, report.tickets, report.replies, report.quarantined.len()), (7, 3, 3, 1), "{report}");
    assert_eq!(report.other.len(), 1, "{report}");
    assert_eq!(report.kept(), report.mails);
    let again = import(&world.desk, folder.path(), &go).await.unwrap();
    assert_eq!((again.before, again.copies.len(), again.tickets, again.replies), (7, 0, 0, 0), "{again}");
    // Two copies of one that is there, and two of one that is new: each time it is said what is a copy of what lies here.
    std::fs::copy(folder.path().join("a-answer.eml"), folder.path().join("copy.eml")).unwrap();
    for name in ["new.eml", "new-copy.eml"] {
        std::fs::write(folder.path().join(name), mail("eve@acme.example", "n@x", "", "New")).unwrap();
    }
    let more = import(&world.desk, folder.path(), &go).await.unwrap();
    assert_eq!((more.before, more.copies.len(), more.tickets), (7, 2, 1), "{more}");
    assert_eq!(more.kept(), more.mails);
    let said = more.to_string();
    assert!(said.contains("2 copies of other mails in this folder") && said.contains("7 in Docket before"), "{said}");
    go.cancel();
    assert!(import(&world.desk, folder.path(), &go).await.unwrap().stopped);
    assert!(import(&world.desk, Path::new("/no/such/folder"), &go).await.is_err());
}

/// Real mails of many programs, many of them broken: each is kept, its files can be read, and a second time changes nothing.
#[tokio::test]
async fn real_mails() {
    let all: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/mail");
    let world = World::new().await;
    let admin = world.superadmin().await;
    for part in ["parse", "bounces", "not-bounces"] {
        let folder = all.join(part);
        if !folder.is_dir() {
            eprintln!("skipped: there is no {}", folder.display());
            continue;
        }
        let go = CancellationToken::new();
        let report = import(&world.desk, &folder, &go).await.unwrap();
        println!("{part}: {report}");
        assert!(report.mails > 0 && report.failed.is_empty(), "{report}");
        assert_eq!(report.kept(), report.mails, "{report}");
        let again = import(&world.desk, &folder, &go).await.unwrap();
        assert_eq!(again.before + again.copies.len(), report.mails, "{again}");
        assert_eq!(again.copies.len(), report.copies.len(), "{again}");
    }
    let keys: Vec<(String, i64)> =
        sqlx::query_as("select key, size from attachments").fetch_all(world.desk.pool()).await.unwrap();
    for (key, size) in keys {
        let opened = attachments::open(&world.desk, &admin, attachments::Which::Key(&key)).await.unwrap();
        let bytes: Vec<Bytes> = opened.bytes.try_collect().await.unwrap();
        assert_eq!(bytes.concat().len() as i64, size);
    }
}
