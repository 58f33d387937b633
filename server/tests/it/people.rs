//! Looking people up: staff to give tickets to, companies, customers.

use crate::support::{Refused as _, World, id_of, person};
use domain::{Actor, Code, UserId};
use store::people;

async fn found(world: &World, actor: &Actor, text: &str) -> Vec<UserId> {
    let mut conn = world.desk.read().await.unwrap();
    people::find_customers(&mut conn, actor, text).await.unwrap().into_iter().map(|c| c.id).collect()
}

async fn named(world: &World, actor: &Actor, name: &str) {
    sqlx::query("update users set name = $2 where id = $1")
        .bind(id_of(actor).0)
        .bind(name)
        .execute(world.desk.pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn customers_are_found_by_the_beginning_of_their_name_or_address() {
    let world = World::new().await;
    let acme = world.company("Acme", false).await;
    let agent = world.agent().await;
    let (jana, petr, blocked) = (world.company_user(acme).await, world.customer().await, world.customer().await);
    named(&world, &jana, "Jana Weiß").await;
    named(&world, &petr, "100% Péter_Pan\\ Co").await;
    let sean = world.customer().await;
    named(&world, &sean, "Seán O'Brien & (Sons):*").await;
    named(&world, &blocked, "Jana Blocked").await;
    named(&world, &agent, "Jana of the staff").await;
    world.block(&blocked).await;
    for text in ["Jana", "jana w", "  JANA WEISS", "jana weiß", "Weiß", "wei"] {
        let expected = if text.contains("WEISS") { vec![] } else { vec![id_of(&jana)] };
        assert_eq!(found(&world, &agent, text).await, expected, "{text}");
    }
    let address = &person(&petr).email;
    assert_eq!(found(&world, &agent, &address[..address.len() - 3].to_uppercase()).await, [id_of(&petr)]);
    assert_eq!(found(&world, &agent, "100% PÉ").await, [id_of(&petr)]);
    assert_eq!(found(&world, &agent, "100% péter_pan\\").await, [id_of(&petr)]);
    for text in ["o'b", "O'Brien & (Sons", "& ", "(sons):*", "seán o'brien"] {
        assert_eq!(found(&world, &agent, text).await, [id_of(&sean)], "{text}");
    }
    // Signs of patterns mean themselves.
    for text in [
        "%",
        "_",
        "\\",
        "%jana",
        "J_na",
        "jana%",
        "100_",
        "",
        " ",
        "eiß",
        "na w",
        "brien",
        "pan co",
        "weiß jana",
        "'",
        "''",
        "!",
        "|",
        ":*",
        "\0",
        &"j".repeat(300),
    ] {
        assert!(found(&world, &agent, text).await.is_empty(), "{text:?}");
    }
    for _ in 0..12 {
        world.customer().await;
    }
    assert_eq!(found(&world, &agent, "customer").await.len(), 10, "some are enough");
}

#[tokio::test]
async fn people_are_for_staff_to_look_up() {
    let world = World::new().await;
    let acme = world.company("acme", true).await;
    world.company("Zebra", false).await;
    let (agent, manager, admin) = (world.agent().await, world.manager().await, world.superadmin().await);
    let (user, individual, gone) = (world.company_user(acme).await, world.customer().await, world.agent().await);
    world.block(&gone).await;
    let mut conn = world.desk.read().await.unwrap();
    for actor in [&agent, &manager, &admin] {
        let staff: Vec<_> = people::staff(&mut conn, actor).await.unwrap().into_iter().map(|p| p.id).collect();
        assert_eq!(staff, [&agent, &manager, &admin].map(id_of), "those who can be given tickets, by name");
        let companies: Vec<_> =
            people::companies(&mut conn, actor).await.unwrap().into_iter().map(|c| c.name).collect();
        assert_eq!(companies, ["acme", "Zebra"]);
    }
    for (actor, code) in
        [(&user, Code::Forbidden), (&individual, Code::Forbidden), (&Actor::visitor(None), Code::SignedOut)]
    {
        people::staff(&mut conn, actor).await.refused(code);
        people::companies(&mut conn, actor).await.refused(code);
        people::find_customers(&mut conn, actor, "a").await.refused(code);
    }
}
