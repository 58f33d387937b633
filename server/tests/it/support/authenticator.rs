//! An authenticator in software: it makes ES256 keys without attestation, and does what a test wants it to do wrong.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use domain::passkey::{Answer, Place, Question};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Where people come in tests.
pub const ORIGIN: &str = "https://help.acme.example";

/// The place of [`ORIGIN`].
pub fn here() -> Place {
    Place::of(ORIGIN).unwrap()
}

/// A device with one key.
pub struct Device {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// Whose it is, as it was told.
    pub handle: Vec<u8>,
    /// How often it has signed. 0: it does not count.
    pub counter: u32,
    /// What the browser says, and what the device says of it.
    pub origin: String,
    pub host: String,
    /// Whether it makes sure who holds it.
    pub verifies: bool,
    pub synced: bool,
    pub challenge: Option<String>,
}

impl Device {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Self {
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).unwrap(),
            id: rand::random::<[u8; 32]>().to_vec(),
            handle: Vec::new(),
            counter: 1,
            origin: ORIGIN.to_owned(),
            host: here().host,
            verifies: true,
            synced: false,
            challenge: None,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = self.challenge.clone().unwrap_or_else(|| options["challenge"].as_str().unwrap().to_owned());
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    /// WebAuthn, 6.1.
    fn authenticator_data(&self, more: u8) -> Vec<u8> {
        let flags = 0x01 | if self.verifies { 0x04 } else { 0 } | if self.synced { 0x18 } else { 0 } | more;
        let mut data = Sha256::digest(&self.host).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Makes its key known (WebAuthn, 5.1.3), in CBOR that is written by hand.
    pub fn make(&mut self, question: &Question) -> Answer {
        let options: Value = serde_json::from_str(&question.options).unwrap();
        let options = &options["publicKey"];
        self.handle = BASE64.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let mut data = self.authenticator_data(0x40);
        data.extend([0; 16]);
        data.extend((self.id.len() as u16).to_be_bytes());
        data.extend(&self.id);
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend((data.len() as u16).to_be_bytes());
        object.extend(&data);
        self.said(
            question,
            json!({
                "attestationObject": BASE64.encode(object),
                "clientDataJSON": BASE64.encode(self.client_data("webauthn.create", options)),
            }),
        )
    }

    /// Answers (WebAuthn, 5.1.4), and counts that it has.
    pub fn answer(&mut self, question: &Question) -> Answer {
        let options: Value = serde_json::from_str(&question.options).unwrap();
        if self.counter > 0 {
            self.counter += 1;
        }
        let data = self.authenticator_data(0);
        let client = self.client_data("webauthn.get", &options["publicKey"]);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.said(
            question,
            json!({
                "authenticatorData": BASE64.encode(data),
                "clientDataJSON": BASE64.encode(client),
                "signature": BASE64.encode(signature.as_ref()),
                "userHandle": BASE64.encode(&self.handle),
            }),
        )
    }

    fn said(&self, question: &Question, response: Value) -> Answer {
        let id = BASE64.encode(&self.id);
        let credential = json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        });
        Answer { token: question.token.clone(), credential: credential.to_string() }
    }
}
