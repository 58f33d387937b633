//! Files sealed on the disk: a store around the store. Whoever reads or writes files through a desk knows nothing of it.
//!
//! Whether files are sealed when they are written is a setting; what is sealed is opened in any case, and what is not is read as
//! it is. Memory stays small whatever the size: content passes through in chunks.

mod format;
mod keys;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use chacha20poly1305::ChaCha20Poly1305;
use format::{CHUNK, HEAD, Head, Layout, SEALED, Writer};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use keys::FileKeys;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
    path::Path,
};
use sqlx::PgPool;

use crate::keys::Keychain;

/// Files up to this length are looked through before the first byte of them is handed out; of longer ones the last chunk is, and
/// the others as they come: a file that was damaged there breaks off. In bytes.
const WHOLE: u64 = 16 * 1024 * 1024;

/// A file store whose files are sealed.
#[derive(Debug)]
pub struct SealedFiles {
    inner: Arc<dyn ObjectStore>,
    keys: FileKeys,
    /// Whether what is written is sealed.
    seals: bool,
}

impl SealedFiles {
    /// The files of `inner`, with their keys in this database. New ones are sealed if `seals`.
    pub fn new(inner: Arc<dyn ObjectStore>, pool: PgPool, keychain: Arc<Keychain>, seals: bool) -> Self {
        Self { inner, keys: FileKeys::new(pool, keychain), seals }
    }

    async fn writer(&self, location: &Path) -> Result<Writer> {
        let (id, key) = self.keys.current().await.map_err(failed)?;
        Ok(Writer::new(Head::draw(id), &key, location.as_ref()))
    }

    /// The head of a file that is sealed, and what the store knows of it.
    async fn head_of(&self, location: &Path) -> Result<Option<(Head, ObjectMeta)>> {
        let options = GetOptions { range: Some(GetRange::Bounded(0..HEAD as u64)), ..GetOptions::default() };
        let found = match self.inner.get_opts(location, options).await {
            Ok(found) => found,
            Err(error @ Error::NotFound { .. }) => return Err(error),
            // Of nothing no part can be asked for: an empty file is not sealed. Whatever else it is, reading it shows it.
            Err(_) => return Ok(None),
        };
        let meta = found.meta.clone();
        Ok(Head::read(&found.bytes().await?).map(|head| (head, meta)))
    }

    /// These chunks of a file, opened one after the other.
    async fn chunks(&self, file: &Sealed, chunks: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        if chunks.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let place = |chunk: u64| HEAD as u64 + chunk * SEALED as u64;
        let range = place(chunks.start)..place(chunks.end).min(file.length);
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let sealed = self.inner.get_opts(&file.location, options).await?.into_stream();
        let state = (sealed, BytesMut::new(), chunks, file.clone());
        let opened = stream::try_unfold(state, |(mut sealed, mut pending, mut chunks, file)| async move {
            let Some(number) = chunks.next() else { return Ok(None) };
            while pending.len() < SEALED {
                match sealed.try_next().await? {
                    Some(part) => pending.extend_from_slice(&part),
                    None => break,
                }
            }
            let chunk = pending.split_to(pending.len().min(SEALED));
            let opened =
                format::open(&file.cipher, file.layout, number, &chunk).ok_or_else(|| damaged(&file.location))?;
            Ok(Some((Bytes::from(opened), (sealed, pending, chunks, file))))
        });
        Ok(opened.boxed())
    }
}

/// A sealed file that is about to be read.
#[derive(Clone)]
struct Sealed {
    location: Path,
    cipher: ChaCha20Poly1305,
    layout: Layout,
    /// The length of the file itself.
    length: u64,
}

fn failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: "sealed files", source: cause.into() }
}

/// Also for a file in another one's place: it is not what was written there.
fn damaged(location: &Path) -> Error {
    failed(format!(
        "the sealed file {location} is not what was written there: it was cut off, changed, or is another one's copy. Take it \
         from a backup"
    ))
}

impl fmt::Display for SealedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sealed files in {}", self.inner)
    }
}

