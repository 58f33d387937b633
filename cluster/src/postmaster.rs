//! The server's first process: started, found again after a crash of ours, watched, stopped.

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        wait::{WaitPidFlag, waitpid},
    },
    unistd::Pid,
};

use crate::{
    Binaries, Error,
    error::Doing,
    folder::{Folder, PORT},
    owner::Owner,
    settings,
};

/// Between two looks at a process or file.
const PAUSE: Duration = Duration::from_millis(10);
/// How long processes of a killed server may take to end before a new one can start.
const LINGER: Duration = Duration::from_secs(30);
/// How long an immediate shutdown may take; the server itself kills its processes after 5 s.
const QUIT_LIMIT: Duration = Duration::from_secs(10);

/// What `postmaster.pid` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub pid: Pid,
    pub port: u16,
    pub socket: PathBuf,
    /// It accepts connections.
    pub ready: bool,
}

impl PidFile {
    /// Reads it; `None` when there is none or it is not complete yet.
    pub fn read(pgdata: &Path) -> Option<Self> {
        let bytes = fs::read(pgdata.join("postmaster.pid")).ok()?;
        let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
        let text = |number: usize| {
            let line = lines.get(number).copied()?;
            Some(std::str::from_utf8(line).ok()?.trim())
        };
        let pid: i32 = text(0)?.parse().ok()?;
        Some(Self {
            // a single-user server writes its number negated
            pid: Pid::from_raw(pid.checked_abs()?),
            port: text(3).and_then(|it| it.parse().ok()).unwrap_or_default(),
            socket: PathBuf::from(std::ffi::OsStr::from_bytes(lines.get(4).copied().unwrap_or_default())),
            ready: text(7) == Some("ready"),
        })
    }
}

/// What is known about a process that a pid file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// There is no such process any more.
    Gone,
    /// It has ended, and its parent has not noticed. In containers nobody may ever do.
    Dead,
    /// It is the server of this data.
    Ours,
    /// The number was given to another process since.
    Other,
    /// It is alive; the system does not tell us more.
    Unknown,
}

/// Looks whether a process is the postmaster of this data.
pub(crate) fn life(pid: Pid, pgdata: &Path) -> Life {
    match kill(pid, None) {
        Err(Errno::ESRCH) => return Life::Gone,
        // PostgreSQL's own rule: its data is its user's, so a process we may not signal is not it
        Err(Errno::EPERM) => return Life::Other,
        _ => {}
    }
    // a postmaster works in its data folder
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) if folder == pgdata => Life::Ours,
        Ok(_) => Life::Other,
        // the dead have no folder; or there is no /proc at all
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if Path::new("/proc/self/cwd").exists() {
                Life::Dead
            } else {
                Life::Unknown
            }
        }
        // Containers may forbid root this look. The command line is open to everybody.
        Err(_) => match fs::read(format!("/proc/{pid}/cmdline")) {
            Ok(line) if line.split(|&byte| byte == 0).any(|word| word == pgdata.as_os_str().as_bytes()) => Life::Ours,
            _ => Life::Unknown,
        },
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Postmaster {
    pub pid: Pid,
    /// There when we have started it, not when it was found running.
    child: Option<Child>,
    pub port: u16,
    pub socket: PathBuf,
}

/// How a start can end.
enum Outcome {
    Ready,
    Ended(ExitStatus),
    Late,
}

impl Postmaster {
    /// Whether this is one that an earlier process has started.
    pub fn adopted(&self) -> bool {
        self.child.is_none()
    }

    /// A server that still runs on this data, waiting for it while it starts or stops.
    /// `answers` asks over the socket whether it really serves this data.
    pub fn find(folder: &Folder, limit: Duration, answers: impl Fn(&PidFile) -> bool) -> Result<Option<Self>, Error> {
        let begin = Instant::now();
        let file = folder.pgdata.join("postmaster.pid");
        while begin.elapsed() < limit {
            let Some(found) = PidFile::read(&folder.pgdata) else {
                if !file.exists() {
                    return Ok(None);
                }
                // An empty one is written to at once, or it is what a power failure has left.
                if begin.elapsed() > Duration::from_secs(2) {
                    remove_stale(&file)?;
                }
                thread::sleep(PAUSE);
                continue;
            };
            match life(found.pid, &folder.pgdata) {
                // PostgreSQL deals with the file itself
                Life::Gone => return Ok(None),
                // PostgreSQL would take the dead or the stranger for its server and refuse to start. The
                // data stays guarded by its shared memory, should processes of the old server still live.
                Life::Dead | Life::Other => {
                    remove_stale(&file)?;
                    return Ok(None);
                }
                state => {
                    if found.ready && answers(&found) {
                        return Ok(Some(Self { pid: found.pid, child: None, port: found.port, socket: found.socket }));
                    }
                    let unlikely = state == Life::Unknown && begin.elapsed() > LINGER;
                    if unlikely || (state == Life::Unknown && found.ready) {
                        return Ok(None);
                    }
                }
            }
            thread::sleep(PAUSE);
        }
        Err(Error::StartTimeout { limit, folder: folder.log.clone(), log: folder.last_words() })
    }

