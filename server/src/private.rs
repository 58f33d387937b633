//! What Docket keeps on the disk is for the user it runs as alone: folders 0700, files 0600.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use nix::sys::stat::{Mode, umask};

use crate::keys;

/// A folder that only its owner can enter.
pub const CLOSED: u32 = 0o700;
/// One that others can pass through, when they know what is in it, but cannot list. Everything in it is closed by itself.
pub const PASSED: u32 = 0o711;
/// A file that only its owner can read.
const SECRET: u32 = 0o600;

/// What Docket itself puts into its data folder; the last one is there on a disk of its own.
const OURS: [&str; 9] = [
    "files",
    "mails",
    keys::CURRENT,
    keys::PREVIOUS,
    keys::UNFINISHED,
    "postgres",
    "postgres.lock",
    ".writable",
    "lost+found",
];

/// From here on this process makes nothing that others can read, whichever library makes it.
pub fn from_here_on() {
    umask(Mode::from_bits_truncate(0o077));
}

/// Makes the folder and those above it, where they are missing, with these rights.
///
/// # Errors
/// When they cannot be made.
pub fn make(folder: &Path, mode: u32) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|it| !it.as_os_str().is_empty() && !it.exists()).collect();
    for folder in missing.into_iter().rev() {
        match DirBuilder::new().mode(mode).create(folder) {
            // Another server that starts right now was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                made?;
                // Past the umask.
                fs::set_permissions(folder, Permissions::from_mode(mode))?;
            }
        }
    }
    Ok(())
}

/// Closes what an earlier release, or a copy, has left open in a data folder. The folder itself gets `mode`, unless other
/// things are in it too: then it is not ours to close, and what is ours in it is closed by itself.
///
/// # Errors
/// When something cannot be closed, as on a disk that knows no rights.
pub fn close(data: &Path, mode: u32) -> io::Result<()> {
    let mut only_ours = true;
    for entry in fs::read_dir(data)? {
        let name = entry?.file_name();
        only_ours &= OURS.iter().any(|ours| name == *ours);
    }
    if only_ours {
        set(data, mode)?;
    }
    for name in [keys::CURRENT, keys::PREVIOUS, keys::UNFINISHED, "postgres.lock"] {
        close_file(&data.join(name))?;
    }
    close_folder(&data.join("files"))?;
    close_folder(&data.join("mails"))
}

fn close_folder(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        // Who cannot enter it reaches nothing in it. It was closed last, so all in it is closed too.
        Ok(found) if found.is_dir() && found.permissions().mode() & 0o777 != CLOSED => close_tree(folder),
        // Not through a link: as root this would close a folder of somebody else's choice.
        Ok(_) => Ok(()),
    }
}

fn close_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            close_tree(&entry.path())?;
        } else if kind.is_file() {
            set(&entry.path(), SECRET)?;
        }
    }
    set(folder, CLOSED)
}

fn close_file(file: &Path) -> io::Result<()> {
    match fs::symlink_metadata(file) {
        Ok(found) if found.is_file() => set(file, SECRET),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn set(path: &Path, mode: u32) -> io::Result<()> {
    if fs::metadata(path)?.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_ours_is_closed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("deep/data");
        make(&data, PASSED).unwrap();
        assert_eq!((mode(&data), mode(data.parent().unwrap())), (PASSED, PASSED));
        let key = data.join("files/ab/cd");
        fs::create_dir_all(key.parent().unwrap()).unwrap();
        fs::write(&key, "x").unwrap();
        fs::write(data.join("secret.key"), "x").unwrap();
        for open in [key.parent().unwrap(), &data.join("files"), &data] {
            fs::set_permissions(open, Permissions::from_mode(0o755)).unwrap();
        }
        for open in [&key, &data.join("secret.key")] {
            fs::set_permissions(open, Permissions::from_mode(0o644)).unwrap();
        }
        // Somebody has named a folder of other things: it stays as open as it was.
        fs::write(data.join("theirs"), "x").unwrap();
        fs::set_permissions(data.join("theirs"), Permissions::from_mode(0o644)).unwrap();
        close(&data, CLOSED).unwrap();
        assert_eq!((mode(&data), mode(&data.join("theirs"))), (0o755, 0o644));
        for closed in [&data.join("files"), key.parent().unwrap()] {
            assert_eq!(mode(closed), CLOSED, "{}", closed.display());
        }
        for closed in [&key, &data.join("secret.key")] {
            assert_eq!(mode(closed), SECRET, "{}", closed.display());
        }
        fs::remove_file(data.join("theirs")).unwrap();
        close(&data, CLOSED).unwrap();
        assert_eq!(mode(&data), CLOSED);
        close(&data, PASSED).unwrap();
        assert_eq!(mode(&data), PASSED, "the private PostgreSQL of root is behind it");
    }
}
