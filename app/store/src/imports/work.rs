//! Going through a file, batch by batch.

use super::{enqueue, lines::Batch, load, read, stored::Lines};
use crate::{Desk, OrOurs, Tx, events, people};
use domain::{
    Actor, Code, Error, ImportId, Result,
    event::Happening,
    import::{CELL_MAX, Import, SAMPLES, State},
    text,
};
use sqlx::PgConnection;
use std::collections::HashSet;

/// How many lines go in one transaction.
const BATCH: usize = 500;
/// How many bytes do at most, but for the last line.
const BATCH_BYTES: usize = 1024 * 1024;
/// How many batches one job does before it makes room for others.
const BATCHES: usize = 100;

/// Goes on with an import where it was left. Can be broken off and done again.
#[crate::compiled_here]
pub async fn work(desk: &Desk, id: ImportId) -> Result<()> {
    let row = match load(&mut *desk.read().await?, id).await {
        Ok(row) => row,
        // Cleared away meanwhile.
        Err(error) if error.code == Code::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let import = row.import;
    if !import.state.is_moving() {
        return Ok(());
    }
    let person = people::principal(&mut *desk.read().await?, row.by).await;
    let actor = match person.map(|person| Actor::user(person, None)) {
        Ok(actor) if super::demand_of(&actor, import.kind).is_ok() => actor,
        Err(error) if error.code != Code::NotFound => return Err(error),
        _ => return fail(desk, id, "Whoever began it may not do this any more.").await,
    };
    // Decoding and splitting take milliseconds for a batch; so the lines are read beside the work, not all before it.
    let Some(mut lines) = Lines::open(desk, &row.path, &import.reading).await? else {
        return fail(desk, id, "Its file is not there any more.").await;
    };
    let mut done = import.lines_done;
    let mut made_before = HashSet::new();
    if import.state == State::Trying && done > 0 {
        // Whoever was made by the lines before is not there: a trial takes back what it does.
        let refused = refused_before(&mut *desk.read().await?, id).await?;
        let batch = Batch::new(import.kind, &import.reading, 0);
        for _ in 0..done {
            let Some(line) = lines.next().await? else { break };
            if !refused.contains(&line.number) {
                made_before.insert(batch.key(&line));
            }
        }
    } else {
        lines.skip(done).await?;
    }
    for _ in 0..BATCHES {
        let (batch, ended) = lines.batch(BATCH, BATCH_BYTES).await?;
        done += batch.len() as i64;
        if step(desk, &actor, &import, batch, done, ended, &mut made_before).await? {
            return Ok(());
        }
    }
    let mut tx = desk.begin().await?;
    enqueue(&mut tx, id).await?;
    tx.commit_quietly().await
}

/// The lines of which a trial has found that they would be refused.
async fn refused_before(conn: &mut PgConnection, id: ImportId) -> Result<HashSet<i64>> {
    let lines = sqlx::query_scalar!("select line from import_refusals where import_id = $1", id.0)
        .fetch_all(conn)
        .await
        .ours()?;
    Ok(lines.into_iter().collect())
}

/// One batch with what is noted of it. `true`: it is over.
async fn step(
    desk: &Desk,
    actor: &Actor,
    import: &Import,
    lines: Vec<read::Line>,
    done: i64,
    ended: bool,
    made_before: &mut HashSet<u64>,
) -> Result<bool> {
    let trial = import.state == State::Trying;
    let count = lines.len() as i64;
    let mut tx = desk.begin().await?;
    // Another worker may have taken it over: only one goes on from here.
    let held = sqlx::query!(
        "select stopping from imports where id = $1 and state = $2 and lines_done = $3 for update",
        import.id.0,
        import.state.word(),
        done - count,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let Some(held) = held else { return Ok(true) };
    if held.stopping {
        let state = if trial { State::Mapping } else { State::Stopped };
        end(&mut tx, actor, import, state).await?;
        tx.commit().await?;
        return Ok(true);
    }
    let wanted = if trial { SAMPLES - (done - count) } else { 0 };
    let mut batch = Batch::new(import.kind, &import.reading, usize::try_from(wanted).unwrap_or(0));
    if trial {
        // Done like the real thing, and taken back: what it says is what will happen.
        let mut attempt = desk.begin().await?;
        batch.take(&mut attempt, actor, lines, Some(made_before)).await?;
    } else {
        batch.take(&mut tx, actor, lines, None).await?;
    }
    let refused = &batch.refused;
    let column = |of: fn(&(read::Line, String)) -> String| refused.iter().map(of).collect::<Vec<_>>();
    // Arrays of arrays must have equal lengths in PostgreSQL. Not every character can be stored.
    let cells: Vec<serde_json::Value> = refused
        .iter()
        .map(|(line, _)| line.cells.iter().map(|c| text::excerpt(&text::tidy(c), CELL_MAX)).collect::<Vec<_>>().into())
        .collect();
    sqlx::query!(
        "insert into import_refusals (import_id, line, reason, cells)
         select $1, r.line, r.reason, array(select jsonb_array_elements_text(r.cells))
         from unnest($2::bigint[], $3::text[], $4::jsonb[]) as r (line, reason, cells) on conflict do nothing",
        import.id.0,
        &refused.iter().map(|(line, _)| line.number).collect::<Vec<_>>(),
        &column(|(_, reason)| reason.clone()),
        &cells,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    sqlx::query!(
        "update imports set lines_done = $2, made = made + $3, changed = changed + $4, same = same + $5,
             refused = refused + $6, updated_at = $7, unassigned = unassigned + $8, samples = samples || $9 where id = $1",
        import.id.0,
        done,
        batch.made,
        batch.changed,
        batch.same,
        refused.len() as i64,
        tx.at(),
        batch.unassigned,
        serde_json::to_value(&batch.samples).ours()?,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if ended {
        end(&mut tx, actor, import, if trial { State::Tried } else { State::Done }).await?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// Notes how it ended, and says so when it was for good.
async fn end(tx: &mut Tx, actor: &Actor, import: &Import, state: State) -> Result<()> {
    let r = sqlx::query!(
        "update imports set state = $2, stopping = false, updated_at = $3, lines_all = greatest(lines_done, case when $4
             then lines_done else lines_all end)
         where id = $1 returning made, changed, refused",
        import.id.0,
        state.word(),
        tx.at(),
        matches!(state, State::Tried | State::Done),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    if import.state == State::Running {
        let what = Happening::ImportFinished {
            import: import.id,
            made: r.made,
            changed: r.changed,
            refused: r.refused,
            stopped: state == State::Stopped,
        };
        events::append(tx, actor, None, &what).await?;
    }
    Ok(())
}

async fn fail(desk: &Desk, id: ImportId, problem: &str) -> Result<()> {
    sqlx::query!(
        "update imports set state = 'failed', problem = $2, updated_at = $3 where id = $1 and state in ('trying', 'running')",
        id.0,
        problem,
        time::OffsetDateTime::from(desk.now()),
    )
    .execute(desk.pool())
    .await
    .ours()?;
    Ok(())
}

/// Takes an error that is about one line apart from those that are about everything.
pub(super) fn of_line(error: Error) -> Result<String> {
    if matches!(error.code.status(), 404 | 409 | 422) { Ok(error.in_words()) } else { Err(error) }
}
