//! `cargo xtask run`: a release, built and started.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::build::{self, Profile};
use crate::project::{Project, show};
use crate::tools;

/// Builds a release and becomes it, so that signals reach the server itself.
pub fn run(project: &Project, arguments: &[OsString]) -> Result<()> {
    if std::env::var_os("DATABASE_URL").is_none() {
        tools::postgres()?;
    }
    let binary = build::build(project, Profile::Release)?;
    let mut docket = Command::new(binary);
    docket.arg("serve").args(arguments);
    eprintln!("    starting {}", show(&docket));
    become_it(docket)
}

#[cfg(unix)]
fn become_it(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> Result<()> {
    crate::project::run(&mut command)
}
