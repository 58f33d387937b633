//! Settings: by their operations, and by the forms of their pages.

use crate::support::{Refused as _, World, browser::Browser};
use domain::{
    Actor, Code,
    priority::{Level, Priority, PriorityTable},
};
use http::{StatusCode, header};
use store::settings::{self, Limit};

#[tokio::test]
async fn only_superadmins_change_settings() {
    let world = World::new().await;
    let table = PriorityTable::default();
    let limit = Limit { status: world.status("open"), limit: Some(5), refuse: true };
    for actor in [world.manager().await, world.agent().await, world.customer().await] {
        settings::priorities(&world.desk, &actor).await.refused(Code::Forbidden);
        settings::columns(&world.desk, &actor).await.refused(Code::Forbidden);
        world.run(async |tx| settings::set_priorities(tx, &actor, &table, &table).await).await.refused(Code::Forbidden);
        world.run(async |tx| settings::set_wip_limits(tx, &actor, &[limit]).await).await.refused(Code::Forbidden);
        store::mails::list(&world.desk, &actor, None, None).await.refused(Code::Forbidden);
    }
    let visitor = Actor::visitor(None);
    settings::priorities(&world.desk, &visitor).await.refused(Code::SignedOut);
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
    world.run(async |tx| settings::set_priorities(tx, &admin, &was, &wanted).await).await.unwrap();
    assert_eq!(settings::priorities(&world.desk, &admin).await.unwrap(), wanted);
    let urgent = "select count(*) from tickets where priority = 4";
    assert_eq!(world.count(urgent).await, 1);
    assert_eq!(world.ticket(&jana).await.priority, Priority::Urgent);
    // Whoever still has the old table before them does not write over the new one.
    world.run(async |tx| settings::set_priorities(tx, &admin, &was, &was).await).await.refused(Code::Conflict);
    assert_eq!(world.count(urgent).await, 2);
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
