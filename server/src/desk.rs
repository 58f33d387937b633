//! From settings to a desk: the database, Docket's own or a given one, its schema, and the file store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use object_store::local::LocalFileSystem;
use sqlx::postgres::PgConnectOptions;
use store::{Desk, Options, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::database;
use crate::keys;
use crate::outside::Directories;
use crate::private;

/// A desk, and the private PostgreSQL it runs on, if it does.
pub struct Opened {
    pub desk: Desk,
    /// Which database it is, for people, without the password.
    pub place: String,
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
        self.desk.close().await;
        if let Some(keeper) = self.cluster {
            keeper.end().await;
        }
    }
}

impl Keeper {
    /// Stops the private PostgreSQL.
    async fn end(self) {
        self.stop.cancel();
        if let Err(error) = self.tending.await {
            tracing::warn!(%error, "the private PostgreSQL was not stopped in order");
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
    let (options, cluster) = match &config.database_url {
        Some(url) => (database::address(url)?, None),
        None => {
            let (url, keeper) = private(&config.data.join("postgres")).await?;
            (database::address(&url)?, Some(keeper))
        }
    };
    let place = match cluster {
        Some(_) => "a PostgreSQL of its own in that folder".to_owned(),
        None => database::place(&options),
    };
    match on(config, options).await {
        Ok(desk) => Ok(Opened { desk, place, cluster }),
        Err(error) => {
            if let Some(keeper) = cluster {
                keeper.end().await;
            }
            Err(error)
        }
    }
}

/// Like [`open`], also while a server runs on the private PostgreSQL of the same data folder: then beside it.
///
/// # Errors
/// Like [`open`].
pub async fn open_beside(config: &Config) -> anyhow::Result<Opened> {
    let error = match open(config).await {
        Err(error) if matches!(error.downcast_ref(), Some(cluster::Error::InUse { .. })) => error,
        opened => return opened,
    };
    let options = cluster::Options::new(config.data.join("postgres"));
    let Some(url) = tokio::task::spawn_blocking(move || cluster::running(&options)).await?? else { return Err(error) };
    let desk = on(config, database::address(&url)?).await?;
    Ok(Opened { desk, place: "the private PostgreSQL of a server that runs".to_owned(), cluster: None })
}

/// The desk on a database that runs.
async fn on(config: &Config, options: PgConnectOptions) -> anyhow::Result<Desk> {
    let place = database::place(&options);
    let pool = database::open(options, config.database_connections).await?;
    store::migrate::migrate(&pool).await.with_context(|| format!("cannot use the database {place}"))?;
    let files = config.data.join("files");
    private::make(&files, private::CLOSED).with_context(|| format!("cannot make the folder {}", files.display()))?;
    let files = LocalFileSystem::new_with_prefix(&files).context("cannot open the folder for files")?;
    let hash_workers = std::thread::available_parallelism().map_or(2, usize::from).div_ceil(2);
    let options = Options {
        max_file_bytes: i64::from(config.max_upload_mb) * 1024 * 1024,
        hash_workers,
        // Some two seconds of work.
        hash_queue: 50 * hash_workers,
        keys: keys::of_settings(config)?,
        seal_files: config.seal_files,
        directories: Arc::new(Directories::new(config.outside_private_addresses)),
    };
    Ok(Desk::open(pool, Arc::new(files), Arc::new(SystemClock), options).await?)
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
            let mut failing = false;
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
                                failing = false;
                                tracing::warn!("PostgreSQL had stopped and was started again");
                            }
                            Ok(_) => {}
                            // Said once, not at every try.
                            Err(error) if !failing => {
                                failing = true;
                                tracing::error!(%error, "PostgreSQL has stopped and cannot be started; trying again");
                            }
                            Err(_) => {}
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
