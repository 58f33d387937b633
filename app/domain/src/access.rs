//! What staff may do: named permissions, the fixed sets of the built-in roles, custom roles and teams.

use crate::{Result, Role, RoleId, TeamId, Time, UserId, error::Problems, people::Person, text};
use serde::{Deserialize, Serialize};

pub const ROLE_NAME_MAX: usize = 60;
pub const TEAM_NAME_MAX: usize = 60;
pub const DESCRIPTION_MAX: usize = 300;

/// What permissions are about, as they stand together on the page of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    Tickets,
    People,
    Desk,
}

impl Area {
    pub const ALL: [Area; 3] = [Area::Tickets, Area::People, Area::Desk];

    pub fn name(self) -> &'static str {
        match self {
            Area::Tickets => "Tickets",
            Area::People => "Customers and companies",
            Area::Desk => "The desk",
        }
    }
}

macro_rules! permissions {
    ($($name:ident, $word:literal, $area:ident, $title:literal, $help:literal;)+) => {
        /// One thing that a role can allow. What only superadmins may (making superadmins, editing roles) is none of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission {
            $(#[doc = $help] $name,)+
        }

        impl Permission {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Permission] = &[$(Permission::$name),+];

            /// The word used in the database and in forms.
            pub fn word(self) -> &'static str {
                match self { $(Permission::$name => $word,)+ }
            }

            /// What people read.
            pub fn name(self) -> &'static str {
                match self { $(Permission::$name => $title,)+ }
            }

            /// What it comes to, in a sentence.
            pub fn help(self) -> &'static str {
                match self { $(Permission::$name => $help,)+ }
            }

            pub fn area(self) -> Area {
                match self { $(Permission::$name => Area::$area,)+ }
            }
        }
    };
}

permissions! {
    SeeAllTickets, "see_all_tickets", Tickets, "See all tickets",
        "Without it, only tickets that are assigned to them or to one of their teams.";
    Reply, "reply", Tickets, "Answer customers", "Write messages that the customer gets.";
    WriteNotes, "write_notes", Tickets, "Write internal notes", "Write what only staff can read.";
    WorkTickets, "work_tickets", Tickets, "Change tickets",
        "Status, urgency, importance, assignee, team, tags, subject, place on the board.";
    OpenTickets, "open_tickets", Tickets, "Open tickets for customers", "Take down what came by phone or in person.";
    DeleteFiles, "delete_files", Tickets, "Delete anybody's files", "Without it, only the files they have added themselves.";
    SeeStats, "see_stats", Tickets, "See numbers", "How many tickets there are, and how they are doing.";
    SeePeople, "see_people", People, "Look up customers", "Find customers and companies, and read about them.";
    EditPeople, "edit_people", People, "Edit customers", "Create, change, block and convert customers and companies.";
    MergePeople, "merge_people", People, "Merge customers", "Make one of two customers or companies. It cannot be undone.";
    ExportPeople, "export_people", People, "Export data", "Take lists and everything about a person out of Docket.";
    ErasePeople, "erase_people", People, "Erase people", "Remove everything about a person for good.";
    ManageStaff, "manage_staff", Desk, "Manage users",
        "Invite staff, give them roles and teams, block them. Only rights that they have themselves.";
    ManageTeams, "manage_teams", Desk, "Manage teams", "Make teams, and say who is in them.";
    ManageSettings, "manage_settings", Desk, "Change settings", "Priorities, board limits, unreadable mails.";
    SeeSecurityLog, "see_security_log", Desk, "Read the security log",
        "Who signed in, what was changed, from where; and take it out of Docket.";
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(u32);

impl Permissions {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// What a built-in role may. Customers' rights are not permissions: they follow from whose the ticket is.
    pub const fn of_role(role: Role) -> Self {
        match role {
            Role::Superadmin => Self::ALL,
            Role::Manager => {
                Self::AGENT.with(Permission::MergePeople).with(Permission::ExportPeople).with(Permission::ManageTeams)
            }
            Role::Agent => Self::AGENT,
            Role::Customer => Self::NONE,
        }
    }

    const AGENT: Self = Self::NONE
        .with(Permission::SeeAllTickets)
        .with(Permission::Reply)
        .with(Permission::WriteNotes)
        .with(Permission::WorkTickets)
        .with(Permission::OpenTickets)
        .with(Permission::DeleteFiles)
        .with(Permission::SeeStats)
        .with(Permission::SeePeople)
        .with(Permission::EditPeople);

    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | 1 << permission as u32)
    }

    #[must_use]
    pub const fn without(self, permission: Permission) -> Self {
        Self(self.0 & !(1 << permission as u32))
    }

    pub const fn has(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u32 != 0
    }

    /// Whether everything in `other` is in here, too.
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// In the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |p| self.has(*p))
    }

    /// The words of the database. A word that this release does not know gives no right.
    pub fn from_words<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Self {
        words.into_iter().fold(Self::NONE, |set, word| {
            Permission::ALL.iter().find(|p| p.word() == word.as_ref()).map_or(set, |p| set.with(*p))
        })
    }

    pub fn words(self) -> Vec<String> {
        self.iter().map(|p| p.word().to_owned()).collect()
    }

    /// What is missing to have all of `other`, as people read it.
    pub fn missing_for(self, other: Self) -> Vec<&'static str> {
        other.iter().filter(|p| !self.has(*p)).map(Permission::name).collect()
    }
}

