//! The board: moving cards, lanes, limits.

use crate::support::{Refused as _, World, id_of, seed, sql, text};
use domain::{
    Actor, Code, Result, StatusId, TicketId, UserId,
    board::{Board, BoardFilter, Lane, LaneChange, Lanes, Move, Moved},
    event::{Happening, Was},
    priority::Level,
    ticket::{Change, NewMessage, Swap, Whose, Writing},
    timeline::Part,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use store::{
    settings,
    tickets::{board, change, message, view},
};

/// A column from the top to the bottom.
async fn column(world: &World, actor: &Actor, status: StatusId) -> Vec<TicketId> {
    let board = board::board(&world.desk, actor, &BoardFilter::default()).await.unwrap();
    let column = board.columns.into_iter().find(|c| c.status == status).unwrap();
    assert_eq!(column.count, column.cards.len() as i64);
    column.cards.into_iter().map(|t| t.id).collect()
}

async fn shift(world: &World, actor: &Actor, input: Move) -> Result<Moved> {
    world.advance_seconds(1);
    world.run(async |tx| board::shift(tx, actor, input).await).await
}

/// To another column, between these two.
fn to(ticket: TicketId, from: StatusId, status: StatusId, above: Option<TicketId>, below: Option<TicketId>) -> Move {
    Move { ticket, status, above, below, lane: None, from }
}

async fn tickets(world: &World, customer: &Actor, count: usize) -> Vec<TicketId> {
    let mut made = Vec::new();
    for _ in 0..count {
        made.push(world.ticket(customer).await.id);
    }
    made
}

async fn limit(world: &World, status: StatusId, limit: Option<i32>, refuse: bool) {
    let admin = world.superadmin().await;
    world.run(async |tx| settings::set_wip_limit(tx, &admin, status, limit, refuse).await).await.unwrap();
}

#[tokio::test]
async fn cards_go_where_they_are_dropped() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let (open, progress) = (world.status("open"), world.status("in_progress"));
    let t = tickets(&world, &jana, 4).await;
    assert_eq!(column(&world, &agent, open).await, [t[3], t[2], t[1], t[0]], "the newest on top");
    // Into an empty column, below, above, between.
    shift(&world, &agent, to(t[0], open, progress, None, None)).await.unwrap();
    shift(&world, &agent, to(t[1], open, progress, Some(t[0]), None)).await.unwrap();
    shift(&world, &agent, to(t[2], open, progress, None, Some(t[0]))).await.unwrap();
    let done = shift(&world, &agent, to(t[3], open, progress, Some(t[0]), Some(t[1]))).await.unwrap();
    assert_eq!(done.ticket.status, progress);
    assert_eq!(column(&world, &agent, progress).await, [t[2], t[0], t[3], t[1]]);
    assert!(column(&world, &agent, open).await.is_empty());
    // Within the column.
    shift(&world, &agent, to(t[1], progress, progress, None, Some(t[2]))).await.unwrap();
    assert_eq!(column(&world, &agent, progress).await, [t[1], t[2], t[0], t[3]]);
    // Back: the card it stood below is not in that column. It comes to the top.
    world.ticket(&jana).await;
    shift(&world, &agent, to(t[0], progress, open, Some(t[2]), None)).await.unwrap();
    assert_eq!(column(&world, &agent, open).await[0], t[0]);
    // Closed tickets leave the board; what anybody does to a card's words does not move it.
    shift(&world, &agent, to(t[2], progress, world.status("closed"), None, None)).await.unwrap();
    world.reply(&jana, t[3], "Hello?").await;
    world.note(&agent, t[1], "Hm.").await;
    assert_eq!(column(&world, &agent, progress).await, [t[1], t[3]]);
    let entries = view::view(&world.desk, &agent, t[0], Part::Latest).await.unwrap().slice.entries;
    let said: Vec<_> = entries.into_iter().map(|e| e.what).filter(|w| matches!(w, Happening::Status(_))).collect();
    let went = |from, to| Happening::Status(Was { from, to });
    assert_eq!(said, [went(open, progress), went(progress, open)], "the places are no entries");
}

