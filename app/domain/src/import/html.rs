//! Whether what a file says in a cell is HTML, as some systems write messages into their exports, or plain words.
//!
//! It is HTML when it is made of known elements, with each that must be closed closed in its turn, and either begins with one of
//! them or is one line with blocks or several line breaks in it. Whatever else has a `<` in it is what somebody has typed. Who
//! types markup that is complete in itself is mistaken for a system: its words stay, its tags do not.

/// Elements that end by themselves, or may.
const OPEN: &[&str] = &[
    "br", "hr", "img", "wbr", "col", "meta", "link", "input", "p", "li", "dt", "dd", "tr", "td", "th", "thead",
    "tbody", "tfoot", "colgroup", "option", "html", "body",
];
/// Elements that must be closed.
const CLOSED: &[&str] = &[
    "div",
    "span",
    "table",
    "ul",
    "ol",
    "dl",
    "blockquote",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "a",
    "b",
    "i",
    "u",
    "s",
    "em",
    "strong",
    "small",
    "big",
    "font",
    "center",
    "code",
    "kbd",
    "samp",
    "tt",
    "sub",
    "sup",
    "del",
    "ins",
    "strike",
    "cite",
    "q",
    "abbr",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "aside",
    "figure",
    "figcaption",
    "head",
    "title",
    "style",
    "caption",
    "address",
    "mark",
    "time",
    "label",
];
/// Those that stand for a paragraph of their own.
const BLOCKS: &[&str] =
    &["div", "p", "table", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "center", "section", "article"];
/// Deeper than any system writes.
const DEPTH_MAX: usize = 200;

/// A tag: its name in small letters, and whether it closes. `None`: what stands there is none that is known.
fn tag(text: &str) -> Option<(String, bool, usize)> {
    let rest = text.strip_prefix('<')?;
    if rest.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("!doctype")) || rest.starts_with("!--") {
        let end = if rest.starts_with("!--") { rest.find("-->")? + 2 } else { rest.find('>')? };
        return Some((String::new(), false, end + 2));
    }
    let closes = rest.starts_with('/');
    let inner = &rest[usize::from(closes)..];
    let length = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').unwrap_or(inner.len());
    let name = inner[..length].to_ascii_lowercase();
    // Programs that write mails have elements of their own (`o:p`).
    if !name.starts_with("o:") && !OPEN.contains(&name.as_str()) && !CLOSED.contains(&name.as_str()) {
        return None;
    }
    let mut quote = None;
    for (at, c) in inner[length..].char_indices() {
        match (quote, c) {
            (None, '>') => return Some((name, closes, 1 + usize::from(closes) + length + at + 1)),
            (None, '<') => return None,
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
    }
    None
}

/// See the module.
pub fn is_html(text: &str) -> bool {
    let text = text.trim();
    let begins = tag(text).is_some();
    let (mut open, mut blocks, mut breaks) = (Vec::new(), 0_usize, 0_usize);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let Some((name, closes, length)) = tag(rest) else {
            // A sign that is no tag (“a < b”) is written as an entity in HTML.
            return false;
        };
        rest = &rest[length..];
        breaks += usize::from(name == "br");
        if closes && (CLOSED.contains(&name.as_str())) {
            if open.pop() != Some(name.clone()) {
                return false;
            }
        } else if !closes && CLOSED.contains(&name.as_str()) {
            open.push(name.clone());
        }
        blocks += usize::from(closes && BLOCKS.contains(&name.as_str()));
        // What a style sheet says is no markup.
        if !closes && name == "style" {
            match rest.to_ascii_lowercase().find("</style") {
                Some(end) => rest = &rest[end..],
                None => return false,
            }
        }
        if open.len() > DEPTH_MAX {
            return false;
        }
    }
    let says = blocks > 0 || breaks > 0;
    open.is_empty()
        && if begins { says || text.ends_with('>') } else { !text.contains('\n') && (blocks > 0 || breaks > 1) }
}

#[cfg(test)]
mod tests {
    use super::is_html;

    #[test]
    fn systems_write_html_and_people_words() {
        for html in [
            // As osTicket, Freshdesk and Zammad write messages.
            "<p>It does not print.</p>",
            "<p>First<br />second</p>\n<p>Third &amp; last</p>",
            "<div style=\"font-family:Arial\" dir='ltr'><div>Hello</div><div><br></div></div>",
            "  <!DOCTYPE html><html><head><style>p > a { color: red }</style></head><body><p>Hi</p></body></html>",
            "<!-- by a mail program --><p>Hi</p>",
            "<ul><li>one<li>two</ul>",
            "<TABLE><TR><TD>1</TABLE>",
            "<b>Only bold</b>",
            "<a title=\"a > b\" href='https://a.example/?x=<y>'>here</a><br>",
            "Hello,<br><br>it does not print.<br>Jana",
            "Dear all, <p>it burns.</p>",
            "<br>It burns.",
            "<p class=MsoNormal>Hi<o:p></o:p></p>",
        ] {
            assert!(is_html(html), "{html}");
        }
        for words in [
            "",
            "It does not print.",
            "It burns.\n=1+1 <b>",
            "a < b and b > c",
            "<jana@acme.example> wrote:\nHello",
            "Jana <jana@acme.example> wrote",
            "<p>never closed <div>",
            "<div>crossed <b></div></b>",
            "Write <br> for a new line",
            "My page:\n<div>hello</div>\nis empty",
            "<script>alert(1)</script>",
            "<p>See <script>alert(1)</script></p>",
            "<b> is the tag that I mean",
            "<br is it",
            "<div class=\"never ends>",
            "I love it <3<br><br>",
        ] {
            assert!(!is_html(words), "{words}");
        }
        assert!(!is_html(&"<div>".repeat(100_000)));
        assert!(!is_html(&format!("{}{}", "<b>".repeat(300), "</b>".repeat(300))));
    }
}
