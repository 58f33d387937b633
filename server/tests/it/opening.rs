//! Opening a ticket: what it begins with, its files and whom it is given to are there together, or nothing is.

use crate::support::{Refused as _, World, id_of, person, text};
use bytes::Bytes;
use domain::{
    Actor, AttachmentId, Code, Result, TicketId,
    attachment::Attachment,
    event::Happening,
    ticket::{NewMessage, NewTicket, Opening, Requester, Source, Ticket, Writing},
    timeline::{Entry, Part},
};
use futures::stream;
use std::convert::Infallible;
use store::tickets::{attachments, create, message, view};

async fn opened(world: &World, actor: &Actor, input: NewTicket) -> Result<Ticket> {
    world.run(async |tx| create::create(tx, actor, input).await).await
}

fn of(requester: &Actor) -> NewTicket {
    NewTicket {
        subject: "Printer".into(),
        body: "It does not print.".into(),
        requester: Some(Requester::Known(id_of(requester))),
        source: Source::Phone,
        ..NewTicket::default()
    }
}

async fn uploaded(world: &World, actor: &Actor, ticket: Option<TicketId>, name: &str) -> Attachment {
    let content = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"words"))]);
    attachments::upload(&world.desk, actor, ticket, name, None, content).await.unwrap()
}

async fn entries(world: &World, actor: &Actor, id: TicketId) -> Vec<Entry> {
    view::view(&world.desk, actor, id, Part::Latest).await.unwrap().slice.entries
}

/// The files of the messages that somebody sees, by name.
async fn files(world: &World, actor: &Actor, id: TicketId) -> Vec<String> {
    let messages = entries(world, actor, id).await.into_iter().filter_map(|e| e.message);
    messages.flat_map(|m| m.attachments).map(|f| f.name).collect()
}

