//! Collects responses: reads each to its end before it is returned.
//!
//! Below retry, node selection and the attempt timeout, this makes the body a part of
//! the attempt: a response that is cut off or stalls is a failed attempt like any other,
//! and can be retried. A response that arrives in one piece is returned as it is; other
//! pieces are joined in one buffer, of the length that the server states if it does.
//!
//! A response of more than 512 MiB is an error
//! ([`CollectLayer::max_response_size`];
//! [`RequestOptions::max_response_size`](crate::RequestOptions::max_response_size)
//! for one request), at once if its length is stated. The limit is that of the body as
//! this layer sees it: compressed, if a layer above decompresses it.
//!
//! A request with [`RequestOptions::stream`](crate::RequestOptions::stream) gets its
//! response as a stream, whose only limit is the request's own. A response with an
//! error status (400 and above) is collected all the same.
//!
//! Trailers are dropped; Elasticsearch sends none.
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
