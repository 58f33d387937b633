//! A PostgreSQL for building and testing, apart from everybody's data.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use cluster::{Cluster, Options};

use crate::project::{Project, run};
use crate::tools;

/// Starts the private PostgreSQL of this checkout, or takes over the one that still runs. It stops when dropped.
pub fn start(project: &Project) -> Result<Cluster> {
    tools::postgres()?;
    let mut options = Options::new(project.root.join("target/postgres"));
    options.database = "postgres".to_owned();
    options.report = |line| eprintln!("    {line}");
    // What is in there can be made again at any time, so it need not survive a power cut.
    options.settings = [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    match Cluster::start(options.clone()) {
        // Run by root, the server needs a folder that another user can reach; a checkout in root's home is not.
        Err(cluster::Error::Unreachable { .. }) => {
            options.data = cluster::default_data_dir().join("docket-xtask");
            Cluster::start(options).context("no PostgreSQL to build and test with")
        }
        started => started.context("no PostgreSQL to build and test with"),
    }
}

/// Makes an empty database, in place of one of this name, and applies all migrations to it.
///
/// By `psql`, not by sqlx: nothing that has checked queries in it could be compiled without the result.
pub fn migrated(project: &Project, cluster: &Cluster, name: &str) -> Result<String> {
    let psql = || {
        let mut psql = cluster.tool("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]);
        psql
    };
    let drop = format!("drop database if exists \"{name}\" with (force)");
    run(psql().env("PGOPTIONS", "--client-min-messages=warning").args(["--command", &drop]))?;
    cluster.make_database(name)?;
    for file in migrations(project)? {
        let text = std::fs::read_to_string(&file)?;
        let mut apply = psql();
        apply.args(["--dbname", name]).arg("--file").arg(&file);
        if !text.starts_with("-- no-transaction") {
            apply.arg("--single-transaction");
        }
        run(&mut apply).with_context(|| format!("the migration {} failed", file.display()))?;
    }
    Ok(cluster.url_of(name))
}

/// The migrations in the order in which they are applied.
pub fn migrations(project: &Project) -> Result<Vec<std::path::PathBuf>> {
    let folder = project.root.join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    Ok(files)
}

/// Lets a call of cargo check queries against a database and write down what it learned.
pub fn check_queries(cargo: &mut Command, url: &str, folder: &Path) {
    cargo.env("DATABASE_URL", url).env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", folder);
}
