//! Customers as staff find, make and change them; and what others may not.

mod branding;
mod channels;
mod companies;
mod conversions;
mod errands;
mod merge;
mod messages;
mod pages;
pub(crate) mod privacy;

use crate::support::{Refused as _, Setup, World, id_of, person, seed, sql};
use domain::{
    Actor, Code, CompanyId, UserId,
    customer::{CustomerFilter, CustomerInput, Shown},
    ticket::{NewTicket, Requester},
};
use store::{
    accounts,
    customers::{block, company, edit, list, view},
    people,
};

/// A form filled in for somebody.
pub fn input(name: &str, email: &str) -> CustomerInput {
    CustomerInput { name: name.into(), email: email.into(), ..CustomerInput::default() }
}

pub async fn make(world: &World, actor: &Actor, input: &CustomerInput, company: &str) -> domain::Result<UserId> {
    world.run(async |tx| edit::create(tx, actor, input, company).await).await
}

async fn names(world: &World, actor: &Actor, filter: CustomerFilter) -> (Vec<String>, Option<String>) {
    let page = list::list(&mut world.desk.read().await.unwrap(), actor, &filter).await.unwrap();
    (page.rows.into_iter().map(|r| r.name).collect(), page.next)
}

fn text(text: &str) -> CustomerFilter {
    CustomerFilter { text: text.into(), ..CustomerFilter::default() }
}

#[tokio::test]
async fn customers_are_made_with_everything_and_found_by_any_of_it() {
    let world = World::new().await;
    let agent = world.agent().await;
    let acme = world.company("Acme", false).await;
    let whole = CustomerInput {
        emails: "jw@home.example\nWeiss@Old.example".into(),
        phones: "+49 30 1234\n0800 1".into(),
        notes: "Prefers to be called.".into(),
        ..input("Jana Weiß", "Jana@acme.example")
    };
    let jana = make(&world, &agent, &whole, "aCME").await.unwrap();
    let seen = view::view(&mut world.desk.read().await.unwrap(), &agent, jana).await.unwrap();
    assert_eq!((seen.name.as_str(), seen.email.as_str()), ("Jana Weiß", "Jana@acme.example"));
    assert_eq!(seen.emails, ["jw@home.example", "Weiss@Old.example"]);
    assert_eq!(seen.phones, ["+49 30 1234", "0800 1"]);
    assert_eq!((seen.company.map(|c| c.id), seen.notes.as_str()), (Some(acme), "Prefers to be called."));
    assert!(!seen.has_login && seen.blocked_at.is_none());
    for typed in ["jana", "weiß", "JANA@ACME", "jw@h", "weiss@old.example", "home.example"] {
        assert_eq!(names(&world, &agent, text(typed)).await.0, ["Jana Weiß"], "{typed}");
    }
    for typed in ["ana", "ome.example", "%", "_", "'"] {
        assert!(names(&world, &agent, text(typed)).await.0.is_empty(), "{typed}");
    }
    // A mail from any of the addresses is theirs, whatever name it bears.
    let (found, new) =
        world.run(async |tx| people::find_or_create(tx, "Somebody", "WEISS@old.example").await).await.unwrap();
    assert_eq!((found, new), (jana, false));
}

#[tokio::test]
async fn nobody_shares_an_address() {
    let world = World::new().await;
    let agent = world.agent().await;
    let jana = make(
        &world,
        &agent,
        &CustomerInput { emails: "jana@home.example".into(), ..input("Jana", "jana@a.example") },
        "",
    )
    .await
    .unwrap();
    make(&world, &agent, &input("Petr", "JANA@a.example"), "").await.wrong("email");
    let error = make(&world, &agent, &input("Petr", "Jana@home.example"), "").await.wrong("email");
    assert!(error.of_field("email").unwrap().contains("Jana"), "it says whose it is");
    let second = CustomerInput { emails: person(&agent).email.clone(), ..input("Petr", "petr@a.example") };
    let error = make(&world, &agent, &second, "").await.wrong("emails");
    assert!(error.of_field("emails").unwrap().contains("colleague"), "but not which one of staff");
    // Who registers with the second one is told that there is somebody; a way in goes to the first one alone.
    let registration = domain::account::Registration {
        name: "Eve".into(),
        email: "jana@HOME.example".into(),
        password: "correct horse battery".into(),
    };
    accounts::register(&world.desk, &Actor::visitor(None), registration.clone()).await.unwrap();
    assert_eq!(world.mails().await.remove(0).subject, "You have an account already");
    let first = domain::account::Registration { email: "JANA@a.example".into(), ..registration };
    assert_eq!(world.registered(first).await.id, jana);
    sqlx::query("insert into users (name, email, role) values ('Eve', 'jana@home.example', 'customer')")
        .execute(world.desk.pool())
        .await
        .expect_err("the database keeps them apart");
    // The first address may be swapped with another one of one's own.
    let swapped = CustomerInput { emails: "jana@a.example".into(), ..input("Jana", "jana@home.example") };
    world.run(async |tx| edit::change(tx, &agent, jana, 1, &swapped).await).await.unwrap();
    let seen = view::view(&mut world.desk.read().await.unwrap(), &agent, jana).await.unwrap();
    assert_eq!((seen.email.as_str(), seen.emails), ("jana@home.example", vec!["jana@a.example".to_owned()]));
    // One that was given up is free again.
    world.run(async |tx| edit::change(tx, &agent, jana, 2, &input("Jana", "jana@home.example")).await).await.unwrap();
    make(&world, &agent, &input("Petr", "jana@a.example"), "").await.unwrap();
}

