//! The secret keys of a desk: from the settings, or made once and kept in the data folder.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use store::keys::{Key, Keys, Ring, Source};

use crate::config::Config;

/// The key in use: 32 bytes.
pub const CURRENT: &str = "secret.key";
/// Those before it, the youngest first, one after the other.
pub const PREVIOUS: &str = "secret.key.previous";
/// One of the files as it is being written.
pub const UNFINISHED: &str = "secret.key.new";

const LENGTH: usize = 32;

/// The keys of these settings. Where none is set, the one in the data folder; it is made if it is not there.
///
/// Several nodes on one database must be given the same ones.
///
/// # Errors
/// When a file of keys cannot be read or written, or holds something else.
pub fn of_settings(config: &Config) -> anyhow::Result<Keys> {
    let set: Vec<Key> = config.previous_secret_keys().map(Key::of_text).collect();
    let Some(given) = &config.secret_key else {
        let folder = Folder::new(&config.data, set);
        folder.make()?;
        // In this order: what changes from here on is noticed, at the worst once too often.
        let now = folder.stamps().with_context(|| format!("cannot read {}", folder.current.display()))?;
        let ring = folder.read()?;
        *folder.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        return Ok(Keys { ring, source: Some(std::sync::Arc::new(folder)) });
    };
    // Who had the key in the data folder until now has no text for it that could be set.
    let folder = Folder::new(&config.data, vec![]);
    let kept = if folder.current.exists() { folder.read()?.all().to_vec() } else { vec![] };
    Ok(Keys { ring: Ring::new(Key::of_text(given), set.into_iter().chain(kept)), source: None })
}

/// Holds the data folder's keys against another change of them. The system lets go of it when the process ends.
///
/// # Errors
/// When they are being changed already.
pub fn take_turn(config: &Config) -> anyhow::Result<fs::File> {
    let folder = fs::File::open(&config.data).with_context(|| format!("cannot open {}", config.data.display()))?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(fs::TryLockError::WouldBlock) => {
            anyhow::bail!("the key is being changed already, by another docket rotate-key")
        }
        Err(fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", config.data.display()))
        }
    }
}

/// Makes a new key in the data folder. The one in use becomes the first of the previous ones. Whenever this is cut off, all
/// keys that were ever in use are there.
///
/// # Errors
/// When the files cannot be read or written.
pub fn renew(config: &Config) -> anyhow::Result<()> {
    let folder = Folder::new(&config.data, vec![]);
    let mut kept = read(&folder.current)?;
    if folder.previous.exists() {
        kept.extend(read(&folder.previous)?.into_iter().filter(|key| !kept.contains(key)).collect::<Vec<_>>());
    }
    folder.replace(&folder.previous, kept.as_flattened())?;
    folder.replace(&folder.current, &rand::random::<[u8; LENGTH]>())
}

/// Removes the previous keys from the data folder. Tells whether there were any.
///
/// # Errors
/// When they cannot be removed.
pub fn forget_previous(config: &Config) -> anyhow::Result<bool> {
    let path = config.data.join(PREVIOUS);
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot remove {}", path.display())),
    }
}

/// The keys in a data folder.
#[derive(Debug)]
struct Folder {
    current: PathBuf,
    previous: PathBuf,
    unfinished: PathBuf,
    /// From the settings, believed too.
    set: Vec<Key>,
    seen: Mutex<Option<[Stamp; 2]>>,
}

/// By what a file is known to be the same: when it was written, and which one it is. `None` when it is not there.
type Stamp = Option<(i64, i64, u64)>;

impl Folder {
    fn new(data: &Path, set: Vec<Key>) -> Self {
        let [current, previous, unfinished] = [CURRENT, PREVIOUS, UNFINISHED].map(|name| data.join(name));
        Self { current, previous, unfinished, set, seen: Mutex::new(None) }
    }

    /// Makes a key if there is none.
    fn make(&self) -> anyhow::Result<()> {
        if self.current.exists() {
            return Ok(());
        }
        // Under a name of its own first: another server that starts right now must not read half a key. Of two who make one,
        // the first one's stays.
        let mine = self.unfinished.with_extension(format!("{:08x}", rand::random::<u32>()));
        let made = write(&mine, &rand::random::<[u8; LENGTH]>()).and_then(|()| fs::hard_link(&mine, &self.current));
        let made = match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        };
        // It has two names, or was never finished.
        let gone = fs::remove_file(&mine);
        made.and(gone).with_context(|| format!("cannot write {}", self.current.display()))
    }

    /// Puts other keys in the place of those in a file, at once and for good: who reads it finds the ones or the others.
    fn replace(&self, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let replace = || {
            // What a run before has left when it was cut off.
            match fs::remove_file(&self.unfinished) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            write(&self.unfinished, bytes)?;
            fs::rename(&self.unfinished, path)?;
            fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        replace().with_context(|| format!("cannot write {}", path.display()))
    }

    fn read(&self) -> anyhow::Result<Ring> {
        // In this order: a key is among the previous ones before another takes its place.
        let current = read(&self.current)?;
        let [current] = &current[..] else {
            anyhow::bail!("{} is not a key of {LENGTH} bytes", self.current.display());
        };
        let previous = if self.previous.exists() { read(&self.previous)? } else { vec![] };
        let keys = previous.into_iter().map(Key::new).chain(self.set.iter().cloned());
        Ok(Ring::new(Key::new(*current), keys))
    }

    fn stamps(&self) -> io::Result<[Stamp; 2]> {
        Ok([stamp(&self.current)?, stamp(&self.previous)?])
    }
}

