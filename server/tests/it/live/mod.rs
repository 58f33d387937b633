//! Live updates between real nodes on a real database: order, completeness, who may see what, and what breaks.

mod numbers;

use crate::support::{PASSWORD, Setup, World, id_of, node::*, person, session_of, text};
use domain::{
    Actor, TicketId,
    event::Position,
    live::{CATCH_UP_MAX, ToBrowser, ToServer, Topic},
    priority::{Level, Priority, PriorityTable},
    ticket::{Change, NewTicket, Swap, Writing},
    timeline::Part,
};
use store::{
    Desk, accounts,
    settings::priorities,
    tickets::{change, create, message, view},
};

/// Where reading starts for what comes from now on.
async fn position(desk: &Desk) -> Position {
    settled(desk).await;
    store::events::position_now(&mut desk.read().await.unwrap()).await.unwrap()
}

async fn note(desk: &Desk, actor: &Actor, ticket: TicketId, body: &str) {
    let mut tx = desk.begin().await.unwrap();
    message::write(&mut tx, actor, ticket, text(Writing::Note, body)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn reply(desk: &Desk, actor: &Actor, ticket: TicketId, body: &str) {
    let mut tx = desk.begin().await.unwrap();
    message::write(&mut tx, actor, ticket, text(Writing::Reply, body)).await.unwrap();
    tx.commit().await.unwrap();
}

/// What messages were brought, by what they say.
fn said(messages: &[ToBrowser]) -> Vec<String> {
    let plain = |html: &str| html.replace("<p>", "").replace("</p>", "").trim().to_owned();
    messages
        .iter()
        .filter_map(|m| match m {
            ToBrowser::Entry { entry, .. } => entry.message.as_ref().map(|m| plain(&m.html)),
            _ => None,
        })
        .collect()
}

/// Whether this entry says so.
fn says<'a>(body: &'a str) -> impl FnMut(&ToBrowser) -> bool + 'a {
    move |m| said(std::slice::from_ref(m)) == [body]
}

