//! Files that come bit by bit, written to the file store a part at a time: none has to fit in memory.

use crate::{Desk, OrOurs};
use bytes::BytesMut;
use domain::Result;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, path::Path};

/// Parts are to be 5 MiB or more in S3-like stores; the last one may be smaller.
pub(crate) const PART: usize = 5 * 1024 * 1024;

/// A file on its way into the store. It is there once it is finished.
pub(crate) struct Upload {
    path: Path,
    writer: Box<dyn MultipartUpload>,
    pending: BytesMut,
    parts: usize,
    /// How many bytes have come.
    size: i64,
}

impl Upload {
    pub(crate) async fn begin(desk: &Desk, path: &str) -> Result<Self> {
        let path = Path::from(path);
        let writer = desk.files().put_multipart(&path).await.ours()?;
        Ok(Self { path, writer, pending: BytesMut::new(), parts: 0, size: 0 })
    }

    /// The next bytes.
    pub(crate) async fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.pending.extend_from_slice(bytes);
        self.size += bytes.len() as i64;
        if self.pending.len() >= PART { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<()> {
        self.parts += 1;
        let part = std::mem::take(&mut self.pending).freeze();
        self.writer.put_part(PutPayload::from(part.clone())).await.ours()?;
        // Large blocks that one thread takes and another one lets go are kept by the allocator for long: it is used again.
        self.pending = part.try_into_mut().unwrap_or_default();
        self.pending.clear();
        Ok(())
    }

    /// Ends the file, if all has gone well so far, and says how large it is. Else nothing of it is left.
    pub(crate) async fn finish<T>(mut self, so_far: Result<T>) -> Result<(T, i64)> {
        let ended = match so_far {
            Ok(found) => self.complete().await.map(|()| (found, self.size)),
            Err(error) => Err(error),
        };
        if ended.is_err()
            && let Err(cause) = self.writer.abort().await
        {
            tracing::warn!(%cause, path = %self.path, "the rest of a file that was not taken could not be removed");
        }
        ended
    }

    async fn complete(&mut self) -> Result<()> {
        // An empty file is a file, too.
        if !self.pending.is_empty() || self.parts == 0 {
            self.write().await?;
        }
        self.writer.complete().await.map(drop).ours()
    }
}

/// Removes a file that no row knows of: nobody else ever would.
pub(crate) async fn remove(desk: &Desk, path: &str) {
    if let Err(cause) = desk.files().delete(&Path::from(path)).await {
        tracing::warn!(%cause, %path, "a file without a row could not be removed");
    }
}
