//! The bearer tokens of the API: JSON Web Tokens (RFC 7519), signed with HMAC-SHA-256, good for 24 hours.
//!
//! A token only says who somebody is. What they may do is read from the database with each call, so a blocked person's
//! token is worth nothing from then on, a changed role holds at once, and a new password ends all tokens before it.

use domain::{Error, Result, Time, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How long a token is good, in seconds.
pub const LIFETIME: i64 = 24 * 60 * 60;

/// Who makes and takes the tokens (claims `iss` and `aud`).
const ISSUER: &str = "docket";
const AUDIENCE: &str = "docket-api";

/// Nodes' clocks may differ by this much, in seconds: a token “from the future” is taken up to here.
const LEEWAY: i64 = 60;

/// No token of ours is longer, in bytes.
const LONGEST: usize = 1_000;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The person's id.
    sub: String,
    /// When it was made and when it ends, in seconds since 1970.
    iat: i64,
    exp: i64,
    /// How often the person had changed their password when it was made. With the next change it ends.
    #[serde(default)]
    epoch: i32,
    /// Makes each token one of its kind, so that single ones can be told apart in logs and revoked.
    jti: String,
}

/// Who a token is of, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    pub person: UserId,
    /// See [`store::accounts::find_by_token`].
    pub epoch: i32,
}

/// The keys of a desk.
pub struct Tokens {
    signs: EncodingKey,
    checks: DecodingKey,
    rules: Validation,
}

impl Tokens {
    /// The keys that follow from the desk's secret. The secret has other uses, so this one has a key of its own.
    pub fn new(secret: &[u8; 32]) -> Self {
        super::hs256::install();
        let key = Sha256::new().chain_update(b"docket api token 1\0").chain_update(secret).finalize();
        // Only this algorithm, whatever a token's header says: neither `none` nor another one.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // By the desk's clock instead of the machine's, in `check`.
        rules.validate_exp = false;
        Self { signs: EncodingKey::from_secret(&key), checks: DecodingKey::from_secret(&key), rules }
    }

    /// A token for this person, and when it ends.
    pub fn issue(&self, person: UserId, epoch: i32, now: Time) -> Result<(String, Time)> {
        let iat = now.0.div_euclid(1_000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: person.to_string(),
            iat,
            exp: iat + LIFETIME,
            epoch,
            jti: format!("{:032x}", rand::random::<u128>()),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signs)
            .map_err(|cause| store::error::internal(&cause))?;
        Ok((token, Time(claims.exp * 1_000)))
    }

    /// Whose token this is, and of which of their passwords.
    ///
    /// # Errors
    /// `SignedOut` for whatever is wrong with it; which of its parts is not for the sender to know.
    pub fn check(&self, token: &str, now: Time) -> Result<Holder> {
        let refused =
            || Error::new(domain::Code::SignedOut, "The token is not valid, or has ended. Please log in again.");
        if token.len() > LONGEST {
            return Err(refused());
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.checks, &self.rules).map_err(|_| refused())?.claims;
        let now = now.0.div_euclid(1_000);
        if claims.exp <= now || claims.iat > now + LEEWAY {
            return Err(refused());
        }
        Ok(Holder { person: claims.sub.parse().map_err(|_| refused())?, epoch: claims.epoch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
    use serde_json::json;

    const NOW: Time = Time(1_795_248_720_000);

    fn tokens() -> Tokens {
        Tokens::new(&[7; 32])
    }

    fn claims() -> serde_json::Value {
        let now = NOW.0 / 1_000;
        json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "5", "iat": now, "exp": now + 60, "jti": "x" })
    }

    /// With whatever the header says is the way to sign it, which it is not.
    fn signed(algorithm: Algorithm, claims: &serde_json::Value) -> String {
        let ours = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &tokens().signs).unwrap();
        if algorithm == Algorithm::HS256 {
            return ours;
        }
        let head = B64.encode(serde_json::to_string(&Header::new(algorithm)).unwrap());
        let said = format!("{head}.{}", ours.split('.').nth(1).unwrap());
        let signature = jsonwebtoken::crypto::sign(said.as_bytes(), &tokens().signs, Algorithm::HS256).unwrap();
        format!("{said}.{signature}")
    }

    #[test]
    fn a_token_says_whose_it_is_until_its_end() {
        let (token, ends) = tokens().issue(UserId(5), 3, NOW).unwrap();
        assert_eq!(ends, NOW.plus_millis(24 * 3_600_000));
        assert_eq!(tokens().check(&token, NOW).unwrap(), Holder { person: UserId(5), epoch: 3 });
        assert_eq!(tokens().check(&token, ends.plus_millis(-1_000)).unwrap().person, UserId(5));
        assert!(tokens().check(&token, ends).is_err());
        let (other, _) = tokens().issue(UserId(5), 3, NOW).unwrap();
        assert_ne!(token, other);
    }

    #[test]
    fn what_we_did_not_sign_is_refused() {
        let (token, _) = Tokens::new(&[8; 32]).issue(UserId(5), 3, NOW).unwrap();
        assert!(tokens().check(&token, NOW).is_err(), "another desk's key");
        let (token, _) = tokens().issue(UserId(5), 3, NOW).unwrap();
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let other = B64.encode(claims().to_string());
        for forged in [
            format!("{head}.{other}.{signature}"),
            format!("{}.{other}.", B64.encode(r#"{"alg":"none"}"#)),
            format!("{}.{other}.{signature}", B64.encode(r#"{"alg":"none"}"#)),
            format!("{}.{rest}", B64.encode(r#"{"alg":"RS256","typ":"JWT"}"#)),
            signed(Algorithm::HS512, &claims()),
            "a.b.c".to_owned(),
            String::new(),
            "x".repeat(5_000),
        ] {
            assert!(tokens().check(&forged, NOW).is_err(), "{forged}");
        }
        assert!(tokens().check(&signed(Algorithm::HS256, &claims()), NOW).is_ok(), "the same, signed right");
    }

    #[test]
    fn every_claim_counts() {
        for (claim, value) in [
            ("iss", json!("somebody")),
            ("aud", json!("other")),
            ("sub", json!("nobody")),
            ("exp", json!(0)),
            ("exp", json!("tomorrow")),
            ("iat", json!(NOW.0 / 1_000 + 61)),
        ] {
            let mut wrong = claims();
            wrong[claim] = value;
            assert!(tokens().check(&signed(Algorithm::HS256, &wrong), NOW).is_err(), "{wrong}");
        }
        for claim in ["iss", "aud", "sub", "exp"] {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(claim);
            assert!(tokens().check(&signed(Algorithm::HS256, &without), NOW).is_err(), "without {claim}");
        }
    }
}
