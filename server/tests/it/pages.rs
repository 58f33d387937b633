//! Pages: that they arrive whole, and what they cost.

use crate::support::{PASSWORD, World, browser::Browser, id_of, node::soon, person, seed, sql};
use axum::body::Body;
use domain::{
    Actor, Role, StatusId, TicketId,
    account::Registration,
    board::BoardFilter,
    letter::Purpose,
    priority::Level,
    ticket::{Filter, Sort, Whose},
    timeline::Part,
};
use futures::stream;
use http::{Request, StatusCode};
use store::{
    Tx,
    accounts::{self, invitations, own},
    counts::Counts,
    people,
    tickets::{board, history, list, search, view},
};
use tokio::task::JoinSet;

/// Views are dropped by other threads than render them, so what a page does when it goes must not touch its values.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_that_many_open_at_once_all_arrive_whole() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let TicketId(ticket) = world.ticket(&jana).await.id;
    world.reply(&agent, TicketId(ticket), "Please restart it.").await;
    let staff = Browser::of(&world, &agent).await;
    let customer = Browser::of(&world, &jana).await;
    let mut open = JoinSet::new();
    for _ in 0..25 {
        for (browser, path, wanted) in [
            (&staff, "/tickets".to_owned(), "is offline"),
            (&staff, format!("/tickets/{ticket}"), "Please restart it."),
            (&staff, "/board".to_owned(), "is offline"),
            (&staff, "/search?q=offline".to_owned(), "offline"),
            (&staff, "/new".to_owned(), "New ticket"),
            (&customer, "/portal".to_owned(), "is offline"),
            (&customer, format!("/portal/tickets/{ticket}"), "Please restart it."),
        ] {
            let browser = browser.clone();
            open.spawn(async move {
                let page = soon(&path, browser.get(&path)).await;
                assert_eq!(page.status, StatusCode::OK, "{path}");
                assert!(
                    page.text.contains(wanted) && page.text.contains("</html>"),
                    "{path}: …{}",
                    &page.text[page.text.len().saturating_sub(400)..]
                );
            });
        }
    }
    while let Some(done) = open.join_next().await {
        done.unwrap();
    }
}

/// The most statements that a page may take, the one that finds its session included.
const STATEMENTS_MAX: usize = 6;