/// Whatever is dropped where, also into one gap again and again: the column is what a list of cards would be.
#[tokio::test]
async fn an_order_is_kept_through_many_moves() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let open = world.status("open");
    tickets(&world, &jana, 8).await;
    let mut cards = column(&world, &agent, open).await;
    let mut random = StdRng::seed_from_u64(7);
    for n in 0..150 {
        // The second half goes into the same gap always, where ranks get long.
        let (from, at) = if n < 75 { (random.random_range(0..8), random.random_range(0..8)) } else { (7, 3) };
        let card = cards.remove(from);
        cards.insert(at, card);
        let (above, below) = (at.checked_sub(1).map(|i| cards[i]), cards.get(at + 1).copied());
        // As from a filtered board, where one neighbour or the other is not to be seen.
        let (above, below) = match n % 3 {
            0 => (above, below),
            1 => (above, below.filter(|_| above.is_none())),
            _ => (above.filter(|_| below.is_none()), below),
        };
        let moved = shift(&world, &agent, to(card, open, open, above, below)).await.unwrap();
        assert!(moved.ticket.rank.len() < 64, "{}", moved.ticket.rank);
        assert_eq!(column(&world, &agent, open).await, cards, "after move {n}");
    }
    assert_eq!(
        world
            .count("select count(*) from (select 1 from tickets group by status_id, rank having count(*) > 1) d")
            .await,
        0
    );
}

/// Two drop cards into one gap at once: both are there, with a place between them for a third.
#[tokio::test(flavor = "multi_thread")]
async fn two_drops_into_one_gap_get_two_places() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let (open, progress) = (world.status("open"), world.status("in_progress"));
    let t = tickets(&world, &jana, 20).await;
    for (n, card) in t[..2].iter().enumerate() {
        shift(&world, &ann, to(*card, open, progress, n.checked_sub(1).map(|i| t[i]), None)).await.unwrap();
    }
    for pair in t[2..].chunks(2) {
        let gap = |card| to(card, open, progress, Some(t[0]), Some(t[1]));
        let (one, two) = tokio::join!(shift(&world, &ann, gap(pair[0])), shift(&world, &bob, gap(pair[1])));
        assert_ne!(one.unwrap().ticket.rank, two.unwrap().ticket.rank);
    }
    let cards = column(&world, &ann, progress).await;
    assert_eq!((cards.len(), cards[0], cards[19]), (20, t[0], t[1]));
}

#[tokio::test]
async fn another_lane_is_another_property() {
    let world = World::new().await;
    let acme = world.company("Acme", false).await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.company_user(acme).await);
    let (open, progress) = (world.status("open"), world.status("in_progress"));
    let id = world.ticket(&jana).await.id;
    let lane = |lane| Move { lane: Some(lane), ..to(id, open, open, None, None) };
    let of =
        async |lanes| Lane::of(&view::view(&world.desk, &ann, id, Part::Latest).await.unwrap().ticket.into(), lanes);
    let moved = shift(&world, &ann, lane(LaneChange::Urgency(Level::Critical))).await.unwrap().ticket;
    assert_eq!((moved.urgency, moved.importance), (Level::Critical, Level::Medium));
    assert_eq!(moved.priority, world.desk.catalog().priorities.of(Level::Critical, Level::Medium));
    assert_eq!(of(Lanes::Urgency).await, Lane::Level(-4));
    let moved = shift(&world, &ann, lane(LaneChange::Importance(Level::Low))).await.unwrap().ticket;
    assert_eq!((moved.urgency, moved.importance), (Level::Critical, Level::Low));
    let moved = shift(&world, &ann, lane(LaneChange::Assignee(Some(id_of(&bob))))).await.unwrap().ticket;
    assert_eq!(moved.assignee.as_ref().map(|a| a.id), Some(id_of(&bob)));
    assert_eq!(of(Lanes::Company).await, Lane::Named("Acme".into(), acme.0));
    // Lane and column at once, and a lane that is refused takes the column back with it.
    let both = |change| Move { lane: Some(change), ..to(id, open, progress, None, None) };
    for nobody in [id_of(&jana), UserId(99_999)] {
        shift(&world, &ann, both(LaneChange::Assignee(Some(nobody)))).await.wrong("assignee");
    }
    assert_eq!(column(&world, &ann, open).await, [id]);
    let moved = shift(&world, &ann, both(LaneChange::Assignee(None))).await.unwrap().ticket;
    assert_eq!((moved.status, moved.assignee), (progress, None));
    assert_eq!(of(Lanes::Assignee).await, Lane::Nobody);
}

