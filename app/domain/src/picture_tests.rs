use super::*;
use proptest::prelude::*;

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut all = u32::try_from(data.len()).expect("short").to_be_bytes().to_vec();
    all.extend_from_slice(kind);
    all.extend_from_slice(data);
    all.extend_from_slice(&[1, 2, 3, 4]);
    all
}

fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut head = width.to_be_bytes().to_vec();
    head.extend_from_slice(&height.to_be_bytes());
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut all = b"\x89PNG\r\n\x1a\n".to_vec();
    for part in [chunk(b"IHDR", &head), chunk(b"tEXt", b"Author\0secret"), chunk(b"eXIf", b"secret")] {
        all.extend(part);
    }
    for part in [chunk(b"IDAT", b"picture"), chunk(b"IEND", b"")] {
        all.extend(part);
    }
    all
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let mut all = vec![0xff, marker];
    all.extend_from_slice(&u16::try_from(data.len() + 2).expect("short").to_be_bytes());
    all.extend_from_slice(data);
    all
}

fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
    let [w, x] = width.to_be_bytes();
    let [h, i] = height.to_be_bytes();
    let mut all = vec![0xff, 0xd8];
    for part in [
        segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xe1, b"Exif\0\0secret"),
        segment(0xfe, b"secret"),
        segment(0xc2, &[8, h, i, w, x, 1, 1, 0x11, 0]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        b"pic\xff\x00ture\xff\xd0".to_vec(),
        segment(0xc4, &[0]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        b"more".to_vec(),
        vec![0xff, 0xd9],
        b"secret at the end".to_vec(),
    ] {
        all.extend(part);
    }
    all
}

fn gif_of(width: u16, height: u16) -> Vec<u8> {
    let mut all = b"GIF89a".to_vec();
    all.extend_from_slice(&width.to_le_bytes());
    all.extend_from_slice(&height.to_le_bytes());
    all.extend_from_slice(&[0x80, 0, 0, 0, 0, 0, 9, 9, 9]);
    all.extend_from_slice(b"\x21\xfe\x06secret\x00");
    all.extend_from_slice(b"\x21\xf9\x04\0\0\0\0\0");
    all.extend_from_slice(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x07picture\0\x3b");
    all.extend_from_slice(b"secret");
    all
}

fn riff(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut all = kind.to_vec();
    all.extend_from_slice(&u32::try_from(data.len()).expect("short").to_le_bytes());
    all.extend_from_slice(data);
    all.resize(all.len() + data.len() % 2, 0);
    all
}

fn webp_of(width: u16, height: u16, flags: u8) -> Vec<u8> {
    let [w, x, ..] = (u32::from(width) - 1).to_le_bytes();
    let [h, i, ..] = (u32::from(height) - 1).to_le_bytes();
    let mut frame = vec![0, 0, 0, 0x9d, 0x01, 0x2a];
    frame.extend_from_slice(&width.to_le_bytes());
    frame.extend_from_slice(&height.to_le_bytes());
    frame.extend_from_slice(b"picture");
    let mut parts = Vec::new();
    for part in [
        riff(b"VP8X", &[flags, 0, 0, 0, w, x, 0, h, i, 0]),
        riff(b"VP8 ", &frame),
        riff(b"EXIF", b"secret"),
        riff(b"XMP ", b"secret!"),
    ] {
        parts.extend(part);
    }
    let mut all = b"RIFF".to_vec();
    all.extend_from_slice(&u32::try_from(parts.len() + 4).expect("short").to_le_bytes());
    all.extend_from_slice(b"WEBP");
    all.extend(parts);
    all.extend_from_slice(b"secret");
    all
}

fn samples(width: u16, height: u16) -> [(Kind, Vec<u8>); 4] {
    [
        (Kind::Png, png_of(width.into(), height.into())),
        (Kind::Jpeg, jpeg_of(width, height)),
        (Kind::Gif, gif_of(width, height)),
        (Kind::Webp, webp_of(width, height, 0x1c)),
    ]
}

#[test]
fn pictures_keep_what_is_seen_and_nothing_else() {
    for (kind, bytes) in samples(300, 200) {
        let picture = read(&bytes).unwrap_or_else(|error| panic!("{kind:?}: {error:?}"));
        assert_eq!((picture.kind, picture.width, picture.height), (kind, 300, 200));
        let text = String::from_utf8_lossy(&picture.bytes).into_owned();
        assert!(!text.contains("secret") && text.contains("pic"), "{kind:?}: {text}");
        // What is left is a picture in turn, and nothing more goes from it.
        let again = read(&picture.bytes).unwrap_or_else(|error| panic!("{kind:?}: {error:?}"));
        assert_eq!(again, picture);
    }
    let flags = read(&webp_of(3, 2, 0x1c)).expect("right").bytes[20];
    assert_eq!(flags, 0x10, "the head of a WebP announces what is gone");
}

#[test]
fn the_wrong_files_are_refused() {
    for (kind, bytes) in samples(4_097, 10).into_iter().chain(samples(10, 4_097)) {
        assert_eq!(read(&bytes).expect_err("too wide").code, Code::TooLarge, "{kind:?}");
    }
    let huge = [png_of(1, 1), vec![0; BYTES_MAX]].concat();
    assert_eq!(read(&huge).expect_err("too long").code, Code::TooLarge);
    for other in [&b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..], b"", b"%PDF-1.7", b"BM", b"<html>", b"GIF"] {
        let error = read(other).expect_err("no picture");
        assert_eq!(error.code, Code::Unsupported);
        assert!(error.of_field("picture").is_some());
    }
    // One that claims to be small and is large inside.
    let mut two = jpeg_of(10, 10);
    let end = two.len() - "secret at the end".len() - 2;
    two.splice(end..end, segment(0xc0, &[8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0]));
    assert_eq!(read(&two).expect_err("two sizes").code, Code::Invalid);
    let outside = webp_of(10, 10, 0);
    let mut wide = outside.clone();
    let at = outside.windows(3).position(|w| w == [0x9d, 0x01, 0x2a]).expect("there") + 3;
    wide[at] = 0xff;
    assert_eq!(read(&wide).expect_err("larger inside").code, Code::Invalid);
}

proptest! {
    /// Cut off or changed anywhere, it is a picture or it is refused; it never grows.
    #[test]
    fn any_bytes_are_read_or_refused(which in 0usize..4, cut in 0usize..400, at in 0usize..400, byte: u8) {
        let (_, mut bytes) = samples(30, 20)[which].clone();
        bytes.truncate(bytes.len().saturating_sub(cut % 200));
        let len = bytes.len().max(1);
        if let Some(place) = bytes.get_mut(at % len) {
            *place = byte;
        }
        if let Ok(picture) = read(&bytes) {
            prop_assert!(picture.bytes.len() <= bytes.len() + 2);
            prop_assert!(picture.width <= SIDE_MAX && picture.height <= SIDE_MAX);
        }
    }

    #[test]
    fn noise_is_refused(start in 0usize..4, mut noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let (_, sample) = samples(30, 20)[start].clone();
        let head = sample.len().min(12);
        noise.splice(0..0, sample[..head].iter().copied());
        let _ = read(&noise);
    }
}