#[async_trait::async_trait]
impl ObjectStore for SealedFiles {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if !self.seals {
            return self.inner.put_opts(location, payload, options).await;
        }
        let mut writer = self.writer(location).await?;
        let mut sealed = Vec::with_capacity(payload.content_length() + HEAD + SEALED);
        for part in payload {
            sealed.extend(writer.push(&part).map_err(unsealable)?);
        }
        sealed.extend(writer.end().map_err(unsealable)?);
        self.inner.put_opts(location, sealed.into(), options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !self.seals {
            return self.inner.put_multipart_opts(location, options).await;
        }
        // First what may fail without leaving a file behind.
        let writer = self.writer(location).await?;
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(Upload { inner, writer }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let Some((head, mut meta)) = self.head_of(location).await? else {
            return self.inner.get_opts(location, options).await;
        };
        options.check_preconditions(&meta)?;
        let layout = Layout::of(meta.size).ok_or_else(|| damaged(location))?;
        let key = self.keys.of(head.key).await.map_err(failed)?;
        let file = Sealed {
            location: location.clone(),
            cipher: head.cipher(&key, location.as_ref()),
            layout,
            length: std::mem::replace(&mut meta.size, layout.plain),
        };
        let range = match &options.range {
            Some(range) => range.as_range(layout.plain).map_err(|error| failed(error.to_string()))?,
            None => 0..layout.plain,
        };
        let looked_at = if layout.plain <= WHOLE { 0..layout.chunks } else { layout.chunks - 1..layout.chunks };
        self.chunks(&file, looked_at).await?.try_for_each(|_| async { Ok(()) }).await?;
        let payload = if options.head || range.is_empty() {
            stream::empty().boxed()
        } else {
            part(self.chunks(&file, range.start / CHUNK as u64..range.end.div_ceil(CHUNK as u64)).await?, range.clone())
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(payload),
            meta,
            range,
            attributes: Default::default(),
            extensions: Default::default(),
        })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    /// With the lengths that the files have on the disk.
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    /// A sealed file opens in its own place only, so it is written anew.
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if self.head_of(from).await?.is_none() {
            return self.inner.copy_opts(from, to, options).await;
        }
        let content = self.get(from).await?.bytes().await?;
        let mode = match options.mode {
            object_store::CopyMode::Create => object_store::PutMode::Create,
            object_store::CopyMode::Overwrite => object_store::PutMode::Overwrite,
        };
        self.put_opts(to, content.into(), mode.into()).await.map(drop)
    }
}

fn unsealable(cause: chacha20poly1305::Error) -> Error {
    failed(cause.to_string())
}

/// The bytes in a range, of the chunks that it lies in.
fn part(chunks: BoxStream<'static, Result<Bytes>>, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
    let begin = range.start / CHUNK as u64 * CHUNK as u64;
    chunks
        .scan(begin, move |at, chunk| {
            let cut = chunk.map(|chunk| {
                let within = |place: u64| place.saturating_sub(*at).min(chunk.len() as u64) as usize;
                let cut = chunk.slice(within(range.start)..within(range.end));
                *at += chunk.len() as u64;
                cut
            });
            std::future::ready(Some(cut))
        })
        .boxed()
}

/// A file that comes bit by bit.
struct Upload {
    inner: Box<dyn MultipartUpload>,
    writer: Writer,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upload").field(&self.inner).finish()
    }
}

#[async_trait::async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let mut sealed = Vec::with_capacity(data.content_length() + HEAD + SEALED);
        for part in data {
            match self.writer.push(&part) {
                Ok(more) => sealed.extend(more),
                Err(error) => return Box::pin(std::future::ready(Err(unsealable(error)))),
            }
        }
        if sealed.is_empty() {
            // A short one is held back: it may be the last.
            return Box::pin(std::future::ready(Ok(())));
        }
        self.inner.put_part(sealed.into())
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let rest = self.writer.end().map_err(unsealable)?;
        self.inner.put_part(rest.into()).await?;
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
