//! What a provider says of itself in its metadata (SAML V2.0 Metadata), for its settings.

use uppsala::{Document, NodeId};

use super::{METADATA, PROTOCOL, REDIRECT, xml};

const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The entity ID of a provider, where people sign in there, and its certificates as PEM.
///
/// # Errors
/// What is missing, as a sentence.
pub fn read(text: &str) -> Result<(String, String, String), String> {
    // A file may begin with a mark that says how it is written.
    let doc = xml::parse(text.trim_start_matches('\u{feff}').trim()).ok_or(
        "This is not readable as metadata: it is XML of at most 256 KB that begins with EntityDescriptor, without a document type.",
    )?;
    let entity = doc.document_element().and_then(|root| provider(&doc, root));
    let (entity, role) =
        entity.ok_or("There is no provider of sign-ins (IDPSSODescriptor) in it, or more than one.")?;
    let id = xml::attribute(&doc, entity, "entityID").unwrap_or_default().to_owned();
    let places = xml::children(&doc, role, METADATA, "SingleSignOnService");
    let place = places.iter().find(|id| xml::attribute(&doc, **id, "Binding") == Some(REDIRECT));
    let place = place.and_then(|id| xml::attribute(&doc, *id, "Location"));
    let place =
        place.ok_or("It does not say where people are sent to sign in by a redirect (HTTP-Redirect).")?.to_owned();
    let keys = xml::children(&doc, role, METADATA, "KeyDescriptor");
    let keys = keys.into_iter().filter(|id| xml::attribute(&doc, *id, "use").is_none_or(|usage| usage == "signing"));
    let mut certificates: Vec<String> = keys.flat_map(|id| certificates(&doc, id)).collect();
    certificates.dedup();
    if certificates.is_empty() {
        return Err("It has no certificate (X509Certificate) for signing in it.".to_owned());
    }
    Ok((id, place, certificates.concat()))
}

/// The only provider in the metadata of one, or of a federation.
fn provider(doc: &Document<'_>, root: NodeId) -> Option<(NodeId, NodeId)> {
    let entities = match xml::is(doc, root, METADATA, "EntitiesDescriptor") {
        true => xml::children(doc, root, METADATA, "EntityDescriptor"),
        false if xml::is(doc, root, METADATA, "EntityDescriptor") => vec![root],
        false => Vec::new(),
    };
    let roles = entities.into_iter().flat_map(|entity| {
        let roles = xml::children(doc, entity, METADATA, "IDPSSODescriptor").into_iter();
        roles.filter(|role| speaks(doc, *role)).map(move |role| (entity, role)).collect::<Vec<_>>()
    });
    match roles.collect::<Vec<_>>()[..] {
        [one] => Some(one),
        _ => None,
    }
}

fn speaks(doc: &Document<'_>, role: NodeId) -> bool {
    let protocols = xml::attribute(doc, role, "protocolSupportEnumeration").unwrap_or_default();
    protocols.split_whitespace().any(|protocol| protocol == PROTOCOL)
}

fn certificates(doc: &Document<'_>, key: NodeId) -> Vec<String> {
    let info = xml::child(doc, key, SIGNATURE, "KeyInfo");
    let data = info.map(|info| xml::children(doc, info, SIGNATURE, "X509Data")).unwrap_or_default();
    let all = data.into_iter().flat_map(|data| xml::children(doc, data, SIGNATURE, "X509Certificate"));
    all.filter_map(|id| xml::text(doc, id)).map(|text| pem(&text)).collect()
}

fn pem(base64: &str) -> String {
    let letters: Vec<char> = base64.chars().filter(|c| !c.is_whitespace()).collect();
    let lines: String = letters.chunks(64).map(|line| line.iter().collect::<String>() + "\n").collect();
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}
