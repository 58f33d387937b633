//! What providers send: people, groups, and changes of them (RFC 7644, 3.5.2) in the shapes that they really have.

use axum::http::StatusCode;
use domain::UserId;
use domain::scim::{GroupChange, GroupClause, MemberChange, PersonClause, PersonInput};
use serde_json::{Map, Value};

use super::path::{self, Comparison, Path};
use super::refusal::Refusal;

/// How deep a body may be. What we read is five deep, an extension perhaps a little more.
const DEPTH_MAX: usize = 12;
/// The most changes of one request.
const OPERATIONS_MAX: usize = 1_000;

/// What is known of people by the standard and not kept here. A change of it is taken and comes to nothing, or a provider
/// could change nothing else along with it.
const NOT_KEPT: [&str; 19] = [
    "schemas",
    "nickname",
    "profileurl",
    "title",
    "usertype",
    "preferredlanguage",
    "locale",
    "timezone",
    "password",
    "phonenumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "x509certificates",
    "manager",
    "department",
    "employeenumber",
];
/// What only we say.
const OURS: [&str; 3] = ["id", "meta", "groups"];

/// Reads a body.
pub(crate) fn body(bytes: &[u8]) -> Result<Value, Refusal> {
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|cause| Refusal::of_syntax(&format!("The body is not JSON: {cause}.")))?;
    if !body.is_object() {
        return Err(Refusal::of_syntax("The body must be an object."));
    }
    if is_deeper(&body, DEPTH_MAX) {
        return Err(Refusal::of_syntax("The body is nested too deeply."));
    }
    Ok(body)
}

fn is_deeper(value: &Value, than: usize) -> bool {
    match value {
        Value::Array(all) => than == 0 || all.iter().any(|value| is_deeper(value, than - 1)),
        Value::Object(all) => than == 0 || all.values().any(|value| is_deeper(value, than - 1)),
        _ => false,
    }
}

/// What is asked in a body instead of an address (RFC 7644, 3.4.3).
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// Attributes, as the address would name them.
    pub only: Option<String>,
    pub without: Option<String>,
    pub filter: Option<String>,
    pub start: Option<i64>,
    pub count: Option<i64>,
}

/// Reads a search. That it is to be sorted is not heard: there is one order.
pub(crate) fn search(body: &Value) -> Result<Search, Refusal> {
    let of = |name: &str| body.as_object().and_then(|body| member(body, name)).filter(|value| !value.is_null());
    let names = |name: &str| match of(name) {
        None => Ok(None),
        Some(Value::Array(all)) => {
            let all: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
            all.map(|all| Some(all.join(","))).ok_or_else(|| Refusal::of_value(&format!("{name} must be texts.")))
        }
        Some(_) => Err(Refusal::of_value(&format!("{name} must be an array of texts."))),
    };
    let number = |name: &str| match of(name) {
        None => Ok(None),
        Some(value) => {
            value.as_i64().map(Some).ok_or_else(|| Refusal::of_value(&format!("{name} must be a whole number.")))
        }
    };
    let filter = match of("filter") {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return Err(Refusal::of_filter("filter must be a text.")),
    };
    Ok(Search {
        only: names("attributes")?,
        without: names("excludedAttributes")?,
        filter,
        start: number("startIndex")?,
        count: number("count")?,
    })
}

/// What is to be done to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
    Remove,
}

/// One change of a request.
#[derive(Debug)]
pub(crate) struct Operation {
    op: Op,
    path: Option<Path>,
    value: Value,
}

/// A member of an object, whatever its name's case.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The changes of a request.
pub(crate) fn operations(body: &Value) -> Result<Vec<Operation>, Refusal> {
    let list = body.as_object().and_then(|body| member(body, "Operations")).and_then(Value::as_array);
    let list = list.ok_or_else(|| Refusal::of_syntax("Operations must be an array."))?;
    if list.is_empty() {
        return Err(Refusal::of_syntax("Operations must not be empty."));
    }
    if list.len() > OPERATIONS_MAX {
        let said = "At most 1,000 operations are taken at once.";
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, None, said));
    }
    list.iter().map(operation).collect()
}

