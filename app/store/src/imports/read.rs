//! Reading files of lines and cells, whoever wrote them: in which encoding, with which separator.

use csv_core::ReadRecordResult;
use domain::FieldId;
use domain::import::{COLUMNS_MAX, Encoding, Kind, Reading, Separator, guess, meant, tickets};
use encoding_rs::{CoderResult, Decoder, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// As many bytes are looked at to guess how a file is read.
pub const SNIFF: usize = 64 * 1024;
/// As many lines are looked at for the separator.
const LINES: usize = 30;
/// The longest line that is looked at to its end, in bytes. Where a quotation mark has no second one, the rest of the file is
/// one cell.
pub const LINE_MAX: usize = 256 * 1024;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// As editors count: the first line of the file is 1. A cell may have line breaks of its own.
    pub number: i64,
    pub cells: Vec<String>,
    /// Whether that is all of it, and not only the first [`LINE_MAX`].
    pub whole: bool,
}

/// Guesses how a file is read, from its beginning.
/// `custom`: the custom fields that there are, by their names.
pub fn sniff(kind: Kind, start: &[u8], custom: &[(FieldId, String)]) -> Reading {
    let encoding = encoding_of(start);
    let found = Separator::ALL.map(|separator| {
        let reading = Reading { encoding, separator, header: false, ..Reading::default() };
        // Where it separates, every line has as many cells.
        let counts: Vec<usize> = lines(start, &reading).take(LINES).map(|l| l.cells.len()).collect();
        let first = counts.first().copied().unwrap_or_default();
        let even = counts.iter().filter(|n| **n == first).count();
        ((first > 1).then_some(even * 100 / counts.len().max(1)), first, separator)
    });
    let separator = found.into_iter().max_by_key(|(even, first, _)| (*even, *first)).map_or(Separator::Comma, |f| f.2);
    let reading = Reading { encoding, separator, ..Reading::default() };
    let first = lines(start, &reading).next().map(|l| l.cells).unwrap_or_default();
    let columns: Vec<_> = first.iter().map(|name| guess(kind, name, custom)).collect();
    let system = (kind == Kind::Tickets).then(|| tickets::system(&first)).flatten();
    let source = system.unwrap_or_default().to_owned();
    Reading { source, header: columns.iter().any(Option::is_some), columns: once_each(columns), ..reading }
}

