//! What a sealed file looks like: a head, and the content in chunks, each sealed by itself, so that any part can be read without
//! what is before it.
//!
//! The key of a file follows from a key in the database, from what was drawn for this file, and from where it lies: a file that
//! is put in another one's place does not open. Each chunk is numbered and the last one marked (as in STREAM, Hoang and others
//! 2015), so none can be changed, moved or left out.

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use sha2::{Digest as _, Sha256};

/// How every sealed file begins.
pub const MAGIC: [u8; 8] = *b"\xd0ckSEAL1";
/// What was drawn for the file.
const SALT: usize = 32;
/// The length of the head, in bytes.
pub const HEAD: usize = MAGIC.len() + 8 + SALT;
/// How many bytes of the content are in each chunk but the last, which may have fewer.
pub const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// The length of a whole chunk in the file.
pub const SEALED: usize = CHUNK + TAG;

/// What the head of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the key in the database.
    pub key: i64,
    salt: [u8; SALT],
}

impl Head {
    /// For a file that is about to be written.
    pub fn draw(key: i64) -> Self {
        Self { key, salt: rand::random() }
    }

    /// The head that these bytes begin with, if they are of a sealed file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.strip_prefix(&MAGIC)?.split_first_chunk::<8>()?;
        let (salt, _) = rest.split_first_chunk::<SALT>()?;
        Some(Self { key: i64::from_be_bytes(*key), salt: *salt })
    }

    fn bytes(&self) -> Vec<u8> {
        [&MAGIC[..], &self.key.to_be_bytes(), &self.salt].concat()
    }

    /// What seals and opens this file, which lies at this path.
    pub fn cipher(&self, key: &[u8; 32], path: &str) -> ChaCha20Poly1305 {
        let key = Sha256::new()
            .chain_update(b"docket file 1\0")
            .chain_update(key)
            .chain_update(self.salt)
            .chain_update(path)
            .finalize();
        ChaCha20Poly1305::new(&<[u8; 32]>::from(key).into())
    }
}

fn nonce(number: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3] = last.into();
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce.into()
}

/// How a file of this length is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The length of the content.
    pub plain: u64,
    /// How many chunks there are: one at least.
    pub chunks: u64,
}

impl Layout {
    /// Of a file with so many bytes, if it can be one.
    pub fn of(bytes: u64) -> Option<Self> {
        let body = bytes.checked_sub(HEAD as u64)?;
        let chunks = body.div_ceil(SEALED as u64).max(1);
        let rest = body.checked_sub((chunks - 1) * SEALED as u64)?;
        let layout = Self { plain: body.checked_sub(chunks * TAG as u64)?, chunks };
        (rest >= TAG as u64).then_some(layout)
    }
}

/// Opens a chunk. `None` when it is not what was sealed under this number.
pub fn open(cipher: &ChaCha20Poly1305, layout: Layout, number: u64, sealed: &[u8]) -> Option<Vec<u8>> {
    cipher.decrypt(&nonce(number, number + 1 == layout.chunks), sealed).ok()
}

/// Seals a content that comes bit by bit.
pub struct Writer {
    cipher: ChaCha20Poly1305,
    /// The head, until it is written.
    head: Vec<u8>,
    pending: Vec<u8>,
    number: u64,
}

impl Writer {
    /// For the file at this path.
    pub fn new(head: Head, key: &[u8; 32], path: &str) -> Self {
        Self { cipher: head.cipher(key, path), head: head.bytes(), pending: Vec::new(), number: 0 }
    }

    /// What can be written once this much more of the content is known.
    ///
    /// # Errors
    /// None that a chunk of this length can have.
    pub fn push(&mut self, content: &[u8]) -> Result<Vec<u8>, chacha20poly1305::Error> {
        let mut written = std::mem::take(&mut self.head);
        self.pending.extend_from_slice(content);
        let mut begin = 0;
        // The last one is held back: it is marked.
        while self.pending.len() - begin > CHUNK {
            let chunk = &self.pending[begin..begin + CHUNK];
            written.extend(self.cipher.encrypt(&nonce(self.number, false), chunk)?);
            self.number += 1;
            begin += CHUNK;
        }
        self.pending.drain(..begin);
        Ok(written)
    }

