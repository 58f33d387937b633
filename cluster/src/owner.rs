//! As whom PostgreSQL runs. It refuses to run as root, so root hands it to an ordinary user.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::unistd::{Uid, User, geteuid};

use crate::{Error, error::Doing};

/// Users that root may hand PostgreSQL to, the best first.
const USERS: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// What PostgreSQL's programs get of our environment. All else stays with us: our secrets, which
/// everybody who may read the database user's processes could see, and `PG*`, which would mislead them.
const KEPT: [&str; 7] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "LOCPATH",
    "LOCALE_ARCHIVE",
    "ICU_DATA",
];

/// The user that PostgreSQL runs as and that owns its files.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// User number.
    pub uid: u32,
    /// Group number.
    pub gid: u32,
    /// Whether we are root and have to become this user for each program.
    drop: bool,
}

impl Owner {
    /// Decides it: the owner of the existing data, or for new data the current user, or if that is
    /// root, `postgres` or `nobody`.
    pub fn choose(data: &Path, pgdata: &Path) -> Result<Self, Error> {
        let me = geteuid();
        let existing = match fs::metadata(pgdata) {
            Ok(metadata) => Some((pgdata, metadata)),
            Err(_) => fs::metadata(data).ok().map(|metadata| (data, metadata)),
        };
        if me.is_root() {
            return match existing {
                Some((_, metadata)) if metadata.uid() != 0 => {
                    Ok(Self { uid: metadata.uid(), gid: metadata.gid(), drop: true })
                }
                _ => Self::ordinary(),
            };
        }
        if let Some((folder, metadata)) = existing
            && metadata.uid() != me.as_raw()
        {
            return Err(Error::ForeignOwner {
                folder: folder.to_path_buf(),
                owner: name_of(metadata.uid()),
                me: name_of(me.as_raw()),
            });
        }
        Ok(Self { uid: me.as_raw(), gid: nix::unistd::getegid().as_raw(), drop: false })
    }

    fn ordinary() -> Result<Self, Error> {
        USERS
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), drop: true })
            .ok_or(Error::NoUser)
    }

    /// The user's name, or its number.
    pub fn name(&self) -> String {
        name_of(self.uid)
    }

    /// A program to run as this user, in `folder`, with a bare environment.
    pub fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = bare_command(program, folder);
        if self.drop {
            // std drops the supplementary groups of root along with it
            command.uid(self.uid).gid(self.gid);
        }
        command.current_dir(folder);
        command
    }

    /// Makes a folder that only this user (and root) can enter, or makes an existing one so.
    pub fn private_folder(&self, folder: &Path) -> Result<(), Error> {
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).doing(|| format!("make the folder {}", folder.display()));
            }
            _ => {}
        }
        let metadata = fs::symlink_metadata(folder).doing(|| format!("look at the folder {}", folder.display()))?;
        if metadata.uid() != self.uid {
            lchown(folder, Some(self.uid), Some(self.gid))
                .doing(|| format!("give {} to {}", folder.display(), self.name()))?;
        }
        // not through a link: as root this would change a folder of somebody else's choice
        if metadata.is_dir() && metadata.mode() & 0o777 != 0o700 {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
                .doing(|| format!("close the folder {}", folder.display()))?;
        }
        Ok(())
    }

    /// Gives a whole tree that root owns to this user: a backup that root has unpacked.
    pub fn adopt_tree(&self, folder: &Path) -> Result<(), Error> {
        let root_owned = fs::symlink_metadata(folder).is_ok_and(|it| it.uid() == 0);
        if !self.drop || !root_owned {
            return Ok(());
        }
        // While it is root's nobody else can move things about in it. The top goes last: it is what
        // tells the next start that all is done.
        self.give_tree(folder)
    }

    fn give_tree(&self, path: &Path) -> Result<(), Error> {
        let doing = || format!("give {} to {}", path.display(), self.name());
        if fs::symlink_metadata(path).doing(doing)?.is_dir() {
            for entry in fs::read_dir(path).doing(doing)? {
                self.give_tree(&entry.doing(doing)?.path())?;
            }
        }
        lchown(path, Some(self.uid), Some(self.gid)).doing(doing)
    }

    /// Checks that this user can enter `folder`, by trying.
    pub fn can_reach(&self, folder: &Path, instead: &Path) -> Result<(), Error> {
        if !self.drop || self.enters(folder)? {
            return Ok(());
        }
        let mut ways: Vec<&Path> = folder.ancestors().collect();
        ways.reverse();
        for way in ways {
            if !self.enters(way)? {
                return Err(Error::Unreachable {
                    folder: folder.to_path_buf(),
                    blocked: way.to_path_buf(),
                    user: self.name(),
                    instead: instead.to_path_buf(),
                });
            }
        }
        Ok(())
    }

    fn enters(&self, folder: &Path) -> Result<bool, Error> {
        let status = self
            .command(Path::new("/bin/sh"), Path::new("/"))
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .doing(|| format!("run /bin/sh as {}", self.name()))?;
        Ok(status.success())
    }
}

