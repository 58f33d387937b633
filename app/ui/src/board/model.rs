//! The board's cards as the browser keeps them: where each is, what a drop means, and what others' changes do to them.
//! Pure: no page, no clock.

use domain::{
    StatusId, TicketId, UserId,
    board::{Board, BoardFilter, Card, Lane, LaneChange, Lanes, Move},
    people::Person,
    priority::Level,
    rank,
    ticket::Whose,
    workflow::Workflow,
};
use std::collections::{BTreeMap, BTreeSet};

/// A place among the cards of a cell: before the card with this index, counted without the card that moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub lane: Lane,
    pub status: StatusId,
    pub index: usize,
}

/// Cell by cell, the cards in their order, with their versions.
pub type Arranged = BTreeMap<(Lane, i64), Vec<(TicketId, i64)>>;

/// All cards of a board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cards {
    /// The columns' states, in order.
    pub columns: Vec<StatusId>,
    cards: BTreeMap<TicketId, Card>,
    /// Tickets of a column that are not shown as cards.
    more: BTreeMap<i64, i64>,
    /// While the board is only its beginning: what has been heard since of any ticket, shown or not.
    heard: Option<Vec<Card>>,
}

impl Cards {
    pub fn new(board: &Board) -> Self {
        let mut cards = Self { heard: board.is_beginning.then(Vec::new), ..Self::default() };
        for column in &board.columns {
            cards.columns.push(column.status);
            cards.more.insert(column.status.0, (column.count - column.cards.len() as i64).max(0));
            cards.cards.extend(column.cards.iter().map(|t| (t.id, t.clone())));
        }
        cards
    }

    /// The whole board has come. It may have been read before or after what is known here, so each of its cards is taken as
    /// it was in its newest version.
    pub fn complete(&mut self, whole: &Board, filter: &BoardFilter) {
        let known = std::mem::replace(self, Self::new(whole));
        let heard = known.heard.into_iter().flatten();
        for card in known.cards.into_values().chain(heard) {
            self.take_in(card, filter);
        }
    }

    /// Whether there are more cards to be had.
    pub fn is_beginning(&self) -> bool {
        self.heard.is_some()
    }

    pub fn get(&self, id: TicketId) -> Option<&Card> {
        self.cards.get(&id)
    }

    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// How many tickets of the column have no card here.
    pub fn more(&self, status: StatusId) -> i64 {
        self.more.get(&status.0).copied().unwrap_or(0)
    }

    pub fn count(&self, status: StatusId) -> i64 {
        self.more(status) + self.cards.values().filter(|t| t.status == status).count() as i64
    }

    /// The cards of each cell in the order of their ranks.
    pub fn arranged(&self, lanes: Lanes) -> Arranged {
        let mut all: Vec<&Card> = self.cards.values().collect();
        all.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        let mut cells = Arranged::new();
        for ticket in all {
            cells.entry((Lane::of(ticket, lanes), ticket.status.0)).or_default().push((ticket.id, ticket.version));
        }
        cells
    }

    /// Where the picture is of somebody whose cards are here.
    pub fn picture_of(&self, person: UserId) -> Option<String> {
        self.cards.values().filter_map(|t| t.assignee.as_ref()).find(|p| p.id == person)?.picture_path()
    }

    /// The lanes to show. Levels are all there, so that a card can be dropped into each; so is nobody's lane.
    pub fn lanes(&self, lanes: Lanes) -> Vec<Lane> {
        let mut shown: BTreeSet<Lane> = self.cards.values().map(|t| Lane::of(t, lanes)).collect();
        match lanes {
            Lanes::None => shown.extend([Lane::All]),
            Lanes::Urgency | Lanes::Importance => shown.extend(Level::ALL.map(|l| Lane::Level(-l.number()))),
            Lanes::Assignee => shown.extend([Lane::Nobody]),
            Lanes::Company => {}
        }
        shown.into_iter().collect()
    }

