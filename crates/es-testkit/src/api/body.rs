//! Request bodies: content encoding and size.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{CONTENT_ENCODING, HeaderMap};

use crate::settings::Settings;

/// A request body after decoding, or what the genuine server does instead.
#[derive(Debug)]
pub(crate) enum Decoded {
    Body(Bytes),
    /// Declared gzip that is none: the connection is closed without a response.
    NotGzip,
    /// Decompresses past `http.max_content_length`: 413 (9.2 never responds).
    TooLarge,
}

pub(crate) fn decode(settings: &Settings, headers: &HeaderMap, raw: &Bytes) -> Decoded {
    if raw.len() > settings.max_content_length {
        return Decoded::TooLarge;
    }
    let encoding = headers
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    // Unknown encodings are ignored: the genuine server reads the body as it is.
    if !encoding.eq_ignore_ascii_case("gzip") {
        return Decoded::Body(raw.clone());
    }
    let limit = settings.max_content_length as u64;
    let mut inflated = Vec::new();
    match GzDecoder::new(raw.as_ref())
        .take(limit.saturating_add(1))
        .read_to_end(&mut inflated)
    {
        Err(_) => Decoded::NotGzip,
        Ok(length) if length as u64 > limit => Decoded::TooLarge,
        Ok(_) => Decoded::Body(inflated.into()),
    }
}
