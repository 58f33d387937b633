//! Search: what is found, for whom, and with which words marked.

use crate::support::{Refused as _, World, browser::Browser, text};
use domain::{
    Actor, Code, TicketId,
    company::CompanyFilter,
    customer::CustomerFilter,
    search::{DEEPEST, Found, Piece, SHOWN},
    ticket::{NewTicket, Writing},
};
use store::{customers, tickets::search};

async fn found(world: &World, actor: &Actor, words: &str) -> Found {
    search::search(&world.desk, actor, words, 0).await.unwrap()
}

/// The marked words.
fn marked(pieces: &[Piece]) -> Vec<&str> {
    pieces.iter().filter(|p| p.marked).map(|p| p.text.as_str()).collect()
}

fn whole(pieces: &[Piece]) -> String {
    pieces.iter().map(|p| p.text.as_str()).collect()
}

#[tokio::test]
async fn search_finds_what_the_searcher_may_see_with_its_words_marked() {
    let world = World::new().await;
    let (shares, apart) = (world.company("Open house", true).await, world.company("Closed doors", false).await);
    let agent = world.agent().await;
    let people = [
        world.company_user(shares).await,
        world.company_user(shares).await,
        world.company_user(apart).await,
        world.company_user(apart).await,
        world.customer().await,
    ];
    let mut tickets = Vec::new();
    for customer in &people {
        let input = NewTicket {
            subject: "Printers <b>smoking</b> again".into(),
            body: "The toner cartridge burns; two **fuses** blew.".into(),
            ..NewTicket::default()
        };
        let ticket = world.open(customer, input).await.id;
        world.reply(&agent, ticket, "Please unplug the printer and wait.").await;
        world.note(&agent, ticket, "The wiring is a scandal.").await;
        tickets.push(ticket);
    }
    let hits = async |actor: &Actor, words: &str| {
        let mut ids: Vec<TicketId> = found(&world, actor, words).await.hits.iter().map(|h| h.ticket.id).collect();
        ids.sort_unstable();
        ids
    };
    for words in
        ["printer", "smoking", "toner", "fuse", "unplugging", "\"toner cartridge\"", "nothing or toner", "toner -soap"]
    {
        assert_eq!(hits(&agent, words).await, tickets, "{words}");
        assert_eq!(hits(&people[0], words).await, tickets[..2], "{words}: the company's");
        for n in 2..5 {
            assert_eq!(hits(&people[n], words).await, [tickets[n]], "{words}: their own");
        }
    }
    assert_eq!(hits(&agent, "scandal").await, tickets);
    for customer in &people {
        assert!(hits(customer, "scandal").await.is_empty(), "notes are for staff");
    }
    for nothing in ["\"cartridge toner\"", "toner -cartridge", "zebra", "the"] {
        assert!(hits(&agent, nothing).await.is_empty(), "{nothing}");
    }
    // A number finds its ticket, if it is the searcher's to see.
    for number in [format!("#{}", tickets[4]), tickets[4].to_string()] {
        assert_eq!(found(&world, &agent, &number).await.hits[0].ticket.id, tickets[4]);
        assert_eq!(hits(&people[4], &number).await, [tickets[4]]);
        assert!(hits(&people[0], &number).await.is_empty());
    }
    let hit = &found(&world, &people[4], "fuse").await.hits[0];
    assert_eq!(marked(&hit.snippet), ["fuses"]);
    assert_eq!(whole(&hit.snippet), "toner cartridge burns; two fuses blew", "without the signs of Markdown");
    let hit = found(&world, &people[4], "smoke fuse").await.hits;
    assert!(hit.is_empty(), "all words in one place");
    let hit = &found(&world, &people[4], "smoke").await.hits[0];
    assert_eq!(marked(&hit.subject), ["smoking"]);
    assert_eq!(whole(&hit.subject), "Printers <b>smoking</b> again");
    assert!(!whole(&hit.snippet).contains("scandal"), "the last message that customers see stands below");
    let hit = &found(&world, &people[4], "fuse toner").await.hits[0];
    assert_eq!(marked(&hit.snippet), ["toner", "fuses"]);
    assert!(hit.entry.is_some());
    search::search(&world.desk, &Actor::visitor(None), "printer", 0).await.refused(Code::SignedOut);
}

#[tokio::test]
async fn hostile_words_find_nothing_and_harm_nothing() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    // A person's own marks are not ours.
    world.write(&jana, ticket, text(Writing::Reply, "Some \u{2}forged\u{3} mark")).await;
    let hit = &found(&world, &agent, "mark").await.hits[0];
    assert_eq!((marked(&hit.snippet), whole(&hit.snippet).as_str()), (vec!["mark"], "Some forged mark"));
    for words in [
        "'",
        "''",
        "\\",
        "\\'",
        "%",
        "_",
        "' or 1=1 --",
        "'; drop table tickets; --",
        "$1",
        "$$",
        ":*",
        "a:*b",
        "!",
        "!!",
        "&",
        "|",
        "a & | b",
        "<->",
        "a <-> b",
        "((((",
        ")",
        "\"",
        "\"\"",
        "\"a",
        "- - -",
        "-a",
        "or",
        "or or or",
        "or -",
        "\u{0}",
        "a\u{0}b",
        "\u{2}\u{3}",
        "\u{202e}abc",
        "🙂",
        "é",
        "﷽",
        "\u{feff}",
        "-9223372036854775809",
        "#99999999999999999999",
        "#",
        "#-1",
        "#0",
        "NULL",
        "{}",
        "[]",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "%00",
        "\r\nSet-Cookie: a=b",
    ] {
        for actor in [&agent, &jana] {
            let hits = found(&world, actor, words).await.hits;
            assert!(hits.len() <= 1, "{words:?}: {hits:?}");
        }
    }
    for words in ["", " ", "\t\n"] {
        assert_eq!(found(&world, &agent, words).await, Found::default());
    }
    let long = "x".repeat(200);
    assert!(found(&world, &agent, &long).await.hits.is_empty());
    search::search(&world.desk, &agent, &"é".repeat(201), 0).await.wrong("q");
    let many = vec!["a\"'-("; 30].join(" ");
    found(&world, &agent, &many).await;
    assert_eq!(world.count("select count(*) from tickets").await, 1);
}