    /// Takes in a ticket as the server says it is now. An older copy than the known one changes nothing.
    pub fn take_in(&mut self, ticket: Card, filter: &BoardFilter) {
        if let Some(heard) = &mut self.heard {
            heard.push(ticket.clone());
        }
        if self.cards.get(&ticket.id).is_some_and(|known| known.version > ticket.version) {
            return;
        }
        let known = self.cards.remove(&ticket.id).is_some();
        if !self.columns.contains(&ticket.status) || !fits(&ticket, filter) {
            return;
        }
        // Behind the last card of a column that shows only its beginning: it is one of those that are only counted.
        if !known && self.more(ticket.status) > 0 {
            let last = self.cards.values().filter(|t| t.status == ticket.status).map(|t| (&t.rank, t.id)).max();
            if last.is_none_or(|last| last < (&ticket.rank, ticket.id)) {
                return;
            }
        }
        self.cards.insert(ticket.id, ticket);
    }

    /// What to ask of the server to put a card there, and the card as it will be; `None` when that is where it is.
    pub fn plan(&self, id: TicketId, spot: &Spot, lanes: Lanes) -> Option<(Move, Card)> {
        let before = self.cards.get(&id)?;
        let arranged = self.arranged(lanes);
        let cell = arranged.get(&(spot.lane.clone(), spot.status.0));
        let others: Vec<TicketId> = cell.into_iter().flatten().map(|(t, _)| *t).filter(|t| *t != id).collect();
        let home = Lane::of(before, lanes);
        if home == spot.lane
            && before.status == spot.status
            && cell.is_some_and(|cell| cell.iter().position(|(t, _)| *t == id) == Some(spot.index))
        {
            return None;
        }
        let index = spot.index.min(others.len());
        let above = index.checked_sub(1).and_then(|n| others.get(n)).copied();
        let below = others.get(index).copied();
        let lane = if home == spot.lane { None } else { lane_change(&spot.lane, lanes) };
        let mut after = before.clone();
        after.status = spot.status;
        after.rank = self.rank_between(id, spot.status, above, below);
        match (&lane, &spot.lane) {
            (Some(LaneChange::Urgency(level)), _) => after.urgency = *level,
            (Some(LaneChange::Importance(level)), _) => after.importance = *level,
            (Some(LaneChange::Assignee(Some(id))), Lane::Named(name, _)) => {
                after.assignee = Some(Person { id: *id, name: name.clone(), picture: None });
            }
            (Some(LaneChange::Assignee(_)), _) => after.assignee = None,
            (None, _) => {}
        }
        Some((Move { ticket: id, status: spot.status, above, below, lane, from: before.status }, after))
    }

    /// The rank the server will give, as far as it can be known here: with one neighbour the other is the next in the column.
    fn rank_between(&self, id: TicketId, status: StatusId, above: Option<TicketId>, below: Option<TicketId>) -> String {
        let rank = |t: Option<TicketId>| t.and_then(|t| self.cards.get(&t)).map(|t| t.rank.as_str());
        let column = || self.cards.values().filter(|t| t.status == status && t.id != id).map(|t| t.rank.as_str());
        let (low, high) = match (rank(above), rank(below)) {
            (Some(low), None) => (Some(low), column().filter(|r| *r > low).min()),
            (None, Some(high)) => (column().filter(|r| *r < high).max(), Some(high)),
            (None, None) => (None, column().min()),
            both => both,
        };
        rank::between(low, high)
    }

    /// Shows a card as it will be, before the server has said so.
    pub fn show(&mut self, ticket: Card) {
        self.cards.insert(ticket.id, ticket);
    }

    /// Puts a refused card back as it was, unless something newer is known of it by now.
    pub fn put_back(&mut self, before: Card) {
        if self.cards.get(&before.id).is_some_and(|now| now.version <= before.version) {
            self.cards.insert(before.id, before);
        }
    }
}

