//! XML of strangers: bounded, without document types, and in the one form that signatures are made over.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use uppsala::{Document, NodeId, Parser};

/// The longest document that is read, in bytes: metadata of large providers.
pub(super) const MAX: usize = 256 * 1024;
/// How deep it may be nested: an assertion within its answer is a dozen deep.
const DEPTH_MAX: u32 = 40;
/// The most attributes and namespaces of one element. Of 30,000 the parser would compare each with each.
const ATTRIBUTES_MAX: usize = 200;

/// Reads a document. One with a type is refused: there is none in SAML, and entities are how a few bytes become gigabytes.
pub(super) fn parse(text: &str) -> Option<Document<'_>> {
    // Each is quoted, and no other tag begins within one.
    let quotes = |tag: &str| tag.bytes().filter(|byte| matches!(byte, b'"' | b'\'')).count();
    if text.len() > MAX || text.contains(is_no_character) || text.split('<').any(|tag| quotes(tag) > 2 * ATTRIBUTES_MAX)
    {
        return None;
    }
    Parser::new().with_forbid_dtd(true).with_forbid_entities(true).with_max_depth(DEPTH_MAX).parse(text).ok()
}

/// What may stand nowhere in a document (XML 1.0, section 2.2). The parser sees it in some places only.
const fn is_no_character(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The outermost element, if it is called so.
pub(super) fn root(doc: &Document<'_>, space: &str, name: &str) -> Option<NodeId> {
    doc.document_element().filter(|id| is(doc, *id, space, name))
}

pub(super) fn is(doc: &Document<'_>, id: NodeId, space: &str, name: &str) -> bool {
    doc.element(id).is_some_and(|element| element.matches_name_ns(space, name))
}

/// The children that are called so.
pub(super) fn children(doc: &Document<'_>, id: NodeId, space: &str, name: &str) -> Vec<NodeId> {
    doc.children_iter(id).filter(|child| is(doc, *child, space, name)).collect()
}

/// The child that is called so, if there is exactly one.
pub(super) fn child(doc: &Document<'_>, id: NodeId, space: &str, name: &str) -> Option<NodeId> {
    match children(doc, id, space, name)[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// An attribute of no namespace.
pub(super) fn attribute<'d>(doc: &'d Document<'_>, id: NodeId, name: &str) -> Option<&'d str> {
    let of = doc.element(id)?.attributes.iter().find(|a| a.name.matches(None, name))?;
    Some(&of.value)
}

/// The text of an element that has nothing but text in it.
pub(super) fn text(doc: &Document<'_>, id: NodeId) -> Option<String> {
    doc.children_iter(id).all(|child| doc.element(child).is_none()).then(|| doc.text_content_deep(id).trim().to_owned())
}

/// An element and what is in it, but for what is in `without`, as signatures are made over it (Exclusive XML
/// Canonicalization 1.0, without comments).
pub(super) fn canonical(
    doc: &Document<'_>,
    id: NodeId,
    without: Option<NodeId>,
    prefixes: &[String],
) -> Option<String> {
    let mut set = NodeSet::tree_without_comments(id, doc);
    if let Some(without) = without {
        set = set.subtract(&NodeSet::tree_with_comments(without, doc));
    }
    let bytes = canonicalize_doc(doc, C14nMode::Exclusive, Some(&set), prefixes).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also beside what has to be read with care, where the parser alone let it through.
    #[test]
    fn what_is_no_character_is_refused_anywhere() {
        for bad in ['\0', '\u{1}', '\u{8}', '\u{b}', '\u{1f}', '\u{ffff}'] {
            for text in [
                format!("<b a=\"x{bad}&amp;\"/>"),
                format!("<x:b xmlns:x=\"u\n{bad}&#38;\"/>"),
                format!("<b>{bad}</b>"),
            ] {
                assert!(parse(&text).is_none(), "{text:?}");
            }
        }
        assert!(parse("<b a=\"x&amp;\t\r\n\u{20ac}\u{1f600}\"/>").is_some());
    }
}
