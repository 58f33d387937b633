//! A directory that people's passwords are tried at (LDAP): where it keeps people, and what it calls what we need.

use super::{FIELD_MAX, ProviderInput, pem};
use crate::{error::Problems, text};
use serde::{Deserialize, Serialize};

/// The longest list of authorities of one's own, in bytes.
pub const CA_MAX: usize = 10_000;
/// Stands in a filter for what was typed.
pub const LOGIN: &str = "{login}";
/// Stands in a filter for what was typed, up to its @.
pub const USER: &str = "{user}";
/// Stands in a filter for the whole name of an entry.
pub const DN: &str = "{dn}";

/// Where a directory keeps people, and what it calls what we need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Directory {
    /// Below which entry people are, as `ou=people,dc=acme,dc=example`.
    pub base: String,
    /// How one is found, with [`LOGIN`] or [`USER`] for what was typed, in a form that cannot change the filter.
    pub filter: String,
    pub name_attribute: String,
    pub email_attribute: String,
    /// What stays theirs, whatever they are called and wherever they are moved.
    pub subject_attribute: String,
    /// Whether the connection is encrypted after a greeting (StartTLS), where it is not from the start.
    pub start_tls: bool,
    /// Below which entry groups are. Empty: below the same.
    pub group_base: String,
    /// How the groups of somebody are found, with [`DN`] for their entry. Empty: an attribute of theirs names them.
    pub group_filter: String,
    /// Who signs its certificate, as PEM. Empty: those that browsers trust.
    pub ca: String,
}

impl Directory {
    /// What was typed, in the form it is kept in.
    #[must_use]
    pub fn tidied(&self, address: &str) -> Self {
        let line = |typed: &str| text::tidy_line(typed);
        Self {
            base: line(&self.base),
            filter: line(&self.filter),
            name_attribute: line(&self.name_attribute),
            email_attribute: line(&self.email_attribute),
            subject_attribute: line(&self.subject_attribute),
            // Where all is encrypted from the start, there is nothing to ask for.
            start_tls: self.start_tls && !is_encrypted(address),
            group_base: line(&self.group_base),
            group_filter: line(&self.group_filter),
            ca: pem::tidied(&self.ca),
        }
    }
}

/// Whether a directory with this address speaks TLS from the first byte on.
pub fn is_encrypted(address: &str) -> bool {
    address.starts_with("ldaps://")
}

/// Writes down what is wrong with the settings of a directory.
pub(super) fn check(input: &ProviderInput, had_secret: bool, problems: &mut Problems) {
    let Directory { base, filter, group_base, group_filter, ca, .. } = &input.directory;
    let host = ["ldaps://", "ldap://"].iter().find_map(|scheme| input.issuer.strip_prefix(scheme));
    problems.unless(
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '@', ' ', '?', '#', '\\'])),
        "issuer",
        "Use an address like ldaps://ldap.acme.example.",
    );
    problems.unless(!base.is_empty(), "base", "Say below which entry people are.");
    problems.unless(
        is_filter(filter) && (filter.contains(LOGIN) || filter.contains(USER)),
        "filter",
        "Use a filter like (mail={login}), with {login} or {user} in it.",
    );
    problems.unless(
        group_filter.is_empty() || (is_filter(group_filter) && group_filter.contains(DN)),
        "group_filter",
        "Use a filter like (member={dn}), with {dn} in it.",
    );
    for (field, name) in [
        ("name_attribute", &input.directory.name_attribute),
        ("email_attribute", &input.directory.email_attribute),
        ("subject_attribute", &input.directory.subject_attribute),
    ] {
        problems.unless(is_attribute(name), field, "This is not the name of an attribute, like mail.");
    }
    problems.unless(
        input.role_claim.is_empty() || is_attribute(&input.role_claim),
        "role_claim",
        "This is not the name of an attribute, like memberOf.",
    );
    for (field, value) in
        [("base", base), ("filter", filter), ("group_base", group_base), ("group_filter", group_filter)]
    {
        problems.unless(value.len() <= FIELD_MAX, field, "This is too long.");
    }
    // A name without a password is let in by many directories, as nobody: what is found then is another matter.
    problems.unless(
        input.client_id.is_empty() || had_secret || !input.secret.is_empty(),
        "secret",
        "Enter the password that goes with the name that people are looked up as.",
    );
    problems.unless(ca.len() <= CA_MAX, "ca", "This is too long: enter only who signs this directory's certificate.");
    pem::check("ca", ca, problems);
}

/// Whether this has the form of a filter (RFC 4515) as far as its brackets tell.
fn is_filter(text: &str) -> bool {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        // All of it is within one pair.
        if depth < 0 || (depth == 0 && at + c.len_utf8() < text.len()) {
            return false;
        }
    }
    text.len() > 4 && depth == 0
}

fn is_attribute(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ';' | '.'))
}

/// A filter with what was typed in it, which cannot change it (RFC 4515, 3).
pub fn find_person(filter: &str, login: &str) -> String {
    let user = login.rsplit_once('@').map_or(login, |(user, _)| user);
    // What was typed is not looked at again, be it `{user}`.
    filter.split(LOGIN).map(|part| part.replace(USER, &escaped(user))).collect::<Vec<_>>().join(&escaped(login))
}

/// A filter with the name of an entry in it.
pub fn find_groups(filter: &str, dn: &str) -> String {
    filter.replace(DN, &escaped(dn))
}

fn escaped(value: &str) -> String {
    let mut safe = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '*' => safe.push_str("\\2a"),
            '(' => safe.push_str("\\28"),
            ')' => safe.push_str("\\29"),
            '\\' => safe.push_str("\\5c"),
            '\0' => safe.push_str("\\00"),
            c => safe.push(c),
        }
    }
    safe
}

