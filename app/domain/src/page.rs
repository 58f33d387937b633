//! Keyset pages: a list is cut by what its last row sorts by, never by an offset, so page 1,000 costs what page 1 costs.

use crate::event::Position;
use serde::{Deserialize, Serialize};

/// The most rows one page may have.
pub const MAX: u32 = 100;

/// One page of a list, and where the next one starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Hand this back to get what follows; `None` at the end.
    pub next: Option<String>,
    /// Live updates start from here, where the list has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), next: None, position: None }
    }
}

/// A page size as asked for, kept within its bounds.
pub fn size(asked: Option<u32>) -> u32 {
    asked.unwrap_or(40).clamp(1, MAX)
}
