//! The browser's half: split into parts, and given its JavaScript glue.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::bundles::{self, Plan};
use crate::{Profile, glue, timed};

/// The name of the script and the module before the hash is put in.
pub const NAME: &str = "docket";
/// What the splitter calls its script. The module names it too, so its hash must have the length of these dashes.
pub const SPLIT: &str = "__wasm_split.______________________.js";
/// What was split off: for each part the file to load, as JSON.
pub const MANIFEST: &str = "__wasm_split_manifest.json";

/// Counts up when the steps below change, so that what earlier versions left behind is not taken for current.
const STEPS: &str = "5";

/// The files of the browser's half by name, as the tools left them: without hashes in their names.
pub type Parts = BTreeMap<String, Vec<u8>>;

/// Makes of the module that the compiler has written what browsers load, unless `state` has that already.
pub fn parts(module: &Path, state: &Path, profile: Profile) -> Result<Parts> {
    let input = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let stamp = format!("{STEPS} {:x}", Sha256::digest(&input));
    let (parts, stamp_file) = (state.join("parts"), state.join("parts.stamp"));
    if fs::read_to_string(&stamp_file).ok().as_deref() != Some(stamp.as_str()) {
        timed("wasm", || {
            if parts.exists() {
                fs::remove_dir_all(&parts)?;
            }
            process(&input, &parts, profile)?;
            Ok(fs::write(&stamp_file, &stamp)?)
        })?;
    }
    read_parts(&parts)
}

/// Splits the module and writes the glue, into an empty folder.
fn process(input: &[u8], folder: &Path, profile: Profile) -> Result<()> {
    fs::create_dir_all(folder)?;
    let main = folder.join("main.wasm");
    let main_module = format!("./{NAME}.js");
    let link_name = format!("./{SPLIT}");
    let mut options = wasm_split_cli_support::Options::new(input);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.main_module = &main_module;
    options.link_name = &link_name;
    let split =
        wasm_split_cli_support::transform(options).map_err(|error| anyhow!("cannot split the module: {error:#}"))?;
    Bindgen::new()
        .input_path(&main)
        .keep_lld_exports(true)
        .demangle(false)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name(NAME)
        .generate(folder)
        .context("cannot write the JavaScript glue")?;
    fs::remove_file(main)?;
    gather(folder, &split.prefetch_map.into_iter().collect(), profile)?;
    if profile == Profile::Release {
        let (module, script) = (folder.join(format!("{NAME}_bg.wasm")), folder.join(format!("{NAME}.js")));
        let (shorter, renamed) = glue::shorten(&fs::read(&module)?, &fs::read_to_string(&script)?)?;
        fs::write(module, shorter)?;
        fs::write(script, renamed)?;
    }
    Ok(())
}

/// Replaces the modules that were split off by files that hold all modules of a part.
fn gather(folder: &Path, needs: &BTreeMap<String, Vec<String>>, profile: Profile) -> Result<()> {
    let plan = Plan::new(needs);
    let mut modules = BTreeMap::new();
    for name in needs.values().flatten().collect::<BTreeSet<_>>() {
        let path = folder.join(format!("{name}.wasm"));
        let module = fs::read(&path)?;
        // It takes seconds in a debug build, where nobody minds the size.
        let module = if profile == Profile::Release { compact(&module)? } else { module };
        modules.insert(name.clone(), module);
        fs::remove_file(path)?;
    }
    for (name, content) in plan.gather(&modules)? {
        fs::write(folder.join(name), content)?;
    }
    let script = folder.join(SPLIT);
    fs::write(&script, plan.loader(&fs::read_to_string(&script)?, &modules)?)?;
    Ok(fs::write(folder.join(MANIFEST), serde_json::to_vec(&plan.names())?)?)
}

/// A module without the names of its functions, which weigh more than its code, and without the room that the linker
/// leaves in every number.
fn compact(module: &[u8]) -> Result<Vec<u8>> {
    let mut config = walrus::ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(module)?;
    module.customs = walrus::ModuleCustomSections::default();
    Ok(module.emit_wasm())
}

fn read_parts(folder: &Path) -> Result<Parts> {
    let mut parts = Parts::new();
    for (name, path) in crate::site::files(folder)? {
        parts.insert(name, fs::read(path)?);
    }
    Ok(parts)
}

