//! Runs the reactors. Each follows the events with its own cursor, and does its part in the transaction that moves it.

use std::time::Duration;

use domain::event::Position;
use domain::{Code, Error};
use futures::future::BoxFuture;
use store::{Desk, Tx};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How many events a reactor takes at once.
const BATCH: i64 = 500;
/// After the first new event more are waited for: what comes in a burst is one transaction, not many.
const GATHER: Duration = Duration::from_millis(50);
/// How long to wait when nobody calls: another node may have led until now, and stopped.
const POLL: Duration = Duration::from_secs(5);
/// The pauses after failures: the first, and the longest.
const FAILED: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// Something that follows the events.
#[derive(Clone, Copy, Debug)]
pub struct Reactor {
    /// Its name in the log and of its cursor.
    pub name: &'static str,
    /// Takes at most so many events. Returns how many it took; 0: there are none, or another node leads.
    pub react: for<'a> fn(&'a mut Tx, i64) -> BoxFuture<'a, Result<usize, Error>>,
}

/// All there are. Each has a task of its own, so that none waits for another.
pub const ALL: &[Reactor] =
    &[Reactor { name: store::counts::REACTOR, react: |tx, most| Box::pin(store::counts::react(tx, most)) }];

/// Runs one reactor whenever there are new events, until `stop`. A failing one is tried again with growing pauses.
pub async fn run(desk: Desk, reactor: Reactor, position: watch::Receiver<Option<Position>>, stop: CancellationToken) {
    // Cut off in the middle, a transaction is rolled back and its part is done again by whoever leads next.
    tokio::select! {
        () = stop.cancelled() => {}
        () = follow(&desk, reactor, position) => {}
    }
}

async fn follow(desk: &Desk, reactor: Reactor, mut position: watch::Receiver<Option<Position>>) {
    let mut pause = FAILED.0;
    loop {
        position.mark_unchanged();
        if let Err(error) = all(desk, reactor).await {
            // That the database is away is said elsewhere already.
            if error.code != Code::Unavailable {
                tracing::error!(%error, reactor = reactor.name, "a reactor failed and will be tried again");
            }
            sleep(pause).await;
            pause = (pause * 2).min(FAILED.1);
            continue;
        }
        pause = FAILED.0;
        tokio::select! {
            () = sleep(POLL) => {}
            changed = position.changed() => {
                if changed.is_err() {
                    return;
                }
                sleep(GATHER).await;
            }
        }
    }
}

/// Takes all that wait, batch by batch.
async fn all(desk: &Desk, reactor: Reactor) -> Result<(), Error> {
    loop {
        let mut tx = desk.begin().await?;
        if (reactor.react)(&mut tx, BATCH).await? == 0 {
            return Ok(());
        }
        tx.commit_quietly().await?;
    }
}