/// A program with a bare environment, as the current user.
pub(crate) fn bare_command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    for name in KEPT {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    // Messages in one language; and no ~/.psqlrc or ~/.pgpass of whoever started us.
    command.env("LC_ALL", "C").env("HOME", home);
    command
}

/// The folder for Docket's data when none was named:
///
/// - what systemd hands over as `$STATE_DIRECTORY`;
/// - root: `/var/lib/docket` (macOS: `/usr/local/var/docket`), because the user that PostgreSQL
///   then runs as cannot enter root's home;
/// - else `$XDG_DATA_HOME/docket`, or in the home folder `.local/share/docket`
///   (macOS: `Library/Application Support/docket`);
/// - without a home folder: `data` where the program was started.
///
/// PostgreSQL's own folder goes inside of it: `default_data_dir().join("postgres")`.
#[must_use]
pub fn default_data_dir() -> PathBuf {
    data_dir_for(geteuid().is_root(), cfg!(target_os = "macos"), |name| env::var_os(name))
}

fn data_dir_for(root: bool, macos: bool, variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> PathBuf {
    let absolute = |value: &OsStr| {
        let path = Path::new(value);
        path.is_absolute().then(|| path.to_path_buf())
    };
    let state = variable("STATE_DIRECTORY").and_then(|list| {
        // several are parted by colons
        env::split_paths(&list).find_map(|first| absolute(first.as_os_str()))
    });
    if let Some(state) = state {
        return state;
    }
    if root {
        let folder = if macos { "/usr/local/var/docket" } else { "/var/lib/docket" };
        return PathBuf::from(folder);
    }
    if let Some(xdg) = variable("XDG_DATA_HOME").and_then(|value| absolute(&value)) {
        return xdg.join("docket");
    }
    let inside = if macos { "Library/Application Support/docket" } else { ".local/share/docket" };
    match variable("HOME").and_then(|value| absolute(&value)) {
        // service users have a home that does not exist
        Some(home) if home.is_dir() => home.join(inside),
        _ => PathBuf::from("data"),
    }
}

pub(crate) fn name_of(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_folders() {
        let home = env::temp_dir();
        let home = home.to_string_lossy();
        let xdg = [("XDG_DATA_HOME", "/xdg"), ("HOME", &*home)];
        type Case<'a> = (bool, bool, &'a [(&'a str, &'a str)], String);
        let cases: [Case; 8] = [
            (true, false, &xdg, "/var/lib/docket".into()),
            (true, true, &xdg, "/usr/local/var/docket".into()),
            (true, false, &[("STATE_DIRECTORY", "/s/docket:/s/b")], "/s/docket".into()),
            (false, false, &xdg, "/xdg/docket".into()),
            (false, false, &[("XDG_DATA_HOME", "relative"), ("HOME", &home)], format!("{home}/.local/share/docket")),
            (false, true, &[("HOME", &home)], format!("{home}/Library/Application Support/docket")),
            (false, false, &[("HOME", "/nonexistent")], "data".into()),
            (false, false, &[], "data".into()),
        ];
        for (root, macos, variables, expected) in cases {
            let found =
                data_dir_for(root, macos, |name| variables.iter().find(|it| it.0 == name).map(|it| it.1.into()));
            assert_eq!(found, PathBuf::from(&expected), "{root} {macos} {variables:?}");
        }
    }
}
