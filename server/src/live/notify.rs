//! Calls between nodes: hearing them, and saying that there is something to read.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::live::{Channel, Listener};
use tokio::time::{Instant, sleep};

use super::Live;

/// Commits of this node are announced at most this often. Many commits, one call: PostgreSQL lets only one transaction
/// with a `NOTIFY` commit at a time.
const GAP: Duration = Duration::from_millis(5);
/// How long after its last call another node still counts as there. They say that they live every four seconds.
const PEER: Duration = Duration::from_secs(30);
/// A node hears itself too. After so long without any call the connection is taken for dead.
const SILENCE: Duration = Duration::from_secs(20);
/// Pause before another try to reach the database.
const RETRY: Duration = Duration::from_millis(500);

/// Whether there are other nodes. A desk on one node saves itself the calls.
#[derive(Debug, Default)]
pub struct Peers(Mutex<Option<Instant>>);

impl Peers {
    fn heard(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Whether another node has been heard of lately.
    pub fn are_there(&self, now: Instant) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| now.saturating_duration_since(last) < PEER)
    }
}

/// Hears the calls of all nodes until this one stops, on a connection that is made again whenever it breaks.
pub async fn listen(live: Live) {
    loop {
        let heard = tokio::select! {
            () = live.stop().cancelled() => return,
            heard = hear(&live) => heard,
        };
        if let Err(error) = heard {
            tracing::warn!(%error, "the calls of other nodes cannot be heard right now");
        }
        tokio::select! {
            () = live.stop().cancelled() => return,
            () = sleep(RETRY) => {}
        }
    }
}

async fn hear(live: &Live) -> domain::Result<()> {
    let mut listener = Listener::connect(live.desk()).await?;
    // Calls may have been missed until now; and the others learn of this node, and tell it what they know.
    live.heard().notify_one();
    live.presence().greet();
    loop {
        let Ok(call) = tokio::time::timeout(SILENCE, listener.hear()).await else {
            tracing::warn!("no call for a long time, not even our own: listening anew");
            return Ok(());
        };
        match call? {
            Some((channel, payload)) => take(live, channel, &payload),
            None => {
                live.heard().notify_one();
                live.presence().greet();
            }
        }
    }
}

fn take(live: &Live, channel: Channel, payload: &str) {
    let now = Instant::now();
    match channel {
        Channel::Events => {
            if payload.parse() != Ok(live.node()) {
                live.0.peers.heard(now);
                live.heard().notify_one();
            }
        }
        Channel::Presence => {
            if live.presence().heard(payload, now) {
                live.0.peers.heard(now);
            }
        }
    }
}

/// Tells the other nodes about the commits of this one, until it stops.
pub async fn announce(live: Live) {
    let payload = [live.node().to_string()];
    loop {
        tokio::select! {
            () = live.stop().cancelled() => return,
            () = live.0.to_announce.notified() => {}
        }
        // A call that fails is not repeated: the others look for themselves every two seconds.
        if let Err(error) = store::live::call(live.desk(), Channel::Events, &payload).await {
            tracing::warn!(%error, "other nodes could not be called");
        }
        sleep(GAP).await;
    }
}
