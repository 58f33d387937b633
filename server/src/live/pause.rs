//! Pauses between tries.

use std::time::Duration;

/// Pauses that double, from the first length to the last.
#[derive(Debug)]
pub struct Pause {
    range: (Duration, Duration),
    next: Duration,
}

impl Pause {
    pub fn new(range: (Duration, Duration)) -> Self {
        Self { range, next: range.0 }
    }

    /// How long to wait now.
    pub fn take(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(self.range.1);
        now
    }

    /// Something went well: the next pause is the first one again.
    pub fn reset(&mut self) {
        self.next = self.range.0;
    }
}
