//! Writing: who may, replies that are held back, and drafts.

use crate::support::{Refused as _, World, id_of, text};
use domain::{
    Actor, Code, EventId, Result, TicketId,
    event::Happening,
    ticket::{NewMessage, Writing},
    timeline::{Draft, Part},
};
use store::tickets::{draft, message, view};

async fn write(world: &World, actor: &Actor, id: TicketId, input: NewMessage) -> Result<EventId> {
    world.advance_seconds(1);
    world.run(async |tx| message::write(tx, actor, id, input).await).await.map(|(_, event)| event)
}

fn seen(writing: Writing, body: &str, seen: EventId) -> NewMessage {
    NewMessage { seen: Some(seen), ..text(writing, body) }
}

/// The newest entry as this actor sees it.
async fn newest(world: &World, actor: &Actor, id: TicketId) -> EventId {
    let slice = view::view(&world.desk, actor, id, Part::Latest).await.unwrap().slice;
    slice.entries.last().unwrap().id
}

async fn save(world: &World, actor: &Actor, id: TicketId, writing: Writing, body: &str) -> Result<()> {
    let draft = Draft { writing, body: body.into() };
    world.run(async |tx| draft::save(tx, actor, id, draft).await).await
}

/// This person's drafts: the reply and the note.
async fn drafts(world: &World, actor: &Actor, id: TicketId) -> (Option<String>, Option<String>) {
    let drafts = view::view(&world.desk, actor, id, Part::Latest).await.unwrap().drafts;
    let of = |writing| drafts.iter().find(|d| d.writing == writing).map(|d| d.body.clone());
    (of(Writing::Reply), of(Writing::Note))
}

#[tokio::test]
async fn who_may_write_what() {
    let world = World::new().await;
    let (open, closed) = (world.company("Open house", true).await, world.company("Closed doors", false).await);
    let agent = world.agent().await;
    for (name, requester, colleague, colleague_may) in [
        ("shares", world.company_user(open).await, world.company_user(open).await, true),
        ("does not share", world.company_user(closed).await, world.company_user(closed).await, false),
        ("individual", world.customer().await, world.customer().await, false),
    ] {
        let id = world.ticket(&requester).await.id;
        write(&world, &requester, id, text(Writing::Reply, "Please hurry.")).await.unwrap();
        write(&world, &agent, id, text(Writing::Reply, "We do.")).await.unwrap();
        write(&world, &agent, id, text(Writing::Note, "They are in a hurry.")).await.unwrap();
        write(&world, &requester, id, text(Writing::Note, "x")).await.refused(Code::Forbidden);
        let from_colleague = write(&world, &colleague, id, text(Writing::Reply, "Me too.")).await;
        let note = write(&world, &colleague, id, text(Writing::Note, "x")).await;
        if colleague_may {
            from_colleague.unwrap();
            note.refused(Code::Forbidden);
        } else {
            from_colleague.refused(Code::NotFound);
            note.refused(Code::NotFound);
        }
        write(&world, &agent, id, text(Writing::Reply, " \n ")).await.wrong("body");
        write(&world, &agent, id, text(Writing::Reply, &"x".repeat(200_001))).await.wrong("body");
        write(&world, &Actor::visitor(None), id, text(Writing::Reply, "x")).await.refused(Code::SignedOut);
        let entries = view::view(&world.desk, &agent, id, Part::Latest).await.unwrap().slice.entries;
        let kinds: Vec<_> = entries.iter().filter(|e| e.message.is_some()).map(|e| e.what.clone()).collect();
        let mut expected =
            vec![Happening::CustomerMessage, Happening::CustomerMessage, Happening::Reply, Happening::Note];
        expected.extend(colleague_may.then_some(Happening::CustomerMessage));
        assert_eq!(kinds, expected, "{name}");
    }
}

#[tokio::test]
async fn a_reply_is_held_back_once_when_the_conversation_has_moved_on() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let id = world.ticket(&jana).await.id;
    type Step<'a> = (&'a Actor, Writing, &'a str);
    let steps: [Step<'_>; 3] = [
        (&jana, Writing::Reply, "It smokes now."),
        (&bob, Writing::Reply, "Please restart it."),
        (&bob, Writing::Note, "The fuse."),
    ];
    for (who, writing, body) in steps {
        let known = newest(&world, &ann, id).await;
        save(&world, &ann, id, Writing::Reply, "Have you tried…").await.unwrap();
        let theirs = write(&world, who, id, text(writing, body)).await.unwrap();
        let before = world.count("select count(*) from events").await;
        write(&world, &ann, id, seen(Writing::Reply, "Have you tried…", known)).await.refused(Code::Conflict);
        assert_eq!(world.count("select count(*) from events").await, before, "{body}: nothing was sent");
        assert_eq!(drafts(&world, &ann, id).await.0.as_deref(), Some("Have you tried…"), "{body}: her text is kept");
        // Having read what is new, she sends it all the same.
        let known = newest(&world, &ann, id).await;
        assert_eq!(known, theirs);
        write(&world, &ann, id, seen(Writing::Reply, "Have you tried…", known)).await.unwrap();
        assert_eq!(drafts(&world, &ann, id).await.0, None, "{body}: sent is no draft");
    }
}

