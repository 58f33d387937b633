//! For whom a page was made. Whoever signs in as somebody else goes on in other tabs of the browser as that person; what they
//! wrote there before must not be sent in that name.
//!
//! What a page asks for carries the id of its person, and the server refuses what comes from a page of somebody else. Tabs
//! also tell each other who is signed in, so that one says so before anything is sent.

use crate::{
    erased::effect,
    live::{Live, live},
    me,
};
use domain::{Error, Principal};
use futures::{Sink, Stream};
use leptos::{
    ev,
    prelude::*,
    server_fn::{
        Bytes,
        client::{Client, browser::BrowserClient},
        error::FromServerFnError,
        request::browser::BrowserRequest,
        response::browser::BrowserResponse,
    },
};
use std::sync::atomic::{AtomicI64, Ordering};
use web_sys::{Storage, XmlHttpRequest};

/// The header with the id of the person whom the asking page was made for.
pub const HEADER: &str = "x-docket-person";
/// Where tabs tell each other who is signed in.
const PLACE: &str = "docket-person";

/// The person of this page, 0 for a visitor. Browsers only: a tab shows one page at a time.
static PERSON: AtomicI64 = AtomicI64::new(0);

/// Takes note of whom this page was made for. In the browser, before anything is asked.
pub fn page_is_of(person: Option<&Principal>) {
    PERSON.store(person.map_or(0, |person| person.id.0), Ordering::Relaxed);
}

/// The id for the header, and for the socket's address; `None` for a visitor.
pub fn person() -> Option<i64> {
    Some(PERSON.load(Ordering::Relaxed)).filter(|id| *id > 0)
}

/// Says for whom a request is that is not a server function's. It must have been opened.
pub fn sign(request: &XmlHttpRequest) {
    if let Some(id) = person() {
        // The name is a constant, the value a number.
        let _ = request.set_request_header(HEADER, &id.to_string());
    }
}

/// How the browser calls a server function: saying for whom.
pub struct Caller;

impl<E: FromServerFnError, I: FromServerFnError, O: FromServerFnError> Client<E, I, O> for Caller {
    type Request = BrowserRequest;
    type Response = BrowserResponse;

    fn send(request: BrowserRequest) -> impl Future<Output = Result<BrowserResponse, E>> + Send {
        if let Some(id) = person() {
            request.headers().set(HEADER, &id.to_string());
        }
        <BrowserClient as Client<E, I, O>>::send(request)
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl Sink<Bytes> + Send + 'static),
            E,
        >,
    > + Send {
        <BrowserClient as Client<E, I, O>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<E, I, O>>::spawn(future);
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// The name of who is signed in, as another tab has told, if that is not the person of this page.
pub fn somebody_else() -> Option<String> {
    let told = storage()?.get_item(PLACE).ok().flatten()?;
    let (id, name) = told.split_once(' ')?;
    (id.parse().ok() != person()).then(|| name.to_owned())
}

/// Tells other tabs that nobody is signed in. In a page for visitors.
pub fn tell_of_nobody() {
    effect(|| {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(PLACE);
        }
    });
}

/// Tells other tabs who is signed in, and listens to them. In the component of a frame.
pub fn keep_watch() {
    let (Some(me), live) = (me::me(), live()) else { return };
    effect(move || {
        if let Some(storage) = storage() {
            // Where the browser keeps nothing, the server still refuses.
            let _ = storage.set_item(PLACE, &format!("{} {}", me.id, me.name));
        }
        live.is_page();
        let told = window_event_listener(ev::storage, move |event| {
            if event.key().as_deref() == Some(PLACE) && event.new_value().is_some() {
                look(live);
            }
        });
        on_cleanup(move || told.remove());
    });
}

fn look(live: Live) {
    match somebody_else() {
        Some(name) => live.of_somebody_else(Error::somebody_else(&name).message),
        None => live.of_this_person(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    fn functions(folder: &Path, bare: &mut Vec<String>) -> usize {
        let mut count = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                count += functions(&path, bare);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                for function in text.split("\n#[server(").skip(1) {
                    let attribute = function.split(")]").next().unwrap_or_default();
                    count += 1;
                    if !attribute.contains("client = ") {
                        bare.push(format!("{}: {attribute}", path.display()));
                    }
                }
            }
        }
        count
    }

    /// Without it, a call could be made in the name of who has signed in since.
    #[test]
    fn every_server_function_says_for_whom_it_is_called() {
        let mut bare = Vec::new();
        let count = functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut bare);
        assert!(count > 20, "{count}");
        assert!(bare.is_empty(), "write `client = crate::whose::Caller` in: {bare:#?}");
    }
}
