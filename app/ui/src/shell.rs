use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderValue, header::CONTENT_SECURITY_POLICY};
use leptos::{
    nonce::{Nonce, use_nonce},
    prelude::*,
};
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

use crate::{
    App,
    icons::{Ico, Icon},
    rpc::Signed,
    shared::Markup,
};

/// The addresses of the files that every page loads, as the build named them.
///
/// The names carry a hash of the content, so browsers may keep the files for good.
#[derive(Debug, Clone)]
pub struct Assets {
    /// The glue that starts the WebAssembly module.
    pub script: String,
    /// The WebAssembly module.
    pub wasm: String,
    /// The style sheet.
    pub style: String,
    /// The font of the text, as the style sheet names it.
    pub font: Option<String>,
    /// Where the parts of lazily loaded pages are; `None` when nothing is split off.
    pub lazy: Option<Arc<LazyParts>>,
    /// Whether the page should reload itself when the server was rebuilt (`cargo xtask dev`).
    pub reload: bool,
}

/// The parts of the WebAssembly module that are loaded when a page first needs them.
#[derive(Debug)]
pub struct LazyParts {
    /// The folder that holds the parts, without a slash at its end.
    pub folder: String,
    /// The name of the script in this folder that loads them.
    pub loader: String,
    /// The file in this folder that holds a part, by part.
    pub files: HashMap<String, String>,
}

impl LazyParts {
    /// Adds what the page at this address will load anyway. Leptos would name it too, but only where it knows in time.
    fn links(&self, mut head: Markup, path: &str) -> Markup {
        let now = crate::lazy::parts_of(path);
        // What people will come to next is fetched when nothing else is: going there is instant then, and works while the
        // server restarts.
        let later: &[&str] = if now.contains(&"staff") {
            &["staff_ticket_work", "staff_more", "staff_ticket", "staff_board", "staff_new"]
        } else if now.contains(&"portal") {
            &["portal_ticket"]
        } else {
            &[]
        };
        head = link(head, "modulepreload", &[&self.folder, "/", &self.loader]).raw(">");
        let later = later.iter().filter(|part| !now.contains(part)).map(|part| ("prefetch", part));
        for (how, part) in now.iter().map(|part| ("preload", part)).chain(later) {
            if let Some(file) = self.files.get(*part) {
                head = link(head, how, &[&self.folder, "/", file]).raw(" as=\"fetch\" crossorigin>");
            }
        }
        head
    }
}

/// Begins a link to an address in these pieces.
fn link(head: Markup, how: &'static str, address: &[&str]) -> Markup {
    let head = head.raw("<link rel=\"").raw(how).raw("\" href=\"");
    address.iter().fold(head, |head, piece| head.text(piece)).raw("\"")
}

/// The document around the [`App`]: head, scripts and `<body>`.
///
/// `leptos`'s own `HydrationScripts` reads file names from the disk beside the binary. Docket ships as one file, so
/// the names are handed in instead.
pub fn shell(assets: &Assets) -> impl IntoView + use<> {
    let nonce = use_nonce();
    if let (Some(nonce), Some(response)) = (&nonce, use_context::<ResponseOptions>()) {
        restrict(&response, nonce);
    }
    let request = use_context::<http::request::Parts>();
    let theme = request.as_ref().and_then(|parts| crate::me::theme_cookie(&parts.headers));
    let path = request.as_ref().map_or("", |parts| parts.uri.path());
    let signed = request.as_ref().and_then(|parts| parts.extensions.get::<Signed>());
    let private = signed.is_some_and(|it| it.session.is_some());
    let me = signed.and_then(|it| it.actor.principal());
    let language = me.map(|me| me.language).unwrap_or_default();
    let nonce = nonce.as_ref().map_or("", |nonce| &**nonce);
    let mut head = head(assets, path, nonce, private);
    if let Some(colour) = me.and_then(|me| me.brand.as_ref()).map(|brand| &brand.accent).filter(|it| !it.is_empty()) {
        // The style sheet makes of it what can be read on light and on dark.
        head = head.raw("<style nonce=\"").text(nonce).raw("\">:root{--brand:").text(colour).raw("}</style>");
    }

    view! {
        <!DOCTYPE html>
        <html lang=language.tag() data-theme=theme>
            <head>{head.element()} <MetaTags /></head>
            <body>
                <App />
                <div class="toasts">
                    <div class="toast" id="not-loaded" data-kind="error" role="alert" hidden>
                        <Ico icon=Icon::Alert />
                        <p class="toast__text">"A part of this page could not be loaded."</p>
                        <button class="button button--sm" type="button">
                            "Try again"
                        </button>
                    </div>
                </div>
            </body>
        </html>
    }
}

