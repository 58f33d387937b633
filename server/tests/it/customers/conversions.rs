//! A customer changes company and more tickets go along than go at once.

use super::errands::{MANY, all_of, count, killed_after, of, wait_for_worker, work};
use crate::support::{Refused as _, World, browser::Browser, id_of, person, seed};
use domain::{
    Actor, Code, CompanyId, Result, TicketId, UserId,
    customer::MOVED_MAX,
    errand::{About, Outcome},
    policy::{self, Action},
    ticket::Ticket,
};
use http::StatusCode;
use store::{
    companies::{domains, merge as companies_merge},
    customers::{company, erase, merge, view},
    errands, people,
    tickets::row,
};

async fn convert(
    world: &World,
    actor: &Actor,
    who: &Actor,
    (from, to): (Option<CompanyId>, Option<CompanyId>),
    tickets: bool,
) -> Result<Outcome> {
    world.run(async |tx| company::convert(tx, actor, id_of(who), from, to, tickets).await).await
}

/// How many tickets of somebody belong to this company.
async fn in_company(world: &World, who: &Actor, company: Option<CompanyId>) -> i64 {
    let company = company.map_or("null".to_owned(), |c| c.to_string());
    let of = format!("requester_id = {} and company_id is not distinct from {company}", id_of(who));
    count(world, format!("select count(*) from tickets where {of}")).await
}

async fn tickets(world: &World, sql: &str) -> Vec<Ticket> {
    let ids: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(world.desk.pool()).await.unwrap();
    row::load_many(&mut world.desk.read().await.unwrap(), &ids).await.unwrap()
}

