//! What an operation asks of the database: how many statements, and how much it reads of which table.

use super::World;
use std::{
    cell::RefCell,
    collections::HashMap,
    fmt,
    sync::{Mutex, Once},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

tokio::task_local! {
    static SEEN: Mutex<Vec<String>>;
}

thread_local! {
    static SEEN_HERE: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Runs something and returns, beside its result, the statements that sqlx sent while it ran, in this task.
pub async fn statements<T>(operation: impl Future<Output = T>) -> (T, Vec<String>) {
    listen();
    SEEN.scope(Mutex::default(), async {
        let result = operation.await;
        (result, SEEN.with(|seen| std::mem::take(&mut *seen.lock().unwrap())))
    })
    .await
}

/// The same for everything that happens on this thread meanwhile: the tasks that a page starts to fetch its data with. For
/// tests on a runtime of one thread.
pub async fn statements_here<T>(operation: impl Future<Output = T>) -> (T, Vec<String>) {
    listen();
    SEEN_HERE.set(Some(Vec::new()));
    let result = operation.await;
    (result, SEEN_HERE.take().unwrap_or_default())
}

/// What something asks of itself: the fewest of some tries, until one has no more than `fine`. What follows the events reads now
/// and then, on this thread too.
pub async fn fewest<T, Try: Future<Output = T>>(fine: usize, mut operation: impl FnMut() -> Try) -> (T, Vec<String>) {
    let mut best = statements_here(operation()).await;
    for _ in 0..10 {
        if (1..=fine).contains(&best.1.len()) {
            break;
        }
        let again = statements_here(operation()).await;
        if again.1.len() < best.1.len() {
            best = again;
        }
    }
    best
}

fn listen() {
    // One subscriber for the whole process: those of single threads miss events while others come and go.
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let only = tracing_subscriber::filter::Targets::new().with_target("sqlx::query", tracing::Level::DEBUG);
        // Another one is there already only if a test has installed it; then nothing is seen, and the test says so.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Spy.with_filter(only)));
    });
}

/// Notes what sqlx logs of each statement.
struct Spy;

impl<S: Subscriber> Layer<S> for Spy {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut statement = Statement::default();
            event.record(&mut statement);
            let whole = if statement.whole.trim().is_empty() { statement.summary } else { statement.whole };
            // Outside of `statements` nobody listens.
            let _ = SEEN.try_with(|seen| seen.lock().unwrap().push(whole.trim().to_owned()));
            SEEN_HERE.with_borrow_mut(|seen| {
                if let Some(seen) = seen {
                    seen.push(whole.trim().to_owned());
                }
            });
        }
    }
}

#[derive(Default)]
struct Statement {
    summary: String,
    whole: String,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.whole = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "summary" {
            self.summary = format!("{value:?}");
        }
    }
}

/// What was read of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// How often the whole table was gone through.
    pub scans: i64,
    /// Rows that came from indexes or scans.
    pub rows: i64,
}

/// What PostgreSQL has counted so far, by table. The world must have a single connection ([`super::Setup::connections`]):
/// only then is what was counted known to be written down.
async fn reads_so_far(world: &World) -> HashMap<String, Read> {
    sqlx::query("select pg_stat_force_next_flush()").execute(world.desk.pool()).await.unwrap();
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select relname::text, seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables",
    )
    .fetch_all(world.desk.pool())
    .await
    .unwrap();
    rows.into_iter().map(|(table, scans, rows)| (table, Read { scans, rows })).collect()
}

/// Runs something and returns, beside its result, what it read of each table.
pub async fn reads<T>(world: &World, operation: impl Future<Output = T>) -> (T, HashMap<String, Read>) {
    let before = reads_so_far(world).await;
    let result = operation.await;
    let mut after = reads_so_far(world).await;
    for (table, read) in &mut after {
        let was = before.get(table).copied().unwrap_or_default();
        *read = Read { scans: read.scans - was.scans, rows: read.rows - was.rows };
    }
    (result, after)
}
