use super::*;
use proptest::prelude::*;

fn read(raw: &[u8]) -> IncomingMail {
    parse(raw).expect("a mail")
}

/// A mail of these headers and this text, with a sender.
fn mail(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut raw = format!("From: Ada <ada@acme.example>\r\n{headers}\r\n\r\n").into_bytes();
    raw.extend_from_slice(body);
    raw
}

#[test]
fn encodings_of_texts() {
    let russian = "Здравствуйте, принтер не работает с самого утра";
    let japanese = "プリンターが動きません。助けてください";
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("Content-Type: text/plain; charset=utf-8", "Grüße".into(), "Grüße"),
        ("Content-Type: text/plain; charset=iso-8859-1", b"Gr\xfc\xdfe".to_vec(), "Grüße"),
        ("Content-Type: text/plain; charset=koi8-r", encoding_rs::KOI8_R.encode(russian).0.to_vec(), russian),
        (
            "Content-Type: text/plain; charset=windows-1251",
            encoding_rs::WINDOWS_1251.encode(russian).0.to_vec(),
            russian,
        ),
        ("Content-Type: text/plain; charset=shift_jis", encoding_rs::SHIFT_JIS.encode(japanese).0.to_vec(), japanese),
        (
            "Content-Type: text/plain; charset=iso-2022-jp",
            encoding_rs::ISO_2022_JP.encode(japanese).0.to_vec(),
            japanese,
        ),
        ("Content-Type: text/plain; charset=gb2312", encoding_rs::GBK.encode("打印机坏了").0.to_vec(), "打印机坏了"),
        ("Content-Type: text/plain; charset=big5", encoding_rs::BIG5.encode("印表機壞了").0.to_vec(), "印表機壞了"),
        (
            "Content-Type: text/plain; charset=euc-kr",
            encoding_rs::EUC_KR.encode("프린터가 고장").0.to_vec(),
            "프린터가 고장",
        ),
        ("Content-Type: text/plain; charset=utf-7", b"Gr+APwA3w-e".to_vec(), "Grüße"),
        (
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
            b"Gr=C3=BC=C3=9Fe=\r\n aus".to_vec(),
            "Grüße aus",
        ),
        (
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64",
            b"R3LDvMOfZQ==".to_vec(),
            "Grüße",
        ),
        // Named wrongly, named by nobody, and without any MIME at all.
        (
            "Content-Type: text/plain; charset=utf-8",
            b"Viele Gr\xfc\xdfe aus K\xf6ln am Rhein".to_vec(),
            "Viele Grüße aus Köln am Rhein",
        ),
        ("Content-Type: text/plain; charset=x-unknown", encoding_rs::KOI8_R.encode(russian).0.to_vec(), russian),
        ("Subject: x", b"Viele Gr\xfc\xdfe aus K\xf6ln am Rhein".to_vec(), "Viele Grüße aus Köln am Rhein"),
    ];
    for (headers, body, text) in cases {
        assert_eq!(read(&mail(headers, body)).text, *text, "{headers}");
    }
}

