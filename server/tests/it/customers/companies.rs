//! Companies as staff find, make, change and merge them.

use super::{input, make};
use crate::support::{
    Refused as _, World, id_of,
    node::{Node, soon},
};
use domain::{
    Actor, Code, CompanyId,
    company::{CompanyFilter, CompanyInput},
    event::Position,
    live::Topic,
    ticket::Filter,
};
use server::work::jobs;
use store::{
    companies::{domains, edit, list, merge, view},
    people,
    tickets::list as tickets,
};

fn acme() -> CompanyInput {
    CompanyInput {
        name: "Acme Corp".into(),
        tier: "Gold".into(),
        domains: "acme.example\nmail.acme.example".into(),
        notes: "Pays late.".into(),
        sees_all: true,
        accent: "#1F6FEB".into(),
        ..CompanyInput::default()
    }
}

async fn create(world: &World, actor: &Actor, input: &CompanyInput) -> domain::Result<CompanyId> {
    world.run(async |tx| edit::create(tx, actor, input).await).await
}

async fn found(world: &World, actor: &Actor, text: &str) -> Vec<String> {
    let filter = CompanyFilter { text: text.into(), after: None };
    let page = list::list(&mut world.desk.read().await.unwrap(), actor, &filter).await.unwrap();
    page.rows.into_iter().map(|r| r.name).collect()
}

#[tokio::test]
async fn companies_are_made_found_and_changed() {
    let world = World::new().await;
    let agent = world.agent().await;
    let id = create(&world, &agent, &acme()).await.unwrap();
    for typed in ["", "acme", "CORP", "mail.a", "acme corp"] {
        assert_eq!(found(&world, &agent, typed).await, ["Acme Corp"], "{typed}");
    }
    assert!(found(&world, &agent, "cme").await.is_empty());
    create(&world, &agent, &CompanyInput { name: "ACME corp".into(), ..CompanyInput::default() }).await.wrong("name");
    let claims = CompanyInput { name: "Other".into(), domains: "Acme.example".into(), ..CompanyInput::default() };
    let error = create(&world, &agent, &claims).await.wrong("domains");
    assert!(error.of_field("domains").unwrap().contains("Acme Corp"), "it says whose");
    let seen = view::view(&mut world.desk.read().await.unwrap(), &agent, id).await.unwrap();
    assert_eq!((seen.tier.as_str(), seen.domains.len(), seen.sees_all), ("Gold", 2, true));
    let changed = CompanyInput { domains: "acme.example\nnew.example".into(), sees_all: false, ..acme() };
    world.run(async |tx| edit::change(tx, &agent, id, seen.version, &changed).await).await.unwrap();
    world.run(async |tx| edit::change(tx, &agent, id, seen.version, &acme()).await).await.refused(Code::Conflict);
    let seen = view::view(&mut world.desk.read().await.unwrap(), &agent, id).await.unwrap();
    assert_eq!((seen.domains, seen.sees_all), (vec!["acme.example".to_owned(), "new.example".into()], false));
    let kinds =
        "select count(*) from events where kind in ('company.created', 'company.changed', 'account.company_view')";
    assert_eq!(world.count(kinds).await, 3);
    for (actor, code) in [(world.customer().await, Code::Forbidden), (Actor::visitor(None), Code::SignedOut)] {
        create(&world, &actor, &acme()).await.refused(code);
        world.run(async |tx| edit::change(tx, &actor, id, 2, &acme()).await).await.refused(code);
        let mut conn = world.desk.read().await.unwrap();
        list::list(&mut conn, &actor, &CompanyFilter::default()).await.refused(code);
        view::view(&mut conn, &actor, id).await.refused(code);
        domains::outside(&mut conn, &actor, id).await.refused(code);
    }
}

#[tokio::test]
async fn new_users_of_a_domain_join_and_those_before_are_asked_for() {
    let world = World::new().await;
    let agent = world.agent().await;
    let early = make(&world, &agent, &input("Early", "early@acme.example"), "").await.unwrap();
    let by_other = domain::customer::CustomerInput {
        emails: "second@mail.acme.example".into(),
        ..input("Second", "second@home.example")
    };
    let second = make(&world, &agent, &by_other, "").await.unwrap();
    let taken = world.company("Other", false).await;
    let theirs = make(&world, &agent, &input("Theirs", "theirs@acme.example"), "Other").await.unwrap();
    world.ticket(&world.actor(early).await).await;
    let id = create(&world, &agent, &acme()).await.unwrap();
    let late = make(&world, &agent, &input("Late", "late@ACME.example"), "").await.unwrap();
    let (by_mail, _) =
        world.run(async |tx| people::find_or_create(tx, "Mail", "mail@acme.example").await).await.unwrap();
    let company = async |user| world.actor(user).await.principal().unwrap().company;
    for user in [late, by_mail] {
        assert_eq!(company(user).await, Some(id));
    }
    assert_eq!(company(early).await, None, "nobody is moved without being asked for");
    let outside = async || {
        let rows = domains::outside(&mut world.desk.read().await.unwrap(), &agent, id).await.unwrap();
        rows.into_iter().map(|r| r.id).collect::<Vec<_>>()
    };
    assert_eq!(outside().await, [early, second], "once each, and not those of another company");
    assert_eq!(view::view(&mut world.desk.read().await.unwrap(), &agent, id).await.unwrap().outside, 2);
    let came = world.run(async |tx| domains::bring_in(tx, &agent, id, &[early, theirs], true).await).await.unwrap();
    assert_eq!((came, company(early).await, company(theirs).await), (1, Some(id), Some(taken)));
    assert_eq!(outside().await, [second]);
    assert_eq!(
        world.count("select count(*) from tickets where company_id is not null").await,
        1,
        "the ticket came along"
    );
}