/// What is guessed for two columns is taken for the first, unless it can be both.
fn once_each(columns: Vec<Option<domain::import::Field>>) -> Vec<Option<domain::import::Field>> {
    let mut seen = Vec::new();
    columns
        .into_iter()
        .map(|field| {
            let field = field.filter(|f| f.may_be_several() || !seen.contains(f));
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

/// Whether this may be a text at all. Pictures and spreadsheets are no Unicode, and have the character of number zero in them;
/// in what is Unicode a stray one does no harm.
pub fn is_text(bytes: &[u8], encoding: Encoding) -> bool {
    encoding != Encoding::Windows1252 || !bytes.contains(&0)
}

/// The lines of a file, one after the other. What cannot be decoded is shown as such; nothing ends it before its end.
pub fn lines<'a>(bytes: &'a [u8], reading: &Reading) -> impl Iterator<Item = Line> + use<'a> {
    let mut splitter = Splitter::new(reading);
    let mut pieces = bytes.chunks(SNIFF);
    std::iter::from_fn(move || {
        while !splitter.advance() {
            match pieces.next() {
                Some(piece) => splitter.push(piece),
                None if splitter.has_ended() => return None,
                None => splitter.end(),
            }
        }
        Some(splitter.line())
    })
}

/// Takes a file apart that comes piece by piece. Whatever the file is, no more is held of it than a piece and a line.
pub struct Splitter {
    decoder: Decoder,
    /// What is decoded, and how much of it has been taken apart.
    text: String,
    taken: usize,
    ended: bool,
    csv: csv_core::Reader,
    /// The cells of the line at hand, one after the other, and where each of them ends.
    cells: Vec<u8>,
    filled: usize,
    borders: Vec<usize>,
    /// Whether all of it is there.
    at_hand: bool,
    place: Place,
}

impl Splitter {
    pub fn new(reading: &Reading) -> Self {
        let encoding = match reading.encoding {
            Encoding::Utf8 => UTF_8,
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
            Encoding::Windows1252 => WINDOWS_1252,
        };
        Self {
            decoder: encoding.new_decoder_with_bom_removal(),
            text: String::new(),
            taken: 0,
            ended: false,
            csv: csv_core::ReaderBuilder::new().delimiter(reading.separator.byte()).build(),
            cells: Vec::new(),
            filled: 0,
            borders: Vec::new(),
            at_hand: false,
            place: Place::default(),
        }
    }

    /// The next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.decode(bytes, false);
    }

    /// There are no more bytes: what is left is the last line.
    pub fn end(&mut self) {
        if !self.ended {
            self.decode(&[], true);
            self.ended = true;
        }
    }

    pub fn has_ended(&self) -> bool {
        self.ended
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool) {
        self.text.drain(..self.taken);
        self.taken = 0;
        loop {
            self.text.reserve(self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or_default().max(16));
            let (result, read, _) = self.decoder.decode_to_string(bytes, &mut self.text, last);
            bytes = &bytes[read..];
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }

    /// Goes to the next line that says anything. `false`: there is none in what is known so far.
    pub fn advance(&mut self) -> bool {
        loop {
            if std::mem::take(&mut self.at_hand) {
                self.filled = 0;
                self.borders.clear();
                self.place.first = None;
            }
            let rest = &self.text.as_bytes()[self.taken..];
            if rest.is_empty() && !self.ended {
                return false;
            }
            // What is too much of a line is read and let go.
            let (mut spare, mut borders) = ([0; 512], [0; 16]);
            let room = if self.filled < LINE_MAX { &mut self.cells[self.filled..] } else { &mut spare[..] };
            let (result, read, written, ended) = self.csv.read_record(rest, room, &mut borders);
            self.place.pass(&rest[..read]);
            self.taken += read;
            self.filled = (self.filled + written).min(LINE_MAX);
            if self.borders.len() < COLUMNS_MAX {
                self.borders.extend_from_slice(&borders[..ended]);
                self.borders.truncate(COLUMNS_MAX);
            }
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::OutputFull => {
                    self.cells.resize((self.cells.len() * 2).clamp(1_024, LINE_MAX), 0);
                }
                ReadRecordResult::Record => {
                    self.at_hand = true;
                    if self.each_cell().any(|cell| !cell.trim().is_empty()) {
                        return true;
                    }
                }
                ReadRecordResult::End => return false,
            }
        }
    }

    fn each_cell(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let mut begin = 0;
        self.borders.iter().map(move |border| {
            let end = (*border).min(self.filled);
            let cell = self.cells.get(std::mem::replace(&mut begin, end)..end).unwrap_or_default();
            String::from_utf8_lossy(cell)
        })
    }

    /// The line that [`Splitter::advance`] has gone to.
    pub fn line(&self) -> Line {
        Line {
            number: self.place.first.unwrap_or(self.place.passed + 1),
            cells: self.each_cell().map(|cell| meant(cell.trim()).to_owned()).collect(),
            whole: self.borders.last().is_none_or(|end| *end <= LINE_MAX),
        }
    }
}

/// Where in a text the reader of cells is: it counts other ends of lines than editors do.
#[derive(Default)]
struct Place {
    /// How many lines are behind it.
    passed: i64,
    /// Whether it is behind a carriage return, which a line feed may belong to.
    open: bool,
    /// In which line, from 1 on, the line at hand begins. It passes over empty ones first.
    first: Option<i64>,
}

