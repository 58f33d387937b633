//! Lines of companies, many at once: what they need is looked up together, and what they bring is written together.

use super::{
    lines::{Batch, Outcome, joined},
    people::json,
    read::Line,
};
use crate::{
    OrOurs, Tx,
    companies::edit::domain_taken,
    events,
    fields::values::{Columns, Filling},
    outside::ways::{self, Whom},
};
use domain::{
    Actor, CompanyId, Result,
    company::{CompanyFields, CompanyInput, CompanyName, domain_problem},
    error::Problems,
    event::Happening,
    fields::{Change, Subject, Values},
    import::Field,
    policy::{self, Action},
};
use serde_json::Value;
use sqlx::types::Json;
use std::collections::{HashMap, hash_map::Entry};

/// A company as the lines so far have left it.
struct Company {
    /// `None`: it is made by one of these lines.
    id: Option<CompanyId>,
    fields: CompanyFields,
    filling: Filling,
    /// Whether a line has changed it.
    changed: bool,
}

/// Who has a domain: their place among the companies at hand, if they are one of those, and what they are called.
struct Owner {
    place: Option<usize>,
    name: String,
}

/// What was found, and what the lines so far have made of it.
#[derive(Default)]
struct Companies {
    all: Vec<Company>,
    /// Their places in `all`, by what the database takes for their names.
    named: HashMap<String, usize>,
    /// What it takes for the names in the lines.
    keys: HashMap<String, String>,
    owners: HashMap<String, Owner>,
    /// The domains that companies get, with their places in `all`.
    gained: Vec<(usize, String)>,
    /// What has happened to which of them, in order: made, or changed in these fields.
    told: Vec<(usize, Option<Vec<String>>)>,
    /// What of their custom fields.
    filled: Vec<(usize, Vec<Change>)>,
}

/// Takes these lines in. Says what has become of each.
pub(super) async fn take(batch: &Batch<'_>, tx: &mut Tx, actor: &Actor, lines: &[Line]) -> Result<Vec<Outcome>> {
    policy::demand(actor, Action::EditPeople, None)?;
    let read: Vec<CompanyInput> = lines.iter().map(|line| of_cells(batch, line)).collect();
    let checked: Vec<Result<CompanyFields>> = read.iter().map(CompanyInput::check).collect();
    let columns = Columns::load(tx, Subject::Companies, &batch.custom()).await?;
    let mut companies = Companies::load(tx, &checked).await?;
    let outcomes = checked.into_iter().zip(lines).map(|(fields, line)| {
        let cell = |id| batch.value(line, Field::Custom(id));
        let taken = fields.and_then(|fields| companies.line(fields, |now| columns.fill(now, cell)));
        taken.unwrap_or_else(|error| Outcome::Refused(error.in_words()))
    });
    let outcomes = outcomes.collect();
    companies.write(tx, actor).await?;
    Ok(outcomes)
}

pub(super) fn of_cells(batch: &Batch<'_>, line: &Line) -> CompanyInput {
    let domains = batch.value(line, Field::Domains);
    let domains: Vec<&str> = domains.split([',', ';', ' ', '\n']).filter(|d| !d.is_empty()).collect();
    CompanyInput {
        name: batch.value(line, Field::Name),
        tier: batch.value(line, Field::Tier),
        domains: domains.join("\n"),
        notes: batch.value(line, Field::Notes),
        ..CompanyInput::default()
    }
}

