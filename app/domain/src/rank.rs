//! Order inside a column of the board: keys that sort as bytes, with always room for one more in between.
//!
//! A key is a string over [`DIGITS`], read as a fraction. A ticket gets a key from the moment it enters a column
//! ([`entering`]); dropping a card between two others makes a key between theirs ([`between`]). So a move writes one
//! row, and two people moving different cards never touch the same one.

use crate::TicketId;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The longest key stored. [`between`] adds a digit about every six moves into the same gap; past this the gap counts as
/// full and the neighbours keep their order by id.
pub const MAX: usize = 200;

fn value(digit: u8) -> usize {
    DIGITS.iter().position(|d| *d == digit).unwrap_or(0)
}

/// The key of a ticket that enters a column at `millis` since 1970: later ones sort first, and of those of one moment (many
/// moved at once) the higher numbers. Like every key it does not end in `0`.
pub fn entering(millis: i64, ticket: TicketId) -> String {
    let mut key = String::with_capacity(14);
    key.push('U');
    push_descending(&mut key, millis, 8);
    push_descending(&mut key, ticket.0, 4);
    key.push('V');
    key
}

/// A number in `places` digits, higher ones sorting first; what does not fit is cut off at the left.
fn push_descending(key: &mut String, number: i64, places: u32) {
    let all = 62_u64.pow(places);
    let rest = all - 1 - number.max(0).cast_unsigned() % all;
    for place in (0..places).rev() {
        key.push(char::from(DIGITS[(rest / 62_u64.pow(place) % 62) as usize]));
    }
}

/// A key that sorts after `low` and before `high`; `None` is the open end. Never ends in `0`, so there is always room
/// before it. When the two are the wrong way round, or equal, the result sorts just after `low`.
pub fn between(low: Option<&str>, high: Option<&str>) -> String {
    let low = low.unwrap_or("").as_bytes();
    let high = high.map(str::as_bytes).filter(|h| low < *h);
    let mut key = Vec::with_capacity(low.len() + 2);
    let mut bounded = high;
    for place in 0.. {
        let from = low.get(place).map_or(0, |d| value(*d));
        let to = bounded.map_or(62, |h| h.get(place).map_or(0, |d| value(*d)));
        if to > from + 1 {
            key.push(DIGITS[(from + to) / 2]);
            break;
        }
        key.push(DIGITS[from]);
        if to > from {
            // One apart: follow `low` from here, and anything above it will do.
            bounded = None;
        }
        if key.len() > MAX {
            key.push(DIGITS[31]);
            break;
        }
    }
    String::from_utf8_lossy(&key).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn later_sorts_first() {
        let key = |millis| entering(millis, TicketId(1001));
        assert!(key(2_000_000_000_000) < key(1_900_000_000_000));
        assert!(key(1) < key(0));
        assert_eq!(key(0).len(), key(1_900_000_000_000).len());
    }

    #[test]
    fn many_at_one_moment_are_apart() {
        let key = |ticket| entering(1_900_000_000_000, TicketId(ticket));
        assert!(key(1002) < key(1001));
        assert!(key(2_000_000) < key(1_999_999));
        let middle = between(Some(&key(1002)), Some(&key(1001)));
        assert!(key(1002) < middle && middle < key(1001), "{middle}");
    }

    #[test]
    fn room_at_both_ends() {
        let key = entering(1_800_000_000_000, TicketId(1001));
        assert!(between(None, Some(&key)) < key);
        assert!(between(Some(&key), None) > key);
        assert!(!between(None, None).is_empty());
    }

    proptest! {
        /// Whatever is dropped where: the new key lies between its neighbours, and the column stays strictly sorted.
        #[test]
        fn drops_keep_order(places in prop::collection::vec(0usize..1000, 1..300)) {
            let mut column: Vec<String> = vec![entering(1_800_000_000_000, TicketId(1001))];
            for place in places {
                let at = place % (column.len() + 1);
                let low = at.checked_sub(1).map(|i| column[i].as_str());
                let high = column.get(at).map(String::as_str);
                let key = between(low, high);
                prop_assert!(low.is_none_or(|l| l < key.as_str()), "{low:?} {key}");
                prop_assert!(high.is_none_or(|h| key.as_str() < h), "{key} {high:?}");
                prop_assert!(!key.ends_with('0'));
                column.insert(at, key);
            }
        }
    }
}
