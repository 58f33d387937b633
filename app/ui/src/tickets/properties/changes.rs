//! What can be changed about a ticket: at once on the screen, and with a way back.

use crate::tickets::state::TicketState;
use domain::{
    StatusId, TeamId, UserId,
    access::TeamName,
    people::Person,
    priority::Level,
    ticket::{Change, Swap, Ticket},
    workflow::Category,
};
use leptos::prelude::*;

/// Sets a status, with a way back where the workflow has one.
pub fn set_status(state: TicketState, to: StatusId) {
    let from = state.ticket.with_untracked(|t| t.status);
    if from == to {
        return;
    }
    let (name, back) = state.workflow.with_value(|w| (w.status(to).map(|s| s.name.clone()), w.allows(to, from)));
    let change = |from, to| Change { status: Some(Swap::from_to(from, to)), ..Change::default() };
    let said = format!("Status set to {}.", name.unwrap_or_default());
    state.change(change(from, to), move |t| t.status = to, said, back.then(|| change(to, from)));
}

/// Sets the first status that resolves the ticket, or says that there is none.
pub fn resolve(state: TicketState) {
    let from = state.ticket.with_untracked(|t| t.status);
    let target = state.workflow.with_value(|w| w.next(from).find(|s| s.category == Category::Resolved).map(|s| s.id));
    match target {
        Some(to) => set_status(state, to),
        None => state.toaster.say("This ticket cannot be resolved from its status.", None),
    }
}

/// Urgency or importance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Urgency,
    Importance,
}

impl Scale {
    pub fn name(self) -> &'static str {
        match self {
            Self::Urgency => "Urgency",
            Self::Importance => "Importance",
        }
    }

    pub fn of(self, ticket: &Ticket) -> Level {
        match self {
            Self::Urgency => ticket.urgency,
            Self::Importance => ticket.importance,
        }
    }
}

/// Sets the urgency or the importance.
pub fn set_level(state: TicketState, scale: Scale, to: Level) {
    let from = state.ticket.with_untracked(|t| scale.of(t));
    if from == to {
        return;
    }
    let change = move |from, to| {
        let swap = Some(Swap::from_to(from, to));
        match scale {
            Scale::Urgency => Change { urgency: swap, ..Change::default() },
            Scale::Importance => Change { importance: swap, ..Change::default() },
        }
    };
    let show = move |t: &mut Ticket| match scale {
        Scale::Urgency => t.urgency = to,
        Scale::Importance => t.importance = to,
    };
    let said = format!("{} set to {}.", scale.name(), to.name());
    state.change(change(from, to), show, said, Some(change(to, from)));
}

/// Hands the ticket to somebody, or to nobody.
pub fn assign(state: TicketState, to: Option<Person>) {
    let from = state.ticket.with_untracked(|t| t.assignee.clone());
    let (from_id, to_id) = (from.as_ref().map(|p| p.id), to.as_ref().map(|p| p.id));
    if from_id == to_id {
        return;
    }
    let change = |from: Option<UserId>, to: Option<UserId>| Change {
        assignee: Some(Swap::from_to(from, to)),
        ..Change::default()
    };
    let said = match &to {
        Some(person) => format!("Assigned to {}.", person.name),
        None => "Nobody has the ticket now.".into(),
    };
    state.change(change(from_id, to_id), move |t| t.assignee = to, said, Some(change(to_id, from_id)));
}

/// Gives the ticket to a team, or to none.
pub fn give_team(state: TicketState, to: Option<TeamName>) {
    let from = state.ticket.with_untracked(|t| t.team);
    let to_id = to.as_ref().map(|t| t.id);
    if from == to_id {
        return;
    }
    let change =
        |from: Option<TeamId>, to: Option<TeamId>| Change { team: Some(Swap::from_to(from, to)), ..Change::default() };
    let said = match &to {
        Some(team) => format!("Given to {}.", team.name),
        None => "No team has the ticket now.".into(),
    };
    state.change(change(from, to_id), move |t| t.team = to_id, said, Some(change(to_id, from)));
}

/// Puts a tag on, or takes it off.
pub fn toggle_tag(state: TicketState, name: String) {
    let old: Vec<String> = untrack(|| state.tags_on()).into_iter().map(|t| t.name).collect();
    let mut new = old.clone();
    let said = if new.contains(&name) {
        new.retain(|n| *n != name);
        format!("Tag {name} removed.")
    } else {
        new.push(name.clone());
        format!("Tag {name} added.")
    };
    let ids: Vec<_> = state
        .tags
        .with_untracked(|all| new.iter().filter_map(|n| all.iter().find(|t| t.name == *n)).map(|t| t.id).collect());
    let change = |from, to| Change { tags: Some(Swap::from_to(from, to)), ..Change::default() };
    state.change(change(old.clone(), new.clone()), move |t| t.tags = ids, said, Some(change(new, old)));
}