impl Companies {
    /// Those that lines name, held until the end of the transaction, and those that have a domain that lines name.
    async fn load(tx: &mut Tx, lines: &[Result<CompanyFields>]) -> Result<Self> {
        let mut found = Self::default();
        let lines = || lines.iter().flatten();
        let names: Vec<String> = lines().map(|line| line.name.clone()).collect();
        let rows = sqlx::query!(
            r#"with held as (
                   select id, name, tier, notes, sees_all, fields from companies
                   where lower(name) in (select lower(n) from unnest($1::text[]) n) and merged_into is null
                   order by id for no key update
               )
               select a.name as "asked!", lower(a.name) as "key!", h.id as "id?", h.name as "name?", h.tier as "tier?",
                      h.notes as "notes?", h.sees_all as "sees_all?",
                      h.fields as "fields?: Json<Values>",
                      array(select d.domain from company_domains d where d.company_id = h.id order by d.domain) as "domains!"
               from (select distinct n as name from unnest($1::text[]) n) a left join held h on lower(h.name) = lower(a.name)"#,
            &names,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
        for r in rows {
            found.keys.insert(r.asked, r.key.clone());
            let (Some(id), Some(name)) = (r.id, r.name) else { continue };
            if found.named.contains_key(&r.key) {
                continue;
            }
            let fields = CompanyFields {
                name,
                tier: r.tier.unwrap_or_default(),
                domains: r.domains,
                notes: r.notes.unwrap_or_default(),
                sees_all: r.sees_all.unwrap_or_default(),
                ..CompanyFields::default()
            };
            found.named.insert(r.key, found.all.len());
            let values = r.fields.map(|fields| fields.0).unwrap_or_default();
            let filling = Filling { values, changes: Vec::new() };
            found.all.push(Company { id: Some(CompanyId(id)), fields, filling, changed: false });
        }
        let domains: Vec<String> = lines().flat_map(|line| line.domains.iter().cloned()).collect();
        let rows = sqlx::query!(
            "select d.domain, c.id, c.name from company_domains d join companies c on c.id = d.company_id
             where d.domain = any($1)",
            &domains,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
        for r in rows {
            let place = found.all.iter().position(|c| c.id == Some(CompanyId(r.id)));
            found.owners.insert(r.domain, Owner { place, name: r.name });
        }
        Ok(found)
    }

    /// Takes one line in. Errors: what is wrong with it.
    /// `fill`: what it says of custom fields, beside what they are filled with.
    fn line(
        &mut self,
        line: CompanyFields,
        fill: impl Fn(&Values) -> std::result::Result<Filling, String>,
    ) -> Result<Outcome> {
        let key = self.keys.get(&line.name).cloned().unwrap_or_default();
        let Some(place) = self.named.get(&key).copied() else {
            let place = self.all.len();
            let filling = match fill(&Values::new()) {
                Ok(filling) => filling,
                Err(problem) => return Ok(Outcome::Refused(problem)),
            };
            self.gain(place, &line.name, &line.domains)?;
            self.named.insert(key, place);
            self.filled.push((place, filling.changes.clone()));
            self.all.push(Company { id: None, fields: line, filling, changed: false });
            self.told.push((place, None));
            return Ok(Outcome::made());
        };
        let known = &self.all[place].fields;
        let mut domains = known.domains.clone();
        domains.extend(line.domains.into_iter().filter(|d| !known.domains.contains(d)));
        if let Some(problem) = domains.iter().find_map(|d| domain_problem(d)) {
            return Ok(Outcome::Refused(problem));
        }
        let filling = match fill(&self.all[place].filling.values) {
            Ok(filling) => filling,
            Err(problem) => return Ok(Outcome::Refused(problem)),
        };
        let wanted = CompanyInput {
            name: known.name.clone(),
            tier: if line.tier.is_empty() { known.tier.clone() } else { line.tier },
            domains: domains.join("\n"),
            notes: joined(&known.notes, &line.notes),
            sees_all: known.sees_all,
            ..CompanyInput::default()
        };
        let changed: Vec<String> = [
            ("tier", known.tier != wanted.tier),
            ("domains", known.domains != domains),
            ("notes", known.notes != wanted.notes),
        ]
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(field, _)| field.to_owned())
        .collect();
        let names: Vec<String> =
            changed.iter().cloned().chain(filling.changes.iter().map(|change| change.field.clone())).collect();
        if names.is_empty() {
            return Ok(Outcome::changed(names));
        }
        let wanted = wanted.check()?;
        self.gain(place, &wanted.name, &wanted.domains)?;
        let company = &mut self.all[place];
        self.filled.push((place, filling.changes.clone()));
        (company.fields, company.filling, company.changed) = (wanted, filling, true);
        if !changed.is_empty() {
            self.told.push((place, Some(changed)));
        }
        Ok(Outcome::changed(names))
    }

