//! Text in an encoding that nobody names, or that is named wrongly.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

/// Bytes as text: UTF-8 where they are that, else in the encoding that they look like.
pub(super) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    encoding.decode(bytes).0
}

/// The raw mail with its own headers in UTF-8. RFC 5322 allows only ASCII there and RFC 6532 UTF-8, but old programs wrote
/// whatever their users' machines spoke.
pub(super) fn with_utf8_headers(raw: &[u8]) -> Cow<'_, [u8]> {
    let end = headers_end(raw);
    let (headers, rest) = raw.split_at(end);
    if std::str::from_utf8(headers).is_ok() {
        return Cow::Borrowed(raw);
    }
    // Line by line: mails pass through several hands, each with an encoding of its own.
    let mut mended = Vec::with_capacity(raw.len() + 64);
    for line in headers.split_inclusive(|b| *b == b'\n') {
        if is_encoded_word(line) && std::str::from_utf8(line).is_err() {
            // The encoding is named, only the bytes were left as they are.
            for byte in line {
                match byte {
                    0..=127 => mended.push(*byte),
                    _ => mended.extend_from_slice(format!("={byte:02X}").as_bytes()),
                }
            }
        } else {
            mended.extend_from_slice(guess(line).as_bytes());
        }
    }
    mended.extend_from_slice(rest);
    Cow::Owned(mended)
}

/// Whether a line has an encoded word of RFC 2047 in the encoding that is almost readable.
fn is_encoded_word(line: &[u8]) -> bool {
    line.windows(2).any(|w| w == b"=?") && line.windows(3).any(|w| w.eq_ignore_ascii_case(b"?q?"))
}

/// Where the headers end: behind the first blank line.
pub(super) fn headers_end(raw: &[u8]) -> usize {
    let mut at = 0;
    for line in raw.split_inclusive(|b| *b == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") && at > line.len() {
            return at;
        }
    }
    raw.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses() {
        assert_eq!(guess("Grüße".as_bytes()), "Grüße");
        assert_eq!(guess(b"Viele Gr\xfc\xdfe aus M\xfcnchen, das M\xe4dchen"), "Viele Grüße aus München, das Mädchen");
        let russian = encoding_rs::KOI8_R.encode("Здравствуйте, у меня не работает принтер").0;
        assert_eq!(guess(&russian), "Здравствуйте, у меня не работает принтер");
        let japanese = encoding_rs::SHIFT_JIS.encode("プリンターが動きません。助けてください").0;
        assert_eq!(guess(&japanese), "プリンターが動きません。助けてください");
    }

    #[test]
    fn headers_only() {
        let mended = with_utf8_headers(b"Subject: Gr\xfc\xdfe aus K\xf6ln\r\n\r\nGr\xfc\xdfe");
        assert_eq!(&*mended, b"Subject: Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln\r\n\r\nGr\xfc\xdfe");
    }
}
