//! The folder of a cluster: what lies where, who holds it, where the socket goes.

use std::{
    fs::{self, File, TryLockError},
    hash::{DefaultHasher, Hash, Hasher},
    io::{Read, Seek, Write},
    os::unix::ffi::OsStrExt,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown},
    path::{Path, PathBuf},
};

use crate::{Error, error::Doing, owner::Owner};

/// The port in the socket's name. Nothing listens on the network.
pub(crate) const PORT: u16 = 5432;

/// The longest socket path we use. Systems allow 104 (macOS) or 108 bytes (Linux).
const LONGEST_SOCKET: usize = 100;

/// Logs kept: so many files of so many megabytes, beside the one being written.
const LOGS_KEPT: usize = 8;
/// Size at which PostgreSQL begins a new log file.
pub(crate) const LOG_MEGABYTES: usize = 2;

/// Paths inside the folder. All absolute, links resolved.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// The folder itself.
    pub data: PathBuf,
    /// PostgreSQL's data.
    pub pgdata: PathBuf,
    /// The socket, unless that path is too long.
    run: PathBuf,
    /// The logs.
    pub log: PathBuf,
}

impl Folder {
    /// Names the parts, makes the folder's parents, but changes nothing in it.
    pub fn locate(data: &Path) -> Result<Self, Error> {
        let bad = || Error::BadOption(format!("{} is not a folder's name", data.display()));
        let data = if data.exists() {
            data.canonicalize().doing(|| format!("resolve {}", data.display()))?
        } else {
            let name = data.file_name().ok_or_else(bad)?;
            let parent =
                std::path::absolute(data.parent().ok_or_else(bad)?).doing(|| format!("resolve {}", data.display()))?;
            make_parents(&parent)?;
            parent.canonicalize().doing(|| format!("resolve {}", parent.display()))?.join(name)
        };
        // PostgreSQL's own files are made of lines
        if data.as_os_str().as_bytes().contains(&b'\n') {
            return Err(bad());
        }
        Ok(Self { pgdata: data.join("pgdata"), run: data.join("run"), log: data.join("log"), data })
    }

    /// Makes the folders, each private to the owner.
    pub fn make(&self, owner: &Owner) -> Result<(), Error> {
        self.refuse_foreign_content()?;
        for folder in [&self.pgdata, &self.log] {
            owner.adopt_tree(folder)?;
        }
        for folder in [&self.data, &self.run, &self.log] {
            owner.private_folder(folder)?;
        }
        Ok(())
    }

    /// A folder with other things in it was named by mistake: closing it to everybody would do harm.
    fn refuse_foreign_content(&self) -> Result<(), Error> {
        let Ok(mut entries) = fs::read_dir(&self.data) else {
            return Ok(());
        };
        let ours = [&self.pgdata, &self.run, &self.log].iter().any(|it| it.exists());
        if !ours && entries.next().is_some() {
            return Err(Error::NotACluster { folder: self.data.clone() });
        }
        Ok(())
    }

    /// A folder for the socket: `run`, or if that path is too long or too odd, one in a short place.
    pub fn socket_folder(&self, owner: &Owner) -> Result<PathBuf, Error> {
        let length = self.run.as_os_str().len() + "/.s.PGSQL.".len() + PORT.to_string().len();
        // The address of the database must be text, and libpq takes a comma for the end of a name.
        let plain = self.run.to_str().is_some_and(|it| !it.contains(','));
        if length <= LONGEST_SOCKET && plain {
            return Ok(self.run.clone());
        }
        let mut hasher = DefaultHasher::new();
        self.data.hash(&mut hasher);
        let name = format!("docket-{:016x}", hasher.finish());
        let mut reason = String::new();
        // /run is root's own and is not swept by age; /tmp is there for everybody
        for base in ["/run", "/tmp"] {
            for number in 0..8 {
                let folder = Path::new(base).join(format!("{name}-{number}"));
                match private_in_public(&folder, owner) {
                    Ok(()) => return Ok(folder),
                    Err(error) => reason = error.to_string(),
                }
            }
        }
        Err(Error::NoSocketFolder { reason })
    }

    /// Removes the socket's folder if it is one of those in a short place.
    pub fn remove_short_socket_folder(&self, folder: &Path) {
        if folder != self.run {
            // fails when it is not empty, and then it should stay
            let _ = fs::remove_dir(folder);
        }
    }

