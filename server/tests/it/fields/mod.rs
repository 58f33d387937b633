//! Custom fields: defined by who may change the settings, filled in by who may edit customers, and seen by whom they are meant for.

mod around;
mod beside;
mod pages;

use crate::{
    customers::{input, make},
    support::{Refused as _, World, id_of, person},
};
use domain::{
    Actor, ChoiceId, Code, CompanyId, FieldId, UserId,
    company::CompanyInput,
    customer::CustomerInput,
    fields::{ChoiceInput, Definition, Filled, Kind, NewDefinition, Subject, Typed, Value},
};
use server::work::jobs;
use store::{
    accounts::own,
    companies,
    customers::{edit, erase, view},
    fields::define,
};

pub fn definition(name: &str, kind: Kind) -> NewDefinition {
    let more = if kind.has_choices() { "Small\nLarge" } else { "" };
    NewDefinition { name: name.into(), kind, more: more.into(), ..NewDefinition::default() }
}

/// Defines a field of customers.
pub async fn field(world: &World, admin: &Actor, input: NewDefinition) -> Definition {
    of(world, admin, Subject::Customers, input).await
}

pub async fn of(world: &World, admin: &Actor, of: Subject, input: NewDefinition) -> Definition {
    let id = world.run(async |tx| define::create(tx, admin, of, &input).await).await.unwrap();
    one(world, admin, id).await
}

async fn one(world: &World, admin: &Actor, id: FieldId) -> Definition {
    define::list(&world.desk, admin).await.unwrap().into_iter().find(|field| field.id == id).unwrap()
}

async fn names(world: &World, admin: &Actor) -> Vec<String> {
    define::list(&world.desk, admin).await.unwrap().into_iter().map(|field| field.name).collect()
}

