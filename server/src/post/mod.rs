//! Mails that Docket sends: their words, and the way they take. Behind it is an SMTP server, or a folder where there is none.
//!
//! What is to be sent is a job (`store::accounts::letters`); [`Post::letter`] is what that job does.

mod delivery;
mod message;
mod words;

pub use delivery::{Delivery, Undelivered, smtp_address, smtp_server};
pub use message::{Message, sender};

use domain::{Code, Error};
use std::sync::Arc;
use store::Desk;
use store::accounts::letters::{self, Letter};

use crate::config::Config;
use lettre::message::Mailbox;

/// How Docket sends mails. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Post(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    delivery: Delivery,
    from: Mailbox,
    /// Where links lead to, without a slash at the end.
    public_url: String,
}

impl Post {
    /// By this way, from this sender, with links to this address.
    pub fn new(delivery: Delivery, from: Mailbox, public_url: &str) -> Self {
        Self(Arc::new(Inner { delivery, from, public_url: public_url.trim_end_matches('/').to_owned() }))
    }

    /// As the settings say. `public_url` is where people reach this server.
    ///
    /// # Errors
    /// When the folder for mails cannot be made.
    pub fn of_settings(config: &Config, public_url: &str) -> anyhow::Result<Self> {
        let delivery = Delivery::of_settings(config)?;
        Ok(Self::new(delivery, sender(config.mail_from.as_deref(), public_url)?, public_url))
    }

    /// The folder that mails are written into instead of being sent.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.0.delivery.folder()
    }

    /// Sends a mail about an account, if it is still to be sent. `job` is the number of the job: tried again, it is the same
    /// mail.
    ///
    /// # Errors
    /// When it was not taken; the words are for administrators. `Invalid`: it will not be taken another time either.
    pub async fn letter(&self, desk: &Desk, job: i64, letter: &Letter) -> Result<(), Error> {
        let Some(ready) = letters::ready(desk, letter).await? else { return Ok(()) };
        let words = words::words(&ready, &self.0.public_url).map_err(|cause| store::error::internal(&cause))?;
        let message = Message {
            id: message::id(desk, job, &self.0.from),
            from: self.0.from.clone(),
            to: message::mailbox(&ready.name, &ready.email).map_err(|cause| Error::new(Code::Invalid, cause))?,
            subject: words.subject,
            text: words.text,
            html: words.html,
            at: desk.now(),
        };
        self.send(&message).await
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// When it was not taken; the words are for administrators. `Invalid`: it will not be taken another time either.
    pub async fn send(&self, message: &Message) -> Result<(), Error> {
        let built = message.build().map_err(|cause| store::error::internal(&cause))?;
        self.0.delivery.deliver(&built).await.map_err(|cause| {
            let code = if matches!(cause, Undelivered::Refused(_)) { Code::Invalid } else { Code::Unavailable };
            Error::new(code, cause.to_string())
        })
    }
}
