//! Files sealed on the disk: nothing of them can be read there, and nothing that was done to them there is served.

use crate::seal::{beside_with, ring};
use crate::support::{Refused as _, Setup, World, browser::Browser};
use bytes::Bytes;
use domain::{Actor, Code, attachment::Attachment};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::{Request, StatusCode, header};
use std::{convert::Infallible, ops::Range, path::PathBuf};
use store::{
    Desk, Options,
    keys::{Key, Keys},
    seal::{COLUMNS, rotate},
    tickets::attachments::{self, Which},
};

/// As many bytes of the content are in a chunk, and as many in the file.
const CHUNK: usize = 64 * 1024;
const SEALED: usize = CHUNK + 16;
const HEAD: usize = 48;

async fn sealing() -> World {
    World::with(Setup { options: Options { seal_files: true, ..Options::default() }, ..Setup::default() }).await
}

/// A text of this length, which repeats nowhere.
fn text(length: usize) -> Vec<u8> {
    (0..).flat_map(|n: u32| format!("line {n} of something private\n").into_bytes()).take(length).collect()
}

/// Uploads in small parts.
async fn upload(desk: &Desk, who: &Actor, content: &[u8]) -> Attachment {
    let parts: Vec<_> = content.chunks(10_000).map(|part| Ok::<_, Infallible>(Bytes::copy_from_slice(part))).collect();
    attachments::upload(desk, who, None, "notes.txt", None, stream::iter(parts)).await.unwrap()
}

async fn download(desk: &Desk, who: &Actor, file: &Attachment, part: Option<Range<u64>>) -> domain::Result<Vec<u8>> {
    let found = attachments::find(desk, who, Which::Id(file.id)).await?;
    let bytes: Vec<Bytes> =
        found.read(desk, part).await?.try_collect().await.expect("what has begun goes on to its end");
    Ok(bytes.concat())
}

/// Where a file lies on the disk.
fn on_disk(world: &World, file: &Attachment) -> PathBuf {
    world.files.on_disk().into_iter().find(|path| path.ends_with(&file.key)).unwrap()
}

#[tokio::test]
async fn files_are_sealed_on_the_disk_and_read_as_they_were() {
    let world = sealing().await;
    let agent = world.agent().await;
    for length in [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 6 * 1024 * 1024 + 7] {
        let content = text(length);
        let file = upload(&world.desk, &agent, &content).await;
        let raw = std::fs::read(on_disk(&world, &file)).unwrap();
        assert_eq!(raw.len(), HEAD + length + 16 * length.div_ceil(CHUNK).max(1));
        assert!(!raw.windows(9).any(|part| part == b"something"), "{length}");
        assert_eq!(file.size, length as i64);
        assert!(download(&world.desk, &agent, &file, None).await.unwrap() == content, "{length}");
        let end = length as u64;
        for part in [0..end, 0..1.min(end), end / 2..end, end.saturating_sub(1)..end, end / 3..end / 2] {
            if !part.is_empty() {
                let wanted = &content[part.start as usize..part.end as usize];
                let read = download(&world.desk, &agent, &file, Some(part.clone())).await.unwrap();
                assert!(read == wanted, "{part:?} of {length}");
            }
        }
    }
}

/// What was stored before the setting was turned on, and after it was turned off, stays readable.
#[tokio::test]
async fn sealed_and_plain_files_live_side_by_side() {
    let world = World::new().await;
    let agent = world.agent().await;
    let sealing = beside_with(&world, |options| options.seal_files = true).await;
    let plain = upload(&world.desk, &agent, b"plain").await;
    let sealed = upload(&sealing, &agent, b"sealed").await;
    assert_eq!(std::fs::read(on_disk(&world, &plain)).unwrap(), b"plain");
    assert_ne!(std::fs::read(on_disk(&world, &sealed)).unwrap(), b"sealed");
    for desk in [&world.desk, &sealing] {
        assert_eq!(download(desk, &agent, &plain, None).await.unwrap(), b"plain");
        assert_eq!(download(desk, &agent, &sealed, None).await.unwrap(), b"sealed");
    }
}

