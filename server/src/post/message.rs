//! One mail, from its parts to its bytes.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use domain::Time;
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use sha2::{Digest as _, Sha256};
use store::Desk;

/// What a mail is made of. No part of it can become a header: the library encodes whatever is no plain word.
#[derive(Debug, Clone)]
pub struct Message {
    /// `<…@…>`: servers on the way tell by it that a mail sent twice is one.
    pub id: String,
    pub from: Mailbox,
    pub to: Mailbox,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub at: Time,
}

impl Message {
    /// The mail as it travels.
    ///
    /// # Errors
    /// When the library finds a part missing.
    pub fn build(&self) -> Result<lettre::Message, lettre::error::Error> {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.at.0).unwrap_or_default());
        // Nobody answers a machine, and no holiday notice shall.
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        lettre::Message::builder()
            .from(self.from.clone())
            .to(self.to.clone())
            .subject(domain::text::tidy_line(&self.subject))
            .message_id(Some(self.id.clone()))
            .date(at)
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(self.text.clone(), self.html.clone()))
    }
}

/// Somebody's name and address.
///
/// # Errors
/// A plain sentence when it is no address that mails can be sent to.
pub fn mailbox(name: &str, email: &str) -> Result<Mailbox, String> {
    let address: Address =
        email.parse().map_err(|error| format!("{email} is no address that mail can be sent to: {error}"))?;
    let name = domain::text::tidy_line(name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address))
}

/// The same for the same job, so that a mail whose first try got no answer is not two; another one for any other desk.
pub fn id(desk: &Desk, job: i64, from: &Mailbox) -> String {
    let key = desk.keys().current().derive("docket message id 1");
    let secret = Sha256::new().chain_update(key).chain_update(job.to_be_bytes()).finalize();
    let mark: String = secret[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("<docket.{job}.{mark}@{}>", from.email.domain())
}

/// Who mails are from: as it is set, else of the host that people reach Docket at.
///
/// # Errors
/// When what is set is no sender.
pub fn sender(set: Option<&str>, public_url: &str) -> anyhow::Result<Mailbox> {
    if let Some(set) = set {
        return set.parse().with_context(|| {
            format!("--mail-from (DOCKET_MAIL_FROM) must be like \"Support <support@example.com>\", and is \"{set}\"")
        });
    }
    let url: Option<url::Url> = public_url.parse().ok();
    // A number is no name of a host that mails come from.
    let host = match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name.to_owned(),
        _ => "localhost".to_owned(),
    };
    let address = Address::new("docket", host).context("--mail-from (DOCKET_MAIL_FROM) must be set")?;
    Ok(Mailbox::new(Some("Docket".to_owned()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_found_or_named() {
        for (set, url, from) in [
            (None, "https://help.acme.example", "Docket <docket@help.acme.example>"),
            (None, "http://127.0.0.1:3000", "Docket <docket@localhost>"),
            (Some("Acme Support <support@acme.example>"), "http://x.example", "Acme Support <support@acme.example>"),
            (Some("support@acme.example"), "http://x.example", "support@acme.example"),
        ] {
            assert_eq!(sender(set, url).unwrap().to_string(), from);
        }
        for wrong in ["Support", "a@b.example\r\nBcc: x@y.example", ""] {
            assert!(sender(Some(wrong), "http://x.example").is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_becomes_a_header() {
        let trick = "Jana\r\nBcc: eve@mail.example\r\n\r\nHello";
        let message = Message {
            id: "<1@acme.example>".into(),
            from: "a@acme.example".parse().unwrap(),
            to: mailbox(trick, "jana@acme.example").unwrap(),
            subject: trick.into(),
            text: "Text".into(),
            html: "<p>Text</p>".into(),
            at: Time(1_795_248_720_000),
        };
        let bytes = String::from_utf8(message.build().unwrap().formatted()).unwrap();
        let head = bytes.split("\r\n\r\n").next().unwrap();
        assert!(!head.to_lowercase().lines().any(|line| line.starts_with("bcc")), "{head}");
        assert!(head.contains("Date: Sat, 21 Nov 2026 08:12:00 +0000"), "{head}");
        for wrong in ["jana@acme.example\r\nBcc: eve@mail.example", "jana", "a@b.example, c@d.example", "<a@b.example>"]
        {
            assert!(mailbox("", wrong).is_err(), "{wrong:?}");
        }
    }
}
