//! Customers, companies and tickets brought in from a file: taken in, looked at, tried without changing anything, then done.
//!
//! Done by a job, batch by batch: how far it has come is written in the transaction of what was done, so it can be broken off
//! anywhere and goes on from there. Who is there already is changed, not doubled; the same file twice changes nothing.

mod carried;
mod companies;
mod identities;
mod lines;
mod people;
pub mod read;
mod stored;
mod tickets;
mod work;

pub use work::work;

use crate::{
    Desk, OrOurs, Tx, events,
    jobs::{self, Work},
    upload::{self, Upload},
};
use bytes::Bytes;
use domain::{
    Actor, Code, Error, FieldId, ImportId, Result,
    error::Problems,
    event::Happening,
    fields::asked,
    import::{self, CELL_MAX, Field, Import, ImportView, Kind, PREVIEW, Reading, Refusal, SOURCE_MAX, Sample, State},
    policy::{self, Action},
    text,
};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream, Stream},
};
use object_store::{ObjectStoreExt, path::Path};
use rand::{Rng, distr::Alphanumeric};
use sqlx::types::Json;

/// How many refused lines the page shows; all of them are in the file that it offers.
const SHOWN: i64 = 20;
/// How many of them the file is written with at a time.
const PART: i64 = 100;
/// How many imports the list shows.
const LISTED: i64 = 20;

/// Whether a file may be brought in at all, for whoever has to know before they read it.
pub fn demand(actor: &Actor) -> Result<()> {
    policy::demand(actor, Action::ImportPeople, None)
}

/// The same of a file of this kind.
fn demand_of(actor: &Actor, kind: Kind) -> Result<()> {
    demand(actor)?;
    kind.needs().iter().try_for_each(|action| policy::demand(actor, *action, None))
}

/// Takes a file in while it comes, and guesses how it is read. Nothing is brought in yet.
///
/// Errors: `Invalid` with what is wrong with the file; then nothing of it is kept.
#[crate::compiled_here]
pub async fn create(
    desk: &Desk,
    actor: &Actor,
    kind: Kind,
    name: &str,
    content: &mut (dyn Stream<Item = Result<Bytes>> + Send + Unpin),
) -> Result<ImportId> {
    demand_of(actor, kind)?;
    let person = actor.signed_in()?.id;
    let key: String = rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect();
    let path = format!("imports/{key}");
    let mut upload = Upload::begin(desk, &path).await?;
    let taken = stored::take_in(&mut upload, kind, &custom(desk, kind), content).await;
    let ((reading, lines), size) = upload.finish(taken).await?;
    let at = time::OffsetDateTime::from(desk.now());
    let id = sqlx::query_scalar!(
        "insert into imports (kind, name, path, size, reading, state, lines_all, by_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, 'mapping', $6, $7, $8, $8) returning id",
        kind.word(),
        domain::attachment::clean_name(name),
        path,
        size,
        Json(&reading) as _,
        lines,
        person.0,
        at,
    )
    .fetch_one(desk.pool())
    .await
    .ours();
    if id.is_err() {
        upload::remove(desk, &path).await;
    }
    id.map(ImportId)
}

/// The custom fields that columns of such a file can be, by their names.
fn custom(desk: &Desk, kind: Kind) -> Vec<(FieldId, String)> {
    let Some(of) = kind.subject() else { return Vec::new() };
    asked(&desk.catalog().fields, of).map(|field| (field.id, field.name.clone())).collect()
}

/// The row of an import.
struct Row {
    import: Import,
    path: String,
    by: domain::UserId,
}

async fn load(conn: &mut sqlx::PgConnection, id: ImportId) -> Result<Row> {
    load_many(conn, &[id.0]).await?.pop().ok_or_else(|| Error::not_found("import"))
}

/// Newest first.
async fn load_many(conn: &mut sqlx::PgConnection, ids: &[i64]) -> Result<Vec<Row>> {
    let rows = sqlx::query!(
        r#"select i.id, i.kind, i.name, i.path, i.size, i.reading as "reading: Json<Reading>", i.state, i.lines_done,
                  i.lines_all, i.made, i.changed, i.same, i.refused, i.unassigned, i.tags_left, i.problem, i.stopping, i.by_id, u.name as by, i.created_at
           from imports i join users u on u.id = i.by_id where i.id = any($1) order by i.id desc"#,
        ids,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(rows
        .into_iter()
        .map(|r| Row {
            import: Import {
                id: ImportId(r.id),
                kind: Kind::from_word(&r.kind).unwrap_or_default(),
                name: r.name,
                size: r.size,
                reading: r.reading.0,
                state: State::from_word(&r.state).unwrap_or(State::Failed),
                lines_done: r.lines_done,
                lines_all: r.lines_all,
                made: r.made,
                changed: r.changed,
                same: r.same,
                refused: r.refused,
                unassigned: r.unassigned,
                tags_left: r.tags_left,
                problem: r.problem,
                stopping: r.stopping,
                by: r.by,
                created_at: r.created_at.into(),
            },
            path: r.path,
            by: domain::UserId(r.by_id),
        })
        .collect())
}

/// The last imports, newest first.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Vec<Import>> {
    demand(actor)?;
    let mut conn = desk.read().await?;
    let ids = sqlx::query_scalar!("select id from imports order by id desc limit $1", LISTED)
        .fetch_all(&mut *conn)
        .await
        .ours()?;
    Ok(load_many(&mut conn, &ids).await?.into_iter().map(|row| row.import).collect())
}

