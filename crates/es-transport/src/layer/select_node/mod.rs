//! A node for each attempt.
//!
//! [`SelectNodeLayer`] chooses a live node of a pool, writes its address and
//! path prefix into the request's URI, and reports to the pool how the attempt
//! ended. The credentials of a node's URL become the `Authorization` header if
//! the request has none and its options do not forbid it.
//!
//! It sits below retry, so that each attempt gets a new node, and above the
//! service that sends requests with an absolute URI. It does not retry and does
//! not wait for a node.
//!
//! The [outcome](crate::node::NodeOutcome) is reported when the response has been
//! read to its end, or at once if it is buffered or its status says enough. A
//! response that is dropped before says nothing about the node.
//!
//! A request must have a path and no host. A host is an error, and so is a path
//! segment `.` or `..` (a dot may be `%2e`): no path leaves its node and prefix.
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
