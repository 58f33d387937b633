//! The one handle on which everything hangs. No process-wide singletons: a process may hold several desks.

use crate::{
    OrOurs,
    accounts::password::Hashing,
    error::of_commit,
    keys::{Key, Keychain, Keys, Ring},
    outside::directories::{Directories, NoDirectories},
    reader::{Reader, Resting},
    seal::files::SealedFiles,
    settings::Catalog,
};
use domain::{Result, Time};
use object_store::ObjectStore;
use sqlx::{PgPool, Postgres, Transaction};
use std::sync::{
    Arc, RwLock,
    atomic::{AtomicI64, Ordering},
};
use tokio::sync::Notify;

/// Where the time comes from. Handed in, never read in the middle of things.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Time;
}

/// The machine's clock, to the millisecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        time::OffsetDateTime::now_utc().into()
    }
}

/// A clock that stands until it is moved, for tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn at(time: Time) -> Self {
        Self(AtomicI64::new(time.0))
    }

    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

/// How every connection of a desk is set.
///
/// Statements are planned once per connection, not for each of their values: planning a list costs as much as reading it.
/// What a plan depends on (how many rows, which audience) therefore stands in the text of a statement.
///
/// Notices ("already exists, skipping") say nothing that anybody could do something about.
pub const SESSION: [(&str, &str); 4] = [
    ("jit", "off"),
    ("statement_timeout", "30s"),
    ("plan_cache_mode", "force_generic_plan"),
    ("client_min_messages", "warning"),
];

/// What a desk needs to know beside its database.
#[derive(Clone, Debug)]
pub struct Options {
    /// The limit for one file, in bytes.
    pub max_file_bytes: i64,
    /// How many passwords are hashed or checked at once. Argon2id takes 19 MB and a core for each.
    pub hash_workers: usize,
    /// How many more wait for their turn; who comes then is asked to come back.
    pub hash_queue: usize,
    /// The keys that tokens and links are signed with, and secrets sealed.
    pub keys: Keys,
    /// Whether files are sealed when they are written.
    pub seal_files: bool,
    /// How directories are asked for people's passwords.
    pub directories: Arc<dyn Directories>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_file_bytes: domain::attachment::MAX_BYTES,
            hash_workers: 2,
            hash_queue: 100,
            keys: Keys::only(Key::new([0; 32])),
            seal_files: false,
            directories: Arc::new(NoDirectories),
        }
    }
}