/// A group as it is compared: case and the spaces around `,`, `=` and `+` make no difference in the name of an entry.
pub fn group_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut chars = name.trim().chars();
    let mut after = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                key.push(c);
                key.extend(chars.next().map(|c| c.to_lowercase()).into_iter().flatten());
            }
            ' ' if after => continue,
            ',' | '=' | '+' => {
                while key.ends_with(' ') && !key.ends_with("\\ ") {
                    key.pop();
                }
                key.push(c);
                after = true;
                continue;
            }
            c => key.extend(c.to_lowercase()),
        }
        after = false;
    }
    key
}

/// Which of the values that rules name are among somebody's groups.
pub fn among<'a>(values: impl Iterator<Item = &'a str>, groups: &[String]) -> Vec<String> {
    let groups: Vec<String> = groups.iter().map(|group| group_key(group)).collect();
    values.filter(|value| groups.contains(&group_key(value))).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::{Audience, Kind};
    use proptest::prelude::*;

    fn input() -> ProviderInput {
        ProviderInput {
            name: "Acme".into(),
            audience: Audience::Staff,
            domains: "acme.example".into(),
            issuer: "ldaps://ldap.acme.example".into(),
            client_id: "cn=docket,dc=acme".into(),
            secret: "s".into(),
            directory: Directory {
                base: "dc=acme".into(),
                filter: "(mail={login})".into(),
                name_attribute: "cn".into(),
                email_attribute: "mail".into(),
                subject_attribute: "entryUUID".into(),
                ..Directory::default()
            },
            ..ProviderInput::default()
        }
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        input().check(Kind::Ldap, false).expect("good");
        let set = |change: fn(&mut ProviderInput)| {
            let mut input = input();
            change(&mut input);
            input
        };
        for (input, field) in [
            (set(|i| i.audience = Audience::Everybody), "audience"),
            (set(|i| i.issuer = "https://ldap.acme.example".into()), "issuer"),
            (set(|i| i.issuer = "ldap://".into()), "issuer"),
            (set(|i| i.issuer = "ldap://cn=a@host".into()), "issuer"),
            (set(|i| i.issuer = "ldap://host/dc=acme".into()), "issuer"),
            (set(|i| i.secret.clear()), "secret"),
            (set(|i| i.directory.base.clear()), "base"),
            (set(|i| i.directory.filter = "(mail=x)".into()), "filter"),
            (set(|i| i.directory.filter = "(mail={login}".into()), "filter"),
            (set(|i| i.directory.filter = "(mail={login})(uid=*)".into()), "filter"),
            (set(|i| i.directory.group_filter = "(member=x)".into()), "group_filter"),
            (set(|i| i.directory.email_attribute = "mail)(".into()), "email_attribute"),
            (set(|i| i.directory.subject_attribute.clear()), "subject_attribute"),
            (set(|i| i.role_claim = "a.b c".into()), "role_claim"),
            (set(|i| i.directory.ca = "nothing".into()), "ca"),
            (set(|i| i.directory.ca = "-----BEGIN PRIVATE KEY-----".into()), "ca"),
            (set(|i| i.directory.ca = "-----BEGIN CERTIFICATE-----".repeat(1_000)), "ca"),
        ] {
            let error = input.check(Kind::Ldap, false).expect_err(field);
            assert!(error.of_field(field).is_some(), "{field}: {error:?}");
        }
        // Looked up as nobody, and asked without a password again.
        set(|i| (i.client_id, i.secret) = Default::default()).check(Kind::Ldap, false).expect("good");
        set(|i| i.secret.clear()).check(Kind::Ldap, true).expect("good");
        let both = set(|i| i.directory.start_tls = true).check(Kind::Ldap, false).expect("good");
        assert!(!both.directory.start_tls);
    }

    #[test]
    fn what_was_typed_stays_a_value() {
        for (filter, typed, asked) in [
            ("(mail={login})", "jana@acme.example", "(mail=jana@acme.example)"),
            ("(|(uid={user})(mail={login}))", "jana@acme.example", "(|(uid=jana)(mail=jana@acme.example))"),
            ("(uid={user})", "jana", "(uid=jana)"),
            ("(uid={user})", "*)(uid=*", "(uid=\\2a\\29\\28uid=\\2a)"),
            ("(mail={login})", "a\\*\0b", "(mail=a\\5c\\2a\\00b)"),
            ("(|(mail={login})(uid={user}))", "{user}@a", "(|(mail={user}@a)(uid={user}))"),
        ] {
            assert_eq!(find_person(filter, typed), asked);
        }
        assert_eq!(find_groups("(member={dn})", "cn=a\\,b (c)"), "(member=cn=a\\5c,b \\28c\\29)");
    }

    proptest! {
        #[test]
        fn nothing_typed_leaves_its_place(typed in "\\PC{0,40}") {
            let asked = find_person("(&(a=b)(mail={login})(uid={user}))", &typed);
            prop_assert!(is_filter(&asked));
        }

        #[test]
        fn groups_are_like_themselves(name in "\\PC{0,40}") {
            prop_assert_eq!(group_key(&group_key(&name)), group_key(&name));
        }
    }

    #[test]
    fn names_of_groups_are_compared_as_directories_do() {
        let groups = ["CN=Support, OU=Groups,DC=acme".to_owned(), "cn=a\\, b,dc=acme".to_owned()];
        let rules = ["cn=support,ou=groups,dc=acme", "cn=leads,ou=groups,dc=acme", "cn=a\\,b,dc=acme", "support"];
        assert_eq!(among(rules.into_iter(), &groups), ["cn=support,ou=groups,dc=acme"]);
        assert_eq!(among(["sales team"].into_iter(), &["Sales Team".to_owned()]), ["sales team"]);
    }
}
