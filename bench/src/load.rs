//! Sends one kind of request over and over, and counts what it costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::desk::Server;
use crate::http::Connection;
use crate::machine::TICK_MS;
use crate::rows::{As, People, Row};

/// What one row of the table says.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    pub row: &'static str,
    pub connections: usize,
    pub requests: usize,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// CPU of one request, in milliseconds.
    pub server_cpu_ms: f64,
    pub postgres_cpu_ms: f64,
    pub goal_ms: Option<f64>,
    /// The size of an answer over the wire.
    pub bytes: u64,
}

impl Figures {
    pub fn cpu_ms(&self) -> f64 {
        self.server_cpu_ms + self.postgres_cpu_ms
    }
}

/// Before it is measured, a row is run for this long: caches fill, connections to the database open.
const WARM_UP: Duration = Duration::from_secs(1);
/// Enough for a p99, whatever the time.
const AT_LEAST: usize = 200;

/// One row with one number of connections against one server, measured in turns with other servers.
pub struct Run<'a> {
    server: &'a Server,
    row: &'a Row,
    connections: usize,
    open: Vec<Connection>,
    times: Vec<Duration>,
    bytes: u64,
    took: Duration,
    server_ticks: u64,
    postgres_ticks: u64,
}

impl<'a> Run<'a> {
    /// Opens the connections, and warms up.
    pub async fn open(server: &'a Server, people: &People, row: &'a Row, connections: usize) -> anyhow::Result<Self> {
        let mut open = Vec::new();
        for n in 0..connections {
            let cookie = match row.by {
                As::Staff => &people.staff[n % people.staff.len()],
                As::Customer => &people.customer,
            };
            open.push(Connection::open(&server.address, cookie).await?);
        }
        let (open, _, _) = drive(row, open, WARM_UP, connections).await?;
        let (times, bytes, took) = (Vec::new(), 0, Duration::ZERO);
        Ok(Self { server, row, connections, open, times, bytes, took, server_ticks: 0, postgres_ticks: 0 })
    }

    /// Sends requests for so long, and no fewer than a share of the least.
    pub async fn turn(&mut self, time: Duration, turns: usize) -> anyhow::Result<()> {
        let before = self.server.usage();
        let start = Instant::now();
        let (open, times, bytes) =
            drive(self.row, std::mem::take(&mut self.open), time, AT_LEAST.div_ceil(turns)).await?;
        self.took += start.elapsed();
        let after = self.server.usage();
        self.open = open;
        self.times.extend(times);
        self.bytes += bytes;
        self.server_ticks += after.server.ticks.saturating_sub(before.server.ticks);
        self.postgres_ticks += after.postgres.ticks.saturating_sub(before.postgres.ticks);
        Ok(())
    }

    pub fn figures(mut self) -> Figures {
        self.times.sort_unstable();
        let requests = self.times.len();
        let at = |share: f64| {
            let n = ((requests as f64 * share) as usize).min(requests.saturating_sub(1));
            self.times.get(n).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
        };
        let each = |ticks: u64| ticks as f64 * TICK_MS / requests as f64;
        Figures {
            row: self.row.name,
            connections: self.connections,
            requests,
            per_second: requests as f64 / self.took.as_secs_f64(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            server_cpu_ms: each(self.server_ticks),
            postgres_cpu_ms: each(self.postgres_ticks),
            goal_ms: self.row.goal_ms,
            bytes: self.bytes / requests as u64,
        }
    }
}

/// Each connection sends as soon as it has its answer. Returns the connections, all times and the sum of bytes.
async fn drive(
    row: &Row,
    open: Vec<Connection>,
    time: Duration,
    at_least: usize,
) -> anyhow::Result<(Vec<Connection>, Vec<Duration>, u64)> {
    let end = Instant::now() + time;
    let sent = Arc::new(AtomicU64::new(0));
    let runs = open.into_iter().map(|mut connection| {
        let sent = sent.clone();
        async move {
            let (mut times, mut bytes) = (Vec::new(), 0);
            while Instant::now() < end || sent.load(Ordering::Relaxed) < at_least as u64 {
                let call = (row.next)();
                let start = Instant::now();
                let answer = connection.good(&call).await?;
                times.push(start.elapsed());
                bytes += answer.body.len() as u64;
                sent.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, anyhow::Error>((connection, times, bytes))
        }
    });
    let mut all = (Vec::new(), Vec::new(), 0);
    for (connection, times, bytes) in futures::future::try_join_all(runs).await? {
        all.0.push(connection);
        all.1.extend(times);
        all.2 += bytes;
    }
    Ok(all)
}
