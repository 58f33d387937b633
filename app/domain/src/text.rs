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

/// Like [`tidy`], in one line, for names and subjects. Of what nobody can see nothing is left: a subject of it could not be
/// clicked.
pub fn tidy_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|w| !w.chars().all(is_invisible)).collect::<Vec<_>>().join(" ")
}

/// Characters that only say how others are joined, broken or ordered. Inside of words and emoji they have their place.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
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
        assert_eq!(tidy_line("\u{200b} a \u{feff}\u{202e} b\u{200d}c"), "a b\u{200d}c");
        assert_eq!(tidy_line("\u{200b}\u{2060} \u{ad}"), "");
    }
}
