//! What is done to more tickets than go at once: batch by batch, whatever happens meanwhile.

use super::{input, make};
use crate::support::{Refused as _, World, browser::Browser, id_of, person, seed};
use domain::{
    Actor, Code, CompanyId, ErrandId, Result, UserId,
    customer::{Erasure, MOVED_MAX},
    errand::{About, Errand, Outcome},
    event::Happening,
    ticket::{Filter, Writing},
};
use http::StatusCode;
use server::work::jobs;
use store::{
    companies,
    customers::{erase, merge, view},
    errands, jobs as queue, mails,
    tickets::{list, search},
};

/// More than go at once, and not a multiple of a batch.
pub(super) const MANY: i64 = MOVED_MAX + 510;

pub(super) async fn of(world: &World, actor: &Actor, about: About) -> Vec<Errand> {
    errands::of(&world.desk, actor, about).await.unwrap()
}

/// What one statement counts.
pub(super) async fn count(world: &World, sql: String) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(world.desk.pool()).await.unwrap()
}

/// All that is due, but for what is looked at a minute later.
pub(super) async fn work(world: &World) {
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
}

/// How many tickets somebody comes to who goes through their list to its end.
pub(super) async fn all_of(world: &World, who: &Actor) -> usize {
    let mut filter = Filter { limit: Some(100), ..Filter::default() };
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let page = list::list(&world.desk, who, &filter).await.unwrap();
        let before = seen.len() + page.rows.len();
        seen.extend(page.rows.into_iter().map(|t| t.id));
        assert_eq!(seen.len(), before, "none comes twice");
        filter.after = page.next;
        if filter.after.is_none() {
            return seen.len();
        }
    }
}

async fn tickets_of(world: &World, who: &Actor) -> i64 {
    count(world, format!("select count(*) from tickets where requester_id = {}", id_of(who))).await
}

/// A worker that takes the job, does so many batches and is gone.
pub(super) async fn killed_after(world: &World, batches: usize) -> ErrandId {
    let mut tx = world.desk.begin().await.unwrap();
    let job = queue::take(&mut tx).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let queue::Work::Errand { errand, again: false } = job.work else { panic!("{job:?}") };
    for _ in 0..batches {
        assert!(errands::step(&world.desk, errand, false).await.unwrap());
    }
    // Nobody else takes it as long as the worker could be there still.
    assert!(!jobs::one(&world.desk, &world.post).await.unwrap());
    errand
}

pub(super) async fn wait_for_worker(world: &World) {
    world.advance_seconds(6 * 60);
}

