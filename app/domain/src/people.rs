//! People as others see them.

use crate::{CompanyId, Role, UserId};
use serde::{Deserialize, Serialize};

/// A person's id and name, for where somebody is only named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    pub id: UserId,
    pub name: String,
    /// The number of the picture of them, where there is one and somebody may see it beside the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<i64>,
}

impl Person {
    /// Where their picture is.
    pub fn picture_path(&self) -> Option<String> {
        self.picture.map(|picture| crate::picture::path(self.id, picture))
    }
}

/// A person as a choice in a field: the assignee menu, the requester field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub company: Option<CompanyId>,
    pub company_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<i64>,
}