fn operation(value: &Value) -> Result<Operation, Refusal> {
    let object = value.as_object().ok_or_else(|| Refusal::of_syntax("Each operation must be an object."))?;
    let op = member(object, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let op = match op.as_str() {
        "add" => Op::Add,
        "replace" => Op::Replace,
        "remove" => Op::Remove,
        _ => return Err(Refusal::of_syntax("op must be add, replace or remove.")),
    };
    let path = match member(object, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(Value::String(text)) => Some(path::path(text)?),
        Some(_) => return Err(Refusal::of_path("path must be a text.")),
    };
    if path.is_none() && op == Op::Remove {
        return Err(Refusal::without_target());
    }
    let value = member(object, "value").cloned().unwrap_or_default();
    if path.is_none() && !value.is_object() {
        return Err(Refusal::of_value("Without a path, value must be an object."));
    }
    Ok(Operation { op, path, value })
}

/// The attributes of an object that are said by their names alone, as paths. Names that are none are nobody's.
fn attributes(object: &Value) -> impl Iterator<Item = (Path, &Value)> {
    object.as_object().into_iter().flatten().filter_map(|(name, value)| Some((path::path(name).ok()?, value)))
}

/// A text; nothing where there is none, which `null` says, too.
fn text(name: &str, op: Op, value: &Value) -> Result<Option<String>, Refusal> {
    match value {
        _ if op == Op::Remove => Ok(None),
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(Refusal::of_value(&format!("{name} must be a text."))),
    }
}

/// Whether somebody may come in. Entra writes it as a text.
fn flag(name: &str, value: &Value) -> Result<bool, Refusal> {
    match value {
        Value::Bool(on) => Ok(*on),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Refusal::of_value(&format!("{name} must be true or false."))),
    }
}

/// Somebody as they are sent whole. What is not said is as in `before`, where it cannot be missing.
pub(crate) fn person(body: &Value, before: PersonInput) -> Result<PersonInput, Refusal> {
    let mut input = before;
    for (path, value) in attributes(body) {
        set(&mut input, Op::Add, &path, value, false)?;
    }
    Ok(input)
}

/// Somebody after these changes.
pub(crate) fn changed(mut input: PersonInput, operations: &[Operation]) -> Result<PersonInput, Refusal> {
    for Operation { op, path, value } in operations {
        match path {
            Some(path) => set(&mut input, *op, path, value, true)?,
            None => {
                for (path, value) in attributes(value) {
                    set(&mut input, *op, &path, value, false)?;
                }
            }
        }
    }
    Ok(input)
}

/// Does one thing to somebody. `named`: it was asked for by its path, so that an unknown one is a mistake.
fn set(input: &mut PersonInput, op: Op, path: &Path, value: &Value, named: bool) -> Result<(), Refusal> {
    let name = path.dotted();
    match (path.name.as_str(), path.part.as_deref()) {
        // What everybody has cannot be taken away (RFC 7644, 3.5.2.2).
        ("username", None) if op == Op::Remove => return Err(Refusal::of_mutability("userName")),
        ("username", None) => {
            // Nobody is without one: the check says so.
            input.user_name = text("userName", op, value)?.unwrap_or_default();
        }
        ("externalid", None) => input.external_id = text("externalId", op, value)?,
        ("active", None) => match op {
            // Who may come in is said, never guessed.
            Op::Remove => return Err(Refusal::of_mutability("active")),
            Op::Add | Op::Replace => input.active = flag("active", value)?,
        },
        ("displayname", None) => input.names.display = text("displayName", op, value)?,
        ("name", None) => match value {
            _ if op == Op::Remove => names(input, op, &Value::Null)?,
            Value::Null => names(input, Op::Remove, value)?,
            Value::Object(_) => names(input, op, value)?,
            _ => return Err(Refusal::of_value("name must be an object.")),
        },
        ("name", Some("givenname")) => input.names.given = text(&name, op, value)?,
        ("name", Some("familyname")) => input.names.family = text(&name, op, value)?,
        ("name", Some("formatted")) => input.names.formatted = text(&name, op, value)?,
        ("name", Some("middlename" | "honorificprefix" | "honorificsuffix")) => {}
        ("emails", part) => email(input, op, path, part, value)?,
        (ours, _) if OURS.contains(&ours) && named => return Err(Refusal::of_mutability(ours)),
        (known, _) if NOT_KEPT.contains(&known) || known.starts_with("urn:ietf:params:scim:schemas:extension:") => {}
        _ if named => return Err(Refusal::of_path(&format!("There is no attribute {name}."))),
        _ => {}
    }
    Ok(())
}

