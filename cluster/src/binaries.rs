//! Finds PostgreSQL's server programs, wherever this kind of system keeps them.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Error;

/// The oldest major version that Docket's SQL is written for.
pub const OLDEST_MAJOR: u32 = 14;

/// What a folder must hold to be of use.
const NEEDED: [&str; 3] = ["postgres", "initdb", "psql"];

/// Where systems put the programs when they are not in `$PATH`; each has at most one `*` per component.
const PLACES: [&str; 12] = [
    "/usr/lib/postgresql/*/bin",   // Debian, Ubuntu
    "/usr/pgsql-*/bin",            // packages of postgresql.org on Fedora and RHEL
    "/usr/lib/postgresql*/bin",    // SUSE
    "/usr/lib64/postgresql-*/bin", // Gentoo
    "/usr/libexec/postgresql*",    // Alpine
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/local/lib/postgresql*/bin", // MacPorts
    "/usr/local/pgsql/bin",           // built from source
    "/usr/bin",                       // Fedora, Arch, when $PATH is bare
];

/// One installation of PostgreSQL's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder of `postgres`, `initdb`, `psql` and the others, links resolved.
    pub bin: PathBuf,
    /// Major version, such as 15.
    pub major: u32,
    /// Minor version, such as 13; 0 for a beta.
    pub minor: u32,
}

impl Binaries {
    /// Looks at one folder.
    ///
    /// # Errors
    /// [`Error::BadBinaries`] when a program is missing, does not run, or is too old.
    pub fn at(bin: &Path) -> Result<Self, Error> {
        let bad = |reason: String| Error::BadBinaries { bin: bin.to_path_buf(), reason };
        let bin = bin.canonicalize().map_err(|error| bad(error.to_string()))?;
        if let Some(missing) = NEEDED.iter().find(|name| !bin.join(name).is_file()) {
            return Err(bad(format!("{missing} is missing")));
        }
        let printed = output_of(&bin.join("postgres"), "--version")
            .ok_or_else(|| bad("postgres --version does not run".to_owned()))?;
        let (major, minor) = version(&printed).ok_or_else(|| bad(format!("postgres --version says {printed:?}")))?;
        Ok(Self { bin, major, minor })
    }

    /// The path of one program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// The newest PostgreSQL server on this machine, version 14 or newer.
///
/// # Errors
/// [`Error::NotFound`] with what to install.
pub fn find() -> Result<Binaries, Error> {
    find_all().map(|mut all| all.swap_remove(0))
}

/// Every usable PostgreSQL server on this machine, the newest first; never empty.
///
/// # Errors
/// [`Error::NotFound`] with what to install.
pub fn find_all() -> Result<Vec<Binaries>, Error> {
    newest_first(candidates())
}

/// Keeps the folders that hold a usable server, each once, and sorts them.
fn newest_first(folders: Vec<PathBuf>) -> Result<Vec<Binaries>, Error> {
    let mut seen = Vec::new();
    let mut found: Vec<Binaries> = Vec::new();
    for folder in folders {
        let Ok(folder) = folder.canonicalize() else {
            continue;
        };
        if seen.contains(&folder) {
            continue;
        }
        if let Ok(binaries) = Binaries::at(&folder) {
            found.push(binaries);
        }
        seen.push(folder);
    }
    // stable: among equals the one that $PATH names first wins
    found.sort_by_key(|it| std::cmp::Reverse((it.major, it.minor)));
    let (usable, old): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| it.major >= OLDEST_MAJOR);
    if usable.is_empty() {
        let too_old = old.iter().map(|it| format!("{}.{} in {}", it.major, it.minor, it.bin.display())).collect();
        return Err(Error::NotFound { too_old });
    }
    Ok(usable)
}

/// Folders that may hold the programs, in the order of preference.
fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let path = env::var_os("PATH").unwrap_or_default();
    for folder in env::split_paths(&path).filter(|folder| folder.is_absolute()) {
        let postgres = folder.join("postgres");
        if !postgres.is_file() {
            continue;
        }
        // A link leads to the real folder, where the other programs are too.
        // A wrapper script does not; then its own folder may hold wrappers of all of them.
        if let Some(real) = postgres.canonicalize().ok().as_deref().and_then(Path::parent) {
            folders.push(real.to_path_buf());
        }
        folders.push(folder);
    }
    for folder in env::split_paths(&path).filter(|folder| folder.is_absolute()) {
        let pg_config = folder.join("pg_config");
        if pg_config.is_file()
            && let Some(bindir) = output_of(&pg_config, "--bindir")
        {
            folders.push(PathBuf::from(bindir));
        }
    }
    folders.extend(PLACES.iter().flat_map(|pattern| expand(pattern)));
    folders
}

