//! What stands above a refusal says what it is: only who is late with a change is told that something has changed.

use crate::support::{World, browser::Browser, id_of, person};
use domain::{
    access::{NewTeam, Permission, Permissions},
    ticket::{Change, Swap},
};
use http::StatusCode;
use store::{access::teams, tickets::change};

#[tokio::test]
async fn each_refusal_stands_under_what_it_is() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let acme = world.company("Acme", false).await;
    let browser = Browser::of(&world, &admin).await;
    let permissions = Permissions::NONE.with(Permission::Reply);
    world.custom(permissions).await;
    let role = world.count("select id from roles").await;
    let team = NewTeam { name: "Billing".into(), ..NewTeam::default() };
    let team = world.run(async |tx| teams::create(tx, &admin, team).await).await.unwrap();
    let ticket = world.ticket(&jana).await.id;
    let input = Change { team: Some(Swap::to(Some(team))), ..Change::default() };
    world.run(async |tx| change::change(tx, &agent, ticket, input).await).await.unwrap();
    let of = |actor| format!("/settings/users/{}", id_of(actor));
    let (mine, theirs) = (person(&admin).name.clone(), person(&agent).name.clone());
    let removal = |name| vec![("do", "second-factor"), ("reason", "Lost"), ("name", name)];
    for (page, form, heading) in [
        (format!("/settings/roles/{role}"), vec![("delete", "yes")], "Still in use"),
        (format!("/settings/teams/{team}"), vec![("delete", "yes")], "Still in use"),
        (of(&agent), removal(&theirs), "Not possible"),
        (of(&admin), removal(&mine), "Not possible"),
        (format!("/settings/roles/{role}"), vec![("name", "Reader"), ("was", "")], "Changed in the meantime"),
        (format!("/companies/{acme}/edit"), vec![("name", "Acme"), ("version", "77")], "Changed in the meantime"),
    ] {
        let answer = browser.post(&page, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{page} {form:?}: {}", answer.text);
        let title = answer.text.split("class=\"notice__title\">").nth(1).and_then(|rest| rest.split('<').next());
        assert_eq!(title, Some(heading), "{page} {form:?}");
    }
}
