//! What a build needs on the machine: looked for, and installed where it is missing.

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
    let Err(missing) = cluster::find() else { return Ok(()) };
    match Installer::here() {
        Some(installer) if matches!(missing, cluster::Error::NotFound { .. }) => {
            let package = match installer {
                Installer::Apt { .. } => "postgresql",
                Installer::Brew => "postgresql@17",
            };
            // What could not be installed is said above; what to do by hand, below.
            installer.install(package).and_then(|()| Ok(cluster::find().map(drop)?)).map_err(|_| missing.into())
        }
        _ => Err(missing.into()),
    }
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
    // First the one without windows: a machine has half the work with it.
    let names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
    let system = || names.iter().find_map(in_path);
    if let Some(found) = system() {
        return Ok(Some(found));
    }
    if playwright_has_browser(end2end) {
        return Ok(None);
    }
    let mut install = Command::new("npx");
    install.current_dir(end2end).args(["playwright", "install", "chromium"]);
    if matches!(Installer::here(), Some(Installer::Apt { .. })) {
        // Also the libraries it needs, by the system's package manager.
        install.arg("--with-deps");
    }
    if run(&mut install).is_ok() && playwright_has_browser(end2end) {
        return Ok(None);
    }
    if let Some(apt @ Installer::Apt { .. }) = Installer::here() {
        // Not every release has the first.
        apt.install("chromium-headless-shell").or_else(|_| apt.install("chromium"))?;
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

/// What installs packages of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Installer {
    /// Debian's and Ubuntu's, which is for root: others come by `sudo`, which asks them for their password.
    Apt { sudo: bool },
    /// Homebrew, which is for everybody but root.
    Brew,
}

impl Installer {
    pub(crate) fn here() -> Option<Self> {
        Self::of(nix::unistd::geteuid().is_root(), |program| in_path(&program).is_some())
    }

    fn of(root: bool, has: impl Fn(&str) -> bool) -> Option<Self> {
        if has("apt-get") {
            (root || has("sudo")).then_some(Self::Apt { sudo: !root })
        } else {
            (!root && has("brew")).then_some(Self::Brew)
        }
    }

    /// Installs a package. The list of packages is fetched only if the package is not found without.
    pub(crate) fn install(self, package: &str) -> Result<()> {
        eprintln!("    Installing {package}");
        if run(&mut self.command(&["install", package])).is_ok() {
            return Ok(());
        }
        run(&mut self.command(&["update"]))?;
        run(&mut self.command(&["install", package]))
    }

    fn command(self, arguments: &[&str]) -> Command {
        let mut command = match self {
            Self::Apt { sudo } => {
                let mut command = Command::new(if sudo { "sudo" } else { "env" });
                command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--no-install-recommends"]);
                command
            }
            Self::Brew => Command::new("brew"),
        };
        command.args(arguments);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_by_who_may_on_each_system() {
        let cases: [(bool, &[&str], Option<Installer>); 6] = [
            (true, &["apt-get"], Some(Installer::Apt { sudo: false })),
            (false, &["apt-get", "sudo"], Some(Installer::Apt { sudo: true })),
            (false, &["apt-get"], None),
            (false, &["brew", "sudo"], Some(Installer::Brew)),
            (true, &["brew"], None),
            (false, &[], None),
        ];
        for (root, programs, expected) in cases {
            assert_eq!(Installer::of(root, |program| programs.contains(&program)), expected, "{root} {programs:?}");
        }
    }

    #[test]
    fn a_package_is_installed_without_a_question() {
        let words = |installer: Installer| -> Vec<String> {
            let command = installer.command(&["install", "postgresql"]);
            let words = std::iter::once(command.get_program()).chain(command.get_args());
            words.map(|word| word.to_string_lossy().into_owned()).collect()
        };
        let apt = "DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends install postgresql";
        assert_eq!(words(Installer::Apt { sudo: false }).join(" "), format!("env {apt}"));
        assert_eq!(words(Installer::Apt { sudo: true }).join(" "), format!("sudo {apt}"));
        assert_eq!(words(Installer::Brew).join(" "), "brew install postgresql");
    }
}
