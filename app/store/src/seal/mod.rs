//! Secrets that have to be read again (of sign-in apps, of other servers) are sealed in the database: who has a copy of it, but
//! not the secret key, has nothing.
//!
//! Sealed is with XChaCha20-Poly1305, whose nonces are long enough to be drawn. The place of the value (table, row, column) is
//! bound in: who can write to the database, but has no key, cannot move one person's secret to another.

pub mod files;
pub mod rotate;

use crate::Desk;
use crate::keys::{Key, Keychain, Ring};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::Result;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// The form of a sealed value: this byte, the key's number, the mark of the place, the nonce, and what is sealed with its tag.
const FORM: u8 = 1;
/// How many bytes the number of a key has.
const KEY_ID: usize = 8;
/// How many bytes the mark of a place has. It is no protection, that is the tag; it tells what is wrong.
const MARK: usize = 8;
const NONCE: usize = 24;
const TAG: usize = 16;
const HEAD: usize = 1 + KEY_ID + MARK;

/// By how many bytes a sealed value is longer than the plain one.
pub const LONGER: usize = HEAD + NONCE + TAG;

/// A column that holds sealed values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub table: &'static str,
    /// The column, of type `bigint` and unique, that tells the rows apart: [`Place::row`].
    pub id: &'static str,
    /// Of type `bytea`. Its name ends in `_sealed`, by which a test finds those that are missing here.
    pub column: &'static str,
}

/// Every column that holds sealed values: what `docket rotate-key` seals again.
pub const COLUMNS: &[Column] = &[
    Column { table: "totp", id: "id", column: "secret_sealed" },
    Column { table: "providers", id: "id", column: "secret_sealed" },
    Column { table: "file_keys", id: "id", column: "key_sealed" },
    Column { table: "acme_accounts", id: "id", column: "credentials_sealed" },
    Column { table: "acme_certificates", id: "id", column: "key_sealed" },
];

/// Where a value is kept. It opens there only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub table: &'static str,
    /// The number of the row. One that is yet to be written takes it from its sequence first.
    pub row: i64,
    pub column: &'static str,
}

impl Place {
    /// As what is bound to the value. No name holds a NUL, so no two places are written alike.
    fn bytes(&self) -> Vec<u8> {
        [self.table.as_bytes(), b"\0", self.column.as_bytes(), b"\0", &self.row.to_be_bytes()].concat()
    }
}

/// Why a value cannot be opened. For the operator: the words name the place and the key's number, never what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Too short, or of a form that this release does not know.
    Form,
    /// Sealed with a key that is not here.
    Key(String),
    /// Sealed for another row or column.
    Place,
    /// Something in it has changed.
    Damaged,
}

impl Broken {
    /// What is wrong with the value of this place, and what can be done.
    pub(crate) fn said_of(&self, place: &Place) -> String {
        let Place { table, row, column } = place;
        let what = format!("the sealed value in {table}.{column} of row {row}");
        match self {
            Self::Form => {
                format!("{what} has no form that this release knows: it was cut off, or a newer release wrote it")
            }
            Self::Key(id) => format!(
                "{what} was sealed with the secret key {id}, which this server does not have. Give it that key too \
                 (--previous-secret-keys, DOCKET_PREVIOUS_SECRET_KEYS, or secret.key.previous in the data folder)"
            ),
            Self::Place => {
                format!(
                    "{what} was sealed for another row or column: somebody has copied it there. Take it from a backup"
                )
            }
            Self::Damaged => format!("{what} has changed since it was sealed: take it from a backup"),
        }
    }
}

/// What a key seals with.
struct Sealing {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
    marks: [u8; 32],
}

impl Sealing {
    fn of(key: &Key) -> Self {
        Self {
            id: id(key),
            cipher: XChaCha20Poly1305::new(&key.derive("docket seal 1").into()),
            marks: key.derive("docket seal place 1"),
        }
    }

    fn head(&self, place: &[u8]) -> [u8; HEAD] {
        let mark = Sha256::new().chain_update(self.marks).chain_update(place).finalize();
        let mut head = [FORM; HEAD];
        head[1..1 + KEY_ID].copy_from_slice(&self.id);
        head[1 + KEY_ID..].copy_from_slice(&mark[..MARK]);
        head
    }
}

/// The number that a key's values carry. It tells nothing of the key.
fn id(key: &Key) -> [u8; KEY_ID] {
    let mut id = [0; KEY_ID];
    id.copy_from_slice(&key.derive("docket seal key id 1")[..KEY_ID]);
    id
}

/// The bytes that every value begins with that this key has sealed.
fn beginning(key: &Key) -> Vec<u8> {
    [&[FORM][..], &id(key)].concat()
}

/// Seals with the current key of a ring.
///
/// # Errors
/// When it is longer than the cipher can take: 256 GB.
pub(crate) fn seal(ring: &Ring, place: &Place, plain: &[u8]) -> std::result::Result<Vec<u8>, chacha20poly1305::Error> {
    let sealing = Sealing::of(ring.current());
    let place = place.bytes();
    let head = sealing.head(&place);
    let nonce: [u8; NONCE] = rand::random();
    let bound = [&head[..], &place].concat();
    let sealed = sealing.cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &bound })?;
    Ok([&head[..], &nonce, &sealed].concat())
}