/// The parts of a name. What is not said stays; without any, nothing is left of them.
fn names(input: &mut PersonInput, op: Op, value: &Value) -> Result<(), Refusal> {
    if op == Op::Remove {
        (input.names.given, input.names.family, input.names.formatted) = (None, None, None);
    }
    for (part, value) in attributes(value) {
        match part.name.as_str() {
            "givenname" => input.names.given = text("name.givenName", op, value)?,
            "familyname" => input.names.family = text("name.familyName", op, value)?,
            "formatted" => input.names.formatted = text("name.formatted", op, value)?,
            _ => {}
        }
    }
    Ok(())
}

/// How much an address of a list is the one to write to: the first one, that of work.
fn weight(object: &Map<String, Value>) -> u8 {
    let primary = member(object, "primary").is_some_and(|on| flag("primary", on).unwrap_or(false));
    let kind = member(object, "type").and_then(Value::as_str).unwrap_or("work");
    match (primary, kind.eq_ignore_ascii_case("work")) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }
}

/// The one address that is kept of those that somebody has there.
fn email(input: &mut PersonInput, op: Op, path: &Path, part: Option<&str>, value: &Value) -> Result<(), Refusal> {
    if !matches!(part, None | Some("value")) {
        // What it is called there: primary, type, display.
        return Ok(());
    }
    // Those of other kinds are not kept.
    let ours = path.chosen.iter().all(|Comparison { path, value }| match path.dotted().as_str() {
        "type" => value.as_str().is_none_or(|kind| kind.eq_ignore_ascii_case("work")),
        "primary" => flag("primary", value).unwrap_or(true),
        "value" => value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(input.address())),
        _ => false,
    });
    if !ours {
        return Ok(());
    }
    if op == Op::Remove {
        // Okta names in the value what is to be removed.
        let named = addresses(value)?;
        if named.is_empty() || named.iter().any(|(_, one)| one.eq_ignore_ascii_case(input.address())) {
            input.email = None;
        }
        return Ok(());
    }
    if value.is_null() {
        input.email = None;
        return Ok(());
    }
    let best = addresses(value)?.into_iter().rev().max_by_key(|(weight, _)| *weight);
    match best {
        // One more that is neither the first nor of work is none that is kept.
        Some((0, _)) if op == Op::Add && domain::text::is_email(input.address()) => {}
        Some((_, address)) => input.email = Some(address).filter(|address| !address.is_empty()),
        None => input.email = None,
    }
    Ok(())
}

/// Addresses in whatever form they are sent: a text, an object, or an array of them.
fn addresses(value: &Value) -> Result<Vec<(u8, String)>, Refusal> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![(2, text.clone())]),
        Value::Object(object) => match member(object, "value") {
            Some(Value::String(text)) => Ok(vec![(weight(object), text.clone())]),
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(_) => Err(Refusal::of_value("emails.value must be a text.")),
        },
        Value::Array(all) => {
            let mut found = Vec::new();
            for one in all {
                if one.is_array() {
                    return Err(Refusal::of_value("emails must be objects with a value."));
                }
                found.extend(addresses(one)?);
            }
            Ok(found)
        }
        _ => Err(Refusal::of_value("emails must be objects with a value.")),
    }
}

/// The ids of members in whatever form they are sent.
fn ids(value: &Value) -> Result<Vec<UserId>, Refusal> {
    let wrong = || Refusal::of_value("members must be objects with the id of somebody as their value.");
    let id = |text: &str| {
        let nobody = || Refusal::of_value(&format!("There is nobody with the id {}.", domain::text::excerpt(text, 50)));
        text.parse().map(UserId).map_err(|_| nobody())
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![id(text)?]),
        Value::Object(object) => Ok(vec![id(member(object, "value").and_then(Value::as_str).ok_or_else(wrong)?)?]),
        Value::Array(all) => {
            let each = all.iter().map(|one| if one.is_array() { Err(wrong()) } else { ids(one) });
            Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        _ => Err(wrong()),
    }
}

