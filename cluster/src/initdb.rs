//! Makes a new cluster, whole or not at all.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Binaries, Error, SUPERUSER, error::Doing, folder::Folder, owner::Owner};

/// Begin of the name under which a cluster is being made.
const UNFINISHED: &str = "pgdata.new.";

/// Runs `initdb` beside the final place and renames when it is done and on the disk, so that what an
/// interrupted one leaves is never taken for a cluster.
pub(crate) fn make(folder: &Folder, owner: &Owner, binaries: &Binaries) -> Result<(), Error> {
    remove_unfinished(&folder.data);
    // A name of its own each time: an initdb whose server was killed may still be writing to the last one.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_nanos());
    let new = folder.data.join(format!("{UNFINISHED}{}.{nanos}", std::process::id()));

    let mut failure = None;
    for locale in locales(binaries.major) {
        let mut command = owner.command(&binaries.program("initdb"), &folder.data);
        command
            .arg("--pgdata")
            .arg(&new)
            .args(["--username", SUPERUSER])
            // The socket's folder is closed to all but the owner and root, which is the better lock:
            // "peer" would keep out root, who starts the server.
            .args(["--auth-local=trust", "--auth-host=reject"])
            .args(["--encoding=UTF8", "--data-checksums"])
            .args(locale);
        match run(command, "initdb") {
            Ok(_) => {
                failure = None;
                break;
            }
            Err(error) => {
                // initdb cleans up after itself, but not when it is killed
                remove_unfinished(&folder.data);
                // the first failure is of the locale we want; later ones would hide a full disk
                failure.get_or_insert(error);
            }
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    fs::rename(&new, &folder.pgdata).doing(|| format!("rename {} to {}", new.display(), folder.pgdata.display()))?;
    File::open(&folder.data)
        .and_then(|it| it.sync_all())
        .doing(|| format!("write {} to the disk", folder.data.display()))
}

/// What to try, the best first. Words must be told apart and turned to lower case in every script
/// (that is `LC_CTYPE`), sorting is by code point everywhere, so that no index depends on the system's
/// collation tables.
fn locales(major: u32) -> Vec<Vec<&'static str>> {
    let mut ways = Vec::new();
    for ctype in ["--lc-ctype=C.UTF-8", "--lc-ctype=en_US.UTF-8"] {
        let mut way = vec!["--locale=C", ctype];
        if major >= 17 {
            way.extend(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
        }
        ways.push(way);
    }
    if major >= 15 {
        ways.push(vec!["--locale=C", "--locale-provider=icu", "--icu-locale=und"]);
    }
    ways
}

/// Removes what interrupted attempts have left. No server has ever run on it.
fn remove_unfinished(data: &Path) {
    for entry in fs::read_dir(data).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // An initdb that outlived its server may add files meanwhile; the next start tries again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Runs a program to its end and returns what it printed.
pub(crate) fn run(mut command: Command, program: &str) -> Result<String, Error> {
    let output = command.output().doing(|| format!("run {}", Path::new(command.get_program()).display()))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(stdout.into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Error::Tool {
        program: program.to_owned(),
        status: output.status,
        output: format!("{}\n{}", stdout.trim(), stderr.trim()).trim().to_owned(),
    })
}
