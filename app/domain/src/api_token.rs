//! Tokens of the API that people make for their programs: named, limited, and ended by a day.

use crate::{
    ApiTokenId, Principal, Result, Role, Time,
    access::{Area, Permission, Permissions},
    error::Problems,
    text,
};
use serde::{Deserialize, Serialize};

/// How every token begins, so that it is known where it should not be.
pub const PREFIX: &str = "dkt_";
/// The longest name, in characters.
pub const NAME_MAX: usize = 60;
/// How many tokens somebody may have at a time.
pub const TOKENS_MAX: i64 = 50;
/// For how many days a token can be made.
pub const DAYS: [i64; 4] = [7, 30, 90, 365];

/// What a token may. Never more than its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Read,
    Write,
    Admin,
}

impl Scope {
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Write, Scope::Admin];

    /// As the database and forms write it.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Admin => "admin",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }

    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Read => "Read",
            Scope::Write => "Read and write",
            Scope::Admin => "Everything",
        }
    }

    /// What it comes to, in a sentence.
    pub fn help(self) -> &'static str {
        match self {
            Scope::Read => "Look at tickets, customers and numbers, and change nothing.",
            Scope::Write => "Also open, answer and change tickets, and edit customers.",
            Scope::Admin => "All that you may do yourself.",
        }
    }

    /// Whether something may be changed with it.
    pub fn may_change(self) -> bool {
        self != Scope::Read
    }

    fn allows(self, permission: Permission) -> bool {
        match self {
            Scope::Read => {
                matches!(permission, Permission::SeeAllTickets | Permission::SeeStats | Permission::SeePeople)
            }
            Scope::Write => {
                permission.area() == Area::Tickets
                    || matches!(permission, Permission::SeePeople | Permission::EditPeople)
            }
            Scope::Admin => true,
        }
    }

    /// The owner of a token as the token lets them act: with the permissions that are both theirs and its.
    #[must_use]
    pub fn limit(self, mut owner: Principal) -> Principal {
        if self == Scope::Admin {
            return owner;
        }
        let all = Permission::ALL.iter().copied();
        let allowed = all.filter(|permission| owner.has(*permission) && self.allows(*permission));
        owner.permissions = allowed.fold(Permissions::NONE, Permissions::with);
        // What only superadmins may hangs on the role, not on a permission.
        if owner.role == Role::Superadmin {
            owner.role = Role::Manager;
        }
        owner
    }
}

/// A token as its owner sees it: everything but itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    pub id: ApiTokenId,
    pub name: String,
    pub scope: Scope,
    /// Its last characters, to tell it by.
    pub ending: String,
    pub created_at: Time,
    pub expires_at: Time,
    /// To some minutes.
    pub last_used_at: Option<Time>,
    pub last_address: Option<String>,
    /// Whether it has run out.
    pub ended: bool,
}

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewApiToken {
    pub name: String,
    /// The word of a scope.
    pub scope: String,
    /// One of [`DAYS`].
    pub days: i64,
}

impl NewApiToken {
    /// The name, tidied, and the scope.
    ///
    /// # Errors
    /// Field errors for `name`, `scope` and `days`.
    pub fn check(&self) -> Result<(String, Scope)> {
        let mut problems = Problems::default();
        let name = text::tidy_line(&self.name);
        problems.unless(!name.is_empty(), "name", "Please name it, for example after the program that uses it.");
        problems.unless(name.chars().count() <= NAME_MAX, "name", "Please use at most 60 characters.");
        let scope = Scope::from_word(&self.scope);
        problems.unless(scope.is_some(), "scope", "Please choose what it may do.");
        problems.unless(DAYS.contains(&self.days), "days", "Please choose how long it is good.");
        problems.check()?;
        Ok((name, scope.unwrap_or(Scope::Read)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Actor, UserId,
        policy::{self, Action},
    };

    /// Over every role and action of the desk: a token never may what its owner may not, nor a smaller one what a larger may not.
    #[test]
    fn no_token_may_more_than_its_owner() {
        for role in [Role::Customer, Role::Agent, Role::Manager, Role::Superadmin] {
            let owner = Principal::new(UserId(1), "Jana", "jana@acme.example", role);
            let may = |person: Principal, action| policy::may(&Actor::user(person, None), action, None);
            for action in Action::ALL.iter().copied() {
                let [read, write, admin] = Scope::ALL.map(|scope| may(scope.limit(owner.clone()), action));
                assert_eq!(admin, may(owner.clone(), action), "{role:?} {action:?}");
                assert!(admin || !write, "{role:?} {action:?}");
                assert!(write || !read, "{role:?} {action:?}");
            }
        }
        let boss = Principal::new(UserId(1), "Jana", "jana@acme.example", Role::Superadmin);
        let written = Actor::user(Scope::Write.limit(boss.clone()), None);
        for action in [Action::Administer, Action::ErasePeople, Action::ExportPeople, Action::SeeSecurityLog] {
            assert!(!policy::may(&written, action, None), "{action:?}");
        }
        let read = Actor::user(Scope::Read.limit(boss), None);
        assert!(!policy::may(&read, Action::Reply, None) && policy::may(&read, Action::SeePeople, None));
    }

    #[test]
    fn what_is_missing_is_named() {
        let wrong = NewApiToken { name: " ".into(), scope: "all".into(), days: 400 }.check().unwrap_err();
        let fields: Vec<_> = wrong.fields.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["name", "scope", "days"]);
        let right = NewApiToken { name: " Nightly  report ".into(), scope: "read".into(), days: 30 }.check().unwrap();
        assert_eq!(right, ("Nightly report".to_owned(), Scope::Read));
    }
}
