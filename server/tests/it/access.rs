//! Roles, teams, users: what admins change about others, and what that does at once.

use crate::support::{Refused as _, Setup, World, browser::Browser, id_of, person, seed, sql};
use domain::{
    Actor, Code, Role, UserId,
    access::{NewRole, NewTeam, Permission, Permissions, RoleChoice},
    board::BoardFilter,
    ticket::{Change, Filter, NewTicket, Swap},
};
use http::StatusCode;
use store::{
    access::{roles, teams, users},
    counts,
    tickets::{board, change, create, list, message},
};

const AGENT: RoleChoice = RoleChoice::BuiltIn(Role::Agent);

async fn kinds(world: &World) -> Vec<String> {
    let sql = "select kind from events where kind ~ '^(access|settings)' order by id";
    sqlx::query_scalar(sql).fetch_all(world.desk.pool()).await.unwrap()
}

#[tokio::test]
async fn nobody_hands_out_what_they_do_not_have() {
    let world = World::new().await;
    let (admin, manager, agent) = (world.superadmin().await, world.manager().await, world.agent().await);
    let lead = world.custom(Permissions::of_role(Role::Agent).with(Permission::ManageStaff)).await;
    let set = async |by: &Actor, who: &Actor, role| {
        let id = id_of(who);
        world.run(async |tx| users::set_role(tx, by, id, role).await).await
    };
    set(&lead, &agent, RoleChoice::BuiltIn(Role::Manager)).await.refused(Code::Forbidden);
    set(&lead, &agent, RoleChoice::BuiltIn(Role::Superadmin)).await.refused(Code::Forbidden);
    set(&lead, &lead, RoleChoice::BuiltIn(Role::Superadmin)).await.refused(Code::Forbidden);
    // Nor do they take away what they could not give.
    set(&lead, &manager, AGENT).await.refused(Code::Forbidden);
    set(&lead, &admin, AGENT).await.refused(Code::Forbidden);
    world.run(async |tx| users::set_blocked(tx, &lead, id_of(&admin), true).await).await.refused(Code::Forbidden);
    world.run(async |tx| users::end_sessions(tx, &lead, id_of(&admin), None).await).await.refused(Code::Forbidden);
    set(&manager, &agent, AGENT).await.refused(Code::Forbidden);
    // Somebody with every permission there is makes no superadmins, and edits no roles.
    let everything = world.custom(Permissions::ALL).await;
    set(&everything, &agent, RoleChoice::BuiltIn(Role::Superadmin)).await.refused(Code::Forbidden);
    world.run(async |tx| roles::create(tx, &everything, NewRole::default()).await).await.refused(Code::Forbidden);
    set(&everything, &agent, RoleChoice::BuiltIn(Role::Manager)).await.unwrap();
    assert_eq!(person(&world.actor(id_of(&agent)).await).role, Role::Manager);
    // Customers are no users, and users become no customers.
    let jana = world.customer().await;
    set(&admin, &jana, AGENT).await.refused(Code::NotFound);
    set(&admin, &agent, RoleChoice::BuiltIn(Role::Customer)).await.wrong("role");
    set(&admin, &agent, RoleChoice::Custom(999.into())).await.wrong("role");
    assert_eq!(kinds(&world).await, ["access.role_given"]);
}

#[tokio::test]
async fn there_is_always_a_superadmin() {
    let world = World::new().await;
    let (one, two) = (world.superadmin().await, world.superadmin().await);
    let (a, b) = (id_of(&one), id_of(&two));
    // Both at once step down: one of them has to stay.
    let down = async |by: &Actor, id: UserId| world.run(async |tx| users::set_role(tx, by, id, AGENT).await).await;
    let (first, second) = tokio::join!(down(&one, a), down(&two, b));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let (left, by) = if first.is_ok() { (b, &two) } else { (a, &one) };
    down(by, left).await.wrong("role");
    world.run(async |tx| users::set_blocked(tx, by, left, true).await).await.wrong("blocked");
    // A blocked one does not count.
    let third = world.superadmin().await;
    world.run(async |tx| users::set_blocked(tx, by, id_of(&third), true).await).await.unwrap();
    down(by, left).await.wrong("role");
    world.run(async |tx| users::set_blocked(tx, by, id_of(&third), false).await).await.unwrap();
    down(by, left).await.unwrap();
}

