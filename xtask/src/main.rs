//! `cargo xtask`: builds both halves of Docket and drives everything around them.

mod bench;
mod build;
mod database;
mod debian;
mod dev;
mod fuzz;
mod openldap;
mod pebble;
mod prepare;
mod project;
mod run;
mod shots;
mod test;
mod tools;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::build::Profile;
use crate::fuzz::FuzzArgs;
use crate::project::Project;
use crate::shots::ShotsArgs;
use crate::test::TestArgs;

/// Builds, runs and tests Docket. What is missing on the machine is installed by the command that needs it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the browser's half, the site and the server
    Build(BuildArgs),
    /// Build a release and start it
    Run(Rest),
    /// Build for development, start, and build again whenever a file changes
    Dev(Rest),
    /// Build a release and fill a database of its own with a believable company, so that every screen can be seen
    Demo(Rest),
    /// Check and test everything; ends with a line `N passed, N failed`
    Test(TestArgs),
    /// Photograph every screen, in three sizes and both themes, and fail if something on one is not accessible
    Shots(ShotsArgs),
    /// Try what reads the bytes of strangers on input that a fuzzer grows
    Fuzz(FuzzArgs),
    /// Measure a release: CPU per request, times, live updates, memory, sizes. `cargo xtask bench -- --help` has the options
    Bench(Rest),
    /// Describe the database's queries for builds without one (.sqlx)
    Prepare(PrepareArgs),
}

#[derive(Debug, Args)]
struct PrepareArgs {
    /// Change nothing; fail if they are not current
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Args)]
struct BuildArgs {
    /// Optimised, with the site inside the binary
    #[arg(long)]
    release: bool,
    /// Only what browsers load, into `target/site` or `target/site-debug`
    #[arg(long)]
    site: bool,
}

#[derive(Debug, Args)]
struct Rest {
    /// Handed on to the program that is started
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    rest: Vec<OsString>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = Project::locate().and_then(|project| match cli.command {
        Command::Build(args) if args.site => build::site(&project, Profile::new(args.release)),
        Command::Build(args) => build::build(&project, Profile::new(args.release)).map(|_| ()),
        Command::Run(args) => run::run(&project, &args.rest),
        Command::Dev(args) => dev::dev(&project, &args.rest),
        Command::Demo(args) => run::demo(&project, &args.rest),
        Command::Test(args) => test::test(&project, &args),
        Command::Shots(args) => shots::shots(&project, &args),
        Command::Fuzz(args) => fuzz::fuzz(&project, &args),
        Command::Bench(args) => bench::bench(&project, &args.rest),
        Command::Prepare(args) => prepare::prepare(&project, args.check),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
