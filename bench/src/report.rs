//! The figures as a table for people; the same as JSON is made by serde.

use std::fmt;

use serde::Serialize;

use crate::load::Figures;
use crate::machine::Memory;
use crate::sockets::Live;
use crate::weight::{MOST, Weight};

/// Everything that was measured.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub sizes: Vec<Size>,
}

/// What was measured with one number of tickets.
#[derive(Debug, Serialize)]
pub struct Size {
    pub tickets: u32,
    pub rows: Vec<Figures>,
    pub memory_at_start: Memory,
    pub memory_after_requests: Memory,
    pub live: Option<Live>,
    pub weights: Vec<Weight>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goal = match self.goal_ms {
            None => "          ".to_owned(),
            Some(goal) => format!("{goal:>4.1} {:>4.1}×", self.cpu_ms() / goal),
        };
        write!(
            f,
            "{:<20}{:>4}{:>9.0}{:>9.2}{:>9.2}{:>10.2}{:>10.2}{:>9.2}   {goal}{:>9.1}",
            self.row,
            self.connections,
            self.per_second,
            self.p50_ms,
            self.p99_ms,
            self.server_cpu_ms,
            self.postgres_cpu_ms,
            self.cpu_ms(),
            self.bytes as f64 / 1000.0,
        )
    }
}

const HEAD: &str =
    "                     conn  req/s   p50 ms   p99 ms  CPU: server  PostgreSQL  both   goal         KB sent";

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for size in &self.sizes {
            writeln!(f, "\n{} tickets; CPU in milliseconds a request\n{HEAD}", size.tickets)?;
            for row in &size.rows {
                writeln!(f, "{row}")?;
            }
            let (start, after) = (size.memory_at_start, size.memory_after_requests);
            writeln!(f, "\nmemory, MB            server  PostgreSQL")?;
            writeln!(f, "after the start     {:>8.1}{:>12.1}", start.server_mb, start.postgres_mb)?;
            writeln!(f, "after the requests  {:>8.1}{:>12.1}", after.server_mb, after.postgres_mb)?;
            if let Some(live) = &size.live {
                let memory = live.memory;
                writeln!(f, "with {:>5} sockets  {:>8.1}{:>12.1}", live.sockets, memory.server_mb, memory.postgres_mb)?;
                writeln!(
                    f,
                    "\na reply reaches the last of {} tabs: p50 {:.1} ms, worst {:.1} ms after it is sent; {:.1} and {:.1} ms \
                     after its answer",
                    live.watchers,
                    live.after_sending.p50_ms,
                    live.after_sending.max_ms,
                    live.after_answer.p50_ms,
                    live.after_answer.max_ms,
                )?;
            }
        }
        if let Some(size) = self.sizes.first() {
            writeln!(
                f,
                "\nfirst visit, KB over the wire\n{:<20}    HTML  script    WASM   style   other     all   later, when idle",
                ""
            )?;
            for w in &size.weights {
                let kb = |bytes: u64| bytes as f64 / 1000.0;
                writeln!(
                    f,
                    "{:<20}{:>8.1}{:>8.1}{:>8.1}{:>8.1}{:>8.1}{:>8.1}{:>19.1}{}",
                    w.page,
                    kb(w.html),
                    kb(w.script),
                    kb(w.wasm),
                    kb(w.style),
                    kb(w.other),
                    kb(w.total()),
                    kb(w.later),
                    if w.total() > MOST { "  too much" } else { "" }
                )?;
            }
        }
        self.growth(f)
    }
}

impl Report {
    /// What a row costs with the most tickets against what it costs with the fewest.
    fn growth(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(small), Some(large)) = (self.sizes.first(), self.sizes.last()) else { return Ok(()) };
        if small.tickets == large.tickets {
            return Ok(());
        }
        writeln!(f, "\nCPU with {} tickets ÷ CPU with {}", large.tickets, small.tickets)?;
        for (a, b) in small.rows.iter().zip(&large.rows) {
            writeln!(f, "{:<20}{:>4}{:>9.2}", a.row, a.connections, b.cpu_ms() / a.cpu_ms())?;
        }
        Ok(())
    }
}
