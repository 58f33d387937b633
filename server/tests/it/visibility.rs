//! Who sees which ticket: the policy's answer and every way in must be the same.

use crate::support::{Refused as _, World, id_of, person, text};
use domain::{
    Actor, Code, Role, TicketId,
    access::{NewTeam, Permission, Permissions},
    board::BoardFilter,
    policy::{self, Action, TicketFacts},
    ticket::{Change, Filter, Sort, Swap, Ticket, Writing},
    timeline::Part,
};
use store::access::teams;
use store::tickets::{attachments, board, change, list, message, search, timeline, view};

/// Everybody there can be, by name.
async fn people(world: &World) -> Vec<(&'static str, Actor)> {
    let open = world.company("Open house", true).await;
    let closed = world.company("Closed doors", false).await;
    let of_team = Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets);
    vec![
        ("superadmin", world.superadmin().await),
        ("manager", world.manager().await),
        ("agent", world.agent().await),
        ("one of a company that shares", world.company_user(open).await),
        ("another of a company that shares", world.company_user(open).await),
        ("one of a company that does not", world.company_user(closed).await),
        ("another of a company that does not", world.company_user(closed).await),
        ("an individual", world.customer().await),
        ("another individual", world.customer().await),
        ("an agent of a team", world.custom(of_team).await),
    ]
}

