//! Pictures of people, and logos. What is taken is told by its bytes alone, and all that is no picture is taken out of it:
//! where it was made, by whom, and whatever else a camera or a program has written beside it.

use crate::{Code, CompanyId, Error, Result, UserId};

/// The largest file, in bytes.
pub const BYTES_MAX: usize = 2 * 1024 * 1024;
/// The widest and the highest, in pixels: a browser needs four bytes for each.
pub const SIDE_MAX: u32 = 4_096;
/// The length of the sides that a browser makes of a picture before it sends it, in pixels: twice the largest it is shown in.
pub const SIDE: u32 = 256;

/// Where the picture of somebody is. With another picture it is another address.
pub fn path(of: UserId, picture: i64) -> String {
    format!("/files/avatar/{of}/{picture}")
}

/// Where the logo of a company is.
pub fn logo_path(of: CompanyId, logo: i64) -> String {
    format!("/files/logo/{of}/{logo}")
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Jpeg,
    Png,
    Gif,
    Webp,
}

impl Kind {
    /// By the first bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Kind::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::Webp),
            _ => None,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Gif => "image/gif",
            Kind::Webp => "image/webp",
        }
    }
}

/// A picture that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub kind: Kind,
    /// In pixels.
    pub width: u32,
    pub height: u32,
    /// The file, without what is no picture.
    pub bytes: Vec<u8>,
}

/// Takes a picture.
///
/// Errors: `TooLarge`, in bytes or in pixels; `Unsupported` for any other kind of file; `Invalid` for one that ends or goes on
/// where a picture does not. Each with its words under `picture`.
pub fn read(bytes: &[u8]) -> Result<Picture> {
    if bytes.len() > BYTES_MAX {
        return Err(refused(Code::TooLarge, "Use a picture of at most 2 MB."));
    }
    let kind = Kind::of(bytes).ok_or_else(|| {
        refused(Code::Unsupported, "This is no picture of a kind that is taken: JPEG, PNG, GIF or WebP.")
    })?;
    let found = match kind {
        Kind::Jpeg => jpeg(bytes),
        Kind::Png => png(bytes),
        Kind::Gif => gif(bytes),
        Kind::Webp => webp(bytes),
    };
    let (width, height, bytes) = found
        .filter(|(width, height, _)| *width > 0 && *height > 0)
        .ok_or_else(|| refused(Code::Invalid, "This picture is damaged. Please save it again, or use another one."))?;
    if width > SIDE_MAX || height > SIDE_MAX {
        return Err(refused(Code::TooLarge, "Use a picture of at most 4,096 pixels in width and height."));
    }
    Ok(Picture { kind, width, height, bytes })
}

fn refused(code: Code, said: &str) -> Error {
    Error { code, ..Error::field("picture", said) }
}

/// Width, height, and the bytes that stay.
type Found = Option<(u32, u32, Vec<u8>)>;

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn two(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(*bytes.get(at)?) << 8 | u32::from(*bytes.get(at + 1)?))
}

/// Segments (ITU-T T.81, annex B). Of those of applications, those stay that say what the colours are.
fn jpeg(bytes: &[u8]) -> Found {
    let (mut kept, mut at) = (bytes.get(..2)?.to_vec(), 2);
    let mut size = None;
    loop {
        let start = at;
        while bytes.get(at) == Some(&0xff) {
            at += 1;
        }
        if at == start {
            return None;
        }
        let marker = *bytes.get(at)?;
        at += 1;
        match marker {
            0xd9 => {
                kept.extend_from_slice(&[0xff, 0xd9]);
                let (width, height) = size?;
                return Some((width, height, kept));
            }
            0x01 | 0xd0..=0xd7 => {
                kept.extend_from_slice(&[0xff, marker]);
                continue;
            }
            0x00 | 0xd8 => return None,
            _ => {}
        }
        let length = two(bytes, at)? as usize;
        let segment = bytes.get(at..at.checked_add(length)?).filter(|_| length >= 2)?;
        at += length;
        // Start of a frame: precision, height, width.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            // One picture has one size: another one would be what is shown.
            if size.replace((two(segment, 5)?, two(segment, 3)?)).is_some() {
                return None;
            }
        }
        let stays = match marker {
            0xe0 => segment.get(2..).is_some_and(|rest| rest.starts_with(b"JFIF\0")),
            0xe2 => segment.get(2..).is_some_and(|rest| rest.starts_with(b"ICC_PROFILE\0")),
            0xee => segment.get(2..).is_some_and(|rest| rest.starts_with(b"Adobe")),
            0xe1..=0xef | 0xfe => false,
            _ => true,
        };
        if stays {
            kept.extend_from_slice(&[0xff, marker]);
            kept.extend_from_slice(segment);
        }
        if marker == 0xda {
            // What follows a scan's head is the picture, up to the next marker that is none of its own.
            let rest = bytes.get(at..)?;
            let end = rest.windows(2).position(|w| w[0] == 0xff && !matches!(w[1], 0x00 | 0xd0..=0xd7 | 0xff))?;
            kept.extend_from_slice(&rest[..end]);
            at += end;
        }
    }
}

