//! What nodes tell each other.

use domain::ticket::Writing;
use domain::{TicketId, UserId};
use serde::{Deserialize, Serialize};
use store::live::CALL_MAX;

/// What one node tells the others. Without seats: that it lives.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Call {
    pub node: u64,
    /// The node is new: the others tell it what they know.
    #[serde(default)]
    pub hello: bool,
    /// The node stops: all of its people are gone.
    #[serde(default)]
    pub bye: bool,
    #[serde(default)]
    pub seats: Vec<Told>,
}

/// One person at one ticket, as told to other nodes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub ticket: TicketId,
    pub user: UserId,
    pub name: String,
    /// Nothing from nodes of an earlier release.
    #[serde(default)]
    pub picture: Option<i64>,
    pub staff: bool,
    pub here: bool,
    pub typing: Option<Writing>,
}

pub(super) fn written(call: &Call) -> Option<String> {
    serde_json::to_string(call).inspect_err(|error| tracing::error!(%error, "a call could not be written down")).ok()
}

/// Splits what there is to tell into calls that PostgreSQL carries.
pub(super) fn calls(node: u64, hello: bool, told: Vec<Told>) -> Vec<String> {
    // What surrounds the list, and what is kept free.
    const AROUND: usize = 200;
    let mut calls = Vec::new();
    let mut call = Call { node, hello, ..Call::default() };
    let mut size = AROUND;
    for one in told {
        // A name may grow sixfold when it is written as JSON.
        let length = 160 + one.name.len() * 6;
        if size + length > CALL_MAX {
            calls.extend(written(&call));
            call = Call { node, ..Call::default() };
            size = AROUND;
        }
        size += length;
        call.seats.push(one);
    }
    calls.extend(written(&call));
    calls
}
