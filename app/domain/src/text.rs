//! Small rules about text that several features share.

/// The longest e-mail address taken, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const EMAIL_MAX: usize = 254;

/// Whether this can be an e-mail address: one `@`, something before it, a dotted or local name behind it, nothing that
/// would break a header. Whether it exists, only a mail to it can tell.
pub fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    text.len() <= EMAIL_MAX
        && !local.is_empty()
        && local.len() <= 64
        && !host.is_empty()
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains("..")
        && host.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
        && visible(text) == text
        && !local.contains('@')
}

/// The first `max` characters of a text in one line, with `…` when something was left out. For lists and notifications.
pub fn excerpt(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(max.min(text.len()) + 4);
    let mut count = 0;
    for word in text.split_whitespace() {
        let space = usize::from(count > 0);
        let length = word.chars().count();
        if count + space + length > max {
            let room = max.saturating_sub(count + space);
            if count == 0 || room > 12 {
                if space == 1 {
                    out.push(' ');
                }
                out.extend(word.chars().take(room));
            }
            out.push('…');
            return out;
        }
        if space == 1 {
            out.push(' ');
        }
        out.push_str(word);
        count += space + length;
    }
    out
}

/// One or two letters that stand for a name in an avatar.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| c.is_whitespace() || c == '.' || c == '@' || c == '_')
        .filter_map(|w| w.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// Which of `of` avatar colours a name gets: the same one everywhere, without storing it.
pub fn hue(name: &str, of: u32) -> u32 {
    name.bytes().fold(5_381_u32, |h, b| h.wrapping_mul(33) ^ u32::from(b)) % of.max(1)
}

/// A number as people read it: 12,345.
pub fn grouped(n: i64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A size in bytes for people: `812 B`, `98 KB`, `1.2 MB`. A KB is 1,024 bytes and an MB 1,024 KB, as limits are counted.
pub fn bytes(size: i64) -> String {
    const KB: i64 = 1 << 10;
    const MB: i64 = 1 << 20;
    // What would read as 1024 KB is an MB.
    const NEARLY_MB: i64 = MB - KB / 2;
    match size {
        ..KB => format!("{size} B"),
        KB..NEARLY_MB => format!("{} KB", (size + KB / 2) / KB),
        _ => {
            let tenths = (size * 10 + MB / 2) / MB;
            match tenths % 10 {
                0 => format!("{} MB", tenths / 10),
                part => format!("{}.{part} MB", tenths / 10),
            }
        }
    }
}

/// A span in seconds for people: `40 seconds`, `3 minutes`.
pub fn duration(seconds: u32) -> String {
    let (n, unit) = match seconds {
        ..=90 => (seconds, "second"),
        91..=5_400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3_600), "hour"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// A text that came from a person, made fit to store: line ends as `\n`, no other control characters but tabs (PostgreSQL
/// refuses NUL, and search uses some as marks), ends trimmed.
pub fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace(|c: char| c.is_control() && c != '\n' && c != '\t', "").trim().to_owned()
}

/// Like [`tidy`], in one line, for names and subjects. Of what nobody can see nothing is left but what scripts and emoji
/// are written with: two names that look the same are the same, none shows its letters in another order, and a subject can
/// be clicked.
pub fn tidy_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.map(visible).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A word without what cannot be seen in it; empty when nothing can.
fn visible(word: &str) -> String {
    // Most have nothing of the kind, which shows at a glance.
    if word.is_ascii() {
        return word.to_owned();
    }
    let mut out = String::with_capacity(word.len());
    let mut rest = word.chars().filter(|c| !is_format(*c)).peekable();
    let mut last = None;
    while let Some(c) = rest.next() {
        let kept = match c {
            // Only where they stand between letters, or signs, that they join or part. Some end a word by joining nothing.
            ZWNJ | ZWJ => match last {
                None | Some(ZWNJ | ZWJ) => false,
                Some(before) => is_joined(before) || rest.peek().copied().is_some_and(is_joined),
            },
            // The flags of England and others are a black flag and letters that are not seen.
            '\u{e0020}'..='\u{e007f}' => matches!(last, Some('\u{1f3f4}' | '\u{e0020}'..='\u{e007e}')),
            // Which form of the sign before is meant. The letters of Europe have one.
            _ if is_selector(c) => last
                .is_some_and(|before: char| !is_selector(before) && (before >= '\u{1000}' || !before.is_alphabetic())),
            _ => true,
        };
        if kept {
            out.push(c);
            last = Some(c);
        }
    }
    if out.chars().all(|c| is_blank(c) || is_selector(c)) { String::new() } else { out }
}

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';

/// Signs that cannot be seen and only say how others are ordered, broken or spelled (Unicode's category Cf and its like),
/// but for those that scripts and emoji are written with. Those that give numbers or words a frame (U+0600 …) are seen.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}')
}

/// Signs that say which form of the one before them is meant.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Signs with nothing on them, which have a place among others.
fn is_blank(c: char) -> bool {
    matches!(c, ZWNJ | ZWJ | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}')
}

/// Whether a sign is of a script whose letters are joined and parted by signs that cannot be seen (Arabic, the scripts of
/// India and its neighbours and their like), or of those that emoji are made of.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{109f}' | '\u{1700}'..='\u{1cff}' | '\u{2190}'..='\u{2bff}' | '\u{a800}'..='\u{abff}'
        | '\u{fb1d}'..='\u{fdff}' | '\u{fe0f}' | '\u{fe70}'..='\u{fefc}' | '\u{10a00}'..='\u{11fff}'
        | '\u{1e900}'..='\u{1e95f}' | '\u{1f000}'..='\u{1faff}')
}

