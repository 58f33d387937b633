//! What becomes of the lines of a file.

use super::{people, read::Line, work::of_line};
use crate::{Tx, companies, outside::ways};
use domain::{
    Actor, CompanyId, Result,
    company::{CompanyInput, domain_problem},
    customer::NOTES_MAX,
    import::{Field, Kind, Reading},
    text,
};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

/// Some lines, and what has become of them.
pub(super) struct Batch<'a> {
    kind: Kind,
    reading: &'a Reading,
    pub made: i64,
    pub changed: i64,
    pub same: i64,
    pub refused: Vec<(Line, String)>,
}

pub(super) enum Outcome {
    Made,
    Changed,
    Same,
    Refused(String),
}

impl<'a> Batch<'a> {
    pub fn new(kind: Kind, reading: &'a Reading) -> Self {
        Self { kind, reading, made: 0, changed: 0, same: 0, refused: Vec::new() }
    }

    /// Takes the lines in. `trial`: it will be taken back; who was made by the batches before, that are not there any more.
    #[crate::compiled_here]
    pub async fn take(
        &mut self,
        tx: &mut Tx,
        actor: &Actor,
        lines: Vec<Line>,
        trial: Option<&mut HashSet<u64>>,
    ) -> Result<()> {
        let mut outcomes = Vec::with_capacity(lines.len());
        match self.kind {
            Kind::Customers => {
                ways::take_turn_of_people(tx).await?;
                let mut rest = lines.into_iter().peekable();
                while rest.peek().is_some() {
                    // Nobody twice at once: what a line finds is what those before it have left.
                    let mut seen = HashSet::new();
                    let mut round = Vec::new();
                    while let Some(line) = rest.next_if(|line| seen.insert(self.key(line)) || round.is_empty()) {
                        round.push(line);
                    }
                    outcomes.extend(people::take(self, tx, actor, round).await?);
                }
            }
            Kind::Companies => {
                if lines.iter().any(|line| !self.value(line, Field::Domains).is_empty()) {
                    ways::take_turn_of_companies(tx).await?;
                }
                for line in lines {
                    let outcome = self.company(tx, actor, &line).await?;
                    outcomes.push((line, outcome));
                }
            }
        }
        self.count(outcomes, trial);
        Ok(())
    }

    fn count(&mut self, outcomes: Vec<(Line, Outcome)>, mut trial: Option<&mut HashSet<u64>>) {
        for (line, outcome) in outcomes {
            match outcome {
                Outcome::Made => {
                    let new = trial.as_deref_mut().is_none_or(|before| before.insert(self.key(&line)));
                    if new { self.made += 1 } else { self.same += 1 }
                }
                Outcome::Changed => self.changed += 1,
                Outcome::Same => self.same += 1,
                Outcome::Refused(reason) => self.refused.push((line, reason)),
            }
        }
    }

    /// What a line is about, by its address or name, as a number: there may be very many of them.
    pub fn key(&self, line: &Line) -> u64 {
        let field = if self.kind == Kind::Customers { Field::Email } else { Field::Name };
        let mut hasher = DefaultHasher::new();
        text::tidy_line(&self.value(line, field)).to_lowercase().hash(&mut hasher);
        hasher.finish()
    }

    /// What a line has in the column of a field.
    pub fn value(&self, line: &Line, field: Field) -> String {
        let column = self.reading.columns.iter().position(|c| *c == Some(field));
        column.and_then(|n| line.cells.get(n)).cloned().unwrap_or_default()
    }

    async fn company(&self, tx: &mut Tx, actor: &Actor, line: &Line) -> Result<Outcome> {
        let domains = self.value(line, Field::Domains);
        let domains: Vec<&str> = domains.split([',', ';', ' ', '\n']).filter(|d| !d.is_empty()).collect();
        let input = CompanyInput {
            name: self.value(line, Field::Name),
            tier: self.value(line, Field::Tier),
            domains: domains.join("\n"),
            notes: self.value(line, Field::Notes),
            sees_all: false,
        };
        let fields = match input.check() {
            Ok(fields) => fields,
            Err(error) => return Ok(Outcome::Refused(error.in_words())),
        };
        let Some(known) = companies::find_named(tx, &fields.name).await? else {
            return match companies::edit::create(tx, actor, &input).await {
                Ok(_) => Ok(Outcome::Made),
                Err(error) => of_line(error).map(Outcome::Refused),
            };
        };
        let company = companies::view::load(&mut tx.conn, known.id).await?;
        let mut all = company.domains.clone();
        all.extend(fields.domains.into_iter().filter(|d| !company.domains.contains(d)));
        if let Some(problem) = all.iter().find_map(|d| domain_problem(d)) {
            return Ok(Outcome::Refused(problem));
        }
        let tier = if fields.tier.is_empty() { company.tier.clone() } else { fields.tier };
        let notes = joined(&company.notes, &fields.notes);
        if all == company.domains && tier == company.tier && notes == company.notes {
            return Ok(Outcome::Same);
        }
        let wanted =
            CompanyInput { name: company.name, tier, domains: all.join("\n"), notes, sees_all: company.sees_all };
        match companies::edit::change(tx, actor, CompanyId(known.id.0), company.version, &wanted).await {
            Ok(()) => Ok(Outcome::Changed),
            Err(error) => of_line(error).map(Outcome::Refused),
        }
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
