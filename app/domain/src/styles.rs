//! The styles of a mail. Pages forbid style attributes, so those of sanitised HTML become rules of a style sheet, which a page
//! can vouch for.

use std::collections::HashMap;
use std::fmt::Write as _;

/// How a style attribute begins in sanitised HTML: all attributes are in double quotes, and those of texts and values are
/// escaped, so this stands nowhere else.
const ATTRIBUTE: &str = " style=\"";

/// The HTML without style attributes, and the rules that do what they did. Equal ones are one rule.
pub fn apart(html: &str) -> (String, String) {
    let mut parts = html.split(ATTRIBUTE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut rules = String::new();
    let mut known = HashMap::new();
    for part in parts {
        let Some((style, rest)) = part.split_once('"') else { continue };
        let plain = style.replace("&quot;", "\"").replace("&#39;", "'");
        // The sanitiser leaves properties with plain values. Anything else could leave its rule.
        if !plain.is_empty() && !plain.contains(['{', '}', '<', '>', '\\', '@', '&', '*']) {
            let next = known.len();
            let number = *known.entry(style).or_insert_with(|| {
                let _ = write!(rules, "[data-style=\"{next}\"]{{{plain}}}");
                next
            });
            let _ = write!(out, " data-style=\"{number}\"");
        }
        out.push_str(rest);
    }
    (out, rules)
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn style_attributes_become_rules() {
        let cases = [
            ("", "", ""),
            ("<p>plain</p>", "<p>plain</p>", ""),
            ("<p style=\"color:red\">a</p>", "<p data-style=\"0\">a</p>", "[data-style=\"0\"]{color:red}"),
            (
                "<p style=\"color:red\" dir=\"rtl\">a</p><b style=\"width:1px\">b</b><i style=\"color:red\">c</i>",
                "<p data-style=\"0\" dir=\"rtl\">a</p><b data-style=\"1\">b</b><i data-style=\"0\">c</i>",
                "[data-style=\"0\"]{color:red}[data-style=\"1\"]{width:1px}",
            ),
            (
                "<p style=\"font-family:&quot;A B&quot;,serif\">a</p>",
                "<p data-style=\"0\">a</p>",
                "[data-style=\"0\"]{font-family:\"A B\",serif}",
            ),
            // A text that says so is escaped by the sanitiser; what is not properties with plain values is left out.
            ("<p> style=&quot;color:red&quot;</p>", "<p> style=&quot;color:red&quot;</p>", ""),
            ("<p style=\"a:b}body{display:none\">a</p>", "<p>a</p>", ""),
            ("<p style=\"a:\\7d\">a</p><p style=\"\">b</p>", "<p>a</p><p>b</p>", ""),
            ("<p style=\"a:&lt;/style>\">a</p><p style=\"a:&amp;lt;\">b</p>", "<p>a</p><p>b</p>", ""),
        ];
        for (html, without, rules) in cases {
            assert_eq!(apart(html), (without.to_owned(), rules.to_owned()), "{html}");
        }
    }
}