#[tokio::test]
async fn files_and_assignee_come_with_the_ticket() {
    let world = World::new().await;
    let (agent, colleague, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let (photo, log) =
        (uploaded(&world, &agent, None, "photo.txt").await, uploaded(&world, &agent, None, "log.txt").await);
    let input = NewTicket { attachments: vec![photo.id, log.id], assignee: Some(id_of(&colleague)), ..of(&jana) };
    let made = opened(&world, &agent, input).await.unwrap();
    assert_eq!(made.assignee.as_ref().map(|a| a.id), Some(id_of(&colleague)));
    assert!(view::view(&world.desk, &colleague, made.id, Part::Latest).await.unwrap().watching);
    for reader in [&agent, &colleague, &jana] {
        assert_eq!(files(&world, reader, made.id).await, ["photo.txt", "log.txt"]);
    }
    // Files alone are a message.
    let only = uploaded(&world, &agent, None, "only.txt").await;
    let bare = NewTicket { body: String::new(), attachments: vec![only.id], ..of(&jana) };
    let made = opened(&world, &agent, bare).await.unwrap();
    assert_eq!(files(&world, &jana, made.id).await, ["only.txt"]);
}

#[tokio::test]
async fn a_file_that_is_not_ones_own_to_send_leaves_nothing_of_the_ticket() {
    let world = World::new().await;
    let (agent, colleague, jana) = (world.agent().await, world.agent().await, world.customer().await);
    let elsewhere = world.ticket(&jana).await.id;
    let own = uploaded(&world, &agent, None, "own.txt").await;
    let colleagues = uploaded(&world, &colleague, None, "colleagues.txt").await;
    let customers = uploaded(&world, &jana, None, "customers.txt").await;
    let other_ticket = uploaded(&world, &agent, Some(elsewhere), "elsewhere.txt").await;
    let sent = uploaded(&world, &agent, None, "sent.txt").await;
    let carrying = NewMessage { attachments: vec![sent.id], ..text(Writing::Note, "See it.") };
    world.run(async |tx| message::write(tx, &agent, elsewhere, carrying).await).await.unwrap();
    let deleted = uploaded(&world, &agent, None, "deleted.txt").await;
    world.run(async |tx| attachments::delete(tx, &agent, deleted.id).await).await.unwrap();
    let events = world.count("select count(*) from events").await;
    let new = Requester::Address { name: "Petr Dvorak".into(), email: "petr@acme.example".into() };
    for foreign in [colleagues.id, customers.id, other_ticket.id, sent.id, deleted.id, AttachmentId(99_999)] {
        let input = NewTicket {
            requester: Some(new.clone()),
            attachments: vec![own.id, foreign],
            assignee: Some(id_of(&agent)),
            tags: vec!["unheard-of".into()],
            ..of(&jana)
        };
        opened(&world, &agent, input).await.wrong("attachments");
    }
    let theirs = NewTicket { requester: None, attachments: vec![own.id], ..of(&jana) };
    opened(&world, &jana, theirs).await.wrong("attachments");
    let many = NewTicket { attachments: (1..=21).map(AttachmentId).collect(), ..of(&jana) };
    opened(&world, &agent, many).await.wrong("attachments");
    assert_eq!(world.count("select count(*) from tickets").await, 1);
    assert_eq!(world.count("select count(*) from events").await, events);
    assert_eq!(world.count("select count(*) from users where email = 'petr@acme.example'").await, 0);
    assert_eq!(world.count("select count(*) from tags where name = 'unheard-of'").await, 0);
    // One's own is still there to be sent.
    let input = NewTicket { attachments: vec![own.id], ..of(&jana) };
    opened(&world, &agent, input).await.unwrap();
}

#[tokio::test]
async fn a_ticket_begins_with_the_customers_words_ours_or_a_note() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let first = |ticket: &Ticket, entries: Vec<Entry>| {
        let entry = entries.into_iter().find(|e| e.message.is_some());
        (entry.map(|e| (e.what, e.by.person.map(|p| p.id))), ticket.customer_last, ticket.excerpt.clone())
    };
    for (opening, what, by, customer_last) in [
        (Opening::FromCustomer, Happening::CustomerMessage, &jana, true),
        (Opening::ToCustomer, Happening::Reply, &agent, false),
        (Opening::Note, Happening::Note, &agent, false),
    ] {
        let file = uploaded(&world, &agent, None, "file.txt").await;
        let made =
            opened(&world, &agent, NewTicket { opening, attachments: vec![file.id], ..of(&jana) }).await.unwrap();
        let excerpt = if opening == Opening::Note { "" } else { "It does not print." };
        let seen = first(&made, entries(&world, &agent, made.id).await);
        assert_eq!(seen, (Some((what.clone(), Some(id_of(by)))), customer_last, excerpt.to_owned()));
        // A note and its files are nothing that the customer learns of.
        let theirs = view::view(&world.desk, &jana, made.id, Part::Latest).await.unwrap();
        let seen = first(&theirs.ticket, theirs.slice.entries).0;
        assert_eq!(seen.is_some(), opening != Opening::Note, "{opening:?}");
        assert_eq!(files(&world, &jana, made.id).await.len(), usize::from(opening != Opening::Note));
        assert_eq!(made.requester.id, id_of(&jana));
    }
    // Whoever asks for something themselves is its customer.
    let own = NewTicket { opening: Opening::ToCustomer, requester: None, ..of(&jana) };
    let made = opened(&world, &agent, own).await.unwrap();
    assert_eq!((made.requester.name.as_str(), made.customer_last), (person(&agent).name.as_str(), true));
    assert_eq!(entries(&world, &agent, made.id).await[1].what, Happening::CustomerMessage);
    for opening in [Opening::ToCustomer, Opening::Note] {
        let asked = NewTicket { opening, requester: None, ..of(&jana) };
        opened(&world, &jana, asked.clone()).await.refused(Code::Forbidden);
        opened(&world, &Actor::visitor(None), asked).await.refused(Code::SignedOut);
    }
}
