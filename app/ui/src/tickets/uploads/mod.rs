//! Files on their way to the server: several at once, each with its progress, each to be called off.

mod chips;

pub use self::chips::UploadList;

use crate::{json, whose};
use domain::{
    AttachmentId, TicketId,
    attachment::{self, Attachment},
    text,
};
use leptos::prelude::*;
use serde::Deserialize;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{File, ProgressEvent, XmlHttpRequest};

/// What is said where something would be sent without them.
pub const NOT_EVERY_FILE: &str = "Not every file could be taken. Try again or remove it, then send.";

/// How far a file has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// In percent.
    Sending(u8),
    Done(Attachment),
    /// Refused or broken off.
    Failed {
        why: String,
        /// Whether it may work another time.
        again: bool,
    },
}

impl Progress {
    /// Refused for good.
    fn refused(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), again: false }
    }
}

/// One file of a message.
#[derive(Clone)]
pub struct Upload {
    pub key: u32,
    pub name: String,
    pub size: i64,
    pub progress: ArcRwSignal<Progress>,
    /// What was sent. Not known of one that had been sent before the page was opened.
    sent: Option<StoredValue<Sent, LocalStorage>>,
}

struct Sent {
    file: File,
    request: Option<Request>,
}

struct Request {
    xhr: XmlHttpRequest,
    _handlers: Vec<Closure<dyn FnMut(ProgressEvent)>>,
}

/// The files of one message. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Uploads {
    /// Where they will go, when that is known.
    ticket: Option<TicketId>,
    pub list: RwSignal<Vec<Upload>>,
    /// The limit for one file, in bytes.
    max: i64,
}

impl Uploads {
    pub fn new(ticket: Option<TicketId>) -> Self {
        Self { ticket, list: RwSignal::new(Vec::new()), max: crate::me::max_file_bytes() }
    }

    /// Starts to send files.
    pub fn add(self, files: Vec<File>) {
        for file in files {
            let key = self.list.with_untracked(|l| l.last().map_or(1, |u| u.key + 1));
            let upload = if self.list.with_untracked(Vec::len) < attachment::PER_MESSAGE {
                start(self.ticket, key, file, self.max)
            } else {
                let why = format!("A message carries at most {} files.", attachment::PER_MESSAGE);
                Upload::new(key, &file, Progress::refused(why))
            };
            self.list.update(|list| list.push(upload));
        }
    }

    /// Takes a file off: calls its upload off, or has the server forget it.
    pub fn remove(self, key: u32) {
        let Some(upload) = self.find(key) else { return };
        self.list.update(|list| list.retain(|u| u.key != key));
        match upload.progress.get_untracked() {
            Progress::Sending(_) => {
                if let Some(sent) = upload.sent {
                    sent.with_value(|sent| {
                        if let Some(request) = &sent.request {
                            let _ = request.xhr.abort();
                        }
                    });
                }
            }
            // Nobody waits for it: one that stays behind is cleared away later.
            Progress::Done(file) => {
                if let Ok(xhr) = XmlHttpRequest::new() {
                    let _ = xhr.open("DELETE", &format!("/files/{}", file.id));
                    whose::sign(&xhr);
                    let _ = xhr.send();
                }
            }
            Progress::Failed { .. } => {}
        }
    }

    /// Sends a file once more that did not get through.
    pub fn again(self, key: u32) {
        let Some(Upload { sent: Some(sent), progress, .. }) = self.find(key) else { return };
        progress.set(Progress::Sending(0));
        sent.update_value(|sent| {
            sent.request = send(self.ticket, &sent.file, progress.clone());
            if sent.request.is_none() {
                progress.set(Progress::refused(NOT_SENT));
            }
        });
    }

    fn find(self, key: u32) -> Option<Upload> {
        self.list.with_untracked(|l| l.iter().find(|u| u.key == key).cloned())
    }

    /// What has been sent.
    pub fn done(self) -> Vec<AttachmentId> {
        untrack(|| self.files()).into_iter().map(|file| file.id).collect()
    }

    /// The same, with all that is known of them. Tracks.
    pub fn files(self) -> Vec<Attachment> {
        self.list.with(|list| {
            list.iter()
                .filter_map(|u| match u.progress.get() {
                    Progress::Done(file) => Some(file),
                    _ => None,
                })
                .collect()
        })
    }

    /// Shows files that have been sent before.
    pub fn restore(self, files: Vec<Attachment>) {
        let done = files.into_iter().zip(1..).map(|(file, key)| Upload {
            key,
            name: file.name.clone(),
            size: file.size,
            progress: ArcRwSignal::new(Progress::Done(file)),
            sent: None,
        });
        self.list.set(done.collect());
    }

