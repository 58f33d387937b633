//! A provider that speaks SAML 2.0: where people are sent, whose signatures are believed, and what it calls what we need.

use super::{FIELD_MAX, ProviderInput, pem};
use crate::{error::Problems, text};
use serde::{Deserialize, Serialize};

/// The longest list of certificates, in bytes.
pub const CERTIFICATES_LEN_MAX: usize = 20_000;
/// The most certificates: several while one follows another.
pub const CERTIFICATES_MAX: usize = 5;
/// The longest metadata that somebody may enter, in bytes: there are providers that say a lot about themselves.
pub const METADATA_MAX: usize = 200_000;

/// Where a provider is, and what it calls what we need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saml {
    /// Where people are sent to sign in (HTTP-Redirect binding); https, as for other addresses of providers.
    pub sign_on: String,
    /// Whose signatures are believed, as PEM, up to 5; several while one follows another.
    pub certificates: String,
    /// The attribute that stays theirs. Empty: the name identifier (NameID).
    pub subject_attribute: String,
    /// Empty: the usual names, or the name identifier if it is an address.
    pub email_attribute: String,
    /// Empty: the usual names.
    pub name_attribute: String,
}

impl Saml {
    /// What was typed, in the form it is kept in.
    #[must_use]
    pub fn tidied(&self) -> Self {
        let line = |typed: &str| text::tidy_line(typed);
        Self {
            sign_on: line(&self.sign_on),
            certificates: pem::tidied(&self.certificates),
            subject_attribute: line(&self.subject_attribute),
            email_attribute: line(&self.email_attribute),
            name_attribute: line(&self.name_attribute),
        }
    }
}

/// Writes down what is wrong with the settings of such a provider.
pub(super) fn check(input: &ProviderInput, problems: &mut Problems) {
    let Saml { sign_on, certificates, subject_attribute, email_attribute, name_attribute } = &input.saml;
    problems.unless(
        is_entity_id(&input.issuer),
        "issuer",
        "Say how it names itself, like https://id.acme.example/saml or urn:acme:id, without spaces.",
    );
    problems.unless(
        is_sign_on_address(sign_on),
        "sign_on",
        "Use an address like https://id.acme.example/saml/sign-on.",
    );
    for (field, value) in [
        ("sign_on", sign_on),
        ("subject_attribute", subject_attribute),
        ("email_attribute", email_attribute),
        ("name_attribute", name_attribute),
        ("role_claim", &input.role_claim),
    ] {
        problems.unless(value.len() <= FIELD_MAX, field, "This is too long.");
    }
    problems.unless(
        !certificates.is_empty(),
        "certificates",
        "Enter the certificate that it signs with: without it, nothing that it says is believed.",
    );
    problems.unless(
        certificates.len() <= CERTIFICATES_LEN_MAX,
        "certificates",
        "This is too long: enter only what this provider signs with.",
    );
    problems.unless(pem::count(certificates) <= CERTIFICATES_MAX, "certificates", "Use at most 5 certificates.");
    pem::check("certificates", certificates, problems);
}

/// Whether a provider may name itself so. Most are addresses of the web, but every URI will do, and some have invented their own:
/// what counts is that it is the same in each answer.
fn is_entity_id(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>'))
}

