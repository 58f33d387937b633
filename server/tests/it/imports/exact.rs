//! What a trial says is what happens, also where lines of different batches are about the same.

use super::{go, numbers, seen, upload};
use crate::fields::{definition, of};
use crate::support::{World, browser::Browser, person};
use domain::{
    Actor, ImportId,
    fields::{self, Subject},
    import::{Becomes, ImportView, Kind, Reading, State, TAGS_MADE},
    timeline::Part,
};
use server::work::jobs;
use store::{imports, tickets::view};

/// As many as go in one batch.
const BATCH: usize = 500;

/// What is said of a file: the numbers, and which lines are refused for what reason.
fn told(view: &ImportView) -> ([i64; 4], Vec<(i64, String)>) {
    (numbers(view), view.refusals.iter().map(|r| (r.line, r.reason.clone())).collect())
}

/// Tries a file whole, then again as if its worker had been cut off after the first batch, and brings it in: always the same is
/// said.
async fn tried_and_done(world: &World, actor: &Actor, id: ImportId) -> ([i64; 4], Vec<(i64, String)>) {
    let tried = told(&go(world, actor, id, true).await);
    world.run(async |tx| imports::begin(tx, actor, id, true).await).await.unwrap();
    sqlx::query("update imports set lines_done = $1, made = $1")
        .bind(BATCH as i64)
        .execute(world.desk.pool())
        .await
        .unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert_eq!(told(&seen(world, actor, id).await), tried);
    let done = go(world, actor, id, false).await;
    assert_eq!((done.import.state, told(&done)), (State::Done, tried.clone()));
    tried
}

#[tokio::test]
async fn a_trial_knows_the_customers_of_the_batches_before() {
    let world = World::new().await;
    let manager = world.manager().await;
    let (one, other) = (world.customer().await, world.customer().await);
    let (one, other) = (&person(&one).email, &person(&other).email);
    let first: String = (0..BATCH).map(|n| format!("P{n},p{n}@a.example,Firm {},\n", n % 7)).collect();
    // Of the second batch: as it is, another name, with notes, in another company; then who is there already and joins a company
    // that the first batch makes, another that nobody makes; and somebody new with what the second batch has made.
    let second = format!(
        "P0,P0@a.example,Firm 0,\nPetra,p1@a.example,Firm 1,\nP2,p2@a.example,,Likes tea\nP3,p3@a.example,Firm 4,\n\
         ,{one},Firm 5,\n,{other},Nowhere,\nNew,new@a.example,Firm 9,\nNewer,new@a.example,firm 9,\nP1,p1@a.example,,\n"
    );
    let id = upload(&world, &manager, Kind::Customers, &format!("name,email,company,notes\n{first}{second}")).await;
    let (numbers, refusals) = tried_and_done(&world, &manager, id).await;
    assert_eq!(numbers, [501, 5, 1, 2], "{refusals:?}");
    let lines: Vec<i64> = refusals.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [505, 507], "{refusals:?}");
    assert_eq!(world.count("select count(*) from companies").await, 8);
    assert_eq!(
        world.count("select count(*) from users where name = 'Petra'").await,
        0,
        "the last line has its name back"
    );
}

#[tokio::test]
async fn lines_of_one_customer_under_several_addresses_add_up() {
    let world = World::new().await;
    let manager = world.manager().await;
    let customer = world.customer().await;
    let person = person(&customer);
    sqlx::query(
        "insert into user_emails (address, email, user_id)
         select e, e, $1 from unnest(array['a.second@mail.example', 'third@mail.example']) e",
    )
    .bind(person.id.0)
    .execute(world.desk.pool())
    .await
    .unwrap();
    let (name, email) = (&person.name, &person.email);
    let between: String = (0..BATCH).map(|n| format!("P{n},p{n}@a.example,,,\n")).collect();
    // In one batch, and in another one: as the first lines say, with a new number, and under a third address.
    let file = format!(
        "name,email,phone,notes,company\n{name},{email},+44 20 7946 0001,Likes tea,\n\
         {name},A.second@mail.example,+44 20 7946 0002,Likes milk,\n{name},THIRD@mail.example,+44 20 7946 0001,,\n\
         {between}{name},a.second@mail.example,+44 20 7946 0001,Likes tea,\n\
         {name},third@mail.example,+44 20 7946 0003,,\n{name},{email},+44 20 7946 0003,,\n"
    );
    let id = upload(&world, &manager, Kind::Customers, &file).await;
    for trial in [true, false] {
        assert_eq!(numbers(&go(&world, &manager, id, trial).await), [BATCH as i64, 3, 3, 0], "trial: {trial}");
    }
    let kept: (Vec<String>, String) = sqlx::query_as("select phones, notes from users where id = $1")
        .bind(person.id.0)
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
    let phones = ["+44 20 7946 0001", "+44 20 7946 0002", "+44 20 7946 0003"].map(str::to_owned).to_vec();
    assert_eq!(kept, (phones, "Likes tea\n\nLikes milk".to_owned()));
}

