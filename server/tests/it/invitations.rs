//! Staff are invited by mail. What is sent is read from a mail server.

use crate::account_mail::{mail, sign_in, visitor};
use crate::support::{PASSWORD, Refused as _, World, browser::Browser, id_of, person};
use domain::{
    Actor, Code, Principal, Role, RoleId, TeamId,
    access::{NewRole, NewTeam, Permission, Permissions, RoleChoice},
    api_token::{NewApiToken, Scope},
    invitation::State,
};
use http::StatusCode;
use store::{
    Tx,
    access::{roles, teams},
    accounts::{self, api_tokens, invitations},
};

const OTHER: &str = "another horse battery";

pub async fn invite(world: &World, admin: &Actor, email: &str, role: Role) -> domain::Result<()> {
    offer(world, admin, email, RoleChoice::BuiltIn(role), &[]).await
}

async fn offer(world: &World, admin: &Actor, email: &str, role: RoleChoice, teams: &[TeamId]) -> domain::Result<()> {
    world.run(async |tx: &mut Tx| invitations::invite(tx, admin, email, role, teams).await).await
}

async fn join(world: &World, token: &str) -> domain::Result<Principal> {
    invitations::accept(&world.desk, &visitor(), token, "Zoe".into(), PASSWORD.into()).await
}

#[tokio::test]
async fn staff_are_invited() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    invite(&world, &admin, "Zoe@acme.example", Role::Manager).await.unwrap();
    invite(&world, &admin, "zoe@ACME.example", Role::Agent).await.wrong("email");
    let sent = mail(&world).await;
    assert!(sent.text.contains("Superadmin 1") && sent.text.contains("Manager"), "{}", sent.text);
    let first = sent.token("/invitation/");
    let listed = invitations::list(&world.desk, &admin).await.unwrap();
    assert_eq!((listed.len(), listed[0].state, listed[0].role), (1, State::Open, RoleChoice::BuiltIn(Role::Manager)));
    let id = listed[0].id;
    // After a week it has run out; sent again, only the new link is good.
    world.advance_seconds(7 * 86_400);
    assert_eq!(invitations::list(&world.desk, &admin).await.unwrap()[0].state, State::Expired);
    invitations::accept(&world.desk, &visitor(), &first, "Zoe".into(), PASSWORD.into()).await.refused(Code::NotFound);
    world.run(async |tx: &mut Tx| invitations::send_again(tx, &admin, id).await).await.unwrap();
    let second = mail(&world).await.token("/invitation/");
    invitations::accept(&world.desk, &visitor(), &first, "Zoe".into(), PASSWORD.into()).await.refused(Code::NotFound);
    invitations::accept(&world.desk, &visitor(), &second, " ".into(), PASSWORD.into()).await.wrong("name");
    invitations::accept(&world.desk, &visitor(), &second, "Zoe".into(), "short".into()).await.wrong("password");
    let visitor = &visitor();
    let (one, two) = tokio::join!(
        invitations::accept(&world.desk, visitor, &second, "Zoe".into(), PASSWORD.into()),
        invitations::accept(&world.desk, visitor, &second, "Zoe".into(), PASSWORD.into()),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let zoe = one.or(two).unwrap();
    assert_eq!((zoe.name.as_str(), zoe.role, zoe.email.as_str()), ("Zoe", Role::Manager, "Zoe@acme.example"));
    sign_in(&world, "zoe@acme.example", PASSWORD).await.unwrap();
    assert_eq!(invitations::list(&world.desk, &admin).await.unwrap()[0].state, State::Accepted);
    world.run(async |tx: &mut Tx| invitations::revoke(tx, &admin, id).await).await.refused(Code::NotFound);
    invite(&world, &admin, "zoe@acme.example", Role::Agent).await.wrong("email");
}

