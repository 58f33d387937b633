//! Tickets: opening them, their properties, and who may change what.

mod again;
mod new;
mod workflow;

use crate::support::{Refused as _, World, id_of, person, text};
use domain::{
    Actor, Code, Result, StatusId, TicketId, UserId,
    event::{Happening, Was},
    priority::{Level, PriorityTable},
    ticket::{Change, NewTicket, Requester, Source, Swap, Ticket, Writing},
    timeline::{Entry, Part},
};
use store::tickets::{change, create, history, message, view, watch};

async fn changed(world: &World, actor: &Actor, id: TicketId, input: Change) -> Result<Ticket> {
    world.advance_seconds(1);
    world.run(async |tx| change::change(tx, actor, id, input).await).await
}

async fn opened(world: &World, actor: &Actor, input: NewTicket) -> Result<Ticket> {
    world.run(async |tx| create::create(tx, actor, input).await).await
}

fn input(subject: &str) -> NewTicket {
    NewTicket { subject: subject.into(), body: "It does not print.".into(), ..NewTicket::default() }
}

fn status(to: StatusId) -> Change {
    Change { status: Some(Swap::to(to)), ..Change::default() }
}

fn assignee(to: Option<UserId>) -> Change {
    Change { assignee: Some(Swap::to(to)), ..Change::default() }
}

fn tags(swap: Swap<Vec<String>>) -> Change {
    Change { tags: Some(swap), ..Change::default() }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&n| n.into()).collect()
}

/// The names of the tags on a ticket.
fn tags_on(world: &World, ticket: &Ticket) -> Vec<String> {
    world.desk.catalog().tags_of(&ticket.tags).into_iter().map(|t| t.name).collect()
}

/// The timeline as this actor sees it.
async fn entries(world: &World, actor: &Actor, id: TicketId) -> Vec<Entry> {
    view::view(&world.desk, actor, id, Part::Latest).await.unwrap().slice.entries
}

async fn ticket(world: &World, actor: &Actor, id: TicketId) -> Ticket {
    view::view(&world.desk, actor, id, Part::Latest).await.unwrap().ticket
}

#[tokio::test]
async fn the_pair_decides_the_priority() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let table = PriorityTable::default();
    let moving = world.ticket(&jana).await.id;
    for urgency in Level::ALL {
        for importance in Level::ALL {
            let expected = table.of(urgency, importance);
            let made = opened(&world, &jana, NewTicket { urgency, importance, ..input("Printer") }).await.unwrap();
            assert_eq!(made.priority, expected, "{urgency:?} × {importance:?}, new");
            let pair = Change {
                urgency: Some(Swap::to(urgency)),
                importance: Some(Swap::to(importance)),
                ..Change::default()
            };
            let moved = changed(&world, &agent, moving, pair).await.unwrap();
            assert_eq!((moved.urgency, moved.importance), (urgency, importance));
            assert_eq!(moved.priority, expected, "{urgency:?} × {importance:?}, changed");
        }
    }
    let critical = Change { urgency: Some(Swap::to(Level::Critical)), ..Change::default() };
    changed(&world, &jana, moving, critical.clone()).await.refused(Code::Forbidden);
    changed(&world, &world.customer().await, moving, critical).await.refused(Code::NotFound);
}

