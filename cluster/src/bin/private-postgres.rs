//! Runs a private PostgreSQL in a folder until its input ends: to look into one by hand, and for the tests.
//!
//! `private-postgres FOLDER [NAME=VALUE…]` prints `pid`, `adopted` and `url`, a line each, when it is ready.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use cluster::{Cluster, Options};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = arguments.next().ok_or("usage: private-postgres FOLDER [NAME=VALUE…]")?;
    let mut options = Options::new(folder);
    options.report = |line| eprintln!("{line}");
    for argument in arguments {
        let text = argument.to_str().ok_or("a setting is not text")?;
        let (name, value) = text.split_once('=').ok_or("a setting is NAME=VALUE")?;
        options.settings.push((name.to_owned(), value.to_owned()));
    }
    let cluster = Cluster::start(options)?;
    let mut out = io::stdout();
    writeln!(out, "pid {}", cluster.pid())?;
    writeln!(out, "adopted {}", cluster.adopted())?;
    writeln!(out, "url {}", cluster.url())?;
    out.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    cluster.stop()?;
    Ok(())
}
