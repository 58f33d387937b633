//! What the lines of a trial leave to those after them. A trial takes back what it does batch by batch, so that nobody waits for
//! its end; what later lines would find in the run is kept here, and put back before they are tried.

use super::{companies, identities, lines::Batch, read::Line, stored::Lines};
use crate::{Desk, OrOurs, Tx, customers::channels, outside::ways};
use domain::{
    Result,
    channel::{Channel, Identity, lines_of_cell},
    company::CompanyFields,
    import::{Becomes, Field, Import, Kind},
    text,
};
use serde_json::Value;
use sqlx::types::Json;
use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

/// A customer as the lines so far have left them.
#[derive(Clone)]
struct Person {
    name: String,
    phones: Vec<String>,
    channels: Vec<Identity>,
    notes: String,
    company: Option<String>,
    /// What is in their custom fields.
    custom: Value,
}

/// A company as the lines so far have left it.
struct Firm {
    fields: CompanyFields,
    custom: Value,
}

#[derive(Default)]
pub(super) struct Carried {
    /// Which addresses come more than once in the file, or have an identity that does: nobody else has to be kept, but who has several.
    again: HashSet<u64>,
    /// By their address in small letters; of who has several by the first.
    people: HashMap<String, Person>,
    /// The addresses of those who have several, with the first.
    firsts: HashMap<String, String>,
    /// Whose identities these are, by that address.
    reached: HashMap<(Channel, String), String>,
    /// The names of companies that lines of customers have made, by those names in small letters.
    named: HashMap<String, String>,
    /// Companies of a file of companies, by what the database takes for their names.
    companies: HashMap<String, Firm>,
    /// Which of them have these domains.
    owners: HashMap<String, String>,
    /// Tickets, by their numbers.
    numbers: HashSet<String>,
    /// Tags that were made.
    pub tags: HashSet<String>,
}

impl Carried {
    /// Finds out which lines are about the same customer. They are read for that alone, which is nothing beside the trial.
    pub(super) async fn look_ahead(&mut self, desk: &Desk, path: &str, import: &Import) -> Result<()> {
        if import.kind != Kind::Customers {
            return Ok(());
        }
        let Some(mut lines) = Lines::open(desk, path, &import.reading).await? else { return Ok(()) };
        let batch = Batch::new(import.kind, &import.reading, 0);
        let mut seen = HashSet::new();
        // The first line that names an identity, by a number of it.
        let mut reached = HashMap::new();
        while let Some(line) = lines.next().await? {
            let key = batch.key(&line);
            if !seen.insert(key) {
                self.again.insert(key);
            }
            for one in identities(&batch, &line) {
                let mut hasher = DefaultHasher::new();
                (one.channel, one.identifier).hash(&mut hasher);
                let first = *reached.entry(hasher.finish()).or_insert(key);
                if first != key {
                    self.again.extend([first, key]);
                }
            }
        }
        Ok(())
    }