/// Chunks (PNG, third edition, section 5.3). Those stay that are needed to show it.
fn png(bytes: &[u8]) -> Found {
    const KEPT: [&[u8]; 14] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs", b"acTL",
        b"fcTL", b"fdAT",
    ];
    let (mut kept, mut at) = (bytes.get(..8)?.to_vec(), 8);
    let mut size = None;
    loop {
        let length = big(bytes, at)? as usize;
        let whole = bytes.get(at..at.checked_add(length)?.checked_add(12)?)?;
        let kind = whole.get(4..8)?;
        match (kind == b"IHDR", size) {
            (true, None) => size = Some((big(whole, 8)?, big(whole, 12)?)),
            (true, Some(_)) | (false, None) => return None,
            (false, Some(_)) => {}
        }
        if KEPT.contains(&kind) {
            kept.extend_from_slice(whole);
        }
        at += whole.len();
        if kind == b"IEND" {
            let (width, height) = size?;
            return Some((width, height, kept));
        }
    }
}

/// Blocks (GIF89a). Comments and words of applications go, but the one that says how often it is repeated.
fn gif(bytes: &[u8]) -> Found {
    let short = |at: usize| Some(u32::from(*bytes.get(at)?) | u32::from(*bytes.get(at + 1)?) << 8);
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    // Past blocks of at most 255 bytes each, up to an empty one.
    let past_blocks = |mut at: usize| loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    };
    let (width, height) = (short(6)?, short(8)?);
    let mut at = 13 + table(*bytes.get(10)?);
    let mut kept = bytes.get(..at)?.to_vec();
    loop {
        let start = at;
        match *bytes.get(at)? {
            0x3b => {
                kept.push(0x3b);
                return Some((width, height, kept));
            }
            0x21 => {
                let label = *bytes.get(at + 1)?;
                at = past_blocks(at + 2)?;
                let repeats = label == 0xff && bytes.get(start + 3..start + 14) == Some(b"NETSCAPE2.0");
                if label == 0xf9 || repeats {
                    kept.extend_from_slice(bytes.get(start..at)?);
                }
            }
            0x2c => {
                let (right, bottom) = (short(at + 1)? + short(at + 5)?, short(at + 3)? + short(at + 7)?);
                if right > width || bottom > height {
                    return None;
                }
                at = past_blocks(at + 10 + table(*bytes.get(at + 9)?) + 1)?;
                kept.extend_from_slice(bytes.get(start..at)?);
            }
            _ => return None,
        }
    }
}

/// Chunks (RFC 9649). What is known about the picture beside itself goes, and the head says so.
fn webp(bytes: &[u8]) -> Found {
    const KEPT: [&[u8]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
    let end = usize::try_from(little(bytes, 4)?).ok()?.checked_add(8)?;
    let bytes = bytes.get(..end)?;
    let (mut kept, mut at) = (bytes.get(..12)?.to_vec(), 12);
    let mut size: Option<(u32, u32)> = None;
    while at < bytes.len() {
        let length = little(bytes, at + 4)? as usize;
        // Each begins at an even place.
        let whole = bytes.get(at..at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?)?;
        let (kind, data) = (whole.get(..4)?, whole.get(8..8 + length)?);
        let three = |at: usize| Some(little(data, at)? & 0xff_ffff);
        let inside = match kind {
            b"VP8X" => Some((three(4)? + 1, u32::from_le_bytes([*data.get(7)?, *data.get(8)?, *data.get(9)?, 0]) + 1)),
            b"VP8 " if data.get(3..6) == Some(&[0x9d, 0x01, 0x2a]) => {
                let both = little(data, 6)?;
                Some((both & 0x3fff, both >> 16 & 0x3fff))
            }
            b"VP8L" if data.first() == Some(&0x2f) => {
                let bits = little(data, 1)?;
                Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
            }
            b"VP8 " | b"VP8L" => return None,
            _ => None,
        };
        match (size, inside) {
            (None, None) => return None,
            (None, Some(found)) => size = Some(found),
            // No part is larger than the whole.
            (Some(all), Some(part)) if part.0 > all.0 || part.1 > all.1 => return None,
            _ => {}
        }
        if KEPT.contains(&kind) {
            let start = kept.len();
            kept.extend_from_slice(whole);
            if kind == b"VP8X"
                && let Some(flags) = kept.get_mut(start + 8)
            {
                *flags &= !0x0c;
            }
        }
        at += whole.len();
    }
    let length = u32::try_from(kept.len() - 8).ok()?;
    kept.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    let (width, height) = size?;
    Some((width, height, kept))
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
