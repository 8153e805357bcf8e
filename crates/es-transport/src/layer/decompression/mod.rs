//! Decompresses responses.
//!
//! `Accept-Encoding: gzip` is added to a request without that header (never `*`, to
//! which Elasticsearch responds with snappy). A response with `Content-Encoding: gzip`
//! is decompressed in any case, and its headers `Content-Encoding` and `Content-Length`
//! are removed. A response with another encoding is an error that names it, unless the
//! request itself had an `Accept-Encoding`; it is then returned unchanged. Responses to
//! HEAD and responses without a body are left unchanged.
//!
//! A buffered response is decompressed at once into one buffer; corrupt or truncated
//! gzip data is an error of the request. A streamed response is decompressed as it
//! arrives, in pieces of at most 64 KiB, and fails at the point where the data is
//! corrupt. Several gzip members in a row are one response.
//!
//! **Limit**: a few kilobytes of gzip can decompress to gigabytes. A response that
//! decompresses to more than 512 MiB ([`DecompressionLayer::max_response_size`], or the
//! request's own [`max_response_size`]) is an error. A response that is read as a
//! [`stream`] is limited only by the request's own setting, unless its status is 400 or
//! above.
//!
//! The layer belongs below retry and above [`collect`](super::collect), so that a
//! broken response is the failure of an attempt, and below
//! [`media_type`](super::media_type), which reads refusals.
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
mod future;
mod layer;
mod service;

pub use self::{future::ResponseFuture, layer::DecompressionLayer, service::Decompression};
