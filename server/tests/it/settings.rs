//! Settings: by their operations, and by the forms of their pages.

use crate::support::{Refused as _, World, browser::Browser, seed};
use domain::{
    Actor, Code,
    priority::{Level, Priority, PriorityTable},
};
use http::{StatusCode, header};
use server::work::jobs;
use store::{
    mails::{self, Origin},
    settings::{self, Limit, priorities},
};

#[tokio::test]
async fn only_superadmins_change_settings() {
    let world = World::new().await;
    let table = PriorityTable::default();
    let limit = Limit { status: world.status("open"), limit: Some(5), refuse: true };
    for actor in [world.manager().await, world.agent().await, world.customer().await] {
        priorities::get(&world.desk, &actor).await.refused(Code::Forbidden);
        settings::columns(&world.desk, &actor).await.refused(Code::Forbidden);
        world.run(async |tx| priorities::set(tx, &actor, &table, &table).await).await.refused(Code::Forbidden);
        world.run(async |tx| settings::set_wip_limits(tx, &actor, &[limit]).await).await.refused(Code::Forbidden);
        mails::list(&world.desk, &actor, None, None).await.refused(Code::Forbidden);
    }
    let visitor = Actor::visitor(None);
    priorities::get(&world.desk, &visitor).await.refused(Code::SignedOut);
}

/// Whoever may open any of the settings finds them beside every page, and nobody else is led there.
#[tokio::test]
async fn settings_stand_in_the_rail_of_who_may_open_them() {
    let world = World::new().await;
    for (actor, there) in [(world.superadmin().await, true), (world.agent().await, false)] {
        let page = Browser::of(&world, &actor).await.get("/tickets").await.text;
        let rail = page.split_once("rail__scroll").and_then(|(_, rest)| rest.split_once("rail__me")).unwrap().0;
        assert!(rail.contains("href=\"/companies\""), "{rail}");
        assert_eq!(rail.contains("href=\"/settings\""), there, "{rail}");
    }
}

/// How many tickets have another priority than the table gives their pair.
async fn wrong_priorities(world: &World) -> usize {
    let table = world.desk.catalog().priorities.clone();
    let rows: Vec<(i16, i16, i16)> =
        sqlx::query_as("select urgency, importance, priority from tickets").fetch_all(world.desk.pool()).await.unwrap();
    let level = |n| Level::from_number(n).unwrap();
    rows.into_iter().filter(|(u, i, p)| table.of(level(*u), level(*i)).number() != *p).count()
}

#[tokio::test]
async fn a_changed_table_gives_all_tickets_of_the_pair_their_new_priority() {
    let world = World::new().await;
    let (admin, jana) = (world.superadmin().await, world.customer().await);
    let ticket = world.ticket(&jana).await;
    assert_eq!(ticket.priority, Priority::Medium);
    let was = PriorityTable::default();
    let mut wanted = was.clone();
    wanted.set(Level::Medium, Level::Medium, Priority::Urgent);
    world.run(async |tx| priorities::set(tx, &admin, &was, &wanted).await).await.unwrap();
    assert_eq!(priorities::get(&world.desk, &admin).await.unwrap(), wanted);
    assert_eq!(world.ticket(&jana).await.priority, Priority::Urgent, "new ones go by it at once");
    assert!(jobs::one(&world.desk, &world.post).await.unwrap(), "those that are there follow");
    let urgent = "select count(*) from tickets where priority = 4";
    assert_eq!(world.count(urgent).await, 2);
    // Whoever still has the old table before them does not write over the new one.
    world.run(async |tx| priorities::set(tx, &admin, &was, &was).await).await.refused(Code::Conflict);
    assert_eq!(priorities::get(&world.desk, &admin).await.unwrap(), wanted);
    // Saving it as it is does nothing.
    let events = world.count("select count(*) from events").await;
    world.run(async |tx| priorities::set(tx, &admin, &wanted, &wanted).await).await.unwrap();
    assert_eq!(world.count("select count(*) from events").await, events);
}