#[tokio::test]
async fn no_page_takes_more_than_six_statements() {
    let world = World::new().await;
    let company = world.company("Acme", true).await;
    let (agent, jana) = (world.agent().await, world.company_user(company).await);
    let ticket = world.ticket(&jana).await.id;
    world.reply(&agent, ticket, "Please restart it.").await;
    world.note(&agent, ticket, "The fuse again.").await;
    let visitor = Browser::of_visitor(&world);
    let staff = Browser::of(&world, &agent).await;
    let customer = Browser::of(&world, &jana).await;
    // Who has shown their password, and no code yet.
    let between = {
        let other = world.agent().await;
        world.app(&other).await;
        let form = [("email", person(&other).email.as_str()), ("password", PASSWORD)];
        let page = visitor.post("/sign-in", &form).await;
        let cookie = page.headers[http::header::SET_COOKIE].to_str().unwrap();
        let mut browser = visitor.clone();
        browser.cookie = cookie.split(';').next().map(str::to_owned);
        browser
    };
    let customer_id = id_of(&jana);
    let admin = world.superadmin().await;
    let mut file = stream::iter([Ok(bytes::Bytes::from_static(b"email\na@a.example\n"))]);
    store::imports::create(&world.desk, &admin, domain::import::Kind::Customers, "a.csv", &mut file).await.unwrap();
    // The most that a field can cost: the names of staff to choose from, and of whom it is filled with.
    let (field, _) = crate::fields::looked_after(&world, &admin, customer_id, company).await;
    let admin = Browser::of(&world, &admin).await;
    let pages = [
        (&admin, "/settings".to_owned()),
        (&admin, "/settings/two-step".to_owned()),
        (&admin, "/settings/retention".to_owned()),
        (&admin, "/settings/satisfaction".to_owned()),
        (&admin, "/settings/fields".to_owned()),
        (&admin, format!("/settings/fields/{field}")),
        (&admin, "/settings/priority".to_owned()),
        (&admin, "/settings/board".to_owned()),
        (&admin, "/settings/https".to_owned()),
        (&admin, "/settings/mails".to_owned()),
        (&admin, "/settings/users".to_owned()),
        (&admin, format!("/settings/users/{}", id_of(&agent))),
        (&admin, "/settings/roles".to_owned()),
        (&admin, "/settings/roles/new".to_owned()),
        (&admin, "/settings/teams".to_owned()),
        (&admin, "/settings/teams/new".to_owned()),
        (&admin, "/settings/log?person=1&about=sign-ins&from=2026-01-01".to_owned()),
        (&admin, "/settings/invitations".to_owned()),
        (&staff, "/".to_owned()),
        (&visitor, "/sign-in".to_owned()),
        (&visitor, "/sign-up".to_owned()),
        (&visitor, "/set-up".to_owned()),
        (&visitor, "/forgot".to_owned()),
        (&visitor, "/confirm".to_owned()),
        (&visitor, link(&world, Purpose::Register).await),
        (&visitor, link(&world, Purpose::Reset).await),
        (&visitor, link(&world, Purpose::Invitation).await),
        (&visitor, link(&world, Purpose::NewAddress).await),
        (&visitor, link(&world, Purpose::Rating).await),
        (&customer, "/portal".to_owned()),
        (&customer, "/portal/new".to_owned()),
        (&between, "/sign-in/second".to_owned()),
        (&customer, "/two-step".to_owned()),
        (&customer, "/api-tokens".to_owned()),
        (&visitor, "/sign-in/company".to_owned()),
        (&visitor, "/sign-in/passkey".to_owned()),
        (&visitor, "/sign-in/back".to_owned()),
        (&visitor, "/sign-in/with/1".to_owned()),
        (&admin, "/settings/sign-in".to_owned()),
        (&admin, "/settings/sign-in/new-google".to_owned()),
        (&customer, "/portal/me".to_owned()),
        (&customer, format!("/portal/tickets/{ticket}")),
        (&customer, format!("/portal/tickets/{ticket}/rating")),
        (&staff, "/tickets".to_owned()),
        (&staff, format!("/tickets/{ticket}")),
        (&staff, format!("/tickets/{ticket}/history")),
        (&staff, "/new".to_owned()),
        (&staff, "/board".to_owned()),
        (&staff, "/search?q=restart".to_owned()),
        (&staff, "/me".to_owned()),
        (&staff, "/customers?q=cus".to_owned()),
        (&staff, "/customers/new".to_owned()),
        (&staff, format!("/customers/{customer_id}")),
        (&staff, format!("/customers/{customer_id}/edit")),
        (&staff, format!("/customers/{customer_id}/company?none=1")),
        (&admin, format!("/customers/{customer_id}/merge?q=cus")),
        (&admin, format!("/customers/{customer_id}/erase")),
        (&admin, format!("/customers/{customer_id}/second-factor")),
        (&admin, "/customers/import".to_owned()),
        (&admin, "/customers/import/1".to_owned()),
        (&staff, "/companies?q=acme".to_owned()),
        (&staff, "/companies/new".to_owned()),
        (&staff, format!("/companies/{company}")),
        (&staff, format!("/companies/{company}/edit")),
        (&staff, format!("/companies/{company}/people")),
        (&admin, format!("/companies/{company}/merge?q=acme")),
        (&staff, "/nothing".to_owned()),
    ];
    // Where nothing is, or nobody is awaited.
    const NOTHING: [&str; 3] = ["/nothing", "/sign-in/back", "/sign-in/with/1"];
    let routes = include_str!("../../../app/ui/src/app.rs").matches("<Route ").count();
    assert_eq!(pages.len(), routes, "each page of the application has its line here");
    for (browser, path) in pages {
        let (page, statements) = sql::fewest(STATEMENTS_MAX, || browser.get(&path)).await;
        let fine = page.status.is_success() || page.status.is_redirection() || NOTHING.contains(&&*path);
        assert!(fine, "{path}: {}", page.status);
        let asks = !["/sign-up", "/sign-in/company", "/forgot", "/confirm"].contains(&&*path);
        assert!(!statements.is_empty() || !asks, "{path}: its statements went unseen");
        assert!(statements.len() <= STATEMENTS_MAX, "{path}: {statements:#?}");
    }
}

