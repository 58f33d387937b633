//! All that is known of a person, taken out; and a person forgotten.

use super::{input, make};
use crate::support::{Refused as _, World, browser::Browser, person};
use domain::{
    Actor, Code, TicketId, UserId,
    customer::{CustomerInput, Erasure},
    event::Happening,
    ticket::Writing,
    timeline::{Draft, Part},
};
use futures::StreamExt as _;
use http::StatusCode;
use serde_json::Value;
use server::work::jobs;
use std::io::Read as _;
use store::{
    accounts,
    customers::{edit, erase, export, merge, view},
    mails,
    tickets::{attachments, draft, search, view as ticket},
};

/// A customer with something of everything: a ticket by mail with a file, an answer, a draft, a session, a second address.
pub(crate) async fn full(world: &World, agent: &Actor) -> (UserId, TicketId) {
    let raw = b"From: Jana Weiss <jana@acme.example>\r\nMessage-ID: <1@acme.example>\r\nSubject: Secret printer\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nMy secret words\r\n--b\r\n\
        Content-Type: text/plain; name=secret.txt\r\nContent-Disposition: attachment; filename=secret.txt\r\n\r\nfile words\r\n--b--\r\n";
    let mail = server::mail::parse(raw).unwrap();
    let outcome = mails::take_in(&world.desk, mail, raw.to_vec().into(), mails::Origin::Mailbox).await.unwrap();
    let domain::mail::Outcome::Ticket(ticket) = outcome else { panic!("{outcome:?}") };
    world.advance_seconds(1);
    let jana: i64 = sqlx::query_scalar("select id from users where email = 'jana@acme.example'")
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
    let jana = UserId(jana);
    let whole = CustomerInput {
        emails: "jw@home.example".into(),
        phones: "+49 30 1234".into(),
        notes: "Note on her".into(),
        ..input("Jana Weiss", "jana@acme.example")
    };
    world.run(async |tx| edit::change(tx, agent, jana, 1, &whole).await).await.unwrap();
    let actor = world.actor(jana).await;
    world.reply(agent, ticket, "Please restart it.").await;
    world.note(agent, ticket, "Internal thought").await;
    world.reply(&actor, ticket, "More secret words").await;
    let unsent = Draft { writing: Writing::Reply, body: "Unsent".into() };
    world.run(async |tx| draft::save(tx, &actor, ticket, unsent).await).await.unwrap();
    let how = accounts::sign_in::How::Password;
    accounts::sign_in::after_proof(&world.desk, &actor, person(&actor), "Firefox/1", how).await.unwrap();
    outside(world, jana).await;
    (jana, ticket)
}

/// What providers have said of her, and what else lets her in.
async fn outside(world: &World, jana: UserId) {
    let run = async |sql: &'static str| sqlx::query(sql).bind(jana.0).execute(world.desk.pool()).await.unwrap();
    run("with p as (insert into providers (kind, name, audience, company_id, issuer, client_id, created_at)
             select 'oidc', 'Acme ID', 'everybody', null, 'https://id.acme.example', 'docket', now() returning id),
           i as (insert into identities (provider_id, subject, user_id, email, linked_at)
             select id, 'subject-there', $1, 'there@id.example', now() from p),
           s as (insert into scim_people (provider_id, user_id, external_id, user_name, names, created_at, changed_at)
             select id, $1, 'number-there', 'jw-user-name', '{\"given\": \"Given-there\"}', now(), now() from p),
           g as (insert into scim_groups (provider_id, name, created_at, changed_at)
             select id, 'Printers there', now(), now() from p returning id)
         insert into scim_members (group_id, user_id) select id, $1 from g")
    .await;
    run("insert into passkeys (user_id, name, host, credential_id, credential, synced, added_at)
         values ($1, 'Phone of hers', 'localhost', 'credential-number', '{\"key\": \"public-key-bytes\"}', true, now())")
        .await;
}

async fn work(world: &World) {
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
}

#[tokio::test]
async fn all_that_is_known_of_a_person_is_taken_out() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let (jana, ticket) = full(&world, &agent).await;
    let id = world.run(async |tx| export::ask(tx, &admin, jana).await).await.unwrap();
    assert_eq!(world.run(async |tx| export::ask(tx, &admin, jana).await).await.unwrap(), id, "one at a time");
    export::fetch(&world.desk, &admin, id).await.err().unwrap();
    work(&world).await;
    let listed = export::exports(&world.desk, &admin, jana).await.unwrap();
    assert_eq!((listed.len(), listed[0].size.is_some()), (1, true));
    let (size, mut stream) = export::fetch(&world.desk, &admin, id).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = stream.next().await {
        bytes.extend(part.unwrap());
    }
    assert_eq!(bytes.len() as i64, size);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut data = String::new();
    zip.by_name("data.json").unwrap().read_to_string(&mut data).unwrap();
    for known in [
        "Jana Weiss",
        "jw@home.example",
        "+49 30 1234",
        "Note on her",
        "My secret words",
        "More secret words",
        "Please restart it.",
        "Firefox",
        "subject-there",
        "there@id.example",
        "number-there",
        "jw-user-name",
        "Given-there",
        "Printers there",
        "Phone of hers",
    ] {
        assert!(data.contains(known), "{known}: {data}");
    }
    for key in ["credential-number", "public-key-bytes"] {
        assert!(!data.contains(key), "{key}: {data}");
    }
    assert!(!data.contains("Internal thought"), "what staff wrote among themselves is theirs");
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["tickets"][0]["number"], ticket.0);
    for part in ["connected_accounts", "announced_by", "passkeys"] {
        assert_eq!(data[part].as_array().unwrap().len(), 1, "{part}: {data}");
    }
    let name = data["files"][0].as_str().unwrap();
    let mut file = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut file).unwrap();
    assert_eq!(file.trim(), "file words");
    let said = "select count(*) from events where kind in ('customer.exported', 'customer.export_fetched') and actor_id is not null";
    assert_eq!(world.count(said).await, 2, "who asked, who fetched");
    world.advance_seconds(export::KEPT_MS / 1_000 + 1);
    assert_eq!(export::fetch(&world.desk, &admin, id).await.err().unwrap().code, Code::NotFound);
    store::sweep::sweep(&world.desk).await.unwrap();
    assert_eq!(world.count("select count(*) from exports").await, 0);
    for (actor, code) in [(agent, Code::Forbidden), (Actor::visitor(None), Code::SignedOut)] {
        world.run(async |tx| export::ask(tx, &actor, jana).await).await.refused(code);
        export::exports(&world.desk, &actor, jana).await.refused(code);
        assert_eq!(export::fetch(&world.desk, &actor, id).await.err().unwrap().code, code);
    }
}

