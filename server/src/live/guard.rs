//! Closes the sockets of those who are no longer signed in, or are no longer who they were.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{Principal, UserId};
use store::live::Holder;
use tokio::time::sleep;

use super::Live;
use super::outlet::{Close, Outlet};

/// How often all sockets are looked at, in one statement. Signing out is noticed at once by its event.
const ROUND: Duration = Duration::from_secs(30);

/// Looks at all sockets again and again, until the node stops.
pub async fn run(live: Live) {
    loop {
        tokio::select! {
            () = live.stop().cancelled() => return,
            () = sleep(ROUND) => check(&live, None).await,
        }
    }
}

/// Looks at the sockets of these people, or of all, without keeping the caller.
pub fn check_soon(live: &Live, users: Option<HashSet<UserId>>) {
    let live = live.clone();
    tokio::spawn(async move { check(&live, users.as_ref()).await });
}

async fn check(live: &Live, users: Option<&HashSet<UserId>>) {
    let sockets = live.hub().sockets(users);
    if sockets.is_empty() {
        return;
    }
    let holders: HashSet<Holder> = sockets.iter().map(|s| s.holder).collect();
    let holders: Vec<Holder> = holders.into_iter().collect();
    match store::live::still_here(live.desk(), &holders).await {
        Ok(found) => judge(&sockets, &found.into_iter().collect()),
        // While the database is away nobody is thrown out: the next round will see.
        Err(error) => tracing::warn!(%error, "open sockets could not be checked"),
    }
}

fn judge(sockets: &[Arc<Outlet>], found: &HashMap<Holder, Principal>) {
    for socket in sockets {
        match (found.get(&socket.holder), socket.actor.principal()) {
            (None, _) => socket.close(Close::SignedOut),
            (Some(now), Some(then)) if !same_rights(now, then) => socket.close(Close::Changed),
            _ => {}
        }
    }
}

/// Whether nothing has changed that the policy asks for.
fn same_rights(a: &Principal, b: &Principal) -> bool {
    let rights = |p: &Principal| (p.role, p.company, p.sees_company, p.permissions);
    rights(a) == rights(b) && a.teams == b.teams
}
