//! The bearer tokens of the API: JSON Web Tokens (RFC 7519), signed with HMAC-SHA-256, good for 24 hours.
//!
//! A token only says who somebody is. What they may do is read from the database with each call, so a blocked person's
//! token is worth nothing from then on, a changed role holds at once, and a new password ends all tokens before it.

use std::sync::{Arc, PoisonError, RwLock};

use domain::{Error, Result, Time, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use store::Desk;
use store::keys::{Key, Ring};

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

/// What follows from the keys of a desk.
struct Tokens {
    signs: EncodingKey,
    /// Those of earlier secret keys too, until their tokens have ended.
    checks: Vec<DecodingKey>,
    rules: Validation,
}

impl Tokens {
    fn new(ring: &Ring) -> Self {
        super::hs256::install();
        // The secret has other uses, so this one has a key of its own.
        let key = |secret: &Key| secret.derive("docket api token 1");
        // Only this algorithm, whatever a token's header says: neither `none` nor another one.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // By the desk's clock instead of the machine's, in `check`.
        rules.validate_exp = false;
        Self {
            signs: EncodingKey::from_secret(&key(ring.current())),
            checks: ring.all().iter().map(|secret| DecodingKey::from_secret(&key(secret))).collect(),
            rules,
        }
    }

    fn issue(&self, person: UserId, epoch: i32, now: Time) -> Result<(String, Time)> {
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

    fn check(&self, token: &str, now: Time) -> Result<Holder> {
        let refused =
            || Error::new(domain::Code::SignedOut, "The token is not valid, or has ended. Please log in again.");
        if token.len() > LONGEST {
            return Err(refused());
        }
        let decoded = self.checks.iter().find_map(|key| jsonwebtoken::decode::<Claims>(token, key, &self.rules).ok());
        let claims = decoded.ok_or_else(refused)?.claims;
        let now = now.0.div_euclid(1_000);
        if claims.exp <= now || claims.iat > now + LEEWAY {
            return Err(refused());
        }
        Ok(Holder { person: claims.sub.parse().map_err(|_| refused())?, epoch: claims.epoch })
    }
}

/// Makes and takes the tokens of a desk.
pub struct DeskTokens {
    desk: Desk,
    /// For the keys as they were when it was last used.
    made: RwLock<(Arc<Ring>, Arc<Tokens>)>,
}

impl DeskTokens {
    /// Tokens of this desk.
    pub fn new(desk: Desk) -> Self {
        let ring = desk.keys();
        let tokens = Arc::new(Tokens::new(&ring));
        Self { desk, made: RwLock::new((ring, tokens)) }
    }

    fn of(&self, ring: Arc<Ring>) -> Arc<Tokens> {
        {
            let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&made.0, &ring) {
                return made.1.clone();
            }
        }
        let tokens = Arc::new(Tokens::new(&ring));
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = (ring, tokens.clone());
        tokens
    }

    /// A token for this person, and when it ends.
    ///
    /// # Errors
    /// `Internal` when it cannot be signed.
    pub fn issue(&self, person: UserId, epoch: i32) -> Result<(String, Time)> {
        self.of(self.desk.fresh_keys()).issue(person, epoch, self.desk.now())
    }

    /// Whose token this is, and of which of their passwords.
    ///
    /// # Errors
    /// `SignedOut` for whatever is wrong with it; which of its parts is not for the sender to know.
    pub fn check(&self, token: &str) -> Result<Holder> {
        let (now, ring) = (self.desk.now(), self.desk.keys());
        self.of(ring.clone()).check(token, now).or_else(|error| {
            // Another server may have a new key already.
            let fresh = self.desk.fresh_keys();
            if Arc::ptr_eq(&fresh, &ring) { Err(error) } else { self.of(fresh).check(token, now) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
    use serde_json::json;

    const NOW: Time = Time(1_795_248_720_000);

    fn of(keys: &[u8]) -> Tokens {
        let mut keys = keys.iter().map(|byte| Key::new([*byte; 32]));
        Tokens::new(&Ring::new(keys.next().unwrap(), keys))
    }

    fn tokens() -> Tokens {
        of(&[7])
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
        let (token, _) = of(&[8]).issue(UserId(5), 3, NOW).unwrap();
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
    fn a_token_outlives_the_key_it_was_made_with() {
        let (token, _) = tokens().issue(UserId(5), 3, NOW).unwrap();
        assert!(of(&[8]).check(&token, NOW).is_err());
        assert_eq!(of(&[8, 7]).check(&token, NOW).unwrap().person, UserId(5));
        let (token, _) = of(&[8, 7]).issue(UserId(5), 3, NOW).unwrap();
        assert!(tokens().check(&token, NOW).is_err(), "made with the current key");
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