/// What dropping into a lane changes.
fn lane_change(lane: &Lane, lanes: Lanes) -> Option<LaneChange> {
    match (lanes, lane) {
        (Lanes::Urgency, Lane::Level(n)) => Level::from_number(-n).map(LaneChange::Urgency),
        (Lanes::Importance, Lane::Level(n)) => Level::from_number(-n).map(LaneChange::Importance),
        (Lanes::Assignee, Lane::Named(_, id)) => Some(LaneChange::Assignee(Some(UserId(*id)))),
        (Lanes::Assignee, Lane::Nobody) => Some(LaneChange::Assignee(None)),
        _ => None,
    }
}

/// Why a card may not be dropped into a cell of a column with `held` tickets, if it may not.
pub fn refusal(
    ticket: &Card,
    lane: &Lane,
    status: StatusId,
    held: i64,
    lanes: Lanes,
    workflow: &Workflow,
) -> Option<String> {
    if lanes == Lanes::Company && Lane::of(ticket, lanes) != *lane {
        return Some("A ticket's company cannot be changed on the board.".into());
    }
    match workflow.check(ticket.status, status) {
        Ok(target) => target.full_with(held).filter(|_| ticket.status != status),
        Err(error) => Some(error.of_field("status").map_or(error.message.clone(), str::to_owned)),
    }
}

/// Whether a ticket belongs on a board with this filter.
pub fn fits(ticket: &Card, filter: &BoardFilter) -> bool {
    (match filter.assignee {
        None => true,
        Some(Whose::Nobody) => ticket.assignee.is_none(),
        Some(Whose::Of(user)) => ticket.assignee.as_ref().is_some_and(|a| a.id == user),
    }) && filter.team.is_none_or(|t| ticket.team == Some(t))
        && filter.company.is_none_or(|c| ticket.company.as_ref().is_some_and(|t| t.id == c))
        && filter.urgency.is_none_or(|u| ticket.urgency == u)
        && filter.importance.is_none_or(|i| ticket.importance == i)
        && filter.tag.is_none_or(|t| ticket.tags.contains(&t))
}

