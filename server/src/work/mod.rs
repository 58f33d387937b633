//! Work behind the pages: reactors that follow the events, and jobs that can fail or wait.

pub mod jobs;
pub mod reactors;

use store::Desk;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::live::Live;
use crate::post::Post;

/// The node's share of the work.
#[derive(Debug)]
pub struct Workers(Vec<JoinHandle<()>>);

impl Workers {
    /// Waits until each has finished what it was at. They take nothing new once the node stops.
    pub async fn finished(self) {
        for task in self.0 {
            if let Err(error) = task.await {
                tracing::error!(%error, "a worker ended badly");
            }
        }
    }
}

/// Starts the node's share of the work, until `stop`. Any number of nodes may do this on one database.
pub fn start(desk: Desk, post: &Post, live: &Live, stop: CancellationToken) -> Workers {
    let mut tasks = Vec::new();
    for reactor in reactors::ALL {
        tasks.push(tokio::spawn(reactors::run(desk.clone(), *reactor, live.position(), stop.clone())));
    }
    for _ in 0..jobs::WORKERS {
        tasks.push(tokio::spawn(jobs::run(desk.clone(), post.clone(), stop.clone())));
    }
    tasks.push(tokio::spawn(jobs::plan(desk, stop)));
    Workers(tasks)
}