#[tokio::test]
async fn many_tickets_of_one_follow_batch_by_batch() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let (kept, gone, other) = (world.customer().await, world.customer().await, world.customer().await);
    seed::tickets(&world, std::slice::from_ref(&gone), &agent, MANY).await;
    world.ticket(&kept).await;
    let preview = merge::preview(&world.desk, &manager, id_of(&kept), id_of(&gone)).await;
    assert_eq!(preview.unwrap().tickets, MOVED_MAX + 1);
    for (actor, code) in [(&agent, Code::Forbidden), (&kept, Code::Forbidden), (&Actor::visitor(None), Code::SignedOut)]
    {
        merge::merge(&world.desk, actor, id_of(&kept), id_of(&gone)).await.refused(code);
        merge::preview(&world.desk, actor, id_of(&kept), id_of(&gone)).await.refused(code);
    }
    let outcome = merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();
    assert_eq!(outcome, Outcome::UnderWay);

    // They are one at once; the tickets are where they were.
    let shown = view::view(&mut world.desk.read().await.unwrap(), &agent, id_of(&gone)).await.unwrap();
    assert_eq!((shown.id, shown.emails), (id_of(&kept), vec![person(&gone).email.clone()]));
    assert_eq!((tickets_of(&world, &gone).await, tickets_of(&world, &kept).await), (MANY, 1));
    let about = About::Customer(id_of(&kept));
    let errand = of(&world, &agent, about).await.remove(0);
    assert_eq!((errand.done, errand.all, errand.percent(), errand.ended_at), (0, MANY, 0, None));
    assert_eq!(errand.whose, person(&gone).name);
    errands::of(&world.desk, &kept, about).await.refused(Code::Forbidden);

    // The server is killed after two batches, and another one goes on where it was.
    killed_after(&world, 2).await;
    assert_eq!((tickets_of(&world, &gone).await, tickets_of(&world, &kept).await), (MANY - 1_000, 1_001));
    let errand = of(&world, &agent, about).await.remove(0);
    assert_eq!((errand.done, errand.percent(), errand.is_moving()), (1_000, 1_000 * 100 / MANY, true));

    // Meanwhile: each sees what is theirs, wherever it is on its way, all of staff see all, and searching finds everything.
    let now = world.actor(id_of(&kept)).await;
    assert_eq!(all_of(&world, &now).await as i64, MANY + 1);
    assert_eq!(all_of(&world, &other).await, 0);
    assert_eq!(search::search(&world.desk, &now, "rare", 0).await.unwrap().hits.len(), 2);
    let filter = Filter { requester: Some(id_of(&kept)), ..Filter::default() };
    assert!(!list::list(&world.desk, &agent, &filter).await.unwrap().rows.is_empty());
    // A mail of theirs to a ticket that is still on its way is its customer's.
    let waiting: i64 = sqlx::query_scalar("select max(id) from tickets where requester_id = $1")
        .bind(id_of(&gone).0)
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
    sqlx::query("insert into mail_threads values ('1@a.example', $1)")
        .bind(waiting)
        .execute(world.desk.pool())
        .await
        .unwrap();
    let raw = format!(
        "From: {}\r\nMessage-ID: <2@a.example>\r\nIn-Reply-To: <1@a.example>\r\nSubject: Re\r\n\r\nStill broken\r\n",
        person(&gone).email
    );
    let mail = server::mail::parse(raw.as_bytes()).unwrap();
    let taken = mails::take_in(&world.desk, mail, raw.into_bytes().into(), mails::Origin::Mailbox).await.unwrap();
    assert_eq!(taken, domain::mail::Outcome::Reply(domain::TicketId(waiting)));
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.joined'").await, 0);
    // And so is what they write there, as they see it.
    let text = crate::support::text(Writing::Reply, "And another thing");
    world.write(&now, domain::TicketId(waiting), text).await;
    let written =
        "select count(*) from messages where kind = 'customer' and (body like 'And another%' or body like 'Still%')";
    assert_eq!(world.count(written).await, 2);
    // What they open is the one's that is kept, also from a page of before.
    let late = world.ticket(&now).await.id;

    // Nobody begins another thing with either.
    let how = world.erasure(id_of(&kept), false).await;
    for _ in 0..2 {
        merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.refused(Code::NotFound);
        merge::merge(&world.desk, &manager, id_of(&other), id_of(&kept)).await.refused(Code::Busy);
        merge::merge(&world.desk, &manager, id_of(&kept), id_of(&other)).await.refused(Code::Busy);
        let admin = world.superadmin().await;
        world.run(async |tx| erase::erase(tx, &admin, id_of(&kept), &how).await).await.refused(Code::Busy);
    }

    wait_for_worker(&world).await;
    work(&world).await;
    assert_eq!((tickets_of(&world, &gone).await, tickets_of(&world, &kept).await), (0, MANY + 2));
    let errand = of(&world, &agent, about).await.remove(0);
    assert_eq!((errand.done, errand.percent(), errand.is_moving()), (MANY, 100, false));
    let said = "select count(*) from events where kind = 'ticket.requester' and audience = 1";
    assert_eq!(world.count(said).await, MANY, "each once");
    let by = format!("{said} and actor_id = {}", id_of(&manager));
    assert_eq!(count(&world, by).await, MANY, "by who asked for it");
    let log = "select count(*) from events where kind in ('account.merged', 'customer.merge_finished')
               and actor_id is not null and (data->>'tickets')::bigint = ";
    assert_eq!(count(&world, format!("{log}{MANY}")).await, 2, "when it began, and when it was over");
    assert!(list::list(&world.desk, &now, &Filter::default()).await.unwrap().rows.iter().any(|t| t.id == late));
    assert_eq!(all_of(&world, &world.actor(id_of(&kept)).await).await as i64, MANY + 2);
    assert_eq!((person(&now).also, person(&world.actor(id_of(&kept)).await).also), (Some(id_of(&gone)), None));

    // One that somebody had in their hands is found a minute later.
    sqlx::query("update tickets set requester_id = $1 where id = $2")
        .bind(id_of(&gone).0)
        .bind(late.0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    world.advance_seconds(61);
    work(&world).await;
    assert_eq!((tickets_of(&world, &gone).await, tickets_of(&world, &kept).await), (0, MANY + 2));
    assert_eq!(world.count("select count(*) from jobs where kind = 'errand'").await, 0);
    // And it is shown for a day.
    world.advance_seconds(86_400);
    assert_eq!(of(&world, &agent, about).await, []);
    merge::merge(&world.desk, &manager, id_of(&kept), id_of(&other)).await.unwrap();
}

