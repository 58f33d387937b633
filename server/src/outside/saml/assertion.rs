//! What a provider says of somebody: believed only when everything about it is right (SAML V2.0 Core, and Profiles 4.1.4).

use domain::outside::{Audience, Directory, GroupRules, Kind, SUBJECT_MAX, Saml, Usable, Vouched};
use domain::{ProviderId, Time};
use uppsala::{Document, NodeId};

use super::{ASSERTION, PROTOCOL, signature, xml};

/// How far the clocks of a provider and ours may be apart, in milliseconds.
const LEEWAY: i64 = 60_000;
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// How providers say that somebody has shown two factors.
const TWO_FACTORS: [&str; 4] = [
    "https://refeds.org/profile/mfa",
    "http://schemas.microsoft.com/claims/multipleauthn",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
];
/// What providers call an address: in words, by the claims of Microsoft, by the numbers of X.500. The first that is there counts.
const EMAIL: [&str; 6] = [
    "email",
    "mail",
    "emailaddress",
    "user.email",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
];
const NAME: [&str; 6] = [
    "displayname",
    "name",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "cn",
    "urn:oid:2.5.4.3",
];
const GIVEN: [&str; 6] = [
    "givenname",
    "firstname",
    "first_name",
    "user.firstname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
    "urn:oid:2.5.4.42",
];
const FAMILY: [&str; 7] = [
    "surname",
    "lastname",
    "last_name",
    "user.lastname",
    "sn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    "urn:oid:2.5.4.4",
];

/// What most call a name, and Microsoft the address of an account: when nothing else is there.
const NAME_OR_ACCOUNT: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";

/// What an answer has to be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The number of the request that is answered.
    pub request: &'a str,
    /// What Docket is called there.
    pub entity: &'a str,
    /// Where the answer was to be sent.
    pub here: &'a str,
    pub now: Time,
}

type Wrong = String;

fn unless(good: bool, said: &str) -> Result<(), Wrong> {
    if good { Ok(()) } else { Err(said.to_owned()) }
}

/// Who somebody is, by the answer of a provider, if it is for this sign-in.
///
/// # Errors
/// Why it is not believed, in words that follow the provider's name.
pub fn read(provider: &Usable, answer: &str, expected: &Expected<'_>) -> Result<Vouched, Wrong> {
    const BROKEN: &str = "sent an answer that cannot be read";
    let doc = xml::parse(answer).ok_or(BROKEN)?;
    let response = xml::root(&doc, PROTOCOL, "Response").ok_or(BROKEN)?;
    refused(&doc, response)?;
    let encrypted = doc.get_elements_by_tag_name_ns(ASSERTION, "EncryptedAssertion");
    unless(encrypted.is_empty(), "encrypts what it says. Switch that off there: the connection is encrypted")?;
    // Two of them are a trick, wherever they stand.
    unless(
        doc.get_elements_by_tag_name_ns(ASSERTION, "Assertion").len() == 1,
        "sent an answer that does not say once who somebody is",
    )?;
    let keys = signature::keys(&provider.saml.certificates)
        .map_err(|wrong| format!("has a text of certificates that {wrong}"))?;
    let unbelieved = |why| format!("sent an answer that {why}");
    let assertion = xml::child(&doc, response, ASSERTION, "Assertion").ok_or(BROKEN)?;
    if signature::has(&doc, response) {
        let text = signature::signed(&doc, response, &keys).map_err(unbelieved)?;
        let doc = xml::parse(&text).ok_or(BROKEN)?;
        let response = xml::root(&doc, PROTOCOL, "Response").ok_or(BROKEN)?;
        around(&doc, response, provider, expected)?;
        let assertion = xml::child(&doc, response, ASSERTION, "Assertion").ok_or(BROKEN)?;
        return said(&doc, assertion, provider, expected);
    }
    // Nothing is made of what is around it but a reason to refuse it.
    around(&doc, response, provider, expected)?;
    let text = signature::signed(&doc, assertion, &keys).map_err(unbelieved)?;
    let doc = xml::parse(&text).ok_or(BROKEN)?;
    let assertion = xml::root(&doc, ASSERTION, "Assertion").ok_or(BROKEN)?;
    said(&doc, assertion, provider, expected)
}

/// Reads what is said without asking who has signed it, and forgets it.
pub(super) fn fuzz(doc: &Document<'_>) {
    let provider = Usable {
        id: ProviderId(1),
        kind: Kind::Saml,
        name: String::new(),
        audience: Audience::Company,
        company: None,
        domains: Vec::new(),
        issuer: "urn:acme".to_owned(),
        client_id: String::new(),
        secret: String::new(),
        creates: true,
        role_claim: "groups".to_owned(),
        rules: GroupRules::default(),
        trusts_mfa: true,
        directory: Directory::default(),
        saml: Saml::default(),
        only: false,
        version: 1,
    };
    let expected =
        Expected { request: "_r", entity: "urn:desk", here: "https://desk.example", now: Time(1_790_000_000_000) };
    for id in doc.get_elements_by_tag_name_ns(PROTOCOL, "Response") {
        drop((refused(doc, id), around(doc, id, &provider, &expected)));
    }
    for id in doc.get_elements_by_tag_name_ns(ASSERTION, "Assertion") {
        drop(said(doc, id, &provider, &expected));
    }
}

