//! Argon2id off the async threads, and no more of it at once than the machine can bear.

use crate::Desk;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString};
use domain::{Error, Result};
use std::time::Duration;

/// How long a password waits for its turn before the person is asked to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hashes a password with the parameters that OWASP recommends for Argon2id (19 MiB, 2 passes, 1 lane), the crate's defaults.
pub async fn hash(desk: &Desk, password: String) -> Result<String> {
    work(desk, move || {
        let salt: [u8; 16] = rand::random();
        let salt = SaltString::encode_b64(&salt).map_err(|e| crate::error::internal(&e))?;
        Argon2::default()
            .hash_password(password.as_bytes(), &salt)
            .map(|h| h.to_string())
            .map_err(|e| crate::error::internal(&e))
    })
    .await
}

/// Whether a password fits a hash. Without a hash the work is done all the same, so that the time does not tell whether
/// there is such an account.
pub async fn verify(desk: &Desk, password: String, hash: Option<String>) -> Result<bool> {
    work(desk, move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY.into());
        let parsed = PasswordHash::new(&hash).map_err(|e| crate::error::internal(&e))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && known)
    })
    .await
}

/// A hash of a random text with the default parameters.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno";

async fn work<T: Send + 'static>(desk: &Desk, job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let busy = || Error::too_many(10);
    let permit = tokio::time::timeout(PATIENCE, desk.hashing().clone().acquire_owned())
        .await
        .map_err(|_| busy())?
        .map_err(|_| busy())?;
    tokio::task::spawn_blocking(move || {
        let result = job();
        drop(permit);
        result
    })
    .await
    .map_err(|e| crate::error::internal(&e))?
}
