//! A node for each attempt.
//!
//! [`SelectNodeLayer`] chooses a live node of a pool, writes its address and
//! path prefix into the request's URI, and tells the pool how the attempt
//! ended. The credentials of a node's URL become the `Authorization` header if
//! the request has none and its options do not forbid it.
//!
//! It sits below retry, so that a new attempt gets a new node, and above
//! whatever sends a request with an absolute URI. It does not send again, and
//! it does not wait for a node.
//!
//! The verdict on the node is given when the answer has been read to its end,
//! at once if all of it is at hand or the status already says it. An answer that
//! is dropped before says nothing.
//!
//! A request must have a path and no host: one that names a host itself is an
//! error, and so is one with a part `.` or `..` (a dot may be `%2e`): no path can
//! lead a request, with its credentials, elsewhere.
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
//! let answer = service.oneshot(request).await?;
//! assert_eq!(answer.body().node().map(|url| &**url), Some("https://localhost:9200/search"));
//! let uri = answer.into_body().bytes().await?;
//! assert_eq!(uri, "https://localhost:9200/search/products/_doc/1?pretty");
//! # Ok(())
//! # }
//! ```

mod attempt;
mod body;
mod future;
mod layer;
mod service;

pub use self::{future::ResponseFuture, layer::SelectNodeLayer, service::SelectNode};
