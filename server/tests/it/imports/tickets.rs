//! Tickets of other systems brought in from files.

use super::{go, numbers, pieces, seen, upload};
use crate::support::{
    Refused as _, World,
    browser::Browser,
    id_of,
    node::{Node, settled, soon},
    person,
};
use domain::{
    Actor, Code, ImportId, Time,
    access::{Permission, Permissions},
    event::Position,
    import::{Becomes, Field, Kind, Reading, State, tickets::moment},
    live::{ToBrowser, Topic},
    ticket::{Source, Ticket},
};
use server::work::jobs;
use store::{imports, tickets};

/// As Zendesk writes it, more or less.
const FILE: &str = "\
Summation column,Id,Requester,Requester email,Submitter,Assignee,Subject,Description,Tags,Status,Priority,Via,Created at,Updated at,Solved at
1,4711,Jana Weiß,jana@acme.example,x,{agent},Printer on fire,\"It burns.
=1+1 <b>\",fire vip,Closed,Urgent,Mail,2019-03-04T10:00:00+01:00,2019-03-06 08:00,2019-03-05 08:00:30
2,4712,Jana Weiß,JANA@acme.example,x,Somebody Else,Still open,,vip,Open,,Web,2020-01-01 12:00,,
3,4713,,petr@home.example,x,,No such state,,,Merged,,,,,
4,4714,Agent,{agent},x,,A colleague's own,,,Pending,Low,Phone,2020-02-02,,
5,4711,Jana Weiß,jana@acme.example,x,,Once more,,,New,,,,,
";

fn file(agent: &Actor) -> String {
    FILE.replace("{agent}", &person(agent).email)
}

async fn all(world: &World) -> Vec<Ticket> {
    let mut conn = world.desk.read().await.unwrap();
    let ids: Vec<i64> = sqlx::query_scalar("select id from tickets order by id").fetch_all(&mut *conn).await.unwrap();
    tickets::row::load_many(&mut conn, &ids).await.unwrap()
}

fn at(text: &str) -> Time {
    moment(text).unwrap()
}

/// Says where the tickets come from, where their columns do not tell.
async fn come_from(world: &World, actor: &Actor, id: ImportId, source: &str) {
    let reading = Reading { source: source.into(), ..seen(world, actor, id).await.import.reading };
    world.run(async |tx| imports::set_reading(tx, actor, id, &reading).await).await.unwrap();
}

