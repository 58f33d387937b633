//! Where people reach this server, as pages of accounts have to know. On the server only.

use domain::passkey::{Nowhere, Place};
use http::{HeaderValue, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use std::sync::Arc;

/// What pages of accounts know of the server. The router provides it.
pub struct Site {
    /// The name under which people reach it, which apps for codes show.
    pub host: String,
    /// Its origin, if it was set.
    pub origin: Option<String>,
    pub https: bool,
    /// Whether who makes the first superadmin has to know a key.
    pub setup_key: bool,
    /// The cookie of a browser that is asked for a passkey, with this value.
    pub asked: Box<dyn Fn(&str) -> HeaderValue + Send + Sync>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("host", &self.host).field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Site {
    /// Where passkeys are made and used: at the address that was set, else at the one that the request names. Nobody gains
    /// anything by naming another: a passkey answers its own host only, and is stored with it.
    ///
    /// # Errors
    /// When there are none at that address.
    pub fn place(&self, host: Option<&str>) -> Result<Place, Nowhere> {
        match (&self.origin, host) {
            (Some(origin), _) => Place::of(origin),
            (None, Some(host)) => Place::of(&format!("{}://{host}", if self.https { "https" } else { "http" })),
            (None, None) => Err(Nowhere::Unknown),
        }
    }
}

/// How an app for codes is to name this desk.
pub(super) fn issuer() -> String {
    match use_context::<Arc<Site>>().filter(|site| !site.host.is_empty()) {
        Some(site) => format!("Docket {}", site.host),
        None => "Docket".to_owned(),
    }
}

/// Whether who makes the first superadmin has to know a key.
pub(super) fn asks_for_setup_key() -> bool {
    use_context::<Arc<Site>>().is_some_and(|site| site.setup_key)
}

/// Where passkeys are made and used that come with this request.
pub(super) fn place() -> Result<Place, Nowhere> {
    let site = use_context::<Arc<Site>>().ok_or(Nowhere::Unknown)?;
    let parts = use_context::<Parts>();
    let host = parts.as_ref().and_then(|parts| parts.headers.get(header::HOST)?.to_str().ok());
    site.place(host)
}

/// Has the browser known until it answers.
pub(super) fn remember(browser: &str) {
    if let (Some(site), Some(response)) = (use_context::<Arc<Site>>(), use_context::<ResponseOptions>()) {
        response.append_header(header::SET_COOKIE, (site.asked)(browser));
    }
}
