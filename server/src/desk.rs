//! From settings to a desk: the database, Docket's own or a given one, its schema, and the file store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use object_store::local::LocalFileSystem;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use store::{Desk, Options, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// A connection that was not used for so long is tried before it is handed out.
const RESTED: Duration = Duration::from_secs(2);

/// A desk, and the private PostgreSQL it runs on, if it does.
pub struct Opened {
    pub desk: Desk,
    cluster: Option<Keeper>,
}

/// The private cluster and who looks after it.
struct Keeper {
    stop: CancellationToken,
    tending: tokio::task::JoinHandle<()>,
}

impl Opened {
    /// Closes the connections and stops the private PostgreSQL.
    pub async fn close(self) {
        self.desk.pool().close().await;
        if let Some(keeper) = self.cluster {
            keeper.stop.cancel();
            if let Err(error) = keeper.tending.await {
                tracing::warn!(%error, "the private PostgreSQL was not stopped in order");
            }
        }
    }
}

/// Opens the desk of these settings: starts the private PostgreSQL where no database is given, and migrates.
///
/// # Errors
/// Plain sentences for people: no PostgreSQL found, the folder in use by another server, a database that cannot be
/// reached or that a newer release has changed.
pub async fn open(config: &Config) -> anyhow::Result<Opened> {
    config.prepare_data_folder()?;
    let (url, cluster) = match &config.database_url {
        Some(url) => (url.clone(), None),
        None => {
            let (url, keeper) = private(&config.data.join("postgres")).await?;
            (url, Some(keeper))
        }
    };
    let options: PgConnectOptions = url.parse().context("--database-url is not a PostgreSQL address")?;
    let options = options.application_name("docket").options(store::SESSION);
    let pool = PgPoolOptions::new()
        .max_connections(config.database_connections)
        .acquire_timeout(Duration::from_secs(8))
        // A broken connection shows at its first statement; asking before each one would double the statements. One
        // that has rested may be from before a restart of the database, so it is asked whether it still works.
        .test_before_acquire(false)
        .before_acquire(|conn, met| {
            Box::pin(async move {
                if met.idle_for > RESTED {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .context("cannot reach the database")?;
    store::migrate::migrate(&pool).await?;
    let files = config.data.join("files");
    std::fs::create_dir_all(&files).with_context(|| format!("cannot make the folder {}", files.display()))?;
    let files = LocalFileSystem::new_with_prefix(&files).context("cannot open the folder for files")?;
    let options = Options {
        max_file_bytes: i64::from(config.max_upload_mb) * 1024 * 1024,
        hash_workers: std::thread::available_parallelism().map_or(2, usize::from).div_ceil(2),
        secret: secret(config)?,
    };
    let desk = Desk::open(pool, Arc::new(files), Arc::new(SystemClock), options).await?;
    Ok(Opened { desk, cluster })
}

/// Starts the private cluster and looks after it: a PostgreSQL that dies is started again.
async fn private(folder: &Path) -> anyhow::Result<(String, Keeper)> {
    let mut options = cluster::Options::new(folder);
    options.report = |line| tracing::info!("{line}");
    let mut running = tokio::task::spawn_blocking(move || cluster::Cluster::start(options)).await??;
    let url = running.url();
    let stop = CancellationToken::new();
    let tending = tokio::spawn({
        let stop = stop.clone();
        async move {
            while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(2))).await.is_some() {
                let tended = tokio::task::spawn_blocking(move || {
                    let outcome = running.tend();
                    (running, outcome)
                })
                .await;
                match tended {
                    Ok((cluster, outcome)) => {
                        running = cluster;
                        match outcome {
                            Ok(cluster::Tended::Restarted) => {
                                tracing::warn!("PostgreSQL had stopped and was started again")
                            }
                            Ok(_) => {}
                            Err(error) => tracing::error!(%error, "PostgreSQL has stopped and cannot be started"),
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "nobody looks after PostgreSQL any more");
                        return;
                    }
                }
            }
            let stopped = tokio::task::spawn_blocking(move || running.stop()).await;
            if let Ok(Err(error)) = stopped {
                tracing::warn!(%error, "PostgreSQL did not stop in order");
            }
        }
    });
    Ok((url, Keeper { stop, tending }))
}

/// The key for tokens: from the settings, or made once and kept in the data folder.
///
/// Several nodes on one database must be given the same one.
fn secret(config: &Config) -> anyhow::Result<[u8; 32]> {
    use sha2::{Digest as _, Sha256};
    if let Some(given) = &config.secret_key {
        anyhow::ensure!(given.len() >= 32, "--secret-key needs at least 32 characters");
        return Ok(Sha256::digest(given.as_bytes()).into());
    }
    let path = config.data.join("secret.key");
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| anyhow::anyhow!("{} is not a key of 32 bytes", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key: [u8; 32] = rand::random();
            write_private(&path, &key).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(bytes)
}