#[tokio::test]
async fn many_tickets_go_along_batch_by_batch() {
    let world = World::new().await;
    let (manager, agent, admin) = (world.manager().await, world.agent().await, world.superadmin().await);
    let (acme, beta) = (world.company("Acme", true).await, world.company("Beta", true).await);
    let third = world.company("Third", true).await;
    let (jana, mate) = (world.company_user(acme).await, world.company_user(acme).await);
    let (peer, stranger) = (world.company_user(beta).await, world.company_user(third).await);
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, MANY).await;
    let preview = async |actor: &Actor, to| {
        company::preview(&mut world.desk.read().await.unwrap(), actor, id_of(&jana), to).await
    };
    assert_eq!(preview(&agent, Some(beta)).await.unwrap().tickets, MOVED_MAX + 1);
    for (actor, code) in [(&jana, Code::Forbidden), (&mate, Code::Forbidden), (&Actor::visitor(None), Code::SignedOut)]
    {
        convert(&world, actor, &jana, (Some(acme), Some(beta)), true).await.refused(code);
        preview(actor, Some(beta)).await.refused(code);
    }
    convert(&world, &agent, &jana, (None, Some(beta)), true).await.refused(Code::Conflict);
    convert(&world, &agent, &jana, (Some(acme), Some(CompanyId(99_999))), true).await.refused(Code::NotFound);
    convert(&world, &agent, &agent, (None, Some(beta)), true).await.refused(Code::NotFound);
    assert_eq!(world.count("select count(*) from errands").await, 0, "nothing of what was refused is begun");
    let before = jana.clone();
    let outcome = convert(&world, &agent, &jana, (Some(acme), Some(beta)), true).await.unwrap();
    assert_eq!(outcome, Outcome::UnderWay);

    // She is the other company's at once; her tickets follow, the newest first.
    let shown = view::view(&mut world.desk.read().await.unwrap(), &agent, id_of(&jana)).await.unwrap();
    assert_eq!(shown.company.map(|c| c.id), Some(beta));
    assert_eq!(in_company(&world, &jana, Some(acme)).await, MANY);
    let said = format!("select count(*) from events where kind = 'account.company' and data->>'tickets' = '{MANY}'");
    assert_eq!(count(&world, said).await, 1);
    killed_after(&world, 2).await;
    for about in [About::Customer(id_of(&jana)), About::Company(acme), About::Company(beta)] {
        let errand = of(&world, &agent, about).await.remove(0);
        assert_eq!((errand.done, errand.all, errand.is_moving()), (1_000, MANY, true), "{about:?}");
        assert_eq!(errand.whose, person(&jana).name);
        errands::of(&world.desk, &jana, about).await.refused(Code::Forbidden);
    }
    assert_eq!(of(&world, &agent, About::Company(third)).await, []);

    // Each ticket is seen by those who saw it before, or by those who see it from now on; and by her.
    let jana = world.actor(id_of(&jana)).await;
    let ends =
        "select id from tickets where id in ((select min(id) from tickets), (select max(id) from tickets)) order by id";
    for (ticket, old) in tickets(&world, ends).await.iter().zip([true, false]) {
        let sees = |who: &Actor| policy::may(who, Action::SeeTicket, Some(ticket.facts()));
        assert_eq!([&jana, &mate, &peer, &stranger].map(sees), [true, old, !old, false], "#{}", ticket.id);
    }
    let seen = [all_of(&world, &jana).await, all_of(&world, &mate).await, all_of(&world, &peer).await];
    assert_eq!(seen, [MANY as usize, MANY as usize - 1_000, 1_000]);
    assert_eq!(all_of(&world, &stranger).await, 0);
    // What she asks for is the other company's, also from a page of before.
    for who in [&before, &jana] {
        assert_eq!(world.ticket(who).await.company.map(|c| c.id), Some(beta));
    }

    // Nothing is begun that would not know where her tickets are.
    let how = world.erasure(id_of(&jana), false).await;
    for _ in 0..2 {
        convert(&world, &agent, &jana, (Some(beta), Some(acme)), true).await.refused(Code::Busy);
        convert(&world, &agent, &jana, (Some(beta), None), true).await.refused(Code::Busy);
        convert(&world, &agent, &jana, (Some(acme), Some(beta)), true).await.refused(Code::Conflict);
        merge::merge(&world.desk, &manager, id_of(&jana), id_of(&peer)).await.refused(Code::Busy);
        merge::merge(&world.desk, &manager, id_of(&peer), id_of(&jana)).await.refused(Code::Busy);
        world.run(async |tx| erase::erase(tx, &admin, id_of(&jana), &how).await).await.refused(Code::Busy);
        for (kept, gone) in [(third, acme), (acme, third), (third, beta), (beta, third), (beta, acme)] {
            let merged = world.run(async |tx| companies_merge::merge(tx, &manager, kept, gone).await).await;
            merged.refused(Code::Busy);
        }
    }
    // Others come and go meanwhile.
    world.ticket(&mate).await;
    let gone = convert(&world, &agent, &mate, (Some(acme), Some(beta)), true).await.unwrap();
    assert_eq!((gone, in_company(&world, &mate, Some(beta)).await), (Outcome::Done, 1));
    // And she alone, too: what she asks for there stays there, the earlier tickets go where they were sent.
    convert(&world, &agent, &jana, (Some(beta), Some(acme)), false).await.unwrap();
    let back = world.ticket(&world.actor(id_of(&jana)).await).await;
    assert_eq!(back.company.map(|c| c.id), Some(acme));

    wait_for_worker(&world).await;
    work(&world).await;
    assert_eq!(in_company(&world, &jana, Some(acme)).await, 1);
    assert_eq!(in_company(&world, &jana, Some(beta)).await, MANY + 2);
    let errand = of(&world, &agent, About::Customer(id_of(&jana))).await.remove(0);
    assert_eq!((errand.done, errand.percent(), errand.is_moving()), (MANY, 100, false));
    let told = format!(
        "select count(distinct ticket_id) from events where kind = 'ticket.company' and actor_id = {} and audience = 1
             and data->'from'->>'id' = '{acme}' and data->'to'->>'id' = '{beta}'",
        id_of(&agent)
    );
    assert_eq!(count(&world, told).await, MANY + 1, "hers and that of her mate");
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.company'").await, MANY + 1, "each once");
    let ended = format!(
        "select count(*) from events where kind = 'customer.company_finished' and data->>'tickets' = '{MANY}'
             and data->>'user' = '{}' and data->'to'->>'id' = '{beta}' and ticket_id is null",
        id_of(&jana)
    );
    assert_eq!(count(&world, ended).await, 1);
    assert_eq!(world.count("select count(*) from jobs where kind = 'errand'").await, 0);
    // Now the companies may be merged, and nobody may come to the one that is gone.
    world.run(async |tx| companies_merge::merge(tx, &manager, beta, acme).await).await.unwrap();
    convert(&world, &agent, &stranger, (Some(third), Some(acme)), true).await.refused(Code::NotFound);
    // While tickets of a merge come to the company that somebody leaves, it is not known which would go along.
    convert(&world, &agent, &jana, (Some(beta), None), true).await.refused(Code::Busy);
    convert(&world, &agent, &stranger, (Some(third), Some(beta)), true).await.unwrap();
    work(&world).await;
    assert_eq!(
        convert(&world, &agent, &jana, (Some(beta), None), true).await.unwrap(),
        Outcome::UnderWay,
        "an individual again"
    );
    work(&world).await;
    assert_eq!(in_company(&world, &jana, None).await, MANY + 3);
}

