//! Going through a file, batch by batch.

use super::{carried::Carried, enqueue, lines::Batch, load, read, stored::Lines};
use crate::{Desk, OrOurs, Tx, events, people};
use domain::{
    Actor, Code, Error, ImportId, Result,
    event::Happening,
    import::{CELL_MAX, Import, SAMPLES, State},
    text,
};

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
    let trial = import.state == State::Trying;
    let mut done = import.lines_done;
    let mut carried = Carried::default();
    if trial {
        carried.look_ahead(desk, &row.path, &import).await?;
        // A trial takes back what it does. Whoever was at it before knew what the lines so far had left; so that is found out again.
        let mut again = 0;
        while again < done {
            let most = usize::try_from(done - again).unwrap_or(BATCH).min(BATCH);
            let (batch, ended) = lines.batch(most, BATCH_BYTES).await?;
            again += batch.len() as i64;
            let mut attempt = desk.begin().await?;
            carried =
                attempted(&mut attempt, &actor, Batch::new(import.kind, &import.reading, 0), batch, carried).await?.1;
            if ended {
                break;
            }
        }
    } else {
        lines.skip(done).await?;
    }
    // A trial is done in one go, for that reason.
    for _ in 0..if trial { usize::MAX } else { BATCHES } {
        let (batch, ended) = lines.batch(BATCH, BATCH_BYTES).await?;
        done += batch.len() as i64;
        if step(desk, &actor, &import, batch, done, ended, &mut carried).await? {
            return Ok(());
        }
    }
    let mut tx = desk.begin().await?;
    enqueue(&mut tx, id).await?;
    tx.commit_quietly().await
}

/// Takes lines in like the real thing, in a transaction that is taken back. Returns what they have come to, and what they leave to
/// the lines after them.
async fn attempted<'a>(
    attempt: &mut Tx,
    actor: &Actor,
    mut batch: Batch<'a>,
    lines: Vec<read::Line>,
    carried: Carried,
) -> Result<(Batch<'a>, Carried)> {
    carried.restore(attempt, &batch, &lines).await?;
    batch.trial = Some(carried);
    batch.take(attempt, actor, lines).await?;
    let mut carried = batch.trial.take().unwrap_or_default();
    carried.keep(attempt, &batch).await?;
    Ok((batch, carried))
}

/// One batch with what is noted of it. `true`: it is over.
async fn step(
    desk: &Desk,
    actor: &Actor,
    import: &Import,
    lines: Vec<read::Line>,
    done: i64,
    ended: bool,
    carried: &mut Carried,
) -> Result<bool> {
    let trial = import.state == State::Trying;
    let count = lines.len() as i64;
    let mut tx = desk.begin().await?;
    // Another worker may have taken it over: only one goes on from here.
    let held = sqlx::query!(
        "select stopping, tags_made from imports where id = $1 and state = $2 and lines_done = $3 for update",
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
        (batch, *carried) = attempted(&mut attempt, actor, batch, lines, std::mem::take(carried)).await?;
    } else {
        batch.tags_before = usize::try_from(held.tags_made).unwrap_or(usize::MAX);
        batch.take(&mut tx, actor, lines).await?;
    }
    let refused = &batch.refused;
    let column = |of: fn(&(read::Line, String)) -> String| refused.iter().map(of).collect::<Vec<_>>();
    // Arrays of arrays must have equal lengths in PostgreSQL. Not every character can be stored. Lines are mended and brought in
    // by what is kept here: nothing is cut but what is no line.
    let kept = |cell: &str, whole| if whole { text::tidy(cell) } else { text::excerpt(&text::tidy(cell), CELL_MAX) };
    let cells: Vec<serde_json::Value> = refused
        .iter()
        .map(|(line, _)| line.cells.iter().map(|c| kept(c, line.whole)).collect::<Vec<_>>().into())
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
             refused = refused + $6, updated_at = $7, unassigned = unassigned + $8, samples = samples || $9,
             tags_made = tags_made + $10, tags_left = tags_left + $11 where id = $1",
        import.id.0,
        done,
        batch.made,
        batch.changed,
        batch.same,
        refused.len() as i64,
        tx.at(),
        batch.unassigned,
        serde_json::to_value(&batch.samples).ours()?,
        batch.tags.len() as i64,
        batch.tags_left,
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
