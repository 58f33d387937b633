//! Which identities on channels lines of customers may take: each leads to one person.

use crate::{Tx, customers::channels};
use domain::{
    Result,
    channel::{Channel, Identity},
    error::Problems,
};
use std::collections::HashMap;

/// Who has the identities that lines name, and which of these lines have taken.
#[derive(Default)]
pub(super) struct Identities {
    owners: HashMap<(Channel, String), i64>,
    /// By whom: `None`: by somebody who is only made.
    taken: HashMap<(Channel, String), Option<i64>>,
}

impl Identities {
    /// At most one statement. `lines`: those of a form, of each line of the file.
    pub async fn load(tx: &mut Tx, lines: impl Iterator<Item = &str>) -> Result<Self> {
        let all: Vec<Identity> = lines.flat_map(named).collect();
        let owners = channels::owners(tx, &all.iter().collect::<Vec<_>>()).await?;
        let owners = owners.into_iter().map(|(key, owner)| (key, owner.id)).collect();
        Ok(Self { owners, taken: HashMap::new() })
    }

    /// Errors: one of these is somebody else's. It is not said whose: reasons are kept with the file.
    pub fn demand(&self, own: Option<i64>, wanted: &[Identity]) -> std::result::Result<(), String> {
        let others = |one: &&Identity| {
            let owner = self.owners.get(&key(one)).is_some_and(|owner| Some(*owner) != own);
            owner || self.taken.get(&key(one)).is_some_and(|by| by.is_none() || *by != own)
        };
        wanted.iter().find(others).map_or(Ok(()), |one| Err(one.taken("another customer")))
    }

    /// They are this person's now.
    pub fn take(&mut self, own: Option<i64>, wanted: &[Identity]) {
        self.taken.extend(wanted.iter().map(|one| (key(one), own)));
    }
}

fn key(one: &Identity) -> (Channel, String) {
    (one.channel, one.identifier.clone())
}

/// Identities in lines of a form, without what is wrong there.
pub(super) fn named(lines: &str) -> Vec<Identity> {
    Identity::read_all(lines, &mut Problems::default())
}
