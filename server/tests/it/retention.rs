//! What is not kept for ever goes when it is too old, not a millisecond before, and once.

use crate::{
    customers::privacy::{full, is_anywhere},
    support::{
        Refused as _, Setup, World,
        browser::Browser,
        id_of,
        node::soon,
        person, seed, session_of,
        sql::{Read, reads},
    },
};
use domain::{
    Actor, Code, TicketId,
    event::Happening,
    mail::Outcome,
    retention::{Periods, Preview},
    ticket::{Change, Filter, Swap},
    timeline::Part,
};
use http::{StatusCode, header};
use server::work::jobs;
use store::{
    accounts, counts, retention, sweep,
    tickets::{attachments, change, list, search, view},
};

const NOTHING: Periods = Periods { tickets: None, customers: None, messages: false };

async fn keep(world: &World, periods: Periods) {
    let admin = world.superadmin().await;
    world.run(async |tx| retention::set(tx, &admin, &periods).await).await.unwrap();
}

async fn work(world: &World) {
    sweep::sweep(&world.desk).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
}

async fn close(world: &World, agent: &Actor, ticket: TicketId) {
    let change = Change { status: Some(Swap::to(world.status("closed"))), ..Change::default() };
    world.run(async |tx| change::change(tx, agent, ticket, change).await).await.unwrap();
}

/// Moves the clock to when something of now is older than so many months by so many milliseconds.
fn months_later(world: &World, months: i32, millis: i64) {
    let mut then = world.now();
    while then.months_earlier(months) < world.now() {
        then = then.plus_millis(86_400_000);
    }
    assert_eq!(then.months_earlier(months), world.now());
    world.clock.advance_millis(then.0 - world.now().0 + millis);
}

async fn emptied(world: &World) -> i64 {
    world.count("select count(*) from tickets where emptied_at > updated_at").await
}

#[tokio::test]
async fn only_superadmins_say_how_long() {
    let world = World::new().await;
    let everything = domain::access::Permissions::ALL;
    let others = [world.manager().await, world.custom(everything).await, world.customer().await];
    let wanted = Periods { tickets: Some(1), ..NOTHING };
    for actor in others {
        retention::get(&world.desk, &actor).await.refused(Code::Forbidden);
        retention::preview(&world.desk, &actor, &wanted).await.refused(Code::Forbidden);
        world.run(async |tx| retention::set(tx, &actor, &wanted).await).await.refused(Code::Forbidden);
    }
    let visitor = Actor::visitor(None);
    world.run(async |tx| retention::set(tx, &visitor, &wanted).await).await.refused(Code::SignedOut);
    let admin = world.superadmin().await;
    assert_eq!(retention::get(&world.desk, &admin).await.unwrap(), NOTHING, "off at first");
    for wrong in [0, -1, 121] {
        let wanted = Periods { customers: Some(wrong), ..NOTHING };
        world.run(async |tx| retention::set(tx, &admin, &wanted).await).await.wrong("customers");
        retention::preview(&world.desk, &admin, &wanted).await.wrong("customers");
    }
    // Saving it as it is says nothing.
    for _ in 0..2 {
        world.run(async |tx| retention::set(tx, &admin, &wanted).await).await.unwrap();
    }
    assert_eq!(world.count("select count(*) from events where kind = 'settings.retention'").await, 1);
}

