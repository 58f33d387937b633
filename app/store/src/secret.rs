//! Whether the servers on a database have the same secret key.

use crate::{Desk, OrOurs, keys::Key};
use domain::Result;

/// How much of the hash is kept, in bytes: enough to tell keys apart.
const KEPT: usize = 8;

fn fingerprint(key: &Key) -> Vec<u8> {
    key.derive("docket key fingerprint 1")[..KEPT].to_vec()
}

/// Notes the key that this desk has, and tells whether the database was last used with one that is not here.
#[crate::compiled_here]
pub async fn is_another(desk: &Desk) -> Result<bool> {
    let keys = desk.keys();
    let ours = fingerprint(keys.current());
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
    Ok(before.is_some_and(|before| keys.all().iter().all(|key| before != fingerprint(key))))
}
