use super::inert::Inert;
use std::fmt::Write as _;

/// One element that never changes in place, written as text: to make it, to send it and to take it over costs next to
/// nothing, however much is in it. What changes is made anew (a row of a list is keyed by its version).
///
/// Markup is what stands in the code; everything else is escaped.
#[derive(Debug, Default)]
pub struct Markup(String);

impl Markup {
    /// Begins with markup: `Markup::new("<p class=\"x\">")`.
    pub fn new(markup: &'static str) -> Self {
        Self(markup.to_owned())
    }

    /// Adds markup.
    #[must_use]
    pub fn raw(mut self, markup: &'static str) -> Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text, as content or inside of a quoted attribute.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        let mut rest = text.as_ref();
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, special) = rest.split_at(at);
            self.0.push_str(plain);
            self.0.push_str(match special.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            });
            rest = &special[1..];
        }
        self.0.push_str(rest);
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number}");
        self
    }

    /// Adds what `store::render` has made of somebody's text: the one place where text becomes markup.
    #[must_use]
    pub fn rendered(mut self, html: &str) -> Self {
        self.0.push_str(html);
        self
    }

    /// Adds another element.
    #[must_use]
    pub fn with(mut self, other: Markup) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// The element, as a child of a view. It takes no attributes from outside.
    pub fn element(self) -> Inert {
        Inert::new(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Markup;

    #[test]
    fn what_people_write_stays_text() {
        let markup = Markup::new("<a title=\"").text("\"><script>'é&").raw("\">").number(-7).raw("</a>");
        assert_eq!(markup.0, "<a title=\"&quot;&gt;&lt;script&gt;&#39;é&amp;\">-7</a>");
    }
}
