//! What is measured: each row of the table is one kind of request.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, ensure};
use domain::TicketId;
use domain::board::{Board, BoardFilter};
use domain::company::CompanyName;
use domain::priority::Level;
use domain::ticket::{Filter, NewMessage, NewTicket, Requester, Writing};
use domain::timeline::{Part, TicketView};
use serde_json::json;

use crate::http::{Call, Connection};

/// The ticket of ten messages.
pub const LONG: i64 = 1001;
/// The ticket that open tabs follow, and that is replied on while they do.
pub const WATCHED: i64 = 1002;
/// The word that is in fifty tickets.
const WORD: &str = "quokka";
/// Everybody's password in the demo.
const PASSWORD: &str = "docket-demo";

/// Cookies of signed-in people.
pub struct People {
    /// Sessions of an agent.
    pub staff: Vec<String>,
    pub customer: String,
}

impl People {
    /// Signs an agent in on so many devices, and a customer on one.
    pub async fn sign_in(address: &str, devices: usize) -> anyhow::Result<Self> {
        let mut staff = Vec::new();
        for _ in 0..devices {
            staff.push(sign_in(address, "agent%40docket.example").await?);
        }
        Ok(Self { staff, customer: sign_in(address, "customer%40mail.example").await? })
    }
}

async fn sign_in(address: &str, email: &str) -> anyhow::Result<String> {
    let mut connection = Connection::open(address, "").await?;
    let form = Call::form("/sign-in", format!("email={email}&password={PASSWORD}"));
    let answer = connection.send(&form).await?;
    ensure!(answer.status.is_redirection(), "signing in as {email} was refused: {}", answer.status);
    answer.cookie.context("signing in set no cookie")
}

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    Staff,
    Customer,
}

/// One kind of request.
pub struct Row {
    pub name: &'static str,
    pub by: As,
    /// What one of them may cost in CPU, in milliseconds, where there is a goal.
    pub goal_ms: Option<f64>,
    /// Makes the next request; writing ones differ from each other.
    pub next: Box<dyn Fn() -> Call + Send + Sync>,
}

impl Row {
    fn reading(name: &'static str, by: As, goal_ms: Option<f64>, call: Call) -> Self {
        Self { name, by, goal_ms, next: Box::new(move || call.clone()) }
    }
}

/// All rows, for a desk with so many tickets.
pub async fn all(address: &str, people: &People, tickets: u32) -> anyhow::Result<Vec<Row>> {
    let customers = format!("/portal/tickets/{}", customers_ticket(address, people).await?);
    let view = json!({ "id": TicketId(LONG), "part": Part::Latest });
    let board = two_hundred_cards(address, people).await?;
    let list = json!({ "filter": active(address, people).await? });
    Ok(vec![
        Row::reading("list, page", As::Staff, Some(2.0), Call::get("/tickets")),
        Row::reading("list, data", As::Staff, Some(2.0), Call::json("/rpc/tickets/list", &list)),
        Row::reading("ticket, page", As::Staff, Some(1.0), Call::get(format!("/tickets/{LONG}"))),
        Row::reading("ticket, data", As::Staff, Some(1.0), Call::json("/rpc/tickets/view", &view)),
        Row::reading("search, page", As::Staff, Some(2.0), Call::get(format!("/search?q={WORD}"))),
        Row::reading(
            "search, data",
            As::Staff,
            Some(2.0),
            Call::json("/rpc/tickets/search", &json!({ "words": WORD })),
        ),
        Row::reading("board of 200, page", As::Staff, Some(3.0), Call::get(format!("/board?{}", board.address))),
        Row::reading("board of 200, data", As::Staff, Some(3.0), Call::json("/rpc/board/read", &board.filter)),
        Row::reading("whole board, page", As::Staff, None, Call::get("/board")),
        create(),
        reply(tickets),
        Row::reading("portal, my tickets", As::Customer, None, Call::get("/portal")),
        Row::reading("portal, ticket", As::Customer, None, Call::get(customers)),
    ])
}

