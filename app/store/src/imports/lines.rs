//! What becomes of the lines of a file.

use super::{companies, people, read::Line, tickets, work::of_line};
use crate::{OrOurs, Tx, outside::ways};
use domain::{
    Actor, Result,
    customer::NOTES_MAX,
    import::{Becomes, CELL_MAX, Field, Kind, Reading, Sample},
    text,
};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

/// Why a line is refused that is longer than any line that says something.
const TOO_LONG: &str = "It is longer than 256 KB. Maybe a quotation mark has no second one.";

/// Some lines, and what has become of them.
pub(super) struct Batch<'a> {
    kind: Kind,
    pub reading: &'a Reading,
    pub made: i64,
    pub changed: i64,
    pub same: i64,
    pub unassigned: i64,
    pub refused: Vec<(Line, String)>,
    /// What becomes of as many lines as are wanted.
    pub samples: Vec<Sample>,
    wanted: usize,
}

pub(super) enum Outcome {
    Taken(Becomes),
    /// A ticket that is nobody's, as nobody on staff is called like this.
    Unassigned(String),
    Refused(String),
}

impl Outcome {
    pub fn made() -> Self {
        Self::Taken(Becomes::Made(None))
    }

    /// With these fields changed; none: it is as it was.
    pub fn changed(fields: Vec<String>) -> Self {
        Self::Taken(if fields.is_empty() { Becomes::Same } else { Becomes::Changed(fields) })
    }
}

impl<'a> Batch<'a> {
    /// `wanted`: of so many lines it is noted what becomes of each.
    pub fn new(kind: Kind, reading: &'a Reading, wanted: usize) -> Self {
        let (refused, samples) = (Vec::new(), Vec::new());
        Self { kind, reading, made: 0, changed: 0, same: 0, unassigned: 0, refused, samples, wanted }
    }

    /// Takes the lines in. `trial`: it will be taken back; who was made by the batches before, that are not there any more.
    ///
    /// What the database refuses of many is taken in by halves, until it is known which line it is.
    #[crate::compiled_here]
    pub async fn take(
        &mut self,
        tx: &mut Tx,
        actor: &Actor,
        lines: Vec<Line>,
        trial: Option<&mut HashSet<u64>>,
    ) -> Result<()> {
        let (lines, cut): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| line.whole);
        self.refused.extend(cut.into_iter().map(|line| (line, TOO_LONG.to_owned())));
        match self.kind {
            Kind::Customers | Kind::Tickets => ways::take_turn_of_people(tx).await?,
            Kind::Companies if lines.iter().all(|line| self.value(line, Field::Domains).is_empty()) => {}
            Kind::Companies => ways::take_turn_of_companies(tx).await?,
        }
        let mut outcomes = Vec::with_capacity(lines.len());
        let mut waiting = vec![lines];
        while let Some(mut lines) = waiting.pop() {
            sqlx::query("savepoint lines").execute(&mut *tx.conn).await.ours()?;
            match self.write(tx, actor, &lines).await {
                Ok(done) => outcomes.extend(lines.into_iter().zip(done)),
                Err(error) => {
                    let reason = of_line(error)?;
                    sqlx::query("rollback to savepoint lines").execute(&mut *tx.conn).await.ours()?;
                    let later = lines.split_off(lines.len() / 2);
                    if lines.is_empty() {
                        outcomes.extend(later.into_iter().map(|line| (line, Outcome::Refused(reason.clone()))));
                    } else {
                        waiting.extend([later, lines]);
                    }
                }
            }
        }
        self.count(outcomes, trial);
        Ok(())
    }

    async fn write(&self, tx: &mut Tx, actor: &Actor, lines: &[Line]) -> Result<Vec<Outcome>> {
        match self.kind {
            Kind::Companies => return companies::take(self, tx, actor, lines).await,
            Kind::Tickets => return tickets::take(self, tx, actor, lines).await,
            Kind::Customers => {}
        }
        let mut outcomes = Vec::with_capacity(lines.len());
        while outcomes.len() < lines.len() {
            // Nobody twice at once: what a line finds is what those before it have left.
            let mut seen = HashSet::new();
            let rest = &lines[outcomes.len()..];
            let round = rest.iter().take_while(|line| seen.insert(self.key(line))).count();
            outcomes.extend(people::take(self, tx, actor, &rest[..round]).await?);
        }
        Ok(outcomes)
    }

    fn count(&mut self, outcomes: Vec<(Line, Outcome)>, mut trial: Option<&mut HashSet<u64>>) {
        for (line, outcome) in outcomes {
            let mut becomes = match outcome {
                Outcome::Taken(becomes) => becomes,
                Outcome::Unassigned(who) => {
                    self.unassigned += 1;
                    Becomes::Made(Some(who))
                }
                Outcome::Refused(reason) => {
                    self.refused.push((line, reason));
                    continue;
                }
            };
            let again = |before: &mut HashSet<u64>| !before.insert(self.key(&line));
            if matches!(becomes, Becomes::Made(_)) && trial.as_deref_mut().is_some_and(again) {
                becomes = Becomes::Same;
            }
            match becomes {
                Becomes::Made(_) => self.made += 1,
                Becomes::Changed(_) => self.changed += 1,
                Becomes::Same => self.same += 1,
            }
            if self.samples.len() < self.wanted {
                let says = text::excerpt(&text::tidy(&line.cells.join(" · ")), CELL_MAX);
                self.samples.push(Sample { line: line.number, becomes, says });
            }
        }
    }

    /// What a line is about, by its address or name, as a number: there may be very many of them.
    pub fn key(&self, line: &Line) -> u64 {
        let mut hasher = DefaultHasher::new();
        text::tidy_line(&self.value(line, self.kind.key())).to_lowercase().hash(&mut hasher);
        hasher.finish()
    }

    /// What a line has in the column of a field.
    pub fn value(&self, line: &Line, field: Field) -> String {
        let column = self.reading.columns.iter().position(|c| *c == Some(field));
        column.and_then(|n| line.cells.get(n)).cloned().unwrap_or_default()
    }
}

/// Notes with what a file says below them, unless they say it already.
pub(super) fn joined(known: &str, new: &str) -> String {
    if new.is_empty() || known.contains(new) {
        return known.to_owned();
    }
    let both = if known.is_empty() { new.to_owned() } else { format!("{known}\n\n{new}") };
    if both.chars().count() > NOTES_MAX { known.to_owned() } else { both }
}
