//! Sending again what nobody has answered: it is done once.

use super::*;
use crate::support::node::soon;
use domain::{EventId, ticket::NewMessage, timeline::Draft};
use store::sweep::sweep;

fn keyed(writing: Writing, body: &str, key: &str) -> NewMessage {
    NewMessage { key: Some(key.into()), ..text(writing, body) }
}

async fn wrote(world: &World, actor: &Actor, id: TicketId, input: NewMessage) -> Result<EventId> {
    world.run(async |tx| message::write(tx, actor, id, input).await).await.map(|(_, entry)| entry)
}

const MESSAGES: &str = "select count(*) from messages";
const TICKETS: &str = "select count(*) from tickets";

#[tokio::test]
async fn a_message_sent_again_under_its_key_is_there_once() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let mut expected = 1;
    for (actor, writing, key) in
        [(&agent, Writing::Reply, "r"), (&agent, Writing::Note, "n"), (&jana, Writing::Reply, "r")]
    {
        let input = keyed(writing, "Restart it.", key);
        let first = wrote(&world, actor, ticket, input.clone()).await.unwrap();
        let draft = Draft { writing, body: "Restart it.".into() };
        world.run(async |tx| store::tickets::draft::save(tx, actor, ticket, draft).await).await.unwrap();
        assert_eq!(wrote(&world, actor, ticket, input.clone()).await.unwrap(), first);
        expected += 1;
        assert_eq!(world.count(MESSAGES).await, expected, "one of each person and kind");
        assert_eq!(world.count("select count(*) from drafts").await, 0, "what was sent is no draft any more");
        // One key is for one thing.
        for other in
            [keyed(writing, "Throw it away.", key), NewMessage { status: Some(world.status("resolved")), ..input }]
        {
            let error = wrote(&world, actor, ticket, other).await.refused(Code::Invalid);
            assert!(error.message.contains("has arrived"), "{error:?}");
        }
        let elsewhere = world.ticket(&jana).await.id;
        expected += 1;
        wrote(&world, actor, elsewhere, keyed(writing, "Restart it.", key)).await.refused(Code::Invalid);
    }
    // Without a key, the same words are said twice.
    for _ in 0..2 {
        wrote(&world, &agent, ticket, text(Writing::Reply, "Restart it.")).await.unwrap();
    }
    assert_eq!(world.count(MESSAGES).await, expected + 2);
    wrote(&world, &agent, ticket, keyed(Writing::Reply, "Hello", "")).await.refused(Code::Invalid);
}

/// Files go with the first time. A form that is sent again has uploaded its files anew: those wait for nobody.
#[tokio::test]
async fn files_and_what_moved_on_do_not_matter_the_second_time() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let seen = world.reply(&agent, ticket, "Which printer?").await;
    let file = async || {
        let words = futures::stream::iter([Ok::<_, std::convert::Infallible>(bytes::Bytes::from("all is well"))]);
        store::tickets::attachments::upload(&world.desk, &agent, None, "log.txt", None, words).await.unwrap().id
    };
    let input =
        NewMessage { attachments: vec![file().await], seen: Some(seen), ..keyed(Writing::Reply, "See the file.", "k") };
    // Refused, it has used up nothing.
    let customers = world.reply(&jana, ticket, "The big one.").await;
    wrote(&world, &agent, ticket, input.clone()).await.refused(Code::Conflict);
    let input = NewMessage { seen: Some(customers), ..input };
    let first = wrote(&world, &agent, ticket, input.clone()).await.unwrap();
    world.reply(&jana, ticket, "Are you there?").await;
    assert_eq!(wrote(&world, &agent, ticket, input.clone()).await.unwrap(), first);
    let anew = NewMessage { attachments: vec![file().await], ..input.clone() };
    assert_eq!(wrote(&world, &agent, ticket, anew).await.unwrap(), first);
    let none = NewMessage { attachments: Vec::new(), ..input };
    wrote(&world, &agent, ticket, none).await.refused(Code::Invalid);
}

