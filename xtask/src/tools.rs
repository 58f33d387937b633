//! What a build needs on the machine: looked for, and installed where that can be done without asking.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::project::{Project, run};

/// The compiler's target for the browser's half.
pub const WASM: &str = "wasm32-unknown-unknown";

/// Makes sure that the compiler can build for browsers.
pub fn wasm_target(project: &Project) -> Result<()> {
    let rustc = Command::new("rustc")
        .current_dir(&project.root)
        .args(["--print", "target-libdir", "--target", WASM])
        .stderr(Stdio::null())
        .output()
        .context("cannot start rustc; install Rust from https://rustup.rs")?;
    let folder = String::from_utf8_lossy(&rustc.stdout);
    if rustc.status.success() && std::path::Path::new(folder.trim()).exists() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    rustup.current_dir(&project.root).args(["target", "add", WASM]);
    run(&mut rustup).with_context(|| format!("Rust's target {WASM} is missing and could not be added"))
}