#[tokio::test]
async fn a_closed_ticket_loses_what_it_says_and_stays_counted() {
    let world = World::new().await;
    let agent = world.agent().await;
    let (jana, ticket) = full(&world, &agent).await;
    let renamed = Change { subject: Some(Swap::to("Secret fax".into())), ..Change::default() };
    world.run(async |tx| change::change(tx, &agent, ticket, renamed).await).await.unwrap();
    let open = world.ticket(&world.actor(jana).await).await.id;
    close(&world, &agent, ticket).await;
    world.run(async |tx| counts::rebuild(tx).await).await.unwrap();
    keep(&world, Periods { tickets: Some(1), ..NOTHING }).await;
    let before = list::list(&world.desk, &agent, &Filter::default()).await.unwrap().rows;

    months_later(&world, 1, 0);
    work(&world).await;
    assert_eq!(emptied(&world).await, 0, "not on the day itself");
    world.clock.advance_millis(1);
    let admin = world.superadmin().await;
    let would = retention::preview(&world.desk, &admin, &Periods { tickets: Some(1), ..NOTHING }).await.unwrap();
    assert_eq!(would, Preview { tickets: 1, customers: 0, looked_at: None });
    world.advance_seconds(3_600);
    work(&world).await;
    assert_eq!(emptied(&world).await, 1);
    for word in ["secret", "unsent", "internal thought", "restart it"] {
        let found = is_anywhere(&world, word).await;
        assert!(found.is_empty(), "“{word}” is still in {found:?}");
    }
    assert_eq!(world.files.on_disk(), Vec::<std::path::PathBuf>::new(), "no bytes are left");
    assert!(search::search(&world.desk, &agent, "secret", 0).await.unwrap().hits.is_empty());
    let files = attachments::of_ticket(&world.desk, &agent, ticket).await.unwrap();
    assert!(files.iter().all(|f| f.deleted_by.is_some() && f.name == "Erased"), "{files:?}");
    let addresses =
        format!("select count(*) from events where ticket_id = {ticket} and not actor_staff and address is not null");
    let addresses: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(addresses)).fetch_one(world.desk.pool()).await.unwrap();
    assert_eq!(addresses, 0);

    // What stays: who, when and in which state, for lists, counts and statistics.
    let shown = view::view(&world.desk, &agent, ticket, Part::Latest).await.unwrap();
    assert_eq!((shown.ticket.subject.as_str(), shown.ticket.requester.name.as_str()), ("Erased", "Jana Weiss"));
    assert_eq!(
        shown.slice.entries.last().map(|e| (&e.what, e.by.name.as_str())),
        Some((&Happening::Emptied, "Docket"))
    );
    assert!(shown.slice.entries.iter().any(|e| e.what == Happening::Reply), "that somebody answered stays");
    let after = list::list(&world.desk, &agent, &Filter::default()).await.unwrap().rows;
    let known = |rows: &[domain::ticket::Ticket]| {
        rows.iter().map(|t| (t.id, t.status, t.priority, t.updated_at, t.requester.id)).collect::<Vec<_>>()
    };
    assert_eq!(known(&after), known(&before));
    let jana = world.actor(jana).await;
    assert_eq!(view::view(&world.desk, &jana, ticket, Part::Latest).await.unwrap().ticket.subject, "Erased");
    assert!(view::view(&world.desk, &jana, open, Part::Latest).await.unwrap().ticket.subject.contains("printer"));
    let right = "select count(*) from (select status_id, count(*) n from tickets group by 1) t
                 join (select status_id, sum(tickets) n from ticket_counts group by 1) c using (status_id) where t.n <> c.n";
    assert_eq!(world.count(right).await, 0);

    // Said once, and not done again.
    work(&world).await;
    let said = "select count(*) from events where kind = 'settings.retention_applied' and actor_id is null
                and data = '{\"tickets\": 1, \"customers\": 0}'";
    assert_eq!(world.count(said).await, 1);
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.emptied'").await, 1);
}

#[tokio::test]
async fn what_is_touched_again_is_kept() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ids = [world.ticket(&jana).await.id, world.ticket(&jana).await.id, world.ticket(&jana).await.id];
    for id in ids {
        close(&world, &agent, id).await;
    }
    let [old, noted, answered] = ids;
    months_later(&world, 2, 1);
    keep(&world, Periods { tickets: Some(2), ..NOTHING }).await;
    world.note(&agent, noted, "Kept in mind").await;
    // The customer answers while the job is at it already.
    let mut tx = world.desk.begin().await.unwrap();
    let more = crate::support::text(domain::ticket::Writing::Reply, "Broken again");
    store::tickets::message::write(&mut tx, &jana, answered, more).await.unwrap();
    let desk = world.desk.clone();
    let job = tokio::spawn(async move { retention::work(&desk).await });
    world.somebody_waits().await;
    tx.commit().await.unwrap();
    job.await.unwrap().unwrap();
    let subject = async |id: TicketId| view::view(&world.desk, &agent, id, Part::Latest).await.unwrap().ticket.subject;
    assert_eq!(subject(old).await, "Erased");
    for id in [noted, answered] {
        assert!(subject(id).await.contains("printer"), "{id}");
    }

    // What is said on an empty ticket is kept as long as anything else.
    world.reply(&jana, old, "Once more").await;
    close(&world, &agent, old).await;
    months_later(&world, 2, 0);
    work(&world).await;
    assert!(!is_anywhere(&world, "Once more").await.is_empty());
    world.advance_seconds(3_600);
    work(&world).await;
    assert_eq!(is_anywhere(&world, "Once more").await, Vec::<String>::new());
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.emptied'").await, 3);
    // Nothing goes any more once it is switched off.
    close(&world, &agent, answered).await;
    keep(&world, NOTHING).await;
    months_later(&world, 3, 0);
    work(&world).await;
    assert!(subject(answered).await.contains("printer"));
    assert_eq!(world.count("select count(*) from jobs where kind = 'retain'").await, 0);
}

