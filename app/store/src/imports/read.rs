//! Reading files of lines and cells, whoever wrote them: in which encoding, with which separator.

use domain::import::{COLUMNS_MAX, Encoding, Kind, Reading, Separator, guess};
use encoding_rs::{Decoder, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::collections::VecDeque;
use std::io::Read;

/// As many bytes are looked at to guess how a file is read.
pub const SNIFF: usize = 64 * 1024;
/// As many lines are looked at for the separator.
const LINES: usize = 30;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// As editors count: the first line of the file is 1. A cell may have line breaks of its own.
    pub number: i64,
    pub cells: Vec<String>,
}

/// Guesses how a file is read, from its beginning.
pub fn sniff(kind: Kind, start: &[u8]) -> Reading {
    let encoding = encoding_of(start);
    let found = Separator::ALL.map(|separator| {
        let reading = Reading { encoding, separator, header: false, columns: Vec::new() };
        // Where it separates, every line has as many cells.
        let counts: Vec<usize> = lines(start, &reading).take(LINES).map(|l| l.cells.len()).collect();
        let first = counts.first().copied().unwrap_or_default();
        let even = counts.iter().filter(|n| **n == first).count();
        ((first > 1).then_some(even * 100 / counts.len().max(1)), first, separator)
    });
    let separator = found.into_iter().max_by_key(|(even, first, _)| (*even, *first)).map_or(Separator::Comma, |f| f.2);
    let reading = Reading { encoding, separator, header: false, columns: Vec::new() };
    let first = lines(start, &reading).next().map(|l| l.cells).unwrap_or_default();
    let columns: Vec<_> = first.iter().map(|name| guess(kind, name)).collect();
    Reading { header: columns.iter().any(Option::is_some), columns: once_each(columns), ..reading }
}

/// What is guessed for two columns is taken for the first.
fn once_each(columns: Vec<Option<domain::import::Field>>) -> Vec<Option<domain::import::Field>> {
    let mut seen = Vec::new();
    columns
        .into_iter()
        .map(|field| {
            let field = field.filter(|f| !seen.contains(f));
            seen.extend(field);
            field
        })
        .collect()
}

fn encoding_of(start: &[u8]) -> Encoding {
    match start {
        [0xef, 0xbb, 0xbf, ..] => return Encoding::Utf8,
        [0xff, 0xfe, ..] => return Encoding::Utf16Le,
        [0xfe, 0xff, ..] => return Encoding::Utf16Be,
        _ => {}
    }
    // Without a mark: of every pair of bytes, most have one that is zero.
    let pairs = (start.len() / 2).min(2_048);
    let zeros = |offset: usize| start.iter().skip(offset).step_by(2).take(pairs).filter(|b| **b == 0).count();
    if pairs > 0 && zeros(1) * 10 > pairs * 3 {
        return Encoding::Utf16Le;
    }
    if pairs > 0 && zeros(0) * 10 > pairs * 3 {
        return Encoding::Utf16Be;
    }
    match std::str::from_utf8(start) {
        Ok(_) => Encoding::Utf8,
        // Cut in the middle of a character.
        Err(error) if error.error_len().is_none() => Encoding::Utf8,
        Err(_) => Encoding::Windows1252,
    }
}

/// The lines of a file, one after the other. What cannot be decoded is shown as such; nothing ends it before its end.
pub fn lines<'a>(bytes: &'a [u8], reading: &Reading) -> impl Iterator<Item = Line> + use<'a> {
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(reading.separator.byte())
        .from_reader(Decoded::new(bytes, reading.encoding));
    let mut record = csv::ByteRecord::new();
    std::iter::from_fn(move || {
        loop {
            // Lines of any length are taken and the bytes are in memory: there is nothing that could fail.
            if !csv.read_byte_record(&mut record).unwrap_or(false) {
                return None;
            }
            let start = record.position().map_or(0, csv::Position::byte);
            let number = csv.get_mut().ends.line_at(start);
            let cells: Vec<String> =
                record.iter().take(COLUMNS_MAX).map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
            if cells.iter().any(|c| !c.is_empty()) {
                return Some(Line { number, cells });
            }
        }
    })
}

/// Where the lines of a text end: the reader of cells counts other ends than editors do.
#[derive(Default)]
struct Ends {
    /// How many bytes have been seen.
    seen: u64,
    /// Whether the last of them was a carriage return, which a line feed may belong to.
    open: bool,
    /// How many lines are behind the reader.
    passed: i64,
    /// Of those before it: where the end of a line begins, and where the next line does.
    ahead: VecDeque<(u64, u64)>,
}

impl Ends {
    fn see(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let open = std::mem::replace(&mut self.open, *byte == b'\r');
            match self.ahead.back_mut() {
                Some((_, next)) if open && *byte == b'\n' => *next += 1,
                _ if matches!(byte, b'\r' | b'\n') => self.ahead.push_back((self.seen, self.seen + 1)),
                _ => {}
            }
            self.seen += 1;
        }
    }

    /// The line, from 1 on, of what the reader has read from this byte on. It passes over empty lines first.
    fn line_at(&mut self, mut byte: u64) -> i64 {
        while let Some((_, next)) = self.ahead.pop_front_if(|(end, _)| *end <= byte) {
            self.passed += 1;
            byte = byte.max(next);
        }
        self.passed + 1
    }
}

/// Bytes in any of our encodings, as UTF-8.
struct Decoded<'a> {
    decoder: Decoder,
    rest: &'a [u8],
    ended: bool,
    ends: Ends,
}

