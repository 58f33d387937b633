//! Raw bytes to a mail that Docket works with. Nothing is lost: a part that is not shown as the text becomes a file.

use std::borrow::Cow;
use std::collections::HashSet;

use base64::Engine as _;
use domain::mail::{IncomingMail, MailFile};
use domain::{Time, text};
use mail_parser::decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode};
use mail_parser::{
    Address, Encoding, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

use super::{charset, nesting};

/// Larger ones are kept unread, in bytes. Mail servers refuse them long before.
pub const RAW_MAX: usize = 64 * 1024 * 1024;
/// More parts than any mail program makes; the rest is in the raw mail, which then comes along as a file.
const FILES_MAX: usize = 200;
/// RFC 5322, 2.1.1: no line of a mail is longer, so no Message-ID is.
const ID_MAX: usize = 998;
const REFERENCES_MAX: usize = 100;
/// RFC 3501 and its like read as far into a mail; enough to see whether it has headers.
const LOOKED_AT: usize = 16 * 1024;

/// Headers of which every mail has at least one.
const USUAL: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "received",
    "return-path",
    "delivered-to",
    "mime-version",
    "sender",
    "reply-to",
    "content-type",
];

/// Whether this may be a mail, by its beginning: lines of headers, one of them a usual one.
pub fn looks_like_mail(raw: &[u8]) -> bool {
    let head = &raw[..raw.len().min(LOOKED_AT)];
    let mut usual = false;
    for (n, line) in head.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if n == 0 || !usual {
                continue;
            }
            return true;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") || n == 0 && line.starts_with(b"From ") {
            continue;
        }
        let name = line.iter().position(|b| *b == b':').map(|end| &line[..end]);
        match name.map(|name| name.trim_ascii().to_ascii_lowercase()) {
            Some(name) if USUAL.iter().any(|u| u.as_bytes() == name) => usual = true,
            Some(name) if name.iter().all(|b| b.is_ascii_graphic()) && !name.is_empty() => {}
            // A broken header among good ones does not unmake a mail; text before any header does.
            _ if usual => return true,
            _ => return false,
        }
    }
    usual
}

/// Understands a raw mail.
///
/// # Errors
/// Why it cannot be read as a mail at all, in a sentence for admins.
pub fn parse(raw: &[u8]) -> Result<IncomingMail, String> {
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err("It is empty.".into());
    }
    if raw.len() > RAW_MAX {
        return Err(format!("It is larger than {}.", text::bytes(RAW_MAX as i64)));
    }
    if !looks_like_mail(raw) {
        return Err("It is not a mail: it has no headers of one.".into());
    }
    // The parser promises not to panic. Should it once, this mail is kept, and the next ones come in.
    std::panic::catch_unwind(|| understand(raw))
        .unwrap_or_else(|_| Err("Its structure is so broken that it could not be read.".into()))
}

fn understand(raw: &[u8]) -> Result<IncomingMail, String> {
    let mended = charset::with_utf8_headers(raw);
    if nesting::is_excessive(&mended) {
        return headers_alone(&mended, raw);
    }
    let mended = nesting::without_wrapped(&mended);
    let Some(message) = MessageParser::default().parse(&*mended) else {
        return Err("It could not be read as a mail.".into());
    };
    let mut mail = headers(&message);
    body(&message, &mended, raw, &mut mail);
    Ok(mail)
}

/// A mail that holds more mails than are followed: its headers, and all of it as a file.
fn headers_alone(mended: &[u8], raw: &[u8]) -> Result<IncomingMail, String> {
    let end = charset::headers_end(mended);
    let Some(message) = MessageParser::default().parse_headers(&mended[..end]) else {
        return Err("It could not be read as a mail.".into());
    };
    let mut mail = headers(&message);
    mail.text = "This mail is nested too deeply to be shown. All of it is in the file message.eml.".into();
    mail.files.push(whole(raw));
    Ok(mail)
}

fn whole(raw: &[u8]) -> MailFile {
    MailFile {
        name: "message.eml".into(),
        content_type: "message/rfc822".into(),
        content: raw.to_vec(),
        content_id: None,
    }
}

fn headers(message: &Message<'_>) -> IncomingMail {
    let (from_name, from_address) = sender(message);
    let mut references: Vec<String> = Vec::new();
    // What it answers to comes first, then the thread from its newest mail back.
    let replied = ids(message, HeaderName::InReplyTo);
    let thread = ids(message, HeaderName::References);
    for id in replied.into_iter().chain(thread.into_iter().rev()) {
        if !references.contains(&id) && references.len() < REFERENCES_MAX {
            references.push(id);
        }
    }
    let date = message.date().copied().or_else(|| message.received().and_then(|r| r.date()));
    IncomingMail {
        message_id: ids(message, HeaderName::MessageId).into_iter().next(),
        references,
        from_name,
        from_address,
        subject: text::tidy_line(message.subject().unwrap_or_default()),
        date: date.filter(|d| d.is_valid()).map(|d| Time(d.to_timestamp() * 1_000)),
        ..IncomingMail::default()
    }
}