impl Source for Folder {
    fn changed(&self) -> Result<Option<Ring>, String> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.stamps().map_err(|error| format!("{}: {error}", self.current.display()))?;
        if *seen == Some(now) {
            return Ok(None);
        }
        let ring = self.read().map_err(|error| format!("{error:#}"))?;
        *seen = Some(now);
        Ok(Some(ring))
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some((found.mtime(), found.mtime_nsec(), found.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<[u8; LENGTH]>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (keys, rest) = bytes.as_chunks::<LENGTH>();
    anyhow::ensure!(rest.is_empty(), "{} does not hold keys of {LENGTH} bytes", path.display());
    Ok(keys.to_vec())
}

/// Writes a new file that only its owner can read, and waits until the disk has it.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(place: &tempfile::TempDir) -> Folder {
        Folder::new(place.path(), vec![])
    }

    #[test]
    fn a_key_is_made_once_and_closed_to_others() {
        let place = tempfile::tempdir().unwrap();
        folder(&place).make().unwrap();
        let ring = folder(&place).read().unwrap();
        folder(&place).make().unwrap();
        assert_eq!(folder(&place).read().unwrap(), ring);
        let left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [CURRENT]);
        assert_eq!(fs::metadata(place.path().join(CURRENT)).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_new_key_is_noticed_and_the_old_ones_stay() {
        let place = tempfile::tempdir().unwrap();
        let config =
            crate::config::from_arguments(&["docket", "--data", place.path().to_str().unwrap()]).unwrap().config;
        let keys = of_settings(&config).unwrap();
        let source = keys.source.unwrap();
        assert_eq!(source.changed(), Ok(None));
        let mut rings = vec![keys.ring];
        for _ in 0..2 {
            renew(&config).unwrap();
            rings.push(source.changed().unwrap().unwrap());
            assert_eq!(source.changed(), Ok(None));
        }
        let currents: Vec<_> = rings.iter().rev().map(|ring| ring.current().clone()).collect();
        assert_eq!(rings[2].all(), currents, "the youngest first");
        // Cut off between the two files: the key in use is among the previous ones too.
        fs::copy(place.path().join(PREVIOUS), place.path().join("before")).unwrap();
        renew(&config).unwrap();
        fs::rename(place.path().join("before"), place.path().join(CURRENT)).unwrap();
        assert!(source.changed().is_err(), "two keys where one should be");
        assert!(forget_previous(&config).unwrap() && !forget_previous(&config).unwrap());
    }

    #[test]
    fn keys_of_the_folder_are_believed_beside_one_that_is_set() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().to_str().unwrap();
        let config = |more: &[&str]| {
            crate::config::from_arguments(&[&["docket", "--data", data], more].concat()).unwrap().config
        };
        let kept = of_settings(&config(&[])).unwrap().ring.current().clone();
        let [new, old] = ["0123456789-0123456789-0123456789", "9876543210-9876543210-9876543210"];
        let first = of_settings(&config(&["--previous-secret-keys", new])).unwrap().ring;
        assert_eq!(first.all(), [kept.clone(), Key::of_text(new)]);
        let set = of_settings(&config(&["--secret-key", new, "--previous-secret-keys", old])).unwrap();
        assert_eq!(set.ring.all(), [Key::of_text(new), Key::of_text(old), kept]);
        assert!(set.source.is_none());
    }

    #[test]
    fn half_a_key_is_none() {
        let place = tempfile::tempdir().unwrap();
        for wrong in [&[1; 31][..], &[1; 64], &[]] {
            fs::write(place.path().join(CURRENT), wrong).unwrap();
            assert!(folder(&place).read().is_err(), "{} bytes", wrong.len());
        }
        fs::write(place.path().join(CURRENT), [1; 32]).unwrap();
        fs::write(place.path().join(PREVIOUS), [2; 33]).unwrap();
        assert!(folder(&place).read().unwrap_err().to_string().contains(PREVIOUS));
    }
}
