//! Customers, companies and tickets brought in from files.

mod broken_off;
mod companies;
mod exact;
mod tickets;

use crate::support::{Refused as _, World, browser::Browser, id_of, person, sql};
use bytes::Bytes;
use domain::{
    Actor, Code, Error, ImportId, Result,
    customer::{Customer, CustomerFilter},
    import::{Becomes, Field, ImportView, Kind, LINES_MAX, SAMPLES, State},
};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use http::{Request, StatusCode, header};
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use server::work::jobs;
use store::{
    customers::{list, view},
    imports,
};

/// A file as it comes by the network: in pieces.
fn pieces<'a>(file: impl Into<Vec<u8>>) -> BoxStream<'a, Result<Bytes>> {
    let file = Bytes::from(file.into());
    let pieces: Vec<_> = (0..file.len()).step_by(1_000).map(|at| file.slice(at..file.len().min(at + 1_000))).collect();
    stream::iter(pieces.into_iter().map(Ok)).boxed()
}

async fn upload(world: &World, actor: &Actor, kind: Kind, file: &str) -> ImportId {
    imports::create(&world.desk, actor, kind, "list.csv", &mut pieces(file)).await.unwrap()
}

async fn seen(world: &World, actor: &Actor, id: ImportId) -> ImportView {
    imports::view(&world.desk, actor, id).await.unwrap()
}

/// Begins, and does all the work there is.
async fn go(world: &World, actor: &Actor, id: ImportId, trial: bool) -> ImportView {
    world.run(async |tx| imports::begin(tx, actor, id, trial).await).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    seen(world, actor, id).await
}

fn numbers(view: &ImportView) -> [i64; 4] {
    let i = &view.import;
    [i.made, i.changed, i.same, i.refused]
}

async fn customers(world: &World, actor: &Actor) -> Vec<Customer> {
    let mut conn = world.desk.read().await.unwrap();
    let rows = list::list(&mut conn, actor, &CustomerFilter::default()).await.unwrap().rows;
    let mut found = Vec::new();
    for row in rows {
        found.push(view::view(&mut conn, actor, row.id).await.unwrap());
    }
    found
}

const FILE: &str = "\
Name;E-Mail;Company;Phone;Notes;Shoe size
Jana Weiß;jana@acme.example;Acme;+49 30 1234;\"Prefers; tea\";39
;petr@home.example;;;;
Nobody;not an address;;;;
;;;;only notes;
Agent;{agent};;;;
Twice;JANA@acme.example;;;;
";

