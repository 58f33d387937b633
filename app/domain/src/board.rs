//! The board: columns by status, lanes by a property, an order inside each column.

use crate::{
    EventId, StatusId, TagId, TeamId, TicketId, UserId, company::CompanyName, event::Position, people::Person,
    priority::Level, tag::Tag, ticket::Ticket, workflow::Workflow,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    pub fn of(card: &Card, lanes: Lanes) -> Self {
        let person = |p: &Person| Lane::Named(p.name.clone(), p.id.0);
        let company = |c: &CompanyName| Lane::Named(c.name.clone(), c.id.0);
        match lanes {
            Lanes::None => Lane::All,
            Lanes::Urgency => Lane::Level(-card.urgency.number()),
            Lanes::Importance => Lane::Level(-card.importance.number()),
            Lanes::Assignee => card.assignee.as_ref().map_or(Lane::Nobody, person),
            Lanes::Company => card.company.as_ref().map_or(Lane::Nobody, company),
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
    pub team: Option<TeamId>,
    pub company: Option<crate::CompanyId>,
    pub urgency: Option<Level>,
    pub importance: Option<Level>,
    pub tag: Option<TagId>,
}

/// A ticket as the board has it: what its card shows, and what it is placed and chosen by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub id: TicketId,
    pub subject: String,
    pub status: StatusId,
    pub urgency: Level,
    pub importance: Level,
    /// The customer's name.
    pub requester: String,
    pub company: Option<CompanyName>,
    pub assignee: Option<Person>,
    pub team: Option<TeamId>,
    pub tags: Vec<TagId>,
    /// Its place in its column (see [`crate::rank`]).
    pub rank: String,
    /// Counts up with every change: of two copies, the higher is the newer.
    pub version: i64,
}

impl From<Ticket> for Card {
    fn from(ticket: Ticket) -> Self {
        Self {
            id: ticket.id,
            subject: ticket.subject,
            status: ticket.status,
            urgency: ticket.urgency,
            importance: ticket.importance,
            requester: ticket.requester.name,
            company: ticket.company,
            assignee: ticket.assignee,
            team: ticket.team,
            tags: ticket.tags,
            rank: ticket.rank,
            version: ticket.version,
        }
    }
}

/// One column as first shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub status: StatusId,
    /// How many tickets are in the state, shown or not, within the filter; bounded at [`COLUMN_MAX`] when filtered.
    pub count: i64,
    /// In their order.
    pub cards: Vec<Card>,
}

/// The board as first shown; live updates start from `position`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub workflow: Workflow,
    pub columns: Vec<Column>,
    pub tags: Vec<Tag>,
    pub position: Position,
    /// Whether this is what [`Board::beginning`] has left of it: there are more cards to be had.
    pub is_beginning: bool,
}

impl Board {
    /// What of the board stands in its first `rows` rows of cards, lane by lane. All that is left out stands below that, so
    /// that nothing moves when it comes; the columns go on counting it.
    #[must_use]
    pub fn beginning(mut self, lanes: Lanes, rows: usize) -> Self {
        let mut cells = BTreeMap::<Lane, BTreeMap<StatusId, usize>>::new();
        for card in self.columns.iter().flat_map(|column| &column.cards) {
            *cells.entry(Lane::of(card, lanes)).or_default().entry(card.status).or_default() += 1;
        }
        // A lane is as tall as its tallest cell.
        let mut free = rows;
        let mut room = BTreeMap::new();
        for (lane, cells) in cells {
            let tallest = cells.into_values().max().unwrap_or_default().min(free);
            free -= tallest;
            room.insert(lane, tallest);
        }
        for column in &mut self.columns {
            let mut used = BTreeMap::<Lane, usize>::new();
            let before = column.cards.len();
            column.cards.retain(|card| {
                let lane = Lane::of(card, lanes);
                let most = room.get(&lane).copied().unwrap_or_default();
                let used = used.entry(lane).or_default();
                *used += 1;
                *used <= most
            });
            self.is_beginning |= column.cards.len() < before;
        }
        self
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn card(id: i64, status: i64, urgency: Level) -> Card {
        Card {
            id: TicketId(id),
            subject: String::new(),
            status: StatusId(status),
            urgency,
            importance: Level::Medium,
            requester: String::new(),
            company: None,
            assignee: None,
            team: None,
            tags: Vec::new(),
            rank: String::new(),
            version: 1,
        }
    }

    /// Six cards and two: 1 to 6 are high, low, high, low, …; 7 is high, 8 is critical.
    fn board() -> Board {
        let level = |id| if id % 2 == 1 { Level::High } else { Level::Low };
        let open: Vec<Card> = (1..=6).map(|id| card(id, 1, level(id))).collect();
        let progress = vec![card(7, 2, Level::High), card(8, 2, Level::Critical)];
        let column = |status, cards: Vec<Card>| Column { status: StatusId(status), count: cards.len() as i64, cards };
        Board {
            workflow: Workflow::default(),
            columns: vec![column(1, open), column(2, progress)],
            tags: Vec::new(),
            position: Position::default(),
            is_beginning: false,
        }
    }

    #[test]
    fn a_beginning_is_the_first_rows_whatever_the_lanes() {
        for (lanes, rows, left, is_beginning) in [
            (Lanes::None, 3, [vec![1, 2, 3], vec![7, 8]], true),
            (Lanes::None, 6, [vec![1, 2, 3, 4, 5, 6], vec![7, 8]], false),
            // One row of critical ones, three of high ones, the rest for the low ones.
            (Lanes::Urgency, 3, [vec![1, 3], vec![7, 8]], true),
            (Lanes::Urgency, 5, [vec![1, 2, 3, 5], vec![7, 8]], true),
            (Lanes::Urgency, 7, [vec![1, 2, 3, 4, 5, 6], vec![7, 8]], false),
            (Lanes::None, 0, [vec![], vec![]], true),
        ] {
            let begun = board().beginning(lanes, rows);
            let ids = |n: usize| begun.columns[n].cards.iter().map(|c| c.id.0).collect::<Vec<_>>();
            assert_eq!([ids(0), ids(1)], left, "{lanes:?} {rows}");
            assert_eq!(begun.is_beginning, is_beginning, "{lanes:?} {rows}");
            assert_eq!((begun.columns[0].count, begun.columns[1].count), (6, 2), "all are counted");
        }
    }
}