#[tokio::test]
async fn a_full_column_takes_no_more_where_it_refuses() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let (open, progress) = (world.status("open"), world.status("in_progress"));
    let t = tickets(&world, &jana, 5).await;
    limit(&world, progress, Some(2), false).await;
    for card in &t[..3] {
        shift(&world, &agent, to(*card, open, progress, None, None)).await.unwrap();
    }
    assert_eq!(column(&world, &agent, progress).await.len(), 3, "a limit that only warns");
    limit(&world, progress, Some(3), true).await;
    let full = shift(&world, &agent, to(t[3], open, progress, None, None)).await.refused(Code::Impossible);
    assert!(full.message.contains("at most 3"), "{}", full.message);
    // By no other way either.
    let input = Change { status: Some(Swap::to(progress)), ..Change::default() };
    world.run(async |tx| change::change(tx, &agent, t[3], input).await).await.refused(Code::Impossible);
    for writing in [Writing::Reply, Writing::Note] {
        let input = NewMessage { status: Some(progress), ..text(writing, "On it.") };
        world.run(async |tx| message::write(tx, &agent, t[3], input).await).await.wrong("status");
    }
    assert_eq!(world.count("select count(*) from messages where kind <> 'customer'").await, 0, "and nothing was sent");
    assert_eq!(column(&world, &agent, open).await, [t[4], t[3]]);
    // What is in it can still be ordered and answered.
    shift(&world, &agent, to(t[0], progress, progress, None, Some(t[2]))).await.unwrap();
    let same = NewMessage { status: Some(progress), ..text(Writing::Reply, "Still on it.") };
    world.run(async |tx| message::write(tx, &agent, t[0], same).await).await.unwrap();
    // Room again, and only for one.
    shift(&world, &agent, to(t[0], progress, open, None, None)).await.unwrap();
    shift(&world, &agent, to(t[3], open, progress, None, None)).await.unwrap();
    shift(&world, &agent, to(t[4], open, progress, None, None)).await.refused(Code::Impossible);
    limit(&world, progress, None, true).await;
    shift(&world, &agent, to(t[4], open, progress, None, None)).await.unwrap();
    // A customer's reply is never refused.
    limit(&world, open, Some(1), true).await;
    shift(&world, &agent, to(t[4], progress, world.status("resolved"), None, None)).await.unwrap();
    world.reply(&jana, t[4], "It is back.").await;
    assert_eq!(column(&world, &agent, open).await.len(), 2);
}

/// Undo puts back what was there, also where there is no room: for whoever did it, and not for long.
#[tokio::test]
async fn what_was_just_done_is_taken_back_into_a_full_column() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let (open, progress, resolved) = (world.status("open"), world.status("in_progress"), world.status("resolved"));
    let t = tickets(&world, &jana, 3).await;
    for card in &t {
        shift(&world, &ann, to(*card, open, progress, None, None)).await.unwrap();
    }
    limit(&world, progress, Some(1), true).await;
    shift(&world, &ann, to(t[0], progress, resolved, None, None)).await.unwrap();
    shift(&world, &bob, to(t[0], resolved, progress, None, None)).await.refused(Code::Impossible);
    shift(&world, &ann, to(t[0], resolved, progress, None, None)).await.unwrap();
    assert_eq!(column(&world, &ann, progress).await.len(), 3);
    // Out of another column it is no way back.
    shift(&world, &ann, to(t[0], progress, resolved, None, None)).await.unwrap();
    shift(&world, &ann, to(t[0], resolved, open, None, None)).await.unwrap();
    shift(&world, &ann, to(t[0], open, progress, None, None)).await.refused(Code::Impossible);
    shift(&world, &ann, to(t[1], progress, resolved, None, None)).await.unwrap();
    world.advance_seconds(61);
    shift(&world, &ann, to(t[1], resolved, progress, None, None)).await.refused(Code::Impossible);
}

