//! Every call by everybody: who gets which answer, and what answers look like.

use super::client::{Answer, Api};
use crate::support::{PASSWORD, World, person};
use domain::{Actor, TicketId};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The callers, by what the ticket at hand is to them.
const CALLERS: [&str; 10] = [
    "visitor",
    "individual, own",
    "individual, foreign",
    "company user, own",
    "company user, of a colleague who shares",
    "company user, of a colleague who does not share",
    "company user, foreign",
    "agent",
    "manager",
    "superadmin",
];
const AGENT: usize = 7;

/// What is sent.
#[derive(Clone, Copy)]
enum Sent {
    Nothing,
    Files,
    Json(fn(&Case) -> Value),
}

/// A call: method, path, what is sent, and the status for each of [`CALLERS`].
struct Route(&'static str, &'static str, Sent, [u16; 10]);

/// Whoever sees the ticket may do it.
const fn seers(done: u16) -> [u16; 10] {
    [401, done, 404, done, done, 404, 404, done, done, done]
}

/// Staff may do it. Customers are told so on tickets that they see.
const fn workers(done: u16) -> [u16; 10] {
    [401, 403, 404, 403, 403, 404, 404, done, done, done]
}

/// Staff may do it, whichever ticket it is about.
const fn staff(done: u16) -> [u16; 10] {
    [401, 403, 403, 403, 403, 403, 403, done, done, done]
}

/// Whoever has an account may do it.
const fn anybody(done: u16) -> [u16; 10] {
    [401, done, done, done, done, done, done, done, done, done]
}

const EVERYBODY: [u16; 10] = [200; 10];

fn routes() -> Vec<Route> {
    use Sent::{Files, Json, Nothing};
    let answer = Json(|_| json!({ "body": "Please restart it." }));
    vec![
        Route("post", "/auth/register", Json(registration), [202; 10]),
        Route("post", "/auth/admin/register", Json(colleague), [403, 403, 403, 403, 403, 403, 403, 403, 403, 201]),
        Route("post", "/auth/login", Json(|c| json!({ "email": c.owner, "password": PASSWORD })), EVERYBODY),
        Route("get", "/auth/me", Nothing, anybody(200)),
        Route("post", "/ticket", Json(|_| json!({ "subject": "Printer", "body": "It is offline." })), anybody(201)),
        Route("get", "/ticket/{id}", Nothing, seers(200)),
        Route("post", "/ticket/{id}/reply", answer, seers(201)),
        // Only whose ticket it is, also not staff in their name.
        Route(
            "post",
            "/ticket/{id}/rate",
            Json(|_| json!({ "score": 4 })),
            [401, 200, 404, 200, 403, 404, 404, 403, 403, 403],
        ),
        Route("post", "/ticket/{id}/admin/reply", answer, staff(201)),
        Route("post", "/ticket/{id}/priority", Json(|_| json!({ "urgency": "high" })), workers(200)),
        Route("post", "/admin/ticket/{id}/assign", Json(|_| json!({ "assignee": null })), workers(200)),
        // A customer cannot be given tickets, but must not learn that before what they may do.
        Route("post", "/admin/ticket/{id}/assign-admin", Nothing, workers(200)),
        Route("post", "/admin/ticket/{id}/close", Nothing, workers(200)),
        Route("post", "/ticket/{id}/attachments", Files, seers(201)),
        Route("post", "/attachments", Files, anybody(201)),
        Route("get", "/ticket/{id}/attachments", Nothing, seers(200)),
        Route("get", "/attachment/{id}", Nothing, seers(200)),
        Route("delete", "/attachment/{id}", Nothing, [401, 204, 404, 204, 403, 404, 404, 204, 204, 204]),
        Route("get", "/customer/tickets", Nothing, anybody(200)),
        Route("get", "/admin/tickets", Nothing, staff(200)),
        Route("get", "/admin/tickets/assigned", Nothing, staff(200)),
        Route("get", "/stats", Nothing, staff(200)),
    ]
}

fn registration(case: &Case) -> Value {
    json!({ "name": "Petr Dvorak", "email": format!("petr{}@acme.example", case.ticket), "password": PASSWORD })
}

fn colleague(case: &Case) -> Value {
    let mut input = registration(case);
    input["role"] = json!("agent");
    input
}

