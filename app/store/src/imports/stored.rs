//! A file as it is stored: taken in while it comes, and read again line by line. It is never in memory as a whole.

use super::read::{Line, SNIFF, Splitter, is_text, sniff};
use crate::{Desk, OrOurs, upload::Upload};
use bytes::Bytes;
use domain::{
    Error, FieldId, Result,
    import::{FILE_MAX, Kind, LINES_MAX, Reading},
    text,
};
use futures::{Stream, StreamExt as _, stream::BoxStream};
use object_store::{ObjectStoreExt, path::Path};

/// Writes a file to the store, guesses by its beginning how it is read, and counts its lines.
///
/// Errors: `Invalid` with what is wrong with it.
pub(super) async fn take_in(
    upload: &mut Upload,
    kind: Kind,
    custom: &[(FieldId, String)],
    content: &mut (dyn Stream<Item = Result<Bytes>> + Send + Unpin),
) -> Result<(Reading, i64)> {
    let (mut size, mut start, mut counting) = (0, Vec::new(), None);
    while let Some(part) = content.next().await {
        let part = part?;
        size += part.len();
        if size > FILE_MAX {
            return Err(Error::field("file", format!("This file is larger than {}.", text::bytes(FILE_MAX as i64))));
        }
        match &mut counting {
            None => {
                start.extend_from_slice(&part);
                if start.len() >= SNIFF {
                    counting = Some(Counting::begin(kind, &std::mem::take(&mut start), custom));
                }
            }
            // What is left of a file that is not taken is read, so that whoever sends it hears why.
            Some(counting) if counting.is_too_much() || !counting.is_text => continue,
            Some(counting) => counting.push(&part),
        }
        upload.push(&part).await?;
    }
    let mut counting = counting.unwrap_or_else(|| Counting::begin(kind, &start, custom));
    counting.end();
    if !counting.is_text {
        return Err(Error::field("file", "This is no text. Save the list as a CSV file, and choose that one."));
    }
    if counting.lines() < 1 {
        return Err(Error::field("file", "There is nothing in this file. Choose one with a line for each."));
    }
    if counting.is_too_much() {
        return Err(Error::field("file", "This file has more than 200,000 lines. Please split it."));
    }
    let lines = counting.lines();
    Ok((counting.reading, lines))
}

/// Counts the lines of a file.
struct Counting {
    reading: Reading,
    splitter: Splitter,
    seen: i64,
    is_text: bool,
}

impl Counting {
    fn begin(kind: Kind, start: &[u8], custom: &[(FieldId, String)]) -> Self {
        let reading = sniff(kind, &start[..start.len().min(SNIFF)], custom);
        let splitter = Splitter::new(&reading);
        let mut counting = Self { reading, splitter, seen: 0, is_text: true };
        counting.push(start);
        counting
    }

    fn push(&mut self, bytes: &[u8]) {
        self.is_text &= is_text(bytes, self.reading.encoding);
        self.splitter.push(bytes);
        self.count();
    }

    fn end(&mut self) {
        self.splitter.end();
        self.count();
    }

    fn count(&mut self) {
        while !self.is_too_much() && self.splitter.advance() {
            self.seen += 1;
        }
    }

    /// Without the one of the names.
    fn lines(&self) -> i64 {
        self.seen - i64::from(self.reading.header)
    }

    fn is_too_much(&self) -> bool {
        self.lines() > LINES_MAX
    }
}

/// The lines of a stored file, read as they are needed.
pub(super) struct Lines {
    content: BoxStream<'static, object_store::Result<Bytes>>,
    splitter: Splitter,
}

impl Lines {
    /// `None`: the file is not there any more.
    pub(super) async fn open(desk: &Desk, path: &str, reading: &Reading) -> Result<Option<Self>> {
        let mut lines = match desk.files().get(&Path::from(path)).await {
            Ok(found) => Self { content: found.into_stream(), splitter: Splitter::new(reading) },
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(cause) => return Err(crate::error::of_files(cause)),
        };
        if reading.header {
            lines.advance().await?;
        }
        Ok(Some(lines))
    }

    async fn advance(&mut self) -> Result<bool> {
        while !self.splitter.advance() {
            if self.splitter.has_ended() {
                return Ok(false);
            }
            match self.content.next().await {
                Some(piece) => self.splitter.push(&piece.ours()?),
                None => self.splitter.end(),
            }
        }
        Ok(true)
    }

    /// Passes over so many lines.
    pub(super) async fn skip(&mut self, count: i64) -> Result<()> {
        for _ in 0..count {
            if !self.advance().await? {
                break;
            }
        }
        Ok(())
    }

    /// The next line.
    pub(super) async fn next(&mut self) -> Result<Option<Line>> {
        Ok(self.advance().await?.then(|| self.splitter.line()))
    }

    /// The next lines: so many, and no more than fit in so many bytes but for the last. Whether they are the last ones, too.
    pub(super) async fn batch(&mut self, most: usize, bytes: usize) -> Result<(Vec<Line>, bool)> {
        let (mut lines, mut size) = (Vec::new(), 0);
        while lines.len() < most && size < bytes {
            let Some(line) = self.next().await? else { return Ok((lines, true)) };
            size += line.cells.iter().map(String::len).sum::<usize>();
            lines.push(line);
        }
        Ok((lines, false))
    }
}
