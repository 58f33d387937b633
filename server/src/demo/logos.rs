//! Logos and colours of a few companies: drawn here, the same every time.

use std::io::Write as _;

use domain::company::CompanyInput;
use domain::{Actor, CompanyId};
use flate2::{Compression, Crc, write::ZlibEncoder};
use store::Desk;
use store::companies::{edit, logo, view};

/// Width and height, in pixels.
const SIDE: i32 = 128;
/// Each point is looked at in so many places in both directions, so that edges are smooth.
const PARTS: i32 = 4;

/// A colour, and whether a point belongs to the drawing: from the middle, in pixels.
type Drawing = ([u8; 3], fn(f64, f64) -> bool);

/// One for each of the first companies.
const DRAWINGS: [Drawing; 3] = [
    // A ring with a dot in it.
    ([0x0f, 0x76, 0x6e], |x, y| matches!(x.hypot(y), 36.0..58.0 | 0.0..16.0)),
    // Three bars that rise.
    ([0xb4, 0x53, 0x09], |x, y| {
        (-54.0..54.0).contains(&x)
            && (x + 54.0) % 40.0 < 28.0
            && y < 54.0
            && y > 14.0 - (x + 54.0).div_euclid(40.0) * 32.0
    }),
    // A square on its corner, with one cut out of it.
    ([0x7c, 0x3a, 0xed], |x, y| (24.0..60.0).contains(&(x.abs() + y.abs()))),
];

/// Gives some of these companies a logo and a colour.
pub(super) async fn make(desk: &Desk, maker: &Actor, companies: &[CompanyId]) -> anyhow::Result<()> {
    for (id, (colour, drawn)) in companies.iter().zip(DRAWINGS) {
        let company = view::view(&mut *desk.read().await?, maker, *id).await?;
        let [red, green, blue] = colour;
        let input = CompanyInput {
            name: company.name,
            tier: company.tier,
            domains: company.domains.join("\n"),
            notes: company.notes,
            sees_all: company.sees_all,
            accent: format!("#{red:02x}{green:02x}{blue:02x}"),
            // What is not asked stays.
            ..CompanyInput::default()
        };
        let mut tx = desk.begin().await?;
        edit::change(&mut tx, maker, *id, company.version, &input).await?;
        tx.commit().await?;
        logo::set(desk, maker, *id, png(colour, drawn)?).await?;
    }
    Ok(())
}

/// A drawing as a file (ISO/IEC 15948): 8 bits for each of red, green, blue and how little shines through.
fn png([red, green, blue]: [u8; 3], drawn: fn(f64, f64) -> bool) -> anyhow::Result<Vec<u8>> {
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::best());
    let place = |at: i32, part: i32| f64::from(at) + (f64::from(part) + 0.5) / f64::from(PARTS) - f64::from(SIDE / 2);
    for y in 0..SIDE {
        // No filter.
        rows.write_all(&[0])?;
        for x in 0..SIDE {
            let parts = (0..PARTS * PARTS).filter(|n| drawn(place(x, n % PARTS), place(y, n / PARTS))).count();
            let covered = parts * 255 / (PARTS * PARTS) as usize;
            rows.write_all(&[red, green, blue, covered as u8])?;
        }
    }
    let side = (SIDE as u32).to_be_bytes();
    let head = [&side[..], &side[..], &[8_u8, 6, 0, 0, 0][..]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", head), (b"IDAT", rows.finish()?), (b"IEND", Vec::new())] {
        let chunk = [&kind[..], &content[..]].concat();
        let mut sum = Crc::new();
        sum.update(&chunk);
        file.extend((content.len() as u32).to_be_bytes());
        file.extend(chunk);
        file.extend(sum.sum().to_be_bytes());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::{DRAWINGS, SIDE, png};

    #[test]
    fn drawings_are_pictures() {
        for (colour, drawn) in DRAWINGS {
            let file = png(colour, drawn).unwrap();
            let read = domain::picture::read(&file).unwrap();
            assert_eq!((read.width, read.height), (SIDE as u32, SIDE as u32));
            assert_eq!(read.bytes, file, "nothing in it is no picture");
            assert!(file.len() < 4_096, "{}", file.len());
        }
    }
}