/// What is in the head of each page, as text: no browser's half takes it over, and it is part of every answer.
fn head(assets: &Assets, path: &str, nonce: &str, private: bool) -> Markup {
    let mut head = Markup::new(
        "<meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"theme-color\" media=\"(prefers-color-scheme: light)\" content=\"#fafbfc\">\
         <meta name=\"theme-color\" media=\"(prefers-color-scheme: dark)\" content=\"#121417\">\
         <link rel=\"manifest\" href=\"/manifest.webmanifest\">\
         <link rel=\"apple-touch-icon\" href=\"/icons/icon-192.png\">",
    );
    if let Some(font) = &assets.font {
        head = link(head, "preload", &[font]).raw(" as=\"font\" type=\"font/woff2\" crossorigin>");
    }
    head = head.raw("<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">");
    head = link(head, "stylesheet", &[&assets.style]).raw(">");
    head = link(head, "modulepreload", &[&assets.script]).raw(">");
    head = link(head, "preload", &[&assets.wasm]).raw(" as=\"fetch\" type=\"application/wasm\" crossorigin>");
    if let Some(lazy) = &assets.lazy {
        head = lazy.links(head, path);
    }
    let script = |head: Markup, kind| head.raw("<script ").raw(kind).raw("nonce=\"").text(nonce).raw("\">");
    // The names of files are a build's: letters, digits and dots.
    head = script(head, "type=\"module\" ")
        .raw(TRY_AGAIN)
        .raw(BROKEN)
        .raw("import(\"")
        .text(&assets.script)
        .raw("\").then(m=>m.default({module_or_path:\"")
        .text(&assets.wasm)
        .raw(
            "\"}).then(()=>m.hydrate())).catch(e=>{console.error(e);tryAgain().then(()=>location.reload())})</script>",
        );
    if private {
        head = script(head, "").raw(RESTORED).raw("</script>");
    }
    if assets.reload {
        head = script(head, "").raw(RELOAD).raw("</script>");
    }
    head
}

/// Tells the browser what this page may load and run, so that text which slipped in as markup stays text.
///
/// Scripts need the nonce of this answer. WebAssembly is compiled, which browsers count as a kind of evaluation.
/// No style stands in a page but in its style sheets; those of a mail, in its frame, have the nonce as well.
fn restrict(response: &ResponseOptions, nonce: &Nonce) {
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    // A nonce is base64, so this is always a valid header.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Says that something could not be loaded, and waits until somebody wants to try again, or until the network or a server
/// that was away is back. The script that loads parts calls it too.
///
/// Whoever presses the button goes on waiting for what has been asked for: the page does not hear of it as of a click or a
/// key elsewhere, which would put that away, and the focus goes back to where it was.
const TRY_AGAIN: &str = "window.tryAgain=()=>new Promise(then=>{\
    const note=document.getElementById('not-loaded'),button=note.querySelector('button');note.hidden=false;\
    note.onpointerdown=e=>e.stopPropagation();note.onmousedown=e=>e.preventDefault();\
    note.onkeydown=e=>{if(/^(Enter| )$/.test(e.key))e.stopPropagation()};\
    button.onfocus=e=>note.from=e.relatedTarget;\
    let away;\
    const look=()=>fetch('/favicon.svg',{method:'HEAD',cache:'no-store'}).then(()=>away&&go(),()=>{away=true});\
    const timer=setInterval(look,3000);look();\
    const go=()=>{clearInterval(timer);if(button===document.activeElement)note.from?.focus();note.hidden=true;then()};\
    button.addEventListener('click',go,{once:true});\
    addEventListener('online',go,{once:true})});";

/// Says that the module has broken down, which nothing on the page survives, and offers to begin anew.
const BROKEN: &str = "addEventListener('error',e=>{\
    if(!(e.error instanceof WebAssembly.RuntimeError))return;\
    const note=document.getElementById('not-loaded'),button=note.querySelector('button');\
    note.querySelector('p').textContent='Something went wrong, and this page has stopped working.';\
    button.textContent='Reload';note.hidden=false;\
    button.addEventListener('click',()=>location.reload())});";

/// A page that “back” takes out of the browser's memory, as it was, may be of somebody who has signed out since. It is asked
/// for again, unseen. What must not be stored is not kept there by most browsers, but some do.
const RESTORED: &str = "addEventListener('pageshow',e=>{\
    if(e.persisted){document.documentElement.style.display='none';location.reload()}});";

/// Reloads the page when the development server came back as another process.
const RELOAD: &str = "let seen;new EventSource('/dev/process').onmessage=e=>{\
    if(seen&&seen!==e.data)location.reload();seen=e.data}";
