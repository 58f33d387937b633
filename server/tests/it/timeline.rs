//! Timelines: pages in both directions, for everybody what is theirs.

use crate::support::{Refused as _, World, browser::Browser, id_of};
use domain::{
    Actor, Code, EventId, TicketId,
    event::{Audience, Happening},
    timeline::{Entry, PAGE, Part, Slice},
};
use http::StatusCode;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use store::tickets::{timeline, view};
use tokio::runtime::Runtime;

async fn read(world: &World, actor: &Actor, id: TicketId, part: Part) -> Slice {
    timeline::read(&mut world.desk.read().await.unwrap(), actor, id, part).await.unwrap()
}

fn ids(entries: &[Entry]) -> Vec<i64> {
    entries.iter().map(|e| e.id.0).collect()
}

/// Puts entries of these kinds on a ticket: 0 hidden, 1 a note, 2 a public message, 3 a change for staff, 4 a change that
/// everybody sees. Returns the ids with who may read them.
async fn fill(world: &World, ticket: TicketId, kinds: &[u8]) -> Vec<(i64, Audience)> {
    sqlx::query("delete from messages").execute(world.desk.pool()).await.unwrap();
    for sql in ["alter table events disable trigger all", "delete from events"] {
        sqlx::query(sql).execute(world.desk.pool()).await.unwrap();
    }
    let kinds: Vec<i16> = kinds.iter().map(|k| i16::from(*k)).collect();
    // Ids have gaps, as other tickets' entries come in between.
    let rows: Vec<(i64, i16)> = sqlx::query_as(
        "insert into events (id, at, actor_name, actor_staff, ticket_id, audience, kind, data)
         overriding system value
         select 100 + n * 3 + k % 2, to_timestamp(1795248720 + n), 'Somebody', k <> 2, $1,
                (array[0, 1, 2, 1, 2])[k + 1],
                (array['ticket.rank', 'message.note', 'message.customer', 'ticket.subject', 'ticket.status'])[k + 1],
                (array['{\"from\": \"a\", \"to\": \"b\"}', null, null, '{\"from\": \"a\", \"to\": \"b\"}',
                       '{\"from\": 1, \"to\": 2}']::jsonb[])[k + 1]
         from unnest($2::smallint[]) with ordinality u(k, n) returning id, audience",
    )
    .bind(ticket.0)
    .bind(&kinds)
    .fetch_all(world.desk.pool())
    .await
    .unwrap();
    sqlx::query(
        "insert into messages (event_id, ticket_id, kind, channel, body, html)
         select id, ticket_id, split_part(kind, '.', 2), 'web', 'x', '<p>x</p>' from events where kind like 'message.%'",
    )
    .execute(world.desk.pool())
    .await
    .unwrap();
    let audience = |n| {
        if n == 0 {
            Audience::Hidden
        } else if n == 1 {
            Audience::Staff
        } else {
            Audience::Public
        }
    };
    rows.into_iter().map(|(id, n)| (id, audience(n))).collect()
}

/// Goes from a slice to both ends; the ids of all that came by.
async fn walk(world: &World, actor: &Actor, ticket: TicketId, start: Slice) -> Vec<i64> {
    let mut all = ids(&start.entries);
    let (mut more_before, mut more_after) = (start.more_before, start.more_after);
    while more_before {
        let first = EventId(all[0]);
        let slice = read(world, actor, ticket, Part::Before(first)).await;
        assert!(slice.entries.len() as i64 <= PAGE && slice.more_after);
        assert!(!slice.entries.is_empty(), "promised, but nothing is before {first}");
        all.splice(0..0, ids(&slice.entries));
        more_before = slice.more_before;
    }
    while more_after {
        let last = EventId(*all.last().unwrap());
        let slice = read(world, actor, ticket, Part::After(last)).await;
        assert!(slice.entries.len() as i64 <= PAGE && slice.more_before);
        assert!(!slice.entries.is_empty(), "promised, but nothing is after {last}");
        all.extend(ids(&slice.entries));
        more_after = slice.more_after;
    }
    all
}