#[tokio::test]
async fn a_revoked_invitation_is_worth_nothing() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    invite(&world, &admin, "zoe@acme.example", Role::Agent).await.unwrap();
    let id = invitations::list(&world.desk, &admin).await.unwrap()[0].id;
    // Revoked before its mail has gone out: it does not.
    world.run(async |tx: &mut Tx| invitations::revoke(tx, &admin, id).await).await.unwrap();
    assert!(world.mails().await.is_empty());
    invite(&world, &admin, "zoe@acme.example", Role::Agent).await.unwrap();
    let token = mail(&world).await.token("/invitation/");
    let id = invitations::list(&world.desk, &admin).await.unwrap()[0].id;
    world.run(async |tx: &mut Tx| invitations::revoke(tx, &admin, id).await).await.unwrap();
    invitations::accept(&world.desk, &visitor(), &token, "Zoe".into(), PASSWORD.into()).await.refused(Code::NotFound);
    world.run(async |tx: &mut Tx| invitations::send_again(tx, &admin, id).await).await.refused(Code::NotFound);
}

/// Who has left since lets nobody in, until somebody who may vouches for the invitation.
#[tokio::test]
async fn an_invitation_is_worth_what_its_sender_may() {
    let world = World::new().await;
    let (gone, admin) = (world.superadmin().await, world.superadmin().await);
    invite(&world, &gone, "zoe@acme.example", Role::Manager).await.unwrap();
    let token = mail(&world).await.token("/invitation/");
    let id = invitations::list(&world.desk, &admin).await.unwrap()[0].id;
    world.block(&gone).await;
    invitations::accept(&world.desk, &visitor(), &token, "Zoe".into(), PASSWORD.into()).await.refused(Code::NotFound);
    world.run(async |tx: &mut Tx| invitations::send_again(tx, &admin, id).await).await.unwrap();
    let token = mail(&world).await.token("/invitation/");
    invitations::accept(&world.desk, &visitor(), &token, "Zoe".into(), PASSWORD.into()).await.unwrap();
}

#[tokio::test]
async fn a_customer_who_is_invited_becomes_staff() {
    let world = World::new().await;
    let (admin, company) = (world.superadmin().await, world.company("Acme", true).await);
    let (customer, blocked) = (world.company_user(company).await, world.customer().await);
    world.block(&blocked).await;
    let session = sign_in(&world, &person(&customer).email, PASSWORD).await.unwrap();
    let program = NewApiToken { name: "Script".into(), scope: Scope::Admin.word().into(), days: 30 };
    let program = api_tokens::create(&world.desk, &customer, None, &program, PASSWORD.into()).await.unwrap();
    invite(&world, &admin, &person(&blocked).email, Role::Agent).await.wrong("email");
    invite(&world, &admin, "zoe@acme.example", Role::Customer).await.wrong("role");
    invite(&world, &admin, "zoe", Role::Agent).await.wrong("email");
    invite(&world, &admin, &person(&customer).email, Role::Agent).await.unwrap();
    let token = mail(&world).await.token("/invitation/");
    let made = invitations::accept(&world.desk, &visitor(), &token, "Jana".into(), OTHER.into()).await.unwrap();
    assert_eq!((made.id, made.role, made.company), (id_of(&customer), Role::Agent, None));
    assert!(accounts::find(&world.desk, &session).await.unwrap().is_none());
    // What they have given to a program as a customer does not become a key of the desk.
    assert!(api_tokens::find(&world.desk, &program, None).await.unwrap().is_none());
    let said = "select count(*) from events where kind = 'account.api_tokens_revoked' and data->>'count' = '1'";
    assert_eq!(world.count(said).await, 1);
    for actor in [world.manager().await, world.agent().await, world.customer().await] {
        invite(&world, &actor, "eve@acme.example", Role::Agent).await.refused(Code::Forbidden);
    }
    // Nobody invites somebody who may more than they do, nor decides over such an invitation.
    let lead = world.custom(Permissions::of_role(Role::Agent).with(Permission::ManageStaff)).await;
    for role in [Role::Superadmin, Role::Manager] {
        invite(&world, &lead, "eve@acme.example", role).await.refused(Code::Forbidden);
    }
    invite(&world, &lead, "eve@acme.example", Role::Agent).await.unwrap();
    invite(&world, &admin, "max@acme.example", Role::Superadmin).await.unwrap();
    let listed = invitations::list(&world.desk, &lead).await.unwrap();
    let id = listed.iter().find(|i| i.role == RoleChoice::BuiltIn(Role::Superadmin)).unwrap().id;
    world.run(async |tx: &mut Tx| invitations::revoke(tx, &lead, id).await).await.refused(Code::Forbidden);
    world.run(async |tx: &mut Tx| invitations::send_again(tx, &lead, id).await).await.refused(Code::Forbidden);
}

