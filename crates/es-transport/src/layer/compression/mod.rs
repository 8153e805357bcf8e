//! Compresses request bodies with gzip.
//!
//! Bodies of at least the threshold are compressed at a fast level, which reduces a
//! bulk request of JSON to between a fifth and a tenth of its size. The layer belongs
//! *above* retry, so that a body is compressed once and all attempts share the result.
//! Compression runs on the caller's task and takes about 10 ms for 2 MB.
//!
//! - A buffered body is compressed as a whole. If that does not make it smaller, it is
//!   sent uncompressed.
//! - A stream is compressed while it is sent ([`GzipBody`]).
//! - A large body that is written piece by piece can be compressed while it is written
//!   ([`Gzip`]).
//! - A request that already has a `Content-Encoding` is left unchanged.
//!
//! zstd is not supported: Elasticsearch does not reject a body with
//! `Content-Encoding: zstd`, but parses the compressed bytes as JSON and returns a misleading error. For a
//! proxy or another server that accepts zstd, compress the body and set the header
//! yourself.
//!
//! Responses are decompressed by [`decompression`](super::decompression).
//!
//! ```
//! use std::convert::Infallible;
//! use es_transport::{Body, layer::compression::CompressionLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! let service = ServiceBuilder::new()
//!     .layer(CompressionLayer::new().threshold(100))
//!     .service(service_fn(|request: http::Request<Body>| async move {
//!         Ok::<_, Infallible>(http::Response::new(request))
//!     }));
//! let request = http::Request::post("/_bulk").body(Body::from("{}\n".repeat(1000))).unwrap();
//! let sent = service.oneshot(request).await.unwrap().into_body();
//! assert_eq!(sent.headers()["content-encoding"], "gzip");
//! assert!(sent.body().len().unwrap() < 100);
//! # });
//! ```

mod body;
mod encoder;
mod gzip;
mod layer;
mod service;

pub use self::{body::GzipBody, gzip::Gzip, layer::CompressionLayer, service::Compression};
