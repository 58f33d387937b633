//! What the groups that somebody is in elsewhere give them here: a role and teams. One rule for all ways in which groups are told:
//! announced (SCIM), in a token (OpenID Connect), or in a directory.

use crate::{TeamId, access::RoleChoice, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most rules of one kind.
pub const RULES_MAX: usize = 50;

/// A group, and the role that it gives. Never one that may everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRule {
    pub value: String,
    pub role: RoleChoice,
}

/// A group, and a team that its people are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamRule {
    pub value: String,
    pub team: TeamId,
}

/// The rules of a provider, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRules {
    pub roles: Vec<RoleRule>,
    pub teams: Vec<TeamRule>,
}

impl GroupRules {
    /// The roles that somebody's groups give: the first that is there (still) is theirs.
    pub fn roles_of(&self, is_in: impl Fn(&str) -> bool) -> Vec<RoleChoice> {
        self.roles.iter().filter(|rule| is_in(&rule.value)).map(|rule| rule.role).collect()
    }

    /// The teams that somebody's groups give: all of them.
    pub fn teams_of(&self, is_in: impl Fn(&str) -> bool) -> BTreeSet<TeamId> {
        self.teams.iter().filter(|rule| is_in(&rule.value)).map(|rule| rule.team).collect()
    }

    /// The teams that are given at all.
    pub fn teams(&self) -> BTreeSet<TeamId> {
        self.teams_of(|_| true)
    }

    /// The groups that anything is said of.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let teams = self.teams.iter().map(|rule| rule.value.as_str());
        self.roles.iter().map(|rule| rule.value.as_str()).chain(teams)
    }
}

/// Lines as `group = name`, each as a group and the name of what it gives. The error says which line is none; `like` is one that
/// is right.
pub fn lines(typed: &str, like: &str) -> Result<Vec<(String, String)>, String> {
    let lines = typed.lines().map(text::tidy_line).filter(|line| !line.is_empty());
    lines
        .map(|line| match line.rsplit_once('=').map(|(value, name)| (value.trim(), name.trim())) {
            Some((value, name)) if !value.is_empty() && !name.is_empty() => Ok((value.to_owned(), name.to_owned())),
            _ => Err(format!("“{}” is not like “{like}”.", text::excerpt(&line, 60))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    #[test]
    fn groups_give_one_role_and_all_teams() {
        let role = |value: &str, role| RoleRule { value: value.into(), role: RoleChoice::BuiltIn(role) };
        let team = |value: &str, id| TeamRule { value: value.into(), team: TeamId(id) };
        let rules = GroupRules {
            roles: vec![role("leads", Role::Manager), role("support", Role::Agent)],
            teams: vec![team("support", 1), team("leads", 2), team("printers", 1), team("support", 3)],
        };
        for (groups, roles, teams) in [
            (vec!["support", "leads"], vec![Role::Manager, Role::Agent], vec![1, 2, 3]),
            (vec!["support"], vec![Role::Agent], vec![1, 3]),
            (vec!["printers", "others"], vec![], vec![1]),
            (vec!["Support"], vec![], vec![]),
            (vec![], vec![], vec![]),
        ] {
            let is_in = |value: &str| groups.contains(&value);
            let given: Vec<RoleChoice> = roles.into_iter().map(RoleChoice::BuiltIn).collect();
            assert_eq!(rules.roles_of(is_in), given, "{groups:?}");
            assert_eq!(rules.teams_of(is_in).into_iter().map(|team| team.0).collect::<Vec<_>>(), teams, "{groups:?}");
        }
        assert_eq!(rules.teams().len(), 3);
        assert_eq!(rules.values().filter(|value| *value == "support").count(), 3);
    }

    #[test]
    fn lines_are_read() {
        let read = lines("support = Agent\n\n cn=a,dc=b  =  Team  agent ", "x = y").expect("lines");
        assert_eq!(read, [("support".into(), "Agent".into()), ("cn=a,dc=b".into(), "Team agent".into())]);
        for wrong in ["support", "= Agent", "support ="] {
            assert!(lines(wrong, "x = y").expect_err(wrong).contains("x = y"));
        }
    }
}
