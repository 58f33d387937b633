//! The one reader of the events on this node: it waits until something may have happened, reads what is new in order,
//! and passes it on.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use domain::event::Position;
use domain::live::ToBrowser;
use domain::ticket::Ticket;
use domain::timeline::Entry;
use domain::{Code, Result, TagId, TicketId, UserId};
use store::counts;
use store::live::{Batch, Signal};
use tokio::time::{Instant, sleep, sleep_until};

use super::hub::{Changed, text};
use super::pause::Pause;
use super::{Live, guard};

/// How many events are read at once. Each may bring a socket a few messages: one batch never fills its queue, and while
/// the next one is read the sockets send.
const BATCH: i64 = 100;
/// The commits of this process and the calls of other nodes wake it. This is for what comes past both: a program that
/// writes without calling, a call that was lost.
const POLL: Duration = Duration::from_secs(2);
/// How soon it looks again after something that waits behind a running transaction; doubled up to the second.
const PENDING: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));
/// The same after a failure of the database.
const FAILED: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));
/// When the events could not be read for so long, open pages are told that the database is away.
const AWAY: Duration = Duration::from_secs(3);
/// When nobody watches, commits are gathered for this long: reading after each would cost each of them something.
const GATHER: Duration = Duration::from_millis(25);
/// After so many failures of our own making a batch is passed over; who watches is told to read the page again.
const GIVE_UP: u32 = 3;

/// What one look at the events came to.
enum Step {
    /// There is more, right now.
    More,
    /// Something waits behind a running transaction.
    Pending,
    /// Nothing, until somebody calls.
    Idle,
}

/// Follows the events until the node stops.
pub async fn run(live: Live) {
    tokio::select! {
        () = live.stop().cancelled() => {}
        () = follow(&live) => {}
    }
}

