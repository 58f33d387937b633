//! Providers of SAML 2.0: sent there by a redirect, back by a form (the Web Browser SSO Profile). Only what somebody began
//! here is answered, and only by signatures of the certificates that were entered for the provider.

mod assertion;
mod metadata;
mod request;
mod signature;
mod xml;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::Time;
use domain::outside::{Trial, Usable, Vouched};

pub use assertion::Expected;
pub use metadata::read as read_metadata;
pub use request::{departure, metadata, number};

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// The longest answer, as it is sent, in bytes.
pub const ANSWER_MAX: usize = xml::MAX / 3 * 4 + 4;

/// Who somebody is, by the answer that came with them.
///
/// # Errors
/// Why it is not believed, in words that follow the provider's name.
pub fn vouch(provider: &Usable, answer: &str, expected: &Expected<'_>) -> Result<Vouched, String> {
    const BROKEN: &str = "sent an answer that cannot be read";
    // Some break it into lines.
    let answer: String = answer.split_whitespace().collect();
    let answer = BASE64_STANDARD.decode(answer).map_err(|_| BROKEN)?;
    let answer = String::from_utf8(answer).map_err(|_| BROKEN)?;
    assertion::read(provider, &answer, expected)
}

/// Whether these are certificates that signatures can be checked with.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub fn check_certificates(pem: &str) -> Result<(), String> {
    signature::keys(pem).map(drop).map_err(|wrong| format!("This {wrong}."))
}

/// What can be said of a provider without sending anybody there.
pub fn trial(provider: &Usable, now: Time) -> Trial {
    let mut trial = Trial::default();
    match signature::keys(&provider.saml.certificates) {
        Err(wrong) => trial.bad.push(format!("The text of certificates {wrong}.")),
        Ok(keys) => {
            for key in keys {
                let day = Time(key.until).rfc3339();
                let day = day.split('T').next().unwrap_or_default();
                trial.good.push(match key.until > now.0 {
                    true => format!("Its certificate is good until {day}."),
                    false => format!("Its certificate ran out on {day}. Its signatures are believed all the same."),
                });
            }
        }
    }
    trial.good.push(format!("People are sent to {}.", provider.saml.sign_on));
    trial.good.push("Whether it lets them in shows when somebody signs in by it.".to_owned());
    trial
}

/// Reads whatever strangers send, as far as it goes; nothing is made of it.
pub(crate) fn fuzz(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    drop(metadata::read(text));
    drop(signature::keys(text));
    let Some(doc) = xml::parse(text) else { return };
    let Some(root) = doc.document_element() else { return };
    drop(signature::signed(&doc, root, &[]));
    assertion::fuzz(&doc);
    // What is signed is read from its canonical form, which must be one.
    let Some(once) = xml::canonical(&doc, root, None, &[]).filter(|once| once.len() <= xml::MAX) else { return };
    let again = xml::parse(&once).and_then(|doc| xml::canonical(&doc, doc.document_element()?, None, &[]));
    assert_eq!(again.as_deref(), Some(once.as_str()), "canonical once, but not twice");
}