fn ids(message: &Message<'_>, name: HeaderName<'static>) -> Vec<String> {
    let mut found = Vec::new();
    for value in message.header_values(name) {
        let texts: Vec<&str> = match value {
            HeaderValue::Text(text) => vec![text],
            HeaderValue::TextList(texts) => texts.iter().map(AsRef::as_ref).collect(),
            _ => Vec::new(),
        };
        for text in texts {
            let id: String =
                text.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !"<>".contains(*c)).collect();
            if !id.is_empty() && id.len() <= ID_MAX {
                found.push(id);
            }
        }
    }
    found
}

/// Name and address of who sent it: from the first header that has a usable address.
fn sender(message: &Message<'_>) -> (String, Option<String>) {
    let named = [HeaderName::From, HeaderName::Sender, HeaderName::ReplyTo, HeaderName::ResentFrom];
    let mut name = String::new();
    for header in named {
        for address in message.header_values(header).filter_map(HeaderValue::as_address).flat_map(all) {
            let found = address.address().and_then(usable);
            let called = text::tidy_line(address.name().unwrap_or_default());
            if name.is_empty() {
                name = called;
            }
            if let Some(found) = found {
                return (name.trim_matches(['"', '\'']).to_owned(), Some(found));
            }
        }
    }
    for id in ids(message, HeaderName::ReturnPath) {
        if let Some(found) = usable(&id) {
            return (name, Some(found));
        }
    }
    (name, None)
}

fn all<'a>(address: &'a Address<'a>) -> impl Iterator<Item = &'a mail_parser::Addr<'a>> {
    address.iter()
}

/// An address as one that a mail can go to.
fn usable(address: &str) -> Option<String> {
    let address = address.trim().trim_matches(|c: char| "<>\"'".contains(c) || c.is_whitespace());
    let address = address.strip_prefix("mailto:").unwrap_or(address).to_lowercase();
    text::is_email(&address).then_some(address)
}

/// Texts and files.
fn body(message: &Message<'_>, mended: &[u8], raw: &[u8], mail: &mut IncomingMail) {
    let mut used: HashSet<u32> = HashSet::new();
    let mut html = String::new();
    let mut texts: Vec<String> = Vec::new();
    let has_html = message.html_body.iter().any(|id| is_html(message, *id));
    for id in &message.html_body {
        let Some(part) = message.parts.get(*id as usize) else { continue };
        match &part.body {
            PartType::Html(_) => {
                used.insert(*id);
                html.push_str(&text_of(part, mended));
            }
            PartType::Text(_) if has_html && is_shown(part) => {
                used.insert(*id);
                html.push_str(&mail_parser::decoders::html::text_to_html(&text_of(part, mended)));
            }
            _ => {}
        }
    }
    for id in &message.text_body {
        let Some(part) = message.parts.get(*id as usize) else { continue };
        match &part.body {
            PartType::Text(_) if is_shown(part) => {
                used.insert(*id);
                texts.push(text_of(part, mended).into_owned());
            }
            PartType::Html(_) => {
                used.insert(*id);
                texts.push(store::render::mail_text(&text_of(part, mended)));
            }
            _ => {}
        }
    }
    if texts.is_empty() && html.is_empty() {
        // A mail whose structure broke down: its first text is what was meant.
        let first = message.parts.iter().position(|p| matches!(p.body, PartType::Text(_)) && is_shown(p));
        if let Some(n) = first {
            used.insert(n as u32);
            texts.push(text_of(&message.parts[n], mended).into_owned());
        }
    }
    mail.text = text::tidy(&texts.iter().map(|t| t.trim_end()).collect::<Vec<_>>().join("\n\n"));
    if mail.text.is_empty() && !html.is_empty() {
        mail.text = text::tidy(&store::render::mail_text(&html));
    }
    for (n, part) in message.parts.iter().enumerate() {
        if used.contains(&(n as u32)) || part.is_multipart() {
            continue;
        }
        if mail.files.len() >= FILES_MAX {
            mail.files.push(whole(raw));
            break;
        }
        mail.files.extend(file(part, mended, n));
    }
    if !html.trim().is_empty() {
        mail.html = Some(unpack_pictures(&html.replace('\0', ""), &mut mail.files));
    }
}

fn is_html(message: &Message<'_>, id: u32) -> bool {
    message.parts.get(id as usize).is_some_and(|p| matches!(p.body, PartType::Html(_)))
}

/// Whether a text is part of what was written, and not a file that happens to be one.
fn is_shown(part: &MessagePart<'_>) -> bool {
    let attached = part.content_disposition().is_some_and(|d| d.is_attachment());
    let named = part.attachment_name().is_some_and(|n| !n.trim().is_empty());
    let plain = part.content_type().is_none_or(|t| {
        t.ctype().eq_ignore_ascii_case("text") && t.subtype().is_none_or(|s| s.eq_ignore_ascii_case("plain"))
            || t.ctype().eq_ignore_ascii_case("multipart")
    });
    !attached && !named && plain
}