    /// Starts a server and waits until it accepts connections.
    pub fn start(
        folder: &Folder,
        owner: &Owner,
        binaries: &Binaries,
        socket: &Path,
        arguments: &[OsString],
        limits: Limits,
    ) -> Result<Self, Error> {
        let begin = Instant::now();
        // No server runs here, so these are remains; the number in the lock may be a stranger's by now.
        for name in [format!(".s.PGSQL.{PORT}"), format!(".s.PGSQL.{PORT}.lock")] {
            let _ = fs::remove_file(socket.join(name));
        }
        loop {
            let child = spawn(folder, owner, binaries, arguments)?;
            let mut postmaster = Self {
                pid: Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX)),
                child: Some(child),
                port: PORT,
                socket: socket.to_path_buf(),
            };
            match postmaster.wait_until_ready(folder, begin + limits.start)? {
                Outcome::Ready => return Ok(postmaster),
                Outcome::Ended(status) => {
                    let log = folder.last_words();
                    // The postmaster was killed, and its processes are still about to notice.
                    let lingering = log.contains("still in use");
                    if !(lingering && begin.elapsed() < LINGER) {
                        return Err(Error::Start { status, folder: folder.log.clone(), log });
                    }
                    thread::sleep(PAUSE * 10);
                }
                Outcome::Late => {
                    let log = folder.last_words();
                    postmaster.stop(folder, limits.stop)?;
                    return Err(Error::StartTimeout { limit: limits.start, folder: folder.log.clone(), log });
                }
            }
        }
    }

    fn wait_until_ready(&mut self, folder: &Folder, until: Instant) -> Result<Outcome, Error> {
        while Instant::now() < until {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait().doing(|| "wait for postgres".to_owned())?
            {
                return Ok(Outcome::Ended(status));
            }
            if PidFile::read(&folder.pgdata).is_some_and(|it| it.pid == self.pid && it.ready) {
                return Ok(Outcome::Ready);
            }
            thread::sleep(PAUSE);
        }
        Ok(Outcome::Late)
    }

    /// Whether it still runs.
    pub fn running(&mut self, folder: &Folder) -> bool {
        if let Some(child) = &mut self.child {
            return matches!(child.try_wait(), Ok(None));
        }
        // If it is a child of ours after all, ended but not noticed, this notices; else it does nothing.
        let _ = waitpid(self.pid, Some(WaitPidFlag::WNOHANG));
        match life(self.pid, &folder.pgdata) {
            Life::Ours => true,
            Life::Gone | Life::Dead | Life::Other => false,
            Life::Unknown => PidFile::read(&folder.pgdata).is_some_and(|it| it.pid == self.pid),
        }
    }

    /// Ends all sessions and shuts down; if that takes longer than `limit`, gives up on order: the
    /// next start then replays the log. Nothing that was acknowledged is lost either way.
    pub fn stop(&mut self, folder: &Folder, limit: Duration) -> Result<(), Error> {
        for (signal, limit) in [(Signal::SIGINT, limit), (Signal::SIGQUIT, QUIT_LIMIT)] {
            // looked at each time, so that no stranger gets the signal
            if !self.running(folder) {
                return Ok(());
            }
            match kill(self.pid, signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error).doing(|| format!("stop process {}", self.pid)),
            }
            let begin = Instant::now();
            while begin.elapsed() < limit {
                if !self.running(folder) {
                    return Ok(());
                }
                thread::sleep(PAUSE);
            }
        }
        Err(Error::StopTimeout { pid: self.pid.as_raw(), limit: limit + QUIT_LIMIT })
    }
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub start: Duration,
    pub stop: Duration,
}

fn spawn(folder: &Folder, owner: &Owner, binaries: &Binaries, arguments: &[OsString]) -> Result<Child, Error> {
    let path = folder.first_words();
    let doing = || format!("write {}", path.display());
    // Removed and made anew: the folder is PostgreSQL's, and root must not write through a link in it.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).doing(doing);
        }
        _ => {}
    }
    let words = File::create_new(&path).doing(doing)?;
    owner
        .command(&binaries.program("postgres"), &folder.data)
        .args(arguments)
        .stdout(words.try_clone().doing(doing)?)
        .stderr(words)
        // Ctrl+C in the terminal goes to our group; the database must outlive our own shutdown.
        .process_group(0)
        .spawn()
        .doing(|| format!("start {}", binaries.program("postgres").display()))
}

fn remove_stale(file: &Path) -> Result<(), Error> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove the stale {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// Whether a server that was found running was started with these arguments.
pub(crate) fn runs_with(folder: &Folder, binaries: &Binaries, arguments: &[OsString]) -> bool {
    let mut expected = binaries.program("postgres").into_os_string().as_bytes().to_vec();
    expected.extend(settings::as_recorded(arguments));
    expected.push(b'\n');
    fs::read(folder.pgdata.join("postmaster.opts")).is_ok_and(|recorded| recorded == expected)
}
