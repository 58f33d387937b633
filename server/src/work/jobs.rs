//! Takes jobs and does them.

use std::time::Duration;

use domain::{Actor, Code, Error, MailId, UserId};
use store::jobs::{self, Job, Work};
use store::settings::priorities;
use store::{Desk, people, sweep};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::post::Post;

/// How many jobs one node does at once.
pub const WORKERS: usize = 2;
/// How long to wait when nobody calls.
const POLL: Duration = Duration::from_secs(5);
/// How long one job may take.
const LIMIT: Duration = Duration::from_secs(4 * 60);
/// How often whoever is at a job says so: several times before another worker would take it over.
const HEARD: Duration = Duration::from_secs(15);

/// Does job after job until `stop`; the one at hand is finished.
pub async fn run(desk: Desk, post: Post, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match one(&desk, &post).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) if error.code == Code::Unavailable => {}
            Err(error) => tracing::error!(%error, "a job could not be taken or put back"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
            () = desk.enqueued() => {}
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
///
/// # Errors
/// When a job could not be taken, or what became of it not be noted: then it is taken again after its time.
pub async fn one(desk: &Desk, post: &Post) -> Result<bool, Error> {
    let mut tx = desk.begin().await?;
    let Some(job) = jobs::take(&mut tx).await? else {
        return Ok(false);
    };
    tx.commit_quietly().await?;
    // There may be more: the other worker need not wait until this one is through.
    desk.call_worker();
    let outcome = attempt(desk, post, &job).await;
    let mut tx = desk.begin().await?;
    match outcome {
        Ok(()) => jobs::finish(&mut tx, &job).await?,
        // The server has said that it will not take this mail, or its address is none: asking again is a nuisance.
        Err(error) if matches!(job.work, Work::Letter { .. }) && error.code == Code::Invalid => {
            tracing::error!(job = job.id, %error, "a mail cannot be sent; it is listed under Settings, Mails");
            jobs::give_up(&mut tx, &job, &error.message).await?;
        }
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

/// Does a job within its time. In a task of its own, so that one that panics is a failed job and not a lost worker.
async fn attempt(desk: &Desk, post: &Post, job: &Job) -> Result<(), Error> {
    // Taken more often than it may be, it has ended whoever did it before they could say so. It is not tried again.
    if job.attempts > job.max_attempts {
        return Err(Error::new(Code::Internal, "It has ended the server or was never done in time, again and again."));
    }
    let (of_task, post, work) = (desk.clone(), post.clone(), job.clone());
    let mut task = tokio::spawn(async move { perform(&of_task, &post, &work).await });
    let until = Instant::now() + LIMIT;
    loop {
        match tokio::time::timeout(HEARD, &mut task).await {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(error)) => {
                tracing::error!(job = job.id, %error, "a job broke off");
                return Err(Error::new(Code::Internal, "It broke off."));
            }
            Err(_) if Instant::now() >= until => {
                task.abort();
                return Err(Error::new(Code::Unavailable, "It took too long."));
            }
            Err(_) => {
                if let Err(error) = jobs::still_at(desk, job).await {
                    tracing::warn!(job = job.id, %error, "it could not be said that this job is being done");
                }
            }
        }
    }
}

async fn perform(desk: &Desk, post: &Post, job: &Job) -> Result<(), Error> {
    match &job.work {
        Work::DeleteFile { key } => sweep::delete_file(desk, key).await,
        Work::Sweep => sweep::sweep(desk).await,
        Work::ApplyPriorities { again } => priorities::apply(desk, *again).await,
        Work::Retain => store::retention::work(desk).await,
        Work::TryMail { mail, by } => try_mail(desk, *mail, *by).await,
        Work::Import { import } => store::imports::work(desk, *import).await,
        Work::ClearField { field, of } => store::fields::define::clear(desk, *field, *of).await,
        Work::Export { export } => store::customers::export::make(desk, *export).await,
        Work::Errand { errand, again } => store::errands::work(desk, *errand, *again).await,
        Work::Letter { letter } => post.letter(desk, job.id, letter).await,
    }
}

/// Tries a mail of the quarantine again, for somebody who may no longer be there.
async fn try_mail(desk: &Desk, mail: MailId, by: UserId) -> Result<(), Error> {
    let tried = async {
        let person = people::principal(&mut *desk.read().await?, by).await?;
        store::mails::try_again(desk, &Actor::user(person, None), mail, crate::mail::parse).await
    };
    match tried.await {
        // Somebody else was quicker, or whoever asked for it may not any more: there is nothing to be done again.
        Err(error) if matches!(error.code, Code::NotFound | Code::Forbidden) => Ok(()),
        other => other.map(|_| ()),
    }
}