/// Two into the last place at once: one gets it.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_place_is_given_once() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let (open, progress) = (world.status("open"), world.status("in_progress"));
    let t = tickets(&world, &jana, 12).await;
    limit(&world, progress, Some(1), true).await;
    for pair in t.chunks(2) {
        let (one, two) = tokio::join!(
            shift(&world, &ann, to(pair[0], open, progress, None, None)),
            shift(&world, &bob, to(pair[1], open, progress, None, None)),
        );
        let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
        lost.refused(Code::Impossible);
        let won = won.unwrap().ticket.id;
        assert_eq!(column(&world, &ann, progress).await, [won]);
        shift(&world, &ann, to(won, progress, world.status("closed"), None, None)).await.unwrap();
    }
}

#[tokio::test]
async fn stale_and_forbidden_moves_change_nothing() {
    let world = World::new().await;
    let (agent, jana, other) = (world.agent().await, world.customer().await, world.customer().await);
    let (open, progress, resolved) = (world.status("open"), world.status("in_progress"), world.status("resolved"));
    let id = world.ticket(&jana).await.id;
    shift(&world, &agent, to(id, open, progress, None, None)).await.unwrap();
    // Somebody whose board still shows it as open.
    let stale = shift(&world, &agent, to(id, open, resolved, None, None)).await.refused(Code::Conflict);
    assert!(stale.message.contains(&format!("#{id}")), "{}", stale.message);
    // Dropping it where a colleague has just put it is what both want.
    shift(&world, &agent, to(id, open, progress, None, None)).await.unwrap();
    shift(&world, &agent, to(id, progress, world.status("closed"), None, None)).await.unwrap();
    let before = world.count("select count(*) from events").await;
    shift(&world, &agent, to(id, world.status("closed"), progress, None, None)).await.wrong("status");
    shift(&world, &agent, to(id, world.status("closed"), StatusId(99_999), None, None)).await.wrong("status");
    shift(&world, &agent, to(TicketId(99_999), open, progress, None, None)).await.refused(Code::NotFound);
    let back = to(id, world.status("closed"), open, None, None);
    shift(&world, &jana, back.clone()).await.refused(Code::Forbidden);
    shift(&world, &other, back.clone()).await.refused(Code::NotFound);
    shift(&world, &Actor::visitor(None), back.clone()).await.refused(Code::SignedOut);
    let blocked = world.agent().await;
    world.block(&blocked).await;
    assert_eq!(world.count("select count(*) from events").await, before);
    for customer in [&jana, &other] {
        board::board(&world.desk, customer, &BoardFilter::default()).await.refused(Code::Forbidden);
    }
    board::board(&world.desk, &Actor::visitor(None), &BoardFilter::default()).await.refused(Code::SignedOut);
    shift(&world, &agent, back).await.unwrap();
}