/// Expands a pattern with `*` into the folders that exist.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        folders = match part.split_once('*') {
            None => folders.iter().map(|folder| folder.join(part)).collect(),
            Some((before, after)) => {
                let mut matching: Vec<PathBuf> = folders
                    .iter()
                    .filter_map(|folder| fs::read_dir(folder).ok())
                    .flatten()
                    .flatten()
                    .filter(|entry| matches(&entry.file_name(), before, after))
                    .map(|entry| entry.path())
                    .collect();
                matching.sort();
                matching
            }
        };
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

fn matches(name: &OsStr, before: &str, after: &str) -> bool {
    name.to_str().is_some_and(|name| {
        name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    })
}

/// What a program prints, trimmed; `None` when it fails.
fn output_of(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// Reads `postgres (PostgreSQL) 15.13 (Debian …)`, also `18beta1` and `19devel`.
fn version(printed: &str) -> Option<(u32, u32)> {
    let number = printed.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let mut digits = number.split(|c: char| !c.is_ascii_digit());
    let major = digits.next()?.parse().ok()?;
    let minor = if number.contains('.') { digits.next()?.parse().ok()? } else { 0 };
    Some((major, minor))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn versions_are_read() {
        for (printed, expected) in [
            ("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)", Some((15, 13))),
            ("postgres (PostgreSQL) 17.2", Some((17, 2))),
            ("postgres (PostgreSQL) 18beta1", Some((18, 0))),
            ("postgres (PostgreSQL) 19devel (Ubuntu 19~1.2)", Some((19, 0))),
            ("something else", None),
        ] {
            assert_eq!(version(printed), expected, "{printed}");
        }
    }

    /// A folder of programs that only know their version.
    fn fake(root: &Path, name: &str, version: &str) -> PathBuf {
        let bin = root.join(name);
        fs::create_dir_all(&bin).unwrap();
        // Written by another process: a file that any thread of this one still holds open for
        // writing, or has passed on to a child just being started, cannot be executed.
        let status = Command::new("sh")
            .args([
                "-c",
                r#"for p in $3; do printf '#!/bin/sh\necho "%s"\n' "$2" >"$1/$p"; chmod 755 "$1/$p"; done"#,
                "sh",
            ])
            .arg(&bin)
            .arg(format!("x (PostgreSQL) {version}"))
            .arg(NEEDED.join(" "))
            .status()
            .unwrap();
        assert!(status.success());
        bin
    }

    #[test]
    fn the_newest_comes_first_and_links_count_once() {
        let root = tempfile::tempdir().unwrap();
        let old = fake(root.path(), "a", "13.9");
        let older = fake(root.path(), "b", "15.2");
        let newest = fake(root.path(), "c", "16.1");
        let link = root.path().join("link");
        symlink(&newest, &link).unwrap();
        let found = newest_first(vec![old, older, link, newest.clone()]).unwrap();
        assert_eq!(found.iter().map(|it| it.major).collect::<Vec<_>>(), [16, 15]);
        assert_eq!(found[0].bin, newest.canonicalize().unwrap());
    }

    #[test]
    fn nothing_found_says_what_to_install() {
        let root = tempfile::tempdir().unwrap();
        let old = fake(root.path(), "a", "9.6");
        let message = newest_first(vec![old]).unwrap_err().to_string();
        for part in ["apt install", "dnf install", "brew install", "too old: 9.6"] {
            assert!(message.contains(part), "{part} is missing in: {message}");
        }
    }

    #[test]
    fn patterns_expand() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("postgresql@17/bin")).unwrap();
        fs::create_dir_all(root.path().join("postgresql@16/bin")).unwrap();
        fs::create_dir_all(root.path().join("other/bin")).unwrap();
        let pattern = format!("{}/postgresql@*/bin", root.path().display());
        let found = expand(&pattern);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn this_machine_has_one() {
        let newest = find().unwrap();
        assert!(newest.major >= OLDEST_MAJOR);
        assert!(newest.program("postgres").is_file());
    }
}
