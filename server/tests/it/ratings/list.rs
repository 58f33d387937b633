//! The ratings of a customer, page by page.

use super::{rate, set, solved};
use crate::support::{Refused as _, Setup, World, browser::Browser, id_of, sql};
use domain::{
    Actor, Code, Role, TicketId, UserId,
    access::{Permission, Permissions},
    page::Page,
    rating::Rated,
    ticket::{Change, Swap},
};
use store::{customers::merge, ratings, tickets::change};

async fn read(world: &World, actor: &Actor, of: UserId, after: Option<&str>) -> domain::Result<Page<Rated>> {
    ratings::of_customer(&mut *world.desk.read().await?, actor, of, after).await
}

/// What the pages say one after the other, and how many each has.
async fn all(world: &World, actor: &Actor, of: UserId) -> (Vec<String>, Vec<usize>) {
    let (mut said, mut after, mut pages) = (Vec::new(), None, Vec::new());
    loop {
        let page = read(world, actor, of, after.as_deref()).await.unwrap();
        pages.push(page.rows.len());
        said.extend(page.rows.into_iter().map(|rated| rated.given.comment));
        after = page.next;
        if after.is_none() {
            return (said, pages);
        }
    }
}

/// Rates so many tickets of this customer, the way a requester would.
async fn many(world: &World, agent: &Actor, customer: &Actor, count: usize, word: &str) -> Vec<TicketId> {
    let mut ids = Vec::new();
    for n in 0..count {
        let id = solved(world, agent, customer).await;
        rate(world, customer, id, 4, &format!("{word} {n}")).await.unwrap();
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn pages_follow_each_other_and_the_merged_are_one() {
    let world = World::new().await;
    let (manager, kept, gone) = (world.manager().await, world.customer().await, world.customer().await);
    let first = many(&world, &manager, &kept, 21, "kept").await;
    many(&world, &manager, &gone, 20, "gone").await;
    assert_eq!(all(&world, &manager, id_of(&gone)).await.1, [20], "as many as a page has are one page");
    merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();
    // What is changed comes first again, and stands there once.
    rate(&world, &kept, first[3], 1, "changed").await.unwrap();
    for of in [&kept, &gone] {
        let (said, pages) = all(&world, &manager, id_of(of)).await;
        assert_eq!(pages, [20, 20, 1]);
        assert_eq!((said[0].as_str(), said[1].as_str(), said[40].as_str()), ("changed", "gone 19", "kept 0"));
        assert_eq!(said.iter().collect::<std::collections::BTreeSet<_>>().len(), 41, "none twice");
    }
    for wrong in ["x", "-", "1.5", "99999999999999999999"] {
        read(&world, &manager, id_of(&kept), Some(wrong)).await.wrong("after");
    }
    assert!(read(&world, &manager, id_of(&kept), Some("0")).await.unwrap().rows.is_empty());
    for nobody in [id_of(&manager), UserId(999_999)] {
        read(&world, &manager, nobody, None).await.refused(Code::NotFound);
    }
    read(&world, &Actor::visitor(None), id_of(&kept), None).await.refused(Code::SignedOut);
}

/// Of very many ratings a page shows few, and reads few. Who sees hardly any of the tickets gets there page by page.
#[tokio::test]
async fn a_page_reads_as_much_of_many_ratings_as_of_few() {
    let world = World::with(Setup { connections: 1, ..Setup::default() }).await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let mine = many(&world, &agent, &jana, 1, "mine").await[0];
    let part = world.custom(Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets)).await;
    let given = Change { assignee: Some(Swap::to(Some(id_of(&part)))), ..Change::default() };
    let admin = world.superadmin().await;
    world.run(async |tx| change::change(tx, &admin, mine, given).await).await.unwrap();
    let theirs = many(&world, &agent, &jana, 1, "theirs").await[0];
    // A ticket that was solved again and again.
    sqlx::query(
        "insert into ratings (ticket_id, solution, user_id, score, event_id)
         select ticket_id, n, user_id, score, event_id from ratings, generate_series(2, 3000) n where ticket_id = $1",
    )
    .bind(theirs.0)
    .execute(world.desk.pool())
    .await
    .unwrap();
    // Each with an event of its own.
    sqlx::query(
        "with made as (
             insert into events (at, actor_id, actor_name, actor_staff, ticket_id, audience, kind, data)
             select e.at, e.actor_id, e.actor_name, e.actor_staff, e.ticket_id, e.audience, e.kind, e.data
             from events e join ratings r on r.event_id = e.id and r.solution > 1 returning id),
         numbered as (select id, row_number() over (order by id) + 1 as n from made)
         update ratings r set event_id = numbered.id from numbered where r.ticket_id = $1 and r.solution = numbered.n",
    )
    .bind(theirs.0)
    .execute(world.desk.pool())
    .await
    .unwrap();
    sqlx::query("analyze ratings, events, tickets").execute(world.desk.pool()).await.unwrap();
    let (said, mut pages) = all(&world, &part, id_of(&jana)).await;
    assert_eq!((said, pages.pop(), pages), (vec!["mine 0".to_owned()], Some(1), vec![0; 15]), "two hundred at a time");
    let (said, pages) = all(&world, &agent, id_of(&jana)).await;
    assert_eq!((said.len(), pages.len()), (3_001, 151));
    let (_, read_) = sql::reads(&world, read(&world, &agent, id_of(&jana), None)).await;
    assert!(read_["ratings"].rows <= 30 && read_["events"].rows <= 30, "{read_:#?}");
}

#[tokio::test]
async fn the_page_leads_on_and_back() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let browser = Browser::of(&world, &agent).await;
    let path = format!("/customers/{}", id_of(&jana));
    let ratings = format!("{path}?list=ratings");
    assert!(browser.get(&ratings).await.text.contains("No ratings"));
    let ids = many(&world, &agent, &jana, 21, "number").await;
    let page = browser.get(&ratings).await.text;
    assert!(page.contains("number 20") && page.contains("number 1<") && !page.contains("number 0"), "{page}");
    assert!(!page.contains("First page"));
    let (_, next) = page.split_once("href=\"").unwrap().1.split_once("list=ratings&amp;from=").unwrap();
    let next = next.split_once('#').unwrap().0;
    let last = browser.get(&format!("{ratings}&from={next}")).await.text;
    assert!(last.contains("number 0") && !last.contains("number 1<") && !last.contains("Next page"), "{last}");
    assert!(last.contains(&format!("href=\"{path}?list=ratings#lists\"")), "back to the first one: {last}");
    // What was there when the page before was read can be gone.
    let beyond = browser.get(&format!("{ratings}&from=1")).await.text;
    assert!(beyond.contains("Nothing here") && beyond.contains("First page"), "{beyond}");
    let broken = browser.get(&format!("{ratings}&from=x")).await.text;
    assert!(broken.contains("This place in the list does not exist"), "{broken}");
    set(&world, &agent, ids[0], "open").await;
    assert!(browser.get(&ratings).await.text.contains("number 20"));
}
