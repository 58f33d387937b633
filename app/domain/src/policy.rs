//! The one policy: may this actor do this to that?
//!
//! Pages, REST, websocket topics, search and files all ask here. The same question as SQL is answered in one place of
//! `store` (`tickets::row::visible`), which must agree with [`Action::SeeTicket`].

use crate::{Actor, CompanyId, Principal, Role, TeamId, UserId, access::Permission, actor::Who, scim::Announcer};

/// What staff need for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Nothing but being on staff.
    Staff,
    One(Permission),
    /// One of the two is enough.
    Either(Permission, Permission),
    /// No custom role can have it.
    Superadmin,
    /// It is not theirs to do: who asked for it does it.
    NotStaff,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $needs:expr;)+) => {
        /// Everything that needs permission.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)+
        }

        impl Action {
            pub const ALL: &[Action] = &[$(Action::$name),+];

            /// What staff need for it; the table of all rights of staff.
            fn needs(self) -> Needs {
                match self {
                    $(Action::$name => $needs,)+
                }
            }
        }
    };
}

actions! {
    /// Read the ticket and its public conversation.
    SeeTicket: Needs::Staff;
    /// Read internal notes, staff-only events, watchers and who is looking.
    SeeInternal: Needs::Staff;
    /// Write a message that the customer sees.
    Reply: Needs::One(Permission::Reply);
    /// Write an internal note.
    WriteNote: Needs::One(Permission::WriteNotes);
    /// Status, priority pair, subject, tags, assignee, team, order on the board.
    WorkTicket: Needs::One(Permission::WorkTickets);
    /// Be told of changes.
    Watch: Needs::Staff;
    /// Say how it was solved. Only its requester, and nobody on staff, also not of what they have asked for themselves.
    Rate: Needs::NotStaff;
    /// Put a file on the ticket.
    AddFile: Needs::Either(Permission::Reply, Permission::WriteNotes);
    /// Take a file off the ticket that somebody else put there.
    DeleteAnyFile: Needs::One(Permission::DeleteFiles);
    /// Open a ticket for oneself.
    CreateTicket: Needs::Staff;
    /// Open a ticket on behalf of a customer.
    CreateFor: Needs::One(Permission::OpenTickets);
    /// The lists, the board and the search of all tickets.
    SeeQueues: Needs::Staff;
    /// Look customers and companies up.
    SeePeople: Needs::One(Permission::SeePeople);
    /// Create, change, block and convert customers and companies.
    EditPeople: Needs::One(Permission::EditPeople);
    /// Make one of two customers or companies.
    MergePeople: Needs::One(Permission::MergePeople);
    /// Bring customers and companies in from a file: many at once, which nobody takes back.
    ImportPeople: Needs::One(Permission::MergePeople);
    /// Take lists, and everything about a person, out of Docket.
    ExportPeople: Needs::One(Permission::ExportPeople);
    /// Remove everything about a person.
    ErasePeople: Needs::One(Permission::ErasePeople);
    /// Numbers about the whole desk.
    SeeStats: Needs::One(Permission::SeeStats);
    /// Settings: the priority table, work-in-progress limits, quarantine.
    Administer: Needs::One(Permission::ManageSettings);
    /// Users on staff: invite them, see and change their roles and teams, block them, sign them out.
    ManageStaff: Needs::One(Permission::ManageStaff);
    /// Teams and who is in them.
    ManageTeams: Needs::One(Permission::ManageTeams);
    /// Custom roles.
    ManageRoles: Needs::Superadmin;
    /// Whether staff must have a second factor.
    RequireSecondFactor: Needs::Superadmin;
    /// How long tickets and customers are kept: it erases what is older.
    SetRetention: Needs::Superadmin;
    /// Who vouches for people that sign in from outside: it decides who comes in.
    ManageProviders: Needs::Superadmin;
    /// Who signed in, what was changed, from where.
    SeeSecurityLog: Needs::One(Permission::SeeSecurityLog);
}

