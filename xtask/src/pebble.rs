//! A Pebble to test with: the authority that certificates are asked of is a real ACME server, made for tests by Let's Encrypt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::debian;
use crate::project::{Project, run};
use crate::tools::{Installer, in_path};

/// Names the folder that [`find`] returns to tests.
pub const VARIABLE: &str = "DOCKET_TEST_PEBBLE";

/// What Go builds it from, where there is no package of it.
const SOURCE: &str = "github.com/letsencrypt/pebble/v2/cmd/pebble@latest";

/// A folder with the program `pebble` in it: of the package on Debian and Ubuntu, elsewhere the one that is installed, or one that
/// Go builds.
///
/// # Errors
/// When there is none and none can be had, with what to do.
pub fn find(project: &Project) -> Result<PathBuf> {
    let folder = project.root.join("target/pebble");
    if is_whole(&folder) {
        return Ok(folder);
    }
    // What an interrupted call has left.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    if debian::is_here() {
        debian::unpack(&folder, "pebble", "Pebble")?.lay_out(&folder, "usr/bin/pebble")?;
    } else if let Some(installed) = in_path(&"pebble") {
        fs::create_dir_all(&folder)?;
        debian::start(&folder, "pebble", &installed, None)?;
    } else if let Some(go) = go() {
        eprintln!("    Building Pebble");
        fs::create_dir_all(&folder)?;
        run(Command::new(go).env("GOBIN", &folder).args(["install", SOURCE]))?;
    } else {
        bail!("no Pebble to test with, and no Go to build it. On macOS: brew install go");
    }
    ensure!(is_whole(&folder), "the Pebble in {} is not whole", folder.display());
    Ok(folder)
}

/// The Go that is installed; by Homebrew, if need be.
fn go() -> Option<PathBuf> {
    in_path(&"go").or_else(|| {
        Installer::here().filter(|it| *it == Installer::Brew)?.install("go").ok()?;
        in_path(&"go")
    })
}

fn is_whole(folder: &Path) -> bool {
    // It answers that with its flags, and not with a success.
    let asked = Command::new(folder.join("pebble")).arg("-h").stdout(Stdio::null()).output();
    asked.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("-dnsserver"))
}
