//! `cargo xtask run` and `demo`: a release, built and started.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::build::{self, Profile};
use crate::project::{Project, show};
use crate::tools;

/// Builds a release and becomes it, so that signals reach the server itself.
pub fn run(project: &Project, arguments: &[OsString]) -> Result<()> {
    let mut docket = release(project)?;
    docket.arg("serve").args(arguments);
    eprintln!("    starting {}", show(&docket));
    become_it(docket)
}

/// Builds a release, fills the demo's database and says how to look at it.
pub fn demo(project: &Project, arguments: &[OsString]) -> Result<()> {
    let mut docket = release(project)?;
    docket.arg("demo").args(arguments);
    // A folder of its own, so that the demo's people never come among real ones.
    let apart = ["DATABASE_URL", "DOCKET_DATA"].iter().all(|name| std::env::var_os(name).is_none());
    if apart {
        docket.env("DOCKET_DATA", DEMO_DATA);
    }
    crate::project::run(&mut docket)?;
    let data = if apart { format!(" --data {DEMO_DATA}") } else { String::new() };
    println!("Look at it with: cargo xtask run{data}");
    Ok(())
}

/// A freshly built release, and a PostgreSQL for it to run unless it was given one.
fn release(project: &Project) -> Result<Command> {
    if std::env::var_os("DATABASE_URL").is_none() {
        tools::postgres()?;
    }
    Ok(Command::new(build::build(project, Profile::Release)?))
}

/// Where the demo lives, below the folder that git does not look at.
const DEMO_DATA: &str = "data/demo";

#[cfg(unix)]
fn become_it(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> Result<()> {
    crate::project::run(&mut command)
}
