//! Programs for tests out of packages of Debian and Ubuntu, unpacked below the target folder and not installed: installed, they
//! would run as services, and AppArmor keeps those that belong to the system from reading elsewhere.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::project::run;
use crate::tools::in_path;

/// Whether this machine has such packages.
pub fn is_here() -> bool {
    in_path(&"apt-get").is_some() && in_path(&"dpkg-deb").is_some()
}

/// Where a package was unpacked, with those that it needs and the machine lacks.
pub struct Unpacked {
    /// What would be `/`.
    pub root: PathBuf,
    /// The folders of its libraries.
    libraries: String,
}

/// Unpacks a package into this folder. `called` is how it is called in what is said.
///
/// # Errors
/// When it cannot be had, with what to do.
pub fn unpack(folder: &Path, package: &str, called: &str) -> Result<Unpacked> {
    eprintln!("    Fetching {called}");
    let fetched = folder.join("fetched");
    fs::create_dir_all(&fetched)?;
    let mut packages = missing(package).unwrap_or_default();
    if packages.is_empty() && nix::unistd::geteuid().is_root() {
        // A machine that has never read the list of packages.
        run(Command::new("apt-get").arg("update"))?;
        packages = missing(package)?;
    }
    // It is not listed when it is installed already, and is needed from the package all the same.
    if !packages.iter().any(|listed| listed == package) {
        packages.push(package.to_owned());
    }
    run(Command::new("apt-get").current_dir(&fetched).arg("download").args(&packages).stderr(Stdio::null()))
        .with_context(|| format!("{called}'s packages could not be fetched; try: sudo apt-get update"))?;
    let root = folder.join("root");
    for package in fs::read_dir(&fetched)? {
        run(Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(&root))?;
    }
    fs::remove_dir_all(&fetched)?;
    let libraries: Vec<PathBuf> = fs::read_dir(root.join("usr/lib"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().contains("-linux-"))
        .collect();
    let libraries = std::env::join_paths(libraries)?.into_string().ok().context("a path that is no text")?;
    Ok(Unpacked { root, libraries })
}

/// The packages that apt would install.
fn missing(package: &str) -> Result<Vec<String>> {
    let output = Command::new("apt-get")
        .env("LC_ALL", "C")
        .args(["--simulate", "--no-install-recommends", "install", package])
        .output()?;
    ensure!(output.status.success(), "apt-get does not know of {package}");
    let plan = String::from_utf8_lossy(&output.stdout);
    Ok(plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next()).map(str::to_owned).collect())
}

impl Unpacked {
    /// Makes a program of `folder` that starts this one with its libraries.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn lay_out(&self, folder: &Path, program: &str) -> Result<()> {
        let name = Path::new(program).file_name().context("a program has a name")?;
        start(folder, name, &self.root.join(program), Some(&self.libraries).filter(|path| !path.is_empty()))
    }
}

/// Makes a program of `folder` that starts this one.
///
/// # Errors
/// When it cannot be written.
pub fn start(folder: &Path, name: impl AsRef<OsStr>, program: &Path, libraries: Option<&String>) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let libraries = libraries.map(|path| format!("LD_LIBRARY_PATH='{path}' ")).unwrap_or_default();
    let script = format!("#!/bin/sh\n{libraries}exec '{}' \"$@\"\n", program.display());
    let file = folder.join(name.as_ref());
    fs::write(&file, script)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