impl Action {
    /// Whether the answer depends on the ticket at hand.
    pub fn is_about_a_ticket(self) -> bool {
        matches!(
            self,
            Action::SeeTicket
                | Action::SeeInternal
                | Action::Reply
                | Action::WriteNote
                | Action::WorkTicket
                | Action::Watch
                | Action::Rate
                | Action::AddFile
                | Action::DeleteAnyFile
        )
    }
}

/// What the policy needs to know of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketFacts {
    pub requester: UserId,
    pub company: Option<CompanyId>,
    pub assignee: Option<UserId>,
    pub team: Option<TeamId>,
}

/// May `actor` do `action`, to `ticket` where the action is about one?
pub fn may(actor: &Actor, action: Action, ticket: Option<TicketFacts>) -> bool {
    match &actor.who {
        Who::System(_) => true,
        Who::Visitor | Who::Provider(_) => false,
        Who::User(person) => person_may(person, action, ticket),
    }
}

/// [`may`] for somebody who is signed in.
pub fn person_may(person: &Principal, action: Action, ticket: Option<TicketFacts>) -> bool {
    if person.role == Role::Customer {
        return match action {
            Action::CreateTicket => true,
            Action::Rate => ticket.is_some_and(|t| person.is(t.requester)),
            Action::SeeTicket | Action::Reply | Action::AddFile => ticket.is_some_and(|t| {
                person.is(t.requester)
                    || (person.sees_company && person.company.is_some() && t.company == person.company)
            }),
            _ => false,
        };
    }
    let allowed = match action.needs() {
        Needs::Staff => true,
        Needs::One(permission) => person.has(permission),
        Needs::Either(one, other) => person.has(one) || person.has(other),
        Needs::Superadmin => person.role == Role::Superadmin,
        Needs::NotStaff => false,
    };
    allowed && (!action.is_about_a_ticket() || sees_all(person) || ticket.is_some_and(|t| is_theirs(person, t)))
}

/// Whether somebody on staff sees every ticket, or only what is theirs and their teams'.
pub fn sees_all(person: &Principal) -> bool {
    person.role.is_staff() && person.has(Permission::SeeAllTickets)
}

/// What staff see who do not see all: what is assigned to them, and all of their teams.
fn is_theirs(person: &Principal, ticket: TicketFacts) -> bool {
    ticket.assignee == Some(person.id) || ticket.team.is_some_and(|team| person.teams.contains(&team))
}

/// Whether `actor` may give or take a role with these rights: nobody hands out what they do not have, and only superadmins
/// make and unmake superadmins.
pub fn may_hand_out(actor: &Actor, role: Role, permissions: crate::access::Permissions) -> bool {
    match &actor.who {
        Who::System(_) => true,
        Who::Visitor | Who::Provider(_) => false,
        Who::User(person) => {
            person.role == Role::Superadmin
                || (role != Role::Superadmin
                    && person.has(Permission::ManageStaff)
                    && person.permissions.includes(permissions))
        }
    }
}

/// Whether `actor` may see the picture of somebody. Whoever is on staff has a face for everybody who is signed in: they answer
/// customers. A customer's is seen by staff, by themselves, and by who sees all of their company.
pub fn may_see_picture(actor: &Actor, of: UserId, role: Role, company: Option<CompanyId>) -> bool {
    match &actor.who {
        Who::System(_) => true,
        Who::Visitor | Who::Provider(_) => false,
        Who::User(person) => {
            person.role.is_staff()
                || person.id == of
                || role.is_staff()
                || (person.sees_company && person.company.is_some() && person.company == company)
        }
    }
}

/// Whether `actor` may see the logo of a company: its own users, and staff.
pub fn may_see_logo(actor: &Actor, of: CompanyId) -> bool {
    match &actor.who {
        Who::System(_) => true,
        Who::Visitor | Who::Provider(_) => false,
        Who::User(person) => person.role.is_staff() || person.company == Some(of),
    }
}

