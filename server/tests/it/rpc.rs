//! Server functions are a public interface: each by everybody, and with any input.

use crate::support::{
    World,
    browser::{Browser, Page},
    id_of,
    random::{nearly, value},
};
use domain::{
    Actor, Code, StatusId, TicketId,
    board::{BoardFilter, Move},
    customer::CustomerFilter,
    security_log::LogFilter,
    ticket::{Change, Filter, NewTicket, Swap, Writing},
    timeline::{Draft, Part},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestError, TestRunner},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, env};
use tokio::runtime::Runtime;

/// The callers, by what the ticket at hand is to them.
const CALLERS: [&str; 5] = ["visitor", "its customer", "another customer", "agent", "superadmin"];

const ANYBODY: [u16; 5] = [200; 5];
const SIGNED_IN: [u16; 5] = [401, 200, 200, 200, 200];
/// Whoever sees the ticket.
const SEERS: [u16; 5] = [401, 200, 404, 200, 200];
/// Staff; customers are told so on tickets that they see.
const WORKERS: [u16; 5] = [401, 403, 404, 200, 200];
const STAFF: [u16; 5] = [401, 403, 403, 200, 200];
const ADMINS: [u16; 5] = [401, 403, 403, 403, 200];
/// In the portal everybody is a customer.
const OWNER: [u16; 5] = [401, 200, 404, 404, 404];

/// The customer of the ticket at hand.
const CUSTOMER: i64 = 1;

