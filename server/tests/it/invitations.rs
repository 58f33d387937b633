//! Staff are invited by mail. What is sent is read from a mail server.

use crate::account_mail::{mail, sign_in, visitor};
use crate::support::{PASSWORD, Refused as _, World, id_of, person};
use domain::{
    Actor, Code, Role,
    access::{Permission, Permissions},
    invitation::State,
};
use store::{
    Tx,
    accounts::{self, invitations},
};

const OTHER: &str = "another horse battery";

pub async fn invite(world: &World, admin: &Actor, email: &str, role: Role) -> domain::Result<()> {
    world.run(async |tx: &mut Tx| invitations::invite(tx, admin, email, role).await).await
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
    assert_eq!((listed.len(), listed[0].state, listed[0].role), (1, State::Open, Role::Manager));
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
    invite(&world, &admin, &person(&blocked).email, Role::Agent).await.wrong("email");
    invite(&world, &admin, "zoe@acme.example", Role::Customer).await.wrong("role");
    invite(&world, &admin, "zoe", Role::Agent).await.wrong("email");
    invite(&world, &admin, &person(&customer).email, Role::Agent).await.unwrap();
    let token = mail(&world).await.token("/invitation/");
    let made = invitations::accept(&world.desk, &visitor(), &token, "Jana".into(), OTHER.into()).await.unwrap();
    assert_eq!((made.id, made.role, made.company), (id_of(&customer), Role::Agent, None));
    assert!(accounts::find(&world.desk, &session).await.unwrap().is_none());
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
    let id = listed.iter().find(|i| i.role == Role::Superadmin).unwrap().id;
    world.run(async |tx: &mut Tx| invitations::revoke(tx, &lead, id).await).await.refused(Code::Forbidden);
    world.run(async |tx: &mut Tx| invitations::send_again(tx, &lead, id).await).await.refused(Code::Forbidden);
}
