//! Passkeys (WebAuthn): a second step of signing in, and a way in without a password.
//!
//! `webauthn-rs` checks what authenticators say. Whoever is asked has a [`question`] in the database, which is answered once,
//! in the browser that it was asked in; the answer is checked against the passkey as it stands then, so that of two answers
//! at once the counter of each is compared with that of the other.

pub mod door;
pub mod own;
mod question;
pub mod second;

pub use question::LASTS_MS;

use crate::{Desk, OrOurs, Tx};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    Code, Error, PasskeyId, Result, UserId,
    passkey::{ANSWER_MAX, Answer, Place},
};
use question::Asked;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;
use webauthn_rs::prelude::{
    Credential, DiscoverableAuthentication, Passkey, PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid,
    Webauthn, WebauthnBuilder, WebauthnError,
};

/// What authenticators call this desk.
const NAME: &str = "Docket";

/// Whoever passkeys of a place are made for.
fn party(place: &Place) -> Result<Webauthn> {
    let origin: Url = place.origin.parse().map_err(|cause| crate::error::internal(&cause))?;
    WebauthnBuilder::new(&place.host, &origin)
        .and_then(|builder| builder.rp_name(NAME).timeout(Duration::from_millis(LASTS_MS.unsigned_abs())).build())
        .map_err(|cause| crate::error::internal(&cause))
}

fn to_json<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|cause| crate::error::internal(&cause))
}

fn of_json<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|cause| crate::error::internal(&cause))
}

/// What a browser has written. Errors: `Invalid` for what none writes.
fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    let unreadable = || Error::new(Code::Invalid, "What your browser said of the passkey could not be read.");
    if answer.credential.len() > ANSWER_MAX {
        return Err(unreadable());
    }
    serde_json::from_str(&answer.credential).map_err(|_| unreadable())
}

/// A key that nobody has.
const SOME_KEY: &str = r#"{"cred":{"attestation":{"data":"None","metadata":"None"},"attestation_format":"none",
"backup_eligible":false,"backup_state":false,"counter":1,
"cred":{"key":{"EC_EC2":{"curve":"SECP256R1","x":"gz2nzcbMFoM2tDsVQ4CjWSXCgOoOpH2tpX5A-ljPKS4",
"y":"B_GuSL5pPAnTYajA_2btDp2P9blL3VF4GAjeAD4BvVA"}},"type_":"ES256"},
"cred_id":"KfYU5gizEfUUd56p4Zq8cDaXQH2OZDswXvKgy_bGtkg","extensions":{"appid":"NotRequested",
"cred_props":"Ignored","cred_protect":"Ignored","hmac_create_secret":"NotRequested"},
"registration_policy":"required","transports":null,"user_verified":true}}"#;

/// Looks at what a stranger sends in the place of an answer, down to the last byte. Whether it is taken, which it never is:
/// nobody knows what was asked.
pub fn is_taken(bytes: &[u8]) -> Result<bool> {
    let place = Place { origin: "https://help.acme.example".to_owned(), host: "help.acme.example".to_owned() };
    let party = party(&place)?;
    let answer = Answer { token: String::new(), credential: String::from_utf8_lossy(bytes).into_owned() };
    let failed = |cause: WebauthnError| crate::error::internal(&cause);
    let made = match read::<RegisterPublicKeyCredential>(&answer) {
        Ok(made) => {
            let (_, state) = party.start_passkey_registration(Uuid::nil(), "a", "a", None).map_err(failed)?;
            party.finish_passkey_registration(&made, &state).is_ok()
        }
        Err(_) => false,
    };
    let Ok(mut said) = read::<PublicKeyCredential>(&answer) else { return Ok(made) };
    let _ = party.identify_discoverable_authentication(&said);
    let key: Passkey = serde_json::from_str(SOME_KEY).map_err(|cause| crate::error::internal(&cause))?;
    // Else nothing more of it would be looked at.
    said.raw_id = key.cred_id().to_vec();
    let (_, state) = party.start_discoverable_authentication().map_err(failed)?;
    Ok(made || party.finish_discoverable_authentication_v2(&said, state, &key).is_ok())
}

/// Why an answer is not taken, as the end of a sentence.
fn why(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::InvalidRPOrigin | WebauthnError::InvalidRPIDHash | WebauthnError::CredentialCrossOrigin => {
            "it was used at another address than this one"
        }
        WebauthnError::MismatchedChallenge | WebauthnError::InvalidClientDataType => {
            "it has answered something else than it was asked"
        }
        WebauthnError::UserNotPresent | WebauthnError::UserNotVerified => {
            "the device has not made sure that it is you, by a PIN, a fingerprint or your face"
        }
        WebauthnError::CredentialPossibleCompromise => "its counter went back, as if somebody had copied it",
        WebauthnError::CredentialBackupEligibilityInconsistent => {
            "it says other things of itself than when it was added; remove it and add it again"
        }
        WebauthnError::CredentialAlteredAlgFromRequest | WebauthnError::CredentialInsecureCryptography => {
            "it is of a kind that is not safe enough"
        }
        _ => "it could not be checked",
    }
}