/// Two servers at the same one, while tickets are opened and answered.
#[tokio::test(flavor = "multi_thread")]
async fn two_at_it_take_nothing_along_twice() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (acme, beta) = (world.company("Acme", true).await, world.company("Beta", true).await);
    let jana = world.company_user(acme).await;
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, MANY).await;
    let asking = async || convert(&world, &agent, &jana, (Some(acme), Some(beta)), true).await;
    let (one, other) = tokio::join!(asking(), asking());
    let [Ok(Outcome::UnderWay)] =
        [one.as_ref(), other.as_ref()].into_iter().filter(|r| r.is_ok()).collect::<Vec<_>>()[..]
    else {
        panic!("{one:?} {other:?}")
    };
    let id = of(&world, &agent, About::Customer(id_of(&jana))).await.remove(0).id;
    let go = async || errands::work(&world.desk, id, false).await.unwrap();
    let answering = async {
        for n in 1..10 {
            let ticket = count(&world, format!("select min(id) + {n} * 250 from tickets")).await;
            world.reply(&agent, TicketId(ticket), "More").await;
            world.ticket(&jana).await;
        }
    };
    tokio::join!(go(), go(), go(), answering);
    work(&world).await;
    assert_eq!(
        (in_company(&world, &jana, Some(acme)).await, in_company(&world, &jana, Some(beta)).await),
        (0, MANY + 9)
    );
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.company'").await, MANY);
    assert_eq!(world.count("select count(*) from events where kind = 'customer.company_finished'").await, 1);
}

/// None of hers is left behind, however many she is just opening.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_opened_at_that_moment_goes_along() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (acme, beta) = (world.company("Acme", true).await, world.company("Beta", true).await);
    let jana = world.company_user(acme).await;
    for (n, (from, to)) in [(acme, beta), (beta, acme), (acme, beta), (beta, acme)].into_iter().enumerate() {
        let opening = async || {
            for _ in 0..5 {
                world.ticket(&jana).await;
            }
        };
        let converting = convert(&world, &agent, &jana, (Some(from), Some(to)), true);
        let ((), (), (), done) = tokio::join!(opening(), opening(), opening(), converting);
        done.unwrap();
        work(&world).await;
        let here = [in_company(&world, &jana, Some(from)).await, in_company(&world, &jana, Some(to)).await];
        assert_eq!(here, [0, 15 * (n as i64 + 1)]);
    }
}

#[tokio::test]
async fn people_of_a_domain_bring_any_number_of_tickets() {
    let world = World::new().await;
    let agent = world.agent().await;
    let beta = world.company("Beta", true).await;
    let mut people = Vec::new();
    for n in 0..3 {
        let made =
            world.run(async |tx| people::find_or_create(tx, "Somebody", &format!("p{n}@beta.example")).await).await;
        people.push(world.actor(made.unwrap().0).await);
    }
    world.domain(beta, "beta.example").await;
    seed::tickets(&world, &people, &agent, MANY).await;
    let ids: Vec<UserId> = people.iter().map(id_of).collect();
    let bring = async |actor: &Actor| world.run(async |tx| domains::bring_in(tx, actor, beta, &ids, true).await).await;
    bring(&people[0]).await.refused(Code::Forbidden);
    assert_eq!(bring(&agent).await.unwrap(), 3);
    assert_eq!(of(&world, &agent, About::Company(beta)).await.len(), 3);
    work(&world).await;
    assert_eq!(world.count("select count(*) from tickets where company_id is null").await, 0);
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.company'").await, MANY);
}

#[tokio::test]
async fn the_page_says_how_far_they_have_come() {
    let world = World::new().await;
    let agent = world.agent().await;
    let beta = world.company("Beta", true).await;
    let jana = world.customer().await;
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, MANY).await;
    let browser = Browser::of(&world, &agent).await;
    let id = id_of(&jana);
    let asked = browser.get(&format!("/customers/{id}/company?company=Beta")).await.text;
    assert!(asked.contains("Take more than 2,000 earlier tickets along"), "{asked}");
    assert!(asked.contains("follow in the background"), "{asked}");
    let to = beta.to_string();
    let fields = [("from", ""), ("to", to.as_str()), ("tickets", "on")];
    let sent = browser.post(&format!("/customers/{id}/company"), &fields).await;
    let page = format!("/customers/{id}?done=company");
    assert_eq!((sent.status, sent.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, page.as_str()));
    killed_after(&world, 1).await;
    for page in [page.clone(), format!("/companies/{beta}")] {
        let shown = browser.get(&page).await.text;
        assert!(shown.contains("<progress") && shown.contains("500 / 2,510"), "{shown}");
    }
    let fields = [("from", to.as_str()), ("to", ""), ("tickets", "on")];
    let again = browser.post(&format!("/customers/{id}/company"), &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text.contains("still on their way"), "{}", again.text);
    wait_for_worker(&world).await;
    work(&world).await;
    let shown = browser.get(&page).await.text;
    assert!(!shown.contains("<progress") && shown.contains("have changed company"), "{shown}");
}
