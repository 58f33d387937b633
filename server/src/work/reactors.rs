//! Runs the reactors. Each has its own cursor, and does its part in the transaction that moves the cursor.

use std::time::Duration;

use domain::event::Position;
use domain::{Code, Error};
use store::Desk;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How many events a reactor takes at once.
const BATCH: i64 = 200;
/// How long to wait when nobody calls: another node may have led until now, and stopped.
const POLL: Duration = Duration::from_secs(5);
/// The longest pause after a failure.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs every reactor whenever there are new events. A failing one is tried again with growing pauses.
pub async fn run(desk: Desk, mut position: watch::Receiver<Option<Position>>, stop: CancellationToken) {
    let mut pause = POLL;
    loop {
        match counts(&desk).await {
            Ok(()) => pause = POLL,
            Err(error) => {
                // That the database is away is said elsewhere already.
                if error.code != Code::Unavailable {
                    tracing::error!(%error, reactor = store::counts::REACTOR, "a reactor failed and will be tried again");
                }
                pause = (pause * 2).min(LONGEST);
                let waited = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                if waited.is_none() {
                    return;
                }
                continue;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            changed = position.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Takes all waiting events into the numbers of tickets.
async fn counts(desk: &Desk) -> Result<(), Error> {
    loop {
        let mut tx = desk.begin().await?;
        let taken = store::counts::react(&mut tx, BATCH).await?;
        if taken == 0 {
            return Ok(());
        }
        tx.commit_quietly().await?;
    }
}
