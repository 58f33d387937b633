//! Lines of customers, many at once: what they need is looked up together, and what they bring is written together.

use super::{
    companies,
    identities::Identities,
    lines::{Batch, Outcome, joined},
    read::Line,
    work::of_line,
};
use crate::{
    OrOurs, Tx,
    customers::{self, channels},
    events,
    fields::values::{Columns, Filling},
};
use domain::{
    Actor, CompanyId, FieldId, Result, UserId,
    channel::{self, CHANNELS_MAX, Identity},
    company::{CompanyFields, CompanyInput, CompanyName},
    customer::{CustomerFields, CustomerInput, PHONES_MAX},
    event::Happening,
    fields::{Subject, Values},
    import::Field,
    policy::{self, Action},
    text,
};
use serde_json::Value;
use sqlx::types::Json;
use std::collections::{HashMap, HashSet};

/// A line as it is read.
struct Read {
    email: String,
    /// Empty: as they are called already, or by their address.
    name: String,
    company: String,
    phone: String,
    /// As lines of a form.
    channels: String,
    notes: String,
    /// What is in the columns of custom fields.
    custom: HashMap<FieldId, String>,
}

/// Who has the address of a line.
struct Known {
    id: i64,
    customer: bool,
    name: String,
    phones: Vec<String>,
    channels: Vec<Identity>,
    notes: String,
    fields: Values,
    company: Option<i64>,
}

/// A company: there already, or one of those that are to be made.
#[derive(Clone, Copy)]
enum Of {
    Known(CompanyId),
    New(usize),
}

impl Of {
    fn id(self, made: &[CompanyName]) -> Option<CompanyId> {
        match self {
            Of::Known(id) => Some(id),
            Of::New(place) => made.get(place).map(|company| company.id),
        }
    }
}

/// What is to be written.
#[derive(Default)]
struct Written {
    companies: Vec<CompanyFields>,
    /// Who is made, and the company they belong to.
    made: Vec<(CustomerFields, Option<Of>, Filling)>,
    /// Who is changed, with the names of what is another now.
    changed: Vec<(i64, CustomerFields, Vec<String>, Filling)>,
}

/// Takes these lines in, no two of which have the same address. Says what has become of each.
pub(super) async fn take(batch: &Batch<'_>, tx: &mut Tx, actor: &Actor, lines: &[Line]) -> Result<Vec<Outcome>> {
    policy::demand(actor, Action::EditPeople, None)?;
    let read: Vec<Read> = lines.iter().map(|line| of_cells(batch, line)).collect();
    let columns = Columns::load(tx, Subject::Customers, &batch.custom()).await?;
    let mut known = known(tx, &read).await?;
    let mut found = Companies::load(tx, &read).await?;
    let mut identities = Identities::load(tx, read.iter().map(|line| line.channels.as_str())).await?;
    let mut written = Written::default();
    let mut outcomes = Vec::with_capacity(lines.len());
    let mut joining = Vec::new();
    // Of two addresses of one person the second line is looked at when the first is written, or it would take back what that said.
    let (mut seen, mut later) = (HashSet::new(), Vec::new());
    for (place, line) in read.iter().enumerate() {
        let outcome = match known.remove(&place) {
            _ if line.email.is_empty() => Outcome::Refused("It has no e-mail address.".into()),
            Some(known) if !seen.insert(known.id) => {
                later.push(place);
                Outcome::changed(Vec::new())
            }
            Some(known) => match change(line, &known, &columns, &found, &mut identities, &mut written) {
                Ok((outcome, to)) => {
                    joining.extend(to.map(|to| (place, UserId(known.id), to)));
                    outcome
                }
                Err(reason) => Outcome::Refused(reason),
            },
            None => make(line, &columns, &mut found, &mut identities, &mut written).unwrap_or_else(Outcome::Refused),
        };
        outcomes.push(outcome);
    }
    let (made, _) = written.write(tx, actor).await?;
    // Few: who is known and has no company so far.
    for (place, id, to) in joining {
        let done = customers::company::convert(tx, actor, id, None, to.id(&made), false).await;
        if let (Err(error), Some(outcome)) = (done, outcomes.get_mut(place)) {
            *outcome = Outcome::Refused(of_line(error)?);
        }
    }
    if !later.is_empty() {
        let lines: Vec<Line> = later.iter().filter_map(|place| lines.get(*place).cloned()).collect();
        let done = Box::pin(take(batch, tx, actor, &lines)).await?;
        for (place, done) in later.into_iter().zip(done) {
            outcomes[place] = done;
        }
    }
    Ok(outcomes)
}

