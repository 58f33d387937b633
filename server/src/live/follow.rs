//! Following a topic from a position on: may they, what did they miss, and from where on it comes by itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use domain::event::Position;
use domain::live::{CATCH_UP_MAX, ToBrowser, Topic};
use domain::policy::{self, Action};
use domain::{Result, TicketId};
use store::live::Signal;

use super::Live;
use super::hub::{Changed, text};
use super::outlet::Outlet;

/// What a socket is answered when it wants to follow something.
#[derive(Debug)]
pub enum Answer {
    /// Not there, or not for this actor.
    Refused,
    /// What it missed, in order; everything after `from` comes by itself.
    Followed { from: Position, missed: Vec<Utf8Bytes> },
}

/// Follows a topic. News that come meanwhile wait in the outlet's queue.
///
/// # Errors
/// When the database is away. Then the topic may or may not be followed: the socket has to be closed.
pub async fn follow(live: &Live, outlet: &Arc<Outlet>, topic: Topic, since: Position) -> Result<Answer> {
    // Until the node knows where it reads, it cannot say from where on news come by themselves.
    let mut position = live.position();
    if position.wait_for(Option::is_some).await.is_err() {
        return Ok(Answer::Refused);
    }
    match topic {
        Topic::Ticket(id) => ticket(live, outlet, id, since).await,
        Topic::Tickets => tickets(live, outlet, since).await,
        Topic::Counts => Ok(counts(live, outlet, since)),
    }
}

async fn ticket(live: &Live, outlet: &Arc<Outlet>, id: TicketId, since: Position) -> Result<Answer> {
    let topic = Topic::Ticket(id);
    // First followed, then read: what happens in between comes by itself. The policy is asked for every message anyway.
    let from = live.hub().follow(outlet, topic, since);
    let mut conn = live.desk().read().await?;
    let found = store::tickets::row::load_many(&mut conn, &[id.0]).await?.pop();
    let Some(ticket) = found.filter(|t| policy::may(&outlet.actor, Action::SeeTicket, Some(t.facts()))) else {
        live.hub().leave(outlet, topic);
        return Ok(Answer::Refused);
    };
    // One back: the last event that arrived may have been followed by the ticket's new state, which did not.
    let back = Position { id: since.id.saturating_sub(1), ..since };
    let signals = store::live::of_ticket(&mut conn, id, back, from, CATCH_UP_MAX + 1).await?;
    if over(&signals) || live.hub().must_read_again(&outlet.actor, since) {
        return Ok(Answer::Followed { from, missed: vec![text(&ToBrowser::Reset { topic })] });
    }
    let internal = policy::may(&outlet.actor, Action::SeeInternal, Some(ticket.facts()));
    let readable: HashMap<i64, Position> = signals
        .iter()
        .filter(|s| s.position > since && s.shown && (s.public || internal))
        .map(|s| (s.position.id, s.position))
        .collect();
    let mut missed = Vec::new();
    if !readable.is_empty() {
        let ids: Vec<i64> = readable.keys().copied().collect();
        let mut entries: Vec<_> = store::tickets::timeline::entries(&mut conn, &ids)
            .await?
            .into_iter()
            .filter_map(|entry| readable.get(&entry.id.0).map(|position| (*position, entry)))
            .collect();
        entries.sort_by_key(|(position, _)| *position);
        missed.extend(
            entries.into_iter().map(|(position, entry)| text(&ToBrowser::Entry { ticket: id, entry, position })),
        );
    }
    if let Some(last) = signals.last() {
        missed.extend(Changed::new(&ticket, last.position).for_actor(&outlet.actor));
    }
    Ok(Answer::Followed { from, missed })
}

async fn tickets(live: &Live, outlet: &Arc<Outlet>, since: Position) -> Result<Answer> {
    let topic = Topic::Tickets;
    if outlet.actor.principal().is_none() {
        return Ok(Answer::Refused);
    }
    let from = live.hub().follow(outlet, topic, since);
    let mut conn = live.desk().read().await?;
    let signals = store::live::of_tickets(&mut conn, since, from, CATCH_UP_MAX + 1).await?;
    if over(&signals) || live.hub().must_read_again(&outlet.actor, since) {
        return Ok(Answer::Followed { from, missed: vec![text(&ToBrowser::Reset { topic })] });
    }
    let touched: HashSet<i64> = signals.iter().filter_map(|s| s.ticket.map(|t| t.0)).collect();
    if touched.is_empty() {
        return Ok(Answer::Followed { from, missed: Vec::new() });
    }
    let ids: Vec<i64> = touched.into_iter().collect();
    let tickets = store::tickets::row::load_many(&mut conn, &ids).await?;
    let last: HashMap<TicketId, Position> =
        signals.iter().filter_map(|s| s.ticket.map(|ticket| (ticket, s.position))).collect();
    let mut changed: Vec<Changed<'_>> =
        tickets.iter().filter_map(|t| last.get(&t.id).map(|position| Changed::new(t, *position))).collect();
    changed.sort_by_key(Changed::position);
    Ok(Answer::Followed { from, missed: changed.iter().filter_map(|c| c.for_actor(&outlet.actor)).collect() })
}

/// No statement: what is known is told now, and what is not is read once for all tabs that wait for it.
fn counts(live: &Live, outlet: &Arc<Outlet>, since: Position) -> Answer {
    if !policy::may(&outlet.actor, Action::SeeQueues, None) {
        return Answer::Refused;
    }
    let known = live.hub().follow_counts(outlet);
    live.numbers().asked(known.is_some());
    Answer::Followed { from: since, missed: known.map(|c| text(&ToBrowser::Counts(c))).into_iter().collect() }
}

fn over(signals: &[Signal]) -> bool {
    i64::try_from(signals.len()).is_ok_and(|n| n > CATCH_UP_MAX)
}
