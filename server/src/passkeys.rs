//! What signing in with passkeys needs of this server: at which address it is reached, and a cookie for who is asked.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use domain::passkey::{Nowhere, Place};
use store::accounts::passkeys::LASTS_MS;
use ui::accounts::Site;

use crate::app::AppState;
use crate::config::Config;
use crate::forms::cookie_of;
use crate::identify::ASKED;

/// What pages of accounts know of this server.
pub fn site(config: Arc<Config>) -> Site {
    Site {
        host: config.public_host(),
        origin: config.public_origin(),
        https: config.is_secure(),
        setup_key: config.setup_key.is_some(),
        asked: Box::new(move |browser| cookie_of(&config, ASKED, Some((browser, LASTS_MS / 1_000)))),
    }
}

/// Where passkeys are made and used that come with this request.
pub fn place(state: &AppState, headers: &HeaderMap) -> Result<Place, Nowhere> {
    state.accounts.place(headers.get(header::HOST).and_then(|host| host.to_str().ok()))
}
