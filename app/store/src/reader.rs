//! Connections for reading, handed from one reader to the next.
//!
//! When a connection comes back, the pool asks PostgreSQL whether it still works, in a task of its own: whoever had it may have
//! broken a statement off. That is one more way there and back for each reading, as long as a short statement takes. Who has
//! had the answer to all that they asked says so ([`Reader::done`]), and the next reader goes on with the connection.

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Longer than this, none waits for the next reader: whether it still works is not known any more.
const LONGEST: Duration = Duration::from_secs(1);
/// One in so many connections may wait for readers; the others are the pool's, for whoever writes.
const SHARE: u32 = 4;

/// The connections that wait for the next reader.
pub(crate) struct Resting {
    pool: PgPool,
    free: Mutex<Vec<(Instant, PoolConnection<Postgres>)>>,
}

impl Resting {
    pub(crate) fn new(pool: PgPool) -> Arc<Self> {
        Arc::new(Self { pool, free: Mutex::default() })
    }

    fn free(&self) -> MutexGuard<'_, Vec<(Instant, PoolConnection<Postgres>)>> {
        // Nothing panics while it is held: a push, a take.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for a reader: one that rests, or one of the pool.
    pub(crate) async fn reader(self: &Arc<Self>) -> Result<Reader, sqlx::Error> {
        let conn = match self.take() {
            Some(conn) => conn,
            None => self.pool.acquire().await?,
        };
        Ok(Reader { conn, resting: self.clone() })
    }

    fn take(&self) -> Option<PoolConnection<Postgres>> {
        let mut free = self.free();
        let (since, conn) = free.pop()?;
        if since.elapsed() <= LONGEST {
            return Some(conn);
        }
        // All below it rest for longer. Dropped, they go back to the pool, which looks at them.
        let old = std::mem::take(&mut *free);
        drop(free);
        drop((conn, old));
        None
    }

    fn put(&self, conn: PoolConnection<Postgres>) {
        let most = (self.pool.options().get_max_connections() / SHARE) as usize;
        let mut free = self.free();
        if free.len() < most && !self.pool.is_closed() {
            free.push((Instant::now(), conn));
        }
    }

    /// Gives a connection back to the pool if there is none left in it: somebody is about to wait for one.
    pub(crate) fn make_room(&self) {
        if self.pool.num_idle() == 0 && self.pool.size() >= self.pool.options().get_max_connections() {
            drop(self.free().pop());
        }
    }

    /// Gives all back to the pool, and closes it once nobody has any.
    pub(crate) async fn close(&self) {
        let closed = self.pool.close();
        self.free().clear();
        closed.await;
    }
}

impl Drop for Resting {
    /// With the desk, wherever that is: giving a connection back to the pool takes a runtime.
    fn drop(&mut self) {
        for (_, conn) in self.free().drain(..) {
            drop(conn.detach());
        }
    }
}

/// A connection for reading. Dropped before [`Reader::done`], it goes back to the pool, which sees to it that it works.
pub struct Reader {
    conn: PoolConnection<Postgres>,
    resting: Arc<Resting>,
}

impl Reader {
    /// All that was asked has been answered: the next one may have the connection as it is.
    pub fn done(self) {
        self.resting.put(self.conn);
    }
}

impl Deref for Reader {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}
