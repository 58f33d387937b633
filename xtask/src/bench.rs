//! `cargo xtask bench`: builds a release and has it measured by the crate `bench`.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::build::{self, Profile};
use crate::project::{Project, run};
use crate::tools;

/// Builds both programs and measures. Databases are kept for the next run.
pub fn bench(project: &Project, arguments: &[OsString]) -> Result<()> {
    tools::postgres()?;
    let docket = build::build(project, Profile::Release)?;
    let mut cargo = project.cargo("server", "build");
    run(cargo.args(["--package", "bench", "--release"])).context("the benchmark did not build")?;
    let program = format!("bench{}", std::env::consts::EXE_SUFFIX);
    let mut bench = Command::new(project.target.join("server/release").join(program));
    bench.arg("--binary").arg(docket).arg("--data").arg(project.root.join("target/bench")).args(arguments);
    run(&mut bench)
}
