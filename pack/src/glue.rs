//! The names by which the module and its script know each other.
//!
//! `wasm-bindgen` names each function that the module imports by what it does and a hash: ten kilobytes of names, half of them
//! chance, which does not compress, once in the module and once in the script. Nobody else reads them.

use anyhow::{Context as _, Result};

/// The module that the script is for: what it imports from there, we may rename.
const FROM: &str = "./docket_bg.js";

/// The module and its script with short names between them.
pub fn shorten(module: &[u8], script: &str) -> Result<(Vec<u8>, String)> {
    let mut config = walrus::ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(module)?;
    let mut script = script.to_owned();
    for (n, import) in module.imports.iter_mut().filter(|import| import.module == FROM).enumerate() {
        let short = format!("f{n}");
        script = renamed(&script, &import.name, &short)
            .with_context(|| format!("the script does not have {} just once", import.name))?;
        import.name = short;
    }
    Ok((module.emit_wasm(), script))
}

/// The script with another name for a function of the object that it hands to the module, if it is there once.
fn renamed(script: &str, long: &str, short: &str) -> Option<String> {
    let field = format!("\n        {long}: ");
    let (before, after) = script.split_once(&field)?;
    (!after.contains(&field)).then(|| format!("{before}\n        {short}: {after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_take_the_short_names() {
        let mut module = walrus::Module::default();
        let kind = module.types.add(&[], &[]);
        module.add_import_func(FROM, "__wbg_now_b9", kind);
        module.add_import_func("./elsewhere.js", "__wbg_now_b9", kind);
        let script = "import0 = {\n        __wbg_now_b9: function() {},\n    }";
        let (module, script) = shorten(&module.emit_wasm(), script).unwrap();
        assert_eq!(script, "import0 = {\n        f0: function() {},\n    }");
        let module = walrus::Module::from_buffer(&module).unwrap();
        let names: Vec<_> = module.imports.iter().map(|i| (i.module.as_str(), i.name.as_str())).collect();
        assert_eq!(names, [(FROM, "f0"), ("./elsewhere.js", "__wbg_now_b9")]);
        assert!(shorten(&walrus::Module::default().emit_wasm(), "").is_ok());
    }

    #[test]
    fn a_name_that_the_script_has_not_just_once_is_a_fault() {
        let field = "\n        a: 1,";
        assert_eq!(renamed(field, "a", "f0").as_deref(), Some("\n        f0: 1,"));
        assert_eq!(renamed("", "a", "f0"), None);
        assert_eq!(renamed(&field.repeat(2), "a", "f0"), None);
    }
}