#[tokio::test]
async fn a_file_is_tried_and_brought_in_and_twice_is_once() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let file = FILE.replace("{agent}", &person(&agent).email);
    let id = upload(&world, &manager, Kind::Customers, &file).await;
    let shown = seen(&world, &manager, id).await;
    let columns =
        [Some(Field::Name), Some(Field::Email), Some(Field::Company), Some(Field::Phone), Some(Field::Notes), None];
    assert_eq!((shown.import.lines_all, &shown.import.reading.columns[..]), (6, &columns[..]));
    assert_eq!(shown.preview[0][0], "Jana Weiß");
    world.run(async |tx| imports::begin(tx, &manager, id, false).await).await.refused(Code::Over);

    let events = world.count("select count(*) from events").await;
    let tried = go(&world, &manager, id, true).await;
    assert_eq!((tried.import.state, numbers(&tried)), (State::Tried, [2, 1, 0, 3]), "{tried:?}");
    let becomes = |view: &ImportView| view.samples.iter().map(|s| (s.line, s.becomes.clone())).collect::<Vec<_>>();
    let made = || Becomes::Made(None);
    let twice = Becomes::Changed(vec!["name".into()]);
    assert_eq!(becomes(&tried), [(2, made()), (3, made()), (7, twice)], "what would be is said");
    assert!(tried.samples[0].says.starts_with("Jana Weiß · jana@acme.example"), "{:?}", tried.samples);
    assert!(customers(&world, &manager).await.is_empty(), "nothing was changed");
    assert_eq!(world.count("select count(*) from companies").await, 0);
    assert_eq!(world.count("select count(*) from events").await, events, "and nobody told of it");

    let done = go(&world, &manager, id, false).await;
    assert_eq!((done.import.state, numbers(&done)), (State::Done, [2, 1, 0, 3]));
    let lines: Vec<_> = done.refusals.iter().map(|r| r.line).collect();
    assert_eq!(lines, [4, 5, 6]);
    assert!(done.refusals[2].reason.contains("colleague"), "{:?}", done.refusals);
    let all = customers(&world, &manager).await;
    let names: Vec<_> = all.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["petr", "Twice"], "the last line of an address has the last word");
    assert_eq!(all[1].company.as_ref().map(|c| c.name.as_str()), Some("Acme"), "which was made");
    assert_eq!((&all[1].phones[..], all[1].notes.as_str()), (&["+49 30 1234".to_owned()][..], "Prefers; tea"));
    assert_eq!(world.count("select count(*) from events where kind like 'import.%'").await, 2);
    assert_eq!(
        world.count("select count(*) from events where kind = 'customer.created' and actor_id is not null").await,
        2
    );

    // The same file again: the two lines of one address take turns, nobody is doubled.
    let again = upload(&world, &manager, Kind::Customers, &file).await;
    go(&world, &manager, again, true).await;
    let done = go(&world, &manager, again, false).await;
    assert_eq!((numbers(&done)[0], customers(&world, &manager).await.len()), (0, 2));
    world.run(async |tx| imports::begin(tx, &manager, id, false).await).await.refused(Code::Over);
}

#[tokio::test]
async fn several_columns_are_phone_numbers() {
    let world = World::new().await;
    let manager = world.manager().await;
    let file = "Full name;Title;Email;Work phone;Mobile phone;Company;About\n\
                Änne Müller;Dr.;aenne@fresh.example;+49 30 1;+49 170 2;Fresh;Likes tea\n\
                Sam Smith;;sam@fresh.example;;+44 20 3;Fresh;\n";
    let id = upload(&world, &manager, Kind::Customers, file).await;
    let reading = seen(&world, &manager, id).await.import.reading;
    world.run(async |tx| imports::set_reading(tx, &manager, id, &reading).await).await.unwrap();
    go(&world, &manager, id, true).await;
    assert_eq!(numbers(&go(&world, &manager, id, false).await), [2, 0, 0, 0]);
    let mut phones: Vec<_> = customers(&world, &manager).await.into_iter().map(|c| c.phones).collect();
    phones.sort_by_key(|phones| std::cmp::Reverse(phones.len()));
    assert_eq!(phones, [vec!["+49 30 1", "+49 170 2"], vec!["+44 20 3"]]);
}

#[tokio::test]
async fn who_belongs_to_another_company_stays_there() {
    let world = World::new().await;
    let manager = world.manager().await;
    let (acme, _) = (world.company("Acme", false).await, world.company("Other", false).await);
    let (jana, petr) = (world.company_user(acme).await, world.customer().await);
    let file = format!(
        "email,company\n{},Other\n{},Other\nnew@a.example,Other\n{},Nowhere\n",
        person(&jana).email,
        person(&petr).email,
        person(&world.customer().await).email
    );
    let id = upload(&world, &manager, Kind::Customers, &file).await;
    go(&world, &manager, id, true).await;
    let done = go(&world, &manager, id, false).await;
    assert_eq!(numbers(&done), [1, 1, 0, 2], "{:?}", done.refusals);
    assert_eq!(world.actor(id_of(&jana)).await.principal().unwrap().company, Some(acme));
    assert!(world.actor(id_of(&petr)).await.principal().unwrap().company.is_some(), "an individual joins");
}