/// A page is sent with the same beginning, whether all of the board is read for it or no more than that.
#[tokio::test]
async fn a_beginning_is_what_the_whole_board_begins_with() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let (open, progress) = (world.status("open"), world.status("in_progress"));
    let t = tickets(&world, &jana, 6).await;
    for ticket in &t[..2] {
        shift(&world, &agent, to(*ticket, open, progress, None, None)).await.unwrap();
    }
    world.run(async |tx| store::counts::rebuild(tx).await).await.unwrap();
    let mine = BoardFilter { assignee: Some(Whose::Nobody), ..BoardFilter::default() };
    for (rows, is_beginning) in [(1, true), (2, true), (3, true), (4, false), (9, false)] {
        for filter in [BoardFilter::default(), mine.clone()] {
            for lanes in Lanes::ALL {
                let whole = board::board(&world.desk, &agent, &filter).await.unwrap().beginning(lanes, rows);
                let begun = board::beginning(&world.desk, &agent, &filter, lanes, rows).await.unwrap();
                // Other tests write to the same server meanwhile.
                let whole = Board { position: begun.position, ..whole };
                assert_eq!(begun, whole, "{rows} {lanes:?} {filter:?}");
                assert_eq!(begun.is_beginning, is_beginning, "{rows}");
            }
        }
    }
}

#[tokio::test]
async fn a_board_is_narrowed_down() {
    let world = World::new().await;
    let acme = world.company("Acme", false).await;
    let (ann, bob) = (world.agent().await, world.agent().await);
    let (jana, petr) = (world.company_user(acme).await, world.customer().await);
    let mut made = Vec::new();
    for (n, customer) in [&jana, &petr, &jana, &petr].into_iter().enumerate() {
        let id = world.ticket(customer).await.id;
        let input = Change {
            assignee: Some(Swap::to([None, Some(id_of(&bob)), Some(id_of(&ann)), Some(id_of(&bob))][n])),
            urgency: Some(Swap::to(Level::ALL[n])),
            importance: Some(Swap::to(Level::ALL[3 - n])),
            tags: Some(Swap::to(if n < 2 { vec!["vip".into()] } else { Vec::new() })),
            ..Change::default()
        };
        world.run(async |tx| change::change(tx, &ann, id, input).await).await.unwrap();
        made.push(id);
    }
    let tag = world.desk.catalog().tags[0].id;
    let all = BoardFilter::default;
    for (filter, expected) in [
        (all(), vec![3, 2, 1, 0]),
        (BoardFilter { assignee: Some(Whose::Nobody), ..all() }, vec![0]),
        (BoardFilter { assignee: Some(Whose::Of(id_of(&bob))), ..all() }, vec![3, 1]),
        (BoardFilter { company: Some(acme), ..all() }, vec![2, 0]),
        (BoardFilter { urgency: Some(Level::High), ..all() }, vec![2]),
        (BoardFilter { importance: Some(Level::Critical), ..all() }, vec![0]),
        (BoardFilter { tag: Some(tag), ..all() }, vec![1, 0]),
        (BoardFilter { tag: Some(tag), company: Some(acme), ..all() }, vec![0]),
        (BoardFilter { tag: Some(tag), urgency: Some(Level::Critical), ..all() }, vec![]),
    ] {
        let board = board::board(&world.desk, &ann, &filter).await.unwrap();
        assert_eq!(board.columns.len(), 4, "all but the closed ones");
        let cards: Vec<_> = board.columns[0].cards.iter().map(|t| t.id).collect();
        assert_eq!(cards, expected.iter().map(|n| made[*n]).collect::<Vec<_>>(), "{filter:?}");
    }
}

#[tokio::test]
async fn a_pair_that_few_tickets_have_is_found_without_reading_the_others() {
    let world = World::with(crate::support::Setup { connections: 1, ..Default::default() }).await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, 12_000).await;
    for sql in [
        "update tickets set urgency = 3 where urgency = 4 and importance = 4 and id % 500 <> 15",
        "vacuum analyze tickets",
    ] {
        sqlx::query(sql).execute(world.desk.pool()).await.unwrap();
    }
    let filter =
        BoardFilter { urgency: Some(Level::Critical), importance: Some(Level::Critical), ..BoardFilter::default() };
    let (board, read) = sql::reads(&world, board::board(&world.desk, &agent, &filter)).await;
    let cards: i64 = board.unwrap().columns.iter().map(|column| column.count).sum();
    let read = read["tickets"];
    assert!(cards > 0 && read.scans == 0 && read.rows < 50, "{cards} cards, {read:?}");
}
