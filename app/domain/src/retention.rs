//! How long what is kept.

use crate::{Result, error::Problems, text::grouped};
use serde::{Deserialize, Serialize};

/// The longest period, in months: ten years.
pub const MONTHS_MAX: i32 = 120;

/// How long it is kept, in months; `None`: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periods {
    /// What closed tickets say, since they were last touched.
    pub tickets: Option<i32>,
    /// Customers, since they last did anything.
    pub customers: Option<i32>,
    /// What those customers wrote goes, too.
    pub messages: bool,
}

impl Periods {
    /// Errors: field errors for `tickets` and `customers`.
    pub fn check(&self) -> Result<()> {
        let mut problems = Problems::default();
        for (field, months) in [("tickets", self.tickets), ("customers", self.customers)] {
            if months.is_some_and(|months| !(1..=MONTHS_MAX).contains(&months)) {
                problems.add(field, format!("Use a number from 1 to {MONTHS_MAX}, or leave it empty."));
            }
        }
        problems.check()
    }

    /// Whether anything goes by these that stayed by `now`.
    pub fn erases_more_than(&self, now: &Self) -> bool {
        let shorter = |wanted: Option<i32>, now: Option<i32>| wanted.is_some_and(|w| now.is_none_or(|n| w < n));
        shorter(self.tickets, now.tickets)
            || shorter(self.customers, now.customers)
            || (self.customers.is_some() && self.messages && !now.messages)
    }
}

/// How many would go now: counted up to a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// At most [`COUNTED_MAX`]; one more stands for all that are more.
    pub tickets: i64,
    pub customers: i64,
    /// So many of the longest-standing customers were looked at, where not all of them were.
    pub looked_at: Option<i64>,
}

/// More tickets than these are not counted one by one.
pub const COUNTED_MAX: i64 = 10_000;

impl Preview {
    /// “12 tickets and 3 customers”.
    pub fn words(&self) -> String {
        let tickets = match self.tickets {
            1 => "1 ticket".to_owned(),
            n if n > COUNTED_MAX => "more than 10,000 tickets".to_owned(),
            n => format!("{} tickets", grouped(n)),
        };
        let customers = if self.customers == 1 {
            "1 customer".to_owned()
        } else {
            format!("{} customers", grouped(self.customers))
        };
        match self.looked_at {
            Some(all) => format!("{tickets}, and {customers} of the first {} looked at", grouped(all)),
            None => format!("{tickets} and {customers}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(tickets: Option<i32>, customers: Option<i32>, messages: bool) -> Periods {
        Periods { tickets, customers, messages }
    }

    #[test]
    fn periods_are_months_up_to_ten_years() {
        for right in [None, Some(1), Some(120)] {
            assert_eq!(periods(right, right, true).check(), Ok(()));
        }
        for wrong in [0, -1, 121, i32::MAX, i32::MIN] {
            let error = periods(Some(wrong), Some(wrong), false).check().expect_err("wrong");
            assert!(error.of_field("tickets").is_some() && error.of_field("customers").is_some(), "{wrong}");
        }
    }

    #[test]
    fn only_what_erases_more_is_asked_about() {
        let now = periods(Some(24), None, false);
        for (wanted, asked) in [
            (now, false),
            (periods(Some(36), None, false), false),
            (periods(None, None, true), false),
            (periods(Some(23), None, false), true),
            (periods(Some(24), Some(120), false), true),
        ] {
            assert_eq!(wanted.erases_more_than(&now), asked, "{wanted:?}");
        }
        assert!(periods(None, Some(12), true).erases_more_than(&periods(None, Some(12), false)));
    }

    #[test]
    fn counts_say_where_they_end() {
        let said = |tickets, customers, looked_at| Preview { tickets, customers, looked_at }.words();
        assert_eq!(said(0, 0, None), "0 tickets and 0 customers");
        assert_eq!(said(1, 1, None), "1 ticket and 1 customer");
        assert_eq!(said(10_000, 2, None), "10,000 tickets and 2 customers");
        assert_eq!(
            said(10_001, 7, Some(20_000)),
            "more than 10,000 tickets, and 7 customers of the first 20,000 looked at"
        );
    }
}