/// How a column stands against its limit: the word the style sheet knows, and what it says.
pub fn wip(count: i64, limit: Option<i32>) -> (Option<&'static str>, String) {
    match limit.map(i64::from) {
        None => (None, count.to_string()),
        Some(limit) => {
            let state = if count > limit { Some("over") } else { (count == limit).then_some("full") };
            (state, format!("{count} / {limit}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        board::Column,
        event::Position,
        workflow::{Category, Status},
    };

    fn ticket(id: i64, status: i64, rank: &str) -> Card {
        Card {
            id: TicketId(id),
            subject: format!("Ticket {id}"),
            status: StatusId(status),
            urgency: Level::Medium,
            importance: Level::Low,
            requester: "Jana".into(),
            company: None,
            assignee: None,
            team: None,
            tags: Vec::new(),
            rank: rank.into(),
            version: 1,
        }
    }

    /// Open: 1, 2, 3. In progress: 4, and five more that are not shown.
    fn read() -> Board {
        Board {
            workflow: Workflow::default(),
            columns: vec![
                Column {
                    status: StatusId(1),
                    count: 3,
                    cards: vec![ticket(1, 1, "B"), ticket(2, 1, "D"), ticket(3, 1, "F")],
                },
                Column { status: StatusId(2), count: 6, cards: vec![ticket(4, 2, "M")] },
            ],
            tags: Vec::new(),
            position: Position::default(),
            is_beginning: false,
        }
    }

    fn board() -> Cards {
        Cards::new(&read())
    }

    fn order(cards: &Cards, status: i64) -> Vec<i64> {
        let arranged = cards.arranged(Lanes::None);
        arranged.get(&(Lane::All, status)).into_iter().flatten().map(|(t, _)| t.0).collect()
    }

    fn spot(status: i64, index: usize) -> Spot {
        Spot { lane: Lane::All, status: StatusId(status), index }
    }

    #[test]
    fn a_lane_has_the_picture_of_its_person() {
        let mut cards = board();
        assert_eq!(cards.picture_of(UserId(9)), None);
        let assignee = Person { id: UserId(9), name: "Ann".into(), picture: Some(3) };
        cards.take_in(Card { assignee: Some(assignee.clone()), ..ticket(90, 1, "C") }, &BoardFilter::default());
        assert_eq!(cards.picture_of(UserId(9)), assignee.picture_path());
        assert_eq!(cards.picture_of(UserId(8)), None);
    }

    #[test]
    fn every_drop_lands_where_the_gap_was() {
        for id in 1..=3_i64 {
            for index in 0..=2 {
                let mut cards = board();
                let mut wanted: Vec<i64> = order(&cards, 1).into_iter().filter(|t| *t != id).collect();
                wanted.insert(index, id);
                if let Some((_, after)) = cards.plan(TicketId(id), &spot(1, index), Lanes::None) {
                    cards.show(after);
                }
                assert_eq!(order(&cards, 1), wanted, "{id} to {index}");
            }
        }
    }

    #[test]
    fn neighbours_are_named_without_the_card_itself() {
        let cards = board();
        let (asked, _) = cards.plan(TicketId(1), &spot(1, 1), Lanes::None).expect("a move");
        assert_eq!((asked.above, asked.below), (Some(TicketId(2)), Some(TicketId(3))));
        assert_eq!(cards.plan(TicketId(1), &spot(1, 0), Lanes::None), None, "where it is");
        let (asked, after) = cards.plan(TicketId(1), &spot(2, 9), Lanes::None).expect("a move");
        assert_eq!((asked.above, asked.below, asked.from), (Some(TicketId(4)), None, StatusId(1)));
        assert_eq!(after.status, StatusId(2));
    }

    #[test]
    fn another_lane_changes_its_property() {
        let cards = board();
        let to = |lane, lanes| {
            let spot = Spot { lane, status: StatusId(1), index: 0 };
            cards.plan(TicketId(2), &spot, lanes).expect("a move")
        };
        let (asked, after) = to(Lane::Level(-4), Lanes::Urgency);
        assert_eq!(asked.lane, Some(LaneChange::Urgency(Level::Critical)));
        assert_eq!(after.urgency, Level::Critical);
        let (asked, after) = to(Lane::Named("Mia".into(), 7), Lanes::Assignee);
        assert_eq!(asked.lane, Some(LaneChange::Assignee(Some(UserId(7)))));
        assert_eq!(after.assignee.map(|a| a.name).as_deref(), Some("Mia"));
    }

    #[test]
    fn newer_copies_win_and_misfits_leave() {
        let mut cards = board();
        let filter = BoardFilter { urgency: Some(Level::Medium), ..BoardFilter::default() };
        let mut moved = ticket(1, 2, "A");
        moved.version = 3;
        cards.take_in(moved.clone(), &filter);
        assert_eq!((order(&cards, 1), order(&cards, 2)), (vec![2, 3], vec![1, 4]));
        cards.take_in(ticket(1, 1, "B"), &filter);
        assert_eq!(order(&cards, 2), vec![1, 4], "an old copy changes nothing");
        moved.version = 4;
        moved.urgency = Level::High;
        cards.take_in(moved, &filter);
        assert_eq!(order(&cards, 2), vec![4]);
        let mut closed = ticket(2, 5, "D");
        closed.version = 2;
        cards.take_in(closed, &filter);
        assert_eq!(order(&cards, 1), vec![3]);
    }

    #[test]
    fn a_column_that_is_cut_takes_in_only_what_belongs_above_its_end() {
        let mut cards = board();
        cards.take_in(ticket(8, 2, "Z"), &BoardFilter::default());
        assert_eq!((order(&cards, 2), cards.count(StatusId(2))), (vec![4], 6));
        cards.take_in(ticket(9, 2, "C"), &BoardFilter::default());
        assert_eq!(order(&cards, 2), vec![9, 4]);
    }

    /// The whole board was read while cards moved: what is newer counts, whichever came first.
    #[test]
    fn the_rest_of_a_board_does_not_undo_what_was_heard_meanwhile() {
        let all = BoardFilter::default();
        let changed = |id, status, rank: &str, version| Card { version, ..ticket(id, status, rank) };
        let mut cards = Cards::new(&read().beginning(Lanes::None, 1));
        assert_eq!((order(&cards, 1), order(&cards, 2), cards.count(StatusId(1))), (vec![1], vec![4], 3));
        assert!(cards.is_beginning());
        // 1 is closed, 2 goes on, 3 comes to the top, 7 is new: all before the whole is here.
        for heard in [changed(1, 5, "B", 2), changed(2, 2, "Z", 2), changed(3, 1, "A", 2), changed(7, 1, "C", 1)] {
            cards.take_in(heard, &all);
        }
        // 4 is in the hand of this person, and its move not confirmed.
        cards.show(ticket(4, 1, "E"));
        let mut whole = read();
        whole.columns[0].cards[2].version = 3;
        whole.columns[0].cards[2].rank = "D5".into();
        cards.complete(&whole, &all);
        assert!(!cards.is_beginning());
        assert_eq!(order(&cards, 1), vec![7, 3, 4], "3 has moved once more");
        assert_eq!(order(&cards, 2), vec![2]);
        assert_eq!(cards.get(TicketId(1)), None, "closed");
    }

    #[test]
    fn a_refused_card_goes_back_unless_it_has_moved_on() {
        let mut cards = board();
        let before = ticket(1, 1, "B");
        let (_, after) = cards.plan(TicketId(1), &spot(2, 0), Lanes::None).expect("a move");
        cards.show(after);
        assert_eq!(order(&cards, 2), vec![1, 4]);
        cards.put_back(before.clone());
        assert_eq!(order(&cards, 1), vec![1, 2, 3]);
        let mut newer = ticket(1, 2, "A");
        newer.version = 2;
        cards.take_in(newer, &BoardFilter::default());
        cards.put_back(before);
        assert_eq!(order(&cards, 2), vec![1, 4]);
    }

    #[test]
    fn refusals_say_why() {
        let status = |id, name: &str| Status {
            id: StatusId(id),
            key: name.into(),
            name: name.into(),
            customer_name: name.into(),
            category: Category::Open,
            wip_limit: None,
            wip_refuse: false,
        };
        let mut workflow = Workflow {
            statuses: vec![status(1, "Open"), status(2, "Doing")],
            transitions: vec![(StatusId(1), StatusId(2))],
        };
        let one = ticket(1, 1, "B");
        for (limit, refuse, held, full) in
            [(None, true, 9, false), (Some(3), true, 2, false), (Some(3), true, 3, true), (Some(3), false, 4, false)]
        {
            (workflow.statuses[1].wip_limit, workflow.statuses[1].wip_refuse) = (limit, refuse);
            let why = refusal(&one, &Lane::All, StatusId(2), held, Lanes::None, &workflow);
            assert_eq!(why.is_some_and(|why| why.starts_with("Doing holds at most 3")), full, "{limit:?} {held}");
            // Within its own column a card moves however full that is.
            let inside = refusal(&ticket(1, 2, "B"), &Lane::All, StatusId(2), held, Lanes::None, &workflow);
            assert_eq!(inside, None);
        }
        let why = |from, to| refusal(&ticket(1, from, "B"), &Lane::All, StatusId(to), 0, Lanes::None, &workflow);
        assert_eq!(why(1, 2), None);
        assert_eq!(why(1, 1), None);
        assert_eq!(why(2, 1).as_deref(), Some("A ticket cannot go from Doing to Open."));
        let other = Lane::Named("Acme".into(), 1);
        assert!(refusal(&one, &other, StatusId(1), 0, Lanes::Company, &workflow).is_some());
    }

    #[test]
    fn limits() {
        assert_eq!(wip(4, None), (None, "4".into()));
        assert_eq!(wip(4, Some(5)), (None, "4 / 5".into()));
        assert_eq!(wip(5, Some(5)).0, Some("full"));
        assert_eq!(wip(6, Some(5)).0, Some("over"));
    }
}
