//! Defining custom fields. One change after the other: each takes the table for itself, and the fields are few.

use super::read;
use crate::{
    Desk, OrOurs, Tx, events,
    jobs::{self, Work},
};
use domain::{
    Actor, ChoiceId, Error, FieldId, Result,
    customer::changed_meanwhile,
    event::Happening,
    fields::{Change, Choice, ChoiceInput, Definition, FIELDS_MAX, NewDefinition, Subject},
    policy::{self, Action},
};

/// How many rows are cleared of a deleted field at a time.
const BATCH: i64 = 2_000;

/// All fields, retired ones included. No statement.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Vec<Definition>> {
    policy::demand(actor, Action::Administer, None)?;
    Ok(desk.catalog().fields.clone())
}

/// Takes the turn of whoever defines fields, and reads them as they are then.
async fn turn(tx: &mut Tx) -> Result<Vec<Definition>> {
    sqlx::query("lock table fields in share row exclusive mode").execute(&mut *tx.conn).await.ours()?;
    tx.catalog_changed = true;
    read(&mut tx.conn).await
}

fn one(all: &[Definition], id: FieldId) -> Result<&Definition> {
    all.iter().find(|field| field.id == id).ok_or_else(|| Error::not_found("field"))
}

fn taken(all: &[Definition], of: Subject, own: Option<FieldId>, name: &str) -> Result<()> {
    let same = |field: &&Definition| {
        field.of == of && Some(field.id) != own && field.name.to_lowercase() == name.to_lowercase()
    };
    match all.iter().find(same) {
        Some(other) if other.retired => {
            Err(Error::field("name", "A retired field has this name. Bring it back, or give this one another name."))
        }
        Some(_) => Err(Error::field("name", "There is already a field of this name.")),
        None => Ok(()),
    }
}

/// Defines a field, which comes last.
///
/// Errors: `Invalid` with what is wrong in which field.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, of: Subject, input: &NewDefinition) -> Result<FieldId> {
    policy::demand(actor, Action::Administer, None)?;
    let (input, choices) = input.check()?;
    let all = turn(tx).await?;
    taken(&all, of, None, &input.name)?;
    if all.iter().filter(|field| field.of == of).count() as i64 >= FIELDS_MAX {
        return Err(Error::field("name", "There are 100 fields already. Delete one that nobody needs."));
    }
    let id = sqlx::query_scalar!(
        "insert into fields (subject, kind, name, help, required, shown, position, created_at)
         values ($1, $2, $3, $4, $5, $6, (select coalesce(max(position), 0) + 1 from fields where subject = $1), $7)
         returning id",
        of.word(),
        input.kind.word(),
        input.name,
        input.help,
        input.required,
        input.shown,
        tx.at(),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let id = FieldId(id);
    add_choices(tx, id, 0, &choices).await?;
    let what = Happening::FieldSaved { of, name: input.name, made: true, changes: Vec::new() };
    events::append(tx, actor, None, &what).await?;
    Ok(id)
}

