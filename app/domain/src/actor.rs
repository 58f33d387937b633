//! Who does something.

use crate::{
    CompanyId, TeamId, UserId,
    access::{Permission, Permissions},
    company::Brand,
    language::Language,
    scim::Announcer,
    zone::Zone,
};
use serde::{Deserialize, Serialize};

/// The roles of the specification. A customer of a company and an individual share [`Role::Customer`]: what tells them
/// apart is whether they have a company, so that converting one into the other is one change and not two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Superadmin,
    Manager,
    Agent,
    Customer,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Superadmin, Role::Manager, Role::Agent, Role::Customer];

    pub fn is_staff(self) -> bool {
        self != Role::Customer
    }

    /// The word used on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Role::Superadmin => "superadmin",
            Role::Manager => "manager",
            Role::Agent => "agent",
            Role::Customer => "customer",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }

    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            Role::Superadmin => "Superadmin",
            Role::Manager => "Manager",
            Role::Agent => "Agent",
            Role::Customer => "Customer",
        }
    }
}

/// A signed-in person, as far as decisions need them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub company: Option<CompanyId>,
    /// Whether this person's company lets its users see all of the company's tickets.
    pub sees_company: bool,
    /// How the portal looks to the users of this person's company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Box<Brand>>,
    /// Who was merged into this person, as long as tickets of theirs are still on their way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<UserId>,
    /// What staff may: that of their built-in role, or of a custom one.
    pub permissions: Permissions,
    /// The name of a custom role. Whoever has one is an agent with other permissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_role: Option<String>,
    /// The teams of somebody who does not see all tickets. Empty for everybody else: nothing depends on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<TeamId>,
    /// The number of the picture of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<i64>,
    /// The zone of their clocks, where they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// In which their pages speak to them.
    #[serde(default)]
    pub language: Language,
}

impl Principal {
    /// Somebody with a built-in role, without a company.
    pub fn new(id: UserId, name: impl Into<String>, email: impl Into<String>, role: Role) -> Self {
        Self {
            id,
            name: name.into(),
            email: email.into(),
            role,
            company: None,
            sees_company: false,
            brand: None,
            also: None,
            permissions: Permissions::of_role(role),
            custom_role: None,
            teams: Vec::new(),
            picture: None,
            zone: None,
            language: Language::default(),
        }
    }

    /// As others see them.
    pub fn as_person(&self) -> crate::people::Person {
        crate::people::Person { id: self.id, name: self.name.clone(), picture: self.picture }
    }

    /// Whether somebody is this person, or has become them.
    pub fn is(&self, id: UserId) -> bool {
        self.id == id || self.also == Some(id)
    }

    pub fn has(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }

    /// What people read.
    pub fn role_name(&self) -> &str {
        self.custom_role.as_deref().unwrap_or(self.role.name())
    }
}

/// On whose behalf an operation runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody is signed in.
    Visitor,
    User(Principal),
    /// Docket itself: imports, jobs, reactors. The name is shown on the timeline.
    System(&'static str),
    /// A provider that announces its people, by its token. It is nobody's account, and may nothing else.
    Provider(Announcer),
}

/// Who does something, and from which address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub who: Who,
    /// The network address the request came from.
    pub address: Option<String>,
    /// What a browser shows that somebody has signed in on before, while nobody is signed in.
    pub device: Option<String>,
}

impl Actor {
    pub fn visitor(address: Option<String>) -> Self {
        Self { who: Who::Visitor, address, device: None }
    }

    pub fn user(principal: Principal, address: Option<String>) -> Self {
        Self { who: Who::User(principal), address, device: None }
    }

    /// The same person as the portal knows them: a customer. Customers stay who they are; staff see what they have asked for
    /// themselves, and nothing internal.
    #[must_use]
    pub fn as_customer(&self) -> Self {
        let mut actor = self.clone();
        if let Who::User(person) = &mut actor.who
            && person.role.is_staff()
        {
            person.role = Role::Customer;
            person.company = None;
            person.sees_company = false;
            person.brand = None;
            person.permissions = Permissions::NONE;
            person.custom_role = None;
            person.teams.clear();
        }
        actor
    }

    pub fn system(name: &'static str) -> Self {
        Self { who: Who::System(name), address: None, device: None }
    }

    pub fn provider(announcer: Announcer, address: Option<String>) -> Self {
        Self { who: Who::Provider(announcer), address, device: None }
    }

    pub fn principal(&self) -> Option<&Principal> {
        match &self.who {
            Who::User(p) => Some(p),
            Who::Visitor | Who::System(_) | Who::Provider(_) => None,
        }
    }

    /// The signed-in person, or the error that sends them to the sign-in page.
    pub fn signed_in(&self) -> crate::Result<&Principal> {
        self.principal().ok_or_else(crate::Error::signed_out)
    }

    pub fn user_id(&self) -> Option<UserId> {
        self.principal().map(|p| p.id)
    }

    pub fn is_staff(&self) -> bool {
        match &self.who {
            Who::User(p) => p.role.is_staff(),
            Who::System(_) => true,
            Who::Visitor | Who::Provider(_) => false,
        }
    }
}