/// One helpdesk: its database, its files, its clock, its settings.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    pool: PgPool,
    resting: Arc<Resting>,
    files: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    options: Options,
    keychain: Arc<Keychain>,
    catalog: RwLock<Arc<Catalog>>,
    refreshing: tokio::sync::Mutex<()>,
    hashing: Hashing,
    committed: Notify,
    enqueued: Notify,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    /// A desk on a migrated database. Its files are read and written through [`SealedFiles`].
    #[crate::compiled_here]
    pub async fn open(
        pool: PgPool,
        files: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self> {
        let catalog = Catalog::load(&pool).await?;
        let keychain = Arc::new(Keychain::new(&options.keys));
        let files = Arc::new(SealedFiles::new(files, pool.clone(), keychain.clone(), options.seal_files));
        let hashing = Hashing::new(options.hash_workers, options.hash_queue);
        Ok(Self(Arc::new(Inner {
            resting: Resting::new(pool.clone()),
            pool,
            files,
            clock,
            keychain,
            options,
            catalog: RwLock::new(Arc::new(catalog)),
            refreshing: tokio::sync::Mutex::new(()),
            hashing,
            committed: Notify::new(),
            enqueued: Notify::new(),
        })))
    }

    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    pub fn files(&self) -> &Arc<dyn ObjectStore> {
        &self.0.files
    }

    pub fn options(&self) -> &Options {
        &self.0.options
    }

    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    /// The secret keys whose signatures are good: to look at what was made earlier; see [`Keychain`].
    pub fn keys(&self) -> Arc<Ring> {
        self.0.keychain.believed(self.now())
    }

    /// The secret keys as they are now: to make something; see [`Keychain`].
    pub fn fresh_keys(&self) -> Arc<Ring> {
        self.0.keychain.fresh()
    }

    pub(crate) fn keychain(&self) -> &Arc<Keychain> {
        &self.0.keychain
    }

    /// Limits how many passwords are worked on at once.
    pub(crate) fn hashing(&self) -> &Hashing {
        &self.0.hashing
    }

    /// How many passwords were hashed or checked in this process since the desk was opened: what guessing has cost.
    pub fn passwords_worked_on(&self) -> u64 {
        self.0.hashing.begun()
    }

    /// Workflow, tags and priority table as last read: small, read with every page, changed rarely.
    pub fn catalog(&self) -> Arc<Catalog> {
        match self.0.catalog.read() {
            Ok(catalog) => catalog.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    /// Reads the catalog again. Called after a change of it here, and when an event says that another node changed it.
    #[crate::compiled_here]
    pub async fn refresh_catalog(&self) -> Result<()> {
        // One after the other: else who has read first may write last.
        let _turn = self.0.refreshing.lock().await;
        let fresh = Arc::new(Catalog::load(&self.0.pool).await?);
        match self.0.catalog.write() {
            Ok(mut slot) => *slot = fresh,
            Err(poisoned) => *poisoned.into_inner() = fresh,
        }
        Ok(())
    }

    /// A connection for reading.
    #[crate::compiled_here]
    pub async fn read(&self) -> Result<Reader> {
        self.0.resting.reader().await.ours()
    }

    /// Closes the connections to the database, once nobody has any.
    #[crate::compiled_here]
    pub async fn close(&self) {
        self.0.resting.close().await;
    }

    /// A transaction for one operation.
    #[crate::compiled_here]
    pub async fn begin(&self) -> Result<Tx> {
        self.0.resting.make_room();
        Ok(Tx {
            conn: self.0.pool.begin().await.ours()?,
            now: self.now(),
            desk: self.clone(),
            catalog_changed: false,
            enqueued: false,
        })
    }

    /// Waits for the next commit in this process. The follower of the events wakes by it at once, and by `NOTIFY` for
    /// the commits of other nodes.
    #[crate::compiled_here]
    pub async fn committed(&self) {
        self.0.committed.notified().await;
    }

    /// Waits until work that is due has been enqueued in this process, or [`Desk::call_worker`] says that there is more.
    #[crate::compiled_here]
    pub async fn enqueued(&self) {
        self.0.enqueued.notified().await;
    }

    /// Wakes one who waits in [`Desk::enqueued`], now or later.
    pub fn call_worker(&self) {
        self.0.enqueued.notify_one();
    }
}

/// The transaction of one operation. Dropped without [`Tx::commit`], it leaves nothing behind.
pub struct Tx {
    pub(crate) conn: Transaction<'static, Postgres>,
    /// The moment of the whole operation.
    pub now: Time,
    desk: Desk,
    pub(crate) catalog_changed: bool,
    /// Work was enqueued that is due already.
    pub(crate) enqueued: bool,
}

impl Tx {
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(crate) fn at(&self) -> time::OffsetDateTime {
        self.now.into()
    }

    /// Like [`Tx::commit`], for work that writes no events: nobody is woken, least of all who did it.
    #[crate::compiled_here]
    pub async fn commit_quietly(self) -> Result<()> {
        self.conn.commit().await.map_err(of_commit)?;
        if self.enqueued {
            self.desk.call_worker();
        }
        Ok(())
    }

    /// Makes it all true at once, and wakes who follows the events.
    ///
    /// Errors: `Unconfirmed` when the connection broke meanwhile: then it may be true or not.
    #[crate::compiled_here]
    pub async fn commit(self) -> Result<()> {
        self.conn.commit().await.map_err(of_commit)?;
        self.desk.0.committed.notify_one();
        if self.enqueued {
            self.desk.call_worker();
        }
        if self.catalog_changed
            && let Err(error) = self.desk.refresh_catalog().await
        {
            // It is all true already. Until the next change this node shows the catalog as it was.
            tracing::warn!(%error, "the catalog could not be read again");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, Error, PgConnection};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    /// TLS is a feature of a crate that we use through another one: without it, sqlx would go on in plain text where that
    /// is not forbidden.
    #[tokio::test]
    async fn connections_to_the_database_can_be_encrypted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://me@{}/desk?sslmode=require", listener.local_addr().unwrap());
        let server = async {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut asked = [0; 8];
            client.read_exact(&mut asked).await.unwrap();
            // "No", in PostgreSQL's words.
            client.write_all(b"N").await.unwrap();
            asked
        };
        let (asked, connected) = tokio::join!(server, PgConnection::connect(&url));
        assert_eq!(asked[4..], 80_877_103_u32.to_be_bytes(), "SSLRequest");
        assert!(matches!(connected, Err(Error::Tls(_))), "{connected:?}");
    }
}
