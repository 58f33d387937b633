//! What requesters say of how their tickets were solved: a number from 1 to 5, and words beside it.

use crate::{EventId, Result, TicketId, Time, error::Problems, text};
use serde::{Deserialize, Serialize};

/// The longest comment, in characters.
pub const COMMENT_MAX: usize = 2_000;
/// How long after it was solved a ticket can be rated, and what was said of it be changed, in days.
pub const OPEN_DAYS: i64 = 30;
/// The longest time that is waited with the mail, in hours: two weeks.
pub const DELAY_MAX: i32 = 14 * 24;

/// The numbers with their names, the worst one first.
pub const SCORES: [(i16, &str); 5] = [(1, "Very bad"), (2, "Bad"), (3, "Okay"), (4, "Good"), (5, "Very good")];

/// Until when a ticket that was solved then can be rated.
pub fn open_until(solved_at: Time) -> Time {
    solved_at.plus_millis(OPEN_DAYS * 86_400_000)
}

/// What somebody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRating {
    /// Any other number than 1 to 5: nothing was chosen.
    pub score: i16,
    pub comment: String,
}

impl NewRating {
    /// The same, tidied. Errors: field errors for `score` and `comment`.
    pub fn check(self) -> Result<Self> {
        let comment = text::tidy(&self.comment);
        let mut problems = Problems::default();
        if !(1..=5).contains(&self.score) {
            problems.add("score", "Please choose one of the five.");
        }
        if comment.chars().count() > COMMENT_MAX {
            problems.add("comment", format!("Use at most {COMMENT_MAX} characters."));
        }
        problems.check()?;
        Ok(Self { comment, ..self })
    }
}

/// What was said last of a ticket, or of one time that it was solved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub score: i16,
    pub comment: String,
    pub at: Time,
}

/// Somebody is asked how a ticket was solved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What they have said already, and may change.
    pub given: Option<Given>,
    pub until: Time,
}

/// The same for whoever has the link of a mail: as much of the ticket as they have to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedByMail {
    pub ticket: TicketId,
    pub subject: String,
    pub question: Question,
}

/// How many tickets were rated, and the sum of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Average {
    pub ratings: i64,
    pub total: i64,
}

impl Average {
    /// “4.3 of 5, by 12 ratings”. `None`: there are none.
    pub fn words(self) -> Option<String> {
        if self.ratings <= 0 {
            return None;
        }
        // In whole numbers: both halves show the same.
        let tenths = (self.total * 20 + self.ratings) / (2 * self.ratings);
        let many = if self.ratings == 1 { "1 rating".to_owned() } else { format!("{} ratings", self.ratings) };
        Some(format!("{}.{} of 5, by {many}", tenths / 10, tenths % 10))
    }
}

/// A rating as a line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rated {
    /// The entry of its ticket that it is.
    pub entry: EventId,
    pub ticket: TicketId,
    pub subject: String,
    pub given: Given,
}

/// Who is asked, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// In the portal, on the ticket.
    pub portal: bool,
    pub mail: bool,
    /// How long after a ticket was solved the mail is sent.
    pub delay_hours: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { portal: true, mail: false, delay_hours: 24 }
    }
}

impl Settings {
    /// Errors: a field error for `delay_hours`.
    pub fn check(&self) -> Result<()> {
        let mut problems = Problems::default();
        if !(0..=DELAY_MAX).contains(&self.delay_hours) {
            problems.add("delay_hours", format!("Use a number from 0 to {DELAY_MAX}."));
        }
        problems.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_five_with_a_comment_or_without() {
        for score in 1..=5 {
            let rating = NewRating { score, comment: "  fine \r\n thanks ".into() }.check().expect("right");
            assert_eq!((rating.score, rating.comment.as_str()), (score, "fine \n thanks"));
        }
        for score in [0, 6, -1, i16::MIN, i16::MAX] {
            let error = NewRating { score, comment: String::new() }.check().expect_err("wrong");
            assert!(error.of_field("score").is_some(), "{score}");
        }
        assert!(NewRating { score: 1, comment: "ß".repeat(COMMENT_MAX) }.check().is_ok());
        let error = NewRating { score: 0, comment: "ß".repeat(COMMENT_MAX + 1) }.check().expect_err("too long");
        assert!(error.of_field("comment").is_some() && error.of_field("score").is_some());
    }

    #[test]
    fn averages_are_told_to_the_tenth() {
        for (ratings, total, words) in [
            (0, 0, None),
            (1, 5, Some("5.0 of 5, by 1 rating")),
            (2, 7, Some("3.5 of 5, by 2 ratings")),
            (3, 13, Some("4.3 of 5, by 3 ratings")),
            (3, 14, Some("4.7 of 5, by 3 ratings")),
            (20, 79, Some("4.0 of 5, by 20 ratings")),
            (1_000, 1_000, Some("1.0 of 5, by 1000 ratings")),
        ] {
            assert_eq!(Average { ratings, total }.words().as_deref(), words);
        }
    }

    #[test]
    fn mails_wait_for_up_to_two_weeks() {
        for (hours, right) in [(0, true), (24, true), (336, true), (-1, false), (337, false)] {
            assert_eq!(Settings { delay_hours: hours, ..Settings::default() }.check().is_ok(), right, "{hours}");
        }
    }
}
