//! What was split off the browser's half, gathered into few files.
//!
//! The splitter makes a module of what any two parts share: dozens of small ones. Fetched apart they are a quarter larger
//! than compressed as one, so each part is one file: its modules end to end, with an index in the script that loads them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};

/// The file extension of modules end to end.
pub const EXTENSION: &str = "bin";

/// What the splitter calls an address of a module in its script, and what it does with it.
const FETCH: (&str, &str) = ("fetch(new URL(\"./", ".wasm\", import.meta.url))");
const INSTANTIATE: &str = "WebAssembly.instantiateStreaming(src, imports)";

/// For each part the modules it is made of, in the order of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan(BTreeMap<String, Vec<String>>);

impl Plan {
    /// Makes a file of each part.
    ///
    /// A part that is named like another with a word behind it (`staff_board`) is only ever loaded within that one, and
    /// leaves out what is there by then.
    pub fn new(needs: &BTreeMap<String, Vec<String>>) -> Self {
        // The splitter puts a number behind the names of parts.
        let name = |key: &str| key.rsplit_once('_').map_or(key, |(name, _)| name).to_owned();
        let needs: BTreeMap<String, BTreeSet<&String>> =
            needs.iter().map(|(part, modules)| (name(part), modules.iter().collect())).collect();
        let is_around = |other: &str, part: &str| part.strip_prefix(other).is_some_and(|rest| rest.starts_with('_'));
        let files = needs.iter().map(|(part, modules)| {
            let around = needs.iter().filter(|(other, _)| is_around(other, part));
            let there: BTreeSet<&String> = around.flat_map(|(_, modules)| modules).copied().collect();
            (part.clone(), modules.difference(&there).map(|module| (*module).clone()).collect())
        });
        Self(files.collect())
    }

    /// The name of each part's file, by part.
    pub fn names(&self) -> BTreeMap<&str, String> {
        self.0.keys().map(|part| (part.as_str(), file_name(part))).collect()
    }

    /// The content of the files, and for the script where in which file each module is: its first byte and the one behind
    /// its last.
    pub fn gather(&self, modules: &BTreeMap<String, Vec<u8>>) -> Result<(BTreeMap<String, Vec<u8>>, String)> {
        let mut files = BTreeMap::new();
        let mut index = BTreeMap::new();
        for (part, names) in &self.0 {
            let mut content = Vec::new();
            let mut places = BTreeMap::new();
            for name in names {
                let start = content.len();
                content.extend_from_slice(modules.get(name).with_context(|| format!("there is no module {name}"))?);
                places.insert(name, [start, content.len()]);
            }
            files.insert(file_name(part), content);
            index.insert(file_name(part), places);
        }
        Ok((files, serde_json::to_string(&index)?))
    }
}

fn file_name(part: &str) -> String {
    format!("{part}.{EXTENSION}")
}

/// The splitter's script, made to take modules out of files instead of fetching each.
pub fn loader(script: &str, index: &str) -> Result<String> {
    let mut changed = String::with_capacity(script.len());
    let mut rest = script;
    let mut modules = 0;
    while let Some((before, after)) = rest.split_once(FETCH.0) {
        let (name, after) =
            after.split_once(FETCH.1).context("the splitter's script fetches in a way we do not know")?;
        changed.push_str(&format!("{before}part(\"{name}\")"));
        rest = after;
        modules += 1;
    }
    changed.push_str(rest);
    ensure!(
        modules > 0 && changed.matches(INSTANTIATE).count() == modules,
        "the splitter's script starts modules in a way we do not know"
    );
    let changed = changed.replace(INSTANTIATE, "src.then((module) => WebAssembly.instantiate(module, imports))");
    // Imports come first in a script.
    let (imports, body) =
        changed.split_once("\n\n").context("the splitter's script does not start with its imports")?;
    Ok(format!("{imports}\n\nconst FILES = {index};\n{}{body}", include_str!("parts.js")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(parts: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let modules = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        parts.iter().map(|(part, names)| ((*part).to_owned(), modules(names))).collect()
    }

    #[test]
    fn a_part_leaves_out_what_is_around_it() {
        let plan = Plan::new(&needs(&[
            ("staff_1", &["a", "b"]),
            ("staff_board_1", &["b", "c", "d"]),
            ("staff_ticket_1", &["c", "e"]),
            ("portal_1", &["b", "c"]),
        ]));
        let expected = needs(&[
            ("staff", &["a", "b"]),
            ("staff_board", &["c", "d"]),
            ("staff_ticket", &["c", "e"]),
            ("portal", &["b", "c"]),
        ]);
        assert_eq!(plan, Plan(expected));
    }

    #[test]
    fn files_hold_their_modules_end_to_end() {
        let plan = Plan::new(&needs(&[("page_7", &["chunk_1", "split_page_7"])]));
        let modules = BTreeMap::from([
            ("chunk_1".to_owned(), b"one".to_vec()),
            ("split_page_7".to_owned(), b"three".to_vec()),
            ("chunk_2".to_owned(), b"of another".to_vec()),
        ]);
        let (files, index) = plan.gather(&modules).unwrap();
        assert_eq!(files, BTreeMap::from([("page.bin".to_owned(), b"onethree".to_vec())]));
        assert_eq!(index, r#"{"page.bin":{"chunk_1":[0,3],"split_page_7":[3,8]}}"#);
        assert!(plan.gather(&BTreeMap::new()).is_err());
    }

    #[test]
    fn the_script_takes_every_module_out_of_a_file() {
        let script = "import { initSync } from \"./docket.js\";\n\nlet x;\n\
            () => { const src = fetch(new URL(\"./chunk_1.wasm\", import.meta.url));\n\
            return async (imports) => (WebAssembly.instantiateStreaming(src, imports)); }";
        let loader = loader(script, "{}").unwrap();
        assert!(loader.starts_with("import { initSync } from \"./docket.js\";\n\nconst FILES = {};\n"));
        assert!(loader.contains("const src = part(\"chunk_1\");"));
        assert!(!loader.contains("instantiateStreaming") && !loader.contains(".wasm"));
        assert!(super::loader("import a from \"b\";\n\nfetch(elsewhere)", "{}").is_err());
    }
}
