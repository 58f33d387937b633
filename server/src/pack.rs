//! Packs pages and data for their way to the browser: a tenth to a fifth of their size, for a tenth of a millisecond.
//!
//! Files of the site are packed when they are built, and what people upload mostly is by its nature.

use std::cell::RefCell;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::site::accepts;

/// Answers smaller than this, in bytes, fit into a network packet or two as they are.
const LEAST: usize = 2_000;
/// How hard to look for what repeats. The lowest level does without a code made for the page, which makes pages a fifth
/// larger to save a twentieth of a millisecond; from the third on, each percent costs twice what it did before.
const LEVEL: Compression = Compression::new(2);

thread_local! {
    // Kept from one answer to the next: making its tables takes longer than packing most pages. 300 KB a thread.
    static PACKER: RefCell<Compress> = RefCell::new(Compress::new_gzip(LEVEL, 15));
}

/// Packs the answer where the browser takes it.
pub async fn pack(request: Request, next: Next) -> Response {
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let wanted = request.method() != Method::HEAD && accepted.is_some_and(|accepted| accepts(accepted, "gzip"));
    let mut response = next.run(request).await;
    if !is_text(response.headers()) {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let (mut parts, body) = response.into_parts();
    // Pages and data are whole in memory before they are sent; nothing grows by this. What makes a page is done by then,
    // in one task with it: nothing of it goes on beside the body.
    let Ok(plain) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let packed =
        if !wanted || plain.len() < LEAST { None } else { PACKER.with_borrow_mut(|packer| gzip(packer, &plain)) };
    let body = match packed {
        Some(packed) => {
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(packed.len()));
            Body::from(packed)
        }
        None => Body::from(plain),
    };
    Response::from_parts(parts, body)
}

/// Whether this is a page or data, and not packed yet.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !headers.contains_key(header::CONTENT_ENCODING)
        && ["text/html", "application/json", "application/problem+json"].iter().any(|text| kind.starts_with(text))
}

fn gzip(packer: &mut Compress, plain: &[u8]) -> Option<Vec<u8>> {
    packer.reset();
    let mut packed = Vec::with_capacity(plain.len() / 4 + 256);
    loop {
        let taken = usize::try_from(packer.total_in()).ok()?;
        match packer.compress_vec(&plain[taken..], &mut packed, FlushCompress::Finish).ok()? {
            Status::StreamEnd => return Some(packed),
            Status::Ok | Status::BufError => packed.reserve(packed.capacity()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn what_is_packed_one_after_the_other_comes_out_as_it_was() {
        let mut packer = Compress::new_gzip(LEVEL, 15);
        let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for plain in [b"<p>again and again</p>".repeat(5_000), noise, Vec::new()] {
            let packed = gzip(&mut packer, &plain).unwrap();
            let mut back = Vec::new();
            flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut back).unwrap();
            assert!(back == plain);
        }
    }
}