#[tokio::test]
async fn who_is_blocked_is_out_at_once() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let browser = Browser::of(&world, &agent).await;
    assert_eq!(browser.get("/tickets").await.status, StatusCode::OK);
    let id = id_of(&agent);
    let (row, devices) = users::get(&world.desk, &admin, id).await.unwrap();
    assert_eq!((row.blocked, devices.len()), (false, 1));
    world.run(async |tx| users::set_blocked(tx, &admin, id, true).await).await.unwrap();
    let page = browser.call("/rpc/accounts/devices", "{}").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{}", page.text);
    let page = Browser::of_visitor(&world).post("/sign-in", &[("email", &row.email), ("password", "x")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let (row, devices) = users::get(&world.desk, &admin, id).await.unwrap();
    assert_eq!((row.blocked, devices.len()), (true, 0));
    world.run(async |tx| users::set_blocked(tx, &admin, id, false).await).await.unwrap();
    Browser::of(&world, &agent).await;
    assert_eq!(world.run(async |tx| users::end_sessions(tx, &admin, id, None).await).await.unwrap(), 1);
    world.run(async |tx| users::set_blocked(tx, &admin, id_of(&admin), true).await).await.wrong("blocked");
    assert_eq!(kinds(&world).await, ["access.blocked", "access.unblocked", "access.sessions_ended"]);
}

#[tokio::test]
async fn a_role_is_edited_given_and_deleted_when_nobody_has_it() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let reader = Permissions::NONE.with(Permission::SeeAllTickets);
    let input = NewRole { name: "Reader".into(), description: "Only looks.".into(), permissions: reader };
    let make = async |input: &NewRole| {
        let input = input.clone();
        world.run(async |tx| roles::create(tx, &admin, input).await).await
    };
    let id = make(&input).await.unwrap();
    make(&NewRole { name: "READER".into(), ..input.clone() }).await.wrong("name");
    make(&NewRole { name: "Agent".into(), ..input.clone() }).await.wrong("name");
    let who = id_of(&agent);
    world.run(async |tx| users::set_role(tx, &admin, who, RoleChoice::Custom(id)).await).await.unwrap();
    let now = world.actor(who).await;
    assert_eq!((person(&now).role_name(), person(&now).permissions), ("Reader", reader));
    // The same over the session, which is found by another statement.
    let browser = Browser::of(&world, &agent).await;
    let page = browser.get("/me").await;
    assert!(page.text.contains("Reader") && !page.text.contains("· Agent"), "{}", page.text);
    let jana = world.customer().await;
    let ticket = world.ticket(&jana).await;
    let text = || crate::support::text(domain::ticket::Writing::Reply, "Hello");
    world.run(async |tx| message::write(tx, &now, ticket.id, text()).await).await.refused(Code::Forbidden);
    let wider = NewRole { permissions: reader.with(Permission::Reply), ..input.clone() };
    let change = async |was, input: &NewRole| {
        let input = input.clone();
        world.run(async |tx| roles::change(tx, &admin, id, was, input).await).await
    };
    change(wider.permissions, &wider).await.refused(Code::Conflict);
    change(reader, &wider).await.unwrap();
    let now = world.actor(who).await;
    // Answering is one thing, changing the state another.
    let resolving = domain::ticket::NewMessage { status: Some(world.status("resolved")), ..text() };
    world.run(async |tx| message::write(tx, &now, ticket.id, resolving).await).await.refused(Code::Forbidden);
    world.run(async |tx| message::write(tx, &now, ticket.id, text()).await).await.unwrap();
    let (role, people) = roles::get(&world.desk, &admin, id).await.unwrap();
    assert_eq!((role.users, people.len()), (1, 1));
    world.run(async |tx| roles::delete(tx, &admin, id).await).await.refused(Code::InUse);
    world.run(async |tx| users::set_role(tx, &admin, who, AGENT).await).await.unwrap();
    assert_eq!(roles::list(&world.desk, &admin).await.unwrap().built_in[2], (Role::Agent, 1));
    world.run(async |tx| roles::delete(tx, &admin, id).await).await.unwrap();
    roles::get(&world.desk, &admin, id).await.refused(Code::NotFound);
}

#[tokio::test]
async fn users_are_found_and_come_in_pages() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    for _ in 0..5 {
        world.agent().await;
    }
    world.customer().await;
    let list = async |filter: users::Filter| users::list(&world.desk, &admin, &filter).await.unwrap();
    let mut filter = users::Filter { limit: Some(2), ..users::Filter::default() };
    let mut names = Vec::new();
    loop {
        let page = list(filter.clone()).await;
        names.extend(page.rows.into_iter().map(|r| r.name));
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((names.len(), &names), (6, &sorted));
    let found = |text: &str| users::Filter { text: text.into(), ..users::Filter::default() };
    assert_eq!(list(found("SUPERADMIN1@")).await.rows.len(), 1);
    assert_eq!(list(found("agent")).await.rows.len(), 5);
    assert_eq!(list(found("gent")).await.rows.len(), 0, "from the beginning of a word");
    assert_eq!(list(users::Filter { role: Some(AGENT), ..users::Filter::default() }).await.rows.len(), 5);
    assert_eq!(list(users::Filter { blocked: Some(true), ..users::Filter::default() }).await.rows.len(), 0);
    let nowhere = users::Filter { after: Some("x".into()), ..users::Filter::default() };
    users::list(&world.desk, &admin, &nowhere).await.wrong("after");
}