    /// Gives a company those of the domains that it does not have yet; none if another company has one of them.
    fn gain(&mut self, place: usize, name: &str, domains: &[String]) -> Result<()> {
        let mut problems = Problems::default();
        let mut domains: Vec<&String> = domains.iter().collect();
        domains.sort_unstable();
        for domain in &domains {
            if let Some(owner) = self.owners.get(*domain).filter(|owner| owner.place != Some(place)) {
                problems.add("domains", domain_taken(domain, &owner.name));
            }
        }
        problems.check()?;
        for domain in domains {
            if let Entry::Vacant(free) = self.owners.entry(domain.clone()) {
                free.insert(Owner { place: Some(place), name: name.to_owned() });
                let known = self.all.get(place).is_some_and(|company| company.fields.domains.contains(domain));
                if !known {
                    self.gained.push((place, domain.clone()));
                }
            }
        }
        Ok(())
    }

    /// In as many statements, however many there are.
    async fn write(mut self, tx: &mut Tx, actor: &Actor) -> Result<()> {
        let new: Vec<usize> = (0..self.all.len()).filter(|place| self.all[*place].id.is_none()).collect();
        let fields: Vec<&CompanyFields> = new.iter().map(|place| &self.all[*place].fields).collect();
        let filled = json(new.iter().map(|place| &self.all[*place].filling))?;
        for (place, id) in new.iter().zip(insert(tx, &fields, &filled).await?) {
            let company = &mut self.all[*place];
            (company.id, company.changed) = (Some(id), false);
        }
        let id = |place: usize| self.all.get(place).and_then(|company| company.id).unwrap_or(CompanyId(0));
        let changed: Vec<&Company> = self.all.iter().filter(|company| company.changed).collect();
        if !changed.is_empty() {
            sqlx::query!(
                "update companies c set tier = n.tier, notes = n.notes, fields = n.fields, version = c.version + 1
                 from unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[]) as n (id, tier, notes, fields)
                 where c.id = n.id",
                &changed.iter().filter_map(|company| company.id).map(|id| id.0).collect::<Vec<_>>(),
                &changed.iter().map(|company| company.fields.tier.clone()).collect::<Vec<_>>(),
                &changed.iter().map(|company| company.fields.notes.clone()).collect::<Vec<_>>(),
                &json(changed.iter().map(|company| &company.filling))?,
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
        }
        let gaining: Vec<CompanyId> = self.gained.iter().map(|(place, _)| id(*place)).collect();
        let mut bound = None;
        if !self.gained.is_empty() {
            bound = Some(ways::before(tx, Whom::Companies(&gaining)).await?);
            sqlx::query!(
                "insert into company_domains (domain, company_id) select * from unnest($1::text[], $2::bigint[])",
                &self.gained.iter().map(|(_, domain)| domain.clone()).collect::<Vec<_>>(),
                &gaining.iter().map(|id| id.0).collect::<Vec<_>>(),
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
        }
        let named = |place: usize| {
            let name = self.all.get(place).map(|company| company.fields.name.clone()).unwrap_or_default();
            CompanyName { id: id(place), name }
        };
        let told = self.told.into_iter().map(|(place, changed)| match changed {
            None => (None, Happening::CompanyCreated { company: named(place) }),
            Some(fields) => (None, Happening::CompanyChanged { company: named(place), fields }),
        });
        let filled = self.filled.into_iter().filter(|(_, changes)| !changes.is_empty());
        let filled = filled.map(|(place, changes)| (None, Happening::CompanyFields { company: named(place), changes }));
        events::append_many(tx, actor, &told.chain(filled).collect::<Vec<_>>()).await?;
        match bound {
            Some(bound) => ways::settle(tx, actor, bound).await,
            None => Ok(()),
        }
    }
}

/// Makes companies, without their domains. `filled`: what is in their custom fields. Their numbers, in the same order.
pub(super) async fn insert(tx: &mut Tx, new: &[&CompanyFields], filled: &[Value]) -> Result<Vec<CompanyId>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let at = tx.at();
    let of = |part: fn(&CompanyFields) -> &String| new.iter().map(|fields| part(fields).clone()).collect::<Vec<_>>();
    let ids = sqlx::query_scalar!(
        "insert into companies (name, tier, notes, created_at, fields)
         select n.name, n.tier, n.notes, $1, coalesce(n.fields, '{}')
         from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[]) with ordinality
             as n (name, tier, notes, fields, place)
         order by n.place returning id",
        at,
        &of(|fields| &fields.name),
        &of(|fields| &fields.tier),
        &of(|fields| &fields.notes),
        filled,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    Ok(ids.into_iter().map(CompanyId).collect())
}