/// A ticket of each customer, with an answer and an internal note on it.
async fn tickets(world: &World, people: &[(&'static str, Actor)]) -> Vec<Ticket> {
    let agent = &people[2].1;
    let mut tickets = Vec::new();
    for (_, customer) in people.iter().filter(|(_, who)| !who.is_staff()) {
        let ticket = world.ticket(customer).await;
        world.reply(agent, ticket.id, "Please restart it.").await;
        world.note(agent, ticket.id, "Secretly, the fuse is gone.").await;
        tickets.push(ticket);
    }
    // One of them is assigned to the agent of a team, one is the team's, one is both.
    let of_team = id_of(&people[9].1);
    let input = NewTeam { name: "Second line".into(), members: vec![of_team], ..NewTeam::default() };
    let team = world.run(async |tx| teams::create(tx, &people[0].1, input).await).await.unwrap();
    for (n, change) in [
        Change { assignee: Some(Swap::to(Some(of_team))), ..Change::default() },
        Change { team: Some(Swap::to(Some(team))), ..Change::default() },
        Change { assignee: Some(Swap::to(Some(of_team))), team: Some(Swap::to(Some(team))), ..Change::default() },
    ]
    .into_iter()
    .enumerate()
    {
        let id = tickets[n].id;
        tickets[n] = world.run(async |tx| change::change(tx, agent, id, change).await).await.unwrap();
    }
    tickets
}

#[tokio::test]
async fn every_way_to_a_ticket_agrees_with_the_policy() {
    let world = World::new().await;
    let mut people = people(&world).await;
    let mut tickets = tickets(&world, &people).await;
    // With their team.
    people[9].1 = world.actor(id_of(&people[9].1)).await;
    // Who were two, and tickets of the other one are still on their way.
    let open = person(&people[3].1).company.unwrap();
    for (name, kept) in
        [("who was two", world.customer().await), ("colleague who was two", world.company_user(open).await)]
    {
        let gone = world.customer().await;
        tickets.push(world.ticket(&gone).await);
        tickets.push(world.ticket(&kept).await);
        sqlx::query(
            "insert into errands (kind, user_id, gone_user_id, total, created_at, updated_at)
             values ('merge_customers', $1, $2, 1, now(), now())",
        )
        .bind(id_of(&kept).0)
        .bind(id_of(&gone).0)
        .execute(world.desk.pool())
        .await
        .unwrap();
        let kept = world.actor(id_of(&kept)).await;
        assert_eq!(person(&kept).also, Some(id_of(&gone)));
        people.push((name, kept));
    }
    let desk = &world.desk;
    for (name, actor) in &people {
        let sees = |facts: TicketFacts| policy::may(actor, Action::SeeTicket, Some(facts));
        let expected: Vec<TicketId> = tickets.iter().filter(|t| sees(t.facts())).map(|t| t.id).collect();
        assert!(!expected.is_empty(), "{name} sees at least what is their own");
        let sorted = |mut ids: Vec<TicketId>| {
            ids.sort_unstable();
            ids
        };

        let listed = list::list(desk, actor, &Filter::default()).await.unwrap();
        assert_eq!(sorted(listed.rows.iter().map(|t| t.id).collect()), expected, "{name}: list");
        for sort in Sort::ALL {
            let mut filter = Filter { sort, limit: Some(2), ..Filter::default() };
            let mut seen = Vec::new();
            loop {
                let page = list::list(desk, actor, &filter).await.unwrap();
                seen.extend(page.rows.iter().map(|t| t.id));
                filter.after = page.next;
                if filter.after.is_none() {
                    break;
                }
            }
            assert_eq!(sorted(seen), expected, "{name}: list by {sort:?}, page by page");
        }
        let all = world.desk.catalog().active();
        let filter = Filter { statuses: all, ..Filter::default() };
        let listed = list::list(desk, actor, &filter).await.unwrap();
        assert_eq!(sorted(listed.rows.iter().map(|t| t.id).collect()), expected, "{name}: list by state");
        let found = search::search(desk, actor, "offline", 0).await.unwrap();
        assert_eq!(sorted(found.hits.iter().map(|h| h.ticket.id).collect()), expected, "{name}: search");
        match board::board(desk, actor, &BoardFilter::default()).await {
            Ok(board) => {
                let cards = board.columns.iter().flat_map(|c| &c.cards).map(|t| t.id).collect();
                assert_eq!(sorted(cards), expected, "{name}: board");
                assert!(actor.is_staff(), "{name}: the board is for staff");
            }
            Err(error) => assert!(!actor.is_staff() && error.code == Code::Forbidden, "{name}: board: {error:?}"),
        }

        for ticket in &tickets {
            let id = ticket.id;
            let seen = expected.contains(&id);
            let mut conn = desk.read().await.unwrap();
            let answers = [
                ("page", view::view(desk, actor, id, Part::Latest).await.map(|_| ())),
                ("timeline", timeline::read(&mut conn, actor, id, Part::Latest).await.map(|_| ())),
                ("files", attachments::of_ticket(desk, actor, id).await.map(|_| ())),
            ];
            for (way, answer) in answers {
                match answer {
                    Ok(()) => assert!(seen, "{name} reads the {way} of #{id}"),
                    Err(error) => assert!(!seen && error.code == Code::NotFound, "{name}, {way} of #{id}: {error:?}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_foreign_ticket_cannot_be_told_from_one_that_is_not_there() {
    let world = World::new().await;
    let people = people(&world).await;
    let tickets = tickets(&world, &people).await;
    let stranger = &people[8].1;
    for (id, what) in [(tickets[0].id, "foreign"), (TicketId(99_999), "not there")] {
        let refusals = [
            view::view(&world.desk, stranger, id, Part::Latest).await.refused(Code::NotFound),
            attachments::of_ticket(&world.desk, stranger, id).await.refused(Code::NotFound),
            world
                .run(async |tx| message::write(tx, stranger, id, text(Writing::Reply, "Hello?")).await)
                .await
                .refused(Code::NotFound),
            world
                .run(async |tx| message::write(tx, stranger, id, text(Writing::Note, "Hello?")).await)
                .await
                .refused(Code::NotFound),
            world
                .run(async |tx| {
                    let change = Change { subject: Some(Swap::to("Mine now".into())), ..Change::default() };
                    change::change(tx, stranger, id, change).await
                })
                .await
                .refused(Code::NotFound),
        ];
        let first = &refusals[0];
        assert!(refusals.iter().all(|r| r.message == first.message && r.fields.is_empty()), "{what}: {refusals:?}");
    }
    let visitor = Actor::visitor(None);
    view::view(&world.desk, &visitor, tickets[0].id, Part::Latest).await.refused(Code::SignedOut);
    view::view(&world.desk, &visitor, TicketId(99_999), Part::Latest).await.refused(Code::SignedOut);
}

#[tokio::test]
async fn customers_learn_nothing_of_internal_notes() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    world.reply(&agent, ticket, "Please restart it.").await;
    let before = view::view(&world.desk, &jana, ticket, Part::Latest).await.unwrap();
    let listed = list::list(&world.desk, &jana, &Filter::default()).await.unwrap().rows;
    let note = world.note(&agent, ticket, "Secretly, the fuse is gone.").await;
    let after = view::view(&world.desk, &jana, ticket, Part::Latest).await.unwrap();
    assert_eq!(after.slice, before.slice);
    assert_eq!(after.ticket, before.ticket, "not even that something happened");
    assert_eq!(list::list(&world.desk, &jana, &Filter::default()).await.unwrap().rows, listed);
    for words in ["secretly", "fuse", "\"the fuse is gone\""] {
        assert!(search::search(&world.desk, &jana, words, 0).await.unwrap().hits.is_empty(), "{words}");
        assert_eq!(search::search(&world.desk, &agent, words, 0).await.unwrap().hits.len(), 1, "{words}");
    }
    for part in [Part::Before(note), Part::After(note), Part::Around(note)] {
        let slice = view::view(&world.desk, &jana, ticket, part).await.unwrap().slice;
        assert!(slice.entries.iter().all(|e| e.id != note), "{part:?}");
    }
}
