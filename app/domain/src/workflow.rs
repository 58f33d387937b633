//! States of a ticket and which may follow which.

use crate::{Error, Result, StatusId};
use serde::{Deserialize, Serialize};

/// What a state means to Docket, whatever an admin calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Nobody works on it yet.
    Open,
    /// Somebody works on it.
    InProgress,
    /// The customer's turn: the SLA clock stands.
    Waiting,
    /// Answered; a customer's reply opens it again.
    Resolved,
    /// Done for good; a customer's reply opens it again.
    Closed,
}

impl Category {
    pub const ALL: [Category; 5] =
        [Category::Open, Category::InProgress, Category::Waiting, Category::Resolved, Category::Closed];

    pub fn word(self) -> &'static str {
        match self {
            Category::Open => "open",
            Category::InProgress => "in_progress",
            Category::Waiting => "waiting",
            Category::Resolved => "resolved",
            Category::Closed => "closed",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.word() == word)
    }

    /// Whether somebody still has to do something.
    pub fn is_active(self) -> bool {
        matches!(self, Category::Open | Category::InProgress | Category::Waiting)
    }
}

/// A state of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub id: StatusId,
    /// The word used on the wire: `waiting_for_customer`.
    pub key: String,
    /// What staff read.
    pub name: String,
    /// What customers read: no staff words.
    pub customer_name: String,
    pub category: Category,
    /// How many tickets a board column should hold at most.
    pub wip_limit: Option<i32>,
    /// Whether a move that would break the limit is refused, or only marked.
    pub wip_refuse: bool,
}

impl Status {
    /// Why a column with so many tickets takes no more, if it has a limit that refuses and has reached it.
    pub fn full_with(&self, held: i64) -> Option<String> {
        let limit = self.wip_limit.filter(|limit| self.wip_refuse && held >= i64::from(*limit))?;
        Some(match limit {
            1 => format!("{} holds one ticket at most. Finish or move it first.", self.name),
            _ => format!("{} holds at most {limit} tickets. Finish or move one of them first.", self.name),
        })
    }
}

/// The states in their order, and the allowed ways between them.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Workflow {
    pub statuses: Vec<Status>,
    pub transitions: Vec<(StatusId, StatusId)>,
}

impl Workflow {
    pub fn status(&self, id: StatusId) -> Option<&Status> {
        self.statuses.iter().find(|s| s.id == id)
    }

    pub fn by_key(&self, key: &str) -> Option<&Status> {
        self.statuses.iter().find(|s| s.key == key)
    }

    /// What customers may know of it: the states by their customers' names, and nothing of how the work is organised.
    pub fn for_customers(&self) -> Self {
        let statuses = self.statuses.iter().map(|s| Status {
            name: s.customer_name.clone(),
            wip_limit: None,
            wip_refuse: false,
            ..s.clone()
        });
        Self { statuses: statuses.collect(), transitions: Vec::new() }
    }

    /// The first state of a category, in the workflow's order.
    pub fn first_of(&self, category: Category) -> Option<&Status> {
        self.statuses.iter().find(|s| s.category == category)
    }

    /// The states a ticket in `from` may go to, in order.
    pub fn next(&self, from: StatusId) -> impl Iterator<Item = &Status> {
        self.statuses.iter().filter(move |s| self.allows(from, s.id))
    }

    pub fn allows(&self, from: StatusId, to: StatusId) -> bool {
        self.transitions.contains(&(from, to))
    }

    /// The target state, or why a ticket in `from` may not go there.
    pub fn check(&self, from: StatusId, to: StatusId) -> Result<&Status> {
        let target = self.status(to).ok_or_else(|| Error::field("status", "There is no such status."))?;
        if from == to || self.allows(from, to) {
            return Ok(target);
        }
        let from = self.status(from).map_or("its status", |s| s.name.as_str());
        Err(Error::field("status", format!("A ticket cannot go from {from} to {}.", target.name)))
    }

    /// Where a customer's reply takes a ticket: back to open, unless somebody is already at it.
    pub fn after_customer_reply(&self, from: StatusId) -> Option<&Status> {
        let category = self.status(from)?.category;
        match category {
            Category::Open | Category::InProgress => None,
            Category::Waiting | Category::Resolved | Category::Closed => self.first_of(Category::Open),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow() -> Workflow {
        let statuses = Category::ALL
            .into_iter()
            .enumerate()
            .map(|(n, category)| Status {
                id: StatusId(n as i64),
                key: category.word().into(),
                name: category.word().into(),
                customer_name: category.word().into(),
                category,
                wip_limit: None,
                wip_refuse: false,
            })
            .collect();
        Workflow { statuses, transitions: vec![(StatusId(0), StatusId(1)), (StatusId(1), StatusId(3))] }
    }

    #[test]
    fn only_listed_ways() {
        let w = workflow();
        assert!(w.check(StatusId(0), StatusId(1)).is_ok());
        assert!(w.check(StatusId(0), StatusId(0)).is_ok());
        assert!(w.check(StatusId(1), StatusId(0)).is_err());
        assert!(w.check(StatusId(0), StatusId(9)).is_err());
    }

    #[test]
    fn customers_read_no_staff_words() {
        let mut staffs = workflow();
        staffs.statuses[0].customer_name = "Received".into();
        staffs.statuses[0].wip_limit = Some(3);
        let customers = staffs.for_customers();
        assert_eq!((customers.statuses[0].name.as_str(), customers.statuses[0].wip_limit), ("Received", None));
        assert!(customers.transitions.is_empty());
    }

    #[test]
    fn a_customers_reply_reopens() {
        let w = workflow();
        let after = |n| w.after_customer_reply(StatusId(n)).map(|s| s.category);
        assert_eq!(after(0), None);
        assert_eq!(after(1), None);
        assert_eq!(after(2), Some(Category::Open));
        assert_eq!(after(3), Some(Category::Open));
        assert_eq!(after(4), Some(Category::Open));
    }
}