async fn add_choices(tx: &mut Tx, id: FieldId, after: usize, names: &[String]) -> Result<()> {
    sqlx::query!(
        "insert into field_choices (field_id, name, position)
         select $1, c.name, $2 + c.place::integer from unnest($3::text[]) with ordinality c (name, place) order by c.place",
        id.0,
        after as i32,
        names,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

/// Defines a field otherwise. Its kind stays, and so do choices that are not among those sent, behind the others. `version`: of the
/// field as the person saw it.
///
/// Errors: `Conflict` when it has been changed since; `Invalid` with what is wrong in which field.
#[crate::compiled_here]
pub async fn change(tx: &mut Tx, actor: &Actor, id: FieldId, version: i64, input: &NewDefinition) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    let all = turn(tx).await?;
    let before = one(&all, id)?;
    if before.version != version {
        return Err(changed_meanwhile("field"));
    }
    let mut input = NewDefinition { kind: before.kind, ..input.clone() };
    input.choices.retain(|choice| before.choice(ChoiceId(choice.id)).is_some());
    for choice in &before.choices {
        if !input.choices.iter().any(|known| known.id == choice.id.0) {
            input.choices.push(ChoiceInput { id: choice.id.0, name: choice.name.clone(), retired: choice.retired });
        }
    }
    let (input, more) = input.check()?;
    taken(&all, before.of, Some(id), &input.name)?;
    let mut choices: Vec<Choice> = input
        .choices
        .iter()
        .map(|choice| Choice { id: ChoiceId(choice.id), name: choice.name.clone(), retired: choice.retired })
        .collect();
    let kept = choices.len();
    choices.extend(more.iter().map(|name| Choice { id: ChoiceId(0), name: name.clone(), retired: false }));
    let changes = changes(before, &input, &choices);
    if changes.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update fields set name = $2, help = $3, required = $4, shown = $5, version = version + 1 where id = $1",
        id.0,
        input.name,
        input.help,
        input.required,
        input.shown,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let there = &choices[..kept];
    sqlx::query!(
        "update field_choices c set name = n.name, position = n.place::integer,
             retired_at = case when n.retired then coalesce(c.retired_at, $2) end
         from unnest($3::bigint[], $4::text[], $5::bool[]) with ordinality n (id, name, retired, place)
         where c.id = n.id and c.field_id = $1",
        id.0,
        tx.at(),
        &there.iter().map(|choice| choice.id.0).collect::<Vec<_>>(),
        &there.iter().map(|choice| choice.name.clone()).collect::<Vec<_>>(),
        &there.iter().map(|choice| choice.retired).collect::<Vec<_>>(),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    add_choices(tx, id, kept, &more).await?;
    let what = Happening::FieldSaved { of: before.of, name: input.name, made: false, changes };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}

/// What is defined otherwise, from what to what.
fn changes(before: &Definition, input: &NewDefinition, choices: &[Choice]) -> Vec<Change> {
    let word = |on: bool| if on { "yes" } else { "no" }.to_owned();
    let listed = |choices: &[Choice]| {
        let name = |c: &Choice| if c.retired { format!("{} (retired)", c.name) } else { c.name.clone() };
        choices.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    [
        ("name", before.name.clone(), input.name.clone()),
        ("help", before.help.clone(), input.help.clone()),
        ("required", word(before.required), word(input.required)),
        ("seen by customers", word(before.shown), word(input.shown)),
        ("choices", listed(&before.choices), listed(choices)),
    ]
    .into_iter()
    .filter(|(_, from, to)| from != to)
    .map(|(field, from, to)| Change { field: field.to_owned(), from, to })
    .collect()
}

/// Retires a field, or brings it back. What is filled in is kept.
#[crate::compiled_here]
pub async fn retire(tx: &mut Tx, actor: &Actor, id: FieldId, on: bool) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    let all = turn(tx).await?;
    let field = one(&all, id)?;
    if field.retired == on {
        return Ok(());
    }
    sqlx::query!(
        "update fields set retired_at = case when $2 then $3::timestamptz end, version = version + 1 where id = $1",
        id.0,
        on,
        tx.at(),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let what = Happening::FieldRetired { of: field.of, name: field.name.clone(), on };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}

/// Moves a field up or down among those that stand with it, retired ones apart. At the end it stays where it is.
#[crate::compiled_here]
pub async fn shift(tx: &mut Tx, actor: &Actor, id: FieldId, up: bool) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    let all = turn(tx).await?;
    let field = one(&all, id)?;
    let mut beside: Vec<&Definition> = all.iter().filter(|other| other.of == field.of).collect();
    // As the page shows them.
    beside.sort_by_key(|other| other.retired);
    let here = beside.iter().position(|other| other.id == id).unwrap_or_default();
    let there = if up { here.checked_sub(1) } else { Some(here + 1) };
    let there = there.filter(|there| beside.get(*there).is_some_and(|other| other.retired == field.retired));
    let Some(there) = there else { return Ok(()) };
    beside.swap(here, there);
    sqlx::query!(
        "update fields f set position = n.place::integer
         from unnest($1::bigint[]) with ordinality n (id, place) where f.id = n.id",
        &beside.iter().map(|field| field.id.0).collect::<Vec<_>>(),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    let what = Happening::FieldMoved { of: field.of, name: field.name.clone() };
    events::append(tx, actor, None, &what).await?;
    Ok(())
}

/// How many have something in a field: what is asked before it is deleted.
#[crate::compiled_here]
pub async fn count(desk: &Desk, actor: &Actor, id: FieldId) -> Result<i64> {
    policy::demand(actor, Action::Administer, None)?;
    let catalog = desk.catalog();
    let of = one(&catalog.fields, id)?.of;
    counted(&mut *desk.read().await?, of, id).await
}

/// By the index of what is filled in: those that have nothing in any field cost nothing.
async fn counted(conn: &mut sqlx::PgConnection, of: Subject, id: FieldId) -> Result<i64> {
    let key = id.to_string();
    let count = match of {
        Subject::Customers => {
            sqlx::query_scalar!(
                r#"select count(*) as "count!" from users where fields <> '{}' and fields ? $1"#,
                key
            )
            .fetch_one(conn)
            .await
        }
        Subject::Companies => {
            sqlx::query_scalar!(
                r#"select count(*) as "count!" from companies where merged_into is null and fields <> '{}' and fields ? $1"#,
                key
            )
            .fetch_one(conn)
            .await
        }
    };
    count.ours()
}

/// Deletes a field with all that is filled in. Nobody sees it from now on; the values go batch by batch.
#[crate::compiled_here]
pub async fn delete(tx: &mut Tx, actor: &Actor, id: FieldId) -> Result<()> {
    policy::demand(actor, Action::Administer, None)?;
    let all = turn(tx).await?;
    let field = one(&all, id)?;
    let values = counted(&mut tx.conn, field.of, id).await?;
    sqlx::query!("delete from fields where id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
    let what = Happening::FieldDeleted { of: field.of, name: field.name.clone(), values };
    events::append(tx, actor, None, &what).await?;
    let now = tx.now;
    jobs::enqueue(tx, &Work::ClearField { field: id, of: field.of }, now, -5, None).await
}

/// Clears away what is left of a field that was deleted. Can be broken off and done again.
///
/// No event and no new version: nobody has seen it since the field went.
#[crate::compiled_here]
pub async fn clear(desk: &Desk, id: FieldId, of: Subject) -> Result<()> {
    let key = id.to_string();
    loop {
        let mut tx = desk.begin().await?;
        let done = match of {
            Subject::Customers => {
                sqlx::query!(
                    "update users set fields = fields - $1 where id = any(array(
                         select id from users where fields <> '{}' and fields ? $1 order by id limit $2 for no key update))",
                    key,
                    BATCH,
                )
                .execute(&mut *tx.conn)
                .await
            }
            Subject::Companies => {
                sqlx::query!(
                    "update companies set fields = fields - $1 where id = any(array(
                         select id from companies where fields <> '{}' and fields ? $1 order by id limit $2
                         for no key update))",
                    key,
                    BATCH,
                )
                .execute(&mut *tx.conn)
                .await
            }
        };
        let done = done.ours()?.rows_affected();
        tx.commit_quietly().await?;
        if done == 0 {
            return Ok(());
        }
    }
}