/// Who signs in with an address learns there that it is another now, and what was sent there opens nothing any more.
#[tokio::test]
async fn the_old_address_is_told_of_a_new_one() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let old = person(&jana).email.clone();
    accounts::reset::ask(&world.desk, &Actor::visitor(None), &old).await.unwrap();
    let token = world.mails().await.remove(0).token("/reset/");
    let moved = input("Jana", "jana@new.example");
    world.run(async |tx| edit::change(tx, &agent, id_of(&jana), 1, &moved).await).await.unwrap();
    let told: Vec<String> = world.mails().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, [old]);
    accounts::reset::set(&world.desk, &Actor::visitor(None), &token, "correct horse battery".into())
        .await
        .refused(Code::NotFound);
    // Who has never signed in has no account to lose.
    let petr = make(&world, &agent, &input("Petr", "petr@a.example"), "").await.unwrap();
    let moved = input("Petr", "petr@b.example");
    world.run(async |tx| edit::change(tx, &agent, petr, 1, &moved).await).await.unwrap();
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn a_stale_form_changes_nothing() {
    let world = World::new().await;
    let (agent, other) = (world.agent().await, world.agent().await);
    let jana = make(&world, &agent, &input("Jana", "jana@a.example"), "").await.unwrap();
    let mine = CustomerInput { notes: "Mine".into(), ..input("Jana", "jana@a.example") };
    world.run(async |tx| edit::change(tx, &agent, jana, 1, &mine).await).await.unwrap();
    let theirs = CustomerInput { notes: "Theirs".into(), ..input("Jana", "jana@a.example") };
    world.run(async |tx| edit::change(tx, &other, jana, 1, &theirs).await).await.refused(Code::Conflict);
    let seen = view::view(&mut world.desk.read().await.unwrap(), &agent, jana).await.unwrap();
    assert_eq!((seen.notes.as_str(), seen.version), ("Mine", 2));
    // What changes nothing says nothing.
    let events = world.count("select count(*) from events").await;
    world.run(async |tx| edit::change(tx, &agent, jana, 2, &mine).await).await.unwrap();
    assert_eq!(world.count("select count(*) from events").await, events);
    let fields = "select count(*) from events where kind = 'customer.changed' and data = '{\"customer\": 0, \"fields\": [\"notes\"]}'::jsonb
                  || jsonb_build_object('customer', data->'customer') and actor_id is not null and address is not null";
    assert_eq!(world.count(fields).await, 1, "who changed which fields, from where");
}

#[tokio::test]
async fn people_are_found_by_the_domain_of_any_address() {
    let world = World::new().await;
    let agent = world.agent().await;
    make(&world, &agent, &input("Ann", "ann@north.example"), "").await.unwrap();
    let two = CustomerInput { emails: "ben@north.example".into(), ..input("Ben", "ben@south.example") };
    make(&world, &agent, &two, "").await.unwrap();
    make(&world, &agent, &input("Norton", "cem@west.example"), "").await.unwrap();
    for (typed, found) in [
        ("@north", &["Ann", "Ben"][..]),
        ("@NORTH.example", &["Ann", "Ben"]),
        ("north.ex", &["Ann", "Ben"]),
        ("south.example", &["Ben"]),
        // Not what only may be meant for a name.
        ("nort", &["Norton"]),
        ("@", &[]),
        ("@ann", &[]),
        ("ann@north.example", &["Ann"]),
    ] {
        assert_eq!(names(&world, &agent, text(typed)).await.0, found, "{typed}");
    }
}