impl<'a> Decoded<'a> {
    fn new(bytes: &'a [u8], encoding: Encoding) -> Self {
        let encoding = match encoding {
            Encoding::Utf8 => UTF_8,
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
            Encoding::Windows1252 => WINDOWS_1252,
        };
        Self { decoder: encoding.new_decoder_with_bom_removal(), rest: bytes, ended: false, ends: Ends::default() }
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut room = Vec::new();
        // A character needs up to four bytes, and a decoder some room to begin at all.
        let small = out.len() < 16;
        if small {
            room.resize(16, 0);
        }
        while !self.ended {
            let target = if small { room.as_mut_slice() } else { &mut *out };
            let (result, read, written, _) = self.decoder.decode_to_utf8(self.rest, target, true);
            self.rest = &self.rest[read..];
            self.ended = result == encoding_rs::CoderResult::InputEmpty;
            if written > 0 && !small {
                self.ends.see(&out[..written]);
                return Ok(written);
            }
            if written > 0 {
                // Never asked for in such small pieces by its one reader.
                return Err(std::io::Error::other("too little room"));
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::import::Field;
    use proptest::prelude::*;

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        lines(bytes, &sniff(Kind::Customers, bytes)).map(|l| l.cells).collect()
    }

    fn encoded(text: &str, encoding: Encoding, mark: bool) -> Vec<u8> {
        let units = || text.encode_utf16();
        let mut out = Vec::new();
        match encoding {
            Encoding::Utf8 => {
                out.extend(if mark { &b"\xef\xbb\xbf"[..] } else { &[] });
                out.extend(text.as_bytes());
            }
            Encoding::Utf16Le => {
                out.extend(if mark { &b"\xff\xfe"[..] } else { &[] });
                out.extend(units().flat_map(u16::to_le_bytes));
            }
            Encoding::Utf16Be => {
                out.extend(if mark { &b"\xfe\xff"[..] } else { &[] });
                out.extend(units().flat_map(u16::to_be_bytes));
            }
            Encoding::Windows1252 => out.extend(WINDOWS_1252.encode(text).0.iter()),
        }
        out
    }

    #[test]
    fn every_encoding_and_separator_is_found() {
        for encoding in Encoding::ALL {
            for mark in [false, true] {
                for separator in [",", ";", "\t"] {
                    let text = [["Name", "E-Mail", "Ort"], ["Jana Weiß", "jana@acme.example", "Köln, \"Süd\""]]
                        .map(|line| line.map(|c| format!("\"{}\"", c.replace('"', "\"\""))).join(separator))
                        .join("\r\n");
                    let bytes = encoded(&text, encoding, mark);
                    let reading = sniff(Kind::Customers, &bytes);
                    assert_eq!(reading.encoding, encoding, "{mark} {separator:?}");
                    assert_eq!(reading.columns, [Some(Field::Name), Some(Field::Email), None]);
                    assert!(reading.header);
                    assert_eq!(cells(&bytes)[1], ["Jana Weiß", "jana@acme.example", "Köln, \"Süd\""]);
                }
            }
        }
    }

    #[test]
    fn lines_are_counted_as_editors_do() {
        let bytes = b"name,email\n\n\"Jana\nWeiss\",j@a.example\n  , \nPetr,p@a.example";
        let reading = sniff(Kind::Customers, bytes);
        let numbers: Vec<_> = lines(bytes, &reading).map(|l| l.number).collect();
        assert_eq!(numbers, [1, 3, 6], "empty ones are counted and left out");
    }

    #[test]
    fn one_column_alone_is_a_file() {
        let reading = sniff(Kind::Customers, b"email\nj@a.example\n");
        assert_eq!((reading.columns, reading.header), (vec![Some(Field::Email)], true));
        assert_eq!(sniff(Kind::Customers, b"").columns, []);
        let two = sniff(Kind::Customers, b"email,e-mail\n");
        assert_eq!(two.columns, [Some(Field::Email), None], "once");
    }

    proptest! {
        /// What was written is what is read, in every encoding that can write it.
        #[test]
        fn what_was_written_is_read(
            table in prop::collection::vec(prop::collection::vec("[a-zäß€ ,;\"\n\t=]{0,12}", 1..6), 1..12),
            encoding in prop::sample::select(Encoding::ALL.to_vec()),
            separator in prop::sample::select(Separator::ALL.to_vec()),
            mark: bool,
        ) {
            let quote = |c: &String| format!("\"{}\"", c.replace('"', "\"\""));
            let between = char::from(separator.byte()).to_string();
            let text = table
                .iter()
                .map(|line| line.iter().map(quote).collect::<Vec<_>>().join(&between))
                .collect::<Vec<_>>()
                .join("\n");
            let reading = Reading { encoding, separator, header: false, columns: Vec::new() };
            let read: Vec<Vec<String>> = lines(&encoded(&text, encoding, mark), &reading).map(|l| l.cells).collect();
            let written: Vec<Vec<String>> = table
                .iter()
                .map(|line| line.iter().map(|c| c.trim().to_owned()).collect::<Vec<_>>())
                .filter(|line| line.iter().any(|c| !c.is_empty()))
                .collect();
            prop_assert_eq!(read, written);
        }

        /// Whatever it is, it has an end, and no line has more cells than are looked at.
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..4_000), kind: bool) {
            let kind = if kind { Kind::Customers } else { Kind::Companies };
            let reading = sniff(kind, &bytes);
            for encoding in Encoding::ALL {
                let reading = Reading { encoding, ..reading.clone() };
                let mut last = 0;
                for line in lines(&bytes, &reading) {
                    prop_assert!(line.cells.len() <= COLUMNS_MAX && line.number > last);
                    last = line.number;
                }
            }
        }
    }
}