#[tokio::test]
async fn a_trial_knows_the_companies_of_the_batches_before() {
    let world = World::new().await;
    let manager = world.manager().await;
    let first: String = (0..BATCH).map(|n| format!("Firm {n},d{n}.example,\n")).collect();
    let second = "firm 0,d0.example,\nFirm 1,,gold\nFirm 2,more.example,\nFirm 3,d4.example,\nNew,d5.example,\n\
                  New,new.example,\nFirm 6,new.example,\nFIRM 1,,gold\n";
    let id = upload(&world, &manager, Kind::Companies, &format!("name,domains,tier\n{first}{second}")).await;
    let (numbers, refusals) = tried_and_done(&world, &manager, id).await;
    assert_eq!(numbers, [501, 2, 2, 3], "{refusals:?}");
    assert!(refusals[1].1.contains("Firm 5"), "{refusals:?}");
    assert_eq!(world.count("select count(*) from company_domains").await, 502);
}

/// A file whose columns of custom fields say on the second batch's lines what the first one's have said, or something else.
#[tokio::test]
async fn a_trial_knows_the_custom_fields_of_the_batches_before() {
    let world = World::new().await;
    let (admin, manager) = (world.superadmin().await, world.manager().await);
    for subject in [Subject::Customers, Subject::Companies] {
        for (name, kind) in [("Size", fields::Kind::Choice), ("Seats", fields::Kind::Number)] {
            of(&world, &admin, subject, definition(name, kind)).await;
        }
    }
    let refused = |refusals: &[(i64, String)]| refusals.iter().map(|(line, _)| *line).collect::<Vec<_>>();
    let one = world.customer().await;
    let one = &person(&one).email;
    let lines = |count| (0..count).map(|n| format!("P{n},p{n}@a.example,Small,{n}\n")).collect::<String>();
    // The second batch also fills in somebody who is there already; the third one says something else.
    let third = format!(
        "P1,p1@a.example,Small,1\nP2,p2@a.example,Large,\nP3,P3@a.example,,4\nP4,p4@a.example,,\nP5,p5@a.example,Huge,\n\
         P2,p2@a.example,Large,2\n,{one},Large,7\n,{one},Small,7\n"
    );
    let file = format!("name,email,Size,Seats\n{},{one},Large,7\n{}{third}", lines(BATCH), lines(BATCH - 1));
    let id = upload(&world, &manager, Kind::Customers, &file).await;
    let (numbers, refusals) = tried_and_done(&world, &manager, id).await;
    assert_eq!((numbers, refused(&refusals)), ([500, 4, 503, 1], vec![1_006]), "{refusals:?}");

    let first: String = (0..BATCH).map(|n| format!("Firm {n},Small,{n}\n")).collect();
    let second = "FIRM 0,Small,0\nFirm 1,Large,\nFirm 2,,3\nFirm 3,,\nFirm 1,Large,1\nFirm 4,x,\n";
    let file = format!("name,Size,Seats\n{first}{second}");
    let id = upload(&world, &manager, Kind::Companies, &file).await;
    let (numbers, refusals) = tried_and_done(&world, &manager, id).await;
    assert_eq!((numbers, refused(&refusals)), ([500, 2, 3, 1], vec![507]), "{refusals:?}");
}

/// Says where tickets come from.
async fn come_from(world: &World, actor: &Actor, id: ImportId, source: &str) {
    let reading = Reading { source: source.into(), ..seen(world, actor, id).await.import.reading };
    world.run(async |tx| imports::set_reading(tx, actor, id, &reading).await).await.unwrap();
}

#[tokio::test]
async fn a_trial_knows_the_tickets_of_the_batches_before() {
    let world = World::new().await;
    let manager = world.manager().await;
    let first: String = (0..BATCH).map(|n| format!("T-{n},Help {n},p{n}@a.example,\n")).collect();
    let second = "#T-0,Again,p0@a.example,Nobody Here\nt-0,Another,p0@a.example,Nobody Here\nT-900,New,new@a.example,\n#T-900,New,new@a.example,\n";
    let id = upload(&world, &manager, Kind::Tickets, &format!("number,subject,email,assignee\n{first}{second}")).await;
    come_from(&world, &manager, id, "Old").await;
    let (numbers, _) = tried_and_done(&world, &manager, id).await;
    assert_eq!(numbers, [502, 0, 2, 0]);
    assert_eq!(seen(&world, &manager, id).await.import.unassigned, 1);
}

