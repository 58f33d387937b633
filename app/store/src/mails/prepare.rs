//! What a mail becomes, worked out before any transaction: texts, safe HTML, files with their names and kinds.

use super::digest;
use crate::{render, tickets::attachments};
use bytes::Bytes;
use domain::{
    attachment,
    mail::{IncomingMail, MailFile},
    quoted, text,
    ticket::{BODY_MAX, SUBJECT_MAX},
};
use rand::{Rng, distr::Alphanumeric};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// A mail, ready to be written.
#[derive(Debug)]
pub(super) struct Prepared {
    pub subject: String,
    /// What was written, without the history.
    pub body: String,
    pub html: String,
    pub quoted_html: Option<String>,
    pub foreign_html: bool,
    pub files: Vec<File>,
    /// Tells a copy of this mail that came another way from another mail with the same Message-ID.
    pub content_digest: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct File {
    pub key: String,
    /// Where its bytes go.
    pub path: String,
    pub name: String,
    pub content_type: &'static str,
    pub inline: bool,
    pub content: Bytes,
}

/// Works with all of the CPU it needs; call it where that holds nobody up. `folder`: where the files go.
pub(super) fn prepare(mut mail: IncomingMail, folder: &str) -> Prepared {
    let content_digest = content_digest(&mail);
    let subject = text::tidy_line(&mail.subject);
    let subject = match subject.chars().count() {
        0 => "(no subject)".to_owned(),
        1..=SUBJECT_MAX => subject,
        _ => subject.chars().take(SUBJECT_MAX - 1).chain(['…']).collect(),
    };
    let mut files: Vec<File> = Vec::with_capacity(mail.files.len());
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for (n, file) in std::mem::take(&mut mail.files).into_iter().enumerate() {
        if let Some(id) = &file.content_id {
            by_id.insert(id.to_lowercase(), n);
        }
        files.push(file_of(file, folder, n));
    }
    let used = RefCell::new(HashSet::new());
    let shown = mail.html.as_deref().and_then(|html| {
        let picture = |id: &str| {
            // Some programs escape the address as addresses are escaped.
            let n = *by_id.get(&id.to_lowercase()).or_else(|| by_id.get(&id.replace("%40", "@").to_lowercase()))?;
            let file = files.get(n).filter(|f| f.content_type.starts_with("image/"))?;
            used.borrow_mut().insert(n);
            Some(format!("/files/{}/{}", file.key, attachment::url_name(&file.name)))
        };
        render::mail_html(html, &picture)
    });
    for n in used.into_inner() {
        files[n].inline = true;
    }
    let text = text::tidy(&mail.text);
    let split = quoted::split(&text);
    let has_visible = !split.visible.trim().is_empty();
    // What was passed on is what the mail is about: it stays in sight, and can be searched for.
    let (mut body, quoted) = if has_visible && !split.forwarded {
        (split.visible, Some(split.folded).filter(|f| !f.trim().is_empty()))
    } else {
        (text, None)
    };
    let too_large_html = mail.html.is_some() && shown.is_none();
    if let Some(html) = mail.html.filter(|_| too_large_html) {
        files.push(own_file(folder, files.len(), "message.html", html));
    }
    if body.len() > BODY_MAX {
        let cut = (0..=BODY_MAX).rev().find(|n| body.is_char_boundary(*n)).unwrap_or(0);
        let start = format!("{}\n\n[…] The whole text is in message.txt.", &body[..cut]);
        files.push(own_file(folder, files.len(), "message.txt", std::mem::replace(&mut body, start)));
    }
    let (html, quoted_html, foreign_html) = match shown {
        Some(shown) if shown.forwarded => {
            let whole = shown.visible + shown.quoted.as_deref().unwrap_or_default();
            (whole, None, true)
        }
        Some(shown) => (shown.visible, shown.quoted, true),
        None => (render::plain(&body), quoted.as_deref().map(render::plain), false),
    };
    Prepared { subject, body, html, quoted_html, foreign_html, files, content_digest }
}

fn file_of(file: MailFile, folder: &str, n: usize) -> File {
    File {
        key: key(),
        path: format!("{folder}.parts/{n}"),
        name: attachment::clean_name(&file.name),
        content_type: attachments::kind_or_bytes(&file.name, &file.content),
        inline: false,
        content: file.content.into(),
    }
}

/// A part that is too much for a message, as a file beside it.
fn own_file(folder: &str, n: usize, name: &str, content: String) -> File {
    let file = MailFile { name: name.into(), content: content.into_bytes(), ..MailFile::default() };
    file_of(file, folder, n)
}

fn key() -> String {
    rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect()
}

fn content_digest(mail: &IncomingMail) -> Vec<u8> {
    let mut parts = String::new();
    for part in [mail.from_address.as_deref().unwrap_or_default(), &mail.subject] {
        parts.push_str(&text::tidy_line(part));
        parts.push('\n');
    }
    parts.push_str(&mail.date.map(|d| d.0.to_string()).unwrap_or_default());
    parts.push('\n');
    parts.push_str(&text::tidy_line(&mail.text));
    for file in &mail.files {
        parts.push('\n');
        parts.push_str(&super::hex(&digest(&file.content)));
    }
    digest(parts.as_bytes())
}
