//! The words of a Markdown document, without its signs.

use comrak::{
    Node,
    arena_tree::NodeEdge,
    nodes::{ListType, NodeValue},
};
use std::fmt::Write as _;

/// All words, line by line, and those that are not quoted; where everything is quoted, both are the same.
pub(super) fn of(document: Node<'_>) -> (String, String) {
    let (mut all, mut own) = (String::new(), String::new());
    let mut quotes = 0_u32;
    for edge in document.traverse() {
        let mut add = |text: &str| {
            all.push_str(text);
            if quotes == 0 {
                own.push_str(text);
            }
        };
        match edge {
            NodeEdge::Start(node) => match &node.data.borrow().value {
                NodeValue::Text(text) => add(text),
                NodeValue::Code(code) => add(&code.literal),
                // Shown as it was typed: see `markdown`.
                NodeValue::HtmlInline(html) => add(html),
                NodeValue::CodeBlock(block) => add(&block.literal),
                NodeValue::HtmlBlock(block) => add(&block.literal),
                NodeValue::SoftBreak | NodeValue::LineBreak => add("\n"),
                NodeValue::Item(_) => add(&mark(node)),
                NodeValue::BlockQuote => quotes += 1,
                _ => {}
            },
            NodeEdge::End(node) => {
                let value = &node.data.borrow().value;
                match value {
                    NodeValue::TableCell => add(" "),
                    NodeValue::Paragraph | NodeValue::Heading(_) | NodeValue::TableRow(_) => add("\n"),
                    _ => {}
                }
                // An empty line separates what stands in nothing else, as one that was typed does.
                if node.parent().is_some_and(|parent| matches!(parent.data.borrow().value, NodeValue::Document)) {
                    add("\n");
                }
                if matches!(value, NodeValue::BlockQuote) {
                    quotes = quotes.saturating_sub(1);
                }
            }
        }
    }
    let (all, own) = (tidy(&all), tidy(&own));
    let own = if own.is_empty() { all.clone() } else { own };
    (all, own)
}

/// What stands before a line of a list.
fn mark(item: Node<'_>) -> String {
    let mut mark = String::from("• ");
    if let Some(list) = item.parent()
        && let NodeValue::List(list) = &list.data.borrow().value
        && list.list_type == ListType::Ordered
    {
        let before = item.preceding_siblings().count().saturating_sub(1);
        mark.clear();
        // Writing to a string cannot fail.
        let _ = write!(mark, "{}. ", list.start + before);
    }
    mark
}

/// Lines without spaces around them, and at most one empty one between two others.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            empty = true;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty { "\n\n" } else { "\n" });
        }
        out.push_str(line);
        empty = false;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::written;

    #[test]
    fn signs_are_left_out() {
        for (markdown, text) in [
            ("", ""),
            ("Just words, 3 * 4 = 12 and snake_case_names.", "Just words, 3 * 4 = 12 and snake_case_names."),
            ("**Bold**, *leaning*, ~~gone~~ and `code`", "Bold, leaning, gone and code"),
            ("See [the guide](https://acme.example/guide \"Title\").", "See the guide."),
            ("See https://acme.example/a_b_c today", "See https://acme.example/a_b_c today"),
            ("<https://acme.example>", "https://acme.example"),
            ("![a smoking printer](smoke.png)", "a smoking printer"),
            ("# Heading\n\nand text", "Heading\n\nand text"),
            ("Heading\n===\nand text", "Heading\n\nand text"),
            ("one\ntwo  \nthree\\\nfour", "one\ntwo\nthree\nfour"),
            ("- one\n- two\n  - inner", "• one\n• two\n• inner"),
            ("3. unplug\n4. wait", "3. unplug\n4. wait"),
            ("```sh\nls *.log\n```", "ls *.log"),
            ("a\n\n---\n\nb", "a\n\nb"),
            ("Hello,\n\nit smokes.\n\nJana", "Hello,\n\nit smokes.\n\nJana"),
            ("| a | b |\n|---|---|\n| **1** | 2 |", "a b\n1 2"),
            ("\\*not leaning\\*", "*not leaning*"),
            ("fish &amp; chips", "fish & chips"),
            ("a <b>tag</b> stays", "a <b>tag</b> stays"),
            ("**not closed", "**not closed"),
            ("> quoted\n> twice\n\nanswer", "quoted\ntwice\n\nanswer"),
        ] {
            assert_eq!(written(markdown).text, text, "{markdown}");
        }
    }

    #[test]
    fn a_list_shows_what_is_not_quoted() {
        for (markdown, own) in [
            ("> It smokes.\n\nUnplug **it**.", "Unplug it."),
            ("Before\n\n> > deep\n\nafter", "Before\n\nafter"),
            ("> all of it\n> is quoted", "all of it\nis quoted"),
            ("- > in a list\n- own", "• • own"),
            ("5 > 4", "5 > 4"),
        ] {
            assert_eq!(written(markdown).own, own, "{markdown}");
        }
    }
}
