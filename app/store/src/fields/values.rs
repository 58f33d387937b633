//! What custom fields are filled with: a column of each thing that has them, changed by the operations on that thing.

use crate::{OrOurs, Tx, events};
use domain::{
    Actor, FieldId, Result, UserId,
    company::CompanyName,
    error::Problems,
    event::Happening,
    fields::{
        Change, Colleague, Definition, Filled, Kind, Subject, Typed, Value, Values, asked, changes, fill, form_name,
    },
};
use sqlx::types::Json;
use std::collections::HashMap;

/// What people are called, by their numbers.
pub(crate) type Names = HashMap<UserId, String>;

/// What is stored, with the names of the people in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub values: Values,
    pub names: Names,
}

impl Stored {
    pub fn of(values: Json<Values>, names: Option<Json<Names>>) -> Self {
        Self { values: values.0, names: names.map(|names| names.0).unwrap_or_default() }
    }

    fn name(&self, id: UserId) -> String {
        called(&self.names, id)
    }

    /// What is asked, with what it is filled with.
    pub fn filled(&self, all: &[Definition], of: Subject) -> Vec<Filled> {
        Filled::all(all, of, &self.values, |id| self.name(id))
    }

    /// All that is filled in, retired or not, by its name: for the person that it is about.
    pub fn told(&self, all: &[Definition], of: Subject) -> serde_json::Map<String, serde_json::Value> {
        let told = all.iter().filter(|field| field.of == of).filter_map(|field| {
            let value = self.values.get(&field.id)?;
            let who = match value {
                Value::Person(id) => self.name(*id),
                _ => String::new(),
            };
            Some((field.name.clone(), field.texts(value, &who).join(", ").into()))
        });
        told.collect()
    }
}

fn called(names: &Names, id: UserId) -> String {
    names.get(&id).cloned().unwrap_or_else(|| format!("Number {id}"))
}

/// What something is filled with from now on, and what is another now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filling {
    pub values: Values,
    pub changes: Vec<Change>,
}

fn people_in(values: &Values) -> impl Iterator<Item = (FieldId, UserId)> + '_ {
    values.iter().filter_map(|(field, value)| match value {
        Value::Person(id) => Some((*field, *id)),
        _ => None,
    })
}

/// Fills in what was typed. Notes what is wrong with it.
pub(crate) async fn filling(
    tx: &mut Tx,
    of: Subject,
    now: &Values,
    typed: &Typed,
    problems: &mut Problems,
) -> Result<Filling> {
    let catalog = tx.desk().catalog();
    let values = fill(asked(&catalog.fields, of), now, typed, problems);
    let names = names(tx, [now, &values]).await?;
    for (field, person) in people_in(&values).filter(|(field, _)| now.get(field) != values.get(field)) {
        problems.unless(
            names.get(&person).is_some_and(|known| known.staff),
            &form_name(field),
            "Choose a member of staff.",
        );
    }
    let changes = told(&catalog.fields, now, &values, &names);
    Ok(Filling { values, changes })
}

/// Those of another thing where there are none: two have turned out to be one.
pub(crate) async fn merged(tx: &mut Tx, now: &Values, other: Values) -> Result<Filling> {
    let catalog = tx.desk().catalog();
    let mut values = now.clone();
    for (field, value) in other {
        values.entry(field).or_insert(value);
    }
    let names = names(tx, [now, &values]).await?;
    let changes = told(&catalog.fields, now, &values, &names);
    Ok(Filling { values, changes })
}

struct Known {
    name: String,
    staff: bool,
}

/// Who is named in these. No statement where nobody is.
async fn names(tx: &mut Tx, all: [&Values; 2]) -> Result<HashMap<UserId, Known>> {
    let ids: Vec<i64> = all.into_iter().flat_map(people_in).map(|(_, id)| id.0).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select id, name, role <> 'customer' and blocked_at is null as "staff!" from users where id = any($1)"#,
        &ids
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    Ok(rows.into_iter().map(|r| (UserId(r.id), Known { name: r.name, staff: r.staff })).collect())
}

fn told(all: &[Definition], from: &Values, to: &Values, names: &HashMap<UserId, Known>) -> Vec<Change> {
    changes(all, from, to, |id| names.get(&id).map_or_else(|| format!("Number {id}"), |known| known.name.clone()))
}

/// Says what has become of a customer's fields.
pub(crate) async fn say_of_customer(tx: &mut Tx, actor: &Actor, customer: UserId, changes: Vec<Change>) -> Result<()> {
    if !changes.is_empty() {
        events::append(tx, actor, None, &Happening::CustomerFields { customer, changes }).await?;
    }
    Ok(())
}

/// Says what has become of a company's fields.
pub(crate) async fn say_of_company(
    tx: &mut Tx,
    actor: &Actor,
    company: CompanyName,
    changes: Vec<Change>,
) -> Result<()> {
    if !changes.is_empty() {
        events::append(tx, actor, None, &Happening::CompanyFields { company, changes }).await?;
    }
    Ok(())
}

/// The fields that a file has columns for.
#[derive(Default)]
pub(crate) struct Columns {
    fields: Vec<Definition>,
    /// Who is named in them, where people are.
    staff: Vec<Colleague>,
}

impl Columns {
    /// Those of these that are asked still. At most one statement.
    pub(crate) async fn load(tx: &mut Tx, of: Subject, ids: &[FieldId]) -> Result<Self> {
        let catalog = tx.desk().catalog();
        let fields: Vec<Definition> =
            asked(&catalog.fields, of).filter(|field| ids.contains(&field.id)).cloned().collect();
        if !fields.iter().any(|field| field.kind == Kind::Person) {
            return Ok(Self { fields, staff: Vec::new() });
        }
        let rows = sqlx::query!(
            "select id, name, email from users where role <> 'customer' and blocked_at is null order by id"
        )
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
        let staff = rows.into_iter().map(|r| Colleague { id: UserId(r.id), name: r.name, email: r.email }).collect();
        Ok(Self { fields, staff })
    }

    /// Fills in what the cells of a line say. Errors: what is wrong with one.
    pub fn fill(&self, now: &Values, cell: impl Fn(FieldId) -> String) -> std::result::Result<Filling, String> {
        let mut values = now.clone();
        for field in &self.fields {
            let read = field.read_cell(&cell(field.id), now.get(&field.id), &self.staff);
            if let Some(value) = read.map_err(|problem| format!("{}: {problem}", field.name))? {
                values.insert(field.id, value);
            }
        }
        let name = |id: UserId| {
            let known = self.staff.iter().find(|one| one.id == id);
            known.map_or_else(|| format!("Number {id}"), |known| known.name.clone())
        };
        let changes = changes(&self.fields, now, &values, name);
        Ok(Filling { values, changes })
    }
}
