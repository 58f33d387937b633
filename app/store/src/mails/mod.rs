//! Mails: each is kept raw, taken in once, and becomes a message of a ticket, or waits in quarantine for an admin.

mod again;
mod intake;
mod prepare;
mod quarantine;
mod waiting;

pub use again::{discard, tried, try_again};
pub use intake::{Origin, newest, refuse, take_in};
pub use quarantine::{list, raw};
pub use waiting::{enqueue, waiting};

use crate::{Desk, OrOurs};
use bytes::Bytes;
use domain::Result;
use object_store::{ObjectStoreExt, PutPayload, path::Path};
use sha2::{Digest, Sha256};

/// The SHA-256 of some bytes.
fn digest(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Where a raw mail is kept: found by its digest, a few thousand a folder at most.
fn raw_path(digest: &[u8]) -> String {
    let name = hex(digest);
    format!("mails/{}/{name}", &name[..2])
}

/// Writes a file under a name that follows from its content: writing it again changes nothing.
async fn put(desk: &Desk, path: &str, content: Bytes) -> Result<()> {
    desk.files().put(&Path::from(path), PutPayload::from(content)).await.ours()?;
    Ok(())
}