/// Somebody whose ticket comes in.
#[derive(Clone)]
pub(super) struct Requester {
    pub id: i64,
    pub name: String,
    pub staff: bool,
    pub company: Option<i64>,
}

/// Whoever has these addresses, by the addresses in small letters. Those that nobody has become customers of the names beside
/// them, or it is said why not.
pub(super) async fn of_addresses(
    tx: &mut Tx,
    actor: &Actor,
    wanted: &[(String, String)],
) -> Result<HashMap<String, std::result::Result<Requester, String>>> {
    policy::demand(actor, Action::EditPeople, None)?;
    let emails: Vec<String> = wanted.iter().map(|(email, _)| email.to_lowercase()).collect();
    let rows = loop {
        let rows = sqlx::query!(
            r#"select a.email as "email!", u.id, u.name, u.role <> 'customer' as "staff!", u.company_id,
                      u.merged_into is not null as "gone!"
               from (select distinct e as email from unnest($1::text[]) e) a
               join user_emails e on e.address = lower(a.email) join users u on u.id = e.user_id
               order by u.id for key share of u"#,
            &emails,
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
        // Who was being merged right then was waited for; their address is the other one's by now.
        if !rows.iter().any(|r| r.gone) {
            break rows;
        }
    };
    let known = rows
        .into_iter()
        .map(|r| (r.email, Ok(Requester { id: r.id, name: r.name, staff: r.staff, company: r.company_id })));
    let mut people: HashMap<_, _> = known.collect();
    let mut new: Vec<Read> = Vec::new();
    for (email, name) in emails.iter().zip(wanted.iter().map(|(_, name)| name)) {
        if !people.contains_key(email) && !new.iter().any(|line| line.email == *email) {
            let (company, phone, channels, notes, custom) = Default::default();
            new.push(Read { email: email.clone(), name: name.clone(), company, phone, channels, notes, custom });
        }
    }
    if new.is_empty() {
        return Ok(people);
    }
    let mut found = Companies::load(tx, &new).await?;
    let mut written = Written::default();
    for line in &new {
        if let Err(reason) = make(line, &Columns::default(), &mut found, &mut Identities::default(), &mut written) {
            people.insert(line.email.clone(), Err(reason));
        }
    }
    let known = |of: &Option<Of>| of.and_then(|of| of.id(&[])).map(|id| id.0);
    let made: Vec<_> = written.made.iter().map(|(f, of, _)| (f.email.clone(), f.name.clone(), known(of))).collect();
    let (_, ids) = written.write(tx, actor).await?;
    people.extend(
        made.into_iter().zip(ids).map(|((email, name, company), id)| {
            (email.to_lowercase(), Ok(Requester { id, name, staff: false, company }))
        }),
    );
    Ok(people)
}

fn of_cells(batch: &Batch<'_>, line: &Line) -> Read {
    let value = |field| batch.value(line, field);
    let parts = [Field::First, Field::Last].map(value);
    let name = match value(Field::Name) {
        name if name.is_empty() => text::tidy_line(&parts.join(" ")),
        name => text::tidy_line(&name),
    };
    Read {
        email: text::tidy_line(&value(Field::Email)),
        name,
        company: text::tidy_line(&value(Field::Company)),
        phone: value(Field::Phone),
        channels: channel::lines_of_cell(&value(Field::Channels)),
        notes: text::tidy(&value(Field::Notes)),
        custom: batch.custom().into_iter().map(|id| (id, value(Field::Custom(id)))).collect(),
    }
}

/// Checked, with the name that they are called by so far, if any.
fn checked(line: &Read, called: Option<&str>) -> std::result::Result<CustomerFields, String> {
    let name = match (line.name.as_str(), called) {
        ("", Some(called)) => called,
        ("", None) => line.email.split('@').next().unwrap_or(&line.email),
        (name, _) => name,
    };
    let input = CustomerInput {
        name: name.to_owned(),
        email: line.email.clone(),
        emails: String::new(),
        phones: line.phone.clone(),
        channels: line.channels.clone(),
        notes: line.notes.clone(),
        ..CustomerInput::default()
    };
    input.check().map_err(|error| error.in_words())
}

/// Who is there already, by the place of the line.
async fn known(tx: &mut Tx, read: &[Read]) -> Result<HashMap<usize, Known>> {
    let emails: Vec<String> = read.iter().map(|line| line.email.clone()).collect();
    let rows = sqlx::query!(
        r#"select a.place as "place!", u.id, u.role, u.name, u.phones, u.notes, u.company_id,
                  u.fields as "fields: Json<Values>",
                  (select jsonb_agg(jsonb_build_object('channel', i.channel, 'identifier', i.identifier, 'name', i.name))
                   from channel_identities i where i.user_id = u.id) as "channels: Json<Vec<Identity>>"
           from unnest($1::text[]) with ordinality as a (email, place)
           join user_emails e on e.address = lower(a.email) join users u on u.id = e.user_id
           order by u.id for no key update of u"#,
        &emails,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let known = Known {
                id: r.id,
                customer: r.role == "customer",
                name: r.name,
                phones: r.phones,
                channels: r.channels.map(|all| all.0).unwrap_or_default(),
                notes: r.notes,
                fields: r.fields.0,
                company: r.company_id,
            };
            (r.place as usize - 1, known)
        })
        .collect())
}

