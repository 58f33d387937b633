//! Order inside a column of the board: keys that sort as bytes, with always room for one more in between.
//!
//! A key is a string over [`DIGITS`], read as a fraction. A ticket gets a key from the moment it enters a column
//! ([`newest_first`]); dropping a card between two others makes a key between theirs ([`between`]). So a move writes one
//! row, and two people moving different cards never touch the same one.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The longest key stored. [`between`] adds a digit about every six moves into the same gap; past this the gap counts as
/// full and the neighbours keep their order by id.
pub const MAX: usize = 200;

fn value(digit: u8) -> usize {
    DIGITS.iter().position(|d| *d == digit).unwrap_or(0)
}

/// The key of a ticket that enters a column at `millis` since 1970: later ones sort first.
pub fn newest_first(millis: i64) -> String {
    let mut rest = (62_u64.pow(8) - 1).saturating_sub(millis.max(0) as u64);
    let mut key = [b'0'; 9];
    key[0] = b'U';
    for place in key[1..].iter_mut().rev() {
        *place = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    String::from_utf8_lossy(&key).into_owned()
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
        assert!(newest_first(2_000_000_000_000) < newest_first(1_900_000_000_000));
        assert!(newest_first(1) < newest_first(0));
        assert_eq!(newest_first(0).len(), newest_first(1_900_000_000_000).len());
    }

    #[test]
    fn room_at_both_ends() {
        let key = newest_first(1_800_000_000_000);
        assert!(between(None, Some(&key)) < key);
        assert!(between(Some(&key), None) > key);
        assert!(!between(None, None).is_empty());
    }

    proptest! {
        /// Whatever is dropped where: the new key lies between its neighbours, and the column stays strictly sorted.
        #[test]
        fn drops_keep_order(places in prop::collection::vec(0usize..1000, 1..300)) {
            let mut column: Vec<String> = vec![newest_first(1_800_000_000_000)];
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
