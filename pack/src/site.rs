//! The files that browsers load, laid out as they are served: hashed names, and compressed copies beside them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use crate::module::{self, NAME, Parts};
use crate::{Profile, css, timed};

/// The folder for files with a hash of their content in the name; browsers may keep them for good.
const HASHED: &str = "pkg";
/// The font that every page shows its text in, and therefore names in its head.
const TEXT_FONT: &str = "fonts/inter-latin.woff2";
/// Files that lose at least a tenth when they are compressed.
const COMPRESSIBLE: [&str; 10] = ["js", "mjs", "wasm", "bin", "css", "json", "svg", "txt", "html", "webmanifest"];

/// Writes the site: the browser's half, the style sheet and the files of `public/`.
pub fn lay_out(folder: &Path, parts: Parts, profile: Profile) -> Result<()> {
    let (parts, mut hashes) = module::name_by_content(parts)?;
    let mut files: Parts = parts.into_iter().map(|(name, content)| (format!("{HASHED}/{name}"), content)).collect();
    let mut style = css::bundle(Path::new("style/main.css"))?;
    for (name, path) in self::files(Path::new("public"))? {
        let content = fs::read(path)?;
        // What the style sheet names (fonts) is kept by browsers for good as well.
        if let Some(hashed) = refer(&mut style, &name, &content) {
            if name == TEXT_FONT {
                hashes.push(("font".to_owned(), hash(&content)));
            }
            files.insert(hashed, content.clone());
        }
        files.insert(name, content);
    }
    // Without its name no page could tell browsers to fetch it before they have read the style sheet.
    ensure!(hashes.iter().any(|(part, _)| part == "font"), "the style sheet does not name {TEXT_FONT}");
    let hash = hash(style.as_bytes());
    files.insert(format!("{HASHED}/{NAME}.{hash}.css"), style.into_bytes());
    hashes.push(("css".to_owned(), hash));
    // The binary is compiled again when this file changes, so it must change with every file.
    hashes.push(("site".to_owned(), hash_of_all(&files)));
    let lines: String = hashes.iter().map(|(part, hash)| format!("{part}: {hash}\n")).collect();
    files.insert("hash.txt".to_owned(), lines.into_bytes());
    write(folder, files, profile)
}

/// Lets the style sheet name a public file by its content. Returns the file's new path if it is named there at all.
fn refer(style: &mut String, name: &str, content: &[u8]) -> Option<String> {
    let reference =
        [format!("url(\"/{name}\")"), format!("url(/{name})")].into_iter().find(|url| style.contains(url))?;
    let file = name.rsplit('/').next().unwrap_or(name);
    let (stem, extension) = file.rsplit_once('.')?;
    let hashed = format!("{HASHED}/{stem}.{}.{extension}", hash(content));
    *style = style.replace(&reference, &format!("url(/{hashed})"));
    Some(hashed)
}

fn hash(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content)).chars().take(22).collect()
}

fn hash_of_all(files: &Parts) -> String {
    let list: String = files.iter().map(|(name, content)| format!("{name} {}\n", hash(content))).collect();
    hash(list.as_bytes())
}

/// Makes the folder hold these files, their compressed copies and nothing else. What is there already is left alone.
fn write(folder: &Path, files: Parts, profile: Profile) -> Result<()> {
    let mut present: BTreeMap<_, _> = self::files(folder)?.into_iter().collect();
    let mut to_compress = Vec::new();
    for (name, content) in files {
        let path = folder.join(&name);
        let copies = [format!("{name}.br"), format!("{name}.gz")];
        let compressible = name.rsplit_once('.').is_some_and(|(_, extension)| COMPRESSIBLE.contains(&extension));
        let same = present.remove(&name).is_some() && fs::read(&path)? == content;
        if !same {
            fs::create_dir_all(path.parent().context("a file of the site has no folder")?)?;
            fs::write(&path, &content)?;
        }
        let have_copies = copies.each_ref().map(|copy| present.remove(copy).is_some());
        if compressible && !(same && have_copies == [true, true]) {
            to_compress.push((path, content));
        }
    }
    for stale in present.values() {
        fs::remove_file(stale)?;
    }
    if to_compress.is_empty() {
        return Ok(());
    }
    timed("compressed", || {
        std::thread::scope(|scope| {
            let threads: Vec<_> = to_compress
                .iter()
                .map(|(path, content)| scope.spawn(move || compress(path, content, profile)))
                .collect();
            for thread in threads {
                thread.join().map_err(|_| anyhow!("a compressor panicked"))??;
            }
            Ok(())
        })
    })
}

/// Writes `FILE.br` and `FILE.gz`: as small as it gets for a release, as fast as it gets in development.
fn compress(path: &Path, content: &[u8], profile: Profile) -> Result<()> {
    let (quality, level) = match profile {
        Profile::Debug => (1, flate2::Compression::fast()),
        Profile::Release => (11, flate2::Compression::best()),
    };
    let with = |extension: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    let params = brotli::enc::BrotliEncoderParams {
        quality,
        // A window of 16 MB, the largest that every browser takes.
        lgwin: 24,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut packed, &params)?;
    fs::write(with(".br"), packed)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
    gzip.write_all(content)?;
    Ok(fs::write(with(".gz"), gzip.finish()?)?)
}

/// Every file: its path below `folder`, with slashes, and its full path. A folder that is not there has no files.
pub fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in WalkDir::new(folder) {
        let path = entry?.into_path();
        if path.is_file() {
            files.push((path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/"), path));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_named_by_content_in_the_style_sheet() {
        for url in ["url(/fonts/inter.woff2)", "url(\"/fonts/inter.woff2\")"] {
            let mut style = format!("a{{src:{url}}}");
            let hashed = refer(&mut style, "fonts/inter.woff2", b"font").unwrap();
            assert_eq!(style, format!("a{{src:url(/{hashed})}}"));
            assert_eq!(hashed, format!("pkg/inter.{}.woff2", hash(b"font")));
            assert_eq!(refer(&mut style, "favicon.svg", b"icon"), None);
        }
    }
}