/// The page of a good link, out of the mail.
async fn link(world: &World, purpose: Purpose) -> String {
    let visitor = Actor::visitor(None);
    match purpose {
        Purpose::Register => {
            let input =
                Registration { name: "Otto".into(), email: "otto@acme.example".into(), password: PASSWORD.into() };
            accounts::register(&world.desk, &visitor, input).await.unwrap();
        }
        Purpose::Reset => {
            let email = person(&world.customer().await).email.clone();
            accounts::reset::ask(&world.desk, &visitor, &email).await.unwrap();
        }
        Purpose::Invitation => {
            let admin = world.superadmin().await;
            let role = domain::access::RoleChoice::BuiltIn(Role::Agent);
            let invited = async |tx: &mut Tx| invitations::invite(tx, &admin, "zoe@acme.example", role, &[]).await;
            world.run(invited).await.unwrap();
        }
        Purpose::Rating => {
            let (agent, jana) = (world.agent().await, world.customer().await);
            crate::ratings::by_mail(world, 0).await;
            crate::ratings::solved(world, &agent, &jana).await;
        }
        Purpose::NewAddress => {
            let customer = world.customer().await;
            own::ask_for_address(&world.desk, &customer, None, "new@acme.example", PASSWORD.into()).await.unwrap();
        }
    }
    let page = format!("{}/", purpose.page());
    let token = world.mails().await.last().unwrap().token(&page);
    page + &token
}

/// What the screens read, on a desk of so many tickets: rows by table, and no table from end to end.
async fn rows_read(tickets: i64) -> i64 {
    let setup = crate::support::Setup { connections: 1, ..Default::default() };
    let world = World::with(setup).await;
    let company = world.company("Acme", true).await;
    let (agent, jana) = (world.agent().await, world.company_user(company).await);
    let mut customers = vec![jana.clone()];
    for _ in 0..9 {
        customers.push(world.customer().await);
    }
    // A few thousand are read from end to end as quickly as by an index.
    seed::customers(&world, 5 * tickets).await;
    seed::tickets(&world, &customers, &agent, tickets).await;
    let desk = &world.desk;
    let catalog = desk.catalog();
    let active: Vec<StatusId> = catalog.active();
    let user = agent.user_id().unwrap();
    let filters = [
        Filter::default(),
        Filter { statuses: active.clone(), ..Filter::default() },
        Filter { statuses: active.clone(), sort: Sort::Priority, ..Filter::default() },
        Filter { sort: Sort::Created, ..Filter::default() },
        Filter { sort: Sort::Oldest, ..Filter::default() },
        Filter { statuses: active.clone(), assignee: Some(Whose::Of(user)), ..Filter::default() },
        Filter { statuses: active.clone(), assignee: Some(Whose::Nobody), ..Filter::default() },
        Filter { statuses: active.clone(), urgency: Some(Level::Critical), ..Filter::default() },
        Filter { company: Some(company), ..Filter::default() },
    ];
    let (_, read) = sql::reads(&world, async {
        for filter in &filters {
            let page = list::list(desk, &agent, filter).await.unwrap();
            assert_eq!(page.rows.len(), 40, "{filter:?}");
            let after = Filter { after: page.next, ..filter.clone() };
            assert!(!list::list(desk, &agent, &after).await.unwrap().rows.is_empty(), "{filter:?}");
        }
        assert_eq!(list::list(desk, &jana, &Filter::default()).await.unwrap().rows.len(), 40);
        board::board(desk, &agent, &BoardFilter::default()).await.unwrap();
        view::view(desk, &agent, TicketId(1_500), Part::Latest).await.unwrap();
        history::history(desk, &agent, TicketId(1_500), None).await.unwrap();
        Counts::load(&mut desk.read().await.unwrap()).await.unwrap();
        // As somebody types them: names, words of names, addresses.
        for text in ["se", "seeded p", "person", "person 3999", "seeded3999@", "nobody"] {
            let found = people::find_customers(&mut desk.read().await.unwrap(), &agent, text).await.unwrap();
            assert_eq!(found.is_empty(), text == "nobody", "{text}");
        }
    })
    .await;
    // Finds more where there is more, so it counts apart.
    let (found, searched) = sql::reads(&world, search::search(desk, &agent, "rare", 0)).await;
    assert!(!found.unwrap().hits.is_empty());
    for table in ["tickets", "events", "messages"] {
        assert_eq!(searched.get(table).map_or(0, |r| r.scans), 0, "{table} was read from end to end: {searched:?}");
    }
    for table in ["tickets", "events", "messages", "users"] {
        assert_eq!(read.get(table).map_or(0, |r| r.scans), 0, "{table} was read from end to end: {read:?}");
    }
    read.values().map(|r| r.rows).sum()
}

