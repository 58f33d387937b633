//! `cargo xtask dev`: builds, starts, and does both again whenever a source file changes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use walkdir::WalkDir;

use crate::build::{self, Profile};
use crate::project::Project;
use crate::tools;

/// How often files are looked at. A few hundred of them cost a millisecond or two.
const PAUSE: Duration = Duration::from_millis(300);
/// What only the site is made of.
const SITE: [&str; 2] = ["style", "public"];
/// What both halves are made of.
const CODE: [&str; 5] = ["app", "server/src", "frontend", "cluster/src", "migrations"];

type Times = BTreeMap<PathBuf, SystemTime>;

/// Runs until it is interrupted.
pub fn dev(project: &Project, arguments: &[OsString]) -> Result<()> {
    if std::env::var_os("DATABASE_URL").is_none() {
        tools::postgres()?;
    }
    let mut server = None;
    // Empty, so that the first round finds everything changed.
    let (mut site_times, mut code_times) = (Times::new(), Times::new());
    loop {
        let (site_now, code_now) = (times(project, &SITE), times(project, &CODE));
        let code_changed = code_now != code_times;
        if code_changed || site_now != site_times {
            (site_times, code_times) = (site_now, code_now);
            let built = if code_changed {
                build::build(project, Profile::Debug).map(|_| ())
            } else {
                build::site(project, Profile::Debug)
            };
            match built {
                Ok(()) => {
                    if let Some(old) = server.take() {
                        stop(old)?;
                    }
                    server = Some(start(project, arguments)?);
                }
                // The compiler has said what is wrong. The last server that was built stays up meanwhile.
                Err(error) => eprintln!("error: {error:#}"),
            }
        }
        std::thread::sleep(PAUSE);
    }
}

fn times(project: &Project, folders: &[&str]) -> Times {
    let mut times = Times::new();
    for folder in folders {
        // A file may be gone again by now: editors write beside and rename.
        for entry in WalkDir::new(project.root.join(folder)).into_iter().flatten().filter(|e| e.file_type().is_file()) {
            if let Some(modified) = entry.metadata().ok().and_then(|file| file.modified().ok()) {
                times.insert(entry.into_path(), modified);
            }
        }
    }
    times
}

fn start(project: &Project, arguments: &[OsString]) -> Result<Child> {
    Ok(Command::new(build::binary(project, Profile::Debug))
        .current_dir(&project.root)
        .arg("serve")
        .args(arguments)
        // Pages keep a connection open to learn of the next server. It must not hold up this one's end.
        .env("DOCKET_SHUTDOWN_SECONDS", "0")
        .env("DOCKET_RELOAD", "1")
        .spawn()?)
}

/// Asks the server to stop, and waits until it has.
fn stop(mut server: Child) -> Result<()> {
    if server.try_wait()?.is_none() {
        kill(Pid::from_raw(i32::try_from(server.id())?), Signal::SIGTERM)?;
        server.wait()?;
    }
    Ok(())
}
