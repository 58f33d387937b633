//! What is shown of the people at a ticket.

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::live::{LOOKING_MAX, Looking, ToBrowser};
use domain::{Actor, TicketId};

/// What this actor is told of the people at a ticket. Staff see everybody but themselves; customers only learn which
/// staff are writing to them, never who looks or writes a note.
pub(super) fn view(ticket: TicketId, room: &[(Looking, bool)], actor: &Actor) -> (u64, ToBrowser) {
    let me = actor.user_id();
    let others = room.iter().filter(|(p, _)| Some(p.id) != me);
    let mut people: Vec<Looking> = if actor.is_staff() {
        others.map(|(p, _)| p.clone()).collect()
    } else {
        others.filter(|(p, replying)| p.staff && *replying).map(|(p, _)| p.clone()).collect()
    };
    if people.len() > LOOKING_MAX {
        people.sort_by_key(|p| !p.typing);
        people.truncate(LOOKING_MAX);
    }
    people.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let hash = if people.is_empty() {
        0
    } else {
        let mut hasher = DefaultHasher::new();
        for p in &people {
            (p.id, &p.name, p.picture, p.typing).hash(&mut hasher);
        }
        hasher.finish().max(1)
    };
    (hash, ToBrowser::Presence { ticket, people })
}