/// The companies that lines name, and those that addresses lead to.
struct Companies {
    /// By their names in lower case.
    named: HashMap<String, Of>,
    by_domain: HashMap<String, i64>,
}

fn domain_of(email: &str) -> String {
    email.rsplit_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default()
}

impl Companies {
    async fn load(tx: &mut Tx, read: &[Read]) -> Result<Self> {
        let names: Vec<String> = read.iter().map(|line| line.company.clone()).filter(|name| !name.is_empty()).collect();
        let domains: Vec<String> = read.iter().map(|line| domain_of(&line.email)).collect();
        let mut found = Self { named: HashMap::new(), by_domain: HashMap::new() };
        if !names.is_empty() {
            let rows = sqlx::query!(
                r#"select a.name as "asked!", c.id from unnest($1::text[]) as a (name)
                   join companies c on lower(c.name) = lower(a.name) and c.merged_into is null"#,
                &names,
            )
            .fetch_all(&mut *tx.conn)
            .await
            .ours()?;
            for r in rows {
                found.named.insert(r.asked.to_lowercase(), Of::Known(CompanyId(r.id)));
            }
        }
        let rows = sqlx::query!("select domain, company_id from company_domains where domain = any($1)", &domains)
            .fetch_all(&mut *tx.conn)
            .await
            .ours()?;
        found.by_domain.extend(rows.into_iter().map(|r| (r.domain, r.company_id)));
        Ok(found)
    }

    fn named(&self, name: &str) -> Option<Of> {
        self.named.get(&name.to_lowercase()).copied()
    }
}

