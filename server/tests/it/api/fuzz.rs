//! Whatever is sent to a call: never a failure of the server, always a described answer, problems in their form.

use super::client::{Answer, Api};
use crate::support::{
    World,
    random::{nearly, text, value},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, env, fmt::Write as _};
use tokio::runtime::Runtime;

/// A call as the document describes it.
#[derive(Debug, Clone)]
struct Call {
    method: String,
    path: String,
    statuses: BTreeSet<u16>,
}

fn calls(document: &Value) -> Vec<Call> {
    let paths = document["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, calls)| calls.as_object().unwrap().iter().map(move |c| (path, c)));
    calls
        .map(|(path, (method, call))| Call {
            method: method.to_uppercase(),
            path: path.clone(),
            statuses: call["responses"].as_object().unwrap().keys().map(|s| s.parse().unwrap()).collect(),
        })
        .collect()
}

/// Every name that a parameter or a field has anywhere, so that random input gets further than to the unknown field.
fn names(document: &Value) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut todo = vec![document];
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::Object(properties)) = fields.get("properties") {
                    names.extend(properties.keys().cloned());
                }
                if let (Some(Value::String(name)), Some(_)) = (fields.get("name"), fields.get("in")) {
                    names.insert(name.clone());
                }
                todo.extend(fields.values());
            }
            Value::Array(values) => todo.extend(values),
            _ => {}
        }
    }
    names.into_iter().collect()
}

/// Bodies that calls take.
fn right() -> Vec<Value> {
    vec![
        json!({ "subject": "Printer", "body": "Offline", "urgency": "high", "tags": ["vip"], "attachments": [] }),
        json!({ "subject": "Printer", "body": "Offline", "requester": { "email": "a@b.example", "name": "A" }, "assignee": 1 }),
        json!({ "ticket_id": 1001, "body": "More" }),
        json!({ "body": "Hello", "internal": true, "status": "resolved", "seen": 1, "attachments": [1] }),
        json!({ "urgency": "low", "importance": "critical" }),
        json!({ "assignee": 1 }),
        json!({ "name": "Jana", "email": "jana@acme.example", "password": "correct horse" }),
        json!({ "email": "jana@acme.example", "password": "correct horse" }),
    ]
}

type Body = Option<(&'static str, Vec<u8>)>;

fn body(names: &[String]) -> BoxedStrategy<Body> {
    let json = |value: BoxedStrategy<Value>| {
        value.prop_map(|value| Some(("application/json", value.to_string().into_bytes())))
    };
    let kinds = [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=B",
        "multipart/form-data",
        "\u{20}",
        "a/b;;;=",
    ];
    let form = (text(), text(), vec(any::<u8>(), 0..200)).prop_map(|(name, file, content)| {
        let clean = |text: String| text.replace(['\r', '\n', '"'], "");
        let head = format!(
            "--B\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\r\n",
            clean(name),
            clean(file)
        );
        Some(("multipart/form-data; boundary=B", [head.as_bytes(), &content, b"\r\n--B--\r\n"].concat()))
    });
    prop_oneof![
        1 => Just(None),
        3 => json(value(names.to_vec())),
        4 => json(nearly(right(), names.to_vec())),
        1 => (select(kinds.to_vec()), vec(any::<u8>(), 0..300)).prop_map(Some),
        1 => form,
    ]
    .boxed()
}

fn query(names: &[String]) -> BoxedStrategy<String> {
    let pairs = vec((prop_oneof![9 => select(names.to_vec()), 1 => text()], text()), 0..4)
        .prop_map(|pairs| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish());
    prop_oneof![4 => pairs, 1 => "[a-z0-9=&%+.;,_-]{0,40}"].boxed()
}

fn id() -> BoxedStrategy<String> {
    let escaped = text().prop_map(|text| {
        text.bytes().take(2_000).fold(String::new(), |mut out, byte| {
            let _ = write!(out, "%{byte:02X}");
            out
        })
    });
    prop_oneof![5 => Just("1001".to_owned()), 2 => Just("1".to_owned()), 1 => any::<i64>().prop_map(|n| n.to_string()),
        1 => escaped]
    .boxed()
}

/// What each answer has to be, or what is wrong with it.
fn check(call: &Call, answer: &Answer) -> Result<(), String> {
    let status = answer.status.as_u16();
    let at = format!("{} {}: {status}", call.method, call.path);
    if status >= 500 {
        return Err(format!("{at}: a failure of the server: {}", String::from_utf8_lossy(&answer.body)));
    }
    // An id that is no text is no call of ours at all.
    let described = call.statuses.contains(&status) || (status == 404 && call.path.contains('{'));
    if !described {
        return Err(format!("{at} is not described: {}", String::from_utf8_lossy(&answer.body)));
    }
    if status >= 400 {
        let kind = answer.headers.get("content-type").and_then(|v| v.to_str().ok());
        let problem = answer.json();
        let whole = ["type", "title", "code", "detail", "instance"].iter().all(|f| problem[*f].is_string());
        let errors = problem["errors"].as_array().is_none_or(|all| {
            all.iter().all(|e| e["field"].is_string() && e["message"].as_str().is_some_and(|m| !m.is_empty()))
        });
        if kind != Some("application/problem+json") || !whole || !errors || problem["status"] != status {
            return Err(format!("{at} in another form than RFC 9457: {kind:?} {problem}"));
        }
    }
    Ok(())
}

#[test]
fn whatever_is_sent_is_answered_as_described() {
    let runtime = Runtime::new().unwrap();
    let (_world, api, document, tokens) = runtime.block_on(async {
        let world = World::new().await;
        let (agent, jana) = (world.agent().await, world.customer().await);
        world.ticket(&jana).await;
        let api = Api::with(&world, &["--api-rate-limit", "0"]);
        let document = api.get("", "/openapi.json").await.json();
        let tokens = vec![String::new(), api.token(&agent).await, api.token(&jana).await, "a.b.c".to_owned()];
        (world, api, document, tokens)
    });
    let (calls, names) = (calls(&document), names(&document));
    assert!(calls.len() > 15 && names.iter().any(|n| n == "subject") && names.iter().any(|n| n == "after"));
    let input = (select(calls), select(tokens), id(), query(&names), body(&names));
    // More of them: DOCKET_FUZZ=20000.
    let cases = env::var("DOCKET_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let outcome = TestRunner::new(config).run(&input, |(call, token, id, query, body)| {
        let path = format!("{}?{query}", call.path.replace("{id}", &id));
        let answer = runtime.block_on(api.call(&call.method, &token, &path, body));
        check(&call, &answer).map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        // The input may be very long.
        panic!("{}", error.to_string().chars().take(5_000).collect::<String>());
    }
}
