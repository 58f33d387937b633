//! Signatures in XML, of the one shape that SAML allows (Core, 5.4), by keys that were entered for a provider.
//!
//! What a signature is over is what is read afterwards: [`signed`] gives the text that was signed, to be parsed anew, so
//! that nothing around it, and no second element with the same name or number, can be taken for it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{digest, signature as with};
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
use uppsala::{Document, NodeId};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::xml;

const SPACE: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// The most certificates of one provider.
const KEYS_MAX: usize = 5;

/// A public key of a provider.
pub(super) struct Key {
    kind: Kind,
    bytes: Vec<u8>,
    /// Until when its certificate says that it is good, in milliseconds.
    pub until: i64,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// The keys in a text of PEM. Whether their certificates have run out is not asked: they only carry the keys, and providers
/// sign on with them (SAML V2.0 Metadata Interoperability Profile, 2.6.1).
///
/// # Errors
/// What is wrong with it, in words that follow “This”.
pub(super) fn keys(pem: &str) -> Result<Vec<Key>, &'static str> {
    let mut keys = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let der = certificate.map_err(|_| "is not readable as PEM")?;
        keys.push(
            key(&der).ok_or("has a certificate in it that is not readable, or whose key is neither RSA nor ECDSA")?,
        );
    }
    match keys.len() {
        0 => Err("has no certificate in it"),
        1..=KEYS_MAX => Ok(keys),
        _ => Err("has more than 5 certificates in it"),
    }
}

fn key(der: &[u8]) -> Option<Key> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    let info = certificate.public_key();
    let curve = || info.algorithm.parameters.as_ref()?.as_oid().ok().map(|oid| oid.to_id_string());
    let kind = match (info.algorithm.algorithm.to_id_string().as_str(), curve().as_deref()) {
        ("1.2.840.113549.1.1.1", _) => Kind::Rsa,
        ("1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7")) => Kind::P256,
        ("1.2.840.10045.2.1", Some("1.3.132.0.34")) => Kind::P384,
        _ => return None,
    };
    let until = certificate.validity().not_after.timestamp().saturating_mul(1_000);
    rest.is_empty().then(|| Key { kind, bytes: info.subject_public_key.data.to_vec(), until })
}

/// How something may be signed. SHA-1 is broken, and a secret (HMAC) could be a public key that somebody passes off as one.
fn algorithm(name: &str) -> Option<(Kind, &'static dyn with::VerificationAlgorithm)> {
    Some(match name {
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => (Kind::Rsa, &with::RSA_PKCS1_2048_8192_SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => (Kind::Rsa, &with::RSA_PKCS1_2048_8192_SHA384),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => (Kind::Rsa, &with::RSA_PKCS1_2048_8192_SHA512),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => (Kind::P256, &with::ECDSA_P256_SHA256_FIXED),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => (Kind::P384, &with::ECDSA_P384_SHA384_FIXED),
        _ => return None,
    })
}

fn hash(name: &str) -> Option<&'static digest::Algorithm> {
    Some(match name {
        "http://www.w3.org/2001/04/xmlenc#sha256" => &digest::SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => &digest::SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => &digest::SHA512,
        _ => return None,
    })
}

/// Whether an element has a signature of its own.
pub(super) fn has(doc: &Document<'_>, id: NodeId) -> bool {
    !xml::children(doc, id, SPACE, "Signature").is_empty()
}

/// What is signed of an element, by the signature right in it: the element without that, as text.
///
/// # Errors
/// Why it is not believed, in words that follow “its answer”.
pub(super) fn signed(doc: &Document<'_>, id: NodeId, keys: &[Key]) -> Result<String, &'static str> {
    const SHAPE: &str = "is signed in a way that is not accepted";
    let [signature] = xml::children(doc, id, SPACE, "Signature")[..] else { return Err("is not signed, or is twice") };
    let info = xml::child(doc, signature, SPACE, "SignedInfo").ok_or(SHAPE)?;
    let named = |id, name| xml::child(doc, id, SPACE, name).ok_or(SHAPE);
    let called = |id| xml::attribute(doc, id, "Algorithm").ok_or(SHAPE);

    let method = named(info, "CanonicalizationMethod")?;
    if called(method)? != EXCLUSIVE {
        return Err(SHAPE);
    }
    let message = xml::canonical(doc, info, None, &prefixes(doc, method)).ok_or(SHAPE)?;
    let (kind, algorithm) = algorithm(called(named(info, "SignatureMethod")?)?).ok_or(WEAK)?;
    let value = bytes(doc, named(signature, "SignatureValue")?).ok_or(SHAPE)?;
    let verified = keys.iter().any(|key| {
        key.kind == kind
            && with::UnparsedPublicKey::new(algorithm, &key.bytes).verify(message.as_bytes(), &value).is_ok()
    });
    if !verified {
        return Err("is not signed with a certificate that was entered for it");
    }

    // Of this very element, by its number, and of nothing else.
    let reference = named(info, "Reference")?;
    let number = xml::attribute(doc, id, "ID").filter(|number| !number.is_empty()).ok_or(SHAPE)?;
    if xml::attribute(doc, reference, "URI").and_then(|uri| uri.strip_prefix('#')) != Some(number) {
        return Err("is signed for something else than it says");
    }
    let transforms = xml::children(doc, named(reference, "Transforms")?, SPACE, "Transform");
    let [enveloped, exclusive] = transforms[..] else { return Err(SHAPE) };
    if called(enveloped)? != ENVELOPED || called(exclusive)? != EXCLUSIVE {
        return Err(SHAPE);
    }
    let text = xml::canonical(doc, id, Some(signature), &prefixes(doc, exclusive)).ok_or(SHAPE)?;
    let hash = hash(called(named(reference, "DigestMethod")?)?).ok_or(WEAK)?;
    let expected = bytes(doc, named(reference, "DigestValue")?).ok_or(SHAPE)?;
    if digest::digest(hash, text.as_bytes()).as_ref() != expected {
        return Err("was changed after it was signed");
    }
    Ok(text)
}

const WEAK: &str = "is signed in a way that is too weak or not known: use SHA-256 with RSA or ECDSA";

/// The prefixes whose namespaces are part of the canonical form wherever they stand.
fn prefixes(doc: &Document<'_>, id: NodeId) -> Vec<String> {
    let list = xml::child(doc, id, EXCLUSIVE, "InclusiveNamespaces");
    let list = list.and_then(|list| xml::attribute(doc, list, "PrefixList")).unwrap_or_default();
    list.split_whitespace().map(str::to_owned).collect()
}

fn bytes(doc: &Document<'_>, id: NodeId) -> Option<Vec<u8>> {
    let text: String = xml::text(doc, id)?.split_whitespace().collect();
    BASE64_STANDARD.decode(text).ok()
}
