//! The HTML of mails: shown as it was meant, with nothing in it that acts, calls home or leaves its place.

use super::{escape_into, markup};
use domain::quoted;
use markup::{Token, attribute, attributes, tokens};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

/// A mail's HTML, safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailHtml {
    pub visible: String,
    /// Quoted history and signature, to be folded away.
    pub quoted: Option<String>,
    /// Whether the folded part is a mail that was passed on.
    pub forwarded: bool,
}

/// What is kept of a remote picture, so that it can be shown once somebody asks to: each behind `data-remote-`.
const REMOTE_IMAGE: [&str; 6] = ["src", "alt", "width", "height", "title", "style"];

/// No reader gets through more, and the sanitiser must not be kept busy, in bytes.
pub const HTML_MAX: usize = 1_000_000;
/// Deeper than any mail program nests; the work of a parser grows with the depth.
const DEPTH_MAX: usize = 500;

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = ammonia::Builder::default();
    cleaner
        .add_tags(["font", "big", "tfoot"])
        .rm_tags(["map", "area"])
        // Their content is no text for readers.
        .add_clean_content_tags([
            "title", "svg", "math", "template", "iframe", "noembed", "noframes", "noscript", "object", "embed",
            "applet", "audio", "video", "canvas", "select", "datalist", "frameset",
        ])
        .link_rel(Some("noopener noreferrer nofollow"))
        .url_schemes(["http", "https", "mailto", "tel", "cid", "data"].into())
        .url_relative(ammonia::UrlRelative::Deny)
        .generic_attributes(["style", "dir", "lang", "title"].into())
        .add_tag_attributes("a", ["target"])
        .set_tag_attribute_value("a", "target", "_blank")
        .add_tag_attributes("font", ["color", "face", "size"])
        .add_tag_attributes("ol", ["type"])
        .add_tag_attributes("table", ["border", "cellpadding", "cellspacing", "width", "height", "bgcolor"])
        .add_tag_attributes("tr", ["valign", "bgcolor", "height"])
        .add_tag_attributes("td", ["valign", "bgcolor", "width", "height", "nowrap"])
        .add_tag_attributes("th", ["valign", "bgcolor", "width", "height", "nowrap"])
        .add_tag_attributes("div", ["align"])
        .add_tag_attributes("p", ["align"])
        .filter_style_properties(PROPERTIES.iter().copied().collect())
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => Some(value.into()),
            // Pointers to parts of a mail are for pictures alone.
            (_, "href" | "src" | "cite") if !is_link(value) => None,
            (_, "style") => Some(value.into()),
            _ => Some(Cow::Borrowed(value)),
        });
    cleaner
});

/// What a style may set: looks, never a place outside the mail.
const PROPERTIES: &[&str] = &[
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "clear",
    "color",
    "direction",
    "display",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
];

fn is_link(value: &str) -> bool {
    let lower = value.trim_start().to_ascii_lowercase();
    ["http:", "https:", "mailto:", "tel:"].iter().any(|s| lower.starts_with(s))
}

/// A mail's HTML made safe. `None`: too large or too deep to be shown; it is better kept as a file.
///
/// `picture` gives the address of a picture that the mail brings along, by its Content-ID. Remote pictures are taken out:
/// loading one tells its sender when the mail is read. A `span` with the class `remote-image` stands in its place, with
/// what it needs to be shown all the same behind `data-remote-`; those that nobody sees have none of that.
pub fn mail_html(html: &str, picture: &dyn Fn(&str) -> Option<String>) -> Option<MailHtml> {
    if html.len() > HTML_MAX || is_too_deep(html) {
        return None;
    }
    let safe = rewrite(&CLEANER.clean(html).to_string(), picture);
    let lines = markup::lines(&safe);
    let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
    let fold = quoted::fold(&texts);
    // Something must stay in sight, and a cut needs history that runs to the end.
    let start = fold.tail().filter(|n| texts[..*n].iter().any(|t| !t.trim().is_empty()));
    Some(match start {
        Some(n) => {
            let (visible, quoted) = markup::cut(&safe, lines[n].at);
            MailHtml { visible, quoted: Some(quoted), forwarded: fold.forwarded }
        }
        None => MailHtml { visible: safe, quoted: None, forwarded: false },
    })
}

/// The text of a mail that has only HTML. What is too large or too deep for the sanitiser gives none.
pub fn mail_text(html: &str) -> String {
    if html.len() > HTML_MAX || is_too_deep(html) {
        return String::new();
    }
    text_of(&CLEANER.clean(html).to_string())
}

/// The text of sanitised HTML, as a reader sees it: lines, bullets, `> ` before quotes.
pub fn text_of(safe: &str) -> String {
    let mut text = String::with_capacity(safe.len() / 2);
    for line in markup::lines(safe) {
        text.extend(line.text.chars().filter(|c| *c != markup::PICTURE));
        text.push('\n');
    }
    text.trim().to_owned()
}