/// The provider that announces people. What it may is to say who its own people are; whose those are, the database says
/// (`scim_visible`), and everybody else is not there for it.
pub fn demand_announcer(actor: &Actor) -> crate::Result<&Announcer> {
    match &actor.who {
        Who::Provider(announcer) => Ok(announcer),
        Who::Visitor => Err(crate::Error::signed_out()),
        Who::User(_) | Who::System(_) => Err(crate::Error::forbidden()),
    }
}

/// Sends visitors to the sign-in page, before anything is looked up: whether it is there is nothing they may learn.
pub fn demand_somebody(actor: &Actor) -> crate::Result<()> {
    match actor.who {
        Who::Visitor | Who::Provider(_) => Err(crate::Error::signed_out()),
        Who::User(_) | Who::System(_) => Ok(()),
    }
}

/// Like [`may`], as the error to return. Whoever may not see a foreign ticket is told that a foreign ticket is not there.
pub fn demand(actor: &Actor, action: Action, ticket: Option<TicketFacts>) -> crate::Result<()> {
    if may(actor, action, ticket) {
        return Ok(());
    }
    demand_somebody(actor)?;
    if ticket.is_some() && !may(actor, Action::SeeTicket, ticket) {
        return Err(crate::Error::not_found("ticket"));
    }
    Err(crate::Error::forbidden())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Permissions;

    fn person(role: Role, company: Option<i64>, sees_company: bool) -> Actor {
        let person = Principal::new(UserId(1), "A", "a@x.example", role);
        Actor::user(Principal { company: company.map(CompanyId), sees_company, ..person }, None)
    }

    /// An agent with a custom role, in team 5.
    fn custom(permissions: Permissions) -> Actor {
        let person = Principal::new(UserId(1), "A", "a@x.example", Role::Agent);
        Actor::user(
            Principal { permissions, custom_role: Some("Custom".into()), teams: vec![TeamId(5)], ..person },
            None,
        )
    }

    /// A customer whom number 9 has become, and whose tickets are still on their way.
    fn was_two(company: Option<i64>, sees_company: bool) -> Actor {
        let mut actor = person(Role::Customer, company, sees_company);
        if let Who::User(person) = &mut actor.who {
            person.also = Some(OTHER.requester);
        }
        actor
    }

    fn provider() -> Actor {
        let audience = crate::outside::Audience::Company;
        Actor::provider(Announcer { id: 1.into(), name: "Acme ID".into(), audience, company: Some(CompanyId(7)) }, None)
    }

    #[test]
    fn only_providers_announce_people() {
        assert_eq!(demand_announcer(&provider()).map(|it| it.id), Ok(1.into()));
        let code = |actor: &Actor| demand_announcer(actor).expect_err("refused").code;
        assert_eq!(code(&Actor::visitor(None)), crate::Code::SignedOut);
        assert_eq!(code(&person(Role::Superadmin, None, false)), crate::Code::Forbidden);
        assert_eq!(code(&Actor::system("Jobs")), crate::Code::Forbidden);
    }

    const FOREIGN: TicketFacts = TicketFacts {
        requester: UserId(3),
        company: Some(CompanyId(8)),
        assignee: Some(UserId(4)),
        team: Some(TeamId(6)),
    };
    const OWN: TicketFacts = TicketFacts { requester: UserId(1), company: Some(CompanyId(7)), ..FOREIGN };
    const COMPANY: TicketFacts = TicketFacts { requester: UserId(2), company: Some(CompanyId(7)), ..FOREIGN };
    const NOBODYS: TicketFacts = TicketFacts { company: None, assignee: None, team: None, ..FOREIGN };
    const ASSIGNED: TicketFacts = TicketFacts { assignee: Some(UserId(1)), ..FOREIGN };
    const TEAMS: TicketFacts = TicketFacts { assignee: None, team: Some(TeamId(5)), ..FOREIGN };
    const OTHER: TicketFacts = TicketFacts { requester: UserId(9), ..FOREIGN };
    const RELATIONS: [(&str, TicketFacts); 7] = [
        ("own", OWN),
        ("company", COMPANY),
        ("foreign", FOREIGN),
        ("nobody's", NOBODYS),
        ("assigned", ASSIGNED),
        ("team's", TEAMS),
        ("the other one's", OTHER),
    ];

    /// What managers may not, of all there is.
    const NOT_MANAGERS: [Action; 8] = [
        Action::Administer,
        Action::ManageStaff,
        Action::ManageRoles,
        Action::RequireSecondFactor,
        Action::ManageProviders,
        Action::SetRetention,
        Action::SeeSecurityLog,
        Action::ErasePeople,
    ];
    /// What agents may not, beyond that.
    const NOT_AGENTS: [Action; 4] =
        [Action::MergePeople, Action::ImportPeople, Action::ExportPeople, Action::ManageTeams];

    /// Every kind of actor × every action × every relation to a ticket, against the table written out.
    #[test]
    fn matrix() {
        let actors = [
            ("superadmin", person(Role::Superadmin, None, false)),
            ("manager", person(Role::Manager, None, false)),
            ("agent", person(Role::Agent, None, false)),
            ("custom, nothing", custom(Permissions::NONE)),
            ("custom, everything", custom(Permissions::ALL)),
            ("custom, an agent of teams", custom(Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets))),
            ("individual who was two", was_two(None, false)),
            ("company user who was two", was_two(Some(7), true)),
            ("company user", person(Role::Customer, Some(7), false)),
            ("company user who sees all", person(Role::Customer, Some(7), true)),
            ("individual", person(Role::Customer, None, false)),
            ("individual, switch stray", person(Role::Customer, None, true)),
            ("visitor", Actor::visitor(None)),
            ("provider", provider()),
        ];
        for (name, actor) in actors {
            for action in Action::ALL.iter().copied() {
                for (relation, ticket) in RELATIONS {
                    let theirs = ["assigned", "team's"].contains(&relation) || !action.is_about_a_ticket();
                    let free = [
                        Action::SeeTicket,
                        Action::SeeInternal,
                        Action::Watch,
                        Action::CreateTicket,
                        Action::SeeQueues,
                    ];
                    let expected = match name {
                        "visitor" | "provider" => false,
                        "superadmin" | "manager" | "agent" if action == Action::Rate => false,
                        _ if name.starts_with("custom") && action == Action::Rate => false,
                        "superadmin" => true,
                        "manager" => !NOT_MANAGERS.contains(&action),
                        "agent" => !NOT_MANAGERS.contains(&action) && !NOT_AGENTS.contains(&action),
                        "custom, nothing" => free.contains(&action) && theirs,
                        "custom, everything" => !matches!(
                            action,
                            Action::ManageRoles
                                | Action::RequireSecondFactor
                                | Action::ManageProviders
                                | Action::SetRetention
                        ),
                        "custom, an agent of teams" => {
                            !NOT_MANAGERS.contains(&action) && !NOT_AGENTS.contains(&action) && theirs
                        }
                        _ => match action {
                            Action::CreateTicket => true,
                            Action::Rate => {
                                relation == "own" || (relation == "the other one's" && name.ends_with("who was two"))
                            }
                            Action::SeeTicket | Action::Reply | Action::AddFile => {
                                relation == "own"
                                    || (relation == "company"
                                        && ["company user who sees all", "company user who was two"].contains(&name))
                                    || (relation == "the other one's" && name.ends_with("who was two"))
                            }
                            _ => false,
                        },
                    };
                    assert_eq!(may(&actor, action, Some(ticket)), expected, "{name} {action:?} {relation}");
                }
            }
        }
    }

    /// Each permission opens something, and what it opens is closed without it.
    #[test]
    fn no_permission_is_in_vain() {
        for permission in Permission::ALL.iter().copied() {
            let (with, without) =
                (custom(Permissions::NONE.with(permission)), custom(Permissions::ALL.without(permission)));
            let none = custom(Permissions::NONE);
            let opened = |actor: &Actor| {
                let all = Action::ALL.iter().flat_map(|a| RELATIONS.map(|(_, t)| (*a, t)));
                all.filter(|(a, t)| may(actor, *a, Some(*t))).count()
            };
            assert!(opened(&with) > opened(&none), "{permission:?} opens nothing");
            assert!(opened(&without) < opened(&custom(Permissions::ALL)) || permission == Permission::SeeAllTickets);
        }
    }

    #[test]
    fn nobody_hands_out_what_they_do_not_have() {
        let agent = Permissions::of_role(Role::Agent);
        let lead = custom(agent.with(Permission::ManageStaff));
        assert!(may_hand_out(&lead, Role::Agent, agent));
        assert!(!may_hand_out(&lead, Role::Manager, Permissions::of_role(Role::Manager)));
        assert!(!may_hand_out(&custom(Permissions::ALL), Role::Superadmin, Permissions::ALL));
        assert!(!may_hand_out(&custom(agent), Role::Agent, agent), "without the right to manage users");
        assert!(may_hand_out(&person(Role::Superadmin, None, false), Role::Superadmin, Permissions::ALL));
        assert!(!may_hand_out(&Actor::visitor(None), Role::Customer, Permissions::NONE));
        assert!(!may_hand_out(&provider(), Role::Agent, agent), "rules do that, which people have made");
    }

    #[test]
    fn pictures_are_for_who_meets_their_people() {
        let (own, other) = (UserId(1), UserId(2));
        let (acme, far) = (Some(CompanyId(7)), Some(CompanyId(8)));
        for (name, actor, of, role, company, expected) in [
            ("staff", person(Role::Agent, None, false), other, Role::Customer, far, true),
            ("oneself", person(Role::Customer, None, false), own, Role::Customer, None, true),
            ("staff for customers", person(Role::Customer, None, false), other, Role::Manager, None, true),
            ("a stranger", person(Role::Customer, None, false), other, Role::Customer, None, false),
            ("a colleague", person(Role::Customer, Some(7), true), other, Role::Customer, acme, true),
            ("who sees only theirs", person(Role::Customer, Some(7), false), other, Role::Customer, acme, false),
            ("another company", person(Role::Customer, Some(7), true), other, Role::Customer, far, false),
            ("a stray switch", person(Role::Customer, None, true), other, Role::Customer, None, false),
            ("nobody", Actor::visitor(None), other, Role::Agent, None, false),
        ] {
            assert_eq!(may_see_picture(&actor, of, role, company), expected, "{name}");
        }
    }

    #[test]
    fn logos_are_for_staff_and_for_the_company_itself() {
        for (actor, expected) in [
            (person(Role::Agent, None, false), true),
            (person(Role::Customer, Some(7), false), true),
            (person(Role::Customer, Some(8), true), false),
            (person(Role::Customer, None, false), false),
            (Actor::visitor(None), false),
        ] {
            assert_eq!(may_see_logo(&actor, CompanyId(7)), expected, "{actor:?}");
        }
    }

    #[test]
    fn foreign_looks_like_not_there() {
        let code = |actor: &Actor, action, ticket| demand(actor, action, ticket).expect_err("refused").code;
        let customer = person(Role::Customer, Some(7), false);
        assert_eq!(code(&customer, Action::SeeTicket, Some(FOREIGN)), crate::Code::NotFound);
        assert_eq!(code(&customer, Action::WorkTicket, Some(FOREIGN)), crate::Code::NotFound);
        assert_eq!(code(&customer, Action::WorkTicket, Some(OWN)), crate::Code::Forbidden);
        let of_team = custom(Permissions::NONE);
        assert_eq!(code(&of_team, Action::Reply, Some(FOREIGN)), crate::Code::NotFound);
        assert_eq!(code(&of_team, Action::Reply, Some(TEAMS)), crate::Code::Forbidden);
        assert_eq!(code(&Actor::visitor(None), Action::SeeTicket, Some(OWN)), crate::Code::SignedOut);
    }
}