#[tokio::test]
async fn tickets_come_in_with_their_dates_and_twice_is_once() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let acme = world.company("Acme", false).await;
    world.domain(acme, "acme.example").await;
    let id = upload(&world, &manager, Kind::Tickets, &file(&agent)).await;
    let reading = seen(&world, &manager, id).await.import.reading;
    assert_eq!((reading.source.as_str(), reading.columns[1]), ("Zendesk", Some(Field::Number)));

    let tried = go(&world, &manager, id, true).await;
    assert_eq!((tried.import.state, numbers(&tried), tried.import.unassigned), (State::Tried, [3, 0, 1, 1], 1));
    let becomes: Vec<_> = tried.samples.iter().map(|s| (s.line, s.becomes.clone())).collect();
    let nobody = Becomes::Made(Some("somebody else".into()));
    assert_eq!(becomes, [(2, Becomes::Made(None)), (4, nobody), (6, Becomes::Made(None)), (7, Becomes::Same)]);
    assert!(tried.refusals[0].reason.contains("There is no status “Merged” here"), "{:?}", tried.refusals);
    let nothing = "select (select count(*) from tickets) + (select count(*) from outside_tickets)
        + (select count(*) from tags) + (select count(*) from users where role = 'customer')";
    assert_eq!(world.count(nothing).await, 0, "nothing was changed");

    let done = go(&world, &manager, id, false).await;
    assert_eq!((done.import.state, numbers(&done), done.samples.len()), (State::Done, [3, 0, 1, 1], 0));
    let mut found = all(&world).await;
    found.sort_by_key(|ticket| ticket.id);
    let [fire, open, own] = &found[..] else { panic!("{found:?}") };
    let workflow = &world.desk.catalog().workflow;
    let status = |key: &str| workflow.by_key(key).unwrap().id;
    assert_eq!((fire.subject.as_str(), fire.source, fire.status), ("Printer on fire", Source::Email, status("closed")));
    assert_eq!((fire.created_at, fire.updated_at), (at("2019-03-04 09:00"), at("2019-03-06 08:00")));
    assert_eq!(fire.assignee.as_ref().map(|p| p.id), Some(id_of(&agent)));
    assert_eq!(fire.company.as_ref().map(|c| c.id), Some(acme), "by the domain of a new customer");
    assert_eq!((fire.excerpt.as_str(), fire.customer_last), ("It burns. =1+1 <b>", false));
    assert_eq!(world.desk.catalog().tags_of(&fire.tags).len(), 2);
    assert_eq!((open.requester.id, open.status, &open.assignee), (fire.requester.id, status("open"), &None));
    assert_eq!((open.excerpt.as_str(), open.customer_last), ("Still open", true), "the subject stands for a message");
    assert_eq!((own.requester.id, own.status), (id_of(&agent), status("waiting_for_customer")));
    let moved = "select count(*) from events where kind = 'ticket.status' and at = '2019-03-05 08:00:30+00'
        and actor_id is null and actor_name = 'Zendesk 4711'";
    assert_eq!(world.count(moved).await, 1);
    let events = "select count(*) from events where ticket_id is not null and at > '2021-01-01'";
    assert_eq!(world.count(events).await, 0, "all of it was then");
    assert_eq!(world.count("select count(*) from ticket_watchers").await, 1);
    assert!(world.mails().await.is_empty(), "nobody gets a letter");

    // The numbers of the rail go along.
    settled(&world.desk).await;
    while world.run(async |tx| store::counts::react(tx, 500).await).await.unwrap() > 0 {}
    assert_eq!(world.count("select sum(tickets)::bigint from ticket_counts").await, 3);

    // The same file again, however its system is written; and the same numbers of another one.
    for (source, expected) in [("ZENDESK", [0, 0, 4, 1]), ("Another", [3, 0, 1, 1])] {
        let again = upload(&world, &manager, Kind::Tickets, &file(&agent)).await;
        come_from(&world, &manager, again, source).await;
        for trial in [true, false] {
            assert_eq!(numbers(&go(&world, &manager, again, trial).await), expected, "{source} {trial}");
        }
    }
    assert_eq!(world.count("select count(*) from tickets").await, 6);
}

#[tokio::test]
async fn only_who_may_open_tickets_for_others_brings_them_in() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let merging = Permissions::ALL.words().into_iter().filter(|w| *w != Permission::OpenTickets.word());
    let merging = world.custom(Permissions::from_words(merging)).await;
    let id = upload(&world, &admin, Kind::Tickets, &file(&admin)).await;
    for (actor, code) in [
        (merging, Code::Forbidden),
        (world.agent().await, Code::Forbidden),
        (world.customer().await, Code::Forbidden),
        (Actor::visitor(None), Code::SignedOut),
    ] {
        let created = imports::create(&world.desk, &actor, Kind::Tickets, "a.csv", &mut pieces("a,b\n")).await;
        created.refused(code);
        world.run(async |tx| imports::begin(tx, &actor, id, true).await).await.refused(code);
    }
    // Nor does who may not any more.
    world.run(async |tx| imports::begin(tx, &admin, id, true).await).await.unwrap();
    sqlx::query("update users set role = 'agent' where id = $1")
        .bind(id_of(&admin).0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert_eq!(seen(&world, &world.superadmin().await, id).await.import.state, State::Failed);
}

#[tokio::test]
async fn a_file_has_to_say_enough() {
    let world = World::new().await;
    let manager = world.manager().await;
    let id = upload(&world, &manager, Kind::Tickets, "number,email,subject\n1,a@a.example,Help\n").await;
    world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.wrong("source");
    come_from(&world, &manager, id, &"x".repeat(41)).await;
    world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.wrong("source");
    for columns in [vec![None; 3], vec![Some(Field::Number), Some(Field::Email), None]] {
        let reading = Reading { columns, source: "Old".into(), ..seen(&world, &manager, id).await.import.reading };
        world.run(async |tx| imports::set_reading(tx, &manager, id, &reading).await).await.unwrap();
        world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.wrong("columns");
    }
}

