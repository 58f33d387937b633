//! `cargo xtask fuzz`: what reads the bytes of strangers, on input that libFuzzer grows.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::project::{Project, run, show};

/// As `server::fuzzing::TARGETS` names them.
const TARGETS: [&str; 10] =
    ["rpc", "rest", "query", "multipart", "cookies", "csv", "scim_json", "saml", "mail", "passkey"];
/// The longest input, in bytes: longer than anything that is read whole and is not a file.
const LONGEST: u32 = 256 * 1024;
/// What reading may take, in MB, beside what the fuzzer itself has for its inputs.
const MEMORY: u32 = 1_024;
/// How long reading one input may take, in seconds. Everything is slower here than in a release.
const PATIENCE: u32 = 10;

/// What to try, and for how long.
#[derive(Debug, Args)]
pub struct FuzzArgs {
    /// One of rpc, rest, query, multipart, cookies, csv, scim_json, saml, mail and passkey; without it, one after the other
    target: Option<String>,
    /// How long each is tried
    #[arg(long, default_value = "60", value_name = "SECONDS")]
    seconds: u32,
}

/// Tries them.
///
/// # Errors
/// When something does not hold; the input that shows it is in `target/fuzz/artifacts`.
pub fn fuzz(project: &Project, args: &FuzzArgs) -> Result<()> {
    let chosen = match &args.target {
        Some(name) if TARGETS.contains(&name.as_str()) => vec![name.as_str()],
        Some(name) => bail!("there is no target {name}; there are {}", TARGETS.join(", ")),
        None => TARGETS.to_vec(),
    };
    let tools = project.target.join("tools");
    nightly()?;
    cargo_fuzz(project, &tools)?;
    // The same versions as in the application; cargo adds what only the fuzzer needs.
    let lock = project.root.join("fuzz/Cargo.lock");
    std::fs::copy(project.root.join("Cargo.lock"), &lock).context("cannot copy Cargo.lock")?;
    let folder = project.target.join("fuzz");
    let mut broken = Vec::new();
    for target in chosen {
        let corpus = folder.join("corpus").join(target);
        let artifacts = folder.join("artifacts").join(target);
        std::fs::create_dir_all(&corpus)?;
        std::fs::create_dir_all(&artifacts)?;
        let mut cargo = cargo(project, &tools);
        // Nothing here is unsafe code of ours, so the address sanitizer would find nothing and take twice the time.
        cargo.args(["fuzz", "run", "--sanitizer", "none", "any"]).arg(&corpus);
        cargo.env("CARGO_TARGET_DIR", &folder).env("DOCKET_FUZZ_TARGET", target).env("DOCKET_FUZZ_CORPUS", &corpus);
        cargo.arg("--").args([
            format!("-max_total_time={}", args.seconds),
            format!("-max_len={LONGEST}"),
            format!("-rss_limit_mb={MEMORY}"),
            format!("-timeout={PATIENCE}"),
            format!("-artifact_prefix={}/", artifacts.display()),
            "-print_final_stats=1".to_owned(),
        ]);
        eprintln!("     Fuzzing {target} for {} s", args.seconds);
        if let Err(error) = run(&mut cargo) {
            eprintln!("{error:#}");
            broken.push(target);
        }
    }
    ensure!(
        broken.is_empty(),
        "{} did not hold; the inputs are in {}",
        broken.join(", "),
        folder.join("artifacts").display()
    );
    Ok(())
}

/// Makes sure that there is a nightly compiler: that a program says which parts of it an input has reached is not stable yet.
fn nightly() -> Result<()> {
    let mut rustc = Command::new("rustup");
    rustc.args(["run", "nightly", "rustc", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if rustc.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let mut install = Command::new("rustup");
    install.args(["toolchain", "install", "nightly", "--profile", "minimal"]);
    run(&mut install).context("a nightly compiler is missing and could not be installed")
}

/// The nightly compiler's cargo, which finds our tools.
fn cargo(project: &Project, tools: &Path) -> Command {
    let mut cargo = Command::new("rustup");
    cargo.current_dir(&project.root).args(["run", "nightly", "cargo"]);
    // cargo-fuzz has flags of its own, and with them cargo reads none from our configuration. Views with all of their types
    // would take half an hour and eight gigabytes to compile.
    cargo.env("RUSTFLAGS", "--cfg erase_components");
    // Cargo and rustup tell their children which ones they are: those would be called again.
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        cargo.env_remove(name);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.join("bin")).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        cargo.env("PATH", path);
    }
    cargo
}

/// Makes sure that there is cargo-fuzz, which builds and runs the targets.
fn cargo_fuzz(project: &Project, tools: &Path) -> Result<()> {
    let mut probe = cargo(project, tools);
    probe.args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let mut install = project.cargo("tools-build", "install");
    install.args(["cargo-fuzz", "--locked", "--root"]).arg(tools);
    run(&mut install).with_context(|| format!("cargo-fuzz is missing and could not be installed by {}", show(&install)))
}
