//! Answers that are wrong in one thing each, and what people have tried with signatures in XML.

use super::idp::{Asked, Idp, Signed, packed};
use domain::{
    Time,
    outside::{Saml, Usable, Vouched},
};
use proptest::prelude::*;
use server::outside::saml::vouch;

fn asked() -> Asked {
    Asked {
        request: "_request-1".into(),
        entity: "https://desk.example/sign-in/saml/7".into(),
        here: "https://desk.example/sign-in/saml".into(),
        now: Time(1_790_000_000_000),
    }
}

fn heard(provider: &Usable, answer: &str) -> Result<Vouched, String> {
    vouch(provider, &packed(answer), &asked().expected())
}

fn jana() -> Vouched {
    Vouched {
        subject: "jana-7".into(),
        name: "Jana Weiß".into(),
        email: "jana@acme.example".into(),
        email_verified: None,
        groups: vec!["support".into(), "hr".into()],
        mfa: false,
    }
}

#[test]
fn what_is_right_is_believed() {
    let idp = Idp::new();
    for signed in [Signed::Assertion, Signed::Response, Signed::Both] {
        assert_eq!(heard(&idp.usable(), &idp.answer(&asked(), signed, |text| text)), Ok(jana()), "{signed:?}");
    }
    // A certificate that is about to be replaced, and the one that follows.
    let other = Idp::new();
    let mut provider = idp.usable();
    provider.saml.certificates = format!("{}{}", other.certificate, idp.certificate);
    assert_eq!(heard(&provider, &idp.answer(&asked(), Signed::Assertion, |text| text)), Ok(jana()));
    // Some break it into lines.
    let lines: Vec<String> = packed(&idp.answer(&asked(), Signed::Both, |text| text))
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8(line.to_vec()).expect("letters"))
        .collect();
    assert_eq!(vouch(&idp.usable(), &lines.join("\r\n"), &asked().expected()), Ok(jana()));
}

#[test]
fn lies_are_refused_with_words() {
    let idp = Idp::new();
    let late = asked().now.plus_millis(-60_000).rfc3339();
    let until = asked().now.plus_millis(300_000).rfc3339();
    let from = asked().now.plus_millis(-30_000).rfc3339();
    let soon = asked().now.plus_millis(61_000).rfc3339();
    let issued = format!("IssueInstant=\"{}\"", asked().now.rfc3339());
    let ends = format!("NotOnOrAfter=\"{until}\" Recipient");
    let conditions = format!("NotBefore=\"{from}\" NotOnOrAfter=\"{until}\"");
    let cases: &[(&str, &str, &str)] = &[
        (">https://idp.acme.example/metadata<", ">https://idp.other.example<", "calls itself"),
        ("Version=\"2.0\"", "Version=\"1.1\"", "another version"),
        (&issued, &format!("IssueInstant=\"{soon}\""), "from the future"),
        (&issued, "IssueInstant=\"yesterday\"", "from the future"),
        ("https://desk.example/sign-in/saml/7<", "https://desk.example/sign-in/saml/8<", "for somebody else"),
        (
            "<saml:Audience>",
            "<saml:Audience>https://other.example</saml:Audience><saml:Audience>x",
            "for somebody else",
        ),
        (
            "<saml:AudienceRestriction>",
            "<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction><saml:AudienceRestriction>",
            "for somebody else",
        ),
        ("saml:AudienceRestriction", "saml:OneTimeUse", "for somebody else"),
        ("Recipient=\"https://desk", "Recipient=\"https://other", "meant for another address"),
        ("Recipient=", "Nobody=", "meant for another address"),
        ("InResponseTo=\"_request-1\"", "InResponseTo=\"_request-2\"", "not for this sign-in"),
        ("InResponseTo=\"_request-1\" NotOn", "NotOn", "not for this sign-in"),
        (&ends, &format!("NotOnOrAfter=\"{late}\" Recipient"), "has run out"),
        (&ends, "NotOnOrAfter=\"never\" Recipient", "has run out"),
        (&ends, "Recipient", "has run out"),
        (&ends, &format!("NotBefore=\"{soon}\" {ends}"), "has run out"),
        (&conditions, &format!("NotBefore=\"{soon}\" NotOnOrAfter=\"{until}\""), "not good yet"),
        (&conditions, "NotBefore=\"soon\"", "not good yet"),
        (&conditions, &format!("NotBefore=\"{from}\" NotOnOrAfter=\"{late}\""), "has run out"),
        (&conditions, "NotOnOrAfter=\"\"", "has run out"),
        ("saml:Conditions", "saml:Advice", "what its answer is for"),
        ("cm:bearer", "cm:holder-of-key", "whom its answer was given to"),
        ("saml:SubjectConfirmationData", "saml:Nothing", "whom its answer was given to"),
        ("saml:AuthnStatement", "saml:Statement", "does not say that somebody has signed in"),
        (
            "<saml:AuthnStatement",
            &format!("<saml:AuthnStatement SessionNotOnOrAfter=\"{late}\""),
            "its sign-in has run out",
        ),
        ("nameid-format:persistent", "nameid-format:transient", "otherwise each time"),
        (">jana-7<", "><", "does not say who"),
        (">jana-7<", "><b>jana-7</b><", "does not say who"),
        ("<saml:Subject>", "<saml:Subject><saml:NameID>admin</saml:NameID>", "does not say who"),
        ("saml:Subject>", "saml:Topic>", "does not say who"),
        ("status:Success", "status:Responder", "refused: Responder"),
        (
            "status:Success\"/>",
            "status:Responder\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></samlp:StatusCode>",
            "refused: AuthnFailed",
        ),
        ("samlp:Status>", "samlp:State>", "refused: no reason"),
        ("Destination=\"https://desk", "Destination=\"https://other", "meant for another address"),
        ("samlp:Response", "samlp:LogoutResponse", "cannot be read"),
        ("<?xml version=\"1.0\"?>", "<!DOCTYPE x [<!ENTITY e \"e\">]>", "cannot be read"),
        ("<saml:Subject>", "<saml:EncryptedAssertion/><saml:Subject>", "encrypts what it says"),
    ];
    for &(find, put, words) in cases {
        for signed in [Signed::Assertion, Signed::Response] {
            let answer = idp.answer(&asked(), signed, |text| text.replacen(find, put, 2));
            let told = heard(&idp.usable(), &answer).expect_err(words);
            assert!(told.contains(words), "{find} → {put}, {signed:?}: {told}");
        }
    }
}