/// A server function, an input of it for a ticket that is open, and the status for each of [`CALLERS`].
struct Function(&'static str, fn(TicketId, StatusId) -> Value, [u16; 5]);

fn functions() -> Vec<Function> {
    let urgent = |id, _| {
        let change = Change { urgency: Some(Swap::to(domain::priority::Level::High)), ..Change::default() };
        json!({ "id": id, "change": change })
    };
    let moved = |id, open| json!({ "input": Move { ticket: id, status: open, above: None, below: None, lane: None, from: open } });
    vec![
        Function("access/log", |_, _| json!({ "filter": LogFilter::default() }), ADMINS),
        Function("access/role", |_, _| json!({ "id": 1 }), [401, 403, 403, 403, 404]),
        Function("access/roles", |_, _| json!({}), ADMINS),
        Function("access/sign_ins", |_, _| json!({}), SIGNED_IN),
        Function("access/team", |_, _| json!({ "id": null }), ADMINS),
        Function("access/teams", |_, _| json!({}), ADMINS),
        Function("access/user", |_, _| json!({ "id": CUSTOMER + 2 }), ADMINS),
        Function("access/users", |_, _| json!({ "q": "", "role": "", "blocked": "", "after": null }), ADMINS),
        Function("accounts/api_tokens", |_, _| json!({}), SIGNED_IN),
        Function("accounts/devices", |_, _| json!({}), SIGNED_IN),
        Function("accounts/first_run", |_, _| json!({}), ANYBODY),
        Function("accounts/passkeys", |_, _| json!({}), SIGNED_IN),
        // Nowhere, as requests of tests do not say at which address they are.
        Function("accounts/passkey_door", |_, _| json!({"offered": true}), [409; 5]),
        Function("accounts/passkey_second", |_, _| json!({}), [401; 5]),
        Function("accounts/profile", |_, _| json!({}), SIGNED_IN),
        Function("accounts/second_factor", |_, _| json!({}), SIGNED_IN),
        // Nobody here has proved the first factor.
        Function("accounts/second_step", |_, _| json!({}), [401; 5]),
        Function("accounts/link", |_, _| json!({ "purpose": "reset", "token": "x" }), [404; 5]),
        Function("accounts/zones", |_, _| json!({}), SIGNED_IN),
        Function("board/move", moved, WORKERS),
        Function("board/read", |_, _| json!({ "filter": BoardFilter::default() }), STAFF),
        Function("companies/list", |_, _| json!({ "filter": { "text": "a", "after": null } }), STAFF),
        Function("companies/merge_preview", |_, _| json!({ "kept": 1, "gone": 2 }), [401, 403, 403, 403, 200]),
        Function("companies/names", |_, _| json!({}), STAFF),
        Function("companies/outside", |_, _| json!({ "id": 1 }), STAFF),
        Function("companies/view", |_, _| json!({ "id": 1 }), STAFF),
        Function("customers/conversion", |_, _| json!({ "id": CUSTOMER, "to": null }), STAFF),
        Function("customers/exports", |_, _| json!({ "id": CUSTOMER }), [401, 403, 403, 403, 200]),
        Function("customers/list", |_, _| json!({ "filter": CustomerFilter::default() }), STAFF),
        Function(
            "customers/merge_preview",
            |_, _| json!({ "kept": CUSTOMER, "gone": CUSTOMER + 1 }),
            [401, 403, 403, 403, 200],
        ),
        Function("customers/messages", |_, _| json!({ "id": CUSTOMER, "after": null }), STAFF),
        Function("customers/beside", |_, _| json!({ "id": CUSTOMER }), STAFF),
        Function("customers/view", |_, _| json!({ "id": CUSTOMER }), STAFF),
        Function("errands/of", |_, _| json!({ "about": { "customer": CUSTOMER } }), STAFF),
        Function("fields/all", |_, _| json!({}), ADMINS),
        Function("fields/blank", |_, _| json!({ "of": "customers" }), STAFF),
        Function("imports/list", |_, _| json!({}), [401, 403, 403, 403, 200]),
        Function("imports/view", |_, _| json!({ "id": 1 }), [401, 403, 403, 403, 404]),
        Function("outside/connections", |_, _| json!({}), SIGNED_IN),
        Function("outside/provider", |_, _| json!({ "id": null }), ADMINS),
        Function("outside/providers", |_, _| json!({}), ADMINS),
        Function("outside/ways_in", |_, _| json!({}), ANYBODY),
        Function("people/companies", |_, _| json!({}), STAFF),
        Function("people/find", |_, _| json!({ "text": "a" }), STAFF),
        Function("people/staff", |_, _| json!({}), STAFF),
        Function("portal/list", |_, _| json!({ "filter": Filter::default() }), SIGNED_IN),
        Function("portal/search", |_, _| json!({ "words": "printer" }), SIGNED_IN),
        Function("portal/timeline", |id, _| json!({ "id": id, "part": Part::Latest }), OWNER),
        Function("portal/view", |id, _| json!({ "id": id, "part": Part::Latest }), OWNER),
        Function("settings/columns", |_, _| json!({}), ADMINS),
        Function("settings/https", |_, _| json!({}), ADMINS),
        Function("settings/invitations", |_, _| json!({}), ADMINS),
        Function("settings/mails", |_, _| json!({ "after": null }), ADMINS),
        Function("settings/mails_tried", |_, _| json!({ "ids": [1, 2] }), ADMINS),
        Function("settings/priorities", |_, _| json!({}), ADMINS),
        Function("ratings/asked", |id, _| json!({ "id": id }), SEERS),
        Function("ratings/by_mail", |_, _| json!({ "token": "x" }), [404; 5]),
        Function("ratings/of_customer", |_, _| json!({ "id": CUSTOMER, "after": null }), STAFF),
        Function("settings/satisfaction", |_, _| json!({}), ADMINS),
        Function("settings/retention", |_, _| json!({}), ADMINS),
        Function("settings/second_factor", |_, _| json!({}), ADMINS),
        Function("settings/unsent", |_, _| json!({}), ADMINS),
        Function("tickets/attachments", |id, _| json!({ "id": id }), SEERS),
        Function("tickets/change", urgent, WORKERS),
        Function("tickets/create", |_, _| json!({ "ticket": new_ticket() }), SIGNED_IN),
        Function("tickets/draft", |id, _| json!({ "id": id, "draft": draft(Writing::Reply) }), SEERS),
        Function("tickets/history", |id, _| json!({ "id": id, "before": null }), WORKERS),
        Function("tickets/list", |_, _| json!({ "filter": Filter::default() }), SIGNED_IN),
        Function("tickets/preview", |_, _| json!({ "body": "**Hello**" }), SIGNED_IN),
        Function("tickets/search", |_, _| json!({ "words": "printer" }), SIGNED_IN),
        Function("tickets/timeline", |id, _| json!({ "id": id, "part": Part::Latest }), SEERS),
        Function("tickets/view", |id, _| json!({ "id": id, "part": Part::Latest }), SEERS),
        Function("tickets/watch", |id, _| json!({ "id": id, "on": true }), WORKERS),
        Function("tickets/write", |id, _| json!({ "id": id, "message": message() }), SEERS),
    ]
}

fn new_ticket() -> NewTicket {
    NewTicket { subject: "Printer".into(), body: "It is offline.".into(), ..NewTicket::default() }
}

fn draft(writing: Writing) -> Draft {
    Draft { writing, body: "Hello".into() }
}

fn message() -> domain::ticket::NewMessage {
    crate::support::text(Writing::Reply, "Hello")
}

/// Everybody of [`CALLERS`] with a browser; the second one is the customer.
async fn callers(world: &World) -> (Vec<Browser>, Actor) {
    let (jana, other) = (world.customer().await, world.customer().await);
    assert_eq!(id_of(&jana).0, CUSTOMER);
    world.company("Acme", false).await;
    world.company("Acme again", false).await;
    let visitor = Browser::of_visitor(world);
    let mut browsers = vec![visitor.clone()];
    for who in [&jana, &other, &world.agent().await, &world.superadmin().await] {
        browsers.push(visitor.clone().signed_in(who).await);
    }
    (browsers, jana)
}

/// What each refusal is: an error that pages can show, with its status.
fn check(path: &str, page: &Page) -> Result<(), String> {
    let status = page.status.as_u16();
    if status == 200 {
        return serde_json::from_str::<Value>(&page.text).map(|_| ()).map_err(|e| format!("{path}: {e}"));
    }
    match serde_json::from_str::<domain::Error>(&page.text) {
        Ok(error) if error.code.status() == status && status < 500 && !error.message.is_empty() => Ok(()),
        other => Err(format!("{path}: {status}: {other:?} {:.500}", page.text)),
    }
}

#[tokio::test]
async fn each_function_has_its_answer_for_everybody() {
    let world = World::new().await;
    let (browsers, jana) = callers(&world).await;
    let functions = functions();
    let known: BTreeSet<String> = functions.iter().map(|f| format!("/rpc/{}", f.0)).collect();
    let there: BTreeSet<String> = server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(there, known, "say in the table who may call it");
    let open = world.status("open");
    let mut wrong = Vec::new();
    for Function(name, input, expected) in &functions {
        for (caller, who) in CALLERS.iter().enumerate() {
            let id = world.ticket(&jana).await.id;
            let path = format!("/rpc/{name}");
            let page = browsers[caller].call(&path, input(id, open).to_string()).await;
            let status = page.status.as_u16();
            check(&path, &page).unwrap();
            if status != expected[caller] {
                wrong.push(format!("{name}, {who}: {status} instead of {}", expected[caller]));
            }
            // What is not there looks like what is foreign.
            if input(id, open) != input(TicketId(1), open) {
                let nothing = browsers[caller].call(&path, input(TicketId(999_999), open).to_string()).await;
                check(&path, &nothing).unwrap();
                let nothing_expected = if caller == 0 { 401 } else { 404 };
                if nothing.status.as_u16() != nothing_expected || (status == 404 && nothing.text != page.text) {
                    wrong.push(format!("{name}, {who}, not there: {} {}", nothing.status, nothing.text));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_only_staff_know_stays_with_them() {
    let world = World::new().await;
    let (browsers, jana) = callers(&world).await;
    let agent = world.agent().await;
    let id = world.ticket(&jana).await.id;
    world.note(&agent, id, "Secretly, the fuse is gone.").await;
    let change = Change {
        tags: Some(Swap::to(vec!["difficult".into()])),
        assignee: Some(Swap::to(Some(id_of(&agent)))),
        ..Change::default()
    };
    world.run(async |tx| store::tickets::change::change(tx, &agent, id, change).await).await.unwrap();
    for Function(name, input, expected) in functions().iter().filter(|f| f.2[1] == 200) {
        let page = browsers[1].call(&format!("/rpc/{name}"), input(id, world.status("open")).to_string()).await;
        assert_eq!(page.status.as_u16(), expected[1], "{name}: {}", page.text);
        for secret in ["Secretly", "difficult", &crate::support::person(&agent).name] {
            assert!(!page.text.contains(secret), "{name} tells a customer of {secret}: {}", page.text);
        }
    }
}

#[test]
fn whatever_is_sent_to_a_function_is_answered() {
    let runtime = Runtime::new().unwrap();
    let (world, browsers) = runtime.block_on(async {
        let world = World::new().await;
        let (browsers, jana) = callers(&world).await;
        world.ticket(&jana).await;
        (world, browsers)
    });
    let open = world.status("open");
    let right: Vec<(String, Value)> =
        functions().iter().map(|f| (format!("/rpc/{}", f.0), (f.1)(TicketId(1001), open))).collect();
    let mut names: Vec<String> =
        ["id", "filter", "input", "before", "after", "around", "of", "nobody", "known", "address", "from", "to"]
            .map(str::to_owned)
            .into();
    names.extend(right.iter().flat_map(|(_, input)| input.as_object().unwrap().keys().cloned()));
    let wrong = names.clone();
    let input = select(right).prop_flat_map(move |(path, right)| {
        let input = prop_oneof![
            6 => nearly(vec![right], wrong.clone()).prop_map(|v| v.to_string().into_bytes()),
            1 => value(wrong.clone()).prop_map(|v| v.to_string().into_bytes()),
            1 => vec(any::<u8>(), 0..200),
        ];
        (Just(path), input)
    });
    // More of them: DOCKET_FUZZ=20000.
    let cases = env::var("DOCKET_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(input, 0..CALLERS.len()), |((path, input), caller)| {
        let page = runtime.block_on(browsers[caller].call(&path, input));
        check(&path, &page).map_err(TestCaseError::fail)
    });
    if let Err(TestError::Fail(reason, ((_, input), caller))) = outcome {
        panic!("{reason}\n{}: {:.2000}", CALLERS[caller], String::from_utf8_lossy(&input));
    }
}

#[tokio::test]
async fn what_is_no_input_is_said_to_be_none() {
    let world = World::new().await;
    let (browsers, jana) = callers(&world).await;
    world.ticket(&jana).await;
    for input in ["", "{", "[]", "{}", r#"{"id":"x","part":"latest"}"#, r#"{"id":1001,"part":{"before":"x"}}"#, "\u{0}"]
    {
        let page = browsers[3].call("/rpc/tickets/view", input).await;
        let error: domain::Error = serde_json::from_str(&page.text).unwrap();
        assert_eq!((error.code, page.status.as_u16()), (Code::Invalid, 422), "{input}");
    }
    let page = browsers[3].call("/rpc/tickets/nothing", "{}").await;
    assert!(page.status.is_client_error(), "{}", page.status);
}
