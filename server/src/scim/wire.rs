//! What providers are answered: people, groups and lists (RFC 7643), and what this interface can do (RFC 7643, 5 to 7).

use domain::scim::{Announced, Group, PAGE_MAX};
use serde_json::{Map, Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:";

/// Which attributes somebody wants to see (RFC 7644, 3.9). Of parts of attributes the whole is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    only: Option<Vec<String>>,
    without: Vec<String>,
}

impl Wanted {
    pub(crate) fn new(only: Option<&str>, without: Option<&str>) -> Self {
        let names = |list: &str| -> Vec<String> {
            let name = |name: &str| super::path::path(name).ok().map(|path| path.name);
            list.split(',').take(50).filter_map(|one| name(one.trim())).collect()
        };
        Self { only: only.map(names), without: without.map(names).unwrap_or_default() }
    }

    /// Whether somebody has said what they want to see.
    pub(crate) fn is_said(&self) -> bool {
        self.only.is_some() || !self.without.is_empty()
    }

    /// Whether this one is to be sent.
    pub(crate) fn has(&self, name: &str) -> bool {
        let is = |one: &String| one.eq_ignore_ascii_case(name);
        // Always returned, whatever anybody wants (RFC 7643, 7).
        ["schemas", "id"].contains(&name)
            || (self.only.as_ref().is_none_or(|only| only.iter().any(is)) && !self.without.iter().any(is))
    }

    fn choose(&self, attributes: Vec<(&str, Value)>) -> Value {
        let wanted = attributes.into_iter().filter(|(name, value)| !value.is_null() && self.has(name));
        Value::Object(wanted.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
    }
}

/// Somebody. `base`: the address of the interface.
pub(crate) fn person(person: &Announced, base: &str, wanted: &Wanted) -> Value {
    let names = &person.names;
    let groups: Vec<Value> = person
        .groups
        .iter()
        .map(|(id, name)| {
            json!({ "value": id.to_string(), "display": name, "$ref": format!("{base}/Groups/{id}"), "type": "direct" })
        })
        .collect();
    // Of whom nothing was ever said, the name that stands here is shown. Else what was said counts: what was removed is
    // unassigned, and not shown as if it was still there (RFC 7644, 3.5.2.2).
    let here = (!person.described).then(|| person.name.clone());
    let parts = [
        ("formatted", names.formatted.clone().or_else(|| here.clone())),
        ("givenName", names.given.clone()),
        ("familyName", names.family.clone()),
    ];
    let name: Map<String, Value> =
        parts.into_iter().filter_map(|(part, value)| Some((part.to_owned(), value?.into()))).collect();
    let name = if name.is_empty() { Value::Null } else { name.into() };
    wanted.choose(vec![
        ("schemas", json!([format!("{CORE}User")])),
        ("id", person.id.to_string().into()),
        ("externalId", person.external_id.clone().into()),
        ("userName", person.user_name.clone().into()),
        ("name", name),
        ("displayName", names.display.clone().or(here).into()),
        ("active", person.active.into()),
        ("emails", json!([{ "value": person.email, "type": "work", "primary": true }])),
        ("groups", groups.into()),
        (
            "meta",
            json!({
                "resourceType": "User",
                "created": person.created_at.rfc3339(),
                "lastModified": person.changed_at.rfc3339(),
                "location": format!("{base}/Users/{}", person.id),
            }),
        ),
    ])
}

/// A group.
pub(crate) fn group(group: &Group, base: &str, wanted: &Wanted) -> Value {
    let members: Vec<Value> = group
        .members
        .iter()
        .map(|(id, name)| {
            json!({ "value": id.to_string(), "display": name, "$ref": format!("{base}/Users/{id}"), "type": "User" })
        })
        .collect();
    wanted.choose(vec![
        ("schemas", json!([format!("{CORE}Group")])),
        ("id", group.id.to_string().into()),
        ("externalId", group.external_id.clone().into()),
        ("displayName", group.name.clone().into()),
        ("members", members.into()),
        (
            "meta",
            json!({
                "resourceType": "Group",
                "created": group.created_at.rfc3339(),
                "lastModified": group.changed_at.rfc3339(),
                "location": format!("{base}/Groups/{}", group.id),
            }),
        ),
    ])
}

/// A part of a list, and how long it is.
pub(crate) fn list(all: i64, skipped: i64, resources: Vec<Value>) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": all,
        "startIndex": skipped + 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

/// What this interface can do.
pub(crate) fn configuration(base: &str, help: &str) -> Value {
    let no = json!({ "supported": false });
    json!({
        "schemas": [format!("{CORE}ServiceProviderConfig")],
        "documentationUri": help,
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": PAGE_MAX },
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The token that a superadmin of the desk has made under Settings, Sign-in from outside.",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// The kinds of resources.
pub(crate) fn resource_types(base: &str) -> Vec<Value> {
    let kind = |name: &str, endpoint: &str, description: &str| {
        json!({
            "schemas": [format!("{CORE}ResourceType")],
            "id": name,
            "name": name,
            "endpoint": endpoint,
            "description": description,
            "schema": format!("{CORE}{name}"),
            "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") },
        })
    };
    vec![
        kind("User", "/Users", "People who may sign in"),
        kind("Group", "/Groups", "Groups, which give staff their roles"),
    ]
}

/// How one attribute is described.
struct Attribute<'a> {
    name: &'a str,
    kind: &'a str,
    description: &'a str,
    required: bool,
    many: bool,
    mutability: &'a str,
    exact: bool,
    unique: bool,
    /// The values that there are, where they are few.
    values: &'a [&'a str],
    /// What an address leads to.
    leads_to: &'a [&'a str],
    parts: Vec<Value>,
}

