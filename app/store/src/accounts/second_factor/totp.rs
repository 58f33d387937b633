//! Codes that an app makes of a shared secret and the time (RFC 6238): six digits, half a minute, SHA-1, which is what all
//! apps know. HMAC is not weakened by what is known of SHA-1.

use data_encoding::BASE32_NOPAD;
use domain::{
    Result, Time,
    second_factor::{Begun, CODE_DIGITS, QrCode},
};
use hmac::{Hmac, Mac};
use qrcode::{Color, EcLevel};
use sha1::Sha1;

/// The length of a secret, in bytes: that of the hash, as RFC 4226 recommends.
const SECRET: usize = 20;
/// How long a code is the current one, in milliseconds.
const STEP_MS: i64 = 30_000;
/// How many steps a code may be early or late: clocks differ, and typing takes its time.
const TOLERANCE: i64 = 1;
/// Light modules around a QR code (ISO/IEC 18004).
const QUIET: u32 = 4;

/// A new secret.
pub(super) fn secret() -> [u8; SECRET] {
    rand::random()
}

/// The code of a step.
fn code(secret: &[u8], step: i64) -> Result<u32> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).map_err(|cause| crate::error::internal(&cause))?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    // RFC 4226, section 5.3: the last digit of the hash says where in it the code begins.
    let at = usize::from(hash[hash.len() - 1] & 0xf);
    let bytes = [hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]];
    Ok(u32::from_be_bytes(bytes) % 10_u32.pow(CODE_DIGITS as u32))
}

/// The step whose code this is, if it is a good one now and later than the last that was taken.
pub(super) fn step_of(secret: &[u8], typed: u32, now: Time, last: i64) -> Result<Option<i64>> {
    let current = now.0.div_euclid(STEP_MS);
    let mut found = None;
    // All are looked at, so that the time does not tell which one it was.
    for step in current - TOLERANCE..=current + TOLERANCE {
        if code(secret, step)? == typed && step > last {
            found = Some(step);
        }
    }
    Ok(found)
}

/// What an app is set up with. `issuer` and `account` are how the app names it.
pub(super) fn begun(secret: &[u8], issuer: &str, account: &str) -> Result<Begun> {
    let typed = BASE32_NOPAD.encode(secret);
    let (issuer, account) = (domain::attachment::url_name(issuer), domain::attachment::url_name(account));
    let address = format!("otpauth://totp/{issuer}:{account}?secret={typed}&issuer={issuer}");
    Ok(Begun { secret: grouped(&typed), qr: qr(&address)?, address })
}

fn grouped(typed: &str) -> String {
    typed.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

fn qr(text: &str) -> Result<QrCode> {
    let code = qrcode::QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|cause| crate::error::internal(&cause))?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        // One rectangle for each run of dark modules.
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let (left, top) = (x + QUIET as usize, y + QUIET as usize);
                path.push_str(&format!("M{left} {top}h{0}v1h-{0}z", run.len()));
            }
            x += run.len();
        }
    }
    Ok(QrCode { size: width as u32 + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, with the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(code(b"12345678901234567890", seconds / 30), Ok(expected), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_a_step_early_or_late_and_once() {
        let now = Time(1_795_248_720_000);
        let (secret, step) = (secret(), now.0 / STEP_MS);
        for (of, good) in [(step - 2, false), (step - 1, true), (step, true), (step + 1, true), (step + 2, false)] {
            let typed = code(&secret, of).unwrap();
            assert_eq!(step_of(&secret, typed, now, 0).unwrap().is_some(), good, "{of}");
            assert_eq!(step_of(&secret, typed, now, of), Ok(None), "taken already");
        }
    }

    #[test]
    fn an_app_reads_all_of_it() {
        let begun = begun(b"12345678901234567890", "Docket (help.acme.example)", "jana+a@acme.example").unwrap();
        assert_eq!(begun.secret, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            begun.address,
            "otpauth://totp/Docket%20%28help.acme.example%29:jana%2Ba%40acme.example\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Docket%20%28help.acme.example%29"
        );
        // A finder in the corner, within the quiet zone.
        assert!(begun.qr.path.starts_with("M4 4h7v1h-7z"), "{}", begun.qr.path);
        assert!(begun.qr.path.bytes().all(|b| b.is_ascii_digit() || b"Mhvz- ".contains(&b)));
    }
}
