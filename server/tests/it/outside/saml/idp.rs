//! A provider of SAML: what it says is text, so that tests can have it say anything.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bergshamra_c14n::{C14nMode, canonicalize};
use domain::{
    ProviderId, Time,
    outside::{Audience, Kind, Saml, Usable},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use server::outside::saml::Expected;
use sha2::{Digest as _, Sha256};

pub const ISSUER: &str = "https://idp.acme.example/metadata";
/// Stands for the assertion in what is around it.
const WITHIN: &str = "<within/>";
pub const SIGN_ON: &str = "https://idp.acme.example/sso?tenant=7";

/// What is asked for.
pub struct Asked {
    pub request: String,
    pub entity: String,
    pub here: String,
    pub now: Time,
}

impl Asked {
    pub fn expected(&self) -> Expected<'_> {
        Expected { request: &self.request, entity: &self.entity, here: &self.here, now: self.now }
    }
}

/// What is said in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    Assertion,
    Response,
    Both,
    Nothing,
}

pub struct Idp {
    key: EcdsaKeyPair,
    pub certificate: String,
}

impl Idp {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
        let der = key.serialize_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new()).unwrap();
        Self { key, certificate }
    }

    /// As it is set up here.
    pub fn settings(&self) -> Saml {
        Saml { sign_on: SIGN_ON.into(), certificates: self.certificate.clone(), ..Saml::default() }
    }

    pub fn usable(&self) -> Usable {
        Usable {
            id: ProviderId(7),
            kind: Kind::Saml,
            name: "Acme".into(),
            audience: Audience::Company,
            company: None,
            domains: Vec::new(),
            issuer: ISSUER.into(),
            client_id: String::new(),
            secret: String::new(),
            creates: true,
            role_claim: "groups".into(),
            rules: Default::default(),
            trusts_mfa: false,
            directory: Default::default(),
            saml: self.settings(),
            only: false,
            version: 1,
        }
    }

    /// An element with a signature of it in it.
    pub fn sign(&self, element: &str, id: &str) -> String {
        let info = self.info(element, id);
        self.sign_info(element, &info)
    }

    /// What is signed of an element.
    pub fn info(&self, element: &str, id: &str) -> String {
        let text = canonicalize::<&str>(element, C14nMode::Exclusive, None, &[]).unwrap();
        let digest = BASE64_STANDARD.encode(Sha256::digest(text));
        format!(
            "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
             <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></ds:SignatureMethod>\
             <ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
             <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
             <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        )
    }

    /// The same, when something else is signed.
    pub fn sign_info(&self, element: &str, info: &str) -> String {
        let message = canonicalize::<&str>(info, C14nMode::Exclusive, None, &[]).unwrap();
        let value = BASE64_STANDARD.encode(self.key.sign(&SystemRandom::new(), &message).unwrap());
        let signature = format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}<ds:SignatureValue>{value}</ds:SignatureValue>\
             </ds:Signature>"
        );
        let at = element.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
        format!("{}{signature}{}", &element[..at], &element[at..])
    }

    /// What is right, changed by whoever asks before it is signed.
    pub fn answer(&self, asked: &Asked, signed: Signed, change: impl Fn(String) -> String) -> String {
        let mut assertion = change(assertion(asked));
        if matches!(signed, Signed::Assertion | Signed::Both) {
            assertion = self.sign(&assertion, "a1");
        }
        // What was signed stays as it is.
        let response = change(response(asked, WITHIN)).replace(WITHIN, &assertion);
        if matches!(signed, Signed::Response | Signed::Both) { self.sign(&response, "r1") } else { response }
    }
}

pub fn packed(answer: &str) -> String {
    BASE64_STANDARD.encode(answer)
}

pub fn assertion(asked: &Asked) -> String {
    let at = asked.now.rfc3339();
    let (from, until) = (asked.now.plus_millis(-30_000).rfc3339(), asked.now.plus_millis(300_000).rfc3339());
    let Asked { request, entity, here, .. } = asked;
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"a1\" Version=\"2.0\" IssueInstant=\"{at}\">\
         <saml:Issuer>{ISSUER}</saml:Issuer>\
         <saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">jana-7</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData InResponseTo=\"{request}\" NotOnOrAfter=\"{until}\" Recipient=\"{here}\"/>\
         </saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{until}\">\
         <saml:AudienceRestriction><saml:Audience>{entity}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
         <saml:AuthnStatement AuthnInstant=\"{at}\"><saml:AuthnContext><saml:AuthnContextClassRef>\
         urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef>\
         </saml:AuthnContext></saml:AuthnStatement>\
         <saml:AttributeStatement>\
         <saml:Attribute Name=\"urn:oid:0.9.2342.19200300.100.1.3\" FriendlyName=\"mail\">\
         <saml:AttributeValue>jana@acme.example</saml:AttributeValue></saml:Attribute>\
         <saml:Attribute Name=\"displayName\"><saml:AttributeValue>Jana Weiß</saml:AttributeValue></saml:Attribute>\
         <saml:Attribute Name=\"groups\"><saml:AttributeValue>support</saml:AttributeValue>\
         <saml:AttributeValue>hr</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"
    )
}

pub fn response(asked: &Asked, assertion: &str) -> String {
    let Asked { request, here, now, .. } = asked;
    format!(
        "<?xml version=\"1.0\"?><samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"r1\" Version=\"2.0\" IssueInstant=\"{at}\" \
         Destination=\"{here}\" InResponseTo=\"{request}\"><saml:Issuer>{ISSUER}</saml:Issuer>\
         <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         {assertion}</samlp:Response>",
        at = now.rfc3339(),
    )
}