fn not_taken(why: &str) -> Error {
    Error::new(Code::Invalid, format!("This passkey was not taken: {why}."))
}

/// A passkey as it is stored.
struct Stored {
    id: PasskeyId,
    key: Passkey,
}

/// Somebody's passkey with this id, held until the end of the transaction.
async fn hold(tx: &mut Tx, user: UserId, place: &Place, credential: &[u8]) -> Result<Option<Stored>> {
    let row = sqlx::query!(
        "select id, credential from passkeys where user_id = $1 and host = $2 and credential_id = $3 for update",
        user.0,
        place.host,
        credential,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    row.map(|row| Ok(Stored { id: PasskeyId(row.id), key: of_json(row.credential)? })).transpose()
}

/// Looks at an answer, and takes it if it is right. The transaction holds whatever it was compared with.
async fn take(
    tx: &mut Tx,
    user: UserId,
    asked: Asked,
    answer: &PublicKeyCredential,
) -> Result<std::result::Result<(), &'static str>> {
    let Some(mut stored) = hold(tx, user, &asked.place, answer.get_credential_id()).await? else {
        return Ok(Err("it is not one of this account"));
    };
    let state: DiscoverableAuthentication = of_json(asked.state)?;
    let done = party(&asked.place)?.finish_discoverable_authentication_v2(answer, state, &stored.key);
    let result = match done {
        Ok(result) => result,
        Err(error) => {
            tracing::info!(user = user.0, passkey = stored.id.0, %error, "a passkey was not taken");
            return Ok(Err(why(&error)));
        }
    };
    stored.key.update_credential(&result);
    let now = tx.at();
    sqlx::query!(
        "update passkeys set credential = $2, synced = $3, last_used_at = $4 where id = $1",
        stored.id.0,
        to_json(&stored.key)?,
        result.backup_state(),
        now,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(Ok(()))
}

/// What a browser is asked for a passkey that there is, and what its answer is checked against. `among`: those that may answer;
/// without any, the authenticator says whose it is.
fn ask_for(place: &Place, among: &[Passkey]) -> Result<(String, Value)> {
    let (options, state) =
        party(place)?.start_discoverable_authentication().map_err(|cause| crate::error::internal(&cause))?;
    // The library means it for suggestions in a field alone, which is for the page to say.
    let mut options = json!({ "publicKey": to_json(&options)?["publicKey"].take() });
    if !among.is_empty() {
        let among = among.iter().map(|key| {
            let credential = Credential::from(key.clone());
            let mut named = json!({ "type": "public-key", "id": BASE64_URL_SAFE_NO_PAD.encode(&credential.cred_id) });
            if let Some(transports) = credential.transports {
                named["transports"] = to_json(&transports)?;
            }
            Ok(named)
        });
        options["publicKey"]["allowCredentials"] = Value::Array(among.collect::<Result<_>>()?);
    }
    Ok((options.to_string(), to_json(&state)?))
}

/// Somebody's passkeys that can be used at a place.
async fn all_at(tx: &mut Tx, user: UserId, place: &Place) -> Result<Vec<Passkey>> {
    let rows = sqlx::query_scalar!(
        "select credential from passkeys where user_id = $1 and host = $2 order by id",
        user.0,
        place.host,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    rows.into_iter().map(of_json).collect()
}

/// Removes all that somebody has, and what authenticators know them by.
pub(super) async fn forget(tx: &mut Tx, user: UserId) -> Result<()> {
    for sql in [
        "delete from passkeys where user_id = $1",
        "delete from passkey_questions where user_id = $1",
        "update users set passkey_handle = null where id = $1 and passkey_handle is not null",
    ] {
        sqlx::query(sql).bind(user.0).execute(&mut *tx.conn).await.ours()?;
    }
    Ok(())
}

/// Who has a passkey: found by its id, and by what authenticators know its owner by.
async fn owner(desk: &Desk, place: &Place, handle: &[u8], credential: &[u8]) -> Result<Option<UserId>> {
    let found = sqlx::query_scalar!(
        "select u.id from passkeys p join users u on u.id = p.user_id
         where p.credential_id = $1 and p.host = $2 and u.passkey_handle = $3 and u.blocked_at is null",
        credential,
        place.host,
        handle,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    Ok(found.map(UserId))
}
