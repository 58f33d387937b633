//! Remote pictures of a mail. Sanitised HTML has a `span` in the place of each; here they are found, and put back.
//!
//! They are numbered within a message: those of what is in sight first, then those of its quoted part.

use crate::EventId;
use std::borrow::Cow;

/// How the place of a remote picture begins. The rest of the tag are attributes behind `data-remote-`, all in double
/// quotes; then come words for the reader, without tags. Text and values of a mail cannot hold this: their quotes are
/// escaped.
const PLACE: &str = "<span class=\"remote-image\" data-remote-src=\"";
const BEFORE: &str = "data-remote-";
const END: &str = "</span>";

/// Where the picture with this number is got from.
pub fn path(event: EventId, n: usize) -> String {
    format!("/files/remote/{event}/{n}")
}

/// How many remote pictures are not shown in this HTML.
pub fn count(html: &str) -> usize {
    html.matches(PLACE).count()
}

/// The addresses they have at the sender, in order.
pub fn sources(html: &str) -> impl Iterator<Item = Cow<'_, str>> {
    html.split(PLACE).skip(1).filter_map(|rest| rest.split('"').next()).map(unescape)
}

/// The HTML with its remote pictures, got through [`path`]. `first` is the number of the first of them.
pub fn shown(html: &str, event: EventId, first: usize) -> String {
    let mut parts = html.split(PLACE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (n, part) in parts.enumerate() {
        // Without the address at the sender, which nothing may ask.
        let Some((_, rest)) = part.split_once('"') else { continue };
        let (attributes, rest) = tag(rest);
        let rest = rest.split_once(END).map_or("", |(_, rest)| rest);
        out.push_str("<img src=\"");
        out.push_str(&path(event, first + n));
        out.push('"');
        if !attributes.contains(" data-remote-alt=\"") {
            out.push_str(" alt=\"\"");
        }
        for (n, piece) in attributes.split('"').enumerate() {
            // Every other piece is a value, which stays as it is.
            match n % 2 {
                0 => out.push_str(&piece.replace(BEFORE, "")),
                _ => out.extend(["\"", piece, "\""]),
            }
        }
        out.push('>');
        out.push_str(rest);
    }
    out
}

/// The attributes up to the end of a tag, and what follows it.
fn tag(rest: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = rest.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b'>' && !quoted
    });
    end.map_or((rest, ""), |end| (&rest[..end], &rest[end + 1..]))
}

/// A value as it was before it was escaped.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    // Last, or `&amp;lt;` would become a bracket.
    text.replace("&amp;", "&").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<p>a<span class=\"remote-image\" data-remote-src=\"https://x.example/a?b&amp;c=&#39;\" \
         data-remote-alt=\"Our data-remote- &quot;logo&quot; > 1\" data-remote-width=\"20\" data-remote-style=\"border:0\">\
         Remote image hidden: Our</span> b</p><span class=\"remote-image\"></span>\
         <span class=\"remote-image\" data-remote-src=\"http://x.example/2\">Remote image hidden</span>&amp;";

    #[test]
    fn places_are_counted_and_their_sources_known() {
        assert_eq!(count(HTML), 2);
        assert_eq!(sources(HTML).collect::<Vec<_>>(), ["https://x.example/a?b&c='", "http://x.example/2"]);
        assert_eq!((count("<p>data-remote-src=</p>"), sources("x").count()), (0, 0));
    }

    #[test]
    fn pictures_come_back_from_our_own_address() {
        assert_eq!(
            shown(HTML, EventId(7), 3),
            "<p>a<img src=\"/files/remote/7/3\" alt=\"Our data-remote- &quot;logo&quot; > 1\" width=\"20\" \
             style=\"border:0\"> b</p><span class=\"remote-image\"></span><img src=\"/files/remote/7/4\" alt=\"\">&amp;"
        );
        assert_eq!(shown("<p>none</p>", EventId(7), 0), "<p>none</p>");
    }
}
