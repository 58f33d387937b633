//! What a first visit loads over the wire: the page and every file that it names; and what the page fetches afterwards,
//! when there is nothing else to do.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::http::{Call, Connection};
use crate::rows::{LONG, People};

/// The most that a first visit may load, in bytes.
pub const MOST: u64 = 450_000;

/// How a link begins to a file that is fetched when all is done.
const PREFETCH: &str = "<link rel=\"prefetch\"";

/// What one page weighs, in bytes, compressed as browsers get it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Weight {
    pub page: String,
    pub html: u64,
    pub script: u64,
    pub wasm: u64,
    pub style: u64,
    /// Fonts, icons and the rest.
    pub other: u64,
    /// What is fetched later on its own, for what people may do next. No part of the first visit.
    pub later: u64,
}

impl Weight {
    pub fn total(&self) -> u64 {
        self.html + self.script + self.wasm + self.style + self.other
    }
}

/// The pages that people come in by.
pub async fn first_loads(address: &str, people: &People) -> anyhow::Result<Vec<Weight>> {
    let staff = people.staff.first().map_or("", String::as_str);
    let ticket = format!("/tickets/{LONG}");
    let customer = people.customer.as_str();
    let pages = [
        ("/sign-in", ""),
        ("/portal", customer),
        ("/portal/new", customer),
        ("/tickets", staff),
        (ticket.as_str(), staff),
        ("/board", staff),
        ("/search", staff),
        ("/new", staff),
    ];
    let mut weights = Vec::new();
    for (page, cookie) in pages {
        weights.push(of(address, cookie, page).await?);
    }
    Ok(weights)
}

async fn of(address: &str, cookie: &str, page: &str) -> anyhow::Result<Weight> {
    let mut connection = Connection::open(address, cookie).await?;
    let html = connection.good(&Call::get(page)).await?.body.len() as u64;
    let mut readable = Connection::open(address, cookie).await?.uncompressed();
    let text = readable.good(&Call::get(page)).await?.body;
    let mut weight = Weight { page: page.to_owned(), html, ..Weight::default() };
    let text = String::from_utf8_lossy(&text);
    for file in later(&text) {
        weight.later += connection.good(&Call::get(&file)).await?.body.len() as u64;
    }
    for file in files(&text) {
        let size = connection.good(&Call::get(&file)).await?.body.len() as u64;
        let path = file.split(['?', '#']).next().unwrap_or_default();
        *match path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("js") => &mut weight.script,
            Some("wasm" | "bin") => &mut weight.wasm,
            Some("css") => &mut weight.style,
            _ => &mut weight.other,
        } += size;
    }
    Ok(weight)
}

/// The files of the site that a page makes a browser load, each once: what stands in quotes and is no link to a page.
fn files(page: &str) -> BTreeSet<String> {
    const KINDS: [&str; 9] = [".js", ".wasm", ".bin", ".css", ".woff2", ".svg", ".png", ".ico", ".webmanifest"];
    page.split(PREFETCH)
        .enumerate()
        // What is fetched when all is done is no part of a first load: the rest of such a tag is passed over.
        .flat_map(|(n, part)| {
            if n == 0 { part } else { part.split_once('>').map_or("", |(_, rest)| rest) }.split(['"', '\''])
        })
        .filter(|text| text.starts_with('/') && !text.contains(['<', '>', ' ', '\n']))
        .map(|text| text.split('#').next().unwrap_or_default())
        .filter(|text| KINDS.iter().any(|kind| text.ends_with(kind)))
        // Icons for the home screen and for installing are loaded when somebody asks for them.
        .filter(|text| !text.ends_with(".png") && !text.ends_with(".webmanifest"))
        .map(str::to_owned)
        .collect()
}

/// The files that a page has a browser fetch when all is done.
fn later(page: &str) -> BTreeSet<String> {
    page.split(PREFETCH)
        .skip(1)
        .filter_map(|part| part.split_once('>')?.0.split_once("href=\"")?.1.split_once('"'))
        .map(|(file, _)| file.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{files, later};

    #[test]
    fn each_file_of_a_page_counts_once_and_links_do_not() {
        let page = r##"<link href="/pkg/docket.1.css"><link rel="prefetch" href="/pkg/later.wasm"><script>import("/pkg/docket.2.js")</script>
            <use href="/icons.svg#inbox"></use><use href="/icons.svg#board"></use><a href="/tickets">x</a>"##;
        assert_eq!(
            files(page).into_iter().collect::<Vec<_>>(),
            ["/icons.svg", "/pkg/docket.1.css", "/pkg/docket.2.js"]
        );
        assert_eq!(later(page).into_iter().collect::<Vec<_>>(), ["/pkg/later.wasm"]);
    }
}