/// Lines under several addresses of one person add to what is known of them, one after another.
#[tokio::test]
async fn two_addresses_of_one_person_take_nothing_from_each_other() {
    let world = World::new().await;
    let manager = world.manager().await;
    let jana = id_of(&world.customer().await);
    sqlx::query(
        "insert into user_emails (address, user_id, email)
         select a, $1, a from unnest(array['jana@work.example', 'jana@home.example']) a",
    )
    .bind(jana.0)
    .execute(world.desk.pool())
    .await
    .unwrap();
    let file = "name,email,phone,notes\nJana,jana@work.example,111,At work\nJana,jana@home.example,222,At home\n\
                Jana,JANA@work.example,333,\n";
    let id = upload(&world, &manager, Kind::Customers, file).await;
    assert_eq!(numbers(&go(&world, &manager, id, true).await), [0, 3, 0, 0]);
    assert_eq!(numbers(&go(&world, &manager, id, false).await), [0, 3, 0, 0]);
    let mut conn = world.desk.read().await.unwrap();
    let jana = view::view(&mut conn, &manager, jana).await.unwrap();
    assert_eq!(jana.phones, ["111", "222", "333"]);
    assert!(jana.notes.contains("At work") && jana.notes.contains("At home"), "{}", jana.notes);
}

/// What only the database takes for the same name spoils its own line at most, and no line holds the others up.
#[tokio::test]
async fn odd_lines_do_not_stop_the_others() {
    let world = World::new().await;
    let manager = world.manager().await;
    let many: String = (0..20).map(|n| format!("p{n}@a.example,Company {n}\n")).collect();
    let long = "x".repeat(imports::read::LINE_MAX);
    // A sigma at the end of a word has a small letter of its own, but not everywhere.
    let file = format!(
        "email,company\n{many}a@odd.example,\u{39f}\u{394}\u{39f}\u{3a3}\nb@odd.example,\u{3bf}\u{3b4}\u{3bf}\u{3c3}\n\
         no\u{0} address,\u{0}\n\"c@odd.example\",\"{long}\"\nd@odd.example,\ne@odd.example,\"\nf@odd.example,{long}\n"
    );
    let id = upload(&world, &manager, Kind::Customers, &file).await;
    assert_eq!(numbers(&go(&world, &manager, id, true).await), [23, 0, 0, 3]);
    let done = go(&world, &manager, id, false).await;
    assert_eq!((done.import.state, numbers(&done)), (State::Done, [23, 0, 0, 3]), "{:?}", done.refusals);
    let reasons: Vec<_> = done.refusals.iter().map(|r| (r.line, r.reason.contains("256 KB"))).collect();
    assert_eq!(reasons, [(24, false), (25, true), (27, true)]);
    assert_eq!(done.refusals[0].cells, ["no address", ""], "what cannot be stored is left out");
}

/// What is asked of the database does not grow with the lines.
#[tokio::test]
async fn many_lines_take_as_many_statements_as_few() {
    let world = World::new().await;
    let manager = world.manager().await;
    for kind in Kind::ALL {
        let mut counts = Vec::new();
        for (letter, most) in [('a', 2), ('b', 400)] {
            let of = |n: i32| match kind {
                Kind::Customers => format!("Person {n},{letter}{n}@many.example,Company {letter}{n}\n"),
                Kind::Companies => format!("Name {letter}{n},{letter}{n}.example,Gold\n"),
                Kind::Tickets => format!(
                    "{letter}{n},{letter}{n}@many.example,tag {letter}{n},2020-01-01,{},Help\n",
                    person(&manager).email
                ),
            };
            let head = match kind {
                Kind::Customers => "name,email,company\n",
                Kind::Companies => "name,domain,tier\n",
                Kind::Tickets => "ticket id,email,tags,created time,agent,subject\n",
            };
            // So that some are there already.
            let first = upload(
                &world,
                &manager,
                kind,
                &format!("{head}{}", of(0).replace("Person", "Nobody").replace("Gold", "")),
            )
            .await;
            go(&world, &manager, first, true).await;
            go(&world, &manager, first, false).await;
            let lines: String = (0..most).map(of).collect();
            let id = upload(&world, &manager, kind, &format!("{head}{lines},gmail.com,\n")).await;
            for trial in [true, false] {
                world.run(async |tx| imports::begin(tx, &manager, id, trial).await).await.unwrap();
                let (done, sent) = sql::statements(imports::work(&world.desk, id)).await;
                done.unwrap();
                let (changed, same) = if kind == Kind::Tickets { (0, 1) } else { (1, 0) };
                assert_eq!(numbers(&seen(&world, &manager, id).await), [i64::from(most) - 1, changed, same, 1]);
                counts.push(sent.len());
            }
        }
        assert_eq!(counts[..2], counts[2..], "{kind:?}");
        assert!(counts.iter().all(|n| *n <= 30), "{kind:?}: {counts:?}");
    }
}