/// Opens with the key of the ring that it was sealed with.
pub(crate) fn open(ring: &Ring, place: &Place, sealed: &[u8]) -> std::result::Result<Vec<u8>, Broken> {
    let (head, rest) = sealed.split_at_checked(HEAD).ok_or(Broken::Form)?;
    let (nonce, content) = rest.split_first_chunk::<NONCE>().ok_or(Broken::Form)?;
    if head[0] != FORM || content.len() < TAG {
        return Err(Broken::Form);
    }
    let named = &head[1..1 + KEY_ID];
    let key = ring.all().iter().find(|key| id(key) == named).ok_or_else(|| Broken::Key(written(named)))?;
    let sealing = Sealing::of(key);
    let place = place.bytes();
    if sealing.head(&place) != head {
        return Err(Broken::Place);
    }
    let bound = [head, &place].concat();
    sealing.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: content, aad: &bound }).map_err(|_| Broken::Damaged)
}

/// The number of a key as people read it.
pub(crate) fn written(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seals and opens the values of a desk.
#[derive(Clone, Debug)]
pub struct Sealer(Arc<Keychain>);

impl Desk {
    /// Seals and opens secrets that are kept in the database.
    pub fn sealer(&self) -> Sealer {
        Sealer(self.keychain().clone())
    }
}

impl Sealer {
    pub(crate) fn new(keychain: Arc<Keychain>) -> Self {
        Self(keychain)
    }

    /// Seals what is to be kept at this place, which has to be among [`COLUMNS`]. The same bytes look different each time.
    ///
    /// # Errors
    /// `Internal` when it is longer than 256 GB.
    pub fn seal(&self, place: &Place, plain: &[u8]) -> Result<Vec<u8>> {
        seal(&self.0.fresh(), place, plain).map_err(|cause| crate::error::internal(&cause))
    }

    /// What was sealed for this place.
    ///
    /// # Errors
    /// `Internal` when it was sealed for another place, with a key that this server does not have, or has changed; the log
    /// says which.
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<Vec<u8>> {
        let opened = match open(&self.0.known(), place, sealed) {
            // Another server may have a new key already.
            Err(Broken::Key(_)) => open(&self.0.fresh(), place, sealed),
            opened => opened,
        };
        opened.map_err(|broken| crate::error::internal(&broken.said_of(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: Place = Place { table: "people", row: 7, column: "code_sealed" };

    fn ring(bytes: &[u8]) -> Ring {
        let mut keys = bytes.iter().map(|byte| Key::new([*byte; 32]));
        Ring::new(keys.next().unwrap(), keys)
    }

    #[test]
    fn every_fault_has_words_of_its_own() {
        let sealed = seal(&ring(&[1]), &PLACE, b"hidden").unwrap();
        let of = |ring: &Ring, place: &Place, sealed: &[u8]| open(ring, place, sealed).unwrap_err();
        let mut damaged = sealed.clone();
        damaged[HEAD + NONCE] ^= 1;
        let other = Place { row: 8, ..PLACE };
        let found = [
            of(&ring(&[1]), &PLACE, &sealed[..HEAD + 3]),
            of(&ring(&[2]), &PLACE, &sealed),
            of(&ring(&[1]), &other, &sealed),
            of(&ring(&[1]), &PLACE, &damaged),
        ];
        let key = written(&id(&Key::new([1; 32])));
        assert_eq!(found, [Broken::Form, Broken::Key(key.clone()), Broken::Place, Broken::Damaged]);
        assert!(found[1].said_of(&PLACE).contains(&key));
        for broken in found {
            assert!(broken.said_of(&PLACE).contains("people.code_sealed of row 7"));
            assert!(!broken.said_of(&PLACE).contains("hidden"));
        }
    }

    #[test]
    fn keys_before_open_and_the_current_one_seals() {
        let old = seal(&ring(&[1]), &PLACE, b"x").unwrap();
        let both = ring(&[2, 1]);
        assert_eq!(open(&both, &PLACE, &old).unwrap(), b"x");
        let new = seal(&both, &PLACE, b"x").unwrap();
        assert_eq!(open(&ring(&[2]), &PLACE, &new).unwrap(), b"x");
        assert!(new.starts_with(&beginning(&Key::new([2; 32]))) && old.starts_with(&beginning(&Key::new([1; 32]))));
    }

    fn place() -> impl Strategy<Value = Place> {
        let names = prop::sample::select(vec!["a", "ab", "b", "people", "code_sealed"]);
        (names.clone(), any::<i64>(), names).prop_map(|(table, row, column)| Place { table, row, column })
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_at_its_place_with_its_key_only(
            plain: Vec<u8>, at in place(), elsewhere in place(), key: u8, other: u8,
        ) {
            let sealed = seal(&ring(&[key]), &at, &plain).unwrap();
            prop_assert_eq!(sealed.len(), plain.len() + LONGER);
            prop_assert_eq!(open(&ring(&[key]), &at, &sealed), Ok(plain.clone()));
            prop_assert_eq!(open(&ring(&[key]), &elsewhere, &sealed).is_ok(), at == elsewhere);
            prop_assert_eq!(open(&ring(&[other]), &at, &sealed).is_ok(), key == other);
            prop_assert_ne!(sealed, seal(&ring(&[key]), &at, &plain).unwrap());
        }

        #[test]
        fn no_flipped_bit_is_missed(plain: Vec<u8>, at: prop::sample::Index, bit in 0_u8..8) {
            let mut sealed = seal(&ring(&[1]), &PLACE, &plain).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&ring(&[1]), &PLACE, &sealed).is_err());
        }

        #[test]
        fn no_bytes_break_it(bytes: Vec<u8>, cut in 0_usize..80) {
            let mut sealed = seal(&ring(&[1]), &PLACE, b"some more than nothing").unwrap();
            sealed.truncate(cut.min(sealed.len() - 1));
            prop_assert!(open(&ring(&[1]), &PLACE, &sealed).is_err());
            prop_assert!(open(&ring(&[1]), &PLACE, &bytes).is_err());
        }
    }
}