    /// Those of these numbers that tickets of earlier lines have.
    pub fn numbers_among<'a>(&self, numbers: impl Iterator<Item = &'a String>) -> Vec<String> {
        numbers.filter(|number| self.numbers.contains(*number)).cloned().collect()
    }

    /// Has these lines find what those before them have left.
    pub(super) async fn restore(&self, tx: &mut Tx, batch: &Batch<'_>, lines: &[Line]) -> Result<()> {
        match batch.kind {
            Kind::Customers => self.restore_people(tx, batch, lines).await,
            Kind::Companies => self.restore_companies(tx, batch, lines).await,
            Kind::Tickets => Ok(()),
        }
    }

    /// Keeps what these lines have left.
    pub(super) async fn keep(&mut self, tx: &mut Tx, batch: &Batch<'_>) -> Result<()> {
        match batch.kind {
            Kind::Customers => self.keep_people(tx, batch).await,
            Kind::Companies => self.keep_companies(tx, batch).await,
            Kind::Tickets => {
                self.numbers.extend(batch.touched.iter().map(|touched| number(&touched.key)));
                self.tags.extend(batch.tags.iter().cloned());
                Ok(())
            }
        }
    }

    async fn restore_people(&self, tx: &mut Tx, batch: &Batch<'_>, lines: &[Line]) -> Result<()> {
        if self.people.is_empty() && self.named.is_empty() {
            return Ok(());
        }
        // Before any row is locked, as everybody does who changes people.
        ways::take_turn_of_people(tx).await?;
        let value = |line: &Line, field| text::tidy_line(&batch.value(line, field)).to_lowercase();
        let theirs = lines.iter().map(|line| value(line, Field::Email));
        let mut emails: HashSet<String> =
            theirs.map(|email| self.firsts.get(&email).cloned().unwrap_or(email)).collect();
        for one in lines.iter().flat_map(|line| identities(batch, line)) {
            emails.extend(self.reached.get(&(one.channel, one.identifier)).cloned());
        }
        let found: Vec<(String, &Person)> =
            emails.into_iter().filter_map(|email| self.people.get(&email).map(|person| (email, person))).collect();
        let named: HashSet<&String> =
            lines.iter().filter_map(|line| self.named.get(&value(line, Field::Company))).collect();
        let theirs = found.iter().filter_map(|(_, person)| person.company.as_ref());
        let companies: Vec<CompanyFields> = named
            .into_iter()
            .chain(theirs)
            .map(|name| CompanyFields { name: name.clone(), ..CompanyFields::default() })
            .collect();
        make_companies(tx, &companies.iter().collect::<Vec<_>>()).await?;
        if found.is_empty() {
            return Ok(());
        }
        let at = tx.at();
        // Arrays of arrays must have equal lengths in PostgreSQL.
        let phones: Vec<Value> = found.iter().map(|(_, person)| Value::from(person.phones.clone())).collect();
        let companies: Vec<Option<String>> = found.iter().map(|(_, person)| person.company.clone()).collect();
        let custom: Vec<Value> = found.iter().map(|(_, person)| person.custom.clone()).collect();
        sqlx::query!(
            "with s as (
                 select n.email, n.name, array(select jsonb_array_elements_text(n.phones)) as phones, n.notes, c.id as company,
                        n.fields
                 from unnest($2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::jsonb[])
                     as n (email, name, phones, notes, company, fields)
                 left join companies c on lower(c.name) = lower(n.company) and c.merged_into is null
             ), known as (
                 update users u set name = s.name, phones = s.phones, notes = s.notes, company_id = s.company, fields = s.fields
                 from s join user_emails e on e.address = lower(s.email) where u.id = e.user_id and u.role = 'customer'
             )
             insert into users (name, email, role, company_id, phones, notes, created_at, fields)
             select s.name, s.email, 'customer', s.company, s.phones, s.notes, $1, s.fields from s
             where not exists (select from user_emails e where e.address = lower(s.email))",
            at,
            &found.iter().map(|(email, _)| email.clone()).collect::<Vec<_>>(),
            &found.iter().map(|(_, person)| person.name.clone()).collect::<Vec<_>>(),
            &phones,
            &found.iter().map(|(_, person)| person.notes.clone()).collect::<Vec<_>>(),
            &companies as &[Option<String>],
            &custom,
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?;
        let emails: Vec<String> = found.iter().map(|(email, _)| email.clone()).collect();
        let ids = ids_of(tx, &emails).await?;
        let theirs = found.iter().filter_map(|(email, person)| Some((*ids.get(email)?, &person.channels)));
        let all: Vec<_> = theirs.flat_map(|(id, channels)| channels.iter().map(move |one| (id, one))).collect();
        channels::add(tx, &all).await
    }

    async fn keep_people(&mut self, tx: &mut Tx, batch: &Batch<'_>) -> Result<()> {
        for touched in &batch.touched {
            // Who is changed joins companies that are there already; who is made has theirs made.
            if touched.made && !touched.company.is_empty() {
                self.named.insert(touched.company.to_lowercase(), touched.company.clone());
            }
        }
        // Who was there already may come again under another address.
        let (emails, again): (Vec<String>, Vec<bool>) = batch
            .touched
            .iter()
            .map(|touched| (touched, self.again.contains(&touched.hash)))
            .filter(|(touched, again)| *again || !touched.made)
            .map(|(touched, again)| (touched.key.to_lowercase(), again))
            .unzip();
        if emails.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query!(
            r#"select theirs.addresses[1] as "email!", theirs.addresses as "emails!", u.name, u.phones, u.notes, u.fields,
                      c.name as "company?",
                      (select jsonb_agg(jsonb_build_object('channel', i.channel, 'identifier', i.identifier, 'name', i.name))
                       from channel_identities i where i.user_id = u.id) as "channels: Json<Vec<Identity>>"
               from unnest($1::text[], $2::bool[]) as a (email, again) join user_emails e on e.address = lower(a.email)
               join users u on u.id = e.user_id left join companies c on c.id = u.company_id
               cross join lateral (select array_agg(o.address order by o.address) as addresses from user_emails o
                                   where o.user_id = u.id) theirs
               where a.again or cardinality(theirs.addresses) > 1"#,
            &emails,
            &again,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
        for r in rows {
            let channels = r.channels.map(|all| all.0).unwrap_or_default();
            if r.emails.len() > 1 {
                self.firsts.extend(r.emails.into_iter().map(|email| (email, r.email.clone())));
            }
            self.reached.extend(channels.iter().map(|one| ((one.channel, one.identifier.clone()), r.email.clone())));
            let (name, phones, notes, company) = (r.name, r.phones, r.notes, r.company);
            self.people.insert(r.email, Person { name, phones, channels, notes, company, custom: r.fields });
        }
        Ok(())
    }

    async fn restore_companies(&self, tx: &mut Tx, batch: &Batch<'_>, lines: &[Line]) -> Result<()> {
        if self.companies.is_empty() {
            return Ok(());
        }
        ways::take_turn_of_companies(tx).await?;
        let lines: Vec<CompanyFields> =
            lines.iter().filter_map(|line| companies::of_cells(batch, line).check().ok()).collect();
        let names: Vec<String> = lines.iter().map(|line| line.name.clone()).collect();
        let mut keys: HashSet<String> =
            sqlx::query_scalar!(r#"select lower(n) as "key!" from unnest($1::text[]) as n"#, &names)
                .fetch_all(&mut *tx.conn)
                .await
                .ours()?
                .into_iter()
                .collect();
        keys.extend(lines.iter().flat_map(|line| &line.domains).filter_map(|d| self.owners.get(d)).cloned());
        let found: Vec<&Firm> = keys.iter().filter_map(|key| self.companies.get(key)).collect();
        if found.is_empty() {
            return Ok(());
        }
        let fields: Vec<&CompanyFields> = found.iter().map(|firm| &firm.fields).collect();
        make_companies(tx, &fields).await?;
        let domains: Vec<(String, String)> =
            fields.iter().flat_map(|of| of.domains.iter().map(|domain| (domain.clone(), of.name.clone()))).collect();
        let (domains, owners): (Vec<String>, Vec<String>) = domains.into_iter().unzip();
        sqlx::query!(
            "with changed as (
                 update companies c set tier = s.tier, notes = s.notes, fields = s.fields
                 from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) as s (name, tier, notes, fields)
                 where lower(c.name) = lower(s.name) and c.merged_into is null
             )
             insert into company_domains (domain, company_id)
             select d.domain, c.id from unnest($5::text[], $6::text[]) as d (domain, name)
             join companies c on lower(c.name) = lower(d.name) and c.merged_into is null
             on conflict do nothing",
            &fields.iter().map(|of| of.name.clone()).collect::<Vec<_>>(),
            &fields.iter().map(|of| of.tier.clone()).collect::<Vec<_>>(),
            &fields.iter().map(|of| of.notes.clone()).collect::<Vec<_>>(),
            &found.iter().map(|firm| firm.custom.clone()).collect::<Vec<_>>(),
            &domains,
            &owners,
        )
        .execute(&mut *tx.conn)
        .await
        .ours()?;
        Ok(())
    }

    async fn keep_companies(&mut self, tx: &mut Tx, batch: &Batch<'_>) -> Result<()> {
        let names: Vec<String> = batch.touched.iter().map(|touched| touched.key.clone()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query!(
            r#"select lower(c.name) as "key!", c.name, c.tier, c.notes, c.fields,
                      array(select d.domain from company_domains d where d.company_id = c.id order by d.domain) as "domains!"
               from companies c
               where lower(c.name) in (select lower(n) from unnest($1::text[]) as n) and c.merged_into is null"#,
            &names,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
        for r in rows {
            self.owners.extend(r.domains.iter().map(|domain| (domain.clone(), r.key.clone())));
            let fields = CompanyFields {
                name: r.name,
                tier: r.tier,
                domains: r.domains,
                notes: r.notes,
                ..CompanyFields::default()
            };
            self.companies.insert(r.key, Firm { fields, custom: r.fields });
        }
        Ok(())
    }
}

/// The identities that a line of a customer names.
fn identities(batch: &Batch<'_>, line: &Line) -> Vec<Identity> {
    identities::named(&lines_of_cell(&batch.value(line, Field::Channels)))
}

/// Who has these addresses, which are in small letters. No statement for none.
async fn ids_of(tx: &mut Tx, emails: &[String]) -> Result<HashMap<String, i64>> {
    let rows = sqlx::query!("select address, user_id from user_emails where address = any($1)", emails)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    Ok(rows.into_iter().map(|r| (r.address, r.user_id)).collect())
}

/// The number of a ticket, as it is read.
fn number(cell: &str) -> String {
    cell.trim_start_matches('#').to_owned()
}

/// Makes those of these companies that are not there.
async fn make_companies(tx: &mut Tx, wanted: &[&CompanyFields]) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let at = tx.at();
    let of = |part: fn(&CompanyFields) -> &String| wanted.iter().map(|it| part(it).clone()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into companies (name, tier, notes, created_at)
         select n.name, n.tier, n.notes, $1 from unnest($2::text[], $3::text[], $4::text[]) as n (name, tier, notes)
         where not exists (select from companies c where lower(c.name) = lower(n.name) and c.merged_into is null)
         on conflict do nothing",
        at,
        &of(|it| &it.name),
        &of(|it| &it.tier),
        &of(|it| &it.notes),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// Who or what a line of a trial has made or changed.
pub(super) struct Touched {
    /// Its address, name or number.
    pub key: String,
    pub hash: u64,
    /// The company that the line names.
    pub company: String,
    pub made: bool,
}

impl Touched {
    pub fn new(batch: &Batch<'_>, line: &Line, becomes: &Becomes) -> Self {
        let [key, company] = [batch.kind.key(), Field::Company].map(|field| text::tidy_line(&batch.value(line, field)));
        Self { key, hash: batch.key(line), company, made: matches!(becomes, Becomes::Made(_)) }
    }
}
