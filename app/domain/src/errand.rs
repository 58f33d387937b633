//! What is done to very many tickets of one person or company: batch by batch, beside other work.

use crate::{CompanyId, ErrandId, Time, UserId};
use serde::{Deserialize, Serialize};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Tickets of a customer who was merged come to the one that was kept.
    MergeCustomers,
    /// Tickets of a company that was merged come to the one that was kept.
    MergeCompanies,
    /// A person is taken out of all they have taken part in.
    Erase,
    /// Tickets of a customer go along to another company, or to none.
    Convert,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::MergeCustomers, Kind::MergeCompanies, Kind::Erase, Kind::Convert];

    /// As the database writes it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::MergeCustomers => "merge_customers",
            Kind::MergeCompanies => "merge_companies",
            Kind::Erase => "erase",
            Kind::Convert => "convert",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Whose page it is shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Customer(UserId),
    Company(CompanyId),
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    pub id: ErrandId,
    pub kind: Kind,
    /// Who was merged, or changes their company; empty for somebody who is erased.
    pub whose: String,
    pub done: i64,
    /// As many as there were when it began: more may come meanwhile.
    pub all: i64,
    pub began_at: Time,
    /// `None`: it is under way.
    pub ended_at: Option<Time>,
}

impl Errand {
    pub fn is_moving(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Of a hundred; all of it only when it is over.
    pub fn percent(&self) -> i64 {
        match self.ended_at {
            Some(_) => 100,
            None if self.all > 0 => (self.done.saturating_mul(100) / self.all).clamp(0, 99),
            None => 0,
        }
    }
}

/// Whether something is done by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// The greater part is done batch by batch, beside other work.
    UnderWay,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_whole_only_when_it_is_over() {
        let errand = |done, all, ended_at| {
            let began_at = Time(0);
            Errand { id: ErrandId(1), kind: Kind::Erase, whose: String::new(), done, all, began_at, ended_at }.percent()
        };
        let table = [(0, 0, 0), (0, 10, 0), (5, 10, 50), (10, 10, 99), (12, 10, 99), (i64::MAX, 1, 99)];
        for (done, all, percent) in table {
            assert_eq!(errand(done, all, None), percent, "{done} of {all}");
        }
        assert_eq!(errand(0, 0, Some(Time(1))), 100);
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.word()), Some(kind));
        }
    }
}
