//! Input that nobody sends in good faith, for calls of every kind.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Map, Value};

/// A text: words that mean something somewhere, and what breaks things.
pub fn text() -> BoxedStrategy<String> {
    let words = [
        "",
        " ",
        "open",
        "open,closed",
        "me",
        "nobody",
        "high",
        "critical",
        "urgent",
        "priority",
        "oldest",
        "true",
        "null",
        "0",
        "1",
        "-1",
        "1001",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "1e400",
        "NaN",
        "updated.2.1795248720000.1001",
        "0.0.0",
        "32767.253402300799999.9223372036854775807",
        "a@b.example",
        "'; drop table tickets; --",
        "\u{0}",
        "\u{202e}",
        "\u{feff}",
        "🙂",
        "<script>",
        "%00",
        "../..",
        "correct horse battery",
    ];
    prop_oneof![3 => select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>(), 1 => Just("x".repeat(2_000))]
        .boxed()
}

/// A value: anything, down to some depth, with these names for its fields.
pub fn value(names: Vec<String>) -> BoxedStrategy<Value> {
    let number = prop_oneof![Just(0), Just(1), Just(-1), Just(1001), Just(i64::MAX), Just(i64::MIN), any::<i64>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number.prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
        Just(Value::from("x".repeat(201_000))),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![vec(inner.clone(), 0..25).prop_map(Value::from), object(names.clone(), inner)]
    })
    .boxed()
}

/// An object with some of these names.
pub fn object(names: Vec<String>, value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    let name = prop_oneof![9 => select(names), 1 => any::<String>()];
    vec((name, value), 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())).boxed()
}

/// One of these inputs with one thing in it wrong, wherever it is.
pub fn nearly(right: Vec<Value>, names: Vec<String>) -> BoxedStrategy<Value> {
    (select(right), any::<Index>(), value(names))
        .prop_map(|(mut right, which, wrong)| {
            let mut places = Vec::new();
            places_in(&right, &mut String::new(), &mut places);
            if let Some(place) = right.pointer_mut(&places[which.index(places.len())]) {
                *place = wrong;
            }
            right
        })
        .boxed()
}

/// The JSON pointers (RFC 6901) to all that is in a value, itself included.
fn places_in(value: &Value, at: &mut String, places: &mut Vec<String>) {
    places.push(at.clone());
    let mut below = |key: &str, value: &Value| {
        let end = at.len();
        at.push('/');
        at.push_str(key);
        places_in(value, at, places);
        at.truncate(end);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(values) => values.iter().enumerate().for_each(|(n, value)| below(&n.to_string(), value)),
        _ => {}
    }
}
