//! The security log: complete, only ever added to, found again, taken out.

use crate::support::{Refused as _, World, browser::Browser, id_of, person};
use bytes::Bytes;
use domain::{
    Actor, Code, Role, UserId,
    access::{NewTeam, Permission, Permissions, RoleChoice},
    import::Kind,
    security_log::{Group, LogFilter, LogLine},
};
use futures::stream;
use http::{StatusCode, header};
use server::work::jobs;
use store::{
    access::{log, teams, users},
    customers::{block, erase, merge, view},
    imports,
};

async fn lines(world: &World, actor: &Actor, filter: LogFilter) -> Vec<LogLine> {
    log::list(&world.desk, actor, &filter).await.unwrap().rows
}

fn kinds(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.kind.as_str()).collect()
}

/// Who has read all about a customer is told to whoever asks for it, and hides nothing else.
#[tokio::test]
async fn views_of_customers_are_told_once_a_day_to_who_asks_for_them() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let open = async |actor: &Actor, id| view::open(&world.desk, actor, id).await;
    for actor in [&agent, &agent, &admin] {
        assert_eq!(open(actor, id_of(&jana)).await.unwrap().it.customer.id, id_of(&jana));
    }
    // Who is refused has seen nothing.
    open(&jana, id_of(&jana)).await.refused(Code::Forbidden);
    open(&agent, UserId(-1)).await.refused(Code::NotFound);
    let views = LogFilter { group: Some(Group::Views), ..LogFilter::default() };
    let said = lines(&world, &admin, views.clone()).await;
    assert_eq!(kinds(&said), ["customer.seen"; 2]);
    assert_eq!((said[1].by, said[1].address.as_deref()), (Some(id_of(&agent)), Some("192.0.2.1")));
    assert_eq!(said[1].what, format!("Looked at the page of {}", person(&jana).name));
    for all in [LogFilter::default(), LogFilter { person: id_of(&jana).to_string(), ..LogFilter::default() }] {
        assert!(!kinds(&lines(&world, &admin, all).await).contains(&"customer.seen"));
    }
    let theirs = LogFilter { person: id_of(&jana).to_string(), ..views.clone() };
    assert_eq!(kinds(&lines(&world, &admin, theirs).await), ["customer.seen"; 2]);

    world.advance_seconds(86_401);
    open(&agent, id_of(&jana)).await.unwrap();
    assert_eq!(lines(&world, &admin, views).await.len(), 3);
    // The page says it, too; what stands beside a ticket does not.
    let colleague = Browser::of(&world, &world.agent().await).await;
    let page = colleague.get(&format!("/customers/{}", id_of(&jana))).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(world.count("select count(*) from events where kind = 'customer.seen'").await, 4);
}

/// What is taken out beside the pages for it: mails as they came, and the lines of a file that were refused.
#[tokio::test]
async fn files_with_personal_data_are_not_taken_out_unseen() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let mail = b"From: Eve <eve@other.example>\r\nSubject: x\r\n\r\nHello";
    store::mails::refuse(&world.desk, Bytes::from_static(mail), "It is not a mail.", store::mails::Origin::Archive)
        .await
        .unwrap();
    let mails = store::mails::list(&world.desk, &admin, None, None).await.unwrap();
    let mail = format!("/settings/mails/{}/raw", mails.rows[0].id);
    let mut file = stream::iter([Ok(Bytes::from_static(b"name,email\nEve,none\n"))]);
    let import = imports::create(&world.desk, &admin, Kind::Customers, "list.csv", &mut file).await.unwrap();
    let lines_of = format!("/customers/import/{import}/refused.csv");
    let (theirs, others) = (Browser::of(&world, &admin).await, Browser::of(&world, &agent).await);
    for path in [&mail, &lines_of] {
        assert_eq!(theirs.get(path).await.status, StatusCode::OK, "{path}");
        assert!(others.get(path).await.status.is_client_error(), "{path}");
    }
    let of_people = LogFilter { group: Some(Group::People), ..LogFilter::default() };
    let said = lines(&world, &admin, of_people).await;
    assert_eq!(kinds(&said), ["import.refused_fetched", "mail.fetched"]);
    assert!(said.iter().all(|line| line.by == Some(id_of(&admin))), "{said:#?}");
    // Whoever is to be merged is seen whole, and asked for by number.
    let (jana, twin) = (world.customer().await, world.customer().await);
    for _ in 0..2 {
        merge::preview(&world.desk, &admin, id_of(&jana), id_of(&twin)).await.unwrap();
    }
    merge::preview(&world.desk, &agent, id_of(&jana), id_of(&twin)).await.refused(Code::Forbidden);
    assert_eq!(world.count("select count(*) from events where kind = 'customer.seen'").await, 2);
}