#[tokio::test]
async fn tickets_are_given_taken_and_handed_over() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let (gone, id) = (world.agent().await, world.ticket(&jana).await.id);
    world.block(&gone).await;
    let who = |t: &Ticket| t.assignee.as_ref().map(|a| a.id);
    let taken = changed(&world, &ann, id, assignee(Some(id_of(&ann)))).await.unwrap();
    assert_eq!(who(&taken), Some(id_of(&ann)));
    let handed = changed(&world, &ann, id, assignee(Some(id_of(&bob)))).await.unwrap();
    assert_eq!(who(&handed), Some(id_of(&bob)));
    let watching = view::view(&world.desk, &bob, id, Part::Latest).await.unwrap().watching;
    assert!(watching, "who is given a ticket is told of what happens on it");
    for wrong in [id_of(&gone), id_of(&jana), UserId(99_999)] {
        changed(&world, &ann, id, assignee(Some(wrong))).await.wrong("assignee");
    }
    changed(&world, &jana, id, assignee(None)).await.refused(Code::Forbidden);
    changed(&world, &world.customer().await, id, assignee(None)).await.refused(Code::NotFound);
    assert_eq!(who(&ticket(&world, &ann, id).await), Some(id_of(&bob)));
    let freed = changed(&world, &ann, id, assignee(None)).await.unwrap();
    assert_eq!(who(&freed), None);
    let seen = entries(&world, &ann, id).await;
    let seen: Vec<_> = seen
        .iter()
        .filter_map(|e| match &e.what {
            Happening::Assignee(Was { from, to }) => Some((from.as_ref().map(|p| p.id), to.as_ref().map(|p| p.id))),
            _ => None,
        })
        .collect();
    let (a, b) = (Some(id_of(&ann)), Some(id_of(&bob)));
    assert_eq!(seen, [(None, a), (a, b), (b, None)]);
}

#[tokio::test]
async fn staff_watch_tickets_and_stop() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let id = world.ticket(&jana).await.id;
    let watch = async |actor: &Actor, on| world.run(async |tx| watch::watch(tx, actor, id, on).await).await;
    let watching = async || view::view(&world.desk, &agent, id, Part::Latest).await.unwrap().watching;
    assert!(!watching().await);
    for _ in 0..2 {
        watch(&agent, true).await.unwrap();
        assert!(watching().await);
    }
    watch(&agent, false).await.unwrap();
    assert!(!watching().await);
    watch(&agent, false).await.unwrap();
    let said = entries(&world, &agent, id).await;
    let said: Vec<_> = said.iter().filter(|e| matches!(e.what, Happening::Watch { .. })).collect();
    assert_eq!(said.len(), 2, "once on, once off: {said:?}");
    watch(&jana, true).await.refused(Code::Forbidden);
    watch(&world.customer().await, true).await.refused(Code::NotFound);
    watch(&Actor::visitor(None), true).await.refused(Code::SignedOut);
    assert_eq!(world.count("select count(*) from ticket_watchers").await, 0);
}

#[tokio::test]
async fn tags_are_put_on_and_taken_off() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let id = world.ticket(&jana).await.id;
    let put = changed(&world, &agent, id, tags(Swap::to(names(&[" VIP", "#Printer", "vip", ""])))).await.unwrap();
    assert_eq!(tags_on(&world, &put), ["printer", "vip"]);
    assert_eq!(world.count("select count(*) from tags").await, 2, "unknown ones are made");
    let again = changed(&world, &agent, id, tags(Swap::to(names(&["vip", "printer"])))).await.unwrap();
    assert_eq!(again.version, put.version, "nothing has changed");
    let less = changed(&world, &agent, id, tags(Swap::to(names(&["vip"])))).await.unwrap();
    assert_eq!(tags_on(&world, &less), ["vip"]);
    let said = entries(&world, &agent, id).await;
    let said: Vec<_> = said.into_iter().map(|e| e.what).filter(|w| matches!(w, Happening::Tags { .. })).collect();
    let happened = |added: &[&str], removed: &[&str]| Happening::Tags { added: names(added), removed: names(removed) };
    assert_eq!(said, [happened(&["vip", "printer"], &[]), happened(&[], &["printer"])]);
    changed(&world, &agent, id, tags(Swap::to(names(&[&"x".repeat(41)])))).await.wrong("tags");
    let many: Vec<String> = (0..21).map(|n| format!("tag {n}")).collect();
    changed(&world, &agent, id, tags(Swap::to(many.clone()))).await.wrong("tags");
    // Not by the way of two changes either.
    changed(&world, &agent, id, tags(Swap::from_to(Vec::new(), many[..20].to_vec()))).await.wrong("tags");
    changed(&world, &jana, id, tags(Swap::to(Vec::new()))).await.refused(Code::Forbidden);
    changed(&world, &world.customer().await, id, tags(Swap::to(Vec::new()))).await.refused(Code::NotFound);
    assert_eq!(tags_on(&world, &ticket(&world, &agent, id).await), ["vip"]);
    assert_eq!(world.count("select count(*) from tags").await, 2, "what was refused leaves no tags behind");
}