/// A snippet in one line. Unlike [`tidy_line`] it keeps the marks around found words.
pub fn tidy_snippet(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["a@b.example", "jana.weiss+x@acme.example", "ops@localhost", "müller@straße.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c.example",
            "a@b..c",
            "a@.b",
            "a@b.",
            "a\n@b.example",
            "<a@b.example>",
            "a,b@c.example",
            "a\u{200b}@b.example",
            "a@b\u{202e}.example",
            "ü\u{200d}x@b.example",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn excerpts() {
        assert_eq!(excerpt("  one\n two  ", 20), "one two");
        assert_eq!(excerpt("one two three", 8), "one two…");
        assert_eq!(excerpt("Donaudampfschifffahrtsgesellschaft", 10), "Donaudampf…");
        assert_eq!(excerpt("", 10), "");
    }

    #[test]
    fn names() {
        assert_eq!(initials("Jana Weiß"), "JW");
        assert_eq!(initials("ops@acme.example"), "OE");
        assert_eq!(initials("Ada"), "A");
        assert_eq!(initials("  "), "");
        assert_eq!(hue("Jana Weiß", 8), hue("Jana Weiß", 8));
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_499), "1 KB");
        assert_eq!(bytes(1_048_063), "1023 KB");
        assert_eq!(bytes(1_048_064), "1 MB");
        assert_eq!(bytes(1_258_291), "1.2 MB");
        assert_eq!(bytes(10 * 1024 * 1024), "10 MB");
        assert_eq!(duration(1), "1 second");
        assert_eq!(duration(120), "2 minutes");
    }

    #[test]
    fn tidying() {
        assert_eq!(tidy("a\r\nb\0\r"), "a\nb");
        assert_eq!(tidy("a\u{2}b\u{3}\tc\u{1b}"), "ab\tc");
        assert_eq!(tidy_line(" a\t\nb\u{7}c "), "a b c");
    }

    #[test]
    fn what_cannot_be_seen_goes() {
        for (given, kept) in [
            ("\u{200b} a \u{feff}\u{202e} b\u{200d}c", "a bc"),
            ("\u{200b}\u{2060} \u{ad}", ""),
            ("\u{2800} \u{3164}\u{1160}", ""),
            ("\u{200d}\u{fe0f}", ""),
            // Two that look the same are the same.
            ("Ad\u{200b}min", "Admin"),
            ("Ad\u{200d}mi\u{200c}n\u{200d}", "Admin"),
            ("Ad\u{34f}min\u{fe0f}", "Admin"),
            ("Admin\u{e0041}\u{e007f}", "Admin"),
            // None shows its letters in another order.
            ("Jana \u{202e}kavoN", "Jana kavoN"),
            ("\u{2067}Jana\u{2069} \u{61c}Novak\u{200f}", "Jana Novak"),
            ("a\u{2028}b\u{2029}c", "a b c"),
            // What is written with them stays: Persian, also at the end of a foreign word; Malayalam, Sinhala; emoji with a
            // profession, a skin, a colour; flags of letters that are not seen; an ideograph of a certain form.
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("PDF\u{200c}ها", "PDF\u{200c}ها"),
            ("അവന്\u{200d}", "അവന്\u{200d}"),
            ("ශ්\u{200d}රී", "ශ්\u{200d}රී"),
            ("👩🏽\u{200d}⚕\u{fe0f}", "👩🏽\u{200d}⚕\u{fe0f}"),
            ("🏳\u{fe0f}\u{200d}🌈", "🏳\u{fe0f}\u{200d}🌈"),
            (
                "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
                "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            ),
            ("葛\u{e0100}城", "葛\u{e0100}城"),
            ("1\u{fe0f}\u{20e3} ☎\u{fe0f}", "1\u{fe0f}\u{20e3} ☎\u{fe0f}"),
            // But not twice.
            ("☎\u{fe0f}\u{fe0f}", "☎\u{fe0f}"),
            ("می\u{200c}\u{200d}\u{200c}خواهم", "می\u{200c}خواهم"),
            // As they are.
            ("Łukasz Žižka-Müller", "Łukasz Žižka-Müller"),
            ("e\u{301}", "e\u{301}"),
            ("عبد الله", "عبد الله"),
        ] {
            assert_eq!(tidy_line(given), kept, "{given:?}");
            assert_eq!(tidy_line(kept), kept, "{kept:?} twice");
        }
    }
}