#[tokio::test]
async fn old_numbers_are_found_by_whoever_may_see_the_ticket() {
    let world = World::new().await;
    let (manager, jana, petr) = (world.manager().await, world.customer().await, world.customer().await);
    let file = format!("Number,Subject,Email\nA-77,Help,{}\n", person(&jana).email);
    let id = upload(&world, &manager, Kind::Tickets, &file).await;
    come_from(&world, &manager, id, "Old").await;
    go(&world, &manager, id, true).await;
    go(&world, &manager, id, false).await;
    for (who, found) in [(&manager, 1), (&jana, 1), (&petr, 0)] {
        for words in ["A-77", "#A-77"] {
            let hits = tickets::search::search(&world.desk, who, words, 0).await.unwrap().hits;
            assert_eq!(hits.len(), found, "{words} {}", person(who).name);
        }
    }
    let page = Browser::of(&world, &jana).await.get("/portal").await;
    assert!(page.text.contains("Help"), "{}", page.text);
}

/// As many as five thousand, for whom a worker is cut off in the middle, and a second file of them beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tickets_survive_a_killed_worker_and_two_at_once() {
    let world = World::new().await;
    let manager = world.manager().await;
    let line = |n| match n % 10 {
        9 => format!("{n},Help {n},nothing,2020-01-01\n"),
        _ => format!("{n},Help {n},p{}@many.example,2020-01-01 00:{:02}\n", n % 700, n % 60),
    };
    let file = format!("Ticket ID,Subject,Email,Created time\n{}", (0..5_000).map(line).collect::<String>());
    let id = upload(&world, &manager, Kind::Tickets, &file).await;
    assert_eq!(numbers(&go(&world, &manager, id, true).await), [4_500, 0, 0, 500]);
    let second = upload(&world, &manager, Kind::Tickets, &file).await;
    go(&world, &manager, second, true).await;
    world.run(async |tx| imports::begin(tx, &manager, id, false).await).await.unwrap();
    let desk = world.desk.clone();
    let worker = tokio::spawn(async move { imports::work(&desk, id).await });
    soon("it goes on", async {
        while seen(&world, &manager, id).await.import.lines_done < 1_000 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    worker.abort();
    let _ = worker.await;
    let cut = seen(&world, &manager, id).await.import;
    let there = world.count("select count(*) from tickets").await;
    assert!(cut.state == State::Running && cut.made == there && there < 4_500, "{there} {cut:?}");
    // The next one goes on, while somebody brings in the same.
    world.run(async |tx| imports::begin(tx, &manager, second, false).await).await.unwrap();
    let (one, two) = tokio::join!(imports::work(&world.desk, id), imports::work(&world.desk, second));
    one.and(two).unwrap();
    let (one, two) = (seen(&world, &manager, id).await, seen(&world, &manager, second).await);
    assert_eq!([one.import.state, two.import.state], [State::Done; 2]);
    assert_eq!((one.import.made + two.import.made, one.import.same), (4_500, two.import.made), "{one:?} {two:?}");
    assert_eq!(world.count("select count(*) from tickets").await, 4_500);
    assert_eq!(world.count("select count(distinct number) from outside_tickets").await, 4_500);
    assert_eq!(world.count("select count(*) from users where role = 'customer'").await, 630);
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.created'").await, 4_500);
}

/// Lists that are open are told of what is new, not of history.
#[tokio::test(flavor = "multi_thread")]
async fn open_lists_stay_still_while_history_comes_in() {
    let world = World::new().await;
    let (manager, jana) = (world.manager().await, world.customer().await);
    let node = Node::start(&world).await;
    let mut list = node.tab(&manager).await;
    let start: Position = store::events::position_now(&mut node.desk.read().await.unwrap()).await.unwrap();
    list.follow(Topic::Tickets, start).await;
    let id = upload(&world, &manager, Kind::Tickets, &file(&manager)).await;
    go(&world, &manager, id, true).await;
    go(&world, &manager, id, false).await;
    let new = world.ticket(&jana).await;
    let ToBrowser::Ticket { ticket, .. } = list.next().await else { panic!("not a ticket") };
    assert_eq!(ticket.id, new.id, "the first that is told of");
}