/// Somebody new, with their company, which is made where there is none of that name.
fn make(
    line: &Read,
    columns: &Columns,
    found: &mut Companies,
    identities: &mut Identities,
    written: &mut Written,
) -> std::result::Result<Outcome, String> {
    let fields = checked(line, None)?;
    identities.demand(None, &fields.channels)?;
    let filling = columns.fill(&Values::new(), |id| line.custom.get(&id).cloned().unwrap_or_default())?;
    let company = if line.company.is_empty() {
        found.by_domain.get(&domain_of(&fields.email)).map(|id| Of::Known(CompanyId(*id)))
    } else if let Some(found) = found.named(&line.company) {
        Some(found)
    } else {
        let new = CompanyInput { name: line.company.clone(), ..CompanyInput::default() };
        let of = Of::New(written.companies.len());
        written.companies.push(new.check().map_err(|error| error.in_words())?);
        found.named.insert(line.company.to_lowercase(), of);
        Some(of)
    };
    identities.take(None, &fields.channels);
    written.made.push((fields, company, filling));
    Ok(Outcome::made())
}

/// Somebody who is there already, and the company that they join by this line.
fn change(
    line: &Read,
    known: &Known,
    columns: &Columns,
    found: &Companies,
    identities: &mut Identities,
    written: &mut Written,
) -> std::result::Result<(Outcome, Option<Of>), String> {
    let mut fields = checked(line, Some(&known.name))?;
    if !known.customer {
        return Err("This is the address of one of your colleagues.".into());
    }
    let filling = columns.fill(&known.fields, |id| line.custom.get(&id).cloned().unwrap_or_default())?;
    let to = joins(line, known, found)?;
    let mut phones = known.phones.clone();
    phones.extend(fields.phones.iter().filter(|p| !known.phones.contains(p)).cloned());
    phones.truncate(PHONES_MAX.max(known.phones.len()));
    identities.demand(Some(known.id), &fields.channels)?;
    identities.take(Some(known.id), &fields.channels);
    // What is there stays as it is, also what they are called there.
    fields.channels.retain(|one| !known.channels.iter().any(|known| known.is(one)));
    fields.channels.truncate(CHANNELS_MAX.saturating_sub(known.channels.len()));
    let notes = joined(&known.notes, &fields.notes);
    let changed: Vec<String> = [
        ("name", known.name != fields.name),
        ("phones", known.phones != phones),
        ("channels", !fields.channels.is_empty()),
        ("notes", known.notes != notes),
    ]
    .into_iter()
    .filter(|(_, changed)| *changed)
    .map(|(field, _)| field.to_owned())
    .collect();
    (fields.phones, fields.notes) = (phones, notes);
    let joins = to.map(|_| "company".to_owned());
    let filled = filling.changes.iter().map(|change| change.field.clone());
    let all: Vec<String> = changed.iter().cloned().chain(filled).chain(joins).collect();
    if !changed.is_empty() || !filling.changes.is_empty() {
        written.changed.push((known.id, fields, changed, filling));
    }
    Ok((Outcome::changed(all), to))
}

/// The company that an individual joins by a line. Who has another one stays there: what that would bring to light is not
/// for a file to decide.
fn joins(line: &Read, known: &Known, found: &Companies) -> std::result::Result<Option<Of>, String> {
    let name = &line.company;
    if name.is_empty() {
        return Ok(None);
    }
    match (found.named(name), known.company) {
        (Some(Of::Known(found)), Some(now)) if found.0 == now => Ok(None),
        (Some(found), None) => Ok(Some(found)),
        (None, None) => Err(format!("There is no company “{name}”, and this customer is an individual so far.")),
        (_, Some(_)) => Err("This customer belongs to another company. Change that on their page.".to_owned()),
    }
}

/// What is filled into custom fields, as it is stored.
pub(super) fn json<'a>(all: impl Iterator<Item = &'a Filling>) -> Result<Vec<Value>> {
    all.map(|filling| serde_json::to_value(&filling.values).ours()).collect()
}

fn filled(id: i64, filling: Filling) -> Option<Happening> {
    let said = !filling.changes.is_empty();
    said.then_some(Happening::CustomerFields { customer: UserId(id), changes: filling.changes })
}

