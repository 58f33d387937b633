//! The support itself.

use crate::support::{PASSWORD, World, id_of, person, sql};
use domain::{Actor, Role, timeline::Part};
use store::{accounts, tickets::view};

#[tokio::test]
async fn worlds_are_apart() {
    let (one, other) = tokio::join!(World::new(), World::new());
    let ticket = one.ticket(&one.customer().await).await;
    assert_eq!(ticket.id.0, 1001);
    assert_eq!(one.count("select count(*) from tickets").await, 1);
    assert_eq!(other.count("select count(*) from tickets").await, 0);
}

#[tokio::test]
async fn people_can_sign_in() {
    let world = World::new().await;
    let agent = world.agent().await;
    let email = &person(&agent).email;
    let visitor = Actor::visitor(None);
    let (signed_in, _) = accounts::sign_in(&world.desk, &visitor, email, PASSWORD.into(), "").await.unwrap();
    assert_eq!((signed_in.id, signed_in.role), (id_of(&agent), Role::Agent));
}

#[tokio::test]
async fn statements_are_seen_whole() {
    let world = World::new().await;
    let customer = world.customer().await;
    let ticket = world.ticket(&customer).await;
    let (view, seen) = sql::statements(view::view(&world.desk, &customer, ticket.id, Part::Latest)).await;
    assert_eq!(view.unwrap().ticket.id, ticket.id);
    assert!(seen.iter().any(|s| s.contains("from events e")), "{seen:#?}");
}
