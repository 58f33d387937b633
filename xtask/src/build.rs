//! Builds the browser's half, the site and the server, in this order of need and side by side where possible.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow};

use crate::project::{Project, run, timed};
use crate::tools::{self, WASM};

/// What is built and tested on the server's side, with the features it turns on.
///
/// Always together: which features the libraries below have depends on who is built with them, and each choice would be a
/// build of its own.
pub const SERVER_SIDE: [&str; 7] = [
    "--package=server",
    "--package=ui",
    "--features=ui/ssr",
    "--package=store",
    "--package=domain",
    "--package=cluster",
    "--package=bench",
];

/// For whom a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// For the people who work on it: quick to build; the site is read from the disk.
    Debug,
    /// For use: small and fast; the site is inside the binary.
    Release,
}

impl Profile {
    pub fn new(release: bool) -> Self {
        if release { Self::Release } else { Self::Debug }
    }

    /// The folder in which cargo puts the server, and the name under which we keep what belongs to this profile.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds everything. Returns the path of the program `docket`.
pub fn build(project: &Project, profile: Profile) -> Result<PathBuf> {
    tools::wasm_target(project)?;
    // The two halves share no code but the smallest. The server's takes longer, and waits for one core now and then: the
    // browser's half takes the others then, and what is left over. A release embeds the site in the binary only, so its
    // library can be compiled before there is a site.
    let early = match profile {
        Profile::Debug => ["--bin", "docket"].as_slice(),
        Profile::Release => &["--lib"],
    };
    std::thread::scope(|scope| {
        let server = scope.spawn(|| timed("server", || server(project, profile, early)));
        let site = timed("site", || site(project, profile));
        let server = server.join().map_err(|_| anyhow!("the build of the server panicked"))?;
        site.and(server)
    })?;
    if profile == Profile::Release {
        timed("binary", || server(project, profile, &["--bin", "docket"]))?;
    }
    take_binary(project, profile)
}

/// Takes the program out of the folder that other checkouts may build into as well.
fn take_binary(project: &Project, profile: Profile) -> Result<PathBuf> {
    let binary = binary(project, profile);
    let built = project.target.join("server").join(profile.name());
    let built = built.join(binary.file_name().context("a program has a name")?);
    // One that still runs cannot be written to, but it can make room.
    if binary.exists() {
        fs::remove_file(&binary)?;
    }
    fs::copy(&built, &binary).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(binary)
}

/// Where the program `docket` is, once it is built.
pub fn binary(project: &Project, profile: Profile) -> PathBuf {
    let name = format!("docket{}", std::env::consts::EXE_SUFFIX);
    project.state.join(profile.name()).join(name)
}

/// Builds the browser's half and lays out the files that browsers load: into the folder that the release's binary embeds,
/// or into the one that the debug binary reads.
pub fn site(project: &Project, profile: Profile) -> Result<()> {
    let (folder, site) = match profile {
        Profile::Debug => ("debug", "site-debug"),
        Profile::Release => ("wasm-release", "site"),
    };
    std::thread::scope(|scope| {
        let packer = scope.spawn(|| run(project.cargo_behind("", "build").args(["--quiet", "--package", "pack"])));
        let mut cargo = project.cargo_behind("browser", "build");
        cargo.args(["--package", "frontend", "--lib", "--target", WASM]);
        if profile == Profile::Release {
            cargo.args(["--profile", "wasm-release"]);
        }
        let module = run(&mut cargo).context("the browser's half did not build");
        let packer = packer.join().map_err(|_| anyhow!("the build of the packer panicked"))?;
        module.and(packer.context("the packer did not build"))
    })?;
    let state = project.state.join(profile.name());
    fs::create_dir_all(&state)?;
    let mut pack = Command::new(project.target.join(format!("debug/pack{}", std::env::consts::EXE_SUFFIX)));
    pack.current_dir(&project.root)
        .arg(project.target.join("browser").join(WASM).join(folder).join("frontend.wasm"))
        .arg(state)
        .arg(project.root.join("target").join(site));
    if profile == Profile::Release {
        pack.arg("--release");
    }
    run(&mut pack)
}

fn server(project: &Project, profile: Profile, what: &[&str]) -> Result<()> {
    let mut cargo = project.cargo("server", "build");
    match profile {
        Profile::Debug => cargo.args(SERVER_SIDE),
        // Nothing that only tests need.
        Profile::Release => cargo.args(["--package", "server", "--release"]),
    };
    cargo.args(what);
    run(&mut cargo).context("the server did not build")
}