#[tokio::test]
async fn a_list_goes_on_where_its_page_ended() {
    let world = World::new().await;
    let agent = world.agent().await;
    for n in 0..120 {
        make(&world, &agent, &input(&format!("Kim {:03}", n / 2), &format!("kim{n}@a.example")), "").await.unwrap();
    }
    let (mut all, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let (names, next) = names(&world, &agent, CustomerFilter { after, ..CustomerFilter::default() }).await;
        all.extend(names);
        pages += 1;
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((all.len(), pages), (120, 3));
    assert!(all.is_sorted() && all.iter().filter(|n| *n == "Kim 024").count() == 2, "also within one name");
    let (found, next) = names(&world, &agent, text("kim")).await;
    assert_eq!((found.len(), next.is_some()), (50, true), "of what is found the beginning, and that there are more");
    for wrong in ["", "x", "17", ".", "a.b"] {
        let filter = CustomerFilter { after: Some(wrong.into()), ..CustomerFilter::default() };
        list::list(&mut world.desk.read().await.unwrap(), &agent, &filter).await.wrong("after");
    }
}

#[tokio::test]
async fn a_blocked_sender_is_out_at_once() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let visitor = Actor::visitor(None);
    let email = person(&jana).email.clone();
    let password = crate::support::PASSWORD.to_owned();
    let (_, token) = accounts::sign_in(&world.desk, &visitor, &email, password.clone(), "").await.unwrap();
    world.run(async |tx| block::block(tx, &agent, id_of(&jana), true).await).await.unwrap();
    assert!(accounts::find(&world.desk, &crate::support::session_of(token)).await.unwrap().is_none());
    assert_eq!(world.count("select count(*) from sessions").await, 0);
    accounts::sign_in(&world.desk, &visitor, &email, password.clone(), "").await.refused(Code::Invalid);
    let blocked = CustomerFilter { shown: Shown::Blocked, ..CustomerFilter::default() };
    assert_eq!(names(&world, &agent, blocked.clone()).await.0, [person(&jana).name.clone()]);
    let for_her = NewTicket {
        subject: "By phone".into(),
        body: "x".into(),
        requester: Some(Requester::Known(id_of(&jana))),
        ..NewTicket::default()
    };
    world.run(async |tx| store::tickets::create::create(tx, &agent, for_her).await).await.wrong("requester");
    world.run(async |tx| block::block(tx, &agent, id_of(&jana), true).await).await.unwrap();
    world.run(async |tx| block::block(tx, &agent, id_of(&jana), false).await).await.unwrap();
    assert!(names(&world, &agent, blocked).await.0.is_empty());
    accounts::sign_in(&world.desk, &visitor, &email, password, "").await.unwrap();
    let said = "select count(*) from events where kind in ('account.blocked', 'account.unblocked')";
    assert_eq!(world.count(said).await, 2, "twice the same is once");
    // Colleagues are not blocked here.
    let colleague = world.agent().await;
    world.run(async |tx| block::block(tx, &agent, id_of(&colleague), true).await).await.refused(Code::NotFound);
}

#[tokio::test]
async fn mails_of_a_blocked_sender_are_kept_aside_whichever_address_they_come_from() {
    let world = World::new().await;
    let agent = world.agent().await;
    let whole = CustomerInput { emails: "spam@other.example".into(), ..input("Spammer", "spam@a.example") };
    let spammer = make(&world, &agent, &whole, "").await.unwrap();
    world.run(async |tx| block::block(tx, &agent, spammer, true).await).await.unwrap();
    let raw = b"From: Spam@Other.example\r\nSubject: Buy\r\n\r\nNow\r\n";
    let mail = server::mail::parse(raw).unwrap();
    let outcome =
        store::mails::take_in(&world.desk, mail, raw.to_vec().into(), store::mails::Origin::Mailbox).await.unwrap();
    assert!(matches!(outcome, domain::mail::Outcome::Quarantined(_)), "{outcome:?}");
    assert_eq!(world.count("select count(*) from mails where problem like '%blocked%'").await, 1, "and can be seen");
    assert_eq!(world.count("select count(*) from tickets").await, 0);
}

