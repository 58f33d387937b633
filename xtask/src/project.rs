//! Where things are, and how other programs are started.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

/// The checkout that `cargo xtask` works on.
#[derive(Debug)]
pub struct Project {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// The folder for what compilers leave behind; each half of the application has its own folder in it. Several
    /// checkouts may share it.
    pub target: PathBuf,
    /// The folder for what we leave behind ourselves, in this checkout.
    pub state: PathBuf,
}

impl Project {
    /// Finds the checkout that `cargo xtask` was called in.
    pub fn locate() -> Result<Self> {
        // Cargo sets the variable when it runs us. The constant is for the binary started by hand.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("the folder of xtask has no parent")?.to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let state = root.join("target/xtask");
        std::fs::create_dir_all(&state)?;
        Ok(Self { target: std::path::absolute(target)?, root, state })
    }

    /// A call of cargo that keeps its files in a folder of its own below [`Project::target`].
    ///
    /// The halves want different flags; in one folder, each would throw away the other's work.
    pub fn cargo(&self, target: &str, subcommand: &str) -> Command {
        self.cargo_by(Command::new(program()), target, subcommand)
    }

    /// Like [`Project::cargo`], for what takes the cores that something longer leaves free.
    pub fn cargo_behind(&self, target: &str, subcommand: &str) -> Command {
        let mut nice = Command::new("nice");
        nice.args(["-n", "5"]).arg(program());
        self.cargo_by(nice, target, subcommand)
    }

    fn cargo_by(&self, mut cargo: Command, target: &str, subcommand: &str) -> Command {
        cargo.current_dir(&self.root).arg(subcommand).env("CARGO_TARGET_DIR", self.target.join(target));
        // Cargo describes the package xtask to us in such variables; build scripts must not take them for their own.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&*name);
            }
        }
        cargo
    }
}

fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a program and waits for it.
///
/// # Errors
/// When it cannot be started or fails; the message says which command it was.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("cannot start: {shown}"))?;
    ensure!(status.success(), "failed ({status}): {shown}");
    Ok(())
}

/// The command as a person would type it.
pub fn show(command: &Command) -> String {
    let words: Vec<_> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// Does a step of the work and prints how long it took.
pub fn timed<T>(what: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let done = step()?;
    eprintln!("{:>12} in {:.1} s", what, start.elapsed().as_secs_f32());
    Ok(done)
}
