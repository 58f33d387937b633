//! What processes have used so far, from `/proc`.

use std::fs;

use serde::Serialize;

/// CPU time and memory of the server and of its PostgreSQL.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub server: Process,
    pub postgres: Process,
}

/// CPU time and memory of a process, or of several together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Process {
    /// In ticks of the clock, see [`TICK_MS`].
    pub ticks: u64,
    /// Resident memory in KB. Pages that PostgreSQL's processes share count once.
    pub memory_kb: u64,
}

/// How much memory is in use, in MB.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Memory {
    pub server_mb: f64,
    pub postgres_mb: f64,
}

/// What Linux shows to programs is in hundredths of a second, whatever the kernel counts in.
pub const TICK_MS: f64 = 10.0;

impl Usage {
    /// Of a server and of the PostgreSQL whose first process is `postmaster`; nothing where there is no `/proc`.
    pub fn of(server: u32, postmaster: u32) -> Self {
        let mut usage = Self::default();
        if let Some(stat) = Stat::of(server) {
            usage.server = Process { ticks: stat.own, memory_kb: field(server, "status", "VmRSS:").unwrap_or(0) };
        }
        if let Some(stat) = Stat::of(postmaster) {
            // The time of backends that have gone is in the postmaster's account.
            usage.postgres = Process { ticks: stat.own + stat.children, memory_kb: shared_once(postmaster) };
        }
        for (id, stat) in all().filter(|(_, stat)| stat.parent == postmaster) {
            usage.postgres.ticks += stat.own;
            usage.postgres.memory_kb += shared_once(id);
        }
        usage
    }

    pub fn memory(&self) -> Memory {
        let mb = |kb: u64| kb as f64 / 1024.0;
        Memory { server_mb: mb(self.server.memory_kb), postgres_mb: mb(self.postgres.memory_kb) }
    }
}

/// Memory of a process where a page that several share counts in parts.
fn shared_once(id: u32) -> u64 {
    field(id, "smaps_rollup", "Pss:").or_else(|| field(id, "status", "VmRSS:")).unwrap_or(0)
}

fn field(id: u32, file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/{file}")).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

struct Stat {
    parent: u32,
    own: u64,
    children: u64,
}

impl Stat {
    fn of(id: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name before may have spaces and brackets in it.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |n: usize| fields.get(n)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            own: number(11)? + number(12)?,
            children: number(13)? + number(14)?,
        })
    }
}

fn all() -> impl Iterator<Item = (u32, Stat)> {
    fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
        Some((id, Stat::of(id)?))
    })
}