#[tokio::test]
async fn a_customer_changes_company_with_or_without_their_tickets() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let acme = world.company("Acme", true).await;
    let mate = world.company_user(acme).await;
    let (first, second) = (world.ticket(&jana).await.id, world.ticket(&jana).await.id);
    let convert = async |from: Option<CompanyId>, to: Option<CompanyId>, tickets| {
        world.run(async |tx| company::convert(tx, &agent, id_of(&jana), from, to, tickets).await).await
    };
    let seen_by_mate = async || {
        let page = store::tickets::list::list(&world.desk, &mate, &domain::ticket::Filter::default()).await.unwrap();
        page.rows.len()
    };
    let preview =
        async |to| company::preview(&mut world.desk.read().await.unwrap(), &agent, id_of(&jana), to).await.unwrap();
    let before = preview(Some(acme)).await;
    assert_eq!((before.tickets, before.to_sees_all, before.from_sees_all), (2, true, false));
    convert(None, Some(acme), false).await.unwrap();
    assert_eq!(seen_by_mate().await, 0, "what was before stays hers");
    convert(None, Some(acme), false).await.refused(Code::Conflict);
    let third = world.ticket(&world.actor(id_of(&jana)).await).await;
    assert_eq!((third.company.map(|c| c.id), seen_by_mate().await), (Some(acme), 1));
    // Back, without the tickets: the company keeps what was opened in its name, and she sees it still.
    convert(Some(acme), None, false).await.unwrap();
    assert_eq!(seen_by_mate().await, 1);
    let own =
        store::tickets::list::list(&world.desk, &world.actor(id_of(&jana)).await, &Default::default()).await.unwrap();
    assert_eq!(own.rows.len(), 3);
    // And again, with them: only those of no company go along.
    assert_eq!(preview(Some(acme)).await.tickets, 2);
    convert(None, Some(acme), true).await.unwrap();
    assert_eq!(seen_by_mate().await, 3);
    for ticket in [first, second] {
        let said = sqlx::query_scalar::<_, i64>(
            "select count(*) from events where ticket_id = $1 and kind = 'ticket.company'",
        )
        .bind(ticket.0)
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
        assert_eq!(said, 1, "#{ticket} says so, once");
    }
    convert(Some(acme), None, true).await.unwrap();
    assert_eq!(seen_by_mate().await, 0, "they went with her");
}

#[tokio::test]
async fn customers_are_for_staff() {
    let world = World::new().await;
    let (agent, jana, petr) = (world.agent().await, world.customer().await, world.customer().await);
    let colleague = world.agent().await;
    for (actor, code) in [(&petr, Code::Forbidden), (&Actor::visitor(None), Code::SignedOut)] {
        let mut conn = world.desk.read().await.unwrap();
        list::list(&mut conn, actor, &CustomerFilter::default()).await.refused(code);
        view::view(&mut conn, actor, id_of(&jana)).await.refused(code);
        company::preview(&mut conn, actor, id_of(&jana), None).await.refused(code);
        make(&world, actor, &input("Eve", "eve@a.example"), "").await.refused(code);
        let eve = input("Eve", "eve@a.example");
        world.run(async |tx| edit::change(tx, actor, id_of(&jana), 1, &eve).await).await.refused(code);
        world.run(async |tx| block::block(tx, actor, id_of(&jana), true).await).await.refused(code);
        world.run(async |tx| company::convert(tx, actor, id_of(&jana), None, None, true).await).await.refused(code);
    }
    // Staff are nobody's customers: what they have is not changed here.
    let mut conn = world.desk.read().await.unwrap();
    view::view(&mut conn, &agent, id_of(&colleague)).await.refused(Code::NotFound);
    view::view(&mut conn, &agent, UserId(999_999)).await.refused(Code::NotFound);
    let eve = input("Eve", "eve@a.example");
    world.run(async |tx| edit::change(tx, &agent, id_of(&colleague), 1, &eve).await).await.refused(Code::NotFound);
}

/// Each way to find somebody reads a piece of an index, with 100,000 customers as with ten.
#[tokio::test]
async fn finding_customers_reads_no_table_whole() {
    let world = World::with(Setup { connections: 1, ..Setup::default() }).await;
    let agent = world.agent().await;
    seed::customers(&world, 100_000).await;
    for filter in [
        CustomerFilter::default(),
        CustomerFilter { after: Some("500.seeded person 4".into()), ..CustomerFilter::default() },
        CustomerFilter { shown: Shown::Blocked, ..CustomerFilter::default() },
        CustomerFilter { company: Some(CompanyId(1)), ..CustomerFilter::default() },
        text("seeded99"),
        text("seeded99999@"),
        text("nobody at all"),
        text("seeded person 5"),
    ] {
        let operation = async {
            let mut conn = world.desk.read().await.unwrap();
            list::list(&mut conn, &agent, &filter).await.unwrap().rows.len()
        };
        let (_, reads) = sql::reads(&world, operation).await;
        for table in ["users", "user_emails", "companies"] {
            let read = reads.get(table).copied().unwrap_or_default();
            assert!(read.scans == 0 && read.rows < 1_000, "{filter:?}: {table} {read:?}");
        }
    }
}
