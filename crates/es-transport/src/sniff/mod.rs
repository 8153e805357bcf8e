//! Sniffing: discovers the nodes of a cluster.
//!
//! A [`Sniffer`] sends `GET /_nodes/http` to a node of a pool, and replaces the nodes of the pool
//! with those in the response. [`SniffOptions`] sets when it does so: on start, after a node
//! failed, periodically, or before requests. Sniffs do not overlap, and there is a minimum delay
//! between them.
//!
//! New nodes have the scheme, path prefix and credentials of the node that responded.
//! Dedicated master nodes are ignored. A failed sniff is reported as an
//! [event](crate::events) and leaves the pool unchanged; it never makes a request fail.
//!
//! Requests that pass through [`SniffLayer`] start a sniff that is due. Between
//! requests, a background task sniffs periodically; it ends when the last clone of the
//! sniffer and its services is dropped. If the process is suspended between requests,
//! as serverless functions are, the next request starts the overdue sniff.
//!
//! ```
//! use std::time::Duration;
//! use es_transport::{Body, Node, NodePool, layer::SelectNodeLayer, node::RoundRobin};
//! use es_transport::sniff::{SniffOptions, Sniffer};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), es_transport::Error> {
//! let pool = NodePool::new(["https://seed:9200".parse::<Node>()?])?;
//! let below_retry = ServiceBuilder::new()
//!     .layer(SelectNodeLayer::new(pool.clone(), RoundRobin::default()))
//!     .service(service_fn(async |request: Request<Body>| {
//!         let response = match request.uri().path() {
//!             "/_nodes/http" => r#"{"nodes":{"id":{"http":{"publish_address":"10.0.0.1:9200"}}}}"#,
//!             _ => "{}",
//!         };
//!         Ok::<_, std::io::Error>(Response::new(Body::from(response)))
//!     }));
//!
//! let options = SniffOptions::default().on_start(true).every(Duration::from_secs(300));
//! let sniffer = Sniffer::new(pool.clone(), below_retry.clone(), options);
//! let service = ServiceBuilder::new().layer(sniffer.layer()).service(below_retry);
//!
//! service.oneshot(Request::get("/").body(Body::empty()).unwrap()).await?;
//! assert_eq!(pool.nodes()[0].node().url(), "https://10.0.0.1:9200");
//! # Ok(())
//! # }
//! ```

mod fetch;
mod layer;
mod options;
mod reply;
mod schedule;
mod sniffer;
mod task;

pub use self::{
    layer::{ResponseFuture, Sniff, SniffLayer},
    options::SniffOptions,
    sniffer::Sniffer,
};
