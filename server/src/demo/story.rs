//! What happens on one ticket, step by step.

use super::texts::RATINGS;
use domain::Time;
use domain::event::Happening;
use rand::Rng as _;
use rand::rngs::StdRng;

/// Something that happens on a ticket.
pub struct Step {
    pub at: Time,
    /// `None`: the customer.
    pub agent: Option<usize>,
    pub what: Happening,
    /// The kind and text of a message.
    pub message: Option<(&'static str, String)>,
}

/// The steps of one ticket, in order of time, never past now.
pub struct Story {
    pub at: Time,
    pub now: Time,
    pub steps: Vec<Step>,
}

impl Story {
    /// Lets time pass: between `least` and `most` milliseconds.
    pub fn wait(&mut self, random: &mut StdRng, least: i64, most: i64) {
        // Short waits are more likely than long ones.
        let share = random.random::<f64>().powi(3);
        let wait = least + ((most - least) as f64 * share) as i64;
        // A young ticket's story is told faster: it must not run into now.
        let room = (self.now.0 - self.at.0) / 3;
        self.at = self.at.plus_millis(wait.min(room).max(0));
    }

    /// The customer says how it was solved. By the number of the ticket, not by chance: all that comes after stays as it was.
    pub fn rate(&mut self, n: usize) {
        let hours = 1 + (n % 40) as i64;
        self.at = self.at.plus_millis((hours * 3_600_000).min((self.now.0 - self.at.0).max(0)));
        let (score, comment) = RATINGS[n / 3 % RATINGS.len()];
        self.say(None, Happening::Rated { score, was: None, comment: comment.to_owned(), by_mail: false }, None);
    }

    pub fn say(&mut self, agent: Option<usize>, what: Happening, message: Option<(&'static str, String)>) {
        self.steps.push(Step { at: self.at, agent, what, message });
    }
}
