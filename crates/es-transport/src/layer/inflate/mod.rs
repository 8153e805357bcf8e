//! Asks for compressed answers and inflates them.
//!
//! A request without `Accept-Encoding` gets `Accept-Encoding: gzip`, never `*`:
//! Elasticsearch answers that with snappy. HEAD asks for it like any other. An
//! answer with `Content-Encoding: gzip` is inflated, whoever asked for it, and
//! loses `Content-Encoding` and `Content-Length`. Answers to HEAD and answers
//! without a body stay untouched, and so do other encodings.
//!
//! An answer whose bytes are at hand when its head comes is inflated in one go
//! into one buffer; broken or cut gzip then is an error of the request. One that
//! is streamed is inflated as it comes, in pieces of at most 64 KiB, and fails
//! where it is broken. Several gzip members in a row are one answer.
//!
//! **Limit**: a few kilobytes of gzip can hold gigabytes. An answer that
//! inflates to more than 512 MiB, or what [`InflateLayer::limit`] and the
//! request's [`max_response_size`] say, is an error. For an answer that its
//! request wants as a [`stream`], only the request's own limit holds, unless it is
//! an error (status 400 and above).
//!
//! The layer belongs below retry and over [`collect`](super::collect), so that a
//! broken answer is the failure of an attempt, and below
//! [`media_type`](super::media_type), which reads refusals. In a transport it lies
//! below node selection, too: broken gzip counts against its node.
//!
//! [`max_response_size`]: crate::RequestOptions::max_response_size
//! [`stream`]: crate::RequestOptions::stream
//!
//! ```
//! use std::{convert::Infallible, io::Write};
//! use es_transport::{Body, layer::inflate::InflateLayer};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(InflateLayer::new())
//!     .service(service_fn(|request: http::Request<()>| async move {
//!         assert_eq!(request.headers()["accept-encoding"], "gzip");
//!         let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Default::default());
//!         gzip.write_all(b"{\"took\":1}").unwrap();
//!         let answer = http::Response::builder().header("content-encoding", "gzip");
//!         Ok::<_, Infallible>(answer.body(Body::from(gzip.finish().unwrap())).unwrap())
//!     }));
//! let answer = service.ready().await?.call(http::Request::new(())).await?;
//! assert!(!answer.headers().contains_key("content-encoding"));
//! assert_eq!(answer.into_body().bytes().await?, "{\"took\":1}");
//! # Ok::<(), es_transport::Error>(())
//! # }).unwrap();
//! ```

mod body;
mod decoder;
mod future;
mod layer;
mod service;

pub use self::{future::ResponseFuture, layer::InflateLayer, service::Inflate};