/// One call by one caller.
struct Case {
    token: String,
    ticket: TicketId,
    /// The address of whose ticket it is.
    owner: String,
}

/// A desk with somebody of every kind, signed in.
struct Setting {
    world: World,
    api: Api,
    document: Value,
    /// By caller: who calls, and who owns the ticket.
    callers: Vec<(Option<Actor>, Actor)>,
    tokens: HashMap<String, String>,
}

impl Setting {
    async fn new() -> Self {
        let world = World::new().await;
        let (open, closed) = (world.company("Open house", true).await, world.company("Closed doors", false).await);
        let (jana, petr) = (world.customer().await, world.customer().await);
        let (one, two) = (world.company_user(open).await, world.company_user(open).await);
        let (three, four) = (world.company_user(closed).await, world.company_user(closed).await);
        let callers = vec![
            (None, jana.clone()),
            (Some(jana.clone()), jana.clone()),
            (Some(petr), jana.clone()),
            (Some(three.clone()), three.clone()),
            (Some(two), one.clone()),
            (Some(four), three.clone()),
            (Some(one.clone()), three),
            (Some(world.agent().await), jana.clone()),
            (Some(world.manager().await), one),
            (Some(world.superadmin().await), jana),
        ];
        let api = Api::with(&world, &["--api-rate-limit", "0"]);
        let document = api.get("", "/openapi.json").await.json();
        let mut tokens = HashMap::new();
        for who in callers.iter().flat_map(|(who, owner)| who.iter().chain([owner])) {
            let email = &person(who).email;
            if !tokens.contains_key(email) {
                tokens.insert(email.clone(), api.token(who).await);
            }
        }
        Self { world, api, document, callers, tokens }
    }

    fn token(&self, who: &Actor) -> &str {
        &self.tokens[&person(who).email]
    }

    /// A new ticket for this caller.
    async fn case(&self, caller: usize) -> Case {
        let (who, owner) = &self.callers[caller];
        let token = who.as_ref().map(|who| self.token(who).to_owned()).unwrap_or_default();
        Case { token, ticket: self.world.ticket(owner).await.id, owner: person(owner).email.clone() }
    }

    /// Makes a call, with a new ticket and a new file of its owner where it is about them; or with `id`.
    async fn call(&self, route: &Route, caller: usize, id: Option<i64>) -> Answer {
        let Route(method, path, sent, _) = route;
        let case = self.case(caller).await;
        let id = match id {
            Some(id) => id,
            None if path.starts_with("/attachment/") => {
                let token = self.token(&self.callers[caller].1);
                let path = format!("/ticket/{}/attachments", case.ticket);
                let made = self.api.call("POST", token, &path, Some((FORM, form()))).await.expect(201);
                made["attachments"][0]["id"].as_i64().unwrap()
            }
            None => case.ticket.0,
        };
        if path.ends_with("/rate") {
            let (agent, _) = &self.callers[AGENT];
            crate::ratings::set(&self.world, agent.as_ref().unwrap(), case.ticket, "resolved").await;
        }
        let path = path.replace("{id}", &id.to_string());
        let body = match sent {
            Sent::Nothing => None,
            Sent::Files => Some((FORM, form())),
            Sent::Json(make) => Some(("application/json", make(&case).to_string().into_bytes())),
        };
        let answer = self.api.call(&method.to_uppercase(), &case.token, &path, body).await;
        let described = &self.document["paths"][route.1][*method]["responses"];
        assert!(described[answer.status.as_str()].is_object(), "{method} {path}: {} is not described", answer.status);
        answer
    }
}

const FORM: &str = "multipart/form-data; boundary=B";

fn form() -> Vec<u8> {
    b"--B\r\nContent-Disposition: form-data; name=\"files\"; filename=\"log.txt\"\r\n\r\nall is well\r\n--B--\r\n"
        .to_vec()
}

