//! Compresses the bodies of requests with gzip.
//!
//! Bodies above a threshold are compressed, without being joined first, at a
//! fast level: a bulk request of JSON becomes a fifth to a tenth of its size.
//! The layer belongs *over* retry, so that it is done once and all attempts
//! share the bytes. It is done where the request is made, on the caller's
//! task: some 10 ms for 2 MB.
//!
//! - A buffered body becomes one piece of bytes. If it does not get smaller, it is
//!   sent as it was.
//! - A stream is compressed while it is sent ([`GzipBody`]).
//! - A large body that is written piece by piece can be compressed on the way ([`Gzip`]).
//! - A request that already has a `Content-Encoding` stays as it is.
//!
//! There is no zstd: Elasticsearch does not refuse a body with
//! `Content-Encoding: zstd`, it reads the compressed bytes as JSON and fails
//! with an error that misleads. For a proxy or another server that takes zstd,
//! compress the body and set the header yourself.
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
