//! A private PostgreSQL cluster, so that one command on a fresh machine is enough.
//!
//! [`Cluster::start`] finds the server's programs, makes the cluster if there is none, starts it on a
//! socket that only its owner and root can reach, and makes the database. [`Cluster::stop`], or
//! dropping it, shuts the server down. If our own process dies without that, the server lives on, and the next
//! start takes it over. Nothing here ever deletes data.
//!
//! Everything blocks: call it from a blocking thread.
//!
//! ```no_run
//! # fn main() -> Result<(), cluster::Error> {
//! let data = cluster::default_data_dir().join("postgres");
//! let cluster = cluster::Cluster::start(cluster::Options::new(data))?;
//! println!("{}", cluster.url());
//! cluster.stop()
//! # }
//! ```
//!
//! In the folder: `pgdata` (PostgreSQL's data), `run` (the socket), `log`. Beside it: a lock file of the same
//! name with `.lock`, held as long as the [`Cluster`] lives.

mod binaries;
mod error;
mod folder;
mod initdb;
mod owner;
mod postmaster;
mod settings;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

pub use binaries::{Binaries, OLDEST_MAJOR, find, find_all};
pub use error::Error;
pub use owner::default_data_dir;

use folder::{Folder, Lock};
use owner::{Owner, bare_command};
use postmaster::{Limits, PidFile, Postmaster, runs_with};

/// The role that owns everything in the cluster.
pub const SUPERUSER: &str = "docket";

/// What to run and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// PostgreSQL's own folder, inside Docket's data folder, such as `/var/lib/docket/postgres`.
    /// It and its parents are made if missing.
    pub data: PathBuf,
    /// The folder of PostgreSQL's programs; `None` looks for the newest that fits the data.
    pub bin: Option<PathBuf>,
    /// The database to make if it is missing.
    pub database: String,
    /// Settings of the server that win over ours, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
    /// Told what takes time, in one line each: "Making …", "Starting …".
    pub report: fn(&str),
    /// How long the server may take until it accepts connections. After a crash it first replays its log.
    pub start_limit: Duration,
    /// How long an orderly shutdown may take before it is cut short.
    pub stop_limit: Duration,
}

impl Options {
    /// The usual: a database `docket`, 5 minutes to start, 30 seconds to stop, no reports.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            bin: None,
            database: "docket".to_owned(),
            settings: Vec::new(),
            report: |_| {},
            start_limit: Duration::from_secs(300),
            stop_limit: Duration::from_secs(30),
        }
    }
}

/// A running private cluster. Dropping it stops the server.
#[derive(Debug)]
pub struct Cluster {
    // Fields drop in this order, after `Drop` has stopped the server: the lock goes last.
    options: Options,
    folder: Folder,
    owner: Owner,
    binaries: Binaries,
    postmaster: Postmaster,
    _lock: Lock,
}

/// The address of the database of a cluster that another process runs in this folder right now, if one does. Nothing holds it
/// there: it ends when that process ends.
///
/// # Errors
/// When the folder cannot be resolved.
pub fn running(options: &Options) -> Result<Option<String>, Error> {
    let folder = Folder::locate(&options.data)?;
    let found = PidFile::read(&folder.pgdata)
        .filter(|file| file.ready && postmaster::life(file.pid, &folder.pgdata) == postmaster::Life::Ours);
    Ok(found.map(|file| address(file.port, &file.socket, &options.database)))
}

/// The address of a database, for sqlx and libpq.
fn address(port: u16, socket: &Path, database: &str) -> String {
    // The port and "disable" are said because PGPORT and PGSSLMODE of the environment would be taken else.
    format!(
        "postgres://{SUPERUSER}@localhost:{port}/{}?host={}&sslmode=disable",
        percent_encoded(database),
        percent_encoded(&socket.to_string_lossy()),
    )
}

/// What [`Cluster::tend`] has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tended {
    /// The server runs.
    Running,
    /// The server had died and was started again.
    Restarted,
}