#[tokio::test]
async fn two_who_change_the_tags_at_once_lose_nothing() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let id = world.ticket(&jana).await.id;
    changed(&world, &ann, id, tags(Swap::to(names(&["old", "vip"])))).await.unwrap();
    // Both have seen the same two tags.
    let seen = names(&["old", "vip"]);
    changed(&world, &ann, id, tags(Swap::from_to(seen.clone(), names(&["old", "vip", "printer"])))).await.unwrap();
    let both = changed(&world, &bob, id, tags(Swap::from_to(seen, names(&["vip", "urgent"])))).await.unwrap();
    assert_eq!(tags_on(&world, &both), ["printer", "urgent", "vip"]);
}

#[tokio::test]
async fn the_history_says_who_did_what_when_and_from_where() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let made = world.ticket(&jana).await;
    let agent = Actor { address: Some("198.51.100.7".into()), ..agent };
    let input = Change {
        subject: Some(Swap::to("Printer on the second floor".into())),
        status: Some(Swap::to(world.status("in_progress"))),
        assignee: Some(Swap::to(Some(id_of(&agent)))),
        team: None,
        urgency: Some(Swap::to(Level::Critical)),
        importance: Some(Swap::to(Level::High)),
        tags: Some(Swap::to(names(&["printer"]))),
    };
    let now = changed(&world, &agent, made.id, input).await.unwrap();
    let history: Vec<Entry> = entries(&world, &agent, made.id).await.into_iter().skip(2).collect();
    let happened: Vec<_> = history.iter().map(|e| e.what.clone()).collect();
    let to = domain::people::Person { id: id_of(&agent), name: person(&agent).name.clone(), picture: None };
    assert_eq!(
        happened,
        [
            Happening::Subject(Was { from: made.subject.clone(), to: "Printer on the second floor".into() }),
            Happening::Status(Was { from: world.status("open"), to: world.status("in_progress") }),
            Happening::Assignee(Was { from: None, to: Some(to) }),
            Happening::Urgency(Was { from: Level::Medium, to: Level::Critical }),
            Happening::Importance(Was { from: Level::Medium, to: Level::High }),
            Happening::Tags { added: names(&["printer"]), removed: Vec::new() },
        ]
    );
    for entry in &history {
        assert_eq!((entry.by.person.as_ref().map(|p| p.id), entry.by.staff), (Some(id_of(&agent)), true));
        assert_eq!(entry.at, world.now());
    }
    assert_eq!(now.updated_at, world.now());
    // Newest first, with the address: for staff, who may see the ticket.
    let desk = &world.desk;
    let read = history::history(desk, &agent, made.id, None).await.unwrap();
    assert_eq!((read.lines.len(), read.more), (2 + history.len(), false));
    for (line, entry) in read.lines.iter().zip(history.iter().rev()) {
        assert_eq!((line.id, &line.what, &line.by), (entry.id, &entry.what, &entry.by));
        assert_eq!(line.address.as_deref(), Some("198.51.100.7"));
    }
    let older = history::history(desk, &agent, made.id, Some(history[0].id)).await.unwrap();
    assert_eq!(
        older.lines.iter().map(|l| l.id).collect::<Vec<_>>(),
        read.lines[history.len()..].iter().map(|l| l.id).collect::<Vec<_>>()
    );
    let stranger = world.customer().await;
    for (who, code) in [(&jana, Code::Forbidden), (&stranger, Code::NotFound)] {
        assert_eq!(history::history(desk, who, made.id, None).await.unwrap_err().code, code);
    }
    // Doing the same again is no history.
    let again = Change { urgency: Some(Swap::to(Level::Critical)), ..status(world.status("in_progress")) };
    let same = changed(&world, &agent, made.id, again).await.unwrap();
    assert_eq!((same.version, same.updated_at), (now.version, now.updated_at));
    assert_eq!(entries(&world, &agent, made.id).await.len(), 2 + history.len());
    // What is the customer's to know.
    let public: Vec<_> = entries(&world, &jana, made.id).await.into_iter().skip(2).map(|e| e.what).collect();
    assert_eq!(public, [Happening::Status(Was { from: world.status("open"), to: world.status("in_progress") })]);
}

