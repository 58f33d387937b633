//! All that a customer has written, as staff read it on the customer's page.

use crate::support::{Refused as _, Setup, World, browser::Browser, id_of, seed, sql};
use domain::{
    Actor, Code, EventId, Role, UserId,
    access::{Permission, Permissions},
    customer::Written,
    page::Page,
    ticket::{Change, NewTicket, Source, Swap},
};
use std::collections::BTreeSet;
use store::{
    customers::{merge, messages},
    tickets::change,
};

async fn read(world: &World, actor: &Actor, of: UserId, after: Option<&str>) -> domain::Result<Page<Written>> {
    messages::list(&mut *world.desk.read().await?, actor, of, after).await
}

/// What the pages say one after the other, and how many they are.
async fn all(world: &World, actor: &Actor, of: UserId) -> (Vec<Written>, usize) {
    let (mut rows, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = read(world, actor, of, after.as_deref()).await.unwrap();
        rows.extend(page.rows);
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (rows, pages);
        }
    }
}

fn texts(rows: &[Written]) -> Vec<&str> {
    rows.iter().map(|row| row.excerpt.as_str()).collect()
}

#[tokio::test]
async fn only_what_they_wrote_is_listed_newest_first() {
    let world = World::new().await;
    let (agent, jana, petr) = (world.agent().await, world.customer().await, world.customer().await);
    let first = world.ticket(&jana).await.id;
    let other = world.ticket(&petr).await.id;
    world.reply(&agent, first, "Please restart it.").await;
    world.note(&agent, first, "The fuse again.").await;
    let answer = world.reply(&jana, first, "It is\n\n  **on** again.").await;
    world.reply(&petr, other, "Nobody else reads this.").await;
    // Staff have written down what was said on the phone.
    let phone = NewTicket { source: Source::Phone, ..called(&jana) };
    let called = world.open(&agent, phone).await.id;
    sqlx::query(
        "insert into attachments (key, path, ticket_id, event_id, name, content_type, size, inline, created_at, deleted_at)
         select 'k' || n, 'p', $1, $2, 'a', 'text/plain', 1, n = 3, now(), case when n = 4 then now() end
         from generate_series(1, 4) n",
    )
    .bind(first.0)
    .bind(answer.0)
    .execute(world.desk.pool())
    .await
    .unwrap();
    let page = read(&world, &agent, id_of(&jana), None).await.unwrap();
    assert_eq!(texts(&page.rows), ["They called.", "It is on again.", "It does not print."]);
    let tickets: Vec<_> = page.rows.iter().map(|row| row.ticket).collect();
    assert_eq!((tickets, page.next), (vec![called, first, first], None));
    assert_eq!(
        (page.rows[1].entry, page.rows[1].files),
        (answer, 2),
        "without those in the text and those that are gone"
    );
    assert_eq!(page.rows[0].channel, Source::Phone);
    assert!(page.rows.windows(2).all(|two| two[0].at >= two[1].at));
    assert!(page.rows[1].subject.starts_with("The printer of"), "{:?}", page.rows[1]);
}

fn called(customer: &Actor) -> NewTicket {
    let requester = Some(domain::ticket::Requester::Known(id_of(customer)));
    NewTicket { subject: "By phone".into(), body: "They called.".into(), requester, ..NewTicket::default() }
}

