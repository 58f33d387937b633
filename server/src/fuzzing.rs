//! What reads the bytes of strangers, one function for each kind: they take any input, and panic when something does not hold.
//!
//! `fuzz/` runs them on input that a fuzzer grows, a test of every run on mutations of what is right ([`Target::seeds`]).

use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use domain::import::{COLUMNS_MAX, Kind};
use domain::scim::PersonInput;
use domain::ticket::{Change, Filter, NewMessage, NewTicket};
use domain::timeline::{Draft, Part};
use domain::{UserId, attachment, board, customer, security_log};
use futures::{FutureExt as _, TryStreamExt as _, executor::block_on, stream};
use serde::{Serialize, de::DeserializeOwned};
use server_fn::{Decodes, Encodes as _};
use ui::rpc::JsonText;

use crate::api::{auth, input, tickets, work};
use crate::scim::read;

/// One way in.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As `cargo xtask fuzz` calls it.
    pub name: &'static str,
    /// Takes any input.
    pub run: fn(&[u8]),
    /// Right input, to begin from.
    pub seeds: &'static [&'static [u8]],
}

/// All there are.
pub const TARGETS: [Target; 10] = [
    Target {
        name: "rpc",
        run: rpc,
        seeds: &[
            br#"{"subject":"Printer","body":"Offline","urgency":"high","tags":["vip"],"attachments":[1],"key":"k"}"#,
            br#"{"writing":"reply","body":"Hello","attachments":[],"seen":7,"status":2,"key":null}"#,
            br#"{"statuses":[1,2],"assignee":{"of":3},"urgency":"low","sort":"priority","after":"updated.2.1.1"}"#,
            br#"{"urgency":{"from":"low","to":"high"},"tags":{"from":[],"to":["a"]},"assignee":{"from":null,"to":4}}"#,
            br#"{"before":1042}"#,
            br#"{"ticket":1042,"status":2,"above":1,"below":null,"lane":null,"from":1}"#,
        ],
    },
    Target {
        name: "rest",
        run: rest,
        seeds: &[
            br#"{"subject":"Printer","body":"Offline","requester":{"email":"jana@acme.example","name":"Jana"},"assignee":1}"#,
            br#"{"ticket_id":1001,"body":"More"}"#,
            br#"{"body":"Hello","internal":true,"status":"resolved","seen":1,"attachments":[1]}"#,
            br#"{"urgency":"low","importance":"critical"}"#,
            br#"{"name":"Jana","email":"jana@acme.example","password":"correct horse"}"#,
        ],
    },
    Target {
        name: "query",
        run: query,
        seeds: &[
            b"status=open&assignee=me&sort=oldest&urgency=high&team=2",
            b"name=report.pdf&ticket=1042",
            b"before=7&after=%31",
            b"bytes=0-99",
            b"/portal?a=b",
        ],
    },
    Target {
        name: "multipart",
        run: multipart,
        seeds: &[
            b"\x10B\n--B\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncustomers\r\n--B\r\nContent-Disposition: \
              form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\nname,email\r\n--B--\r\n",
            b"\x03B\n--B\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nPrinter\r\n--B--\r\n",
        ],
    },
    Target {
        name: "cookies",
        run: cookies,
        seeds: &[
            b"docket_session=abc; docket_theme=dark; docket_device=x.y\ndocket_session=def\n10.0.0.1, 192.0.2.1",
            b"a=b;;docket_session=\n\n2001:db8::1",
            b"docket_device=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ],
    },
    Target {
        name: "csv",
        run: csv,
        seeds: &[
            b"name;email;company\nJana Novak;jana@acme.example;Acme\n\"Zoe; \"\"Z\"\"\";zoe@acme.example;\n",
            b"\xef\xbb\xbfName\tE-mail\r\nJana\tjana@acme.example\r\n",
            b"\xff\xfen\0a\0m\0e\0,\0m\0a\0i\0l\0\n\0J\0,\0x\0",
            b"Company,Domains\nM\xfcller,\"mueller.example\nmueller2.example\"\n",
        ],
    },
    Target {
        name: "scim_json",
        run: scim_json,
        seeds: &[
            br#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"jana@acme.example","externalId":"7",
                "name":{"givenName":"Jana","familyName":"W"},"emails":[{"value":"j@acme.example","type":"work","primary":true}],
                "active":"True"}"#,
            br#"{"Operations":[{"op":"Replace","path":"active","value":"False"},{"op":"Add","path":
                "emails[type eq \"work\"].value","value":"j@acme.example"},{"op":"add","value":{"name.givenName":"J"}},
                {"op":"remove","path":"members[value eq \"12\"]"},{"op":"add","path":"members","value":[{"value":"7"}]}]}"#,
            br#"{"displayName":"Leads","members":[{"value":"7","display":"Jana","type":"User"}]}"#,
            br#"{"filter":"active eq true","startIndex":2,"count":1,"attributes":["userName"],"excludedAttributes":["x"]}"#,
            b"userName eq \"jana@acme.example\" and emails[type eq \"work\"].value eq \"a\" and active eq true",
        ],
    },
    Target {
        name: "saml",
        run: crate::outside::saml::fuzz,
        seeds: &[
            b"<?xml version=\"1.0\"?><p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"r\" Version=\"2.0\" \
              InResponseTo=\"_r\" Destination=\"https://desk.example\"><p:Status><p:StatusCode \
              Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></p:Status><a:Assertion ID=\"a\" Version=\"2.0\" \
              xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" IssueInstant=\"2026-09-21T14:13:20Z\"><a:Issuer>urn:acme</a:Issuer>\
              <a:Subject><a:NameID>jana<!-- -->-7</a:NameID><a:SubjectConfirmation \
              Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><a:SubjectConfirmationData InResponseTo=\"_r\" \
              Recipient=\"https://desk.example\" NotOnOrAfter=\"2026-09-21T14:18:20.5+00:00\"/></a:SubjectConfirmation></a:Subject>\
              <a:Conditions><a:AudienceRestriction><a:Audience>urn:desk</a:Audience></a:AudienceRestriction></a:Conditions>\
              <a:AuthnStatement><a:AuthnContext><a:AuthnContextClassRef>x</a:AuthnContextClassRef></a:AuthnContext>\
              </a:AuthnStatement><a:AttributeStatement><a:Attribute Name=\"mail\"><a:AttributeValue>&#74;ana@acme.example\
              </a:AttributeValue></a:Attribute></a:AttributeStatement></a:Assertion></p:Response>",
            b"<a ID=\"a\"><d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><d:SignedInfo><d:CanonicalizationMethod \
              Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"><i:InclusiveNamespaces PrefixList=\"x #default\" \
              xmlns:i=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></d:CanonicalizationMethod><d:SignatureMethod \
              Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/><d:Reference URI=\"#a\"/></d:SignedInfo>\
              <d:SignatureValue>AAAA</d:SignatureValue></d:Signature><x:b xmlns:x=\"urn:x\" x:c=\"&lt;\"/><![CDATA[<]]></a>",
            b"<x:b xmlns:x=\"urn:x\n\x01&#38;\"/>",
            b"<m:EntityDescriptor xmlns:m=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:acme\"><m:IDPSSODescriptor \
              protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><m:KeyDescriptor><k:KeyInfo \
              xmlns:k=\"http://www.w3.org/2000/09/xmldsig#\"><k:X509Data><k:X509Certificate>AAAA</k:X509Certificate></k:X509Data>\
              </k:KeyInfo></m:KeyDescriptor><m:SingleSignOnService Location=\"https://id.example\" \
              Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\"/></m:IDPSSODescriptor></m:EntityDescriptor>",
        ],
    },
    Target {
        name: "mail",
        run: mail,
        seeds: &[
            b"From: Jana <jana@acme.example>\r\nTo: desk@docket.example\r\nSubject: =?utf-8?q?Pr=C3=BCfung?=\r\nMessage-ID: \
              <a@acme.example>\r\nIn-Reply-To: <b@docket.example>\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\
              Content-Type: text/html; charset=utf-8\r\n\r\n<p onclick=x>Hello <img src=cid:1><script>x</script></p>\r\n--B\r\n\
              Content-Type: text/plain; name=\"a.txt\"\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n--B--\r\n",
            b"From: a@b.example\nSubject: Hi\n\nHello\n\n> quoted\n> > twice\n",
        ],
    },
    Target {
        name: "passkey",
        run: passkey,
        seeds: &[
            b"{\"authenticatorAttachment\":\"platform\",\"clientExtensionResults\":{},\"id\":\"KfYU5gizEfUUd56p4Zq\
              8cDaXQH2OZDswXvKgy_bGtkg\",\"rawId\":\"KfYU5gizEfUUd56p4Zq8cDaXQH2OZDswXvKgy_bGtkg\",\"response\":{\"\
              attestationObject\":\"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVkApB75HhM_OlQmJuA0LcA2zy6KRObIcTMerfGb_m\
              bHfqfdRQAAAAIAAAAAAAAAAAAAAAAAAAAAACAp9hTmCLMR9RR3nqnhmrxwNpdAfY5kOzBe8qDL9sa2SKUBAgMmIAEhWCCDPafNxs\
              wWgza0OxVDgKNZJcKA6g6kfa2lfkD6WM8pLiJYIAfxrki-aTwJ02GowP9m7Q6dj_W5S91ReBgI3gA-Ab1Q\",\"clientDataJSO\
              N\":\"eyJjaGFsbGVuZ2UiOiJXeVVvaFZkcjJBUHZuUi03QVNtQS1RNG41Uy1zTkhia2h3WU04aXpQcE5nIiwiY3Jvc3NPcmlnaW\
              4iOmZhbHNlLCJvcmlnaW4iOiJodHRwczovL2hlbHAuYWNtZS5leGFtcGxlIiwidHlwZSI6IndlYmF1dGhuLmNyZWF0ZSJ9\"},\"\
              type\":\"public-key\"}",
            b"{\"authenticatorAttachment\":\"platform\",\"clientExtensionResults\":{},\"id\":\"KfYU5gizEfUUd56p4Zq\
              8cDaXQH2OZDswXvKgy_bGtkg\",\"rawId\":\"KfYU5gizEfUUd56p4Zq8cDaXQH2OZDswXvKgy_bGtkg\",\"response\":{\"\
              authenticatorData\":\"HvkeEz86VCYm4DQtwDbPLopE5shxMx6t8Zv-Zsd-p90FAAAAAg\",\"clientDataJSON\":\"eyJj\
              aGFsbGVuZ2UiOiJiN0VRMTNuR29XSFI0cDRyTlV1LVR2dkFTQWpEVE54eGNoempVcGp1ZHBRIiwiY3Jvc3NPcmlnaW4iOmZhbHNl\
              LCJvcmlnaW4iOiJodHRwczovL2hlbHAuYWNtZS5leGFtcGxlIiwidHlwZSI6IndlYmF1dGhuLmdldCJ9\",\"signature\":\"M\
              EUCICqgCWeegMpxeO4ZLmmcc6IVpVK9xa4NbOvWc5XdRjVHAiEAkIcm6fBmqVKxBvv7Hx7ghVZAoqbvded8Q3IOaxyzez8\",\"u\
              serHandle\":\"gkhYBy6eEiOMMKNRATiAWQ\"},\"type\":\"public-key\"}",
        ],
    },
];