#[tokio::test]
async fn a_merge_that_lost_its_job_is_found_again() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let (kept, gone) = (world.customer().await, world.customer().await);
    seed::tickets(&world, std::slice::from_ref(&gone), &agent, MOVED_MAX + 1).await;
    merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();
    // Who asked for it is gone as well: what was decided is done.
    world.block(&manager).await;
    sqlx::query("delete from jobs where kind = 'errand'").execute(world.desk.pool()).await.unwrap();
    work(&world).await;
    assert_eq!(tickets_of(&world, &gone).await, MOVED_MAX + 1);
    world.advance_seconds(3_601);
    store::sweep::sweep(&world.desk).await.unwrap();
    store::sweep::sweep(&world.desk).await.unwrap();
    assert_eq!(world.count("select count(*) from jobs where kind = 'errand'").await, 1);
    work(&world).await;
    assert_eq!((tickets_of(&world, &gone).await, tickets_of(&world, &kept).await), (0, MOVED_MAX + 1));
    assert_eq!(
        world.count("select count(*) from events where kind = 'ticket.requester' and actor_id is null").await,
        MOVED_MAX + 1
    );
}

/// Two servers at the same one do no batch twice.
#[tokio::test(flavor = "multi_thread")]
async fn two_at_it_do_nothing_twice() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let (kept, gone) = (world.customer().await, world.customer().await);
    seed::tickets(&world, std::slice::from_ref(&gone), &agent, MANY).await;
    merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();
    let id = of(&world, &agent, About::Customer(id_of(&kept))).await.remove(0).id;
    let go = async || errands::work(&world.desk, id, false).await.unwrap();
    let answering = async {
        for n in 1..10 {
            let ticket = count(&world, format!("select min(id) + {n} * 250 from tickets")).await;
            let mut tx = world.desk.begin().await.unwrap();
            let text = crate::support::text(Writing::Reply, "More");
            store::tickets::message::write(&mut tx, &agent, domain::TicketId(ticket), text).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    tokio::join!(go(), go(), go(), answering);
    work(&world).await;
    assert_eq!((tickets_of(&world, &gone).await, tickets_of(&world, &kept).await), (0, MANY));
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.requester'").await, MANY);
    assert_eq!(of(&world, &agent, About::Customer(id_of(&kept))).await[0].done, MANY);
    assert_eq!(world.count("select count(*) from events where kind = 'customer.merge_finished'").await, 1);
}

#[tokio::test]
async fn tickets_of_companies_say_how_far_they_have_come() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let (kept, gone) = (world.company("Acme", true).await, world.company("ACME Ltd", true).await);
    let third = world.company("Third", true).await;
    let (jana, colleague) = (world.company_user(gone).await, world.company_user(kept).await);
    let stranger = world.company_user(third).await;
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, MANY).await;
    let merged = async |kept: CompanyId, gone: CompanyId| -> Result<()> {
        world.run(async |tx| companies::merge::merge(tx, &manager, kept, gone).await).await
    };
    merged(kept, gone).await.unwrap();
    killed_after(&world, 1).await;
    let about = About::Company(kept);
    let errand = of(&world, &agent, about).await.remove(0);
    assert_eq!((errand.done, errand.all, errand.whose.as_str()), (500, MANY, "ACME Ltd"));
    merged(third, kept).await.refused(Code::Busy);
    merged(kept, third).await.refused(Code::Busy);
    merged(third, gone).await.refused(Code::NotFound);
    // Who has asked for them sees them all the time; colleagues what has come; others nothing.
    let sees = async |who: &Actor| {
        let who = world.actor(id_of(who)).await;
        !list::list(&world.desk, &who, &Filter::default()).await.unwrap().rows.is_empty()
    };
    assert_eq!((sees(&jana).await, sees(&colleague).await, sees(&stranger).await), (true, true, false));
    wait_for_worker(&world).await;
    work(&world).await;
    let left = count(&world, format!("select count(*) from tickets where company_id <> {kept}")).await;
    assert_eq!((left, of(&world, &agent, about).await[0].done), (0, MANY));
    assert_eq!(world.count("select count(*) from events where kind = 'company.merge_finished'").await, 1);
    assert!(!sees(&stranger).await);
    merged(third, kept).await.unwrap();
}

