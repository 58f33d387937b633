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
    let mut report = Report::default();
    for &tickets in &options.sizes {
        let size = measure(&options, tickets).await.with_context(|| format!("with {tickets} tickets"))?;
        report.sizes.push(size);
    }
    print!("{report}");
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Everything that is measured with one number of tickets.
async fn measure(options: &Options, tickets: u32) -> anyhow::Result<Size> {
    let folder = options.data.join(tickets.to_string());
    desk::seed(&options.binary, &folder, tickets)?;
    let server = desk::Server::start(&options.binary, &folder).await?;
    eprintln!("{tickets} tickets, {}", server.address);
    let memory_at_start = server.usage().memory();
    let people = rows::People::sign_in(&server.address, *options.connections.iter().max().unwrap_or(&1)).await?;
    let weights = weight::first_loads(&server.address, &people).await?;
    let mut measured = Vec::new();
    for row in rows::all(&server.address, &people, tickets).await? {
        if options.only.as_ref().is_some_and(|only| !row.name.contains(only.as_str())) {
            continue;
        }
        for &connections in &options.connections {
            let time = Duration::from_secs(options.seconds);
            let figures = load::run(&server, &people, &row, connections, time).await.with_context(|| row.name)?;
            eprintln!("  {figures}");
            measured.push(figures);
        }
    }
    let memory_after_requests = server.usage().memory();
    let live = match options.sockets {
        0 => None,
        count => Some(sockets::run(&server, &people, count, options.watchers.min(count)).await?),
    };
    server.stop().await?;
    Ok(Size { tickets, rows: measured, memory_at_start, memory_after_requests, live, weights })
}
