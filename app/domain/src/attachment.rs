//! Files on tickets: what is taken, judged by content and not by name alone.

use crate::{AttachmentId, Code, Error, Result, text};
use serde::{Deserialize, Serialize};

/// The default limit for one file, in bytes.
pub const MAX_BYTES: i64 = 10 * 1024 * 1024;
pub const NAME_MAX: usize = 200;
/// How many files one message may carry.
pub const PER_MESSAGE: usize = 20;
/// How many files one person may have uploaded and not sent: else one could fill the disk without writing a word.
pub const UNSENT_MAX: i64 = 100;

/// A file as shown beside a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub id: AttachmentId,
    /// The random part of its address; knowing it is not enough to read the file.
    pub key: String,
    pub name: String,
    pub content_type: String,
    /// In bytes.
    pub size: i64,
    /// When somebody took it off: who, so that a trace stays.
    pub deleted_by: Option<String>,
}

impl Attachment {
    pub fn path(&self) -> String {
        format!("/files/{}/{}", self.key, url_name(&self.name))
    }

    pub fn preview(&self) -> Preview {
        preview(&self.content_type)
    }
}

/// How a file can be looked at without downloading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preview {
    Image,
    Pdf,
    Text,
    Audio,
    Video,
    None,
}

pub fn preview(content_type: &str) -> Preview {
    match content_type {
        "image/jpeg" | "image/png" | "image/gif" | "image/webp" => Preview::Image,
        "application/pdf" => Preview::Pdf,
        "text/plain" | "text/csv" => Preview::Text,
        t if t.starts_with("audio/") => Preview::Audio,
        t if t.starts_with("video/") => Preview::Video,
        _ => Preview::None,
    }
}