/// Whoever can write to the disk can destroy files, and nothing else.
#[tokio::test]
async fn what_was_done_to_a_file_is_refused_whole() {
    let world = sealing().await;
    let agent = world.agent().await;
    let content = text(3 * CHUNK + 1_000);
    let file = upload(&world.desk, &agent, &content).await;
    let other = upload(&world.desk, &agent, &text(3 * CHUNK + 1_000)).await;
    let path = on_disk(&world, &file);
    let whole = std::fs::read(&path).unwrap();
    let swapped = std::fs::read(on_disk(&world, &other)).unwrap();
    let chunk = |n: usize| HEAD + n * SEALED..HEAD + (n + 1) * SEALED;
    let mut reordered = whole.clone();
    reordered[chunk(0)].copy_from_slice(&whole[chunk(1)]);
    reordered[chunk(1)].copy_from_slice(&whole[chunk(0)]);
    let flipped = |at: usize| {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        flipped
    };
    let without = |part: Range<usize>| [&whole[..part.start], &whole[part.end..]].concat();
    let browser = Browser::of(&world, &agent).await;
    for (what, bytes) in [
        ("cut in a chunk", whole[..whole.len() - 1].to_vec()),
        ("cut between chunks", whole[..HEAD + 2 * SEALED].to_vec()),
        ("cut to its head", whole[..HEAD].to_vec()),
        ("a chunk left out", without(chunk(1))),
        ("longer", [&whole[..], b"more"].concat()),
        ("another one's", swapped),
        ("chunks in another order", reordered),
        ("a bit of what was drawn", flipped(20)),
        ("the number of its key", flipped(15)),
        ("a bit of the first chunk", flipped(HEAD + 7)),
        ("a bit in the middle", flipped(HEAD + SEALED + 70)),
        ("the last bit", flipped(whole.len() - 1)),
    ] {
        std::fs::write(&path, bytes).unwrap();
        for part in [None, Some(0..10), Some(CHUNK as u64..CHUNK as u64 + 5)] {
            assert!(download(&world.desk, &agent, &file, part.clone()).await.is_err(), "{what}: {part:?}");
        }
        for range in [None, Some("bytes=0-9")] {
            let mut request = Request::get(format!("/files/{}/notes.txt", file.key));
            if let Some(range) = range {
                request = request.header(header::RANGE, range);
            }
            let page = browser.send(request.body(axum::body::Body::empty()).unwrap()).await;
            assert_ne!(page.status, StatusCode::OK, "{what}");
            assert_ne!(page.status, StatusCode::PARTIAL_CONTENT, "{what}");
            assert!(!page.text.contains("something private"), "{what}");
        }
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(download(&world.desk, &agent, &file, None).await.unwrap() == content);
}

/// A large one is not looked through first: it breaks off where it was changed, and what came until then is right.
#[tokio::test]
async fn a_large_file_breaks_off_where_it_was_changed() {
    let world = World::with(Setup {
        options: Options { seal_files: true, max_file_bytes: 64 * 1024 * 1024, ..Options::default() },
        ..Setup::default()
    })
    .await;
    let agent = world.agent().await;
    let content = text(20 * 1024 * 1024);
    let file = upload(&world.desk, &agent, &content).await;
    let path = on_disk(&world, &file);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[HEAD + 100 * SEALED + 5] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let found = attachments::find(&world.desk, &agent, Which::Id(file.id)).await.unwrap();
    let mut read = Vec::new();
    let mut stream = found.read(&world.desk, None).await.unwrap();
    let broken = loop {
        match stream.next().await.unwrap() {
            Ok(part) => read.extend_from_slice(&part),
            Err(error) => break error,
        }
    };
    assert!(read == content[..100 * CHUNK], "{} bytes", read.len());
    assert!(broken.to_string().contains("is not what was written there"), "{broken}");
    // Its end is looked at in any case.
    std::fs::write(&path, &bytes[..HEAD + 200 * SEALED]).unwrap();
    assert!(found.read(&world.desk, None).await.is_err());
    assert!(found.read(&world.desk, Some(0..10)).await.is_err());
}

/// The files themselves stay as they are.
#[tokio::test]
async fn a_new_secret_key_opens_the_files_of_the_old_one() {
    let world = World::new().await;
    let agent = world.agent().await;
    let with = async |keys: Keys| {
        beside_with(&world, |options| {
            options.seal_files = true;
            options.keys = keys;
        })
        .await
    };
    let old = with(Keys::only(Key::new([1; 32]))).await;
    let file = upload(&old, &agent, b"private").await;
    let raw = std::fs::read(on_disk(&world, &file)).unwrap();
    let both = with(Keys { ring: ring(&[2, 1]), source: None }).await;
    assert_eq!(rotate::reseal(&both, COLUMNS, |_| {}).await.unwrap().done, 1);
    let new = with(Keys::only(Key::new([2; 32]))).await;
    assert_eq!(download(&new, &agent, &file, None).await.unwrap(), b"private");
    assert_eq!(std::fs::read(on_disk(&world, &file)).unwrap(), raw);
    // Without the key there is nothing to be had.
    let stranger = with(Keys::only(Key::new([3; 32]))).await;
    download(&stranger, &agent, &file, None).await.refused(Code::Unavailable);
}