/// Of a file that breaks off nothing stays.
#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let world = World::new().await;
    let manager = world.manager().await;
    for length in [10, 100_000, 6_000_000] {
        let broken = Err(Error::new(Code::Invalid, "The form did not arrive whole."));
        let mut file = pieces("a@a.example\n".repeat(length / 12)).chain(stream::iter([broken]));
        imports::create(&world.desk, &manager, Kind::Customers, "a.csv", &mut file).await.refused(Code::Invalid);
        let (file, rows) =
            (world.desk.files().list(None).next().await, world.count("select count(*) from imports").await);
        assert!(file.is_none() && rows == 0, "{file:?}");
    }
    // One that comes whole is the same when it is read again, however many pieces it came in.
    let lines: String = (0..30_000).map(|n| format!("p{n}@a.example,{}\n", "é".repeat(100))).collect();
    let id = upload(&world, &manager, Kind::Customers, &lines).await;
    let view = seen(&world, &manager, id).await;
    assert_eq!((view.import.size, view.import.lines_all), (lines.len() as i64, 30_000));
    let path = world.desk.files().list(None).next().await.unwrap().unwrap().location;
    assert_eq!(world.desk.files().get(&path).await.unwrap().bytes().await.unwrap(), lines.as_bytes());
}

#[tokio::test]
async fn a_long_file_goes_on_where_it_was_and_stops_when_it_is_told() {
    let world = World::new().await;
    let manager = world.manager().await;
    let lines: String = (0..450).map(|n| format!("Person {n},p{n}@many.example\n")).collect();
    let id = upload(&world, &manager, Kind::Customers, &format!("name,email\n{lines}")).await;
    let tried = go(&world, &manager, id, true).await;
    assert_eq!((numbers(&tried), tried.samples.len()), ([450, 0, 0, 0], SAMPLES as usize), "no more than the first");
    // As if a worker had been cut off after the first batch.
    world.run(async |tx| imports::begin(tx, &manager, id, false).await).await.unwrap();
    sqlx::query("update imports set lines_done = 200, made = 200").execute(world.desk.pool()).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    let done = seen(&world, &manager, id).await;
    assert_eq!((done.import.lines_done, numbers(&done)), (450, [450, 0, 0, 0]));
    assert_eq!(world.count("select count(*) from users where role = 'customer'").await, 250);

    let second = upload(&world, &manager, Kind::Customers, &format!("name,email\n{lines}")).await;
    go(&world, &manager, second, true).await;
    world.run(async |tx| imports::begin(tx, &manager, second, false).await).await.unwrap();
    world.run(async |tx| imports::stop(tx, &manager, second).await).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    let stopped = seen(&world, &manager, second).await;
    assert_eq!((stopped.import.state, stopped.import.lines_done), (State::Stopped, 0));
    assert_eq!(numbers(&go(&world, &manager, second, false).await), [200, 0, 250, 0], "and can be begun again");
}