/// Whether the provider says that somebody was not let in there.
fn refused(doc: &Document<'_>, response: NodeId) -> Result<(), Wrong> {
    let status = xml::child(doc, response, PROTOCOL, "Status");
    let code = status.and_then(|status| xml::child(doc, status, PROTOCOL, "StatusCode"));
    let value = |id| xml::attribute(doc, id, "Value").unwrap_or_default().to_owned();
    let first = code.map(value).unwrap_or_default();
    if first == SUCCESS {
        return Ok(());
    }
    let second = code.and_then(|code| xml::child(doc, code, PROTOCOL, "StatusCode")).map(value);
    let said = second.unwrap_or(first);
    let word = said.rsplit(':').next().unwrap_or_default();
    Err(format!("refused: {}", if word.is_empty() { "no reason".to_owned() } else { domain::text::excerpt(word, 100) }))
}

/// The envelope of what is said.
fn around(doc: &Document<'_>, response: NodeId, provider: &Usable, expected: &Expected<'_>) -> Result<(), Wrong> {
    let attribute = |name| xml::attribute(doc, response, name);
    unless(attribute("Version") == Some("2.0"), "speaks another version of SAML")?;
    unless(
        attribute("Destination").is_none_or(|to| to == expected.here),
        "sent an answer that was meant for another address",
    )?;
    unless(
        attribute("InResponseTo").is_none_or(|to| to == expected.request),
        "sent an answer that is not for this sign-in",
    )?;
    let issuer = xml::children(doc, response, ASSERTION, "Issuer");
    unless(issuer.iter().all(|id| xml::text(doc, *id).as_ref() == Some(&provider.issuer)), "calls itself otherwise")
}

/// What is said, all of which is signed.
fn said(doc: &Document<'_>, assertion: NodeId, provider: &Usable, expected: &Expected<'_>) -> Result<Vouched, Wrong> {
    let now = expected.now.0;
    let child = |id, name| xml::child(doc, id, ASSERTION, name);
    let moment = |id, name| xml::attribute(doc, id, name).map(|text| time(text).unwrap_or(i64::MIN));
    // From so on; until, not including that. What is no time at all is neither begun nor in the future.
    let begun = |id, name| moment(id, name).is_none_or(|from| from != i64::MIN && from <= now + LEEWAY);
    let lasts = |id, name| moment(id, name).is_none_or(|until| until > now - LEEWAY);

    unless(xml::attribute(doc, assertion, "Version") == Some("2.0"), "speaks another version of SAML")?;
    unless(
        moment(assertion, "IssueInstant").is_some() && begun(assertion, "IssueInstant"),
        "has an answer from the future",
    )?;
    let issuer = child(assertion, "Issuer").and_then(|id| xml::text(doc, id)).unwrap_or_default();
    unless(
        issuer == provider.issuer,
        &format!(
            "calls itself “{}”, which is not the entity ID that was entered for it",
            domain::text::excerpt(&issuer, 200)
        ),
    )?;

    let conditions = child(assertion, "Conditions").ok_or("does not say what its answer is for")?;
    unless(begun(conditions, "NotBefore"), "sent an answer that is not good yet: is the clock right there?")?;
    unless(lasts(conditions, "NotOnOrAfter"), "sent an answer that has run out")?;
    let audiences = xml::children(doc, conditions, ASSERTION, "AudienceRestriction");
    let is_ours = |restriction: &NodeId| {
        let audience = xml::children(doc, *restriction, ASSERTION, "Audience");
        audience.iter().any(|id| xml::text(doc, *id).as_deref() == Some(expected.entity))
    };
    unless(
        !audiences.is_empty() && audiences.iter().all(is_ours),
        &format!("sent an answer that is for somebody else: its audience has to be {}", expected.entity),
    )?;

    let subject = child(assertion, "Subject").ok_or("does not say who it is")?;
    let mut confirmations = xml::children(doc, subject, ASSERTION, "SubjectConfirmation");
    confirmations.retain(|id| xml::attribute(doc, *id, "Method") == Some(BEARER));
    let confirmed = |data: NodeId| {
        let attribute = |name| xml::attribute(doc, data, name);
        unless(
            attribute("Recipient") == Some(expected.here),
            &format!("sent an answer that was meant for another address than {}", expected.here),
        )?;
        unless(attribute("InResponseTo") == Some(expected.request), "sent an answer that is not for this sign-in")?;
        let ends = attribute("NotOnOrAfter").is_some() && lasts(data, "NotOnOrAfter");
        unless(ends && begun(data, "NotBefore"), "sent an answer that has run out")
    };
    let data = confirmations.iter().filter_map(|id| child(*id, "SubjectConfirmationData")).map(confirmed);
    data.reduce(|a, b| a.or(b)).unwrap_or_else(|| Err("does not say whom its answer was given to".to_owned()))?;

    let statements = xml::children(doc, assertion, ASSERTION, "AuthnStatement");
    unless(!statements.is_empty(), "does not say that somebody has signed in")?;
    unless(statements.iter().all(|id| lasts(*id, "SessionNotOnOrAfter")), "says that its sign-in has run out")?;
    let classes = statements.iter().filter_map(|id| child(*id, "AuthnContext"));
    let classes = classes.filter_map(|id| child(id, "AuthnContextClassRef")).filter_map(|id| xml::text(doc, id));
    let mut vouched = who(doc, assertion, subject, provider)?;
    vouched.mfa |= classes.into_iter().any(|class| TWO_FACTORS.contains(&class.as_str()));
    Ok(vouched)
}

