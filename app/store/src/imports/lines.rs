//! What becomes of the lines of a file.

use super::{
    carried::{Carried, Touched},
    companies, people,
    read::Line,
    tickets,
    work::of_line,
};
use crate::{OrOurs, Tx, outside::ways, render};
use domain::{
    Actor, FieldId, Result,
    customer::NOTES_MAX,
    import::{Becomes, CELL_MAX, Field, Kind, Reading, Sample, html::is_html},
    text,
};
use std::{
    borrow::Cow,
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

/// Why a line is refused that is longer than any line that says something.
const TOO_LONG: &str = "It is longer than 256 KB. Maybe a quotation mark has no second one.";

/// Some lines, and what has become of them.
pub(super) struct Batch<'a> {
    pub kind: Kind,
    pub reading: &'a Reading,
    pub made: i64,
    pub changed: i64,
    pub same: i64,
    pub unassigned: i64,
    pub refused: Vec<(Line, String)>,
    /// What becomes of as many lines as are wanted.
    pub samples: Vec<Sample>,
    wanted: usize,
    /// In a trial: what the lines before have left.
    pub trial: Option<Carried>,
    /// In a trial: who or what lines have made or changed.
    pub touched: Vec<Touched>,
    /// How many tags the batches before have made, and which this one has; of how many tickets some are left out.
    pub tags_before: usize,
    pub tags: HashSet<String>,
    pub tags_left: i64,
}

pub(super) enum Outcome {
    Taken(Becomes),
    /// A ticket that is made.
    Ticket {
        /// It is nobody's, as nobody on staff is called like this.
        unassigned: Option<String>,
        /// Some of its tags are left out.
        tags_left: bool,
    },
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
        Self {
            kind,
            reading,
            wanted,
            made: 0,
            changed: 0,
            same: 0,
            unassigned: 0,
            refused: Vec::new(),
            samples: Vec::new(),
            trial: None,
            touched: Vec::new(),
            tags_before: 0,
            tags: HashSet::new(),
            tags_left: 0,
        }
    }

    /// Takes the lines in.
    ///
    /// What the database refuses of many is taken in by halves, until it is known which line it is.
    #[crate::compiled_here]
    pub async fn take(&mut self, tx: &mut Tx, actor: &Actor, lines: Vec<Line>) -> Result<()> {
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
                Ok((done, tags)) => {
                    self.tags.extend(tags);
                    outcomes.extend(lines.into_iter().zip(done));
                }
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
        self.count(outcomes);
        Ok(())
    }

    /// Also says which tags were made.
    async fn write(&self, tx: &mut Tx, actor: &Actor, lines: &[Line]) -> Result<(Vec<Outcome>, Vec<String>)> {
        match self.kind {
            Kind::Companies => return Ok((companies::take(self, tx, actor, lines).await?, Vec::new())),
            Kind::Tickets => return tickets::take(self, tx, actor, lines).await,
            Kind::Customers => {}
        }
        let mut outcomes = Vec::with_capacity(lines.len());
        while outcomes.len() < lines.len() {
            // No address twice at once: what a line finds is what those before it have left.
            let mut seen = HashSet::new();
            let rest = &lines[outcomes.len()..];
            let round = rest.iter().take_while(|line| seen.insert(self.key(line))).count();
            outcomes.extend(people::take(self, tx, actor, &rest[..round]).await?);
        }
        Ok((outcomes, Vec::new()))
    }

    fn count(&mut self, outcomes: Vec<(Line, Outcome)>) {
        for (line, outcome) in outcomes {
            let becomes = match outcome {
                Outcome::Taken(becomes) => becomes,
                Outcome::Ticket { unassigned, tags_left } => {
                    self.unassigned += i64::from(unassigned.is_some());
                    self.tags_left += i64::from(tags_left);
                    Becomes::Made(unassigned)
                }
                Outcome::Refused(reason) => {
                    self.refused.push((line, reason));
                    continue;
                }
            };
            if self.trial.is_some() && !matches!(becomes, Becomes::Same) {
                self.touched.push(Touched::new(self, &line, &becomes));
            }
            match becomes {
                Becomes::Made(_) => self.made += 1,
                Becomes::Changed(_) => self.changed += 1,
                Becomes::Same => self.same += 1,
            }
            if self.samples.len() < self.wanted {
                let cells: Vec<_> = line.cells.iter().map(|cell| words(cell)).collect();
                let says = text::excerpt(&text::tidy(&cells.join(" · ")), CELL_MAX);
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

    /// The custom fields that there are columns for.
    pub fn custom(&self) -> Vec<FieldId> {
        let custom = self.reading.columns.iter().filter_map(|column| match column {
            Some(Field::Custom(id)) => Some(*id),
            _ => None,
        });
        custom.collect()
    }

    /// What a line has in the column of a field; where there are several of them, below each other.
    pub fn value(&self, line: &Line, field: Field) -> String {
        let cells = self.reading.columns.iter().zip(&line.cells).filter(|(column, _)| **column == Some(field));
        let filled: Vec<&str> = cells.map(|(_, cell)| cell.as_str()).filter(|cell| !cell.is_empty()).collect();
        filled.join("\n")
    }
}

/// What a cell says, of HTML the words.
pub(super) fn words(cell: &str) -> Cow<'_, str> {
    if is_html(cell) { Cow::Owned(render::mail_text(cell)) } else { Cow::Borrowed(cell) }
}

/// Notes with what a file says below them, unless they say it already.
pub(super) fn joined(known: &str, new: &str) -> String {
    if new.is_empty() || known.contains(new) {
        return known.to_owned();
    }
    let both = if known.is_empty() { new.to_owned() } else { format!("{known}\n\n{new}") };
    if both.chars().count() > NOTES_MAX { known.to_owned() } else { both }
}