    /// Whether something is still being sent. Tracks.
    pub fn busy(self) -> bool {
        self.list.with(|list| {
            // Every one is asked, so that every one is followed.
            list.iter().filter(|u| matches!(u.progress.get(), Progress::Sending(_))).count() > 0
        })
    }

    /// Whether there is one that will not go with the message.
    pub fn any_failed(self) -> bool {
        let failed = |u: &Upload| matches!(u.progress.get_untracked(), Progress::Failed { .. });
        self.list.with_untracked(|list| list.iter().any(failed))
    }

    /// Why a message cannot go yet, if it cannot: what it is sent without would be missed.
    pub fn in_the_way(self) -> Option<&'static str> {
        if untrack(|| self.busy()) {
            Some("A file is still on its way. Please send when it is done.")
        } else if self.any_failed() {
            Some(NOT_EVERY_FILE)
        } else {
            None
        }
    }

    /// Hands the files over to a message.
    pub fn take(self) -> Vec<Upload> {
        let mut taken = Vec::new();
        self.list.update(|list| taken = std::mem::take(list));
        taken
    }

    /// Puts them back when the message was refused.
    pub fn give_back(self, uploads: Vec<Upload>) {
        self.list.update(|list| list.splice(0..0, uploads).for_each(drop));
    }
}

impl Upload {
    fn new(key: u32, file: &File, progress: Progress) -> Self {
        let size = file.size() as i64;
        Self { key, name: file.name(), size, progress: ArcRwSignal::new(progress), sent: None }
    }
}

const NOT_SENT: &str = "The browser could not send it";

fn start(ticket: Option<TicketId>, key: u32, file: File, max: i64) -> Upload {
    if file.size() as i64 > max {
        return Upload::new(key, &file, Progress::refused(format!("Larger than {}", text::bytes(max))));
    }
    let upload = Upload::new(key, &file, Progress::Sending(0));
    match send(ticket, &file, upload.progress.clone()) {
        Some(request) => {
            let sent = Sent { file, request: Some(request) };
            Upload { sent: Some(StoredValue::new_local(sent)), ..upload }
        }
        None => Upload::new(key, &file, Progress::refused(NOT_SENT)),
    }
}

/// Sends the bytes as they are. An `XMLHttpRequest`, because `fetch` does not tell how far it has got.
fn send(ticket: Option<TicketId>, file: &File, progress: ArcRwSignal<Progress>) -> Option<Request> {
    let xhr = XmlHttpRequest::new().ok()?;
    let name = attachment::url_name(&file.name());
    let ticket = ticket.map(|id| format!("&ticket={id}")).unwrap_or_default();
    xhr.open_with_async("POST", &format!("/files?name={name}{ticket}"), true).ok()?;
    xhr.set_request_header("content-type", "application/octet-stream").ok()?;
    whose::sign(&xhr);
    let moved = Closure::<dyn FnMut(ProgressEvent)>::new({
        let progress = progress.clone();
        move |event: ProgressEvent| {
            if event.length_computable() && event.total() > 0.0 {
                // The last percent is the server's: it looks at the file before it answers.
                let percent = (event.loaded() / event.total() * 99.0) as u8;
                progress.set(Progress::Sending(percent));
            }
        }
    });
    let ended = Closure::<dyn FnMut(ProgressEvent)>::new({
        let xhr = xhr.clone();
        move |_: ProgressEvent| progress.set(outcome(&xhr))
    });
    xhr.upload().ok()?.set_onprogress(Some(moved.as_ref().unchecked_ref()));
    xhr.set_onloadend(Some(ended.as_ref().unchecked_ref()));
    xhr.send_with_opt_blob(Some(file)).ok()?;
    Some(Request { xhr, _handlers: vec![moved, ended] })
}

/// What is of use in an answer of kind `application/problem+json`.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    detail: Option<String>,
}

fn outcome(xhr: &XmlHttpRequest) -> Progress {
    let body = xhr.response_text().ok().flatten().unwrap_or_default();
    let status = xhr.status().unwrap_or(0);
    if (200..300).contains(&status) {
        return match json::read(&body) {
            Ok(file) => Progress::Done(file),
            Err(_) => Progress::refused("The server gave an answer that this page does not understand."),
        };
    }
    let said = json::read::<Problem>(&body).ok().and_then(|problem| problem.detail);
    let why = said.unwrap_or_else(|| {
        let why = if status == 0 { "The upload broke off." } else { "The server did not take it." };
        why.to_owned()
    });
    // The network, somebody who has to sign in again (as themselves), a server that has too much to do or is being repaired.
    Progress::Failed { why, again: matches!(status, 0 | 401 | 409 | 429 | 500..) }
}

/// The files of a list that the browser gave.
pub fn files_of(list: Option<web_sys::FileList>) -> Vec<File> {
    list.map(|list| (0..list.length()).filter_map(|n| list.get(n)).collect()).unwrap_or_default()
}