async fn follow(live: &Live) {
    let mut follower = Follower { position: start(live).await, failures: 0, ghosts: HashSet::new(), live };
    let mut pending = Pause::new(PENDING);
    let mut failed = Pause::new(FAILED);
    let (mut good, mut away) = (true, Instant::now());
    loop {
        if good {
            away = Instant::now() + AWAY;
        }
        let done = {
            let mut step = pin!(follower.step());
            tokio::select! {
                biased;
                done = &mut step => done,
                // It may wait for a connection for longer than people should wonder why nothing happens.
                () = sleep_until(away) => {
                    live.hub().database(true);
                    step.await
                }
            }
        };
        good = done.is_ok();
        let pause = match done {
            Ok(step) => {
                live.hub().database(false);
                failed.reset();
                match step {
                    Step::More => continue,
                    Step::Pending => pending.take(),
                    Step::Idle => {
                        pending.reset();
                        POLL
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the events cannot be read right now");
                failed.take()
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = live.heard().notified() => {}
            () = live.desk().committed() => {
                live.announce();
                if live.hub().is_empty() && !live.has_peers() {
                    sleep(GATHER).await;
                }
            }
        }
    }
}

/// The place from which this node reads. Tried until the database answers.
async fn start(live: &Live) -> Position {
    let mut failed = Pause::new(FAILED);
    loop {
        let found = async {
            let mut conn = live.desk().read().await?;
            let position = store::events::position_now(&mut conn).await?;
            // Read later, so that none falls between: what is after the position comes by itself.
            let reset = store::live::last_reset(&mut conn).await?;
            Ok::<_, domain::Error>((position, reset, store::live::last_event(&mut conn).await?))
        };
        match found.await {
            Ok((position, reset, last)) => {
                live.hub().start(position, reset);
                // The numbers may be behind already.
                live.numbers().moved(last);
                live.moved_to(position);
                return position;
            }
            Err(error) => {
                tracing::warn!(%error, "live updates wait for the database");
                sleep(failed.take()).await;
            }
        }
    }
}

/// What happened longer ago than this, and is told only now, is history that was brought in.
const OLD_MS: i64 = 86_400_000;

struct Follower<'a> {
    live: &'a Live,
    /// Everything up to here has been passed on.
    position: Position,
    /// How often in a row passing on has failed through our own fault.
    failures: u32,
    /// Ids of tags that the catalog does not know even when read afresh.
    ghosts: HashSet<TagId>,
}

impl Follower<'_> {
    async fn step(&mut self) -> Result<Step> {
        let mut conn = self.live.desk().read().await?;
        let Batch { signals, more, pending } = store::live::next(&mut conn, self.position, BATCH).await?;
        drop(conn);
        let Some(last) = signals.last().map(|s| s.position) else {
            return Ok(if pending { Step::Pending } else { Step::Idle });
        };
        if let Err(error) = self.pass_on(&signals, last).await {
            if error.code != Code::Internal || self.failures + 1 < GIVE_UP {
                self.failures += u32::from(error.code == Code::Internal);
                return Err(error);
            }
            tracing::error!(%error, ?last, "events could not be passed on; pages that show them are told to read again");
            self.live.hub().reset(&signals.iter().filter_map(|s| s.ticket).collect());
        }
        self.failures = 0;
        self.position = last;
        self.live.moved_to(last);
        let moves = |s: &&Signal| counts::moves(&s.kind) || s.kind.starts_with("settings.");
        if let Some(signal) = signals.iter().rfind(moves) {
            self.live.numbers().moved(signal.position);
        }
        Ok(if more {
            Step::More
        } else if pending {
            Step::Pending
        } else {
            Step::Idle
        })
    }

    /// Loads what somebody wants of these, once, and hands it on in order.
    async fn pass_on(&mut self, signals: &[Signal], last: Position) -> Result<()> {
        // A changed catalog comes before the tickets that use it.
        if signals.iter().any(|s| s.kind.starts_with("settings.")) {
            self.live.desk().refresh_catalog().await?;
            self.ghosts.clear();
        }
        self.check_sessions(signals);
        if signals.iter().any(|s| matches!(&*s.kind, "settings.certificate_obtained" | "settings.certificate_asked")) {
            self.live.0.certified.notify_one();
        }
        if let Some(signal) = signals.iter().rfind(|s| s.kind == "settings.priorities_applied") {
            self.live.hub().reset_staff(signal.position);
        }
        let touched: HashSet<TicketId> = signals.iter().filter_map(|s| s.ticket).collect();
        let since = self.live.desk().now().plus_millis(-OLD_MS);
        let fresh: HashSet<TicketId> = signals.iter().filter(|s| s.at >= since).filter_map(|s| s.ticket).collect();
        let mut wanted = self.live.hub().begin(last, &touched);
        // What is brought in from elsewhere is no news: only who has that very ticket open is told.
        wanted.all.retain(|ticket| fresh.contains(ticket) || wanted.pages.contains(ticket));
        if wanted.all.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = wanted.all.iter().map(|t| t.0).collect();
        let shown = |s: &&Signal| s.shown && s.ticket.is_some_and(|t| wanted.pages.contains(&t));
        let entry_ids: Vec<i64> = signals.iter().filter(shown).map(|s| s.position.id).collect();
        let (tickets, mut entries) = self.load(&ids, &entry_ids).await?;
        self.check_tags(&tickets).await?;

        let mut last_of: HashMap<TicketId, Position> = HashMap::new();
        for s in signals {
            if let Some(ticket) = s.ticket {
                last_of.insert(ticket, s.position);
            }
        }
        let hub = self.live.hub();
        for s in signals {
            let Some(ticket) = s.ticket.and_then(|id| tickets.get(&id)) else { continue };
            let position = s.position;
            if let Some(author) = s.actor.filter(|_| s.kind.starts_with("message.")) {
                self.live.presence().wrote(ticket.id, author);
            }
            if let Some(entry) = entries.remove(&position.id) {
                let message = text(&ToBrowser::Entry { ticket: ticket.id, entry, position });
                hub.entry(ticket.facts(), ticket.id, s.public, position, &message);
            }
            if last_of.get(&ticket.id) == Some(&position) {
                hub.ticket(&Changed::new(ticket, position));
            }
        }
        Ok(())
    }

    async fn load(&self, tickets: &[i64], entries: &[i64]) -> Result<(HashMap<TicketId, Ticket>, HashMap<i64, Entry>)> {
        let mut conn = self.live.desk().read().await?;
        let entries = match entries {
            [] => Vec::new(),
            ids => store::tickets::timeline::entries(&mut conn, ids).await?,
        };
        // After the entries, so that a ticket is never older than what its page has just been told.
        let tickets = store::tickets::row::load_many(&mut conn, tickets).await?;
        Ok((tickets.into_iter().map(|t| (t.id, t)).collect(), entries.into_iter().map(|e| (e.id.0, e)).collect()))
    }

    /// A tag that another node has made: its name is needed before a page shows it.
    async fn check_tags(&mut self, tickets: &HashMap<TicketId, Ticket>) -> Result<()> {
        let unknown = |live: &Live| -> HashSet<TagId> {
            let catalog = live.desk().catalog();
            tickets.values().flat_map(|t| &t.tags).filter(|t| catalog.tag(**t).is_none()).copied().collect()
        };
        if unknown(self.live).is_subset(&self.ghosts) {
            return Ok(());
        }
        self.live.desk().refresh_catalog().await?;
        self.ghosts.extend(unknown(self.live));
        Ok(())
    }

    /// Somebody signed out somewhere: their sockets are looked at now, not at the next round.
    fn check_sessions(&self, signals: &[Signal]) {
        let harmless = ["account.signed_in", "account.sign_in_failed", "account.registered", "access.log_exported"];
        let own = ["account.signed_out", "account.sessions_revoked"];
        let mut users: HashSet<UserId> = HashSet::new();
        let about_access = |s: &&Signal| {
            let known = s.kind.starts_with("account.") || s.kind.starts_with("access.");
            known && !harmless.contains(&s.kind.as_str())
        };
        for s in signals.iter().filter(about_access) {
            match s.actor {
                Some(user) if own.contains(&s.kind.as_str()) => {
                    users.insert(user);
                }
                // Done to somebody else, or something new: everybody is looked at.
                _ => return guard::check_soon(self.live, None),
            }
        }
        if !users.is_empty() {
            guard::check_soon(self.live, Some(users));
        }
    }
}
