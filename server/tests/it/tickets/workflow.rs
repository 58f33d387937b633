//! The ways of a ticket through the workflow, and what a reply does to its state.

use super::*;

/// The ways of the default workflow, written out.
const WAYS: [(&str, &[&str]); 5] = [
    ("open", &["in_progress", "waiting_for_customer", "resolved", "closed"]),
    ("in_progress", &["open", "waiting_for_customer", "resolved", "closed"]),
    ("waiting_for_customer", &["open", "in_progress", "resolved", "closed"]),
    ("resolved", &["open", "in_progress", "closed"]),
    ("closed", &["open"]),
];

async fn put_into(world: &World, id: TicketId, status: StatusId) {
    sqlx::query("update tickets set status_id = $2 where id = $1")
        .bind(id.0)
        .bind(status.0)
        .execute(world.desk.pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_ticket_goes_the_ways_of_the_workflow_and_no_others() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let id = world.ticket(&jana).await.id;
    let said = async || {
        let entries = entries(&world, &jana, id).await;
        entries.into_iter().filter(|e| matches!(e.what, Happening::Status(_))).count()
    };
    for (from, allowed) in WAYS {
        for (to, _) in WAYS {
            let (start, target) = (world.status(from), world.status(to));
            put_into(&world, id, start).await;
            let before = said().await;
            let outcome = changed(&world, &agent, id, status(target)).await;
            if from == to {
                assert_eq!(outcome.unwrap().status, start);
                assert_eq!(said().await, before, "{from} stays: nothing is said");
            } else if allowed.contains(&to) {
                assert_eq!(outcome.unwrap().status, target, "{from} → {to}");
                assert_eq!(said().await, before + 1, "{from} → {to}");
            } else {
                outcome.wrong("status");
                assert_eq!(ticket(&world, &agent, id).await.status, start, "{from} → {to}");
                assert_eq!(said().await, before, "{from} → {to}");
            }
        }
    }
    changed(&world, &agent, id, status(StatusId(99_999))).await.wrong("status");
    changed(&world, &jana, id, status(world.status("closed"))).await.refused(Code::Forbidden);
    changed(&world, &world.customer().await, id, status(world.status("closed"))).await.refused(Code::NotFound);
    changed(&world, &Actor::visitor(None), id, status(world.status("closed"))).await.refused(Code::SignedOut);
}

#[tokio::test]
async fn a_customers_reply_opens_a_ticket_again() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let id = world.ticket(&jana).await.id;
    for (from, after) in [
        ("open", "open"),
        ("in_progress", "in_progress"),
        ("waiting_for_customer", "open"),
        ("resolved", "open"),
        ("closed", "open"),
    ] {
        put_into(&world, id, world.status(from)).await;
        world.reply(&jana, id, "It is back.").await;
        assert_eq!(ticket(&world, &agent, id).await.status, world.status(after), "{from}");
        put_into(&world, id, world.status(from)).await;
        world.note(&agent, id, "Hm.").await;
        world.reply(&agent, id, "Is it?").await;
        assert_eq!(ticket(&world, &agent, id).await.status, world.status(from), "staff's own words change nothing");
    }
    // What staff want with their answer is bound to the workflow, and a customer cannot want anything.
    put_into(&world, id, world.status("closed")).await;
    let with = |to| domain::ticket::NewMessage { status: Some(to), ..text(Writing::Reply, "Done.") };
    let resolved = with(world.status("resolved"));
    world.run(async |tx| message::write(tx, &agent, id, resolved).await).await.wrong("status");
    let closed = with(world.status("closed"));
    let (now, _) = world.run(async |tx| message::write(tx, &jana, id, closed).await).await.unwrap();
    assert_eq!(now.status, world.status("open"));
    let waiting = with(world.status("waiting_for_customer"));
    let (now, _) = world.run(async |tx| message::write(tx, &agent, id, waiting).await).await.unwrap();
    assert_eq!(now.status, world.status("waiting_for_customer"));
}