#[tokio::test]
async fn screens_read_no_more_as_the_table_grows() {
    let (small, large) = (rows_read(4_000).await, rows_read(16_000).await);
    assert!(large * 10 <= small * 13, "{small} rows with 4,000 tickets, {large} with 16,000");
}

/// Who gets which page: a visitor, the ticket's customer, another customer, an agent, a superadmin. 3xx: they are sent on, to
/// where they can sign in or work.
#[tokio::test]
async fn each_page_is_for_who_may_see_it() {
    const STAFF: [u16; 5] = [302, 302, 302, 200, 200];
    let world = World::new().await;
    let (jana, other, agent, admin) =
        (world.customer().await, world.customer().await, world.agent().await, world.superadmin().await);
    let ticket = world.ticket(&jana).await.id;
    world.note(&agent, ticket, "Secretly, the fuse is gone.").await;
    let (customer, company) = (id_of(&jana), world.company("Acme", false).await);
    let visitor = Browser::of_visitor(&world);
    let mut browsers = vec![visitor.clone()];
    for who in [&jana, &other, &agent, &admin] {
        browsers.push(visitor.clone().signed_in(who).await);
    }
    let pages = [
        ("/".to_owned(), [302; 5]),
        ("/sign-in".to_owned(), [200, 302, 302, 302, 302]),
        // Nobody here has proved the first factor.
        ("/sign-in/second".to_owned(), [302; 5]),
        ("/two-step".to_owned(), [302, 200, 200, 200, 200]),
        ("/api-tokens".to_owned(), [302, 200, 200, 200, 200]),
        ("/sign-in/company".to_owned(), [200, 302, 302, 302, 302]),
        ("/sign-in/passkey".to_owned(), [200, 302, 302, 302, 302]),
        ("/sign-in/back".to_owned(), [404, 302, 302, 302, 302]),
        ("/sign-in/with/1".to_owned(), [404, 302, 302, 302, 302]),
        ("/settings/sign-in".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/fields".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/fields/new-customers".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/sign-in/new-google".to_owned(), [302, 302, 302, 403, 200]),
        ("/sign-up".to_owned(), [200, 302, 302, 302, 302]),
        ("/set-up".to_owned(), [302; 5]),
        ("/forgot".to_owned(), [200; 5]),
        ("/confirm".to_owned(), [200; 5]),
        (link(&world, Purpose::Register).await, [200; 5]),
        (link(&world, Purpose::Reset).await, [200; 5]),
        (link(&world, Purpose::Invitation).await, [200; 5]),
        (link(&world, Purpose::NewAddress).await, [200; 5]),
        (link(&world, Purpose::Rating).await, [200; 5]),
        ("/portal".to_owned(), [302, 200, 200, 200, 200]),
        ("/portal/new".to_owned(), [302, 200, 200, 200, 200]),
        ("/portal/me".to_owned(), [302, 200, 200, 200, 200]),
        (format!("/portal/tickets/{ticket}"), [302, 200, 404, 404, 404]),
        (format!("/portal/tickets/{ticket}/rating"), [302, 200, 404, 404, 404]),
        ("/tickets".to_owned(), STAFF),
        (format!("/tickets/{ticket}"), STAFF),
        (format!("/tickets/{ticket}/history"), STAFF),
        ("/new".to_owned(), STAFF),
        ("/board".to_owned(), STAFF),
        ("/search?q=fuse".to_owned(), STAFF),
        ("/me".to_owned(), STAFF),
        ("/customers".to_owned(), STAFF),
        ("/customers/new".to_owned(), STAFF),
        (format!("/customers/{customer}"), STAFF),
        (format!("/customers/{customer}/edit"), STAFF),
        (format!("/customers/{customer}/company"), STAFF),
        (format!("/customers/{customer}/merge"), STAFF),
        (format!("/customers/{customer}/erase"), [302, 302, 302, 403, 200]),
        (format!("/customers/{customer}/second-factor"), [302, 302, 302, 200, 200]),
        ("/customers/import".to_owned(), [302, 302, 302, 403, 200]),
        ("/customers/import/1".to_owned(), [302, 302, 302, 403, 404]),
        ("/companies".to_owned(), STAFF),
        ("/companies/new".to_owned(), STAFF),
        (format!("/companies/{company}"), STAFF),
        (format!("/companies/{company}/edit"), STAFF),
        (format!("/companies/{company}/people"), STAFF),
        (format!("/companies/{company}/merge"), STAFF),
        ("/settings".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/users".to_owned(), [302, 302, 302, 403, 200]),
        (format!("/settings/users/{}", id_of(&agent)), [302, 302, 302, 403, 200]),
        ("/settings/roles".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/roles/new".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/teams".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/teams/new".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/log".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/priority".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/board".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/satisfaction".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/retention".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/invitations".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/https".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/mails".to_owned(), [302, 302, 302, 403, 200]),
        ("/settings/two-step".to_owned(), [302, 302, 302, 403, 200]),
        ("/nothing".to_owned(), [404; 5]),
        ("/portal/nothing".to_owned(), [404; 5]),
    ];
    let routes = include_str!("../../../app/ui/src/app.rs").matches("<Route ").count();
    assert_eq!(pages.len(), routes + 1, "each page of the application has its line here, what is nowhere two");
    let mut wrong = Vec::new();
    for (path, expected) in &pages {
        for (caller, browser) in browsers.iter().enumerate() {
            let page = browser.get(path).await;
            if page.status.as_u16() != expected[caller] {
                let to = page.headers.get(http::header::LOCATION);
                wrong.push(format!("{path}, {caller}: {} {to:?} instead of {}", page.status, expected[caller]));
            }
            if expected[caller] == 302 {
                let request = Request::get(path).header(http::header::ACCEPT, "*/*").body(Body::empty()).unwrap();
                let status = browser.send(request).await.status;
                if !matches!(status.as_u16(), 302 | 401) {
                    wrong.push(format!("{path}, {caller}: {status} to a program"));
                }
            }
            assert!(caller > 2 || !page.text.contains("Secretly"), "{path} tells {caller} what only staff may know");
        }
    }
    for nothing in [
        "/nothing",
        "/tickets/nine",
        "/tickets/999999",
        "/portal/tickets/999999",
        "/settings/nothing",
        "/settings/sign-in/new-nothing",
    ] {
        let page = browsers[4].get(nothing).await;
        if page.status != StatusCode::NOT_FOUND {
            wrong.push(format!("{nothing}: {}", page.status));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// After signing out, "back" must not show what was there; and whatever is answered, no browser guesses what it is.
#[tokio::test]
async fn what_is_private_is_not_kept() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let staff = Browser::of(&world, &agent).await;
    let customer = Browser::of(&world, &jana).await;
    let visitor = Browser::of_visitor(&world);
    let own = format!("/portal/tickets/{ticket}");
    let mut answers = Vec::new();
    for (browser, path) in [
        (&staff, "/tickets"),
        (&staff, "/board"),
        (&staff, "/me"),
        (&staff, "/nothing/here"),
        (&staff, "/sign-in"),
        (&customer, "/portal"),
        (&customer, &own),
        (&customer, "/tickets"),
        (&customer, "/files/nothing/here"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        answers.push((path, page));
    }
    for browser in [&customer, &visitor] {
        let answer = browser.call("/rpc/tickets/list", r#"{"filter":{}}"#).await;
        assert_eq!(answer.headers["cache-control"], "no-store", "{answer:?}");
        answers.push(("rpc", answer));
    }
    // What everybody may see may be kept.
    let page = visitor.get("/sign-in").await;
    assert!(!page.headers.contains_key("cache-control"), "{page:?}");
    assert!(!page.text.contains("pageshow"), "{}", page.text);
    answers.push(("/sign-in", page));
    assert!(customer.get(&own).await.text.contains("pageshow"));
    let foreign = Request::post("/sign-in").header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    answers.push(("from another site", visitor.send(foreign).await));
    for path in ["/tickets", "/api/v1/auth/me", "/api/v1/docs", "/api/nothing", "/rpc/nothing", "/live"] {
        answers.push((path, visitor.get(path).await));
    }
    for (path, answer) in answers {
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["referrer-policy"], "same-origin", "{path}");
    }
}