#[tokio::test]
async fn a_ticket_sent_again_under_its_key_is_opened_once() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let requester = Some(Requester::Address { name: "Eva".into(), email: "eva@acme.example".into() });
    for (actor, requester) in [(&agent, requester), (&jana, None)] {
        let before = world.count(TICKETS).await;
        let asked = NewTicket { requester, key: Some("k".into()), ..input("Printer") };
        let first = opened(&world, actor, asked.clone()).await.unwrap();
        changed(&world, &agent, first.id, status(world.status("in_progress"))).await.unwrap();
        let again = opened(&world, actor, asked.clone()).await.unwrap();
        assert_eq!(again.id, first.id);
        assert_eq!(again.status, world.status("in_progress"), "it is told as it is now");
        assert_eq!(world.count(TICKETS).await, before + 1);
        opened(&world, actor, NewTicket { subject: "Scanner".into(), ..asked.clone() }).await.refused(Code::Invalid);
        // A key of tickets is none of messages.
        wrote(&world, actor, first.id, keyed(Writing::Reply, "Printer", "k")).await.refused(Code::Invalid);
        // Days later it would be a new one.
        sweep(&world.desk).await.unwrap();
        assert_eq!(opened(&world, actor, asked.clone()).await.unwrap().id, first.id);
        world.advance_seconds(86_401);
        sweep(&world.desk).await.unwrap();
        assert_ne!(opened(&world, actor, asked).await.unwrap().id, first.id);
    }
}

/// The second one waits for the first. When that comes to nothing, the second one is the first.
#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_are_one() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    for commits in [true, false] {
        let key = format!("{commits}");
        let (opening, writing) =
            (NewTicket { key: Some(format!("t{key}")), ..input("Printer") }, keyed(Writing::Reply, "Hello", &key));
        let before = (world.count(TICKETS).await, world.count(MESSAGES).await);
        let mut first = world.desk.begin().await.unwrap();
        let made = create::create(&mut first, &jana, opening.clone()).await.unwrap();
        let second = opened(&world, &jana, opening);
        let after = async {
            world.somebody_waits().await;
            if commits {
                first.commit().await.unwrap();
            }
        };
        let (second, ()) = soon("both have an answer", async { tokio::join!(second, after) }).await;
        assert_eq!(second.unwrap().id == made.id, commits);
        let mut first = world.desk.begin().await.unwrap();
        let (_, entry) = message::write(&mut first, &agent, ticket, writing.clone()).await.unwrap();
        let second = wrote(&world, &agent, ticket, writing);
        let after = async {
            world.somebody_waits().await;
            if commits {
                first.commit().await.unwrap();
            }
        };
        let (second, ()) = soon("both have an answer", async { tokio::join!(second, after) }).await;
        assert_eq!(second.unwrap() == entry, commits);
        assert_eq!((world.count(TICKETS).await, world.count(MESSAGES).await), (before.0 + 1, before.1 + 2));
    }
}

/// Whoever has lost a right meanwhile is not told of the first time.
#[tokio::test]
async fn the_second_time_asks_the_policy_too() {
    let world = World::new().await;
    let agent = world.agent().await;
    let ticket = world.ticket(&world.customer().await).await.id;
    let message = keyed(Writing::Reply, "Hello", "m");
    let opening = NewTicket {
        key: Some("t".into()),
        requester: Some(Requester::Address { name: "Eva".into(), email: "eva@acme.example".into() }),
        ..input("Printer")
    };
    wrote(&world, &agent, ticket, message.clone()).await.unwrap();
    opened(&world, &agent, opening.clone()).await.unwrap();
    sqlx::query("update users set role = 'customer' where id = $1")
        .bind(id_of(&agent).0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    let customer = world.actor(id_of(&agent)).await;
    wrote(&world, &customer, ticket, message).await.refused(Code::NotFound);
    opened(&world, &customer, opening).await.refused(Code::NotFound);
}