#[tokio::test]
async fn who_wrote_on_very_much_is_taken_out_of_all_of_it() {
    let world = World::new().await;
    let (admin, manager, agent) = (world.superadmin().await, world.manager().await, world.agent().await);
    let customer = world.customer().await;
    let id = id_of(&customer);
    sqlx::query(
        "update users set name = 'Jana Weiss', email = 'jana@acme.example', notes = 'Note on her' where id = $1",
    )
    .bind(id.0)
    .execute(world.desk.pool())
    .await
    .unwrap();
    seed::tickets(&world, std::slice::from_ref(&customer), &agent, MANY).await;
    // What is said of her, by name, past the operations.
    let named = serde_json::to_value(Happening::Joined {
        who: domain::people::Person { id, name: "Jana Weiss".into(), picture: None },
        email: "jana@acme.example".into(),
    })
    .unwrap()["ticket.joined"]
        .clone();
    sqlx::query(
        "insert into events (at, actor_id, actor_name, actor_staff, ticket_id, audience, kind, data)
         select now(), null, 'E-mail', true, id, 1, 'ticket.joined', $1 from tickets where id % 3 = 0",
    )
    .bind(named)
    .execute(world.desk.pool())
    .await
    .unwrap();
    sqlx::query(
        "insert into events (at, actor_id, actor_name, actor_staff, audience, kind, data, address)
         select now(), $1, 'Jana Weiss', false, 0, 'account.sign_in_failed', '{\"email\": \"jana@acme.example\"}', '192.0.2.1'
         from generate_series(1, 700)",
    )
    .bind(id.0)
    .execute(world.desk.pool())
    .await
    .unwrap();
    let how = world.erasure(id, true).await;
    let erasing =
        async |actor: &Actor, how: &Erasure| world.run(async |tx| erase::erase(tx, actor, id, how).await).await;
    erasing(&manager, &how).await.refused(Code::Forbidden);
    erasing(&agent, &how).await.refused(Code::Forbidden);
    erasing(&admin, &Erasure { name: "Jana".into(), ..how.clone() }).await.wrong("name");
    assert_eq!(erasing(&admin, &how).await.unwrap(), Outcome::UnderWay);

    // Nobody at once: no address, no way in, and nothing to do with her any more.
    let shown = view::view(&mut world.desk.read().await.unwrap(), &agent, id).await.unwrap();
    assert_eq!((shown.erased, shown.name.as_str()), (true, "Erased customer"));
    erasing(&admin, &how).await.refused(Code::NotFound);
    merge::merge(&world.desk, &admin, id, id_of(&world.customer().await)).await.refused(Code::NotFound);
    // Somebody else gets her address meanwhile, and stays.
    let next = make(&world, &agent, &input("Jana the second", "jana@acme.example"), "").await.unwrap();

    killed_after(&world, 3).await;
    let about = About::Customer(id);
    let errand = of(&world, &agent, about).await.remove(0);
    assert!(errand.is_moving() && (1..100).contains(&errand.percent()), "{errand:?}");
    wait_for_worker(&world).await;
    work(&world).await;
    assert!(!of(&world, &agent, about).await[0].is_moving());
    for sql in [
        "select count(*) from events where actor_name like '%Weiss%' or data::text like '%Weiss%'".to_owned(),
        format!("select count(*) from events where actor_id = {id} and (actor_name = 'Seeded' or address is not null)"),
        "select count(*) from events where data->>'email' = 'jana@acme.example'".to_owned(),
        format!(
            "select count(*) from messages m join events e on e.id = m.event_id where e.actor_id = {id} and body <> ''"
        ),
        format!("select count(*) from tickets where requester_id = {id} and (subject <> 'Erased' or excerpt <> '')"),
        "select count(*) from errands where cardinality(addresses) > 0".to_owned(),
    ] {
        assert_eq!(count(&world, sql.clone()).await, 0, "{sql}");
    }
    // The answers of staff stay, and so does what else happened.
    assert_eq!(world.count("select count(*) from messages where body like 'A seeded message%'").await, MANY);
    assert_eq!(tickets_of(&world, &customer).await, MANY);
    let log = "select count(*) from events where kind in ('account.erased', 'customer.erasure_finished') and actor_id is not null";
    assert_eq!(world.count(log).await, 2);
    let second = view::view(&mut world.desk.read().await.unwrap(), &agent, next).await.unwrap();
    assert_eq!((second.name.as_str(), second.email.as_str()), ("Jana the second", "jana@acme.example"));
}