/// From wherever one starts, each entry comes once, in order, and none is missing: for staff all that is shown, for the
/// customer what is public.
#[test]
fn pages_in_both_directions_give_each_entry_once() {
    let runtime = Runtime::new().unwrap();
    let (world, agent, jana, ticket) = runtime.block_on(async {
        let world = World::new().await;
        let (agent, jana) = (world.agent().await, world.customer().await);
        let ticket = world.ticket(&jana).await.id;
        (world, agent, jana, ticket)
    });
    let timelines = (vec(0_u8..5, 0..170), any::<prop::sample::Index>());
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&timelines, |(kinds, from)| {
            runtime.block_on(async {
                let all = fill(&world, ticket, &kinds).await;
                for (actor, least) in [(&agent, Audience::Staff), (&jana, Audience::Public)] {
                    let expected: Vec<i64> = all.iter().filter(|(_, a)| *a >= least).map(|(id, _)| *id).collect();
                    let latest = read(&world, actor, ticket, Part::Latest).await;
                    assert!(!latest.more_after);
                    assert_eq!(ids(&latest.entries), expected[expected.len().saturating_sub(PAGE as usize)..]);
                    assert_eq!(walk(&world, actor, ticket, latest).await, expected);
                    // Links: to any entry, also one that this reader does not see.
                    if all.is_empty() {
                        continue;
                    }
                    let around = EventId(all[from.index(all.len())].0);
                    let slice = read(&world, actor, ticket, Part::Around(around)).await;
                    assert_eq!(ids(&slice.entries).contains(&around.0), expected.contains(&around.0));
                    assert_eq!(walk(&world, actor, ticket, slice).await, expected, "around {around}");
                    for part in [Part::Before(around), Part::After(around)] {
                        let slice = read(&world, actor, ticket, part).await;
                        let found = ids(&slice.entries);
                        let beside = |id: &&i64| match part {
                            Part::Before(_) => **id < around.0,
                            _ => **id > around.0,
                        };
                        let beside: Vec<i64> = expected.iter().filter(beside).copied().collect();
                        let page = found.len();
                        assert_eq!(page, beside.len().min(PAGE as usize));
                        let nearest = match part {
                            Part::Before(_) => &beside[beside.len() - page..],
                            _ => &beside[..page],
                        };
                        assert_eq!(found, nearest, "{part:?}");
                    }
                }
            });
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn an_entry_can_be_linked_to() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let mut entries = Vec::new();
    for n in 0..60 {
        entries.push(world.reply(&agent, ticket, &format!("Answer {n}.")).await);
    }
    let linked = entries[10];
    let staff = Browser::of(&world, &agent).await;
    let page = staff.get(&format!("/tickets/{ticket}?entry={linked}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Answer 10.") && !page.text.contains("Answer 50."), "around it, not the newest");
    // Before the first and after the last there is nothing, and no harm in asking.
    for part in [Part::Before(EventId(0)), Part::Before(EventId(i64::MIN)), Part::After(EventId(i64::MAX))] {
        assert!(read(&world, &agent, ticket, part).await.entries.is_empty(), "{part:?}");
    }
    let slice = read(&world, &agent, ticket, Part::Around(EventId(i64::MAX))).await;
    assert_eq!(slice.entries.last().map(|e| e.id), entries.last().copied());
}

#[tokio::test]
async fn a_timeline_is_for_who_sees_the_ticket() {
    let world = World::new().await;
    let (agent, jana, other) = (world.agent().await, world.customer().await, world.customer().await);
    let (ticket, foreign) = (world.ticket(&jana).await.id, world.ticket(&other).await.id);
    let entry = world.reply(&agent, foreign, "Only for the other.").await;
    for part in [Part::Latest, Part::Before(entry), Part::After(entry), Part::Around(entry)] {
        let mut conn = world.desk.read().await.unwrap();
        timeline::read(&mut conn, &jana, foreign, part).await.refused(Code::NotFound);
        timeline::read(&mut conn, &agent, TicketId(99_999), part).await.refused(Code::NotFound);
        timeline::read(&mut conn, &Actor::visitor(None), foreign, part).await.refused(Code::SignedOut);
        drop(conn);
        // An entry of another ticket is a place in the order at most; it never shows up here.
        let slice = read(&world, &jana, ticket, part).await;
        assert!(slice.entries.iter().all(|e| e.id != entry), "{part:?}");
    }
}

/// In the portal everybody is a customer.
#[tokio::test]
async fn staff_in_the_portal_see_their_own_tickets_as_customers_do() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let (own, foreign) = (world.ticket(&ann).await.id, world.ticket(&jana).await.id);
    world.reply(&bob, own, "Please restart it.").await;
    world.note(&bob, own, "Ann again.").await;
    world.reply(&ann, own, "I did.").await;
    let portal = Browser::of(&world, &ann).await;
    let page = portal.get(&format!("/portal/tickets/{own}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Please restart it.") && page.text.contains("I did."));
    assert!(!page.text.contains("Ann again."), "an internal note");
    assert_eq!(portal.get(&format!("/portal/tickets/{foreign}")).await.status, StatusCode::NOT_FOUND);
    let found = portal.get("/portal?q=offline").await.text;
    let links = |page: &str, id| page.contains(&format!("/portal/tickets/{id}"));
    assert!(links(&found, own) && !links(&found, foreign), "search");
    let listed = portal.get("/portal?whose=company").await.text;
    assert!(links(&listed, own) && !links(&listed, foreign), "list");
    // What she is on her own side has not changed.
    let seen = view::view(&world.desk, &ann, own, Part::Latest).await.unwrap().slice.entries;
    assert!(seen.iter().any(|e| e.what == Happening::Note));
    let last = seen.last().unwrap();
    assert_eq!((&last.what, last.by.person.as_ref().map(|p| p.id)), (&Happening::CustomerMessage, Some(id_of(&ann))));
}
