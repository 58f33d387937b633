//! Two customers who are the same person.

use super::{input, make};
use crate::support::{Refused as _, World, id_of, person};
use domain::{
    Actor, Code, UserId,
    customer::CustomerInput,
    ticket::{Filter, NewTicket, Writing},
    timeline::{Draft, Part},
};
use store::{
    accounts,
    customers::{merge, view},
    people,
    tickets::{create, draft, list, view as ticket, watch},
};

async fn seen(world: &World, actor: &Actor, id: UserId) -> domain::customer::Customer {
    view::view(&mut world.desk.read().await.unwrap(), actor, id).await.unwrap()
}

#[tokio::test]
async fn everything_of_one_becomes_the_other_ones() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let (kept, gone) = (world.customer().await, world.customer().await);
    let own = world.ticket(&kept).await.id;
    let ticket = world.ticket(&gone).await.id;
    world.reply(&agent, ticket, "Please restart it.").await;
    let unsent = Draft { writing: Writing::Reply, body: "I will".into() };
    world.run(async |tx| draft::save(tx, &gone, ticket, unsent).await).await.unwrap();
    world.run(async |tx| watch::watch(tx, &agent, ticket, true).await).await.unwrap();
    let (_, token) = accounts::sign_in(
        &world.desk,
        &Actor::visitor(None),
        &person(&gone).email,
        crate::support::PASSWORD.into(),
        "",
    )
    .await
    .unwrap();
    let whole = CustomerInput {
        emails: "other@a.example".into(),
        phones: "12345".into(),
        notes: "Likes tea.".into(),
        ..input(&person(&gone).name, &person(&gone).email)
    };
    world.run(async |tx| store::customers::edit::change(tx, &agent, id_of(&gone), 1, &whole).await).await.unwrap();
    let preview = merge::preview(&world.desk, &manager, id_of(&kept), id_of(&gone)).await;
    assert_eq!(preview.unwrap().tickets, 1);
    merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();

    let now = world.actor(id_of(&kept)).await;
    let theirs: Vec<_> =
        list::list(&world.desk, &now, &Filter::default()).await.unwrap().rows.into_iter().map(|t| t.id).collect();
    assert_eq!(theirs, [ticket, own]);
    let shown = ticket::view(&world.desk, &now, ticket, Part::Latest).await.unwrap();
    assert_eq!(shown.ticket.requester.id, id_of(&kept));
    assert_eq!(shown.drafts.len(), 1, "what was not sent yet, too");
    assert!(shown.slice.entries.iter().any(|e| e.by.name == person(&gone).name), "said by whom they were");
    let customer = seen(&world, &agent, id_of(&kept)).await;
    assert_eq!(customer.emails.len(), 2, "{:?}", customer.emails);
    assert_eq!((customer.phones, customer.notes.as_str()), (vec!["12345".to_owned()], "Likes tea."));
    // The old number leads to the new one, and nobody is signed in as the old one.
    assert_eq!(seen(&world, &agent, id_of(&gone)).await.id, id_of(&kept));
    assert!(accounts::find(&world.desk, &crate::support::session_of(token)).await.unwrap().is_none());
    people::principal(&mut world.desk.read().await.unwrap(), id_of(&gone)).await.refused(Code::NotFound);
    // Any address signs in, with the password of the one that was kept.
    for email in [&person(&kept).email, &person(&gone).email, &"OTHER@a.example".to_owned()] {
        let (who, _) =
            accounts::sign_in(&world.desk, &Actor::visitor(None), email, crate::support::PASSWORD.into(), "")
                .await
                .unwrap();
        assert_eq!(who.id, id_of(&kept), "{email}");
    }
    let (found, _) = world.run(async |tx| people::find_or_create(tx, "", &person(&gone).email).await).await.unwrap();
    assert_eq!(found, id_of(&kept), "and so do mails");
    assert_eq!(world.count("select count(*) from events where kind = 'account.merged'").await, 1);
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.requester' and audience = 1").await, 1);
}