#[tokio::test]
async fn it_says_who_did_what_to_whom_and_from_where() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let email = person(&agent).email.clone();
    let visitor = Browser::of_visitor(&world);
    visitor.post("/sign-in", &[("email", &email), ("password", "wrong")]).await;
    visitor.post("/sign-in", &[("email", "nobody@acme.example"), ("password", "wrong")]).await;
    world.advance_seconds(86_400);
    Browser::of(&world, &agent).await;
    let who = id_of(&agent);
    let manager = RoleChoice::BuiltIn(Role::Manager);
    world.run(async |tx| users::set_role(tx, &admin, who, manager).await).await.unwrap();
    world.run(async |tx| users::set_blocked(tx, &admin, who, true).await).await.unwrap();
    // What happens on tickets is in their own histories.
    world.ticket(&world.customer().await).await;

    let all = lines(&world, &admin, LogFilter::default()).await;
    let failed = "account.sign_in_failed";
    assert_eq!(kinds(&all), ["access.blocked", "access.role_given", "account.signed_in", failed, failed]);
    assert_eq!((all[0].by, all[0].address.as_deref()), (Some(id_of(&admin)), Some("192.0.2.1")));
    assert_eq!(all[1].what, format!("Role of {}: Agent → Manager", person(&agent).name));
    // Of one person: what they did, what was done to them, and who tried their address.
    for text in [email.clone(), email.to_uppercase(), who.to_string()] {
        let theirs = lines(&world, &admin, LogFilter { person: text, ..LogFilter::default() }).await;
        assert_eq!(kinds(&theirs), ["access.blocked", "access.role_given", "account.signed_in", failed]);
    }
    let nobody = LogFilter { person: "nobody@acme.example".into(), ..LogFilter::default() };
    assert_eq!(kinds(&lines(&world, &admin, nobody).await), [failed]);
    let of = |group| LogFilter { group: Some(group), ..LogFilter::default() };
    assert_eq!(kinds(&lines(&world, &admin, of(Group::Rights)).await), ["access.blocked", "access.role_given"]);
    assert_eq!(lines(&world, &admin, of(Group::Refused)).await.len(), 2);
    assert_eq!(lines(&world, &admin, of(Group::People)).await.len(), 0);
    let both = LogFilter { person: email.clone(), ..of(Group::Refused) };
    assert_eq!(kinds(&lines(&world, &admin, both).await), [failed]);
    let days = |from: &str, until: &str| LogFilter { from: from.into(), until: until.into(), ..LogFilter::default() };
    assert_eq!(lines(&world, &admin, days("2026-11-21", "2026-11-21")).await.len(), 2);
    assert_eq!(lines(&world, &admin, days("2026-11-22", "")).await.len(), 3);
    log::list(&world.desk, &admin, &days("yesterday", "")).await.wrong("from");
    log::list(&world.desk, &admin, &LogFilter { after: Some("x".into()), ..LogFilter::default() }).await.wrong("after");
    // Page by page, each once.
    let mut filter = LogFilter { limit: Some(2), ..LogFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = log::list(&world.desk, &admin, &filter).await.unwrap();
        seen.extend(page.rows);
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
    // Everybody sees their own sign-ins, and who tried them.
    world.run(async |tx| users::set_blocked(tx, &admin, who, false).await).await.unwrap();
    assert_eq!(kinds(&log::own(&world.desk, &agent).await.unwrap()), ["account.signed_in", failed]);
    assert!(log::own(&world.desk, &admin).await.unwrap().is_empty());
    let page = Browser::of(&world, &agent).await.get("/me").await;
    assert!(page.text.contains("Recent sign-ins") && page.text.contains("Refused"), "{}", page.text);
}

