//! What each line of a mail is.

use super::words::{DAYS, DEVICES, FORWARDED, FROM, HEADERS, OPENERS, ORIGINAL, SENDING, SENT, WROTE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    Text,
    /// `> …`
    Quote,
    /// `On … wrote:`, `-----Original Message-----`
    Introduction,
    /// The same inside a quote.
    QuotedIntroduction,
    /// Copied headers: `From: …`, `Sent: …`, `Subject: …`.
    Header,
    /// `---------- Forwarded message ---------`
    Forward,
    /// `-- `
    SignatureMark,
    MobileSignature,
    /// Nothing but dashes, stars and the like.
    Divider,
    /// A long line of underscores: mailing lists and some programs set it above what they add.
    Underscores,
}

impl Kind {
    /// Whether what follows may be history.
    pub fn introduces(self) -> bool {
        matches!(self, Kind::Introduction | Kind::QuotedIntroduction | Kind::Header | Kind::Forward)
    }
}

/// How many lines an introduction may be broken into.
const BROKEN_INTO: usize = 6;
/// No program writes a longer one, and no longer line needs a look.
const LONGEST: usize = 400;

pub(super) fn of_lines(lines: &[&str]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = lines.iter().map(|line| of_line(line)).collect();
    let mut n = 0;
    while n < lines.len() {
        let quoted = kinds[n] == Kind::Quote;
        if !matches!(kinds[n], Kind::Text | Kind::Quote) {
            n += 1;
            continue;
        }
        if let Some(length) = introduction(&lines[n..]) {
            kinds[n..n + length].fill(if quoted { Kind::QuotedIntroduction } else { Kind::Introduction });
            n += length;
        } else if let Some(length) = headers(&lines[n..]).filter(|_| !quoted) {
            kinds[n..n + length].fill(Kind::Header);
            n += length;
        } else {
            n += 1;
        }
    }
    kinds
}

fn of_line(line: &str) -> Kind {
    let text = line.trim();
    if text.is_empty() {
        return Kind::Blank;
    }
    if text.len() > LONGEST {
        return if text.starts_with('>') { Kind::Quote } else { Kind::Text };
    }
    if text == "--" {
        return Kind::SignatureMark;
    }
    if text.len() >= 5 && text.chars().all(|c| c == '_') {
        return Kind::Underscores;
    }
    if text.chars().all(|c| "-_=+~#*ᐧ—–·. ".contains(c)) && !text.chars().all(|c| c == '.') {
        return Kind::Divider;
    }
    let lower = text.to_lowercase();
    if is_marker(&lower, FORWARDED) {
        return Kind::Forward;
    }
    if is_marker(&lower, ORIGINAL) {
        return Kind::Introduction;
    }
    if is_quote(text) {
        return Kind::Quote;
    }
    if is_mobile_signature(&lower) { Kind::MobileSignature } else { Kind::Text }
}

/// `> …`, and `AB> …` as some programs mark the writer's initials.
fn is_quote(text: &str) -> bool {
    let Some((before, _)) = text.split_once('>') else { return false };
    before.chars().count() <= 10 && before.chars().all(char::is_alphanumeric)
}

/// One of these words between two rules, or, ending in a colon, alone on its line.
fn is_marker(lower: &str, words: &[&str]) -> bool {
    let bare = lower.trim_matches(|c: char| "-_=*> \t".contains(c));
    let ruled = lower.contains("--") || lower.contains("__");
    let word = bare.trim_end_matches([':', '：']).trim_end();
    words.contains(&word) && (ruled || bare.ends_with([':', '：']))
}

fn is_mobile_signature(lower: &str) -> bool {
    let bare = lower.trim_matches(|c: char| "<>()[]*_-– ".contains(c));
    if bare.chars().count() > 120 {
        return false;
    }
    SENT.iter().any(|s| bare.starts_with(s))
        || (bare.chars().count() <= 60
            && DEVICES.iter().any(|d| bare.contains(d))
            && SENDING.iter().any(|s| bare.contains(s)))
}

/// How many lines an introduction that starts at the first of these has.
fn introduction(lines: &[&str]) -> Option<usize> {
    let first = strip(lines.first()?).to_lowercase();
    if first.is_empty() || first.len() > LONGEST {
        return None;
    }
    let strong = is_strong_start(&first);
    if !strong && !first.contains('@') && !first.contains('<') && !says_wrote(&first) {
        return None;
    }
    let mut joined = String::new();
    for (n, line) in lines.iter().take(BROKEN_INTO + 1).enumerate() {
        let line = strip(line).to_lowercase();
        if n > 0 && is_opened(&line) {
            return None;
        }
        if !line.is_empty() {
            joined.push_str(&line);
            joined.push(' ');
        }
        if joined.len() > LONGEST {
            return None;
        }
        let whole = joined.trim_end();
        let found = if strong { ends_introduction(whole) } else { n <= 1 && is_weak(whole, n, &first) };
        if found {
            return Some(n + 1);
        }
        // Only a date of four digits and a name: programs that write no verb (`2016-03-03 17:21 GMT+01:00 A. Person`).
        if n <= 1 && is_iso_start(&first) && (has_address(whole) || first.contains(" gmt")) && !first.ends_with('<') {
            return Some(n + 1);
        }
    }
    None
}