impl Cluster {
    /// Starts the cluster in the folder, or takes over the one that still runs there.
    ///
    /// # Errors
    /// See [`Error`]; the ones to expect are [`Error::NotFound`] (nothing installed), [`Error::InUse`],
    /// [`Error::ForeignOwner`], [`Error::Unreachable`], [`Error::VersionMismatch`] and [`Error::Start`].
    pub fn start(options: Options) -> Result<Self, Error> {
        if options.database.is_empty() || options.database.contains('\0') {
            return Err(Error::BadOption("the database needs a name".to_owned()));
        }
        let folder = Folder::locate(&options.data)?;
        let owner = Owner::choose(&folder.data, &folder.pgdata)?;
        let lock = Lock::take(&folder.data)?;
        folder.make(&owner)?;
        owner.can_reach(&folder.data, &default_data_dir().join("postgres"))?;
        let binaries = fitting(&folder, options.bin.as_deref())?;
        if folder.version()?.is_none() {
            (options.report)(&format!("Making a PostgreSQL {} cluster in {}", binaries.major, folder.data.display()));
            initdb::make(&folder, &owner, &binaries)?;
        }
        let postmaster = take_over_or_start(&folder, &owner, &binaries, &options)?;
        let cluster = Self { options, folder, owner, binaries, postmaster, _lock: lock };
        // from here on a failure stops the server by dropping it
        cluster.make_database(&cluster.options.database)?;
        Ok(cluster)
    }

    /// The address of the database, for sqlx and libpq.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(&self.options.database)
    }

    /// The address of another database in this cluster.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        address(self.postmaster.port, &self.postmaster.socket, database)
    }

    /// Makes a database if it is missing.
    ///
    /// # Errors
    /// [`Error::Tool`] when `psql` fails.
    pub fn make_database(&self, name: &str) -> Result<(), Error> {
        let mut psql = self.tool("psql");
        psql.env("PGDATABASE", "postgres")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v"])
            .arg(format!("name={name}"))
            .args(["-f", "-"]);
        feed(
            psql,
            "select format('create database %I', :'name') \
             where not exists (select from pg_database where datname = :'name') \\gexec\n",
        )
    }

    /// One of PostgreSQL's client programs (`psql`, `pg_dump`…), set to connect to the database as
    /// the superuser, run as the current user, its input closed.
    #[must_use]
    pub fn tool(&self, program: &str) -> Command {
        client(
            &self.binaries,
            program,
            &self.folder,
            &self.postmaster.socket,
            self.postmaster.port,
            &self.options.database,
        )
    }

    /// The folder of the socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.postmaster.socket
    }

    /// The port in the name of the socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.postmaster.port
    }

    /// The folder of PostgreSQL's programs.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.binaries.bin
    }

    /// The installation in use, with its version.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The folder of the server's logs.
    #[must_use]
    pub fn log_dir(&self) -> &Path {
        &self.folder.log
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.options.database
    }

    /// The process number of the server.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.postmaster.pid.as_raw()
    }

    /// Whether the server was found running, left by a process that has crashed.
    #[must_use]
    pub fn adopted(&self) -> bool {
        self.postmaster.adopted()
    }

    /// Whether the server still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.postmaster.running(&self.folder)
    }

    /// To be called every few seconds or minutes: starts the server again if it has died, and keeps
    /// the logs within some 20 MB. Cheap when all is well.
    ///
    /// # Errors
    /// As [`Cluster::start`], when the server has died and does not start again; calling again tries again.
    pub fn tend(&mut self) -> Result<Tended, Error> {
        self.folder.trim_logs();
        if self.is_running() {
            return Ok(Tended::Running);
        }
        self.postmaster = take_over_or_start(&self.folder, &self.owner, &self.binaries, &self.options)?;
        Ok(Tended::Restarted)
    }

    /// Stops the server: sessions end, what they have not committed is rolled back.
    ///
    /// # Errors
    /// [`Error::StopTimeout`] when it does not end, not even when forced.
    pub fn stop(mut self) -> Result<(), Error> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), Error> {
        self.postmaster.stop(&self.folder, self.options.stop_limit)?;
        self.folder.remove_short_socket_folder(&self.postmaster.socket);
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // After `stop` there is nothing left to do. Who wants to know of a failure calls `stop`.
        let _ = self.shut_down();
    }
}

