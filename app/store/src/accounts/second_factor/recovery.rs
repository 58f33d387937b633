//! Codes for who has lost everything else. Each is good once.

use crate::{OrOurs, Tx};
use data_encoding::BASE32_NOPAD;
use domain::{
    Result, UserId,
    second_factor::{RECOVERY_CODES, grouped},
};
use sha2::{Digest as _, Sha256};

/// Random bytes of a code: 80 bits, which make 16 characters.
const BYTES: usize = 10;

fn hash(user: UserId, code: &str) -> Vec<u8> {
    Sha256::new().chain_update(user.0.to_be_bytes()).chain_update(code).finalize().to_vec()
}

/// Makes new ones in the place of those that there are. Returns them as people read them: they are shown once.
pub(super) async fn renew(tx: &mut Tx, user: UserId) -> Result<Vec<String>> {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| BASE32_NOPAD.encode(&rand::random::<[u8; BYTES]>())).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(user, code)).collect();
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut *tx.conn).await.ours()?;
    sqlx::query!("insert into recovery_codes (user_id, hash) select $1, unnest($2::bytea[])", user.0, &hashes)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(codes.iter().map(|code| grouped(code)).collect())
}

/// Uses one up, if it is one.
pub(super) async fn take(tx: &mut Tx, user: UserId, code: &str) -> Result<bool> {
    let used = sqlx::query!("delete from recovery_codes where user_id = $1 and hash = $2", user.0, hash(user, code))
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(used.rows_affected() > 0)
}

/// How many are left.
pub(super) async fn left(tx: &mut Tx, user: UserId) -> Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "left!" from recovery_codes where user_id = $1"#, user.0)
        .fetch_one(&mut *tx.conn)
        .await
        .ours()
}
