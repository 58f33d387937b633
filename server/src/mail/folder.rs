//! Mails in a folder: single files, Maildir, and mbox files with many in one.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use mail_parser::mailbox::mbox;

/// One mail on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub path: PathBuf,
    /// In an mbox: which part of it.
    pub part: Option<Part>,
}

/// A mail in an mbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Which one, from 0.
    pub number: usize,
    /// From its `From ` line to the next one, in bytes.
    pub start: u64,
    pub end: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.part {
            Some(part) => write!(f, "{} (mail {})", self.path.display(), part.number + 1),
            None => write!(f, "{}", self.path.display()),
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mail,
    Mbox,
    /// Neither by its name nor by its beginning.
    Other,
}

/// All files below a folder, in the order of their paths. What cannot be looked into is reported, with the reason.
pub(super) fn files(folder: &Path) -> (Vec<PathBuf>, Vec<(PathBuf, String)>) {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        // Not followed: a link back up would never end.
        let listed = std::fs::symlink_metadata(&path).and_then(|meta| {
            if meta.is_dir() {
                for entry in std::fs::read_dir(&path)? {
                    waiting.push(entry?.path());
                }
            } else if meta.is_file() {
                found.push(path.clone());
            }
            Ok(())
        });
        if let Err(error) = listed {
            failed.push((path, error.to_string()));
        }
    }
    found.sort();
    (found, failed)
}

/// What a file is, by its place, its name and its beginning.
pub(super) fn kind(path: &Path) -> std::io::Result<Kind> {
    let mut head = Vec::new();
    File::open(path)?.take(32 * 1024).read_to_end(&mut head)?;
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let parent = path.parent().and_then(Path::file_name).map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let has_mail_name =
        matches!(extension.as_str(), "eml" | "emlx" | "mime" | "msg822") || matches!(parent.as_str(), "cur" | "new");
    // A single mail saved by a mail server may begin with such a line too: an mbox of one is read the same.
    let is_mbox = head.starts_with(b"From ") && !has_mail_name || matches!(extension.as_str(), "mbox" | "mbx");
    Ok(match (is_mbox, has_mail_name || super::looks_like_mail(&head)) {
        (true, _) => Kind::Mbox,
        (false, true) => Kind::Mail,
        (false, false) => Kind::Other,
    })
}

/// Where each mail of an mbox starts, and where the file ends.
pub(super) fn starts(path: &Path) -> std::io::Result<Vec<u64>> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut starts, mut at, mut line) = (Vec::new(), 0_u64, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 {
            starts.push(at);
            return Ok(starts);
        }
        if line.starts_with(b"From ") {
            starts.push(at);
        }
        at += read as u64;
    }
}

/// The raw bytes of a mail.
pub(super) fn read(place: &Place) -> std::io::Result<Vec<u8>> {
    let Some(part) = &place.part else { return std::fs::read(&place.path) };
    let mut file = File::open(&place.path)?;
    file.seek(SeekFrom::Start(part.start))?;
    let mut mails = mbox::MessageIterator::new(BufReader::new(file.take(part.end - part.start)));
    mails.next().map_or(Ok(Vec::new()), |mail| mail.map(mbox::Message::unwrap_contents))
}
