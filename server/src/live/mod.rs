//! Live updates: what happens on any node is seen in every open tab that may see it.
//!
//! [`follower`] reads the events and hands them to the [`hub`], which knows who follows what on this node. A [`socket`]
//! is one browser tab; [`follow`] lets it catch up from where it left off. [`presence`] knows who is looking and typing,
//! [`numbers`] tells the numbers of the rail, [`notify`] carries calls between nodes, [`guard`] closes the sockets of those who are no longer signed in.
//!
//! Nothing here is the only place where something is known: every node can stop at any time, and browsers go on with
//! another one from the position they have.

pub mod follow;
mod follower;
mod guard;
pub mod hub;
mod notify;
mod numbers;
pub mod outlet;
mod pause;
pub mod presence;
pub mod socket;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::event::Position;
use store::Desk;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use hub::Hub;
use notify::Peers;
use numbers::Numbers;
use presence::Presence;

/// The live side of one node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    desk: Desk,
    stop: CancellationToken,
    /// Tells this node's calls from those of others.
    node: u64,
    hub: Hub,
    presence: Presence,
    numbers: Numbers,
    peers: Peers,
    /// Up to where the events have been passed on; `None` until the database has answered for the first time.
    position: watch::Sender<Option<Position>>,
    /// Another node has called.
    heard: Notify,
    /// Something was committed here that other nodes should read.
    to_announce: Notify,
    /// Some server has got a certificate, or one is to be asked for at once.
    certified: Notify,
    /// What runs until the node stops.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Live {
    /// Starts following the events of this desk, until `stop`. Waits for nothing: while the database is away it tries
    /// again, and loses nothing that happened since it was first there.
    pub fn start(desk: Desk, stop: CancellationToken) -> Self {
        let node: u64 = rand::random();
        let live = Self(Arc::new(Inner {
            desk,
            stop,
            node,
            hub: Hub::default(),
            presence: Presence::new(node),
            numbers: Numbers::default(),
            peers: Peers::default(),
            position: watch::Sender::new(None),
            heard: Notify::new(),
            to_announce: Notify::new(),
            certified: Notify::new(),
            tasks: Mutex::default(),
        }));
        let tasks = vec![
            tokio::spawn(follower::run(live.clone())),
            tokio::spawn(notify::listen(live.clone())),
            tokio::spawn(notify::announce(live.clone())),
            tokio::spawn(presence::run(live.clone())),
            tokio::spawn(numbers::run(live.clone())),
            tokio::spawn(guard::run(live.clone())),
            tokio::spawn(end(live.clone())),
        ];
        live.tasks().extend(tasks);
        live
    }

    /// Up to where the events have been passed on, to be watched: whoever works on events wakes by it.
    pub fn position(&self) -> watch::Receiver<Option<Position>> {
        self.0.position.subscribe()
    }

    /// How many sockets are open on this node, to be watched.
    pub fn sockets(&self) -> watch::Receiver<usize> {
        self.0.hub.count()
    }

    /// Waits until some server has got a certificate for HTTPS, or one is to be asked for at once. For one who waits: what has happened since is not missed.
    pub async fn certified(&self) {
        self.0.certified.notified().await;
    }

    /// Waits until all sockets are closed. They are asked to when the node stops.
    pub async fn closed(&self) {
        let mut count = self.0.hub.count();
        // The sender lives as long as `self`, so this cannot fail.
        let _ = count.wait_for(|open| *open == 0).await;
    }

    /// Waits, once the node has been asked to stop, until all has been said that is said in the end: the other nodes are
    /// told that nobody is here any more. Before that the database must not be closed.
    pub async fn ended(&self) {
        let tasks = std::mem::take(&mut *self.tasks());
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the live updates ended badly");
            }
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.0.desk
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    fn hub(&self) -> &Hub {
        &self.0.hub
    }

    fn presence(&self) -> &Presence {
        &self.0.presence
    }

    fn numbers(&self) -> &Numbers {
        &self.0.numbers
    }

    fn node(&self) -> u64 {
        self.0.node
    }

    fn moved_to(&self, position: Position) {
        self.0.position.send_replace(Some(position));
    }

    fn heard(&self) -> &Notify {
        &self.0.heard
    }

    /// Tells the other nodes, if there are any, that there is something to read.
    fn announce(&self) {
        if self.has_peers() {
            self.0.to_announce.notify_one();
        }
    }

    fn has_peers(&self) -> bool {
        self.0.peers.are_there(Instant::now())
    }
}

/// Sends the browsers to another node, or to this one when it is back.
async fn end(live: Live) {
    live.stop().cancelled().await;
    live.hub().close_all(outlet::Close::Restart);
}
