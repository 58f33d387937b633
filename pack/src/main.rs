//! `pack MODULE STATE SITE [--release]`, from the root of the checkout: makes of the browser's half, as the compiler left it
//! in `MODULE`, of `style/` and of `public/` the files that browsers load, in the folder `SITE`. What can be used again the
//! next time is kept in the folder `STATE`.
//!
//! It is a program of its own, called by `cargo xtask`, because its libraries take minutes to compile: `cargo xtask` can begin
//! with everything else meanwhile.

mod bundles;
mod css;
mod glue;
mod module;
mod site;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

/// For whom a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// For the people who work on it: quick to make.
    Debug,
    /// For use: small.
    Release,
}

fn main() -> ExitCode {
    match pack() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn pack() -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (paths, profile) = match arguments.as_slice() {
        [paths @ .., flag] if flag == "--release" => (paths, Profile::Release),
        paths => (paths, Profile::Debug),
    };
    let [module, state, site] = paths else { bail!("usage: pack MODULE STATE SITE [--release]") };
    let parts = module::parts(Path::new(module), Path::new(state), profile)?;
    site::lay_out(Path::new(site), parts, profile)
}

/// Does a step of the work and prints how long it took.
fn timed<T>(what: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let done = step()?;
    eprintln!("{:>12} in {:.1} s", what, start.elapsed().as_secs_f32());
    Ok(done)
}