/// An archive brings a mail of a time before: the ticket says something again, and that goes, too.
#[tokio::test]
async fn what_an_archive_brings_to_an_empty_ticket_goes_as_well() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mail = |from: &str, id: &str, thread: &str, body: &str| {
        format!(
            "From: {from}\r\nMessage-ID: <{id}>\r\n{thread}Subject: Printer\r\n\
             Date: Mon, 3 Mar 2025 10:12:00 +0000\r\n\r\n{body}\r\n"
        )
    };
    let archive = async |raw: String| {
        let parsed = server::mail::parse(raw.as_bytes()).unwrap();
        store::mails::take_in(&world.desk, parsed, raw.into(), store::mails::Origin::Archive).await.unwrap()
    };
    let Outcome::Ticket(ticket) = archive(mail("ada@acme.example", "a@x", "", "Secret one")).await else {
        panic!("no ticket")
    };
    close(&world, &agent, ticket).await;
    keep(&world, Periods { tickets: Some(1), ..NOTHING }).await;
    months_later(&world, 1, 1);
    work(&world).await;
    assert_eq!(emptied(&world).await, 1);
    // Of a colleague, so that nobody has to work on it now.
    let late = mail(&person(&agent).email, "b@x", "References: <a@x>\r\n", "Secret two");
    assert_eq!(archive(late).await, Outcome::Reply(ticket));
    assert!(!is_anywhere(&world, "Secret two").await.is_empty());
    world.advance_seconds(3_600);
    work(&world).await;
    assert_eq!(is_anywhere(&world, "Secret two").await, Vec::<String>::new());
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.emptied'").await, 2);
}