    /// The major version of the data, or `None` when there is none yet.
    pub fn version(&self) -> Result<Option<u32>, Error> {
        let file = self.pgdata.join("PG_VERSION");
        if let Ok(text) = fs::read_to_string(&file) {
            // since version 10 it is one number; "9.6" and older ones are refused as 9
            let major = text.trim().split('.').next().and_then(|it| it.parse().ok());
            return major.map(Some).ok_or_else(|| Error::NotACluster { folder: self.pgdata.clone() });
        }
        match fs::read_dir(&self.pgdata).map(Iterator::count) {
            Ok(0) => Ok(None),
            Ok(_) => Err(Error::NotACluster { folder: self.pgdata.clone() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).doing(|| format!("read {}", self.pgdata.display())),
        }
    }

    /// The log files of the server, the newest last.
    fn logs(&self) -> Vec<PathBuf> {
        let mut logs: Vec<PathBuf> = fs::read_dir(&self.log)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.starts_with("postgres-") && name.ends_with(".log")
            })
            .map(|entry| entry.path())
            .collect();
        // the names hold the time, in UTC
        logs.sort();
        logs
    }

    /// Removes all but the newest logs, so that they stay within some 20 MB.
    pub fn trim_logs(&self) {
        let logs = self.logs();
        for log in logs.iter().rev().skip(LOGS_KEPT) {
            // a log that cannot be removed is no reason not to serve
            let _ = fs::remove_file(log);
        }
    }

    /// What the postmaster says before it opens its log.
    pub fn first_words(&self) -> PathBuf {
        self.log.join("start.log")
    }

    /// The last lines of what the server said.
    pub fn last_words(&self) -> String {
        let mut text = tail(&self.first_words());
        if let Some(newest) = self.logs().last() {
            text.push_str(&tail(newest));
        }
        text
    }
}

/// The last lines of a file, at most 4 kB.
fn tail(file: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(file) {
        let length = file.metadata().map_or(0, |it| it.len());
        // a log that cannot be read is shown as an empty one: the error it goes with matters more
        let _ = file.seek(std::io::SeekFrom::Start(length.saturating_sub(4096)));
        let _ = file.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Makes missing folders. Those that root makes can be passed through by PostgreSQL's user,
/// whatever the umask; nobody can list them.
fn make_parents(folder: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|it| !it.as_os_str().is_empty() && !it.exists()).collect();
    let mode = if nix::unistd::geteuid().is_root() { 0o711 } else { 0o700 };
    for folder in missing.iter().rev() {
        let doing = || format!("make the folder {}", folder.display());
        match fs::DirBuilder::new().mode(mode).create(folder) {
            // another server that starts right now was faster
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
            result => result.doing(doing)?,
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).doing(doing)?;
    }
    Ok(())
}

/// Makes a private folder where everybody may make some: takes an existing one only if it is a real
/// folder which only the owner can enter, so that nobody else can have laid it there for us.
fn private_in_public(folder: &Path, owner: &Owner) -> Result<(), Error> {
    let doing = || format!("make the folder {}", folder.display());
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => lchown(folder, Some(owner.uid), Some(owner.gid)).doing(doing),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder).doing(doing)?;
            if found.is_dir() && found.uid() == owner.uid && found.mode() & 0o777 == 0o700 {
                Ok(())
            } else {
                Err(error).doing(doing)
            }
        }
        Err(error) => Err(error).doing(doing),
    }
}

/// Holds the folder against a second server. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Takes the lock file beside the folder: `postgres.lock` for `postgres`.
    pub fn take(data: &Path) -> Result<Self, Error> {
        let mut name = data.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        let path = data.with_file_name(name);
        let doing = || format!("lock {}", path.display());
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).doing(doing)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // the number only helps to find the other server; without it the message still stands
                let _ = file.read_to_string(&mut text);
                return Err(Error::InUse {
                    folder: data.parent().unwrap_or(data).to_path_buf(),
                    pid: text.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(error).doing(doing),
        }
        file.set_len(0).doing(doing)?;
        writeln!(file, "{}", std::process::id()).doing(doing)?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Said aloud, because a child that is just being started may still share the file with us.
        let _ = self.0.unlock();
    }
}