    /// The rest, when there is no more content.
    ///
    /// # Errors
    /// Like [`Writer::push`].
    pub fn end(&mut self) -> Result<Vec<u8>, chacha20poly1305::Error> {
        let mut written = std::mem::take(&mut self.head);
        written.extend(self.cipher.encrypt(&nonce(self.number, true), &self.pending[..])?);
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn sealed(content: &[u8], parts: &[usize]) -> Vec<u8> {
        let mut writer = Writer::new(Head::draw(5), &KEY, "new/a");
        let (mut file, mut rest) = (Vec::new(), content);
        for part in parts {
            let (now, later) = rest.split_at((*part).min(rest.len()));
            file.extend(writer.push(now).unwrap());
            rest = later;
        }
        file.extend(writer.push(rest).unwrap());
        file.extend(writer.end().unwrap());
        file
    }

    fn opened(file: &[u8], path: &str) -> Option<Vec<u8>> {
        let layout = Layout::of(file.len() as u64)?;
        let head = Head::read(file)?;
        let cipher = head.cipher(&KEY, path);
        let mut content = Vec::new();
        let chunks: Vec<_> = file[HEAD..].chunks(SEALED).collect();
        assert_eq!(chunks.len() as u64, layout.chunks);
        for (number, chunk) in (0..).zip(chunks) {
            content.extend(open(&cipher, layout, number, chunk)?);
        }
        assert_eq!((head.key, content.len() as u64), (5, layout.plain));
        Some(content)
    }

    /// Around the ends of chunks, where mistakes live.
    fn length() -> impl Strategy<Value = usize> {
        (0..3_usize, -2..3_i64).prop_map(|(chunks, more)| (chunks as i64 * CHUNK as i64 + more).max(0) as usize)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_goes_in_comes_out(length in length(), parts in prop::collection::vec(0..2 * CHUNK, 0..4), byte: u8) {
            let content: Vec<u8> = (0..length).map(|n| (n as u8).wrapping_mul(31) ^ byte).collect();
            let file = sealed(&content, &parts);
            prop_assert_eq!(opened(&file, "new/a"), Some(content));
            prop_assert_eq!(opened(&file, "new/b"), None);
        }

        #[test]
        fn nothing_can_be_changed_or_left_out(
            length in length(), at: prop::sample::Index, bit in 0_u8..8, cut: prop::sample::Index,
        ) {
            let file = sealed(&vec![1; length], &[]);
            let mut flipped = file.clone();
            flipped[at.index(file.len())] ^= 1 << bit;
            // The number of the key in the head is compared here, as the wrong key would be taken.
            prop_assert!(Head::read(&flipped).is_none_or(|head| head.key != 5) || opened(&flipped, "new/a").is_none());
            prop_assert_eq!(opened(&file[..cut.index(file.len())], "new/a"), None);
            prop_assert_eq!(opened(&[&file[..], &[0]].concat(), "new/a"), None);
            // At the end of a chunk, too.
            let whole = (file.len() - HEAD) / SEALED * SEALED + HEAD;
            if whole < file.len() && whole > HEAD {
                prop_assert_eq!(opened(&file[..whole], "new/a"), None);
            }
        }
    }

    #[test]
    fn chunks_cannot_change_places() {
        let mut file = sealed(&vec![1; 3 * CHUNK], &[]);
        let (first, second) = file[HEAD..].split_at_mut(SEALED);
        first.swap_with_slice(&mut second[..SEALED]);
        assert_eq!(opened(&file, "new/a"), None);
    }
}
