//! Buffers responses: reads each one to its end before it is returned.
//!
//! The layer belongs below retry, node selection and the attempt timeout, and makes the
//! body a part of the attempt: a response that is truncated or stalls is a failed
//! attempt and can be retried. A response that arrives in one piece is returned without
//! a copy. Otherwise, the pieces are joined in one buffer, which is allocated once if
//! the response has a `Content-Length`.
//!
//! A response of more than 512 MiB is an error ([`CollectLayer::max_response_size`];
//! [`RequestOptions::max_response_size`](crate::RequestOptions::max_response_size) for
//! one request). If it has a `Content-Length`, it is rejected before its body is read.
//! The limit applies to the body as this layer receives it: to the compressed size, if
//! a layer above decompresses it.
//!
//! The response to a request with
//! [`RequestOptions::stream`](crate::RequestOptions::stream) is returned as a stream,
//! which is limited only by the request's own `max_response_size`. A response with an
//! error status (400 and above) is buffered in any case.
//!
//! Trailers are discarded; Elasticsearch sends none.
//!
//! ```
//! use std::convert::Infallible;
//! use es_transport::{Body, layer::CollectLayer};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ServiceBuilder::new()
//!     .layer(CollectLayer::new().max_response_size(1 << 20))
//!     .service(service_fn(|_: Request<Body>| async {
//!         let pieces = ["{\"took\":".into(), "1}".into()];
//!         Ok::<_, Infallible>(Response::new(Body::list(pieces)))
//!     }));
//!
//! let response = service.oneshot(Request::get("/_search").body(Body::empty())?).await?;
//! assert_eq!(response.into_body().collected().map(|bytes| bytes.len()), Some(10));
//! # Ok(())
//! # }
//! ```

mod body;
mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::CollectLayer;
pub use service::Collect;