impl Default for Attribute<'_> {
    fn default() -> Self {
        Self {
            name: "",
            kind: "string",
            description: "",
            required: false,
            many: false,
            mutability: "readWrite",
            exact: false,
            unique: false,
            values: &[],
            leads_to: &[],
            parts: Vec::new(),
        }
    }
}

impl Attribute<'_> {
    fn json(self) -> Value {
        let mut described = json!({
            "name": self.name,
            "type": self.kind,
            "multiValued": self.many,
            "description": self.description,
            "required": self.required,
            "caseExact": self.exact,
            "mutability": self.mutability,
            "returned": "default",
            "uniqueness": if self.unique { "server" } else { "none" },
        });
        if !self.values.is_empty() {
            described["canonicalValues"] = json!(self.values);
        }
        if !self.leads_to.is_empty() {
            described["referenceTypes"] = json!(self.leads_to);
        }
        if !self.parts.is_empty() {
            described["subAttributes"] = self.parts.into();
        }
        described
    }
}

fn part<'a>(name: &'a str, description: &'a str) -> Attribute<'a> {
    Attribute { name, description, ..Attribute::default() }
}

/// What people and groups consist of.
pub(crate) fn schemas(base: &str) -> Vec<Value> {
    // Of groups and their members: what they lead to, and of which type that is.
    let reference = |mutability, to: &str, kind: &str| {
        vec![
            Attribute { mutability, ..part("value", "The id") }.json(),
            // Addresses are compared exactly (RFC 7643, 2.3.7).
            Attribute { mutability, kind: "reference", exact: true, leads_to: &[to], ..part("$ref", "The address") }
                .json(),
            Attribute { mutability: "readOnly", ..part("display", "The name") }.json(),
            Attribute { mutability, values: &[kind], ..part("type", "The kind") }.json(),
        ]
    };
    let external = || Attribute { exact: true, ..part("externalId", "What the provider calls it, for ever") }.json();
    let person = vec![
        Attribute { required: true, unique: true, ..part("userName", "What they type there to sign in") }.json(),
        external(),
        Attribute {
            kind: "complex",
            parts: vec![
                part("formatted", "The whole name").json(),
                part("givenName", "The first name").json(),
                part("familyName", "The last name").json(),
            ],
            ..part("name", "The parts of the name")
        }
        .json(),
        part("displayName", "The name as others see it").json(),
        // Said as required because neither can be removed. Whoever leaves them out is active, and has the userName as address.
        Attribute { kind: "boolean", required: true, ..part("active", "Whether they may come in; true when not said") }
            .json(),
        Attribute {
            kind: "complex",
            many: true,
            required: true,
            parts: vec![
                Attribute { required: true, ..part("value", "The address") }.json(),
                Attribute { values: &["work"], ..part("type", "Always work") }.json(),
                Attribute { kind: "boolean", ..part("primary", "Always true") }.json(),
            ],
            ..part(
                "emails",
                "The address to write to: one is kept, the primary one or that of work; the userName when none is said",
            )
        }
        .json(),
        Attribute {
            kind: "complex",
            many: true,
            mutability: "readOnly",
            parts: reference("readOnly", "Group", "direct"),
            ..part("groups", "The groups they are in")
        }
        .json(),
    ];
    let group = vec![
        Attribute { required: true, unique: true, ..part("displayName", "The name of the group") }.json(),
        external(),
        Attribute {
            kind: "complex",
            many: true,
            parts: reference("immutable", "User", "User"),
            ..part("members", "Who is in it")
        }
        .json(),
    ];
    let schema = |name: &str, description: &str, attributes: Vec<Value>| {
        json!({
            "schemas": [format!("{CORE}Schema")],
            "id": format!("{CORE}{name}"),
            "name": name,
            "description": description,
            "attributes": attributes,
            "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{CORE}{name}") },
        })
    };
    vec![schema("User", "Somebody who may sign in", person), schema("Group", "A group of people", group)]
}
