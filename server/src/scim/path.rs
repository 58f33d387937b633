//! Paths and filters (RFC 7644, 3.4.2.2 and 3.5.2), as far as they are of use here: attributes, one that is chosen by its parts
//! (`emails[type eq "work"].value`), and comparisons by `eq` that are joined by `and`.

use serde_json::Value;

use super::refusal::Refusal;

/// The longest filter or path, in bytes.
pub(crate) const LENGTH_MAX: usize = 2_000;
/// The most comparisons of a filter.
const COMPARISONS_MAX: usize = 10;

/// What the names of the attributes that we know may begin with.
const KNOWN: [&str; 2] =
    ["urn:ietf:params:scim:schemas:core:2.0:user:", "urn:ietf:params:scim:schemas:core:2.0:group:"];

/// An attribute. Names are in lower case: they are compared without regard to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub name: String,
    /// Which values of it; all of this is so.
    pub chosen: Vec<Comparison>,
    /// A part of it.
    pub part: Option<String>,
}

impl Path {
    /// `name` or `name.part`, for what is chosen by nothing.
    pub(crate) fn dotted(&self) -> String {
        match &self.part {
            Some(part) => format!("{}.{part}", self.name),
            None => self.name.clone(),
        }
    }

    /// What the path says a value of a list is called by: `type eq "work"`.
    pub(crate) fn chosen_by(&self, name: &str) -> Option<&Value> {
        self.chosen.iter().find(|one| one.path.dotted() == name).map(|one| &one.value)
    }
}

/// That an attribute has a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    pub path: Path,
    pub value: Value,
}

/// What is read, from its beginning.
struct Text<'a> {
    rest: &'a str,
    /// Whether it is within the brackets of a path: those are in no others.
    inside: bool,
}

/// Reads a path.
pub(crate) fn path(text: &str) -> Result<Path, Refusal> {
    let wrong = || Refusal::of_path(&format!("“{}” is no path.", domain::text::excerpt(text, 100)));
    if text.len() > LENGTH_MAX {
        return Err(wrong());
    }
    let mut text = Text { rest: text.trim(), inside: false };
    let path = text.path().ok_or_else(wrong)?;
    if text.rest.is_empty() { Ok(path) } else { Err(wrong()) }
}

/// Reads a filter.
pub(crate) fn filter(text: &str) -> Result<Vec<Comparison>, Refusal> {
    let wrong = || {
        Refusal::of_filter(&format!(
            "“{}” is not understood: filters are comparisons by eq, joined by and.",
            domain::text::excerpt(text, 100)
        ))
    };
    if text.len() > LENGTH_MAX {
        return Err(wrong());
    }
    let mut text = Text { rest: text.trim(), inside: false };
    let found = text.comparisons().ok_or_else(wrong)?;
    if text.rest.is_empty() { Ok(found) } else { Err(wrong()) }
}

