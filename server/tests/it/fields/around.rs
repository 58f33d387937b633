//! What else custom fields are a part of: files that come in and go out, merging, erasing, searching.

use super::*;
use crate::customers::privacy::is_anywhere;
use crate::support::{Setup, seed, sql};
use domain::{
    company::CompanyFilter,
    customer::CustomerFilter,
    import::{self, Becomes, Field},
};
use futures::{StreamExt as _, stream};
use std::io::Read as _;
use store::{
    customers::{export, list, merge},
    imports,
};

async fn brought_in(world: &World, actor: &Actor, kind: import::Kind, file: &str) -> import::ImportView {
    let mut content = stream::iter([Ok(bytes::Bytes::from(file.to_owned()))]);
    let id = imports::create(&world.desk, actor, kind, "list.csv", &mut content).await.unwrap();
    let mut samples = Vec::new();
    for trial in [true, false] {
        world.run(async |tx| imports::begin(tx, actor, id, trial).await).await.unwrap();
        while jobs::one(&world.desk, &world.post).await.unwrap() {}
        if trial {
            samples = imports::view(&world.desk, actor, id).await.unwrap().samples;
        }
    }
    let done = imports::view(&world.desk, actor, id).await.unwrap();
    import::ImportView { samples, ..done }
}

fn numbers(view: &import::ImportView) -> [i64; 4] {
    let i = &view.import;
    [i.made, i.changed, i.same, i.refused]
}