#[tokio::test]
async fn who_was_merged_before_leads_on() {
    let world = World::new().await;
    let manager = world.manager().await;
    let (a, b, c) = (world.customer().await, world.customer().await, world.customer().await);
    merge::merge(&world.desk, &manager, id_of(&b), id_of(&a)).await.unwrap();
    merge::merge(&world.desk, &manager, id_of(&c), id_of(&b)).await.unwrap();
    for old in [&a, &b] {
        assert_eq!(seen(&world, &manager, id_of(old)).await.id, id_of(&c));
    }
    merge::merge(&world.desk, &manager, id_of(&c), id_of(&a)).await.refused(Code::NotFound);
    merge::merge(&world.desk, &manager, id_of(&b), id_of(&c)).await.refused(Code::NotFound);
}

#[tokio::test]
async fn only_two_customers_are_merged_and_only_by_managers() {
    let world = World::new().await;
    let (manager, agent, a, b) =
        (world.manager().await, world.agent().await, world.customer().await, world.customer().await);
    merge::merge(&world.desk, &manager, id_of(&a), id_of(&a)).await.wrong("with");
    for (kept, gone) in [(&a, &agent), (&agent, &a), (&a, &manager), (&manager, &a)] {
        merge::merge(&world.desk, &manager, id_of(kept), id_of(gone)).await.refused(Code::NotFound);
    }
    for (actor, code) in [(&agent, Code::Forbidden), (&a, Code::Forbidden), (&Actor::visitor(None), Code::SignedOut)] {
        merge::merge(&world.desk, actor, id_of(&a), id_of(&b)).await.refused(code);
        merge::preview(&world.desk, actor, id_of(&a), id_of(&b)).await.refused(code);
    }
    assert_eq!(world.count("select count(*) from users where merged_into is not null").await, 0);
}

/// Whatever is written while two are made one: no ticket is left with the one that is gone, none is lost, and nobody waits
/// for ever.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_meanwhile_ends_up_with_the_one_that_is_kept() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    for _ in 0..6 {
        let (kept, gone) = (world.customer().await, world.customer().await);
        let first = world.ticket(&gone).await.id;
        let opening = async |n: i32| {
            let mut opened = 0;
            for m in 0..5 {
                let new = NewTicket { subject: format!("{n} {m}"), body: "x".into(), ..NewTicket::default() };
                let mut tx = world.desk.begin().await.unwrap();
                if create::create(&mut tx, &gone, new).await.is_ok() && tx.commit().await.is_ok() {
                    opened += 1;
                }
            }
            opened
        };
        let answering = async {
            for _ in 0..5 {
                let mut tx = world.desk.begin().await.unwrap();
                let text = crate::support::text(Writing::Reply, "More");
                if store::tickets::message::write(&mut tx, &agent, first, text).await.is_ok() {
                    let _ = tx.commit().await;
                }
            }
        };
        let merging = async { merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await };
        let (a, b, (), merged) = tokio::join!(opening(1), opening(2), answering, merging);
        // When tickets keep coming in, it says so and is done again.
        if merged.is_err() {
            merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();
        }
        let of = async |who: &Actor| {
            sqlx::query_scalar::<_, i64>("select count(*) from tickets where requester_id = $1")
                .bind(id_of(who).0)
                .fetch_one(world.desk.pool())
                .await
                .unwrap()
        };
        assert_eq!((of(&gone).await, of(&kept).await), (0, 1 + a + b));
    }
}

#[tokio::test]
async fn addresses_stay_one_persons_after_a_merge() {
    let world = World::new().await;
    let manager = world.manager().await;
    let (kept, gone) = (world.customer().await, world.customer().await);
    merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();
    make(&world, &manager, &input("Eve", &person(&gone).email), "").await.wrong("email");
    // What is left of them has no address that anybody could have.
    let odd = "select count(*) from users u where merged_into is not null and (email not like 'merged.%@docket.invalid'
               or exists (select 1 from user_emails e where e.user_id = u.id) or password_hash is not null or blocked_at is null)";
    assert_eq!(world.count(odd).await, 0);
}
