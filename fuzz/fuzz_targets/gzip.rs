//! A decompressed response never passes its limit, is the same read whole or in
//! pieces, and what was compressed comes back.
#![no_main]

use std::io::Write;

use bytes::Bytes;
use es_fuzz::{responding, run};
use es_transport::{
    Body, Error, ResponseBody,
    layer::{CollectLayer, DecompressionLayer},
};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use libfuzzer_sys::fuzz_target;
use tower::{ServiceBuilder, ServiceExt};

fuzz_target!(|input: &[u8]| {
    let [limit, cut, data @ ..] = input else {
        return;
    };
    let limit = 1_usize << (limit % 21);
    let cut = usize::from(*cut);

    let raw = Bytes::copy_from_slice(data);
    let whole = inflate(vec![raw.clone()], limit);
    let pieces = inflate(in_pieces(&raw, cut), limit);
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        (Err(whole), Err(pieces)) => assert!(whole.is_body() && pieces.is_body()),
        // Of nothing there is no gzip to be broken.
        _ => assert!(raw.is_empty(), "{whole:?}, in pieces {pieces:?}"),
    }

    let gzip = compress(data);
    for decompressed in [
        inflate(vec![gzip.clone()], limit),
        inflate(in_pieces(&gzip, cut), limit),
    ] {
        match decompressed {
            Ok(decompressed) => assert_eq!(decompressed, data),
            Err(error) => assert!(data.len() > limit, "{error}"),
        }
    }
    // Two members in a row are one response; without its end it is broken.
    let twice = Bytes::from([&*gzip, &*gzip].concat());
    match inflate(in_pieces(&twice, cut), limit) {
        Ok(decompressed) => assert_eq!(decompressed, [data, data].concat()),
        Err(error) => assert!(2 * data.len() > limit, "{error}"),
    }
    let short = gzip.slice(..gzip.len() - 1 - cut % (gzip.len() - 1));
    assert!(inflate(vec![short], limit).is_err());
});

fn inflate(pieces: Vec<Bytes>, limit: usize) -> Result<Bytes, Error> {
    let gzip = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
    let headers = HeaderMap::from_iter(gzip);
    let stack = ServiceBuilder::new()
        .layer(CollectLayer::new().max_response_size(limit))
        .layer(DecompressionLayer::new().max_response_size(Some(limit)))
        .service(responding(StatusCode::OK, headers, pieces));
    run(async {
        let response = stack.oneshot(Request::new(Body::empty())).await?;
        let bytes = ResponseBody::new(response.into_body()).bytes().await?;
        assert!(bytes.len() <= limit, "{} of {limit} bytes", bytes.len());
        Ok(bytes)
    })
}

fn compress(data: &[u8]) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(data).unwrap();
    gzip.finish().unwrap().into()
}

/// Three pieces; the middle one may be empty.
fn in_pieces(whole: &Bytes, cut: usize) -> Vec<Bytes> {
    let first = cut.min(whole.len());
    let second = (first + cut / 3).min(whole.len());
    vec![
        whole.slice(..first),
        whole.slice(first..second),
        whole.slice(second..),
    ]
}
