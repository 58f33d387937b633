//! The keys of files: drawn, and kept in the database, sealed with the desk's secret key. When that changes only they are sealed
//! again, not the files.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::OrOurs;
use crate::keys::Keychain;
use crate::seal::{Place, Sealer};
use domain::{Error, Result};
use sqlx::PgPool;

type Key = [u8; 32];

/// The keys of files, read when they are first needed.
#[derive(Debug)]
pub struct FileKeys {
    pool: PgPool,
    sealer: Sealer,
    known: RwLock<HashMap<i64, Key>>,
    /// The one for what is written.
    current: tokio::sync::Mutex<Option<i64>>,
}

fn place(row: i64) -> Place {
    Place { table: "file_keys", row, column: "key_sealed" }
}

impl FileKeys {
    pub fn new(pool: PgPool, keychain: Arc<Keychain>) -> Self {
        Self { pool, sealer: Sealer::new(keychain), known: RwLock::default(), current: tokio::sync::Mutex::new(None) }
    }

    fn known(&self, id: i64) -> Option<Key> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    fn learn(&self, id: i64, sealed: &[u8]) -> Result<Key> {
        let opened = self.sealer.open(&place(id), sealed)?;
        let key = Key::try_from(opened).map_err(|_| crate::error::internal(&"a file's key has another length"))?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id, key);
        Ok(key)
    }

    /// The key of this number.
    ///
    /// # Errors
    /// `NotFound` when there is none, `Internal` when it does not open, `Unavailable` without a database.
    #[crate::compiled_here]
    pub async fn of(&self, id: i64) -> Result<Key> {
        if let Some(key) = self.known(id) {
            return Ok(key);
        }
        let sealed = sqlx::query_scalar!("select key_sealed from file_keys where id = $1", id)
            .fetch_optional(&self.pool)
            .await
            .ours()?
            .ok_or_else(|| Error::not_found("file"))?;
        self.learn(id, &sealed)
    }

    /// The key for what is written now, with its number. The first one is made when there is something to seal.
    ///
    /// # Errors
    /// Like [`FileKeys::of`].
    #[crate::compiled_here]
    pub async fn current(&self) -> Result<(i64, Key)> {
        let mut current = self.current.lock().await;
        if let Some((id, key)) = current.and_then(|id| Some((id, self.known(id)?))) {
            return Ok((id, key));
        }
        let newest = sqlx::query!("select id, key_sealed from file_keys order by id desc limit 1")
            .fetch_optional(&self.pool)
            .await
            .ours()?;
        let (id, key) = match newest {
            Some(row) => (row.id, self.learn(row.id, &row.key_sealed)?),
            None => self.make().await?,
        };
        *current = Some(id);
        Ok((id, key))
    }

    /// Two servers may each make one at the same time; both stay good.
    async fn make(&self) -> Result<(i64, Key)> {
        let id = sqlx::query_scalar!(r#"select nextval(pg_get_serial_sequence('file_keys', 'id')) as "id!""#)
            .fetch_one(&self.pool)
            .await
            .ours()?;
        let key: Key = rand::random();
        let sealed = self.sealer.seal(&place(id), &key)?;
        sqlx::query!("insert into file_keys (id, key_sealed) values ($1, $2)", id, sealed)
            .execute(&self.pool)
            .await
            .ours()?;
        Ok((id, self.learn(id, &sealed)?))
    }
}
