//! The board: columns by status, lanes by a property, an order inside each column.

use crate::{
    EventId, StatusId, TicketId, UserId, company::CompanyName, event::Position, people::Person, priority::Level,
    tag::Tag, ticket::Ticket, workflow::Workflow,
};
use serde::{Deserialize, Serialize};

/// The most cards one column carries; the rest is a number and a link to the list.
pub const COLUMN_MAX: i64 = 250;

/// What swimlanes are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lanes {
    #[default]
    None,
    Urgency,
    Importance,
    Assignee,
    Company,
}

impl Lanes {
    pub const ALL: [Lanes; 5] = [Lanes::None, Lanes::Urgency, Lanes::Importance, Lanes::Assignee, Lanes::Company];

    pub fn word(self) -> &'static str {
        match self {
            Lanes::None => "none",
            Lanes::Urgency => "urgency",
            Lanes::Importance => "importance",
            Lanes::Assignee => "assignee",
            Lanes::Company => "company",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.word() == word)
    }
}

/// The lane a ticket is in. Ordered as lanes are shown: the most urgent first, names alphabetically, nobody last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    All,
    /// Negative level, so that critical comes first.
    Level(i16),
    Named(String, i64),
    Nobody,
}

impl Lane {
    pub fn of(ticket: &Ticket, lanes: Lanes) -> Self {
        let person = |p: &Person| Lane::Named(p.name.clone(), p.id.0);
        let company = |c: &CompanyName| Lane::Named(c.name.clone(), c.id.0);
        match lanes {
            Lanes::None => Lane::All,
            Lanes::Urgency => Lane::Level(-ticket.urgency.number()),
            Lanes::Importance => Lane::Level(-ticket.importance.number()),
            Lanes::Assignee => ticket.assignee.as_ref().map_or(Lane::Nobody, person),
            Lanes::Company => ticket.company.as_ref().map_or(Lane::Nobody, company),
        }
    }

    /// What its head says.
    pub fn title(&self, lanes: Lanes) -> String {
        match self {
            Lane::All => String::new(),
            Lane::Level(n) => Level::from_number(-n).map_or_else(String::new, |l| l.name().into()),
            Lane::Named(name, _) => name.clone(),
            Lane::Nobody if lanes == Lanes::Assignee => "Unassigned".into(),
            Lane::Nobody => "No company".into(),
        }
    }
}

/// Which cards a board shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardFilter {
    pub assignee: Option<crate::ticket::Whose>,
    pub company: Option<crate::CompanyId>,
    pub urgency: Option<Level>,
    pub importance: Option<Level>,
    pub tag: Option<crate::TagId>,
}

/// One column as first shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub status: StatusId,
    /// How many tickets are in the state, shown or not, within the filter; bounded at [`COLUMN_MAX`] when filtered.
    pub count: i64,
    /// In their order.
    pub cards: Vec<Ticket>,
}

/// The board as first shown; live updates start from `position`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub workflow: Workflow,
    pub columns: Vec<Column>,
    pub tags: Vec<Tag>,
    pub position: Position,
}

/// A card put somewhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub ticket: TicketId,
    pub status: StatusId,
    /// The cards it was dropped between. Either may be `None` at an end of the column, and both in an empty one.
    pub above: Option<TicketId>,
    pub below: Option<TicketId>,
    /// What the lane says about it, when it changed lanes.
    pub lane: Option<LaneChange>,
    /// The status the person saw it in; a move on a stale board is refused.
    pub from: StatusId,
}

/// Dropping into another lane changes the property that makes the lanes. Companies cannot be changed by a drop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneChange {
    Urgency(Level),
    Importance(Level),
    Assignee(Option<UserId>),
}

/// What a move came to: the ticket, and the event to expect on the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub ticket: Ticket,
    pub event: Option<EventId>,
}