#[tokio::test]
async fn files_fill_fields_by_their_names() {
    let world = World::new().await;
    let (admin, manager, agent) = (world.superadmin().await, world.manager().await, world.agent().await);
    let size = field(&world, &admin, definition("Shoe size", Kind::Number)).await;
    let likes = field(&world, &admin, definition("Likes", Kind::Choices)).await;
    field(&world, &admin, definition("Looked after by", Kind::Person)).await;
    field(&world, &admin, NewDefinition { required: true, ..definition("Contract", Kind::Text) }).await;
    let email = &person(&agent).email;
    let file = format!(
        "email;shoe_size;Likes;Looked after by\n\
         jana@a.example;38.50;small, LARGE;{email}\n\
         petr@a.example;;;\n\
         bad@a.example;big;;\n\
         worse@a.example;;Tiny;\n\
         eve@a.example;;;nobody@x.example\n\
         JANA@a.example;39;;\n"
    );
    let done = brought_in(&world, &manager, import::Kind::Customers, &file).await;
    assert_eq!(numbers(&done), [2, 1, 0, 3], "{:?}", done.refusals);
    assert_eq!(done.import.reading.columns[1], Some(Field::Custom(size.id)));
    assert_eq!(done.custom.len(), 4);
    let reasons: Vec<_> = done.refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
    assert!(reasons[0].starts_with("Shoe size: This is no number"), "{reasons:?}");
    assert!(reasons[1].contains("no choice “tiny”") && reasons[2].contains("Nobody on staff"), "{reasons:?}");
    let last = done.samples.last().map(|sample| sample.becomes.clone());
    assert!(
        matches!(last, Some(Becomes::Changed(names)) if names.contains(&"Shoe size".to_owned())),
        "{:?}",
        done.samples
    );
    let jana: i64 = sqlx::query_scalar("select id from users where email = 'jana@a.example'")
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
    let name = person(&agent).name.clone();
    let now: Vec<String> = texts(&world, &agent, UserId(jana)).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(now, ["39", "Small + Large", &name], "what a line does not say stays");
    assert!(said(&world).await.contains(r#""from": "38.5""#), "{}", said(&world).await);
    // The same again changes nothing but what its lines say one after the other.
    assert_eq!(
        numbers(
            &brought_in(&world, &manager, import::Kind::Customers, "email,Likes\njana@a.example,Large;Small\n").await
        ),
        [0, 0, 1, 0]
    );
    // A column of a field that was retired since says nothing; two of one field are refused.
    let mut content = stream::iter([Ok(bytes::Bytes::from_static(b"email,Likes,x\na@a.example,Small,Large\n"))]);
    let id = imports::create(&world.desk, &manager, import::Kind::Customers, "l.csv", &mut content).await.unwrap();
    let view = imports::view(&world.desk, &manager, id).await.unwrap();
    let twice = import::Reading {
        columns: vec![Some(Field::Email), Some(Field::Custom(likes.id)), Some(Field::Custom(likes.id))],
        ..view.import.reading.clone()
    };
    world.run(async |tx| imports::set_reading(tx, &manager, id, &twice).await).await.unwrap();
    let error = world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.wrong("columns");
    assert!(error.of_field("columns").unwrap().contains("“Likes”"), "{error:?}");
    world.run(async |tx| define::retire(tx, &admin, likes.id, true).await).await.unwrap();
    let gone = import::Reading {
        columns: vec![Some(Field::Email), Some(Field::Custom(likes.id)), None],
        ..view.import.reading
    };
    world.run(async |tx| imports::set_reading(tx, &manager, id, &gone).await).await.unwrap();
    world.run(async |tx| imports::begin(tx, &manager, id, true).await).await.wrong("columns");
}

#[tokio::test]
async fn files_fill_fields_of_companies() {
    let world = World::new().await;
    let (admin, manager) = (world.superadmin().await, world.manager().await);
    let since = of(&world, &admin, Subject::Companies, definition("Since", Kind::Date)).await;
    let acme = world.company("Acme", false).await;
    let file = "name,Since\nacme,2020-01-31\nNew,2021-02-28\nBad,31.1.2020\nNEW,2022-02-28\n";
    let done = brought_in(&world, &manager, import::Kind::Companies, file).await;
    assert_eq!(numbers(&done), [1, 2, 0, 1], "{:?}", done.refusals);
    let of_company = async |id: CompanyId| {
        let all = companies::view::open(&world.desk, &manager, id).await.unwrap().fields;
        all[0].value.clone()
    };
    assert_eq!(of_company(acme).await, Some(Value::Date("2020-01-31".into())));
    let new: i64 =
        sqlx::query_scalar("select id from companies where name = 'New'").fetch_one(world.desk.pool()).await.unwrap();
    assert_eq!(
        of_company(CompanyId(new)).await,
        Some(Value::Date("2022-02-28".into())),
        "each line finds what those before have left"
    );
    assert_eq!(world.count("select count(*) from events where kind = 'company.fields'").await, 3);
    assert_eq!(
        numbers(&brought_in(&world, &manager, import::Kind::Companies, "name,Since\nacme,2020-01-31\n").await),
        [0, 0, 1, 0]
    );
    // Two that are one: what the kept one has stays, what it has not comes from the other.
    let plan = of(&world, &admin, Subject::Companies, definition("Plan", Kind::Text)).await;
    company(&world, &manager, CompanyId(new), typed(&[(&since, &["2019-01-01"]), (&plan, &["Gold"])])).await;
    world.run(async |tx| companies::merge::merge(tx, &manager, acme, CompanyId(new)).await).await.unwrap();
    let all = companies::view::open(&world.desk, &manager, acme).await.unwrap().fields;
    let now: Vec<_> = all.iter().filter_map(Filled::shown).flat_map(|shown| shown.texts).collect();
    assert_eq!(now, ["2020-01-31", "Gold"]);
    assert_eq!(world.count("select count(*) from companies where fields <> '{}'").await, 1);
    assert!(said(&world).await.contains("Gold"));
    assert_eq!(define::count(&world.desk, &admin, plan.id).await.unwrap(), 1);
}

#[tokio::test]
async fn they_are_merged_taken_out_and_erased() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let (size, plan) = (
        field(&world, &admin, definition("Size", Kind::Number)).await,
        field(&world, &admin, definition("Plan", Kind::Text)).await,
    );
    let gone = field(&world, &admin, definition("Retired", Kind::Text)).await;
    let new = async |name: &str, email: &str, fields| {
        make(&world, &agent, &CustomerInput { fields, ..input(name, email) }, "").await.unwrap()
    };
    let jana = new("Jana", "jana@a.example", typed(&[(&size, &["38"]), (&gone, &["Forgotten-words"])])).await;
    let twin = new("Twin", "twin@a.example", typed(&[(&size, &["99"]), (&plan, &["Platinum-words"])])).await;
    merge::merge(&world.desk, &admin, jana, twin).await.unwrap();
    let now: Vec<String> = texts(&world, &agent, jana).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(now, ["38", "Platinum-words", "Forgotten-words"]);
    assert!(said(&world).await.contains("Platinum-words"));
    world.run(async |tx| define::retire(tx, &admin, gone.id, true).await).await.unwrap();

    let id = world.run(async |tx| export::ask(tx, &admin, jana).await).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    let (_, mut parts) = export::fetch(&world.desk, &admin, id).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await {
        bytes.extend(part.unwrap());
    }
    let mut data = String::new();
    zip::ZipArchive::new(std::io::Cursor::new(bytes))
        .unwrap()
        .by_name("data.json")
        .unwrap()
        .read_to_string(&mut data)
        .unwrap();
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let known = serde_json::json!({"Size": "38", "Plan": "Platinum-words", "Retired": "Forgotten-words"});
    assert_eq!(data["person"]["fields"], known, "also what is retired is known");

    let how = world.erasure(jana, false).await;
    world.run(async |tx| erase::erase(tx, &admin, jana, &how).await).await.unwrap();
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    for word in ["platinum-words", "forgotten-words"] {
        let found = is_anywhere(&world, word).await;
        assert!(found.is_empty(), "“{word}” is still in {found:?}");
    }
    assert_eq!(world.count("select count(*) from users where fields <> '{}'").await, 0);
    let kept = "select count(*) from events where kind = 'customer.fields' and data->'changes'->0->>'field' = 'Size'
                and data->'changes'->0->>'to' = 'erased'";
    assert_eq!(world.count(kept).await, 2, "that something was filled in stays, and by whom");
}

#[tokio::test]
async fn customers_are_found_by_what_is_filled_in_as_cheaply_as_by_their_names() {
    let world = World::with(Setup { connections: 1, ..Setup::default() }).await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let plan = field(&world, &admin, definition("Plan", Kind::LongText)).await;
    let site = field(&world, &admin, definition("Site", Kind::Url)).await;
    let mood = field(&world, &admin, definition("Mood", Kind::Choice)).await;
    let jana = make(
        &world,
        &agent,
        &CustomerInput {
            fields: typed(&[
                (&plan, &["Contract ÖX-4711/b\nin force"]),
                (&site, &["https://weiss.example/x"]),
                (&mood, &[&mood.choices[0].id.to_string()]),
            ]),
            ..input("Jana", "jana@a.example")
        },
        "",
    )
    .await
    .unwrap();
    let search = async |text: &str| {
        let filter = CustomerFilter { text: text.into(), ..CustomerFilter::default() };
        list::list(&mut world.desk.read().await.unwrap(), &agent, &filter).await.unwrap().rows
    };
    for text in ["öx-4711/b", "ÖX", "contract force", "https://weiss", "in fo"] {
        let found: Vec<_> = search(text).await.into_iter().map(|row| row.id).collect();
        assert_eq!(found, [jana], "{text}");
    }
    for text in ["4711", "ontract", "small", "text", "%", "'", "\\"] {
        assert!(search(text).await.is_empty(), "{text}");
    }
    // A word of any length, and one that everybody has.
    let long = "x".repeat(5_000);
    fill(&world, &agent, jana, typed(&[(&plan, &[&long])])).await.unwrap();
    assert_eq!(search(&"x".repeat(90)).await.len(), 1);
    seed::customers(&world, 50_000).await;
    sqlx::query("update users set fields = jsonb_build_object($1::text, jsonb_build_object('text', 'Everybody has number ' || id)) where email like 'seeded%'")
        .bind(plan.id.to_string())
        .execute(world.desk.pool())
        .await
        .unwrap();
    sqlx::query("analyze users").execute(world.desk.pool()).await.unwrap();
    for (text, most) in [("everybody", 50), ("everybody number 40", 50), ("nothing of it", 0)] {
        let (found, reads) = sql::reads(&world, search(text)).await;
        assert!(found.len() <= most && (most == 0) == found.is_empty(), "{text}: {}", found.len());
        let read = reads.get("users").copied().unwrap_or_default();
        assert!(read.scans == 0 && read.rows < 1_000, "{text}: {read:?}");
    }
    // How many values go is counted by an index, too.
    let (count, reads) = sql::reads(&world, define::count(&world.desk, &admin, site.id)).await;
    let read = reads.get("users").copied().unwrap_or_default();
    assert!(count.unwrap() == 1 && read.scans == 0 && read.rows < 1_000, "{read:?}");
    // Companies are found in the same way.
    let plan = of(&world, &admin, Subject::Companies, definition("Plan", Kind::Text)).await;
    let acme = world.company("Acme", false).await;
    company(&world, &agent, acme, typed(&[(&plan, &["Platinum"])])).await;
    let filter = CompanyFilter { text: "platin".into(), ..CompanyFilter::default() };
    let found = companies::list::list(&mut world.desk.read().await.unwrap(), &agent, &filter).await.unwrap().rows;
    assert_eq!(found.len(), 1);
}