#[test]
fn only_the_providers_own_signature_counts() {
    let (idp, thief) = (Idp::new(), Idp::new());
    let provider = idp.usable();
    let refused = |answer: &str, words: &str| {
        let told = heard(&provider, answer).expect_err(words);
        assert!(told.contains(words), "{words}: {told}");
    };
    refused(&idp.answer(&asked(), Signed::Nothing, |text| text), "is not signed");
    for signed in [Signed::Assertion, Signed::Response, Signed::Both] {
        refused(&thief.answer(&asked(), signed, |text| text), "is not signed with a certificate that was entered");
        // Afterwards everything is fixed.
        let right = idp.answer(&asked(), signed, |text| text);
        refused(&right.replace("jana@acme", "boss@acme"), "was changed after it was signed");
        refused(&right.replace("jana-7", "boss-1"), "was changed after it was signed");
        refused(&right.replace("#ecdsa-sha256", "#ecdsa-sha384"), "is not signed with a certificate");
        refused(&right.replace("xmldsig-more#ecdsa-sha256", "xmldsig-more#hmac-sha256"), "too weak or not known");
        refused(&right.replace("xmldsig-more#ecdsa-sha256", "xmldsig#rsa-sha1"), "too weak or not known");
    }
    // A signature of the answer is not made up for by one of what is in it, and a thief's is not by the right one within.
    let within = idp.answer(&asked(), Signed::Assertion, |text| text);
    refused(&thief.sign(&within, "r1"), "is not signed with a certificate");
    // What is signed in another shape than SAML's: each signed by the provider's own key.
    let element = super::idp::assertion(&asked());
    let info = idp.info(&element, "a1");
    let digest = |text: &str| {
        text[text.find("<ds:DigestMethod").expect("a digest")..text.find("</ds:Reference>").expect("its end")]
            .to_owned()
    };
    let reference =
        format!("<ds:Reference URI=\"#r1\"><ds:Transforms/>{}</ds:Reference></ds:SignedInfo>", digest(&info));
    for (find, put, words) in [
        ("URI=\"#a1\"", "URI=\"#r1\"", "for something else than it says"),
        ("URI=\"#a1\"", "URI=\"\"", "for something else than it says"),
        ("URI=\"#a1\"", "URI=\"#xpointer(/)\"", "for something else than it says"),
        ("</ds:SignedInfo>", &reference, "in a way that is not accepted"),
        ("xmldsig#enveloped-signature", "xmldsig#base64", "in a way that is not accepted"),
        (
            "<ds:Transforms>",
            "<ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"/>",
            "in a way that is not accepted",
        ),
        (
            "Method Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
            "Method Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"",
            "in a way that is not accepted",
        ),
        ("xmlenc#sha256", "xmldsig#sha1", "too weak or not known"),
    ] {
        let changed = info.replace(find, put);
        assert_ne!(changed, info, "{find}");
        refused(&super::idp::response(&asked(), &idp.sign_info(&element, &changed)), words);
    }
    let twice = idp.sign(&idp.sign(&element, "a1"), "a1");
    refused(&super::idp::response(&asked(), &twice), "is not signed, or is twice");
}