/// What it says is what will happen, also where a job goes on with what another one has begun.
#[tokio::test]
async fn a_trial_that_goes_on_counts_nobody_twice() {
    let world = World::new().await;
    let manager = world.manager().await;
    let lines =
        |from: i32, to: i32| (from..to).map(|n| format!("Person {n},P{n}@many.example,Many\n")).collect::<String>();
    let file = format!("name,email,company\n{}Nobody,nothing,\n{}{}", lines(0, 600), lines(0, 600), lines(0, 1));
    let id = upload(&world, &manager, Kind::Customers, &file).await;
    let tried = go(&world, &manager, id, true).await;
    assert_eq!(numbers(&tried), [600, 0, 601, 1], "{:?}", tried.refusals);
    // As if a worker had been cut off after the first batch.
    world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.unwrap();
    sqlx::query("update imports set lines_done = 500, made = 500").execute(world.desk.pool()).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert_eq!(numbers(&seen(&world, &manager, id).await), [600, 0, 601, 1]);
    let done = go(&world, &manager, id, false).await;
    assert_eq!(numbers(&done), [600, 0, 601, 1]);
    assert_eq!(world.count("select count(*) from users where company_id = (select id from companies)").await, 600);
    let said = "select count(*) from events where kind = 'customer.created' and actor_id is not null";
    assert_eq!(world.count(said).await, 600);
}

#[tokio::test]
async fn very_many_refused_lines_are_all_in_the_file() {
    let world = World::new().await;
    let manager = world.manager().await;
    let lines: String = (0..2_500).map(|n| format!("=Person {n},none\n")).collect();
    let id = upload(&world, &manager, Kind::Customers, &format!("name,email\n{lines}")).await;
    let tried = go(&world, &manager, id, true).await;
    assert_eq!((numbers(&tried), tried.refusals.len()), ([0, 0, 0, 2_500], 20));
    let browser = Browser::of(&world, &manager).await;
    let file = browser.get(&format!("/customers/import/{id}/refused.csv")).await.text;
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2_501, "Line,Reason,name,email"));
    for (n, line) in lines[1..].iter().enumerate() {
        assert!(line.starts_with(&format!("{},", n + 2)) && line.ends_with(&format!("'=Person {n},none")), "{line}");
    }
}

#[tokio::test]
async fn refused_lines_are_mended_and_uploaded_again() {
    let world = World::new().await;
    let manager = world.manager().await;
    let browser = Browser::of(&world, &manager).await;
    let notes = format!("- first; {}\n- last", "a long note, ".repeat(100));
    let file = format!(
        "Name;E-Mail;Phone;Company;Notes\nJana;jana at acme;+49 30 1234;Acme;\"{notes}\"\nPetr;petr@acme.example;;Acme;\n"
    );
    let id = upload(&world, &manager, Kind::Customers, &file).await;
    go(&world, &manager, id, true).await;
    let done = go(&world, &manager, id, false).await;
    assert_eq!(numbers(&done), [1, 0, 0, 1]);
    assert!(done.refusals[0].cells[4].chars().count() <= domain::import::CELL_MAX + 1, "the page shows the beginning");

    let report = browser.get(&format!("/customers/import/{id}/refused.csv")).await.text;
    assert!(report.contains(",'+49 30 1234,"), "{report}");
    let again = upload(&world, &manager, Kind::Customers, &report.replace("jana at acme", "jana@acme.example")).await;
    go(&world, &manager, again, true).await;
    assert_eq!(numbers(&go(&world, &manager, again, false).await), [1, 0, 0, 0]);
    let all = customers(&world, &manager).await;
    let jana = all.iter().find(|c| c.name == "Jana").unwrap();
    assert_eq!((&jana.phones[..], jana.notes.as_str()), (&["+49 30 1234".to_owned()][..], notes.as_str()));
    assert_eq!(jana.company.as_ref().map(|c| c.name.as_str()), Some("Acme"));
}

