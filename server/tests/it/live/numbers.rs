//! The numbers beside the places of the rail.

use super::position;
use crate::support::{World, id_of, node::*, sql::statements_here};
use domain::{
    Actor, TicketId,
    event::Position,
    live::{Counts, ToBrowser, ToServer, Topic},
    ticket::{Change, Swap},
};
use store::{Desk, counts, tickets::change};

/// Reads until these are the numbers beside the rail's places: active, mine, unassigned.
async fn numbers(tab: &mut Tab, active: i64, mine: i64, unassigned: i64) -> Vec<ToBrowser> {
    let wanted = ToBrowser::Counts(Counts { active, mine, unassigned });
    tab.until(|m| *m == wanted).await
}

async fn assign(desk: &Desk, actor: &Actor, ticket: TicketId, to: &Actor) {
    let mut tx = desk.begin().await.unwrap();
    let input = Change { assignee: Some(Swap::to(Some(id_of(to)))), ..Change::default() };
    change::change(&mut tx, actor, ticket, input).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_the_rail_are_told_on_all_nodes() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.manager().await, world.customer().await);
    let first = world.ticket(&jana).await.id;
    let (one, two) = tokio::join!(Node::start(&world), Node::start(&world));
    // One of them counts for both.
    let _workers = one.work();
    let (mut anns, mut bobs) = (one.tab(&ann).await, two.tab(&bob).await);
    for tab in [&mut anns, &mut bobs] {
        tab.say(&ToServer::Follow { topic: Topic::Counts, since: Position::default() }).await;
        numbers(tab, 1, 0, 1).await;
    }
    assign(&two.desk, &bob, first, &ann).await;
    numbers(&mut anns, 1, 1, 0).await;
    numbers(&mut bobs, 1, 0, 0).await;
    world.ticket(&jana).await;
    for (tab, mine) in [(&mut anns, 1), (&mut bobs, 0)] {
        numbers(tab, 2, mine, 1).await;
    }
    // Who comes back is told at once.
    let mut back = two.tab(&ann).await;
    let (told, _) = back.follow(Topic::Counts, Position::default()).await;
    assert_eq!(told, [ToBrowser::Counts(Counts { active: 2, mine: 1, unassigned: 1 })]);
    // Who no longer asks is no longer told.
    back.say(&ToServer::Leave { topic: Topic::Counts }).await;
    assign(&one.desk, &ann, first, &bob).await;
    numbers(&mut bobs, 2, 1, 1).await;
    numbers(&mut anns, 2, 0, 1).await;
    back.say(&ToServer::Follow { topic: Topic::Tickets, since: position(&two.desk).await }).await;
    let got = back.until(|m| matches!(m, ToBrowser::Following { topic: Topic::Tickets, .. })).await;
    assert!(got.iter().all(|m| !matches!(m, ToBrowser::Counts(_))), "{got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_the_rail_are_for_staff_only() {
    let world = World::new().await;
    let company = world.company("Acme", true).await;
    let node = Node::start(&world).await;
    let _workers = node.work();
    let topic = Topic::Counts;
    for actor in [world.customer().await, world.company_user(company).await] {
        let mut tab = node.tab(&actor).await;
        tab.say(&ToServer::Follow { topic, since: Position::default() }).await;
        assert_eq!(tab.next().await, ToBrowser::Refused { topic });
        world.ticket(&actor).await;
        let mut staff = node.tab(&world.agent().await).await;
        staff.follow(topic, Position::default()).await;
        staff.until(|m| matches!(m, ToBrowser::Counts(c) if c.active > 0)).await;
        // Nor are they sent when they move.
        tab.follow(Topic::Tickets, position(&node.desk).await).await;
        world.ticket(&actor).await;
        let got = tab.until(|m| matches!(m, ToBrowser::Ticket { .. })).await;
        assert!(got.iter().all(|m| !matches!(m, ToBrowser::Counts(_))), "{got:?}");
    }
}

/// A node comes while nobody has counted for a while; and nothing more happens.
#[tokio::test]
async fn numbers_that_are_behind_are_looked_at_again() {
    let world = World::new().await;
    let (ann, jana) = (world.agent().await, world.customer().await);
    world.ticket(&jana).await;
    settled(&world.desk).await;
    let node = Node::start(&world).await;
    let mut tab = node.tab(&ann).await;
    tab.say(&ToServer::Follow { topic: Topic::Counts, since: Position::default() }).await;
    numbers(&mut tab, 0, 0, 0).await;
    let mut tx = world.desk.begin().await.unwrap();
    assert!(counts::react(&mut tx, 100).await.unwrap() > 0);
    tx.commit_quietly().await.unwrap();
    // Well before they would be read unasked.
    soon("the numbers are looked at again", numbers(&mut tab, 1, 0, 1)).await;
}

#[tokio::test]
async fn many_tabs_read_the_numbers_of_the_rail_once() {
    let world = World::new().await;
    let (ann, jana) = (world.agent().await, world.customer().await);
    let node = Node::start(&world).await;
    let _workers = node.work();
    world.ticket(&jana).await;
    settled(&world.desk).await;
    let mut tabs = vec![node.tab(&ann).await];
    tabs[0].say(&ToServer::Follow { topic: Topic::Counts, since: Position::default() }).await;
    numbers(&mut tabs[0], 1, 0, 1).await;
    // All that this thread asks of the table, whoever does it.
    let reads = |seen: &[String]| seen.iter().filter(|s| s.contains("sum(tickets)")).count();
    let ((), seen) = statements_here(async {
        for _ in 0..40 {
            let mut tab = node.tab(&ann).await;
            let (told, _) = tab.follow(Topic::Counts, Position::default()).await;
            assert_eq!(told, [ToBrowser::Counts(Counts { active: 1, mine: 0, unassigned: 1 })]);
            tabs.push(tab);
        }
    })
    .await;
    assert_eq!(reads(&seen), 0, "what is known is not read again for another tab: {seen:#?}");
    let ((), seen) = statements_here(async {
        world.ticket(&jana).await;
        for tab in &mut tabs {
            numbers(tab, 2, 0, 2).await;
        }
    })
    .await;
    // More than once only while it waits for the reactor.
    assert!((1..20).contains(&reads(&seen)), "once for all tabs: {seen:#?}");
}