pub fn typed(fields: &[(&Definition, &[&str])]) -> Typed {
    let texts = |texts: &&[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Typed(fields.iter().map(|(field, all)| (field.id, texts(all))).collect())
}

/// Fills in a customer's fields as they are now.
pub async fn fill(world: &World, actor: &Actor, id: UserId, typed: Typed) -> domain::Result<()> {
    let now = view::view(&mut world.desk.read().await.unwrap(), actor, id).await.unwrap();
    let input = CustomerInput {
        name: now.name,
        email: now.email,
        emails: now.emails.join("\n"),
        phones: now.phones.join("\n"),
        notes: now.notes,
        fields: typed,
        ..CustomerInput::default()
    };
    world.run(async |tx| edit::change(tx, actor, id, now.version, &input).await).await
}

pub async fn filled(world: &World, actor: &Actor, id: UserId) -> Vec<Filled> {
    view::open(&world.desk, actor, id).await.unwrap().fields
}

/// What is filled in, by the names of the fields.
async fn texts(world: &World, actor: &Actor, id: UserId) -> Vec<(String, String)> {
    let all = filled(world, actor, id).await;
    all.iter().filter_map(Filled::shown).map(|shown| (shown.name, shown.texts.join(" + "))).collect()
}

/// What was said of fields last, of a customer or a company.
pub async fn said(world: &World) -> String {
    sqlx::query_scalar(
        "select coalesce(data->>'changes', '') from events where kind in ('customer.fields', 'company.fields')
         order by id desc limit 1",
    )
    .fetch_one(world.desk.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn fields_are_defined_moved_retired_and_deleted() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let size = field(&world, &admin, definition("Size", Kind::Choice)).await;
    let plan = field(&world, &admin, definition("Plan", Kind::Text)).await;
    of(&world, &admin, Subject::Companies, definition("Plan", Kind::Text)).await;
    let taken = async |name: &str, kind| {
        let input = definition(name, kind);
        world.run(async |tx| define::create(tx, &admin, Subject::Customers, &input).await).await
    };
    taken("pLAN", Kind::Date).await.wrong("name");
    taken("", Kind::Date).await.wrong("name");
    let empty = NewDefinition { more: String::new(), ..definition("None", Kind::Choices) };
    world.run(async |tx| define::create(tx, &admin, Subject::Customers, &empty).await).await.wrong("more");

    // Up past the other one, and no further.
    assert_eq!(names(&world, &admin).await, ["Plan", "Size", "Plan"], "those of companies apart");
    for up in [true, true] {
        world.run(async |tx| define::shift(tx, &admin, plan.id, up).await).await.unwrap();
    }
    assert_eq!(names(&world, &admin).await, ["Plan", "Plan", "Size"]);
    world.run(async |tx| define::shift(tx, &admin, plan.id, false).await).await.unwrap();
    assert_eq!(names(&world, &admin).await, ["Plan", "Size", "Plan"]);
    assert_eq!(world.count("select count(*) from events where kind = 'settings.field_moved'").await, 2);

    // Choices: renamed, in another order, one retired, one more. Who has sent an old form is told so.
    let [small, large] = [&size.choices[0], &size.choices[1]];
    let choice = |id: ChoiceId, name: &str, retired| ChoiceInput { id: id.0, name: name.into(), retired };
    let wanted = NewDefinition {
        name: "Shoe size".into(),
        help: "In Europe".into(),
        required: true,
        shown: true,
        choices: vec![
            choice(large.id, "Big", false),
            choice(small.id, "Small", true),
            choice(ChoiceId(999), "x", false),
        ],
        more: "Huge".into(),
        ..NewDefinition::default()
    };
    let change = async |version, wanted: &NewDefinition| {
        world.run(async |tx| define::change(tx, &admin, size.id, version, wanted).await).await
    };
    change(1, &wanted).await.unwrap();
    change(1, &wanted).await.refused(Code::Conflict);
    let now = one(&world, &admin, size.id).await;
    let listed: Vec<_> = now.choices.iter().map(|c| (c.name.as_str(), c.retired)).collect();
    assert_eq!(listed, [("Big", false), ("Small", true), ("Huge", false)]);
    assert_eq!((now.kind, now.required, now.shown, now.version), (Kind::Choice, true, true, 2));
    let told: String = sqlx::query_scalar(
        "select data->>'changes' from events where kind = 'settings.field_saved' order by id desc limit 1",
    )
    .fetch_one(world.desk.pool())
    .await
    .unwrap();
    for part in ["\"Size\"", "\"Shoe size\"", "Small, Large", "Big, Small (retired), Huge"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // What is not among those sent stays, and what changes nothing says nothing.
    let events = world.count("select count(*) from events").await;
    change(2, &NewDefinition { choices: Vec::new(), more: String::new(), ..wanted.clone() }).await.unwrap();
    assert_eq!(world.count("select count(*) from events").await, events);
    change(2, &NewDefinition { more: "bIG".into(), ..wanted.clone() }).await.wrong("more");
    change(2, &NewDefinition { name: "Plan".into(), more: String::new(), ..wanted }).await.wrong("name");

    // Retired and back: what was filled in is there again.
    let jana = make(
        &world,
        &agent,
        &CustomerInput {
            fields: typed(&[(&plan, &["Gold"]), (&now, &[&large.id.to_string()])]),
            ..input("Jana", "jana@a.example")
        },
        "",
    )
    .await
    .unwrap();
    for (on, count) in [(true, 1), (true, 1), (false, 2)] {
        world.run(async |tx| define::retire(tx, &admin, plan.id, on).await).await.unwrap();
        assert_eq!(texts(&world, &agent, jana).await.len(), count);
    }
    taken("Plan", Kind::Date).await.wrong("name");

    // Deleted: gone at once, and cleared away.
    assert_eq!(define::count(&world.desk, &admin, plan.id).await.unwrap(), 1);
    world.run(async |tx| define::delete(tx, &admin, plan.id).await).await.unwrap();
    assert_eq!(texts(&world, &agent, jana).await, [("Shoe size".to_owned(), "Big".to_owned())]);
    let stored = "select count(*) from users u, jsonb_object_keys(u.fields)";
    assert_eq!(world.count(stored).await, 2);
    while jobs::one(&world.desk, &world.post).await.unwrap() {}
    assert_eq!(world.count(stored).await, 1);
    world.run(async |tx| define::delete(tx, &admin, plan.id).await).await.refused(Code::NotFound);
    assert_eq!(
        world
            .count("select count(*) from events where kind = 'settings.field_deleted' and data->>'values' = '1'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_customer_has_values_of_every_kind() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let mut all = Vec::new();
    for kind in Kind::ALL {
        all.push(field(&world, &admin, definition(kind.word(), kind)).await);
    }
    let by = |kind: Kind| all.iter().find(|field| field.kind == kind).unwrap();
    let (choices, mia) = (by(Kind::Choices).choices.clone(), id_of(&agent).to_string());
    let both: Vec<String> = choices.iter().map(|choice| choice.id.to_string()).collect();
    let small = by(Kind::Choice).choices[0].id.to_string();
    let whole = typed(&[
        (by(Kind::Text), &["Gold"]),
        (by(Kind::LongText), &["One\nTwo"]),
        (by(Kind::Number), &["007.50"]),
        (by(Kind::Date), &["2026-11-21"]),
        (by(Kind::Choice), &[&small]),
        (by(Kind::Choices), &[&both[1], &both[0]]),
        (by(Kind::Checkbox), &["yes"]),
        (by(Kind::Url), &["https://acme.example"]),
        (by(Kind::Person), &[&mia]),
    ]);
    let jana = make(&world, &agent, &CustomerInput { fields: whole.clone(), ..input("Jana", "jana@a.example") }, "")
        .await
        .unwrap();
    let name = person(&agent).name.clone();
    let shown: Vec<String> = texts(&world, &agent, jana).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        shown,
        ["Gold", "One\nTwo", "7.5", "2026-11-21", "Small", "Small + Large", "Yes", "https://acme.example", &name]
    );
    let told = said(&world).await;
    for part in ["Gold", "7.5", "Small, Large", &name] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // The same again says nothing, and neither does a form that does not ask.
    let events = world.count("select count(*) from events").await;
    let stays = async |typed| {
        let version = view::view(&mut world.desk.read().await.unwrap(), &agent, jana).await.unwrap().version;
        fill(&world, &agent, jana, typed).await.unwrap();
        assert_eq!(view::view(&mut world.desk.read().await.unwrap(), &agent, jana).await.unwrap().version, version);
    };
    stays(whole).await;
    stays(Typed::default()).await;
    // The page notes once a day who has read it; that was before.
    assert_eq!(world.count("select count(*) from events").await, events);

    // From what to what; what is emptied is gone.
    fill(
        &world,
        &agent,
        jana,
        typed(&[(by(Kind::Text), &["Silver"]), (by(Kind::Checkbox), &[""]), (by(Kind::Choices), &[])]),
    )
    .await
    .unwrap();
    assert_eq!(texts(&world, &agent, jana).await.len(), 7);
    let changes: serde_json::Value = serde_json::from_str(&said(&world).await).unwrap();
    assert_eq!(changes[0], serde_json::json!({"field": "text", "from": "Gold", "to": "Silver"}));
    assert_eq!(changes[2], serde_json::json!({"field": "checkbox", "from": "Yes", "to": ""}));

    // All that is wrong is said at once, and nothing is changed.
    let stranger = world.customer().await;
    let wrong = typed(&[
        (by(Kind::Number), &["many"]),
        (by(Kind::Date), &["yesterday"]),
        (by(Kind::Choice), &["999999"]),
        (by(Kind::Url), &["javascript:alert(1)"]),
        (by(Kind::Person), &[&id_of(&stranger).to_string()]),
    ]);
    let error = fill(&world, &agent, jana, wrong).await.unwrap_err();
    for kind in [Kind::Number, Kind::Date, Kind::Choice, Kind::Url, Kind::Person] {
        assert!(error.of_field(&format!("field-{}", by(kind).id)).is_some(), "{kind:?}: {error:?}");
    }
    assert_eq!(texts(&world, &agent, jana).await.len(), 7);

    // Somebody who is not on staff any more stays where they were, and is not chosen anew.
    let other = make(&world, &agent, &input("Petr", "petr@a.example"), "").await.unwrap();
    world.block(&agent).await;
    fill(&world, &admin, jana, typed(&[(by(Kind::Person), &[&mia]), (by(Kind::Text), &["Bronze"])])).await.unwrap();
    let error = fill(&world, &admin, other, typed(&[(by(Kind::Person), &[&mia])])).await.unwrap_err();
    assert!(error.fields[0].message.contains("member of staff"), "{error:?}");
}

#[tokio::test]
async fn what_is_required_is_asked_of_staff_and_nobody_else() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let jana = make(&world, &agent, &input("Jana", "jana@a.example"), "").await.unwrap();
    let contract = field(&world, &admin, NewDefinition { required: true, ..definition("Contract", Kind::Text) }).await;
    field(&world, &admin, NewDefinition { required: true, ..definition("Tea", Kind::Checkbox) }).await;
    let key = format!("field-{}", contract.id);
    make(&world, &agent, &input("Petr", "petr@a.example"), "").await.wrong(&key);
    fill(&world, &agent, jana, Typed::default()).await.unwrap_err();
    fill(&world, &agent, jana, typed(&[(&contract, &[" "])])).await.wrong(&key);
    fill(&world, &agent, jana, typed(&[(&contract, &["4711"])])).await.unwrap();
    fill(&world, &agent, jana, Typed::default()).await.unwrap();
    // Whoever writes or registers is there without it.
    let (id, new) =
        world.run(async |tx| store::people::find_or_create(tx, "Eve", "eve@a.example").await).await.unwrap();
    assert!(new && filled(&world, &agent, id).await.iter().all(|field| field.value.is_none()));
    world
        .registered(domain::account::Registration {
            name: "Otto".into(),
            email: "otto@a.example".into(),
            password: crate::support::PASSWORD.into(),
        })
        .await;
    // One that is retired is asked of nobody.
    world.run(async |tx| define::retire(tx, &admin, contract.id, true).await).await.unwrap();
    make(&world, &agent, &input("Petr", "petr@a.example"), "").await.unwrap();
}

#[tokio::test]
async fn a_retired_choice_is_kept_by_who_has_it() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let size = field(&world, &admin, definition("Size", Kind::Choice)).await;
    let small = size.choices[0].id.to_string();
    let jana = make(
        &world,
        &agent,
        &CustomerInput { fields: typed(&[(&size, &[&small])]), ..input("Jana", "jana@a.example") },
        "",
    )
    .await
    .unwrap();
    let choices =
        size.choices.iter().map(|c| ChoiceInput { id: c.id.0, name: c.name.clone(), retired: c.name == "Small" });
    let wanted = NewDefinition { choices: choices.collect(), ..definition("Size", Kind::Choice) };
    let wanted = NewDefinition { more: String::new(), ..wanted };
    world.run(async |tx| define::change(tx, &admin, size.id, 1, &wanted).await).await.unwrap();
    assert_eq!(texts(&world, &agent, jana).await, [("Size".to_owned(), "Small".to_owned())]);
    fill(&world, &agent, jana, typed(&[(&size, &[&small])])).await.unwrap();
    let error = make(
        &world,
        &agent,
        &CustomerInput { fields: typed(&[(&size, &[&small])]), ..input("Petr", "petr@a.example") },
        "",
    )
    .await
    .unwrap_err();
    assert!(error.of_field(&format!("field-{}", size.id)).is_some(), "{error:?}");
}

#[tokio::test]
async fn customers_see_what_is_meant_for_them_and_nobody_elses() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let (acme, other) = (world.company("Acme", true).await, world.company("Other", true).await);
    let (jana, mate, stranger) =
        (world.company_user(acme).await, world.company_user(acme).await, world.company_user(other).await);
    let seen = NewDefinition { shown: true, ..definition("Contract", Kind::Text) };
    let (seen, secret) =
        (field(&world, &admin, seen).await, field(&world, &admin, definition("Mood", Kind::Text)).await);
    let plan = NewDefinition { shown: true, ..definition("Plan", Kind::Person) };
    let plan = of(&world, &admin, Subject::Companies, plan).await;
    let risk = of(&world, &admin, Subject::Companies, definition("Risk", Kind::Text)).await;
    fill(&world, &agent, id_of(&jana), typed(&[(&seen, &["4711"]), (&secret, &["Grumpy"])])).await.unwrap();
    company(&world, &agent, acme, typed(&[(&plan, &[&id_of(&agent).to_string()]), (&risk, &["High"])])).await;
    assert!(said(&world).await.contains("High"));
    let own = async |actor: &Actor| {
        let own = own::profile(&world.desk, actor).await.unwrap().fields;
        let texts = |shown: Vec<domain::fields::Shown>| shown.into_iter().flat_map(|s| s.texts).collect::<Vec<_>>();
        (texts(own.own), texts(own.company))
    };
    let looked_after = vec![person(&agent).name.clone()];
    assert_eq!(own(&jana).await, (vec!["4711".to_owned()], looked_after.clone()));
    assert_eq!(own(&mate).await, (Vec::new(), looked_after), "nobody else's, although they see all tickets");
    for actor in [&stranger, &agent, &admin] {
        assert_eq!(own(actor).await, (Vec::new(), Vec::new()));
    }
    world.run(async |tx| define::retire(tx, &admin, seen.id, true).await).await.unwrap();
    assert_eq!(own(&jana).await.0, Vec::<String>::new());
}

/// Fills in a company's fields.
async fn company(world: &World, actor: &Actor, id: CompanyId, typed: Typed) {
    let now = companies::view::open(&world.desk, actor, id).await.unwrap().it;
    let input = CompanyInput { name: now.name, sees_all: now.sees_all, fields: typed, ..CompanyInput::default() };
    world.run(async |tx| companies::edit::change(tx, actor, id, now.version, &input).await).await.unwrap();
}

/// A field of customers and one of companies that members of staff are chosen for, filled in and shown to customers.
pub async fn looked_after(world: &World, admin: &Actor, customer: UserId, id: CompanyId) -> (FieldId, FieldId) {
    let input = NewDefinition { shown: true, ..definition("Looked after by", Kind::Person) };
    let (one, other) = (field(world, admin, input.clone()).await, of(world, admin, Subject::Companies, input).await);
    let boss = id_of(admin).to_string();
    fill(world, admin, customer, typed(&[(&one, &[&boss])])).await.unwrap();
    company(world, admin, id, typed(&[(&other, &[&boss])])).await;
    (one.id, other.id)
}