#[tokio::test]
async fn pages_follow_each_other_and_the_merged_are_one() {
    let world = World::new().await;
    let (manager, kept, gone) = (world.manager().await, world.customer().await, world.customer().await);
    let (one, two) = (world.ticket(&kept).await.id, world.ticket(&gone).await.id);
    for n in 0..25 {
        world.reply(&kept, one, &format!("kept {n}")).await;
        world.reply(&gone, two, &format!("gone {n}")).await;
    }
    merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();
    for of in [&kept, &gone] {
        let (rows, pages) = all(&world, &manager, id_of(of)).await;
        assert_eq!((rows.len(), pages), (52, 3));
        assert_eq!(texts(&rows)[..3], ["gone 24", "kept 24", "gone 23"]);
        assert_eq!(rows.iter().map(|row| row.entry).collect::<BTreeSet<EventId>>().len(), 52, "none twice");
    }
    for wrong in ["x", "-", "1.5", "99999999999999999999"] {
        read(&world, &manager, id_of(&kept), Some(wrong)).await.wrong("after");
    }
    // A number that is none of theirs is only a time; one that nobody has, the end.
    assert!(read(&world, &manager, id_of(&kept), Some("999999999")).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn only_staff_read_it_and_only_on_tickets_that_they_see() {
    let world = World::new().await;
    let (admin, jana) = (world.superadmin().await, world.customer().await);
    let (mine, theirs) = (world.ticket(&jana).await.id, world.ticket(&jana).await.id);
    world.reply(&jana, theirs, "A secret.").await;
    let part = world.custom(Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets)).await;
    assert!(read(&world, &part, id_of(&jana), None).await.unwrap().rows.is_empty());
    let given = Change { assignee: Some(Swap::to(Some(id_of(&part)))), ..Change::default() };
    world.run(async |tx| change::change(tx, &admin, mine, given).await).await.unwrap();
    let rows = read(&world, &part, id_of(&jana), None).await.unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.ticket).collect::<Vec<_>>(), [mine]);
    assert_eq!(read(&world, &admin, id_of(&jana), None).await.unwrap().rows.len(), 3);

    let blind = world.custom(Permissions::of_role(Role::Agent).without(Permission::SeePeople)).await;
    read(&world, &blind, id_of(&jana), None).await.refused(Code::Forbidden);
    read(&world, &jana, id_of(&jana), None).await.refused(Code::Forbidden);
    read(&world, &Actor::visitor(None), id_of(&jana), None).await.refused(Code::SignedOut);
    for nobody in [id_of(&admin), UserId(999_999)] {
        read(&world, &admin, nobody, None).await.refused(Code::NotFound);
    }
}

/// Of very many messages a page shows few, and reads few. Who sees hardly any of the tickets gets there page by page.
#[tokio::test]
async fn a_page_reads_as_much_of_many_messages_as_of_few() {
    let setup = Setup { connections: 1, ..Default::default() };
    let world = World::with(setup).await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let part = world.custom(Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets)).await;
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, 3_000).await;
    let of = id_of(&jana);
    sqlx::query("update tickets set assignee_id = $1 where id = (select min(id) from tickets)")
        .bind(id_of(&part).0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    let (page, read_) = sql::reads(&world, async {
        let first = read(&world, &agent, of, None).await.unwrap();
        read(&world, &agent, of, first.next.as_deref()).await.unwrap()
    })
    .await;
    assert_eq!(page.rows.len(), 20);
    let rows = |table: &str| read_[table].rows;
    assert!(rows("events") <= 60 && rows("messages") <= 60 && rows("tickets") <= 60, "{read_:#?}");
    let ((found, pages), read_) = sql::reads(&world, all(&world, &part, of)).await;
    assert_eq!((found.len(), pages), (1, 7), "three thousand, five hundred at a time, and the end");
    assert!(read_["messages"].rows <= 10, "{read_:#?}");
}

#[tokio::test]
async fn the_page_shows_it_as_text_with_the_way_to_each() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let browser = Browser::of(&world, &agent).await;
    let path = format!("/customers/{}?list=messages", id_of(&jana));
    assert!(browser.get(&path).await.text.contains("No messages"));
    let ticket = world.ticket(&jana).await.id;
    let entry = world.reply(&jana, ticket, "2 < 3 & \"so\" it <b>was</b>.").await;
    let page = browser.get(&path).await;
    assert!(page.text.contains(&format!("href=\"/tickets/{ticket}?entry={entry}\"")), "{}", page.text);
    assert!(page.text.contains("2 &lt; 3 &amp; &quot;so&quot; it"), "{}", page.text);
    assert!(!page.text.contains("Tickets, last changed first"), "one list at a time");
    let tickets = browser.get(&format!("/customers/{}", id_of(&jana))).await;
    assert!(tickets.text.contains("Tickets, last changed first") && !tickets.text.contains("?entry="));
}