/// Reads an input of a server function.
fn read_as<T: Serialize + DeserializeOwned>(data: &[u8]) -> Option<T> {
    let value: T = JsonText::decode(Bytes::copy_from_slice(data)).ok()?;
    // Pages carry it again.
    let again = JsonText::encode(&value).map(<JsonText as Decodes<T>>::decode);
    assert!(matches!(again, Ok(Ok(_))), "what was read cannot be written and read again");
    Some(value)
}

/// The inputs of server functions, which are JSON.
fn rpc(data: &[u8]) {
    if let Some(ticket) = read_as::<NewTicket>(data) {
        let _ = ticket.check();
    }
    if let Some(message) = read_as::<NewMessage>(data) {
        let _ = message.check();
    }
    read_as::<Filter>(data);
    read_as::<Change>(data);
    read_as::<Draft>(data);
    read_as::<Part>(data);
    read_as::<board::BoardFilter>(data);
    read_as::<board::Move>(data);
    read_as::<customer::CustomerFilter>(data);
    read_as::<security_log::LogFilter>(data);
    let _ = serde_json::from_slice::<domain::live::ToServer>(data);
}

/// The bodies of REST.
fn rest(data: &[u8]) {
    fn body<T: DeserializeOwned>(data: &[u8]) {
        if let Err(refusal) = input::parse::<input::Object<T>>(data) {
            assert!(refusal.is_about_input(), "{refusal:?}");
        }
    }
    body::<tickets::CreateTicket>(data);
    body::<tickets::Reply>(data);
    body::<work::SetPriority>(data);
    body::<work::Assign>(data);
    body::<auth::Register>(data);
    body::<auth::Login>(data);
}