async fn role(world: &World, admin: &Actor, name: &str, permissions: Permissions) -> RoleId {
    let input = NewRole { name: name.into(), permissions, ..NewRole::default() };
    world.run(async |tx: &mut Tx| roles::create(tx, admin, input).await).await.unwrap()
}

async fn team(world: &World, admin: &Actor, name: &str) -> TeamId {
    let input = NewTeam { name: name.into(), ..NewTeam::default() };
    world.run(async |tx: &mut Tx| teams::create(tx, admin, input).await).await.unwrap()
}

#[tokio::test]
async fn an_invitation_gives_a_role_of_ones_own_and_teams() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let of_teams = Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets);
    let billing = role(&world, &admin, "Billing <b>", of_teams).await;
    let (one, two) = (team(&world, &admin, "One").await, team(&world, &admin, "Two").await);
    offer(&world, &admin, "zoe@acme.example", RoleChoice::Custom(billing), &[one, two]).await.unwrap();
    let sent = mail(&world).await;
    assert!(sent.text.contains("Billing <b>") && sent.html.contains("Billing &lt;b&gt;"), "{sent:?}");
    let listed = invitations::list(&world.desk, &admin).await.unwrap();
    assert_eq!((listed[0].role_name.as_str(), listed[0].teams.len()), ("Billing <b>", 2));
    // A team that is gone by then is passed over.
    world.run(async |tx: &mut Tx| teams::delete(tx, &admin, two).await).await.unwrap();
    let zoe = join(&world, &sent.token("/invitation/")).await.unwrap();
    assert_eq!((zoe.role, zoe.custom_role.as_deref()), (Role::Agent, Some("Billing <b>")));
    assert_eq!((zoe.permissions, zoe.teams), (of_teams, vec![one]));
    assert_eq!(world.count("select count(*) from events where kind = 'access.team_members'").await, 1);
}

/// Nobody gives by mail what they may not give by hand; what they could then is asked again when it is accepted.
#[tokio::test]
async fn no_invitation_gives_more_than_its_sender_has() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let lead = world.custom(Permissions::of_role(Role::Agent).with(Permission::ManageStaff)).await;
    let strong = role(&world, &admin, "Strong", Permissions::NONE.with(Permission::ManageSettings)).await;
    let weak = role(&world, &admin, "Weak", Permissions::NONE.with(Permission::Reply)).await;
    let one = team(&world, &admin, "One").await;
    let eve = "eve@acme.example";
    offer(&world, &lead, eve, RoleChoice::Custom(strong), &[]).await.refused(Code::Forbidden);
    offer(&world, &lead, eve, RoleChoice::BuiltIn(Role::Superadmin), &[]).await.refused(Code::Forbidden);
    offer(&world, &lead, eve, RoleChoice::Custom(weak), &[one]).await.refused(Code::Forbidden);
    offer(&world, &lead, eve, RoleChoice::Custom(RoleId(999)), &[]).await.wrong("role");
    offer(&world, &admin, eve, RoleChoice::Custom(weak), &[one, TeamId(999)]).await.wrong("team");
    offer(&world, &lead, eve, RoleChoice::Custom(weak), &[]).await.unwrap();
    let token = mail(&world).await.token("/invitation/");
    let id = invitations::list(&world.desk, &lead).await.unwrap()[0].id;
    // The role is given more than its sender has: the link is good no more, and not theirs to send again.
    let input = NewRole { name: "Weak".into(), permissions: Permissions::ALL, ..NewRole::default() };
    let was = Permissions::NONE.with(Permission::Reply);
    world.run(async |tx: &mut Tx| roles::change(tx, &admin, weak, was, input).await).await.unwrap();
    join(&world, &token).await.refused(Code::NotFound);
    let listed = invitations::list(&world.desk, &lead).await.unwrap();
    assert!(!listed[0].may_change, "{listed:?}");
    world.run(async |tx: &mut Tx| invitations::send_again(tx, &lead, id).await).await.refused(Code::Forbidden);
    world.run(async |tx: &mut Tx| invitations::revoke(tx, &lead, id).await).await.refused(Code::Forbidden);
    // Until somebody vouches for it who may.
    world.run(async |tx: &mut Tx| invitations::send_again(tx, &admin, id).await).await.unwrap();
    join(&world, &mail(&world).await.token("/invitation/")).await.unwrap();
}

