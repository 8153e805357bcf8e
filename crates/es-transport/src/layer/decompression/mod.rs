//! Decompresses responses.
//!
//! A request without `Accept-Encoding` gets `Accept-Encoding: gzip`, never `*`, to
//! which Elasticsearch responds with snappy. A response with `Content-Encoding: gzip` is
//! decompressed in any case, and loses `Content-Encoding` and `Content-Length`. A
//! response with another encoding is an error that names it, unless the request itself
//! had an `Accept-Encoding`; then its caller reads it. Responses to HEAD and responses
//! without a body stay untouched.
//!
//! A response whose bytes were collected below is decompressed in one go into one
//! buffer; broken or cut gzip then is an error of the request. A streamed one is
//! decompressed as it arrives, in pieces of at most 64 KiB, and fails where it is
//! broken. Several gzip members in a row are one response.
//!
//! **Limit**: a few kilobytes of gzip can hold gigabytes. A response that decompresses
//! to more than 512 MiB ([`DecompressionLayer::max_response_size`], or the request's own
//! [`max_response_size`]) is an error. A response that is read as a [`stream`] has only
//! the request's own limit, unless it is an error (status 400 and above).
//!
//! The layer belongs below retry and over [`collect`](super::collect), so that a broken
//! response is the failure of an attempt, and below [`media_type`](super::media_type),
//! which reads refusals.
//!
//! [`max_response_size`]: crate::RequestOptions::max_response_size
//! [`stream`]: crate::RequestOptions::stream
//!
//! ```
//! use std::{convert::Infallible, io::Write};
//! use es_transport::{Body, layer::DecompressionLayer};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(DecompressionLayer::new())
//!     .service(service_fn(|request: http::Request<()>| async move {
//!         assert_eq!(request.headers()["accept-encoding"], "gzip");
//!         let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Default::default());
//!         gzip.write_all(b"{\"took\":1}").unwrap();
//!         let response = http::Response::builder().header("content-encoding", "gzip");
//!         Ok::<_, Infallible>(response.body(Body::from(gzip.finish().unwrap())).unwrap())
//!     }));
//! let response = service.ready().await?.call(http::Request::new(())).await?;
//! assert!(!response.headers().contains_key("content-encoding"));
//! assert_eq!(response.into_body().bytes().await?, "{\"took\":1}");
//! # Ok::<(), es_transport::Error>(())
//! # }).unwrap();
//! ```

mod body;
mod decoder;
mod future;
mod layer;
mod service;

pub use self::{future::ResponseFuture, layer::DecompressionLayer, service::Decompression};
