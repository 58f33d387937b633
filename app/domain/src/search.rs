//! Searching: what is asked and what is found.

use crate::{EventId, ticket::Ticket};
use serde::{Deserialize, Serialize};

/// The longest text to search for, in characters.
pub const TEXT_MAX: usize = 200;
/// How many tickets a page of a search has.
pub const SHOWN: usize = 30;
/// How far a search goes on, in tickets, in customers or in companies. What is further down is found by one more word.
pub const DEEPEST: usize = 300;

/// A piece of a found text; marked where it is one of the words searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub text: String,
    pub marked: bool,
}

/// A ticket that was found, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub ticket: Ticket,
    pub subject: Vec<Piece>,
    pub snippet: Vec<Piece>,
    /// The entry that the snippet is from.
    pub entry: Option<EventId>,
}

/// What was found, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub hits: Vec<Hit>,
    /// Whether more was found below these.
    pub more: bool,
}

/// The marks that the database puts around found words; no text of a person has them.
pub const START: char = '\u{2}';
pub const STOP: char = '\u{3}';

/// A text with [`START`] and [`STOP`] in it, as pieces.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let mut marked = false;
    for part in text.split_inclusive([START, STOP]) {
        let (words, end) = match part.chars().next_back() {
            Some(c @ (START | STOP)) => (&part[..part.len() - c.len_utf8()], Some(c)),
            _ => (part, None),
        };
        if !words.is_empty() {
            out.push(Piece { text: words.into(), marked });
        }
        marked = end == Some(START);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        let piece = |text: &str, marked| Piece { text: text.into(), marked };
        assert_eq!(
            pieces("the \u{2}printer\u{3} is off"),
            [piece("the ", false), piece("printer", true), piece(" is off", false)]
        );
        assert_eq!(pieces("\u{2}a\u{3}\u{2}b\u{3}"), [piece("a", true), piece("b", true)]);
        assert_eq!(pieces("plain"), [piece("plain", false)]);
        assert!(pieces("").is_empty());
    }
}
