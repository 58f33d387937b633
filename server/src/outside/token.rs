//! ID tokens of OpenID Connect: read, and believed only when everything about them is right.
//!
//! Signatures are checked by `ring`, which TLS brings along. The libraries for this bring four implementations of RSA and
//! elliptic curves of their own: sixty crates, and three and a half minutes of a core's time in each build.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Time;
use domain::outside::SUBJECT_MAX;
use ring::{digest, signature as with};
use serde::Deserialize;
use serde_json::Value;

/// How far the clocks of a provider and ours may be apart, in seconds.
const LEEWAY: i64 = 60;
/// The longest token that is looked at, in bytes.
pub const TOKEN_MAX: usize = 64 * 1024;

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It names a key that the provider did not have when its keys were read last.
    #[error("its token is signed with a key that it does not show")]
    Key,
    #[error("{0}")]
    Said(&'static str),
}

/// What a token has to say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client: &'a str,
    pub nonce: &'a str,
    /// What came beside it. A token that says its hash must say the right one.
    pub access_token: Option<&'a str>,
    pub now: Time,
}

/// A public key of a provider (RFC 7517). Anything else that stands in it is of no interest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: String,
    e: String,
    x: String,
    y: String,
}

/// The keys in an answer. Those that cannot be read are left out: a new kind of key must not lock everybody out.
pub fn keys(answer: &[u8]) -> Option<Vec<Key>> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let keys = answer.get("keys")?.as_array()?;
    Some(keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect())
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood. None are.
    crit: Option<Value>,
}

/// How a token may be signed: with a key that only the provider has. Neither not at all (`none`), nor with a secret that is
/// shared (`HS…`), which somebody who only knows the public key could pass that off as.
#[derive(Debug, Clone, Copy)]
enum Algorithm {
    Rsa(&'static with::RsaParameters),
    Curve(&'static str, usize, &'static with::EcdsaVerificationAlgorithm),
    Edwards,
}

fn algorithm(name: &str) -> Option<(Algorithm, &'static digest::Algorithm)> {
    Some(match name {
        "RS256" => (Algorithm::Rsa(&with::RSA_PKCS1_2048_8192_SHA256), &digest::SHA256),
        "RS384" => (Algorithm::Rsa(&with::RSA_PKCS1_2048_8192_SHA384), &digest::SHA384),
        "RS512" => (Algorithm::Rsa(&with::RSA_PKCS1_2048_8192_SHA512), &digest::SHA512),
        "PS256" => (Algorithm::Rsa(&with::RSA_PSS_2048_8192_SHA256), &digest::SHA256),
        "PS384" => (Algorithm::Rsa(&with::RSA_PSS_2048_8192_SHA384), &digest::SHA384),
        "PS512" => (Algorithm::Rsa(&with::RSA_PSS_2048_8192_SHA512), &digest::SHA512),
        "ES256" => (Algorithm::Curve("P-256", 32, &with::ECDSA_P256_SHA256_FIXED), &digest::SHA256),
        "ES384" => (Algorithm::Curve("P-384", 48, &with::ECDSA_P384_SHA384_FIXED), &digest::SHA384),
        "EdDSA" => (Algorithm::Edwards, &digest::SHA512),
        _ => return None,
    })
}

impl Key {
    /// Whether this key may have signed so.
    fn suits(&self, header: &Header, algorithm: Algorithm) -> bool {
        let kind = match algorithm {
            Algorithm::Rsa(_) => self.kty == "RSA",
            Algorithm::Curve(name, ..) => self.kty == "EC" && self.crv.as_deref() == Some(name),
            Algorithm::Edwards => self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519"),
        };
        kind && self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == header.alg)
            && header.kid.as_ref().is_none_or(|kid| self.kid.as_ref() == Some(kid))
    }

    fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        match algorithm {
            Algorithm::Rsa(parameters) => {
                let (n, e) = (decode(&self.n), decode(&self.e));
                // Some write a zero in front, which is no digit of the number.
                let trimmed = |number: &[u8]| number.iter().skip_while(|b| **b == 0).copied().collect::<Vec<u8>>();
                let key = with::RsaPublicKeyComponents { n: trimmed(&n), e: trimmed(&e) };
                key.verify(parameters, message, signature).is_ok()
            }
            Algorithm::Curve(_, size, curve) => {
                let (x, y) = (decode(&self.x), decode(&self.y));
                x.len() == size
                    && y.len() == size
                    && with::UnparsedPublicKey::new(curve, [&[4][..], &x, &y].concat())
                        .verify(message, signature)
                        .is_ok()
            }
            Algorithm::Edwards => {
                with::UnparsedPublicKey::new(&with::ED25519, decode(&self.x)).verify(message, signature).is_ok()
            }
        }
    }
}