/// What stands behind the `?`, and what is like it.
fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = input::parameters::<tickets::PartOf>(&text);
    let _ = input::parameters::<crate::api::lists::Filter>(&text);
    let map = form_urlencoded::parse(data).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let workflow = domain::workflow::Workflow { statuses: Vec::new(), transitions: Vec::new() };
    ui::tickets::filters::filter_of(&map, &workflow, Some(UserId(1)));
    let place = crate::forms::local(Some(&text));
    assert!(
        place.starts_with('/') && !place.starts_with("//") && !place.contains(['\\', '\n', '\r', '\t']),
        "{place:?}"
    );
    let name = attachment::clean_name(&text);
    assert!(!name.is_empty() && !name.contains(['/', '\\', '\0']), "{name:?}");
    let mut headers = HeaderMap::new();
    let file = attachment::Attachment {
        id: domain::AttachmentId(1),
        key: "k".into(),
        content_type: "text/html".into(),
        name,
        size: 100,
        deleted_by: None,
    };
    crate::files::describe(&mut headers, &file, true);
    assert_eq!(headers.len(), 5, "each of them can be sent");
    for size in [0, 1, 100, u64::MAX] {
        if let crate::files::Asked::Part(part) = crate::files::range(&text, size) {
            assert!(part.start < part.end && part.end <= size, "{part:?} of {size}");
        }
    }
}

