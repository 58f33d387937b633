//! What can go wrong, in words that tell an administrator what to do next.

use std::{io, path::PathBuf, process::ExitStatus, time::Duration};

/// The packages that bring the PostgreSQL server, by system.
const PACKAGES: &str = "  Debian, Ubuntu:  sudo apt install postgresql
  Fedora:          sudo dnf install postgresql-server
  macOS:           brew install postgresql@17   (or Postgres.app)
Or set DATABASE_URL to use a PostgreSQL server that already runs.";

/// Why a private cluster could not be found, made, started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server binaries on this machine, or only ones that are too old.
    #[error(
        "no PostgreSQL server (version {} or newer) was found on this machine{}.\nInstall one:\n{PACKAGES}",
        crate::OLDEST_MAJOR,
        if .too_old.is_empty() { String::new() } else { format!(" (too old: {})", .too_old.join(", ")) }
    )]
    NotFound {
        /// Versions that were found and cannot be used.
        too_old: Vec<String>,
    },

    /// A folder was named as the place of the binaries, and they are not in it.
    #[error("{} has no usable PostgreSQL server: {reason}", .bin.display())]
    BadBinaries {
        /// The folder that was named.
        bin: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },

    /// The data was made by a major version that is not installed.
    #[error(
        "the data in {} was made by PostgreSQL {data}, but only {found} is installed. \
         Install PostgreSQL {data}, or move the data over with pg_upgrade; nothing was changed",
        .folder.display()
    )]
    VersionMismatch {
        /// PostgreSQL's folder.
        folder: PathBuf,
        /// Major version of the data.
        data: u32,
        /// Major versions that were found.
        found: String,
    },

    /// Another process holds the lock of this folder.
    #[error(
        "another Docket server{} already runs on {}. Stop it first, or give this one a data folder of its own",
        match .pid { Some(pid) => format!(" (process {pid})"), None => String::new() },
        .folder.display()
    )]
    InUse {
        /// The data folder both want.
        folder: PathBuf,
        /// The holder, if it has written its number already.
        pid: Option<u32>,
    },

    /// The folder belongs to somebody else, and we may not act for them.
    #[error(
        "{} belongs to the user {owner}, but this process runs as {me}. \
         Start it as {owner} or root, or use another data folder",
        .folder.display()
    )]
    ForeignOwner {
        /// The folder in question.
        folder: PathBuf,
        /// Its owner.
        owner: String,
        /// Who we are.
        me: String,
    },

    /// We are root, and there is no ordinary user for PostgreSQL to run as.
    #[error("PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody")]
    NoUser,

    /// The user that PostgreSQL runs as cannot enter the data folder.
    #[error(
        "PostgreSQL does not run as root, so it runs as the user {user}, who cannot enter {} \
         (needed for {}). Use a data folder which {user} can reach, such as {}",
        .blocked.display(), .folder.display(), .instead.display()
    )]
    Unreachable {
        /// PostgreSQL's folder.
        folder: PathBuf,
        /// The first folder on the way that is closed.
        blocked: PathBuf,
        /// The user PostgreSQL runs as.
        user: String,
        /// A folder that works.
        instead: PathBuf,
    },

    /// The folder holds something that is not a PostgreSQL cluster. It is left as it is.
    #[error(
        "{} is not empty and is not a PostgreSQL cluster of Docket. \
         Nothing was changed; move it away or use another data folder",
        .folder.display()
    )]
    NotACluster {
        /// The folder in question.
        folder: PathBuf,
    },

    /// No folder was found whose path is short enough for a socket.
    #[error("no private folder for the PostgreSQL socket could be made: {reason}")]
    NoSocketFolder {
        /// What was tried.
        reason: String,
    },

    /// One of PostgreSQL's own programs failed.
    #[error("{program} failed ({status}): {output}")]
    Tool {
        /// The program's name.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: String,
    },

    /// The server ended before it accepted connections.
    #[error("PostgreSQL did not start ({status}). Its log in {} ends with:\n{log}", .folder.display())]
    Start {
        /// How it ended.
        status: ExitStatus,
        /// The folder of the logs.
        folder: PathBuf,
        /// The last lines.
        log: String,
    },

    /// The server did not accept connections in time.
    #[error("PostgreSQL did not accept connections within {} s. Its log in {} ends with:\n{log}", .limit.as_secs(), .folder.display())]
    StartTimeout {
        /// How long was waited.
        limit: Duration,
        /// The folder of the logs.
        folder: PathBuf,
        /// The last lines.
        log: String,
    },

    /// The server was told to stop and did not.
    #[error("PostgreSQL (process {pid}) did not stop within {} s", .limit.as_secs())]
    StopTimeout {
        /// The postmaster.
        pid: i32,
        /// How long was waited in all.
        limit: Duration,
    },

    /// An option makes no sense.
    #[error("bad option for the private PostgreSQL: {0}")]
    BadOption(String),

    /// A file or process operation failed.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was attempted, with the path.
        what: String,
        /// The cause.
        source: io::Error,
    },
}

/// Adds what was attempted to an I/O error.
pub(crate) trait Doing<T> {
    /// `what` completes the sentence "cannot …".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io { what: what(), source })
    }
}

impl<T> Doing<T> for nix::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(io::Error::from).doing(what)
    }
}