/// Whether something is told by the name of its kind, as “Customer: changed (customer: 7)”.
fn is_raw(line: &LogLine) -> bool {
    let (first, rest) = line.kind.split_once('.').unwrap();
    line.what.to_lowercase().starts_with(&format!("{first}: {}", rest.replace('_', " ")))
}

#[tokio::test]
async fn what_was_done_to_customers_is_told_in_sentences() {
    let world = World::new().await;
    let (admin, jana, other) = (world.superadmin().await, world.customer().await, world.customer().await);
    let file = format!("name,email,phone\nJana Weiss,{},+49 30 1234\n", person(&jana).email);
    let mut file = stream::iter([Ok(Bytes::from(file))]);
    let import = imports::create(&world.desk, &admin, Kind::Customers, "list.csv", &mut file).await.unwrap();
    for trial in [true, false] {
        world.run(async |tx| imports::begin(tx, &admin, import, trial).await).await.unwrap();
        while jobs::one(&world.desk, &world.post).await.unwrap() {}
    }
    let (id, gone) = (id_of(&jana), id_of(&other));
    world.run(async |tx| block::block(tx, &admin, id, true).await).await.unwrap();
    merge::merge(&world.desk, &admin, id, gone).await.unwrap();
    let said = async || {
        let lines = lines(&world, &admin, LogFilter::default()).await;
        assert!(!lines.iter().any(is_raw), "{lines:#?}");
        lines.into_iter().map(|line| line.what).collect::<Vec<_>>()
    };
    let gone = person(&other).name.clone();
    assert_eq!(
        said().await,
        [
            format!("Merged the customer {gone} into Jana Weiss, with 0 tickets"),
            "Blocked the customer Jana Weiss".to_owned(),
            format!("Finished the import of number {import}: 0 made, 1 changed, 0 refused"),
            "Changed the customer Jana Weiss: name, phone numbers".to_owned(),
            format!("Began the import of number {import}"),
        ]
    );
    let how = world.erasure(id, true).await;
    world.run(async |tx| erase::erase(tx, &admin, id, &how).await).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    let said = said().await;
    let first = format!("Erased the customer of number {id}, and what they wrote");
    assert!(said.contains(&first) && said.contains(&"Blocked the customer Erased customer".to_owned()), "{said:#?}");
    assert!(!said.iter().any(|what| what.contains("Jana") || what.contains(&gone)), "{said:#?}");
}

#[tokio::test]
async fn it_is_only_ever_added_to() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    Browser::of(&world, &agent).await;
    world.run(async |tx| users::set_blocked(tx, &admin, id_of(&agent), true).await).await.unwrap();
    let before = lines(&world, &admin, LogFilter::default()).await;
    assert_eq!(before.len(), 2);
    for sql in [
        "delete from events",
        "delete from events where id = 1",
        "truncate events cascade",
        "update events set actor_name = 'Somebody else'",
        "update events set data = null where id = (select max(id) from events)",
        "update events set at = now() - interval '1 year'",
        // As if within the one function that may.
        "do $$ begin execute 'update events set actor_name = ''x'' /*\nPL/pgSQL function events_forget(bigint[],text[],bigint[]) line 5 at SQL statement*/'; end $$",
        "create function pg_temp.events_forget(bigint[], text[], bigint[]) returns void language plpgsql as $f$ begin update events set actor_name = 'x'; end $f$; select pg_temp.events_forget('{1}', '{}', '{1}')",
        "do $$ begin execute 'delete from events /*\nPL/pgSQL function events_empty(bigint[]) line 5 at SQL statement*/'; end $$",
        "create function pg_temp.events_empty(bigint[]) returns void language plpgsql as $f$ begin update events set actor_name = 'x'; end $f$; select pg_temp.events_empty('{1}')",
        "set session_replication_role = replica; update events set actor_name = 'x'",
        "set session_replication_role = replica; delete from events",
        "insert into events (id, at, actor_name, actor_staff, audience, kind) overriding system value
             values (1, now(), 'x', true, 0, 'account.signed_in') on conflict (id) do update set actor_name = 'x'",
    ] {
        let mut tx = world.desk.pool().begin().await.unwrap();
        let refused = sqlx::raw_sql(sql).execute(&mut *tx).await.expect_err(sql);
        let code = refused.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
        assert_eq!(code, "42501", "{sql}: {refused}");
    }
    assert_eq!(lines(&world, &admin, LogFilter::default()).await, before);
    // A person can be forgotten; that something was done, when, and by which number stays.
    let forgotten: i64 = sqlx::query_scalar("select events_forget(array[$1], '{}', array(select id from events where $1 in (actor_id, (data->'who'->>'id')::bigint)))")
        .bind(id_of(&agent).0)
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
    assert_eq!(forgotten, 2);
    let after = lines(&world, &admin, LogFilter::default()).await;
    assert_eq!(after[0].what, "Blocked Somebody who was erased");
    assert_eq!((after[1].name.as_str(), after[1].address.as_deref()), ("Somebody who was erased", None));
    let kept = |lines: &[LogLine]| lines.iter().map(|l| (l.id, l.at, l.by, l.kind.clone())).collect::<Vec<_>>();
    assert_eq!(kept(&after), kept(&before));
}

