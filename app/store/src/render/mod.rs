//! Text to HTML that is safe to show. Everything that a browser will take as markup comes from here.

mod mail;
mod markup;
mod words;

pub use mail::{MailHtml, mail_html, mail_text, text_of};

use comrak::{Node, arena_tree::NodeEdge};
use std::sync::LazyLock;

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = ammonia::Builder::default();
    cleaner
        .link_rel(Some("noopener noreferrer nofollow"))
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .add_tag_attributes("a", ["target"])
        .set_tag_attribute_value("a", "target", "_blank")
        // Pictures come as attachments; a remote one would tell its sender when a message is read.
        .rm_tags(["img", "map", "area"])
        // What is left of an address that is not allowed: a link to where one is.
        .attribute_filter(|_, name, value| (name != "href" || !value.is_empty()).then(|| value.into()));
    cleaner
});

/// What is nested deeper than this is shown as it was typed: nobody writes so, and cleaning it takes the square of its depth.
const DEPTH_MAX: usize = 100;

/// Markdown as HTML: CommonMark with autolinks, tables and strike-through; single line breaks are kept, as people mean
/// them; raw HTML is shown as text.
pub fn markdown(text: &str) -> String {
    written(text).html
}

/// Whether there is more around anything in this document than [`DEPTH_MAX`].
fn is_too_deep(document: Node<'_>) -> bool {
    let mut depth = 0;
    document.traverse().any(|edge| {
        match edge {
            NodeEdge::Start(_) => depth += 1,
            NodeEdge::End(_) => depth -= 1,
        }
        depth > DEPTH_MAX
    })
}

/// What somebody wrote in Markdown, in its three readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// As [`markdown`] makes it.
    pub html: String,
    /// The words alone, line by line: what is searched, and shown around a word that was found.
    pub text: String,
    /// The words without what is quoted, unless all of it is: what a list shows of a message.
    pub own: String,
}

/// Reads Markdown once for all that is made of it.
pub fn written(text: &str) -> Written {
    let options = options();
    let arena = comrak::Arena::new();
    let document = comrak::parse_document(&arena, text, &options);
    if is_too_deep(document) {
        return Written { html: plain(text), text: text.to_owned(), own: text.to_owned() };
    }
    let mut html = String::with_capacity(text.len() * 2);
    // Writing to a string cannot fail.
    let _ = comrak::format_html(document, &options, &mut html);
    let (text, own) = words::of(document);
    Written { html: CLEANER.clean(&html).to_string(), text, own }
}

fn options() -> comrak::Options<'static> {
    let mut options = comrak::Options::default();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.render.hardbreaks = true;
    options.render.escape = true;
    options
}

/// Plain text as HTML: paragraphs and line breaks, addresses as links, nothing taken as markup.
pub fn plain(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    for paragraph in text.split("\n\n").filter(|p| !p.trim().is_empty()) {
        html.push_str("<p>");
        for (n, line) in paragraph.trim_matches('\n').lines().enumerate() {
            if n > 0 {
                html.push_str("<br>");
            }
            escape_into(line, &mut html);
        }
        html.push_str("</p>");
    }
    html
}

/// Text made safe to stand in HTML or in a quoted attribute.
pub fn escape_into(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_has_an_end() {
        for (sign, tag) in [("> ", "<blockquote>"), ("* ", "<ul>"), ("- > ", "<blockquote>"), ("1. ", "<ol>")] {
            let html = markdown(&sign.repeat(domain::ticket::BODY_MAX / sign.len()));
            assert!(html.matches(tag).count() <= DEPTH_MAX, "{sign}");
            let shown = markdown(&format!("{}deep", sign.repeat(20)));
            assert!(shown.contains("deep") && shown.contains(tag), "{sign}: {shown}");
        }
        let deep = "> ".repeat(200) + "deep";
        assert_eq!((written(&deep).text, markdown(&deep)), (deep.clone(), plain(&deep)));
    }

    #[test]
    fn markdown_is_rendered_and_harmless() {
        assert_eq!(markdown("**a**\nb").trim(), "<p><strong>a</strong><br>\nb</p>");
        for attack in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "![x](http://tracker.example/x.png)",
            "<a href=\"data:text/html,x\">x</a>",
            "<style>*{display:none}</style>",
        ] {
            let html = markdown(attack);
            for bad in ["<script", "<img", "href=\"javascript:", "<a href=\"data:", "<style"] {
                assert!(!html.contains(bad), "{attack} gave {html}");
            }
        }
        assert!(!markdown("[x](javascript:alert(1))").contains("href"));
    }

    #[test]
    fn plain_text_stays_text() {
        assert_eq!(plain("a <b>\nc\n\n\nd"), "<p>a &lt;b&gt;<br>c</p><p>d</p>");
    }
}
