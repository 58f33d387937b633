//! Mails within mails within mails.
//!
//! The parser follows a mail that is attached to a mail as deep as it goes, and what it made is taken apart again level
//! by level on the stack. No honest mail comes near that; a made-up one must not take the server down.

use std::borrow::Cow;

/// So many attached mails are followed, in all.
const MESSAGES_MAX: usize = 64;

/// Words that make the parser look into a part as a mail.
const WORDS: [&[u8]; 3] = [b"rfc822", b"global", b"digest"];

/// Whether there may be more mails in this one than are followed.
pub(super) fn is_excessive(raw: &[u8]) -> bool {
    let mut found = 0;
    for window in raw.windows(6) {
        if WORDS.iter().any(|word| window.eq_ignore_ascii_case(word)) {
            found += 1;
            if found > MESSAGES_MAX {
                return true;
            }
        }
    }
    false
}

/// The mail with each attached mail that is wrapped in base64 or quoted-printable (which RFC 2046, 5.2.1 forbids) made a
/// plain file: nobody can see from outside how deep it goes. In such a part's headers the word changes to `rfc82x`.
pub(super) fn without_wrapped(raw: &[u8]) -> Cow<'_, [u8]> {
    let has_digest = contains(raw, b"digest");
    if !WORDS.iter().any(|word| contains(raw, word)) {
        return Cow::Borrowed(raw);
    }
    let mut changed: Option<Vec<u8>> = None;
    let mut start = 0;
    for (end, is_blank) in lines(raw) {
        if !is_blank {
            continue;
        }
        let block = &raw[start..end];
        let encoded = contains(block, b"base64") || contains(block, b"quoted-printable");
        if encoded {
            let copy = |changed: &mut Option<Vec<u8>>, at: usize, with: &[u8]| {
                let bytes = changed.get_or_insert_with(|| raw.to_vec());
                bytes[at..at + with.len()].copy_from_slice(with);
            };
            for at in places(block, b"rfc822") {
                copy(&mut changed, start + at, b"rfc82x");
            }
            if contains(block, b"message") {
                for at in places(block, b"global") {
                    copy(&mut changed, start + at, b"globax");
                }
            }
            // Parts of a digest are mails without saying so.
            if has_digest && !contains(block, b"content-type") {
                for at in places(block, b"base64") {
                    copy(&mut changed, start + at, b"base6x");
                }
                for at in places(block, b"quoted-printable") {
                    copy(&mut changed, start + at, b"quotex");
                }
            }
        }
        start = end;
    }
    changed.map_or(Cow::Borrowed(raw), Cow::Owned)
}

/// Where each line ends, and whether it is blank; the end of all counts as a blank line.
fn lines(raw: &[u8]) -> impl Iterator<Item = (usize, bool)> {
    let mut at = 0;
    raw.split_inclusive(|b| *b == b'\n').map(move |line| {
        at += line.len();
        (at, line.iter().all(u8::is_ascii_whitespace) || at == raw.len())
    })
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word))
}

fn places(bytes: &[u8], word: &[u8]) -> Vec<usize> {
    bytes.windows(word.len()).enumerate().filter(|(_, w)| w.eq_ignore_ascii_case(word)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wrapped_mails_change() {
        let honest = b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA";
        assert!(matches!(without_wrapped(honest), Cow::Borrowed(_)));
        let wrapped = b"Content-Type: Message/RFC822\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAAA";
        assert_eq!(
            &*without_wrapped(wrapped),
            b"Content-Type: Message/rfc82x\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAAA"
        );
    }

    #[test]
    fn counting() {
        assert!(!is_excessive(&b"Content-Type: message/rfc822\n\n".repeat(MESSAGES_MAX)));
        assert!(is_excessive(&b"Content-Type: message/rfc822\n\n".repeat(MESSAGES_MAX + 1)));
    }
}
