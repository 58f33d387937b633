//! Books that tell each other what they know, at times that are handed in.

use super::book::{Book, EXPIRY, SILENT, TYPING};
use super::call::Call;
use super::*;
use domain::live::{LOOKING_MAX, ToBrowser};
use domain::{Actor, Role};
use store::live::CALL_MAX;

const T: TicketId = TicketId(7);

fn person(id: i64, name: &str, role: Role) -> Principal {
    let email = format!("{id}@desk.example");
    Principal::new(UserId(id), name, email, role)
}

fn names(book: &Book, actor: &Principal) -> Vec<(String, bool)> {
    let (_, message) = view(T, &book.room(T), &Actor::user(actor.clone(), None));
    let ToBrowser::Presence { people, .. } = message else { panic!("not presence") };
    people.into_iter().map(|p| (p.name, p.typing)).collect()
}

fn seen(name: &str, typing: bool) -> (String, bool) {
    (name.into(), typing)
}

#[test]
fn tabs_count_once_and_nobody_sees_themselves() {
    let (ann, bob) = (person(1, "Ann", Role::Agent), person(2, "Bob", Role::Agent));
    let mut book = Book::new(1);
    book.join(T, &ann);
    book.join(T, &ann);
    book.join(T, &bob);
    assert_eq!(names(&book, &bob), [seen("Ann", false)]);
    assert_eq!(names(&book, &ann), [seen("Bob", false)]);
    book.leave(T, ann.id);
    assert_eq!(names(&book, &bob), [seen("Ann", false)]);
    book.leave(T, ann.id);
    book.leave(T, ann.id);
    assert!(names(&book, &bob).is_empty());
    book.leave(T, bob.id);
    assert!(book.rooms.is_empty());
}

#[test]
fn customers_learn_only_of_replies_being_written() {
    let (ann, carl) = (person(1, "Ann", Role::Agent), person(3, "Carl", Role::Customer));
    let now = Instant::now();
    let mut book = Book::new(1);
    book.join(T, &ann);
    book.join(T, &carl);
    assert_eq!(names(&book, &ann), [seen("Carl", false)]);
    assert!(names(&book, &carl).is_empty());
    book.typing(T, ann.id, Writing::Note, now);
    assert!(names(&book, &carl).is_empty());
    book.typing(T, ann.id, Writing::Reply, now);
    assert_eq!(names(&book, &carl), [seen("Ann", true)]);
    assert!(book.wrote(T, ann.id));
    assert!(names(&book, &carl).is_empty());
    book.typing(T, carl.id, Writing::Reply, now);
    assert_eq!(names(&book, &ann), [seen("Carl", true)]);
}

#[test]
fn typing_ends_by_itself() {
    let (ann, bob) = (person(1, "Ann", Role::Agent), person(2, "Bob", Role::Agent));
    let now = Instant::now();
    let mut book = Book::new(1);
    book.join(T, &ann);
    book.join(T, &bob);
    book.typing(T, ann.id, Writing::Reply, now);
    assert_eq!(book.take(now, true).0, [T]);
    assert_eq!(names(&book, &bob), [seen("Ann", true)]);
    // Again in time: nothing new to show.
    book.typing(T, ann.id, Writing::Reply, now + TYPING / 2);
    assert!(book.take(now + TYPING, true).0.is_empty());
    assert_eq!(book.take(now + TYPING * 2, true).0, [T]);
    assert_eq!(names(&book, &bob), [seen("Ann", false)]);
}

/// Brings what one book tells to another.
fn carry(from: &mut Book, to: &mut Book, now: Instant) {
    for call in from.take(now, true).1 {
        assert!(call.len() <= CALL_MAX, "{}", call.len());
        to.heard(serde_json::from_str(&call).expect("a call"), now);
    }
}

#[test]
fn nodes_tell_each_other_and_the_dead_vanish() {
    let (ann, bob) = (person(1, "Ann", Role::Agent), person(2, "Bob", Role::Agent));
    let now = Instant::now();
    let (mut one, mut two) = (Book::new(1), Book::new(2));
    one.join(T, &ann);
    two.join(T, &bob);
    carry(&mut one, &mut two, now);
    assert_eq!(names(&two, &bob), [seen("Ann", false)]);
    one.typing(T, ann.id, Writing::Reply, now);
    carry(&mut one, &mut two, now);
    assert_eq!(names(&two, &bob), [seen("Ann", true)]);
    // As long as her node lives and says again that she is there, she is; else she is gone.
    let mut at = now;
    while at < now + EXPIRY * 2 {
        at += ALL;
        one.tell_all = true;
        carry(&mut one, &mut two, at);
        assert_eq!(names(&two, &bob), [seen("Ann", false)]);
        for _ in 0..4 {
            one.beat = true;
            carry(&mut one, &mut two, at);
        }
    }
    // Her node lives, but says no more of her: that she has left was lost.
    while at < now + EXPIRY * 4 {
        at += BEAT;
        two.heard(Call { node: 1, ..Call::default() }, at);
        two.take(at, true);
    }
    assert!(names(&two, &bob).is_empty());
    // A goodbye works at once.
    one.tell_all = true;
    carry(&mut one, &mut two, now);
    assert_eq!(names(&two, &bob).len(), 1);
    two.heard(Call { node: 1, bye: true, ..Call::default() }, now);
    assert!(names(&two, &bob).is_empty());
}