/// The programs to use: those of the data's version if there is data, else the newest.
fn fitting(folder: &Folder, bin: Option<&Path>) -> Result<Binaries, Error> {
    let mut all = match bin {
        Some(bin) => vec![Binaries::at(bin)?],
        None => find_all()?,
    };
    if let (Some(bin), Some(old)) = (bin, all.iter().find(|it| it.major < OLDEST_MAJOR)) {
        return Err(Error::BadBinaries {
            bin: bin.to_path_buf(),
            reason: format!("version {} is older than {OLDEST_MAJOR}", old.major),
        });
    }
    let Some(data) = folder.version()? else {
        return Ok(all.swap_remove(0));
    };
    let mut found: Vec<String> = all.iter().map(|it| it.major.to_string()).collect();
    found.dedup();
    match all.into_iter().find(|it| it.major == data) {
        Some(binaries) => Ok(binaries),
        None => Err(Error::VersionMismatch { folder: folder.pgdata.clone(), data, found: found.join(", ") }),
    }
}

fn take_over_or_start(
    folder: &Folder,
    owner: &Owner,
    binaries: &Binaries,
    options: &Options,
) -> Result<Postmaster, Error> {
    folder.trim_logs();
    let limits = Limits { start: options.start_limit, stop: options.stop_limit };
    let socket = folder.socket_folder(owner)?;
    let arguments = settings::arguments(folder, &socket, &options.settings);
    let found = Postmaster::find(folder, limits.start, |file| serves(binaries, folder, file))?;
    if let Some(mut left) = found {
        if runs_with(folder, binaries, &arguments) {
            (options.report)("Taking over the PostgreSQL server that still runs");
            return Ok(left);
        }
        (options.report)("Restarting the PostgreSQL server that still runs, for new settings");
        left.stop(folder, limits.stop)?;
    } else {
        (options.report)("Starting PostgreSQL");
    }
    Postmaster::start(folder, owner, binaries, &socket, &arguments, limits)
}

/// Asks a server that was found whether it serves this data.
fn serves(binaries: &Binaries, folder: &Folder, file: &PidFile) -> bool {
    let mut psql = client(binaries, "psql", folder, &file.socket, file.port, "postgres");
    psql.args(["-X", "-A", "-t", "-q", "-c", "show data_directory"]);
    initdb::run(psql, "psql").is_ok_and(|answer| Path::new(answer.trim_end()) == folder.pgdata)
}

fn client(binaries: &Binaries, program: &str, folder: &Folder, socket: &Path, port: u16, database: &str) -> Command {
    let mut command = bare_command(&binaries.program(program), &folder.data);
    command
        .env("PGHOST", socket)
        .env("PGPORT", port.to_string())
        .env("PGUSER", SUPERUSER)
        .env("PGDATABASE", database)
        .env("PGCONNECT_TIMEOUT", "10");
    command
}

/// Runs a client with a text as its input.
fn feed(mut command: Command, text: &str) -> Result<(), Error> {
    use error::Doing;
    use std::io::Write;

    let (reader, mut writer) = std::io::pipe().doing(|| "make a pipe".to_owned())?;
    // a line fits into the pipe, so nobody has to read yet
    writer.write_all(text.as_bytes()).doing(|| "write to a pipe".to_owned())?;
    drop(writer);
    command.stdin(reader);
    initdb::run(command, "psql").map(|_| ())
}

/// Encodes all but what RFC 3986 calls unreserved.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write;

    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // writing to a string does not fail
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
