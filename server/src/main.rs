mod embedded;

use std::process::ExitCode;

use anyhow::Context as _;
use server::config::{self, Command, Invocation};
use server::site::Site;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let invocation = match config::from_process() {
        Ok(invocation) => invocation,
        Err(error) => error.exit(),
    };
    match run(invocation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(Invocation { command, config, in_force }: Invocation) -> anyhow::Result<()> {
    match command {
        Command::Serve => {
            config.start_logging()?;
            let site = Site::new(embedded::contents().context("the files for browsers cannot be read")?);
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(server::serve::serve(config, site))
        }
        Command::Config => {
            print!("{in_force}");
            Ok(())
        }
    }
}