/// A group as it is sent whole. Whoever is not named in it is not in it.
pub(crate) fn group(body: &Value) -> Result<GroupChange, Refusal> {
    let mut change = GroupChange {
        external_id: Some(None),
        members: vec![MemberChange::Replace(Vec::new())],
        ..GroupChange::default()
    };
    for (path, value) in attributes(body) {
        set_group(&mut change, Op::Replace, &path, value, false)?;
    }
    Ok(change)
}

/// What changes about a group.
pub(crate) fn group_change(operations: &[Operation]) -> Result<GroupChange, Refusal> {
    let mut change = GroupChange::default();
    for Operation { op, path, value } in operations {
        match path {
            Some(path) => set_group(&mut change, *op, path, value, true)?,
            None => {
                for (path, value) in attributes(value) {
                    set_group(&mut change, *op, &path, value, false)?;
                }
            }
        }
    }
    Ok(change)
}

fn set_group(change: &mut GroupChange, op: Op, path: &Path, value: &Value, named: bool) -> Result<(), Refusal> {
    match path.name.as_str() {
        "displayname" if op == Op::Remove => return Err(Refusal::of_mutability("displayName")),
        "displayname" => change.name = Some(text("displayName", op, value)?.unwrap_or_default()),
        "externalid" => change.external_id = Some(text("externalId", op, value)?),
        "members" => {
            let chosen = match path.chosen_by("value") {
                Some(one) => Some(ids(one)?),
                None if path.chosen.is_empty() => None,
                None => return Err(Refusal::of_path("Members are chosen by their value.")),
            };
            change.members.push(match (op, chosen) {
                (Op::Remove, Some(these)) => MemberChange::Remove(these),
                (Op::Remove, None) => match ids(value)? {
                    nobody if nobody.is_empty() => MemberChange::Replace(nobody),
                    these => MemberChange::Remove(these),
                },
                (Op::Add, _) => MemberChange::Add(ids(value)?),
                (Op::Replace, None) => MemberChange::Replace(ids(value)?),
                (Op::Replace, Some(_)) => return Err(Refusal::of_path("A member is added or removed, not replaced.")),
            });
        }
        ours @ ("id" | "meta") if named => return Err(Refusal::of_mutability(ours)),
        "schemas" | "id" | "meta" => {}
        known if known.starts_with("urn:") => {}
        _ if named => return Err(Refusal::of_path(&format!("There is no attribute {}.", path.dotted()))),
        _ => {}
    }
    Ok(())
}

/// What is asked of people.
pub(crate) fn people_filter(text: &str) -> Result<Vec<PersonClause>, Refusal> {
    let clause = |Comparison { path, value }: Comparison| {
        let name = path.dotted();
        match (name.as_str(), value) {
            ("username", Value::String(text)) => Ok(PersonClause::UserName(text)),
            ("externalid", Value::String(text)) => Ok(PersonClause::ExternalId(text)),
            ("emails" | "emails.value", Value::String(text)) => Ok(PersonClause::Email(text)),
            ("id", Value::String(text)) => Ok(PersonClause::Id(text)),
            ("active", value) => flag("active", &value).map(PersonClause::Active),
            _ => Err(not_searched(&name)),
        }
    };
    path::filter(text)?.into_iter().map(|one| clause(one).map_err(as_filter)).collect()
}

/// What is asked of groups.
pub(crate) fn group_filter(text: &str) -> Result<Vec<GroupClause>, Refusal> {
    let clause = |Comparison { path, value }: Comparison| {
        let name = path.dotted();
        match (name.as_str(), value) {
            ("displayname", Value::String(text)) => Ok(GroupClause::Name(text)),
            ("externalid", Value::String(text)) => Ok(GroupClause::ExternalId(text)),
            ("members" | "members.value", Value::String(text)) => Ok(GroupClause::Member(text)),
            ("id", Value::String(text)) => Ok(GroupClause::Id(text)),
            _ => Err(not_searched(&name)),
        }
    };
    path::filter(text)?.into_iter().map(clause).collect()
}

fn not_searched(name: &str) -> Refusal {
    Refusal::of_filter(&format!("Nothing is looked up by {name}, or not by such a value."))
}

fn as_filter(refusal: Refusal) -> Refusal {
    Refusal::of_filter(&refusal.detail)
}
