//! Files on tickets: what is taken, what is refused before anything of it is kept, and who gets them.

use crate::support::{
    Refused as _, Setup, World,
    browser::{Browser, Page},
    text,
};
use axum::body::Body;
use bytes::Bytes;
use domain::{
    Actor, Code, TicketId,
    attachment::{Attachment, UNSENT_MAX},
    ticket::{NewMessage, Writing},
    timeline::{Draft, Part},
};
use futures::{StreamExt as _, stream};
use http::{Request, StatusCode, header};
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use store::{
    Desk, Options,
    tickets::{
        attachments::{self, Which},
        draft, view,
    },
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8\0\0\0\0\0\0\0@\0\0\0";
const KIB: usize = 1024;

async fn upload(
    desk: &Desk,
    who: &Actor,
    ticket: Option<TicketId>,
    name: &str,
    bytes: &[u8],
) -> domain::Result<Attachment> {
    let parts: Vec<_> = bytes.chunks(4 * KIB).map(|part| Ok::<_, Infallible>(Bytes::copy_from_slice(part))).collect();
    attachments::upload(desk, who, ticket, name, None, stream::iter(parts)).await
}

fn carrying(writing: Writing, files: &[&Attachment]) -> NewMessage {
    NewMessage { attachments: files.iter().map(|f| f.id).collect(), ..text(writing, "See the file.") }
}

/// Nothing on disk and no row that says otherwise.
async fn nothing_kept(world: &World) {
    assert_eq!(world.files.on_disk(), Vec::<std::path::PathBuf>::new());
    assert_eq!(world.count("select count(*) from attachments").await, 0);
}

async fn with_limit(kib: usize) -> World {
    let options = Options { max_file_bytes: (kib * KIB) as i64, ..Options::default() };
    World::with(Setup { options, ..Setup::default() }).await
}

#[tokio::test]
async fn kinds_are_judged_by_name_and_content() {
    let world = World::new().await;
    let jana = world.customer().await;
    for (name, content) in [
        ("setup.exe", EXE),
        ("photo.jpg", EXE),
        ("report.pdf", EXE),
        ("notes.txt", EXE),
        ("photo.jpg", PNG),
        ("page.html", b"<script>alert(1)</script>".as_slice()),
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".as_slice()),
        ("noextension", b"text".as_slice()),
        ("photo.png", b"".as_slice()),
        ("archive.zip", b"plain words".as_slice()),
    ] {
        let error = upload(&world.desk, &jana, None, name, content).await.refused(Code::Unsupported);
        assert!(error.message.contains(name), "{}", error.message);
    }
    // A text that turns out to be none after what was looked at first.
    let mut late = b"all is well\n".repeat(4 * KIB);
    late.push(0);
    upload(&world.desk, &jana, None, "late.txt", &late).await.refused(Code::Unsupported);
    nothing_kept(&world).await;
    for (name, content) in [("photo.png", PNG), ("PHOTO.PNG", PNG), ("notes.md", b"# Words"), ("empty.txt", b"")] {
        let taken = upload(&world.desk, &jana, None, name, content).await.unwrap();
        assert_eq!(taken.size, content.len() as i64);
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_while_it_comes() {
    let world = with_limit(64).await;
    let jana = world.customer().await;
    // One that says how large it is: nothing of it is read.
    let body = stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, Infallible>>> { panic!("it was read") });
    attachments::upload(&world.desk, &jana, None, "a.txt", Some(64 * KIB as u64 + 1), body)
        .await
        .refused(Code::TooLarge);
    // One that does not, and never ends: it is not read to the end.
    let read = Arc::new(AtomicUsize::new(0));
    let count = read.clone();
    let endless = stream::repeat_with(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Infallible>(Bytes::from_static(&[b'x'; KIB]))
    });
    attachments::upload(&world.desk, &jana, None, "a.txt", None, endless).await.refused(Code::TooLarge);
    assert_eq!(read.load(Ordering::Relaxed), 65, "KiB read of an endless file");
    // One that lies.
    let lie = stream::iter(vec![Ok::<_, Infallible>(Bytes::from(vec![b'x'; 65 * KIB]))]);
    attachments::upload(&world.desk, &jana, None, "a.txt", Some(1), lie).await.refused(Code::TooLarge);
    // One that breaks off.
    let broken = stream::iter(vec![Ok(Bytes::from_static(b"half")), Err("gone")]);
    attachments::upload(&world.desk, &jana, None, "a.txt", None, broken).await.refused(Code::Invalid);
    nothing_kept(&world).await;
    assert_eq!(upload(&world.desk, &jana, None, "a.txt", &[b'x'; 64 * KIB]).await.unwrap().size, 64 * KIB as i64);
}

#[tokio::test]
async fn there_is_an_end_to_unsent_files_and_to_those_of_a_message() {
    let world = World::new().await;
    let jana = world.customer().await;
    let ticket = world.ticket(&jana).await.id;
    let mut files = Vec::new();
    for n in 0..UNSENT_MAX {
        files.push(upload(&world.desk, &jana, None, &format!("{n}.txt"), b"x").await.unwrap());
    }
    upload(&world.desk, &jana, None, "more.txt", b"x").await.refused(Code::TooMany);
    let many: Vec<&Attachment> = files.iter().take(21).collect();
    let write = async |files: &[&Attachment]| {
        let input = carrying(Writing::Reply, files);
        world.run(async |tx| store::tickets::message::write(tx, &jana, ticket, input).await).await
    };
    write(&many).await.wrong("attachments");
    write(&many[..20]).await.unwrap();
    // Sent ones are out of the count, and cannot be sent again.
    upload(&world.desk, &jana, None, "more.txt", b"x").await.unwrap();
    write(&many[..1]).await.wrong("attachments");
}

#[tokio::test]
async fn odd_names_do_no_harm() {
    let world = World::new().await;
    let jana = world.customer().await;
    let browser = Browser::of(&world, &jana).await;
    let long = format!("{}.txt", "ü".repeat(300));
    for name in [
        "../../etc/passwd.txt",
        "C:\\windows\\a.txt",
        "in\u{202e}txt.exe.txt",
        "a\"; filename=evil.html; x=\".txt",
        "line\r\nSet-Cookie: a=b.txt",
        "%2e%2e%2fa.txt",
        "näme ✓ 名前.txt",
        ".txt.txt",
        long.as_str(),
    ] {
        let file = upload(&world.desk, &jana, None, name, b"words").await.unwrap();
        assert!(
            file.name.chars().count() <= 200 && !file.name.contains(['/', '\\', '"', '\r', '\n', '\u{202e}']),
            "{name}"
        );
        let got = browser.get(&file.path()).await;
        assert_eq!((got.status, got.text.as_str()), (StatusCode::OK, "words"), "{name}");
        let disposition = got.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        let mut parts = disposition.split('"');
        assert_eq!(parts.next(), Some("attachment; filename="), "{disposition}");
        let plain = parts.next().unwrap();
        assert!(plain.is_ascii() && !plain.contains([';', '\\', '/']), "{disposition}");
        assert!(parts.next().unwrap().starts_with("; filename*=UTF-8''") && parts.next().is_none(), "{disposition}");
        assert!(got.headers.get(header::SET_COOKIE).is_none());
    }
    for path in world.files.on_disk() {
        assert!(path.to_str().is_some_and(|p| !p.contains("etc/") && !p.contains("evil")), "{}", path.display());
    }
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_by_half() {
    let world = World::new().await;
    let (jana, agent) = (world.customer().await, world.agent().await);
    let ticket = world.ticket(&jana).await.id;
    world.files.fill_up();
    let error = upload(&world.desk, &jana, Some(ticket), "a.txt", b"words").await.refused(Code::Unavailable);
    assert!(error.message.contains("could not be stored"), "{}", error.message);
    nothing_kept(&world).await;
    // By the form of the portal: the text is kept, nothing is opened.
    let browser = Browser::of(&world, &jana).await;
    let page = portal_form(&browser, "/portal/new", &[("subject", "Disk"), ("body", "All my words")], "a.txt").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text.contains("All my words") && page.text.contains("could not be stored"), "{}", page.text);
    assert_eq!(world.count("select count(*) from tickets").await, 1);
    nothing_kept(&world).await;
    world.reply(&agent, ticket, "Words need no disk of their own.").await;
    world.files.make_room();
    let page = portal_form(&browser, "/portal/new", &[("subject", "Disk"), ("body", "All my words")], "a.txt").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
}

/// Sends a form of the portal with one file of text.
async fn portal_form(browser: &Browser, path: &str, fields: &[(&str, &str)], file: &str) -> Page {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += &format!(
        "--B\r\nContent-Disposition: form-data; name=\"attachments\"; filename=\"{file}\"\r\n\r\nwords\r\n--B--\r\n"
    );
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=B")
        .header("sec-fetch-site", "same-origin");
    browser.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn whoever_sees_the_message_gets_its_files_and_nobody_else() {
    let world = World::new().await;
    let acme = world.company("Acme", true).await;
    let (jana, colleague) = (world.company_user(acme).await, world.company_user(acme).await);
    let (agent, stranger) = (world.agent().await, world.customer().await);
    let other = world.company("Other", true).await;
    let foreigner = world.company_user(other).await;
    let ticket = world.ticket(&jana).await.id;
    let public = upload(&world.desk, &agent, Some(ticket), "public.txt", b"for all").await.unwrap();
    let secret = upload(&world.desk, &agent, Some(ticket), "secret.txt", b"for us").await.unwrap();
    let unsent = upload(&world.desk, &agent, Some(ticket), "unsent.txt", b"for me").await.unwrap();
    world.write(&agent, ticket, carrying(Writing::Reply, &[&public])).await;
    world.write(&agent, ticket, carrying(Writing::Note, &[&secret])).await;
    let second = world.agent().await;
    for (who, sees_public, sees_secret, sees_unsent) in [
        (&agent, true, true, true),
        (&second, true, true, false),
        (&jana, true, false, false),
        (&colleague, true, false, false),
        (&stranger, false, false, false),
        (&foreigner, false, false, false),
    ] {
        let browser = Browser::of(&world, who).await;
        for (file, seen) in [(&public, sees_public), (&secret, sees_secret), (&unsent, sees_unsent)] {
            let expected = if seen { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(browser.get(&file.path()).await.status, expected, "{} for {who:?}", file.name);
        }
        if let Ok(listed) = attachments::of_ticket(&world.desk, who, ticket).await {
            assert_eq!(listed.iter().any(|f| f.id == secret.id), sees_secret);
            assert!(!listed.iter().any(|f| f.id == unsent.id));
        }
    }
    let visitor = Browser::of_visitor(&world);
    assert_eq!(visitor.get(&public.path()).await.status, StatusCode::NOT_FOUND);
    // Others cannot add to it, nor send what is not theirs.
    upload(&world.desk, &stranger, Some(ticket), "a.txt", b"x").await.refused(Code::NotFound);
    upload(&world.desk, &Actor::visitor(None), None, "a.txt", b"x").await.refused(Code::SignedOut);
    let stolen = carrying(Writing::Reply, &[&unsent]);
    world.run(async |tx| store::tickets::message::write(tx, &jana, ticket, stolen).await).await.wrong("attachments");
}

#[tokio::test]
async fn headers_let_nothing_run_and_parts_can_be_asked_for() {
    let world = World::new().await;
    let jana = world.customer().await;
    let browser = Browser::of(&world, &jana).await;
    let file = upload(&world.desk, &jana, None, "page.txt", b"<script>0123456789").await.unwrap();
    let got = browser.get(&format!("{}?inline", file.path())).await;
    assert_eq!(got.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(got.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(got.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
    assert!(browser.get(&file.path()).await.headers[header::CONTENT_DISPOSITION].as_bytes().starts_with(b"attachment"));
    for (range, status, body) in [
        ("bytes=8-11", 206, "0123"),
        ("bytes=-2", 206, "89"),
        ("bytes=99-", 416, ""),
        ("bytes=x", 200, "<script>0123456789"),
    ] {
        let request = Request::get(file.path()).header(header::RANGE, range).body(Body::empty()).unwrap();
        let part = browser.send(request).await;
        assert_eq!((part.status.as_u16(), part.text.as_str()), (status, body), "{range}");
    }
}

#[tokio::test]
async fn deleted_files_leave_a_trace_and_no_bytes() {
    let world = World::new().await;
    let (jana, agent, stranger) = (world.customer().await, world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let file = upload(&world.desk, &agent, Some(ticket), "a.txt", b"words").await.unwrap();
    world.write(&agent, ticket, carrying(Writing::Reply, &[&file])).await;
    let delete = async |who: &Actor| world.run(async |tx| attachments::delete(tx, who, file.id).await).await;
    delete(&stranger).await.refused(Code::NotFound);
    delete(&jana).await.refused(Code::Forbidden);
    delete(&agent).await.unwrap();
    delete(&agent).await.unwrap();
    while server::work::jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert!(world.files.on_disk().is_empty());
    attachments::open(&world.desk, &jana, Which::Id(file.id)).await.map(drop).refused(Code::NotFound);
    let listed = attachments::of_ticket(&world.desk, &jana, ticket).await.unwrap();
    assert_eq!((listed.len(), listed[0].deleted_by.is_some()), (1, true));
    assert_eq!(world.count("select count(*) from events where kind = 'attachment.deleted'").await, 1);
}

#[tokio::test]
async fn uploads_that_were_never_sent_are_swept_after_a_day() {
    let world = World::new().await;
    let jana = world.customer().await;
    let ticket = world.ticket(&jana).await.id;
    let sent = upload(&world.desk, &jana, Some(ticket), "sent.txt", b"words").await.unwrap();
    world.write(&jana, ticket, carrying(Writing::Reply, &[&sent])).await;
    upload(&world.desk, &jana, None, "forgotten.txt", b"words").await.unwrap();
    world.advance_seconds(86_000);
    let fresh = upload(&world.desk, &jana, None, "fresh.txt", b"words").await.unwrap();
    world.advance_seconds(500);
    store::sweep::sweep(&world.desk).await.unwrap();
    while server::work::jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert_eq!(world.files.on_disk().len(), 2);
    for file in [&sent, &fresh] {
        let opened = attachments::open(&world.desk, &jana, Which::Id(file.id)).await.unwrap();
        assert_eq!(opened.bytes.map(|part| part.unwrap().to_vec()).concat().await, b"words");
    }
}

/// What staff have uploaded belongs to what they are writing: it comes back with the ticket, and is there as long as a text is.
#[tokio::test]
async fn files_of_a_draft_come_back_and_are_not_swept() {
    let world = World::new().await;
    let (jana, ann, bob) = (world.customer().await, world.agent().await, world.agent().await);
    let (one, other) = (world.ticket(&jana).await.id, world.ticket(&jana).await.id);
    let unsent = async |who: &Actor, ticket| {
        let found = view::view(&world.desk, who, ticket, Part::Latest).await.unwrap().unsent;
        found.into_iter().map(|file| file.name).collect::<Vec<_>>()
    };
    let mut files = Vec::new();
    for (who, ticket, name) in [
        (&ann, one, "a.txt"),
        (&ann, one, "b.txt"),
        (&ann, one, "c.txt"),
        (&ann, other, "d.txt"),
        (&jana, one, "e.txt"),
    ] {
        files.push(upload(&world.desk, who, Some(ticket), name, b"words").await.unwrap());
    }
    upload(&world.desk, &ann, None, "new.txt", b"words").await.unwrap();
    assert_eq!(unsent(&ann, one).await, ["a.txt", "b.txt", "c.txt"]);
    assert_eq!(
        (unsent(&ann, other).await.len(), unsent(&bob, one).await.len(), unsent(&jana, one).await.len()),
        (1, 0, 0)
    );
    // Sent with a message, or taken off, they are no part of the draft any more.
    world.run(async |tx| attachments::delete(tx, &ann, files[2].id).await).await.unwrap();
    world.write(&ann, one, carrying(Writing::Note, &[&files[1]])).await;
    assert_eq!(unsent(&ann, one).await, ["a.txt"]);

    let draft = |body: &str| Draft { writing: Writing::Reply, body: body.into() };
    let save = async |body: &str| world.run(async |tx| draft::save(tx, &ann, one, draft(body)).await).await.unwrap();
    save("See the file.").await;
    for (seconds, left) in
        [(86_500, ["a.txt", "b.txt", "d.txt", "new.txt"].as_slice()), (30 * 86_400, &["a.txt", "b.txt"])]
    {
        world.advance_seconds(seconds);
        store::sweep::sweep(&world.desk).await.unwrap();
        let names: Vec<String> = sqlx::query_scalar("select name from attachments order by name")
            .fetch_all(world.desk.pool())
            .await
            .unwrap();
        assert_eq!(names, left, "after {seconds} seconds");
    }
    assert_eq!(unsent(&ann, one).await, ["a.txt"]);
    save("").await;
    store::sweep::sweep(&world.desk).await.unwrap();
    assert!(unsent(&ann, one).await.is_empty());
}

/// Somebody who opens the address of a file that is not there, or not for them, gets a page; programs and what a page embeds
/// get the problem.
#[tokio::test]
async fn a_file_that_is_not_there_is_a_page_for_people() {
    let world = World::new().await;
    let (jana, eve) = (world.customer().await, world.customer().await);
    let file = upload(&world.desk, &jana, None, "notes.txt", b"only mine").await.unwrap();
    let eve = Browser::of(&world, &eve).await;
    let visitor = Browser::of_visitor(&world);
    let foreign = file.path();
    let missing = foreign.replace(&file.key, "0000000000000000000000");
    for path in [foreign.as_str(), &missing, "/files/1", "/files", "/files/remote/1/2", "/files/a/b/c", "/sign-out"] {
        for browser in [&eve, &visitor] {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert!(page.text.contains("</html>"), "{path}: {}", page.text);
        }
        for (name, value) in
            [("accept", "*/*"), ("accept", "image/avif,image/webp,*/*;q=0.8"), ("sec-fetch-dest", "iframe")]
        {
            let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
            let page = eve.send(request).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            if path.contains("/files/a/b/c") {
                continue;
            }
            assert_eq!(page.headers["content-type"], "application/problem+json", "{path} {value}: {}", page.text);
        }
    }
    let request = Request::put("/files/1").header("sec-fetch-site", "same-origin").body(Body::empty()).unwrap();
    let page = eve.send(request).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(page.text.contains("method_not_allowed") && page.headers.contains_key("allow"), "{page:?}");
}