/// Whether elements are nested deeper than mail programs do. Counts roughly, and those that close by themselves not at all.
fn is_too_deep(html: &str) -> bool {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for part in html.split('<').skip(1) {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').unwrap_or(part.len());
        let name = part[..end].to_ascii_lowercase();
        match name.strip_prefix('/') {
            Some(_) => depth = depth.saturating_sub(1),
            None if name.is_empty() => {}
            None => {
                let closes_itself = matches!(
                    name.as_str(),
                    "p" | "li"
                        | "td"
                        | "th"
                        | "tr"
                        | "dd"
                        | "dt"
                        | "option"
                        | "br"
                        | "img"
                        | "hr"
                        | "wbr"
                        | "col"
                        | "meta"
                        | "link"
                        | "base"
                        | "input"
                        | "area"
                        | "param"
                        | "source"
                        | "html"
                        | "body"
                        | "head"
                );
                depth += usize::from(!closes_itself);
                deepest = deepest.max(depth);
            }
        }
    }
    deepest > DEPTH_MAX
}

/// Pictures and styles of sanitised HTML as they may be shown.
fn rewrite(safe: &str, picture: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(safe.len());
    let mut rest = tokens(safe).peekable();
    while let Some((start, token)) = rest.next() {
        let end = rest.peek().map_or(safe.len(), |(next, _)| *next);
        match token {
            Token::Open("img", attributes) => image(attributes, picture, &mut out),
            Token::Open(name, text) if text.contains("style=\"") => {
                open(name, attributes(text).filter(|(n, _)| *n != "style"), text, &mut out);
            }
            _ => out.push_str(&safe[start..end]),
        }
    }
    out
}

/// Writes a tag with these attributes, as they are, and with what is left of its style.
fn open<'a>(name: &str, kept: impl Iterator<Item = (&'a str, &'a str)>, text: &str, out: &mut String) {
    out.push('<');
    out.push_str(name);
    for (name, value) in kept {
        out.push_str(&format!(" {name}=\"{value}\""));
    }
    let style = attribute(text, "style").map(|s| style(&s)).unwrap_or_default();
    if !style.is_empty() {
        out.push_str(" style=\"");
        escape_into(&style, out);
        out.push('"');
    }
    out.push('>');
}

fn image(text: &str, picture: &dyn Fn(&str) -> Option<String>, out: &mut String) {
    let source = attribute(text, "src").unwrap_or_default();
    let source = source.trim();
    let alt = attribute(text, "alt").unwrap_or_default();
    let scheme = source.split_once(':').map(|(s, _)| s.to_ascii_lowercase()).unwrap_or_default();
    let address = match scheme.as_str() {
        "cid" => picture(source[4..].trim()),
        "data" if is_picture_data(source) => Some(source.to_owned()),
        _ => None,
    };
    if let Some(address) = address {
        let mut shown = String::from("src=\"");
        escape_into(&address, &mut shown);
        shown.push('"');
        let kept = attributes(text).filter(|(n, _)| !matches!(*n, "src" | "style"));
        let kept = attributes(&shown).chain(kept);
        open("img", kept, text, out);
        return;
    }
    let tiny = |name: &str| attribute(text, name).is_some_and(|v| matches!(v.trim(), "0" | "1" | "2"));
    let remote = matches!(scheme.as_str(), "http" | "https");
    // One point of colour is there to report that the mail was read, not to be seen.
    let seen = !(tiny("width") || tiny("height"));
    out.push_str("<span class=\"remote-image\"");
    if remote && seen {
        for name in REMOTE_IMAGE {
            let value = match name {
                "src" => Some(source.to_owned()),
                "style" => attribute(text, name).map(|value| style(&value)),
                _ => attribute(text, name),
            };
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                out.push_str(&format!(" data-remote-{name}=\""));
                escape_into(&value, out);
                out.push('"');
            }
        }
    }
    out.push('>');
    if seen {
        let what = if remote { "Remote image hidden" } else { "Image missing" };
        out.push_str(what);
        if !alt.trim().is_empty() {
            out.push_str(": ");
            escape_into(alt.trim(), out);
        }
    }
    out.push_str("</span>");
}

/// Pictures that a browser draws and does nothing else with; SVG can hold a script.
fn is_picture_data(source: &str) -> bool {
    let lower = source.get(..32.min(source.len())).unwrap_or_default().to_ascii_lowercase();
    ["png", "jpeg", "jpg", "gif", "webp"].iter().any(|kind| lower.starts_with(&format!("data:image/{kind};base64,")))
}

/// What is left of a style: allowed properties with plain values.
fn style(text: &str) -> String {
    static ALLOWED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| PROPERTIES.iter().copied().collect());
    let mut kept: Vec<String> = Vec::new();
    for declaration in text.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if ALLOWED.contains(name.as_str()) && is_plain(&name, value) {
            kept.push(format!("{name}:{value}"));
        }
    }
    kept.join(";")
}

fn is_plain(name: &str, value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let clean = lower.chars().all(|c| c.is_alphanumeric() || " #%.,()'\"-!/+_".contains(c));
    let paired = |quote: char| lower.matches(quote).count().is_multiple_of(2);
    let functions = lower.match_indices('(').all(|(at, _)| {
        let before = lower[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default();
        matches!(before, "rgb" | "rgba" | "hsl" | "hsla")
    });
    // Pulled out of its place by a negative space.
    let negative = (name.starts_with("margin") || name.contains("indent") || name.contains("spacing"))
        && (lower.starts_with('-') || lower.contains(" -"));
    let display = name != "display"
        || matches!(
            lower.trim_end_matches("!important").trim(),
            "none" | "block" | "inline" | "inline-block" | "table" | "table-row" | "table-cell" | "list-item"
        );
    clean && paired('\'') && paired('"') && functions && !negative && display && value.len() <= 300
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
