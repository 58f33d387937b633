//! Measures a release of Docket: requests over HTTP with real session cookies, live updates over websockets, memory, and
//! what a first visit loads. Prints a table, and JSON if asked to.
//!
//! What counts is the CPU a request costs, of the server and of PostgreSQL together: it hardly depends on what else the
//! machine does, times do. CPU and memory are read from `/proc`, so they are left out where there is none.

mod desk;
mod http;
mod load;
mod machine;
mod report;
mod rows;
mod sockets;
mod weight;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;

use crate::report::{Report, Size};

/// What to measure.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask bench", max_term_width = 100)]
pub struct Options {
    /// The program to measure
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// Where the databases are made. Those that are there from an earlier run are used again
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Numbers of tickets to measure with
    #[arg(long, value_delimiter = ',', default_value = "10000,100000", value_name = "TICKETS")]
    sizes: Vec<u32>,
    /// Numbers of connections to measure with
    #[arg(long, value_delimiter = ',', default_value = "1,16", value_name = "CONNECTIONS")]
    connections: Vec<usize>,
    /// Only rows whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How long each row is measured, in seconds
    #[arg(long, default_value = "6", value_name = "SECONDS")]
    seconds: u64,
    /// How many websockets are opened; 0 for none
    #[arg(long, default_value = "1000", value_name = "NUMBER")]
    sockets: usize,
    /// How many of them follow one ticket
    #[arg(long, default_value = "100", value_name = "NUMBER")]
    watchers: usize,
    /// Write all figures to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut desks = Vec::new();
    for &tickets in &options.sizes {
        desks.push(open(&options, tickets).await.with_context(|| format!("with {tickets} tickets"))?);
    }
    measure(&options, &mut desks).await?;
    let mut report = Report::default();
    for desk in desks {
        let tickets = desk.size.tickets;
        report.sizes.push(close(&options, desk).await.with_context(|| format!("with {tickets} tickets"))?);
    }
    print!("{report}");
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// A running server with one number of tickets, and what has been measured of it so far.
struct Open {
    server: desk::Server,
    people: rows::People,
    rows: Vec<rows::Row>,
    size: Size,
}

/// Starts a server, and measures what is best measured before it has done anything.
async fn open(options: &Options, tickets: u32) -> anyhow::Result<Open> {
    let folder = options.data.join(tickets.to_string());
    desk::seed(&options.binary, &folder, tickets)?;
    let server = desk::Server::start(&options.binary, &folder).await?;
    eprintln!("{tickets} tickets, {}", server.address);
    let memory_at_start = server.usage().memory();
    let people = rows::People::sign_in(&server.address, *options.connections.iter().max().unwrap_or(&1)).await?;
    let weights = weight::first_loads(&server.address, &people).await?;
    let mut rows = rows::all(&server.address, &people, tickets).await?;
    rows.retain(|row| options.only.as_ref().is_none_or(|only| row.name.contains(only.as_str())));
    let size = Size {
        tickets,
        rows: Vec::new(),
        memory_at_start,
        memory_after_requests: memory_at_start,
        live: None,
        weights,
    };
    Ok(Open { server, people, rows, size })
}

/// How long one number of tickets is measured before it is the next one's turn.
const TURN: Duration = Duration::from_millis(500);

/// Measures the rows. Each of them with all numbers of tickets, in short turns: machines are faster at one time and slower at
/// another, and what a row costs with many tickets is compared with what it costs with few.
async fn measure(options: &Options, desks: &mut [Open]) -> anyhow::Result<()> {
    let turns = (options.seconds * 1000).div_ceil(TURN.as_millis() as u64).max(1) as usize;
    for row in 0..desks.iter().map(|desk| desk.rows.len()).min().unwrap_or(0) {
        for &connections in &options.connections {
            let mut runs = Vec::new();
            for Open { server, people, rows, size } in &*desks {
                let run = load::Run::open(server, people, &rows[row], connections).await;
                runs.push(run.with_context(|| format!("{} with {} tickets", rows[row].name, size.tickets))?);
            }
            for turn in 0..turns {
                // Nobody is always the first.
                let count = runs.len();
                for n in 0..count {
                    runs[(turn + n) % count].turn(TURN, turns).await?;
                }
            }
            let figures: Vec<_> = runs.into_iter().map(load::Run::figures).collect();
            for (Open { size, .. }, figures) in desks.iter_mut().zip(figures) {
                eprintln!("{:>8} {figures}", size.tickets);
                size.rows.push(figures);
            }
        }
    }
    Ok(())
}

/// Measures what comes after the requests, and stops the server.
async fn close(options: &Options, desk: Open) -> anyhow::Result<Size> {
    let Open { server, people, mut size, .. } = desk;
    size.memory_after_requests = server.usage().memory();
    if options.sockets > 0 {
        size.live = Some(sockets::run(&server, &people, options.sockets, options.watchers.min(options.sockets)).await?);
    }
    server.stop().await?;
    Ok(size)
}