/// A custom role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    pub id: RoleId,
    pub name: String,
    pub description: String,
    pub permissions: Permissions,
    /// How many have it.
    pub users: i64,
}

/// A custom role as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRole {
    pub name: String,
    pub description: String,
    pub permissions: Permissions,
}

impl NewRole {
    /// The same with its texts tidied, or everything that is wrong with it.
    pub fn check(self) -> Result<Self> {
        let (name, description) = (text::tidy_line(&self.name), text::tidy_line(&self.description));
        let mut problems = Problems::default();
        check_named(&name, ROLE_NAME_MAX, &description, &mut problems);
        let taken = Role::ALL.iter().any(|r| r.name().eq_ignore_ascii_case(&name));
        problems.unless(!taken, "name", "This is the name of a built-in role.");
        problems.check()?;
        Ok(Self { name, description, permissions: self.permissions })
    }
}

fn check_named(name: &str, most: usize, description: &str, problems: &mut Problems) {
    problems.unless(!name.is_empty(), "name", "Please give it a name.");
    problems.unless(name.chars().count() <= most, "name", "Use at most 60 characters.");
    problems.unless(description.chars().count() <= DESCRIPTION_MAX, "description", "Use at most 300 characters.");
}

/// Which role somebody has, or is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleChoice {
    BuiltIn(Role),
    Custom(RoleId),
}

impl RoleChoice {
    /// As forms and addresses write it: the word of a built-in role, or a number.
    pub fn word(self) -> String {
        match self {
            RoleChoice::BuiltIn(role) => role.word().to_owned(),
            RoleChoice::Custom(id) => id.to_string(),
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Role::from_word(word)
            .map(RoleChoice::BuiltIn)
            .or_else(|| word.parse::<RoleId>().ok().filter(|id| id.0 > 0).map(RoleChoice::Custom))
    }
}

/// All roles of staff, for whoever chooses one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Each with how many have it.
    pub built_in: Vec<(Role, i64)>,
    pub custom: Vec<CustomRole>,
}

/// A team's name and number, for where it is only named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TeamName {
    pub id: TeamId,
    pub name: String,
}

/// A team with its people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub description: String,
    pub members: Vec<Person>,
}

/// A team as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTeam {
    pub name: String,
    pub description: String,
    pub members: Vec<UserId>,
}

impl NewTeam {
    /// The same with its texts tidied and each member once, or everything that is wrong with it.
    pub fn check(mut self) -> Result<Self> {
        self.name = text::tidy_line(&self.name);
        self.description = text::tidy_line(&self.description);
        let mut problems = Problems::default();
        check_named(&self.name, TEAM_NAME_MAX, &self.description, &mut problems);
        problems.check()?;
        self.members.sort_unstable();
        self.members.dedup();
        Ok(self)
    }
}

/// Somebody on staff, as the list of users shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRow {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub role: RoleChoice,
    pub role_name: String,
    pub teams: Vec<String>,
    pub blocked: bool,
    /// Whether they have a password yet, and so can sign in by it.
    pub has_password: bool,
    pub second_factor: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<i64>,
    pub last_seen_at: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_and_unknown_ones_give_nothing() {
        for permission in Permission::ALL {
            let set = Permissions::NONE.with(*permission);
            assert_eq!(Permissions::from_words(set.words()), set);
            assert!(Permissions::ALL.has(*permission) && Permissions::ALL.includes(set));
            assert_eq!(Permissions::ALL.without(*permission).missing_for(set), [permission.name()]);
            assert!(permission.help().ends_with('.'));
        }
        assert_eq!(Permissions::from_words(["make_superadmins", "Reply", ""]), Permissions::NONE);
        assert_eq!(Permissions::ALL.iter().count(), Permission::ALL.len());
    }

    #[test]
    fn each_built_in_role_may_all_that_the_one_below_may() {
        let of = Permissions::of_role;
        assert!(of(Role::Superadmin).includes(of(Role::Manager)) && of(Role::Manager).includes(of(Role::Agent)));
        assert!(!of(Role::Manager).has(Permission::ManageSettings) && !of(Role::Agent).has(Permission::ManageTeams));
        assert_eq!(of(Role::Customer), Permissions::NONE);
    }

    #[test]
    fn choices_are_words_and_numbers() {
        for choice in [RoleChoice::BuiltIn(Role::Manager), RoleChoice::Custom(RoleId(7))] {
            assert_eq!(RoleChoice::from_word(&choice.word()), Some(choice));
        }
        for wrong in ["", "-1", "0", "root", "Agent"] {
            assert_eq!(RoleChoice::from_word(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_are_checked() {
        let role = |name: &str| NewRole { name: name.into(), ..NewRole::default() }.check();
        assert_eq!(role("  Billing \n team").expect("right").name, "Billing team");
        for wrong in ["", " ", "superADMIN", &"x".repeat(61)] {
            assert!(role(wrong).expect_err("wrong").of_field("name").is_some(), "{wrong}");
        }
        let team = NewTeam { name: "A".into(), members: vec![UserId(2), UserId(1), UserId(2)], ..NewTeam::default() };
        assert_eq!(team.check().expect("right").members, [UserId(1), UserId(2)]);
    }
}
