//! Who customers are on channels other than mail: one identity leads to one of them, through everything that is done to customers.

use super::{input, make, names, privacy::is_anywhere, text};
use crate::support::{Refused as _, Setup, World, browser::Browser, id_of, person, seed, sql};
use domain::{
    Actor, Code, UserId,
    access::{Permission, Permissions},
    channel::Identity,
    customer::CustomerInput,
    import::{Becomes, Field, ImportView, Kind},
    security_log::LogFilter,
};
use futures::{StreamExt as _, stream};
use http::StatusCode;
use server::work::jobs;
use std::io::Read as _;
use store::{
    access::log,
    customers::{company, edit, erase, export, merge, view},
    imports,
};

fn on(channels: &str, name: &str, email: &str) -> CustomerInput {
    CustomerInput { channels: channels.into(), ..input(name, email) }
}

async fn lines(world: &World, actor: &Actor, id: UserId) -> Vec<String> {
    let known = view::open(&world.desk, actor, id).await.unwrap().it;
    known.channels.iter().map(Identity::line).collect()
}

async fn id_at(world: &World, email: &'static str) -> UserId {
    let id = sqlx::query_scalar("select id from users where email = $1").bind(email);
    UserId(id.fetch_one(world.desk.pool()).await.unwrap())
}

#[tokio::test]
async fn identities_are_kept_changed_logged_and_found() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let typed = "twitter: @Jana_X\nTelegram: @Jana_W (Jana  W.)\n\nWhatsApp: +49 (170) 1234567\ntelegram: JANA_W";
    let jana = make(&world, &agent, &on(typed, "Jana", "jana@a.example"), "").await.unwrap();
    let kept = ["Telegram: @jana_w (Jana W.)", "WhatsApp: +491701234567", "X: @jana_x"];
    assert_eq!(lines(&world, &agent, jana).await, kept);
    for typed in ["@jana_w", "JANA_W", "telegram: @jana", "jana_x", "+49 170 123", "491701234567", "0049 170"] {
        assert_eq!(names(&world, &agent, text(typed)).await.0, ["Jana"], "{typed}");
    }
    for typed in ["ana_w", "@", "+49 171", "170 1234567", "telegram:"] {
        assert!(names(&world, &agent, text(typed)).await.0.is_empty(), "{typed}");
    }
    // Another name there is a change, another order is none.
    let same = on(&format!("{}\n{}\n{}", kept[2], kept[1], kept[0]), "Jana", "jana@a.example");
    world.run(async |tx| edit::change(tx, &agent, jana, 1, &same).await).await.unwrap();
    let events = async || world.count("select count(*) from events where kind = 'customer.changed'").await;
    assert_eq!(events().await, 0);
    let other = on("Telegram: jana_w\nSlack: u012ab3cd", "Jana", "jana@a.example");
    world.run(async |tx| edit::change(tx, &agent, jana, 1, &other).await).await.unwrap();
    assert_eq!(lines(&world, &agent, jana).await, ["Telegram: @jana_w", "Slack: U012AB3CD"]);
    assert_eq!(events().await, 1);
    let said = log::list(&world.desk, &admin, &LogFilter::default()).await.unwrap().rows;
    assert!(said.iter().any(|line| line.what == "Changed the customer Jana: channel identities"), "{said:#?}");
    // A stale form changes nothing, and one that says nothing of them takes them away.
    world.run(async |tx| edit::change(tx, &agent, jana, 1, &same).await).await.refused(Code::Conflict);
    world.run(async |tx| edit::change(tx, &agent, jana, 2, &input("Jana", "jana@a.example")).await).await.unwrap();
    assert_eq!(world.count("select count(*) from channel_identities").await, 0);
}

