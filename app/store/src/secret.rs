//! Whether the servers on a database have the same secret key.

use crate::{Desk, OrOurs};
use domain::Result;
use sha2::{Digest as _, Sha256};

/// How much of the hash is kept, in bytes: enough to tell keys apart.
const KEPT: usize = 8;

/// Notes the key that this desk has, and tells whether the database was last used with another one.
pub async fn is_another(desk: &Desk) -> Result<bool> {
    let hash = Sha256::new().chain_update(b"docket key fingerprint 1\0").chain_update(desk.options().secret).finalize();
    let ours = &hash[..KEPT];
    // What is asked for beside the new row is still the old one.
    let before = sqlx::query_scalar!(
        "insert into secret_key (fingerprint) values ($1)
         on conflict (one) do update set fingerprint = excluded.fingerprint
         returning (select k.fingerprint from secret_key k)",
        ours,
    )
    .fetch_one(desk.pool())
    .await
    .ours()?;
    Ok(before.is_some_and(|before| before != ours))
}
