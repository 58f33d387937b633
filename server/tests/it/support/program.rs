//! The program itself, as it is started on a console.

use std::{path::Path, process::Stdio, sync::LazyLock};
use tempfile::TempDir;
use tokio::process::Command;

/// The program with a data folder of its own, and nothing of this process's settings.
pub fn docket(data: &Path, arguments: &[&str]) -> Command {
    let mut command = with_settings(env!("CARGO_BIN_EXE_docket"), data);
    command.args(arguments);
    command
}

/// A program that Docket's settings reach: a data folder of its own, and nothing of this process's.
pub fn with_settings(program: &str, data: &Path) -> Command {
    // The tests of Rust code run without the files for browsers; the server only wants to see that there are some.
    static SITE: LazyLock<TempDir> = LazyLock::new(|| {
        let site = tempfile::tempdir().unwrap();
        std::fs::write(site.path().join("robots.txt"), "").unwrap();
        site
    });
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCKET_")) {
        command.env_remove(name);
    }
    command
        .env_remove("DATABASE_URL")
        .env("LEPTOS_SITE_ROOT", SITE.path())
        .env("DOCKET_DATA", data)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}