/// Forms with files. The first byte says in which pieces they come; up to the first end of a line it is the border.
fn multipart(data: &[u8]) {
    let Some((&pieces, rest)) = data.split_first() else { return };
    let Some(end) = rest.iter().position(|b| *b == b'\n') else { return };
    let (border, body) = (&rest[..end], &rest[end + 1..]);
    let kind = [b"multipart/form-data; boundary=", border].concat();
    let Ok(kind) = HeaderValue::from_bytes(&kind) else { return };
    let request = || {
        let pieces: Vec<_> = body
            .chunks(usize::from(pieces).max(1))
            .map(|piece| Ok::<_, std::convert::Infallible>(Bytes::copy_from_slice(piece)))
            .collect();
        let mut request = Request::new(axum::body::Body::from_stream(stream::iter(pieces)));
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
        request
    };
    let mut kind = None;
    let sent = crate::imports::take(request(), &mut kind, |_, name, content| {
        async move { content.try_fold(name.len(), async |sum, part| Ok(sum + part.len())).await }.boxed()
    });
    if let Ok(length) = block_on(sent) {
        assert!(length <= body.len());
    }
    block_on(async {
        let Ok(mut form) = Multipart::from_request(request(), &()).await else { return };
        while let Ok(Some(field)) = form.next_field().await {
            let _ = field.file_name().map(attachment::clean_name);
            if let Ok(text) = crate::portal::text_of(field).await {
                assert!(text.len() <= body.len());
            }
        }
    });
}