/// The filter of the list as it is first shown: tickets that somebody still has to do something about.
async fn active(address: &str, people: &People) -> anyhow::Result<Filter> {
    let mut connection = Connection::open(address, &people.staff[0]).await?.uncompressed();
    let view = Call::json("/rpc/tickets/view", &json!({ "id": TicketId(LONG), "part": Part::Latest }));
    let view: TicketView = serde_json::from_value(connection.json(&view).await?)?;
    let active = view.workflow.statuses.iter().filter(|status| status.category.is_active());
    Ok(Filter { statuses: active.map(|status| status.id).collect(), ..Filter::default() })
}

/// A board narrowed down.
struct Narrow {
    address: String,
    filter: serde_json::Value,
}

/// The board of that company (or all), urgency and importance that comes nearest to two hundred cards.
async fn two_hundred_cards(address: &str, people: &People) -> anyhow::Result<Narrow> {
    let mut connection = Connection::open(address, &people.staff[0]).await?.uncompressed();
    let companies = connection.json(&Call::json("/rpc/people/companies", &json!({}))).await?;
    let companies: Vec<CompanyName> = serde_json::from_value(companies)?;
    let mut best: Option<(usize, Narrow)> = None;
    let levels = || Level::ALL.map(Some).into_iter().chain([None]);
    let pairs = levels().flat_map(|urgency| levels().map(move |importance| (urgency, importance)));
    for (urgency, importance) in pairs {
        for company in companies.iter().map(|company| Some(company.id)).chain([None]) {
            let filter = BoardFilter { company, urgency, importance, ..BoardFilter::default() };
            let filter = json!({ "filter": filter });
            let board = connection.json(&Call::json("/rpc/board/read", &filter)).await?;
            let board: Board = serde_json::from_value(board)?;
            let off = board.columns.iter().map(|column| column.cards.len()).sum::<usize>().abs_diff(200);
            if best.as_ref().is_none_or(|(least, _)| off < *least) {
                let word =
                    |name, level: Option<Level>| level.map_or(String::new(), |l| format!("&{name}={}", l.word()));
                let (urgency, importance) = (word("urgency", urgency), word("importance", importance));
                let company = company.map_or(String::new(), |company| format!("company={}", company.0));
                let address = format!("{company}{urgency}{importance}");
                best = Some((off, Narrow { address, filter }));
            }
        }
    }
    let (off, best) = best.context("there is no company")?;
    eprintln!("  the board of 200 cards is {off} off: {}", best.address);
    Ok(best)
}

fn create() -> Row {
    let count = AtomicU64::new(0);
    let next = move || {
        let n = count.fetch_add(1, Ordering::Relaxed);
        let ticket = NewTicket {
            subject: format!("Label printer offline at gate {n}"),
            body: "The printer at the gate stopped this morning.\n\n- it blinks red\n- a **restart** did not help"
                .into(),
            requester: Some(Requester::Address { name: "Jana Weiß".into(), email: "customer@mail.example".into() }),
            urgency: Level::High,
            ..NewTicket::default()
        };
        Call::json("/rpc/tickets/create", &json!({ "ticket": ticket }))
    };
    Row { name: "create", by: As::Staff, goal_ms: Some(1.3), next: Box::new(next) }
}

fn reply(tickets: u32) -> Row {
    let count = AtomicU64::new(0);
    let next = move || {
        let n = count.fetch_add(1, Ordering::Relaxed);
        // All over the desk, as customers come, and never the ones that are measured by themselves.
        let ticket = WATCHED + 1 + i64::try_from((n * 7919) % u64::from(tickets - 2)).unwrap_or(0);
        let message = NewMessage {
            writing: Writing::Reply,
            body: "Thank you for the details.\n\nPlease **hold the feed button** for ten seconds, then try again."
                .into(),
            attachments: Vec::new(),
            seen: None,
            status: None,
            key: None,
            sign: false,
        };
        Call::json("/rpc/tickets/write", &json!({ "id": TicketId(ticket), "message": message }))
    };
    Row { name: "reply", by: As::Staff, goal_ms: Some(2.0), next: Box::new(next) }
}

/// A ticket of the customer, from their own list.
async fn customers_ticket(address: &str, people: &People) -> anyhow::Result<String> {
    let mut connection = Connection::open(address, &people.customer).await?.uncompressed();
    let page = connection.good(&Call::get("/portal")).await?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let (_, rest) = page.split_once("/portal/tickets/").context("the customer has no tickets")?;
    Ok(rest.chars().take_while(char::is_ascii_digit).collect())
}