/// What a token says, if it is the provider's, for us, for this one time, and still good (OpenID Connect Core, 3.1.3.7).
///
/// # Errors
/// See [`Wrong`].
pub fn verify(token: &str, keys: &[Key], expected: &Expected<'_>) -> Result<Value, Wrong> {
    let broken = Wrong::Said("its token is broken");
    if token.len() > TOKEN_MAX {
        return Err(broken);
    }
    let (message, signature) = token.rsplit_once('.').ok_or_else(|| broken.clone())?;
    let (header, claims) = message.split_once('.').ok_or_else(|| broken.clone())?;
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| broken.clone());
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| broken.clone())?;
    if header.crit.is_some() {
        return Err(Wrong::Said("its token has extensions that are not understood"));
    }
    let (algorithm, hash) =
        algorithm(&header.alg).ok_or(Wrong::Said("its token is not signed in a way that is accepted"))?;
    let signature = decode(signature)?;
    let mut suitable = keys.iter().filter(|key| key.suits(&header, algorithm)).peekable();
    if suitable.peek().is_none() {
        return Err(Wrong::Key);
    }
    if !suitable.any(|key| key.has_signed(algorithm, message.as_bytes(), &signature)) {
        return Err(Wrong::Said("the signature of its token is wrong"));
    }
    let claims: Value = serde_json::from_slice(&decode(claims)?).map_err(|_| broken.clone())?;
    check(&claims, hash, expected)?;
    Ok(claims)
}

fn check(claims: &Value, hash: &'static digest::Algorithm, expected: &Expected<'_>) -> Result<(), Wrong> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let unless = |good: bool, said: &'static str| if good { Ok(()) } else { Err(Wrong::Said(said)) };
    unless(text("iss") == Some(expected.issuer), "its token names another issuer")?;
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().map(|one| one.as_str().unwrap_or("")).collect(),
        _ => Vec::new(),
    };
    unless(audience.contains(&expected.client), "its token is for somebody else")?;
    let party = claims.get("azp");
    unless(
        party.map_or(audience.len() == 1, |party| party.as_str() == Some(expected.client)),
        "its token was handed to somebody else",
    )?;
    let now = expected.now.0.div_euclid(1_000);
    // Some write fractions of seconds.
    let moment = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
    unless(moment("exp").is_some_and(|end| end > now - LEEWAY), "its token has run out")?;
    unless(moment("iat").is_some_and(|at| at <= now + LEEWAY), "its token is from the future")?;
    unless(moment("nbf").is_none_or(|from| from <= now + LEEWAY), "its token is not good yet")?;
    unless(text("nonce") == Some(expected.nonce), "its token is not for this sign-in")?;
    unless(
        text("sub").is_some_and(|subject| !subject.is_empty() && subject.len() <= SUBJECT_MAX),
        "its token does not say who it is",
    )?;
    if let (Some(said), Some(access_token)) = (claims.get("at_hash"), expected.access_token) {
        let full = digest::digest(hash, access_token.as_bytes());
        let half = BASE64_URL_SAFE_NO_PAD.encode(&full.as_ref()[..full.as_ref().len() / 2]);
        unless(said.as_str() == Some(half.as_str()), "its token belongs to another answer")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expected() -> Expected<'static> {
        Expected { issuer: "https://id.example", client: "docket", nonce: "n", access_token: None, now: Time(0) }
    }

    /// The examples of the RFCs are no ID tokens. That their content is looked at says that the signature is right.
    #[test]
    fn signatures_of_the_standards_are_right() {
        let rsa = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p\
            c19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F\
            p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRm\
            B_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIh\
            WkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        let edwards = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AI\
            bQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let all = keys(
            br#"{"keys": [
                {"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
                {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
            ]}"#,
        )
        .expect("keys");
        assert_eq!(verify(rsa, &all, &expected()), Err(Wrong::Said("its token names another issuer")));
        assert_eq!(verify(edwards, &all, &expected()), Err(Wrong::Said("its token is broken")));
        for token in [rsa, edwards] {
            // Another letter in the middle of the signature.
            let at = token.len() - 40;
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            let wrong = Wrong::Said("the signature of its token is wrong");
            assert_eq!(verify(&changed, &all, &expected()), Err(wrong));
        }
        assert_eq!(verify(rsa, &all[1..], &expected()), Err(Wrong::Key));
    }

    proptest! {
        #[test]
        fn no_text_is_believed_or_breaks_it(text in "\\PC{0,200}", header in "[A-Za-z0-9_-]{0,60}") {
            let keys = keys(br#"{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}"#).expect("keys");
            prop_assert!(verify(&text, &keys, &expected()).is_err());
            let parts = format!("{header}.{text}.{header}");
            prop_assert!(verify(&parts, &keys, &expected()).is_err());
            let _ = super::keys(text.as_bytes());
        }
    }
}
