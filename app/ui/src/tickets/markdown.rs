//! What the composer's tools do to a text. Places are counted in UTF-16 units, as the browser counts them.

/// A tool of the composer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Bold,
    Italic,
    Code,
    Link,
    List,
    Quote,
}

/// What to put in place of which part of a text, and what is selected afterwards.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub text: String,
    pub select: (usize, usize),
}

/// The edit that a tool makes of a text with a selection.
pub fn apply(tool: Tool, text: &str, start: usize, end: usize) -> Edit {
    let units: Vec<u16> = text.encode_utf16().collect();
    let end = end.min(units.len());
    let start = start.min(end);
    let part = |from: usize, to: usize| String::from_utf16_lossy(&units[from..to]);
    match tool {
        Tool::Bold => around(start, end, part(start, end), "**", "**"),
        Tool::Italic => around(start, end, part(start, end), "_", "_"),
        Tool::Link => {
            let words = part(start, end);
            let length = end - start;
            let text = format!("[{words}](https://)");
            // The address is still to come, or the words are.
            let select = if length == 0 { (start + 1, start + 1) } else { (start + length + 3, start + length + 11) };
            Edit { start, end, text, select }
        }
        Tool::Code if part(start, end).contains('\n') => around(start, end, part(start, end), "```\n", "\n```"),
        Tool::Code => around(start, end, part(start, end), "`", "`"),
        Tool::List => lines(&units, start, end, "- "),
        Tool::Quote => lines(&units, start, end, "> "),
    }
}

/// Marks before and after the selection, which stays selected. Selected marks are taken off again.
fn around(start: usize, end: usize, inner: String, before: &str, after: &str) -> Edit {
    if let Some(bare) = inner.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
        let length = bare.encode_utf16().count();
        return Edit { start, end, text: bare.to_owned(), select: (start, start + length) };
    }
    let from = start + before.len();
    Edit { start, end, text: format!("{before}{inner}{after}"), select: (from, from + end - start) }
}

/// A mark at the beginning of every line that the selection touches; where all have it, it is taken off.
fn lines(units: &[u16], start: usize, end: usize, mark: &str) -> Edit {
    let line_break = u16::from(b'\n');
    let from = units[..start].iter().rposition(|u| *u == line_break).map_or(0, |p| p + 1);
    let to = units[end..].iter().position(|u| *u == line_break).map_or(units.len(), |p| end + p);
    let text = String::from_utf16_lossy(&units[from..to]);
    let all = text.split('\n').all(|line| line.starts_with(mark));
    let text = text
        .split('\n')
        .map(|line| if all { line[mark.len()..].to_owned() } else { format!("{mark}{line}") })
        .collect::<Vec<_>>()
        .join("\n");
    let after = from + text.encode_utf16().count();
    let select = if start == end { (after, after) } else { (from, after) };
    Edit { start: from, end: to, text, select }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies a tool to a text in which `[` and `]` mark the selection, and gives the result marked alike.
    fn with(tool: Tool, marked: &str) -> String {
        let start = marked.find('«').map(|p| marked[..p].encode_utf16().count()).unwrap_or_default();
        let end = marked.find('»').map(|p| marked[..p].encode_utf16().count() - 1).unwrap_or_default();
        let text = marked.replace(['«', '»'], "");
        let edit = apply(tool, &text, start, end);
        let mut units: Vec<u16> = text.encode_utf16().collect();
        units.splice(edit.start..edit.end, edit.text.encode_utf16());
        units.insert(edit.select.1, '»' as u16);
        units.insert(edit.select.0, '«' as u16);
        String::from_utf16_lossy(&units)
    }

    #[test]
    fn tools() {
        for (tool, before, after) in [
            (Tool::Bold, "a «b» c", "a **«b»** c"),
            (Tool::Bold, "😀 «ü»", "😀 **«ü»**"),
            (Tool::Bold, "a «**b**» c", "a «b» c"),
            (Tool::Bold, "«»", "**«»**"),
            (Tool::Italic, "«x»", "_«x»_"),
            (Tool::Code, "«x»", "`«x»`"),
            (Tool::Code, "«x\ny»", "```\n«x\ny»\n```"),
            (Tool::Link, "see «here»", "see [here](«https://»)"),
            (Tool::Link, "see «»", "see [«»](https://)"),
            (Tool::List, "a\nb«»\nc", "a\n- b«»\nc"),
            (Tool::List, "«a\nb»", "«- a\n- b»"),
            (Tool::List, "- «a\n- b»", "«a\nb»"),
            (Tool::Quote, "x «y» z", "«> x y z»"),
        ] {
            assert_eq!(with(tool, before), after, "{tool:?} on {before}");
        }
    }
}