#[tokio::test]
async fn each_call_has_its_answer_for_everybody() {
    let setting = Setting::new().await;
    let routes = routes();
    let described: Vec<(String, String)> = setting.document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, calls)| calls.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())))
        .collect();
    for (method, path) in &described {
        let known = routes.iter().any(|r| r.0 == method && r.1 == path);
        assert!(known, "{method} {path} is new: say in the table who may call it");
    }
    assert_eq!(routes.len(), described.len(), "a call of the table is gone");
    let mut wrong = Vec::new();
    for route in &routes {
        let Route(method, path, _, expected) = route;
        for (caller, name) in CALLERS.iter().enumerate() {
            let answer = setting.call(route, caller, None).await;
            let got = answer.status.as_u16();
            if got != expected[caller] {
                wrong.push(format!("{method} {path}, {name}: {got} instead of {}", expected[caller]));
                continue;
            }
            answer.expect(got);
            // What is foreign looks like what is not there; what is not there is there for nobody.
            if path.contains("{id}") {
                let nothing = setting.call(route, caller, Some(999_999)).await;
                let nothing_expected = match expected[caller] {
                    401 => 401,
                    403 if expected == &staff(201) => 403,
                    _ => 404,
                };
                if nothing.status.as_u16() != nothing_expected {
                    wrong.push(format!("{method} {path}, {name}, not there: {}", nothing.status));
                }
                if got == 404 {
                    let words = |answer: &Answer| (answer.json()["detail"].clone(), answer.json()["code"].clone());
                    assert_eq!(words(&answer), words(&nothing), "{method} {path}, {name}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whoever may not make a call is told so, whatever is wrong with what they send; whoever may learns what is wrong.
#[tokio::test]
async fn authority_comes_before_input() {
    let setting = Setting::new().await;
    let mut wrong = Vec::new();
    let large = format!("{{\"body\": \"{}\"}}", "x".repeat(3 * 1024 * 1024));
    let bodies = [
        ("application/json", "{", 400),
        ("application/json", "[]", 422),
        ("application/json", r#"{"nonsense": 1}"#, 422),
        ("application/json", r#"{"body": "", "attachments": "x"}"#, 422),
        ("text/plain", "Hello", 415),
        ("application/json", large.as_str(), 413),
    ];
    for route in routes().iter().filter(|r| !matches!(r.2, Sent::Nothing) || r.1.contains("assign-admin")) {
        let Route(method, path, sent, expected) = route;
        for (caller, name) in CALLERS.iter().enumerate() {
            for (kind, body, status) in bodies {
                let case = setting.case(caller).await;
                let path = path.replace("{id}", &case.ticket.to_string());
                let body = Some((kind, body.as_bytes().to_vec()));
                let answer = setting.api.call("POST", &case.token, &path, body).await;
                let refused = expected[caller] >= 400;
                let status = match (refused, sent) {
                    (true, _) => expected[caller],
                    (false, Sent::Files) => 415,
                    (false, _) => status,
                };
                if answer.status.as_u16() != status {
                    wrong.push(format!("{method} {path} {kind}, {name}: {} instead of {status}", answer.status));
                    continue;
                }
                let problem = answer.expect(status);
                for error in problem["errors"].as_array().into_iter().flatten() {
                    let pointer = error["pointer"].as_str().unwrap_or_default();
                    if !pointer.starts_with('#') || !error["parameter"].is_null() {
                        wrong.push(format!("{method} {path}, {name}: {error} does not say where"));
                    }
                }
            }
        }
    }
    for route in routes().iter().filter(|r| r.0 == "get" && (r.1.ends_with("tickets") || r.1 == "/ticket/{id}")) {
        for (caller, name) in CALLERS.iter().enumerate() {
            let case = setting.case(caller).await;
            let path = route.1.replace("{id}", &case.ticket.to_string());
            let answer = setting.api.get(&case.token, &format!("{path}?after=x%ff&nonsense=1")).await;
            let status = if route.3[caller] >= 400 { route.3[caller] } else { 422 };
            if answer.status.as_u16() != status {
                wrong.push(format!("get {path}, {name}: {} instead of {status}", answer.status));
                continue;
            }
            let problem = answer.expect(status);
            for error in problem["errors"].as_array().into_iter().flatten() {
                if error["parameter"] != error["field"] || !error["pointer"].is_null() {
                    wrong.push(format!("get {path}, {name}: {error} does not say which parameter"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// No words of pages: who calls has no form before them.
#[tokio::test]
async fn problems_are_for_programmers() {
    let setting = Setting::new().await;
    let (jana, agent) = (setting.case(1).await, setting.case(AGENT).await);
    let (own, seen) = (format!("/ticket/{}/reply", jana.ticket), format!("/ticket/{}/priority", agent.ticket));
    for (token, path, input, fields) in [
        (
            "",
            "/auth/register",
            json!({ "name": "", "email": "x", "password": "short" }),
            &["name", "email", "password"][..],
        ),
        (&jana.token, "/ticket", json!({ "subject": "", "body": "" }), &["subject", "body"]),
        (&jana.token, "/ticket", json!({ "ticket_id": jana.ticket.0, "body": "x", "subject": "y" }), &["subject"]),
        (&jana.token, &own, json!({ "body": "" }), &["body"]),
        (&agent.token, &seen, json!({}), &["urgency"]),
        (&agent.token, &seen, json!({ "urgency": "soon" }), &["urgency"]),
        (&agent.token, "/ticket", json!({ "subject": "s", "body": "b", "tags": ["x".repeat(41)] }), &["tags"]),
        (&agent.token, "/ticket", json!({ "subject": "s", "body": "b", "assignee": 999_999 }), &["assignee"]),
        (
            &agent.token,
            "/ticket",
            json!({ "subject": "s", "body": "b", "requester": { "id": 1, "email": "a@b.example" } }),
            &["requester"],
        ),
    ] {
        let answer = setting.api.post(token, path, &input).await;
        assert_eq!(answer.wrong(), fields, "{path} {input}");
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap();
        for field in fields {
            assert!(detail.contains(&format!("{field}: ")), "{detail}");
        }
        for word in ["marked", "typed", "page", "form", "button", "reload"] {
            assert!(!detail.contains(word), "{word}: {detail}");
        }
        assert_eq!(
            (&problem["title"], &problem["type"]),
            (&json!("Invalid input"), &json!("urn:docket:error:invalid"))
        );
    }
}

/// A person who was blocked, or has become a customer, has no more rights than that from the next call on.
#[tokio::test]
async fn rights_are_those_of_now() {
    let setting = Setting::new().await;
    let agent = setting.callers[AGENT].0.clone().unwrap();
    for (change, status) in [
        ("update users set role = 'customer' where id = $1", 403),
        ("update users set blocked_at = now() where id = $1", 401),
    ] {
        sqlx::query(change).bind(person(&agent).id.0).execute(setting.world.desk.pool()).await.unwrap();
        for route in routes().iter().filter(|r| r.3 == staff(r.3[AGENT])) {
            setting.call(route, AGENT, None).await.expect(status);
        }
    }
}

/// Times, ids and tokens as what they are, so that only the shape is left.
fn redact(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| redact(value, key)),
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, key)),
        Value::Number(_) if key == "id" || key.ends_with("_id") => *value = json!("[id]"),
        Value::Number(_) if key == "version" => *value = json!("[version]"),
        Value::String(_) if key == "at" || key.ends_with("_at") => *value = json!("[time]"),
        Value::String(_) if key == "token" => *value = json!("[token]"),
        Value::String(text) if key == "url" || key == "next" || key == "email" || key == "subject" => {
            *text = text.split(|c: char| c.is_ascii_digit()).collect::<Vec<_>>().join("");
        }
        _ => {}
    }
}

/// The answer to each call, as an agent gets it, and one problem. A changed shape breaks programs of others.
#[tokio::test]
async fn answers_have_their_shape() {
    let setting = Setting::new().await;
    let mut shapes = serde_json::Map::new();
    for route in &routes() {
        let answer = setting.call(route, AGENT, None).await;
        let mut shape = match answer.body.is_empty() || route.1 == "/attachment/{id}" {
            true => Value::String(String::from_utf8_lossy(&answer.body).into_owned()),
            false => answer.json(),
        };
        if let Some(tickets) = shape.get_mut("tickets").and_then(Value::as_array_mut) {
            tickets.truncate(1);
        }
        redact(&mut shape, "");
        shapes.insert(format!("{} {}", route.0.to_uppercase(), route.1), shape);
    }
    let problem =
        setting.api.post("", "/auth/register", &json!({ "name": "", "email": "x", "password": "short" })).await;
    shapes.insert("a problem".into(), problem.expect(422));
    insta::assert_json_snapshot!("shapes", shapes);
}