/// Signature wrapping (“On Breaking SAML: Be Whoever You Want to Be”, 2012): the right signature over the right element stays,
/// and something else is put where it is read.
#[test]
fn a_signature_vouches_for_nothing_around_it() {
    let idp = Idp::new();
    let right = idp.sign(&super::idp::assertion(&asked()), "a1");
    let evil = super::idp::assertion(&asked()).replace("jana", "boss");
    let bare = super::idp::assertion(&asked());
    let signature = right
        [right.find("<ds:Signature").expect("it")..right.find("</ds:Signature>").expect("its end") + 15]
        .to_owned();
    let put = |element: &str, inside: &str| {
        let at = element.find("</saml:Issuer>").expect("an issuer") + 14;
        format!("{}{inside}{}", &element[..at], &element[at..])
    };
    let object =
        |inside: &str| signature.replace("</ds:Signature>", &format!("<ds:Object>{inside}</ds:Object></ds:Signature>"));
    let wrapped = [
        // Beside it, before and after; with another number, and with the same.
        format!("{evil}{right}"),
        format!("{right}{evil}"),
        format!("{}{right}", evil.replace("\"a1\"", "\"a2\"")),
        // In it, within its signature or where extensions go.
        put(&evil, &object(&bare)),
        put(&evil.replace("\"a1\"", "\"a2\""), &object(&bare)),
        put(&evil.replace("\"a1\"", "\"a2\""), &signature),
        put(&evil, &signature),
        put(&evil, &right),
        format!("{}<samlp:Extensions>{right}</samlp:Extensions>", put(&evil, &signature)),
        format!("<samlp:Extensions>{right}</samlp:Extensions>{evil}"),
        // Around it.
        evil.replace("</saml:Assertion>", &format!("{right}</saml:Assertion>")),
        evil.replace("</saml:Assertion>", &format!("<x>{right}</x></saml:Assertion>")),
        // As something that is called otherwise.
        format!("{evil}{}", right.replace("saml:Assertion", "saml:Evidence")),
    ];
    for inside in wrapped {
        let told = heard(&idp.usable(), &super::idp::response(&asked(), &inside));
        assert!(told.is_err(), "{told:?} {inside}");
    }
    // The whole answer, within another.
    let whole = idp.answer(&asked(), Signed::Response, |text| text).replace("<?xml version=\"1.0\"?>", "");
    for outer in [
        super::idp::response(&asked(), &format!("{evil}<samlp:Extensions>{whole}</samlp:Extensions>")),
        super::idp::response(&asked(), &format!("{whole}{evil}")),
        super::idp::response(&asked(), &whole),
    ] {
        assert!(heard(&idp.usable(), &outer).is_err(), "{outer}");
    }
}

/// A comment is no part of what is signed. Read up to it, `boss@acme.example<!---->.thief.example` would be the boss.
#[test]
fn comments_do_not_cut_names_short() {
    let idp = Idp::new();
    for signed in [Signed::Assertion, Signed::Response] {
        let answer = idp.answer(&asked(), signed, |text| text.replace(">jana-7<", ">boss@acme.example.thief.example<"));
        let cut = answer.replace("acme.example.thief", "acme.example<!-- -->.thief");
        assert_ne!(answer, cut);
        assert_eq!(heard(&idp.usable(), &cut).expect("it is signed").subject, "boss@acme.example.thief.example");
    }
}

/// An element with very many attributes would keep the parser busy for seconds, and whoever asks to sign in may send one.
#[test]
fn what_takes_long_to_read_is_not_read() {
    let idp = Idp::new();
    let many = |one: fn(usize) -> String, count| (0..count).map(one).collect::<String>();
    for (more, is_read) in [
        (many(|n| format!(" a{n}='&apos;'"), 190), true),
        (many(|n| format!(" a{n}=''"), 20_000), false),
        (many(|n| format!(" a{n} = \"'\""), 20_000), false),
        (many(|n| format!(" xmlns:a{n}='urn:a'"), 9_000), false),
    ] {
        let answer =
            idp.answer(&asked(), Signed::Assertion, |text| text).replace(" ID=\"r1\"", &format!(" ID=\"r1\"{more}"));
        assert_eq!(heard(&idp.usable(), &answer).is_ok(), is_read, "{}", &more[..20]);
    }
    let deep = "<b>".repeat(100) + &"</b>".repeat(100);
    let answer = super::idp::response(&asked(), &deep);
    assert!(heard(&idp.usable(), &answer).expect_err("too deep").contains("cannot be read"));
}

