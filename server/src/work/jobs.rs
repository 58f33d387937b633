//! Takes jobs and does them.

use std::time::Duration;

use domain::event::Position;
use domain::{Code, Error};
use store::jobs::{self, Job, Work};
use store::{Desk, sweep};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How many jobs one node does at once.
pub const WORKERS: usize = 2;
/// How long to wait when nobody calls.
const POLL: Duration = Duration::from_secs(5);
/// How long one job may take: less than another worker waits before it takes it over.
const LIMIT: Duration = Duration::from_secs(4 * 60);

/// Does job after job until `stop`; the one at hand is finished.
pub async fn run(desk: Desk, mut position: watch::Receiver<Option<Position>>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match one(&desk).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) if error.code == Code::Unavailable => {}
            Err(error) => tracing::error!(%error, "a job could not be taken or put back"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
            changed = position.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Plans what comes round: once per database, however many nodes start.
pub async fn plan(desk: Desk, stop: CancellationToken) {
    loop {
        let planned = async {
            let mut tx = desk.begin().await?;
            let now = tx.now;
            jobs::enqueue(&mut tx, &Work::Sweep, now, -10, Some("sweep")).await?;
            tx.commit_quietly().await
        };
        match planned.await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "the clearing up could not be planned"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(POLL)).await.is_none() {
            return;
        }
    }
}

/// Takes the next job, if one is due, and does it. `false`: none is due.
async fn one(desk: &Desk) -> Result<bool, Error> {
    let mut tx = desk.begin().await?;
    let Some(job) = jobs::take(&mut tx).await? else {
        return Ok(false);
    };
    tx.commit_quietly().await?;
    let outcome = match tokio::time::timeout(LIMIT, perform(desk, &job)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::new(Code::Unavailable, "It took too long.")),
    };
    let mut tx = desk.begin().await?;
    match outcome {
        Ok(()) => jobs::finish(&mut tx, &job).await?,
        Err(error) => {
            tracing::warn!(job = job.id, attempts = job.attempts, %error, "a job failed");
            jobs::fail(&mut tx, &job, &error.message).await?;
        }
    }
    // What comes round is planned again only when this one is gone: two of a kind never wait at once.
    if job.work == Work::Sweep {
        let next = tx.now.plus_millis(sweep::EVERY_MS);
        jobs::enqueue(&mut tx, &Work::Sweep, next, -10, Some("sweep")).await?;
    }
    tx.commit_quietly().await?;
    Ok(true)
}

async fn perform(desk: &Desk, job: &Job) -> Result<(), Error> {
    match &job.work {
        Work::DeleteFile { key } => sweep::delete_file(desk, key).await,
        Work::Sweep => sweep::sweep(desk).await,
    }
}