#[tokio::test]
async fn only_words_of_others_hold_a_reply_back() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let id = world.ticket(&jana).await.id;
    let known = newest(&world, &ann, id).await;
    // Her own, from another tab, and what is no message.
    write(&world, &ann, id, text(Writing::Note, "Calling them.")).await.unwrap();
    world.run(async |tx| store::tickets::watch::watch(tx, &bob, id, true).await).await.unwrap();
    write(&world, &ann, id, seen(Writing::Reply, "I call you.", known)).await.unwrap();
    // A note is for colleagues: it is never held back. Nor is a customer's answer, nor one that has seen nothing at all.
    write(&world, &bob, id, text(Writing::Reply, "Hello.")).await.unwrap();
    write(&world, &ann, id, seen(Writing::Note, "Hm.", known)).await.unwrap();
    write(&world, &jana, id, seen(Writing::Reply, "Thanks.", known)).await.unwrap();
    write(&world, &ann, id, text(Writing::Reply, "You are welcome.")).await.unwrap();
    write(&world, &ann, id, seen(Writing::Reply, "Bye.", EventId(0))).await.refused(Code::Conflict);
    write(&world, &ann, id, seen(Writing::Reply, "Bye.", EventId(i64::MAX))).await.unwrap();
}

#[tokio::test]
async fn drafts_are_kept_by_person_ticket_and_kind() {
    let world = World::new().await;
    let (ann, bob, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let (one, other) = (world.ticket(&jana).await.id, world.ticket(&jana).await.id);
    let some = |text: &str| Some(text.to_owned());
    save(&world, &ann, one, Writing::Reply, "Dear Jana,").await.unwrap();
    save(&world, &ann, one, Writing::Note, "She is nice.").await.unwrap();
    save(&world, &ann, other, Writing::Reply, "About the other…").await.unwrap();
    save(&world, &bob, one, Writing::Reply, "Hi,").await.unwrap();
    save(&world, &jana, one, Writing::Reply, "By the way").await.unwrap();
    save(&world, &ann, one, Writing::Reply, "Dear Jana, thank you.").await.unwrap();
    assert_eq!(drafts(&world, &ann, one).await, (some("Dear Jana, thank you."), some("She is nice.")));
    assert_eq!(drafts(&world, &ann, other).await, (some("About the other…"), None));
    assert_eq!(drafts(&world, &bob, one).await, (some("Hi,"), None));
    assert_eq!(drafts(&world, &jana, one).await, (some("By the way"), None));
    // Whatever colleagues and the customer do to the ticket, a text stays.
    write(&world, &bob, one, text(Writing::Reply, "Hello.")).await.unwrap();
    write(&world, &bob, one, text(Writing::Note, "Answered.")).await.unwrap();
    write(&world, &jana, one, text(Writing::Reply, "Thanks.")).await.unwrap();
    let closed = domain::ticket::Change {
        status: Some(domain::ticket::Swap::to(world.status("closed"))),
        assignee: Some(domain::ticket::Swap::to(Some(id_of(&bob)))),
        ..Default::default()
    };
    world.run(async |tx| store::tickets::change::change(tx, &bob, one, closed).await).await.unwrap();
    assert_eq!(drafts(&world, &ann, one).await, (some("Dear Jana, thank you."), some("She is nice.")));
    assert_eq!(drafts(&world, &bob, one).await, (None, None), "his reply is sent");
    // Sending one kind leaves the other. An empty one is forgotten.
    write(&world, &ann, one, text(Writing::Reply, "Dear Jana, thank you.")).await.unwrap();
    assert_eq!(drafts(&world, &ann, one).await, (None, some("She is nice.")));
    save(&world, &ann, one, Writing::Note, " \n").await.unwrap();
    assert_eq!(drafts(&world, &ann, one).await, (None, None));
}

#[tokio::test]
async fn drafts_are_for_who_may_send_them() {
    let world = World::new().await;
    let (agent, jana, other) = (world.agent().await, world.customer().await, world.customer().await);
    let id = world.ticket(&jana).await.id;
    save(&world, &jana, id, Writing::Note, "x").await.refused(Code::Forbidden);
    for writing in [Writing::Reply, Writing::Note] {
        save(&world, &other, id, writing, "x").await.refused(Code::NotFound);
        save(&world, &agent, TicketId(99_999), writing, "x").await.refused(Code::NotFound);
        save(&world, &Actor::visitor(None), id, writing, "x").await.refused(Code::SignedOut);
        save(&world, &Actor::visitor(None), TicketId(99_999), writing, "x").await.refused(Code::SignedOut);
        save(&world, &agent, id, writing, &"x".repeat(200_001)).await.wrong("body");
    }
    save(&world, &agent, id, Writing::Reply, "With\0out").await.unwrap();
    assert_eq!(drafts(&world, &agent, id).await.0.as_deref(), Some("Without"));
    assert_eq!(world.count("select count(*) from drafts").await, 1);
    assert_eq!(
        world
            .count("select count(*) from events where kind not like 'ticket.created' and kind <> 'message.customer'")
            .await,
        0
    );
}