/// The position of the last message that has one.
fn last(messages: &[ToBrowser]) -> Position {
    let position = |m: &ToBrowser| match m {
        ToBrowser::Entry { position, .. } | ToBrowser::Ticket { position, .. } => Some(*position),
        _ => None,
    };
    messages.iter().rev().find_map(position).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_on_one_node_is_seen_on_the_other() {
    let world = World::new().await;
    let (agent, colleague, customer) = (world.agent().await, world.agent().await, world.customer().await);
    let ticket = world.ticket(&customer).await;
    let (one, two) = tokio::join!(Node::start(&world), Node::start(&world));
    let seen = view::view(&two.desk, &colleague, ticket.id, Part::Latest).await.unwrap().position;
    let mut page = two.tab(&colleague).await;
    page.follow(Topic::Ticket(ticket.id), seen).await;
    let mut list = two.tab(&colleague).await;
    list.follow(Topic::Tickets, position(&two.desk).await).await;

    reply(&one.desk, &agent, ticket.id, "Is it plugged in?").await;
    page.until(says("Is it plugged in?")).await;
    list.until(|m| matches!(m, ToBrowser::Ticket { ticket, .. } if ticket.excerpt == "Is it plugged in?")).await;

    // A change of the properties, with a tag that the second node does not know yet.
    let mut tx = one.desk.begin().await.unwrap();
    let input = Change { tags: Some(Swap::to(vec!["printer".into()])), ..Change::default() };
    change::change(&mut tx, &agent, ticket.id, input).await.unwrap();
    tx.commit().await.unwrap();
    let got = page.until(|m| matches!(m, ToBrowser::Ticket { ticket, .. } if !ticket.tags.is_empty())).await;
    let Some(ToBrowser::Ticket { ticket: now, .. }) = got.last() else { unreachable!() };
    assert_eq!(two.desk.catalog().tags_of(&now.tags)[0].name, "printer");

    // And back.
    note(&two.desk, &colleague, ticket.id, "It is not.").await;
    let mut back = one.tab(&agent).await;
    let (missed, _) = back.follow(Topic::Ticket(ticket.id), seen).await;
    assert!(said(&missed).contains(&"Is it plugged in?".to_owned()));
    if !said(&missed).contains(&"It is not.".to_owned()) {
        back.until(says("It is not.")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_get_theirs_and_nothing_internal() {
    let world = World::new().await;
    let (agent, jana, other) = (world.agent().await, world.customer().await, world.customer().await);
    let (mine, foreign) = (world.ticket(&jana).await, world.ticket(&other).await);
    let node = Node::start(&world).await;
    let start = position(&node.desk).await;
    let mut tab = node.tab(&jana).await;
    for topic in [Topic::Ticket(foreign.id), Topic::Ticket(TicketId(999_999))] {
        tab.say(&ToServer::Follow { topic, since: start }).await;
        assert_eq!(tab.next().await, ToBrowser::Refused { topic });
    }
    tab.follow(Topic::Ticket(mine.id), start).await;
    tab.follow(Topic::Tickets, start).await;

    note(&node.desk, &agent, mine.id, "They sound annoyed.").await;
    note(&node.desk, &agent, foreign.id, "This one too.").await;
    let mut tx = node.desk.begin().await.unwrap();
    let input = Change { assignee: Some(Swap::to(Some(id_of(&agent)))), ..Change::default() };
    change::change(&mut tx, &agent, mine.id, input).await.unwrap();
    tx.commit().await.unwrap();
    reply(&node.desk, &agent, foreign.id, "Not for Jana.").await;
    reply(&node.desk, &agent, mine.id, "Hello Jana.").await;

    let check = |messages: &[ToBrowser]| {
        for message in messages {
            match message {
                ToBrowser::Ticket { ticket, .. } => {
                    assert_eq!(ticket.id, mine.id);
                    assert_eq!((ticket.assignee.clone(), ticket.tags.len()), (None, 0));
                }
                ToBrowser::Entry { ticket, .. } => assert_eq!(*ticket, mine.id),
                _ => {}
            }
        }
    };
    let live = tab.until(says("Hello Jana.")).await;
    check(&live);
    assert_eq!(said(&live), ["Hello Jana."]);
    // The same is true of what is caught up on.
    let mut later = node.tab(&jana).await;
    let (missed, _) = later.follow(Topic::Ticket(mine.id), start).await;
    check(&missed);
    assert_eq!(said(&missed), ["Hello Jana."]);
    let (missed, _) = later.follow(Topic::Tickets, start).await;
    check(&missed);
    assert_eq!(missed.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_commits_late_is_not_skipped() {
    let world = World::new().await;
    let (agent, customer) = (world.agent().await, world.customer().await);
    let (slow, quick) = (world.ticket(&customer).await, world.ticket(&customer).await);
    let node = Node::start(&world).await;
    let mut tab = node.tab(&agent).await;
    let start = position(&node.desk).await;
    tab.follow(Topic::Ticket(slow.id), start).await;
    tab.follow(Topic::Ticket(quick.id), start).await;

    let mut held = node.desk.begin().await.unwrap();
    message::write(&mut held, &agent, slow.id, text(Writing::Note, "begun first")).await.unwrap();
    note(&node.desk, &agent, quick.id, "committed first").await;
    held.commit().await.unwrap();
    let mut got = tab.until(says("committed first")).await;
    assert_eq!(said(&got), ["begun first", "committed first"], "the order of their transactions");

    // Ended by something that nobody announces: it is looked for.
    let mut held = node.desk.begin().await.unwrap();
    message::write(&mut held, &agent, slow.id, text(Writing::Note, "taken back")).await.unwrap();
    note(&node.desk, &agent, quick.id, "waits").await;
    drop(held);
    got = tab.until(says("waits")).await;
    assert_eq!(said(&got), ["waits"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_keep_the_order_of_each_ticket() {
    let world = World::with(Setup { connections: 20, ..Setup::default() }).await;
    let (agent, customer) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&customer).await;
    let (one, two) = tokio::join!(Node::start(&world), Node::start(&world));
    let start = position(&two.desk).await;
    let mut tab = two.tab(&agent).await;
    tab.follow(Topic::Ticket(ticket.id), start).await;
    let write = async |node: &Node, writer: usize| {
        for n in 0..20 {
            note(&node.desk, &agent, ticket.id, &format!("{writer}.{n}")).await;
        }
    };
    let read = async {
        let mut entries = Vec::new();
        while entries.len() < 80 {
            if let ToBrowser::Entry { entry, position, .. } = tab.next().await {
                entries.push((position, entry.id));
            }
        }
        entries
    };
    let (.., entries) = tokio::join!(write(&one, 1), write(&one, 2), write(&two, 3), write(&two, 4), read);
    assert!(entries.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "in order, each once: {entries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_gap_the_rest_comes_in_order_and_once() {
    let world = World::new().await;
    let (agent, customer) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&customer).await;
    let (one, two) = tokio::join!(Node::start(&world), Node::start(&world));
    let topic = Topic::Ticket(ticket.id);
    let mut tab = one.tab(&agent).await;
    tab.follow(topic, position(&one.desk).await).await;
    for n in 0..5 {
        note(&one.desk, &agent, ticket.id, &n.to_string()).await;
    }
    let before = tab.until(says("4")).await;
    drop(tab);
    for n in 5..10 {
        note(&one.desk, &agent, ticket.id, &n.to_string()).await;
    }
    // It comes back to another node, while more is being written.
    let mut tab = two.tab(&agent).await;
    let writing = async {
        for n in 10..20 {
            note(&one.desk, &agent, ticket.id, &n.to_string()).await;
        }
    };
    let reading = async {
        let (mut after, _) = tab.follow(topic, last(&before)).await;
        if said(&after).last().is_none_or(|s| s != "19") {
            after.extend(tab.until(says("19")).await);
        }
        after
    };
    let ((), after) = tokio::join!(writing, reading);
    let all: Vec<String> = said(&before).into_iter().chain(said(&after)).collect();
    assert_eq!(all, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// Puts hidden events into the table at once.
async fn flood(world: &World, ticket: TicketId, count: i64, body: i32) {
    let sql = "with e as (
            insert into events (at, actor_name, actor_staff, ticket_id, audience, kind)
            select now(), 'Flood', true, $1, 1, 'message.note' from generate_series(1, $2) returning id)
        insert into messages (event_id, ticket_id, kind, channel, body, html)
        select id, $1, 'note', 'web', '', repeat('x', $3) from e";
    sqlx::query(sql).bind(ticket.0).bind(count).bind(body).execute(world.desk.pool()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_missed_is_read_anew() {
    let world = World::new().await;
    let (agent, customer) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&customer).await;
    let start = position(&world.desk).await;
    flood(&world, ticket.id, CATCH_UP_MAX + 1, 10).await;
    settled(&world.desk).await;
    let node = Node::start(&world).await;
    let mut tab = node.tab(&agent).await;
    for topic in [Topic::Ticket(ticket.id), Topic::Tickets] {
        let (missed, _) = tab.follow(topic, start).await;
        assert_eq!(missed, [ToBrowser::Reset { topic }]);
    }
    note(&node.desk, &agent, ticket.id, "From here on.").await;
    tab.until(says("From here on.")).await;
}

/// Without what is told of people, which comes when it comes.
fn news((mut messages, _): (Vec<ToBrowser>, Position)) -> Vec<ToBrowser> {
    messages.retain(|m| !matches!(m, ToBrowser::Presence { .. }));
    messages
}

/// A changed priority table can touch every ticket there is: staff's open pages are told once, by whichever node.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_priority_table_is_seen_on_open_pages() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let (one, two) = tokio::join!(Node::start(&world), Node::start(&world));
    let (start, topics) = (position(&two.desk).await, [Topic::Ticket(ticket), Topic::Tickets]);
    let (mut staff, mut customer) = (two.tab(&agent).await, two.tab(&jana).await);
    for topic in topics {
        staff.follow(topic, start).await;
        customer.follow(topic, start).await;
    }
    let (was, mut wanted) = (PriorityTable::default(), PriorityTable::default());
    wanted.set(Level::Medium, Level::Medium, Priority::Urgent);
    let mut tx = one.desk.begin().await.unwrap();
    priorities::set(&mut tx, &admin, &was, &wanted).await.unwrap();
    tx.commit().await.unwrap();
    priorities::apply(&one.desk, false).await.unwrap();
    for _ in topics {
        staff.until(|m| matches!(m, ToBrowser::Reset { .. })).await;
    }
    let now = view::view(&two.desk, &agent, ticket, Part::Latest).await.unwrap();
    assert_eq!(now.ticket.priority, Priority::Urgent, "what they read then is right");
    assert_eq!(two.desk.catalog().priorities, wanted);
    // Who was away meanwhile is told when they come back, unless they have read since.
    let mut back = two.tab(&agent).await;
    for topic in topics {
        assert_eq!(news(back.follow(topic, start).await), [ToBrowser::Reset { topic }]);
    }
    let since = position(&two.desk).await;
    let mut fresh = two.tab(&agent).await;
    for topic in topics {
        assert_eq!(news(fresh.follow(topic, since).await), []);
    }
    // A node that was away too, or is new, knows of it from the events.
    let three = Node::start(&world).await;
    let (mut back, mut fresh, mut janas) = (three.tab(&agent).await, three.tab(&agent).await, three.tab(&jana).await);
    for topic in topics {
        assert_eq!(
            news(back.follow(topic, start).await),
            [ToBrowser::Reset { topic }],
            "offline while a node restarts"
        );
        assert_eq!(news(fresh.follow(topic, since).await), []);
        let missed = news(janas.follow(topic, start).await);
        assert!(missed.iter().all(|m| !matches!(m, ToBrowser::Reset { .. })), "{missed:?}");
    }
    // Customers have nothing to read again: they see no priorities.
    reply(&two.desk, &agent, ticket, "Hello Jana.").await;
    let got = customer.until(says("Hello Jana.")).await;
    assert!(got.iter().all(|m| !matches!(m, ToBrowser::Reset { .. })), "{got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_dropped_and_holds_nobody_up() {
    let world = World::new().await;
    let (agent, customer) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&customer).await;
    let node = Node::start(&world).await;
    let start = position(&node.desk).await;
    let mut lazy = node.tab(&agent).await;
    lazy.follow(Topic::Ticket(ticket.id), start).await;
    let mut keen = node.tab(&agent).await;
    keen.follow(Topic::Ticket(ticket.id), start).await;
    let got = async {
        let mut entries = 0;
        while entries < 2_000 {
            entries += usize::from(matches!(keen.next().await, ToBrowser::Entry { .. }));
        }
    };
    // 40 MB: more than the buffers of both ends and the queue take.
    tokio::join!(flood(&world, ticket.id, 2_000, 20_000), got);
    soon("the lazy tab is dropped", node.live.sockets().wait_for(|open| *open == 1)).await.unwrap();
    drop(lazy);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_loses_nothing() {
    let world = World::new().await;
    let (agent, customer) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&customer).await;
    let (one, two) = tokio::join!(Node::start(&world), Node::start(&world));
    let mut tab = two.tab(&agent).await;
    tab.follow(Topic::Ticket(ticket.id), position(&two.desk).await).await;
    for round in 0..3 {
        let body = format!("round {round}");
        note(&one.desk, &agent, ticket.id, &body).await;
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .execute(world.desk.pool())
        .await
        .unwrap();
        let got = tab.until(says(&body)).await;
        assert_eq!(said(&got), [body]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_out_is_closed() {
    let world = World::new().await;
    let agent = world.agent().await;
    let node = Node::start(&world).await;
    let email = person(&agent).email.clone();
    let visitor = Actor::visitor(None);
    let (_, token) = accounts::sign_in(&node.desk, &visitor, &email, PASSWORD.into(), "").await.unwrap();
    let session = accounts::find(&node.desk, &session_of(token)).await.unwrap().unwrap();
    let mut tab = node.tab_of(session.person.id.0, session.id.0).await;
    let mut other = node.tab(&agent).await;
    tab.follow(Topic::Tickets, position(&node.desk).await).await;
    let mut tx = node.desk.begin().await.unwrap();
    accounts::revoke(&mut tx, &agent, session.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tab.closed().await, Some(4401));
    assert_eq!(node.tab_of(0, 0).await.closed().await, Some(4401));
    // Somebody else's way in is not touched; the end of the node closes it so that it comes back.
    other.follow(Topic::Tickets, position(&node.desk).await).await;
    node.stop.cancel();
    assert_eq!(other.closed().await, Some(1012));
    soon("all sockets are closed", node.live.closed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_shown_the_door() {
    let world = World::new().await;
    let agent = world.agent().await;
    let node = Node::start(&world).await;
    let follow = serde_json::to_string(&ToServer::Leave { topic: Topic::Tickets }).unwrap();
    for (text, code) in [("{", 1008), (r#"{"nonsense":{}}"#, 1008), (" ".repeat(20_000).as_str(), 1009)] {
        let mut tab = node.tab(&agent).await;
        tab.say_text(text).await;
        assert_eq!(tab.closed().await, Some(code), "{} bytes", text.len());
    }
    let mut tab = node.tab(&agent).await;
    for _ in 0..80 {
        tab.say_text(&follow).await;
    }
    assert_eq!(tab.closed().await, Some(1008));
    // Neither do signs of life without end keep a socket busy.
    let mut tab = node.tab(&agent).await;
    assert_eq!(tab.ping_until_closed().await, Some(1008));
    // The node lives, and no number breaks it.
    let mut tab = node.tab(&agent).await;
    for (transaction, id) in [(i64::MAX, i64::MAX), (i64::MIN, i64::MIN), (0, 0)] {
        tab.follow(Topic::Tickets, Position { transaction, id }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_looking_is_known_on_all_nodes() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let (one, two) = tokio::join!(Node::start(&world), Node::start(&world));
    let start = position(&one.desk).await;
    let topic = Topic::Ticket(ticket);
    let people = |m: &ToBrowser| match m {
        ToBrowser::Presence { people, .. } => people.iter().map(|p| (p.id, p.typing)).collect(),
        _ => Vec::new(),
    };
    let (a, b, j) = (id_of(&ann), id_of(&bob), id_of(&jana));
    let mut anns = one.tab(&ann).await;
    anns.follow(topic, start).await;
    let mut bobs = two.tab(&bob).await;
    bobs.follow(topic, start).await;
    let mut janas = two.tab(&jana).await;
    janas.follow(topic, start).await;
    bobs.until(|m| people(m) == [(a, false), (j, false)]).await;
    anns.until(|m| people(m) == [(b, false), (j, false)]).await;

    anns.say(&ToServer::TypingNote { ticket }).await;
    bobs.until(|m| people(m) == [(a, true), (j, false)]).await;
    anns.say(&ToServer::Typing { ticket }).await;
    let got = janas.until(|m| people(m) == [(a, true)]).await;
    assert_eq!(got.len(), 1, "customers learn of nothing else: {got:?}");

    // The message ends the typing, on every node.
    reply(&one.desk, &ann, ticket, "Done.").await;
    janas.until(|m| matches!(m, ToBrowser::Presence { people, .. } if people.is_empty())).await;
    drop(anns);
    bobs.until(|m| people(m) == [(j, false)]).await;
    // A node that stops takes its people along.
    let mut anns = one.tab(&ann).await;
    anns.follow(topic, start).await;
    bobs.until(|m| people(m) == [(a, false), (j, false)]).await;
    one.stop.cancel();
    bobs.until(|m| people(m) == [(j, false)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_tickets_come_into_the_lists() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let node = Node::start(&world).await;
    let mut list = node.tab(&agent).await;
    list.follow(Topic::Tickets, position(&node.desk).await).await;
    let mut tx = node.desk.begin().await.unwrap();
    let input = NewTicket { subject: "Smoke".into(), body: "From the printer.".into(), ..NewTicket::default() };
    let ticket = create::create(&mut tx, &jana, input).await.unwrap();
    tx.commit().await.unwrap();
    let ToBrowser::Ticket { ticket: told, .. } = list.next().await else { panic!("not a ticket") };
    assert_eq!((told.id, told.subject.as_str()), (ticket.id, "Smoke"));
}