#[tokio::test]
async fn a_stale_screen_overwrites_nothing() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let seen = world.ticket(&jana).await;
    let id = seen.id;
    let (open, progress, resolved) = (world.status("open"), world.status("in_progress"), world.status("resolved"));
    let by_ann = Change {
        subject: Some(Swap::from_to(seen.subject.clone(), "Ann's words".into())),
        status: Some(Swap::from_to(open, progress)),
        assignee: Some(Swap::from_to(None, Some(id_of(&ann)))),
        team: None,
        urgency: Some(Swap::from_to(Level::Medium, Level::High)),
        importance: Some(Swap::from_to(Level::Medium, Level::Low)),
        tags: None,
    };
    let after = changed(&world, &ann, id, by_ann).await.unwrap();
    // Bob's screen still shows the ticket as it was. Whichever of his changes is stale, all of them are left out.
    let fresh = Change { tags: Some(Swap::to(names(&["bob"]))), ..Change::default() };
    for stale in [
        Change { subject: Some(Swap::from_to(seen.subject.clone(), "Bob's words".into())), ..fresh.clone() },
        Change { status: Some(Swap::from_to(open, resolved)), ..fresh.clone() },
        Change { assignee: Some(Swap::from_to(None, Some(id_of(&bob)))), ..fresh.clone() },
        Change { urgency: Some(Swap::from_to(Level::Medium, Level::Low)), ..fresh.clone() },
        Change { importance: Some(Swap::from_to(Level::Medium, Level::High)), ..fresh.clone() },
    ] {
        changed(&world, &bob, id, stale).await.refused(Code::Conflict);
        assert_eq!(ticket(&world, &bob, id).await, after);
    }
    // Wanting what a colleague has already done is no conflict.
    let same = Change { status: Some(Swap::from_to(open, progress)), ..Change::default() };
    assert_eq!(changed(&world, &bob, id, same).await.unwrap().version, after.version);
    // Having looked again, he gets his way.
    let now = Change { subject: Some(Swap::from_to("Ann's words".into(), "Bob's words".into())), ..Change::default() };
    assert_eq!(changed(&world, &bob, id, now).await.unwrap().subject, "Bob's words");
    changed(&world, &bob, id, Change { subject: Some(Swap::to(" ".into())), ..Change::default() })
        .await
        .wrong("subject");
}

#[tokio::test]
async fn lists_show_messages_in_plain_words() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let body = "It is **the one** by [gate 3](https://acme.example/gates/3).".into();
    let ticket = world.open(&jana, NewTicket { subject: "Printer".into(), body, ..NewTicket::default() }).await;
    assert_eq!(ticket.excerpt, "It is the one by gate 3.");
    let excerpt = async || view::view(&world.desk, &agent, ticket.id, Part::Latest).await.unwrap().ticket.excerpt;
    for (body, shown) in [
        ("> It is the one by gate 3.\n\n1. Unplug *it*\n2. wait", "1. Unplug it 2. wait"),
        ("> only what you wrote", "only what you wrote"),
        ("5 > 4 and `a_b`", "5 > 4 and a_b"),
    ] {
        world.reply(&agent, ticket.id, body).await;
        assert_eq!(excerpt().await, shown, "{body}");
    }
    // What was typed is kept beside it, where it was more than words.
    let typed: Vec<Option<String>> = sqlx::query_scalar("select markdown from messages order by event_id")
        .fetch_all(world.desk.pool())
        .await
        .unwrap();
    assert!(typed[0].as_deref().is_some_and(|typed| typed.contains("**the one**")));
    world.reply(&agent, ticket.id, "Just words.\n\nMia").await;
    assert_eq!(
        world.count("select count(*) from messages where markdown is null and body = E'Just words.\\n\\nMia'").await,
        1
    );
}