/// What is taken: the media type, the extensions that go with it, and what people call it.
const KINDS: &[(&str, &[&str])] = &[
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/png", &["png"]),
    ("image/gif", &["gif"]),
    ("image/webp", &["webp"]),
    ("application/pdf", &["pdf"]),
    ("application/msword", &["doc"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.ms-excel", &["xls"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("text/plain", &["txt", "log", "md"]),
    ("text/csv", &["csv"]),
    ("application/zip", &["zip"]),
    ("video/mp4", &["mp4", "m4v"]),
    ("video/mpeg", &["mpeg", "mpg"]),
    ("video/quicktime", &["mov"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/wav", &["wav"]),
];

/// What a file field may offer (`accept`).
pub const ACCEPT: &str =
    ".jpg,.jpeg,.png,.gif,.webp,.pdf,.doc,.docx,.xls,.xlsx,.txt,.log,.md,.csv,.zip,.mp4,.m4v,.mpeg,.mpg,.mov,.mp3,.wav";

/// What a file field takes, for beside it. `max` is the limit for one file, in bytes.
pub fn hint(max: i64) -> String {
    format!(
        "Pictures, PDF, Word, Excel, text, CSV, ZIP, video, audio; at most {PER_MESSAGE} files of {} each.",
        text::bytes(max)
    )
}

fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default()
}

/// The media type of a file from what its first bytes look like (`sniffed`, `None` when they match no known binary
/// format), its name, and whether it reads as text. The error names the file and what is taken.
pub fn content_type(name: &str, sniffed: Option<&str>, is_text: bool) -> Result<&'static str> {
    let extension = extension(name);
    let by_name = KINDS.iter().find(|(_, e)| e.contains(&extension.as_str())).map(|(t, _)| *t);
    let refused = |why: &str| {
        Err(Error::new(
            Code::Unsupported,
            format!(
                "“{}” was not taken: {why}. Accepted are pictures (JPEG, PNG, GIF, WebP), PDF, Word, Excel, text, CSV, ZIP, MP4, MPEG, QuickTime, MP3 and WAV.",
                text::excerpt(name, 60)
            ),
        ))
    };
    let Some(claimed) = by_name else { return refused("files of this kind are not accepted") };
    let fits = match sniffed.map(normal) {
        None => is_text && claimed.starts_with("text/"),
        Some(found) if found == claimed => true,
        // The old Office formats share one container, the new ones are ZIP files, and a sniffer may stop at the container.
        Some("application/x-ole-storage") => matches!(claimed, "application/msword" | "application/vnd.ms-excel"),
        Some("application/zip") => claimed.starts_with("application/vnd.openxmlformats"),
        Some("application/msword" | "application/vnd.ms-excel") => {
            matches!(claimed, "application/msword" | "application/vnd.ms-excel")
        }
        // MP4 and QuickTime are one family of boxes.
        Some("video/mp4" | "video/quicktime") => matches!(claimed, "video/mp4" | "video/quicktime"),
        Some(_) => false,
    };
    if fits { Ok(claimed) } else { refused("its content is not what its name says") }
}

/// Other names for the same types.
fn normal(content_type: &str) -> &str {
    match content_type {
        "audio/x-wav" | "audio/vnd.wave" => "audio/wav",
        "video/x-m4v" => "video/mp4",
        other => other,
    }
}

/// A file's name made safe to store and to offer for download: the last part of a path, no control characters, not too
/// long, never empty or hidden.
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or("");
    // Marks of direction, which could make `exe.jpg` look like `gpj.exe`, are gone with the rest that cannot be seen.
    let cleaned = text::tidy_line(last).replace(['"', '<', '>', '|'], "");
    let cleaned = cleaned.trim_start_matches('.').trim();
    if cleaned.is_empty() {
        return "file".into();
    }
    let count = cleaned.chars().count();
    if count <= NAME_MAX {
        return cleaned.to_owned();
    }
    let extension = extension(cleaned);
    let keep = NAME_MAX - extension.len().min(20) - 1;
    let stem: String = cleaned.chars().take(keep).collect();
    if extension.is_empty() || extension.len() > 20 { stem } else { format!("{stem}.{extension}") }
}

/// A name as the last part of an address.
pub fn url_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_content_and_name() {
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (name, sniffed, is_text, expected) in [
            ("a.png", Some("image/png"), false, Some("image/png")),
            ("a.JPEG", Some("image/jpeg"), false, Some("image/jpeg")),
            ("a.txt", None, true, Some("text/plain")),
            ("a.csv", None, true, Some("text/csv")),
            ("a.docx", Some("application/zip"), false, Some(docx)),
            ("a.docx", Some(docx), false, Some(docx)),
            ("a.zip", Some("application/zip"), false, Some("application/zip")),
            ("a.xls", Some("application/x-ole-storage"), false, Some("application/vnd.ms-excel")),
            ("a.mov", Some("video/mp4"), false, Some("video/quicktime")),
            ("a.wav", Some("audio/x-wav"), false, Some("audio/wav")),
            ("a.png", Some("image/jpeg"), false, None),
            ("a.png", None, true, None),
            ("a.txt", None, false, None),
            ("a.txt", Some("application/vnd.microsoft.portable-executable"), false, None),
            ("a.exe", Some("application/vnd.microsoft.portable-executable"), false, None),
            ("a.html", None, true, None),
            ("a.svg", None, true, None),
            ("noname", None, true, None),
            ("a.zip", Some(docx), false, None),
        ] {
            assert_eq!(content_type(name, sniffed, is_text).ok(), expected, "{name} {sniffed:?}");
        }
    }

    #[test]
    fn names() {
        for (given, kept) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a b.txt", "a b.txt"),
            ("..", "file"),
            (".htaccess", "htaccess"),
            ("", "file"),
            ("a\r\nContent-Type: x.txt", "a Content-Type: x.txt"),
            ("ann\u{202e}gpj.exe", "anngpj.exe"),
            ("photo.p\u{200b}ng", "photo.png"),
            ("<b>\".png", "b.png"),
        ] {
            assert_eq!(clean_name(given), kept);
        }
        let long = clean_name(&format!("{}.pdf", "ü".repeat(400)));
        assert_eq!(long.chars().count(), NAME_MAX);
        assert!(long.ends_with(".pdf"));
        assert_eq!(url_name("a b/ü.txt"), "a%20b%2F%C3%BC.txt");
    }
}
