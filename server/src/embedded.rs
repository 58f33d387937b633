//! Where the files for browsers come from: a release carries them inside the program, a debug build reads them from the
//! disk when it starts, so that a new style sheet needs no new server.
//!
//! This belongs to the binary, not to the library: the library can then be compiled while the site is still being built.

use server::site::Contents;

/// The files inside the program.
///
/// # Errors
/// None; the disk has some.
#[cfg(not(debug_assertions))]
pub fn contents() -> std::io::Result<Contents> {
    use rust_embed::RustEmbed;

    #[derive(RustEmbed)]
    #[folder = "../target/site"]
    #[allow_missing = true]
    struct Embedded;

    Ok(Embedded::iter().filter_map(|path| Some((path.to_string(), Embedded::get(&path)?.data))).collect())
}

/// The files on the disk.
///
/// # Errors
/// When they cannot be read. That there are none is not an error here.
#[cfg(debug_assertions)]
pub fn contents() -> std::io::Result<Contents> {
    use std::borrow::Cow;
    use std::io::ErrorKind;
    use std::path::{Path, PathBuf};

    // `cargo leptos` says where it put the site; `cargo xtask` always puts it here.
    let root = std::env::var_os("LEPTOS_SITE_ROOT")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site-debug"), PathBuf::from);
    let mut found = Contents::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(&root) {
                let name = name.to_string_lossy().replace('\\', "/");
                found.insert(name, Cow::Owned(std::fs::read(&path)?));
            }
        }
    }
    Ok(found)
}