/// Headers that say who somebody is: a line each, cookies but for the last one.
fn cookies(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let lines: Vec<&[u8]> = data.split(|b| *b == b'\n').take(10).collect();
    for (n, line) in lines.iter().enumerate() {
        let name = if n + 1 == lines.len() { HeaderName::from_static("x-forwarded-for") } else { header::COOKIE };
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    let Ok(config) = crate::config::from_arguments(&["docket"]).map(|it| it.config) else { return };
    let shown = crate::identify::cookie(&config, &headers, crate::identify::DEVICE);
    crate::identify::token(&config, &headers);
    ui::me::theme_cookie(&headers);
    let keys = store::keys::Ring::new(store::keys::Key::new([7; 32]), []);
    let known = store::accounts::device::known(&keys, shown.as_deref().unwrap_or_default(), UserId(1));
    assert_eq!(known, Ok(None), "nobody can make one");
    let address = crate::identify::address(&Extensions::new(), &headers, true);
    assert!(address.is_none_or(|address| address.parse::<std::net::IpAddr>().is_ok()));
}

/// Files of customers.
fn csv(data: &[u8]) {
    for kind in Kind::ALL {
        let start = &data[..data.len().min(store::imports::read::SNIFF)];
        let reading = store::imports::read::sniff(kind, start, &[]);
        let mut last = 0;
        let mut characters = 0;
        for line in store::imports::read::lines(data, &reading) {
            assert!(line.number > last && line.cells.len() <= COLUMNS_MAX, "{line:?} after {last}");
            last = line.number;
            characters += line.cells.iter().map(String::len).sum::<usize>();
        }
        // A byte is three at the most: a sign that says that it cannot be read.
        assert!(characters <= 3 * data.len() && last <= data.len() as i64 + 1);
    }
}

/// What providers announce, and by what they look people up.
fn scim_json(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (read::people_filter(&text), read::group_filter(&text));
    let Ok(body) = read::body(data) else { return };
    let checked = |input: Result<PersonInput, _>| {
        if let Some(input) = input.ok().and_then(|input| input.check().ok()) {
            assert!(!input.user_name.is_empty() && domain::text::is_email(input.address()), "{input:?}");
            let name = input.names.whole().unwrap_or_default();
            assert!(name.chars().count() <= domain::account::NAME_MAX, "{name}");
        }
    };
    checked(read::person(&body, PersonInput::default()));
    if let Ok(operations) = read::operations(&body) {
        let before = PersonInput { user_name: "jana@acme.example".into(), ..PersonInput::default() };
        checked(read::changed(before, &operations));
        let _ = read::group_change(&operations).map(|change| change.check());
    }
    let _ = (read::group(&body).map(|change| change.check()), read::search(&body));
}

/// Mails as they come, down to what staff are shown of them.
fn mail(data: &[u8]) {
    let Ok(mail) = crate::mail::parse(data) else { return };
    assert!(!mail.subject.contains(['\r', '\n']) && !mail.from_name.contains(['\r', '\n']), "{mail:?}");
    if let Some(safe) = mail.html.as_deref().and_then(|html| store::render::mail_html(html, &|_| None)) {
        let shown = format!("{safe:?}").to_lowercase();
        for tag in ["<script", "<iframe", "<object", "<embed", "<form", "<base", "<meta", "<link"] {
            assert!(!shown.contains(tag), "{tag}: {shown}");
        }
    }
    domain::quoted::split(&mail.text);
    store::render::plain(&mail.text);
    store::render::markdown(&mail.text);
}

/// What authenticators say: JSON, and CBOR in it.
fn passkey(data: &[u8]) {
    assert_eq!(store::accounts::passkeys::is_taken(data), Ok(false), "nobody was asked");
}
