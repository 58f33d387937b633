//! What becomes of the lines of a file.

use super::{read::Line, work::of_line};
use crate::{OrOurs, Tx, companies, customers, events};
use domain::{
    Actor, CompanyId, Result, UserId,
    company::{CompanyInput, CompanyName, domain_problem},
    customer::{CustomerInput, NOTES_MAX, PHONES_MAX},
    event::Happening,
    import::{Field, Kind, Reading},
    text,
};
use std::collections::HashSet;

/// Some lines, and what has become of them.
pub(super) struct Batch<'a> {
    kind: Kind,
    reading: &'a Reading,
    pub made: i64,
    pub changed: i64,
    pub same: i64,
    pub refused: Vec<(Line, String)>,
}

enum Outcome {
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
        mut trial: Option<&mut HashSet<String>>,
    ) -> Result<()> {
        for line in lines {
            let outcome = match self.kind {
                Kind::Customers => self.customer(tx, actor, &line).await?,
                Kind::Companies => self.company(tx, actor, &line).await?,
            };
            match outcome {
                Outcome::Made => {
                    let key = self.value(&line, if self.kind == Kind::Customers { Field::Email } else { Field::Name });
                    let new = trial.as_deref_mut().is_none_or(|before| before.insert(key.to_lowercase()));
                    if new { self.made += 1 } else { self.same += 1 }
                }
                Outcome::Changed => self.changed += 1,
                Outcome::Same => self.same += 1,
                Outcome::Refused(reason) => self.refused.push((line, reason)),
            }
        }
        Ok(())
    }

    /// What a line has in the column of a field.
    fn value(&self, line: &Line, field: Field) -> String {
        let column = self.reading.columns.iter().position(|c| *c == Some(field));
        column.and_then(|n| line.cells.get(n)).cloned().unwrap_or_default()
    }

    async fn customer(&self, tx: &mut Tx, actor: &Actor, line: &Line) -> Result<Outcome> {
        let email = text::tidy_line(&self.value(line, Field::Email));
        if email.is_empty() {
            return Ok(Outcome::Refused("It has no e-mail address.".into()));
        }
        let parts = [Field::First, Field::Last].map(|f| self.value(line, f));
        let given = match self.value(line, Field::Name) {
            name if name.is_empty() => text::tidy_line(&parts.join(" ")),
            name => text::tidy_line(&name),
        };
        let company = text::tidy_line(&self.value(line, Field::Company));
        let (phone, notes) = (self.value(line, Field::Phone), text::tidy(&self.value(line, Field::Notes)));
        let known = sqlx::query!(
            "select u.id, u.role, u.name, u.phones, u.notes, u.company_id, u.erased_at
             from user_emails e join users u on u.id = e.user_id where e.address = lower($1)",
            email,
        )
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?;
        let name = match (&known, given.is_empty()) {
            (Some(known), true) => known.name.clone(),
            (None, true) => email.split('@').next().unwrap_or(&email).to_owned(),
            (_, false) => given,
        };
        let input = CustomerInput { name, email, emails: String::new(), phones: phone, notes };
        let fields = match input.check() {
            Ok(fields) => fields,
            Err(error) => return Ok(Outcome::Refused(error.in_words())),
        };
        let Some(known) = known else {
            if !company.is_empty() && companies::find_named(tx, &company).await?.is_none() {
                let new = CompanyInput { name: company.clone(), ..CompanyInput::default() };
                if let Err(error) = companies::edit::create(tx, actor, &new).await {
                    return of_line(error).map(Outcome::Refused);
                }
            }
            return match customers::edit::create(tx, actor, &input, &company).await {
                Ok(_) => Ok(Outcome::Made),
                Err(error) => of_line(error).map(Outcome::Refused),
            };
        };
        if known.role != "customer" {
            return Ok(Outcome::Refused("This is the address of one of your colleagues.".into()));
        }
        let mut changed = Vec::new();
        let to = match self.joins(tx, &company, known.company_id).await? {
            Ok(to) => to,
            Err(reason) => return Ok(Outcome::Refused(reason)),
        };
        let mut phones = known.phones.clone();
        phones.extend(fields.phones.iter().filter(|p| !known.phones.contains(p)).cloned());
        phones.truncate(PHONES_MAX.max(known.phones.len()));
        let notes = joined(&known.notes, &fields.notes);
        if known.name != fields.name {
            changed.push("name".to_owned());
        }
        if phones != known.phones {
            changed.push("phones".to_owned());
        }
        if notes != known.notes {
            changed.push("notes".to_owned());
        }
        let id = UserId(known.id);
        if !changed.is_empty() {
            sqlx::query!(
                "update users set name = $2, phones = $3, notes = $4, version = version + 1 where id = $1",
                id.0,
                fields.name,
                &phones,
                notes,
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
            let what = Happening::CustomerChanged { customer: id, fields: changed.clone() };
            events::append(tx, actor, None, &what).await?;
        }
        if let Some(to) = &to {
            let done = customers::company::convert(tx, actor, id, None, Some(to.id), false).await;
            if let Err(error) = done {
                return of_line(error).map(Outcome::Refused);
            }
        }
        Ok(if changed.is_empty() && to.is_none() { Outcome::Same } else { Outcome::Changed })
    }

    /// The company that an individual joins by a line. Who has another one stays there: what that would bring to light is
    /// not for a file to decide.
    async fn joins(
        &self,
        tx: &mut Tx,
        name: &str,
        now: Option<i64>,
    ) -> Result<std::result::Result<Option<CompanyName>, String>> {
        if name.is_empty() {
            return Ok(Ok(None));
        }
        let found = companies::find_named(tx, name).await?;
        Ok(match (found, now) {
            (Some(found), Some(now)) if found.id.0 == now => Ok(None),
            (Some(found), None) => Ok(Some(found)),
            (None, None) => Err(format!("There is no company “{name}”, and this customer is an individual so far.")),
            (_, Some(_)) => Err("This customer belongs to another company. Change that on their page.".to_owned()),
        })
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
fn joined(known: &str, new: &str) -> String {
    if new.is_empty() || known.contains(new) {
        return known.to_owned();
    }
    let both = if known.is_empty() { new.to_owned() } else { format!("{known}\n\n{new}") };
    if both.chars().count() > NOTES_MAX { known.to_owned() } else { both }
}
