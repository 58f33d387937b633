//! `cargo xtask test`: every check and every test, to the end, and one line that sums them up.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};

use crate::build::{self, Profile, SERVER_SIDE};
use crate::project::{Project, run, show};
use crate::tools::{self, WASM};
use crate::{database, openldap, pebble, prepare};

#[derive(Debug, Args)]
pub struct TestArgs {
    /// Run only this; can be given several times
    #[arg(long, value_enum, value_name = "WHAT")]
    only: Vec<Suite>,
    /// Test a release build in the browser
    #[arg(long)]
    release: bool,
    /// Only tests whose name contains this
    filter: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Format, clippy, what may depend on what, `.sqlx`
    Checks,
    /// Unit and integration tests
    Rust,
    /// Journeys in a real browser
    Browser,
}

/// How many passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The crates that the browser gets.
const BROWSER_SIDE: [&str; 6] =
    ["--package=frontend", "--package=ui", "--features=ui/hydrate", "--package=domain", "--lib", "--target"];
/// What must never reach the browser.
const SERVER_ONLY: [&str; 8] = ["sqlx", "sqlx-core", "store", "server", "cluster", "tokio", "axum", "hyper"];

/// Runs what was asked for.
///
/// # Errors
/// When anything failed; what it was has been printed before.
pub fn test(project: &Project, args: &TestArgs) -> Result<()> {
    let wanted = |suite| args.only.is_empty() || args.only.contains(&suite);
    let mut total = Tally::default();
    if wanted(Suite::Checks) {
        total += checks(project);
    }
    if wanted(Suite::Rust) {
        total += rust(project, args.filter.as_deref());
    }
    if wanted(Suite::Browser) {
        let profile = Profile::new(args.release);
        total +=
            browser(project, profile, args.filter.as_deref()).unwrap_or_else(|error| broken("browser tests", &error));
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    ensure!(total.failed == 0, "not everything passed");
    Ok(())
}

/// What could not even be started counts as one failure.
fn broken(what: &str, error: &anyhow::Error) -> Tally {
    println!("FAILED {what}: {error:#}");
    Tally { passed: 0, failed: 1 }
}

/// Does a check, says how it went, and counts it as one test.
fn check(what: &str, done: Result<()>) -> Tally {
    match done {
        Ok(()) => {
            println!("ok {what}");
            Tally { passed: 1, failed: 0 }
        }
        Err(error) => broken(what, &error),
    }
}

fn checks(project: &Project) -> Tally {
    let mut tally = Tally::default();
    tally += check("tools", tools::components(project).and_then(|()| tools::wasm_target(project)));
    tally += check("format", run(project.cargo("", "fmt").args(["--all", "--check"])));
    tally += check("queries described in .sqlx", prepare::prepare(project, true));
    tally += check("clippy, server side", run(&mut lint(project)));
    tally += check("clippy, browser side", run(&mut clippy(project, "browser", &BROWSER_SIDE, &[WASM])));
    let own = ["--package=xtask", "--package=pack"];
    tally += check("clippy, xtask", run(&mut clippy(project, "", &own, &["--all-targets"])));
    tally += check("nothing of the server in the browser", browser_is_clean(project));
    tally
}

/// Clippy for the server's side.
pub fn lint(project: &Project) -> Command {
    clippy(project, "server", &SERVER_SIDE, &["--all-targets"])
}

fn clippy(project: &Project, target: &str, packages: &[&str], more: &[&str]) -> Command {
    let mut cargo = project.cargo(target, "clippy");
    cargo.args(packages).args(more).args(["--", "-D", "warnings"]);
    cargo
}

fn browser_is_clean(project: &Project) -> Result<()> {
    let mut cargo = project.cargo("", "tree");
    cargo.args(["--package", "frontend", "--target", WASM, "--edges", "normal", "--prefix", "none"]);
    let output = cargo.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "failed: {}", show(&cargo));
    let tree = String::from_utf8_lossy(&output.stdout);
    let names: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let found: Vec<_> = SERVER_ONLY.into_iter().filter(|name| names.contains(name)).collect();
    if !found.is_empty() {
        bail!("the browser's half depends on {}", found.join(", "));
    }
    Ok(())
}

