//! An OpenLDAP to test with: the directory that people sign in by is a real one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::debian;
use crate::project::Project;
use crate::tools::Installer;

/// Names the folder that [`find`] returns to tests.
pub const VARIABLE: &str = "DOCKET_TEST_OPENLDAP";

/// A folder with the server in it, laid out in the same way everywhere: the program `slapd`, its `schema` and its `modules`.
///
/// On Debian and Ubuntu it is that of their packages; on macOS, Homebrew's.
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
    if debian::is_here() {
        let unpacked = debian::unpack(&folder, "slapd", "OpenLDAP")?;
        parts(&folder, &unpacked.root.join("etc/ldap/schema"), &unpacked.root.join("usr/lib/ldap"))?;
        unpacked.lay_out(&folder, "usr/sbin/slapd")?;
    } else if let Some(brew) = homebrew().or_else(|| {
        Installer::here().filter(|it| *it == Installer::Brew)?.install("openldap").ok()?;
        homebrew()
    }) {
        fs::create_dir_all(&folder)?;
        parts(&folder, &brew.join("etc/openldap/schema"), &brew.join("libexec/openldap"))?;
        debian::start(&folder, "slapd", &brew.join("libexec/slapd"), None)?;
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

/// Where Homebrew has OpenLDAP, which it keeps apart from that of the system.
fn homebrew() -> Option<PathBuf> {
    let output = Command::new("brew").args(["--prefix", "openldap"]).output().ok()?;
    let prefix = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    prefix.join("libexec/slapd").is_file().then_some(prefix)
}

/// Names the parts of it as tests look for them.
fn parts(folder: &Path, schema: &Path, modules: &Path) -> Result<()> {
    use std::os::unix::fs::symlink;
    symlink(schema, folder.join("schema"))?;
    if modules.is_dir() {
        symlink(modules, folder.join("modules"))?;
    }
    Ok(())
}