/// A column of anything else does not fill the list of tags that everybody chooses from.
#[tokio::test]
async fn one_file_makes_no_more_tags_than_anybody_can_choose_from() {
    let world = World::new().await;
    let manager = world.manager().await;
    let lines = |from: usize| {
        let line = |n| format!("{n},Help,p@a.example,\"t{n}, vip\"\n");
        format!("number,subject,email,tags\n{}", (from..from + BATCH + 200).map(line).collect::<String>())
    };
    let id = upload(&world, &manager, Kind::Tickets, &lines(0)).await;
    come_from(&world, &manager, id, "Old").await;
    // One of them is “vip”.
    let left = (BATCH + 200 - (TAGS_MADE - 1)) as i64;
    for trial in [true, false] {
        let said = go(&world, &manager, id, trial).await;
        assert_eq!((numbers(&said), said.import.tags_left), ([700, 0, 0, 0], left), "{trial}");
        let page = Browser::of(&world, &manager).await.get(&format!("/customers/import/{id}")).await;
        assert!(page.text.contains(&format!("at most 500 new ones: {left}.")), "{}", page.text);
        let tags = if trial { 0 } else { TAGS_MADE as i64 };
        assert_eq!(world.count("select count(*) from tags").await, tags);
    }
    assert_eq!(world.count("select count(*) from tickets where cardinality(tag_ids) = 1").await, left);
    // What is there already is no new one.
    let again = upload(&world, &manager, Kind::Tickets, &lines(0)).await;
    come_from(&world, &manager, again, "Another").await;
    assert_eq!(go(&world, &manager, again, true).await.import.tags_left, 0);
}

#[tokio::test]
async fn messages_that_are_html_are_shown_as_mails_are() {
    let world = World::new().await;
    let manager = world.manager().await;
    let html = "<div onclick=\"\"x()\"\">It <b>burns</b>.<br>See <a href=\"\"javascript:x()\"\">this</a><img src=\"\"https://t.example/x.png\"\"></div>";
    let words = "It burns\n& <b>";
    let file = format!(
        "number,subject,email,message\n1,Fire,p@a.example,\"{html}\"\n2,Fire,p@a.example,\"{words}\"\n3,,p@a.example,\"<p>No subject</p>\"\n"
    );
    let id = upload(&world, &manager, Kind::Tickets, &file).await;
    come_from(&world, &manager, id, "Old").await;
    let preview = seen(&world, &manager, id).await.preview;
    assert!(preview[0][3].starts_with("It burns.") && !preview[0][3].contains('<'), "{preview:?}");
    let tried = go(&world, &manager, id, true).await;
    assert_eq!(tried.samples.iter().map(|s| &s.becomes).collect::<Vec<_>>(), [&Becomes::Made(None); 3]);
    assert!(tried.samples[0].says.contains("It burns. See this") && tried.samples[1].says.contains("<b>"));
    assert_eq!(numbers(&go(&world, &manager, id, false).await), [3, 0, 0, 0]);
    let ids: Vec<i64> = sqlx::query_scalar("select ticket_id from outside_tickets order by number")
        .fetch_all(world.desk.pool())
        .await
        .unwrap();
    let mut messages = Vec::new();
    for id in ids {
        let view = view::view(&world.desk, &manager, domain::TicketId(id), Part::Latest).await.unwrap();
        let message = view.slice.entries.iter().find_map(|e| e.message.clone()).unwrap();
        messages.push((view.ticket, message));
    }
    let [(_, fire), (_, plain), (titled, _)] = &messages[..] else { panic!("{messages:?}") };
    assert!(fire.foreign_html && fire.html.contains("<b>burns</b>") && fire.html.contains("remote-image"), "{fire:?}");
    for bad in ["onclick", "javascript", "<img"] {
        assert!(!fire.html.contains(bad), "{fire:?}");
    }
    assert!(!plain.foreign_html && plain.html.contains("&lt;b&gt;"), "{plain:?}");
    assert_eq!(titled.subject, "No subject");
    let body = "select count(*) from messages where body like 'It burns.%' and body not like '%<%'";
    assert_eq!(world.count(body).await, 1);
}