/// Every text of every table: what was erased is nowhere.
pub(crate) async fn is_anywhere(world: &World, word: &str) -> Vec<String> {
    let tables: Vec<String> =
        // The numbers of migrations are ours, and contain whatever they like.
        sqlx::query_scalar(
            "select relname::text from pg_stat_user_tables where schemaname = 'public' and relname <> '_sqlx_migrations'",
        )
            .fetch_all(world.desk.pool())
            .await
            .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let sql = format!("select count(*) from {table} t where t::text ilike '%' || $1 || '%'");
        let n: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(word).fetch_one(world.desk.pool()).await.unwrap();
        if n > 0 {
            found.push(table);
        }
    }
    found
}

#[tokio::test]
async fn a_person_is_forgotten_with_what_they_wrote() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let (jana, id) = full(&world, &agent).await;
    let visitor = Actor::visitor(Some("192.0.2.77".into()));
    accounts::sign_in(&world.desk, &visitor, "jana@acme.example", "wrong words here".into(), "").await.err().unwrap();
    let export = world.run(async |tx| export::ask(tx, &admin, jana).await).await.unwrap();
    work(&world).await;
    let how = Erasure { name: "Jana".into(), ..world.erasure(jana, true).await };
    world.run(async |tx| erase::erase(tx, &admin, jana, &how).await).await.wrong("name");
    let how = Erasure { name: " Jana  Weiss ".into(), ..how };
    for (actor, code) in
        [(&world.manager().await, Code::Forbidden), (&agent, Code::Forbidden), (&visitor, Code::SignedOut)]
    {
        world.run(async |tx| erase::erase(tx, actor, jana, &how).await).await.refused(code);
    }
    world.run(async |tx| erase::erase(tx, &admin, jana, &how).await).await.unwrap();
    work(&world).await;
    for word in ["jana", "weiss", "jw@home", "1234", "note on her", "secret", "unsent", "192.0.2.77", "firefox"]
        .into_iter()
        .chain([
            "subject-there",
            "there@id",
            "number-there",
            "jw-user-name",
            "given-there",
            "phone of hers",
            "public-key-bytes",
        ])
    {
        let mut found = is_anywhere(&world, word).await;
        // How often a network has tried is of nobody, and forgotten within a day.
        found.retain(|table| table != "sign_in_throttle" || word != "192.0.2.77");
        assert!(found.is_empty(), "“{word}” is still in {found:?}");
    }
    assert!(export::fetch(&world.desk, &admin, export).await.is_err());
    let shown = ticket::view(&world.desk, &agent, id, Part::Latest).await.unwrap();
    assert_eq!(shown.ticket.requester.name, "Erased customer");
    assert!(shown.slice.entries.iter().any(|e| e.what == Happening::Reply), "what staff wrote stays");
    assert!(search::search(&world.desk, &agent, "secret", 0).await.unwrap().hits.is_empty());
    let files = attachments::of_ticket(&world.desk, &agent, id).await.unwrap();
    assert!(files.iter().all(|f| f.deleted_by.is_some()), "{files:?}");
    assert!(world.files.on_disk().is_empty(), "no bytes are left: {:?}", world.files.on_disk());
    assert!(view::view(&mut world.desk.read().await.unwrap(), &agent, jana).await.unwrap().erased);
    // The same mail again is known, and brings nobody back.
    assert_eq!(world.count("select count(*) from mails").await, 1);
    world.run(async |tx| erase::erase(tx, &admin, jana, &how).await).await.refused(Code::NotFound);
    let said = "select count(*) from events where kind = 'account.erased' and actor_id is not null";
    assert_eq!(world.count(said).await, 1);
}