#[tokio::test]
async fn an_identity_leads_to_one_customer() {
    let world = World::new().await;
    let agent = world.agent().await;
    let jana = make(&world, &agent, &on("Telegram: @jana_w", "Jana Weiß", "jana@a.example"), "").await.unwrap();
    let petr = make(&world, &agent, &on("X: @jana_w", "Petr", "petr@a.example"), "").await.unwrap();
    let taken = on("X: petr_x\nTelegram: @JANA_W (Petr)", "Petr", "petr@a.example");
    let change = async |actor: &Actor| world.run(async |tx| edit::change(tx, actor, petr, 1, &taken).await).await;
    let error = change(&agent).await.wrong("channels");
    assert_eq!(error.of_field("channels"), Some("“Telegram: @jana_w” is Jana Weiß already."));
    let error = make(&world, &agent, &CustomerInput { email: "new@a.example".into(), ..taken.clone() }, "").await;
    assert!(error.wrong("channels").of_field("channels").unwrap().contains("Jana Weiß"));
    // Who may not read about customers is not told who it is, nor whose an address is.
    let blind = world.custom(Permissions::default().with(Permission::EditPeople)).await;
    let error = change(&blind).await.wrong("channels");
    assert_eq!(error.of_field("channels"), Some("“Telegram: @jana_w” is another customer already."));
    let error = make(&world, &blind, &input("Eve", "jana@a.example"), "").await.wrong("email");
    assert_eq!(error.of_field("email"), Some("jana@a.example is the address of another customer already."));
    // And of staff nobody is told who it is.
    sqlx::query("insert into channel_identities values ('slack', 'U012AB3CD', $1)")
        .bind(id_of(&agent).0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    let of_staff = on("Slack: U012AB3CD", "Petr", "petr@a.example");
    let error = world.run(async |tx| edit::change(tx, &agent, petr, 1, &of_staff).await).await.wrong("channels");
    assert_eq!(error.of_field("channels"), Some("“Slack: U012AB3CD” is one of your colleagues already."));
    assert_eq!(lines(&world, &agent, petr).await, ["X: @jana_w"], "nothing of it was saved");
    // What was given up is free again.
    world.run(async |tx| edit::change(tx, &agent, jana, 1, &input("Jana", "jana@a.example")).await).await.unwrap();
    change(&agent).await.unwrap();
    assert_eq!(lines(&world, &agent, petr).await, ["Telegram: @jana_w (Petr)", "X: @petr_x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_take_one_at_once_one_gets_it() {
    let world = World::new().await;
    let agent = world.agent().await;
    for n in 0..8 {
        let (a, b) = (format!("a{n}@a.example"), format!("b{n}@a.example"));
        let (both, turned) = (format!("X: x{n}\nTelegram: tele{n}"), format!("Telegram: tele{n}\nX: x{n}"));
        let (one, two) = (on(&both, "Ann", &a), on(&turned, "Ben", &b));
        let (one, two) = tokio::join!(make(&world, &agent, &one, ""), make(&world, &agent, &two, ""));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        one.and(two).wrong("channels");
    }
    assert_eq!(world.count("select count(distinct user_id) from channel_identities").await, 8);
    assert_eq!(world.count("select count(*) from channel_identities").await, 16);
}

#[tokio::test]
async fn nobody_but_staff_reads_or_changes_them() {
    let world = World::new().await;
    let (agent, customer) = (world.agent().await, world.customer().await);
    let (own, email) = (id_of(&customer), person(&customer).email.clone());
    let hers = on("Telegram: @secret_w (Hidden)", "Jana", &email);
    world.run(async |tx| edit::change(tx, &agent, own, 1, &hers).await).await.unwrap();
    world.ticket(&customer).await;
    let reader = world.custom(Permissions::default().with(Permission::SeePeople)).await;
    for (actor, code) in
        [(&customer, Code::Forbidden), (&reader, Code::Forbidden), (&Actor::visitor(None), Code::SignedOut)]
    {
        let taken = on("Telegram: @mine", "Jana", &email);
        world.run(async |tx| edit::change(tx, actor, own, 2, &taken).await).await.refused(code);
        make(&world, actor, &on("Telegram: @mine", "Eve", "eve@a.example"), "").await.refused(code);
    }
    assert_eq!(lines(&world, &reader, own).await, ["Telegram: @secret_w (Hidden)"]);
    view::open(&world.desk, &customer, own).await.map(drop).refused(Code::Forbidden);
    // Not on any page of theirs, nor beside their ticket.
    let browser = Browser::of(&world, &customer).await;
    for path in ["/portal", "/me", &format!("/customers/{own}"), &format!("/customers/{own}/edit")] {
        assert!(!browser.get(path).await.text.contains("secret_w"), "{path}");
    }
    let beside = format!(r#"{{"id":{own}}}"#);
    let beside = Browser::of(&world, &agent).await.call("/rpc/customers/beside", beside).await;
    assert!(beside.status == StatusCode::OK && !beside.text.contains("secret_w"), "{}", beside.text);
}

#[tokio::test]
async fn they_go_along_when_two_are_made_one_or_join_a_company() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let acme = world.company("Acme", false).await;
    let kept = make(&world, &agent, &on("Telegram: @jana_w\nX: @jana", "Jana", "jana@a.example"), "").await.unwrap();
    let gone = on("Telegram: @jana_private (Jana)\nX: @jana_x", "Jana", "jana@b.example");
    let gone = make(&world, &agent, &gone, "").await.unwrap();
    world.run(async |tx| company::convert(tx, &agent, gone, None, Some(acme), false).await).await.unwrap();
    assert_eq!(lines(&world, &agent, gone).await.len(), 2, "a company changes nothing of them");
    assert!(merge::preview(&world.desk, &manager, kept, gone).await.unwrap().channels);
    merge::merge(&world.desk, &manager, kept, gone).await.unwrap();
    let all = ["Telegram: @jana_private (Jana)", "Telegram: @jana_w", "X: @jana", "X: @jana_x"];
    for id in [kept, gone] {
        assert_eq!(lines(&world, &agent, id).await, all);
    }
    assert_eq!(world.count("select count(*) from channel_identities").await, 4);
    assert_eq!(names(&world, &agent, text("@jana_private")).await.0, ["Jana"]);
    // Not more than anybody may have.
    let many: Vec<String> = (0..17).map(|n| format!("Discord: many{n}")).collect();
    let twin = make(&world, &agent, &on(&many.join("\n"), "Twin", "twin@a.example"), "").await.unwrap();
    assert!(!merge::preview(&world.desk, &manager, twin, kept).await.unwrap().kept.erased);
    merge::merge(&world.desk, &manager, kept, twin).await.refused(Code::Impossible);
    assert_eq!(lines(&world, &agent, twin).await.len(), 17);
    let more = on(&(many.join("\n") + "\nX: a1\nX: a2\nX: a3\nX: a4"), "Twin", "twin@a.example");
    world.run(async |tx| edit::change(tx, &agent, twin, 1, &more).await).await.wrong("channels");
}

async fn work(world: &World) {
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
}

async fn brought_in(world: &World, actor: &Actor, file: &str) -> ImportView {
    let mut content = stream::iter([Ok(bytes::Bytes::from(file.to_owned()))]);
    let id = imports::create(&world.desk, actor, Kind::Customers, "list.csv", &mut content).await.unwrap();
    world.run(async |tx| imports::begin(tx, actor, id, true).await).await.unwrap();
    work(world).await;
    let tried = imports::view(&world.desk, actor, id).await.unwrap();
    world.run(async |tx| imports::begin(tx, actor, id, false).await).await.unwrap();
    work(world).await;
    let done = imports::view(&world.desk, actor, id).await.unwrap();
    let counted = |view: &ImportView| (numbers(view), view.refusals.clone());
    assert_eq!(counted(&tried), counted(&done), "what a trial says is what becomes of it");
    ImportView { samples: tried.samples, ..done }
}

fn numbers(view: &ImportView) -> [i64; 4] {
    let i = &view.import;
    [i.made, i.changed, i.same, i.refused]
}

#[tokio::test]
async fn files_bring_them_in() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let jana = on("Telegram: @jana_w (Jana W.)", "Jana", "jana@a.example");
    let jana = make(&world, &agent, &CustomerInput { emails: "jw@a.example".into(), ..jana }, "").await.unwrap();
    // Jana by both of her addresses; somebody by what is hers, by what a line before has, and by what is none.
    let file = "email,Channels,Company\n\
         jana@a.example,\"Telegram: jana_w (Other, name); x: @jana_x, WhatsApp: +49 170 1234567\",\n\
         jw@a.example,\"Slack: u012ab3cd\nX: @JANA_X\",\n\
         petr@a.example,Discord: petr (Petr; the one),New Works\n\
         eve@a.example,Telegram: @JANA_W,Never Works\n\
         eve@a.example,discord: PETR,Never Works\n\
         eve@a.example,Fax: 12,\n\
         eve@a.example,@eve,\n\
         PETR@a.example,Discord: petr; X: petr_x,\n\
         jana@a.example,x: @jana_x,\n\
         last@a.example,Slack: U012AB3CD,\n";
    let done = brought_in(&world, &manager, file).await;
    assert_eq!(numbers(&done), [1, 3, 1, 5], "{:?}", done.refusals);
    assert_eq!(done.import.reading.columns[1], Some(Field::Channels));
    let reasons: Vec<_> = done.refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
    assert_eq!(reasons[0], "“Telegram: @jana_w” is another customer already.", "and not whose it is");
    assert_eq!(reasons[1], "“Discord: @petr” is another customer already.");
    assert!(reasons[2].contains("does not begin with a channel") && reasons[3].contains("“@eve”"), "{reasons:?}");
    assert_eq!(reasons[4], "“Slack: U012AB3CD” is another customer already.");
    assert!(done.samples.iter().any(|sample| sample.becomes == Becomes::Changed(vec!["channels".into()])));
    let hers = ["Telegram: @jana_w (Jana W.)", "WhatsApp: +491701234567", "X: @jana_x", "Slack: U012AB3CD"];
    assert_eq!(lines(&world, &agent, jana).await, hers, "what is there stays as it is");
    let petr = id_at(&world, "petr@a.example").await;
    assert_eq!(lines(&world, &agent, petr).await, ["X: @petr_x", "Discord: @petr (Petr; the one)"]);
    assert_eq!(world.count("select count(*) from companies").await, 1, "a line that is refused makes no company");
    let said = "select count(*) from events where kind = 'customer.changed' and data->'fields' = '[\"channels\"]'";
    assert_eq!(world.count(said).await, 3);
    // The same again changes nothing.
    let again = "email,Channels\njana@a.example,Telegram: jana_w | X: jana_x\n";
    assert_eq!(numbers(&brought_in(&world, &manager, again).await), [0, 0, 1, 0]);
    for (actor, code) in [(&agent, Code::Forbidden), (&world.actor(jana).await, Code::Forbidden)] {
        let mut content = stream::iter([Ok(bytes::Bytes::from(again))]);
        imports::create(&world.desk, actor, Kind::Customers, "l.csv", &mut content).await.refused(code);
    }
}

/// Lines far apart, which a trial takes back before the later ones come.
#[tokio::test]
async fn a_trial_knows_what_lines_long_before_have_taken() {
    let world = World::new().await;
    let manager = world.manager().await;
    let between: String = (0..600).map(|n| format!("p{n}@many.example,X: x{n}\n")).collect();
    let file = format!(
        "email,channels\njana@a.example,Telegram: @jana_w\n{between}petr@a.example,telegram: JANA_W\n\
         jana@a.example,Telegram: jana_w\nx@a.example,X: x7\np7@many.example,X: x7; X: x601\np9@many.example,X: x601\n"
    );
    let done = brought_in(&world, &manager, &file).await;
    assert_eq!(numbers(&done), [601, 1, 1, 3], "{:?}", done.refusals);
    assert_eq!(world.count("select count(*) from channel_identities").await, 602);
}

#[tokio::test]
async fn they_are_taken_out_and_erased() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let jana = on("Telegram: @hidden_w (Secret Words)\nX: @hidden_x", "Jana", "jana@a.example");
    let jana = make(&world, &agent, &jana, "").await.unwrap();
    let twin = make(&world, &agent, &on("Slack: U0HIDDEN1", "Twin", "twin@a.example"), "").await.unwrap();
    merge::merge(&world.desk, &admin, jana, twin).await.unwrap();
    make(&world, &agent, &on("X: @hidde", "Petr", "petr@a.example"), "").await.unwrap();
    // A line that was refused for hers, and ones that were not.
    let file = "email,channels\nx@a.example,X: hidden_x\nx@a.example,X: hidde\nx@a.example,Fax: 17\n";
    assert_eq!(numbers(&brought_in(&world, &admin, file).await), [0, 0, 0, 3]);
    let id = world.run(async |tx| export::ask(tx, &admin, jana).await).await.unwrap();
    work(&world).await;
    let (_, mut parts) = export::fetch(&world.desk, &admin, id).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await {
        bytes.extend(part.unwrap());
    }
    let mut data = String::new();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    zip.by_name("data.json").unwrap().read_to_string(&mut data).unwrap();
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let known = serde_json::json!([
        { "channel": "Telegram", "called": "@hidden_w (Secret Words)" },
        { "channel": "X", "called": "@hidden_x" },
        { "channel": "Slack", "called": "U0HIDDEN1" },
    ]);
    assert_eq!(data["person"]["channels"], known);

    let how = world.erasure(jana, false).await;
    world.run(async |tx| erase::erase(tx, &admin, jana, &how).await).await.unwrap();
    work(&world).await;
    for word in ["hidden", "secret words"] {
        let found = is_anywhere(&world, word).await;
        assert!(found.is_empty(), "“{word}” is still in {found:?}");
    }
    assert_eq!(world.count("select count(*) from import_refusals").await, 2);
    assert_eq!(world.count("select count(*) from channel_identities").await, 1, "nobody else's");
    // Whoever comes from there is somebody new.
    make(&world, &agent, &on("Telegram: @hidden_w", "New", "new@a.example"), "").await.unwrap();
}

#[tokio::test]
async fn the_form_keeps_what_was_typed_and_the_page_shows_it() {
    let world = World::new().await;
    let agent = world.agent().await;
    make(&world, &agent, &on("Telegram: @jana_w", "Jana <Weiß>", "jana@a.example"), "").await.unwrap();
    let petr = make(&world, &agent, &input("Petr", "petr@a.example"), "").await.unwrap();
    let browser = Browser::of(&world, &agent).await;
    let page = format!("/customers/{petr}");
    let save = async |channels: &str| {
        let typed = [("version", "1"), ("name", "Petr"), ("email", "petr@a.example"), ("channels", channels)];
        browser.post(&format!("{page}/edit"), &typed).await
    };
    for (channels, said) in [
        ("X: petr\n@petr</textarea><script>", "does not begin with a channel and a colon"),
        ("Telegram: petr-1", "“petr-1” cannot be anybody on Telegram. Write @jana_w, or a number."),
        ("X: petr\ntelegram: jana_w", "“Telegram: @jana_w” is Jana &lt;Weiß&gt; already."),
    ] {
        let wrong = save(channels).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{channels}");
        assert!(wrong.text.contains(said), "{said}: {}", wrong.text);
        let first = channels.lines().next().unwrap();
        assert!(wrong.text.contains(first) && !wrong.text.contains("</textarea><script>"), "{}", wrong.text);
    }
    let saved = save("Telegram: petr_w (Petr <b>)\nTelegram: 123456\nX: petr").await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let shown = browser.get(&page).await.text;
    for part in ["<dt>Telegram<", "123456", "@petr_w (Petr &lt;b&gt;)", "<dt>X<", "@petr<"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("<dt>Slack<") && !shown.contains("(Petr <b>)"));
    let edit = browser.get(&format!("{page}/edit")).await.text;
    assert!(edit.contains("Telegram: 123456\nTelegram: @petr_w (Petr &lt;b"), "{edit}");
    for path in [page.clone(), format!("{page}/edit"), "/customers?q=@petr".into()] {
        let (page, statements) = sql::fewest(6, || browser.get(&path)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(statements.len() <= 6, "{path}: {statements:#?}");
    }
}

#[tokio::test]
async fn customers_are_found_by_identities_as_cheaply_as_by_their_names() {
    let world = World::with(Setup { connections: 1, ..Setup::default() }).await;
    let agent = world.agent().await;
    seed::customers(&world, 50_000).await;
    sqlx::query("insert into channel_identities select 'telegram', 'everybody_' || id, id from users where email like 'seeded%'")
        .execute(world.desk.pool())
        .await
        .unwrap();
    sqlx::query("vacuum analyze channel_identities").execute(world.desk.pool()).await.unwrap();
    for (typed, most) in [("@everybody", 50), ("telegram: everybody_1", 50), ("@nobody", 0), ("+49 170", 0)] {
        let (found, reads) = sql::reads(&world, names(&world, &agent, text(typed))).await;
        assert!(found.0.len() <= most && (most == 0) == found.0.is_empty(), "{typed}: {}", found.0.len());
        for table in ["users", "channel_identities"] {
            let read = reads.get(table).copied().unwrap_or_default();
            assert!(read.scans == 0 && read.rows < 1_000, "{typed}: {table} {read:?}");
        }
    }
}