/// The parts under names that carry a hash of them all, and the lines for `hash.txt`.
///
/// One hash for all: the script names the module, the splitter's script names the script and is named by the module.
/// No file of such a ring can carry a hash of just itself.
pub fn name_by_content(parts: Parts) -> Result<(Parts, Vec<(String, String)>)> {
    let mut digest = Sha256::new();
    for (name, content) in &parts {
        digest.update(name.as_bytes());
        digest.update(content.len().to_le_bytes());
        digest.update(content);
    }
    let dashes = SPLIT.matches('_').count() - "__wasm_split".matches('_').count();
    let hash: String = format!("{:x}", digest.finalize()).chars().take(dashes).collect();

    let new_names: HashMap<String, String> = parts.keys().map(|name| (name.clone(), new_name(name, &hash))).collect();
    let split_script = SPLIT.as_bytes();
    let mut renamed = Parts::new();
    for (name, mut content) in parts {
        if name.ends_with(".wasm") || name.ends_with(bundles::EXTENSION) {
            replace_in_place(&mut content, split_script, new_names.get(SPLIT).map(String::as_bytes));
        } else if name.ends_with(".js") {
            content = rename_in_text(content, &new_names)?;
        } else if name == MANIFEST {
            content = rename_in_manifest(&content, &new_names)?;
        }
        renamed.insert(new_name(&name, &hash), content);
    }
    let hashes = ["js", "wasm", "split", "manifest"].map(|part| (part.to_owned(), hash.clone()));
    Ok((renamed, hashes.into()))
}

/// `docket_bg.wasm` becomes `docket.HASH.wasm`, `staff.bin` becomes `staff.HASH.bin`, and a script in a folder
/// (`snippets/…`) keeps its name in a folder with the hash.
fn new_name(name: &str, hash: &str) -> String {
    if name == SPLIT {
        return format!("__wasm_split.{hash}.js");
    }
    if let Some((folder, rest)) = name.split_once('/') {
        return format!("{folder}.{hash}/{rest}");
    }
    let stem_end = name.rfind('.').unwrap_or(name.len());
    let (stem, extension) = name.split_at(stem_end);
    let stem = if stem == format!("{NAME}_bg") { NAME } else { stem };
    format!("{stem}.{hash}{extension}")
}

/// Scripts refer to other files as `'./NAME'`, `"./NAME"` or, the module, `'NAME'`.
fn rename_in_text(content: Vec<u8>, new_names: &HashMap<String, String>) -> Result<Vec<u8>> {
    let mut text = String::from_utf8(content).context("a script is not UTF-8")?;
    for (old, new) in new_names {
        for quote in ['"', '\''] {
            for prefix in ["./", ""] {
                text = text.replace(&format!("{quote}{prefix}{old}{quote}"), &format!("{quote}{prefix}{new}{quote}"));
            }
        }
    }
    Ok(text.into_bytes())
}

/// The manifest names files by part.
fn rename_in_manifest(content: &[u8], new_names: &HashMap<String, String>) -> Result<Vec<u8>> {
    let mut manifest: BTreeMap<String, String> = serde_json::from_slice(content)?;
    for file in manifest.values_mut() {
        *file = new_names.get(file).with_context(|| format!("the manifest names {file}, which is not there"))?.clone();
    }
    Ok(serde_json::to_vec(&manifest)?)
}

/// Replaces every occurrence by text of the same length, so that nothing else in a binary moves.
fn replace_in_place(content: &mut [u8], old: &[u8], new: Option<&[u8]>) {
    let Some(new) = new.filter(|new| new.len() == old.len()) else {
        return;
    };
    let mut at = 0;
    while at + old.len() <= content.len() {
        if content[at..].starts_with(old) {
            content[at..at + old.len()].copy_from_slice(new);
            at += old.len();
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_of_references_is_renamed_as_one() {
        let parts = Parts::from([
            ("docket.js".to_owned(), format!("import * as s from \"./{SPLIT}\";new URL('docket_bg.wasm', u)").into()),
            ("docket_bg.wasm".to_owned(), format!("\0./{SPLIT}\0").into()),
            (SPLIT.to_owned(), b"from \"./docket.js\";const FILES = {\"page.bin\":{}}".to_vec()),
            ("page.bin".to_owned(), b"\0".to_vec()),
            (MANIFEST.to_owned(), br#"{"page":"page.bin"}"#.to_vec()),
        ]);
        let (renamed, hashes) = name_by_content(parts).unwrap();
        let hash = &hashes[0].1;
        assert_eq!(hash.len(), 22);
        let text = |name: &str| String::from_utf8(renamed[name].clone()).unwrap();
        assert_eq!(
            text(&format!("docket.{hash}.js")),
            format!("import * as s from \"./__wasm_split.{hash}.js\";new URL('docket.{hash}.wasm', u)")
        );
        assert_eq!(text(&format!("docket.{hash}.wasm")), format!("\0./__wasm_split.{hash}.js\0"));
        assert_eq!(
            text(&format!("__wasm_split.{hash}.js")),
            format!("from \"./docket.{hash}.js\";const FILES = {{\"page.{hash}.bin\":{{}}}}")
        );
        assert_eq!(text(&format!("__wasm_split_manifest.{hash}.json")), format!("{{\"page\":\"page.{hash}.bin\"}}"));
    }
}
