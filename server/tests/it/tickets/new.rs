//! Opening tickets: by whom, for whom, and what is wrong with one.

use super::*;

#[tokio::test]
async fn an_agent_opens_a_ticket_for_a_customer() {
    let world = World::new().await;
    let acme = world.company("Acme", false).await;
    let (agent, jana, other) = (world.agent().await, world.company_user(acme).await, world.customer().await);
    let made = opened(
        &world,
        &agent,
        NewTicket {
            requester: Some(Requester::Known(id_of(&jana))),
            source: Source::Phone,
            urgency: Level::High,
            tags: names(&["Printer", "printer "]),
            assignee: Some(id_of(&agent)),
            ..input("  The printer \n is offline ")
        },
    )
    .await
    .unwrap();
    assert_eq!(made.subject, "The printer is offline");
    assert_eq!((made.requester.id, made.company.as_ref().map(|c| c.id)), (id_of(&jana), Some(acme)));
    assert_eq!((made.source, made.urgency, made.status), (Source::Phone, Level::High, world.status("open")));
    assert_eq!(made.assignee.as_ref().map(|a| a.id), Some(id_of(&agent)));
    assert_eq!(tags_on(&world, &made), ["printer"]);
    // It was the agent who opened it, but the words are the customer's.
    let seen = entries(&world, &jana, made.id).await;
    let by: Vec<_> = seen.iter().map(|e| (&e.what, e.by.person.as_ref().map(|p| p.id))).collect();
    let created = Happening::Created { source: Source::Phone };
    assert_eq!(by, [(&created, Some(id_of(&agent))), (&Happening::CustomerMessage, Some(id_of(&jana)))]);
    assert_eq!(world.count("select count(*) from events where address is null and kind = 'message.customer'").await, 1);
    view::view(&world.desk, &other, made.id, Part::Latest).await.refused(Code::NotFound);
}

#[tokio::test]
async fn a_requester_is_known_by_the_address_or_becomes_a_customer() {
    let world = World::new().await;
    let acme = world.company("Acme", false).await;
    world.domain(acme, "acme.example").await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let of = |name: &str, email: &str| NewTicket {
        requester: Some(Requester::Address { name: name.into(), email: email.into() }),
        ..input("By phone")
    };
    let known = opened(&world, &agent, of("Whoever", &person(&jana).email.to_uppercase())).await.unwrap();
    assert_eq!((known.requester.id, &known.requester.name), (id_of(&jana), &person(&jana).name));
    let new = opened(&world, &agent, of("Petr Dvorak", "petr@acme.example")).await.unwrap();
    assert_eq!((new.requester.name.as_str(), new.company.map(|c| c.id)), ("Petr Dvorak", Some(acme)));
    let again = opened(&world, &agent, of("", "Petr@ACME.example")).await.unwrap();
    assert_eq!(again.requester.id, new.requester.id);
    for wrong in ["", "petr", "petr@", "a@b c.example", "petr@acme.example\r\nBcc: x@y.example"] {
        opened(&world, &agent, of("", wrong)).await.wrong("requester");
    }
    opened(&world, &agent, of(&"x".repeat(101), "long@acme.example")).await.wrong("requester");
    assert_eq!(world.count("select count(*) from users where email like '%acme.example'").await, 1);
}

#[tokio::test]
async fn a_customer_opens_a_ticket_for_themselves_only() {
    let world = World::new().await;
    let (jana, other, agent) = (world.customer().await, world.customer().await, world.agent().await);
    let own = NewTicket { tags: names(&["vip"]), ..input("Printer") };
    let made = opened(&world, &jana, own).await.unwrap();
    assert_eq!((made.requester.id, made.source, made.customer_last), (id_of(&jana), Source::Web, true));
    let seen = ticket(&world, &agent, made.id).await;
    assert!(seen.tags.is_empty() && seen.assignee.is_none(), "customers sort nothing");
    let named = NewTicket { requester: Some(Requester::Known(id_of(&jana))), ..input("Printer") };
    assert_eq!(opened(&world, &jana, named).await.unwrap().requester.id, id_of(&jana));
    let for_other = |requester| NewTicket { requester: Some(requester), ..input("Printer") };
    opened(&world, &jana, for_other(Requester::Known(id_of(&other)))).await.refused(Code::Forbidden);
    let address = Requester::Address { name: String::new(), email: "new@acme.example".into() };
    opened(&world, &jana, for_other(address)).await.refused(Code::Forbidden);
    let given = NewTicket { assignee: Some(id_of(&agent)), ..input("Printer") };
    opened(&world, &jana, given).await.refused(Code::Forbidden);
    opened(&world, &Actor::visitor(None), input("Printer")).await.refused(Code::SignedOut);
    assert_eq!(world.count("select count(*) from tickets").await, 2);
    assert_eq!(world.count("select count(*) from users where email = 'new@acme.example'").await, 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_new_ticket_is_said_by_its_field() {
    let world = World::new().await;
    let (agent, blocked) = (world.agent().await, world.customer().await);
    world.block(&blocked).await;
    let of = |id| NewTicket { requester: Some(Requester::Known(id)), ..input("Printer") };
    opened(&world, &agent, of(UserId(99_999))).await.wrong("requester");
    opened(&world, &agent, of(id_of(&blocked))).await.wrong("requester");
    let by_address = Requester::Address { name: String::new(), email: person(&blocked).email.clone() };
    let to_blocked = NewTicket { requester: Some(by_address), ..input("Printer") };
    opened(&world, &agent, to_blocked).await.wrong("requester");
    for (field, wrong) in [
        ("subject", input("")),
        ("subject", input(" \n\t\u{200b} ")),
        ("subject", input(&"x".repeat(251))),
        ("body", NewTicket { body: " \n ".into(), ..input("Printer") }),
        ("body", NewTicket { body: "x".repeat(200_001), ..input("Printer") }),
        ("tags", NewTicket { tags: names(&[&"x".repeat(41)]), ..input("Printer") }),
        ("tags", NewTicket { tags: (0..21).map(|n| n.to_string()).collect(), ..input("Printer") }),
        ("assignee", NewTicket { assignee: Some(id_of(&blocked)), ..input("Printer") }),
        ("assignee", NewTicket { assignee: Some(UserId(99_999)), ..input("Printer") }),
    ] {
        opened(&world, &agent, wrong).await.wrong(field);
    }
    let both = NewTicket { body: String::new(), ..input("") };
    let error = opened(&world, &agent, both).await.wrong("subject");
    assert!(error.of_field("body").is_some(), "both at once: {error:?}");
    assert_eq!(world.count("select count(*) from tickets").await, 0);
    assert_eq!(world.count("select count(*) from events where ticket_id is not null").await, 0);
}