impl Place {
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let open = std::mem::replace(&mut self.open, *byte == b'\r');
            match byte {
                b'\n' if open => {}
                b'\r' | b'\n' => self.passed += 1,
                _ => {
                    self.first.get_or_insert(self.passed + 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::import::Field;
    use proptest::prelude::*;

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        lines(bytes, &sniff(Kind::Customers, bytes, &[])).map(|l| l.cells).collect()
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
                    let reading = sniff(Kind::Customers, &bytes, &[]);
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
        let reading = sniff(Kind::Customers, bytes, &[]);
        let numbers: Vec<_> = lines(bytes, &reading).map(|l| l.number).collect();
        assert_eq!(numbers, [1, 3, 6], "empty ones are counted and left out");
    }

    #[test]
    fn of_a_line_without_end_the_beginning_is_read() {
        let long = "x".repeat(LINE_MAX + 10);
        let file = format!("a,b\n{long},c\n\"d\n{long}\ne,f\n");
        let reading = sniff(Kind::Customers, file.as_bytes(), &[]);
        let lines: Vec<_> = lines(file.as_bytes(), &reading).collect();
        let seen: Vec<_> = lines.iter().map(|l| (l.number, l.whole, l.cells.iter().map(String::len).sum())).collect();
        assert_eq!(seen, [(1, true, 2), (2, false, LINE_MAX), (3, false, LINE_MAX)], "none holds the next one up");
        let wide = format!("a{}\nb", ",".repeat(3 * COLUMNS_MAX) + &long);
        let wide: Vec<_> = super::lines(wide.as_bytes(), &reading).map(|l| (l.cells.len(), l.whole)).collect();
        assert_eq!(wide, [(COLUMNS_MAX, true), (1, true)], "what is in columns that nobody looks at does not matter");
    }

    #[test]
    fn one_column_alone_is_a_file() {
        let reading = sniff(Kind::Customers, b"email\nj@a.example\n", &[]);
        assert_eq!((reading.columns, reading.header), (vec![Some(Field::Email)], true));
        assert_eq!(sniff(Kind::Customers, b"", &[]).columns, []);
        let two = sniff(Kind::Customers, b"email,e-mail\n", &[]);
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
            let reading = Reading { encoding, separator, header: false, ..Reading::default() };
            let read: Vec<Vec<String>> = lines(&encoded(&text, encoding, mark), &reading).map(|l| l.cells).collect();
            let written: Vec<Vec<String>> = table
                .iter()
                .map(|line| line.iter().map(|c| c.trim().to_owned()).collect::<Vec<_>>())
                .filter(|line| line.iter().any(|c| !c.is_empty()))
                .collect();
            prop_assert_eq!(read, written);
        }

        /// However it comes.
        #[test]
        fn pieces_are_read_as_the_whole(
            text in "[aé\"\r\n,; ]{0,80}", sizes in prop::collection::vec(1_usize..9, 1..40), encoding in prop::sample::select(Encoding::ALL.to_vec()),
        ) {
            let bytes = encoded(&text, encoding, false);
            let reading = Reading { encoding, separator: Separator::Comma, header: false, ..Reading::default() };
            let (mut rest, mut sizes) = (&bytes[..], sizes.into_iter().cycle());
            let mut splitter = Splitter::new(&reading);
            let mut read = Vec::new();
            loop {
                while splitter.advance() {
                    read.push(splitter.line());
                }
                if splitter.has_ended() {
                    break;
                }
                if rest.is_empty() {
                    splitter.end();
                } else {
                    let (piece, later) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                    splitter.push(piece);
                    rest = later;
                }
            }
            prop_assert_eq!(read, lines(&bytes, &reading).collect::<Vec<_>>());
        }

        /// Whatever it is, it has an end, and no line has more cells than are looked at.
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..4_000), kind in prop::sample::select(Kind::ALL.to_vec())) {
            let reading = sniff(kind, &bytes, &[]);
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
