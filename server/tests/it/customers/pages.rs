//! The pages and forms of customers and companies, as a browser gets them.

use super::{input, make};
use crate::support::{World, browser::Browser, id_of, sql};
use domain::customer::CustomerInput;
use http::{StatusCode, header};

fn location(page: &crate::support::browser::Page) -> &str {
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    page.headers[header::LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn a_customer_is_made_changed_and_blocked_by_forms() {
    let world = World::new().await;
    let agent = world.agent().await;
    let browser = Browser::of(&world, &agent).await;
    let wrong = browser.post("/customers/new", &[("name", "Jana <b>"), ("email", "no"), ("phones", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in ["This is not a complete e-mail address.", "is not a phone number", "value=\"Jana &lt;b&gt;\""] {
        assert!(wrong.text.contains(text), "{text}: {}", wrong.text);
    }
    let typed = [("name", "Jana </textarea><script>"), ("email", "jana@a.example"), ("notes", "</textarea><script>x")];
    let made = browser.post("/customers/new", &typed).await;
    let page = location(&made).split('?').next().unwrap().to_owned();
    let shown = browser.get(&page).await;
    assert!(shown.text.contains("jana@a.example") && !shown.text.contains("<script>x"), "{}", shown.text);
    let edit = browser.get(&format!("{page}/edit")).await;
    assert!(
        edit.text.contains("&lt;/textarea>&lt;script>x") || edit.text.contains("&lt;/textarea&gt;"),
        "{}",
        edit.text
    );
    let changes = [("version", "1"), ("name", "Jana"), ("email", "jana@b.example")];
    assert_eq!(location(&browser.post(&format!("{page}/edit"), &changes).await), format!("{page}?done=saved"));
    let stale = browser.post(&format!("{page}/edit"), &changes).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text.contains("name=\"version\" value=\"2\""), "saving again is possible: {}", stale.text);
    // Blocking asks once.
    assert!(browser.get(&page).await.text.contains("Block…"));
    let ask = format!("{page}?ask=block");
    assert_eq!(location(&browser.post(&format!("{page}/block"), &[("on", "yes")]).await), ask);
    assert!(browser.get(&ask).await.text.contains("Block Jana?"));
    assert!(!browser.get("/customers?shown=blocked").await.text.contains("Jana"));
    assert_eq!(
        location(&browser.post(&format!("{page}/block"), &[("on", "yes"), ("sure", "yes")]).await),
        format!("{page}?done=blocked")
    );
    assert!(!browser.get(&ask).await.text.contains("Block Jana?"), "it is done");
    assert!(browser.get("/customers?shown=blocked").await.text.contains("Jana"));
    for (path, status) in [
        ("/customers/999999", StatusCode::NOT_FOUND),
        ("/customers/x", StatusCode::NOT_FOUND),
        ("/companies/999999", StatusCode::NOT_FOUND),
        ("/customers/1/merge?with=2", StatusCode::NOT_FOUND),
        ("/customers", StatusCode::OK),
        ("/companies", StatusCode::OK),
        ("/companies/new", StatusCode::OK),
    ] {
        assert_eq!(browser.get(path).await.status, status, "{path}");
    }
    for path in ["/customers/999999/edit", "/customers/x/block", "/companies/0/edit", "/companies/0/people"] {
        let page = browser.post(path, &[("version", "1"), ("name", "x"), ("email", "x@a.example")]).await;
        assert!([404, 303].contains(&page.status.as_u16()), "{path}: {}", page.status);
    }
}

#[tokio::test]
async fn customers_and_visitors_find_nothing_there() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let other = make(&world, &agent, &input("Secret Person", "secret@a.example"), "").await.unwrap();
    for (browser, to) in [(Browser::of(&world, &jana).await, "/portal"), (Browser::of_visitor(&world), "/sign-in")] {
        for path in ["/customers".to_owned(), format!("/customers/{other}"), "/companies".into()] {
            let page = browser.get(&path).await;
            assert!(page.headers[header::LOCATION].to_str().unwrap().starts_with(to), "{path}");
            assert!(!page.text.contains("Secret"), "{path}");
        }
        for path in ["edit", "block", "company", "merge"] {
            let page = browser
                .post(
                    &format!("/customers/{other}/{path}"),
                    &[("version", "1"), ("with", "1"), ("on", "yes"), ("sure", "yes")],
                )
                .await;
            assert!(!page.text.contains("Secret"), "{path}");
        }
    }
    let seen = store::customers::view::view(&mut world.desk.read().await.unwrap(), &agent, other).await.unwrap();
    assert_eq!((seen.version, seen.blocked_at), (1, None));
}

#[tokio::test]
async fn the_page_of_one_who_was_merged_leads_to_the_other() {
    let world = World::new().await;
    let manager = world.manager().await;
    let (kept, gone) = (world.customer().await, world.customer().await);
    let browser = Browser::of(&world, &manager).await;
    let (a, b) = (id_of(&kept), id_of(&gone));
    let asked = browser.get(&format!("/customers/{a}/merge?with={b}")).await;
    assert!(asked.text.contains("This one goes"), "{}", asked.text);
    let done = browser.post(&format!("/customers/{a}/merge"), &[("with", &b.to_string())]).await;
    assert_eq!(location(&done), format!("/customers/{a}?done=merged"));
    let old = browser.get(&format!("/customers/{b}")).await;
    assert_eq!(old.headers[header::LOCATION].to_str().unwrap(), format!("/customers/{a}"));
}

#[tokio::test]
async fn no_page_asks_more_than_six_questions() {
    let world = World::new().await;
    let (manager, company) = (world.manager().await, world.company("Acme", true).await);
    let jana = world.company_user(company).await;
    world.ticket(&jana).await;
    let petr =
        make(&world, &manager, &CustomerInput { notes: "x".into(), ..input("Petr", "p@a.example") }, "").await.unwrap();
    let browser = Browser::of(&world, &manager).await;
    let jana = id_of(&jana);
    for path in [
        "/customers".to_owned(),
        "/customers?q=ja".into(),
        format!("/customers/{jana}"),
        format!("/customers/{jana}?list=messages"),
        format!("/customers/{jana}?list=ratings"),
        format!("/customers/{jana}/edit"),
        format!("/customers/{jana}/company?none=1"),
        format!("/customers/{jana}/merge?with={petr}"),
        format!("/customers/{jana}/merge?q=petr"),
        "/companies".into(),
        format!("/companies/{company}"),
        format!("/companies/{company}/people"),
    ] {
        let (page, statements) = sql::fewest(6, || browser.get(&path)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!((1..=6).contains(&statements.len()), "{path}: {statements:#?}");
    }
}
