//! Selects a node for each attempt.
//!
//! [`SelectNodeLayer`] selects a live node of a pool, adds its address and path prefix
//! to the URI of the request, and reports the outcome of the attempt to the pool.
//! Credentials in the node's URL become the `Authorization` header, unless the request
//! has one or its options disable authentication.
//!
//! The layer belongs below retry, so that each attempt can use another node, and above
//! the service that sends requests with absolute URIs. It neither retries nor waits for
//! a node.
//!
//! The [outcome](crate::node::NodeOutcome) is reported once the response has been read
//! to its end, or immediately if it is buffered or its status is sufficient. A response
//! that is dropped earlier does not affect the health of the node.
//!
//! A request must have a path and no host. A path segment `.` or `..` (also with `%2e`)
//! is an error, so that a path cannot leave the prefix of the node.
//!
//! ```
//! use es_transport::{Node, NodePool, layer::SelectNodeLayer, node::RoundRobin};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), es_transport::Error> {
//! let pool = NodePool::new(["https://localhost:9200/search".parse::<Node>()?])?;
//! let service = ServiceBuilder::new()
//!     .layer(SelectNodeLayer::new(pool, RoundRobin::default()))
//!     .service(service_fn(async |request: Request<String>| {
//!         let body = request.uri().to_string();
//!         Ok::<_, std::io::Error>(Response::new(body))
//!     }));
//!
//! let request = Request::get("/products/_doc/1?pretty").body(String::new()).unwrap();
//! let response = service.oneshot(request).await?;
//! assert_eq!(response.body().node().map(|url| &**url), Some("https://localhost:9200/search"));
//! let uri = response.into_body().bytes().await?;
//! assert_eq!(uri, "https://localhost:9200/search/products/_doc/1?pretty");
//! # Ok(())
//! # }
//! ```

mod attempt;
mod body;
mod future;
mod layer;
mod service;

pub(crate) use self::layer::Classify;
pub use self::{future::ResponseFuture, layer::SelectNodeLayer, service::SelectNode};
