//! The program that is measured, with a database of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::machine::Usage;

/// Fills a folder's database, unless it was filled before.
pub fn seed(binary: &Path, folder: &Path, tickets: u32) -> anyhow::Result<()> {
    let done = folder.join("seeded");
    if done.exists() {
        return Ok(());
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder)?;
    let status = docket(binary, folder)
        .args(["demo", "--bench", "--tickets", &tickets.to_string()])
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    ensure!(status.success(), "the database could not be filled");
    std::fs::write(done, "")?;
    Ok(())
}

/// The program with settings that do not come from the environment of whoever measures.
fn docket(binary: &Path, folder: &Path) -> std::process::Command {
    let mut docket = std::process::Command::new(binary);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("DOCKET_") || name == "DATABASE_URL" {
            docket.env_remove(&*name);
        }
    }
    docket.arg("--data").arg(folder).args(["--log", "warn,server::serve=info", "--log-format", "json"]);
    docket
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: String,
    child: Child,
    id: u32,
    postmaster: u32,
}

impl Server {
    /// Starts it on a free port, and waits until it listens.
    pub async fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::from(docket(binary, folder));
        command.args(["--listen", "127.0.0.1:0", "--api-rate-limit", "0", "--rate-limit", "0"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = child.stderr.take().context("the server has no log")?;
        let mut lines = BufReader::new(output).lines();
        let address = loop {
            let line = lines.next_line().await?.context("the server stopped before it listened")?;
            let fields: Option<serde_json::Value> = serde_json::from_str(&line).ok();
            let address = fields.as_ref().and_then(|fields| fields["fields"]["address"].as_str());
            match address {
                Some(address) => break address.to_owned(),
                None => eprintln!("{line}"),
            }
        };
        // What it says later is shown; a full pipe would hold it up.
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("{line}");
            }
        });
        let id = child.id().context("the server has gone")?;
        let file: PathBuf = folder.join("postgres/pgdata/postmaster.pid");
        let pid = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let postmaster = pid.lines().next().unwrap_or("").trim().parse().context("postmaster.pid has no number")?;
        Ok(Self { address, child, id, postmaster })
    }

    /// What it and its PostgreSQL have used so far.
    pub fn usage(&self) -> Usage {
        Usage::of(self.id, self.postmaster)
    }

    /// Asks it to stop, and waits until it and its PostgreSQL have.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        #[cfg(unix)]
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(i32::try_from(self.id)?), nix::sys::signal::Signal::SIGTERM)?;
        #[cfg(not(unix))]
        self.child.start_kill()?;
        tokio::time::timeout(Duration::from_secs(60), self.child.wait())
            .await
            .context("the server does not stop")??;
        Ok(())
    }
}