#[test]
fn headers_of_all_sorts() {
    let subject = |line: &[u8]| {
        let mut raw = b"From: a@x.example\r\nSubject: ".to_vec();
        raw.extend_from_slice(line);
        raw.extend_from_slice(b"\r\n\r\nx");
        read(&raw).subject
    };
    assert_eq!(subject(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?b?/N8=?="), "Grüßeüß");
    assert_eq!(subject(b"Viele Gr\xfc\xdfe aus K\xf6ln am Rhein"), "Viele Grüße aus Köln am Rhein");
    assert_eq!(subject(b"=?iso-8859-1?Q?Gr\xfc\xdfe?="), "Grüße");
    assert_eq!(subject("Grüße".as_bytes()), "Grüße");
    assert_eq!(subject(b"a\r\n  folded"), "a folded");
    assert_eq!(subject(b""), "");

    let sender = |headers: &str| {
        let mail = read(format!("{headers}\r\nSubject: x\r\n\r\nx").as_bytes());
        (mail.from_name, mail.from_address)
    };
    let ada = Some("ada@acme.example".to_owned());
    for (headers, name, address) in [
        ("From: Ada <Ada@ACME.example>", "Ada", &ada),
        ("From: =?utf-8?q?Ada_L=C3=B6w?= <ada@acme.example>", "Ada Löw", &ada),
        ("From: \"Löw, Ada\" <ada@acme.example>", "Löw, Ada", &ada),
        ("From: ada@acme.example (Ada)", "Ada", &ada),
        ("From: ada@acme.example", "", &ada),
        ("From: Ada\r\nReply-To: ada@acme.example", "Ada", &ada),
        ("From: Ada\r\nSender: <ada@acme.example>", "Ada", &ada),
        ("Return-Path: <ada@acme.example>", "", &ada),
        ("From: Group: Ada <ada@acme.example>, Bob <bob@acme.example>;", "Ada", &ada),
        ("From: MAILER-DAEMON (Mail Delivery)", "Mail Delivery", &None),
        ("From: <>\r\nReturn-Path: <>", "", &None),
        ("To: help@desk.example", "", &None),
    ] {
        assert_eq!(sender(headers), (name.to_owned(), address.clone()), "{headers}");
    }
}

#[test]
fn threads_and_dates() {
    let mail = read(
        b"From: a@x.example\r\nMessage-ID: <c@x>\r\nIn-Reply-To: <b@x> \"text\"\r\nReferences: <a@x>\r\n <b@x>\r\nDate: Mon, 3 Mar 2025 10:12:00 +0100\r\n\r\nx",
    );
    assert_eq!(mail.message_id.as_deref(), Some("c@x"));
    assert_eq!(mail.references.first().map(String::as_str), Some("b@x"));
    assert!(mail.references.contains(&"a@x".to_owned()));
    assert_eq!(mail.date.map(Time::rfc3339).as_deref(), Some("2025-03-03T09:12:00Z"));
    let long = format!("From: a@x.example\r\nMessage-ID: <{}@x>\r\nDate: yesterday\r\n\r\nx", "a".repeat(2_000));
    assert_eq!((read(long.as_bytes()).message_id, read(long.as_bytes()).date), (None, None));
}

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[test]
fn parts() {
    let raw = format!(
        "From: a@x.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\npreamble\r\n\
         --m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
         --r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
         --a\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
         --a\r\nContent-Type: text/html\r\n\r\n<p>rich <img src=\"cid:p@x\"></p>\r\n--a--\r\n\
         --r\r\nContent-Type: image/png\r\nContent-ID: <p@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n{PNG}\r\n--r--\r\n\
         --m\r\nContent-Type: application/pdf; name*=utf-8''Gr%C3%BC%C3%9Fe.pdf\r\nContent-Disposition: attachment\r\n\r\n%PDF\r\n\
         --m\r\nContent-Type: message/rfc822\r\n\r\nFrom: b@x.example\r\nSubject: Inner\r\n\r\ninner text\r\n\
         --m\r\nContent-Type: application/ms-tnef\r\n\r\ntnef\r\n\
         --m\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n\
         --m\r\nContent-Type: text/plain; name=log.txt\r\nContent-Disposition: attachment\r\n\r\nlog\r\n--m--\r\n"
    );
    let mail = read(raw.as_bytes());
    assert_eq!(mail.text, "plain");
    assert!(mail.html.as_deref().is_some_and(|h| h.contains("cid:p@x")));
    let names: Vec<&str> = mail.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    for name in ["Grüße.pdf", "Inner.eml", "log.txt"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let of = |kind: &str| mail.files.iter().find(|f| f.content_type == kind).expect("the file");
    assert_eq!(of("image/png").content_id.as_deref(), Some("p@x"));
    assert!(of("image/png").content.starts_with(b"\x89PNG"));
    assert!(String::from_utf8_lossy(&of("message/rfc822").content).contains("inner text"));
    assert!(of("text/calendar").name.ends_with(".ics") && of("application/ms-tnef").name.ends_with(".dat"));
}

#[test]
fn html_alone_and_pictures_in_it() {
    let html =
        format!("<p>Hello</p><img src=\"data:image/png;base64,{PNG}\"><img src='data:image/svg+xml;base64,AAAA'>");
    let mail = read(&mail("Content-Type: text/html; charset=utf-8", html.as_bytes()));
    assert_eq!(mail.text, "Hello");
    assert_eq!(mail.files.len(), 1);
    assert!(mail.files[0].content.starts_with(b"\x89PNG"));
    let id = mail.files[0].content_id.clone().expect("an id");
    let html = mail.html.expect("html");
    assert!(html.contains(&format!("src=\"cid:{id}\"")) && html.contains("svg+xml"), "{html}");
}

#[test]
fn broken_structures_keep_their_text() {
    for (headers, body) in [
        ("Content-Type: multipart/mixed; boundary=x", "No such boundary. wanted"),
        ("Content-Type: multipart/mixed", "--x\r\n\r\nwanted"),
        ("Content-Type: multipart/mixed; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\nwanted, and no end"),
        (
            "Content-Type: multipart/alternative; boundary=x",
            "--x\r\nContent-Type: text/html\r\n\r\n<b>wanted</b>\r\n--x--",
        ),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", "This is not base64, but wanted!"),
        ("Content-Type: ;;;", "wanted"),
        ("Content-Type: text", "wanted"),
    ] {
        let mail = read(&mail(headers, body.as_bytes()));
        let kept = mail.text.contains("wanted")
            || mail.files.iter().any(|f| String::from_utf8_lossy(&f.content).contains("wanted"));
        assert!(kept, "{headers}: {mail:?}");
    }
}

#[test]
fn what_is_no_mail() {
    for raw in [
        &b""[..],
        b" \r\n\r\n",
        b"Hello, this is a text.\nFrom: nobody",
        b"\x89PNG\r\n\x1a\n",
        b"Copyright (c): all\n\nrights",
    ] {
        assert!(parse(raw).is_err(), "{raw:?}");
    }
    assert!(parse(b"Subject: only a subject").is_ok());
    assert!(parse(b"From ada Mon Mar  3 10:12:00 2025\nFrom: a@x.example\n\nx").is_ok());
}

#[test]
fn endless_nesting() {
    let deep = b"Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    let found = read(&mail("Subject: deep", &[&b""[..], &deep].concat()));
    assert_eq!(found.files.len(), 1);
    let wrapped = base64::engine::general_purpose::STANDARD.encode(&deep);
    for kind in ["Content-Type: message/rfc822\r\n", "Content-Type: multipart/digest; boundary=d\r\n"] {
        let body = if kind.contains("digest") {
            format!("--d\r\nContent-Transfer-Encoding: base64\r\n\r\n{wrapped}\r\n--d--\r\n")
        } else {
            wrapped.clone()
        };
        let encoding = if kind.contains("digest") { "Subject: x" } else { "Content-Transfer-Encoding: base64" };
        let found = read(&mail(&format!("{kind}{encoding}"), body.as_bytes()));
        assert!(found.files.iter().any(|f| !f.content.is_empty()) || !found.text.is_empty());
    }
    let multiparts: String =
        (0..20_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
    read(&mail("Subject: x", multiparts.as_bytes()));
}

proptest! {
    /// Whatever comes, there is an answer.
    #[test]
    fn no_bytes_cause_a_panic(raw in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = parse(&raw);
    }

    /// Mails put together from what mails are made of: no panic inside either, and the text of a part is somewhere.
    #[test]
    fn no_structure_loses_a_text(parts in prop::collection::vec(prop_oneof![
        Just("Content-Type: multipart/mixed; boundary=x\r\n"), Just("Content-Type: multipart/alternative; boundary=y\r\n"),
        Just("Content-Type: text/html\r\n"), Just("Content-Type: message/rfc822\r\n"), Just("Content-Type: image/png; name=a.png\r\n"),
        Just("Content-Transfer-Encoding: base64\r\n"), Just("Content-Transfer-Encoding: quoted-printable\r\n"),
        Just("Content-Disposition: attachment; filename=a.txt\r\n"), Just("\r\n"), Just("--x\r\n"), Just("--x--\r\n"), Just("--y\r\n"),
        Just("--y--\r\n"), Just("some text\r\n"), Just("=?utf-8?q?=FF?=\r\n"), Just("Subject: x\r\n"), Just("\0\r\n"),
    ], 0..30)) {
        let raw = format!("From: a@x.example\r\n{}", parts.concat());
        let mail = parse(raw.as_bytes());
        prop_assert!(mail.is_ok_and(|m| m.from_address.is_some()));
    }
}