#[tokio::test]
async fn a_search_shows_so_many_and_says_that_there_are_more() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    for _ in 0..SHOWN {
        world.ticket(&jana).await;
    }
    let all = found(&world, &agent, "offline").await;
    assert_eq!((all.hits.len(), all.more), (SHOWN, false));
    world.ticket(&jana).await;
    let some = found(&world, &jana, "offline").await;
    assert_eq!((some.hits.len(), some.more), (SHOWN, true));
}

/// Every ticket that was found is on one page, up to where a search ends.
#[tokio::test]
async fn a_search_goes_on_page_by_page_and_ends_where_it_is_said() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let browser = Browser::of(&world, &agent).await;
    let first = world.ticket(&jana).await.id;
    crate::support::seed::tickets(&world, std::slice::from_ref(&jana), &agent, DEEPEST as i64 + 40).await;
    for table in ["update tickets set subject = 'Kestrel offline'", "update messages set body = 'A kestrel again'"] {
        sqlx::query(table).execute(world.desk.pool()).await.unwrap();
    }
    let mut seen = Vec::new();
    for from in (0..DEEPEST).step_by(SHOWN) {
        for who in [&agent, &jana] {
            let page = search::search(&world.desk, who, "kestrel", from).await.unwrap();
            assert_eq!((page.hits.len(), page.more), (SHOWN, true), "{from}");
            if std::ptr::eq(who, &agent) {
                seen.extend(page.hits.iter().map(|hit| hit.ticket.id));
            }
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), DEEPEST, "no ticket twice");
    for from in [DEEPEST, DEEPEST + 1, usize::MAX] {
        search::search(&world.desk, &agent, "kestrel", from).await.wrong("from");
    }
    let page = browser.get("/search?q=kestrel").await.text;
    assert!(page.contains("The best 30 tickets; more were found.") && page.contains("from=30\""), "{page}");
    let page = browser.get("/search?q=kestrel&from=270").await.text;
    assert!(page.contains("These are the best 300 tickets") && !page.contains("Next page"), "{page}");
    let page = Browser::of(&world, &jana).await.get("/portal?q=kestrel&after=30").await.text;
    assert!(page.contains("More that was found") && page.contains("after=60"), "{page}");
    // Past the end of what there is.
    let page = search::search(&world.desk, &agent, &first.to_string(), SHOWN).await.unwrap();
    assert_eq!((page.hits.len(), page.more), (0, false));
    assert!(browser.get(&format!("/search?q={first}&from=30")).await.text.contains("No more tickets"));
}

/// Customers and companies, too: by name, none twice, and none left out.
#[tokio::test]
async fn people_who_are_found_come_page_by_page() {
    let world = World::new().await;
    let agent = world.agent().await;
    // By a first name, by a last name, by an address, and whoever is none of it.
    sqlx::query(
        "insert into users (role, name, email)
         select 'customer', case n % 3 when 0 then 'Kestrel ' || n when 1 then 'Ada Kestrel ' || n else 'Bob ' || n end,
                case n % 3 when 2 then 'kestrel' else 'else' end || n || '@people.example' from generate_series(1, 320) n",
    )
    .execute(world.desk.pool())
    .await
    .unwrap();
    sqlx::query("insert into companies (name) select 'Kestrel ' || n from generate_series(1, 120) n")
        .execute(world.desk.pool())
        .await
        .unwrap();
    let (mut people, mut companies, mut pages) = (Vec::new(), Vec::new(), 0);
    let mut filter = CustomerFilter { text: "kestrel".into(), ..CustomerFilter::default() };
    loop {
        let page = customers::list::list(&mut world.desk.read().await.unwrap(), &agent, &filter).await.unwrap();
        people.extend(page.rows.iter().map(|row| row.id));
        (filter.after, pages) = (page.next, pages + 1);
        if pages * 50 == DEEPEST {
            break;
        }
    }
    assert_eq!((people.len(), filter.after.as_deref()), (DEEPEST, Some("300")));
    customers::list::list(&mut world.desk.read().await.unwrap(), &agent, &filter).await.wrong("after");
    let mut filter = CompanyFilter { text: "kestrel".into(), after: None };
    loop {
        let page = store::companies::list::list(&mut world.desk.read().await.unwrap(), &agent, &filter).await.unwrap();
        companies.extend(page.rows.iter().map(|row| row.id));
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(companies.len(), 120);
    for ids in [people.iter().map(|id| id.0).collect::<Vec<_>>(), companies.iter().map(|id| id.0).collect()] {
        let once: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(once.len(), ids.len(), "nobody twice");
    }
    let browser = Browser::of(&world, &agent).await;
    let page = browser.get("/customers?q=kestrel").await.text;
    assert!(page.contains("The first 50; more were found.") && page.contains("after=50&amp;q=kestrel"), "{page}");
    let page = browser.get("/customers?q=kestrel&after=250").await.text;
    assert!(page.contains("These are the first 300 customers") && !page.contains("Next page"), "{page}");
    let page = browser.get("/companies?q=kestrel&after=100").await.text;
    assert!(page.contains("First page") && !page.contains("Next page"), "{page}");
}