/// Without the marks of a quote and of emphasis.
fn strip(line: &str) -> &str {
    line.trim_start_matches(|c: char| c == '>' || c == '|' || c.is_whitespace()).trim_end()
}

/// A date comes at the beginning.
fn is_strong_start(lower: &str) -> bool {
    is_opened(lower) || lower.starts_with(|c: char| c.is_ascii_digit()) && is_dated(lower)
}

/// A date comes at the beginning, behind a word that goes before dates.
fn is_opened(lower: &str) -> bool {
    let lower = lower.trim_start_matches(['-', '*', '_', ' ']);
    lower.chars().take(80).any(|c| c.is_ascii_digit())
        && (OPENERS.iter().any(|o| lower.starts_with(o))
            || DAYS.iter().any(|d| lower.starts_with(d)) && lower.contains(','))
}

/// Whether a line that starts with a digit starts with a date: a year or a time is in its beginning.
fn is_dated(lower: &str) -> bool {
    let head: Vec<char> = lower.chars().take(40).collect();
    let year = head.windows(4).any(|w| w.iter().all(char::is_ascii_digit) && matches!(w[0], '1' | '2'));
    let time =
        head.windows(4).any(|w| w[0].is_ascii_digit() && w[1] == ':' && w[2].is_ascii_digit() && w[3].is_ascii_digit());
    year || time
}

/// `2016-03-03 …` or `2016/3/3 …`
fn is_iso_start(lower: &str) -> bool {
    let mut chars = lower.chars();
    let year = chars.by_ref().take(4).filter(char::is_ascii_digit).count() == 4;
    year && matches!(chars.next(), Some('-' | '/')) && chars.next().is_some_and(|c| c.is_ascii_digit())
}

fn ends_introduction(joined: &str) -> bool {
    let ruled = joined.starts_with("--");
    let end = joined.trim_end_matches(|c: char| "*_- ".contains(c));
    let colon = end.ends_with([':', '：']);
    if is_iso_start(joined) && colon && has_address(joined) {
        return true;
    }
    says_wrote(joined) && (colon || ruled && WROTE.iter().any(|w| end.ends_with(w)) || ends_with_wrote(end))
}

/// `… wrote` at the very end, without a colon, behind an address.
fn ends_with_wrote(end: &str) -> bool {
    has_address(end) && WROTE.iter().any(|w| end.ends_with(w))
}

/// No date at the beginning: a name and an address, the verb, and a colon at the end.
fn is_weak(joined: &str, broken: usize, first: &str) -> bool {
    let end = joined.trim_end_matches(|c: char| "*_- ".contains(c));
    if !end.ends_with([':', '：']) || !says_wrote(joined) {
        return false;
    }
    let dated = joined.chars().any(|c| c.is_ascii_digit()) && joined.contains(',');
    match broken {
        0 => has_address(joined) || dated && joined.chars().count() <= 120,
        _ => first.ends_with('<') || has_address(first),
    }
}

fn has_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(before, after)| {
        before.ends_with(|c: char| c.is_alphanumeric() || "._-+".contains(c))
            && after.starts_with(|c: char| c.is_alphanumeric())
    })
}

/// Whether one of the verbs stands in it as a word of its own.
fn says_wrote(lower: &str) -> bool {
    WROTE.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let before = lower[..at].chars().next_back();
            let after = lower[at + word.len()..].chars().next();
            // Scripts without spaces between words have no edges to look for.
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphabetic() || c > '\u{2fff}');
            !word.is_ascii() && word.chars().any(|c| c > '\u{2fff}') || edge(before) && edge(after)
        })
    })
}

/// How many lines of copied headers start here: the sender first, and at least two others below.
fn headers(lines: &[&str]) -> Option<usize> {
    let name = header_name(lines.first()?)?;
    if !FROM.contains(&name.as_str()) {
        return None;
    }
    let mut others = 0;
    let mut end = 1;
    let mut blanks = 0;
    for (n, line) in lines.iter().enumerate().skip(1).take(14) {
        if line.trim().is_empty() {
            blanks += 1;
            // Some programs put a blank line between any two of them.
            if blanks > 1 && others >= 2 || blanks > 2 {
                break;
            }
            continue;
        }
        match header_name(line) {
            Some(name) if HEADERS.contains(&name.as_str()) || FROM.contains(&name.as_str()) => {
                others += 1;
                end = n + 1;
                blanks = 0;
            }
            // A long value goes on in the next line; below a blank line it is text.
            _ if blanks == 0 => {
                if lines.get(n + 1).is_some_and(|next| header_name(next).is_some()) {
                    end = n + 1;
                }
            }
            _ => break,
        }
    }
    (others >= 2).then_some(end)
}

/// `*Sent:* …` gives `sent`.
fn header_name(line: &str) -> Option<String> {
    let line = line.trim_start_matches(|c: char| "*_ \t>".contains(c));
    let (name, _) = line.split_once([':', '：'])?;
    let name = name.trim_matches(|c: char| "*_ \u{a0}".contains(c));
    (name.chars().count() <= 24 && !name.is_empty()).then(|| name.to_lowercase())
}