#[tokio::test]
async fn teams_have_members_and_tickets() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let input = NewTeam { name: "Billing".into(), members: vec![id_of(&agent)], ..NewTeam::default() };
    let make = |input: NewTeam| {
        let (world, admin) = (&world, &admin);
        async move { world.run(async |tx| teams::create(tx, admin, input).await).await }
    };
    let id = make(input.clone()).await.unwrap();
    make(NewTeam { name: "BILLING".into(), ..input.clone() }).await.wrong("name");
    make(NewTeam { name: "Other".into(), members: vec![id_of(&jana)], ..NewTeam::default() }).await.wrong("members");
    assert_eq!(world.desk.catalog().teams.len(), 1, "it can be chosen at once");
    let ticket = world.ticket(&jana).await;
    let give = async |team| {
        let input = Change { team: Some(Swap::to(team)), ..Change::default() };
        world.run(async |tx| change::change(tx, &agent, ticket.id, input).await).await
    };
    assert_eq!(give(Some(id)).await.unwrap().team, Some(id));
    give(Some(domain::TeamId(99))).await.wrong("team");
    let filter = Filter { team: Some(id), ..Filter::default() };
    assert_eq!(list::list(&world.desk, &agent, &filter).await.unwrap().rows.len(), 1);
    world.run(async |tx| teams::delete(tx, &admin, id).await).await.refused(Code::InUse);
    give(None).await.unwrap();
    assert_eq!(list::list(&world.desk, &agent, &filter).await.unwrap().rows.len(), 0);
    let renamed = NewTeam { name: "Invoices".into(), ..NewTeam::default() };
    world.run(async |tx| teams::change(tx, &admin, id, renamed).await).await.unwrap();
    assert!(teams::get(&world.desk, &admin, id).await.unwrap().members.is_empty());
    world.run(async |tx| teams::delete(tx, &admin, id).await).await.unwrap();
    assert!(world.desk.catalog().teams.is_empty());
    let said = kinds(&world).await;
    let expected = [
        "settings.team_saved",
        "access.team_members",
        "settings.team_saved",
        "access.team_members",
        "settings.team_deleted",
    ];
    assert_eq!(said, expected);
}

/// Who does not see all: what they open stays theirs, their numbers count what they see, and it costs no more as the
/// tickets of others grow.
#[tokio::test]
async fn an_agent_of_a_team_sees_their_part() {
    let world = World::with(Setup { connections: 1, ..Setup::default() }).await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let some = Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets);
    let of_team = world.custom(some).await;
    let input = NewTeam { name: "Billing".into(), members: vec![id_of(&of_team)], ..NewTeam::default() };
    let team = world.run(async |tx| teams::create(tx, &admin, input).await).await.unwrap();
    let of_team = world.actor(id_of(&of_team)).await;
    let foreign = world.ticket(&jana).await;
    let input = NewTicket {
        requester: Some(domain::ticket::Requester::Known(id_of(&jana))),
        subject: "By phone".into(),
        body: "They called.".into(),
        ..NewTicket::default()
    };
    let made = world.run(async |tx| create::create(tx, &of_team, input.clone()).await).await.unwrap();
    assert_eq!(made.assignee.map(|a| a.id), Some(id_of(&of_team)), "or they would have lost sight of it");
    let given = NewTicket { team: Some(team), ..input };
    let given = world.run(async |tx| create::create(tx, &of_team, given).await).await.unwrap();
    assert_eq!((given.team, given.assignee), (Some(team), None));
    let shown = list::list(&world.desk, &of_team, &Filter::default()).await.unwrap();
    assert_eq!(shown.rows.iter().map(|t| t.id).collect::<Vec<_>>(), [given.id, made.id]);
    let to_me = Change { assignee: Some(Swap::to(Some(id_of(&of_team)))), ..Change::default() };
    world.run(async |tx| change::change(tx, &of_team, foreign.id, to_me).await).await.refused(Code::NotFound);

    world.run(async |tx| counts::rebuild(tx).await).await.unwrap();
    let active = world.desk.catalog().active();
    let waiting = counts::Waiting::load(&mut world.desk.read().await.unwrap(), &active).await.unwrap();
    let of = |actor: &Actor| {
        let counts = waiting.of(actor);
        (counts.active, counts.mine, counts.unassigned)
    };
    assert_eq!((of(&agent), of(&of_team)), ((3, 0, 2), (2, 1, 1)));

    seed::tickets(&world, std::slice::from_ref(&jana), &agent, 12_000).await;
    let all = Filter { statuses: active, ..Filter::default() };
    for filter in [all.clone(), Filter::default(), Filter { sort: domain::ticket::Sort::Created, ..all }] {
        let (page, read) = sql::reads(&world, list::list(&world.desk, &of_team, &filter)).await;
        assert_eq!(page.unwrap().rows.len(), 2);
        let read = read["tickets"];
        assert!(read.scans == 0 && read.rows < 50, "{filter:?}: {read:?}");
    }
    let (board, read) = sql::reads(&world, board::board(&world.desk, &of_team, &BoardFilter::default())).await;
    assert_eq!(board.unwrap().columns.iter().map(|c| c.count).sum::<i64>(), 2);
    assert!(read["tickets"].scans == 0 && read["tickets"].rows < 50, "{:?}", read["tickets"]);
}
