//! Runs one of [`server::fuzzing::TARGETS`] on what the fuzzer grows: the one that DOCKET_FUZZ_TARGET names. One program for all,
//! because to link the whole server once is enough.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use server::fuzzing::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("DOCKET_FUZZ_TARGET").unwrap_or_default();
    TARGETS.into_iter().find(|target| target.name == name).unwrap_or_else(|| {
        panic!("DOCKET_FUZZ_TARGET must be one of {:?}", TARGETS.map(|target| target.name));
    })
});

/// Puts right inputs into the folder that the fuzzer begins with.
fn sow() {
    let Some(corpus) = std::env::var_os("DOCKET_FUZZ_CORPUS").map(PathBuf::from) else { return };
    for (n, seed) in TARGET.seeds.iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{n}")), seed).expect("the folder can be written to");
    }
}

fuzz_target!(init: sow(), |data: &[u8]| (TARGET.run)(data));
