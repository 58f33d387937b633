//! Argon2id off the async threads, and no more of it at once than the machine can bear: so many are worked on, so many wait
//! their turn, and the others are asked to come back.

use crate::Desk;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString};
use domain::{Code, Error, Result};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a password waits for its turn before the person is asked to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hashes a password with the parameters that OWASP recommends for Argon2id (19 MiB, 2 passes, 1 lane), the crate's defaults.
#[crate::compiled_here]
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
#[crate::compiled_here]
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

/// Seconds until another try makes sense when there is no room in the queue.
const RETRY_AFTER: u32 = 5;

/// The work on passwords of one process.
#[derive(Debug)]
pub(crate) struct Hashing {
    /// One for each that is worked on.
    workers: Arc<Semaphore>,
    /// One for each that is worked on or waits its turn.
    room: Arc<Semaphore>,
    begun: AtomicU64,
}

impl Hashing {
    pub fn new(workers: usize, queue: usize) -> Self {
        let workers = workers.max(1);
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            room: Arc::new(Semaphore::new(workers + queue)),
            begun: AtomicU64::new(0),
        }
    }

    /// How many passwords were hashed or checked since the start.
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }
}

/// The error for whom there is no room, or no turn in time.
fn busy() -> Error {
    let mut error = Error::new(
        Code::Unavailable,
        format!(
            "Very many people are signing in at this moment. Nothing was changed; please wait {} and try again.",
            domain::text::duration(RETRY_AFTER)
        ),
    );
    error.retry_after = Some(RETRY_AFTER);
    error
}

async fn work<T: Send + 'static>(desk: &Desk, job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let hashing = desk.hashing();
    // Held until the work is done, also when whoever waits for it has gone meanwhile.
    let room = hashing.room.clone().try_acquire_owned().map_err(|_| busy())?;
    let turn = tokio::time::timeout(PATIENCE, hashing.workers.clone().acquire_owned())
        .await
        .map_err(|_| busy())?
        .map_err(|_| busy())?;
    hashing.begun.fetch_add(1, Ordering::Relaxed);
    tokio::task::spawn_blocking(move || {
        let result = job();
        drop((turn, room));
        result
    })
    .await
    .map_err(|e| crate::error::internal(&e))?
}
