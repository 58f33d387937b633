//! Plain forms: what was typed is kept, and what is wrong stands beside its field.

use crate::support::{PASSWORD, World, browser::Browser, id_of, person};
use axum::body::Body;
use domain::Actor;
use http::{Request, StatusCode, header};

const MULTIPART: &str = "multipart/form-data; boundary=B";

fn multipart(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).collect::<String>() + "--B--\r\n"
}

/// Posts a body as it is.
async fn send(browser: &Browser, path: &str, kind: &str, body: impl Into<Body>) -> crate::support::browser::Page {
    let request = Request::post(path).header(header::CONTENT_TYPE, kind).header("sec-fetch-site", "same-origin");
    browser.send(request.body(body.into()).unwrap()).await
}

/// Whether a word stands in the page as an error of this field.
fn says(page: &str, field: &str, word: &str) -> bool {
    let mark = format!("id=\"{field}-error\"");
    page.find(&mark).is_some_and(|at| page[at..].chars().take(2_000).collect::<String>().contains(word))
}

#[tokio::test]
async fn accounts_forms_keep_what_was_typed() {
    let world = World::new().await;
    let visitor = Browser::of_visitor(&world);
    let form = [("name", "Jana <b>"), ("email", "jana@"), ("password", "short")];
    for path in ["/set-up", "/sign-up"] {
        let page = visitor.post(path, &form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(page.text.contains("Jana &lt;b&gt;") && page.text.contains("jana@"), "{path}");
        assert!(says(&page.text, "email", "not a complete"), "{path}: {}", page.text);
        assert!(says(&page.text, "password", "at least 8"), "{path}");
        assert!(!page.text.contains("value=\"short\""), "a password is never sent back");
    }
    let agent = world.agent().await;
    let form = [("email", person(&agent).email.as_str()), ("password", "wrong one"), ("next", "/board")];
    let page = visitor.post("/sign-in", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains(&person(&agent).email) && page.text.contains("/board"), "{}", page.text);
    // Forms without their fields, and bodies that are no form.
    for path in ["/sign-up", "/sign-in"] {
        for body in ["", "x", "%ff=%fe", "email=a&email=b"] {
            let page = send(&visitor, path, "application/x-www-form-urlencoded", body).await;
            assert!(page.status.is_client_error() && page.text.contains("</html>"), "{path} {body}: {}", page.status);
        }
        let page = send(&visitor, path, "text/plain", "email=a").await;
        assert!(page.status.is_client_error() && page.text.contains("</html>"), "{path}");
    }
}

#[tokio::test]
async fn more_than_a_form_takes_is_said_on_its_page() {
    let world = World::new().await;
    world.agent().await;
    let jana = Browser::of(&world, &world.customer().await).await;
    let visitor = Browser::of_visitor(&world);
    let large = format!("email={}", "x".repeat(100_000));
    for (browser, path) in [(&visitor, "/sign-in"), (&visitor, "/sign-up"), (&jana, "/portal/me")] {
        let page = send(browser, path, "application/x-www-form-urlencoded", large.clone()).await;
        assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert!(page.text.contains("more than the form can take"), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn a_text_of_any_length_comes_back_to_be_shortened() {
    let world = World::new().await;
    let customer = world.customer().await;
    let ticket = world.ticket(&customer).await.id;
    let jana = Browser::of(&world, &customer).await;
    for (length, kept) in [(199_000, true), (200_001, false), (400_000, false), (3_000_000, false)] {
        for path in ["/portal/new".to_owned(), format!("/portal/tickets/{ticket}")] {
            let body = format!("First words {}", "é".repeat(length / 2));
            let page = send(&jana, &path, MULTIPART, multipart(&[("subject", "Long"), ("body", &body)])).await;
            if kept {
                assert_eq!(page.status, StatusCode::SEE_OTHER, "{length} {path}");
                continue;
            }
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{length} {path}");
            assert!(says(&page.text, "body", "too long"), "{length} {path}");
            assert!(page.text.contains("First words éé"), "{length} {path}");
            assert!(page.text.matches('é').count() >= (length / 2).min(390_000), "{length} {path}");
        }
    }
}

#[tokio::test]
async fn the_portals_forms_say_what_is_wrong_beside_the_field() {
    let world = World::new().await;
    let customer = world.customer().await;
    let ticket = world.ticket(&customer).await.id;
    let jana = Browser::of(&world, &customer).await;
    let page = send(&jana, "/portal/new", MULTIPART, multipart(&[("subject", ""), ("body", "All my words")])).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(says(&page.text, "subject", "") && page.text.contains("All my words"), "{}", page.text);
    let answer = format!("/portal/tickets/{ticket}");
    let page = send(&jana, &answer, MULTIPART, multipart(&[("body", "  ")])).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(says(&page.text, "body", ""), "{}", page.text);
    for path in ["/portal/new", &answer] {
        for body in ["", "--B\r\nnonsense", "--B--\r\n"] {
            let page = send(&jana, path, MULTIPART, body).await;
            assert!(page.status.is_client_error() && page.text.contains("</html>"), "{path} {body:?}: {}", page.status);
        }
        let page = send(&jana, path, "text/plain", "words").await;
        assert!(page.status.is_client_error() && page.text.contains("</html>"), "{path}");
    }
    assert_eq!(world.count("select count(*) from messages").await, 1);
    // A foreign ticket is not told from one that is not there.
    let foreign = world.ticket(&world.customer().await).await.id;
    let mut pages = Vec::new();
    for id in [foreign.0.to_string(), "999999".into(), "nine".into()] {
        let page = send(&jana, &format!("/portal/tickets/{id}"), MULTIPART, multipart(&[("body", "Hello")])).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{id}");
        pages.push(jana.get(&format!("/portal/tickets/{id}")).await.status);
    }
    assert_eq!(pages, [StatusCode::NOT_FOUND; 3]);
}

async fn sessions_of(world: &World, who: &Actor) -> i64 {
    sqlx::query_scalar("select count(*) from sessions where user_id = $1")
        .bind(id_of(who).0)
        .fetch_one(world.desk.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn devices_are_signed_out_from_their_page() {
    let world = World::new().await;
    for (who, path) in [(world.agent().await, "/me"), (world.customer().await, "/portal/me")] {
        let (here, _there) = (Browser::of(&world, &who).await, Browser::of(&world, &who).await);
        assert!(here.get(path).await.text.contains(&format!("action=\"{path}\"")));
        for nonsense in ["", "revoke=", "revoke=nine", "revoke=999999"] {
            let page = send(&here, path, "application/x-www-form-urlencoded", nonsense).await;
            assert!(page.status.is_client_error(), "{path} {nonsense}: {}", page.status);
            // The page of this address, with what went wrong on it.
            assert!(page.text.contains("Signed in on") && page.text.contains("role=\"alert\""), "{path} {nonsense}");
        }
        assert_eq!(sessions_of(&world, &who).await, 2);
        let page = here.post(path, &[("revoke", "others")]).await;
        assert_eq!((page.status, page.headers[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, path));
        assert_eq!(sessions_of(&world, &who).await, 1);
        let page = Browser::of_visitor(&world).post(path, &[("revoke", "others")]).await;
        assert!(page.headers[header::LOCATION].to_str().unwrap().starts_with("/sign-in"), "{path}");
        assert_eq!(here.post("/sign-out", &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(sessions_of(&world, &who).await, 0);
    }
}

#[tokio::test]
async fn a_theme_is_kept_and_a_strange_one_is_the_systems() {
    let world = World::new().await;
    let staff = Browser::of(&world, &world.agent().await).await;
    for (body, cookie) in [
        ("theme=dark", "docket_theme=dark;"),
        ("theme=light", "docket_theme=light;"),
        ("theme=pink%0d%0aSet-Cookie:x", "docket_theme=;"),
        ("nonsense", "docket_theme=;"),
        ("%ff", "docket_theme=;"),
    ] {
        let page = send(&staff, "/me/theme", "application/x-www-form-urlencoded", body).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{body}");
        assert!(page.headers[header::SET_COOKIE].to_str().unwrap().starts_with(cookie), "{body}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let world = World::new().await;
    let staff = Browser::of(&world, &world.agent().await).await;
    let jana = Browser::of(&world, &world.customer().await).await;
    for (browser, path) in [
        (&staff, "/nothing"),
        (&staff, "/tickets/999999"),
        (&staff, "/tickets/nine"),
        (&staff, "/tickets/99999999999999999999"),
        (&jana, "/portal/tickets/999999"),
        (&jana, "/portal/nothing"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text.contains("</html>"), "{path}");
    }
    // A password in the address is not taken from there.
    let page = staff.get(&format!("/sign-in?email=a&password={}", PASSWORD.replace(' ', "+"))).await;
    assert!(page.status.is_redirection() || !page.text.contains(PASSWORD));
}

/// The key of the form on a page.
fn key_in(page: &str) -> String {
    let from = page.split("name=\"key\" value=\"").nth(1).unwrap_or_default();
    from.split('"').next().unwrap_or_default().to_owned()
}

/// A browser that sends a form again as it is, by a second click or because no answer came, opens one ticket.
#[tokio::test]
async fn a_form_that_is_sent_twice_is_taken_once() {
    let world = World::new().await;
    let jana = Browser::of(&world, &world.customer().await).await;
    let form = |key| multipart(&[("key", key), ("subject", "Printer"), ("body", "It is offline.")]);
    let mut places = Vec::new();
    for key in ["one", "one", "two", "", ""] {
        let page = send(&jana, "/portal/new", MULTIPART, form(key)).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        places.push(page.headers[header::LOCATION].to_str().unwrap().to_owned());
    }
    assert_eq!(places[0], places[1]);
    assert_eq!(world.count("select count(*) from tickets").await, 4, "{places:?}");
    let answer = places[0].clone();
    for _ in 0..2 {
        let page = send(&jana, &answer, MULTIPART, multipart(&[("key", "three"), ("body", "Still offline.")])).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let place = page.headers[header::LOCATION].to_str().unwrap().to_owned();
        places.push(place);
    }
    assert_eq!(places[5], places[6]);
    assert_eq!(world.count("select count(*) from messages").await, 5);
    // The key is the page's own, another one each time.
    let key = async |path: &str| key_in(&jana.get(path).await.text);
    let (one, two) = (key(&answer).await, key(&answer).await);
    assert!(one.len() > 20 && one != two && key("/portal/new").await.len() > 20, "{one} {two}");
    // One that was used up for other words is not used again: what is typed can be sent then.
    let page = send(&jana, &answer, MULTIPART, multipart(&[("key", "three"), ("body", "Other words.")])).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("Other words.") && !["", "three"].contains(&&*key_in(&page.text)), "{}", page.text);
    // What was refused keeps its key, as it keeps what was typed.
    let page = send(&jana, &answer, MULTIPART, multipart(&[("key", "four"), ("body", " ")])).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("value=\"four\""), "{}", page.text);
}

/// Who signs in as somebody else in another tab does not send what stands in this one in the wrong name.
#[tokio::test]
async fn what_a_page_of_somebody_else_asks_for_is_refused() {
    let world = World::new().await;
    let (agent, jana, eve) = (world.agent().await, world.customer().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let (staff, customer) = (Browser::of(&world, &agent).await, Browser::of(&world, &jana).await);
    let file = async |browser: &Browser, whose: &str| {
        let request = Request::post(format!("/files?name=a.txt&ticket={ticket}"))
            .header("sec-fetch-site", "same-origin")
            .header(ui::whose::HEADER, whose);
        browser.send(request.body(Body::from("words")).unwrap()).await
    };
    let note = async |browser: &Browser, whose: &str| {
        let message = crate::support::text(domain::ticket::Writing::Note, "He is a liar.");
        let request = Request::post("/rpc/tickets/write")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin")
            .header(ui::whose::HEADER, whose);
        let input = serde_json::json!({ "id": ticket, "message": message }).to_string();
        browser.send(request.body(Body::from(input)).unwrap()).await
    };
    let (ann, other) = (id_of(&agent).0.to_string(), id_of(&eve).0.to_string());
    for page in [file(&staff, &other).await, note(&staff, &other).await] {
        assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text);
        assert!(page.text.contains("somebody_else") && page.text.contains(&person(&agent).name), "{}", page.text);
    }
    // The same by plain form: what was typed is there again, for the one who is signed in.
    for path in ["/portal/new".to_owned(), format!("/portal/tickets/{ticket}")] {
        let form = [("person", other.as_str()), ("subject", "Printer"), ("body", "All my words")];
        let page = send(&customer, &path, MULTIPART, multipart(&form)).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{path}: {}", page.text);
        assert!(page.text.contains("All my words") && page.text.contains("You are signed in as"), "{path}");
        assert!(page.text.contains(&format!("name=\"person\" value=\"{}\"", id_of(&jana).0)), "{path}");
    }
    assert_eq!(world.count("select count(*) from messages").await, 1);
    assert_eq!(world.count("select count(*) from attachments").await, 0);
    // What one's own page asks for is done, and so is what says nothing of a page.
    for page in [file(&staff, &ann).await, note(&staff, &ann).await, note(&staff, "nonsense").await] {
        assert!(page.status.is_success(), "{}", page.text);
    }
    let form = [("person", id_of(&jana).0.to_string()), ("body", "Mine".to_owned())];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = send(&customer, &format!("/portal/tickets/{ticket}"), MULTIPART, multipart(&form)).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
}