#[tokio::test]
async fn customers_go_when_nothing_is_heard_of_them() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut people = Vec::new();
    for _ in 0..8 {
        people.push(world.customer().await);
    }
    let [never, wrote, came, waits, closed, announced, token, noted] = &people[..] else { panic!() };
    let mut tickets = Vec::new();
    for who in [wrote, waits, closed, noted] {
        let id = world.ticket(who).await.id;
        close(&world, &agent, id).await;
        tickets.push(id);
    }
    let reopen = Change { status: Some(Swap::to(world.status("open"))), ..Change::default() };
    world.run(async |tx| change::change(tx, &agent, tickets[1], reopen).await).await.unwrap();
    let run = async |sql: &'static str, who: &Actor| {
        let at = time::OffsetDateTime::from(world.now());
        sqlx::query(sql).bind(id_of(who).0).bind(at).execute(world.desk.pool()).await.unwrap();
    };
    run(
        "with p as (insert into providers (kind, name, audience, issuer, client_id, created_at)
             values ('oidc', 'ID', 'everybody', 'https://id.example', 'docket', $2) returning id)
         insert into scim_people (provider_id, user_id, user_name, names, created_at, changed_at)
             select id, $1, 'there', '{}', $2, $2 from p",
        announced,
    )
    .await;
    months_later(&world, 6, -1_000);
    let later = world.customer().await;
    let how = accounts::sign_in::How::Password;
    session_of(accounts::sign_in::after_proof(&world.desk, came, person(came), "Firefox/1", how).await.unwrap());
    run(
        "insert into api_tokens (user_id, name, scope, token_hash, ending, created_at, expires_at, last_used_at)
         values ($1, 'Script', 'read', 'x', 'abcd', $2, $2, $2)",
        token,
    )
    .await;
    world.note(&agent, tickets[3], "They called").await;
    world.reply(wrote, tickets[0], "Thanks").await;
    world.advance_seconds(3_600);

    let periods = Periods { customers: Some(6), messages: true, ..NOTHING };
    keep(&world, periods).await;
    let admin = world.superadmin().await;
    let would = retention::preview(&world.desk, &admin, &periods).await.unwrap();
    assert_eq!(would, Preview { tickets: 0, customers: 2, looked_at: None });
    // One of the two comes back while they are about to be erased.
    let mut back = world.desk.pool().begin().await.unwrap();
    sqlx::query("select from users where id = $1 for update").bind(id_of(never).0).execute(&mut *back).await.unwrap();
    let desk = world.desk.clone();
    let job = tokio::spawn(async move { retention::work(&desk).await });
    world.somebody_waits().await;
    sqlx::query(
        "insert into sessions (user_id, token_hash, created_at, last_used_at, expires_at) values ($1, 'y', $2, $2, $2)",
    )
    .bind(id_of(never).0)
    .bind(time::OffsetDateTime::from(world.now()))
    .execute(&mut *back)
    .await
    .unwrap();
    back.commit().await.unwrap();
    job.await.unwrap().unwrap();
    let erased: Vec<i64> = sqlx::query_scalar("select id from users where erased_at is not null order by id")
        .fetch_all(world.desk.pool())
        .await
        .unwrap();
    assert_eq!(
        erased,
        [id_of(closed).0],
        "and not {:?}",
        [never, wrote, came, waits, announced, token, noted, &later].map(id_of)
    );
    let shown = view::view(&world.desk, &agent, tickets[2], Part::Latest).await.unwrap().ticket;
    assert_eq!((shown.requester.name.as_str(), shown.subject.as_str()), ("Erased customer", "Erased"));
    let said =
        "select count(*) from events where actor_id is null and actor_name = 'Docket' and (kind = 'account.erased'
                    and data->'messages' = 'true' or kind = 'settings.retention_applied' and data->'customers' = '1')";
    assert_eq!(world.count(said).await, 2);

    // Six months later the others follow; who is still waited for or announced stays, and so do staff.
    months_later(&world, 6, 3_600_000);
    work(&world).await;
    work(&world).await;
    assert_eq!(world.count("select count(*) from users where erased_at is not null").await, 6);
    assert_eq!(world.count("select count(*) from users where role <> 'customer' and erased_at is not null").await, 0);
    for who in [wrote, waits, announced] {
        assert!(
            !store::customers::view::view(&mut world.desk.read().await.unwrap(), &agent, id_of(who))
                .await
                .unwrap()
                .erased
        );
    }
}

/// Servers that are killed, and several at once: each ticket is emptied once, and all of them are said.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_where_it_was_broken_off() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, 8_000).await;
    let closed = world.count("select count(*) from tickets where closed_at is not null").await;
    assert!(closed > 3 * 500, "more than three batches");
    keep(&world, Periods { tickets: Some(1), ..NOTHING }).await;
    months_later(&world, 1, 1);
    let desk = world.desk.clone();
    let killed = tokio::spawn(async move { retention::work(&desk).await });
    soon("the first batch is done", async { while emptied(&world).await == 0 {} }).await;
    killed.abort();
    let _ = killed.await;
    let noted = "select tickets_done + coalesce((select sum((data->>'tickets')::bigint)::bigint from events
                     where kind = 'settings.retention_applied'), 0) from retention";
    soon("what was broken off is taken back", async { while world.count(noted).await != emptied(&world).await {} })
        .await;
    let (one, two, three) =
        tokio::join!(retention::work(&world.desk), retention::work(&world.desk), retention::work(&world.desk));
    one.and(two).and(three).unwrap();
    work(&world).await;
    assert_eq!((emptied(&world).await, world.count(noted).await), (closed, closed));
    assert_eq!(world.count("select count(*) from events where kind = 'ticket.emptied'").await, closed);
    assert_eq!(world.count("select count(*) from tickets where closed_at is null and subject = 'Erased'").await, 0);
}