#[tokio::test]
async fn words_may_stay_without_their_name() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let (jana, id) = full(&world, &agent).await;
    // What was merged into them goes with them.
    let twin = make(&world, &agent, &input("Jane White", "jane@other.example"), "").await.unwrap();
    world.ticket(&world.actor(twin).await).await;
    let before = world.erasure(jana, false).await;
    merge::merge(&world.desk, &admin, jana, twin).await.unwrap();
    // Whoever means one of them does not mean both.
    world.run(async |tx| erase::erase(tx, &admin, jana, &before).await).await.refused(Code::Conflict);
    let how = world.erasure(jana, false).await;
    world.run(async |tx| erase::erase(tx, &admin, jana, &how).await).await.unwrap();
    let shown = ticket::view(&world.desk, &agent, id, Part::Latest).await.unwrap();
    assert!(shown.slice.entries.iter().any(|e| e.message.as_ref().is_some_and(|m| m.html.contains("secret words"))));
    for word in ["jana weiss", "jane", "white", "jw@home", "note on her"] {
        let found: Vec<_> = is_anywhere(&world, word).await;
        // The subject that was theirs to write.
        let found: Vec<_> =
            found.into_iter().filter(|t| !t.starts_with("ticket") || word != "jane" && word != "white").collect();
        assert!(found.is_empty(), "“{word}” is still in {found:?}");
    }
}

#[tokio::test]
async fn nobody_is_forgotten_by_half_who_is_merged_at_the_same_time() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let jana = make(&world, &agent, &input("Jana Weiss", "jana@acme.example"), "").await.unwrap();
    let twin = make(&world, &agent, &input("Jane White", "jane@other.example"), "").await.unwrap();
    let how = world.erasure(jana, false).await;
    // As a merge does it, whose last statement is yet to come.
    let mut merging = world.desk.pool().begin().await.unwrap();
    sqlx::query("update users set merged_into = $1 where id = $2")
        .bind(jana.0)
        .bind(twin.0)
        .execute(&mut *merging)
        .await
        .unwrap();
    sqlx::query("select from users where id = $1 for update").bind(jana.0).execute(&mut *merging).await.unwrap();
    let merged = async {
        world.somebody_waits().await;
        merging.commit().await.unwrap();
    };
    let erased = world.run(async |tx| erase::erase(tx, &admin, jana, &how).await);
    let (erased, ()) = tokio::join!(erased, merged);
    erased.refused(Code::Busy);
    assert!(!view::view(&mut world.desk.read().await.unwrap(), &agent, jana).await.unwrap().erased);
    assert_eq!(is_anywhere(&world, "jane").await, ["user_emails", "users"]);
    world.run(async |tx| erase::erase(tx, &admin, jana, &how).await).await.unwrap();
    assert!(is_anywhere(&world, "jane").await.is_empty());
}

#[tokio::test]
async fn the_pages_ask_for_the_name_and_lead_to_the_file() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let (jana, _) = full(&world, &agent).await;
    let browser = Browser::of(&world, &admin).await;
    assert_eq!(browser.post(&format!("/customers/{jana}/export"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get(&format!("/customers/{jana}")).await.text.contains("Being gathered"));
    work(&world).await;
    let page = browser.get(&format!("/customers/{jana}")).await;
    let link = page.text.split("href=\"/customers/exports/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let file = browser.get(&format!("/customers/exports/{link}")).await;
    assert_eq!((file.status, file.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/zip"));
    let other = Browser::of(&world, &agent).await;
    assert_eq!(other.get(&format!("/customers/exports/{link}")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.get(&format!("/customers/{jana}/erase")).await.status, StatusCode::FORBIDDEN);
    let asked = browser.get(&format!("/customers/{jana}/erase")).await;
    assert!(asked.text.contains("This cannot be undone."));
    let version = world.erasure(jana, false).await.version;
    let sent = async |version: i64, name: &str| {
        let form = [("version", &*version.to_string()), ("name", name)];
        browser.post(&format!("/customers/{jana}/erase"), &form).await
    };
    let stale = sent(version - 1, "Jana Weiss").await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text.contains("changed in the meantime"), "{}", stale.text);
    assert!(stale.text.contains(&format!("name=\"version\" value=\"{version}\"")), "the next try is of what is shown");
    let wrong = sent(version, "Jan").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("This is not the name of this customer."));
    let done = sent(version, "Jana Weiss").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(browser.get(&format!("/customers/{jana}")).await.text.contains("This person was erased."));
}