#[tokio::test]
async fn a_company_becomes_another_one_with_all_it_has() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let kept = create(&world, &manager, &acme()).await.unwrap();
    let other = CompanyInput {
        name: "Acme GmbH".into(),
        domains: "acme-gmbh.example".into(),
        notes: "Twice".into(),
        ..CompanyInput::default()
    };
    let gone = create(&world, &manager, &other).await.unwrap();
    let (jana, petr) = (world.company_user(kept).await, world.company_user(gone).await);
    crate::support::seed::tickets(&world, std::slice::from_ref(&petr), &agent, 1_100).await;
    world.ticket(&jana).await;
    let preview = merge::preview(&mut world.desk.read().await.unwrap(), &manager, kept, gone).await.unwrap();
    assert_eq!((preview.people, preview.tickets), (1, 100));
    world.run(async |tx| merge::merge(tx, &manager, kept, gone).await).await.unwrap();
    assert!(jobs::one(&world.desk, &world.post).await.unwrap(), "the tickets follow");
    let of = async |company: CompanyId| {
        let sql = "select count(*) from tickets where company_id = $1";
        sqlx::query_scalar::<_, i64>(sql).bind(company.0).fetch_one(world.desk.pool()).await.unwrap()
    };
    assert_eq!((of(gone).await, of(kept).await), (0, 1_101));
    let now = world.actor(id_of(&petr)).await;
    assert_eq!(now.principal().unwrap().company, Some(kept));
    let filter = Filter { company: Some(kept), ..Filter::default() };
    assert_eq!(tickets::list(&world.desk, &now, &filter).await.unwrap().rows.len(), 40);
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.company'").await, 1_100, "each says so");
    let seen = view::view(&mut world.desk.read().await.unwrap(), &agent, gone).await.unwrap();
    assert_eq!((seen.id, seen.domains.len(), seen.notes.as_str()), (kept, 3, "Pays late.\n\nTwice"));
    assert_eq!(found(&world, &agent, "").await, ["Acme Corp"]);
    // Somebody who had the old one in their hands: found a minute later.
    sqlx::query("update tickets set company_id = $1 where id = (select min(id) from tickets)")
        .bind(gone.0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    assert!(!jobs::one(&world.desk, &world.post).await.unwrap());
    world.advance_seconds(60);
    assert!(jobs::one(&world.desk, &world.post).await.unwrap());
    assert_eq!(of(gone).await, 0);
    // Its name is free again, its number is not.
    create(&world, &manager, &CompanyInput { name: "Acme GmbH".into(), ..CompanyInput::default() }).await.unwrap();
    world.run(async |tx| merge::merge(tx, &manager, kept, gone).await).await.refused(Code::NotFound);
    world.run(async |tx| merge::merge(tx, &manager, kept, kept).await).await.wrong("with");
    world.run(async |tx| merge::merge(tx, &agent, kept, gone).await).await.refused(Code::Forbidden);
}

/// Whoever is blocked, or sees less from now on, loses their open pages at once, not at the next round.
#[tokio::test]
async fn open_pages_close_when_rights_change() {
    let world = World::new().await;
    let agent = world.agent().await;
    let company = create(&world, &agent, &acme()).await.unwrap();
    let (jana, petr) = (world.company_user(company).await, world.customer().await);
    let node = Node::start(&world).await;
    let (mut hers, mut his) = (node.tab(&jana).await, node.tab(&petr).await);
    let (own, other) = (world.ticket(&jana).await.id, world.ticket(&petr).await.id);
    hers.follow(Topic::Ticket(own), Position::default()).await;
    his.follow(Topic::Ticket(other), Position::default()).await;
    let mut tx = node.desk.begin().await.unwrap();
    store::customers::block::block(&mut tx, &agent, id_of(&petr), true).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(soon("he is out", his.closed()).await, Some(4401));
    let less = CompanyInput { sees_all: false, ..acme() };
    let mut tx = node.desk.begin().await.unwrap();
    edit::change(&mut tx, &agent, company, 1, &less).await.unwrap();
    tx.commit().await.unwrap();
    assert!(soon("she begins anew", hers.closed()).await.is_some());
}
