//! What a person wrote, told apart from the history they quote and from their signature.
//!
//! Works on lines, so that the same rules serve a plain text and the lines of an HTML mail. It is careful: where text of
//! the person may stand between quotes, everything stays in sight. Nothing is ever dropped: each line is either shown or
//! folded.

mod kind;
#[rustfmt::skip]
mod words;

use kind::Kind;

/// How many lines a signature may have. More of them below a `--` are rather a text with a rule in it.
const SIGNATURE_MAX: usize = 20;

/// A text in two parts. Their lines together are the lines of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub visible: String,
    /// Quoted history and signature.
    pub folded: String,
    /// Whether the folded part is a mail that was passed on: then it is what this mail is about.
    pub forwarded: bool,
}

/// Which lines to fold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// One a line.
    pub folded: Vec<bool>,
    /// Whether one of them introduces a mail that was passed on.
    pub forwarded: bool,
}

impl Fold {
    /// From where on everything is folded and before which nothing is, if that is how it is.
    pub fn tail(&self) -> Option<usize> {
        let start = self.folded.iter().position(|f| *f)?;
        self.folded[start..].iter().all(|f| *f).then_some(start)
    }
}

/// A text split into what was written and what is folded. `visible` may be empty.
pub fn split(text: &str) -> Split {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let fold = fold(&lines);
    let pick = |folded: bool| {
        let picked: Vec<&str> =
            lines.iter().zip(&fold.folded).filter(|(_, f)| **f == folded).map(|(line, _)| *line).collect();
        let start = picked.iter().position(|l| !l.trim().is_empty()).unwrap_or(picked.len());
        let end = picked.iter().rposition(|l| !l.trim().is_empty()).map_or(start, |n| n + 1);
        picked[start..end].join("\n")
    };
    Split { visible: pick(false), folded: pick(true), forwarded: fold.forwarded }
}

/// Decides line by line.
pub fn fold(lines: &[&str]) -> Fold {
    let kinds = kind::of_lines(lines);
    let mut fold = Fold { folded: vec![false; lines.len()], forwarded: false };
    let mut start = 0;
    // History at the very top, with what was written below it.
    if let Some(first) = kinds.iter().position(|k| *k != Kind::Blank).filter(|n| kinds[*n].introduces()) {
        start = head(&kinds, first, &mut fold);
    }
    let mut end = history(&kinds, start, &mut fold);
    end = signature(lines, &kinds, start, end, &mut fold);
    trailing_quotes(&kinds, start, end, &mut fold);
    close_gaps(&kinds, &mut fold);
    fold
}

/// Folds an introduction that nothing stands before, and the quote right below it. Returns where the rest starts.
fn head(kinds: &[Kind], first: usize, fold: &mut Fold) -> usize {
    let mut end = first;
    while end < kinds.len() && kinds[end].introduces() {
        fold.folded[end] = true;
        end += 1;
    }
    let quote = kinds[end..].iter().position(|k| *k != Kind::Blank).map(|n| n + end);
    if let Some(quote) = quote.filter(|n| kinds[*n] == Kind::Quote) {
        end = quote;
        while end < kinds.len() && matches!(kinds[end], Kind::Quote | Kind::Blank | Kind::QuotedIntroduction) {
            fold.folded[end] = kinds[end] != Kind::Blank;
            end += 1;
        }
    }
    end
}

/// Folds the history that runs to the end. Returns where it starts, or the end.
fn history(kinds: &[Kind], start: usize, fold: &mut Fold) -> usize {
    let answers = answers_below(kinds);
    let mut seen_text = false;
    let mut n = start;
    while n < kinds.len() {
        if !kinds[n].introduces() {
            seen_text |= matches!(kinds[n], Kind::Text | Kind::Quote);
            n += 1;
            continue;
        }
        let block = n + kinds[n..].iter().take_while(|k| k.introduces()).count();
        if seen_text && !answers[block] {
            // A divider above the block belongs to it.
            let above = |k: &Kind| !matches!(k, Kind::Blank | Kind::Divider | Kind::Underscores);
            let top = kinds[start..n].iter().rposition(above).map_or(start, |p| p + start + 1);
            fold.forwarded = kinds[n..block].contains(&Kind::Forward);
            fold.folded[top..].fill(true);
            return top;
        }
        // The person writes between or below the quotes: those stay, for without them it makes no sense.
        for (folded, kind) in fold.folded[n..block].iter_mut().zip(&kinds[n..block]) {
            *folded = *kind != Kind::QuotedIntroduction;
        }
        n = block;
    }
    kinds.len()
}

