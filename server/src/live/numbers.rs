//! The numbers beside the places of the rail, told to every tab of staff on this node.
//!
//! They are read once for all tabs, when an event has moved them and the reactor that keeps them has come past it. So
//! ten thousand tabs cost what one costs: a statement now and then, and nothing while nothing happens.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::event::Position;
use store::counts::Waiting;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::Live;
use super::pause::Pause;

/// The numbers are told at most this often.
const GAP: Duration = Duration::from_secs(1);
/// The reactor gathers events itself; looking before it is through would be in vain.
const GATHER: Duration = Duration::from_millis(100);
/// How soon it looks again while the reactor is behind, or the database away: first, and in the end.
const BEHIND: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// After so long they are read even if no event has moved them: they may have been counted afresh.
const ROUND: Duration = Duration::from_secs(300);

/// Whether the numbers that are known still hold.
#[derive(Debug, Default)]
pub struct Numbers {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The last event that moved a number.
    moved: Position,
    /// Something has happened since they were read.
    stale: bool,
}

impl Numbers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event that moves a number has happened, or a setting has changed which tickets count.
    pub fn moved(&self, position: Position) {
        let mut state = self.state();
        state.moved = state.moved.max(position);
        state.stale = true;
        drop(state);
        self.wake.notify_one();
    }

    /// Somebody wants to be told. `known`: they were told what was last read.
    pub fn asked(&self, known: bool) {
        if !known || self.state().stale {
            self.wake.notify_one();
        }
    }
}

/// Tells the numbers until the node stops.
pub async fn run(live: Live) {
    tokio::select! {
        () = live.stop().cancelled() => {}
        () = tell(&live) => {}
    }
}

async fn tell(live: &Live) {
    let mut last: Option<Instant> = None;
    loop {
        tokio::select! {
            () = live.numbers().wake.notified() => {}
            () = sleep(ROUND) => {}
        }
        if !live.hub().wants_counts() {
            last = None;
            continue;
        }
        // The first one who asks waits for nothing.
        if let Some(last) = last {
            sleep_until((last + GAP).max(Instant::now() + GATHER)).await;
        }
        let mut behind = Pause::new(BEHIND);
        while live.hub().wants_counts() && !read(live).await {
            sleep(behind.take()).await;
        }
        last = Some(Instant::now());
    }
}

/// Reads and tells them. `false`: they are not yet what they will be.
async fn read(live: &Live) -> bool {
    live.numbers().state().stale = false;
    let active = live.desk().catalog().active();
    let found = async { Waiting::load(&mut *live.desk().read().await?, &active).await }.await;
    match found {
        Ok(found) => {
            let position = found.position;
            live.hub().counts(found);
            position >= live.numbers().state().moved
        }
        Err(error) => {
            tracing::warn!(%error, "the numbers of the rail cannot be read right now");
            live.numbers().state().stale = true;
            false
        }
    }
}