fn rust(project: &Project, filter: Option<&str>) -> Tally {
    let cluster = match database::start(project) {
        Ok(cluster) => cluster,
        Err(error) => return broken("tests on a database", &error),
    };
    let directory = match openldap::find(project) {
        Ok(directory) => directory,
        Err(error) => return broken("tests on a directory", &error),
    };
    let authority = match pebble::find(project) {
        Ok(authority) => authority,
        Err(error) => return broken("tests on an authority", &error),
    };
    let mut server_side = project.cargo("server", "test");
    server_side
        .args(SERVER_SIDE)
        .arg("--no-fail-fast")
        .env("DOCKET_TEST_DATABASE_URL", cluster.url())
        .env(openldap::VARIABLE, directory)
        .env(pebble::VARIABLE, authority);
    let mut own = project.cargo("", "test");
    own.args(["--package", "xtask", "--package", "pack"]);
    let mut tally = Tally::default();
    for cargo in [&mut server_side, &mut own] {
        cargo.args(filter);
        tally += cargo_test(cargo).unwrap_or_else(|error| broken("cargo test", &error));
    }
    tally
}

/// Shows what `cargo test` prints and adds up its lines `test result: ok. 3 passed; 0 failed; …`.
fn cargo_test(cargo: &mut Command) -> Result<Tally> {
    let mut child = cargo.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start: {}", show(cargo)))?;
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            tally += test_result(&line);
        }
    }
    let status = child.wait()?;
    // A test that does not compile, or a process that died, has no line of its own.
    if !status.success() && tally.failed == 0 {
        tally += broken(&show(cargo), &anyhow::anyhow!("{status}"));
    }
    Ok(tally)
}

fn test_result(line: &str) -> Tally {
    let Some(counts) = line.strip_prefix("test result: ") else {
        return Tally::default();
    };
    let count = |what: &str| {
        counts.split([';', '.']).find_map(|part| part.trim().strip_suffix(what)?.trim().parse().ok()).unwrap_or(0)
    };
    Tally { passed: count("passed"), failed: count("failed") }
}

fn browser(project: &Project, profile: Profile, filter: Option<&str>) -> Result<Tally> {
    let folder = tools::end2end(project)?;
    let chromium = tools::chromium(&folder)?;
    // Each server of the journeys runs a PostgreSQL of its own.
    tools::postgres()?;
    let directory = openldap::find(project)?;
    let binary = build::build(project, profile)?;
    let report = project.state.join("playwright.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut playwright = Command::new("npx");
    playwright
        .current_dir(&folder)
        .args(["playwright", "test", "--reporter=list,json"])
        .args(filter.map(|filter| format!("--grep={filter}")))
        .env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report)
        .env("DOCKET_TEST_BINARY", binary)
        .env(openldap::VARIABLE, directory);
    if let Some(chromium) = chromium {
        playwright.env("DOCKET_TEST_CHROMIUM", chromium);
    }
    let done = run(&mut playwright);
    let mut tally = playwright_result(&report)?;
    tally += check("types of the journeys", run(Command::new("npx").current_dir(&folder).args(["tsc", "--noEmit"])));
    if let (Err(error), 0) = (done, tally.failed) {
        tally += broken("browser tests", &error);
    }
    Ok(tally)
}

/// Reads the counts of Playwright's JSON report. A test that passed only when it was tried again counts as passed.
fn playwright_result(report: &Path) -> Result<Tally> {
    let text = fs::read(report).context("Playwright left no report")?;
    let report: serde_json::Value = serde_json::from_slice(&text)?;
    let count = |what: &str| report["stats"][what].as_u64().unwrap_or(0);
    Ok(Tally { passed: count("expected") + count("flaky"), failed: count("unexpected") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_line_of_cargo() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.00s";
        assert_eq!(test_result(line), Tally { passed: 12, failed: 3 });
        assert_eq!(test_result("test a ... ok"), Tally::default());
    }
}