/// What the page of an import shows: while somebody says what is in which column, the first lines; else what was refused.
#[crate::compiled_here]
pub async fn view(desk: &Desk, actor: &Actor, id: ImportId) -> Result<ImportView> {
    demand(actor)?;
    let mut conn = desk.read().await?;
    let row = load(&mut conn, id).await?;
    let mut refusals = refusals(&mut conn, id, 0, SHOWN).await?;
    for cell in refusals.iter_mut().flat_map(|refusal| &mut refusal.cells) {
        *cell = text::excerpt(cell, CELL_MAX);
    }
    let samples = match row.import.state {
        State::Tried => {
            sqlx::query_scalar!(r#"select samples as "samples: Json<Vec<Sample>>" from imports where id = $1"#, id.0)
                .fetch_optional(&mut *conn)
                .await
                .ours()?
        }
        _ => None,
    };
    drop(conn);
    let (mut names, mut preview) = (Vec::new(), Vec::new());
    if matches!(row.import.state, State::Mapping | State::Tried) {
        let start = beginning(desk, &row).await?;
        let mut lines = read::lines(&start, &row.import.reading).map(|l| l.cells);
        if row.import.reading.header {
            names = lines.next().unwrap_or_default();
        }
        preview = lines
            .take(PREVIEW)
            .map(|cells| cells.iter().map(|c| text::excerpt(&lines::words(c), 60)).collect())
            .collect();
    }
    let samples = samples.map(|samples| samples.0).unwrap_or_default();
    let custom = custom(desk, row.import.kind);
    Ok(ImportView { import: row.import, names, preview, refusals, samples, custom })
}

/// As much of the file as is looked at.
async fn beginning(desk: &Desk, row: &Row) -> Result<Bytes> {
    let end = (row.import.size as u64).min(read::SNIFF as u64);
    desk.files().get_range(&Path::from(row.path.as_str()), 0..end).await.ours()
}

/// What the columns of the file are called: there, or here.
async fn names(desk: &Desk, row: &Row) -> Result<Vec<String>> {
    let reading = &row.import.reading;
    if reading.header {
        let first = read::lines(&beginning(desk, row).await?, reading).next();
        return Ok(first.map(|line| line.cells).unwrap_or_default());
    }
    let label = |column: &Option<Field>| column.map(Field::label).unwrap_or_default().to_owned();
    Ok(reading.columns.iter().map(label).collect())
}

async fn refusals(conn: &mut sqlx::PgConnection, id: ImportId, after: i64, limit: i64) -> Result<Vec<Refusal>> {
    let rows = sqlx::query!(
        "select line, reason, cells from import_refusals where import_id = $1 and line > $2 order by line limit $3",
        id.0,
        after,
        limit,
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(rows.into_iter().map(|r| Refusal { line: r.line, reason: r.reason, cells: r.cells }).collect())
}

/// All refused lines as a file, a part at a time: the number, the reason, then the cells as they were, under the names of their
/// columns, so that the file can be mended and brought in. No spreadsheet takes any of them for a formula. That they were taken
/// out is noted first.
#[crate::compiled_here]
pub async fn refused_file(desk: &Desk, actor: &Actor, id: ImportId) -> Result<BoxStream<'static, Result<Bytes>>> {
    demand(actor)?;
    let row = load(&mut *desk.read().await?, id).await?;
    let names = names(desk, &row).await?;
    let mut tx = desk.begin().await?;
    events::append(&mut tx, actor, None, &Happening::RefusedFetched { import: id }).await?;
    tx.commit().await?;
    let head = table(&[Refusal { line: 0, reason: "Reason".into(), cells: names }])?;
    let desk = desk.clone();
    // Numbered from 1: the line 0 stands for the names of the columns.
    let rest = stream::try_unfold(0, move |after| {
        let desk = desk.clone();
        async move {
            let rows = refusals(&mut *desk.read().await?, id, after, PART).await?;
            match rows.last().map(|row| row.line) {
                Some(last) => Ok(Some((table(&rows)?, last))),
                None => Ok(None),
            }
        }
    });
    Ok(stream::once(async { Ok(head) }).chain(rest).boxed())
}

fn table(rows: &[Refusal]) -> Result<Bytes> {
    let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let written = (|| {
        for row in rows {
            let line = if row.line == 0 { "Line".to_owned() } else { row.line.to_string() };
            let cells = [&line, &row.reason].into_iter().chain(&row.cells);
            csv.write_record(cells.map(|cell| import::harmless(cell)))?;
        }
        csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    })();
    written.map(Bytes::from).map_err(|cause| crate::error::internal(&cause))
}

/// Says how the file is read: encoding, separator, header, what is in which column.
///
/// Errors: `Invalid` when it could not be brought in like that; `Over` when it is under way.
#[crate::compiled_here]
pub async fn set_reading(tx: &mut Tx, actor: &Actor, id: ImportId, reading: &Reading) -> Result<()> {
    demand(actor)?;
    let reading = &Reading { source: text::tidy_line(&reading.source), ..reading.clone() };
    let row = load(&mut tx.conn, id).await?;
    if !matches!(row.import.state, State::Mapping | State::Tried) {
        return Err(under_way());
    }
    sqlx::query!(
        "update imports set reading = $2, state = 'mapping', updated_at = $3 where id = $1 and state in ('mapping', 'tried')",
        id.0,
        Json(reading) as _,
        tx.at(),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}

fn under_way() -> Error {
    Error::new(Code::Over, "This file is being brought in, or was already. Upload it again to begin anew.")
}

/// What is wrong with a mapping, if anything.
fn check(kind: Kind, reading: &Reading, custom: &[(FieldId, String)]) -> Result<()> {
    let mut problems = Problems::default();
    let has = |field: Field| reading.columns.contains(&Some(field));
    match kind {
        Kind::Customers => problems.unless(has(Field::Email), "columns", "Say which column has the e-mail addresses."),
        Kind::Companies => problems.unless(has(Field::Name), "columns", "Say which column has the names."),
        Kind::Tickets => {
            problems.unless(has(Field::Number), "columns", "Say which column has the numbers.");
            problems.unless(
                has(Field::Email),
                "columns",
                "Say which column has the e-mail addresses of the customers.",
            );
            let says = has(Field::Subject) || has(Field::Message);
            problems.unless(says, "columns", "Say which column has the subjects, or the first messages.");
            problems.unless(!reading.source.is_empty(), "source", "Say where the tickets come from, like Zendesk.");
            problems.unless(reading.source.chars().count() <= SOURCE_MAX, "source", "Use at most 40 characters.");
        }
    }
    let mut seen: Vec<Field> = Vec::new();
    for field in reading.columns.iter().flatten() {
        if seen.contains(field) && !field.may_be_several() {
            let named = custom.iter().find(|(id, _)| *field == Field::Custom(*id));
            let name = named.map_or_else(|| field.label(), |(_, name)| name);
            problems.add("columns", format!("Two columns cannot both be “{name}”."));
        }
        seen.push(*field);
        let known = match field {
            Field::Custom(id) => custom.iter().any(|(known, _)| known == id),
            field => kind.fields().contains(field),
        };
        problems.unless(known, "columns", "This file cannot have such a column.");
    }
    problems.check()
}

/// Begins to go through the file: without changing anything, or, after that, for good.
///
/// Errors: `Invalid` when the columns do not say enough; `Over` when it is under way, or was not tried before.
#[crate::compiled_here]
pub async fn begin(tx: &mut Tx, actor: &Actor, id: ImportId, trial: bool) -> Result<()> {
    demand(actor)?;
    let person = actor.signed_in()?.id;
    let row = load(&mut tx.conn, id).await?;
    demand_of(actor, row.import.kind)?;
    check(row.import.kind, &row.import.reading, &custom(tx.desk(), row.import.kind))?;
    let from: &[String] = &if trial { ["mapping", "tried"] } else { ["tried", "stopped"] }.map(str::to_owned);
    let to = if trial { State::Trying } else { State::Running };
    let begun = sqlx::query!(
        "update imports set state = $2, lines_done = 0, made = 0, changed = 0, same = 0, refused = 0, unassigned = 0, samples = '[]',
             tags_made = 0, tags_left = 0, problem = null, stopping = false, by_id = $4, updated_at = $5
         where id = $1 and state = any($3)",
        id.0,
        to.word(),
        from,
        person.0,
        tx.at(),
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if begun.rows_affected() == 0 {
        return Err(under_way());
    }
    sqlx::query!("delete from import_refusals where import_id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
    if !trial {
        events::append(tx, actor, None, &Happening::ImportStarted { import: id }).await?;
    }
    enqueue(tx, id).await
}

/// Has the file gone through further.
async fn enqueue(tx: &mut Tx, id: ImportId) -> Result<()> {
    let at = tx.now;
    jobs::enqueue(tx, &Work::Import { import: id }, at, -1, Some(&format!("import:{id}"))).await
}

/// Has it stop after the lines at hand. What was brought in stays.
#[crate::compiled_here]
pub async fn stop(tx: &mut Tx, actor: &Actor, id: ImportId) -> Result<()> {
    demand(actor)?;
    load(&mut tx.conn, id).await?;
    let told =
        sqlx::query!("update imports set stopping = true where id = $1 and state in ('trying', 'running')", id.0)
            .execute(&mut *tx.conn)
            .await
            .ours()?;
    if told.rows_affected() > 0 {
        // Whoever was at it may have died, or given it up.
        enqueue(tx, id).await?;
    }
    Ok(())
}
