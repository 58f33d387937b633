mod embedded;
mod memory;

use std::process::ExitCode;

use server::run::{Program, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Everything else is in the library: what only this file called would be compiled once the site is there, when nothing else
/// is left to compile beside it.
fn main() -> ExitCode {
    // The allocator asks for huge pages, of which a server like this fills a part: a third of its memory for nothing.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(true);
    run(Program { files: embedded::contents, at_rest: memory::give_back })
}
