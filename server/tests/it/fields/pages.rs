//! The pages on which fields are defined, filled in and read, without a script.

use super::*;
use crate::support::browser::Browser;
use http::StatusCode;

#[tokio::test]
async fn fields_are_defined_on_a_page_of_the_settings() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let browser = Browser::of(&world, &admin).await;
    let page = browser.get("/settings/fields").await;
    assert_eq!(page.text.matches("No fields yet").count(), 2);
    assert!(browser.get("/settings?q=customers+fields").await.text.contains("/settings/fields"));
    let form = [("name", "Size"), ("kind", "choice"), ("more", ""), ("shown", "on"), ("help", "In <b>Europe</b>")];
    let refused = browser.post("/settings/fields/new-customers", &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("Name at least one choice") && refused.text.contains("value=\"Size\""),
        "what was typed is kept"
    );
    let form = [form[0], form[1], ("more", "Small\r\nLarge"), form[3], form[4]];
    assert_eq!(browser.post("/settings/fields/new-customers", &form).await.status, StatusCode::SEE_OTHER);
    browser.post("/settings/fields/new-customers", &[("name", "Tea"), ("kind", "checkbox")]).await;
    let all = define::list(&world.desk, &admin).await.unwrap();
    assert_eq!((all[0].name.as_str(), all[0].shown, all[0].choices.len()), ("Size", true, 2));
    let page = browser.get("/settings/fields").await;
    assert!(page.text.contains("In &lt;b>Europe&lt;/b>") || page.text.contains("In &lt;b&gt;Europe"), "as text");

    // Moved, and the button that was pressed has the focus again.
    let moved = browser.post("/settings/fields", &[("field", &all[1].id.to_string()), ("move", "up")]).await;
    let next = moved.headers["location"].to_str().unwrap().to_owned();
    assert!(browser.get(&next).await.text.contains("autofocus"));
    assert_eq!(names(&world, &admin).await, ["Tea", "Size"]);

    // A choice is renamed and moved in one go; an old form is refused with what was typed.
    let (path, [small, large]) =
        (format!("/settings/fields/{}", all[0].id), [all[0].choices[0].id, all[0].choices[1].id]);
    let (first, second) = (small.to_string(), large.to_string());
    let (of_first, of_second, way) = (format!("choice-{small}"), format!("choice-{large}"), format!("up-{large}"));
    let form = [
        ("version", "1"),
        ("name", "Size"),
        ("choice", &first),
        (&of_first, "Tiny"),
        ("choice", &second),
        (&of_second, "Large"),
        ("move", &way),
    ];
    assert_eq!(browser.post(&path, &form).await.status, StatusCode::SEE_OTHER);
    let now = one(&world, &admin, all[0].id).await;
    assert_eq!(now.choices.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Large", "Tiny"]);
    let stale = browser.post(&path, &form).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let wrong = browser.post(&path, &[("version", "2"), ("name", "Size"), ("choice", &first), (&of_first, " ")]).await;
    assert!(wrong.text.contains("Say what this choice is called."));

    // Retired, brought back; deleted only when the number of values was seen.
    browser.post(&path, &[("do", "retire")]).await;
    assert!(browser.get(&path).await.text.contains("Bring it back"));
    browser.post(&path, &[("do", "restore")]).await;
    let jana = make(
        &world,
        &agent,
        &CustomerInput { fields: typed(&[(&now, &[&first])]), ..input("Jana", "jana@a.example") },
        "",
    )
    .await
    .unwrap();
    let asked = browser.post(&path, &[("do", "delete")]).await;
    assert!(asked.status == StatusCode::OK && asked.text.contains("1 value goes with it."), "{}", asked.status);
    assert_eq!(texts(&world, &agent, jana).await.len(), 1);
    let done = browser.post(&path, &[("do", "delete"), ("sure", "yes")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.post(&path, &[("do", "retire")]).await.status, StatusCode::NOT_FOUND);
    for nowhere in ["/settings/fields/x", "/settings/fields/new-tickets", "/settings/fields/0"] {
        assert_eq!(browser.get(nowhere).await.status, StatusCode::NOT_FOUND, "{nowhere}");
    }
    // Nobody else.
    let other = Browser::of(&world, &agent).await;
    for path in ["/settings/fields", "/settings/fields/new-customers"] {
        assert_eq!(other.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(
        other.post("/settings/fields/new-customers", &[("name", "x"), ("kind", "text")]).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(other.post("/settings/fields", &[("field", "1"), ("move", "up")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(names(&world, &admin).await, ["Tea"]);
}

#[tokio::test]
async fn fields_are_filled_in_and_read_on_pages() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let all = [
        field(
            &world,
            &admin,
            NewDefinition { required: true, help: "On the paper".into(), ..definition("Contract", Kind::Text) },
        )
        .await,
        field(&world, &admin, definition("Site", Kind::Url)).await,
        field(&world, &admin, definition("Likes", Kind::Choices)).await,
        field(&world, &admin, definition("Since", Kind::Date)).await,
        field(&world, &admin, definition("Looked after by", Kind::Person)).await,
        field(&world, &admin, NewDefinition { shown: true, ..definition("Tea", Kind::Checkbox) }).await,
    ];
    let keys: Vec<String> = all.iter().map(|field| format!("field-{}", field.id)).collect();
    let browser = Browser::of(&world, &agent).await;
    let blank = browser.get("/customers/new").await.text;
    for text in ["Contract", "On the paper", "type=\"date\"", "Small", "The customer sees this.", &person(&agent).name]
    {
        assert!(blank.contains(text), "{text}");
    }
    let likes: Vec<String> = all[2].choices.iter().map(|choice| choice.id.to_string()).collect();
    let mia = id_of(&agent).to_string();
    let mut form = vec![
        ("name", "Jana"),
        ("email", "jana@a.example"),
        (&keys[0], ""),
        (&keys[1], "https://acme.example/\"><script>"),
        (&keys[2], ""),
        (&keys[2], &likes[0]),
        (&keys[2], &likes[1]),
        (&keys[3], "2026-11-21"),
        (&keys[4], &mia),
        (&keys[5], ""),
        (&keys[5], "yes"),
    ];
    let refused = browser.post("/customers/new", &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in ["Fill in “Contract”.", "This is no web address.", "value=\"2026-11-21\""] {
        assert!(refused.text.contains(text), "{text}");
    }
    let checked = refused.text.matches("checked").count();
    assert!(checked >= 3, "what was ticked is ticked: {checked}");
    (form[2].1, form[3].1) = ("<i>4711</i>", "https://acme.example/a?b=c&d");
    let done = browser.post("/customers/new", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let path = done.headers["location"].to_str().unwrap().split('?').next().unwrap().to_owned();
    let page = browser.get(&path).await.text;
    for text in [
        "21 Nov 2026",
        "Large",
        "rel=\"noopener noreferrer\"",
        "href=\"https://acme.example/a?b=c&amp;d\"",
        "Looked after by",
    ] {
        assert!(page.contains(text), "{text}: {}", page.split("facts").nth(1).unwrap_or_default());
    }
    assert!(!page.contains("<i>4711"), "a text is text");
    let edit = browser.get(&format!("{path}/edit")).await.text;
    assert!(edit.contains("value=\"2026-11-21\"") && edit.contains("4711"));

    // The customer reads what is meant for them on their own page.
    let jana = world.customer().await;
    let told = typed(&[(&all[0], &["4711"]), (&all[1], &["https://acme.example/a"]), (&all[5], &["yes"])]);
    fill(&world, &agent, id_of(&jana), told).await.unwrap();
    let own = Browser::of(&world, &jana).await.get("/portal/me").await.text;
    assert!(own.contains("About you") && own.contains("Tea"));
    for secret in ["4711", "acme.example/a", "Likes", "Contract", "Looked after by"] {
        assert!(!own.contains(secret), "{secret}");
    }
    assert!(!Browser::of(&world, &world.customer().await).await.get("/portal/me").await.text.contains("About you"));

    // A company's are filled in and read in the same way.
    let plan =
        of(&world, &admin, Subject::Companies, NewDefinition { required: true, ..definition("Plan", Kind::LongText) })
            .await;
    let key = format!("field-{}", plan.id);
    assert!(browser.post("/companies/new", &[("name", "Acme")]).await.text.contains("Fill in “Plan”."));
    let done = browser.post("/companies/new", &[("name", "Acme"), (&key, "Gold\nand more")]).await;
    let path = done.headers["location"].to_str().unwrap().split('?').next().unwrap().to_owned();
    assert!(browser.get(&path).await.text.contains("Gold\nand more"));
    assert!(browser.get(&format!("{path}/edit")).await.text.contains("Gold\nand more"));
}
