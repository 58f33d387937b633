//! An OpenLDAP to test with: the directory that people sign in by is a real one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::project::{Project, run};
use crate::tools::{Installer, in_path};

/// Names the folder that [`find`] returns to tests.
pub const VARIABLE: &str = "DOCKET_TEST_OPENLDAP";

/// A folder with the server in it, laid out in the same way everywhere: the program `slapd`, its `schema` and its `modules`.
///
/// On Debian and Ubuntu the packages are unpacked below the target folder, and not installed: installed, it would run as a
/// service, and AppArmor keeps the one that belongs to the system from reading elsewhere. On macOS, Homebrew's is taken.
///
/// # Errors
/// When there is none and none can be had, with what to do.
pub fn find(project: &Project) -> Result<PathBuf> {
    let folder = project.root.join("target/openldap");
    if is_whole(&folder) {
        return Ok(folder);
    }
    // What an interrupted call has left.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    if in_path(&"apt-get").is_some() && in_path(&"dpkg-deb").is_some() {
        debian(&folder)?;
    } else if let Some(brew) = homebrew().or_else(|| {
        Installer::here().filter(|it| *it == Installer::Brew)?.install("openldap").ok()?;
        homebrew()
    }) {
        fs::create_dir_all(&folder)?;
        lay_out(
            &folder,
            &brew.join("libexec/slapd"),
            &brew.join("etc/openldap/schema"),
            &brew.join("libexec/openldap"),
            None,
        )?;
    } else {
        bail!("no OpenLDAP to test with. On macOS: brew install openldap");
    }
    ensure!(is_whole(&folder), "the OpenLDAP in {} is not whole", folder.display());
    Ok(folder)
}

fn is_whole(folder: &Path) -> bool {
    let core = fs::metadata(folder.join("schema/core.schema"));
    core.is_ok()
        && Command::new(folder.join("slapd")).arg("-VV").stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Unpacks the package and those that it needs and the machine lacks.
fn debian(folder: &Path) -> Result<()> {
    eprintln!("    Fetching OpenLDAP");
    let fetched = folder.join("fetched");
    fs::create_dir_all(&fetched)?;
    let mut packages = missing().unwrap_or_default();
    if packages.is_empty() && nix::unistd::geteuid().is_root() {
        // A machine that has never read the list of packages.
        run(Command::new("apt-get").arg("update"))?;
        packages = missing()?;
    }
    // It is not listed when it is installed already, and is needed from the package all the same.
    if !packages.iter().any(|package| package == "slapd") {
        packages.push("slapd".to_owned());
    }
    run(Command::new("apt-get").current_dir(&fetched).arg("download").args(&packages).stderr(Stdio::null()))
        .context("OpenLDAP's packages could not be fetched; try: sudo apt-get update")?;
    let root = folder.join("root");
    for package in fs::read_dir(&fetched)? {
        run(Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(&root))?;
    }
    fs::remove_dir_all(&fetched)?;
    let libraries: Vec<PathBuf> = fs::read_dir(root.join("usr/lib"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().contains("-linux-"))
        .collect();
    let libraries = std::env::join_paths(libraries)?.into_string().ok().context("a path that is no text")?;
    lay_out(
        folder,
        &root.join("usr/sbin/slapd"),
        &root.join("etc/ldap/schema"),
        &root.join("usr/lib/ldap"),
        Some(&libraries),
    )
}

/// The packages that apt would install.
fn missing() -> Result<Vec<String>> {
    let output = Command::new("apt-get")
        .env("LC_ALL", "C")
        .args(["--simulate", "--no-install-recommends", "install", "slapd"])
        .output()?;
    ensure!(output.status.success(), "apt-get does not know of slapd");
    let plan = String::from_utf8_lossy(&output.stdout);
    Ok(plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next()).map(str::to_owned).collect())
}

/// Where Homebrew has OpenLDAP, which it keeps apart from that of the system.
fn homebrew() -> Option<PathBuf> {
    let output = Command::new("brew").args(["--prefix", "openldap"]).output().ok()?;
    let prefix = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    prefix.join("libexec/slapd").is_file().then_some(prefix)
}

fn lay_out(folder: &Path, slapd: &Path, schema: &Path, modules: &Path, libraries: Option<&str>) -> Result<()> {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    symlink(schema, folder.join("schema"))?;
    if modules.is_dir() {
        symlink(modules, folder.join("modules"))?;
    }
    let libraries = libraries.map(|path| format!("LD_LIBRARY_PATH='{path}' ")).unwrap_or_default();
    let script = format!("#!/bin/sh\n{libraries}exec '{}' \"$@\"\n", slapd.display());
    let program = folder.join("slapd");
    fs::write(&program, script)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
