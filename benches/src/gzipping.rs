//! gzip of a bulk body: through the layer, and by the bare compressor.

use std::{convert::Infallible, io::Write};

use crate::{operation::BoxError, product::Product};
use bytes::Bytes;
use es_transport::{Body, layer::CompressionLayer};
use flate2::{Compression, write::GzEncoder};
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// A bulk body of about 2 MB in one piece for each document, as the bulk helper
/// writes it.
///
/// # Errors
/// Never: the documents are good.
pub fn bulk() -> Result<Vec<Bytes>, BoxError> {
    let mut pieces = Vec::new();
    let mut size = 0;
    while size < 2_000_000 {
        let number = pieces.len();
        let mut piece = format!("{{\"index\":{{\"_id\":\"{number}\"}}}}\n").into_bytes();
        serde_json::to_writer(&mut piece, &Product::numbered(number))?;
        piece.push(b'\n');
        size += piece.len();
        pieces.push(piece.into());
    }
    Ok(pieces)
}

/// The bare compressor at the layer's level.
///
/// # Errors
/// Never: it writes to memory.
pub fn bare(pieces: &[Bytes]) -> Result<usize, BoxError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(1));
    for piece in pieces {
        encoder.write_all(piece)?;
    }
    Ok(encoder.finish()?.len())
}

/// The same through the layer, as a request with the pieces.
///
/// # Errors
/// When the body cannot be compressed.
pub async fn layer(pieces: &[Bytes]) -> Result<usize, BoxError> {
    let service = ServiceBuilder::new()
        .layer(CompressionLayer::new())
        .service(service_fn(async |request: Request<Body>| {
            let body = request
                .into_body()
                .collect()
                .await
                .map(|body| body.to_bytes());
            Ok::<_, Infallible>(Response::new(body))
        }));
    let request = Request::post("/_bulk").body(Body::list(pieces.to_vec()))?;
    Ok(service.oneshot(request).await?.into_body()?.len())
}
