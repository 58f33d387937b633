//! What was split off the browser's half, gathered into few files.
//!
//! The splitter makes a module of what any two parts share: dozens of small ones. Fetched apart they are a quarter larger
//! than compressed as one, so each part is one file: its modules end to end, with an index in the script that loads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

/// The file extension of modules end to end.
pub const EXTENSION: &str = "bin";

/// Where in the splitter's script its own way of loading begins; what the modules share is above.
const RUNTIME: &str = "function wrapAsyncCb(";
/// What the splitter's script calls the function that loads a part, before its name.
const LOADER: &str = "export const __wasm_split_load_";

/// For each part, as the splitter calls it, its file.
#[derive(Debug)]
pub struct Plan(BTreeMap<String, Part>);

#[derive(Debug, PartialEq, Eq)]
struct Part {
    name: String,
    /// What it is made of and what is not there when it is loaded, in the order of the file. Its own module is the last.
    modules: Vec<String>,
    /// The parts that it lies within, from the outermost.
    within: Vec<String>,
}

impl Plan {
    /// Makes a file of each part.
    ///
    /// A part that is named like another with a word behind it (`staff_board`) is only ever loaded within that one, and
    /// leaves out what is there by then.
    pub fn new(needs: &BTreeMap<String, Vec<String>>) -> Self {
        // The splitter puts a number behind the names of parts.
        let name = |key: &str| key.rsplit_once('_').map_or(key, |(name, _)| name).to_owned();
        let is_within = |part: &str, other: &str| part.strip_prefix(other).is_some_and(|rest| rest.starts_with('_'));
        let part = |(key, modules): (&String, &Vec<String>)| {
            let around = needs.iter().filter(|(other, _)| is_within(&name(key), &name(other)));
            let there: BTreeSet<&String> = around.clone().flat_map(|(_, modules)| modules).collect();
            let mut within: Vec<String> = around.map(|(other, _)| name(other)).collect();
            within.sort_unstable_by_key(String::len);
            let modules = modules.iter().filter(|module| !there.contains(module)).cloned().collect();
            (key.clone(), Part { name: name(key), modules, within })
        };
        Self(needs.iter().map(part).collect())
    }

    /// The name of each part's file, by part.
    pub fn names(&self) -> BTreeMap<&str, String> {
        self.0.values().map(|part| (part.name.as_str(), file_name(&part.name))).collect()
    }

    /// The content of the files.
    pub fn gather(&self, modules: &BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        for part in self.0.values() {
            let mut content = Vec::new();
            for name in &part.modules {
                content.extend_from_slice(module(modules, name)?);
            }
            files.insert(file_name(&part.name), content);
        }
        Ok(files)
    }

    /// The script that loads parts out of these files, in place of the splitter's, which fetches each module.
    pub fn loader(&self, script: &str, modules: &BTreeMap<String, Vec<u8>>) -> Result<String> {
        let (shared, runtime) = script.split_once(RUNTIME).context("the splitter's script is not as we know it")?;
        let mut loader = format!("{shared}{}", include_str!("parts.js"));
        // Modules go by numbers.
        let all: BTreeSet<&String> = self.0.values().flat_map(|part| &part.modules).collect();
        let ids: BTreeMap<&String, usize> = all.into_iter().zip(0..).collect();
        for part in self.0.values() {
            let mut index = Vec::new();
            for name in &part.modules {
                let id = ids.get(name).context("every module has a number")?;
                index.push(format!("[{id},{}]", module(modules, name)?.len()));
            }
            writeln!(loader, "const part_{} = [\"{}\",{}];", part.name, file_name(&part.name), index.join(","))?;
        }
        for (key, part) in &self.0 {
            ensure!(runtime.contains(&format!("{LOADER}{key} =")), "the splitter's script does not load {key}");
            let files: Vec<_> = part.within.iter().chain([&part.name]).map(|name| format!("part_{name}")).collect();
            writeln!(loader, "{LOADER}{key} = loader({});", files.join(", "))?;
        }
        Ok(loader)
    }
}

fn file_name(part: &str) -> String {
    format!("{part}.{EXTENSION}")
}

fn module<'a>(modules: &'a BTreeMap<String, Vec<u8>>, name: &str) -> Result<&'a [u8]> {
    Ok(modules.get(name).with_context(|| format!("there is no module {name}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let needs = [
            ("staff_1", vec!["a", "b", "split_staff_1"]),
            ("staff_board_1", vec!["b", "c", "d", "split_staff_board_1"]),
            ("portal_1", vec!["b", "c", "split_portal_1"]),
        ];
        let owned = |modules: Vec<&str>| modules.into_iter().map(str::to_owned).collect();
        Plan::new(&needs.into_iter().map(|(part, modules)| (part.to_owned(), owned(modules))).collect())
    }

    fn modules() -> BTreeMap<String, Vec<u8>> {
        let names = ["a", "b", "c", "d", "split_staff_1", "split_staff_board_1", "split_portal_1"];
        names.into_iter().map(|name| (name.to_owned(), name.to_uppercase().into_bytes())).collect()
    }

    #[test]
    fn a_part_leaves_out_what_is_around_it() {
        let files = plan().gather(&modules()).unwrap();
        let expected = [
            ("portal.bin", "BCSPLIT_PORTAL_1"),
            ("staff.bin", "ABSPLIT_STAFF_1"),
            ("staff_board.bin", "CDSPLIT_STAFF_BOARD_1"),
        ];
        let expected = expected.map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec()));
        assert_eq!(files, BTreeMap::from(expected));
        assert_eq!(plan().names()["staff_board"], "staff_board.bin");
        assert!(plan().gather(&BTreeMap::new()).is_err());
    }

    #[test]
    fn the_script_knows_where_each_module_is() {
        let load = |key: &str| format!("{LOADER}{key} = wrapAsyncCb(makeLoad());\n");
        let keys = ["portal_1", "staff_1", "staff_board_1"].map(load).concat();
        let script = format!("import x from \"./docket.js\";\nlet shared;\n{RUNTIME}callee) {{}}\n{keys}");
        let loader = plan().loader(&script, &modules()).unwrap();
        assert!(loader.starts_with("import x from \"./docket.js\";\nlet shared;\n"));
        assert!(!loader.contains("makeLoad"));
        assert!(loader.contains("const part_staff = [\"staff.bin\",[0,1],[1,1],[5,13]];\n"));
        assert!(loader.contains("const part_staff_board = [\"staff_board.bin\",[2,1],[3,1],[6,19]];\n"));
        assert!(loader.contains("export const __wasm_split_load_staff_1 = loader(part_staff);\n"));
        assert!(
            loader.contains("export const __wasm_split_load_staff_board_1 = loader(part_staff, part_staff_board);\n")
        );
        assert!(plan().loader(&script.replace("staff_board_1", "other_1"), &modules()).is_err());
        assert!(plan().loader("", &modules()).is_err());
    }
}