#[tokio::test]
async fn it_is_taken_out_without_formulas_and_says_so() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let input = NewTeam { name: "=HYPERLINK(\"https://bad.example\")".into(), ..NewTeam::default() };
    world.run(async |tx| teams::create(tx, &admin, input).await).await.unwrap();
    sqlx::query("update users set name = '@SUM(A1)' where id = $1")
        .bind(id_of(&agent).0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    Browser::of(&world, &agent).await;
    let browser = Browser::of(&world, &admin).await;
    let page = browser.get("/settings/log.csv").await;
    assert_eq!(
        (page.status, &page.headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/csv; charset=utf-8; header=present".parse().unwrap())
    );
    let lines_of_file: Vec<&str> = page.text.trim_end().split("\r\n").collect();
    assert_eq!(lines_of_file[0], "number,at,who,account,address,kind,what");
    assert_eq!(lines_of_file.len(), 4, "{}", page.text);
    assert!(page.text.contains(",'@SUM(A1),"), "{}", page.text);
    assert!(!page.text.contains(",=") && !page.text.contains(",@"), "{}", page.text);
    let all = lines(&world, &admin, LogFilter::default()).await;
    assert_eq!(
        (all[0].kind.as_str(), all[0].what.as_str()),
        ("access.log_exported", "Exported 3 lines of the security log")
    );
    let narrow = browser.get(&format!("/settings/log.csv?about=rights&person={}", id_of(&agent))).await;
    assert_eq!(narrow.text.trim_end().split("\r\n").count(), 1, "{}", narrow.text);
    assert_eq!(browser.get("/settings/log.csv?from=never").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Whoever may not read it gets nothing, and leaves no trace of an export.
    let other = Browser::of(&world, &world.manager().await).await;
    assert_eq!(other.get("/settings/log.csv").await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.get("/settings/log").await.status, StatusCode::FORBIDDEN);
    log::export(&world.desk, &agent, &LogFilter::default()).await.refused(Code::Forbidden);
    assert_eq!(world.count("select count(*) from events where kind = 'access.log_exported'").await, 2);
}

#[tokio::test]
async fn the_pages_of_the_settings_do_what_their_buttons_say() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let browser = Browser::of(&world, &admin).await;
    // Which settings there are, and which have a word.
    let page = browser.get("/settings").await;
    assert!(page.text.contains("Most tickets in a column") && page.text.contains("Export the log"), "{}", page.text);
    let page = browser.get("/settings?q=full+COLUMN").await;
    assert!(page.text.contains("Refuse more") && !page.text.contains("Export the log"), "{}", page.text);
    for (word, found) in [("wip", "board"), ("2FA", "two-step"), ("totp", "two-step"), ("smtp", "mails")] {
        let page = browser.get(&format!("/settings?q={word}")).await;
        let dt = page.text.find("<dt>").expect(word);
        assert!(page.text[dt..].contains(&format!("href=\"/settings/{found}\"")), "{word}: {}", page.text);
    }
    assert!(browser.get("/settings?q=zebra").await.text.contains("Nothing found"));

    // A role is made, shown as it was typed when it is wrong, given, and deleted when nobody has it.
    let page = browser.post("/settings/roles/new", &[("name", ""), ("was", ""), ("may", "reply")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("Please give it a name."), "{}", page.text);
    let form = [("name", "Reader"), ("was", ""), ("may", "see_all_tickets"), ("may", "see_people")];
    let page = browser.post("/settings/roles/new", &form).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let made = page.headers[header::LOCATION].to_str().unwrap().trim_end_matches("?saved").to_owned();
    assert!(browser.get(&made).await.text.contains("Reader"));
    let user = format!("/settings/users/{}", id_of(&agent));
    let id = made.rsplit('/').next().unwrap();
    let page = browser.post(&user, &[("do", "role"), ("role", id)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let now = world.actor(id_of(&agent)).await;
    let expected = Permissions::NONE.with(Permission::SeeAllTickets).with(Permission::SeePeople);
    assert_eq!(person(&now).permissions, expected);
    assert_eq!(browser.post(&made, &[("delete", "yes")]).await.status, StatusCode::CONFLICT);
    let stale = [("name", "Reader"), ("was", "reply"), ("may", "reply")];
    assert_eq!(browser.post(&made, &stale).await.status, StatusCode::CONFLICT);
    browser.post(&user, &[("do", "role"), ("role", "agent")]).await;
    assert_eq!(browser.post(&made, &[("delete", "yes")]).await.status, StatusCode::SEE_OTHER);

    // The last superadmin stays one, and the field says so.
    let own = format!("/settings/users/{}", id_of(&admin));
    let page = browser.post(&own, &[("do", "role"), ("role", "agent")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("id=\"role-error\"") && page.text.contains("the last superadmin"), "{}", page.text);
    assert!(!page.text.contains("Changed in the meantime"), "{}", page.text);

    // Teams.
    let member = id_of(&agent).to_string();
    let page = browser.post("/settings/teams/new", &[("name", "Billing"), ("member", &member)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let team = page.headers[header::LOCATION].to_str().unwrap().trim_end_matches("?saved").to_owned();
    let page = browser.get("/settings/teams").await;
    assert!(page.text.contains("Billing") && page.text.contains(&person(&agent).name), "{}", page.text);
    let number = team.rsplit('/').next().unwrap();
    browser.post(&user, &[("do", "teams")]).await;
    browser.post(&user, &[("do", "teams"), ("team", number)]).await;
    assert_eq!(world.count("select count(*) from team_members").await, 1);
    assert_eq!(browser.post(&team, &[("delete", "yes")]).await.status, StatusCode::SEE_OTHER);

    // Blocking asks once.
    let theirs = Browser::of(&world, &agent).await;
    let page = browser.post(&user, &[("do", "block")]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Block Agent 2?"), "{}", page.text);
    assert_eq!(theirs.get("/me").await.status, StatusCode::OK);
    let page = browser.post(&user, &[("do", "block"), ("sure", "yes")]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    assert!(theirs.get("/me").await.status.is_redirection());
    assert!(browser.get("/settings/users?blocked=yes").await.text.contains("Agent 2"));
    browser.post(&user, &[("do", "unblock")]).await;
    let theirs = Browser::of(&world, &agent).await;
    browser.post(&user, &[("do", "sign-out")]).await;
    assert!(theirs.get("/me").await.status.is_redirection());

    // None of it is for others.
    let agent = Browser::of(&world, &agent).await;
    for path in ["/settings/users", "/settings/roles", "/settings/teams", "/settings/log", &user] {
        assert_eq!(agent.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for (path, form) in [
        (user.as_str(), vec![("do", "role"), ("role", "superadmin")]),
        ("/settings/roles/new", vec![("name", "Mine"), ("may", "manage_staff")]),
        ("/settings/teams/new", vec![("name", "Mine")]),
    ] {
        assert_eq!(agent.post(path, &form).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    // Somebody who manages only teams sees only teams.
    let manager = Browser::of(&world, &world.manager().await).await;
    assert_eq!(manager.get("/settings/teams").await.status, StatusCode::OK);
    assert_eq!(manager.get("/settings/users").await.status, StatusCode::FORBIDDEN);
    let overview = manager.get("/settings").await.text;
    assert!(overview.contains("Members of a team") && !overview.contains("Priority table"), "{overview}");
}
