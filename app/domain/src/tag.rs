//! Tags: words with a colour.

use crate::TagId;
use serde::{Deserialize, Serialize};

/// How many colours the palette has; a tag's colour is an index into it (`--tag-0` … in the style sheet).
pub const COLOURS: i16 = 8;
pub const NAME_MAX: usize = 40;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub id: TagId,
    pub name: String,
    pub colour: i16,
}

/// A tag's name as stored: one line, lower case, no commas; `None` when nothing is left or it is too long.
pub fn clean_name(text: &str) -> Option<String> {
    let name = crate::text::tidy_line(&text.replace([',', '#'], " ")).to_lowercase();
    (!name.is_empty() && name.chars().count() <= NAME_MAX).then_some(name)
}
