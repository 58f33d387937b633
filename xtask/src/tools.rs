//! What a build needs on the machine: looked for, and installed where that can be done without asking.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::project::{Project, run};

/// The compiler's target for the browser's half.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The oldest Node that the browser tests run on.
const NODE: u32 = 20;

/// Makes sure that the compiler can build for browsers.
pub fn wasm_target(project: &Project) -> Result<()> {
    let rustc = Command::new("rustc")
        .current_dir(&project.root)
        .args(["--print", "target-libdir", "--target", WASM])
        .stderr(Stdio::null())
        .output()
        .context("cannot start rustc; install Rust from https://rustup.rs")?;
    let folder = String::from_utf8_lossy(&rustc.stdout);
    if rustc.status.success() && Path::new(folder.trim()).exists() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    rustup.current_dir(&project.root).args(["target", "add", WASM]);
    run(&mut rustup).with_context(|| format!("Rust's target {WASM} is missing and could not be added"))
}

/// Makes sure that cargo has its helpers `fmt` and `clippy`.
pub fn components(project: &Project) -> Result<()> {
    for (program, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        let mut probe = Command::new(program);
        probe.current_dir(&project.root).arg("--version");
        if !works(&mut probe) {
            let mut rustup = Command::new("rustup");
            rustup.current_dir(&project.root).args(["component", "add", component]);
            run(&mut rustup).with_context(|| format!("Rust's component {component} is missing"))?;
        }
    }
    Ok(())
}

/// Makes sure that there are PostgreSQL server programs.
pub fn postgres() -> Result<()> {
    match cluster::find() {
        Err(cluster::Error::NotFound { .. }) if can_apt() => {
            apt("postgresql")?;
            cluster::find()?;
        }
        found => {
            found?;
        }
    }
    Ok(())
}

/// Makes sure that the browser tests have their packages. Returns the folder they are in.
pub fn end2end(project: &Project) -> Result<PathBuf> {
    let folder = project.root.join("end2end");
    let output = Command::new("node").arg("--version").output();
    let version = output.ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let major =
        version.as_deref().and_then(|text| text.trim().trim_start_matches('v').split('.').next()?.parse::<u32>().ok());
    ensure!(
        major.is_some_and(|major| major >= NODE),
        "Node {NODE} or newer is needed for the browser tests (https://nodejs.org)"
    );
    // npm keeps a copy of the lock beside what it has installed; it differs after the lock has changed.
    let modified = |path: &str| folder.join(path).metadata().and_then(|file| file.modified()).ok();
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_none() || installed < modified("package-lock.json") {
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]);
        run(&mut npm)?;
    }
    Ok(folder)
}

/// Makes sure that there is a browser to test in. Returns its program, or `None` for the one Playwright brings.
pub fn chromium(end2end: &Path) -> Result<Option<PathBuf>> {
    let system = || ["chromium", "chromium-browser", "google-chrome"].iter().find_map(in_path);
    if let Some(found) = system() {
        return Ok(Some(found));
    }
    if playwright_has_browser(end2end) {
        return Ok(None);
    }
    let mut install = Command::new("npx");
    install.current_dir(end2end).args(["playwright", "install", "chromium"]);
    if nix::unistd::geteuid().is_root() {
        // Also the libraries it needs, by the system's package manager.
        install.arg("--with-deps");
    }
    if run(&mut install).is_ok() && playwright_has_browser(end2end) {
        return Ok(None);
    }
    if can_apt() {
        apt("chromium")?;
        if let Some(found) = system() {
            return Ok(Some(found));
        }
    }
    bail!("no browser to test in. Install Chromium: on Debian `sudo apt install chromium`, elsewhere Google Chrome")
}

fn playwright_has_browser(end2end: &Path) -> bool {
    let script = "process.exit(require('fs').existsSync(require('@playwright/test').chromium.executablePath())?0:1)";
    let mut node = Command::new("node");
    node.current_dir(end2end).args(["-e", script]);
    works(&mut node)
}

pub(crate) fn in_path(program: &impl AsRef<OsStr>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program.as_ref())).find(|file| file.is_file())
}

fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn can_apt() -> bool {
    nix::unistd::geteuid().is_root() && in_path(&"apt-get").is_some()
}

/// Installs a package of Debian or Ubuntu. The list of packages is fetched only if the package is not found without.
fn apt(package: &str) -> Result<()> {
    let install = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends", package]);
        apt
    };
    eprintln!("    Installing {package}");
    if run(&mut install()).is_ok() {
        return Ok(());
    }
    run(Command::new("apt-get").arg("update"))?;
    run(&mut install())
}
