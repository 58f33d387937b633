//! How somebody is sent to a provider (SAML V2.0 Bindings, 3.4), and what providers are told about us.

use std::io::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::Time;
use flate2::{Compression, write::DeflateEncoder};
use store::outside::visits::Sent;
use uppsala::XmlWriter;
use url::Url;

use super::{ASSERTION, METADATA, POST, PROTOCOL};

/// What we would like people to be called: the same for ever, or else by their address.
const FORMATS: [&str; 2] =
    ["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"];

/// The number of the request that goes with somebody: it comes back in the answer.
pub fn number(nonce: &str) -> String {
    // A number of XML begins with no digit.
    format!("_{nonce}")
}

/// Where somebody is sent, with a request. `entity`: what Docket is called there; `here`: where the answer is to be sent.
///
/// # Errors
/// What is wrong, in words that follow the provider's name.
pub fn departure(sign_on: &str, sent: &Sent, entity: &str, here: &str, now: Time) -> Result<Url, String> {
    let mut address = Url::parse(sign_on).map_err(|_| "has an address for signing in that is none".to_owned())?;
    let mut request = XmlWriter::new();
    request.start_element(
        "samlp:AuthnRequest",
        &[
            ("xmlns:samlp", PROTOCOL),
            ("xmlns:saml", ASSERTION),
            ("ID", &number(&sent.nonce)),
            ("Version", "2.0"),
            ("IssueInstant", &now.rfc3339()),
            ("Destination", sign_on),
            ("AssertionConsumerServiceURL", here),
            ("ProtocolBinding", POST),
        ],
    );
    request.start_element("saml:Issuer", &[]);
    request.text(entity);
    request.end_element("saml:Issuer");
    request.end_element("samlp:AuthnRequest");
    let packed = packed(&request.into_string()).map_err(|error| format!("cannot be asked: {error}"))?;
    address.query_pairs_mut().append_pair("SAMLRequest", &packed).append_pair("RelayState", &sent.state);
    Ok(address)
}

fn packed(text: &str) -> std::io::Result<String> {
    let mut packing = DeflateEncoder::new(Vec::new(), Compression::default());
    packing.write_all(text.as_bytes())?;
    Ok(BASE64_STANDARD.encode(packing.finish()?))
}

/// What is entered at a provider: what we are called there, and where its answers are to be sent.
pub fn metadata(entity: &str, here: &str) -> String {
    let mut xml = XmlWriter::new();
    xml.write_declaration();
    xml.start_element("md:EntityDescriptor", &[("xmlns:md", METADATA), ("entityID", entity)]);
    xml.start_element(
        "md:SPSSODescriptor",
        &[("AuthnRequestsSigned", "false"), ("WantAssertionsSigned", "true"), ("protocolSupportEnumeration", PROTOCOL)],
    );
    for format in FORMATS {
        xml.start_element("md:NameIDFormat", &[]);
        xml.text(format);
        xml.end_element("md:NameIDFormat");
    }
    let to = [("Binding", POST), ("Location", here), ("index", "0"), ("isDefault", "true")];
    xml.empty_element("md:AssertionConsumerService", &to);
    xml.end_element("md:SPSSODescriptor");
    xml.end_element("md:EntityDescriptor");
    xml.into_string()
}
