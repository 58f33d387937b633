//! An entry of a directory, as it comes.

use ldap3::{ResultEntry, SearchEntry};

/// What a search has found. The names of attributes differ in case from how they were asked for.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its whole name.
    pub dn: String,
    values: Vec<(String, Vec<Vec<u8>>)>,
}

/// The number of somebody in Active Directory: 16 bytes.
const GUID: &str = "objectguid";

impl Entry {
    pub fn new(found: ResultEntry) -> Self {
        let SearchEntry { dn, attrs, bin_attrs } = SearchEntry::construct(found);
        let texts = attrs
            .into_iter()
            .map(|(name, values)| (name, values.into_iter().map(String::into_bytes).collect::<Vec<_>>()));
        let values = texts.chain(bin_attrs).map(|(name, values)| (name.to_lowercase(), values)).collect();
        Self { dn, values }
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let name = name.to_lowercase();
        self.values.iter().filter(move |(known, _)| *known == name).flat_map(|(_, values)| values).map(Vec::as_slice)
    }

    /// The values of an attribute that are texts.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.values(name).filter_map(|value| std::str::from_utf8(value).ok());
        texts.map(domain::text::tidy_line).filter(|text| !text.is_empty()).collect()
    }

    /// What the directory calls somebody for ever. Nothing when it says none, or several.
    pub fn subject(&self, name: &str) -> Option<String> {
        let mut all = self.values(name).filter(|value| !value.is_empty());
        let (Some(value), None) = (all.next(), all.next()) else { return None };
        match (name.to_lowercase().as_str(), <[u8; 16]>::try_from(value), std::str::from_utf8(value)) {
            (GUID, Ok(bytes), _) => Some(guid(bytes)),
            (_, _, Ok(text)) if !text.contains(char::is_control) => Some(text.to_owned()),
            _ => Some(value.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }
}

/// A GUID as Windows writes it: the first three parts have their bytes the other way round.
fn guid([a, b, c, d, e, f, g, h, rest @ ..]: [u8; 16]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (front, node) = rest.split_at(2);
    format!("{}-{}-{}-{}-{}", hex(&[d, c, b, a]), hex(&[f, e]), hex(&[h, g]), hex(front), hex(node))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, values: &[&[u8]]) -> Entry {
        let values = values.iter().map(|value| value.to_vec()).collect();
        Entry { dn: "uid=jana".into(), values: vec![(name.into(), values)] }
    }

    #[test]
    fn one_number_for_ever() {
        let bytes: Vec<u8> = (0..16).collect();
        let known = entry("objectguid", &[&bytes]);
        assert_eq!(known.subject("objectGUID").unwrap(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!(entry("objectsid", &[&[1, 255]]).subject("objectSid").unwrap(), "01ff");
        assert_eq!(entry("entryuuid", &[b"a-b"]).subject("entryUUID").unwrap(), "a-b");
        assert_eq!(entry("entryuuid", &[b"a", b"b"]).subject("entryUUID"), None);
        assert_eq!(entry("entryuuid", &[b""]).subject("entryUUID"), None);
        assert_eq!(entry("uid", &[b"a"]).subject("entryUUID"), None);
    }

    #[test]
    fn texts_are_tidied() {
        assert_eq!(entry("mail", &[b" a@b.example\n", &[255], b""]).texts("MAIL"), ["a@b.example"]);
    }
}
