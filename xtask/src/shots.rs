//! `cargo xtask shots`: pictures of all screens, to be looked at by people, and what machines can see on them.

use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::build::{self, Profile};
use crate::project::{Project, run};
use crate::tools;

#[derive(Debug, Args)]
pub struct ShotsArgs {
    /// Only screens whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Of desk, tablet and phone, these
    #[arg(long, value_name = "SIZES")]
    sizes: Option<String>,
    /// Of light and dark, these
    #[arg(long, value_name = "THEMES")]
    themes: Option<String>,
}

/// Photographs the screens of a debug build that has the demo in it, into `target/shots`.
///
/// # Errors
/// When axe finds something, the browser's console has an error, or a page is wider than its window.
pub fn shots(project: &Project, args: &ShotsArgs) -> Result<()> {
    let folder = tools::end2end(project)?;
    let chromium = tools::chromium(&folder)?;
    tools::postgres()?;
    let binary = build::build(project, Profile::Debug)?;
    let mut playwright = Command::new("npx");
    playwright.current_dir(&folder).args(["playwright", "test", "--config=shots.config.ts"]);
    playwright.args(args.only.as_ref().map(|name| format!("--grep={name}"))).env("DOCKET_TEST_BINARY", binary);
    for (name, words) in [("DOCKET_SHOTS_SIZES", &args.sizes), ("DOCKET_SHOTS_THEMES", &args.themes)] {
        playwright.envs(words.as_ref().map(|words| (name, words)));
    }
    playwright.envs(chromium.map(|program| ("DOCKET_TEST_CHROMIUM", program)));
    let done = run(&mut playwright).context("not every screen is as it should be");
    println!("The pictures are in {}", project.root.join("target/shots").display());
    done
}
