//! The words of the API: what tickets and people look like on the wire.
//!
//! Levels and states are words, times are RFC 3339 in UTC, what is not there is `null`. These types promise to stay as
//! they are within `/api/v1`; the types inside do not.

use domain::priority::{self, Priority as Derived};
use domain::{ticket, workflow::Workflow};
use serde::{Deserialize, Serialize};
use store::settings::Catalog;
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident is $inner:path { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                match inner { $(<$inner>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $inner {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

words! {
    /// How soon it hurts (`urgency`), or how much it matters (`importance`).
    Level is priority::Level { Low, Medium, High, Critical }
}

words! {
    /// What follows from the pair of urgency and importance, by the desk's table.
    Priority is Derived { Low, Medium, High, Urgent }
}

words! {
    /// How something came in.
    Source is ticket::Source { Web, Email, Api, Chat, Phone, Social }
}

words! {
    /// What a list is sorted by: last changed first, newest first, oldest first, or highest priority first.
    Sort is ticket::Sort { Updated, Created, Oldest, Priority }
}

words! {
    /// What a person may do on this desk.
    Role is domain::Role { Superadmin, Manager, Agent, Customer }
}

/// A person by id and name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({ "id": 12, "name": "Jana Novak" }))]
pub struct Person {
    pub id: i64,
    pub name: String,
}

impl From<domain::people::Person> for Person {
    fn from(person: domain::people::Person) -> Self {
        Self { id: person.id.0, name: person.name }
    }
}

/// A company by id and name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "id": 3, "name": "Acme" }))]
pub struct Company {
    pub id: i64,
    pub name: String,
}

/// The person a token belongs to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "id": 12, "name": "Jana Novak", "email": "jana@acme.example", "role": "customer",
                           "company_id": null }))]
pub struct User {
    pub id: i64,
    pub name: String,
    pub email: String,
    pub role: Role,
    /// For customers who belong to a company.
    pub company_id: Option<i64>,
}

impl From<&domain::Principal> for User {
    fn from(person: &domain::Principal) -> Self {
        Self {
            id: person.id.0,
            name: person.name.clone(),
            email: person.email.clone(),
            role: person.role.into(),
            company_id: person.company.map(|c| c.0),
        }
    }
}

/// A ticket. What only staff may know (`tags`, `assignee`) is empty for customers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 1042, "subject": "Printer on the second floor is offline", "status": "open", "status_name": "Open",
    "urgency": "high", "importance": "medium", "priority": "medium", "source": "api",
    "requester": { "id": 12, "name": "Jana Novak" }, "company": { "id": 3, "name": "Acme" }, "assignee": null,
    "tags": ["printer"], "created_at": "2026-11-21T08:12:00Z", "updated_at": "2026-11-21T08:12:00Z",
    "excerpt": "It has been blinking since this morning.", "customer_wrote_last": true, "version": 2
}))]
pub struct Ticket {
    /// The number that people see and say.
    pub id: i64,
    pub subject: String,
    /// The state, by its key: `open`, `in_progress`, `waiting_for_customer`, `resolved`, `closed`, or one of the desk's own.
    pub status: String,
    /// The state's name as the caller's kind of people read it.
    pub status_name: String,
    pub urgency: Level,
    pub importance: Level,
    pub priority: Priority,
    pub source: Source,
    /// Whose ticket it is.
    pub requester: Person,
    pub company: Option<Company>,
    pub assignee: Option<Person>,
    pub tags: Vec<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When anything last happened on it.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// The beginning of the last message that the customer can read.
    pub excerpt: String,
    /// Whether somebody owes the customer an answer.
    pub customer_wrote_last: bool,
    /// Counts up with every change.
    pub version: i64,
}

impl Ticket {
    /// A ticket in the words of staff or of customers. Customers' tickets come without staff's knowledge from the operations.
    pub fn new(catalog: &Catalog, ticket: ticket::Ticket, staff: bool) -> Self {
        let (status, status_name) = status(&catalog.workflow, ticket.status, staff);
        Self {
            id: ticket.id.0,
            subject: ticket.subject,
            status,
            status_name,
            urgency: ticket.urgency.into(),
            importance: ticket.importance.into(),
            priority: ticket.priority.into(),
            source: ticket.source.into(),
            requester: ticket.requester.into(),
            company: ticket.company.map(|c| Company { id: c.id.0, name: c.name }),
            assignee: ticket.assignee.map(Into::into),
            tags: catalog.tags_of(&ticket.tags).into_iter().map(|t| t.name).collect(),
            created_at: ticket.created_at.rfc3339(),
            updated_at: ticket.updated_at.rfc3339(),
            excerpt: ticket.excerpt,
            customer_wrote_last: ticket.customer_last,
            version: ticket.version,
        }
    }
}

/// A state's key, and its name as these people read it.
pub fn status(workflow: &Workflow, id: domain::StatusId, staff: bool) -> (String, String) {
    match workflow.status(id) {
        Some(s) => (s.key.clone(), if staff { s.name.clone() } else { s.customer_name.clone() }),
        None => (String::new(), String::new()),
    }
}

/// A file on a ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "id": 77, "name": "photo.jpg", "content_type": "image/jpeg", "size": 48213,
                           "deleted_by": null, "url": "/api/v1/attachment/77" }))]
pub struct Attachment {
    pub id: i64,
    /// The name it had when it was uploaded.
    pub name: String,
    pub content_type: String,
    /// In bytes.
    pub size: i64,
    /// Who deleted it, if somebody did: then only this trace is left.
    pub deleted_by: Option<String>,
    /// Where its content is, for whoever may see it.
    pub url: String,
}

impl From<domain::attachment::Attachment> for Attachment {
    fn from(file: domain::attachment::Attachment) -> Self {
        Self {
            id: file.id.0,
            name: file.name,
            content_type: file.content_type,
            size: file.size,
            deleted_by: file.deleted_by,
            url: format!("{}/attachment/{}", super::PREFIX, file.id),
        }
    }
}
