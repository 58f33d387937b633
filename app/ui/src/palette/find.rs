//! How well what was typed fits a line of the palette. Pure.

/// From the best to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The title begins with it.
    Beginning,
    /// Words of the title begin with its parts, as in “atm” for “Assign to me”.
    Words,
    /// It stands within the title, or another word for it begins with it.
    Within,
    /// Its letters come in the title in this order.
    Remote,
}

/// How what was typed fits a title, or the other words for the same.
pub fn fit(typed: &str, title: &str, also: &str) -> Option<Fit> {
    let (typed, title) = (typed.to_lowercase(), title.to_lowercase());
    let letters: Vec<char> = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let all: Vec<char> = title.chars().collect();
    let joined: String = letters.iter().collect();
    if title.starts_with(&typed) {
        Some(Fit::Beginning)
    } else if by_words(&letters, &all, 0, false) {
        Some(Fit::Words)
    } else if title.contains(&typed) || also.split(' ').any(|word| !word.is_empty() && word.starts_with(&joined)) {
        Some(Fit::Within)
    } else if letters.len() > 1 && in_order(&letters, &all) {
        Some(Fit::Remote)
    } else {
        None
    }
}

/// Whether each letter begins a word or follows the one before. `from`: where to look on; `follows`: whether the place before
/// that was taken.
fn by_words(letters: &[char], title: &[char], from: usize, follows: bool) -> bool {
    let Some(letter) = letters.first() else { return true };
    (from..title.len()).any(|at| {
        let begins = at == 0 || !title[at - 1].is_alphanumeric();
        title[at] == *letter && (begins || follows && at == from) && by_words(&letters[1..], title, at + 1, true)
    })
}

fn in_order(letters: &[char], title: &[char]) -> bool {
    let mut rest = title.iter();
    letters.iter().all(|letter| rest.any(|c| c == letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_and_how_well() {
        for (typed, title, also, expected) in [
            ("", "Reply", "", Some(Fit::Beginning)),
            ("re", "Reply", "", Some(Fit::Beginning)),
            ("assign to", "Assign to me", "", Some(Fit::Beginning)),
            ("atm", "Assign to me", "", Some(Fit::Words)),
            ("as me", "Assign to me", "", Some(Fit::Words)),
            ("tag", "Add a tag…", "label", Some(Fit::Words)),
            ("lab", "Add a tag…", "label", Some(Fit::Within)),
            ("take", "Assign to me", "take", Some(Fit::Within)),
            ("over", "Assign…", "assignee hand over", Some(Fit::Within)),
            ("sign out", "Profile and devices", "theme signout", Some(Fit::Within)),
            ("eply", "Reply", "", Some(Fit::Within)),
            ("rpy", "Reply", "", Some(Fit::Remote)),
            ("x", "Reply", "", None),
            ("p", "Board", "", None),
            ("yler", "Reply", "", None),
            ("assign to men", "Assign to me", "", None),
        ] {
            assert_eq!(fit(typed, title, also), expected, "{typed} in {title}");
        }
    }
}