/// Whether a browser can be sent there, as far as its form goes. There may be something to ask for in it, as in Google's.
fn is_sign_on_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        !host.is_empty()
            && !host.starts_with(':')
            && !host.contains('@')
            && rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '#' | '\\' | '"' | '<' | '>'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::{Audience, Kind};

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

    fn input() -> ProviderInput {
        ProviderInput {
            name: "Acme ID".into(),
            audience: Audience::Company,
            company: "Acme".into(),
            issuer: "https://id.acme.example/saml".into(),
            saml: Saml {
                sign_on: "https://id.acme.example/saml/sign-on?idp=acme".into(),
                certificates: CERTIFICATE.into(),
                ..Saml::default()
            },
            ..ProviderInput::default()
        }
    }

    #[test]
    fn a_provider_is_tidied() {
        let typed = ProviderInput {
            issuer: " urn:acme:id ".into(),
            client_id: "docket".into(),
            secret: "s".into(),
            directory: crate::outside::Directory { base: "dc=acme".into(), ..Default::default() },
            saml: Saml {
                sign_on: " https://id.acme.example/sign-on ".into(),
                certificates: format!("\r\n{}\r\n\r\n", CERTIFICATE.replace('\n', "\r\n")),
                email_attribute: " urn:oid:0.9.2342.19200300.100.1.3 ".into(),
                ..Saml::default()
            },
            ..input()
        };
        let good = typed.check(Kind::Saml, false).expect("good");
        assert_eq!(good.issuer, "urn:acme:id");
        assert_eq!(good.saml.sign_on, "https://id.acme.example/sign-on");
        assert_eq!(good.saml.certificates, CERTIFICATE);
        assert_eq!(good.saml.email_attribute, "urn:oid:0.9.2342.19200300.100.1.3");
        // What is not asked for is not kept.
        assert_eq!((good.client_id.as_str(), good.secret.as_str()), ("", ""));
        assert_eq!(good.directory, crate::outside::Directory::default());
        let other = ProviderInput { client_id: "docket".into(), secret: "s".into(), ..input() };
        assert_eq!(other.check(Kind::Oidc, false).expect("good").saml, Saml::default());
    }

    #[test]
    fn all_that_providers_are_called_is_good() {
        for issuer in [
            "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
            "http://www.okta.com/exk1",
            "https://accounts.google.com/o/saml2?idpid=C01",
            "urn:acme.eu.auth0.com",
            "acme-id",
        ] {
            ProviderInput { issuer: issuer.into(), ..input() }.check(Kind::Saml, false).expect(issuer);
        }
        let five = Saml { certificates: [CERTIFICATE; 5].join("\n"), ..input().saml };
        ProviderInput { saml: five, ..input() }.check(Kind::Saml, false).expect("five");
        let staff = ProviderInput {
            audience: Audience::Staff,
            domains: "acme.example".into(),
            creates: true,
            role_claim: "http://schemas.xmlsoap.org/claims/Group".into(),
            roles: "support = Agent".into(),
            only: true,
            ..input()
        };
        staff.check(Kind::Saml, false).expect("staff");
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let saml = |set: fn(&mut Saml)| {
            let mut input = input();
            set(&mut input.saml);
            input
        };
        for (input, field, words) in [
            (ProviderInput { audience: Audience::Everybody, ..input() }, "audience", "the desk's own staff"),
            (ProviderInput { company: String::new(), ..input() }, "company", "which company"),
            (ProviderInput { issuer: " ".into(), ..input() }, "issuer", "how it names itself"),
            (ProviderInput { issuer: "acme id".into(), ..input() }, "issuer", "without spaces"),
            (ProviderInput { issuer: "a".repeat(FIELD_MAX + 1), ..input() }, "issuer", "too long"),
            (saml(|s| s.sign_on.clear()), "sign_on", "Use an address"),
            (saml(|s| s.sign_on = "javascript:alert(1)".into()), "sign_on", "Use an address"),
            (saml(|s| s.sign_on = "https://".into()), "sign_on", "Use an address"),
            (saml(|s| s.sign_on = "https:///sso".into()), "sign_on", "Use an address"),
            (saml(|s| s.sign_on = "https://?sso".into()), "sign_on", "Use an address"),
            (saml(|s| s.sign_on = "https://u:p@id.example/sso".into()), "sign_on", "Use an address"),
            (saml(|s| s.sign_on = "https://id.example/sso#x".into()), "sign_on", "Use an address"),
            (saml(|s| s.sign_on = "https://id.example/a\"b".into()), "sign_on", "Use an address"),
            (saml(|s| s.sign_on = format!("https://id.example/{}", "a".repeat(FIELD_MAX))), "sign_on", "too long"),
            (saml(|s| s.certificates = " ".into()), "certificates", "nothing that it says is believed"),
            (saml(|s| s.certificates = "MIIB".into()), "certificates", "as PEM"),
            (
                saml(|s| s.certificates += "\n-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----"),
                "certificates",
                "private key",
            ),
            (saml(|s| s.certificates = [CERTIFICATE; 6].join("\n")), "certificates", "at most 5"),
            (saml(|s| s.certificates += &"A".repeat(CERTIFICATES_LEN_MAX)), "certificates", "too long"),
            (saml(|s| s.email_attribute = "a".repeat(FIELD_MAX + 1)), "email_attribute", "too long"),
            (ProviderInput { role_claim: "a".repeat(FIELD_MAX + 1), ..input() }, "role_claim", "too long"),
            (
                ProviderInput {
                    audience: Audience::Staff,
                    domains: "acme.example".into(),
                    roles: "support = Agent".into(),
                    ..input()
                },
                "role_claim",
                "which attribute",
            ),
        ] {
            let error = input.check(Kind::Saml, false).expect_err(field);
            assert!(error.of_field(field).is_some_and(|said| said.contains(words)), "{field}, {words}: {error:?}");
        }
    }
}