#[tokio::test]
async fn the_pages_say_how_far_it_has_come() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let (kept, gone) = (world.customer().await, world.customer().await);
    seed::tickets(&world, std::slice::from_ref(&gone), &agent, MANY).await;
    let browser = Browser::of(&world, &admin).await;
    let (to, from): (UserId, UserId) = (id_of(&kept), id_of(&gone));
    let asked = browser.get(&format!("/customers/{to}/merge?with={from}")).await;
    assert!(asked.text.contains("More than 2,000 tickets") && asked.text.contains("follow in the background"));
    let sent = browser.post(&format!("/customers/{to}/merge"), &[("with", &from.to_string())]).await;
    let page = format!("/customers/{to}?done=merged");
    assert_eq!((sent.status, sent.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, page.as_str()));
    killed_after(&world, 1).await;
    let shown = browser.get(&page).await.text;
    assert!(shown.contains("<progress") && shown.contains("500 / 2,510"), "{shown}");
    let again =
        browser.post(&format!("/customers/{to}/merge"), &[("with", &id_of(&world.customer().await).to_string())]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text.contains("still on their way"), "{}", again.text);
    wait_for_worker(&world).await;
    work(&world).await;
    let shown = browser.get(&page).await.text;
    assert!(!shown.contains("<progress") && shown.contains("2,510 tickets of"), "{shown}");
    let how = world.erasure(id_of(&kept), false).await;
    let form = [("version", how.version.to_string()), ("name", how.name)];
    let sent = browser.post(&format!("/customers/{to}/erase"), &form.each_ref().map(|(k, v)| (*k, v.as_str()))).await;
    let page = format!("/customers/{to}");
    assert_eq!(sent.headers["location"].to_str().unwrap(), page);
    assert!(browser.get(&page).await.text.contains("<progress"));
    work(&world).await;
    assert!(browser.get(&page).await.text.contains("out of everything"));
}

/// A page shows few of them, but always what goes on.
#[tokio::test]
async fn what_goes_on_is_shown_before_what_is_over() {
    let world = World::new().await;
    let (admin, kept, gone) = (world.superadmin().await, world.customer().await, world.customer().await);
    for ended in [false, true, true, true, true, true, true] {
        sqlx::query(
            "insert into errands (kind, user_id, gone_user_id, total, created_at, updated_at, ended_at)
             values ('merge_customers', $1, $2, 9, $3, $3, case when $4 then $3 end)",
        )
        .bind(id_of(&kept).0)
        .bind(id_of(&gone).0)
        .bind(time::OffsetDateTime::from(world.now()))
        .bind(ended)
        .execute(world.desk.pool())
        .await
        .unwrap();
    }
    let shown = of(&world, &admin, About::Customer(id_of(&kept))).await;
    assert_eq!(shown.len(), 5);
    assert!(shown[0].ended_at.is_none() && shown[1..].iter().all(|e| e.ended_at.is_some()), "{shown:?}");
}