#[tokio::test]
async fn files_that_cannot_be_brought_in_are_refused_at_once() {
    let world = World::new().await;
    let manager = world.manager().await;
    let refused = async |file: Vec<u8>| {
        imports::create(&world.desk, &manager, Kind::Customers, "a.csv", &mut pieces(file)).await.wrong("file")
    };
    refused(Vec::new()).await;
    refused(b"name,email\n".to_vec()).await;
    refused(vec![b'x'; domain::import::FILE_MAX + 1]).await;
    refused(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and, many\nmore, lines\n".to_vec()).await;
    refused("a@a.example\n".repeat(LINES_MAX as usize + 2).into_bytes()).await;
    assert_eq!(world.count("select count(*) from imports").await, 0);
    // What could be a text and is none that anybody can read is shown as it is.
    let id = imports::create(
        &world.desk,
        &manager,
        Kind::Customers,
        "a.png",
        &mut pieces([0x89, b'P', 4, 1, 2, 255, 10, 7]),
    )
    .await
    .unwrap();
    world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.wrong("columns");
    for (actor, code) in [(world.agent().await, Code::Forbidden), (Actor::visitor(None), Code::SignedOut)] {
        imports::view(&world.desk, &actor, id).await.refused(code);
        imports::refused_file(&world.desk, &actor, id).await.map(drop).refused(code);
        world.run(async |tx| imports::begin(tx, &actor, id, true).await).await.refused(code);
    }
}

#[tokio::test]
async fn whoever_may_not_any_more_brings_in_nothing() {
    let world = World::new().await;
    let (manager, admin) = (world.manager().await, world.superadmin().await);
    let id = upload(&world, &manager, Kind::Customers, "email\na@a.example\n").await;
    world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.unwrap();
    world.block(&manager).await;
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    let view = seen(&world, &admin, id).await;
    assert_eq!(view.import.state, State::Failed);
    assert!(view.import.problem.is_some() && customers(&world, &admin).await.is_empty());
}

#[tokio::test]
async fn the_pages_take_a_file_from_the_upload_to_its_report() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let browser = Browser::of(&world, &manager).await;
    let send = async |browser: &Browser, file: &str| {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncustomers\r\n--x\r\nContent-Disposition: form-data; \
             name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n{file}\r\n--x--\r\n"
        );
        let request = Request::post("/customers/import")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .header("sec-fetch-site", "same-origin");
        browser.send(request.body(body.into()).unwrap()).await
    };
    let empty = send(&browser, "").await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.text.contains("There is nothing in this file"));
    assert_eq!(send(&Browser::of(&world, &agent).await, "email\na@a.example").await.status, StatusCode::FORBIDDEN);
    let page = Browser::of(&world, &agent).await.get("/customers/import").await;
    assert_eq!((page.status, page.text.matches("Not allowed").count()), (StatusCode::FORBIDDEN, 1), "{}", page.text);
    assert!(!page.text.contains("Upload and look"), "{}", page.text);
    let sent = send(&browser, "Who,Where\n=cmd|' /C calc'!A0,nowhere\nJana <b>,jana@a.example\n").await;
    let page = sent.headers[header::LOCATION].to_str().unwrap().to_owned();
    let shown = browser.get(&page).await;
    assert!(shown.text.contains("Jana &lt;b&gt;") && !shown.text.contains("Jana <b>"), "{}", shown.text);
    let form = [
        ("do", "try"),
        ("width", "2"),
        ("encoding", "UTF-8"),
        ("separator", "comma"),
        ("header", "on"),
        ("column-0", "name"),
    ];
    let wrong = browser.post(&page, &form).await;
    assert!(wrong.text.contains("Say which column has the e-mail addresses."), "{}", wrong.text);
    let form = [&form[..], &[("column-1", "email")]].concat();
    assert_eq!(browser.post(&page, &form).await.status, StatusCode::SEE_OTHER);
    assert!(browser.get(&page).await.text.contains("<progress"));
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert!(browser.get(&page).await.text.contains("Would be made"));
    assert_eq!(browser.post(&page, &[("do", "run")]).await.status, StatusCode::SEE_OTHER);
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert!(browser.get(&page).await.text.contains("Done."));
    let file = browser.get(&format!("{page}/refused.csv")).await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert!(file.text.contains(",'=cmd|' /C calc'!A0,nowhere"), "no formula: {}", file.text);
    assert_eq!(
        Browser::of(&world, &agent).await.get(&format!("{page}/refused.csv")).await.status,
        StatusCode::FORBIDDEN
    );
}
