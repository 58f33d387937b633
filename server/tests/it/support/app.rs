//! An app that makes codes for signing in (RFC 6238), apart from what Docket computes them with.

use super::{PASSWORD, World, person, session_of};
use data_encoding::BASE32_NOPAD;
use domain::{Actor, SessionId};
use hmac::{Hmac, Mac as _};
use store::accounts::{self, second_factor::own};

/// The app of somebody.
#[derive(Clone, Debug)]
pub struct App(Vec<u8>);

impl App {
    /// Takes the secret in as somebody types it.
    pub fn with(secret: &str) -> Self {
        Self(BASE32_NOPAD.decode(secret.replace(' ', "").as_bytes()).unwrap())
    }

    /// What it makes them of.
    pub fn secret(&self) -> &[u8] {
        &self.0
    }

    /// The code that is shown so many steps of half a minute from now.
    pub fn code(&self, world: &World, later: i64) -> String {
        let step = world.now().0 / 30_000 + later;
        let mac = Hmac::<sha1::Sha1>::new_from_slice(&self.0).unwrap().chain_update(step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = (hash[19] & 15) as usize;
        let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

impl World {
    /// A session of somebody without a second factor.
    pub async fn session(&self, who: &Actor) -> SessionId {
        let (_, proved) = accounts::sign_in(&self.desk, who, &person(who).email, PASSWORD.into(), "").await.unwrap();
        accounts::find(&self.desk, &session_of(proved)).await.unwrap().unwrap().id
    }

    /// Sets an app up for somebody. Returns it, and the recovery codes. The clock moves on, so that its codes are new.
    pub async fn app(&self, who: &Actor) -> (App, Vec<String>) {
        let session = Some(self.session(who).await);
        own::begin(&self.desk, who, session, PASSWORD.into()).await.unwrap();
        let begun = own::get(&self.desk, who, session, "Docket").await.unwrap().begun.unwrap();
        let app = App::with(&begun.secret);
        let codes = own::confirm(&self.desk, who, session, &app.code(self, 0)).await.unwrap();
        self.advance_seconds(60);
        (app, codes)
    }
}