/// More tickets than go in one transaction, and some that are written by the old table meanwhile.
#[tokio::test]
async fn a_table_reaches_every_ticket_there_is() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, 4_500).await;
    let was = PriorityTable::default();
    let mut wanted = was.clone();
    for level in Level::ALL {
        wanted.set(level, Level::Low, Priority::High);
    }
    world.run(async |tx| priorities::set(tx, &admin, &was, &wanted).await).await.unwrap();
    assert!(wrong_priorities(&world).await > 1_000);
    assert!(jobs::one(&world.desk, &world.post).await.unwrap());
    assert_eq!(wrong_priorities(&world).await, 0);
    let applied = "select count(*) from events where kind = 'settings.priorities_applied' and audience = 0";
    assert_eq!(world.count(applied).await, 1, "once for all of them");
    // One that had read the old table before it changed, and committed after the job had passed.
    sqlx::query("update tickets set priority = 1 where id = 3000").execute(world.desk.pool()).await.unwrap();
    assert!(!jobs::one(&world.desk, &world.post).await.unwrap(), "not yet");
    world.advance_seconds(60);
    assert!(jobs::one(&world.desk, &world.post).await.unwrap());
    assert_eq!((wrong_priorities(&world).await, world.count(applied).await), (0, 2));
    world.advance_seconds(600);
    assert!(!jobs::one(&world.desk, &world.post).await.unwrap(), "there is no third look");
    // A second look that finds nothing bothers nobody.
    world.run(async |tx| priorities::set(tx, &admin, &wanted, &was).await).await.unwrap();
    assert!(jobs::one(&world.desk, &world.post).await.unwrap());
    world.advance_seconds(60);
    assert!(jobs::one(&world.desk, &world.post).await.unwrap());
    assert_eq!((wrong_priorities(&world).await, world.count(applied).await), (0, 3));
}