/// However many there are, what is looked for is found by an index.
#[tokio::test]
async fn nothing_reads_a_table_to_its_end() {
    let world = World::with(Setup { connections: 1, ..Setup::default() }).await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    seed::tickets(&world, std::slice::from_ref(&jana), &agent, 20_000).await;
    seed::customers(&world, 5_000).await;
    let closed = world.count("select count(*) from tickets where closed_at is not null").await;
    let admin = world.superadmin().await;
    let all = Periods { tickets: Some(1), customers: Some(1), messages: false };
    sqlx::query("update users set created_at = '2026-01-01'").execute(world.desk.pool()).await.unwrap();
    sqlx::query("vacuum analyze users").execute(world.desk.pool()).await.unwrap();
    months_later(&world, 1, 1);
    let (would, read) = reads(&world, retention::preview(&world.desk, &admin, &all)).await;
    assert_eq!(would.unwrap(), Preview { tickets: closed, customers: 5_000, looked_at: None });
    assert!(read["events"].rows < 100_000 && read["tickets"].rows < 100_000, "{read:?}");
    let of = |table: &str| read.get(table).copied().unwrap_or_default();
    for table in ["tickets", "events", "sessions", "api_tokens", "scim_people"] {
        assert_eq!(of(table).scans, 0, "{table}: {read:?}");
    }
    // None is left, so nothing is read.
    sqlx::query("update tickets set emptied_at = updated_at + interval '1 ms'")
        .execute(world.desk.pool())
        .await
        .unwrap();
    sqlx::query("vacuum analyze tickets").execute(world.desk.pool()).await.unwrap();
    world.run(async |tx| retention::set(tx, &admin, &Periods { customers: None, ..all }).await).await.unwrap();
    let (done, read) = reads(&world, retention::work(&world.desk)).await;
    done.unwrap();
    assert_eq!(read.get("tickets").copied().unwrap_or_default(), Read::default());
}

#[tokio::test]
async fn the_page_asks_before_anything_goes() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let jana = world.customer().await;
    let ticket = world.ticket(&jana).await.id;
    close(&world, &agent, ticket).await;
    months_later(&world, 3, 1);
    const PAGE: &str = "/settings/retention";
    let browser = Browser::of(&world, &admin).await;
    let saved = async || retention::get(&world.desk, &admin).await.unwrap();

    for wrong in ["0", "121", "soon", "-1", "1.5", "99999999999999999999"] {
        let page = browser.post(PAGE, &[("tickets", wrong), ("customers", "12"), ("messages", "on")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(page.text.contains("Use a number from 1 to 120") && page.text.contains(&format!("value=\"{wrong}\"")));
        assert!(page.text.contains("value=\"12\""), "what was typed stays");
        let sure = [("tickets", wrong), ("sure", "yes")];
        assert_eq!(browser.post(PAGE, &sure).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let form = [("tickets", "3"), ("customers", "3"), ("messages", "on"), ("asked", "<b>nothing</b>")];
    let page = browser.post(PAGE, &form).await;
    assert_eq!(page.status, StatusCode::OK);
    let asked =
        "Erase closed tickets after 3 months and customers after 3 months? So old by now: 1 ticket and 1 customer.";
    assert!(page.text.contains(asked) && page.text.contains("name=\"sure\""), "{}", page.text);
    assert!(!page.text.contains("nothing</b>"));
    assert!(!page.text.contains("id=\"tickets\""), "another number typed meanwhile would not be what is answered");
    assert_eq!(saved().await, NOTHING, "nothing is saved yet");
    let page = browser.post(PAGE, &[("sure", "yes"), ("tickets", "3"), ("customers", "3"), ("messages", "on")]).await;
    assert_eq!(
        (page.status, &page.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/settings/retention?saved".parse().unwrap())
    );
    let all = Periods { tickets: Some(3), customers: Some(3), messages: true };
    assert_eq!(saved().await, all);
    assert!(browser.get(PAGE).await.text.contains("value=\"3\""));
    // Longer, and less: nobody is asked.
    let page = browser.post(PAGE, &[("tickets", "4"), ("customers", "")]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    assert_eq!(saved().await, Periods { tickets: Some(4), ..NOTHING });
    let log = browser.get("/settings/log").await;
    assert!(log.text.contains("closed tickets 3 months → 4 months; customers 3 months → for ever"), "{}", log.text);

    let other = Browser::of(&world, &agent).await;
    for form in [&[("tickets", "1")][..], &[("tickets", "1"), ("sure", "yes")]] {
        assert_eq!(other.post(PAGE, form).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(saved().await, Periods { tickets: Some(4), ..NOTHING });
    assert_eq!(world.count("select count(*) from users where erased_at is not null").await, 0);
}
