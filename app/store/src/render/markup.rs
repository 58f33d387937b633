//! Reading sanitised HTML again: each tag closed, each value in double quotes, no comments. Only for what comes out of the
//! sanitiser; nothing here makes foreign HTML safe.

/// A piece of sanitised HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// The name, and what stands between it and the `>`.
    Open(&'a str, &'a str),
    Close(&'a str),
    Text(&'a str),
}

/// The pieces in their order, each with where it starts.
pub(super) fn tokens(html: &str) -> impl Iterator<Item = (usize, Token<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = html.get(at..).filter(|r| !r.is_empty())?;
        let start = at;
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            at += end;
            return Some((start, Token::Text(&rest[..end])));
        };
        let mut quoted = false;
        let end = tag
            .bytes()
            .position(|b| {
                quoted ^= b == b'"';
                b == b'>' && !quoted
            })
            .unwrap_or(tag.len());
        at += (end + 2).min(rest.len());
        let inner = &tag[..end];
        Some((
            start,
            match inner.strip_prefix('/') {
                Some(name) => Token::Close(name),
                None => {
                    let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
                    Token::Open(name, attributes)
                }
            },
        ))
    })
}

/// Names and (still escaped) values of a tag's attributes.
pub(super) fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.trim_start().split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        Some((name, value))
    })
}

/// One attribute as it was meant.
pub(super) fn attribute(text: &str, name: &str) -> Option<String> {
    attributes(text).find(|(n, _)| *n == name).map(|(_, value)| unescape(value))
}

/// The references that the sanitiser writes, as characters.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&nbsp;", "\u{a0}")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        // Last, or `&amp;lt;` would become a bracket.
        .replace("&amp;", "&")
}

/// Elements that have no end tag.
pub(super) fn is_void(name: &str) -> bool {
    matches!(name, "br" | "hr" | "img" | "wbr" | "col")
}

/// Elements that stand on lines of their own.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "br"
            | "hr"
            | "li"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "tr"
            | "table"
            | "tbody"
            | "thead"
            | "tfoot"
            | "caption"
            | "blockquote"
            | "pre"
            | "center"
            | "article"
            | "aside"
            | "header"
            | "footer"
            | "nav"
            | "figure"
            | "figcaption"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "details"
            | "summary"
            | "hgroup"
    )
}

/// A line as a reader sees it, and where in the HTML its first piece starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub text: String,
    pub at: usize,
}

/// Stands for a picture without a description.
pub(super) const PICTURE: char = '\u{fffc}';

/// The lines of a sanitised text; those in a `blockquote` begin with `> `.
pub(super) fn lines(html: &str) -> Vec<Line> {
    let mut lines = Lines::default();
    for (at, token) in tokens(html) {
        match token {
            Token::Text(text) => lines.write(&unescape(text), at),
            Token::Open("br", _) => lines.break_line(at),
            Token::Open("hr", _) => {
                lines.end();
                lines.write("----------", at);
                lines.end();
            }
            Token::Open("img", attributes) => match attribute(attributes, "alt").filter(|a| !a.trim().is_empty()) {
                Some(alt) => lines.write(&format!("[{}]", alt.trim()), at),
                None => lines.write(&PICTURE.to_string(), at),
            },
            Token::Open("td" | "th", _) => lines.space(),
            Token::Open(name, _) => {
                if is_block(name) {
                    lines.end();
                }
                match name {
                    "p" | "blockquote" | "ul" | "ol" | "table" | "pre" => lines.blank(at),
                    "li" => lines.write("• ", at),
                    _ => {}
                }
                lines.quotes += u32::from(name == "blockquote");
                lines.pre += u32::from(name == "pre");
            }
            Token::Close(name) => {
                if is_block(name) {
                    lines.end();
                }
                lines.quotes -= u32::from(name == "blockquote" && lines.quotes > 0);
                lines.pre -= u32::from(name == "pre" && lines.pre > 0);
                if matches!(name, "p" | "blockquote" | "ul" | "ol" | "table" | "pre") {
                    lines.blank(at);
                }
            }
        }
    }
    lines.end();
    lines.done
}

#[derive(Default)]
struct Lines {
    done: Vec<Line>,
    now: Option<Line>,
    quotes: u32,
    pre: u32,
}

impl Lines {
    fn write(&mut self, text: &str, at: usize) {
        if self.pre > 0 {
            for (n, part) in text.split('\n').enumerate() {
                if n > 0 {
                    self.break_line(at);
                }
                self.line(at).text.push_str(part);
            }
            return;
        }
        // A no-break space is a space to a reader, and what mail programs fill empty lines with.
        for c in text.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }) {
            if c.is_whitespace() {
                self.space();
            } else {
                self.line(at).text.push(c);
            }
        }
    }

    fn line(&mut self, at: usize) -> &mut Line {
        self.now.get_or_insert_with(|| Line { text: String::new(), at })
    }

    fn space(&mut self) {
        if let Some(line) = self.now.as_mut().filter(|line| !line.text.ends_with(' ')) {
            line.text.push(' ');
        }
    }

    fn break_line(&mut self, at: usize) {
        self.line(at);
        self.end();
    }

    fn blank(&mut self, at: usize) {
        if self.done.last().is_some_and(|l| !l.text.trim_matches(['>', ' ']).is_empty()) {
            self.break_line(at);
        }
    }

    fn end(&mut self) {
        if let Some(mut line) = self.now.take() {
            line.text.truncate(line.text.trim_end().len());
            if self.quotes > 0 {
                let depth = self.quotes.min(20) as usize;
                let space = if line.text.is_empty() { "" } else { " " };
                line.text.insert_str(0, &format!("{}{space}", ">".repeat(depth)));
            }
            self.done.push(line);
        }
    }
}

/// Cuts sanitised HTML in two, each of which is whole: what is open at the cut is closed before and opened again after.
pub(super) fn cut(html: &str, at: usize) -> (String, String) {
    let found: Vec<(usize, Token<'_>)> = tokens(html).collect();
    let ended = found.iter().filter(|(start, _)| *start < at).count();
    // What only opens right before the cut belongs behind it.
    let mut from = ended;
    while from > 0 {
        match found[from - 1].1 {
            Token::Open(name, _) if name != "img" => from -= 1,
            Token::Text(text) if text.trim().is_empty() => from -= 1,
            _ => break,
        }
    }
    let at = found.get(from).map_or(html.len(), |(start, _)| *start);
    let mut open: Vec<(&str, usize, usize)> = Vec::new();
    for (n, (start, token)) in found.iter().take(from).enumerate() {
        match token {
            Token::Open(name, _) if !is_void(name) => {
                let end = found.get(n + 1).map_or(html.len(), |(next, _)| *next);
                open.push((name, *start, end));
            }
            Token::Close(_) => {
                open.pop();
            }
            _ => {}
        }
    }
    let (before, after) = html.split_at(at);
    let (mut first, mut second) = (before.to_owned(), String::with_capacity(after.len() + 64));
    for (name, ..) in open.iter().rev() {
        first.push_str(&format!("</{name}>"));
    }
    for (_, start, end) in &open {
        second.push_str(&html[*start..*end]);
    }
    second.push_str(after);
    (first, second)
}