impl Written {
    /// Returns the companies that were made, and the numbers of the people, in their order.
    async fn write(self, tx: &mut Tx, actor: &Actor) -> Result<(Vec<CompanyName>, Vec<i64>)> {
        let at = tx.at();
        let ids = companies::insert(tx, &self.companies.iter().collect::<Vec<_>>(), &[]).await?;
        let named = ids.into_iter().zip(self.companies).map(|(id, fields)| CompanyName { id, name: fields.name });
        let companies: Vec<CompanyName> = named.collect();
        let created = |company: &CompanyName| Happening::CompanyCreated { company: company.clone() };
        let mut happenings: Vec<_> = companies.iter().map(created).collect();
        // Arrays of arrays must have equal lengths in PostgreSQL.
        let phones = |fields: &CustomerFields| Value::from(fields.phones.clone());
        let (mut people, mut new) = (Vec::new(), Vec::new());
        if !self.made.is_empty() {
            let part = |part: fn(&CustomerFields) -> &String| self.made.iter().map(|(f, ..)| part(f).clone()).collect();
            let (names, emails, notes): (Vec<String>, Vec<String>, Vec<String>) =
                (part(|f| &f.name), part(|f| &f.email), part(|f| &f.notes));
            let of: Vec<_> =
                self.made.iter().map(|(_, of, _)| of.and_then(|of| of.id(&companies)).map(|id| id.0)).collect();
            people = sqlx::query_scalar!(
                "insert into users (name, email, role, company_id, phones, notes, created_at, fields)
                 select n.name, n.email, 'customer', n.company, array(select jsonb_array_elements_text(n.phones)), n.notes, $1,
                     n.fields
                 from unnest($2::text[], $3::text[], $4::bigint[], $5::jsonb[], $6::text[], $7::jsonb[]) with ordinality
                     as n (name, email, company, phones, notes, fields, place)
                 order by n.place returning id",
                at,
                &names,
                &emails,
                &of as &[Option<i64>],
                &self.made.iter().map(|(fields, ..)| phones(fields)).collect::<Vec<_>>(),
                &notes,
                &json(self.made.iter().map(|(.., filling)| filling))?,
            )
            .fetch_all(&mut *tx.conn)
            .await
            .ours()?;
            let theirs = people.iter().zip(&self.made);
            new.extend(theirs.flat_map(|(id, (fields, ..))| fields.channels.iter().map(|one| (*id, one.clone()))));
            for (id, (.., filling)) in people.iter().zip(self.made) {
                happenings.push(Happening::CustomerCreated { customer: UserId(*id) });
                happenings.extend(filled(*id, filling));
            }
        }
        if !self.changed.is_empty() {
            sqlx::query!(
                "update users u set name = n.name, phones = array(select jsonb_array_elements_text(n.phones)), notes = n.notes,
                     fields = n.fields, version = u.version + 1
                 from unnest($1::bigint[], $2::text[], $3::jsonb[], $4::text[], $5::jsonb[])
                     as n (id, name, phones, notes, fields)
                 where u.id = n.id",
                &self.changed.iter().map(|(id, ..)| *id).collect::<Vec<_>>(),
                &self.changed.iter().map(|(_, fields, ..)| fields.name.clone()).collect::<Vec<_>>(),
                &self.changed.iter().map(|(_, fields, ..)| phones(fields)).collect::<Vec<_>>(),
                &self.changed.iter().map(|(_, fields, ..)| fields.notes.clone()).collect::<Vec<_>>(),
                &json(self.changed.iter().map(|(.., filling)| filling))?,
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
            for (id, added, fields, filling) in self.changed {
                new.extend(added.channels.into_iter().map(|one| (id, one)));
                if !fields.is_empty() {
                    happenings.push(Happening::CustomerChanged { customer: UserId(id), fields });
                }
                happenings.extend(filled(id, filling));
            }
        }
        channels::add(tx, &new.iter().map(|(id, one)| (*id, one)).collect::<Vec<_>>()).await?;
        let happenings: Vec<_> = happenings.into_iter().map(|what| (None, what)).collect();
        events::append_many(tx, actor, &happenings).await?;
        Ok((companies, people))
    }
}