#[tokio::test]
async fn an_invitation_to_a_role_that_was_deleted_says_so() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let billing = role(&world, &admin, "Billing", Permissions::NONE.with(Permission::Reply)).await;
    offer(&world, &admin, "zoe@acme.example", RoleChoice::Custom(billing), &[]).await.unwrap();
    let token = mail(&world).await.token("/invitation/");
    world.run(async |tx: &mut Tx| roles::delete(tx, &admin, billing).await).await.unwrap();
    let refused = join(&world, &token).await.refused(Code::Impossible);
    assert!(refused.message.contains("“Billing”"), "{refused:?}");
    assert_eq!(world.count("select count(*) from users where email = 'zoe@acme.example'").await, 0);
    let page = Browser::of_visitor(&world).get(&format!("/invitation/{token}")).await;
    assert!(page.text.contains("no such role any more"), "{}", page.text);
    let listed = invitations::list(&world.desk, &admin).await.unwrap();
    assert_eq!((listed[0].state, listed[0].role_name.as_str()), (State::RoleGone, "Billing"));
    let id = listed[0].id;
    world.run(async |tx: &mut Tx| invitations::send_again(tx, &admin, id).await).await.refused(Code::Impossible);
    world.run(async |tx: &mut Tx| invitations::revoke(tx, &admin, id).await).await.unwrap();
    join(&world, &token).await.refused(Code::NotFound);
    offer(&world, &admin, "zoe@acme.example", RoleChoice::BuiltIn(Role::Agent), &[]).await.unwrap();
}

#[tokio::test]
async fn the_form_of_invitations_offers_roles_and_teams() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let billing = role(&world, &admin, "Billing", Permissions::NONE.with(Permission::Reply)).await;
    let one = team(&world, &admin, "One").await;
    let browser = Browser::of(&world, &admin).await;
    let page = browser.get("/settings/invitations").await.text;
    assert!(page.contains("Billing") && page.contains("In these teams") && page.contains("Superadmin"), "{page}");
    let (billing, one) = (billing.to_string(), one.to_string());
    // What was chosen is kept when it is refused.
    let form = [("email", "no address"), ("role", billing.as_str()), ("team", one.as_str())];
    let page = browser.post("/settings/invitations", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("selected") && page.text.contains("checked"), "{}", page.text);
    for wrong in [("team", "x"), ("role", "customer"), ("role", "")] {
        let form = [("email", "zoe@acme.example"), wrong];
        assert!(browser.post("/settings/invitations", &form).await.status.is_client_error(), "{wrong:?}");
    }
    let form = [("email", "zoe@acme.example"), ("role", billing.as_str()), ("team", one.as_str())];
    let page = browser.post("/settings/invitations", &form).await;
    assert_eq!(page.headers[http::header::LOCATION], "/settings/invitations?invited");
    let page = browser.get("/settings/invitations").await.text;
    assert!(page.contains("in One"), "{page}");
    // Who hands out less is offered less.
    let lead = world.custom(Permissions::of_role(Role::Agent).with(Permission::ManageStaff)).await;
    let page = Browser::of(&world, &lead).await.get("/settings/invitations").await.text;
    assert!(page.contains("Billing") && !page.contains(">Superadmin<") && !page.contains("In these teams"), "{page}");
}