fn priority_form(was: &PriorityTable, wanted: &PriorityTable) -> Vec<(String, String)> {
    let shown: String = was.0.iter().flatten().map(|p| p.number().to_string()).collect();
    let mut fields = vec![("was".to_owned(), shown)];
    for urgency in Level::ALL {
        for importance in Level::ALL {
            let word = wanted.of(urgency, importance).word();
            fields.push((format!("{}-{}", urgency.word(), importance.word()), word.to_owned()));
        }
    }
    fields
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn the_forms_save_and_say_what_is_wrong() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let browser = Browser::of(&world, &admin).await;
    let was = PriorityTable::default();
    let mut wanted = was.clone();
    wanted.set(Level::Low, Level::Low, Priority::High);
    let form = priority_form(&was, &wanted);
    let page = browser.post("/settings/priority", &pairs(&form)).await;
    assert_eq!(
        (page.status, &page.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/settings/priority?saved".parse().unwrap())
    );
    assert_eq!(world.desk.catalog().priorities, wanted);
    let stale = browser.post("/settings/priority", &pairs(&form)).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text.contains("Somebody else has changed the table"), "{}", stale.text);
    let broken = browser.post("/settings/priority", &[("was", "123")]).await;
    assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY);

    let open = world.status("open");
    let (limit, refuse) = (format!("limit-{open}"), format!("refuse-{open}"));
    let page = browser.post("/settings/board", &[(&limit, "25"), (&refuse, "on")]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let status = world.desk.catalog().workflow.status(open).unwrap().clone();
    assert_eq!((status.wip_limit, status.wip_refuse), (Some(25), true));
    for wrong in ["0", "-3", "10000", "many", "99999999999999999999"] {
        let page = browser.post("/settings/board", &[(&limit, wrong), (&refuse, "on")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(
            page.text.contains(settings::LIMIT_HELP) && page.text.contains(&format!("value=\"{wrong}\"")),
            "{wrong}"
        );
    }
    assert_eq!(world.desk.catalog().workflow.status(open).unwrap().wip_limit, Some(25), "nothing of it was saved");

    let other = Browser::of(&world, &agent).await;
    for page in ["/settings/priority", "/settings/board", "/settings/mails"] {
        assert_eq!(other.get(page).await.status, StatusCode::FORBIDDEN, "{page}");
    }
    assert_eq!(other.post("/settings/board", &[(&limit, "1")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.get("/settings/mails/1/raw").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_of_unreadable_mails_does_what_its_buttons_say() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let browser = Browser::of(&world, &admin).await;
    for n in 0..3 {
        let raw = format!("Subject: Nobody {n}\r\nTo: help@desk.example\r\n\r\nHello").into_bytes();
        let mail = server::mail::parse(&raw).unwrap();
        mails::take_in(&world.desk, mail, raw.into(), Origin::Archive).await.unwrap();
    }
    let listed = async || mails::list(&world.desk, &admin, None, None).await.unwrap().rows;
    let ids: Vec<String> = listed().await.iter().map(|m| m.id.to_string()).collect();
    let [a, b, c] = &ids[..] else { panic!("{ids:?}") };

    // Others are refused, whatever they send.
    let other = Browser::of(&world, &agent).await;
    for form in [vec![("retry", a.as_str())], vec![("discard", a)], vec![("discard", a), ("sure", "yes")]] {
        assert_eq!(other.post("/settings/mails", &form).await.status, StatusCode::FORBIDDEN, "{form:?}");
    }
    for form in [vec![("retry", "marked")], vec![("discard", "marked"), ("mail", "x")], vec![("retry", "x")], vec![]] {
        assert_eq!(browser.post("/settings/mails", &form).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{form:?}");
    }
    assert_eq!(listed().await.len(), 3);

    // One by one, and all that are marked.
    let page = browser.post("/settings/mails", &[("retry", a)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    assert_eq!(page.headers[header::LOCATION], format!("/settings/mails?tried={a}").as_str());
    let form = [("after", "999"), ("mail", b), ("mail", c), ("retry", "marked")];
    let page = browser.post("/settings/mails", &form).await;
    assert_eq!(page.headers[header::LOCATION], format!("/settings/mails?after=999&tried={b},{c}").as_str());
    let page = browser.get(&format!("/settings/mails?after=999&tried={b},{c}")).await;
    assert!(page.text.contains("“Nobody 1” still cannot become a message"), "{}", page.text);

    // Asked once.
    let page = browser.post("/settings/mails", &[("discard", a)]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Discard “Nobody 2”?") && page.text.contains("name=\"sure\""), "{}", page.text);
    let page = browser.post("/settings/mails", &[("mail", b), ("mail", c), ("discard", "marked")]).await;
    assert!(page.text.contains("Discard 2 mails?"), "{}", page.text);
    assert_eq!(listed().await.len(), 3, "nothing yet");
    let form = [("mail", b.as_str()), ("mail", c), ("sure", "yes"), ("discard", "marked")];
    let page = browser.post("/settings/mails", &form).await;
    assert_eq!(page.headers[header::LOCATION], "/settings/mails?discarded=2");
    assert!(browser.get("/settings/mails?discarded=2").await.text.contains("2 mails discarded."));
    assert_eq!(listed().await.len(), 1);
}

/// Many are not tried while somebody waits: each gets one job, whoever asks how often.
#[tokio::test]
async fn many_mails_are_tried_behind_the_page() {
    let world = World::new().await;
    let (admin, other) = (world.superadmin().await, world.superadmin().await);
    let browser = Browser::of(&world, &admin).await;
    for n in 0..6 {
        let raw = format!("From: gone{n}@acme.example\r\nSubject: Later {n}\r\n\r\nHello").into_bytes();
        mails::refuse(&world.desk, raw.into(), "It could not be read.", Origin::Archive).await.unwrap();
    }
    let listed = async || mails::list(&world.desk, &admin, None, None).await.unwrap().rows;
    let ids: Vec<_> = listed().await.iter().map(|m| m.id).collect();
    let jobs_there = "select count(*) from jobs where kind = 'try_mail'";
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut form: Vec<(&str, &str)> = texts[..5].iter().map(|id| ("mail", id.as_str())).collect();
    form.push(("retry", "marked"));
    let (one, two) = tokio::join!(browser.post("/settings/mails", &form), browser.post("/settings/mails", &form));
    for page in [one, two] {
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    }
    assert_eq!(world.count(jobs_there).await, 5, "one for each, however often it is asked for");
    assert_eq!(world.count("select count(*) from tickets").await, 0, "nobody waits for them");
    let all = [&ids[..], &[domain::MailId(999_999)]].concat();
    let more = world.run(async |tx| mails::enqueue(tx, &other, &all).await).await.unwrap();
    assert_eq!((more, world.count(jobs_there).await), (1, 6), "those on their way are passed over");
    assert_eq!(mails::waiting(&world.desk, &admin).await.unwrap(), 6);
    let address = format!("/settings/mails?tried={}", texts.join(","));
    let page = browser.get(&address).await;
    assert!(page.text.contains("6 mails are on the way") && page.text.contains("Look again"), "{}", page.text);
    assert!(!page.text.contains("name=\"retry\" value=\"1\"") && !page.text.contains("still cannot"), "{}", page.text);

    // One of them is discarded meanwhile, and who has asked for another one has left.
    world.run(async |tx| mails::discard(tx, &admin, &ids[..1]).await).await.unwrap();
    world.block(&other).await;
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert_eq!((world.count(jobs_there).await, world.count("select count(*) from tickets").await), (0, 4));
    let left = listed().await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(!left[0].waiting && left[0].id == ids[5]);
    let page = browser.get(&address).await;
    assert!(page.text.contains("has become a message") && !page.text.contains("on the way"), "{}", page.text);
    world.run(async |tx| mails::enqueue(tx, &admin, &ids).await).await.unwrap();
    assert_eq!(world.count(jobs_there).await, 1, "only what is in quarantine");

    let agent = world.agent().await;
    world.run(async |tx| mails::enqueue(tx, &agent, &ids).await).await.refused(Code::Forbidden);
    mails::waiting(&world.desk, &agent).await.refused(Code::Forbidden);
}
