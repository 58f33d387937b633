//! What is tried against every web application: ways out of folders, lines into headers, archives that never end.

use crate::support::{PASSWORD, World, browser::Browser, person};
use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{Request, StatusCode, header};
use object_store::{ObjectStoreExt as _, path::Path};
use std::{convert::Infallible, io::Write as _};
use store::tickets::attachments;

#[tokio::test]
async fn no_address_leads_out_of_its_folder() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let browser = Browser::of(&world, &admin).await;
    world.desk.files().put(&Path::from("tickets/1/kept"), "for nobody".into()).await.unwrap();
    for up in ["..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e", "..%5c..", "%252e%252e", ".%00.", "....//", "tickets/1"] {
        for (before, after) in [
            ("/", "/etc/passwd"),
            ("/pkg/", "/Cargo.toml"),
            ("/files/", "/kept"),
            ("/files/", "%2ftickets%2f1%2fkept/kept"),
            ("/files/avatar/", "/1"),
            ("/files/remote/", "/1"),
            ("/customers/exports/", "%2fkept"),
            ("/settings/mails/", "/raw"),
            ("/api/v1/attachment/", "%2fkept"),
        ] {
            let path = format!("{before}{up}{after}");
            let page = browser.get(&path).await;
            assert!(page.status.is_client_error(), "{path}: {}", page.status);
            for told in ["root:", "for nobody", "[workspace]"] {
                assert!(!page.text.contains(told), "{path} tells {told}");
            }
        }
    }
}

#[tokio::test]
async fn no_text_becomes_a_header() {
    let world = World::new().await;
    let agent = world.agent().await;
    let visitor = Browser::of_visitor(&world);
    let lines = ["\r\nSet-Cookie: evil=1", "\nSet-Cookie: evil=1", "\r\n\r\n<b>evil</b>", "\u{85}Set-Cookie: evil=1"];
    for line in lines {
        let next = format!("/tickets{line}");
        let form = [("email", person(&agent).email.as_str()), ("password", PASSWORD), ("next", &next)];
        let page = visitor.post("/sign-in", &form).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{next:?}");
        let mut cookies = page.headers.get_all(header::SET_COOKIE).iter();
        assert!(cookies.all(|cookie| !cookie.to_str().unwrap().contains("evil")), "{page:?}");
        let led: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        for path in [format!("/tickets?{led}"), format!("/sign-in?next={led}"), format!("/tickets/{led}")] {
            let page = visitor.get(&path).await;
            assert!(
                page.headers.get(header::SET_COOKIE).is_none_or(|c| !c.to_str().unwrap().contains("evil")),
                "{path}"
            );
            assert!(!page.text.contains("<b>evil"), "{path}");
            if let Some(to) = page.headers.get(header::LOCATION) {
                assert!(to.as_bytes().iter().all(|b| (0x20..0x7f).contains(b)), "{path}: {to:?}");
            }
        }
    }
}

/// Nothing unpacks what comes from outside: of little that stands for much, little is kept, and little is given back.
#[tokio::test]
async fn nothing_is_unpacked() {
    let world = World::new().await;
    let jana = world.customer().await;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("much.txt", zip::write::SimpleFileOptions::default()).unwrap();
    for _ in 0..64 {
        zip.write_all(&[0; 1024 * 1024]).unwrap();
    }
    let bomb = zip.finish().unwrap().into_inner();
    assert!(bomb.len() < 1024 * 1024);
    let mut content = stream::iter([Ok::<_, Infallible>(Bytes::from(bomb.clone()))]);
    let file = attachments::upload(&world.desk, &jana, None, "much.zip", None, &mut content).await.unwrap();
    let browser = Browser::of(&world, &jana).await;
    let got = browser.get(&file.path()).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    assert_eq!(got.headers[header::CONTENT_LENGTH], bomb.len().to_string().as_str());

    // A form that was packed is not read as what is in it.
    let agent = world.superadmin().await;
    assert_eq!(person(&agent).email, "superadmin2@people.example");
    const FORM: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xcd\x4d\xcc\xcc\xb1\x2d\x2e\x2d\x48\x2d\x4a\x4c\xc9\xcd\xcc\x33\x52\x35\x31\x28\x48\xcd\x2f\xc8\x49\xd5\x4b\xad\x48\xcc\x05\xd2\x6a\x05\x89\xc5\xc5\xe5\xf9\x45\x29\xb6\xc9\xf9\x45\x45\xa9\xc9\x25\xda\x19\xf9\x45\xc5\xa9\xda\x49\x89\x25\x25\xa9\x45\x95\x00\x42\x6e\x8d\x59\x41\x00\x00\x00";
    let request = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::CONTENT_ENCODING, "gzip")
        .header("sec-fetch-site", "same-origin");
    let page = Browser::of_visitor(&world).send(request.body(Body::from(FORM)).unwrap()).await;
    assert!(page.status.is_client_error() && page.headers.get(header::SET_COOKIE).is_none(), "{page:?}");
}
