//! The one policy: may this actor do this to that?
//!
//! Pages, REST, websocket topics, search and files all ask here. The same question as SQL is answered in one place of
//! `store` (`visibility`), which must agree with [`Action::SeeTicket`].

use crate::{Actor, CompanyId, Role, UserId, actor::Who};

/// Everything that needs permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read the ticket and its public conversation.
    SeeTicket,
    /// Read internal notes, staff-only events, watchers and who is looking.
    SeeInternal,
    /// Write a message that the customer sees.
    Reply,
    /// Write an internal note.
    WriteNote,
    /// Status, priority pair, subject, tags, assignee, order on the board.
    WorkTicket,
    /// Be told of changes.
    Watch,
    /// Put a file on the ticket.
    AddFile,
    /// Take a file off the ticket that somebody else put there.
    DeleteAnyFile,
    /// Open a ticket for oneself.
    CreateTicket,
    /// Open a ticket on behalf of a customer.
    CreateFor,
    /// The lists, the board and the search of all tickets.
    SeeQueues,
    /// Look customers and companies up.
    SeePeople,
    /// Numbers about the whole desk.
    SeeStats,
    /// Settings: the priority table, work-in-progress limits, quarantine.
    Administer,
}

impl Action {
    pub const ALL: [Action; 14] = [
        Action::SeeTicket,
        Action::SeeInternal,
        Action::Reply,
        Action::WriteNote,
        Action::WorkTicket,
        Action::Watch,
        Action::AddFile,
        Action::DeleteAnyFile,
        Action::CreateTicket,
        Action::CreateFor,
        Action::SeeQueues,
        Action::SeePeople,
        Action::SeeStats,
        Action::Administer,
    ];

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
}

/// May `actor` do `action`, to `ticket` where the action is about one?
pub fn may(actor: &Actor, action: Action, ticket: Option<TicketFacts>) -> bool {
    let person = match &actor.who {
        Who::System(_) => return true,
        Who::Visitor => return false,
        Who::User(person) => person,
    };
    match person.role {
        Role::Superadmin => true,
        Role::Manager | Role::Agent => action != Action::Administer,
        Role::Customer => match action {
            Action::CreateTicket => true,
            Action::SeeTicket | Action::Reply | Action::AddFile => ticket.is_some_and(|t| {
                t.requester == person.id
                    || (person.sees_company && person.company.is_some() && t.company == person.company)
            }),
            _ => false,
        },
    }
}

/// Sends visitors to the sign-in page, before anything is looked up: whether it is there is nothing they may learn.
pub fn demand_somebody(actor: &Actor) -> crate::Result<()> {
    match actor.who {
        Who::Visitor => Err(crate::Error::signed_out()),
        Who::User(_) | Who::System(_) => Ok(()),
    }
}

/// Like [`may`], as the error to return. A customer is told that a foreign ticket is not there.
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
    use crate::Principal;

    fn person(role: Role, company: Option<i64>, sees_company: bool) -> Actor {
        Actor::user(
            Principal {
                id: UserId(1),
                name: "A".into(),
                email: "a@x.example".into(),
                role,
                company: company.map(CompanyId),
                sees_company,
            },
            None,
        )
    }

    const OWN: TicketFacts = TicketFacts { requester: UserId(1), company: Some(CompanyId(7)) };
    const COMPANY: TicketFacts = TicketFacts { requester: UserId(2), company: Some(CompanyId(7)) };
    const FOREIGN: TicketFacts = TicketFacts { requester: UserId(3), company: Some(CompanyId(8)) };
    const NOBODYS: TicketFacts = TicketFacts { requester: UserId(3), company: None };

    /// Every kind of actor × every action × own, company's, foreign and company-less tickets, against the table written out.
    #[test]
    fn matrix() {
        let actors = [
            ("superadmin", person(Role::Superadmin, None, false)),
            ("manager", person(Role::Manager, None, false)),
            ("agent", person(Role::Agent, None, false)),
            ("company user", person(Role::Customer, Some(7), false)),
            ("company user who sees all", person(Role::Customer, Some(7), true)),
            ("individual", person(Role::Customer, None, false)),
            ("individual, switch stray", person(Role::Customer, None, true)),
            ("visitor", Actor::visitor(None)),
        ];
        for (name, actor) in actors {
            for action in Action::ALL {
                for (relation, ticket) in
                    [("own", OWN), ("company", COMPANY), ("foreign", FOREIGN), ("nobody's", NOBODYS)]
                {
                    let expected = match name {
                        "superadmin" => true,
                        "manager" | "agent" => action != Action::Administer,
                        "visitor" => false,
                        _ => match action {
                            Action::CreateTicket => true,
                            Action::SeeTicket | Action::Reply | Action::AddFile => {
                                relation == "own" || (relation == "company" && name == "company user who sees all")
                            }
                            _ => false,
                        },
                    };
                    assert_eq!(may(&actor, action, Some(ticket)), expected, "{name} {action:?} {relation}");
                }
            }
        }
    }

    #[test]
    fn foreign_looks_like_not_there() {
        let customer = person(Role::Customer, Some(7), false);
        let code = |action, ticket| demand(&customer, action, ticket).expect_err("refused").code;
        assert_eq!(code(Action::SeeTicket, Some(FOREIGN)), crate::Code::NotFound);
        assert_eq!(code(Action::WorkTicket, Some(FOREIGN)), crate::Code::NotFound);
        assert_eq!(code(Action::WorkTicket, Some(OWN)), crate::Code::Forbidden);
        assert_eq!(
            demand(&Actor::visitor(None), Action::SeeTicket, Some(OWN)).expect_err("refused").code,
            crate::Code::SignedOut
        );
    }
}