fn who(doc: &Document<'_>, assertion: NodeId, subject: NodeId, provider: &Usable) -> Result<Vouched, Wrong> {
    let settings = &provider.saml;
    let attributes = Attributes::of(doc, assertion);
    let name_id = xml::child(doc, subject, ASSERTION, "NameID");
    let called = name_id.and_then(|id| xml::text(doc, id)).unwrap_or_default();
    let subject = match settings.subject_attribute.as_str() {
        "" => {
            let format = name_id.and_then(|id| xml::attribute(doc, id, "Format"));
            unless(
                format != Some(TRANSIENT),
                "calls people otherwise each time (transient). Have it send a persistent name identifier, or say here \
                 which attribute stays the same",
            )?;
            called.clone()
        }
        name => attributes.get(&[name]).cloned().unwrap_or_default(),
    };
    unless(!subject.is_empty() && subject.len() <= SUBJECT_MAX, "does not say who it is")?;
    let name = match settings.name_attribute.as_str() {
        "" => attributes
            .get(&NAME)
            .cloned()
            .or_else(|| Some([attributes.get(&GIVEN)?.as_str(), attributes.get(&FAMILY)?.as_str()].join(" ")))
            .or_else(|| attributes.get(&[NAME_OR_ACCOUNT]).cloned()),
        name => attributes.get(&[name]).cloned(),
    };
    let email = match settings.email_attribute.as_str() {
        "" => attributes.get(&EMAIL).cloned().or_else(|| domain::text::is_email(&called).then_some(called)),
        name => attributes.get(&[name]).cloned(),
    };
    // Azure AD names its methods in a claim.
    let methods = attributes.all("http://schemas.microsoft.com/claims/authnmethodsreferences");
    Ok(Vouched {
        subject,
        name: name.unwrap_or_default(),
        email: email.unwrap_or_default(),
        email_verified: None,
        groups: attributes.all(&provider.role_claim),
        mfa: methods.iter().any(|method| TWO_FACTORS.contains(&method.as_str())),
    })
}

/// What is said of somebody, by its name and by its friendlier name.
struct Attributes(Vec<(String, String, Vec<String>)>);

impl Attributes {
    fn of(doc: &Document<'_>, assertion: NodeId) -> Self {
        let statements = xml::children(doc, assertion, ASSERTION, "AttributeStatement");
        let attributes = statements.iter().flat_map(|id| xml::children(doc, *id, ASSERTION, "Attribute"));
        let named = |id, name| xml::attribute(doc, id, name).unwrap_or_default().to_lowercase();
        let values = |id| {
            let values = xml::children(doc, id, ASSERTION, "AttributeValue");
            values.iter().filter_map(|id| xml::text(doc, *id)).filter(|value| !value.is_empty()).collect()
        };
        Self(attributes.map(|id| (named(id, "Name"), named(id, "FriendlyName"), values(id))).collect())
    }

    /// All values of an attribute.
    fn all(&self, name: &str) -> Vec<String> {
        let name = name.to_lowercase();
        let mut all = Vec::new();
        if !name.is_empty() {
            for (of, friendly, values) in &self.0 {
                if *of == name || *friendly == name {
                    all.extend(values.iter().cloned());
                }
            }
        }
        all
    }

    /// The first value of the first of these that has one.
    fn get(&self, names: &[&str]) -> Option<&String> {
        names.iter().find_map(|name| {
            let name = name.to_lowercase();
            self.0
                .iter()
                .find(|(of, friendly, _)| *of == name || *friendly == name)
                .and_then(|(.., values)| values.first())
        })
    }
}

/// A moment of XML (`xs:dateTime`), in milliseconds. SAML has them all in UTC.
fn time(text: &str) -> Option<i64> {
    let at = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}
