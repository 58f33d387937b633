//! The teams that groups of staff give.

use super::{Scene, active};
use crate::support::person;
use domain::{
    TeamId, UserId,
    access::NewTeam,
    outside::{Audience, Kind, ProviderInput},
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::{access::teams, outside::providers, scim::token};

/// Rules as they are typed.
const RULES: &str = "support = Printers\nthere-leads = Printers\nLeads = Leads";

struct Desk {
    scene: Scene,
    printers: TeamId,
    leads: TeamId,
    by_hand: TeamId,
}

fn input(teams: &str) -> ProviderInput {
    ProviderInput {
        name: "Acme ID".into(),
        audience: Audience::Staff,
        domains: "desk.example".into(),
        issuer: "https://id.acme.example".into(),
        client_id: "docket".into(),
        role_claim: "groups".into(),
        roles: "support = Agent\nleads = Agent".into(),
        teams: teams.into(),
        ..ProviderInput::default()
    }
}

impl Desk {
    async fn new() -> Self {
        let scene = Scene::staff().await;
        let team = async |name: &str| {
            let input = NewTeam { name: name.into(), ..NewTeam::default() };
            scene.world.run(async |tx| teams::create(tx, &scene.admin, input).await).await.unwrap()
        };
        let (printers, leads, by_hand) = (team("Printers").await, team("Leads").await, team("By hand").await);
        let desk = Self { scene, printers, leads, by_hand };
        desk.rules(RULES).await.unwrap();
        desk
    }

    async fn rules(&self, rules: &str) -> domain::Result<()> {
        let (world, admin, id) = (&self.scene.world, &self.scene.admin, self.scene.provider);
        let version = providers::get(&world.desk, admin, id).await.unwrap().version;
        world.run(async |tx| providers::change(tx, admin, id, version, input(rules)).await).await
    }

    async fn group(&self, name: &str) -> String {
        let group = json!({ "displayName": name, "externalId": format!("there-{name}") });
        format!("/Groups/{}", self.scene.post("/Groups", &group).await.is(201)["id"].as_str().unwrap())
    }

    /// Who is in a team, by their ids.
    async fn members(&self, team: TeamId) -> Vec<String> {
        let team = teams::get(&self.scene.world.desk, &self.scene.admin, team).await.unwrap();
        team.members.into_iter().map(|member| member.id.to_string()).collect()
    }

    async fn people(&self, team: TeamId, people: &[&str]) {
        let before = teams::get(&self.scene.world.desk, &self.scene.admin, team).await.unwrap();
        let members = people.iter().map(|id| UserId(id.parse().unwrap())).collect();
        let input = NewTeam { name: before.name, description: before.description, members };
        self.scene.world.run(async |tx| teams::change(tx, &self.scene.admin, team, input).await).await.unwrap();
    }
}

fn member(op: &str, id: &str) -> Value {
    json!([{ "op": op, "path": "members", "value": [{ "value": id }] }])
}

#[tokio::test]
async fn groups_put_people_into_teams_and_take_them_out() {
    let desk = Desk::new().await;
    let (scene, printers, leads) = (&desk.scene, desk.printers, desk.leads);
    let (mia, ben) = (scene.announce("mia@desk.example").await, scene.announce("ben@desk.example").await);
    let (support, bosses) = (desk.group("support").await, desk.group("leads").await);
    assert!(desk.members(printers).await.is_empty());
    scene.patch(&support, member("add", &mia)).await.is(204);
    assert_eq!(desk.members(printers).await, [&*mia]);
    // Once, whichever groups say so, by their names and by their numbers. Names are compared as they are.
    scene.patch(&bosses, member("add", &mia)).await.is(204);
    scene.patch(&bosses, member("add", &ben)).await.is(204);
    assert_eq!(desk.members(printers).await.len(), 2);
    assert!(desk.members(leads).await.is_empty());
    scene.patch(&support, member("remove", &mia)).await.is(204);
    assert_eq!(desk.members(printers).await.len(), 2, "the other group says so, too");
    scene.patch(&bosses, json!([{ "op": "replace", "path": "displayName", "value": "Leads" }])).await.is(204);
    assert_eq!(desk.members(leads).await.len(), 2);
    scene.patch(&bosses, member("remove", &mia)).await.is(204);
    assert_eq!((desk.members(printers).await, desk.members(leads).await), (vec![ben.clone()], vec![ben.clone()]));
    // Who is blocked there stays in the group, who is deleted does not.
    scene.patch(&format!("/Users/{ben}"), active(false)).await.is(200);
    assert_eq!(desk.members(leads).await, [&*ben]);
    scene.patch(&format!("/Users/{ben}"), active(true)).await.is(200);
    scene.patch(&support, member("add", &mia)).await.is(204);
    assert_eq!(scene.delete(&format!("/Users/{ben}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!((desk.members(printers).await, desk.members(leads).await), (vec![mia.clone()], vec![]));
    assert_eq!(scene.delete(&support).await.status, StatusCode::NO_CONTENT);
    assert!(desk.members(printers).await.is_empty());
    assert_eq!(scene.world.count("select count(*) from team_members_outside").await, 0);
    // The log says who came and went, and by whom.
    let said: Vec<(String, Value)> =
        sqlx::query_as("select actor_name, data from events where kind = 'access.team_members' order by id")
            .fetch_all(scene.world.desk.pool())
            .await
            .unwrap();
    assert!(said.iter().all(|(by, _)| by == "Acme ID"), "{said:?}");
    assert_eq!(
        said.iter().filter(|(_, data)| data["added"][0]["id"].as_i64() == mia.parse().ok()).count(),
        3,
        "{said:?}"
    );
}

#[tokio::test]
async fn whom_people_have_put_into_a_team_stays_in_it() {
    let desk = Desk::new().await;
    let (scene, printers) = (&desk.scene, desk.printers);
    let (mia, ben) = (scene.announce("mia@desk.example").await, scene.announce("ben@desk.example").await);
    let support = desk.group("support").await;
    desk.people(printers, &[&mia]).await;
    desk.people(desk.by_hand, &[&mia, &ben]).await;
    for id in [&mia, &ben] {
        scene.patch(&support, member("add", id)).await.is(204);
    }
    assert_eq!(desk.members(printers).await.len(), 2);
    // Saved by people who see them both in it, nobody's place becomes another.
    desk.people(printers, &[&mia, &ben]).await;
    scene.send(Method::PUT, &support, &json!({ "displayName": "support", "members": [] })).await.is(200);
    assert_eq!(desk.members(printers).await, [&*mia]);
    assert_eq!(desk.members(desk.by_hand).await.len(), 2);
    // Taken out by people, somebody is in it again when the group says so once more.
    scene.patch(&support, member("add", &mia)).await.is(204);
    desk.people(printers, &[]).await;
    assert!(desk.members(printers).await.is_empty());
    scene.patch(&support, member("add", &ben)).await.is(204);
    assert_eq!(desk.members(printers).await, [&*ben]);
    scene
        .patch(&format!("/Users/{mia}"), json!([{ "op": "replace", "path": "displayName", "value": "M" }]))
        .await
        .is(200);
    assert_eq!(desk.members(printers).await.len(), 2);
    // What two providers say is so as long as one of them says it.
    let other = ProviderInput { name: "Other ID".into(), secret: "s".into(), ..input("support = Printers") };
    let admin = &scene.admin;
    let other = scene.world.run(async |tx| providers::create(tx, admin, Kind::Oidc, other).await).await.unwrap();
    let key = scene.world.run(async |tx| token::make(tx, admin, other).await).await.unwrap();
    sqlx::query("insert into identities (provider_id, subject, user_id, linked_at) values ($1, 'mia', $2, now())")
        .bind(other.0)
        .bind(mia.parse::<i64>().unwrap())
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
    let body = json!({ "displayName": "support", "members": [{ "value": mia }] });
    scene.send_as(Some(&key), Method::POST, "/Groups", Some(&body)).await.is(201);
    scene.patch(&support, member("remove", &mia)).await.is(204);
    assert_eq!(desk.members(printers).await.len(), 2);
    // What a provider that is deleted has given is a matter of people from then on, like the roles.
    scene.world.run(async |tx| providers::delete(tx, admin, other).await).await.unwrap();
    scene.patch(&support, member("add", &mia)).await.is(204);
    scene.patch(&support, member("remove", &mia)).await.is(204);
    assert_eq!(desk.members(printers).await.len(), 2);
}

#[tokio::test]
async fn other_rules_hold_at_once() {
    let desk = Desk::new().await;
    let (scene, printers, leads) = (&desk.scene, desk.printers, desk.leads);
    let mia = scene.announce("mia@desk.example").await;
    let support = desk.group("support").await;
    scene.patch(&support, member("add", &mia)).await.is(204);
    desk.rules("support = leads").await.unwrap();
    assert_eq!((desk.members(printers).await, desk.members(leads).await), (vec![], vec![mia.clone()]));
    desk.rules("").await.unwrap();
    assert!(desk.members(leads).await.is_empty());
    // A team that nobody knows, and one that is gone since.
    let error = desk.rules("support = Cooks").await.unwrap_err();
    assert!(error.of_field("teams").unwrap().contains("Printers"), "{error:?}");
    desk.rules("support = Leads\nsupport = Printers").await.unwrap();
    scene.world.run(async |tx| teams::delete(tx, &scene.admin, leads).await).await.unwrap();
    let shown = providers::get(&scene.world.desk, &scene.admin, scene.provider).await.unwrap().teams;
    assert_eq!(shown, "support = a team that is gone\nsupport = Printers");
    scene.patch(&support, member("remove", &mia)).await.is(204);
    scene.patch(&support, member("add", &mia)).await.is(204);
    assert_eq!(desk.members(printers).await, [&*mia]);
    // Nothing is said of whoever may everything, nor of whom another provider knows.
    users_become(scene, &mia, "superadmin").await;
    scene.patch(&support, json!([{ "op": "remove", "path": "members" }])).await.is(204);
    assert_eq!(desk.members(printers).await, [&*mia]);
    let ada = person(&scene.admin).id.to_string();
    scene.patch(&support, member("add", &ada)).await.refused(400, Some("invalidValue"));
    assert!(!desk.members(printers).await.contains(&ada));
}

async fn users_become(scene: &Scene, id: &str, role: &str) {
    sqlx::query("update users set role = $2, role_id = null where id = $1")
        .bind(id.parse::<i64>().unwrap())
        .bind(role)
        .execute(scene.world.desk.pool())
        .await
        .unwrap();
}