/// A part's text. Where the parser met bytes that do not fit the declared encoding, what they look like decides.
fn text_of<'a>(part: &'a MessagePart<'_>, mended: &[u8]) -> Cow<'a, str> {
    let text = part.text_contents().unwrap_or_default();
    if !text.contains('\u{fffd}') {
        return Cow::Borrowed(text);
    }
    match decoded(part, mended) {
        Some(bytes) => {
            let guessed = charset::guess(&bytes);
            let holes = |t: &str| t.matches('\u{fffd}').count();
            if holes(&guessed) < holes(text) { Cow::Owned(guessed.into_owned()) } else { Cow::Borrowed(text) }
        }
        None => Cow::Borrowed(text),
    }
}

/// The bytes of a part behind its transfer encoding.
fn decoded(part: &MessagePart<'_>, mended: &[u8]) -> Option<Vec<u8>> {
    let bytes = mended.get(part.raw_body_offset() as usize..part.raw_end_offset() as usize)?;
    match part.encoding {
        Encoding::None => Some(bytes.to_vec()),
        Encoding::Base64 => base64_decode(bytes),
        Encoding::QuotedPrintable => quoted_printable_decode(bytes),
    }
}

/// A part as a file; none where there is nothing in it.
fn file(part: &MessagePart<'_>, mended: &[u8], n: usize) -> Option<MailFile> {
    let content = match &part.body {
        // The bytes as they were sent: a text's encoding belongs to the file.
        PartType::Text(text) | PartType::Html(text) => {
            decoded(part, mended).unwrap_or_else(|| text.as_bytes().to_vec())
        }
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.to_vec(),
        PartType::Message(message) if part.encoding == Encoding::None => mended
            .get(part.raw_body_offset() as usize..part.raw_end_offset() as usize)
            .unwrap_or(message.raw_message())
            .to_vec(),
        PartType::Message(message) => message.raw_message.to_vec(),
        PartType::Multipart(_) => return None,
    };
    let declared = part.content_type().map(|t| match t.subtype() {
        Some(subtype) => format!("{}/{subtype}", t.ctype()).to_lowercase(),
        None => t.ctype().to_lowercase(),
    });
    let declared = declared.unwrap_or_else(|| if part.is_message() { "message/rfc822" } else { "text/plain" }.into());
    let name = part.attachment_name().map(text::tidy_line).filter(|name| !name.is_empty());
    if content.is_empty() && name.is_none() {
        return None;
    }
    let name = name.unwrap_or_else(|| match part.message().and_then(|m| m.subject()).map(text::tidy_line) {
        Some(subject) if !subject.is_empty() => {
            format!("{}.eml", text::excerpt(&subject, 80).replace(['/', '\\'], "-"))
        }
        _ => format!("part-{n}.{}", extension(&declared)),
    });
    let content_id =
        part.content_id().map(|id| id.trim_matches(['<', '>', ' ']).to_owned()).filter(|id| !id.is_empty());
    Some(MailFile { name, content_type: declared, content_id, content })
}

/// The extension that goes with a type, for a part without a name.
fn extension(content_type: &str) -> &'static str {
    match content_type {
        "image/jpeg" | "image/jpg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/ms-tnef" => "dat",
        "text/html" => "html",
        "text/csv" => "csv",
        "text/calendar" => "ics",
        "text/vcard" | "text/x-vcard" | "text/directory" => "vcf",
        "application/pgp-signature" | "application/pgp-encrypted" => "asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "p7m",
        kind if kind.starts_with("message/rfc82") || kind.starts_with("message/globa") => "eml",
        kind if kind.starts_with("text/") || kind.starts_with("message/") => "txt",
        _ => "bin",
    }
}

/// Takes pictures out of the HTML that stand in its text (`data:`), and makes them files like others.
fn unpack_pictures(html: &str, files: &mut Vec<MailFile>) -> String {
    const START: &str = "data:image/";
    let mut out = String::with_capacity(html.len().min(1 << 20));
    let mut rest = html;
    while let Some(at) = rest.find(START) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let data = &from[START.len()..];
        let end = data.find(['"', '\'', '>', ')']).unwrap_or(data.len());
        let picture = data[..end].split_once(";base64,").and_then(|(kind, content)| {
            let content: Vec<u8> = content.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            let bytes = base64::engine::general_purpose::STANDARD.decode(content).ok()?;
            (matches!(kind, "png" | "jpeg" | "jpg" | "gif" | "webp") && files.len() < FILES_MAX)
                .then_some((kind, bytes))
        });
        match picture {
            Some((kind, content)) => {
                let id = format!("picture-{}@docket", files.len());
                out.push_str(&format!("cid:{id}"));
                let content_type = format!("image/{kind}");
                let name = format!("picture-{}.{}", files.len(), extension(&content_type));
                files.push(MailFile { name, content_type, content_id: Some(id), content });
                rest = &data[end..];
            }
            None => {
                out.push_str(START);
                rest = data;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
