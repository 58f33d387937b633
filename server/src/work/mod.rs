//! Work behind the pages: reactors that follow the events, and jobs that can fail or wait.

mod jobs;
mod reactors;

use store::Desk;
use tokio_util::sync::CancellationToken;

use crate::live::Live;

/// Starts the node's share of the work, until `stop`. Any number of nodes may do this on one database.
pub fn start(desk: Desk, live: &Live, stop: CancellationToken) {
    tokio::spawn(reactors::run(desk.clone(), live.position(), stop.clone()));
    for _ in 0..jobs::WORKERS {
        tokio::spawn(jobs::run(desk.clone(), live.position(), stop.clone()));
    }
    tokio::spawn(jobs::plan(desk, stop));
}