#[test]
fn who_somebody_is_is_found_under_many_names() {
    let idp = Idp::new();
    let mail = "Name=\"urn:oid:0.9.2342.19200300.100.1.3\" FriendlyName=\"mail\"";
    let whom = |settings: Saml, changes: &[(&str, &str)]| {
        let mut provider = idp.usable();
        provider.saml = Saml { certificates: idp.certificate.clone(), ..settings };
        let answer = idp.answer(&asked(), Signed::Assertion, |text| {
            changes.iter().fold(text, |text, (find, put)| text.replace(find, put))
        });
        heard(&provider, &answer)
    };
    let usual = Saml::default;
    for name in [
        "Name=\"EMAIL\"",
        "Name=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress\"",
        "Name=\"User.email\"",
        "Name=\"x\" FriendlyName=\"emailAddress\"",
    ] {
        assert_eq!(whom(usual(), &[(mail, name)]).expect(name).email, "jana@acme.example");
    }
    // The name identifier, where it is an address and nothing else says one.
    let by_id = whom(usual(), &[(mail, "Name=\"phone\""), (">jana-7<", ">j@acme.example<")]).expect("by its name");
    assert_eq!((by_id.email.as_str(), by_id.subject.as_str()), ("j@acme.example", "j@acme.example"));
    assert_eq!(whom(usual(), &[(mail, "Name=\"phone\"")]).expect("without").email, "");
    // Given and family name.
    let parts = [
        ("\"displayName\"", "\"givenName\""),
        (
            "<saml:Attribute Name=\"groups\">",
            "<saml:Attribute Name=\"sn\"><saml:AttributeValue>Weiß</saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"groups\">",
        ),
        ("Jana Weiß", "Jana"),
    ];
    assert_eq!(whom(usual(), &parts).expect("both").name, "Jana Weiß");
    // What was set up counts, and nothing in its place.
    let named = |subject: &str, email: &str, name: &str| Saml {
        subject_attribute: subject.into(),
        email_attribute: email.into(),
        name_attribute: name.into(),
        ..Saml::default()
    };
    let set = whom(named("groups", "mail", "Groups"), &[]).expect("set up");
    assert_eq!((set.subject.as_str(), set.name.as_str()), ("support", "support"));
    assert!(whom(named("employee", "", ""), &[]).expect_err("not there").contains("does not say who"));
    let none = whom(named("", "work", "nick"), &[]).expect("without");
    assert_eq!((none.email.as_str(), none.name.as_str()), ("", ""));
    // A name identifier that changes is no matter where an attribute stays.
    assert!(whom(named("mail", "", ""), &[("format:persistent", "format:transient")]).is_ok());
    for class in ["https://refeds.org/profile/mfa", "http://schemas.microsoft.com/claims/multipleauthn"] {
        let twice = [("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", class)];
        assert!(whom(usual(), &twice).expect("two factors").mfa);
    }
}

proptest! {
    /// One letter changed anywhere: it says the same, or is refused.
    #[test]
    fn no_letter_can_be_changed(at in any::<prop::sample::Index>(), letter in "[ -~]", response in any::<bool>()) {
        let idp = Idp::new();
        let signed = if response { Signed::Response } else { Signed::Assertion };
        let answer = idp.answer(&asked(), signed, |text| text);
        let places: Vec<usize> = answer.char_indices().map(|(at, _)| at).collect();
        let at = places[at.index(places.len())];
        let end = at + answer[at..].chars().next().map_or(0, char::len_utf8);
        let changed = format!("{}{letter}{}", &answer[..at], &answer[end..]);
        if let Ok(vouched) = heard(&idp.usable(), &changed) {
            prop_assert_eq!(vouched, jana());
        }
    }

    #[test]
    fn no_text_is_believed_or_breaks_it(text in "\\PC{0,300}") {
        let idp = Idp::new();
        prop_assert!(heard(&idp.usable(), &text).is_err());
        prop_assert!(vouch(&idp.usable(), &text, &asked().expected()).is_err());
        let _ = server::outside::saml::read_metadata(&text);
        let _ = server::outside::saml::check_certificates(&text);
    }
}
