//! Every role × every operation of `store` × every relation to a ticket, against real PostgreSQL.
//!
//! The operations are listed in [`operations`]. One of `store` that is not listed there fails
//! [`every_operation_is_listed`], so that nobody adds a way in without saying who may take it.

mod cast;
mod operations;
mod tries;

use self::cast::{Cast, RELATIONS};
use domain::{
    Actor, Code,
    actor::Who,
    policy::{self, Action},
};
use operations::{OPERATIONS, Rule};
use std::{collections::BTreeSet, fs, path::Path};
use tries::run;

/// What is found in the files of `store`, as `module::name`.
fn in_store(look: fn(&str) -> Vec<&str>) -> BTreeSet<String> {
    fn walk(folder: &Path, module: &str, look: fn(&str) -> Vec<&str>, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let inner = if ["mod", "lib"].contains(&stem) { module.to_owned() } else { format!("{module}{stem}::") };
            if path.is_dir() {
                walk(&path, &inner, look, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.extend(look(&fs::read_to_string(&path).unwrap()).iter().map(|name| format!("{inner}{name}")));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/store/src"), "", look, &mut found);
    found
}

/// The public functions of a file that take an actor: they act for somebody.
fn functions(code: &str) -> Vec<&str> {
    let named = code.split("\npub async fn ").skip(1).filter_map(|rest| {
        let name = &rest[..rest.find(['(', '<'])?];
        let head = &rest[..rest.find("\n}")?.min(rest.find(" {\n")?)];
        head.contains("&Actor").then_some(name)
    });
    named.collect()
}

#[test]
fn every_operation_is_listed() {
    assert_eq!(
        functions("\npub async fn a(x: &Actor) -> b {\n}\npub async fn c(y: u8) {\n}\nasync fn d(z: &Actor) {\n}"),
        ["a"]
    );
    let there = in_store(functions);
    let listed: BTreeSet<String> = OPERATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed.len(), OPERATIONS.len(), "one is listed twice");
    let missing: Vec<_> = there.difference(&listed).collect();
    assert!(missing.is_empty(), "say in server/tests/it/matrix/operations.rs who may do this: {missing:?}");
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(gone.is_empty(), "these are operations no more: {gone:?}");
}

/// These borrow in a way that the attribute does not understand.
const AS_THEY_ARE: [&str; 3] = ["migrate::migrate", "tickets::attachments::find", "tickets::attachments::open"];

/// The public functions and methods of a file that each crate which awaits them compiles once more.
fn compiled_anew(code: &str) -> Vec<&str> {
    let starts = code.match_indices("pub async fn ");
    let named = starts.filter_map(|(start, found)| {
        let rest = &code[start + found.len()..];
        let name = &rest[..rest.find(['(', '<'])?];
        let head = &rest[name.len()..rest.find('{')?];
        // With types to be filled in there is nothing to compile before somebody says which.
        let generic = head.starts_with('<') || head.contains("impl ");
        let boxed = code[..start].trim_end().ends_with("#[crate::compiled_here]");
        (!generic && !boxed).then_some(name)
    });
    named.collect()
}

#[test]
fn every_operation_is_compiled_once() {
    let code = "pub async fn a(x: u8) {}\n#[crate::compiled_here]\npub async fn b() {}\n    pub async fn c<T>() {}";
    assert_eq!(compiled_anew(code), ["a"]);
    let found = in_store(compiled_anew);
    assert!(found.iter().eq(AS_THEY_ARE.iter()), "say #[crate::compiled_here] in all but {AS_THEY_ARE:?}: {found:?}");
}

/// Who is let in: `Ok` whatever becomes of the input, or the code of the refusal.
fn expected(rule: Rule, actor: &Actor, ticket: policy::TicketFacts) -> Result<(), Code> {
    let visitor = actor.principal().is_none();
    let sees = policy::may(actor, Action::SeeTicket, Some(ticket));
    match rule {
        Rule::Anybody(_) => Ok(()),
        Rule::Announcer if matches!(actor.who, Who::Provider(_)) => Ok(()),
        Rule::Announcer if visitor => Err(Code::SignedOut),
        Rule::Announcer => Err(Code::Forbidden),
        Rule::System => Err(Code::Forbidden),
        Rule::Person if visitor => Err(Code::SignedOut),
        Rule::Person => Ok(()),
        Rule::Desk(_) | Rule::Ticket(_) if visitor => Err(Code::SignedOut),
        Rule::Desk(action) if policy::may(actor, action, None) => Ok(()),
        Rule::Desk(_) => Err(Code::Forbidden),
        Rule::Queues if visitor => Err(Code::SignedOut),
        Rule::Queues if actor.is_staff() && !policy::may(actor, Action::SeeQueues, None) => Err(Code::Forbidden),
        Rule::Queues => Ok(()),
        Rule::Ticket(_) if !sees => Err(Code::NotFound),
        Rule::Ticket(action) if policy::may(actor, action, Some(ticket)) => Ok(()),
        Rule::Ticket(_) => Err(Code::Forbidden),
        Rule::Hidden(action) if policy::may(actor, action, Some(ticket)) => Ok(()),
        Rule::Hidden(_) => Err(Code::NotFound),
        Rule::File if visitor => Err(Code::SignedOut),
        Rule::File if !sees => Err(Code::NotFound),
        Rule::File if policy::may(actor, Action::DeleteAnyFile, Some(ticket)) => Ok(()),
        Rule::File => Err(Code::Forbidden),
    }
}

#[tokio::test]
async fn every_role_may_what_the_policy_says_and_nothing_else() {
    let cast = Cast::new().await;
    let (mut cells, mut unexpected) = (0, Vec::new());
    for (role, actor) in &cast.actors {
        for (relation, ticket) in RELATIONS.iter().zip(cast.tickets_of(actor)) {
            let facts = cast.facts(ticket.id).await;
            for (name, rule) in OPERATIONS.iter().copied() {
                // Where no ticket is asked about, each relation is the same.
                if matches!(rule, Rule::Anybody(_)) || (rule.is_about_the_desk() && *relation != RELATIONS[0]) {
                    continue;
                }
                cells += 1;
                let done = run(&cast, name, actor, ticket).await;
                let got = match &done {
                    Ok(()) => Ok(()),
                    Err(e) if [Code::SignedOut, Code::NotFound, Code::Forbidden].contains(&e.code) => Err(e.code),
                    // Past the question who may: the input was looked at.
                    Err(e) if e.code == Code::Internal => panic!("{role} {name} {relation}: {e:?}"),
                    Err(_) => Ok(()),
                };
                if got != expected(rule, actor, facts) {
                    let wanted = expected(rule, actor, facts);
                    unexpected.push(format!("{role} · {name} · {relation}: {got:?} instead of {wanted:?}"));
                }
            }
        }
    }
    println!("{cells} cells of (role, operation, relation), {} unexpected", unexpected.len());
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    assert!(cells > 1_000, "{cells}");
}
