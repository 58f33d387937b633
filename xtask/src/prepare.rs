//! `cargo xtask prepare`: what the compiler must know of the database, for builds that have none (`.sqlx`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use crate::project::{Project, run};
use crate::{database, test};

type Files = BTreeMap<String, Vec<u8>>;

/// Writes `.sqlx` from the migrations and the queries, or only says whether it is current.
///
/// # Errors
/// With `check`, also when it is not current.
pub fn prepare(project: &Project, check: bool) -> Result<()> {
    let stamp_file = project.state.join("sqlx.stamp");
    if fs::read_to_string(&stamp_file).ok() == Some(stamp(project)?) {
        return Ok(());
    }
    // Who only asks wants to know the rest as well, and the libraries below need not be compiled for each apart.
    let fresh = if check { describe(project, test::lint(project))? } else { describe(project, compile(project))? };
    let folder = project.root.join(".sqlx");
    let present = read(&folder)?;
    let different: Vec<&String> =
        fresh.keys().chain(present.keys()).filter(|name| fresh.get(*name) != present.get(*name)).collect();
    if check && !different.is_empty() {
        bail!("{} files in .sqlx are not current; run: cargo xtask prepare", different.len());
    }
    for name in different {
        match fresh.get(name) {
            Some(content) => fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), content)),
            None => fs::remove_file(folder.join(name)),
        }
        .with_context(|| format!("cannot update .sqlx/{name}"))?;
    }
    Ok(fs::write(stamp_file, stamp(project)?)?)
}

/// No more than what has queries.
fn compile(project: &Project) -> Command {
    let mut cargo = project.cargo("server", "check");
    cargo.args(["--package", "store", "--all-targets"]);
    cargo
}

/// Compiles the store against a freshly migrated database and collects what sqlx has learned about each query.
fn describe(project: &Project, mut cargo: Command) -> Result<Files> {
    let cluster = database::start(project)?;
    let url = database::migrated(project, &cluster, "prepare")?;
    let folder = project.state.join("sqlx");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    // Queries are described while the crate is compiled, so it must be compiled even if it has not changed.
    run(project.cargo("server", "clean").args(["--quiet", "--package", "store"]))?;
    database::check_queries(&mut cargo, &url, &folder);
    run(&mut cargo).context("not everything compiles against the migrated database")?;
    cluster.stop()?;
    read(&folder)
}

fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    if folder.exists() {
        for entry in WalkDir::new(folder) {
            let entry = entry?;
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
                files.insert(name, fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// Changes with everything that `.sqlx` is made of, and with `.sqlx` itself.
fn stamp(project: &Project) -> Result<String> {
    let mut digest = Sha256::new();
    for folder in ["migrations", "app/store", ".sqlx"] {
        for (name, content) in read(&project.root.join(folder))? {
            digest.update(name.as_bytes());
            digest.update(content.len().to_le_bytes());
            digest.update(content);
        }
    }
    digest.update(fs::read(project.root.join("Cargo.lock"))?);
    Ok(format!("{:x}", digest.finalize()))
}