impl Text<'_> {
    fn spaces(&mut self) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let some = rest.len() < self.rest.len();
        self.rest = rest;
        some
    }

    /// A word in lower case.
    fn word(&mut self, fits: impl Fn(char) -> bool) -> Option<String> {
        let end = self.rest.find(|c: char| !fits(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(word.to_ascii_lowercase()).filter(|word| !word.is_empty())
    }

    fn path(&mut self) -> Option<Path> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$' | ':' | '.');
        let whole = self.word(fits)?;
        let name = KNOWN.iter().find_map(|known| whole.strip_prefix(known)).unwrap_or(&whole);
        // The names of extensions have dots in them, and are no attributes of ours.
        let (name, part) = match name.split_once('.').filter(|_| !name.starts_with("urn:")) {
            Some((name, part)) => (name, Some(part.to_owned())),
            None => (name, None),
        };
        let mut path = Path { name: name.to_owned(), chosen: Vec::new(), part };
        if let Some(rest) = self.rest.strip_prefix('[') {
            if self.inside || path.part.is_some() {
                return None;
            }
            let mut inner = Text { rest, inside: true };
            inner.spaces();
            path.chosen = inner.comparisons()?;
            inner.spaces();
            self.rest = inner.rest.strip_prefix(']')?;
            if let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                path.part = Some(self.word(|c| c.is_ascii_alphanumeric() || c == '_')?);
            }
        }
        let good = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.ends_with('.');
        (good(&path.name) && path.part.as_deref().is_none_or(good)).then_some(path)
    }

    fn comparisons(&mut self) -> Option<Vec<Comparison>> {
        let mut found = Vec::new();
        loop {
            found.push(self.comparison()?);
            let before = self.rest;
            if !self.spaces() || found.len() >= COMPARISONS_MAX {
                return Some(found);
            }
            match self.word(|c| c.is_ascii_alphabetic()).as_deref() {
                Some("and") if self.spaces() => {}
                _ => {
                    self.rest = before;
                    return Some(found);
                }
            }
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let path = self.path()?;
        // `emails[value eq "…"]` is a comparison as it stands.
        if !path.chosen.is_empty() && path.part.is_none() {
            let [only] = path.chosen.as_slice() else { return None };
            let path = Path { name: path.name, chosen: Vec::new(), part: Some(only.path.dotted()) };
            return Some(Comparison { path, value: only.value.clone() });
        }
        let eq = self.spaces() && self.word(|c| c.is_ascii_alphabetic())? == "eq" && self.spaces();
        if !eq || !self.rest.starts_with(['"', 't', 'f']) {
            return None;
        }
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        let value = values.next()?.ok()?;
        self.rest = self.rest.get(values.byte_offset()..)?;
        let ends =
            self.rest.is_empty() || self.rest.starts_with([' ', '\t']) || (self.inside && self.rest.starts_with(']'));
        ends.then_some(Comparison { path, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn said(filter: &[Comparison]) -> Vec<(String, Value)> {
        filter.iter().map(|one| (one.path.dotted(), one.value.clone())).collect()
    }

    #[test]
    fn filters_as_providers_write_them() {
        for (text, expected) in [
            (r#"userName eq "jana@acme.example""#, vec![("username", json!("jana@acme.example"))]),
            (r#"USERNAME EQ "a""#, vec![("username", json!("a"))]),
            (r#" externalId  eq "x" "#, vec![("externalid", json!("x"))]),
            (r#"emails[type eq "work"].value eq "a@b.example""#, vec![("emails.value", json!("a@b.example"))]),
            (r#"emails[value eq "a@b.example"]"#, vec![("emails.value", json!("a@b.example"))]),
            (r#"emails.value eq "a@b.example""#, vec![("emails.value", json!("a@b.example"))]),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a""#, vec![("username", json!("a"))]),
            (r#"id eq "7" and members eq "9""#, vec![("id", json!("7")), ("members", json!("9"))]),
            (r#"active eq true"#, vec![("active", json!(true))]),
            (r#"displayName eq "a \"b\" \u00fc and c eq d""#, vec![("displayname", json!("a \"b\" ü and c eq d"))]),
        ] {
            let read = filter(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
            let expected: Vec<_> = expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            assert_eq!(said(&read), expected, "{text}");
        }
    }

    #[test]
    fn whatever_else_is_no_filter() {
        let long = format!("a eq \"{}\"", "x".repeat(LENGTH_MAX));
        let many = vec!["a eq true"; 20].join(" and ");
        for text in [
            "",
            "userName",
            "userName eq",
            "userName eq jana",
            "userName pr",
            r#"userName co "a""#,
            r#"userName ne "a""#,
            r#"userName eq "a" or id eq "b""#,
            r#"not (userName eq "a")"#,
            r#"(userName eq "a")"#,
            r#"userName eq "a" and"#,
            r#"userName eq "a"and id eq "b""#,
            r#"userName eq "a"#,
            r#"userName eq "a" x"#,
            "active eq truely",
            "count eq 5",
            r#"a[b[c eq "d"].e eq "f"].g eq "h""#,
            r#"a[b eq "c" eq "d""#,
            r#"emails[type eq "work" and value eq "a"]"#,
            r#".a eq "b""#,
            r#"a. eq "b""#,
            "meta.lastModified gt \"2011-05-13T04:42:34Z\"",
            &long,
            &many,
        ] {
            assert!(filter(text).is_err(), "{text}: {:?}", filter(text));
        }
    }

    #[test]
    fn paths_as_providers_write_them() {
        for (text, dotted, chosen) in [
            ("active", "active", None),
            ("name.givenName", "name.givenname", None),
            (r#"emails[type eq "work"].value"#, "emails.value", Some(("type", json!("work")))),
            (r#"members[value eq "12"]"#, "members", Some(("value", json!("12")))),
            (r#"emails[primary eq true].value"#, "emails.value", Some(("primary", json!(true)))),
            ("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "name.familyname", None),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:department",
                None,
            ),
        ] {
            let read = path(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
            assert_eq!(read.dotted(), dotted, "{text}");
            assert_eq!(chosen.as_ref().and_then(|(name, _)| read.chosen_by(name)), chosen.as_ref().map(|(_, v)| v));
        }
        for text in
            ["", "a b", "emails[", "emails[]", "emails[type]", r#"emails[type eq "work"]value"#, "a[b eq true].", "ü"]
        {
            assert!(path(text).is_err(), "{text}");
        }
    }

    proptest! {
        /// What is written by the rules is read as it was meant, whatever the values are.
        #[test]
        fn what_is_written_is_read(clauses in prop::collection::vec(("[a-zA-Z][a-zA-Z0-9]{0,9}", ".{0,20}"), 1..5)) {
            let text: Vec<String> =
                clauses.iter().map(|(name, value)| format!("{name} eq {}", json!(value))).collect();
            let read = filter(&text.join(" and ")).map_err(|wrong| TestCaseError::fail(format!("{wrong:?}")))?;
            let expected: Vec<_> =
                clauses.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
            prop_assert_eq!(said(&read), expected);
        }

        #[test]
        fn nothing_is_too_strange(text in ".{0,200}") {
            let _ = (filter(&text), path(&text));
        }
    }
}