#[test]
fn a_full_house_fits_into_calls() {
    let now = Instant::now();
    let (mut one, mut two) = (Book::new(u64::MAX), Book::new(2));
    for id in 0..500 {
        one.join(T, &person(id, &"\u{1}ü".repeat(50), Role::Agent));
    }
    one.tell_all = true;
    carry(&mut one, &mut two, now);
    assert_eq!(two.room(T).len(), 500);
    assert_eq!(names(&two, &person(999, "Zoe", Role::Agent)).len(), LOOKING_MAX);
}

#[test]
fn a_node_that_dies_takes_its_people_along_within_fifteen_seconds() {
    assert!(SILENT + TICK + GATHER <= Duration::from_secs(15));
    assert!(SILENT >= BEAT * 3, "a lost beat or two is not the end");
    let (ann, bob) = (person(1, "Ann", Role::Agent), person(2, "Bob", Role::Agent));
    let now = Instant::now();
    let (mut one, mut two) = (Book::new(1), Book::new(2));
    one.join(T, &ann);
    two.join(T, &bob);
    carry(&mut one, &mut two, now);
    assert_eq!(two.take(now, true).0, [T]);
    // It lives.
    for beats in 1..10 {
        one.beat = true;
        carry(&mut one, &mut two, now + BEAT * beats);
        assert_eq!(two.take(now + BEAT * beats, true).0, []);
        assert_eq!(names(&two, &bob), [seen("Ann", false)]);
    }
    // It is killed.
    let last = now + BEAT * 9;
    assert_eq!(two.take(last + SILENT - TICK, true).0, []);
    assert_eq!(two.take(last + SILENT, true).0, [T], "who looks is told");
    assert!(names(&two, &bob).is_empty());
    // It was only cut off, and is asked who is there.
    let again = last + SILENT * 2;
    one.take(again, true);
    one.beat = true;
    carry(&mut one, &mut two, again);
    assert!(names(&two, &bob).is_empty());
    carry(&mut two, &mut one, again);
    carry(&mut one, &mut two, again);
    assert_eq!(names(&two, &bob), [seen("Ann", false)]);
    assert_eq!(names(&one, &ann), [seen("Bob", false)]);
    // And then there is silence again, not a call after a call.
    for _ in 0..3 {
        carry(&mut two, &mut one, again);
        carry(&mut one, &mut two, again);
    }
    assert!(one.take(again, true).1.is_empty() && two.take(again, true).1.is_empty());
}

#[test]
fn a_beat_is_one_small_call_however_many_are_there() {
    let mut book = Book::new(1);
    for id in 0..500 {
        book.join(T, &person(id, "Ann", Role::Agent));
    }
    let now = Instant::now();
    book.take(now, true);
    book.beat = true;
    let (_, calls) = book.take(now, true);
    assert_eq!(calls.len(), 1);
    assert!(calls[0].len() < 100, "{}", calls[0]);
}

#[test]
fn pictures_travel_between_nodes() {
    let (ann, bob) = (Principal { picture: Some(9), ..person(1, "Ann", Role::Agent) }, person(2, "Bob", Role::Agent));
    let (mut here, mut there) = (Book::new(1), Book::new(2));
    here.join(T, &ann);
    there.join(T, &bob);
    let pictures = |book: &Book| book.room(T).into_iter().map(|(p, _)| p.picture).collect::<Vec<_>>();
    assert_eq!(pictures(&here), [Some(9)]);
    for call in here.take(Instant::now(), true).1 {
        there.heard(serde_json::from_str::<Call>(&call).unwrap(), Instant::now());
    }
    assert!(pictures(&there).contains(&Some(9)));
    // A node of an earlier release says nothing of them.
    let told = r#"{"node":3,"seats":[{"ticket":7,"user":5,"name":"Cy","staff":true,"here":true,"typing":null}]}"#;
    there.heard(serde_json::from_str::<Call>(told).unwrap(), Instant::now());
    assert_eq!(pictures(&there).len(), 3);
}
