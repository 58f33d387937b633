//! What reads the bytes of strangers, on mutations of what is right. `cargo xtask fuzz` runs the same for as long as one likes.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};
use server::fuzzing::{TARGETS, Target};

/// One thing that is done to an input.
#[derive(Debug, Clone)]
enum Change {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// A part again, so many times: nesting, long names, many fields.
    Repeat(Index, usize, usize),
    /// The beginning of another input instead of the end of this one.
    Splice(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let signs = select(b"\0\r\n\t \"'<>{}[]()&;,:=%\\/-.?#@+*|~\x7f\x80\xc3\xe2\xf0\xff".to_vec());
    let words: [&[u8]; 14] = [
        b"\r\n",
        b"\r\n\r\n",
        b"--B",
        b"--B--",
        b"null",
        b"1e999",
        b"-9223372036854775809",
        b"\\u0000",
        b"\\ud800",
        b"%00",
        b"\xf0\x9f\x99\x82",
        b"\xe2\x80\xae",
        b"filename*=UTF-8''%ff",
        b"=?utf-8?b?//8=?=",
    ];
    let word = select(words.map(<[u8]>::to_vec).to_vec());
    prop_oneof![
        4 => (any::<Index>(), prop_oneof![signs.clone(), any::<u8>()]).prop_map(|(at, byte)| Change::Replace(at, byte)),
        4 => (any::<Index>(), prop_oneof![word, vec(any::<u8>(), 1..5), signs.prop_map(|s| vec![s])])
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        3 => (any::<Index>(), 1_usize..20).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (any::<Index>(), 1_usize..20, 2_usize..300).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(at, other)| Change::Splice(at, other)),
    ]
}

fn changed(target: Target, seed: Index, changes: &[Change]) -> Vec<u8> {
    let mut input = seed.get(target.seeds).to_vec();
    for change in changes {
        let place = |index: &Index| index.index(input.len() + 1);
        match change {
            Change::Replace(at, byte) => {
                let at = place(at);
                if let Some(old) = input.get_mut(at) {
                    *old = *byte;
                }
            }
            Change::Insert(at, bytes) => {
                let at = place(at);
                drop(input.splice(at..at, bytes.iter().copied()));
            }
            Change::Remove(at, count) => {
                let at = place(at);
                let end = (at + count).min(input.len());
                drop(input.drain(at..end));
            }
            Change::Repeat(at, length, times) => {
                let at = place(at);
                let part = input[at..(at + length).min(input.len())].repeat(*times);
                drop(input.splice(at..at, part));
            }
            Change::Splice(at, other) => {
                let at = place(at);
                let other = other.get(target.seeds);
                input.truncate(at);
                input.extend_from_slice(&other[other.len() / 2..]);
            }
        }
    }
    input
}

#[test]
fn whatever_is_read_is_read_or_refused() {
    // More of them: DOCKET_FUZZ=20000.
    let cases = std::env::var("DOCKET_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    for target in TARGETS {
        target.seeds.iter().for_each(|seed| (target.run)(seed));
        let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
        let input =
            (any::<Index>(), vec(change(), 0..12)).prop_map(move |(seed, changes)| changed(target, seed, &changes));
        let input = prop_oneof![9 => input, 1 => vec(any::<u8>(), 0..500)];
        let outcome = TestRunner::new(config).run(&input, |input| {
            (target.run)(&input);
            Ok(())
        });
        if let Err(error) = outcome {
            // The input may be very long.
            panic!("{}: {}", target.name, error.to_string().chars().take(3_000).collect::<String>());
        }
    }
}