/// For each line: whether from there on a marked quote comes first and then unmarked text.
fn answers_below(kinds: &[Kind]) -> Vec<bool> {
    let mut answers = vec![false; kinds.len() + 1];
    // Whether text comes next, and whether a quote does before it.
    let mut text_next = false;
    for (n, kind) in kinds.iter().enumerate().rev() {
        answers[n] = match kind {
            Kind::Quote => text_next || answers[n + 1],
            // A signature below the quote is no answer.
            Kind::Text | Kind::SignatureMark | Kind::MobileSignature | Kind::Underscores => false,
            _ => answers[n + 1],
        };
        match kind {
            Kind::Text => text_next = true,
            Kind::Quote | Kind::SignatureMark | Kind::MobileSignature | Kind::Underscores => text_next = false,
            _ => {}
        }
    }
    answers
}

/// Folds a signature that ends at `end`. Returns where it starts.
fn signature(lines: &[&str], kinds: &[Kind], start: usize, end: usize, fold: &mut Fold) -> usize {
    let mut from = end;
    let first = kinds[start..end].iter().position(|k| matches!(k, Kind::Text | Kind::Quote)).map(|n| n + start);
    let Some(first) = first else { return end };
    let below =
        |n: usize, max: usize| kinds[n + 1..end].iter().filter(|k| **k != Kind::Blank).take(max + 1).count() <= max;
    // Three or more of them divide a text.
    let bare = (start..end).filter(|n| kinds[*n] == Kind::SignatureMark && !lines[*n].ends_with(' ')).count();
    for n in first..end {
        let is_start = match kinds[n] {
            // RFC 3676, 4.3: with the space it is a signature for sure, unless it is a long one.
            Kind::SignatureMark if lines[n].ends_with(' ') => below(n, 2 * SIGNATURE_MAX),
            Kind::SignatureMark => bare < 3 && below(n, SIGNATURE_MAX),
            Kind::Underscores => below(n, 5),
            _ => false,
        };
        if is_start {
            from = n;
            break;
        }
    }
    // What phones add, and dividers with nothing below them.
    let added = |k: &Kind| matches!(k, Kind::MobileSignature | Kind::Divider | Kind::Underscores | Kind::SignatureMark);
    while let Some(n) = kinds[first..from].iter().rposition(|k| *k != Kind::Blank).map(|p| p + first) {
        if n == first || !added(&kinds[n]) {
            break;
        }
        from = n;
    }
    fold.folded[from..end].fill(true);
    from
}

/// Folds the quotes at the end of a text.
fn trailing_quotes(kinds: &[Kind], start: usize, end: usize, fold: &mut Fold) {
    let open = |n: &usize| !fold.folded[*n] && !matches!(kinds[*n], Kind::Blank);
    let Some(last) = (start..end).rev().find(open) else { return };
    if kinds[last] != Kind::Quote {
        return;
    }
    let Some(text) = (start..last).rev().find(|n| open(n) && kinds[*n] != Kind::Quote) else { return };
    fold.folded[text + 1..end].fill(true);
}

/// Blank lines between folded ones fold too, those at the edge of a folded block as well.
fn close_gaps(kinds: &[Kind], fold: &mut Fold) {
    let mut n = 0;
    while n < kinds.len() {
        if kinds[n] != Kind::Blank || fold.folded[n] {
            n += 1;
            continue;
        }
        let end = n + kinds[n..].iter().take_while(|k| **k == Kind::Blank).count();
        let folded_before = n > 0 && fold.folded[n - 1];
        let folded_after = end < kinds.len() && fold.folded[end];
        let at_edge = n == 0 && folded_after || end == kinds.len() && folded_before;
        if folded_before && folded_after || at_edge {
            fold.folded[n..end].fill(true);
        }
        n = end.max(n + 1);
    }
}

#[cfg(test)]
mod tests;
